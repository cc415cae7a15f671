/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_SECRET_FILE_H
#define SHILLING_CLOUD_CARDS_SECRET_FILE_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * Small files that hold a secret: they belong to the service's own user (or root), and nobody else
 * may read them. No content is ever part of a message.
 */
enum {
    SECRET_SIZE_MAX = 1024, /* above a PEM of Ed25519, 32 digits with a line end, a PIN */
    SECRET_WHY_SIZE = 640,
};

/** Put one sentence about @p path into @p ret_why; gives @p err back. */
enum err secret_say(char ret_why[SECRET_WHY_SIZE], enum err err, const char *path,
                    const char *what);

/**
 * Read a secret file; the text is not ended by a NUL. Wipe it after use.
 *
 * @return ERR_IO, ERR_DENIED (others may use it), ERR_FORMAT (too large), each with @p ret_why
 */
MUST_CHECK enum err secret_read(const char *path, char ret_text[SECRET_SIZE_MAX + 1],
                                size_t *ret_size, char ret_why[SECRET_WHY_SIZE]);

/** Make a new secret file, synced with its folder. ERR_IO, also if it is there already. */
MUST_CHECK enum err secret_write(const char *path, const char *text, size_t size,
                                 char ret_why[SECRET_WHY_SIZE]);

#endif
