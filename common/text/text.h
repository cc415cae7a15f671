/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_TEXT_TEXT_H
#define SHILLING_COMMON_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * Chinese texts in the two encodings of the outside world: GB18030, which contains GBK and
 * GB 2312 (bills, some answers, receipt printers), and UTF-8, which everything of ours is in.
 * The conversion is the C library's iconv, opened and closed in each call: no state is kept.
 */

/**
 * Convert @p size bytes of GB18030 (or GBK) to UTF-8 with a NUL.
 *
 * @param ret_text at least @p text_size bytes; 3 * size / 2 + 1 always suffice for GBK
 * @return ERR_FORMAT the bytes are not GB18030 or contain a NUL; ERR_FULL no room;
 *         ERR_UNSUPPORTED the system has no such conversion. @p ret_text is then "".
 */
MUST_CHECK enum err text_from_gb18030(const char *bytes, size_t size, char *ret_text,
                                      size_t text_size);

/**
 * Convert UTF-8 to GB18030 with a NUL; every Unicode character has a form in it. Results and
 * errors as above; 2 * size + 1 bytes always suffice.
 */
MUST_CHECK enum err text_to_gb18030(const char *utf8, char *ret_bytes, size_t bytes_size);

#endif
