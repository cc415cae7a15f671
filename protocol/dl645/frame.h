/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_FRAME_H
#define SHILLING_PROTOCOL_DL645_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * The frame of DL/T 645-2007: FE.. 68 A0..A5 68 C L DATA CS 16. This file knows bytes, lengths and
 * the checksum; what DATA means is protocol/dl645/message.h.
 */

enum {
    DL645_DATA_SIZE_MAX = 200,    /* L of a read reply; requests stay below 50 (standard, 5.2.5) */
    DL645_FRAME_SIZE_MIN = 12,    /* L = 0 */
    DL645_FRAME_SIZE_MAX = 212,   /* L = 200 */
    DL645_PREAMBLE_SENT = 4,      /* the master sends four FE; any number is accepted */
    DL645_PREAMBLE_SENT_MAX = 16, /* more only costs wire time */
    DL645_WIRE_SIZE_MAX = 228,    /* the longest frame behind the longest preamble */
    DL645_ADDRESS_SIZE = 6,
    DL645_ADDRESS_TEXT_SIZE = 13, /* 12 digits and the NUL */
    DL645_FAULT_TEXT_SIZE = 120,
};

/* The control byte: bit 7 meter's reply, bit 6 refused, bit 5 more frames follow, 4..0 function. */
#define DL645_CONTROL_REPLY 0x80U
#define DL645_CONTROL_ERROR 0x40U
#define DL645_CONTROL_MORE 0x20U
#define DL645_CONTROL_FUNCTION 0x1FU

/** One frame without its wrapping. A plain value. */
struct dl645_frame {
    uint8_t address[DL645_ADDRESS_SIZE]; /* as on the wire: lowest digits first */
    uint8_t control;
    uint8_t data_size;                 /* 0..DL645_DATA_SIZE_MAX */
    uint8_t data[DL645_DATA_SIZE_MAX]; /* DATA with the 33H already taken off */
};

/** What is wrong with bytes that should be a frame. */
enum dl645_check {
    DL645_CHECK_OK = 0,
    DL645_CHECK_NO_START,  /* no 68 anywhere */
    DL645_CHECK_START_2,   /* the byte after the address is not the second 68 */
    DL645_CHECK_LENGTH,    /* L above 200 */
    DL645_CHECK_TRUNCATED, /* the input ends before the frame does */
    DL645_CHECK_SUM,       /* the checksum does not match */
    DL645_CHECK_END,       /* no 16 where L says that the frame ends */
    DL645_CHECK_COUNT
};

/**
 * Everything that could be read of a frame, good or bad: for tools and for messages that name the
 * byte. Members behind the place where a bad frame breaks off are zero; `size_read` tells.
 */
struct dl645_inspection {
    enum dl645_check check;
    size_t at;            /* offset in the input of the byte that is wrong */
    size_t start;         /* offset of the frame's first 68 */
    size_t preamble;      /* FE bytes directly before it */
    size_t size_read;     /* bytes of the frame that are there, from its first 68 on */
    uint8_t length;       /* L as sent; valid if size_read > 9 */
    uint8_t sum_computed; /* valid if sum_known */
    uint8_t sum_printed;  /* valid if sum_known */
    bool sum_known;       /* DATA and CS are there */
    uint8_t address[DL645_ADDRESS_SIZE]; /* valid if size_read > 6 */
    uint8_t control;                     /* valid if size_read > 8 */
    struct dl645_frame frame; /* whole only if check is OK, or if all but CS and 16 is right */
};

/**
 * Find and check one frame in @p size bytes at @p bytes (noise and FE before it, anything after it
 * allowed). The first frame that is right wins; if none is, the inspection is of the first place
 * that looks most like one. Never fails: the verdict is ret_inspection->check.
 */
void dl645_inspect(const uint8_t *bytes, size_t size, struct dl645_inspection *ret_inspection);

/**
 * Check the one candidate that begins with the 68 at @p bytes[0]; offsets count from there.
 * A verdict of DL645_CHECK_TRUNCATED means: so far nothing is wrong, more bytes decide.
 */
void dl645_inspect_at(const uint8_t *bytes, size_t size, struct dl645_inspection *ret_inspection);

/** Say in one line which byte is wrong and why ("" for a good frame). Returns @p ret_text. */
char *dl645_fault_format(const struct dl645_inspection *inspection,
                         char ret_text[DL645_FAULT_TEXT_SIZE]);

/**
 * Decode the first good frame in @p size bytes.
 * @return OK; ERR_INCOMPLETE (ends too early); ERR_CHECKSUM; ERR_FORMAT (no frame in it)
 */
MUST_CHECK enum err dl645_frame_decode(const uint8_t *bytes, size_t size,
                                       struct dl645_frame *ret_frame);

/**
 * Write @p preamble (0..DL645_PREAMBLE_SENT_MAX) FE bytes and the frame.
 * @param ret_bytes  room for @p bytes_size; DL645_WIRE_SIZE_MAX always suffices
 * @return OK; ERR_FULL (no room); ERR_RANGE (data_size or preamble too large)
 */
MUST_CHECK enum err dl645_frame_encode(const struct dl645_frame *frame, size_t preamble,
                                       uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size);

#endif
