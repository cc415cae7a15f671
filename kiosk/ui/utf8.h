/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_UTF8_H
#define SHILLING_KIOSK_UI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The character at @p text, of which @p size (>= 1) bytes may be read. Bytes that are not UTF-8
 * come back as U+FFFD, one at a time.
 * @param ret_size [out] bytes it takes, 1..4
 */
uint32_t utf8_get(const char *text, size_t size, size_t *ret_size);

/** True for ideographs, kana and full-width signs: one em wide, a line may break beside them. */
bool utf8_is_wide(uint32_t code);

/** True for signs that must not begin a line: closing brackets, commas, full stops. */
bool utf8_is_closing(uint32_t code);

/** True for characters that have no picture and could turn text around: controls, bidi marks. */
bool utf8_is_unsafe(uint32_t code);

#endif
