/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's two secrets (cloud/cards/vault.h), the same in every history and without files. The
 * keys that are made of them are the product's own.
 */
#include "sim/cards/vault_double.h"

#include <string.h>

#include "common/must.h"

struct vault {
    struct card_master master;
    struct ed25519_key *signing;
};

static struct vault the = {
    .master = {.key = {0x53, 0x48, 0x49, 0x4C, 0x4C, 0x49, 0x4E, 0x47, 1, 2, 3, 4, 5, 6, 7, 8}}};

const struct vault *vault_double(void)
{
    return &the;
}

const uint8_t *vault_double_master(void)
{
    return the.master.key;
}

bool vault_meter_keys(const struct vault *vault, const uint8_t meter[CARD_METER_SIZE],
                      struct card_keys *ret_keys)
{
    return card_keys_derive(&vault->master, meter, ret_keys);
}

/* No purchase cards: there is no key for them. */
bool vault_has_purchase(const struct vault *vault)
{
    (void)vault;
    return false;
}

bool vault_purchase_keys(const struct vault *vault, const uint8_t serial[PURCHASE_SERIAL_SIZE],
                         struct purchase_keys *ret_keys)
{
    (void)vault;
    (void)serial;
    (void)ret_keys;
    return false;
}

const struct ed25519_key *vault_signing_key(const struct vault *vault)
{
    static const char PEM[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIFNoaWxsaW5nU2ltdWxhdGlvblNpZ25pbmdLZXkhISEh\n"
                              "-----END PRIVATE KEY-----\n";
    if (vault->signing == NULL) {
        enum err err = ed25519_private_read(PEM, sizeof(PEM) - 1, &the.signing);
        MUST(err == OK);
    }
    return vault->signing;
}

uint16_t vault_key_id(const struct vault *vault)
{
    (void)vault;
    return 1;
}

uint16_t vault_issuer(const struct vault *vault)
{
    (void)vault;
    return 1;
}
