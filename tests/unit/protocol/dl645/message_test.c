/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dl645/address.h"
#include "protocol/dl645/di.h"
#include "protocol/dl645/layout.h"
#include "protocol/dl645/message.h"
#include "protocol/dl645/request.h"
#include "protocol/dl645/status.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

static const char meter[] = "202403150042";

static struct dl645_message decode(const char *hex)
{
    struct wire wire = wire_of(hex);
    struct dl645_frame frame;
    struct dl645_message message;
    CHECK_EQ_I64(dl645_frame_decode(wire.bytes, wire.size, &frame), OK);
    CHECK_EQ_I64(dl645_message_decode(&frame, &message), OK);
    return message;
}

/* Bytes of a message must be those of the captured frame. */
static void check_bytes(const struct dl645_message *message, const char *hex)
{
    struct wire wire = wire_of(hex);
    struct dl645_frame frame;
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    CHECK_EQ_I64(dl645_message_encode(message, &frame), OK);
    CHECK_EQ_I64(dl645_frame_encode(&frame, 0, bytes, sizeof(bytes), &size), OK);
    CHECK_EQ_U64(size, wire.size);
    CHECK_EQ_MEM(bytes, wire.bytes, size);
}

TEST(requests_are_the_captured_bytes)
{
    struct dl645_message m;
    dl645_request_read("201000000012", DL645_DI_REMAINING_AMOUNT, &m);
    check_bytes(&m, "68 12 00 00 00 10 20 68 11 04 33 35 C3 33 85 16");
    dl645_request_read_address(&m);
    check_bytes(&m, "68 AA AA AA AA AA AA 68 13 00 DF 16");
    struct dl645_credentials nobody = {0};
    struct dl645_time until = {0x18, 0x05, 0x12, 0x15, 0x41, 0x24};
    dl645_request_relay("111111111111", &nobody, DL645_RELAY_TRIP, &until, &m);
    check_bytes(&m, "68 11 11 11 11 11 11 68 1C 10 33 33 33 33 33 33 33 33 4D 33 57 74 48 45 38 4B "
                    "55 16");
    struct dl645_time now = {0x99, 0x99, 0x99, 0x99, 0x99, 0x99};
    dl645_request_freeze(meter, &now, &m);
    check_bytes(&m, "68 42 00 15 03 24 20 68 16 04 CC CC CC CC B8 16");
    dl645_request_write_address("665544332211", &m);
    check_bytes(&m, "68 AA AA AA AA AA AA 68 15 06 44 55 66 77 88 99 7E 16");
}

TEST(password_goes_out_pa_first_low_byte_first)
{
    struct dl645_credentials who = {.pa = 0x02, .password = 0x123456, .operator_code = 1};
    struct dl645_time until = {0x30, 0x12, 0x31, 0x23, 0x59, 0x59};
    struct dl645_message m;
    dl645_request_relay(meter, &who, DL645_RELAY_PERMIT_CLOSE, &until, &m);
    check_bytes(&m, "68 42 00 15 03 24 20 68 1C 10 35 89 67 45 34 33 33 33 4E 33 8C 8C 56 64 45 63 "
                    "CC 16");
    static const uint8_t value[] = {0x00, 0x50, 0x00, 0x00};
    struct dl645_frame frame;
    CHECK(dl645_request_write(meter, 0x04001001, &who, value, sizeof(value), &m));
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), OK);
    static const uint8_t data[] = {0x01, 0x10, 0x00, 0x04, 0x02, 0x56, 0x34, 0x12,
                                   0x01, 0x00, 0x00, 0x00, 0x00, 0x50, 0x00, 0x00};
    CHECK_EQ_U64(frame.data_size, sizeof(data));
    CHECK_EQ_MEM(frame.data, data, sizeof(data));
    uint8_t large[200] = {0};
    CHECK(dl645_request_write(meter, 0x04001001, &who, large, 188, &m));
    CHECK(!dl645_request_write(meter, 0x04001001, &who, large, 189, &m));
}

TEST(replies_tell_what_the_meter_said)
{
    struct dl645_message m = decode("68 12 00 51 05 03 26 68 C3 01 35 5A 16");
    CHECK(m.reply && m.error && !m.more);
    CHECK_EQ_U64(m.function, DL645_SECURITY_AUTH);
    CHECK_EQ_U64(m.error_size, 1);
    CHECK_EQ_U64(m.error_bits, 0x02);
    m = decode("68 42 00 15 03 24 20 68 C3 02 53 33 B9 16");
    CHECK_EQ_U64(m.error_size, 2);
    CHECK_EQ_U64(m.error_bits, DL645_SERR_COUNT);
    m = decode("68 42 00 15 03 24 20 68 83 1E 32 35 B4 3A D3 A7 33 33 F4 F5 F6 F7 3A 33 33 33 04 "
               "05 06 07 89 67 45 33 33 33 33 33 33 33 9D 16");
    CHECK_EQ_U64(m.di, DL645_DI_STATUS_QUERY);
    CHECK_EQ_U64(m.remaining, 29856);
    CHECK_EQ_U64(m.purchase_count, 7);
    CHECK_EQ_STR(m.customer, "000000123456");
    CHECK_EQ_U64(m.mac1[0], 0xC1);
    m = decode("68 12 00 00 00 10 20 68 93 06 45 33 33 33 43 53 1F 16");
    CHECK_EQ_STR(m.meter_address, "201000000012");
}

/* Every size of DATA, for every control byte: what decodes must encode to the same DATA. */
TEST(whatever_decodes_encodes_to_the_same_bytes)
{
    size_t decoded = 0;
    for (unsigned control = 0; control < 256; control++) {
        for (unsigned size = 0; size <= DL645_DATA_SIZE_MAX; size++) {
            struct dl645_frame frame = {.address = {1, 2, 3, 4, 5, 6},
                                        .control = (uint8_t)control,
                                        .data_size = (uint8_t)size};
            for (unsigned i = 0; i < size; i++) {
                frame.data[i] = (uint8_t)(i * 7 + control);
            }
            struct dl645_message message;
            if (dl645_message_decode(&frame, &message) != OK) {
                CHECK(size < 16); /* only what is shorter than its fixed part is refused */
                continue;
            }
            struct dl645_frame again;
            CHECK_EQ_I64(dl645_message_encode(&message, &again), OK);
            CHECK_EQ_U64(again.control, control);
            CHECK_EQ_U64(again.data_size, size);
            CHECK_EQ_MEM(again.data, frame.data, size);
            decoded += 1;
        }
    }
    CHECK(decoded > 200 * 200);
}

TEST(too_short_data_is_refused_for_every_function)
{
    static const struct {
        uint8_t control;
        uint8_t size_min;
    } cases[] = {{0x11, 4},  {0x91, 4},  {0x12, 5}, {0x92, 5},  {0x14, 12}, {0x15, 6},
                 {0x08, 6},  {0x16, 4},  {0x17, 1}, {0x18, 12}, {0x19, 8},  {0x1A, 8},
                 {0x1B, 12}, {0x1C, 16}, {0x1D, 1}, {0x03, 8},  {0x83, 4}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dl645_frame frame = {.control = cases[i].control};
        struct dl645_message message;
        for (uint8_t size = 0; size < cases[i].size_min; size++) {
            frame.data_size = size;
            CHECK_EQ_I64(dl645_message_decode(&frame, &message), ERR_FORMAT);
        }
        frame.data_size = cases[i].size_min;
        CHECK_EQ_I64(dl645_message_decode(&frame, &message), OK);
        dl645_message_raw(&frame, &message);
        CHECK_EQ_U64(message.value_size, cases[i].size_min);
    }
}

TEST(bytes_behind_a_layout_are_kept_apart)
{
    struct dl645_frame frame = {.control = 0x97, .data_size = 3, .data = {0x08, 0xAB, 0xCD}};
    struct dl645_message m;
    CHECK_EQ_I64(dl645_message_decode(&frame, &m), OK);
    CHECK_EQ_U64(m.baud_code, 0x08);
    CHECK_EQ_U64(m.trailing_size, 2);
    CHECK_EQ_U64(m.trailing[1], 0xCD);
}

TEST(class_98_relay_command_is_ciphertext)
{
    struct dl645_frame frame = {.control = 0x1C, .data_size = 28, .data = {0x98}};
    struct dl645_message m;
    CHECK_EQ_I64(dl645_message_decode(&frame, &m), OK);
    CHECK((m.fields & DL645_HAS(DL645_FIELD_CIPHERTEXT)) != 0);
    CHECK((m.fields & DL645_HAS(DL645_FIELD_N1)) == 0);
    frame.data_size = 16; /* some property meters say 98 and mean a plain password */
    CHECK_EQ_I64(dl645_message_decode(&frame, &m), OK);
    CHECK((m.fields & DL645_HAS(DL645_FIELD_N1)) != 0);
}

TEST(what_does_not_fit_is_not_encoded)
{
    struct dl645_message m;
    struct dl645_frame frame;
    dl645_request_read("2010000000", DL645_DI_ENERGY_FORWARD, &m);
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), ERR_FORMAT);
    dl645_request_read("20100000001234", DL645_DI_ENERGY_FORWARD, &m);
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), ERR_FORMAT);
    dl645_request_read(meter, DL645_DI_ENERGY_FORWARD, &m);
    m.fields |= DL645_HAS(DL645_FIELD_N1);
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), ERR_UNSUPPORTED);
    m.function = 0x20;
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), ERR_RANGE);
    dl645_request_read_follow(meter, DL645_DI_ENERGY_FORWARD, 1, &m);
    m.seq = 256;
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), ERR_RANGE);
    dl645_request_write_address("66554433221", &m);
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), ERR_FORMAT);
}

static enum dl645_match match(const char *request_hex, const char *reply_hex)
{
    struct dl645_message request = decode(request_hex);
    struct dl645_message reply = decode(reply_hex);
    return dl645_reply_match(&request, &reply);
}

TEST(only_the_right_reply_answers)
{
    static const char read[] = "68 12 00 00 00 10 20 68 11 04 33 35 C3 33 85 16";
    static const char answer[] = "68 12 00 00 00 10 20 68 91 08 33 35 C3 33 89 CB 34 33 C4 16";
    static const char other_di[] = "68 12 00 00 00 10 20 68 91 07 33 40 63 36 5A 33 33 76 16";
    static const char other_meter[] =
        "FE FE 68 72 00 32 09 17 20 68 91 08 33 33 34 33 B9 34 33 33 6D 16";
    static const char any[] = "68 AA AA AA AA AA AA 68 11 04 33 33 34 33 AE 16";
    CHECK_EQ_I64(match(read, answer), DL645_MATCH_ANSWER);
    CHECK_EQ_I64(match(read, read), DL645_MATCH_ECHO);
    CHECK_EQ_I64(match(read, other_di), DL645_MATCH_STRANGER);
    CHECK_EQ_I64(match(read, other_meter), DL645_MATCH_STRANGER);
    CHECK_EQ_I64(match(any, other_meter), DL645_MATCH_ANSWER);
    struct dl645_message request;
    struct dl645_message reply;
    dl645_request_write_address("665544332211", &request);
    reply = decode("68 42 00 15 03 24 20 68 96 00 04 16");
    reply.function = DL645_WRITE_ADDRESS;
    (void)memcpy(reply.address, "665544332211", sizeof(reply.address));
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
    (void)memcpy(request.address, "111111111111", sizeof(request.address));
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
    reply.address[0] = '7';
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
    struct dl645_time now = {0x24, 0x03, 0x15, 0x10, 0x30, 0x05};
    dl645_request_broadcast_time(&now, &request);
    reply.function = DL645_BROADCAST_TIME;
    CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_STRANGER);
}

TEST(names_and_codes)
{
    uint8_t function = 0;
    for (uint8_t code = 0; code < 32; code++) {
        const char *name = dl645_function_name(code);
        bool is_vendor = strcmp(name, "vendor") == 0;
        CHECK_EQ_I64(dl645_function_parse(name, &function), !is_vendor);
        CHECK(is_vendor || function == code);
    }
    static const uint32_t bauds[] = {600, 1200, 2400, 4800, 9600, 19200};
    for (size_t i = 0; i < ARRAY_COUNT(bauds); i++) {
        uint8_t code = 0;
        uint32_t baud = 0;
        CHECK(dl645_baud_to_code(bauds[i], &code));
        CHECK_EQ_U64(code, 2U << i);
        CHECK(dl645_baud_from_code(code, &baud));
        CHECK_EQ_U64(baud, bauds[i]);
    }
    uint8_t code = 0;
    uint32_t baud = 0;
    CHECK(!dl645_baud_to_code(115200, &code));
    CHECK(!dl645_baud_from_code(0x00, &baud));
    CHECK(!dl645_baud_from_code(0x0C, &baud));
}

TEST(moments)
{
    struct civil civil = {.year = 2026, .month = 11, .day = 20, .hour = 12, .minute = 5};
    struct dl645_time time;
    CHECK(dl645_time_from_civil(&civil, &time));
    CHECK_EQ_U64(time.year, 0x26);
    CHECK_EQ_U64(time.minute, 0x05);
    struct civil again;
    CHECK(dl645_time_to_civil(&time, &again));
    CHECK_EQ_I64(again.year, 2026);
    CHECK_EQ_I64(again.weekday, 5);
    time.month = 0x13;
    CHECK(!dl645_time_to_civil(&time, &again));
    time.month = 0x0A;
    CHECK(!dl645_time_to_civil(&time, &again));
    civil.year = 2100;
    CHECK(!dl645_time_from_civil(&civil, &time));
}

TEST(status_words)
{
    static const uint8_t open[] = {0x50, 0x00};
    static const uint8_t closed[] = {0x40, 0x00};
    CHECK(dl645_status_relay_is_open(open));
    CHECK(!dl645_status_relay_is_open(closed)); /* commanded is not yet open */
    CHECK_EQ_STR(dl645_status_bit_name(3, 4), "relay open");
    CHECK_EQ_STR(dl645_status_bit_name(4, 0), "voltage lost");
    CHECK(dl645_status_bit_name(1, 0) == NULL);
    CHECK_EQ_STR(dl645_error_bit_name(1, 1), "no such data");
    CHECK_EQ_STR(dl645_error_bit_name(2, 5), "purchase count wrong");
    CHECK(dl645_error_bit_name(1, 7) == NULL);
    CHECK(dl645_error_bit_name(2, 15) == NULL);
}

TEST_MAIN()
