/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARDLINK_LINE_H
#define SHILLING_PROTOCOL_CARDLINK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/json/json.h"
#include "protocol/cardlink/cardlink.h"

/* What both directions of cardlink share; no part of its interface. */

/* The words of the enums. */
extern const char *const LINE_ERRORS[CARDLINK_ERROR_COUNT];
extern const char *const LINE_READERS[CARDLINK_READER_COUNT];
extern const char *const LINE_FAMILIES[CARDLINK_FAMILY_COUNT];
extern const char *const LINE_MODES[CARDLINK_MODE_COUNT];

/** The index of @p name among @p names; @p count if it is none of them. */
size_t line_word_find(const char *const *names, size_t count, const char *name);
/** A required word; an unknown one is refused, and 0 is returned then. */
size_t line_word_read(struct json_reader *r, const char *member, const char *const *names,
                      size_t count);
/** A required id of the form of a UUID. */
void line_id_read(struct json_reader *r, char *ret_id);
/** A hex text of exactly @p size bytes, without blanks. */
bool line_hex_parse(const char *text, uint8_t *ret_bytes, size_t size);
/** A member of bytes in hex. */
void line_hex_put(json_t *object, const char *member, const uint8_t *bytes, size_t size);
/** Print with a line end and let go of @p root (@own); false if it does not fit. */
MUST_CHECK bool line_print(json_t *root, char *ret_line, size_t size);

#endif
