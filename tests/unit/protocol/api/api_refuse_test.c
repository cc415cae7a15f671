/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a terminal or a server of another version, or a stranger, may send: every list that is too
 * long, every word that is none, every number out of its range is refused, and the member is named.
 * Messages stand here with ' for ", so that they can be read.
 */
#include <signal.h>

#include <fcntl.h>
#include <jansson.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/api/order.h"
#include "protocol/api/read.h"
#include "protocol/api/room.h"
#include "protocol/api/terminal.h"
#include "tests/unit/test.h"

#define UUID "018f3a1c-0000-7000-8000-000000000001"

static struct api_fault fault;

/* One of each message to read into: some are too large for a stack. */
static struct api_profile profile;
static struct api_heartbeat heartbeat;
static struct api_heartbeat_answer heartbeat_answer;
static struct api_room room_list[2];
static struct api_rooms rooms = {.rooms = room_list};
static struct api_room_page page;
static struct api_read_request read_request;
static struct api_read_answer read_answer;
static struct api_order_request order_request;
static struct api_order_view view;
static struct api_orders orders;
static struct api_receipt_report receipt_report;
static struct api_error error;
static char request_id[ID_TEXT_SIZE];

enum message {
    PROFILE,
    HEARTBEAT,
    HEARTBEAT_ANSWER,
    ROOMS,
    ROOM_PAGE,
    READ_REQUEST,
    READ_ANSWER,
    ORDER_REQUEST,
    ORDER_VIEW,
    ORDERS,
    REQUEST_ID,
    RECEIPT_REPORT,
    ERROR,
    MESSAGE_COUNT
};

static enum err decode(enum message message, const char *text, size_t size)
{
    switch (message) {
    case PROFILE:
        return api_profile_decode(text, size, &profile, &fault);
    case HEARTBEAT:
        return api_heartbeat_decode(text, size, &heartbeat, &fault);
    case HEARTBEAT_ANSWER:
        return api_heartbeat_answer_decode(text, size, &heartbeat_answer, &fault);
    case ROOMS:
        return api_rooms_decode(text, size, ARRAY_COUNT(room_list), &rooms, &fault);
    case ROOM_PAGE:
        return api_room_page_decode(text, size, &page, &fault);
    case READ_REQUEST:
        return api_read_request_decode(text, size, &read_request, &fault);
    case READ_ANSWER:
        return api_read_answer_decode(text, size, &read_answer, &fault);
    case ORDER_REQUEST:
        return api_order_request_decode(text, size, &order_request, &fault);
    case ORDER_VIEW:
        return api_order_view_decode(text, size, &view, &fault);
    case ORDERS:
        return api_orders_decode(text, size, &orders, &fault);
    case REQUEST_ID:
        return api_request_id_decode(text, size, request_id, &fault);
    case RECEIPT_REPORT:
        return api_receipt_report_decode(text, size, &receipt_report, &fault);
    case ERROR:
        return api_error_decode(text, size, &error, &fault);
    case MESSAGE_COUNT:
        break;
    }
    return ERR_UNSUPPORTED;
}

/* Each ' becomes ". */
static size_t quote(const char *text, char *ret_json, size_t size)
{
    CHECK(str_copy(ret_json, size, text));
    size_t len = strlen(ret_json);
    for (size_t i = 0; i < len; i++) {
        ret_json[i] = ret_json[i] == '\'' ? '"' : ret_json[i];
    }
    return len;
}

static void check_refused(enum message message, const char *text, const char *field)
{
    static char json[8192];
    size_t size = quote(text, json, sizeof(json));
    fault = (struct api_fault){0};
    CHECK_EQ_I64(decode(message, json, size), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, field);
}

TEST(what_is_no_object_is_no_message)
{
    static const char *const bodies[] = {"", "[]", "7", "{", "{}x", "{'a':1,'a':1}", "null"};
    for (int message = 0; message < MESSAGE_COUNT; message++) {
        for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
            check_refused((enum message)message, bodies[i], "(body)");
        }
    }
}

#define PROFILE_WITH(languages, amounts, wallets, payments)                                        \
    "{'terminal_id':'t1','name':'n','company':'c','site':{'site_id':'s1','name':'n'},"             \
    "'service_phone':'1','languages':" languages ",'amounts_fen':" amounts ",'amount_min_fen':1,"  \
    "'amount_max_fen':2,'wallets':" wallets ",'receipt':{'auto':true},'notice':null,"              \
    "'server_time':1,'payments':" payments "}"
#define LANGUAGES "['en']"
#define AMOUNTS "[100]"
#define WALLETS "['wechat']"

TEST(a_profile_has_bounded_lists)
{
    static const struct {
        const char *json;
        const char *field;
    } cases[] = {
        {PROFILE_WITH("['a','b','c','d','e','f','g','h','i']", AMOUNTS, WALLETS, "'open'"),
         "languages"},
        {PROFILE_WITH("[1]", AMOUNTS, WALLETS, "'open'"), "languages"},
        {PROFILE_WITH("['a-language-name']", AMOUNTS, WALLETS, "'open'"), "languages"},
        {PROFILE_WITH(LANGUAGES, "[1,2,3,4,5,6,7,8,9]", WALLETS, "'open'"), "amounts_fen"},
        {PROFILE_WITH(LANGUAGES, "[0]", WALLETS, "'open'"), "amounts_fen"},
        {PROFILE_WITH(LANGUAGES, "[9007199254740993]", WALLETS, "'open'"), "amounts_fen"},
        {PROFILE_WITH(LANGUAGES, "['1']", WALLETS, "'open'"), "amounts_fen"},
        {PROFILE_WITH(LANGUAGES, AMOUNTS, "['wechat','alipay','wechat']", "'open'"), "wallets"},
        {PROFILE_WITH(LANGUAGES, AMOUNTS, "['cash']", "'open'"), "wallets"},
        {PROFILE_WITH(LANGUAGES, AMOUNTS, "[7]", "'open'"), "wallets"},
        {PROFILE_WITH(LANGUAGES, AMOUNTS, WALLETS, "'ajar'"), "payments"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        check_refused(PROFILE, cases[i].json, cases[i].field);
    }
    check_refused(HEARTBEAT_ANSWER,
                  "{'server_time':1,'payments':'no','payments_reason':null,'profile_version':'1'}",
                  "payments");
    check_refused(HEARTBEAT_ANSWER, "{'server_time':1,'payments':'open'}", "profile_version");
    check_refused(HEARTBEAT, "{'version':'v','screen':'s','printer':{}}", "uptime_s");
}

TEST(a_heartbeat_may_name_its_open_order)
{
    static char text[512];
    struct api_heartbeat in = {
        .uptime_s = 1, .version = "v", .screen = "pay", .open_order_no = "S00001ABCD"};
    size_t size = 0;
    CHECK_EQ_I64(api_heartbeat_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(HEARTBEAT, text, size), OK);
    CHECK_EQ_STR(heartbeat.open_order_no, "S00001ABCD");
}

#define HEARTBEAT_OF(reader)                                                                       \
    "{'uptime_s':1,'version':'v','screen':'s','printer':{},'reader':" reader "}"

TEST(counts_of_a_card_reader_are_bounded_and_unknown_ones_ignored)
{
    static const char *const refused[] = {
        "7",
        "[]",
        "{'counts':7}",
        "{'counts':[]}",
        "{'counts':'1'}",
        "{'counts':{'timeouts':-1}}",
        "{'counts':{'power_resets':9007199254740992}}",
        "{'counts':{'reopens':1.5}}",
        "{'counts':{'reopens':'1'}}",
        "{'counts':{'reopens':true}}",
        "{'counts':{'reopens':[1]}}",
        "{'counts':{},'chip':7}",
        "{'counts':{},'chip':'a\\nb'}",
        "{'counts':{},'chip':'\xE5\x85\x88'}",
        "{'counts':{},'chip':'sixty-five characters are one more than a name of a chip may have'}",
    };
    static char message[512];
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        CHECK(str_format(message, sizeof(message), HEARTBEAT_OF("%s"), refused[i]));
        check_refused(HEARTBEAT, message, "reader");
    }
    check_refused(HEARTBEAT, HEARTBEAT_OF("{'counts':{'reopens':99999999999999999999}}"), "(body)");
    static char json[512];
    size_t size = quote(HEARTBEAT_OF("{'state':'ready','chip':null,'counts':{'reopens':2,"
                                     "'writes':null,'lamps':'green','reads':9007199254740991}}"),
                        json, sizeof(json));
    CHECK_EQ_I64(decode(HEARTBEAT, json, size), OK);
    CHECK(heartbeat.reader.told);
    CHECK_EQ_STR(heartbeat.reader.chip, "");
    CHECK_EQ_I64(heartbeat.reader.counts[CARDLINK_REOPENS], 2);
    CHECK_EQ_I64(heartbeat.reader.counts[CARDLINK_READS], API_COUNT_MAX);
    CHECK_EQ_I64(heartbeat.reader.counts[CARDLINK_WRITES], -1);
    CHECK_EQ_I64(heartbeat.reader.counts[CARDLINK_TIMEOUTS], -1);
    size = quote(HEARTBEAT_OF("{'state':'ready','counts':null}"), json, sizeof(json));
    CHECK_EQ_I64(decode(HEARTBEAT, json, size), OK);
    CHECK(!heartbeat.reader.told);
}

TEST(reads_are_asked_for_with_an_age)
{
    static char text[512];
    struct api_read_request in = {.max_age_s = 300};
    size_t size = 0;
    CHECK_EQ_I64(api_read_request_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(READ_REQUEST, text, size), OK);
    CHECK_EQ_I64(read_request.max_age_s, 300);
    CHECK_EQ_I64(decode(READ_REQUEST, "{}", 2), OK);
    CHECK_EQ_I64(read_request.max_age_s, 0); /* ask the meter */
    check_refused(READ_REQUEST, "{'max_age_s':86401}", "max_age_s");
    check_refused(READ_REQUEST, "{'max_age_s':-1}", "max_age_s");
    check_refused(READ_ANSWER, "{'source':'guessed','relay':'open','took_ms':1}", "source");
    check_refused(READ_ANSWER, "{'source':'stored','relay':'open','took_ms':1,'voltage':'220,1'}",
                  "voltage");
    check_refused(READ_ANSWER, "{'source':'stored','relay':'closing','took_ms':1}", "relay");
    check_refused(READ_ANSWER, "{'source':'stored','relay':'ajar','took_ms':1}", "relay");
}

TEST(rooms_are_read_group_by_group)
{
    check_refused(ROOMS, "{'total':1}", "groups");
    check_refused(ROOMS, "{'total':1,'groups':[{'unit':'1'}]}", "groups[].rooms");
    check_refused(ROOMS,
                  "{'total':1,'groups':[{'building':'A','unit':'1','rooms':["
                  "{'room_id':'r','label':'1','meter_tail':'1','kind':'gas'}]}]}",
                  "groups[].rooms[].kind");
    check_refused(ROOMS,
                  "{'total':1,'groups':[{'building':'A','unit':'1','rooms':["
                  "{'room_id':'r/1','label':'1','meter_tail':'1','kind':'water'}]},"
                  "{'building':'B','unit':'1','rooms':[]}]}",
                  "groups[].rooms[].room_id");
}

TEST(two_buildings_with_one_unit_each_are_two_groups)
{
    static char text[2048];
    struct api_room list[] = {
        {.building = "A", .unit = "1", .room_id = "r1", .label = "1", .meter_tail = "0001"},
        {.building = "B", .unit = "1", .room_id = "r2", .label = "1", .meter_tail = "0002"}};
    struct api_rooms in = {.total = 2, .rooms = list, .room_count = 2};
    size_t size = 0;
    CHECK_EQ_I64(api_rooms_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(ROOMS, text, size), OK);
    CHECK_EQ_STR(room_list[0].building, "A");
    CHECK_EQ_STR(room_list[1].building, "B");
}

#define PAGE_WITH(meter, usage)                                                                    \
    "{'room_id':'r1','place':'p','customer_masked':null,'meter':{'meter_id':'m1','address':'1',"   \
    "'tail':'1','protocol':'645-2007'," meter "},'last':null,'price_e4_yuan':1,'alarm_fen':0,"     \
    "'arrears_fen':0,'days_left':null,'usage':{'unit':'kWh'," usage "},'last_top_up':null,"        \
    "'open_order':null,'relay':'open'}"
#define METER "'kind':'water','balance_in':'meter','sale':'open'"
#define DAYS "'days':[]"

TEST(a_meter_page_has_known_words)
{
    check_refused(ROOM_PAGE, PAGE_WITH("'kind':'gas','balance_in':'meter','sale':'open'", DAYS),
                  "meter.kind");
    check_refused(ROOM_PAGE, PAGE_WITH("'kind':'water','balance_in':'bank','sale':'open'", DAYS),
                  "meter.balance_in");
    check_refused(ROOM_PAGE, PAGE_WITH("'kind':'water','balance_in':'meter','sale':'ajar'", DAYS),
                  "meter.sale");
    check_refused(ROOM_PAGE, PAGE_WITH(METER, "'days':[{'day':'2026-11-20','amount':'x'},{}]"),
                  "usage.days[].amount");
    check_refused(ROOM_PAGE,
                  PAGE_WITH(METER, "'days':[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                                   "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"),
                  "usage.days");
    check_refused(ROOM_PAGE, PAGE_WITH(METER, "'days':[],'total':'1.2.3'"), "usage.total");
}

TEST(a_list_of_orders_is_bounded)
{
    check_refused(ORDERS, "{}", "orders");
    check_refused(ORDERS, "{'orders':[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}", "orders");
    check_refused(ORDERS, "{'orders':[{},{}]}", "orders[].order_no");
    CHECK_EQ_U64(orders.count, 0);
    check_refused(REQUEST_ID, "{}", "client_request_id");
    check_refused(ORDER_REQUEST, "{'client_request_id':'" UUID "','purchase_id':'7'}",
                  "purchase_id");
    check_refused(RECEIPT_REPORT, "{'client_request_id':'" UUID "','print_id':'" UUID "'}",
                  "verdict");
}

TEST(numbers_and_decimals_have_a_length)
{
    CHECK(!api_order_no_is_valid("S12345678901234567890123456789012"));
    CHECK(api_order_no_is_valid("S_zZ09"));
    CHECK(!api_order_no_is_valid("S1234{"));
    CHECK(!api_id_is_valid("a{"));
    CHECK(!api_id_is_valid("a["));
    CHECK(!api_decimal_is_valid("123456789012345678901234")); /* 24 digits */
    CHECK(api_decimal_is_valid("12345678901234567890123"));
    CHECK(!api_decimal_is_valid("1.5x"));
}

TEST(an_error_without_a_member_has_no_field)
{
    static char text[512];
    struct api_error in = {.code = API_ERROR_BUSY, .message = "m"};
    size_t size = 0;
    CHECK_EQ_I64(api_error_encode(&in, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "field") == NULL);
    CHECK_EQ_I64(decode(ERROR, text, size), OK);
    CHECK_EQ_STR(error.field, "");
}

/* --- no memory --- */

static long allocations_left; /* before the one that fails; negative: none fails */

static void *allocate(size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left -= allocations_left > 0 ? 1 : 0;
    return malloc(size);
}

enum { NINE = 9 };

static char whole_text[API_TEXT_SIZE_MAX];
static char spoilt_text[API_TEXT_SIZE_MAX];

static enum err encode(enum message message, char *ret_text, size_t *ret_size)
{
    /* Nine of each: jansson's arrays begin with room for eight. */
    static struct api_room many[2 * NINE];
    for (size_t i = 0; i < ARRAY_COUNT(many); i++) {
        str_format_cut(many[i].unit, sizeof(many[i].unit), "%zu", i < NINE ? i : NINE);
    }
    struct api_rooms in = {.total = 1, .rooms = many, .room_count = ARRAY_COUNT(many)};
    size_t size = API_TEXT_SIZE_MAX;
    orders.count = NINE;
    page.usage.day_count = NINE;
    profile = (struct api_profile){
        .languages = {"en"}, .language_count = 1, .amount_count = 1, .wallet_count = 1};
    if (message == PROFILE) {
        return api_profile_encode(&profile, ret_text, size, ret_size);
    }
    if (message == ROOMS) {
        return api_rooms_encode(&in, ret_text, size, ret_size);
    }
    return message == ROOM_PAGE ? api_room_page_encode(&page, ret_text, size, ret_size)
                                : api_orders_encode(&orders, ret_text, size, ret_size);
}

/* In a child: true if the encoder gave up (by its answer or by its end) or wrote the whole text. */
static bool gives_up_or_is_whole(enum message message, size_t whole_size, bool *ret_whole)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        size_t size = 0;
        (void)setrlimit(RLIMIT_CORE, &no_core);
        int silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(silence, STDERR_FILENO); /* it says why it stops, a hundred times */
        enum err err = encode(message, spoilt_text, &size);
        bool whole = err == OK && size == whole_size && memcmp(spoilt_text, whole_text, size) == 0;
        exit(whole ? 0 : err == ERR_MEMORY || err == ERR_FULL ? 1 : 2);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    *ret_whole = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool refused = WIFEXITED(status) && WEXITSTATUS(status) == 1;
    bool stopped = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return *ret_whole || refused || stopped;
}

TEST(without_memory_no_message_is_shorter)
{
    static const enum message messages[] = {PROFILE, ROOMS, ROOM_PAGE, ORDERS};
    json_set_alloc_funcs(allocate, free);
    for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
        size_t size = 0;
        allocations_left = -1;
        CHECK_EQ_I64(encode(messages[i], whole_text, &size), OK);
        bool whole = false;
        long at = 0;
        for (; !whole && at < 1000; at++) {
            allocations_left = at;
            CHECK(gives_up_or_is_whole(messages[i], size, &whole));
        }
        allocations_left = -1;
        CHECK(whole && at > 10);
    }
    json_set_alloc_funcs(malloc, free);
}

TEST_MAIN()
