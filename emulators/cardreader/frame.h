/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_FRAME_H
#define SHILLING_EMULATORS_CARDREADER_FRAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Frames between a host and a PN532 on its serial line (PN532 user manual, 6.2.1): a start code
 * 00 FF, a length with its complement, a direction byte (TFI), data, a checksum. The host's bytes
 * may come in any pieces and with anything in front.
 */
enum {
    FRAME_DATA_MAX = 264,    /* behind the TFI: the PN532's own buffer of 265 less one */
    FRAME_BUFFER_SIZE = 320, /* an extended frame with its preamble, and some wake-up bytes */
    FRAME_WIRE_MAX = FRAME_DATA_MAX + 16,
    FRAME_ACK_SIZE = 6,
    FRAME_TFI_HOST = 0xD4,
    FRAME_TFI_CHIP = 0xD5,
};

enum frame_kind {
    FRAME_NONE, /* more bytes are needed */
    FRAME_COMMAND,
    FRAME_ACK,
    FRAME_NACK,
    FRAME_BROKEN, /* a start code with something else behind it; it was skipped */
    FRAME_KIND_COUNT
};

struct frame {
    uint8_t data[FRAME_DATA_MAX]; /* command code first */
    size_t size;
};

struct frame_parser {
    uint8_t bytes[FRAME_BUFFER_SIZE];
    size_t size;
};

/** Append what fits; returns how many bytes were taken. */
size_t frame_feed(struct frame_parser *parser, const uint8_t *bytes, size_t size);

/** Take the next frame out of what was fed; @p ret_frame is set for FRAME_COMMAND only. */
enum frame_kind frame_next(struct frame_parser *parser, struct frame *ret_frame);

/** Forget a begun frame. */
void frame_reset(struct frame_parser *parser);

/**
 * The chip's frame around @p data (reply code first, 1..FRAME_DATA_MAX bytes), extended where the
 * length needs it. Returns its size.
 */
size_t frame_encode(const uint8_t *data, size_t size, uint8_t ret_wire[FRAME_WIRE_MAX]);

extern const uint8_t FRAME_ACK_BYTES[FRAME_ACK_SIZE];
extern const uint8_t FRAME_NACK_BYTES[FRAME_ACK_SIZE];

enum { FRAME_ERROR_SIZE = 8 };
/** What the chip says instead of a reply to a command that it does not know. */
extern const uint8_t FRAME_ERROR_BYTES[FRAME_ERROR_SIZE];

#endif
