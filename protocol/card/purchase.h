/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_PURCHASE_H
#define SHILLING_PROTOCOL_CARD_PURCHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/apdu.h"
#include "protocol/card/keys.h"
#include "protocol/card/record.h"

/*
 * The purchase card of Q/GDW 365 and 1365: a CPU card with files for parameters, wallet and what
 * the meter returns. Unlike SHL-C1 it carries single purchases with a count: the meter takes the
 * one that follows its own count, so nothing new may be written before the last one was loaded.
 *
 * Numbers are big-endian binary, money is fen. The layouts are public, the keys of a utility are
 * not: they lie in its own service. What computes here is the algorithm of cards that are made for
 * tests, with AES-CMAC.
 */

enum {
    PURCHASE_DF_MASTER = 0x3F00,
    PURCHASE_DF_ELECTRICITY = 0xDF01,
    PURCHASE_SFI_PARAMETERS = 1, /* in the electricity folder, as the next two */
    PURCHASE_SFI_WALLET = 2,
    PURCHASE_SFI_RETURN = 5,
    PURCHASE_SFI_SERIAL = 0x19, /* in the master folder: the card's number at offset 1 */
    PURCHASE_SERIAL_OFFSET = 1,
    PURCHASE_SERIAL_SIZE = 8,
    PURCHASE_RANDOM_SIZE = 8,
    PURCHASE_MAC_SIZE = 4,
    PURCHASE_PARAMETERS_SIZE = 0x2D,
    PURCHASE_WALLET_SIZE = 8,
    PURCHASE_RETURN_SIZE = 0x31,
    PURCHASE_FILE_SIZE_MAX = PURCHASE_RETURN_SIZE,
    PURCHASE_OK = 0x9000,
    PURCHASE_BALANCE_FEN_MAX = 99999999, /* no meter takes what would leave more */
};

/* --- files --------------------------------------------------------------------------------- */

enum purchase_kind { PURCHASE_OPEN = 1, PURCHASE_BUY = 2, PURCHASE_REPLACE = 3 };

struct purchase_parameters {
    uint8_t user_kind;
    uint8_t update_flags;
    uint8_t tariff_switch[5]; /* BCD: YYMMDDhhmm */
    uint32_t alarm1_fen;
    uint32_t alarm2_fen;
    uint8_t ct[3]; /* ratios of the transformers, BCD */
    uint8_t pt[3];
    uint8_t meter[CARD_METER_SIZE];
    uint8_t customer[CARD_METER_SIZE];
    enum purchase_kind kind;
};

struct purchase_wallet {
    uint32_t amount_fen;
    uint32_t count; /* of purchases, per meter */
};

struct purchase_return {
    uint8_t user_kind;
    uint8_t ct[3];
    uint8_t pt[3];
    uint8_t meter[CARD_METER_SIZE];
    uint8_t customer[CARD_METER_SIZE];
    uint32_t remaining_fen;
    uint32_t count; /* of the last purchase that the meter took */
    uint32_t overdraft_fen;
    uint32_t key_info;
    uint32_t illegal_cards; /* 24 bits */
    uint8_t at[5];          /* BCD: YYMMDDhhmm, the meter's clock */
};

/* The files of a card as they are, or are to be. */
struct purchase_files {
    uint8_t parameters[PURCHASE_PARAMETERS_SIZE];
    uint8_t wallet[PURCHASE_WALLET_SIZE];
    uint8_t returned[PURCHASE_RETURN_SIZE]; /* empty: zeros */
};

/* What the bytes of a file are. */
enum purchase_state {
    PURCHASE_EMPTY, /* does not begin with 68 */
    PURCHASE_BROKEN,
    PURCHASE_WHOLE,
    PURCHASE_STATE_COUNT
};

/* Bytes of the files and back. They block nothing and allocate nothing. Source: Q/GDW 365 and 1365,
 * the files of a purchase card (docs/cards.md). A decoder sets its value only for PURCHASE_WHOLE:
 * the frame, the length and the sum must be right. */

/** File 01 of the electricity folder: what the meter is set to. */
void purchase_parameters_encode(const struct purchase_parameters *parameters,
                                uint8_t ret_file[PURCHASE_PARAMETERS_SIZE]);
/** The same, read. */
MUST_CHECK enum purchase_state
purchase_parameters_decode(const uint8_t file[PURCHASE_PARAMETERS_SIZE],
                           struct purchase_parameters *ret_parameters);
/** File 02: the purchase. It has no sum; its MAC is checked by the card when it is written. */
void purchase_wallet_encode(const struct purchase_wallet *wallet,
                            uint8_t ret_file[PURCHASE_WALLET_SIZE]);
/** The same, read: any 8 bytes are a wallet. */
struct purchase_wallet purchase_wallet_decode(const uint8_t file[PURCHASE_WALLET_SIZE]);
/** File 05: what the meter answered. @p value->illegal_cards has 24 bits at most. */
void purchase_return_encode(const struct purchase_return *value,
                            uint8_t ret_file[PURCHASE_RETURN_SIZE]);
/** The same, read. */
MUST_CHECK enum purchase_state purchase_return_decode(const uint8_t file[PURCHASE_RETURN_SIZE],
                                                      struct purchase_return *ret_value);

/**
 * Seconds since 1970 of a moment on the meter's clock, which goes by Beijing time; false if the
 * bytes name none.
 */
MUST_CHECK bool purchase_clock(const uint8_t at[5], int64_t *ret_wall_s);

/* --- keys of test cards -------------------------------------------------------------------- */

enum purchase_key {
    PURCHASE_KEY_INTERNAL, /* the card proves itself */
    PURCHASE_KEY_EXTERNAL, /* we do */
    PURCHASE_KEY_WALLET,   /* MAC of what is written to the files 1 to 4 */
    PURCHASE_KEY_RETURN,   /* and to file 5 */
    PURCHASE_KEY_COUNT
};

enum { PURCHASE_KEY_MESSAGE_SIZE = 17 };

/* The keys of one card. Wipe with bytes_wipe(). */
struct purchase_keys {
    uint8_t keys[PURCHASE_KEY_COUNT][CARD_KEY_SIZE];
};

/** What a card's key is the CMAC of, under the master key. */
void purchase_key_message(const uint8_t serial[PURCHASE_SERIAL_SIZE], enum purchase_key which,
                          uint8_t ret_message[PURCHASE_KEY_MESSAGE_SIZE]);

/** A card's key from the master key and its number. False only if the crypto library fails. */
MUST_CHECK bool purchase_key_derive(const uint8_t master[CARD_KEY_SIZE],
                                    const uint8_t serial[PURCHASE_SERIAL_SIZE],
                                    enum purchase_key which, uint8_t ret_key[CARD_KEY_SIZE]);
/** The 8 bytes that prove the key over a challenge (88: the card's, 82: ours). */
MUST_CHECK bool purchase_cryptogram(const uint8_t key[CARD_KEY_SIZE],
                                    const uint8_t random[PURCHASE_RANDOM_SIZE],
                                    uint8_t ret_proof[PURCHASE_RANDOM_SIZE]);

/* --- commands; each is answered with PURCHASE_OK ------------------------------------------- */

/** Select a folder by its number. */
void purchase_select(uint16_t folder, struct apdu *ret_command);
/** Ask the card for 8 random bytes; they are good for the next command only. */
void purchase_challenge(struct apdu *ret_command);
/** Let the card prove itself over our challenge. */
void purchase_internal(const uint8_t random[PURCHASE_RANDOM_SIZE], struct apdu *ret_command);
/** Prove ourselves over the card's challenge: @p proof is purchase_cryptogram() of it. A card
 * counts wrong proofs, and is locked after a few. */
void purchase_external(const uint8_t proof[PURCHASE_RANDOM_SIZE], struct apdu *ret_command);
/** Read @p size bytes of a file from @p offset on. */
void purchase_read(uint8_t sfi, uint8_t offset, uint8_t size, struct apdu *ret_command);

/* A file that is to be written whole; borrowed for the call. */
struct purchase_update {
    uint8_t sfi;
    const uint8_t *file;
    size_t size;           /* at most PURCHASE_FILE_SIZE_MAX */
    const uint8_t *key;    /* PURCHASE_KEY_WALLET or _RETURN of this card */
    const uint8_t *random; /* its challenge, asked for just before; used up by this */
};

/** Write a file under its MAC. False only if the crypto library fails. */
MUST_CHECK bool purchase_update(const struct purchase_update *update, struct apdu *ret_command);

/** The data of an answer of exactly @p size bytes that ends with PURCHASE_OK. */
MUST_CHECK bool purchase_answer(const struct apdu *answer, uint8_t *ret_bytes, size_t size);

#endif
