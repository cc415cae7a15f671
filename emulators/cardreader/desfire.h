/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_DESFIRE_H
#define SHILLING_EMULATORS_CARDREADER_DESFIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/crypto.h"

/*
 * MIFARE DESFire EV1, the part of it that a top-up needs: native commands in ISO 7816-4 wrapping,
 * applications with AES or DES keys, standard and backup data files, value files, transactions,
 * plain, MACed and enciphered communication. Record files, ISO file commands and three-key DES are
 * not built.
 */
enum {
    DESFIRE_APPS_MAX = 8,
    DESFIRE_KEYS_MAX = 14,
    DESFIRE_FILES_MAX = 8,
    DESFIRE_POOL_SIZE = 8192, /* data of all files together */
    DESFIRE_MESSAGE_MAX = 640,
    DESFIRE_DATA_MAX = 512, /* in one command */
    DESFIRE_NONCE_MAX = 16,
};

enum desfire_file_type {
    DESFIRE_STANDARD = 0,
    DESFIRE_BACKUP = 1,
    DESFIRE_VALUE = 2,
    DESFIRE_FILE_TYPE_COUNT
};

enum desfire_mode { DESFIRE_PLAIN = 0, DESFIRE_MACED = 1, DESFIRE_ENCIPHERED = 3 };

struct desfire_key {
    struct crypto_key key;
    uint8_t version;
};

struct desfire_file {
    bool used;
    uint8_t number;
    enum desfire_file_type type;
    uint8_t mode; /* enum desfire_mode */
    uint16_t access;
    uint32_t at; /* in the pool */
    uint32_t size;
    int32_t lower;
    int32_t upper;
    int32_t value;
    int32_t limited; /* what a limited credit may still give back */
    bool limited_allowed;
    bool changed;    /* there is something to commit */
    int64_t pending; /* a value's change */
    int32_t debited; /* ... of it, taken off */
};

struct desfire_app {
    bool used;
    uint8_t aid[3]; /* as on the wire: low byte first */
    uint8_t settings;
    uint8_t key_count;
    enum crypto_kind key_kind;
    struct desfire_key keys[DESFIRE_KEYS_MAX];
    struct desfire_file files[DESFIRE_FILES_MAX];
};

/** What a successful authentication leaves behind. */
enum desfire_trust { DESFIRE_NOBODY, DESFIRE_LEGACY, DESFIRE_AES };

struct desfire_session {
    enum desfire_trust trust;
    uint8_t key_number;
    struct crypto_key key;
    uint8_t iv[CRYPTO_BLOCK_MAX];
    bool asked; /* the challenge went out */
    uint8_t asked_command;
    uint8_t asked_key;
    uint8_t nonce[DESFIRE_NONCE_MAX];
    uint8_t asked_iv[CRYPTO_BLOCK_MAX];
};

struct desfire_message {
    uint8_t command;
    uint8_t bytes[DESFIRE_MESSAGE_MAX];
    size_t size;
};

struct desfire {
    /* kept */
    struct desfire_app apps[DESFIRE_APPS_MAX]; /* the first is the card itself, AID 000000 */
    uint8_t pool[DESFIRE_POOL_SIZE];
    uint32_t pool_used;
    /* volatile */
    size_t selected;
    struct desfire_session session;
    struct desfire_message in; /* a command that comes in parts */
    bool in_open;
    struct desfire_message out; /* an answer that goes in parts */
    size_t out_at;
    bool out_open;
    uint8_t version_part;
    uint8_t shadow[DESFIRE_POOL_SIZE];
};

struct card_kind;
extern const struct card_kind DESFIRE_KIND;

#endif
