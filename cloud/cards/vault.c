/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets of the card side, read once at the start and kept in this process alone. */
#include "cloud/cards/vault.h"

#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "cloud/cards/hsm.h"
#include "cloud/cards/secret_file.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/rng.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"

struct vault {
    struct hsm *hsm; /* NULL: the master key is here */
    struct card_master master;
    struct ed25519_key *signing;
    bool has_purchase;
    struct hsm *purchase_hsm; /* NULL: that master key is here, too */
    struct card_master purchase;
    uint16_t key_id;
    uint16_t issuer;
};

/* ---- the configuration ---- */

/* The token is the same one, and the key another. */
static void purchase_config(struct config *cfg, struct vault_config *config)
{
    const bool in_token = config_has(cfg, "cards.pkcs11.purchase_key");
    const bool in_file = config_has(cfg, "cards.purchase_key_file");
    config->has_purchase = in_token || in_file;
    if (in_file) {
        config_text(cfg, "cards.purchase_key_file", NULL, config->purchase_key_file,
                    VAULT_PATH_SIZE);
    }
    if (in_token) {
        config->purchase_hsm = config->hsm;
        config_text(cfg, "cards.pkcs11.purchase_key", NULL, config->purchase_hsm.key,
                    sizeof(config->purchase_hsm.key));
    }
    if (in_token && in_file) {
        config_fail(cfg, "cards.purchase_key_file", "that key is in the pkcs11 token");
    }
}

void vault_config_read(struct config *cfg, struct vault_config *ret_config)
{
    struct vault_config config = {.enabled = config_has(cfg, "cards")};
    if (config.enabled) {
        const struct config_int number = {
            .min = 0, .max = UINT16_MAX, .optional = true, .fallback = 1};
        const bool in_token = config_has(cfg, "cards.pkcs11");
        config.hsm.enabled = in_token;
        config_text(cfg, "cards.master_key_file", in_token ? "" : NULL, config.master_key_file,
                    VAULT_PATH_SIZE);
        if (in_token) {
            hsm_config_read(cfg, &config.hsm);
        }
        if (in_token && config.master_key_file[0] != '\0') {
            config_fail(cfg, "cards.master_key_file", "the master key is in the pkcs11 token");
        }
        purchase_config(cfg, &config);
        config_text(cfg, "cards.signing_key_file", NULL, config.signing_key_file, VAULT_PATH_SIZE);
        config.key_id = (uint16_t)config_int(cfg, "cards.key_id", number);
        config.issuer = (uint16_t)config_int(cfg, "cards.issuer", number);
    }
    *ret_config = config;
}

/* ---- reading the keys ---- */

static enum err read_master(const char *path, struct card_master *master, char why[VAULT_WHY_SIZE])
{
    char text[SECRET_SIZE_MAX + 1];
    size_t text_size = 0;
    size_t size = 0;
    enum err err = secret_read(path, text, &text_size, why);
    if (err == OK) {
        while (text_size > 0 && (text[text_size - 1] == '\n' || text[text_size - 1] == '\r')) {
            text_size -= 1;
        }
        if (!hex_parse(text, text_size, master->key, sizeof(master->key), &size, NULL) ||
            size != sizeof(master->key)) {
            err = secret_say(why, ERR_FORMAT, path, "must be 32 hex digits");
        }
    }
    bytes_wipe(text, sizeof(text));
    return err;
}

static enum err read_signing(const char *path, struct ed25519_key **ret_key,
                             char why[VAULT_WHY_SIZE])
{
    char text[SECRET_SIZE_MAX + 1];
    size_t size = 0;
    enum err err = secret_read(path, text, &size, why);
    if (err == OK) {
        err = ed25519_private_read(text, size, ret_key);
        if (err != OK) {
            err = secret_say(why, err, path, "is no private Ed25519 key in PEM");
        }
    }
    bytes_wipe(text, sizeof(text));
    return err;
}

static enum err open_purchase(const struct vault_config *config, struct vault *vault,
                              char why[VAULT_WHY_SIZE])
{
    if (!config->has_purchase) {
        return OK;
    }
    vault->has_purchase = true;
    return config->purchase_hsm.enabled
               ? hsm_open(&config->purchase_hsm, &vault->purchase_hsm, why)
               : read_master(config->purchase_key_file, &vault->purchase, why);
}

enum err vault_open(const struct vault_config *config, struct vault **ret_vault,
                    char ret_why[VAULT_WHY_SIZE])
{
    MUST(config->enabled);
    struct vault *vault = calloc(1, sizeof(*vault));
    if (vault == NULL) {
        return ERR_MEMORY;
    }
    vault->key_id = config->key_id;
    vault->issuer = config->issuer;
    enum err err = config->hsm.enabled
                       ? hsm_open(&config->hsm, &vault->hsm, ret_why)
                       : read_master(config->master_key_file, &vault->master, ret_why);
    if (err == OK) {
        err = read_signing(config->signing_key_file, &vault->signing, ret_why);
    }
    if (err == OK) {
        err = open_purchase(config, vault, ret_why);
    }
    if (err != OK) {
        vault_close(vault);
        return err;
    }
    *ret_vault = vault;
    return OK;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL) {
        return;
    }
    hsm_close(vault->purchase_hsm); /* before the one that started the module */
    hsm_close(vault->hsm);
    ed25519_key_destroy(vault->signing);
    bytes_wipe(vault, sizeof(*vault));
    free(vault);
}

/* ---- making new ones ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static enum err make_master(const char *path, char why[VAULT_WHY_SIZE])
{
    enum { TEXT_LEN = 2 * CARD_KEY_SIZE };
    const struct rng_port rng = rng_system();
    struct card_master master;
    char text[TEXT_LEN + 2];
    rng_fill(&rng, master.key, sizeof(master.key));
    bool fits = hex_format(master.key, sizeof(master.key), /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    text[TEXT_LEN] = '\n';
    enum err err = secret_write(path, text, TEXT_LEN + 1, why);
    bytes_wipe(text, sizeof(text));
    bytes_wipe(&master, sizeof(master));
    return err;
}

static enum err make_signing(const char *path, char why[VAULT_WHY_SIZE])
{
    struct ed25519_key *key = NULL;
    char text[ED25519_PEM_SIZE];
    enum err err = ed25519_make(&key);
    if (err != OK) {
        return secret_say(why, err, path, "no key could be made");
    }
    err = ed25519_private_pem(key, text)
              ? secret_write(path, text, strlen(text), why)
              : secret_say(why, ERR_INTERNAL, path, "no key could be made");
    bytes_wipe(text, sizeof(text));
    ed25519_key_destroy(key);
    return err;
}

enum err vault_make(const struct vault_config *config, char ret_why[VAULT_WHY_SIZE])
{
    MUST(config->enabled);
    enum err err = config->hsm.enabled ? hsm_make(&config->hsm, ret_why) : OK;
    if (!config->hsm.enabled && !is_there(config->master_key_file)) {
        err = make_master(config->master_key_file, ret_why);
    }
    if (err == OK && !is_there(config->signing_key_file)) {
        err = make_signing(config->signing_key_file, ret_why);
    }
    return err;
}

/* ---- using them ---- */

/* The token computes each of the three; the master key stays in it. */
static bool derive_in_token(struct hsm *hsm, const uint8_t meter[CARD_METER_SIZE],
                            struct card_keys *ret_keys)
{
    uint8_t *const keys[CARD_KEY_USE_COUNT] = {[CARD_KEY_CREDIT] = ret_keys->credit,
                                               [CARD_KEY_RETURN] = ret_keys->back,
                                               [CARD_KEY_SECTOR] = ret_keys->sector};
    for (int use = 0; use < CARD_KEY_USE_COUNT; use++) {
        uint8_t message[CARD_DIVERSIFY_SIZE];
        card_keys_message((enum card_key_use)use, meter, message);
        if (!hsm_cmac(hsm, message, sizeof(message), keys[use])) {
            bytes_wipe(ret_keys, sizeof(*ret_keys));
            return false;
        }
    }
    return true;
}

bool vault_meter_keys(const struct vault *vault, const uint8_t meter[CARD_METER_SIZE],
                      struct card_keys *ret_keys)
{
    return vault->hsm != NULL ? derive_in_token(vault->hsm, meter, ret_keys)
                              : card_keys_derive(&vault->master, meter, ret_keys);
}

bool vault_has_purchase(const struct vault *vault)
{
    return vault->has_purchase;
}

static bool purchase_key(const struct vault *vault, const uint8_t serial[PURCHASE_SERIAL_SIZE],
                         enum purchase_key which, uint8_t ret_key[CARD_KEY_SIZE])
{
    uint8_t message[PURCHASE_KEY_MESSAGE_SIZE];
    if (vault->purchase_hsm == NULL) {
        return purchase_key_derive(vault->purchase.key, serial, which, ret_key);
    }
    purchase_key_message(serial, which, message);
    return hsm_cmac(vault->purchase_hsm, message, sizeof(message), ret_key);
}

bool vault_purchase_keys(const struct vault *vault, const uint8_t serial[PURCHASE_SERIAL_SIZE],
                         struct purchase_keys *ret_keys)
{
    bool good = vault->has_purchase;
    for (int which = 0; which < PURCHASE_KEY_COUNT && good; which++) {
        good = purchase_key(vault, serial, (enum purchase_key)which, ret_keys->keys[which]);
    }
    if (!good) {
        bytes_wipe(ret_keys, sizeof(*ret_keys));
    }
    return good;
}

const struct ed25519_key *vault_signing_key(const struct vault *vault)
{
    return vault->signing;
}

uint16_t vault_key_id(const struct vault *vault)
{
    return vault->key_id;
}

uint16_t vault_issuer(const struct vault *vault)
{
    return vault->issuer;
}
