/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_UNPACK_H
#define SHILLING_CLOUD_AUDITOR_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/* Bills as the wallets deliver them: a ZIP archive (Alipay), gzip (WeChat), or plain text. */

enum { UNPACK_SIZE_MAX = 64 << 20 /* a bill has at most 150,000 rows of some 400 bytes */ };

struct unpacked {
    char *text; /* @own, with a NUL behind it */
    size_t size;
};

/**
 * Unpack @p file. Of an archive it is the one file of rows: neither the summary nor anything that
 * is not a .csv.
 *
 * @param ret_text @own; unpack_free()
 * @return ERR_FORMAT damaged, or not exactly one file of rows; ERR_RANGE larger than
 *         UNPACK_SIZE_MAX; ERR_MEMORY
 */
MUST_CHECK enum err unpack_bill(const uint8_t *file, size_t size, struct unpacked *ret_text);

/** Free and empty. */
void unpack_free(struct unpacked *text);

#endif
