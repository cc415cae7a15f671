/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_MIX_H
#define SHILLING_CLOUD_AUDITOR_MIX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Digests of rows, 64 bits: they notice a changed row with certainty enough for a comparison with
 * an earlier run. They are no signature: whoever can write the auditor's own file can also make
 * them fit.
 */

/** The digest of @p so_far followed by @p size bytes. Sizes count: "ab", "c" is not "a", "bc". */
uint64_t mix_bytes(uint64_t so_far, const void *bytes, size_t size);

/** The same for a text, and for a number. */
uint64_t mix_text(uint64_t so_far, const char *text);
uint64_t mix_int(uint64_t so_far, int64_t value);

#endif
