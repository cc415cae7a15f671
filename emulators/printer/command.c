/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: a table of the commands with a fixed length, written from Epson's command reference, and
 * rules for the few whose parameters say how long they are.
 */
#include "emulators/printer/command.h"

static size_t word_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

enum { ESC = 0x1B, FS = 0x1C, GS = 0x1D, DLE = 0x10, TAB_LIST_MAX = 35 };

struct fixed {
    uint8_t prefix;
    uint8_t code;
    uint8_t size;
};

static const struct fixed FIXED[] = {
    {ESC, 0x20, 3}, {ESC, 0x21, 3}, {ESC, 0x24, 4}, {ESC, 0x2D, 3}, {ESC, 0x32, 2}, {ESC, 0x33, 3},
    {ESC, 0x40, 2}, {ESC, 0x45, 3}, {ESC, 0x47, 3}, {ESC, 0x4A, 3}, {ESC, 0x4D, 3}, {ESC, 0x52, 3},
    {ESC, 0x56, 3}, {ESC, 0x5C, 4}, {ESC, 0x61, 3}, {ESC, 0x63, 4}, {ESC, 0x64, 3}, {ESC, 0x69, 2},
    {ESC, 0x6D, 2}, {ESC, 0x74, 3}, {ESC, 0x76, 2}, {ESC, 0x7B, 3}, {FS, 0x21, 3},  {FS, 0x26, 2},
    {FS, 0x2D, 3},  {FS, 0x2E, 2},  {FS, 0x43, 3},  {FS, 0x53, 4},  {FS, 0x57, 3},  {GS, 0x21, 3},
    {GS, 0x42, 3},  {GS, 0x49, 3},  {GS, 0x4C, 4},  {GS, 0x50, 4},  {GS, 0x57, 4},  {GS, 0x61, 3},
    {GS, 0x62, 3},  {GS, 0x72, 3},  {GS, 0x76, 8},
};

static size_t fixed_size(uint8_t prefix, uint8_t code)
{
    for (size_t i = 0; i < sizeof(FIXED) / sizeof(FIXED[0]); i++) {
        if (FIXED[i].prefix == prefix && FIXED[i].code == code) {
            return FIXED[i].size;
        }
    }
    return COMMAND_UNKNOWN;
}

/* GS V: the forms with a feed have one parameter more. */
static size_t cut_size(const uint8_t *bytes, size_t size)
{
    if (size < 3) {
        return 3;
    }
    uint8_t form = bytes[2];
    bool plain = form == 0x00 || form == 0x01 || form == 0x30 || form == 0x31;
    bool feeds = form == 0x41 || form == 0x42 || form == 0x61 || form == 0x62 || form == 0x67 ||
                 form == 0x68;
    return plain ? 3 : feeds ? 4 : COMMAND_UNKNOWN;
}

/* ESC D n1 ... nk 00. */
static size_t tab_list_size(const uint8_t *bytes, size_t size)
{
    bool ended = size > 2 && bytes[size - 1] == 0;
    return ended ? size : size < TAB_LIST_MAX ? size + 1 : COMMAND_UNKNOWN;
}

/* GS ( fn pL pH ...: the head, or all of it for GS ( H, which is short. */
static size_t extended_size(const uint8_t *bytes, size_t size)
{
    if (size < 5) {
        return 5;
    }
    size_t parameters = word_at(bytes + 3);
    bool is_mark = bytes[2] == 'H' && parameters <= 8;
    return is_mark ? 5 + parameters : 5;
}

static size_t dle_size(const uint8_t *bytes, size_t size)
{
    if (size < 3) {
        return 3; /* carried out long ago; as a command it only takes up room */
    }
    bool known = bytes[1] == 0x04 || bytes[1] == 0x05;
    return known ? 3 : COMMAND_UNKNOWN;
}

static size_t hanzi_size(const uint8_t *bytes, size_t size, bool four_byte)
{
    if (size < 2) {
        return 2;
    }
    bool is_four = four_byte && bytes[1] >= 0x30 && bytes[1] <= 0x39;
    return is_four ? 4 : 2;
}

size_t command_size(const uint8_t *bytes, size_t size, bool hanzi, bool four_byte)
{
    uint8_t first = bytes[0];
    if (hanzi && first >= 0x81) {
        return hanzi_size(bytes, size, four_byte);
    }
    bool has_code = first == ESC || first == FS || first == GS;
    if (first == DLE) {
        return dle_size(bytes, size);
    }
    if (!has_code) {
        bool single = first >= 0x20 || first == 0x00 || first == 0x09 || first == 0x0A ||
                      first == 0x0D || first == 0x18;
        return single ? 1 : COMMAND_UNKNOWN;
    }
    if (size < 2) {
        return 2;
    }
    if (first == ESC && bytes[1] == 0x44) {
        return tab_list_size(bytes, size);
    }
    if (first == GS && bytes[1] == 0x56) {
        return cut_size(bytes, size);
    }
    if (first == GS && bytes[1] == 0x28) {
        return extended_size(bytes, size);
    }
    return fixed_size(first, bytes[1]);
}

/* What follows the head that is now complete. */
static size_t tail_size(const uint8_t *head, size_t size)
{
    if (size == 8 && head[0] == GS && head[1] == 0x76) {
        return word_at(head + 4) * word_at(head + 6);
    }
    if (size == 5 && head[0] == GS && head[1] == 0x28) {
        return word_at(head + 3);
    }
    return 0;
}

bool command_frame_take(struct command_frame *frame, uint8_t byte, bool four_byte)
{
    if (frame->skip > 0) {
        frame->skip -= 1;
        return false;
    }
    bool begins = frame->size == 0;
    frame->head[frame->size] = byte;
    frame->size += 1;
    size_t size = command_size(frame->head, frame->size, frame->hanzi, four_byte);
    if (size > COMMAND_HEAD_MAX || size == COMMAND_UNKNOWN) {
        frame->size = 0;
    } else if (size <= frame->size) {
        if (size == 2 && frame->head[0] == FS) {
            frame->hanzi = frame->head[1] == 0x26 || (frame->hanzi && frame->head[1] != 0x2E);
        }
        frame->skip = tail_size(frame->head, size);
        frame->size = 0;
    }
    return begins;
}
