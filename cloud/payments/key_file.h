/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_KEY_FILE_H
#define SHILLING_CLOUD_PAYMENTS_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/cert.h"
#include "common/crypto/rsa.h"
#include "common/err.h"

/*
 * Key files. A secret one must belong to the service's user (or root) and be readable by nobody
 * else; a public one may be read by all, but written by its owner only, because whoever can change
 * it can forge payments. No content is ever part of a message.
 */
enum key_file_kind { KEY_FILE_SECRET, KEY_FILE_PUBLIC };

/* Where errors go: one sentence that names the file. */
struct key_message {
    char *text;
    size_t size;
};

/**
 * Read a key file of at most RSA_KEY_TEXT_SIZE_MAX bytes and check whether it is one of the
 * simulators'.
 *
 * @param allow_test true outside live mode
 * @return ERR_IO, ERR_DENIED (permissions, a simulator's key), ERR_FORMAT, ERR_RANGE, ERR_MEMORY
 */
MUST_CHECK enum err key_file_private(const char *path, bool allow_test,
                                     const struct key_message *message, struct rsa_key **ret_key);

/** As key_file_private() for a public key or the key in a certificate. */
MUST_CHECK enum err key_file_public(const char *path, bool allow_test,
                                    const struct key_message *message, struct rsa_key **ret_key);

/** The certificates of a file; not one of them may be for a simulator's key in live mode. */
MUST_CHECK enum err key_file_certs(const char *path, bool allow_test,
                                   const struct key_message *message, struct cert_list **ret_list);

/** An APIv3 key: exactly @p size bytes; one line end behind them is allowed. */
MUST_CHECK enum err key_file_text(const char *path, bool allow_test,
                                  const struct key_message *message, uint8_t *ret_key, size_t size);

#endif
