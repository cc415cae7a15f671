/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every message of the terminals: what is written is read back the same, and whatever is missing or
 * wrong is named. For the second half each member of a sound message is taken away, made null and
 * made another type in turn, and the codec must accept or name it as its table says.
 */

#include <jansson.h>

#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/api/order.h"
#include "protocol/api/read.h"
#include "protocol/api/room.h"
#include "protocol/api/terminal.h"
#include "tests/unit/test.h"

#define UUID "018f3a1c-0000-7000-8000-000000000001"

static char text[API_TEXT_SIZE_MAX];
static size_t size;
static struct api_fault fault;

TEST(profile_comes_back_the_same)
{
    struct api_profile in = {.terminal_id = "t1",
                             .name = "lobby",
                             .company = "\xE5\x85\x88\xE4\xBB\xA4",
                             .site_id = "s1",
                             .site_name = "n",
                             .service_phone = "1",
                             .languages = {"zh-CN", "en"},
                             .language_count = 2,
                             .amounts_fen = {2000, 5000},
                             .amount_count = 2,
                             .amount_min_fen = 100,
                             .amount_max_fen = 200000,
                             .wallets = {API_CHANNEL_WECHAT, API_CHANNEL_ALIPAY},
                             .wallet_count = 2,
                             .receipt_auto = true,
                             .notice = "n",
                             .server_time = 1795165200,
                             .payments_open = false,
                             .payments_reason = "disk_full"};
    struct api_profile out;
    CHECK_EQ_I64(api_profile_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_U64(strlen(text), size);
    CHECK_EQ_I64(api_profile_decode(text, size, &out, &fault), OK);
    CHECK_EQ_STR(out.company, in.company);
    CHECK_EQ_STR(out.languages[1], "en");
    CHECK_EQ_U64(out.wallet_count, 2);
    CHECK_EQ_I64(out.wallets[0], API_CHANNEL_WECHAT);
    CHECK_EQ_I64(out.amounts_fen[1], 5000);
    CHECK(!out.payments_open);
    CHECK_EQ_STR(out.payments_reason, "disk_full");
    CHECK_EQ_I64(api_profile_encode(&in, text, 40, &size), ERR_FULL);
}

TEST(heartbeat_and_its_answer)
{
    struct api_heartbeat in = {.uptime_s = 7, .version = "0.1", .screen = "home"};
    struct api_heartbeat out;
    CHECK_EQ_I64(api_heartbeat_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_heartbeat_decode(text, size, &out, &fault), OK);
    CHECK_EQ_STR(out.open_order_no, "");
    CHECK_EQ_STR(out.reader_state, "");
    (void)snprintf(in.reader_state, sizeof(in.reader_state), "ready");
    CHECK_EQ_I64(api_heartbeat_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_heartbeat_decode(text, size, &out, &fault), OK);
    CHECK_EQ_STR(out.reader_state, "ready");
    const char *odd = "{\"uptime_s\":1,\"version\":\"v\",\"screen\":\"s\",\"printer\":{},"
                      "\"reader\":{\"state\":7},\"open_order_no\":null}";
    CHECK_EQ_I64(api_heartbeat_decode(odd, strlen(odd), &out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "reader");
    const char *bad = "{\"uptime_s\":1,\"version\":\"v\",\"screen\":\"s\",\"printer\":{},"
                      "\"open_order_no\":\"no/no/no\"}";
    CHECK_EQ_I64(api_heartbeat_decode(bad, strlen(bad), &out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "open_order_no");
    struct api_heartbeat_answer answer = {
        .server_time = 5, .payments_open = true, .profile_version = "3"};
    struct api_heartbeat_answer back;
    CHECK_EQ_I64(api_heartbeat_answer_encode(&answer, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_heartbeat_answer_decode(text, size, &back, &fault), OK);
    CHECK(back.payments_open);
    CHECK_EQ_STR(back.profile_version, "3");
}

TEST(a_heartbeat_tells_what_the_card_driver_counts)
{
    struct api_heartbeat in = {.uptime_s = 7, .version = "0.1", .screen = "home"};
    static struct api_heartbeat out;
    in.reader = (struct api_reader_counts){.told = true, .chip = "PN532 v1.6"};
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        in.reader.counts[i] = (int64_t)i * 1000;
    }
    in.reader.counts[CARDLINK_REOPENS] = API_COUNT_MAX;
    in.reader.counts[CARDLINK_RELAYS] = -1;
    CHECK_EQ_I64(api_heartbeat_encode(&in, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"reader\":{\"state\":null,\"chip\":\"PN532 v1.6\",\"counts\":{"
                       "\"timeouts\":0,\"line_errors\":1000,") != NULL);
    CHECK(strstr(text, "relays") == NULL);
    CHECK_EQ_I64(api_heartbeat_decode(text, size, &out, &fault), OK);
    CHECK(out.reader.told);
    CHECK_EQ_STR(out.reader.chip, "PN532 v1.6");
    CHECK_EQ_MEM(out.reader.counts, in.reader.counts, sizeof(in.reader.counts));
    (void)snprintf(in.reader_state, sizeof(in.reader_state), "none");
    in.reader.told = false;
    CHECK_EQ_I64(api_heartbeat_encode(&in, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"reader\":{\"state\":\"none\"}") != NULL);
    CHECK_EQ_I64(api_heartbeat_decode(text, size, &out, &fault), OK);
    CHECK(!out.reader.told);
}

TEST(rooms_are_grouped_and_flattened)
{
    struct api_room rooms[] = {
        {.building = "A", .unit = "1", .room_id = "r1", .label = "1", .meter_tail = "0001"},
        {.building = "A", .unit = "1", .room_id = "r2", .label = "2", .meter_tail = "0002"},
        {.building = "A",
         .unit = "2",
         .room_id = "r3",
         .label = "3",
         .meter_tail = "0003",
         .kind = API_SERVICE_WATER}};
    struct api_room back[3];
    struct api_rooms in = {.total = 9, .rooms = rooms, .room_count = 3};
    struct api_rooms out = {.rooms = back};
    CHECK_EQ_I64(api_rooms_encode(&in, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"groups\":[{") != NULL);
    CHECK_EQ_I64(api_rooms_decode(text, size, ARRAY_COUNT(back), &out, &fault), OK);
    CHECK_EQ_I64(out.total, 9);
    CHECK_EQ_U64(out.room_count, 3);
    CHECK_EQ_STR(back[1].unit, "1");
    CHECK_EQ_STR(back[2].unit, "2");
    CHECK_EQ_I64(back[2].kind, API_SERVICE_WATER);
    CHECK_EQ_I64(api_rooms_decode(text, size, 2, &out, &fault), ERR_FULL);
}

static struct api_room_page full_page(void)
{
    return (struct api_room_page){
        .room_id = "r1",
        .place = "3-501",
        .customer_masked = "J*",
        .meter_id = "m1",
        .meter_address = "000000000001",
        .meter_tail = "0001",
        .meter_protocol = "645-2007",
        .balance_in = API_BALANCE_IN_METER,
        .sale_reason = "meter_blocked",
        .has_last = true,
        .last_balance_fen = -120,
        .last_energy = "1234.56",
        .last_energy_unit = "kWh",
        .last_read_at = 10,
        .last_age_s = 5,
        .price_e4_yuan = 5469,
        .alarm_fen = 2000,
        .arrears_fen = 120,
        .has_days_left = true,
        .days_left = 3,
        .usage = {.unit = "kWh",
                  .days = {{"2026-11-19", "6.30"}, {"2026-11-20", "0.00"}},
                  .day_count = 2,
                  .today = "0.00",
                  .month = "70.10",
                  .total = "1234.56",
                  .average = "6.30"},
        .has_last_top_up = true,
        .last_top_up_fen = 5000,
        .last_top_up_at = 9,
        .has_open_order = true,
        .open_order_elsewhere = true,
        .relay = API_RELAY_OPEN};
}

TEST(the_meter_page_full_and_empty)
{
    struct api_room_page in = full_page();
    struct api_room_page out;
    CHECK_EQ_I64(api_room_page_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_room_page_decode(text, size, &out, &fault), OK);
    CHECK_EQ_I64(out.last_balance_fen, -120);
    CHECK_EQ_STR(out.usage.days[1].day, "2026-11-20");
    CHECK(out.open_order_elsewhere && out.has_last_top_up && !out.sale_open);
    CHECK_EQ_I64(out.relay, API_RELAY_OPEN);
    struct api_room_page empty = {.room_id = "r1",
                                  .place = "x",
                                  .meter_id = "m1",
                                  .meter_address = "1",
                                  .meter_tail = "1",
                                  .meter_protocol = "645-2007",
                                  .sale_open = true,
                                  .usage = {.unit = "kWh"}};
    CHECK_EQ_I64(api_room_page_encode(&empty, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"last\":null") != NULL);
    CHECK_EQ_I64(api_room_page_decode(text, size, &out, &fault), OK);
    CHECK(!out.has_last && !out.has_days_left && !out.has_open_order && out.sale_open);
}

TEST(reads_live_stored_and_never)
{
    struct api_read_answer in = {.is_live = true,
                                 .has_values = true,
                                 .balance_fen = 4260,
                                 .energy = "1.23",
                                 .energy_unit = "kWh",
                                 .voltage = "220.1",
                                 .relay = API_RELAY_CLOSED,
                                 .read_at = 100,
                                 .took_ms = 812};
    struct api_read_answer out;
    CHECK_EQ_I64(api_read_answer_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_read_answer_decode(text, size, &out, &fault), OK);
    CHECK(out.is_live && out.has_values);
    CHECK_EQ_STR(out.voltage, "220.1");
    CHECK_EQ_STR(out.current, "");
    struct api_read_answer never = {.reason = API_READ_METER_SILENT};
    CHECK_EQ_I64(api_read_answer_encode(&never, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_read_answer_decode(text, size, &out, &fault), OK);
    CHECK(!out.is_live && !out.has_values);
    CHECK_EQ_STR(out.reason, "meter_silent");
    const char *contradiction = "{\"source\":\"live\",\"relay\":\"open\",\"took_ms\":1}";
    CHECK_EQ_I64(api_read_answer_decode(contradiction, strlen(contradiction), &out, &fault),
                 ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "balance_fen");
}

static struct api_order_view full_view(void)
{
    return (struct api_order_view){.order_no = "S00001ABCD",
                                   .client_request_id = UUID,
                                   .version = 4,
                                   .state = API_ORDER_CREDITING,
                                   .stage = API_STAGE_SENT,
                                   .channel = API_CHANNEL_WECHAT,
                                   .amount_fen = 5000,
                                   .paid_fen = 5000,
                                   .place = "3-501",
                                   .meter_tail = "0001",
                                   .meter_address = "000000000001",
                                   .qr_text = "weixin://wxpay/bizpayurl?pr=x",
                                   .qr_left_ms = 1000,
                                   .more_time_left = 2,
                                   .scanned = true,
                                   .has_balance_before = true,
                                   .balance_before_fen = -300,
                                   .relay = API_RELAY_CLOSING,
                                   .refund_no = "S00001ABCDR1",
                                   .review_reason = "credit_unknown",
                                   .created_at = 1,
                                   .has_paid_at = true,
                                   .paid_at = 2,
                                   .channel_trade_no = "42000",
                                   .service_phone = "1",
                                   .server_time = 3};
}

TEST(order_views_one_and_many)
{
    struct api_order_view in = full_view();
    struct api_order_view out;
    CHECK_EQ_I64(api_order_view_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_order_view_decode(text, size, &out, &fault), OK);
    CHECK_EQ_I64(out.state, API_ORDER_CREDITING);
    CHECK_EQ_I64(out.relay, API_RELAY_CLOSING);
    CHECK_EQ_I64(out.balance_before_fen, -300);
    CHECK(!out.has_balance_after && out.has_paid_at && out.scanned && !out.slow);
    static struct api_orders many;
    static struct api_orders back;
    many.count = API_ORDERS_MAX;
    for (size_t i = 0; i < many.count; i++) {
        many.views[i] = in;
        many.views[i].version = (int64_t)i;
    }
    CHECK_EQ_I64(api_orders_encode(&many, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_orders_decode(text, size, &back, &fault), OK);
    CHECK_EQ_U64(back.count, API_ORDERS_MAX);
    CHECK_EQ_I64(back.views[15].version, 15);
}

TEST(requests_of_the_kiosk)
{
    struct api_order_request in = {.client_request_id = UUID,
                                   .purchase_id = UUID,
                                   .room_id = "r1",
                                   .meter_id = "m1",
                                   .amount_fen = 5000,
                                   .channel = API_CHANNEL_ALIPAY,
                                   .accept_offline = true,
                                   .assist = true};
    struct api_order_request out;
    char id[ID_TEXT_SIZE];
    CHECK_EQ_I64(api_order_request_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_order_request_decode(text, size, &out, &fault), OK);
    CHECK(out.accept_offline && !out.accept_open_elsewhere && out.assist);
    CHECK_EQ_STR(out.purchase_id, UUID);
    CHECK_EQ_I64(api_request_id_encode(UUID, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_request_id_decode(text, size, id, &fault), OK);
    CHECK_EQ_STR(id, UUID);
    struct api_receipt_report report = {
        .client_request_id = UUID, .verdict = "printed", .print_id = UUID, .kind = "pending"};
    struct api_receipt_report report_back;
    CHECK_EQ_I64(api_receipt_report_encode(&report, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_receipt_report_decode(text, size, &report_back, &fault), OK);
    CHECK_EQ_STR(report_back.kind, "pending");
    report.kind[0] = '\0'; /* an older terminal */
    CHECK_EQ_I64(api_receipt_report_encode(&report, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_receipt_report_decode(text, size, &report_back, &fault), OK);
    CHECK_EQ_STR(report_back.kind, "");
    report = (struct api_receipt_report){
        .client_request_id = UUID, .verdict = "printed", .print_id = UUID, .kind = "bill"};
    CHECK_EQ_I64(api_receipt_report_encode(&report, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_receipt_report_decode(text, size, &report_back, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "kind");
    const char *eaten =
        "{\"client_request_id\":\"" UUID "\",\"verdict\":\"eaten\",\"print_id\":\"" UUID "\"}";
    CHECK_EQ_I64(api_receipt_report_decode(eaten, strlen(eaten), &report_back, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "verdict");
}

TEST(errors_have_a_code)
{
    struct api_error in = {.code = API_ERROR_BAD_REQUEST, .message = "m", .field = "q"};
    struct api_error out;
    CHECK_EQ_I64(api_error_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_error_decode(text, size, &out, &fault), OK);
    CHECK_EQ_STR(out.code, "bad_request");
    CHECK_EQ_STR(out.field, "q");
    CHECK_EQ_I64(api_error_decode("{}", 2, &out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "error");
    CHECK_EQ_I64(api_error_decode("nonsense", 8, &out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "(body)");
}

/* --- members missing, null, of another type --- */

typedef enum err (*decoder)(const char *body, size_t body_size);

static enum err decode_view(const char *body, size_t body_size)
{
    struct api_order_view out;
    return api_order_view_decode(body, body_size, &out, &fault);
}

static enum err decode_page(const char *body, size_t body_size)
{
    struct api_room_page out;
    return api_room_page_decode(body, body_size, &out, &fault);
}

static bool is_in(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (str_equal(*names, name)) {
            return true;
        }
    }
    return false;
}

/* Decode @p json; true if it is taken exactly when @p wanted, and the member is named if not. */
static bool behaves(decoder decode, const json_t *json, const char *name, bool wanted)
{
    char *body = json_dumps(json, JSON_COMPACT);
    enum err err = decode(body, strlen(body));
    bool good = wanted ? err == OK : err == ERR_FORMAT && str_starts_with(fault.field, name);
    if (!good) {
        (void)printf("# %s: %s, field %s\n", name, err_name(err), fault.field);
    }
    free(body);
    return good;
}

/* Returns how many members misbehave. */
static int spoil_each(decoder decode, const char *sound, const char *const *may_be_absent)
{
    int bad = 0;
    json_t *whole = json_loads(sound, 0, NULL);
    const char *name = NULL;
    json_t *value = NULL;
    json_t *copy = json_deep_copy(whole);
    json_object_foreach(copy, name, value)
    {
        bool optional = is_in(may_be_absent, name);
        json_t *spoilt = json_deep_copy(whole);
        (void)json_object_del(spoilt, name);
        bad += behaves(decode, spoilt, name, optional) ? 0 : 1;
        (void)json_object_set_new(spoilt, name, json_null());
        bad += behaves(decode, spoilt, name, optional) ? 0 : 1;
        (void)json_object_set_new(spoilt, name, json_real(1.5));
        bad += behaves(decode, spoilt, name, false) ? 0 : 1;
        (void)json_object_set_new(spoilt, name, json_array());
        bad += behaves(decode, spoilt, name, false) ? 0 : 1;
        json_decref(spoilt);
    }
    json_decref(copy);
    json_decref(whole);
    return bad;
}

TEST(each_member_of_an_order_view_is_checked)
{
    static const char *const nullable[] = {
        "qr_text", "balance_before_fen", "balance_after_fen", "refund_no", "review_reason",
        "paid_at", "channel_trade_no",   "service_phone",     "card",      NULL};
    struct api_order_view in = full_view();
    CHECK_EQ_I64(api_order_view_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(spoil_each(decode_view, text, nullable), 0);
}

TEST(each_member_of_a_meter_page_is_checked)
{
    static const char *const nullable[] = {"customer_masked", "last",       "days_left",
                                           "last_top_up",     "open_order", NULL};
    struct api_room_page in = full_page();
    CHECK_EQ_I64(api_room_page_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(spoil_each(decode_page, text, nullable), 0);
}

TEST(ids_numbers_and_decimals_have_a_form)
{
    CHECK(api_id_is_valid("m-1.a_B"));
    CHECK(!api_id_is_valid(""));
    CHECK(!api_id_is_valid("a/b"));
    CHECK(!api_id_is_valid("123456789012345678901234567890123"));
    CHECK(api_order_no_is_valid("S12345"));
    CHECK(!api_order_no_is_valid("S1234"));
    CHECK(!api_order_no_is_valid("S1234-5"));
    CHECK(api_decimal_is_valid("-0.10"));
    CHECK(!api_decimal_is_valid("1."));
    CHECK(!api_decimal_is_valid("1e3"));
    CHECK(!api_decimal_is_valid(""));
}

TEST_MAIN()
