/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_CARDS_PLASTIC_H
#define SHILLING_SIM_CARDS_PLASTIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Cards and the meters that they are carried to: those of emulators/cardreader and
 * emulators/cardmeter, which share no code with the product, without readers and files. A card has
 * its own keys and access bits, a write to it can be torn in any block, and each meter keeps its
 * own book. At most one card is held to a reader at a time: what is here is the moment of it.
 */
enum {
    PLASTIC_UID_SIZE = 4,
    PLASTIC_BLOCK_SIZE = 16,
    PLASTIC_RECORD_SIZE = 48,
    PLASTIC_KEY_SIZE = 6,
    PLASTIC_SECTORS = 16,
    PLASTIC_TEARS = 7, /* ways to tear a block; cells that read now so, now otherwise, are left to
                        * the driver's own tests: no second terminal can tell them */
};

struct plastic;
struct plastic_meter;

/** A history begins: everything that the emulators draw comes from this. */
void plastic_begin(uint64_t seed);

/* ---- a card ---- */

/** A new card, as the factory sells it. @own; never freed. */
struct plastic *plastic_make(const uint8_t uid[PLASTIC_UID_SIZE]);
/** The desk's reader writes all trailers and the issue record. */
void plastic_issue(struct plastic *card,
                   const uint8_t trailers[PLASTIC_SECTORS][PLASTIC_BLOCK_SIZE],
                   const uint8_t record[PLASTIC_RECORD_SIZE]);
/** A card with the same number and the same bytes. @own; never freed. */
struct plastic *plastic_copy(const struct plastic *card);
/** Put the bytes of @p image back onto @p card. */
void plastic_restore(struct plastic *card, const struct plastic *image);
const uint8_t *plastic_uid(const struct plastic *card);

/* ---- a card that is held to a terminal ---- */

void plastic_lay(struct plastic *card);
/** It will be taken away in the @p at-th block that is written from now (1 is the next). */
void plastic_tear(uint32_t at, uint32_t how, uint32_t k);
/** ... or before the @p at-th exchange. */
void plastic_pull(uint32_t at);
/** From the @p at-th block that is written from now, what is written lasts until the field goes. */
void plastic_weaken(uint32_t at);
/** The field goes, and nothing happens to it any more. */
void plastic_keep(void);
bool plastic_is_gone(void);
/** Field off, on, select. */
bool plastic_reset(void);

/* A sector and its key. */
struct plastic_key {
    uint8_t sector;
    char kind; /* 'A' or 'B' */
    uint8_t key[PLASTIC_KEY_SIZE];
};
/** Its first three blocks. False: gone, or refused. */
bool plastic_read(const struct plastic_key *key, uint8_t ret_record[PLASTIC_RECORD_SIZE]);
bool plastic_trust(const struct plastic_key *key);
/** One block of a trusted sector. False: not all of it is known to be there. */
bool plastic_write(uint8_t sector, uint8_t block, const uint8_t bytes[PLASTIC_BLOCK_SIZE]);

/* ---- a meter ---- */

/* What a sick meter does with a token that takes value back. */
enum plastic_sick { PLASTIC_HEALTHY, PLASTIC_DEAF, PLASTIC_TAKES_THE_NUMBER_ONLY };

/** @param address 12 digits. @own; never freed */
struct plastic_meter *plastic_meter_make(const char *address, const uint8_t master[16],
                                         uint32_t limit_fen);
void plastic_meter_sicken(struct plastic_meter *meter, enum plastic_sick how);
bool plastic_meter_is_sick(const struct plastic_meter *meter);
/** Use what @p fen is worth, at most what is there. */
void plastic_meter_use(struct plastic_meter *meter, int64_t fen);

enum plastic_result {
    PLASTIC_LOADED,
    PLASTIC_KNOWN, /* the token was taken before */
    PLASTIC_STALE, /* a later one was */
    PLASTIC_REFUSED,
};

struct plastic_visit {
    enum plastic_result result;
    int64_t delta_fen;
    uint8_t error; /* the meter's word */
    bool told;     /* both return slots were written */
};

/** Hold a card to it: what it takes, and what it writes back. plastic_tear() hits here, too. */
struct plastic_visit plastic_meter_visit(struct plastic_meter *meter, struct plastic *card,
                                         int64_t now_s);

enum { PLASTIC_ERROR_BELOW_ZERO = 22, PLASTIC_ERROR_FULL = 21 };

/* ---- the meter's own book ---- */

uint32_t plastic_meter_n(const struct plastic_meter *meter);
int64_t plastic_meter_total_fen(const struct plastic_meter *meter);
/** Each token was taken once, in rising order, and what they brought is the total. */
bool plastic_meter_is_sound(const struct plastic_meter *meter);
/** A credit slot (0, 1) holds these very bytes. */
bool plastic_holds(const struct plastic *card, uint8_t slot,
                   const uint8_t record[PLASTIC_RECORD_SIZE]);
/** The number in a credit slot (0, 1) that this meter would believe; 0: none. */
uint32_t plastic_meter_slot(const struct plastic_meter *meter, const struct plastic *card,
                            uint8_t slot);
/** The highest of both. */
uint32_t plastic_meter_best(const struct plastic_meter *meter, const struct plastic *card);

#endif
