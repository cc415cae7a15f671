/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CPUCARD_H
#define SHILLING_EMULATORS_CARDREADER_CPUCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/crypto.h"

/*
 * A contactless CPU card with the files of a Q/GDW 1365 purchase card: in the master file the
 * serial number (SFI 19h) and public information (01), in DF01 parameters (01), the wallet (02),
 * two tariffs (03, 04) and what the meter gives back (05). The real ciphers are the utility's
 * secret; here they are AES-CMAC under keys that README.md tells.
 */
enum {
    CPUCARD_FILES = 7,
    CPUCARD_FILE_MAX = 0x102,
    CPUCARD_CHALLENGE_MAX = 8,
    CPUCARD_SERIAL_SIZE = 8,
    CPUCARD_TRIES = 5,
};

struct cpucard {
    uint8_t files[CPUCARD_FILES][CPUCARD_FILE_MAX]; /* in the order of the table in cpucard.c */
    uint8_t tries_left;                             /* of external authentication; kept */
    bool in_df;                                     /* DF01 is selected, not the master file */
    bool trusted;
    size_t challenge_size; /* 0: none is open */
    uint8_t challenge[CPUCARD_CHALLENGE_MAX];
};

struct card_kind;
extern const struct card_kind CPUCARD_KIND;

/** The test key of a card: CMAC(master, 01 || serial || label of 8 letters). */
void cpucard_key(const uint8_t serial[CPUCARD_SERIAL_SIZE], const char *label,
                 struct crypto_key *ret_key);

#endif
