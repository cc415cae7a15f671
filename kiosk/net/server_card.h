/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_NET_SERVER_CARD_H
#define SHILLING_KIOSK_NET_SERVER_CARD_H

/* The terminal's calls about cards (protocol/MESSAGES.md, section 1). As server.h. */

#include "kiosk/net/server.h"
#include "protocol/api/card.h"

/** A card was laid. @p ret_session holds keys: wipe it. */
enum server_result server_card_lay(struct server *server, const struct api_card_laid *laid,
                                   struct api_card_session *ret_session,
                                   struct api_error *ret_error);

/** What was read from it. @p ret_view may hold keys: wipe it. */
enum server_result server_card_read(struct server *server, const char *session_id,
                                    const struct api_card_read *read,
                                    struct api_card_view *ret_view, struct api_error *ret_error);

/** The token of a paid order. @p ret_write holds keys: wipe it. */
enum server_result server_card_issue(struct server *server, const char *order_no,
                                     const struct api_card_issue *issue,
                                     struct api_card_write *ret_write, struct api_error *ret_error);

/** What a relayed card said to a round of its write. @p ret_step may hold an authorisation: wipe
 * it. */
enum server_result server_card_round(struct server *server, const char *order_no,
                                     const struct api_card_round *round,
                                     struct api_card_step *ret_step, struct api_error *ret_error);

/** @param body  an encoded api_card_written, as it stands in the journal */
enum server_result server_card_written(struct server *server, const char *order_no,
                                       const char *body, struct api_card_proof *ret_proof,
                                       struct api_error *ret_error);

#endif
