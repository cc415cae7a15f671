/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with open addressing that only grows; when it is full, newcomers count as seen. */
#include "cloud/orders/presence.h"

#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"

/* FNV-1a: names are ours, nobody chooses them to collide. */
static uint32_t hash_name(const char *name)
{
    uint32_t hash = 2166136261U;
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    }
    return hash;
}

/* The terminal's seat, or a free one; NULL if the table is full of others. */
static struct presence_seat *seat_of(struct presence *presence, const char *terminal_id)
{
    uint32_t at = hash_name(terminal_id);
    for (uint32_t i = 0; i < PRESENCE_MAX; i++) {
        struct presence_seat *seat = &presence->seats[(at + i) % PRESENCE_MAX];
        if (seat->terminal_id[0] == '\0' || str_equal(seat->terminal_id, terminal_id)) {
            return seat;
        }
    }
    return NULL;
}

bool presence_init(struct presence *presence, int64_t now_ms)
{
    *presence = (struct presence){.begun_ms = now_ms};
    monitor_init(&presence->monitor);
    presence->seats = calloc(PRESENCE_MAX, sizeof(*presence->seats));
    return presence->seats != NULL;
}

void presence_finish(struct presence *presence)
{
    free(presence->seats);
    presence->seats = NULL;
    monitor_finish(&presence->monitor);
}

void presence_mark(struct presence *presence, const char *terminal_id, int64_t now_ms)
{
    monitor_enter(&presence->monitor);
    struct presence_seat *seat = seat_of(presence, terminal_id);
    if (seat != NULL) {
        bool fits = str_copy(seat->terminal_id, sizeof(seat->terminal_id), terminal_id);
        MUST(fits);
        seat->seen_ms = now_ms;
    }
    monitor_leave(&presence->monitor);
}

bool presence_may_try(struct presence *presence, const char *terminal_id, int64_t now_ms)
{
    monitor_enter(&presence->monitor);
    struct presence_seat *seat = seat_of(presence, terminal_id);
    bool allowed = false; /* without a seat nobody could count */
    if (seat != NULL) {
        bool fits = str_copy(seat->terminal_id, sizeof(seat->terminal_id), terminal_id);
        MUST(fits);
        int64_t *oldest_ms = &seat->try_ms[seat->try_count % PRESENCE_TRIES_MAX];
        allowed = seat->try_count < PRESENCE_TRIES_MAX || now_ms - *oldest_ms >= PRESENCE_TRIES_MS;
        if (allowed) {
            *oldest_ms = now_ms;
            seat->try_count += 1;
        }
    }
    monitor_leave(&presence->monitor);
    return allowed;
}

int64_t presence_seen_ms(struct presence *presence, const char *terminal_id)
{
    monitor_enter(&presence->monitor);
    const struct presence_seat *seat = seat_of(presence, terminal_id);
    bool known = seat != NULL && seat->terminal_id[0] != '\0';
    int64_t seen_ms = known ? seat->seen_ms : presence->begun_ms;
    if (seat == NULL) {
        seen_ms = INT64_MAX; /* no seat: nobody can say that it is gone */
    }
    monitor_leave(&presence->monitor);
    return seen_ms;
}
