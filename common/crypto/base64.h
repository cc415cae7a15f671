/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_BASE64_H
#define SHILLING_COMMON_CRYPTO_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Base64 of RFC 4648 section 4, strictly: no line breaks, no blanks, full padding, and the unused
 * bits of the last character are zero, so that one text stands for one value only. OpenSSL's
 * EVP_DecodeBlock tolerates blanks and counts padding as data; signatures deserve better.
 */

/** Size of the text for @p size bytes, with its NUL. */
#define BASE64_TEXT_SIZE(size) (((size) + 2) / 3 * 4 + 1)

/** Write the text of @p size bytes with a NUL; false if @p text_size is too small. */
MUST_CHECK bool base64_encode(const uint8_t *bytes, size_t size, char *ret_text, size_t text_size);

/**
 * Decode @p text_size characters.
 *
 * @param ret_size bytes written to @p ret_bytes, set only on success
 * @return false if the text is not strict base64 or does not fit @p bytes_size; @p ret_bytes may
 *         then hold part of it
 */
MUST_CHECK bool base64_decode(const char *text, size_t text_size, uint8_t *ret_bytes,
                              size_t bytes_size, size_t *ret_size);

#endif
