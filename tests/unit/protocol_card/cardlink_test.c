/* SPDX-License-Identifier: Apache-2.0 */
#include "common/compiler.h"
#include "protocol/cardlink/cardlink.h"
#include "tests/unit/test.h"

#define ID "018f3a1c-1111-7222-8333-444455556666"

static struct cardlink_request request;
static struct cardlink_report report;
static char line[CARDLINK_LINE_SIZE];

static bool reads_request(const char *text)
{
    const char *field = NULL;
    bool ok = cardlink_request_decode(text, strlen(text), &request, &field);
    CHECK(field != NULL && (ok || field[0] != '\0'));
    return ok;
}

/* Reads, writes and reads again: the text must be the same. */
static void request_round(const char *text)
{
    CHECK(reads_request(text));
    CHECK(cardlink_request_encode(&request, line, sizeof(line)));
    size_t size = strlen(line);
    CHECK(line[size - 1] == '\n');
    line[size - 1] = '\0';
    CHECK_EQ_STR(line, text);
}

static bool reads_report(const char *text)
{
    const char *field = NULL;
    bool ok = cardlink_report_decode(text, strlen(text), &report, &field);
    CHECK(field != NULL && (ok || field[0] != '\0'));
    return ok;
}

static void report_round(const char *text)
{
    CHECK(reads_report(text));
    CHECK(cardlink_report_encode(&report, line, sizeof(line)));
    line[strlen(line) - 1] = '\0';
    CHECK_EQ_STR(line, text);
}

#define REC                                                                                        \
    "530101000800000000001234567801008038010000001027000008F15365E1A8E80300F401000000FE3845D13D29" \
    "8448"

#define WRITE                                                                                      \
    "{\"op\":\"write\",\"id\":\"" ID "\",\"card\":1,\"authorisation\":\"a\",\"token\":\"" REC "\""

TEST(a_write_may_say_which_slot_is_the_bad_one)
{
    request_round(WRITE ",\"keys\":[]}");
    CHECK(!request.has_first);
    request_round(WRITE ",\"first\":0,\"keys\":[]}");
    CHECK(request.has_first);
    CHECK_EQ_U64(request.first, 0);
    request_round(WRITE ",\"first\":1,\"keys\":[]}");
    CHECK_EQ_U64(request.first, 1);
    CHECK(reads_request(WRITE ",\"first\":null,\"keys\":[]}"));
    CHECK(!request.has_first);
    CHECK(!reads_request(WRITE ",\"first\":2,\"keys\":[]}"));
}

TEST(requests_as_they_are_written)
{
    request_round("{\"op\":\"poll\",\"mode\":\"off\"}");
    request_round("{\"op\":\"poll\",\"mode\":\"idle\"}");
    request_round("{\"op\":\"poll\",\"mode\":\"active\"}");
    request_round("{\"op\":\"status\"}");
    request_round("{\"op\":\"read\",\"id\":\"" ID "\",\"card\":7,\"keys\":[{\"sector\":1,\"kind\":"
                  "\"B\",\"key\":\"C6147C262CD3\"}]}");
    CHECK_EQ_U64(request.keys.count, 1);
    CHECK_EQ_U64(request.keys.all[0].key[5], 0xD3);
    CHECK(cardlink_key_find(&request.keys, 1, 'B') != NULL);
    CHECK(cardlink_key_find(&request.keys, 1, 'A') == NULL);
    request_round("{\"op\":\"write\",\"id\":\"" ID "\",\"card\":4294967295,\"authorisation\":"
                  "\"a.b\",\"token\":\"" REC "\",\"keys\":[]}");
    request_round("{\"op\":\"relay\",\"id\":\"" ID "\",\"card\":7,\"authorisation\":null,\"apdus\":"
                  "[{\"apdu\":\"00840000\",\"expect\":\"9000\"},{\"apdu\":\"905A0000\",\"expect\":"
                  "null}]}");
    CHECK_EQ_U64(request.apdu_count, 2);
    CHECK(request.apdus[0].expects && request.apdus[0].expect == 0x9000);
    CHECK(!request.apdus[1].expects);
}

TEST(requests_that_are_refused)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"op\":\"fly\"}",
        "{\"op\":7}",
        "{\"op\":\"poll\"}",
        "{\"op\":\"poll\",\"mode\":\"fast\"}",
        "{\"op\":\"read\",\"card\":1,\"keys\":[]}",
        "{\"op\":\"read\",\"id\":\"x\",\"card\":1,\"keys\":[]}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":-1,\"keys\":[]}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":1}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":1,\"keys\":[{\"sector\":16,\"kind\":\"A\","
        "\"key\":\"C6147C262CD3\"}]}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":1,\"keys\":[{\"sector\":1,\"kind\":\"C\","
        "\"key\":\"C6147C262CD3\"}]}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":1,\"keys\":[{\"sector\":1,\"kind\":\"A\","
        "\"key\":\"C6147C262CD\"}]}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":1,\"keys\":[{\"sector\":1,\"kind\":\"A\","
        "\"key\":\"C6 47C262CD3\"}]}",
        "{\"op\":\"write\",\"id\":\"" ID "\",\"card\":1,\"authorisation\":null,\"token\":\"" REC
        "\",\"keys\":[]}",
        "{\"op\":\"write\",\"id\":\"" ID "\",\"card\":1,\"authorisation\":\"a\",\"token\":\"00\","
        "\"keys\":[]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"card\":1,\"authorisation\":null,\"apdus\":[]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"card\":1,\"apdus\":[{\"apdu\":\"00\"}]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"card\":1,\"apdus\":[{\"apdu\":\"00840000\","
        "\"expect\":\"90\"}]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"card\":1,\"apdus\":[null]}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(!reads_request(bad[i]));
    }
}

TEST(too_many_keys_and_commands)
{
    for (size_t count = CARDLINK_KEYS_MAX; count <= CARDLINK_KEYS_MAX + 1; count++) {
        size_t at = (size_t)snprintf(line, sizeof(line),
                                     "{\"op\":\"read\",\"id\":\"" ID "\",\"card\":1,\"keys\":[");
        for (size_t i = 0; i < count; i++) {
            at += (size_t)snprintf(line + at, sizeof(line) - at,
                                   "%s{\"sector\":1,\"kind\":\"A\",\"key\":\"000000000000\"}",
                                   i > 0 ? "," : "");
        }
        (void)snprintf(line + at, sizeof(line) - at, "]}");
        CHECK_EQ_I64(reads_request(line), count == CARDLINK_KEYS_MAX);
    }
    for (size_t count = APDU_COUNT_MAX; count <= APDU_COUNT_MAX + 1; count++) {
        size_t at = (size_t)snprintf(line, sizeof(line),
                                     "{\"op\":\"relay\",\"id\":\"" ID "\",\"card\":1,\"apdus\":[");
        for (size_t i = 0; i < count; i++) {
            at += (size_t)snprintf(line + at, sizeof(line) - at, "%s{\"apdu\":\"00840000\"}",
                                   i > 0 ? "," : "");
        }
        (void)snprintf(line + at, sizeof(line) - at, "]}");
        CHECK_EQ_I64(reads_request(line), count == APDU_COUNT_MAX);
    }
}

TEST(reports_as_they_are_written)
{
    report_round("{\"op\":\"reader\",\"state\":\"ready\",\"detail\":\"\",\"chip\":\"PN532 v1.6\"}");
    report_round("{\"op\":\"reader\",\"state\":\"repair\",\"detail\":\"it does not answer\"}");
    report_round("{\"op\":\"reader\",\"state\":\"offline\",\"detail\":\"\",\"counts\":{"
                 "\"timeouts\":1,\"line_errors\":2,\"card_errors\":3,\"auth_errors\":4,\"reopens\":"
                 "5,\"restarts\":6,\"read_retries\":7,\"write_retries\":8,\"torn_slots\":9,"
                 "\"reads\":10,\"writes\":11,\"relays\":12,\"power_resets\":13}}");
    CHECK_EQ_U64(report.counts[CARDLINK_POWER_RESETS], 13);
    report_round("{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A8B1C2D\",\"atqa\":"
                 "\"0004\",\"sak\":\"08\",\"ats\":\"\",\"family\":\"classic\"}");
    report_round("{\"op\":\"card\",\"state\":\"present\",\"card\":8,\"uid\":\"04A1B2C3D4E5F6\","
                 "\"atqa\":\"0344\",\"sak\":\"20\",\"ats\":\"75778102\",\"family\":\"iso\"}");
    report_round("{\"op\":\"card\",\"state\":\"two\"}");
    report_round("{\"op\":\"card\",\"state\":\"gone\",\"card\":7}");
    report_round("{\"op\":\"read\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,"
                 "\"credit\":[\"" REC "\",null],\"return\":[null,\"" REC "\"],\"issue\":\"" REC
                 "\"}");
    struct card_slots slots = cardlink_slots(report.credit);
    CHECK(slots.read[0] && !slots.read[1]);
    CHECK_EQ_U64(slots.bytes[0][0], 0x53);
    report_round("{\"op\":\"write\",\"id\":\"" ID "\",\"outcome\":\"unknown\",\"error\":"
                 "\"card_gone\",\"credit\":[null,null]}");
    report_round("{\"op\":\"relay\",\"id\":\"" ID "\",\"outcome\":\"not_done\",\"error\":"
                 "\"refused\",\"answers\":[\"91AE\",\"00009000\"]}");
}

TEST(every_error_has_a_word)
{
    for (size_t i = 0; i < CARDLINK_ERROR_COUNT; i++) {
        char text[256];
        const char *word = cardlink_error_name((enum cardlink_error)i);
        (void)snprintf(text, sizeof(text),
                       "{\"op\":\"relay\",\"id\":\"" ID "\",\"outcome\":\"unknown\",\"error\":"
                       "\"%s\",\"answers\":[]}",
                       word);
        CHECK(reads_report(text));
        CHECK_EQ_U64(report.error, i);
    }
}

TEST(reports_that_are_refused)
{
    static const char *const bad[] = {
        "",
        "{}",
        "{\"op\":\"sing\"}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A8B1C2D\",\"atqa\":\"04\","
        "\"sak\":\"08\",\"ats\":\"\",\"family\":\"classic\"}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A8B1C2D\",\"atqa\":\"0004\","
        "\"sak\":8,\"ats\":\"\",\"family\":\"classic\"}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A8B1C2D\",\"atqa\":\"0004\","
        "\"sak\":\"08\",\"ats\":7,\"family\":\"classic\"}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A8B1C2D\",\"atqa\":\"0004\","
        "\"sak\":\"08\",\"ats\":\"\",\"family\":\"paper\"}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,\"credit\":"
        "[null,null],\"return\":[null,null],\"issue\":\"00\"}",
        "{\"op\":\"read\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,\"credit\":"
        "[null,7],\"return\":[null,null],\"issue\":null}",
        "{\"op\":\"read\",\"id\":\"x\",\"outcome\":\"done\",\"error\":null,\"credit\":"
        "[null,null],\"return\":[null,null],\"issue\":null}",
        "{\"op\":\"write\",\"id\":\"" ID "\",\"outcome\":7,\"error\":null,\"credit\":"
        "[null,null]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,\"answers\":"
        "[\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\","
        "\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\",\"9000\"]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,\"answers\":"
        "[7]}",
        "{\"op\":\"reader\",\"state\":\"asleep\"}",
        "{\"op\":\"reader\",\"state\":\"ready\",\"counts\":{}}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7}",
        "{\"op\":\"card\",\"state\":\"gone\"}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A\",\"atqa\":\"0004\","
        "\"sak\":\"08\",\"ats\":\"\",\"family\":\"classic\"}",
        "{\"op\":\"card\",\"state\":\"present\",\"card\":7,\"uid\":\"4A8B1C2D\",\"atqa\":\"0004\","
        "\"sak\":\"08\",\"ats\":\"7\",\"family\":\"classic\"}",
        "{\"op\":\"write\",\"id\":\"" ID "\",\"outcome\":\"perhaps\",\"error\":null,\"credit\":"
        "[null,null]}",
        "{\"op\":\"write\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":\"bored\",\"credit\":"
        "[null,null]}",
        "{\"op\":\"write\",\"id\":\"" ID
        "\",\"outcome\":\"done\",\"error\":null,\"credit\":[null]}",
        "{\"op\":\"write\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,\"credit\":"
        "[\"00\",null]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null,\"answers\":"
        "[\"9\"]}",
        "{\"op\":\"relay\",\"id\":\"" ID "\",\"outcome\":\"done\",\"error\":null}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(!reads_report(bad[i]));
    }
}

TEST(the_longest_lines_fit)
{
    memset(&report, 0, sizeof(report));
    report.say = CARDLINK_SAY_RELAY;
    memcpy(report.id, ID, sizeof(ID));
    report.answer_count = APDU_COUNT_MAX;
    for (size_t i = 0; i < APDU_COUNT_MAX; i++) {
        report.answers[i].size = APDU_SIZE_MAX;
    }
    CHECK(cardlink_report_encode(&report, line, sizeof(line)));
    CHECK(strlen(line) < CARDLINK_LINE_SIZE / 4);
    CHECK(!cardlink_report_encode(&report, line, 100));
}

TEST_MAIN()
