/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_DOUBLE_PURCHASE_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_DOUBLE_PURCHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/card/purchase.h"

/*
 * A purchase card of Q/GDW 1365 with the test algorithms, and a meter that obeys the rule of
 * counts. (The emulator's card, which shares no code with us, is asked in tests/unit/drivers_nfc
 * and tests/e2e.)
 */
struct double_purchase {
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    struct purchase_keys keys;
    struct purchase_files files;
    unsigned tries_left;
    unsigned updates;
    /* what it remembers until the next selection */
    bool in_folder;
    bool trusts;
    bool has_challenge;
    uint8_t challenge[PURCHASE_RANDOM_SIZE];
};

enum { DOUBLE_PURCHASE_TRIES = 5 };

/** A blank one; its number ends with @p number. */
struct double_purchase double_purchase_make(const uint8_t master[CARD_KEY_SIZE], uint8_t number);

/** A command and the card's answer. */
struct apdu double_purchase_hear(struct double_purchase *card, const struct apdu *command);
/** It lost its field. */
void double_purchase_drop(struct double_purchase *card);

struct purchase_meter {
    uint8_t number[CARD_METER_SIZE];
    uint8_t customer[CARD_METER_SIZE];
    uint8_t serial[PURCHASE_SERIAL_SIZE]; /* of the card that it knows */
    bool is_open;
    uint32_t count;
    int64_t balance_fen;
    uint8_t minute; /* of its clock */
};

/** The card is put into the meter. True if the meter loaded a purchase. */
bool purchase_meter_load(struct purchase_meter *meter, struct double_purchase *card);

#endif
