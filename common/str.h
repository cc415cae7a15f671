/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_STR_H
#define SHILLING_COMMON_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

/*
 * Text in fixed buffers. Nothing is ever cut off silently: what does not fit is an error, and the
 * buffer then holds an empty text, never half of one.
 */

/** Copy @p text with its NUL; false if it does not fit. */
MUST_CHECK bool str_copy(char *ret_text, size_t text_size, const char *text);

/** Copy @p size bytes and add a NUL; false if they do not fit or contain a NUL. */
MUST_CHECK bool str_copy_bytes(char *ret_text, size_t text_size, const char *bytes, size_t size);

/** snprintf that tells whether all of it fitted. */
MUST_CHECK bool str_format(char *ret_text, size_t text_size, const char *format, ...)
    PRINTF_LIKE(3, 4);

/** For messages: as str_format(), but what does not fit is cut at a character's boundary. */
void str_format_cut(char *ret_text, size_t text_size, const char *format, ...) PRINTF_LIKE(3, 4);
void str_vformat_cut(char *ret_text, size_t text_size, const char *format, va_list values)
    PRINTF_LIKE(3, 0);

bool str_equal(const char *a, const char *b);
bool str_starts_with(const char *text, const char *prefix);

/** True if @p size bytes are well-formed UTF-8 without NUL (no surrogates, no overlong forms). */
bool str_is_utf8(const char *text, size_t size);

/**
 * A text builder over the caller's buffer. After a part that did not fit, the builder stays
 * failed and further parts are ignored: check once, at the end.
 */
struct strbuf {
    char *text; /* borrowed, always NUL-terminated */
    size_t size;
    size_t len;
    bool failed;
};

/** Begin an empty text in @p text, which stays borrowed by @p buf. @p size must be >= 1. */
void strbuf_init(struct strbuf *buf, char *text, size_t size);
void strbuf_add(struct strbuf *buf, const char *text);
void strbuf_add_bytes(struct strbuf *buf, const char *bytes, size_t size);
void strbuf_add_char(struct strbuf *buf, char c);
void strbuf_addf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
