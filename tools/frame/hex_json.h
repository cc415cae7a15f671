/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_FRAME_HEX_JSON_H
#define SHILLING_TOOLS_FRAME_HEX_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/json/json.h"

/** Set a member to upper-case hex; @p separator between bytes, 0 for none. At most 1024 bytes. */
void json_put_hex(json_t *object, const char *key, const uint8_t *bytes, size_t size,
                  char separator);

/** Add one element (@own) to the array @p key, which is made if it is not there. */
void json_put_element(json_t *object, const char *key, json_t *value);

/** Bytes of a hex text, blanks between bytes allowed. False if it is not one, or too long. */
MUST_CHECK bool json_get_hex(const json_t *value, uint8_t *ret_bytes, size_t bytes_size,
                             size_t *ret_size);

#endif
