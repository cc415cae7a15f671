/* SPDX-License-Identifier: Apache-2.0 */

/* What a collector is told, and by which topic: commands and its meters. What MESSAGES.md shows is
 * read, what is written is read back, and each member that is missing or wrong is refused with its
 * name. */
#include "common/str.h"
#include "protocol/bus/command.h"
#include "protocol/bus/config.h"
#include "protocol/bus/topic.h"
#include "tests/unit/test.h"

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"
#define ID_B "018f3a1c-0000-7000-8000-00000000000b"

static char text[BUS_TEXT_SIZE_MAX];
static struct bus_meter meters[BUS_METERS_MAX];

static enum err command_of(const char *json, struct bus_command *ret, struct bus_fault *fault)
{
    return bus_command_decode(json, strlen(json), ret, fault);
}

/* The command must be refused, and for this member. */
static void check_command_refused(const char *json, enum err wanted, const char *field)
{
    struct bus_command command;
    struct bus_fault fault;
    CHECK_EQ_I64(command_of(json, &command, &fault), wanted);
    CHECK_EQ_STR(fault.field, field);
}

TEST(topics_go_both_ways)
{
    for (int i = 0; i < BUS_TOPIC_COUNT; i++) {
        char topic[BUS_TOPIC_SIZE];
        char collector[BUS_COLLECTOR_SIZE];
        enum bus_topic back = BUS_TOPIC_COUNT;
        bus_topic_format((enum bus_topic)i, "col-7.a_b", topic);
        CHECK(bus_topic_parse(topic, &back, collector));
        CHECK_EQ_I64(back, i);
        CHECK_EQ_STR(collector, "col-7.a_b");
    }
}

TEST(topics_of_others_are_refused)
{
    static const char *const wrong[] = {
        "",           "up",           "up/",          "up/c",           "up//reply",
        "up/c/cmd",   "down/c/reply", "up/c/reply/x", "sideways/c/cmd", "up/+/reply",
        "up/c d/ack", "down/c/",      "down/c/cmdx",  "u/c/reply",      "updown/c/reply"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        enum bus_topic topic = BUS_TOPIC_COUNT;
        char collector[BUS_COLLECTOR_SIZE];
        CHECK(!bus_topic_parse(wrong[i], &topic, collector));
    }
}

TEST(collector_names_are_bounded)
{
    char name[BUS_COLLECTOR_SIZE + 1];
    memset(name, 'a', sizeof(name));
    name[BUS_COLLECTOR_SIZE] = '\0';
    CHECK(!bus_collector_is_valid(name)); /* 65 characters */
    name[BUS_COLLECTOR_SIZE - 1] = '\0';
    CHECK(bus_collector_is_valid(name));
    CHECK(!bus_collector_is_valid(""));
    CHECK(!bus_collector_is_valid("a/b"));
    CHECK(!bus_collector_is_valid("#"));
}

TEST(read_command)
{
    struct bus_command command;
    struct bus_fault fault;
    CHECK_EQ_I64(command_of("{\"id\":\"" ID_A "\",\"op\":\"read\",\"meter\":\"000000000001\","
                            "\"deadline_ms\":8000,\"items\":[\"00010000\",\"00900200\"],"
                            "\"prio\":\"check\",\"later\":{}}",
                            &command, &fault),
                 OK);
    CHECK_EQ_STR(command.id, ID_A);
    CHECK_EQ_I64(command.op, BUS_OP_READ);
    CHECK_EQ_I64(command.epoch, 0);
    CHECK_EQ_I64(command.deadline_ms, 8000);
    CHECK_EQ_U64(command.u.read.item_count, 2);
    CHECK_EQ_STR(command.u.read.items[1], "00900200");
    CHECK_EQ_I64(command.u.read.prio, BUS_PRIO_CHECK);
}

TEST(read_command_refused)
{
#define READ_WITH(items, prio)                                                                     \
    "{\"id\":\"" ID_A "\",\"op\":\"read\",\"meter\":\"000000000001\",\"deadline_ms\":8000,"        \
    "\"items\":" items ",\"prio\":" prio "}"
    check_command_refused(READ_WITH("[]", "\"live\""), ERR_FORMAT, "items");
    check_command_refused(READ_WITH("null", "\"live\""), ERR_FORMAT, "items");
    check_command_refused(READ_WITH("[\"\"]", "\"live\""), ERR_FORMAT, "items");
    check_command_refused(READ_WITH("[1]", "\"live\""), ERR_FORMAT, "items");
    check_command_refused(READ_WITH("[\"00010000\",\"00010000\"]", "\"live\""), ERR_FORMAT,
                          "items");
    check_command_refused(READ_WITH("[\"0001 000\"]", "\"live\""), ERR_FORMAT, "items");
    check_command_refused(READ_WITH("[\"00010000\\u0000\"]", "\"live\""), ERR_FORMAT, "(body)");
    check_command_refused(READ_WITH("[\"00010000\"]", "\"soon\""), ERR_FORMAT, "prio");
    check_command_refused(READ_WITH("[\"00010000\"]", "1"), ERR_FORMAT, "prio");
    check_command_refused(READ_WITH("[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\","
                                    "\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]",
                                    "\"live\""),
                          ERR_FORMAT, "items");
}

TEST(command_head_refused)
{
    check_command_refused("", ERR_FORMAT, "(body)");
    check_command_refused("[]", ERR_FORMAT, "(body)");
    check_command_refused("{\"id\":\"" ID_A "\"}{}", ERR_FORMAT, "(body)");
    check_command_refused("{\"id\":\"" ID_A "\",\"id\":\"" ID_A "\"}", ERR_FORMAT, "(body)");
    check_command_refused("{\"op\":\"ping\",\"deadline_ms\":1}", ERR_FORMAT, "id");
    check_command_refused("{\"id\":\"7\",\"op\":\"ping\",\"deadline_ms\":1}", ERR_FORMAT, "id");
    check_command_refused("{\"id\":\"" ID_A "\",\"op\":\"ping\"}", ERR_FORMAT, "deadline_ms");
    check_command_refused("{\"id\":\"" ID_A "\",\"op\":\"ping\",\"deadline_ms\":0}", ERR_FORMAT,
                          "deadline_ms");
    check_command_refused("{\"id\":\"" ID_A "\",\"op\":\"ping\",\"deadline_ms\":1.0}", ERR_FORMAT,
                          "deadline_ms");
    check_command_refused("{\"id\":\"" ID_A "\",\"op\":\"format\",\"deadline_ms\":1}",
                          ERR_UNSUPPORTED, "op");
    check_command_refused("{\"id\":\"" ID_A
                          "\",\"op\":\"void\",\"deadline_ms\":1,\"target\":\"" ID_B "\"}",
                          ERR_FORMAT, "epoch");
    check_command_refused("{\"id\":\"" ID_A
                          "\",\"op\":\"void\",\"deadline_ms\":1,\"epoch\":2147483648,"
                          "\"target\":\"" ID_B "\"}",
                          ERR_FORMAT, "epoch");
    check_command_refused("{\"id\":\"" ID_A
                          "\",\"op\":\"void\",\"deadline_ms\":1,\"epoch\":7,\"target\":\"x\"}",
                          ERR_FORMAT, "target");
}

TEST(a_refused_command_still_tells_its_id)
{
    struct bus_command command;
    struct bus_fault fault;
    CHECK_EQ_I64(
        command_of("{\"id\":\"" ID_A "\",\"op\":\"read\",\"deadline_ms\":5}", &command, &fault),
        ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "meter");
    CHECK_EQ_STR(fault.id, ID_A);
    CHECK_EQ_I64(command_of("nonsense", &command, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.id, "");
}

static void credit_fill(struct bus_command *command)
{
    *command = (struct bus_command){.op = BUS_OP_CREDIT, .epoch = 7, .deadline_ms = 30000};
    CHECK(str_copy(command->id, sizeof(command->id), ID_A));
    CHECK(str_copy(command->meter, sizeof(command->meter), "000000000002"));
    struct bus_credit *credit = &command->u.credit;
    credit->has_expect_count = true;
    credit->expect_count = 3;
    CHECK(str_copy(credit->before[0], BUS_ITEM_SIZE, "00900200"));
    credit->before_count = 1;
    credit->auth[0] = (struct bus_frame){.bytes = {0x68, 0x01}, .size = 2};
    credit->auth_count = 1;
    credit->frame = (struct bus_frame){.bytes = {0x68, 0x02, 0x16}, .size = 3};
    CHECK(str_copy(credit->after[0], BUS_ITEM_SIZE, "03330301"));
    CHECK(str_copy(credit->after[1], BUS_ITEM_SIZE, "00900200"));
    credit->after_count = 2;
    credit->reply_timeout_ms = 5000;
    credit->send = 2;
}

TEST(credit_goes_both_ways)
{
    struct bus_command command;
    struct bus_command back;
    struct bus_fault fault;
    size_t size = 0;
    credit_fill(&command);
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_command_decode(text, size, &back, &fault), OK);
    CHECK(back.u.credit.has_expect_count);
    CHECK_EQ_I64(back.u.credit.expect_count, 3);
    CHECK_EQ_U64(back.u.credit.auth_count, 1);
    CHECK_EQ_U64(back.u.credit.frame.size, 3);
    CHECK_EQ_MEM(back.u.credit.frame.bytes, command.u.credit.frame.bytes, 3);
    CHECK_EQ_STR(back.u.credit.after[1], "00900200");
    CHECK_EQ_I64(back.u.credit.reply_timeout_ms, 5000);
    CHECK_EQ_I64(back.u.credit.send, 2);
    command.u.credit.has_expect_count = false;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_command_decode(text, size, &back, &fault), OK);
    CHECK(!back.u.credit.has_expect_count);
}

TEST(credit_refused)
{
    struct bus_command command;
    size_t size = 0;
    credit_fill(&command);
    command.u.credit.send = 4;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    check_command_refused(text, ERR_FORMAT, "send");
    credit_fill(&command);
    command.u.credit.frame.size = 0; /* becomes null */
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    check_command_refused(text, ERR_FORMAT, "frame");
    credit_fill(&command);
    command.u.credit.auth[0].size = 0;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    check_command_refused(text, ERR_FORMAT, "auth");
    credit_fill(&command);
    command.u.credit.reply_timeout_ms = 20000;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    check_command_refused(text, ERR_FORMAT, "reply_timeout_ms");
    CHECK_EQ_I64(bus_command_encode(&command, text, 100, &size), ERR_FULL);
}

TEST(relay_word_and_wish_must_agree)
{
    struct bus_command command = {.op = BUS_OP_RELAY, .epoch = 7, .deadline_ms = 1000};
    size_t size = 0;
    CHECK(str_copy(command.id, sizeof(command.id), ID_A));
    CHECK(str_copy(command.meter, sizeof(command.meter), "000000000002"));
    command.u.relay = (struct bus_relay){
        .want_closed = true, .generation = UINT32_MAX, .how = BUS_RELAY_ALLOW, .expiry_s = 600};
    struct bus_command back;
    struct bus_fault fault;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_command_decode(text, size, &back, &fault), OK);
    CHECK(back.u.relay.want_closed);
    CHECK_EQ_U64(back.u.relay.generation, UINT32_MAX);
    CHECK_EQ_I64(back.u.relay.how, BUS_RELAY_ALLOW);
    command.u.relay.how = BUS_RELAY_OPEN;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    check_command_refused(text, ERR_FORMAT, "how");
}

TEST(only_what_changes_something_is_journalled)
{
    CHECK(bus_op_is_journalled(BUS_OP_CREDIT));
    CHECK(bus_op_is_journalled(BUS_OP_RELAY));
    CHECK(bus_op_is_journalled(BUS_OP_VOID));
    CHECK(!bus_op_is_journalled(BUS_OP_READ));
    CHECK(!bus_op_is_journalled(BUS_OP_PING));
}

TEST(config_goes_both_ways)
{
    struct bus_meter one = {.baud = 2400,
                            .kind = BUS_METER_ORDER,
                            .schedule_s = 900,
                            .password = {0x02, 0x12, 0x34, 0x56},
                            .item_count = 1};
    CHECK(str_copy(one.meter, sizeof(one.meter), "000000000001"));
    CHECK(str_copy(one.bus, sizeof(one.bus), "bus1"));
    CHECK(str_copy(one.protocol, sizeof(one.protocol), "645-2007"));
    CHECK(str_copy(one.items[0], BUS_ITEM_SIZE, "00010000"));
    struct bus_config config = {.version = "v1", .meters = &one, .meter_count = 1};
    struct bus_config back = {.meters = meters};
    struct bus_fault fault;
    size_t size = 0;
    CHECK_EQ_I64(bus_config_encode(&config, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(bus_config_decode(text, size, BUS_METERS_MAX, &back, &fault), OK);
    CHECK_EQ_U64(back.meter_count, 1);
    CHECK_EQ_STR(back.version, "v1");
    CHECK_EQ_STR(meters[0].meter, "000000000001");
    CHECK_EQ_I64(meters[0].kind, BUS_METER_ORDER);
    CHECK_EQ_MEM(meters[0].password, one.password, 4);
    CHECK_EQ_I64(meters[0].schedule_s, 900);
    CHECK_EQ_I64(bus_config_decode(text, size, 0, &back, &fault), ERR_FULL);
}

TEST(config_names_the_meter_that_is_wrong)
{
#define METER(address, kind, schedule)                                                             \
    "{\"meter\":\"" address "\",\"bus\":\"b\",\"protocol\":\"645-2007\",\"kind\":\"" kind          \
    "\",\"schedule_s\":" schedule ",\"items\":[]}"
    static const struct {
        const char *json;
        enum err err;
        const char *field;
    } cases[] = {
        {"{\"meters\":[]}", ERR_FORMAT, "version"},
        {"{\"version\":\"1\"}", ERR_FORMAT, "meters"},
        {"{\"version\":\"1\",\"meters\":[" METER("1", "cloud", "0") ",5]}", ERR_FORMAT,
         "meters[1].meter"},
        {"{\"version\":\"1\",\"meters\":[" METER("1", "gas", "0") "]}", ERR_FORMAT,
         "meters[0].kind"},
        {"{\"version\":\"1\",\"meters\":[" METER("1", "cloud", "9") "]}", ERR_FORMAT,
         "meters[0].schedule_s"},
        {"{\"version\":\"1\",\"meters\":[" METER("1g", "cloud", "0") "]}", ERR_FORMAT,
         "meters[0].meter"},
        {"{\"version\":\"1\",\"meters\":[" METER("1", "cloud", "0") "," METER("1", "cloud",
                                                                              "0") "]}",
         ERR_EXISTS, "meters[1].meter"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bus_config back = {.meters = meters};
        struct bus_fault fault;
        CHECK_EQ_I64(
            bus_config_decode(cases[i].json, strlen(cases[i].json), BUS_METERS_MAX, &back, &fault),
            cases[i].err);
        CHECK_EQ_STR(fault.field, cases[i].field);
    }
}

TEST_MAIN()
