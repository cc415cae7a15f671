/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_WORDS_H
#define SHILLING_EMULATORS_CARDREADER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Images that are texts: lines of words, one blank between two. Reading is strict: whatever a
 * writer here would not write is refused.
 */
enum { WORDS_MAX = 12, WORDS_TEXT_SIZE = 24576 };

struct words {
    char text[WORDS_TEXT_SIZE]; /* the words of the current line end in NUL here */
    const uint8_t *image;       /* borrowed */
    size_t size;
    size_t at;
    char *word[WORDS_MAX];
    size_t count;
};

/** Begin to read; @p image is borrowed until the last words_next(). */
void words_init(struct words *words, const uint8_t *image, size_t size);

/** The next line's words; false at the end, or (words_ended() tells) at a line that is none. */
bool words_next(struct words *words);

/** True if the whole text was read. */
bool words_ended(const struct words *words);

/** True if the line has @p count words and begins with @p name. */
bool words_are(const struct words *words, const char *name, size_t count);

/** Word @p index as exactly @p size bytes of hex; "-" for none. */
bool words_hex(const struct words *words, size_t index, uint8_t *ret_bytes, size_t size);

/** Word @p index as a decimal number up to @p max. */
bool words_number(const struct words *words, size_t index, uint32_t max, uint32_t *ret_number);

/** What is written line by line. */
struct words_out {
    char *text; /* borrowed */
    size_t room;
    size_t size;
    bool is_full;
};

void words_add(struct words_out *out, const char *format, ...) PRINTF_LIKE(2, 3);
void words_add_hex(struct words_out *out, const uint8_t *bytes, size_t size);

#endif
