/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cards that the server speaks to itself: its rounds are carried, told and told again; what may
 * have been written is never called unwritten; a card that was disturbed is begun anew.
 */
#include "tests/unit/kiosk_flow/reader_rig.h"

TEST(commands_are_relayed_in_rounds)
{
    begin();
    session_answer.media = API_CARD_DESFIRE;
    session_answer.keys.count = 0;
    session_answer.script.count = 1;
    session_answer.script.round = 1;
    session_answer.script.apdus[0] =
        (struct api_card_apdu){.apdu = "905A00000301020300", .expect = "9100"};
    view_answers[0].state = API_CARD_MORE;
    view_answers[0].script.count = 1;
    view_answers[0].script.round = 2;
    view_answers[0].script.apdus[0] = (struct api_card_apdu){.apdu = "90AA00000100"};
    CHECK(str_copy(view_answers[0].authorisation, sizeof(view_answers[0].authorisation), "e.s"));
    driver_lays(7, CARDLINK_ISO);
    CHECK_EQ_I64(next(SESSION_EVENT_CARD)->event.card.family, SESSION_CARD_ISO);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    for (int round = 0; round < 2; round++) {
        driver_wants(CARDLINK_OP_RELAY);
        CHECK_EQ_STR(request.authorisation, round == 0 ? "" : "e.s");
        CHECK_EQ_U64(request.apdu_count, 1);
        CHECK_EQ_I64(request.apdus[0].expects, round == 0);
        /* In the second round the card says something else: the server must hear it. */
        report = (struct cardlink_report){.say = CARDLINK_SAY_RELAY,
                                          .outcome = round == 0 ? OUTCOME_DONE : OUTCOME_NOT_DONE,
                                          .error = round == 0 ? CARDLINK_OK : CARDLINK_REFUSED,
                                          .answer_count = 1};
        report.answers[0] = (struct apdu){.bytes = {0x91, (uint8_t)round}, .size = 2};
        CHECK(str_copy(report.id, sizeof(report.id), request.id));
        driver_says();
    }
    (void)next(SESSION_EVENT_CARD_VIEW);
    CHECK_EQ_I64(reads, 2);
    CHECK_EQ_U64(seen_reads[1].answer_count, 1);
    CHECK_EQ_STR(seen_reads[1].answers[0].apdu, "9101");
    CHECK_EQ_I64(seen_reads[0].round, 1);
    CHECK_EQ_I64(seen_reads[1].round, 2);
    end();
}

/* ---- a write in rounds ---- */

/* A relayed card is read; its write is in the session's hand. The second round is signed for. */
static struct session_card_write to_rounds(void)
{
    session_answer.media = API_CARD_DESFIRE;
    session_answer.keys.count = 0;
    session_answer.script.count = 1;
    session_answer.script.round = 1;
    session_answer.script.apdus[0] =
        (struct api_card_apdu){.apdu = "905A00000301020300", .expect = "9100"};
    issue_answer.media = API_CARD_DESFIRE;
    issue_answer.token[0] = '\0';
    issue_answer.authorisation[0] = '\0';
    issue_answer.keys.count = 0;
    issue_answer.script = session_answer.script;
    step_answers[0].script = session_answer.script;
    step_answers[0].script.round = 2;
    step_answers[0].script.apdus[0] =
        (struct api_card_apdu){.apdu = "90C7000000", .expect = "9100"};
    CHECK(
        str_copy(step_answers[0].authorisation, sizeof(step_answers[0].authorisation), "e30.c2ln"));
    step_answers[1].progress = API_CARD_WRITTEN;
    driver_lays(7, CARDLINK_ISO);
    (void)next(SESSION_EVENT_CARD);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    driver_wants(CARDLINK_OP_RELAY);
    report = (struct cardlink_report){.say = CARDLINK_SAY_RELAY, .outcome = OUTCOME_DONE};
    report.answer_count = 1;
    report.answers[0] = (struct apdu){.bytes = {0x91}, .size = 2};
    CHECK(str_copy(report.id, sizeof(report.id), request.id));
    driver_says();
    (void)next(SESSION_EVENT_CARD_VIEW);
    take(SESSION_EFFECT_CARD_ASK, 7);
    return *next(SESSION_EVENT_CARD_TOKEN)->event.card_write;
}

static void driver_relays(enum outcome outcome, enum cardlink_error error, size_t answers)
{
    driver_wants(CARDLINK_OP_RELAY);
    CHECK_EQ_U64(request.card, 7);
    report = (struct cardlink_report){
        .say = CARDLINK_SAY_RELAY, .outcome = outcome, .error = error, .answer_count = answers};
    report.answers[0] = (struct apdu){.bytes = {0x91, 0x42}, .size = 2};
    CHECK(str_copy(report.id, sizeof(report.id), request.id));
    driver_says();
}

static enum api_card_outcome outcome_in_body(const struct message *message)
{
    static struct api_card_written written;
    struct api_fault fault;
    CHECK_EQ_I64(
        api_card_written_decode(message->card_body, strlen(message->card_body), &written, &fault),
        OK);
    CHECK_EQ_U64(written.answer_count, 0);
    return written.outcome;
}

TEST(a_write_goes_in_rounds_until_the_server_calls_it_written)
{
    begin();
    struct session_card_write write = to_rounds();
    CHECK_EQ_STR(write.token, "");
    take_write(&write, 7);
    driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
    CHECK_EQ_STR(request.authorisation, "");
    driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
    CHECK_EQ_STR(request.authorisation, "e30.c2ln");
    CHECK(!request.has_first);
    CHECK_EQ_U64(request.apdus[0].apdu.bytes[1], 0xC7);
    struct message *message = next(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_DONE);
    CHECK_EQ_I64(message->event.card_result->trouble, SESSION_CARD_FINE);
    CHECK_EQ_I64(outcome_in_body(message), API_CARD_DONE);
    CHECK_EQ_I64(seen_round.round, 2);
    CHECK_EQ_U64(seen_round.answer_count, 1);
    CHECK_EQ_STR(seen_round.answers[0].apdu, "9142");
    CHECK_EQ_I64(round_calls, 2);
    end();
}

/* How the round that is signed for ends: at the driver, and at the server. */
struct round_end {
    enum outcome outcome;
    enum cardlink_error error;
    size_t answers;
    enum server_result result;
    const char *code;
    enum api_card_progress progress;
    enum session_card_outcome ended;
    enum session_card_trouble trouble;
    int calls;
};

static void check_round_end(const struct round_end *end_of, const char *apdu)
{
    begin();
    struct session_card_write write = to_rounds();
    struct api_card_apdu *signed_for = &step_answers[0].script.apdus[0];
    CHECK(str_copy(signed_for->apdu, sizeof(signed_for->apdu), apdu));
    round_result = end_of->result;
    step_answers[1].progress = end_of->progress;
    CHECK(str_copy(refusal.code, sizeof(refusal.code), end_of->code));
    take_write(&write, 7);
    driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
    driver_relays(end_of->outcome, end_of->error, end_of->answers);
    struct message *message = next(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, end_of->ended);
    CHECK_EQ_I64(message->event.card_result->trouble, end_of->trouble);
    CHECK_EQ_I64(outcome_in_body(message),
                 end_of->ended == SESSION_CARD_NOT_DONE ? API_CARD_NOT_DONE : API_CARD_UNKNOWN);
    CHECK_EQ_I64(round_calls, end_of->calls);
    end();
}

TEST(a_round_that_may_have_written_leaves_it_unsure)
{
    static const struct round_end ends[] = {
        /* The driver says that nothing left it. */
        {OUTCOME_NOT_DONE, CARDLINK_FORGED, 0, SERVER_ANSWER, "", API_CARD_WRITTEN,
         SESSION_CARD_NOT_DONE, SESSION_CARD_EXPIRED, 1},
        {OUTCOME_UNKNOWN, CARDLINK_CARD_GONE, 1, SERVER_ANSWER, "", API_CARD_WRITTEN,
         SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY, 1},
        /* An answer that was not expected goes up: the server knows what it means. */
        {OUTCOME_UNKNOWN, CARDLINK_REFUSED, 1, SERVER_ANSWER, "", API_CARD_FAILED,
         SESSION_CARD_UNSURE, SESSION_CARD_EXPIRED, 2},
        {OUTCOME_DONE, CARDLINK_OK, 1, SERVER_NOTHING, "", API_CARD_WRITTEN, SESSION_CARD_UNSURE,
         SESSION_CARD_NETWORK, 5},
        {OUTCOME_DONE, CARDLINK_OK, 1, SERVER_REFUSED, API_ERROR_BUSY, API_CARD_WRITTEN,
         SESSION_CARD_UNSURE, SESSION_CARD_NETWORK, 5},
        {OUTCOME_DONE, CARDLINK_OK, 1, SERVER_REFUSED, API_ERROR_CARD_SESSION, API_CARD_WRITTEN,
         SESSION_CARD_UNSURE, SESSION_CARD_SESSION_OVER, 2},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        check_round_end(&ends[i], "90C7000000");
    }
}

/* The round that opens a purchase card to the server can use up one of its tries, no more. */
TEST(a_round_that_only_opens_the_card_has_written_nothing)
{
    static const struct round_end ends[] = {
        {OUTCOME_UNKNOWN, CARDLINK_CARD_GONE, 0, SERVER_ANSWER, "", API_CARD_FAILED,
         SESSION_CARD_NOT_DONE, SESSION_CARD_LEFT_EARLY, 1},
        {OUTCOME_UNKNOWN, CARDLINK_REFUSED, 1, SERVER_ANSWER, "", API_CARD_FAILED,
         SESSION_CARD_NOT_DONE, SESSION_CARD_EXPIRED, 2},
        {OUTCOME_DONE, CARDLINK_OK, 1, SERVER_NOTHING, "", API_CARD_FAILED, SESSION_CARD_NOT_DONE,
         SESSION_CARD_NETWORK, 5},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        check_round_end(&ends[i], "00820002080102030405060708");
    }
}

/* It tells of itself, not of the card. */
TEST(a_round_that_a_busy_server_did_not_take_is_told_again)
{
    static const char *const codes[] = {API_ERROR_BUSY, API_ERROR_OUT_OF_SERVICE,
                                        API_ERROR_DISK_FULL};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        begin();
        struct session_card_write write = to_rounds();
        rounds_refused = 2;
        CHECK(str_copy(refusal.code, sizeof(refusal.code), codes[i]));
        take_write(&write, 7);
        driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
        driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
        struct message *message = next(SESSION_EVENT_CARD_RESULT);
        CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_DONE);
        CHECK_EQ_I64(round_calls, 4);
        CHECK_EQ_I64(seen_round.round, 2);
        end();
    }
}

TEST(a_driver_that_dies_before_the_signed_round_has_written_nothing)
{
    begin();
    struct session_card_write write = to_rounds();
    take_write(&write, 7);
    driver_wants(CARDLINK_OP_RELAY);
    driver_die();
    driver_listen();
    struct message *message = await(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_NOT_DONE);
    CHECK_EQ_I64(message->event.card_result->trouble, SESSION_CARD_READER);
    end();
}

TEST(a_driver_that_dies_in_the_signed_round_may_have_written)
{
    begin();
    struct session_card_write write = to_rounds();
    take_write(&write, 7);
    driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
    driver_wants(CARDLINK_OP_RELAY);
    CHECK(request.authorisation[0] != '\0');
    driver_die();
    driver_listen();
    struct message *message = await(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_UNSURE);
    CHECK_EQ_I64(message->event.card_result->trouble, SESSION_CARD_READER);
    CHECK_EQ_I64(outcome_in_body(message), API_CARD_UNKNOWN);
    CHECK_EQ_I64(round_calls, 1); /* nothing was heard of the second */
    end();
}

/* Tries to read a relayed card: how each ends at the driver, and how the server finds it. */
static void read_tries(const enum cardlink_error *errors, size_t count)
{
    session_answer.media = API_CARD_DESFIRE;
    session_answer.keys.count = 0;
    session_answer.script.count = 1;
    session_answer.script.round = 1;
    session_answer.script.apdus[0] = (struct api_card_apdu){.apdu = "905A000000"};
    driver_lays(7, CARDLINK_ISO);
    (void)next(SESSION_EVENT_CARD);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    for (size_t i = 0; i < count; i++) {
        bool fine = errors[i] == CARDLINK_OK;
        driver_relays(fine ? OUTCOME_DONE : OUTCOME_NOT_DONE, errors[i], fine);
    }
}

static void not_read(int at)
{
    view_answers[at].state = API_CARD_REFUSED;
    CHECK(str_copy(view_answers[at].reason, sizeof(view_answers[at].reason), "not_read"));
}

TEST(a_relayed_card_that_still_lies_there_is_read_again_from_round_1)
{
    static const enum cardlink_error disturbed[] = {CARDLINK_CARD_GONE, CARDLINK_CARD_GONE,
                                                    CARDLINK_OK};
    static const enum cardlink_error fine[] = {CARDLINK_OK, CARDLINK_OK, CARDLINK_OK};
    begin();
    read_tries(disturbed, 3);
    CHECK_EQ_I64(next(SESSION_EVENT_CARD_VIEW)->event.card_view->trouble, SESSION_CARD_FINE);
    CHECK_EQ_I64(reads, 1);
    end();
    begin();
    not_read(0);
    read_tries(fine, 2);
    CHECK_EQ_I64(next(SESSION_EVENT_CARD_VIEW)->event.card_view->trouble, SESSION_CARD_FINE);
    CHECK_EQ_I64(reads, 2);
    end();
}

TEST(a_relayed_card_is_damaged_after_the_last_try_only)
{
    static const enum cardlink_error disturbed[] = {CARDLINK_CARD_GONE, CARDLINK_CARD_GONE,
                                                    CARDLINK_CARD_GONE};
    static const enum cardlink_error fine[] = {CARDLINK_OK, CARDLINK_OK, CARDLINK_OK};
    begin();
    read_tries(disturbed, 3);
    CHECK_EQ_I64(trouble_of(), SESSION_CARD_LEFT_EARLY);
    end();
    begin();
    for (int i = 0; i < 3; i++) {
        not_read(i);
    }
    read_tries(fine, 3);
    CHECK_EQ_I64(next(SESSION_EVENT_CARD_VIEW)->event.card_view->trouble, SESSION_CARD_DAMAGED);
    CHECK_EQ_I64(reads, 3);
    end();
}

/* A server that never comes to an end is not followed for ever. */
TEST(rounds_end)
{
    begin();
    struct session_card_write write = to_rounds();
    step_answers[1] = step_answers[0];
    take_write(&write, 7);
    for (int i = 0; i < API_CARD_ROUNDS_MAX; i++) {
        driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
    }
    struct message *message = next(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_UNSURE);
    CHECK_EQ_I64(message->event.card_result->trouble, SESSION_CARD_EXPIRED);
    end();
}

TEST(commands_that_nobody_can_carry_are_not_sent)
{
    begin();
    struct session_card_write write = to_rounds();
    step_answers[0].script.apdus[0].apdu[1] = 'x';
    take_write(&write, 7);
    driver_relays(OUTCOME_DONE, CARDLINK_OK, 1);
    struct message *message = next(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_NOT_DONE);
    CHECK_EQ_I64(message->event.card_result->trouble, SESSION_CARD_EXPIRED);
    end();
}

TEST_MAIN()
