/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_PAPER_H
#define SHILLING_KIOSK_FLOW_PAPER_H

/*
 * The thread that deals with paper: keeps the line to printd open, knows the printer's state,
 * fetches an order's receipt from the server when the session wants one printed, hands it to
 * printd, and reports to session and server what printd has proved; to the server also later, when
 * the kiosk was killed or the server could not be reached.
 */

#include "common/compiler.h"
#include "core/session/session.h"
#include "kiosk/flow/message.h"
#include "kiosk/net/server.h"

struct paper;

/**
 * @param socket_path printd's socket; the line is opened again whenever printd is restarted
 * @return NULL: no memory for a thread, or keys cannot be read
 */
MUST_CHECK struct paper *paper_start(const char *socket_path, const struct server_config *server,
                                     struct message_queue *queue);

/** NULL is allowed. */
void paper_stop(struct paper *paper);

/** Take over a PRINT effect. Never blocks. */
void paper_print(struct paper *paper, const struct session_effect *effect);

#endif
