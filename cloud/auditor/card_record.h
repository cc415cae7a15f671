/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_CARD_RECORD_H
#define SHILLING_CLOUD_AUDITOR_CARD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The auditor's own reading of what cards carry (docs/cards.md): the three records of SHL-C1, 48
 * bytes each, the files of a purchase card, and the keys under which records are signed. Nothing
 * here blocks or allocates, but for the keys, which OpenSSL computes.
 */
enum {
    RECORD_SIZE = 48,
    RECORD_SIGNED_SIZE = 40,
    RECORD_MAC_SIZE = 8,
    RECORD_METER_SIZE = 6,
    RECORD_UID_MAX = 10,
    RECORD_WALLET_SIZE = 8,
    RECORD_ANSWER_SIZE = 49,
    RECORD_KEY_SIZE = 16,
};

enum record_kind { RECORD_CREDIT = 'S', RECORD_RETURN = 'R', RECORD_ISSUE = 'I' };

/* What a record says. Members that its kind does not have are 0. */
struct record {
    uint8_t bytes[RECORD_SIZE];
    uint8_t meter[RECORD_METER_SIZE];
    int64_t key_id;
    int64_t kind;      /* credit: 1 purchase, 2 reversal, 3 replacement, 4 parameters */
    int64_t number;    /* N; Nm; the card's number */
    int64_t total_fen; /* T; Tm */
    int64_t fen;       /* this purchase, < 0 in a reversal; the balance */
    int64_t seq;       /* return: its number */
    int64_t error;     /* return: the meter's error word */
    int64_t energy;    /* return: 0.01 kWh */
};

/** True if @p bytes are a whole record of that kind: form, CRC, a meter's number in BCD. */
MUST_CHECK bool record_read(const uint8_t bytes[RECORD_SIZE], enum record_kind kind,
                            struct record *ret_record);

/* What a purchase card holds. */
struct record_wallet {
    int64_t fen;
    int64_t count;
};

struct record_answer {
    uint8_t meter[RECORD_METER_SIZE];
    int64_t count;
    int64_t balance_fen;
};

/** Any 8 bytes are a wallet. */
struct record_wallet record_wallet_read(const uint8_t bytes[RECORD_WALLET_SIZE]);

/** True if the meter's answer is whole: frame, length and sum. */
MUST_CHECK bool record_answer_read(const uint8_t bytes[RECORD_ANSWER_SIZE],
                                   struct record_answer *ret_answer);

/** Exactly @p size bytes from hex text. */
MUST_CHECK bool record_hex(const char *text, size_t text_size, uint8_t *ret_bytes, size_t size);

/* What signs the records of one meter on one card. */
struct record_signer {
    uint8_t credit[RECORD_KEY_SIZE];
    uint8_t back[RECORD_KEY_SIZE];
    uint8_t uid[RECORD_UID_MAX];
    uint8_t uid_size;
};

/**
 * The keys of a meter under the master key, for the card with that UID. False if @p uid is no UID
 * in hex.
 */
MUST_CHECK bool record_signer_make(const uint8_t master[RECORD_KEY_SIZE],
                                   const uint8_t meter[RECORD_METER_SIZE], const char *uid,
                                   struct record_signer *ret_signer);

/** True if the record's MAC is right. */
MUST_CHECK bool record_is_signed(const struct record_signer *signer, enum record_kind kind,
                                 const uint8_t bytes[RECORD_SIZE]);

#endif
