/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_CARD_JOBS_H
#define SHILLING_KIOSK_FLOW_CARD_JOBS_H

/* What the reader's thread does for the session with one card, and what it remembers of it. */

#include "common/compiler.h"
#include "core/session/session.h"
#include "kiosk/flow/cardd.h"
#include "kiosk/flow/message.h"
#include "kiosk/net/server.h"

struct card_jobs;

/** All are borrowed until the end. @return NULL without memory */
MUST_CHECK struct card_jobs *card_jobs_create(struct server *server, struct cardd *cardd,
                                              struct message_queue *queue);
/** Wipes what it remembers. NULL is allowed. */
void card_jobs_destroy(struct card_jobs *jobs);

/** CARD_OPEN, CARD_ASK or CARD_WRITE. Puts the answer into the queue. Blocks for server and card.
 */
void card_jobs_do(struct card_jobs *jobs, const struct session_effect *job);

/**
 * What the server is told of a write that a restart cut short: its outcome is unknown.
 * @return @own, an encoded api_card_written, or NULL without memory
 */
char *card_jobs_unknown_body(const char *id, const char *uid);

#endif
