/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDMETER_BOOK_H
#define SHILLING_EMULATORS_CARDMETER_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardmeter/token.h"

/*
 * What one meter remembers: its number and keys, what it took, what is left. It is a text file
 * NUMBER.meter, written, synced and renamed into place before the meter tells a card anything.
 */
enum {
    BOOK_PATH_SIZE = 512,
    BOOK_MICROS_PER_FEN = 10000, /* 1 micro is 0.000001 yuan: what 0.01 kWh at 0.0001 yuan costs */
    BOOK_ENTRIES_MAX = 200,      /* the newest are kept */
    BOOK_SERIAL_SIZE = 8,
};

/** One credit or reversal that the meter took. */
struct book_entry {
    uint32_t n;
    uint8_t kind;
    int64_t delta_fen;
    int64_t before_fen;
    int64_t after_fen;
    int64_t at;
};

struct book {
    uint8_t meter[TOKEN_METER_SIZE];
    uint16_t key_id;
    struct token_keys keys;
    uint32_t n;
    uint64_t t_fen;
    int64_t balance_micros;
    uint32_t seq;
    uint8_t error;
    uint32_t energy; /* 0.01 kWh */
    uint32_t price_e4;
    uint32_t alarm_fen;
    uint32_t overdraft_fen;
    uint32_t hoarding_fen; /* 0: no limit */
    int64_t clock_offset_s;
    bool clock_bad;
    bool tampered;
    /* the purchase card of Q/GDW 1365 */
    bool opened;
    uint32_t purchase_count;
    uint32_t illegal_count;
    uint8_t customer[TOKEN_METER_SIZE];
    uint8_t serial[BOOK_SERIAL_SIZE];
    struct book_entry entries[BOOK_ENTRIES_MAX];
    size_t entry_count;
};

/** Bits of a return record's status byte. */
enum book_status {
    BOOK_RELAY_OPEN = 1,
    BOOK_ALARM = 2,
    BOOK_OVERDRAWN = 4,
    BOOK_CLOCK_BAD = 8,
    BOOK_TAMPERED = 16
};

/** A new meter with nothing in it. */
void book_init(struct book *book, const uint8_t meter[TOKEN_METER_SIZE]);

/** The books out of their text; false if it is damaged, then @p book is of no use. */
bool book_parse(struct book *book, const uint8_t *text, size_t size);

/** The text; 0 if there is no room. */
size_t book_text(const struct book *book, char *ret_text, size_t room);

/** Read DIR/NUMBER.meter; false if there is none or it is damaged. */
bool book_load(struct book *book, const char *dir, const char *number);

/** Write it back durably. */
bool book_store(const struct book *book, const char *dir);

/** The balance in fen, rounded down. */
int64_t book_balance_fen(const struct book *book);

uint8_t book_status(const struct book *book);

/** Count what was taken; the balance changes with it. */
void book_take(struct book *book, const struct token_credit *credit, int64_t delta_fen, int64_t at);

/** Use energy (0.01 kWh), as far as the relay lets it; returns what was used. */
uint32_t book_use(struct book *book, uint32_t energy);

/** The 12 digits of a meter's number. */
bool book_number(const char *text, uint8_t ret_meter[TOKEN_METER_SIZE]);

#endif
