/* SPDX-License-Identifier: Apache-2.0 */

/* One request and its answer, by a clock that the test turns. */
#include "collector/exchange.h"
#include "protocol/dl645/request.h"
#include "tests/unit/collector/fake_meter.h"
#include "tests/unit/test.h"

#define ADDRESS "000000000002"

enum { TIMEOUT_MS = 1000 };

static struct exchange_request request;
static struct exchange x;
static struct fake_meter meter;
static uint8_t answer[DL645_WIRE_SIZE_MAX];

static void begin(uint8_t tries)
{
    struct dl645_message message = {0};
    fake_meter_init(&meter, ADDRESS);
    dl645_request_read(ADDRESS, 0x00900200, &message);
    CHECK(exchange_request_set(&request, &message));
    request.baud = 2400;
    request.reply_timeout_ms = TIMEOUT_MS;
    request.tries = tries;
    exchange_begin(&x, &request);
    CHECK(x.wants_send);
}

static size_t answer_make(void)
{
    return fake_meter_hear(&meter, request.wire, request.wire_size, answer, sizeof(answer));
}

TEST(request_has_its_preamble)
{
    begin(1);
    CHECK_EQ_U64(request.wire_size, 4 + 16);
    CHECK_EQ_I64(request.wire[0], 0xFE);
    CHECK_EQ_I64(request.wire[4], 0x68);
}

TEST(answer_ends_by_its_length)
{
    begin(3);
    exchange_sent(&x, 0);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 200);
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
    CHECK(exchange_succeeded(&x));
    CHECK_EQ_I64(x.reply.di, 0x00900200);
    CHECK_EQ_U64(x.raw.size, 20);
    CHECK_EQ_I64(x.raw.bytes[19], 0x16);
    CHECK(!x.timed_out);
}

TEST(answer_byte_by_byte)
{
    begin(1);
    exchange_sent(&x, 0);
    size_t size = answer_make();
    for (size_t i = 0; i < size; i++) {
        CHECK_EQ_I64(x.verdict, EXCHANGE_PENDING);
        exchange_receive(&x, answer + i, 1, 200 + (int64_t)i * 5);
        exchange_tick(&x, 200 + (int64_t)i * 5);
    }
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
}

TEST(wait_counts_from_the_last_bit)
{
    begin(1);
    exchange_sent(&x, 5000);
    int64_t wire_ms = (20 * 11 * 1000 + 2399) / 2400;
    CHECK_EQ_I64(x.sent_end_ms, 5000 + wire_ms);
    CHECK_EQ_I64(x.deadline_ms, 5000 + wire_ms + TIMEOUT_MS);
    exchange_tick(&x, x.deadline_ms - 1);
    CHECK_EQ_I64(x.verdict, EXCHANGE_PENDING);
    exchange_tick(&x, x.deadline_ms);
    CHECK_EQ_I64(x.verdict, EXCHANGE_SILENT);
    CHECK(x.timed_out);
}

TEST(three_tries_then_silence)
{
    begin(3);
    for (int try = 1; try <= 3; try++) {
        CHECK(x.wants_send);
        exchange_sent(&x, try * 10000);
        CHECK_EQ_I64(x.tries_done, try);
        exchange_tick(&x, x.deadline_ms);
    }
    CHECK_EQ_I64(x.verdict, EXCHANGE_SILENT);
}

TEST(second_try_is_answered)
{
    begin(3);
    exchange_sent(&x, 0);
    exchange_tick(&x, x.deadline_ms);
    CHECK(x.wants_send);
    exchange_sent(&x, 2000);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 2200);
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
    CHECK(x.timed_out); /* the first answer may still come */
}

TEST(wrong_checksum_is_garbled)
{
    begin(1);
    meter.fault = FAKE_GARBLED;
    meter.fault_control = DL645_READ;
    meter.fault_count = 1;
    exchange_sent(&x, 0);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 200);
    exchange_tick(&x, 250);
    CHECK_EQ_I64(x.verdict, EXCHANGE_PENDING);
    exchange_tick(&x, x.deadline_ms);
    CHECK_EQ_I64(x.verdict, EXCHANGE_GARBLED);
}

TEST(noise_before_the_answer)
{
    static const uint8_t noise[] = {0x00, 0x68, 0x12, 0x16, 0xFE, 0x68};
    begin(1);
    exchange_sent(&x, 0);
    exchange_receive(&x, noise, sizeof(noise), 150);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 200);
    exchange_tick(&x, x.deadline_ms);
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
}

TEST(echo_and_strangers_are_no_answer)
{
    begin(1);
    exchange_sent(&x, 0);
    exchange_receive(&x, request.wire, request.wire_size, 80);
    CHECK_EQ_I64(x.verdict, EXCHANGE_PENDING);
    struct exchange_request other = request;
    struct dl645_message message = {0};
    dl645_request_read(ADDRESS, 0x00010000, &message);
    CHECK(exchange_request_set(&other, &message));
    size_t size = fake_meter_hear(&meter, other.wire, other.wire_size, answer, sizeof(answer));
    exchange_receive(&x, answer, size, 200); /* a late answer to an earlier request */
    CHECK_EQ_I64(x.verdict, EXCHANGE_PENDING);
    size = answer_make();
    exchange_receive(&x, answer, size, 300);
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
    CHECK_EQ_I64(x.reply.di, 0x00900200);
}

TEST(a_long_answer_moves_the_deadline_but_not_for_ever)
{
    static const uint8_t start[] = {0x68, 0x02, 0, 0, 0, 0, 0, 0x68, 0x91, 0xC8};
    begin(1);
    exchange_sent(&x, 0);
    int64_t first_ms = x.deadline_ms;
    exchange_receive(&x, start, sizeof(start), first_ms - 10);
    CHECK(x.deadline_ms > first_ms);
    for (int64_t now_ms = first_ms; !exchange_is_over(&x); now_ms += 100) {
        uint8_t byte = 0x33;
        exchange_receive(&x, &byte, 1, now_ms);
        CHECK(x.deadline_ms <= x.deadline_last_ms);
        exchange_tick(&x, now_ms);
        CHECK(now_ms <= x.deadline_last_ms + 100);
    }
    CHECK_EQ_I64(x.verdict, EXCHANGE_GARBLED);
}

TEST(a_frame_cut_off_hides_no_good_one)
{
    static const uint8_t cut[] = {0x68, 0x02, 0, 0, 0, 0, 0, 0x68, 0x91, 0x60};
    begin(1);
    exchange_sent(&x, 0);
    exchange_receive(&x, cut, sizeof(cut), 100);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 200);
    exchange_tick(&x, x.deadline_ms);
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
}

TEST(refusal_is_an_answer)
{
    begin(3);
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x06;
    meter.fault_control = DL645_READ;
    meter.fault_count = 1;
    exchange_sent(&x, 0);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 200);
    CHECK_EQ_I64(x.verdict, EXCHANGE_ANSWER);
    CHECK(!exchange_succeeded(&x));
    CHECK_EQ_I64(x.reply.error_bits, 0x06);
}

TEST(a_line_that_fails_ends_it)
{
    begin(3);
    exchange_sent(&x, 0);
    exchange_fault(&x);
    CHECK_EQ_I64(x.verdict, EXCHANGE_FAULT);
    size_t size = answer_make();
    exchange_receive(&x, answer, size, 200);
    CHECK_EQ_I64(x.verdict, EXCHANGE_FAULT);
}

TEST_MAIN()
