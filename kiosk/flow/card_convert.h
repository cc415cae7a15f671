/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_CARD_CONVERT_H
#define SHILLING_KIOSK_FLOW_CARD_CONVERT_H

/* Values of cards between server (protocol/api/card.h), driver (protocol/cardlink) and session. */

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "core/session/session.h"
#include "protocol/api/card.h"
#include "protocol/api/terminal.h"
#include "protocol/cardlink/cardlink.h"

/** @param error  of the driver; one that another try may mend is never called the card's fault */
enum session_card_trouble convert_card_error(enum cardlink_error error);
/** @param standing  of a card that the server gives no keys for */
enum session_card_trouble convert_card_standing(enum api_card_standing standing);
/** @param code  of the server's refusal of a call about a card */
enum session_card_trouble convert_card_refusal(const char *code);
/** @param reason  why a card view is "refused" */
enum session_card_trouble convert_card_reason(const char *reason);

/** Words for people are kept, words between programs are dropped. */
void convert_card_text(char *ret_text, size_t text_size, const char *text);

/**
 * @param api      what the server says of the card; its keys and token are not copied
 * @param uid      of the card that was read
 * @param ret_view set whole; what the server did not tell is "not known" in it
 */
void convert_card_view(const struct api_card_view *api, const char *uid,
                       struct session_card_view *ret_view);

/** @return false for keys that no driver could use. The caller wipes @p ret_keys after use. */
MUST_CHECK bool convert_card_keys(const struct api_card_keys *api, struct cardlink_keys *ret_keys);
/** Commands into @p request. @return false for none, or for what no driver could use */
MUST_CHECK bool convert_card_script(const struct api_card_script *api,
                                    struct cardlink_request *request);

/** What the driver read, for the server. */
void convert_card_read(const struct cardlink_report *report, struct api_card_read *ret_read);
/** @return how many answers there are */
size_t convert_card_answers(const struct cardlink_report *report,
                            struct api_card_apdu answers[API_CARD_APDUS_MAX]);

/** The answer to STATUS, for the server; a chip's name that is no printable ASCII gets '?' there.
 */
void convert_card_counts(const struct cardlink_report *report,
                         struct api_reader_counts *ret_counts);

/** How a write ended, for the server: with what was read back. */
void convert_card_written(const struct cardlink_report *report, struct api_card_written *written);
/** The same for the session, which needs not know what was read back. */
void convert_card_result(const struct cardlink_report *report, struct session_card_result *result);

#endif
