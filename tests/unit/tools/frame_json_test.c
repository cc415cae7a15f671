/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"
#include "common/compiler.h"
#include "protocol/dl645/frame.h"
#include "tests/unit/test.h"
#include "tools/frame/frame_json.h"
#include "tools/frame/time_json.h"

/* Encodes the JSON text, decodes the bytes, and encodes what came out: the same bytes again. */
static json_t *there_and_back(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    uint8_t first[DL645_WIRE_SIZE_MAX];
    uint8_t second[DL645_WIRE_SIZE_MAX];
    size_t first_size = 0;
    size_t second_size = 0;
    char error[FRAME_ERROR_SIZE] = "";
    CHECK(object != NULL);
    bool encoded = frame_json_encode(object, first, &first_size, error);
    json_decref(object);
    CHECK_EQ_STR(error, "");
    CHECK(encoded);
    object = frame_json_decode(first, first_size);
    encoded = frame_json_encode(object, second, &second_size, error);
    CHECK_EQ_STR(error, "");
    CHECK(encoded);
    CHECK_EQ_U64(first_size, second_size);
    CHECK_EQ_MEM(first, second, first_size);
    return object;
}

static void check_text(const char *text, const char *key, const char *value)
{
    json_t *object = there_and_back(text);
    const char *got = json_string_value(json_object_get(object, key));
    CHECK(got != NULL);
    CHECK_EQ_STR(got, value);
    json_decref(object);
}

#define REPLY "{\"address\":\"202403150042\",\"direction\":\"response\",\"function\":\"read\","
#define REQUEST "{\"address\":\"202403150042\",\"function\":"

TEST(every_kind_of_value_comes_back)
{
    check_text(REPLY "\"DI\":\"00010000\",\"value\":\"9.33\"}", "unit", "kWh");
    check_text(REPLY "\"DI\":\"00010000\",\"value\":null}", "data_minus33",
               "00 00 01 00 FF FF FF FF");
    check_text(REPLY "\"DI\":\"01010000\",\"value\":\"7.8123\",\"time\":\"2024-03-15 10:30\"}",
               "time", "2024-03-15 10:30");
    check_text(REPLY "\"DI\":\"0201FF00\",\"values\":[\"225.6\",null,null]}", "data_minus33",
               "00 FF 01 02 56 22 FF FF FF FF");
    check_text(REPLY "\"DI\":\"0101FF00\",\"values\":[\"1\",null],\"times\":[\"2024-03-15 "
                     "10:30\",null]}",
               "unit", "kW");
    check_text(REPLY "\"DI\":\"04000101\",\"date\":\"2024-03-15\",\"weekday\":5}", "date",
               "2024-03-15");
    check_text(REPLY "\"DI\":\"0400010C\",\"date\":\"2024-03-15\",\"weekday\":5,\"time\":\"10:30:"
                     "05\"}",
               "time", "10:30:05");
    check_text(REPLY "\"DI\":\"04000402\",\"number\":\"202403150042\"}", "number", "202403150042");
    check_text(REPLY "\"DI\":\"03330201\",\"count\":\"7\"}", "count", "7");
    check_text(REPLY "\"DI\":\"04000703\",\"baud_code\":\"08\"}", "baud_code", "08");
    check_text(REPLY "\"DI\":\"05060001\",\"freeze_time\":\"2015-10-09 00:00\"}", "freeze_time",
               "2015-10-09 00:00");
    check_text(REPLY "\"DI\":\"04000503\",\"value_hex\":\"5000\"}", "relay", "open");
    check_text(REPLY "\"DI\":\"028011FF\",\"value_hex\":\"DEADBEEF\"}", "value_hex", "DEADBEEF");
    check_text(REPLY "\"DI\":\"00010000\",\"value_hex\":\"0A000000\"}", "value_hex", "0A000000");
    check_text(REPLY "\"DI\":\"00000000\",\"value_hex\":\"00000080\"}", "value", "0.00");
    check_text(REPLY "\"DI\":\"00010000\",\"value\":\"1.23\",\"trailing_hex\":\"99\"}",
               "trailing_hex", "99");
}

TEST(every_function_comes_back)
{
    check_text(REQUEST "\"broadcast time\",\"time\":\"2024-03-15 10:30:05\"}", "data_minus33",
               "05 30 10 15 03 24");
    check_text(REQUEST "\"freeze\",\"freeze_time\":\"99-99 99:99\"}", "freeze_time", "99-99 99:99");
    check_text(REQUEST "\"change baud\",\"baud_code\":\"08\"}", "control", "17");
    check_text(REQUEST "\"write\",\"DI\":\"04001001\",\"PA\":\"02\",\"password\":\"123456\","
                       "\"operator\":\"00000001\",\"value\":\"50.00\"}",
               "password", "123456");
    check_text(REQUEST "\"write\",\"DI\":\"04001001\",\"PA\":\"98\",\"password\":\"000000\","
                       "\"operator\":\"00000000\",\"data_hex\":\"000102030405060708090A0B0C0D0E0F\""
                       ",\"mac1\":\"01020304\"}",
               "mac1", "01020304");
    check_text(REQUEST "\"change password\",\"DI\":\"04000C01\",\"PA\":\"02\",\"password\":"
                       "\"123456\",\"new_PA\":\"02\",\"new_password\":\"654321\"}",
               "new_password", "654321");
    check_text(REQUEST "\"clear events\",\"PA\":\"02\",\"password\":\"123456\",\"operator\":"
                       "\"00000001\",\"DI\":\"FFFFFFFF\"}",
               "DI", "FFFFFFFF");
    check_text(REQUEST "\"security auth\",\"DI\":\"070102FF\",\"operator\":\"00000001\","
                       "\"amount\":\"100.00\",\"purchase_count\":8,\"mac1\":\"01020304\","
                       "\"customer\":\"000000123456\",\"mac2\":\"05060708\"}",
               "amount", "100.00");
    check_text(REQUEST "\"read follow-on\",\"DI\":\"0001FF00\",\"seq\":1}", "control", "12");
    check_text(REQUEST "\"read\",\"DI\":\"06010001\",\"block_count\":\"02\",\"block_time\":"
                       "\"2024-03-15 10:30\"}",
               "block_time", "2024-03-15 10:30");
    check_text("{\"address\":\"202403150042\",\"control\":\"D1\",\"error_bits\":\"06\"}",
               "error_bits", "06");
    check_text("{\"address\":\"202403150042\",\"control\":\"C3\",\"error_bits\":\"2000\"}",
               "error_bits", "2000");
    check_text("{\"address\":\"202403150042\",\"control\":\"1F\",\"data_hex\":\"0F55FF\"}",
               "data_hex", "0F55FF");
    /* DATA that no layout describes still comes back. */
    check_text("{\"address\":\"202403150042\",\"control\":\"91\",\"data_minus33\":\"01 02\"}",
               "problem", "DATA is too short for this function");
}

static void check_error(const char *text, const char *error)
{
    json_t *object = json_loads(text, 0, NULL);
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    char got[FRAME_ERROR_SIZE] = "";
    CHECK(object != NULL);
    CHECK(!frame_json_encode(object, bytes, &size, got));
    json_decref(object);
    CHECK(strncmp(got, error, strlen(error)) == 0);
}

TEST(errors_name_the_member)
{
    check_error("[]", "input: ");
    check_error("{}", "address: ");
    check_error("{\"address\":\"20240315004G\",\"function\":\"read\"}", "address: ");
    check_error("{\"address\":\"202403150042\"}", "control: ");
    check_error("{\"address\":\"202403150042\",\"control\":\"1\"}", "control: ");
    check_error(REQUEST "\"vendor\"}", "function: ");
    check_error(REQUEST "\"read\",\"control\":\"91\",\"direction\":\"request\"}", "direction: ");
    check_error(REQUEST "\"freeze\",\"control\":\"11\"}", "function: ");
    check_error(REQUEST "\"read\",\"preamble_fe\":17}", "preamble_fe: ");
    check_error(REQUEST "\"read\",\"preamble_fe\":\"4\"}", "preamble_fe: ");
    check_error(REQUEST "\"read\",\"DI\":12}", "DI: ");
    check_error(REQUEST "\"read\"}", "read: ");
    check_error(REQUEST "\"read follow-on\",\"DI\":\"0001FF00\",\"seq\":256}", "seq: ");
    check_error(REQUEST "\"freeze\",\"freeze_time\":\"now\"}", "freeze_time: ");
    check_error(REPLY "\"DI\":\"00010000\",\"value\":\"nine\"}", "value: ");
    check_error(REPLY "\"DI\":\"00010000\",\"value\":9.33}", "value: ");
    check_error(REPLY "\"DI\":\"0201FF00\",\"values\":[\"1\",{}]}", "values: ");
    check_error(REPLY "\"DI\":\"04000101\",\"date\":\"2024-03-15\",\"weekday\":7}", "weekday: ");
    check_error(REQUEST "\"security auth\",\"DI\":\"070102FF\",\"operator\":\"00000001\","
                        "\"amount\":100}",
                "amount: ");
    check_error("{\"address\":\"202403150042\",\"control\":\"1F\",\"data_hex\":\"0\"}",
                "data_hex: ");
    check_error("{\"address\":\"202403150042\",\"control\":\"D1\",\"error_bits\":\"\"}",
                "error_bits: ");
}

TEST(bad_frames_say_where_and_keep_what_was_read)
{
    static const uint8_t bad[] = {0xFE, 0x68, 0x68, 0x16, 0x61, 0x00, 0x00,
                                  0x00, 0x68, 0x95, 0x00, 0x11, 0x16};
    json_t *object = frame_json_decode(bad, sizeof(bad));
    CHECK(json_is_false(json_object_get(object, "ok")));
    CHECK_EQ_I64(json_integer_value(json_object_get(object, "at")), 11);
    CHECK_EQ_STR(json_string_value(json_object_get(object, "address")), "000000611668");
    CHECK_EQ_STR(json_string_value(json_object_get(object, "cs_computed")), "44");
    json_decref(object);
    for (size_t size = 0; size < sizeof(bad); size++) {
        object = frame_json_decode(bad, size);
        CHECK(json_is_false(json_object_get(object, "ok")));
        CHECK(json_string_length(json_object_get(object, "error")) > 0);
        json_decref(object);
    }
}

TEST(moments_that_are_no_times)
{
    struct dl645_time time;
    CHECK(time_json_parse("2018-05-12 15:41:24", "smhDMY", &time));
    CHECK_EQ_U64(time.hour, 0x15);
    CHECK(!time_json_parse("2018-05-12 15:41", "smhDMY", &time));
    CHECK(!time_json_parse("2018-05-12 15:41:24", "mhDMY", &time));
    CHECK(!time_json_parse("1918-05-12 15:41:24", "smhDMY", &time));
    CHECK(!time_json_parse("2018-05-1", "smhDMY", &time));
    CHECK(!time_json_parse("", "mhDM", &time));
    CHECK(time_json_parse("05-12 15:41", "mhDM", &time));
}

TEST_MAIN()
