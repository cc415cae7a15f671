/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CHIP_H
#define SHILLING_EMULATORS_CARDREADER_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/fault.h"
#include "emulators/cardreader/field.h"
#include "emulators/cardreader/frame.h"
#include "emulators/cardreader/line.h"

/*
 * The PN532 itself (user manual UM0701-02): what it does with a host's bytes, and what it sends.
 * It knows no descriptors and no clock; the moment is given with every call.
 */
enum {
    CHIP_TARGETS_MAX = 2,
    CHIP_REGISTERS = 0x40, /* 6300..633F */
    CHIP_CHAIN_MAX = 512,  /* an APDU that comes or goes in parts */
};

enum chip_power {
    CHIP_DEAD,     /* no current */
    CHIP_LOW_VBAT, /* just powered: hears SAMConfiguration only */
    CHIP_NORMAL,
    CHIP_POWER_DOWN, /* asleep by command */
    CHIP_POWER_COUNT
};

struct chip_reply {
    uint8_t bytes[FRAME_DATA_MAX];
    size_t size;
    bool waits;       /* no reply yet: the command is pending */
    bool is_error;    /* the error frame instead */
    bool ends_asleep; /* PowerDown: after the reply has left */
};

/** What the chip asks of the world around it. */
struct chip_world {
    void *context; /* given back as the first argument */
    /** A card's memory changed: store it before the reply leaves. */
    void (*store)(void *context, struct card *card);
    /** Take all cards away and lay the one of that name. */
    void (*swap)(void *context, const char *name);
    /** The plug is pulled. */
    void (*unplug)(void *context);
};

struct chip_counters {
    uint64_t commands;
    uint64_t exchanges;
    uint64_t selects;
    uint64_t broken_frames;
    uint64_t aborts;
};

struct chip {
    struct chip_world world;
    struct field *field;   /* borrowed */
    struct faults *faults; /* borrowed */
    struct cells *cells;   /* borrowed */
    struct line *out;      /* borrowed: towards the host */
    enum chip_power power;
    bool awake; /* 55 was heard since the last sleep */
    bool mute;
    int64_t mute_until_us; /* 0: until told otherwise */
    int64_t now_us;
    int64_t last_byte_us;
    uint32_t abort_dead_us; /* a host that speaks so soon after an abort is not heard */
    int64_t deaf_until_us;
    int64_t exchange_us; /* what each exchange with a card costs */
    struct frame_parser parser;
    uint8_t registers[CHIP_REGISTERS];
    uint8_t parameters;
    uint8_t select_retries;
    struct card *targets[CHIP_TARGETS_MAX]; /* listed; NULL: none */
    size_t current;                         /* the selected one, 1..; 0: none */
    struct card *air_card; /* it answered a raw call and is not yet selected; NULL: none */
    uint8_t chain_in[CHIP_CHAIN_MAX];
    size_t chain_in_size;
    struct frame pending;
    bool has_pending;
    int64_t pending_until_us;          /* an InAutoPoll that ends by itself; INT64_MAX: never */
    uint8_t last_wire[FRAME_WIRE_MAX]; /* for a host's NACK */
    size_t last_wire_size;
    struct fault_hits hits; /* of the command under way */
    struct fault_hits byte_hits;
    struct chip_counters counters;
    int64_t reply_pause_us; /* what the command under way took */
};

/** Everything as after power-on; @p chip's borrowed pointers and world stay. */
void chip_power_on(struct chip *chip);

/** Without current: silent, the carrier off. */
void chip_power_off(struct chip *chip);

/** Bytes of the host have arrived. */
void chip_receive(struct chip *chip, const uint8_t *bytes, size_t size, int64_t now_us);

/**
 * A byte of the chip went out to the host: what stands at it happens. Needed while
 * faults_wait_at(FAULT_AT_CHIP_BYTE) only.
 */
void chip_byte_left(struct chip *chip);

/** A card was laid, or time has passed: see whether a waiting command is done. */
void chip_turn(struct chip *chip, int64_t now_us);

/** When chip_turn() must be called at the latest; INT64_MAX: never. */
int64_t chip_next_us(const struct chip *chip);

#endif
