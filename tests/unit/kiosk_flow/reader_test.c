/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reader's thread between a card driver and a server that this test plays: the driver behind
 * its socket, the server behind wrapped calls. What is asked of each, in which order, with which
 * keys; what the session is told; and that nothing is told before it is so, or never.
 */
#include "tests/unit/kiosk_flow/reader_rig.h"

TEST(a_card_is_read_with_the_servers_keys_and_shown_with_the_servers_words)
{
    begin();
    lay(7);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    driver_wants(CARDLINK_OP_READ);
    CHECK_EQ_U64(request.card, 7);
    CHECK_EQ_U64(request.keys.count, 1);
    CHECK_EQ_MEM(request.keys.all[0].key, "\xA0\xA1\xA2\xA3\xA4\xA5", 6);
    driver_answers(CARDLINK_SAY_READ, OUTCOME_DONE, CARDLINK_OK);
    const struct session_event *event = &next(SESSION_EVENT_CARD_VIEW)->event;
    CHECK_EQ_U64(event->serial, 47);
    CHECK_EQ_STR(event->card_view->place, "3-2-501");
    CHECK_EQ_STR(event->card_view->uid, UID);
    CHECK(!event->card_view->has_write);
    CHECK_EQ_STR(seen_laid.uid, UID);
    CHECK_EQ_STR(seen_laid.atqa, "0004");
    CHECK_EQ_STR(seen_laid.sak, "08");
    CHECK_EQ_STR(seen_laid.family, "classic");
    CHECK_EQ_U64(strlen(seen_reads[0].credit[0]), 96);
    CHECK_EQ_STR(seen_reads[0].returned[0], "");
    end();
}

TEST(a_token_is_written_only_when_the_session_says_so_and_then_told)
{
    begin();
    issue_answer.has_first = true;
    issue_answer.first = 1;
    struct session_card_write write = to_token();
    CHECK_EQ_STR(write.order_no, "SH1");
    CHECK_EQ_STR(write.token, TOKEN);
    CHECK_EQ_STR(write.uid, UID);
    CHECK_EQ_I64(write.amount.fen, 5000);
    take_write(&write, 7);
    driver_wants(CARDLINK_OP_WRITE);
    CHECK_EQ_STR(request.authorisation, "e30.c2ln");
    CHECK(request.has_first);
    CHECK_EQ_U64(request.first, 1);
    CHECK_EQ_U64(request.token[17], 1);
    CHECK_EQ_U64(request.keys.count, 1);
    driver_answers(CARDLINK_SAY_WRITE, OUTCOME_DONE, CARDLINK_OK);
    struct message *message = next(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_DONE);
    CHECK_EQ_STR(message->event.card_result->id, write.id);
    static struct api_card_written written;
    struct api_fault fault;
    CHECK_EQ_I64(
        api_card_written_decode(message->card_body, strlen(message->card_body), &written, &fault),
        OK);
    CHECK_EQ_STR(written.client_request_id, write.id);
    CHECK_EQ_I64(written.outcome, API_CARD_DONE);
    CHECK(str_starts_with(written.credit[1], "A1A1A1"));
    /* The server is away at first. */
    written_results[0] = SERVER_NOTHING;
    reader_tell(reader, write.id, "SH1", strdup(message->card_body));
    message = next(SESSION_EVENT_CARD_TOLD);
    CHECK(message->event.card_told.written);
    CHECK(!message->card_refused);
    CHECK_EQ_STR(message->event.card_told.id, write.id);
    CHECK_EQ_I64(written_calls, 2);
    CHECK_EQ_STR(seen_order, "SH1");
    CHECK(strstr(seen_body, "\"done\"") != NULL);
    /* One token, one write: the authorisation is gone. */
    take_write(&write, 7);
    message = next(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_NOT_DONE);
    end();
}

TEST(a_driver_that_dies_in_a_write_leaves_it_unsure_and_is_found_again)
{
    begin();
    struct session_card_write write = to_token();
    take_write(&write, 7);
    driver_wants(CARDLINK_OP_WRITE);
    driver_die();
    const struct message *message = await(SESSION_EVENT_CARD_RESULT);
    CHECK_EQ_I64(message->event.card_result->outcome, SESSION_CARD_UNSURE);
    CHECK_EQ_I64(message->event.card_result->trouble, SESSION_CARD_READER);
    CHECK(strstr(message->card_body, "\"unknown\"") != NULL);
    driver_listen();
    struct session_effect poll_active = {.kind = SESSION_EFFECT_CARD_POLL,
                                         .poll = SESSION_POLL_ACTIVE};
    reader_take(reader, &poll_active);
    driver_accept();
    driver_wants(CARDLINK_OP_STATUS);
    driver_wants(CARDLINK_OP_POLL);
    CHECK_EQ_I64(request.mode, CARDLINK_ACTIVE);
    driver_lays(1, CARDLINK_CLASSIC);
    while (pad_seen != SESSION_PAD_CARD) {
        (void)await(SESSION_EVENT_CARD);
    }
    CHECK_EQ_I64(reader_seen, SESSION_READER_ERROR);
    driver_is(CARDLINK_READER_READY);
    CHECK_EQ_I64(await(SESSION_EVENT_READER)->event.reader, SESSION_READER_READY);
    driver_is(CARDLINK_READER_REPAIR);
    CHECK_EQ_I64(await(SESSION_EVENT_READER)->event.reader, SESSION_READER_ERROR);
    end();
}

TEST(owed_credit_comes_with_its_token_and_no_question)
{
    begin();
    view_answers[0].state = API_CARD_OWED;
    view_answers[0].has_owed = true;
    view_answers[0].owed_fen = 5000;
    (void)snprintf(view_answers[0].owed_order_no, sizeof(view_answers[0].owed_order_no), "SH1");
    view_answers[0].has_write = true;
    view_answers[0].write = issue_answer;
    lay(7);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    driver_wants(CARDLINK_OP_READ);
    driver_answers(CARDLINK_SAY_READ, OUTCOME_DONE, CARDLINK_OK);
    const struct session_event *event = &next(SESSION_EVENT_CARD_VIEW)->event;
    CHECK(event->card_view->has_write);
    CHECK(!event->card_view->repair);
    CHECK_EQ_STR(event->card_view->owed_order_no, "SH1");
    CHECK_EQ_I64(event->card_view->owed.fen, 5000);
    event = &next(SESSION_EVENT_CARD_TOKEN)->event;
    CHECK_EQ_U64(event->serial, 47);
    CHECK_EQ_STR(event->card_write->token, TOKEN);
    end();
}

TEST(every_no_of_the_server_has_its_word)
{
    static const struct {
        enum api_card_standing standing;
        enum session_card_trouble trouble;
    } standings[] = {{API_CARD_FOREIGN, SESSION_CARD_NOT_OURS},
                     {API_CARD_BLOCKED, SESSION_CARD_BLOCKED},
                     {API_CARD_LOST, SESSION_CARD_LOST},
                     {API_CARD_REPLACED, SESSION_CARD_REPLACED},
                     {API_CARD_OTHER_SITE, SESSION_CARD_OTHER_SITE}};
    begin();
    lay(7);
    for (size_t i = 0; i < sizeof(standings) / sizeof(standings[0]); i++) {
        session_answer.standing = standings[i].standing;
        take(SESSION_EFFECT_CARD_OPEN, 7);
        CHECK_EQ_I64(trouble_of(), standings[i].trouble);
    }
    lay_result = SERVER_NOTHING;
    take(SESSION_EFFECT_CARD_OPEN, 7);
    CHECK_EQ_I64(trouble_of(), SESSION_CARD_NETWORK);
    /* Without a session nothing can be asked for. */
    take(SESSION_EFFECT_CARD_ASK, 7);
    CHECK_EQ_I64(trouble_of(), SESSION_CARD_SESSION_OVER);
    take(SESSION_EFFECT_CARD_OPEN, 8);
    CHECK_EQ_I64(trouble_of(), SESSION_CARD_LEFT_EARLY);
    end();
}

TEST(every_no_about_a_token_has_its_word)
{
    static const struct {
        const char *code;
        enum session_card_trouble trouble;
    } codes[] = {{API_ERROR_WRONG_CARD, SESSION_CARD_OTHER},
                 {API_ERROR_NOT_PAID, SESSION_CARD_NOT_PAID},
                 {API_ERROR_RETURN_CASE, SESSION_CARD_RETURN_CASE},
                 {API_ERROR_CARD_STALE, SESSION_CARD_SESSION_OVER},
                 {API_ERROR_CARD_SESSION, SESSION_CARD_SESSION_OVER},
                 {API_ERROR_CARD_REFUSED, SESSION_CARD_REFUSED}};
    begin();
    (void)to_token();
    issue_result = SERVER_REFUSED;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        CHECK(str_copy(refusal.code, sizeof(refusal.code), codes[i].code));
        take(SESSION_EFFECT_CARD_ASK, 7);
        CHECK_EQ_I64(trouble_of(), codes[i].trouble);
    }
    end();
}

TEST(every_no_of_the_driver_has_its_word)
{
    static const struct {
        enum cardlink_error error;
        enum session_card_trouble trouble;
    } errors[] = {{CARDLINK_CARD_GONE, SESSION_CARD_LEFT_EARLY},
                  {CARDLINK_DAMAGED, SESSION_CARD_DAMAGED},
                  {CARDLINK_READER, SESSION_CARD_READER},
                  {CARDLINK_BUSY, SESSION_CARD_READER}};
    begin();
    lay(7);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        take(SESSION_EFFECT_CARD_OPEN, 7);
        driver_wants(CARDLINK_OP_READ);
        driver_answers(CARDLINK_SAY_READ, OUTCOME_NOT_DONE, errors[i].error);
        CHECK_EQ_I64(trouble_of(), errors[i].trouble);
    }
    CHECK_EQ_I64(reads, 0);
    end();
}

static void told_once(const char *code)
{
    begin();
    written_results[0] = SERVER_REFUSED;
    CHECK(str_copy(refusal.code, sizeof(refusal.code), code));
    char *body = card_jobs_unknown_body("00000000-0000-7000-8000-000000000009", UID);
    CHECK(body != NULL);
    reader_tell(reader, "00000000-0000-7000-8000-000000000009", "SH9", body);
    const struct message *message = next(SESSION_EVENT_CARD_TOLD);
    CHECK(message->card_refused);
    CHECK(!message->event.card_told.written);
    CHECK(strstr(seen_body, "\"unknown\"") != NULL);
    CHECK(strstr(seen_body, UID) != NULL);
    end();
}

TEST(what_the_server_will_never_take_is_told_once)
{
    told_once(API_ERROR_NOT_FOUND);
    told_once(API_ERROR_NOT_PAID);
}

TEST(a_terminal_without_a_reader_still_tells_what_is_left)
{
    answers_reset();
    queue = message_queue_create(wake, NULL);
    struct server_config config = {0};
    reader = reader_start(&(struct cardd_place){.socket_path = ""}, &config, queue);
    CHECK(reader != NULL);
    take(SESSION_EFFECT_CARD_OPEN, 7); /* nobody is asked */
    char *body = card_jobs_unknown_body("00000000-0000-7000-8000-000000000009", UID);
    reader_tell(reader, "00000000-0000-7000-8000-000000000009", "SH9", body);
    (void)next(SESSION_EVENT_CARD_TOLD);
    reader_stop(reader);
    message_destroy(got);
    got = NULL;
    message_queue_destroy(queue);
}

/* Only root can listen as somebody else. */
static void stranger_listens(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/kiosk-reader-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/cardd", folder);
    driver_listen();
    CHECK(seteuid(STRANGER) == 0);
    CHECK(listen(listener, 1) == 0); /* the kernel notes who */
    CHECK(seteuid(0) == 0);
    queue = message_queue_create(wake, NULL);
}

TEST(keys_are_sent_to_no_strangers_socket)
{
    if (geteuid() != 0) {
        return;
    }
    struct cardd_place place = {.socket_path = socket_path};
    stranger_listens();
    reader = reader_start(&place, &(struct server_config){0}, queue);
    CHECK(reader != NULL);
    driver_accept();
    char byte = 0;
    CHECK(recv(driver, &byte, 1, 0) == 0); /* hung up on, without a word */
    CHECK_EQ_I64(next(SESSION_EVENT_READER)->event.reader, SESSION_READER_ERROR);
    end();
    place.uid = STRANGER; /* the configuration says that he is the driver */
    stranger_listens();
    reader = reader_start(&place, &(struct server_config){0}, queue);
    CHECK(reader != NULL);
    driver_accept();
    driver_wants(CARDLINK_OP_STATUS);
    end();
}

TEST(the_end_does_not_wait_for_a_driver_that_hangs)
{
    begin();
    lay(7);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    driver_wants(CARDLINK_OP_READ);
    int64_t since_ns = clock_system_mono_ns();
    end();
    CHECK(clock_system_mono_ns() - since_ns < (int64_t)WAIT_MS * 1000000);
}

TEST_MAIN()
