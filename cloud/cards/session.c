/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/session.h"

#include <stdlib.h>

#include "cloud/cards/relay.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/thread/monitor.h"

struct place {
    struct card_session session;
    struct relay *relay; /* @own; NULL: none, or somebody has it in hand */
};

struct card_sessions {
    struct monitor monitor;
    size_t count;
    struct place list[SESSIONS_MAX];
};

struct card_sessions *card_sessions_create(void)
{
    struct card_sessions *sessions = calloc(1, sizeof(*sessions));
    if (sessions != NULL) {
        monitor_init(&sessions->monitor);
    }
    return sessions;
}

void card_sessions_destroy(struct card_sessions *sessions)
{
    if (sessions != NULL) {
        monitor_finish(&sessions->monitor);
        for (size_t i = 0; i < sessions->count; i++) {
            relay_destroy(sessions->list[i].relay);
        }
        free(sessions);
    }
}

/* Inside the monitor: what was broken off and is over must not stay, for its relay holds keys. */
static void drop_over(struct card_sessions *sessions, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < sessions->count; i++) {
        struct place *place = &sessions->list[i];
        if (now_ms - place->session.used_ms >= SESSION_MS) {
            relay_destroy(place->relay);
        } else {
            sessions->list[kept] = *place;
            kept += 1;
        }
    }
    for (size_t i = kept; i < sessions->count; i++) {
        sessions->list[i] = (struct place){.relay = NULL}; /* it moved, or was destroyed */
    }
    sessions->count = kept;
}

/* Where a terminal's session is or goes: its own place, a free one, or the oldest's. */
static struct place *place_for(struct card_sessions *sessions, const char *terminal_id)
{
    struct place *oldest = NULL;
    for (size_t i = 0; i < sessions->count; i++) {
        struct place *place = &sessions->list[i];
        if (str_equal(place->session.terminal_id, terminal_id)) {
            return place;
        }
        if (oldest == NULL || place->session.used_ms < oldest->session.used_ms) {
            oldest = place;
        }
    }
    if (sessions->count < SESSIONS_MAX) {
        sessions->count += 1;
        return &sessions->list[sessions->count - 1];
    }
    MUST(oldest != NULL);
    return oldest;
}

void card_sessions_put(struct card_sessions *sessions, const struct card_session *session,
                       struct relay *relay)
{
    monitor_enter(&sessions->monitor);
    drop_over(sessions, session->used_ms);
    struct place *place = place_for(sessions, session->terminal_id);
    relay_destroy(place->relay);
    *place = (struct place){.session = *session, .relay = relay};
    monitor_leave(&sessions->monitor);
}

void card_sessions_update(struct card_sessions *sessions, const struct card_session *session)
{
    monitor_enter(&sessions->monitor);
    for (size_t i = 0; i < sessions->count; i++) {
        if (str_equal(sessions->list[i].session.session_id, session->session_id)) {
            sessions->list[i].session = *session;
        }
    }
    monitor_leave(&sessions->monitor);
}

bool card_sessions_get(struct card_sessions *sessions, const char *session_id,
                       const char *terminal_id, int64_t now_ms, struct card_session *ret_session)
{
    bool found = false;
    monitor_enter(&sessions->monitor);
    drop_over(sessions, now_ms);
    for (size_t i = 0; i < sessions->count && !found; i++) {
        struct card_session *session = &sessions->list[i].session;
        found = str_equal(session->session_id, session_id) &&
                str_equal(session->terminal_id, terminal_id);
        if (found) {
            session->used_ms = now_ms;
            *ret_session = *session;
        }
    }
    monitor_leave(&sessions->monitor);
    return found;
}

/* Inside the monitor. NULL: it is over. */
static struct place *find(struct card_sessions *sessions, const char *session_id)
{
    for (size_t i = 0; i < sessions->count; i++) {
        if (str_equal(sessions->list[i].session.session_id, session_id)) {
            return &sessions->list[i];
        }
    }
    return NULL;
}

struct relay *card_sessions_take_relay(struct card_sessions *sessions, const char *session_id)
{
    struct relay *relay = NULL;
    monitor_enter(&sessions->monitor);
    struct place *place = find(sessions, session_id);
    if (place != NULL) {
        relay = place->relay;
        place->relay = NULL;
    }
    monitor_leave(&sessions->monitor);
    return relay;
}

void card_sessions_give_relay(struct card_sessions *sessions, const char *session_id,
                              struct relay *relay)
{
    monitor_enter(&sessions->monitor);
    struct place *place = find(sessions, session_id);
    if (place != NULL && place->relay == NULL) {
        place->relay = relay;
        relay = NULL;
    }
    monitor_leave(&sessions->monitor);
    relay_destroy(relay);
}
