/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_RECORD_H
#define SHILLING_PROTOCOL_CARD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The three records of the open card format SHL-C1 (docs/cards.md): the credit token that the
 * cloud signs, the return record that the meter signs, the issue record of the desk. Each has 48
 * bytes: three blocks of a MIFARE Classic sector, or one file of a DESFire card. Numbers are
 * little-endian, money is fen.
 *
 * Whoever has no key can tell a whole record from a torn one by its CRC; only who has a key can
 * tell a true one from a forged one (protocol/card/keys.h).
 */

enum {
    CARD_RECORD_SIZE = 48,
    CARD_RECORD_TEXT_SIZE = 2 * CARD_RECORD_SIZE + 1, /* upper case hex and the NUL */
    CARD_RECORD_SIGNED_SIZE = 40,                     /* what the MAC covers */
    CARD_BLOCK_SIZE = 16,
    CARD_RECORD_BLOCKS = CARD_RECORD_SIZE / CARD_BLOCK_SIZE,
    CARD_MAC_SIZE = 8,
    CARD_METER_SIZE = 6,                            /* BCD, as people read it, first digits first */
    CARD_METER_TEXT_SIZE = 2 * CARD_METER_SIZE + 1, /* 12 digits and the NUL */
};

#define CARD_TOTAL_FEN_MAX ((int64_t)0xFFFFFFFFFFFF) /* 48 bits */
#define CARD_FEN24_MAX ((uint32_t)0xFFFFFF)

/* What the bytes of a slot are, as far as that can be told without a key. */
enum card_slot_state {
    CARD_SLOT_EMPTY, /* 48 zero bytes: never written */
    CARD_SLOT_TORN,  /* anything that is no whole record */
    CARD_SLOT_WHOLE,
    CARD_SLOT_COUNT
};

enum card_credit_kind {
    CARD_CREDIT_PURCHASE = 1,
    CARD_CREDIT_REVERSAL = 2,
    CARD_CREDIT_REPLACEMENT = 3,
    CARD_CREDIT_PARAMETERS = 4,
};

/* The credit token. T is cumulative since the meter was opened, so a skipped or repeated token
 * gives nothing twice. */
struct card_credit {
    enum card_credit_kind kind;
    uint8_t flags;
    uint32_t n;                     /* number of the token, per meter */
    uint8_t meter[CARD_METER_SIZE]; /* BCD */
    uint16_t key_id;
    int64_t total_fen;  /* T: 0..CARD_TOTAL_FEN_MAX */
    int32_t amount_fen; /* of this purchase, for display only; negative in a reversal */
    uint32_t issued_at; /* seconds since 1970 */
    uint32_t alarm_fen; /* 0..CARD_FEN24_MAX */
    uint32_t overdraft_fen;
    uint8_t mac[CARD_MAC_SIZE];
};

/* Bits of card_return.status. */
enum {
    CARD_RETURN_RELAY_OPEN = 1,
    CARD_RETURN_ALARM = 2,
    CARD_RETURN_OVERDRAFT = 4,
    CARD_RETURN_CLOCK_BAD = 8,
    CARD_RETURN_TAMPER = 16,
};

/* What the meter says of itself. */
struct card_return {
    uint8_t error;  /* the meter's last error word; 0: none */
    uint8_t status; /* CARD_RETURN_... */
    uint32_t seq;   /* of the record, per meter */
    uint8_t meter[CARD_METER_SIZE];
    uint16_t key_id;
    int64_t total_fen;   /* Tm: what the meter has taken, 0..CARD_TOTAL_FEN_MAX */
    int32_t balance_fen; /* may be negative */
    uint32_t n;          /* Nm: the newest token that the meter has taken */
    uint32_t energy;     /* 0.01 kWh */
    uint32_t at;         /* the meter's clock, seconds since 1970 */
    uint8_t mac[CARD_MAC_SIZE];
};

/* Whose card it is; written by the desk only. */
struct card_issue {
    uint16_t issuer; /* number of the site's operator */
    uint32_t card_no;
    uint8_t meter[CARD_METER_SIZE];
    uint16_t key_id;
    uint8_t customer[CARD_METER_SIZE]; /* BCD */
    uint32_t issued_at;                /* seconds since 1970 */
    uint8_t mac[CARD_MAC_SIZE];
};

/** CRC of ISO/IEC 13239 (X.25: reflected 8408, start FFFF, inverted) over @p size bytes. */
uint16_t card_crc16(const uint8_t *bytes, size_t size);

/* Bytes of a value and back: docs/cards.md, byte for byte. They block nothing and allocate nothing.
 * Encoding writes the CRC, and the MAC as it stands in the value (keys.h signs); values out of
 * their range are a programmer's error. Decoding checks form and CRC, never the MAC, and sets its
 * value only if CARD_SLOT_WHOLE is returned. */

/** Bytes of a credit token. */
void card_credit_encode(const struct card_credit *credit, uint8_t ret_record[CARD_RECORD_SIZE]);
/** Bytes of a return record. */
void card_return_encode(const struct card_return *record, uint8_t ret_record[CARD_RECORD_SIZE]);
/** Bytes of an issue record. */
void card_issue_encode(const struct card_issue *issue, uint8_t ret_record[CARD_RECORD_SIZE]);

/** A credit token, as far as it can be told without a key. */
MUST_CHECK enum card_slot_state card_credit_decode(const uint8_t record[CARD_RECORD_SIZE],
                                                   struct card_credit *ret_credit);
/** A return record, likewise. */
MUST_CHECK enum card_slot_state card_return_decode(const uint8_t record[CARD_RECORD_SIZE],
                                                   struct card_return *ret_record);
/** An issue record, likewise. */
MUST_CHECK enum card_slot_state card_issue_decode(const uint8_t record[CARD_RECORD_SIZE],
                                                  struct card_issue *ret_issue);

/** The 12 digits of a meter or customer number; false for anything else. */
MUST_CHECK bool card_meter_parse(const char *text, uint8_t ret_meter[CARD_METER_SIZE]);
/** The number's 12 digits. */
void card_meter_format(const uint8_t meter[CARD_METER_SIZE], char ret_text[CARD_METER_TEXT_SIZE]);

/** 96 hex digits of a record; false for anything else. */
MUST_CHECK bool card_record_parse(const char *text, uint8_t ret_record[CARD_RECORD_SIZE]);
/** The record's 96 hex digits, upper case. */
void card_record_format(const uint8_t record[CARD_RECORD_SIZE],
                        char ret_text[CARD_RECORD_TEXT_SIZE]);

#endif
