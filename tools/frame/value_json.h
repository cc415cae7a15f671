/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_FRAME_VALUE_JSON_H
#define SHILLING_TOOLS_FRAME_VALUE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/json/json.h"
#include "protocol/dl645/di.h"

/* The bytes behind a DI as members of a frame object ("value", "values", "count", ...). */

/**
 * Add the typed members of @p size bytes to @p object; bytes behind the defined value are returned
 * as a count. Bytes without a typed meaning, and bytes that their type cannot hold, become
 * "value_hex".
 * @return bytes at the end that do not belong to the value
 */
size_t value_json_add(json_t *object, const struct dl645_di *di, const uint8_t *bytes, size_t size);

/**
 * The bytes that @p object says: "value_hex" if it is there, otherwise the typed members.
 * @param ret_size   0 if there are none of these members
 * @param ret_wrong  the member that is wrong; written only if false is returned
 */
MUST_CHECK bool value_json_get(const json_t *object, const struct dl645_di *di, uint8_t *ret_bytes,
                               size_t bytes_size, size_t *ret_size, const char **ret_wrong);

/** True if @p key is a member that these functions write. */
bool value_json_has_key(const char *key);

#endif
