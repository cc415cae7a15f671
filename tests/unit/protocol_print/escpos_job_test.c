/* SPDX-License-Identifier: Apache-2.0 */

/* Commands as bytes, against byte strings written down from Epson's command reference. */
#include "common/bytes.h"
#include "protocol/escpos/job.h"
#include "tests/unit/test.h"

static struct escpos_job job;

static void expect_bytes(const char *hex)
{
    uint8_t wanted[512];
    size_t size = 0;
    CHECK(hex_parse(hex, strlen(hex), wanted, sizeof(wanted), &size, NULL));
    CHECK(!job.failed);
    CHECK_EQ_U64(job.size, size);
    CHECK_EQ_MEM(job.bytes, wanted, size);
}

TEST(starts_with_every_mode_set)
{
    escpos_job_init(&job);
    escpos_job_start(&job);
    expect_bytes("1B 40 1D 61 0E 1B 63 35 01 1C 2E 1B 74 00 1C 53 00 00 1B 20 00 1D 4C 00 00 "
                 "1B 61 00 1B 32");
    CHECK_EQ_U64(job.piece_count, 1);
}

TEST(line_sets_hanzi_mode_first)
{
    const struct escpos_style style = {.width = 2, .height = 3, .bold = true, .hanzi = true};
    const uint8_t text[] = {0xB5, 0xE7};
    escpos_job_init(&job);
    escpos_line_begin(&job, &style);
    escpos_text(&job, text, sizeof(text));
    escpos_move_to(&job, 300);
    escpos_line_end(&job);
    expect_bytes("1C 26 1B 61 00 1D 21 12 1B 45 01 1D 42 00 B5 E7 1B 24 2C 01 0A");
}

TEST(single_byte_line_leaves_hanzi_mode)
{
    const struct escpos_style style = {.width = 1, .height = 1, .centre = true, .reverse = true};
    escpos_job_init(&job);
    escpos_line_begin(&job, &style);
    expect_bytes("1C 2E 1B 61 01 1D 21 00 1B 45 00 1D 42 01");
}

TEST(tail_is_the_documented_one)
{
    escpos_job_init(&job);
    escpos_mark(&job, "0A1z");
    escpos_cut(&job, 24);
    escpos_mark(&job, "0A20");
    escpos_fence(&job);
    expect_bytes("1D 28 48 06 00 30 30 30 41 31 7A  1D 56 42 18  1D 28 48 06 00 30 30 30 41 32 30"
                 " 1D 72 31");
    CHECK_EQ_U64(job.piece_count, 4);
    CHECK_EQ_U64(job.ends[0], 11);
    CHECK_EQ_U64(job.ends[1], 15);
}

TEST(paper_is_fed_by_lines_and_dots)
{
    escpos_job_init(&job);
    escpos_feed(&job, 3);
    escpos_feed_dots(&job, 24);
    expect_bytes("1B 64 03 1B 4A 18");
    CHECK_EQ_U64(job.piece_count, 2);
}

/* Zeros fill a command that was cut off, so that what follows is read as commands again. */
TEST(zeros_fill_what_was_cut_off)
{
    escpos_job_init(&job);
    escpos_fill(&job, 4);
    expect_bytes("00 00 00 00");
    escpos_fill(&job, ESCPOS_JOB_SIZE_MAX - 3);
    CHECK(job.failed);
    escpos_fill(&job, 1); /* once failed, it stays so */
    CHECK(job.failed);
    CHECK_EQ_U64(job.size, 4);
}

TEST(a_picture_that_is_too_large_fails_whole)
{
    static uint8_t bits[ESCPOS_RASTER_BYTES_MAX * 128];
    escpos_job_init(&job);
    while (!job.failed) {
        escpos_raster(&job, bits, ESCPOS_RASTER_BYTES_MAX, 128);
    }
    CHECK(job.size <= ESCPOS_JOB_SIZE_MAX);
    escpos_line_end(&job);
    CHECK(job.failed);
}

TEST(status_requests)
{
    for (uint8_t which = 1; which <= 4; which++) {
        uint8_t bytes[ESCPOS_STATUS_REQUEST_SIZE];
        const uint8_t wanted[] = {0x10, 0x04, which};
        escpos_status_request(which, bytes);
        CHECK_EQ_MEM(bytes, wanted, sizeof(wanted));
    }
}

TEST(raster_goes_in_bands_a_clone_can_count)
{
    static uint8_t bits[300 * 2];
    memset(bits, 0xFF, sizeof(bits));
    escpos_job_init(&job);
    escpos_raster(&job, bits, 2, 300);
    CHECK_EQ_U64(job.piece_count, 3);
    static const uint8_t rows[] = {128, 128, 44};
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        const uint8_t head[] = {0x1B, 0x61, 1, 0x1D, 0x76, 0x30, 0, 2, 0, rows[i], 0};
        CHECK_EQ_MEM(job.bytes + at, head, sizeof(head));
        at += sizeof(head) + (size_t)rows[i] * 2;
        CHECK_EQ_U64(job.ends[i], at);
    }
}

/* A picture made of nothing but real-time requests must not contain one any more. */
TEST(raster_never_contains_a_real_time_request)
{
    static const uint8_t seconds[] = {0x04, 0x05, 0x14};
    for (size_t k = 0; k < sizeof(seconds); k++) {
        uint8_t bits[240];
        for (size_t i = 0; i < sizeof(bits); i++) {
            bits[i] = i % 2 == 0 ? 0x10 : seconds[k];
        }
        escpos_job_init(&job);
        escpos_raster(&job, bits, 3, 80);
        size_t changed = 0;
        for (size_t i = 0; i + 1 < job.size; i++) {
            bool pair = job.bytes[i] == 0x10 && job.bytes[i + 1] == seconds[k];
            CHECK(!pair);
        }
        for (size_t i = 0; i < sizeof(bits); i++) {
            uint8_t now = job.bytes[11 + i];
            CHECK((now & bits[i]) == bits[i]); /* no dot is lost, one is added */
            changed += now != bits[i];
        }
        CHECK_EQ_U64(changed, sizeof(bits) / 2);
    }
}

TEST(job_that_is_too_long_fails_whole)
{
    static uint8_t text[ESCPOS_JOB_SIZE_MAX];
    memset(text, 'x', sizeof(text));
    escpos_job_init(&job);
    escpos_text(&job, text, sizeof(text));
    CHECK(!job.failed);
    escpos_line_end(&job);
    CHECK(job.failed);
    CHECK_EQ_U64(job.piece_count, 0);
}

TEST(job_with_too_many_pieces_fails)
{
    escpos_job_init(&job);
    for (size_t i = 0; i < ESCPOS_PIECES_MAX; i++) {
        escpos_line_end(&job);
    }
    CHECK(!job.failed);
    escpos_line_end(&job);
    CHECK(job.failed);
}

TEST_MAIN()
