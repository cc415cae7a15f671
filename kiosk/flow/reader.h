/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_READER_H
#define SHILLING_KIOSK_FLOW_READER_H

/*
 * One thread that carries cards between card driver and server: what is read up, tokens and
 * commands down, what was read back up again. Keys and authorisations live in it alone and are
 * wiped after use; the session sees neither. It tells the server how each write ended, again and
 * again until the server has it.
 */

#include "common/compiler.h"
#include "core/session/session.h"
#include "kiosk/flow/cardd.h"
#include "kiosk/flow/message.h"
#include "kiosk/net/server.h"

struct reader;

/**
 * @param place  of the card driver; its path empty: no reader here, and only what is left in the
 *               journal is told
 * @return NULL: no memory for threads, or keys cannot be read
 */
MUST_CHECK struct reader *reader_start(const struct cardd_place *place,
                                       const struct server_config *server,
                                       struct message_queue *queue);

/** Waits for what is under way. NULL is allowed. */
void reader_stop(struct reader *reader);

/** Take over CARD_POLL, CARD_OPEN, CARD_ASK or CARD_WRITE. Never blocks on server or card. */
void reader_take(struct reader *reader, const struct session_effect *effect);

/** As cardd_counts(); nothing is told where there is no reader. */
void reader_counts(struct reader *reader, struct api_reader_counts *ret_counts);

/**
 * Tell the server how a write ended.
 *
 * @param id    of the write
 * @param body  an encoded api_card_written; @own taken
 */
void reader_tell(struct reader *reader, const char *id, const char *order_no, char *body);

#endif
