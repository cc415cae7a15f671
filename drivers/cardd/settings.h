/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_SETTINGS_H
#define SHILLING_DRIVERS_CARDD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/ed25519.h"
#include "protocol/cardauth/cardauth.h"

/* cardd's configuration file; example.cfg explains it. */

enum {
    SETTINGS_PATH_SIZE = 512,
    SETTINGS_SOCKET_SIZE = 108, /* sun_path of Linux */
    SETTINGS_CONNSTRING_SIZE = 256,
    SETTINGS_UIDS_MAX = 8,
};

struct settings {
    char socket[SETTINGS_SOCKET_SIZE];
    uint32_t uids[SETTINGS_UIDS_MAX]; /* who may ask, besides root and the own user */
    size_t uid_count;
    char terminal_id[CARDAUTH_TERMINAL_SIZE];
    char authority[SETTINGS_PATH_SIZE]; /* file with the public key of the cloud */
    char connstring[SETTINGS_CONNSTRING_SIZE];
    char lock[SETTINGS_PATH_SIZE];
    int64_t health_ms;                    /* an idle reader is asked so often whether it lives */
    char power_reset[SETTINGS_PATH_SIZE]; /* program that resets its power; "": none */
    int64_t power_reset_ms;               /* how long that may take */
};

/**
 * Read the configuration, and the key that it names.
 *
 * @param ret_authority @own given; ed25519_key_destroy(). Set only on success.
 * @return false with a sentence that names file, line and field.
 *
 * Blocks: yes, reads files. Allocates: yes.
 */
MUST_CHECK bool settings_load(const char *path, struct settings *ret_settings,
                              struct ed25519_key **ret_authority, char *ret_message,
                              size_t message_size);

/**
 * What is wrong with libnfc's name of a device, or NULL if nothing is. Static text.
 *
 * Blocks: no. Allocates: no.
 */
const char *settings_connstring_trouble(const char *connstring);

/**
 * What is wrong with the name of the program that resets the reader's power, or NULL if nothing
 * is. Static text.
 *
 * Blocks: no. Allocates: no.
 */
const char *settings_program_trouble(const char *path);

#endif
