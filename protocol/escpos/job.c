/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/escpos/job.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    DLE = 0x10,
    FENCE_PAPER = 0x31, /* '1': the paper sensors' status; the answer's time is what matters */
    ASB_WANTED = 0x0E,  /* on-line, error and paper changes; not the drawer */
};

void escpos_job_init(struct escpos_job *job)
{
    job->size = 0;
    job->piece_count = 0;
    job->failed = false;
}

static void add(struct escpos_job *job, const uint8_t *bytes, size_t size)
{
    MUST(job->size <= sizeof(job->bytes));
    if (job->failed || size > sizeof(job->bytes) - job->size) {
        job->failed = true;
        return;
    }
    memcpy(job->bytes + job->size, bytes, size);
    job->size += size;
}

static void end_piece(struct escpos_job *job)
{
    if (job->failed || job->piece_count == ESCPOS_PIECES_MAX) {
        job->failed = true;
        return;
    }
    MUST(job->piece_count == 0 || job->ends[job->piece_count - 1] <= job->size);
    job->ends[job->piece_count] = (uint32_t)job->size;
    job->piece_count += 1;
}

void escpos_job_start(struct escpos_job *job)
{
    static const uint8_t start[] = {
        0x1B, 0x40,                   /* initialise */
        0x1D, 0x61, ASB_WANTED,       /* some clones keep the old setting over 1B 40 */
        0x1B, 0x63, 0x35,       0x01, /* lock the feed button: it is the public's printer */
        0x1C, 0x2E,                   /* single-byte text */
        0x1B, 0x74, 0x00,             /* code page 437 */
        0x1C, 0x53, 0x00,       0x00, /* hanzi exactly two cells wide */
        0x1B, 0x20, 0x00,             /* no extra space between characters */
        0x1D, 0x4C, 0x00,       0x00, /* no left margin */
        0x1B, 0x61, 0x00,             /* to the left */
        0x1B, 0x32,                   /* lines of 1/6 inch */
    };
    add(job, start, sizeof(start));
    end_piece(job);
}

void escpos_style_change(struct escpos_job *job, const struct escpos_style *style)
{
    MUST(style->width >= 1 && style->width <= ESCPOS_SCALE_MAX);
    MUST(style->height >= 1 && style->height <= ESCPOS_SCALE_MAX);
    unsigned size = (unsigned)(style->width - 1) << 4 | (unsigned)(style->height - 1);
    const uint8_t change[] = {
        0x1D, 0x21, (uint8_t)size,       /* width and height */
        0x1B, 0x45, style->bold ? 1 : 0, /* 0 and 1, not '0' and '1': clones differ */
        0x1D, 0x42, style->reverse ? 1 : 0,
    };
    add(job, change, sizeof(change));
}

void escpos_line_begin(struct escpos_job *job, const struct escpos_style *style)
{
    /* FS & or FS . first: models differ in the mode they wake up in, and some apply it late. */
    const uint8_t begin[] = {
        0x1C, style->hanzi ? 0x26 : 0x2E, 0x1B, 0x61, style->centre ? 1 : 0,
    };
    add(job, begin, sizeof(begin));
    escpos_style_change(job, style);
}

void escpos_text(struct escpos_job *job, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        MUST(bytes[i] >= 0x20); /* or a customer's name could be a command */
    }
    add(job, bytes, size);
}

void escpos_move_to(struct escpos_job *job, uint16_t x_dots)
{
    uint8_t move[4] = {0x1B, 0x24};
    put_le16(move + 2, x_dots);
    MUST(x_dots <= ESCPOS_RASTER_BYTES_MAX * 8); /* so its high byte never makes a DLE pair */
    add(job, move, sizeof(move));
}

void escpos_line_end(struct escpos_job *job)
{
    static const uint8_t end[] = {0x0A};
    add(job, end, sizeof(end));
    end_piece(job);
}

void escpos_feed(struct escpos_job *job, uint8_t lines)
{
    /* A count of 10h before a command is harmless, but keep the rule simple. */
    MUST(lines < DLE);
    const uint8_t feed[] = {0x1B, 0x64, lines};
    add(job, feed, sizeof(feed));
    end_piece(job);
}

void escpos_feed_dots(struct escpos_job *job, uint8_t dots)
{
    MUST(dots != DLE);
    const uint8_t feed[] = {0x1B, 0x4A, dots};
    add(job, feed, sizeof(feed));
    end_piece(job);
}

static bool is_real_time(uint8_t first, uint8_t second)
{
    return first == DLE && (second == 0x04 || second == 0x05 || second == 0x14);
}

/*
 * Widen the lone dot of 10h by one where the next byte would complete a real-time request. One
 * dot is an eighth of a millimetre; a QR code of four dots a module never has such a byte.
 */
static void make_dle_safe(uint8_t *bits, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        if (is_real_time(bits[i], bits[i + 1])) {
            bits[i] = 0x18;
        }
    }
}

void escpos_raster(struct escpos_job *job, const uint8_t *bits, size_t row_size, size_t rows)
{
    MUST(row_size >= 1 && row_size <= ESCPOS_RASTER_BYTES_MAX);
    static const uint8_t centre[] = {0x1B, 0x61, 1};
    for (size_t row = 0; row < rows; row += ESCPOS_RASTER_ROWS_MAX) {
        size_t band = rows - row < ESCPOS_RASTER_ROWS_MAX ? rows - row : ESCPOS_RASTER_ROWS_MAX;
        uint8_t head[8] = {0x1D, 0x76, 0x30, 0x00};
        put_le16(head + 4, (uint16_t)row_size);
        put_le16(head + 6, (uint16_t)band);
        add(job, centre, sizeof(centre));
        add(job, head, sizeof(head));
        size_t at = job->size;
        add(job, bits + row * row_size, band * row_size);
        if (!job->failed) {
            make_dle_safe(job->bytes + at, band * row_size);
        }
        end_piece(job);
    }
}

void escpos_cut(struct escpos_job *job, uint8_t feed)
{
    const uint8_t cut[] = {0x1D, 0x56, 0x42, feed};
    add(job, cut, sizeof(cut));
    end_piece(job);
}

void escpos_mark(struct escpos_job *job, const char id[ESCPOS_ID_SIZE])
{
    uint8_t mark[11] = {0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30};
    for (size_t i = 0; i < ESCPOS_ID_SIZE; i++) {
        MUST(id[i] >= 0x20 && id[i] <= 0x7E);
        mark[7 + i] = (uint8_t)id[i];
    }
    add(job, mark, sizeof(mark));
    end_piece(job);
}

void escpos_fence(struct escpos_job *job)
{
    static const uint8_t fence[] = {0x1D, 0x72, FENCE_PAPER};
    add(job, fence, sizeof(fence));
    end_piece(job);
}

void escpos_fill(struct escpos_job *job, size_t size)
{
    if (job->failed || size > sizeof(job->bytes) - job->size) {
        job->failed = true;
        return;
    }
    memset(job->bytes + job->size, 0, size);
    job->size += size;
    end_piece(job);
}

void escpos_status_request(uint8_t which, uint8_t ret_bytes[ESCPOS_STATUS_REQUEST_SIZE])
{
    MUST(which >= 1 && which <= 4);
    ret_bytes[0] = DLE;
    ret_bytes[1] = 0x04;
    ret_bytes[2] = which;
}
