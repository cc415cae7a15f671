/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/printjob/printjob.h"
#include "tests/unit/test.h"

static const char ID[] = "01234567-89ab-7607-8809-0a0b0c0d0e0f";
static char line[4096];

TEST(a_print_request_goes_both_ways)
{
    struct printjob_request request = {.op = PRINTJOB_OP_PRINT, .copy = 2};
    (void)snprintf(request.job_id, sizeof(request.job_id), "%s", ID);
    request.receipt = json_pack("{s:s}", "order_no", "SH1");
    CHECK(printjob_request_encode(&request, line, sizeof(line)));
    CHECK(line[strlen(line) - 1] == '\n');
    struct printjob_request back;
    const char *field = NULL;
    CHECK(printjob_request_decode(line, strlen(line) - 1, &back, &field));
    CHECK_EQ_STR(back.job_id, ID);
    CHECK_EQ_U64(back.copy, 2);
    CHECK(json_equal(back.receipt, request.receipt));
    json_decref(request.receipt);
    json_decref(back.receipt);
    CHECK(!printjob_request_encode(&(struct printjob_request){.op = PRINTJOB_OP_STATUS}, line, 8));
}

TEST(every_answer_goes_both_ways)
{
    for (int i = 0; i < PRINTJOB_STATE_COUNT + PRINTJOB_DEVICE_COUNT; i++) {
        struct printjob_answer answer = {.is_device = i >= PRINTJOB_STATE_COUNT,
                                         .part = i == PRINTJOB_HELD};
        if (answer.is_device) {
            answer.device = (enum printjob_device)(i - PRINTJOB_STATE_COUNT);
        } else {
            answer.state = (enum printjob_state)i;
            (void)snprintf(answer.job_id, sizeof(answer.job_id), "%s", ID);
        }
        CHECK(printjob_answer_encode(&answer, line, sizeof(line)));
        struct printjob_answer back;
        const char *field = NULL;
        CHECK(printjob_answer_decode(line, strlen(line) - 1, &back, &field));
        CHECK_EQ_I64(back.is_device, answer.is_device);
        CHECK_EQ_I64(back.device, answer.device);
        CHECK_EQ_I64(back.state, answer.state);
        CHECK_EQ_I64(back.part, answer.part);
    }
}

TEST(what_is_to_be_reported_goes_both_ways)
{
    struct printjob_request request = {.op = PRINTJOB_OP_REPORTED};
    struct printjob_request request_back;
    const char *field = NULL;
    (void)snprintf(request.job_id, sizeof(request.job_id), "%s", ID);
    CHECK(printjob_request_encode(&request, line, sizeof(line)));
    CHECK(printjob_request_decode(line, strlen(line) - 1, &request_back, &field));
    CHECK_EQ_I64(request_back.op, PRINTJOB_OP_REPORTED);
    CHECK_EQ_STR(request_back.job_id, ID);
    struct printjob_answer answer = {.is_report = true, .state = PRINTJOB_HELD};
    struct printjob_answer back;
    CHECK(printjob_answer_encode(&answer, line, sizeof(line)));
    CHECK(printjob_answer_decode(line, strlen(line) - 1, &back, &field));
    CHECK(back.is_report && back.job_id[0] == '\0'); /* nothing is left */
    (void)snprintf(answer.job_id, sizeof(answer.job_id), "%s", ID);
    (void)snprintf(answer.order_no, sizeof(answer.order_no), "SH1");
    (void)snprintf(answer.kind, sizeof(answer.kind), "pending");
    CHECK(printjob_answer_encode(&answer, line, sizeof(line)));
    CHECK(printjob_answer_decode(line, strlen(line) - 1, &back, &field));
    CHECK(back.is_report && !back.is_device);
    CHECK_EQ_I64(back.state, PRINTJOB_HELD);
    CHECK_EQ_STR(back.job_id, ID);
    CHECK_EQ_STR(back.order_no, "SH1");
    CHECK_EQ_STR(back.kind, "pending");
}

TEST(wrong_lines_are_refused_with_the_member)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"", "(line)"},
        {"{\"op\":\"erase\"}", "op"},
        {"{\"op\":\"reported\"}", "job_id"},
        {"{\"op\":\"print\",\"job_id\":\"7\",\"receipt\":{}}", "job_id"},
        {"{\"op\":\"print\",\"job_id\":\"01234567-89ab-7607-8809-0a0b0c0d0e0f\"}", "receipt"},
        {"{\"op\":\"print\",\"job_id\":\"01234567-89ab-7607-8809-0a0b0c0d0e0f\",\"copy\":99,"
         "\"receipt\":{}}",
         "copy"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct printjob_request request;
        const char *field = "";
        CHECK(!printjob_request_decode(cases[i].text, strlen(cases[i].text), &request, &field));
        CHECK_EQ_STR(field, cases[i].field);
    }
    struct printjob_answer answer;
    const char *field = "";
    static const char bad[] = "{\"op\":\"status\",\"state\":\"printed\"}";
    CHECK(!printjob_answer_decode(bad, sizeof(bad) - 1, &answer, &field));
    CHECK_EQ_STR(field, "state");
}

TEST(wrong_answers_are_refused_with_the_member)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"", "(line)"},
        {"{\"op\":\"erase\"}", "op"},
        {"{\"op\":7}", "op"},
        {"{\"state\":\"eaten\",\"job_id\":\"01234567-89ab-7607-8809-0a0b0c0d0e0f\"}", "state"},
        {"{\"job_id\":\"01234567-89ab-7607-8809-0a0b0c0d0e0f\"}", "state"},
        {"{\"state\":\"printed\",\"job_id\":\"7\"}", "job_id"},
        {"{\"op\":\"unreported\",\"job_id\":\"7\",\"state\":\"printed\"}", "job_id"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct printjob_answer answer;
        const char *field = "";
        CHECK(!printjob_answer_decode(cases[i].text, strlen(cases[i].text), &answer, &field));
        CHECK_EQ_STR(field, cases[i].field);
    }
}

TEST(an_answer_may_say_more)
{
    struct printjob_answer answer = {.is_device = true, .detail = "the cover is open"};
    struct printjob_answer back;
    const char *field = NULL;
    CHECK(printjob_answer_encode(&answer, line, sizeof(line)));
    CHECK(printjob_answer_decode(line, strlen(line) - 1, &back, &field));
    CHECK_EQ_STR(back.detail, "the cover is open");
}

TEST_MAIN()
