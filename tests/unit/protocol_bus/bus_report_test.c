/* SPDX-License-Identifier: Apache-2.0 */

/* What a collector says: replies, readings and reports. What is written is read back, and each
 * member that is missing or wrong is refused with its name. */
#include "common/str.h"
#include "protocol/bus/reply.h"
#include "protocol/bus/report.h"
#include "tests/unit/test.h"

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"
#define ID_B "018f3a1c-0000-7000-8000-00000000000b"

static char text[BUS_TEXT_SIZE_MAX];
static struct bus_readings readings;
static struct bus_readings readings_back;
static struct bus_reply reply;
static struct bus_reply reply_back;

static void value_add(enum bus_when when, const char *item, const char *v)
{
    struct bus_value *value = &reply.values[reply.value_count++];
    value->when = when;
    CHECK(str_copy(value->item, sizeof(value->item), item));
    CHECK(str_copy(value->v, sizeof(value->v), v));
}

TEST(credit_reply_keeps_before_and_after_apart)
{
    reply = (struct bus_reply){.epoch = 7,
                               .outcome = OUTCOME_UNKNOWN,
                               .is_credit = true,
                               .sent = true,
                               .accepted = BUS_TRI_FALSE,
                               .has_serr = true,
                               .serr = 0x0122,
                               .ms = 1234};
    struct bus_fault fault;
    size_t size = 0;
    CHECK(str_copy(reply.id, sizeof(reply.id), ID_A));
    CHECK(str_copy(reply.error, sizeof(reply.error), BUS_ERROR_METER_REFUSED));
    value_add(BUS_WHEN_BEFORE, "00900200", "10.00");
    value_add(BUS_WHEN_AFTER, "00900200", "60.00");
    CHECK_EQ_I64(bus_reply_encode(&reply, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_reply_decode(text, size, &reply_back, &fault), OK);
    CHECK(reply_back.is_credit && !reply_back.is_void);
    CHECK_EQ_I64(reply_back.accepted, BUS_TRI_FALSE);
    CHECK(reply_back.has_serr);
    CHECK_EQ_I64(reply_back.serr, 0x0122);
    CHECK_EQ_U64(reply_back.frame_reply.size, 0);
    CHECK_EQ_STR(bus_reply_value(&reply_back, BUS_WHEN_BEFORE, "00900200")->v, "10.00");
    CHECK_EQ_STR(bus_reply_value(&reply_back, BUS_WHEN_AFTER, "00900200")->v, "60.00");
    CHECK(bus_reply_value(&reply_back, BUS_WHEN_NOW, "00900200") == NULL);
    CHECK_EQ_STR(reply_back.error, BUS_ERROR_METER_REFUSED);
    CHECK_EQ_I64(reply_back.outcome, OUTCOME_UNKNOWN);
}

TEST(void_reply_goes_both_ways)
{
    reply = (struct bus_reply){.epoch = 7,
                               .outcome = OUTCOME_DONE,
                               .is_void = true,
                               .fate = BUS_FATE_SENT,
                               .has_intent = true,
                               .intent_at = 1795170000,
                               .since_ms = 10000};
    struct bus_fault fault;
    size_t size = 0;
    CHECK(str_copy(reply.id, sizeof(reply.id), ID_B));
    reply.intent_frame = (struct bus_frame){.bytes = {0x68}, .size = 1};
    CHECK_EQ_I64(bus_reply_encode(&reply, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_reply_decode(text, size, &reply_back, &fault), OK);
    CHECK(reply_back.is_void && !reply_back.is_credit);
    CHECK_EQ_I64(reply_back.fate, BUS_FATE_SENT);
    CHECK(reply_back.has_intent);
    CHECK_EQ_I64(reply_back.intent_at, 1795170000);
    CHECK_EQ_U64(reply_back.since_ms, 10000);
}

TEST(replies_refused)
{
    static const struct {
        const char *json;
        const char *field;
    } cases[] = {
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"perhaps\",\"sent\":false,\"ms\":1}",
         "outcome"},
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"ms\":1}", "sent"},
        {"{\"id\":\"" ID_A "\",\"outcome\":\"done\",\"sent\":false,\"ms\":1}", "epoch"},
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"sent\":false,\"ms\":1,"
         "\"values\":{\"00010000\":\"9.33\"}}",
         "values"},
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"sent\":false,\"ms\":1,"
         "\"values\":{\"00010000\":{\"v\":9.33}}}",
         "values"},
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"sent\":false,\"ms\":1,"
         "\"raw\":\"6\"}",
         "raw"},
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"sent\":false,\"ms\":1,"
         "\"accepted\":1}",
         "accepted"},
        {"{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"sent\":false,\"ms\":1,"
         "\"fate\":\"lost\"}",
         "fate"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bus_fault fault;
        CHECK_EQ_I64(bus_reply_decode(cases[i].json, strlen(cases[i].json), &reply, &fault),
                     ERR_FORMAT);
        CHECK_EQ_STR(fault.field, cases[i].field);
    }
}

TEST(too_many_values_are_refused)
{
    static char json[8192];
    struct strbuf buf;
    strbuf_init(&buf, json, sizeof(json));
    strbuf_add(&buf,
               "{\"id\":\"" ID_A "\",\"epoch\":7,\"outcome\":\"done\",\"sent\":false,\"ms\":1,"
               "\"values\":{");
    for (int i = 0; i <= BUS_VALUES_MAX; i++) {
        strbuf_addf(&buf, "%s\"%08d\":{\"v\":\"1\"}", i > 0 ? "," : "", i);
    }
    strbuf_add(&buf, "}}");
    CHECK(!buf.failed);
    struct bus_fault fault;
    CHECK_EQ_I64(bus_reply_decode(json, strlen(json), &reply, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "values");
}

TEST(readings_go_both_ways)
{
    memset(&readings, 0, sizeof(readings));
    readings.epoch = 7;
    readings.seq = INT64_MAX;
    readings.count = 2;
    readings.d[0].ts = 1795170000;
    CHECK(str_copy(readings.d[0].meter, BUS_METER_SIZE, "000000000001"));
    CHECK(str_copy(readings.d[0].values[0].item, BUS_ITEM_SIZE, "00010000"));
    CHECK(str_copy(readings.d[0].values[0].v, BUS_VALUE_SIZE, "9.33"));
    readings.d[0].value_count = 1;
    CHECK(str_copy(readings.d[1].meter, BUS_METER_SIZE, "000000000002"));
    readings.d[1].silent = true;
    size_t size = 0;
    struct bus_fault fault;
    CHECK_EQ_I64(bus_readings_encode(&readings, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_readings_decode(text, size, &readings_back, &fault), OK);
    CHECK_EQ_U64(readings_back.seq, INT64_MAX);
    CHECK_EQ_U64(readings_back.count, 2);
    CHECK_EQ_STR(readings_back.d[0].values[0].v, "9.33");
    CHECK(readings_back.d[1].silent);
}

TEST(readings_refused)
{
    static const struct {
        const char *json;
        const char *field;
    } cases[] = {
        {"{\"epoch\":7,\"seq\":0,\"d\":[]}", "seq"},
        {"{\"epoch\":7,\"seq\":1,\"d\":[]}", "d"},
        {"{\"epoch\":7,\"seq\":1,\"d\":[{\"meter\":\"1\",\"ts\":1,\"values\":{\"a\":9.33},"
         "\"q\":\"ok\"}]}",
         "d[0].values"},
        {"{\"epoch\":7,\"seq\":1,\"d\":[{\"meter\":\"1\",\"ts\":1,\"values\":{},\"q\":\"bad\"}]}",
         "d[0].q"},
        {"{\"epoch\":7,\"seq\":1,\"d\":[{\"meter\":\"1\",\"ts\":-1,\"values\":{},\"q\":\"ok\"}]}",
         "d[0].ts"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bus_fault fault;
        CHECK_EQ_I64(
            bus_readings_decode(cases[i].json, strlen(cases[i].json), &readings_back, &fault),
            ERR_FORMAT);
        CHECK_EQ_STR(fault.field, cases[i].field);
    }
}

TEST(state_hello_ack_event_replied_go_both_ways)
{
    struct bus_fault fault;
    size_t size = 0;
    struct bus_state state = {.online = true, .epoch = 7, .boot = ID_A, .version = "0.1.0"};
    struct bus_state state_back;
    CHECK_EQ_I64(bus_state_encode(&state, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_state_decode(text, size, &state_back, &fault), OK);
    CHECK(state_back.online);
    CHECK_EQ_STR(state_back.config, "");
    CHECK_EQ_I64(bus_state_decode("{\"online\":false}", 16, &state_back, &fault), OK);
    CHECK(!state_back.online);
    CHECK_EQ_I64(bus_state_decode("{\"online\":true}", 15, &state_back, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "epoch");

    struct bus_hello hello = {.epoch = 7, .boot = ID_A, .config = "v3"};
    struct bus_hello hello_back;
    CHECK_EQ_I64(bus_hello_encode(&hello, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_hello_decode(text, size, &hello_back, &fault), OK);
    CHECK_EQ_STR(hello_back.config, "v3");

    struct bus_ack ack = {.epoch = 7, .seq = 1871};
    struct bus_ack ack_back;
    CHECK_EQ_I64(bus_ack_encode(&ack, text, sizeof(text), &size), OK);
    CHECK_EQ_STR(text, "{\"epoch\":7,\"seq\":1871}");
    CHECK_EQ_I64(bus_ack_decode(text, size, &ack_back, &fault), OK);
    CHECK_EQ_U64(ack_back.seq, 1871);

    struct bus_event event = {.ts = 5, .kind = "bus_fault", .bus = "bus1", .detail = "gone"};
    struct bus_event event_back;
    CHECK_EQ_I64(bus_event_encode(&event, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_event_decode(text, size, &event_back, &fault), OK);
    CHECK_EQ_STR(event_back.bus, "bus1");
    CHECK_EQ_STR(event_back.meter, "");

    char id[ID_TEXT_SIZE];
    CHECK_EQ_I64(bus_replied_encode(ID_B, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_replied_decode(text, size, id, &fault), OK);
    CHECK_EQ_STR(id, ID_B);
    CHECK_EQ_I64(bus_replied_decode("{\"id\":null}", 11, id, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "id");
}

TEST_MAIN()
