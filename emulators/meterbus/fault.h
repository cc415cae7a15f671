/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_FAULT_H
#define SHILLING_EMULATORS_METERBUS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "emulators/meterbus/frame.h"
#include "emulators/meterbus/meter.h"

/*
 * Faults on command. A fault waits for the next requests that match its filter (meter, control
 * code, data identifier) and spoils the answer in its own way; several may hit one frame.
 */
enum { FAULTS_MAX = 64, FAULT_HEX_MAX = 64 };

enum fault_kind {
    FAULT_LOST_REPLY,    /* executed, not answered */
    FAULT_LOST_REQUEST,  /* neither executed nor answered */
    FAULT_FLIP_BIT,      /* one bit of the reply is wrong */
    FAULT_BAD_CHECKSUM,  /* the sum is wrong by one */
    FAULT_SPLIT,         /* a pause inside the reply */
    FAULT_NOISE_BEFORE,  /* bytes before the reply's FE */
    FAULT_NOISE_INSIDE,  /* bytes in the middle of the frame */
    FAULT_LATE,          /* the reply comes later */
    FAULT_SAME_ADDRESS,  /* a second meter answers at the same time */
    FAULT_WRONG_LENGTH,  /* a sound frame with too few (or too many) data bytes */
    FAULT_BAD_LENGTH,    /* L does not say how many bytes follow */
    FAULT_SHORT_ERROR,   /* a refusal with one error byte */
    FAULT_TRAILING_DATA, /* bytes behind the value, inside the frame */
    FAULT_TRAILING,      /* bytes behind the frame's 16 */
    FAULT_OTHER_ADDRESS, /* the reply carries another address */
    FAULT_CRASH_BEFORE,  /* the emulator is killed before executing */
    FAULT_CRASH_AFTER,   /* the emulator is killed after executing, before the reply */
    FAULT_KIND_COUNT
};

struct fault {
    uint32_t id; /* 0 = free */
    enum fault_kind kind;
    char meter[METER_NAME_SIZE]; /* empty = any */
    int control;                 /* -1 = any */
    int64_t di;                  /* -1 = any */
    uint32_t left;               /* matches still to spoil; 0 = all until cleared */
    bool endless;
    uint32_t hits;
    uint32_t at;  /* byte of the frame, from its 68 */
    uint32_t bit; /* 0..7 */
    uint32_t ms;
    int delta;
    uint8_t bytes[FAULT_HEX_MAX];
    size_t bytes_size;
};

struct faults {
    struct fault list[FAULTS_MAX];
    uint32_t last_id;
};

/**
 * Add a fault from the words behind `fault`: KIND [meter=NAME] [control=HH] [di=XXXXXXXX]
 * [count=N] [at=N] [bit=N] [ms=N] [delta=N] [hex=..]. Returns its id, or 0 and why not.
 */
MUST_CHECK uint32_t faults_add(struct faults *faults, char *words, const char **ret_error);

/** Remove one fault (id), or all (0). False if there is no such fault. */
MUST_CHECK bool faults_clear(struct faults *faults, uint32_t id);

const char *fault_kind_name(enum fault_kind kind);

/**
 * The faults that hit this request, as borrowed pointers indexed by kind (NULL = not). Each of
 * them counts as used.
 */
void faults_match(struct faults *faults, const struct meter *meter, const struct frame *request,
                  struct fault *ret_hits[FAULT_KIND_COUNT]);

/** Forget the faults that are used up; the pointers of faults_match() end here. */
void faults_sweep(struct faults *faults);

#endif
