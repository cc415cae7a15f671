/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/line.h"

#include <string.h>

enum { BITS_PER_BYTE = 10, US_PER_S = 1000000 };

static int64_t wire_us(const struct line *line, size_t size)
{
    return line->baud == 0 ? 0 : (int64_t)size * BITS_PER_BYTE * US_PER_S / line->baud;
}

static void put_piece(struct line *line, const uint8_t *bytes, size_t size, int64_t from_us)
{
    if (size == 0 || line->size + size > LINE_BYTES || line->piece_count == LINE_PIECES) {
        return;
    }
    int64_t start_us = from_us > line->free_us ? from_us : line->free_us;
    line->free_us = start_us + wire_us(line, size);
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
    line->total += size;
    line->pieces[line->piece_count++] = (struct line_piece){line->free_us, size};
}

void line_put(struct line *line, const uint8_t *bytes, size_t size,
              const struct line_manner *manner)
{
    int64_t from_us = manner->now_us + manner->pause_us;
    if (manner->stutter_us == 0) {
        put_piece(line, bytes, size, from_us);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        put_piece(line, bytes + i, 1, from_us + (int64_t)i * manner->stutter_us);
    }
}

size_t line_take(struct line *line, uint8_t *ret_bytes, size_t room, int64_t now_us)
{
    size_t taken = 0;
    size_t pieces = 0;
    while (pieces < line->piece_count && line->pieces[pieces].due_us <= now_us && taken < room) {
        struct line_piece *piece = &line->pieces[pieces];
        size_t part = piece->size < room - taken ? piece->size : room - taken;
        taken += part;
        piece->size -= part;
        pieces += piece->size == 0 ? 1 : 0;
    }
    memcpy(ret_bytes, line->bytes, taken);
    line->size -= taken;
    memmove(line->bytes, line->bytes + taken, line->size);
    line->piece_count -= pieces;
    memmove(line->pieces, line->pieces + pieces, line->piece_count * sizeof(line->pieces[0]));
    return taken;
}

int64_t line_next_us(const struct line *line)
{
    return line->piece_count == 0 ? INT64_MAX : line->pieces[0].due_us;
}

void line_clear(struct line *line)
{
    line->size = 0;
    line->piece_count = 0;
    line->free_us = 0;
}
