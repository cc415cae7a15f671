/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_CODEC_H
#define SHILLING_PROTOCOL_BUS_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/json/json.h"
#include "protocol/bus/value.h"

/* Shared by the files of this folder only: the parts that several messages have. */

/** Print @p json into the caller's text, and release it (@own). ERR_FULL if it does not fit. */
MUST_CHECK enum err codec_print(json_t *json, char *ret_text, size_t text_size, size_t *ret_size);

/** Parse one object; NULL with ret_fault->field "(body)" if it is none. */
MUST_CHECK json_t *codec_parse(const char *text, size_t size, size_t size_max,
                               struct bus_fault *ret_fault);

/** The end of every decoder: OK, or ERR_FORMAT with the reader's first wrong member named. */
MUST_CHECK enum err codec_finish(const struct json_reader *r, struct bus_fault *ret_fault);

/** jansson iterates over objects that are not const. The iteration changes nothing. */
static inline json_t *codec_iterable(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

/** A new null, or the text if it is not empty. */
void codec_put_text(json_t *object, const char *name, const char *text);

/** A required UUID. */
void codec_id(struct json_reader *r, const char *name, char ret_id[ID_TEXT_SIZE]);

/** A required meter address: 1..16 of [0-9A-F]. */
void codec_meter(struct json_reader *r, const char *name, char ret_meter[BUS_METER_SIZE]);

/** A name of 1 to size-1 printable ASCII characters without blanks. */
void codec_name(struct json_reader *r, const char *name, char *ret_text, size_t size);

/** True if @p text can be an item: 1..16 of [0-9A-Za-z]. */
MUST_CHECK bool codec_item_is_valid(const char *text);

/** An array of count_min..BUS_ITEMS_MAX items without repetition. */
void codec_items(struct json_reader *r, const char *name, size_t count_min,
                 char ret_items[][BUS_ITEM_SIZE], size_t *ret_count);
void codec_put_items(json_t *object, const char *name, const char items[][BUS_ITEM_SIZE],
                     size_t count);

/** A frame in hex; absent and null give size 0 if @p may_be_null. */
void codec_frame(struct json_reader *r, const char *name, bool may_be_null,
                 struct bus_frame *ret_frame);
/** A new JSON text, or null for size 0. */
json_t *codec_new_frame(const struct bus_frame *frame);
/** The frame of one JSON text; false if it is no text of 1..BUS_FRAME_SIZE_MAX bytes in hex. */
MUST_CHECK bool codec_frame_of(const json_t *json, struct bus_frame *ret_frame);

/** Fixed bytes in hex (password, operator). */
void codec_hex(struct json_reader *r, const char *name, uint8_t *ret_bytes, size_t size);
void codec_put_hex(json_t *object, const char *name, const uint8_t *bytes, size_t size);

#endif
