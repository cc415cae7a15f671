/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_CODEC_H
#define SHILLING_PROTOCOL_API_CODEC_H

#include "common/err.h"
#include "common/json/json.h"
#include "protocol/api/value.h"

/* What the codecs of this folder share; nobody outside includes it. */

/** Print @p json (@own, may be NULL) and free it. ERR_FULL, ERR_MEMORY. */
MUST_CHECK enum err api_print(json_t *json, char *ret_text, size_t text_size, size_t *ret_size);

/** Parse an object; on failure @p ret_fault says "(body)" and NULL is returned. @own */
MUST_CHECK json_t *api_parse(const char *text, size_t size, struct api_fault *ret_fault);

/** The reader's verdict: OK, or ERR_FORMAT with the member's name, @p prefix in front of it. */
MUST_CHECK enum err api_verdict(const struct json_reader *r, const char *prefix,
                                struct api_fault *ret_fault);

/** A new object; lack of memory ends the program. @own */
json_t *api_object(void);

/** Set a member to a text, or to null if the text is empty. */
void api_put_text_or_null(json_t *object, const char *name, const char *text);

/** Set a member to an integer, or to null. */
void api_put_int_or_null(json_t *object, const char *name, bool has, int64_t value);

/** A required id, order number or decimal; a wrong form is refused. */
void api_read_id(struct json_reader *r, const char *name, char ret_id[API_ID_SIZE]);
void api_read_order_no(struct json_reader *r, const char *name,
                       char ret_order_no[API_ORDER_NO_SIZE]);
void api_read_decimal(struct json_reader *r, const char *name, char ret_text[API_DECIMAL_SIZE]);
/** As api_read_decimal(), absent or null gives "". */
void api_read_decimal_or_empty(struct json_reader *r, const char *name,
                               char ret_text[API_DECIMAL_SIZE]);
/** A required UUID. */
void api_read_uuid(struct json_reader *r, const char *name, char *ret_uuid);
/** An amount that may be negative (a balance). */
int64_t api_read_fen(struct json_reader *r, const char *name);
/** An amount >= 0. */
int64_t api_read_amount(struct json_reader *r, const char *name);
/** An amount or null; true if it is there. */
bool api_read_fen_or_null(struct json_reader *r, const char *name, int64_t *ret_fen);
/** A moment in wall seconds. */
int64_t api_read_time(struct json_reader *r, const char *name);
/** One of the relay's words; "closing" only if @p closing_too. */
enum api_relay api_read_relay(struct json_reader *r, const char *name, bool closing_too);

#endif
