/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_FLOW_H
#define SHILLING_KIOSK_FLOW_FLOW_H

/*
 * The shell around the session: events go in one by one, in one thread, and what the session wants
 * done is carried to journal, server, printer and loudspeaker. It decides nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/session/session.h"
#include "kiosk/net/server.h"
#include "kiosk/ui/ui.h"

struct flow;

enum { FLOW_PATH_SIZE = 256 };

struct flow_config {
    struct server_config server;
    char state_dir[FLOW_PATH_SIZE];     /* holds journal.db */
    char printd_socket[FLOW_PATH_SIZE]; /* empty: no printer at this terminal */
    char cardd_socket[FLOW_PATH_SIZE];  /* empty: no card reader */
    uint32_t cardd_uid;                 /* see struct cardd_place */
};

/**
 * A session in its first state; opens nothing yet, so that the first picture is on the screen
 * before journal and network are open.
 *
 * @param wake  called from any thread when flow_take_messages() has something to do
 * @return NULL: no memory
 */
MUST_CHECK struct flow *flow_create(const struct flow_config *config, void (*wake)(void *self),
                                    void *self);

/** Stops the threads (some seconds at most). NULL is allowed. */
void flow_destroy(struct flow *flow);

/**
 * Open journal, server and printer. False: this terminal cannot sell (the log says why and what
 * to do); the screen then says "out of service".
 */
bool flow_open(struct flow *flow);

/** What is to be drawn. Borrowed; changes with the calls below. */
const struct session *flow_session(const struct flow *flow);

/** A touch that the screens have turned into an action; NONE: a touch on nothing. */
void flow_touch(struct flow *flow, enum session_action action, uint32_t value);

/** Apply all messages of the helper threads. */
void flow_take_messages(struct flow *flow);

/** To be called when flow_next_deadline_ms() has come. */
void flow_tick(struct flow *flow);
int64_t flow_next_deadline_ms(const struct flow *flow);

/** Monotonic and wall time for one picture; wall time corrected by the server's. */
struct ui_now flow_now(const struct flow *flow);

/** True once after a user's session ended: drawn texts of his are to be dropped. */
bool flow_take_wipe(struct flow *flow);

#endif
