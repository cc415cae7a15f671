/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_FRAME_H
#define SHILLING_EMULATORS_METERBUS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * DL/T 645-2007 frames as a meter sees them: 68 A0..A5 68 C L DATA CS 16, data plus 33H, the sum
 * from the first 68 on.
 */
enum {
    FRAME_ADDRESS_SIZE = 6,
    FRAME_DATA_MAX = 255,                 /* L is one byte */
    FRAME_BYTES_MAX = 12 + FRAME_DATA_MAX /* 10 before the data, CS and 16 behind */
};

struct frame {
    uint8_t address[FRAME_ADDRESS_SIZE]; /* low byte first */
    uint8_t control;
    uint8_t size;                 /* bytes of data */
    uint8_t data[FRAME_DATA_MAX]; /* with 33H taken off */
};

/** Finds frames in a stream; holds at most one candidate. Zero it to begin. */
struct frame_scanner {
    uint8_t bytes[FRAME_BYTES_MAX];
    size_t size;
    uint64_t rejected; /* candidates with a wrong sum or end */
};

/**
 * Give the next byte of the stream. True if it completed a frame, which is then in @p ret_frame.
 * After a wrong candidate the search goes on one byte behind its 68, not behind its end.
 */
MUST_CHECK bool frame_scanner_take(struct frame_scanner *scanner, uint8_t byte,
                                   struct frame *ret_frame);

/** Write @p frame as bytes, without FE. Returns their number, 12 + its data. */
size_t frame_build(const struct frame *frame, uint8_t ret_bytes[FRAME_BYTES_MAX]);

/** The data identifier at the beginning of a frame's data; 0 if there are fewer than 4 bytes. */
uint32_t frame_di(const struct frame *frame);

#endif
