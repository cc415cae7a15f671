/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_PRESENCE_H
#define SHILLING_CLOUD_ORDERS_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/thread/monitor.h"
#include "protocol/api/value.h"

/*
 * When each terminal last asked for an order of its own, and when it tried order numbers; in memory
 * only: after a restart all terminals count as just seen, which lengthens a wait and never shortens
 * one.
 */
enum {
    PRESENCE_MAX = 16384, /* a power of two, above the terminals one server takes */
    PRESENCE_TRIES_MAX = 10,
    PRESENCE_TRIES_MS = 60000, /* in any minute */
};

struct presence_seat {
    char terminal_id[API_ID_SIZE]; /* "": free */
    int64_t seen_ms;
    int64_t try_ms[PRESENCE_TRIES_MAX]; /* a ring of the newest tries */
    uint64_t try_count;
};

struct presence {
    struct monitor monitor;
    int64_t begun_ms;
    struct presence_seat *seats; /* @own, PRESENCE_MAX of them */
};

/** @p now_ms on the service clock. False without memory. */
bool presence_init(struct presence *presence, int64_t now_ms);
void presence_finish(struct presence *presence);

/** Any thread. */
void presence_mark(struct presence *presence, const char *terminal_id, int64_t now_ms);

/** Count a try at an order's number; false: the minute's tries are used up. Any thread. */
bool presence_may_try(struct presence *presence, const char *terminal_id, int64_t now_ms);

/** When it was last seen; the start of the service if never. Any thread. */
int64_t presence_seen_ms(struct presence *presence, const char *terminal_id);

#endif
