/* SPDX-License-Identifier: Apache-2.0 */
/* libqrencode's byte matrix (one byte a module, bit 0 = dark) packed into bits. */
#include "common/qr/qr.h"

#include <errno.h>
#include <string.h>

#include <qrencode.h>

enum err qr_encode(const char *text, enum qr_level level, struct qr *ret_qr)
{
    static const QRecLevel levels[] = {QR_ECLEVEL_L, QR_ECLEVEL_M, QR_ECLEVEL_Q, QR_ECLEVEL_H};
    size_t size = strlen(text);
    if (size == 0 || size > 4096) {
        return ERR_RANGE;
    }
    QRcode *code = QRcode_encodeString8bit(text, /* version= smallest */ 0, levels[level]);
    if (code == NULL) {
        return errno == ENOMEM ? ERR_MEMORY : ERR_RANGE;
    }
    if (code->version > QR_VERSION_MAX) {
        QRcode_free(code);
        return ERR_RANGE;
    }
    struct qr qr = {.side = code->width, .version = code->version, .level = level};
    size_t count = (size_t)code->width * (size_t)code->width;
    for (size_t i = 0; i < count; i++) {
        if ((code->data[i] & 1U) != 0) {
            qr.modules[i / 8] = (uint8_t)(qr.modules[i / 8] | (0x80U >> (i % 8U)));
        }
    }
    QRcode_free(code);
    *ret_qr = qr;
    return OK;
}

enum err qr_encode_for_screen(const char *text, struct qr *ret_qr)
{
    enum { VERSION_AT_Q_MAX = 4 };
    struct qr qr;
    enum err err = qr_encode(text, QR_LEVEL_Q, &qr);
    if (err != OK || qr.version > VERSION_AT_Q_MAX) {
        err = qr_encode(text, QR_LEVEL_M, &qr);
    }
    if (err == OK) {
        *ret_qr = qr;
    }
    return err;
}
