/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_FRAME_FRAME_JSON_H
#define SHILLING_TOOLS_FRAME_FRAME_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/json/json.h"

/*
 * DL/T 645-2007 frames as JSON objects, both ways: what shilling-frame prints and reads, and what
 * the test vectors are compared with. Hex and digits are texts, amounts and readings decimal
 * texts ("198.56"), counts and lengths integers.
 */

enum {
    FRAME_ERROR_SIZE = 160,
};

/**
 * The first frame in @p size bytes as an object, also if it is a bad one: then "ok" is false,
 * "error" says which byte is wrong and why, "at" is its offset, and whatever could be read is
 * there. A new reference.
 */
json_t *frame_json_decode(const uint8_t *bytes, size_t size);

/**
 * The bytes of a frame object, its preamble ("preamble_fe", default 4) included. Members that
 * follow from others (length, checksum, "name" ...) are ignored; an unknown member is an error.
 *
 * @param ret_bytes  room for DL645_WIRE_SIZE_MAX bytes
 * @param ret_error  names the member and what is wrong with it; written only if false is returned
 */
MUST_CHECK bool frame_json_encode(json_t *object, uint8_t *ret_bytes, size_t *ret_size,
                                  char ret_error[FRAME_ERROR_SIZE]);

#endif
