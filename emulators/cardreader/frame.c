/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: look for 00 FF, judge what follows. What is no frame costs its start code only: the next
 * search begins one byte later, so a sound frame behind noise is found. A frame's postamble is not
 * taken with it: it may be missing, and the search skips it; what it must not do is eat the first
 * 00 of the next frame.
 */
#include "emulators/cardreader/frame.h"

#include <string.h>

#include "emulators/cardreader/bytes.h"

const uint8_t FRAME_ACK_BYTES[FRAME_ACK_SIZE] = {0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00};
const uint8_t FRAME_NACK_BYTES[FRAME_ACK_SIZE] = {0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00};
const uint8_t FRAME_ERROR_BYTES[FRAME_ERROR_SIZE] = {0x00, 0x00, 0xFF, 0x01,
                                                     0xFF, 0x7F, 0x81, 0x00};

size_t frame_feed(struct frame_parser *parser, const uint8_t *bytes, size_t size)
{
    size_t room = sizeof(parser->bytes) - parser->size;
    size_t taken = size < room ? size : room;
    if (taken > 0) {
        memcpy(parser->bytes + parser->size, bytes, taken);
        parser->size += taken;
    }
    return taken;
}

void frame_reset(struct frame_parser *parser)
{
    parser->size = 0;
}

static void drop(struct frame_parser *parser, size_t count)
{
    parser->size -= count;
    memmove(parser->bytes, parser->bytes + count, parser->size);
}

/* Put 00 FF at the front of the buffer; false if there is none yet. */
static bool find_start(struct frame_parser *parser)
{
    size_t at = 0;
    while (at + 1 < parser->size && (parser->bytes[at] != 0x00 || parser->bytes[at + 1] != 0xFF)) {
        at += 1;
    }
    if (at + 1 < parser->size) {
        drop(parser, at);
        return true;
    }
    /* A last 00 may be the first half of a start code. */
    bool keep = at < parser->size && parser->bytes[at] == 0x00;
    drop(parser, keep ? at : parser->size);
    return false;
}

static enum frame_kind finish(struct frame_parser *parser, size_t used, enum frame_kind kind)
{
    drop(parser, used);
    return kind;
}

/* The body of a frame: TFI, data, checksum. @p head bytes stand before it. */
static enum frame_kind take_body(struct frame_parser *parser, size_t head, size_t length,
                                 struct frame *ret_frame)
{
    if (length < 2 || length > FRAME_DATA_MAX + 1) {
        return finish(parser, 1, FRAME_BROKEN);
    }
    if (parser->size < head + length + 1) {
        return FRAME_NONE;
    }
    const uint8_t *body = parser->bytes + head;
    uint8_t sum = 0;
    for (size_t i = 0; i <= length; i++) {
        sum = (uint8_t)(sum + body[i]);
    }
    if (sum != 0 || body[0] != FRAME_TFI_HOST) {
        return finish(parser, 1, FRAME_BROKEN);
    }
    ret_frame->size = length - 1;
    memcpy(ret_frame->data, body + 1, ret_frame->size);
    return finish(parser, head + length + 1, FRAME_COMMAND);
}

static enum frame_kind take_extended(struct frame_parser *parser, struct frame *ret_frame)
{
    enum { HEAD = 7 };
    if (parser->size < HEAD) {
        return FRAME_NONE;
    }
    const uint8_t *length = parser->bytes + 4;
    if ((uint8_t)(length[0] + length[1] + length[2]) != 0) {
        return finish(parser, 1, FRAME_BROKEN);
    }
    return take_body(parser, HEAD, bytes_be16(length), ret_frame);
}

enum frame_kind frame_next(struct frame_parser *parser, struct frame *ret_frame)
{
    enum { HEAD = 4 };
    if (!find_start(parser) || parser->size < HEAD) {
        return FRAME_NONE;
    }
    uint8_t length = parser->bytes[2];
    uint8_t complement = parser->bytes[3];
    if (length == 0x00 && complement == 0xFF) {
        return finish(parser, HEAD, FRAME_ACK);
    }
    if (length == 0xFF && complement == 0x00) {
        return finish(parser, HEAD, FRAME_NACK);
    }
    if (length == 0xFF && complement == 0xFF) {
        return take_extended(parser, ret_frame);
    }
    if ((uint8_t)(length + complement) != 0) {
        return finish(parser, 1, FRAME_BROKEN);
    }
    return take_body(parser, HEAD, length, ret_frame);
}

size_t frame_encode(const uint8_t *data, size_t size, uint8_t ret_wire[FRAME_WIRE_MAX])
{
    size_t length = size + 1;
    size_t at = 0;
    uint8_t sum = FRAME_TFI_CHIP;
    ret_wire[at++] = 0x00;
    ret_wire[at++] = 0x00;
    ret_wire[at++] = 0xFF;
    if (length > 0xFF) {
        ret_wire[at++] = 0xFF;
        ret_wire[at++] = 0xFF;
        ret_wire[at++] = (uint8_t)(length >> 8);
        ret_wire[at++] = (uint8_t)length;
        ret_wire[at] = (uint8_t)(0U - ret_wire[at - 1] - ret_wire[at - 2]);
        at += 1;
    } else {
        ret_wire[at++] = (uint8_t)length;
        ret_wire[at++] = (uint8_t)(0U - length);
    }
    ret_wire[at++] = FRAME_TFI_CHIP;
    for (size_t i = 0; i < size; i++) {
        ret_wire[at++] = data[i];
        sum = (uint8_t)(sum + data[i]);
    }
    ret_wire[at++] = (uint8_t)(0U - sum);
    ret_wire[at++] = 0x00;
    return at;
}
