/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CARD_H
#define SHILLING_EMULATORS_CARDREADER_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/cells.h"
#include "emulators/cardreader/classic.h"
#include "emulators/cardreader/cpucard.h"
#include "emulators/cardreader/desfire.h"
#include "emulators/cardreader/simple.h"

/*
 * One card: what every ISO 14443 type A card has, and the memory of its kind. A kind is reached
 * through its operations only, so that the field and the chip know none of them by name.
 */
enum {
    CARD_NAME_SIZE = 64,
    CARD_PATH_SIZE = 512,
    CARD_UID_MAX = 10,
    CARD_ATS_MAX = 20,
    CARD_ANSWER_MAX = 262, /* what one reply of the chip carries */
};

/** States of ISO/IEC 14443-3 and -4, as far as a reader can tell them apart. */
enum card_state {
    CARD_IDLE,
    CARD_ACTIVE,   /* selected */
    CARD_PROTOCOL, /* ... and RATS answered: ISO 14443-4 blocks */
    CARD_HALT,
    CARD_STATE_COUNT
};

/** Status bytes of a PN532 (user manual, 7.1). */
enum card_status {
    CARD_OK = 0x00,
    CARD_SILENT = 0x01,     /* no answer in time */
    CARD_REFUSED = 0x13,    /* an answer that is none: a 4-bit NAK */
    CARD_NOT_TRUSTED = 0x14 /* MIFARE authentication failed */
};

struct card_answer {
    enum card_status status;
    uint8_t bytes[CARD_ANSWER_MAX];
    size_t size;
};

struct card_uid {
    uint8_t bytes[CARD_UID_MAX];
    size_t size;
};

struct card;

struct card_kind {
    const char *name;
    bool speaks_blocks; /* ISO 14443-4: exchange takes APDUs; else MIFARE commands */
    /** The field went: forget what is volatile. */
    void (*power_lost)(struct card *card);
    /** Answer one command. */
    void (*exchange)(struct card *card, const uint8_t *bytes, size_t size,
                     struct card_answer *ret_answer);
    /** Read an image's text or bytes; false if it is none. */
    bool (*load)(struct card *card, const uint8_t *image, size_t size);
    /** Write an image into @p ret_image; its size, 0 without room. */
    size_t (*save)(const struct card *card, uint8_t *ret_image, size_t room);
    /** Make it new; false if the UID does not fit. */
    bool (*make)(struct card *card, const struct card_uid *uid);
};

struct card {
    const struct card_kind *kind; /* NULL: a free place */
    char name[CARD_NAME_SIZE];
    char path[CARD_PATH_SIZE]; /* empty: it lives in memory only */
    uint8_t uid[CARD_UID_MAX];
    size_t uid_size;
    bool uid_is_random; /* drawn anew at each loss of power */
    uint8_t atqa[2];    /* as the chip reports it: high byte first */
    uint8_t sak;
    uint8_t ats[CARD_ATS_MAX]; /* its length byte first */
    size_t ats_size;
    enum card_state state;
    bool was_halted;    /* selected out of HALT: falls back there */
    bool raw_write_due; /* the first half of a raw MIFARE write was heard */
    uint8_t raw_block;
    struct cells *cells;  /* borrowed */
    uint64_t write_count; /* exchanges that changed its memory */
    union {
        struct classic classic;
        struct desfire desfire;
        struct cpucard cpu;
        struct simple simple;
    } memory;
};

/** The card leaves the selected state by an error of its own or a command it does not know. */
void card_fall_back(struct card *card);

/**
 * A frame as it goes through the air (without its checksum), to a selected card: RATS, R blocks,
 * deselection, HLTA, and MIFARE commands with the write in its two halves.
 */
void card_raw_exchange(struct card *card, const uint8_t *bytes, size_t size,
                       struct card_answer *ret_answer);

#endif
