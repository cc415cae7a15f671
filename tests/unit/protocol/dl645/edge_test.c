/* SPDX-License-Identifier: Apache-2.0 */

/* The seldom halves of DL/T 645: what a noisy wire, an odd meter or a wrong caller brings. */
#include "common/civil.h"
#include "common/str.h"
#include "protocol/dl645/address.h"
#include "protocol/dl645/follow.h"
#include "protocol/dl645/layout.h"
#include "protocol/dl645/prepay.h"
#include "protocol/dl645/request.h"
#include "protocol/dl645/stream.h"
#include "protocol/dl645/value.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

#define METER "202403150042"

/* ---- values ---- */

static enum err text_of(uint32_t code, const char *hex, char *ret_text, size_t size)
{
    struct wire wire = wire_of(hex);
    struct dl645_di di;
    dl645_di_describe(code, &di);
    return dl645_value_to_text(&di, wire.bytes, wire.size, ret_text, size);
}

TEST(a_reading_says_its_date_and_time)
{
    char text[64];
    CHECK_EQ_I64(text_of(0x04000101, "05 15 03 24", text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "2024-03-15");
    CHECK_EQ_I64(text_of(0x04000102, "05 30 10", text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "10:30:05");
    CHECK_EQ_I64(text_of(0x0400010C, "05 30 10 05 15 03 24", text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "2024-03-15 10:30:05");
    CHECK_EQ_I64(text_of(0x03330101, "00 09 20 11 26", text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "2026-11-20 09:00");
    CHECK_EQ_I64(text_of(0x04000503, "10 00", text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "1000");
    CHECK_EQ_I64(text_of(0x04000503, "10 00", text, 4), ERR_FULL);
}

TEST(a_reading_of_no_digits_is_none)
{
    static const struct {
        uint32_t di;
        const char *hex;
    } cases[] = {
        {0x00010000, "0A 00 00 00"},             /* a number */
        {0x01010000, "0A 81 07 30 10 15 03 24"}, /* a demand's number */
        {0x01010000, "23 81 07 3A 10 15 03 24"}, /* a demand's moment */
        {0x04000101, "0A 15 03 24"},             /* weekday A */
        {0x04000101, "07 15 03 24"},             /* weekday 7 */
        {0x04000101, "05 1F 03 24"},             /* day 1F */
        {0x0400010C, "5A 30 10 05 15 03 24"},    /* second 5A */
        {0x0400040B, "1F 32 31 59 5A 44 44 00 00 00"},
        {0x0400040B, "7F 32 31 59 5A 44 44 00 00 00"},
        {0x04000402, "4F 00 15 03 24 20"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[64] = "before";
        CHECK_EQ_I64(text_of(cases[i].di, cases[i].hex, text, sizeof(text)), ERR_FORMAT);
        CHECK_EQ_STR(text, "");
    }
    char text[64];
    CHECK_EQ_I64(text_of(0x0400040B, "00 00 00 00 00 00 00 00 00 00", text, sizeof(text)), OK);
    CHECK_EQ_STR(text, ""); /* a model that was never written */
}

static enum err encode(uint32_t code, const char *text, const char *time, const char *date,
                       uint8_t weekday)
{
    struct dl645_di di;
    struct dl645_value value = {.present = true, .weekday = weekday};
    uint8_t bytes[64];
    size_t size = 0;
    dl645_di_describe(code, &di);
    CHECK(str_copy(value.text, sizeof(value.text), text));
    CHECK(str_copy(value.time, sizeof(value.time), time));
    CHECK(str_copy(value.date, sizeof(value.date), date));
    return dl645_value_encode(&di, &value, bytes, sizeof(bytes), &size);
}

TEST(what_is_no_value_is_not_written)
{
    CHECK_EQ_I64(encode(0x04000402, "20240315004x", "", "", 0), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x04000402, "2024031500:2", "", "", 0), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x0400040B, "DDZY\n", "", "", 0), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x0400040B, "DDZY\x7f", "", "", 0), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x04000101, "", "", "2024-03-15", 7), ERR_RANGE);
    CHECK_EQ_I64(encode(0x04000101, "", "", "2024-03-15", 6), OK);
    CHECK_EQ_I64(encode(0x04000101, "", "", "2024-0x-15", 6), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x04000101, "", "", "2024-x3-15", 6), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x0400010C, "", "10.30:05", "2024-03-15", 5), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x0400010C, "", "10:30:05", "2024-03-15", 5), OK);
    CHECK_EQ_I64(encode(0x04000703, "0x8", "", "", 0), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x04000703, "", "", "", 0), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x01010000, "7,8", "2024-03-15 10:30", "", 0), ERR_FORMAT);
}

TEST(only_yuan_with_two_decimals_is_money)
{
    struct dl645_value value = {.present = true, .scaled = 1234};
    struct money money = money_fen(-1);
    struct dl645_di di;
    dl645_di_describe(DL645_DI_REMAINING_AMOUNT, &di);
    CHECK(dl645_value_to_money(&di, &value, &money));
    CHECK_EQ_I64(money.fen, 1234);
    dl645_di_describe(DL645_DI_ENERGY_FORWARD, &di); /* kWh, two decimals */
    CHECK(!dl645_value_to_money(&di, &value, &money));
    dl645_di_describe(DL645_DI_VOLTAGE_A, &di); /* one decimal */
    CHECK(!dl645_value_to_money(&di, &value, &money));
    dl645_di_describe(DL645_DI_DATE, &di);
    CHECK(!dl645_value_to_money(&di, &value, &money));
}

/* ---- purchases ---- */

static bool no_cipher(void *self, uint8_t *data, size_t size)
{
    (void)data;
    return size > 0 && *(const bool *)self;
}

static struct dl645_recharge purchase(void)
{
    return (struct dl645_recharge){.address = METER,
                                   .operator_code = 1,
                                   .amount = money_fen(100),
                                   .count = 8,
                                   .customer = "000000123456",
                                   .order = "1240826202124138"};
}

TEST(a_cipher_that_fails_sends_nothing)
{
    bool works = true;
    const struct dl645_cipher cipher = {&works, no_cipher, no_cipher};
    const struct dl645_prepay_model *model = dl645_prepay_find("p4");
    struct dl645_recharge recharge = purchase();
    struct dl645_frame frame;
    struct dl645_frame untouched = {.control = 0x55};
    struct dl645_message message;
    struct dl645_prepay_answer answer;
    struct money amount;
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, &cipher, &frame), OK);
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, NULL, &message, &amount), ERR_UNSUPPORTED);
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &frame, NULL, &answer), ERR_UNSUPPORTED);
    works = false;
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, &cipher, &untouched),
                 ERR_UNSUPPORTED);
    CHECK_EQ_U64(untouched.control, 0x55);
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, &cipher, &message, &amount), ERR_UNSUPPORTED);
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &frame, &cipher, &answer), ERR_UNSUPPORTED);
}

TEST(a_purchase_is_a_whole_number_of_fen)
{
    bool works = true;
    const struct dl645_cipher cipher = {&works, no_cipher, no_cipher};
    const struct dl645_prepay_model *model = dl645_prepay_find("p4"); /* 0.0001 yuan */
    struct dl645_recharge recharge = purchase();
    struct dl645_frame frame;
    struct dl645_message message;
    struct money amount = money_fen(-7);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, &cipher, &frame), OK);
    frame.data[8] ^= 1; /* the amount's lowest byte */
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, &cipher, &message, &amount), ERR_RANGE);
    CHECK_EQ_I64(amount.fen, -7);
    frame.data_size = 3;
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, &cipher, &message, &amount), ERR_FORMAT);
    frame = (struct dl645_frame){.control = 0x11, .data_size = 4};
    CHECK_EQ_I64(dl645_recharge_parse(dl645_prepay_find("q"), &frame, NULL, &message, &amount),
                 ERR_FORMAT); /* no purchase at all */
    frame = (struct dl645_frame){.control = 0x83, .data_size = 4, .data = {0xFF, 2, 1, 7}};
    CHECK_EQ_I64(dl645_recharge_parse(dl645_prepay_find("q"), &frame, NULL, &message, &amount),
                 ERR_FORMAT); /* a meter's answer */
}

TEST(an_order_goes_to_twelve_digits_only)
{
    struct dl645_recharge recharge = purchase();
    struct dl645_frame frame;
    recharge.order = "124082620212413x";
    CHECK_EQ_I64(
        dl645_recharge_build(dl645_prepay_find("q"), DL645_RECHARGE, &recharge, NULL, &frame),
        ERR_FORMAT);
    recharge = purchase();
    recharge.address = "2024031500422";
    CHECK_EQ_I64(
        dl645_recharge_build(dl645_prepay_find("q"), DL645_RECHARGE, &recharge, NULL, &frame),
        ERR_FORMAT);
    struct dl645_message message;
    dl645_request_status_query("2024031500422", 1, &message);
    CHECK_EQ_I64(dl645_message_encode(&message, &frame), ERR_FORMAT);
}

static enum dl645_refusal refusal_of(const char *model, uint8_t size, uint8_t low, uint8_t high)
{
    struct dl645_frame frame = {.control = 0xC3, .data_size = size, .data = {low, high}};
    struct dl645_prepay_answer answer;
    CHECK_EQ_I64(dl645_prepay_answer_parse(dl645_prepay_find(model), &frame, NULL, &answer), OK);
    CHECK(!answer.accepted);
    return answer.refusal;
}

TEST(every_reason_of_every_model_is_known)
{
    CHECK_EQ_I64(refusal_of("p", 1, 0x80, 0), DL645_REFUSAL_WRONG_COUNT);
    CHECK_EQ_I64(refusal_of("p", 1, 0x81, 0), DL645_REFUSAL_CUSTOMER);
    CHECK_EQ_I64(refusal_of("p", 1, 0x82, 0), DL645_REFUSAL_LIMIT);
    CHECK_EQ_I64(refusal_of("p", 1, 0x84, 0), DL645_REFUSAL_LAYOUT);
    CHECK_EQ_I64(refusal_of("p", 1, 0x83, 0), DL645_REFUSAL_OTHER);
    CHECK_EQ_I64(refusal_of("standard", 2, 0, 0), DL645_REFUSAL_OTHER); /* no bit at all */
    CHECK_EQ_I64(refusal_of("standard", 1, 0x04, 0), DL645_REFUSAL_NOT_AUTHENTICATED);
    struct dl645_frame read_reply = {.control = 0x91, .data_size = 4};
    struct dl645_frame request = {.control = 0x03, .data_size = 4, .data = {0xFF, 2, 1, 7}};
    struct dl645_prepay_answer answer;
    const struct dl645_prepay_model *model = dl645_prepay_find("standard");
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &read_reply, NULL, &answer), ERR_FORMAT);
    request.data_size = 8;
    request.data[1] = 0x02;
    request.data[2] = 0x81; /* 078102FF, the query: our own voice */
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &request, NULL, &answer), ERR_FORMAT);
}

/* ---- messages and frames ---- */

static enum err frame_of(const struct dl645_message *message)
{
    struct dl645_frame frame;
    return dl645_message_encode(message, &frame);
}

TEST(a_message_that_has_no_frame_is_refused)
{
    struct dl645_message refusal = {.address = METER,
                                    .function = DL645_READ,
                                    .reply = true,
                                    .error = true,
                                    .fields = DL645_HAS(DL645_FIELD_ERROR),
                                    .error_size = 1,
                                    .error_bits = 0x0102};
    CHECK_EQ_I64(frame_of(&refusal), ERR_RANGE); /* two bytes' worth in one */
    refusal.error_size = 3;
    CHECK_EQ_I64(frame_of(&refusal), ERR_RANGE);
    refusal.error_size = 2;
    CHECK_EQ_I64(frame_of(&refusal), OK);
    refusal.fields |= DL645_HAS(DL645_FIELD_DI);
    CHECK_EQ_I64(frame_of(&refusal), ERR_UNSUPPORTED);

    struct dl645_message vendor = {.address = METER,
                                   .function = 0x1F,
                                   .fields = DL645_HAS(DL645_FIELD_VALUE),
                                   .value_size = DL645_DATA_SIZE_MAX};
    CHECK_EQ_I64(frame_of(&vendor), OK);
    vendor.value_size = DL645_DATA_SIZE_MAX + 1;
    CHECK_EQ_I64(frame_of(&vendor), ERR_RANGE);
    vendor.fields |= DL645_HAS(DL645_FIELD_DI);
    CHECK_EQ_I64(frame_of(&vendor), ERR_UNSUPPORTED);

    struct dl645_message write;
    struct dl645_credentials who = {.pa = 0x02, .password = 0x123456, .operator_code = 1};
    CHECK(dl645_request_write(METER, 0x04000101, &who, NULL, 0, &write));
    CHECK_EQ_U64(write.fields & DL645_HAS(DL645_FIELD_VALUE), 0);
    CHECK_EQ_I64(frame_of(&write), OK);
    write.password = 0x1000000; /* seven digits: the fields behind it are not looked at */
    CHECK_EQ_I64(frame_of(&write), ERR_RANGE);
    dl645_request_write_address("20240315004", &write);
    CHECK_EQ_I64(frame_of(&write), ERR_FORMAT);
    dl645_request_write_address("2024031500421", &write);
    CHECK_EQ_I64(frame_of(&write), ERR_FORMAT);
    dl645_request_write_address("20240315004g", &write);
    CHECK_EQ_I64(frame_of(&write), ERR_FORMAT);
}

TEST(the_fields_of_a_function_are_known)
{
    uint64_t read = dl645_layout_fields(DL645_READ, /* reply= */ true);
    CHECK((read & DL645_HAS(DL645_FIELD_DI)) != 0 && (read & DL645_HAS(DL645_FIELD_VALUE)) != 0);
    CHECK_EQ_U64(read & DL645_HAS(DL645_FIELD_PASSWORD), 0);
    uint64_t write = dl645_layout_fields(DL645_WRITE, /* reply= */ false);
    CHECK((write & DL645_HAS(DL645_FIELD_PASSWORD)) != 0);
    CHECK_EQ_U64(dl645_layout_fields(0x1F, /* reply= */ false), 0); /* a vendor's */
}

TEST(calendars_of_this_century_only)
{
    struct civil civil = {.year = 1999, .month = 12, .day = 31};
    struct dl645_time time;
    CHECK(!dl645_time_from_civil(&civil, &time));
    civil.year = 2100;
    CHECK(!dl645_time_from_civil(&civil, &time));
    civil.year = 2099;
    CHECK(dl645_time_from_civil(&civil, &time));
    static const size_t places[] = {
        offsetof(struct dl645_time, year),   offsetof(struct dl645_time, month),
        offsetof(struct dl645_time, day),    offsetof(struct dl645_time, hour),
        offsetof(struct dl645_time, minute), offsetof(struct dl645_time, second)};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        struct dl645_time odd = time;
        ((uint8_t *)&odd)[places[i]] = 0x0A;
        CHECK(!dl645_time_to_civil(&odd, &civil));
    }
    CHECK(dl645_time_to_civil(&time, &civil));
    CHECK_EQ_I64(civil.year, 2099);
}

TEST(a_meter_s_address_has_twelve_digits)
{
    CHECK(dl645_address_is_meter(METER));
    CHECK(!dl645_address_is_meter("20240315004"));
    CHECK(!dl645_address_is_meter("20240315004A"));
    CHECK(!dl645_address_is_meter("20240315/042"));
    CHECK(!dl645_address_is_meter(DL645_ADDRESS_BROADCAST));
}

/* ---- whose answer ---- */

TEST(only_the_answer_answers)
{
    struct dl645_message request;
    struct dl645_message reply;
    dl645_request_read(METER, DL645_DI_DATE, &request);
    reply = request;
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ECHO);
    reply.di = DL645_DI_TIME; /* another master's question */
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
    reply = request;
    CHECK(str_copy(reply.address, sizeof(reply.address), "000000000001"));
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
    reply = request;
    reply.function = DL645_WRITE;
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
    reply = request;
    reply.reply = true;
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
    reply.address[0] = 'x';
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
    reply = request;
    reply.reply = true;
    CHECK(str_copy(request.address, sizeof(request.address), "nonsense"));
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
}

TEST(a_part_answers_its_own_number)
{
    struct dl645_message request;
    dl645_request_read_follow(METER, 0x0001FF00, 2, &request);
    struct dl645_message reply = request;
    reply.reply = true;
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
    reply.seq = 3;
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
    reply.fields &= ~DL645_HAS(DL645_FIELD_SEQ); /* a refusal names no part */
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
}

TEST(a_renamed_meter_answers_under_its_new_name)
{
    struct dl645_message request;
    dl645_request_write_address(METER, &request);
    struct dl645_message reply = {.address = METER, .function = DL645_WRITE_ADDRESS, .reply = true};
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
    CHECK(str_copy(request.address, sizeof(request.address), "000000000001"));
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
    reply.error = true; /* it refused, so it still has the old one */
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
}

/* ---- long values ---- */

static struct dl645_message part(uint8_t function, uint32_t seq, bool more)
{
    struct dl645_message reply = {.address = METER,
                                  .function = function,
                                  .reply = true,
                                  .more = more,
                                  .di = 0x0001FF00,
                                  .seq = seq,
                                  .value_size = 1,
                                  .value = {7}};
    return reply;
}

TEST(parts_of_others_are_not_added)
{
    uint8_t bytes[300];
    struct dl645_follow follow;
    struct dl645_message reply = part(DL645_WRITE, 0, /* more= */ true);
    dl645_follow_init(&follow, 0x0001FF00, bytes, sizeof(bytes));
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT);
    reply = part(DL645_READ, 0, /* more= */ true);
    reply.di = 0x0002FF00;
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT);
    reply.reply = false;
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT);
    reply = part(DL645_READ, 0, /* more= */ true);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_INCOMPLETE);
    reply = part(DL645_READ_FOLLOW, 2, /* more= */ true);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT); /* not its turn */
    reply = part(DL645_READ_FOLLOW, 1, /* more= */ true);
    reply.di = 0x0002FF00;
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT);
    reply.error = true;
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_DENIED);
}

TEST(there_are_255_parts_at_most)
{
    uint8_t bytes[300];
    struct dl645_follow follow;
    dl645_follow_init(&follow, 0x0001FF00, bytes, sizeof(bytes));
    struct dl645_message reply = part(DL645_READ, 0, /* more= */ true);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_INCOMPLETE);
    for (uint32_t seq = 1; seq < 255; seq++) {
        reply = part(DL645_READ_FOLLOW, seq, /* more= */ true);
        CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_INCOMPLETE);
    }
    reply = part(DL645_READ_FOLLOW, 255, /* more= */ true);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_RANGE); /* it would begin anew at 0 */
    reply.more = false;
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), OK);
    CHECK_EQ_U64(follow.used, 256);
}

TEST(a_part_that_is_not_there_is_not_sent)
{
    static const uint8_t bytes[4] = {1, 2, 3, 4};
    struct dl645_message request;
    struct dl645_message reply;
    dl645_request_read_follow(METER, 0x0001FF00, 2, &request);
    CHECK(!dl645_follow_part(&request, bytes, sizeof(bytes), 2, &reply)); /* at the end */
    CHECK(!dl645_follow_part(&request, bytes, sizeof(bytes), 3, &reply)); /* behind it */
    request.seq = 256;
    CHECK(!dl645_follow_part(&request, bytes, sizeof(bytes), 1, &reply));
}

/* ---- noise ---- */

TEST(a_whole_frame_behind_a_broken_one_is_found)
{
    struct wire wire = wire_of("68 42 00 68 42 00 15 03 24 20 68 C3 02 53 33 B9 16");
    struct dl645_inspection inspection;
    dl645_inspect(wire.bytes, wire.size, &inspection);
    CHECK_EQ_I64(inspection.check, DL645_CHECK_OK);
    CHECK_EQ_U64(inspection.start, 3);
    char text[DL645_FAULT_TEXT_SIZE] = "before";
    CHECK_EQ_STR(dl645_fault_format(&inspection, text), "");
}

TEST(a_stream_counts_what_looked_like_a_frame)
{
    struct dl645_stream stream;
    struct dl645_frame frame;
    struct wire wire = wire_of("68 42 00 15 03 24 20 68 C3 02 53 33 B8 16"); /* a wrong sum */
    dl645_stream_init(&stream);
    CHECK_EQ_U64(dl645_stream_push(&stream, wire.bytes, wire.size), wire.size);
    CHECK_EQ_I64(dl645_stream_next(&stream, &frame), ERR_INCOMPLETE);
    dl645_stream_end(&stream);
    CHECK_EQ_I64(dl645_stream_next(&stream, &frame), ERR_INCOMPLETE);
    CHECK(stream.rejected_count >= 1);
    uint64_t before = stream.rejected_count;
    CHECK_EQ_U64(dl645_stream_push(&stream, (const uint8_t[]){0x68, 0x01}, 2), 2);
    dl645_stream_end(&stream); /* cut off before anything told it from noise */
    CHECK_EQ_I64(dl645_stream_next(&stream, &frame), ERR_INCOMPLETE);
    CHECK_EQ_U64(stream.rejected_count, before);
}

TEST_MAIN()
