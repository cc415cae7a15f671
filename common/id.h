/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_ID_H
#define SHILLING_COMMON_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/rng.h"

enum { ID_TEXT_SIZE = 37 /* "018f3a1c-....", 36 characters and the NUL */ };

/**
 * Write a UUIDv7 (RFC 9562) in lower case: 48 bits of @p wall_ms, the rest from @p rng. Used as
 * idempotency number: client_request_id, command id. Its time part is for sorting only.
 */
void id_make(const struct rng_port *rng, int64_t wall_ms, char ret_id[ID_TEXT_SIZE]);

/** True if @p text has the form of a UUID (8-4-4-4-12 hex digits). */
MUST_CHECK bool id_is_valid(const char *text);

#endif
