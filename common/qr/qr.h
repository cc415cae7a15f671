/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_QR_QR_H
#define SHILLING_COMMON_QR_QR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/* QR codes (ISO/IEC 18004, model 2) as squares to be drawn; libqrencode does the coding. */

enum {
    QR_VERSION_MAX = 15, /* 77 modules: 412 bytes at level M, more than any code we show */
    QR_SIDE_MAX = 17 + 4 * QR_VERSION_MAX,
    QR_QUIET_MODULES = 4, /* the light border that the standard demands on each side */
};

enum qr_level { QR_LEVEL_L, QR_LEVEL_M, QR_LEVEL_Q, QR_LEVEL_H };

struct qr {
    int side; /* modules along an edge, without the quiet zone: 21..QR_SIDE_MAX */
    int version;
    enum qr_level level;
    uint8_t modules[(QR_SIDE_MAX * QR_SIDE_MAX + 7) / 8]; /* row by row, high bit first; 1 dark */
};

/**
 * Encode @p text (bytes, not empty) at a fixed level, in the smallest version that holds it.
 * @return ERR_RANGE if it is empty or too long, ERR_MEMORY. Allocates: inside the call only.
 */
MUST_CHECK enum err qr_encode(const char *text, enum qr_level level, struct qr *ret_qr);

/**
 * As qr_encode(), at level Q if that needs at most version 4 (wallets' advice: large modules with
 * much redundancy), else at level M.
 */
MUST_CHECK enum err qr_encode_for_screen(const char *text, struct qr *ret_qr);

/** True if the module in column @p x, row @p y (0..side-1) is dark. */
static inline bool qr_is_dark(const struct qr *qr, int x, int y)
{
    size_t bit = (size_t)y * (size_t)qr->side + (size_t)x;
    return (qr->modules[bit / 8] & (0x80U >> (bit % 8U))) != 0;
}

#endif
