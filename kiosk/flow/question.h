/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_QUESTION_H
#define SHILLING_KIOSK_FLOW_QUESTION_H

/* One question of the session as one call to the server, and its answer as messages. */

#include "core/session/session.h"
#include "kiosk/flow/message.h"
#include "kiosk/net/server.h"

enum { QUESTION_RETRY_MS = 1000 /* then twice as long each time */ };

/** How long a question may be repeated while nobody answers: 0 for what a person asks again. */
int64_t question_patience_ms(enum session_effect_kind kind);

/**
 * Ask once. Blocks for the call.
 *
 * @param ret_first  [@own] the message to be put, unless SERVER_NOTHING is returned
 * @param ret_second [@own] a second one, after it, or NULL
 */
enum server_result question_perform(struct server *server, const struct session_effect *question,
                                    struct message **ret_first, struct message **ret_second);

/** A view as a message; @p serial of the question, 0 for the watched order. */
struct message *question_order_message(const struct api_order_view *view, uint32_t serial);

#endif
