/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_FAULT_H
#define SHILLING_EMULATORS_CARDREADER_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What goes wrong, and when. A fault waits for the n-th event of its place, counted from the
 * moment it was armed, then hits; what it does is collected in struct fault_hits, and the part
 * of the reader that had the event acts on it.
 */
enum {
    FAULTS_MAX = 32, /* a sweep arms a few at a time */
    FAULT_HEX_MAX = 64,
    FAULT_NAME_SIZE = 64,
};

/** What is counted. */
enum fault_place {
    FAULT_AT_COMMAND,   /* a command frame came in */
    FAULT_AT_EXCHANGE,  /* the chip sends something to a listed card */
    FAULT_AT_SELECT,    /* InListPassiveTarget or InAutoPoll looks for cards */
    FAULT_AT_WRITE,     /* a card programs one block, or one commit */
    FAULT_AT_HOST_BYTE, /* a byte of the host came in */
    FAULT_AT_CHIP_BYTE, /* a byte of the chip went out */
    FAULT_PLACE_COUNT
};

enum fault_kind {
    FAULT_REMOVE,
    FAULT_SWAP,
    FAULT_LOSE,
    FAULT_STATUS,
    FAULT_TEAR,
    FAULT_POWER_CUT,
    FAULT_UNPLUG,
    FAULT_MUTE,
    FAULT_CUT,
    FAULT_DROP,
    FAULT_FLIP,
    FAULT_NOISE,
    FAULT_NO_ACK,
    FAULT_NACK,
    FAULT_STUTTER,
    FAULT_DELAY,
    FAULT_STRAY,
    FAULT_KIND_COUNT
};

/** What of a block was programmed when the field went. */
enum fault_tear {
    TEAR_BEFORE,
    TEAR_AFTER,
    TEAR_FRONT, /* the first k bytes are new */
    TEAR_BACK,  /* the last k bytes are new */
    TEAR_ZEROS,
    TEAR_ONES,
    TEAR_RANDOM,   /* each bit old or new */
    TEAR_UNSTABLE, /* each read differs until the block is written again */
    TEAR_WEAK,     /* reads well until the field goes, then as TEAR_UNSTABLE */
    TEAR_COUNT
};

struct fault {
    uint32_t id; /* 0: free */
    enum fault_kind kind;
    enum fault_place place;
    uint32_t at;    /* events until it hits; 1 = the next */
    uint32_t count; /* how often it hits; 0 = until cleared */
    uint32_t value; /* the status byte; the byte of a cut or flip; k of a tear; milliseconds */
    uint32_t bit;
    enum fault_tear tear;
    bool done; /* a card carries the exchange out first */
    bool stay; /* a torn card stays on the reader */
    uint8_t bytes[FAULT_HEX_MAX];
    size_t size;
    char name[FAULT_NAME_SIZE]; /* the card of a swap */
};

struct fault_hits {
    bool by_kind[FAULT_KIND_COUNT];
    struct fault last[FAULT_KIND_COUNT]; /* valid where by_kind is true */
};

struct faults {
    struct fault all[FAULTS_MAX];
    uint32_t next_id;
    uint64_t random_state;
    uint64_t hit_count;
    uint64_t events[FAULT_PLACE_COUNT]; /* since the last reset of the counters */
};

void faults_init(struct faults *faults, uint64_t seed);

/** 64 random bits, the same for the same seed and history. */
uint64_t faults_random(struct faults *faults);

/** @p size random bytes. */
void faults_random_bytes(struct faults *faults, uint8_t *ret_bytes, size_t size);

/**
 * Arm a fault by words: KIND [command=N|exchange=N|select=N|write=N] [count=N] [KEY=VALUE]...
 * Returns its number, or 0 with *ret_why set.
 */
uint32_t faults_add(struct faults *faults, char *words, const char **ret_why);

/** Disarm one, or all with @p id 0; false if there is none such. */
bool faults_clear(struct faults *faults, uint32_t id);

/** True if a fault stands at that place: its events must be counted one by one. */
bool faults_wait_at(const struct faults *faults, enum fault_place place);

/** Count an event; what hits is added to @p hits, which the caller has zeroed. */
void faults_event(struct faults *faults, enum fault_place place, struct fault_hits *hits);

const char *fault_kind_name(enum fault_kind kind);
const char *fault_place_name(enum fault_place place);

#endif
