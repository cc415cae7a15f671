/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: the first byte says what begins. A byte that cannot belong to what has begun ends it as
 * "other" and is looked at as a first byte itself, so that noise costs one block and never the
 * stream. A block that never ends is bounded by ESCPOS_BLOCK_SIZE_MAX.
 */
#include "protocol/escpos/input.h"

#include <string.h>

#include "common/must.h"

enum {
    XON = 0x11,
    XOFF = 0x13,
    HEAD_PROCESS = 0x37, /* process id, off-line and buffer-clear answers: text up to 00 */
    HEAD_INFO = 0x5F,    /* GS I text */
    HEAD_INFO_OLD = 0x3D,
    HEAD_POWER = 0x3B,
    HEAD_INK = 0x35, /* with three more bytes */
    HEAD_EXTENDED_ASB = 0x39,
    PROCESS_ID = 0x22,
    MARK_BLOCK_SIZE = 7, /* 37 22 d1 d2 d3 d4 00 */
    SHORT_BLOCK_SIZE = 4,
};

static bool is_asb_first(uint8_t byte)
{
    return (byte & 0x93U) == 0x10U;
}

static bool is_asb_more(uint8_t byte)
{
    return (byte & 0x90U) == 0;
}

static bool is_text_head(uint8_t byte)
{
    return byte == HEAD_PROCESS || byte == HEAD_INFO || byte == HEAD_INFO_OLD || byte == HEAD_POWER;
}

static bool is_short_head(uint8_t byte)
{
    return byte == HEAD_INK || byte == HEAD_EXTENDED_ASB;
}

static bool single(struct escpos_event *ret_event, enum escpos_event_kind kind, uint8_t byte)
{
    *ret_event = (struct escpos_event){.kind = kind, .byte = byte};
    return true;
}

/* A byte between blocks. */
static bool take_first(struct escpos_input *input, uint8_t byte, struct escpos_event *ret_event)
{
    MUST(input->size == 0);
    if ((byte & 0x93U) == 0x12U) {
        return single(ret_event, ESCPOS_EVENT_EOT, byte);
    }
    if (byte == XON || byte == XOFF) {
        return single(ret_event, ESCPOS_EVENT_FLOW, byte);
    }
    if (is_asb_first(byte) || is_text_head(byte) || is_short_head(byte)) {
        input->block[0] = byte;
        input->size = 1;
        return false;
    }
    if ((byte & 0x90U) == 0) {
        return single(ret_event, ESCPOS_EVENT_FENCE, byte);
    }
    return single(ret_event, ESCPOS_EVENT_OTHER, byte);
}

/* Leave the block that has begun, and look at @p byte anew. Its own event goes first. */
static bool take_instead(struct escpos_input *input, uint8_t byte, struct escpos_event *ret_event)
{
    input->size = 0;
    if (take_first(input, byte, ret_event)) {
        return true;
    }
    return single(ret_event, ESCPOS_EVENT_OTHER, 0);
}

static bool end_text_block(struct escpos_input *input, struct escpos_event *ret_event)
{
    const uint8_t *block = input->block;
    struct escpos_event event = {.kind = ESCPOS_EVENT_OTHER, .byte = block[0]};
    if (block[0] == HEAD_PROCESS && block[1] == PROCESS_ID && input->size == MARK_BLOCK_SIZE) {
        event.kind = ESCPOS_EVENT_MARK;
        memcpy(event.id, block + 2, ESCPOS_ID_SIZE);
    } else if (block[0] == HEAD_POWER && input->size >= 3 && block[1] == 0x30) {
        event.kind = ESCPOS_EVENT_POWER_OFF;
    }
    input->size = 0;
    *ret_event = event;
    return true;
}

static bool take_text(struct escpos_input *input, uint8_t byte, struct escpos_event *ret_event)
{
    bool ends = byte == 0;
    bool is_text = byte >= 0x20 && byte < 0x80;
    if (!ends && !is_text) {
        return take_instead(input, byte, ret_event);
    }
    if (input->size == sizeof(input->block)) {
        return take_instead(input, byte, ret_event);
    }
    input->block[input->size] = byte;
    input->size += 1;
    return ends ? end_text_block(input, ret_event) : false;
}

static bool take_asb(struct escpos_input *input, uint8_t byte, struct escpos_event *ret_event)
{
    if (byte == XON || byte == XOFF) {
        return single(ret_event, ESCPOS_EVENT_FLOW, byte); /* may stand inside */
    }
    if (!is_asb_more(byte)) {
        return take_instead(input, byte, ret_event);
    }
    input->block[input->size] = byte;
    input->size += 1;
    if (input->size < ESCPOS_ASB_SIZE) {
        return false;
    }
    *ret_event = (struct escpos_event){.kind = ESCPOS_EVENT_ASB};
    memcpy(ret_event->asb, input->block, ESCPOS_ASB_SIZE);
    input->size = 0;
    return true;
}

bool escpos_input_take(struct escpos_input *input, uint8_t byte, struct escpos_event *ret_event)
{
    MUST(input->size <= sizeof(input->block));
    if (input->size == 0) {
        return take_first(input, byte, ret_event);
    }
    if (is_asb_first(input->block[0])) {
        return take_asb(input, byte, ret_event);
    }
    if (is_text_head(input->block[0])) {
        return take_text(input, byte, ret_event);
    }
    MUST(is_short_head(input->block[0]));
    input->block[input->size] = byte;
    input->size += 1;
    if (input->size < SHORT_BLOCK_SIZE) {
        return false;
    }
    input->size = 0;
    return single(ret_event, ESCPOS_EVENT_OTHER, input->block[0]);
}
