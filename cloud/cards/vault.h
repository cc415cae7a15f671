/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_VAULT_H
#define SHILLING_CLOUD_CARDS_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/cards/hsm.h"
#include "cloud/cards/secret_file.h"
#include "common/compiler.h"
#include "common/config/config.h"
#include "common/crypto/ed25519.h"
#include "common/err.h"
#include "protocol/card/keys.h"
#include "protocol/card/purchase.h"

/*
 * The secrets of the card side: the master key, from which every meter's keys are made, and
 * the key that signs the right to write. Both are files of the service's own user that nobody else
 * may read; their content is never part of a message. The master key may be in a PKCS#11 token
 * instead, which computes with it and never gives it away. Meters' keys exist for one call only.
 * Purchase cards (Q/GDW 1365) come with the keys of whoever made them, so there may be a third: the
 * master key of those, in a file or in the same token.
 */
enum { VAULT_PATH_SIZE = 512, VAULT_WHY_SIZE = SECRET_WHY_SIZE };

/* The group `cards` of the server's configuration. */
struct vault_config {
    bool enabled;
    struct hsm_config hsm;                   /* enabled: the master key is in a PKCS#11 token */
    char master_key_file[VAULT_PATH_SIZE];   /* else: 32 hex digits */
    char signing_key_file[VAULT_PATH_SIZE];  /* Ed25519, PEM */
    bool has_purchase;                       /* purchase cards are served */
    struct hsm_config purchase_hsm;          /* enabled: their master key is in the token */
    char purchase_key_file[VAULT_PATH_SIZE]; /* else: 32 hex digits; is never made anew */
    uint16_t key_id;                         /* of the master key, in every record */
    uint16_t issuer;                         /* in every issue record */
};

/** Read the group; without it no card is sold to. Errors come out of config_finish(). */
void vault_config_read(struct config *cfg, struct vault_config *ret_config);

struct vault;

/**
 * Read both files.
 *
 * @param ret_vault @own; vault_close()
 * @param ret_why   on failure one sentence that names the file and what to do
 * @return ERR_IO, ERR_DENIED (others may read it), ERR_FORMAT, ERR_MEMORY
 */
MUST_CHECK enum err vault_open(const struct vault_config *config, struct vault **ret_vault,
                               char ret_why[VAULT_WHY_SIZE]);

/** Wipes the keys. NULL is allowed. */
void vault_close(struct vault *vault);

/**
 * Make the files that are not there, with new keys. What is there stays as it is.
 *
 * @return as vault_open(), and ERR_IO if a file cannot be made
 */
MUST_CHECK enum err vault_make(const struct vault_config *config, char ret_why[VAULT_WHY_SIZE]);

/**
 * The keys of a meter; bytes_wipe() them after use. False only if the crypto library fails.
 *
 * @param meter BCD, as people read it
 */
MUST_CHECK bool vault_meter_keys(const struct vault *vault, const uint8_t meter[CARD_METER_SIZE],
                                 struct card_keys *ret_keys);

/** True if purchase cards can be spoken to. */
bool vault_has_purchase(const struct vault *vault);

/**
 * The keys of the purchase card with this number; bytes_wipe() them after use. False if there is no
 * master key for such cards, or the crypto library fails.
 */
MUST_CHECK bool vault_purchase_keys(const struct vault *vault,
                                    const uint8_t serial[PURCHASE_SERIAL_SIZE],
                                    struct purchase_keys *ret_keys);

/* Seconds that a signed right to write holds; it may be asked for again. */
enum { VAULT_RIGHT_S = 600 };

/** The key that signs the right to write. Borrowed until vault_close(). */
const struct ed25519_key *vault_signing_key(const struct vault *vault);

uint16_t vault_key_id(const struct vault *vault);
uint16_t vault_issuer(const struct vault *vault);

#endif
