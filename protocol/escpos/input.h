/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ESCPOS_INPUT_H
#define SHILLING_PROTOCOL_ESCPOS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/escpos/job.h"
#include "protocol/escpos/status.h"

/*
 * What a printer sends back: answers, automatic status, echoes and flow control, all in one stream
 * of bytes. Fixed bits tell them apart (Epson programming guide, appendix "transmission status
 * identification").
 */

enum { ESCPOS_BLOCK_SIZE_MAX = 96 /* the longest text block, GS I, has 82 bytes */ };

enum escpos_event_kind {
    ESCPOS_EVENT_EOT,       /* byte: the answer to a DLE EOT; it does not say to which */
    ESCPOS_EVENT_ASB,       /* asb */
    ESCPOS_EVENT_FENCE,     /* byte: the answer to GS r */
    ESCPOS_EVENT_MARK,      /* id: all before that mark is on paper */
    ESCPOS_EVENT_POWER_OFF, /* the printer is about to lose everything */
    ESCPOS_EVENT_FLOW,      /* byte: XON or XOFF */
    ESCPOS_EVENT_OTHER,     /* a block or byte of no use to us */
    ESCPOS_EVENT_COUNT
};

struct escpos_event {
    enum escpos_event_kind kind;
    uint8_t byte;
    uint8_t asb[ESCPOS_ASB_SIZE];
    char id[ESCPOS_ID_SIZE];
};

/* A plain value; {0} is the state at the beginning of a stream. */
struct escpos_input {
    uint8_t block[ESCPOS_BLOCK_SIZE_MAX];
    size_t size; /* 0: between blocks */
};

/**
 * Take one byte of the stream.
 * @return true if it completed an event
 */
MUST_CHECK bool escpos_input_take(struct escpos_input *input, uint8_t byte,
                                  struct escpos_event *ret_event);

#endif
