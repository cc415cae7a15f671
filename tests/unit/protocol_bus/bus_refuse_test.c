/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The seldom halves of the bus's messages: empty members, reports that were cut or swollen, and
 * what another version or a stranger may send. Messages stand here with ' for ".
 */
#include "common/str.h"
#include "protocol/bus/command.h"
#include "protocol/bus/config.h"
#include "protocol/bus/reply.h"
#include "protocol/bus/report.h"
#include "protocol/bus/topic.h"
#include "tests/unit/test.h"

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"
#define ID_B "018f3a1c-0000-7000-8000-00000000000b"
#define HEAD "'id':'" ID_A "','epoch':7,'outcome':'done','sent':false,'ms':1"

static char text[BUS_TEXT_SIZE_MAX];
static char json[BUS_TEXT_SIZE_MAX];
static struct bus_command command;
static struct bus_command command_back;
static struct bus_meter meters[2];
static struct bus_config config = {.meters = meters};
static struct bus_reply reply;
static struct bus_reply reply_back;
static struct bus_readings readings;
static struct bus_state state;
static struct bus_hello hello;
static struct bus_ack ack;
static struct bus_event event;
static char replied_id[ID_TEXT_SIZE];
static struct bus_fault fault;

enum message { COMMAND, CONFIG, REPLY, READINGS, STATE, HELLO, ACK, EVENT, REPLIED, MESSAGE_COUNT };

static enum err decode(enum message message, const char *bytes, size_t size)
{
    switch (message) {
    case COMMAND:
        return bus_command_decode(bytes, size, &command_back, &fault);
    case CONFIG:
        return bus_config_decode(bytes, size, ARRAY_COUNT(meters), &config, &fault);
    case REPLY:
        return bus_reply_decode(bytes, size, &reply_back, &fault);
    case READINGS:
        return bus_readings_decode(bytes, size, &readings, &fault);
    case STATE:
        return bus_state_decode(bytes, size, &state, &fault);
    case HELLO:
        return bus_hello_decode(bytes, size, &hello, &fault);
    case ACK:
        return bus_ack_decode(bytes, size, &ack, &fault);
    case EVENT:
        return bus_event_decode(bytes, size, &event, &fault);
    case REPLIED:
        return bus_replied_decode(bytes, size, replied_id, &fault);
    case MESSAGE_COUNT:
        break;
    }
    return ERR_UNSUPPORTED;
}

static void check_refused(enum message message, const char *quoted, const char *field)
{
    CHECK(str_copy(json, sizeof(json), quoted));
    size_t size = strlen(json);
    for (size_t i = 0; i < size; i++) {
        json[i] = json[i] == '\'' ? '"' : json[i];
    }
    fault = (struct bus_fault){0};
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

TEST(read_void_and_ping_go_both_ways)
{
    size_t size = 0;
    command = (struct bus_command){
        .id = ID_A, .op = BUS_OP_READ, .meter = "000000000001", .deadline_ms = 8000};
    command.u.read = (struct bus_read){
        .items = {"00010000", "relay"}, .item_count = 2, .prio = BUS_PRIO_SCHEDULE};
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(COMMAND, text, size), OK);
    CHECK_EQ_STR(command_back.u.read.items[1], "relay");
    CHECK_EQ_I64(command_back.u.read.prio, BUS_PRIO_SCHEDULE);
    CHECK(strstr(text, "epoch") == NULL); /* it changes nothing, so no journal is named */

    command = (struct bus_command){.id = ID_A, .op = BUS_OP_VOID, .epoch = 7, .deadline_ms = 1};
    CHECK(str_copy(command.u.voiding.target, ID_TEXT_SIZE, ID_B));
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(COMMAND, text, size), OK);
    CHECK_EQ_STR(command_back.u.voiding.target, ID_B);

    command = (struct bus_command){.id = ID_A, .op = BUS_OP_PING, .deadline_ms = 1};
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(COMMAND, text, size), OK);
    CHECK_EQ_I64(command_back.op, BUS_OP_PING);
    CHECK(strstr(text, "meter") == NULL);
}

TEST(a_wish_to_open_goes_both_ways)
{
    size_t size = 0;
    command = (struct bus_command){
        .id = ID_A, .op = BUS_OP_RELAY, .epoch = 7, .meter = "1", .deadline_ms = 1};
    command.u.relay = (struct bus_relay){.generation = 2, .how = BUS_RELAY_OPEN, .expiry_s = 60};
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(COMMAND, text, size), OK);
    CHECK(!command_back.u.relay.want_closed);
    CHECK_EQ_I64(command_back.u.relay.how, BUS_RELAY_OPEN);
}

#define CREDIT "{'id':'" ID_A "','op':'credit','epoch':7,'meter':'1','deadline_ms':1,"

TEST(credits_with_strange_members_are_refused)
{
    check_refused(COMMAND, CREDIT "'expect':{'count':-1}}", "expect.count");
    check_refused(COMMAND, CREDIT "'expect':{'count':4294967296}}", "expect.count");
    check_refused(COMMAND, CREDIT "'expect':7}", "expect");
    check_refused(COMMAND, CREDIT "'before':[],'auth':['68','68','68','68','68']}", "auth");
    check_refused(COMMAND, CREDIT "'before':[],'auth':['']}", "auth");
    check_refused(COMMAND, CREDIT "'before':[],'auth':['6']}", "auth");
    check_refused(COMMAND, CREDIT "'before':[],'auth':[],'frame':''}", "frame");
    check_refused(COMMAND, CREDIT "'before':[],'auth':[],'frame':7}", "frame");
    check_refused(COMMAND, CREDIT "'before':['00010000{']}", "before");
    check_refused(COMMAND, CREDIT "'before':['[']}", "before");
    check_refused(COMMAND, CREDIT "'before':['01234567890123456']}", "before");
    check_refused(COMMAND, "{'id':'7','op':'format','deadline_ms':1}", "id");
}

#define METER "'meter':'1','bus':'b','protocol':'645-2007','kind':'cloud','schedule_s':0,'items':[]"

TEST(meters_with_strange_members_are_refused)
{
    static const struct {
        const char *json;
        const char *field;
    } cases[] = {
        {"{'version':'1','meters':[{" METER ",'baud':150}]}", "meters[0].baud"},
        {"{'version':'1','meters':[{" METER ",'baud':115201}]}", "meters[0].baud"},
        {"{'version':'1','meters':[{" METER ",'password':'02'}]}", "meters[0].password"},
        {"{'version':'1','meters':[{" METER ",'password':'0212345g'}]}", "meters[0].password"},
        {"{'version':'1','meters':[{" METER ",'operator':7}]}", "meters[0].operator"},
        {"{'version':'1 2','meters':[]}", "version"},
        {"{'version':'1\\u007f','meters':[]}", "version"},
        {"{'version':'','meters':[]}", "version"},
        {"{'version':'1','meters':[{'meter':'1:'}]}", "meters[0].meter"},
        {"{'version':'1','meters':[{'meter':'-'}]}", "meters[0].meter"},
        {"{'version':'1','meters':[{'meter':''}]}", "meters[0].meter"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        check_refused(CONFIG, cases[i].json, cases[i].field);
    }
}

TEST(two_meters_with_two_addresses)
{
    size_t size = 0;
    struct bus_meter two[] = {{.meter = "1", .bus = "b", .protocol = "p", .baud = 300},
                              {.meter = "A", .bus = "b", .protocol = "p"}};
    struct bus_config in = {.version = "1", .meters = two, .meter_count = 2};
    CHECK_EQ_I64(bus_config_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(CONFIG, text, size), OK);
    CHECK_EQ_STR(meters[1].meter, "A");
    CHECK_EQ_I64(meters[0].baud, 300);
}

TEST(a_credit_that_was_not_answered)
{
    size_t size = 0;
    reply = (struct bus_reply){
        .id = ID_A, .epoch = 7, .outcome = OUTCOME_UNKNOWN, .is_credit = true, .sent = true};
    CHECK_EQ_I64(bus_reply_encode(&reply, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"accepted\":null") != NULL && strstr(text, "\"serr\":null") != NULL);
    CHECK_EQ_I64(decode(REPLY, text, size), OK);
    CHECK_EQ_I64(reply_back.accepted, BUS_TRI_NULL);
    CHECK(!reply_back.has_serr && reply_back.is_credit);
    reply.accepted = BUS_TRI_TRUE;
    CHECK_EQ_I64(bus_reply_encode(&reply, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(decode(REPLY, text, size), OK);
    CHECK_EQ_I64(reply_back.accepted, BUS_TRI_TRUE);
}

TEST(a_void_of_what_was_never_sent)
{
    size_t size = 0;
    reply = (struct bus_reply){.id = ID_A,
                               .epoch = 7,
                               .outcome = OUTCOME_DONE,
                               .is_void = true,
                               .fate = BUS_FATE_NEVER_SENT};
    CHECK_EQ_I64(bus_reply_encode(&reply, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"intent\":null") != NULL);
    CHECK_EQ_I64(decode(REPLY, text, size), OK);
    CHECK(reply_back.is_void && !reply_back.has_intent);
    CHECK_EQ_I64(reply_back.fate, BUS_FATE_NEVER_SENT);
}

TEST(replies_with_strange_members_are_refused)
{
    check_refused(REPLY, "{" HEAD ",'fate':'sent','intent':{'at':-1,'frame':null},'since_ms':1}",
                  "intent");
    check_refused(REPLY, "{" HEAD ",'fate':'sent','intent':7,'since_ms':1}", "intent");
    check_refused(REPLY, "{" HEAD ",'values':7}", "values");
    check_refused(REPLY, "{" HEAD ",'values':{'before':7}}", "values");
    check_refused(REPLY, "{" HEAD ",'values':{'after':{'00010000':7}}}", "values");
    check_refused(REPLY, "{" HEAD ",'values':{'a b':{'v':'1'}}}", "values");
    check_refused(REPLY, "{" HEAD ",'values':{'a':{'v':'1','unit':'far too long a unit'}}}",
                  "values");
    check_refused(REPLIED, "{'id':7}", "id");
}

TEST(a_value_is_found_by_its_moment_and_its_item)
{
    reply = (struct bus_reply){.value_count = 2,
                               .values = {{.item = "a", .v = "1", .when = BUS_WHEN_NOW},
                                          {.item = "b", .v = "2", .when = BUS_WHEN_NOW}}};
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_NOW, "b")->v, "2");
    CHECK(bus_reply_value(&reply, BUS_WHEN_NOW, "c") == NULL);
}

#define READING(values)                                                                            \
    "{'epoch':7,'seq':1,'d':[{'meter':'1','ts':1,'q':'ok','values':" values "}]}"

TEST(reports_with_strange_members_are_refused)
{
    check_refused(READINGS, READING("{'a b':'1'}"), "d[0].values");
    check_refused(READINGS, READING("{'a':1}"), "d[0].values");
    check_refused(READINGS, READING("[]"), "d[0].values");
    check_refused(READINGS,
                  READING("{'a':'0123456789012345678901234567890123456789"
                          "01234567890123456789012345678901'}"),
                  "d[0].values");
    check_refused(READINGS,
                  READING("{'1':'','2':'','3':'','4':'','5':'','6':'','7':'','8':'',"
                          "'9':'','10':'','11':'','12':'','13':'','14':'','15':'',"
                          "'16':'','17':'','18':''}"),
                  "d[0].values");
    check_refused(READINGS, "{'epoch':7,'seq':1,'d':[1,1,1,1,1,1,1,1,1]}", "d");
    check_refused(HELLO, "{'epoch':7,'boot':'x'}", "boot");
    check_refused(ACK, "{'epoch':0,'seq':1}", "epoch");
    check_refused(EVENT, "{'ts':1}", "kind");
}

TEST(a_farewell_says_no_more_than_that)
{
    size_t size = 0;
    struct bus_state last_will = {.online = false, .epoch = 7, .boot = ID_A};
    CHECK_EQ_I64(bus_state_encode(&last_will, text, sizeof(text), &size), OK);
    CHECK_EQ_STR(text, "{\"online\":false}");
}

TEST(topics_have_whole_names)
{
    enum bus_topic topic = BUS_TOPIC_COUNT;
    char collector[BUS_COLLECTOR_SIZE];
    char long_topic[2 * BUS_COLLECTOR_SIZE] = "up/";
    memset(long_topic + 3, 'a', BUS_COLLECTOR_SIZE);
    memcpy(long_topic + 3 + BUS_COLLECTOR_SIZE, "/reply", sizeof("/reply"));
    CHECK(!bus_topic_parse(long_topic, &topic, collector));
    CHECK(!bus_topic_parse("by/c/reply", &topic, collector)); /* as long as "up" */
    CHECK(!bus_topic_parse("up/c{d/reply", &topic, collector));
    CHECK(!bus_topic_parse("up/c[d/reply", &topic, collector));
    CHECK(!bus_topic_parse("up/c:d/reply", &topic, collector));
    CHECK(bus_topic_parse("up/Z9.z/reply", &topic, collector));
    CHECK_EQ_I64(topic, BUS_TOPIC_REPLY);
}

TEST_MAIN()
