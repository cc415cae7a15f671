/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_COMMAND_H
#define SHILLING_EMULATORS_PRINTER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How long commands are. A command here is also a character of text, and the head of a picture
 * whose dots follow.
 */

enum { COMMAND_UNKNOWN = 0 };

/**
 * How many bytes the command has that begins with these @p size (>= 1) bytes; more than @p size if
 * that many must be seen first; COMMAND_UNKNOWN if the printer has no such command.
 *
 * @param hanzi      hanzi mode is on
 * @param four_byte  and knows four-byte codes
 */
size_t command_size(const uint8_t *bytes, size_t size, bool hanzi, bool four_byte);

enum { COMMAND_HEAD_MAX = 64 };

/* Follows the borders of commands in a stream, without carrying anything out. */
struct command_frame {
    uint8_t head[COMMAND_HEAD_MAX];
    size_t size;
    size_t skip; /* bytes of a picture still to come */
    bool hanzi;
};

/** Take a byte; true if it began a command. */
bool command_frame_take(struct command_frame *frame, uint8_t byte, bool four_byte);

#endif
