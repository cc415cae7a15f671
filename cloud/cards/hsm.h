/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_HSM_H
#define SHILLING_CLOUD_CARDS_HSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/cards/secret_file.h"
#include "common/compiler.h"
#include "common/config/config.h"
#include "common/err.h"

/*
 * A master key in a PKCS#11 token (OASIS PKCS #11 v2.40): the token computes AES-CMACs with it, and
 * does not give it away. The token's module is loaded into this process.
 */
enum {
    HSM_PATH_SIZE = 512,
    HSM_LABEL_SIZE = 33, /* of a token: 32 characters */
    HSM_MAC_SIZE = 16,
};

/* The group `cards.pkcs11` of the server's configuration. */
struct hsm_config {
    bool enabled;
    char module[HSM_PATH_SIZE];   /* the token's shared library */
    char token[HSM_LABEL_SIZE];   /* its label */
    char key[HSM_LABEL_SIZE];     /* label of the secret key */
    char pin_file[HSM_PATH_SIZE]; /* a secret file with the user's PIN */
};

/** Read the group. Errors come out of config_finish(). */
void hsm_config_read(struct config *cfg, struct hsm_config *ret_config);

struct hsm;

/**
 * Load the module, log in and find the key, which must be one that cannot be read out.
 *
 * @param ret_hsm @own; hsm_close()
 * @param ret_why on failure: one sentence, what and where
 * @return ERR_NOT_FOUND no such module, token or key; ERR_DENIED wrong PIN, a PIN file that others
 *         may read, or a key that the token would give away; ERR_IO, ERR_MEMORY
 * Blocks: while the token works.
 */
MUST_CHECK enum err hsm_open(const struct hsm_config *config, struct hsm **ret_hsm,
                             char ret_why[SECRET_WHY_SIZE]);

/** NULL is allowed. */
void hsm_close(struct hsm *hsm);

/** As hsm_open(), and makes the key in the token if there is none of that label. */
MUST_CHECK enum err hsm_make(const struct hsm_config *config, char ret_why[SECRET_WHY_SIZE]);

/**
 * AES-CMAC of @p size bytes. A token that lost our session is logged into once more. Any thread,
 * one after another. False if the token does not do it.
 * Blocks: while the token works.
 */
MUST_CHECK bool hsm_cmac(struct hsm *hsm, const uint8_t *bytes, size_t size,
                         uint8_t ret_mac[HSM_MAC_SIZE]);

#endif
