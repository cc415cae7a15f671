/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_ASKER_H
#define SHILLING_KIOSK_FLOW_ASKER_H

/*
 * The threads that talk to the server, so that the screen never waits for a line: some askers for
 * questions of the session, one watcher that follows the open order, one that sends the heartbeat
 * and knows whether we are online. They end up as messages in the session's queue.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/session/session.h"
#include "kiosk/flow/message.h"
#include "kiosk/flow/reader.h"
#include "kiosk/net/server.h"
#include "protocol/api/terminal.h"

struct asker;

/* The newest profile that arrived here, as far as a heartbeat's answer can tell of a newer one. */
struct asker_profile {
    bool known;
    char version[API_WORD_SIZE];
    bool payments_open;
};

/** True if the profile must be fetched (again). Payments open and close without a new version. */
bool asker_profile_is_old(const struct asker_profile *seen,
                          const struct api_heartbeat_answer *answer);

/**
 * Start the threads; the profile is fetched at once and again whenever it changes.
 *
 * @param server borrowed for the call
 * @param queue  borrowed until asker_stop()
 * @return NULL: keys cannot be read, or no memory for threads
 */
MUST_CHECK struct asker *asker_start(const struct server_config *server,
                                     struct message_queue *queue);

/** Waits for what is under way (some seconds at most). NULL is allowed. */
void asker_stop(struct asker *asker);

/**
 * Take over one effect that means a question: FETCH_*, READ_METER, CREATE, CANCEL, MORE_TIME,
 * WATCH, UNWATCH. CREATE and CANCEL are repeated with the same number until somebody answers, 20 s
 * at most. Never blocks.
 */
void asker_ask(struct asker *asker, const struct session_effect *effect);

/* Words for the heartbeat; borrowed for the call. */
struct asker_state {
    const char *screen;
    const char *printer;
    const char *reader;
    const char *open_order_no;
};

/** What the next heartbeat tells the server. Never blocks. */
void asker_set_state(struct asker *asker, const struct asker_state *state);

/**
 * Whose counts the heartbeats tell from now on; each one asks for those of the next.
 *
 * @param reader  borrowed until asker_stop()
 * Blocks: no. Allocates: no.
 */
void asker_set_reader(struct asker *asker, struct reader *reader);

/** True if the server has answered anything lately. Any thread. */
bool asker_is_online(struct asker *asker);

#endif
