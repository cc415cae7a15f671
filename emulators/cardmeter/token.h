/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDMETER_TOKEN_H
#define SHILLING_EMULATORS_CARDMETER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The records of an SHL-C1 card, as a meter's firmware would have them: what the cloud wrote for
 * it (credit), what it writes back (return). All numbers low byte first.
 */
enum {
    TOKEN_SIZE = 48,
    TOKEN_METER_SIZE = 6,
    TOKEN_KEY_SIZE = 16,
    TOKEN_SECTOR_KEY_SIZE = 6,
    TOKEN_UID_MAX = 10,
};

/** The three keys of one meter. A meter never has the master that they are made of. */
struct token_keys {
    uint8_t credit[TOKEN_KEY_SIZE];
    uint8_t give_back[TOKEN_KEY_SIZE];
    uint8_t sector[TOKEN_KEY_SIZE];
};

struct token_uid {
    const uint8_t *bytes; /* borrowed */
    size_t size;
};

enum token_kind {
    TOKEN_PURCHASE = 1,
    TOKEN_REVERSAL = 2,
    TOKEN_REPLACEMENT = 3,
    TOKEN_PARAMETERS = 4
};

struct token_credit {
    uint8_t kind; /* enum token_kind */
    uint32_t n;
    uint8_t meter[TOKEN_METER_SIZE];
    uint16_t key_id;
    uint64_t t_fen;
    int32_t amount_fen;
    uint32_t issued_at;
    uint32_t alarm_fen;
    uint32_t overdraft_fen;
};

struct token_return {
    uint8_t error;
    uint8_t status;
    uint32_t seq;
    uint8_t meter[TOKEN_METER_SIZE];
    uint16_t key_id;
    uint64_t t_fen;
    int32_t balance_fen;
    uint32_t n;
    uint32_t energy; /* 0.01 kWh */
    uint32_t at;     /* seconds since 1970 by the meter's clock */
};

/** What a slot turned out to be, the first reason that applies. */
enum token_fault {
    TOKEN_GOOD,
    TOKEN_FORMAT, /* not this record, or torn */
    TOKEN_METER,  /* another meter's */
    TOKEN_MAC,
    TOKEN_FAULT_COUNT
};

/** For the factory only: a meter's keys out of a master key. */
void token_keys_make(const uint8_t master[TOKEN_KEY_SIZE], const uint8_t meter[TOKEN_METER_SIZE],
                     struct token_keys *ret_keys);

/** Key A or B of a sector of the card with that UID. */
void token_sector_key(const struct token_keys *keys, const struct token_uid *uid, uint8_t sector,
                      char kind, uint8_t ret_key[TOKEN_SECTOR_KEY_SIZE]);

/** Key 0..3 of our application on the DESFire card with that UID. */
void token_desfire_key(const struct token_keys *keys, const struct token_uid *uid, uint8_t number,
                       uint8_t ret_key[TOKEN_KEY_SIZE]);

/** Read a credit slot; @p ret_credit is set if the answer is TOKEN_GOOD. */
enum token_fault token_credit_read(const uint8_t slot[TOKEN_SIZE], const struct token_keys *keys,
                                   const uint8_t meter[TOKEN_METER_SIZE],
                                   const struct token_uid *uid, struct token_credit *ret_credit);

/** The sequence number of a sound return slot of any meter; false if it is torn or empty. */
bool token_return_seq(const uint8_t slot[TOKEN_SIZE], uint32_t *ret_seq);

void token_return_write(const struct token_return *record, const struct token_keys *keys,
                        const struct token_uid *uid, uint8_t ret_slot[TOKEN_SIZE]);

#endif
