/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reader's thread between a card driver and a server that this test plays: the driver behind
 * its socket, the server behind wrapped calls. What is asked of each, in which order, with which
 * keys; what the session is told; and that nothing is told before it is so, or never.
 */
#include <stdlib.h>

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "kiosk/flow/card_jobs.h"
#include "kiosk/flow/reader.h"
#include "kiosk/net/server_card.h"
#include "tests/unit/test.h"

#define UID "4A8B1C2D"
#define TOKEN                                                                                      \
    "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F"                             \
    "000102030405060708090A0B0C0D0E0F"

enum { WAIT_MS = 5000 };

/* ---- the server ---- */

struct server {
    int unused;
};

static struct server the_server;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct api_card_session session_answer;
static struct api_card_view view_answers[3];
static struct api_card_write issue_answer;
static struct api_error refusal;
static enum server_result lay_result;
static enum server_result issue_result;
static enum server_result written_results[3];
static struct api_card_proof proof_answer;
static struct api_card_laid seen_laid;
static struct api_card_read seen_reads[3];
static int reads;
static int written_calls;
static struct api_card_step step_answers[2];
static enum server_result round_result; /* of the second round and later ones */
static struct api_card_round seen_round;
static int round_calls;
static char seen_body[16384];
static char seen_order[64];

struct server *__wrap_server_create(const struct server_config *config);
void __wrap_server_destroy(struct server *server);
enum server_result __wrap_server_card_lay(struct server *server, const struct api_card_laid *laid,
                                          struct api_card_session *ret_session,
                                          struct api_error *ret_error);
enum server_result __wrap_server_card_read(struct server *server, const char *session_id,
                                           const struct api_card_read *read,
                                           struct api_card_view *ret_view,
                                           struct api_error *ret_error);
enum server_result __wrap_server_card_issue(struct server *server, const char *order_no,
                                            const struct api_card_issue *issue,
                                            struct api_card_write *ret_write,
                                            struct api_error *ret_error);
enum server_result __wrap_server_card_written(struct server *server, const char *order_no,
                                              const char *body, struct api_card_proof *ret_proof,
                                              struct api_error *ret_error);
enum server_result __wrap_server_card_round(struct server *server, const char *order_no,
                                            const struct api_card_round *round_told,
                                            struct api_card_step *ret_step,
                                            struct api_error *ret_error);

struct server *__wrap_server_create(const struct server_config *config)
{
    (void)config;
    return &the_server;
}

void __wrap_server_destroy(struct server *server)
{
    (void)server;
}

enum server_result __wrap_server_card_lay(struct server *server, const struct api_card_laid *laid,
                                          struct api_card_session *ret_session,
                                          struct api_error *ret_error)
{
    (void)server;
    seen_laid = *laid;
    *ret_session = session_answer;
    *ret_error = refusal;
    return lay_result;
}

enum server_result __wrap_server_card_read(struct server *server, const char *session_id,
                                           const struct api_card_read *read,
                                           struct api_card_view *ret_view,
                                           struct api_error *ret_error)
{
    (void)server;
    *ret_error = refusal;
    CHECK_EQ_STR(session_id, session_answer.session_id);
    int at = reads < 2 ? reads : 2;
    seen_reads[at] = *read;
    *ret_view = view_answers[at];
    reads += 1;
    return SERVER_ANSWER;
}

enum server_result __wrap_server_card_issue(struct server *server, const char *order_no,
                                            const struct api_card_issue *issue,
                                            struct api_card_write *ret_write,
                                            struct api_error *ret_error)
{
    (void)server;
    CHECK_EQ_STR(order_no, "SH1");
    CHECK_EQ_STR(issue->session_id, session_answer.session_id);
    *ret_write = issue_answer;
    *ret_error = refusal;
    return issue_result;
}

enum server_result __wrap_server_card_written(struct server *server, const char *order_no,
                                              const char *body, struct api_card_proof *ret_proof,
                                              struct api_error *ret_error)
{
    (void)server;
    (void)pthread_mutex_lock(&mutex);
    (void)snprintf(seen_order, sizeof(seen_order), "%s", order_no);
    (void)snprintf(seen_body, sizeof(seen_body), "%s", body);
    *ret_proof = proof_answer;
    *ret_error = refusal;
    enum server_result result = written_results[written_calls < 2 ? written_calls : 2];
    written_calls += 1;
    (void)pthread_mutex_unlock(&mutex);
    return result;
}

enum server_result __wrap_server_card_round(struct server *server, const char *order_no,
                                            const struct api_card_round *round_told,
                                            struct api_card_step *ret_step,
                                            struct api_error *ret_error)
{
    (void)server;
    CHECK_EQ_STR(order_no, "SH1");
    CHECK_EQ_STR(round_told->session_id, session_answer.session_id);
    seen_round = *round_told;
    *ret_step = step_answers[round_told->round == 1 ? 0 : 1];
    *ret_error = refusal;
    round_calls += 1;
    return round_told->round == 1 ? SERVER_ANSWER : round_result;
}

/* ---- the driver ---- */

static char folder[64];
static char socket_path[96];
static int listener = -1;
static int driver = -1;
static char driver_line[CARDLINK_LINE_SIZE];
static size_t driver_len;
static struct cardlink_request request;
static struct cardlink_report report;

enum { STRANGER = 65534 /* nobody */ };

static void driver_listen(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(str_copy(address.sun_path, sizeof(address.sun_path), socket_path));
    (void)unlink(socket_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(listener, 1) == 0);
}

static void driver_accept(void)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    CHECK(poll(&fd, 1, WAIT_MS) == 1);
    driver = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(driver >= 0);
    driver_len = 0;
}

static void driver_die(void)
{
    (void)close(driver);
    (void)close(listener);
    driver = -1;
    listener = -1;
}

/* The next request, which must be of this kind. */
static void driver_wants(enum cardlink_op op)
{
    char *end = memchr(driver_line, '\n', driver_len);
    while (end == NULL) {
        struct pollfd fd = {.fd = driver, .events = POLLIN};
        CHECK(poll(&fd, 1, WAIT_MS) == 1);
        ssize_t got = recv(driver, driver_line + driver_len, sizeof(driver_line) - driver_len, 0);
        CHECK(got > 0);
        driver_len += (size_t)got;
        end = memchr(driver_line, '\n', driver_len);
    }
    const char *field = "";
    size_t size = (size_t)(end - driver_line);
    if (!cardlink_request_decode(driver_line, size, &request, &field)) {
        TEST_FAIL("the driver cannot read \"%s\" of %.*s", field, (int)size, driver_line);
    }
    CHECK_EQ_I64(request.op, op);
    driver_len -= size + 1;
    memmove(driver_line, end + 1, driver_len);
}

static void driver_says(void)
{
    static char line[CARDLINK_LINE_SIZE];
    CHECK(cardlink_report_encode(&report, line, sizeof(line)));
    CHECK(send(driver, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line));
}

static void driver_is(enum cardlink_reader reader)
{
    report = (struct cardlink_report){.say = CARDLINK_SAY_READER, .reader = reader};
    driver_says();
}

static void driver_lays(uint32_t number, enum cardlink_family family)
{
    report = (struct cardlink_report){.say = CARDLINK_SAY_CARD,
                                      .presence = CARDLINK_PRESENT,
                                      .card = number,
                                      .atqa = 4,
                                      .sak = 8,
                                      .family = family};
    CHECK(card_uid_parse(UID, &report.uid));
    driver_says();
}

static void driver_answers(enum cardlink_say say, enum outcome outcome, enum cardlink_error error)
{
    report = (struct cardlink_report){.say = say, .outcome = outcome, .error = error};
    CHECK(str_copy(report.id, sizeof(report.id), request.id));
    for (size_t i = 0; i < CARD_SLOTS && outcome == OUTCOME_DONE; i++) {
        report.credit[i].read = true;
        memset(report.credit[i].bytes, 0xA0 + (int)i, sizeof(report.credit[i].bytes));
    }
    driver_says();
}

/* ---- the session ---- */

static struct message_queue *queue;
static struct reader *reader;
static struct message *got;

static void wake(void *self)
{
    (void)self;
}

static struct message *next(enum session_event_kind kind)
{
    message_destroy(got);
    got = NULL;
    int64_t until_ns = clock_system_mono_ns() + (int64_t)WAIT_MS * 1000000;
    while (got == NULL && clock_system_mono_ns() < until_ns) {
        got = message_take(queue);
        if (got == NULL) {
            (void)poll(NULL, 0, 2);
        }
    }
    if (got == NULL) {
        TEST_FAIL("no message of kind %d", (int)kind);
    }
    CHECK_EQ_I64(got->event.kind, kind);
    return got;
}

static void take(enum session_effect_kind kind, uint32_t number)
{
    struct session_effect effect = {.kind = kind, .serial = 40 + number, .number = number};
    CHECK(str_copy(effect.text, sizeof(effect.text), "SH1"));
    reader_take(reader, &effect);
}

static void take_write(const struct session_card_write *write, uint32_t number)
{
    struct session_effect effect = {.kind = SESSION_EFFECT_CARD_WRITE, .number = number};
    effect.write = *write;
    reader_take(reader, &effect);
}

static void answers_reset(void)
{
    session_answer = (struct api_card_session){.standing = API_CARD_OURS};
    (void)snprintf(session_answer.session_id, sizeof(session_answer.session_id),
                   "00000000-0000-7000-8000-000000000001");
    session_answer.keys.count = 1;
    session_answer.keys.keys[0] =
        (struct api_card_key){.sector = 1, .kind = 'B', .key = "A0A1A2A3A4A5"};
    memset(view_answers, 0, sizeof(view_answers));
    for (int i = 0; i < 3; i++) {
        (void)snprintf(view_answers[i].session_id, sizeof(view_answers[i].session_id), "%s",
                       session_answer.session_id);
        (void)snprintf(view_answers[i].place, sizeof(view_answers[i].place), "3-2-501");
    }
    issue_answer = (struct api_card_write){.n = 8, .amount_fen = 5000, .token = TOKEN};
    (void)snprintf(issue_answer.order_no, sizeof(issue_answer.order_no), "SH1");
    (void)snprintf(issue_answer.authorisation, sizeof(issue_answer.authorisation), "e30.c2ln");
    issue_answer.keys = session_answer.keys;
    refusal = (struct api_error){0};
    lay_result = SERVER_ANSWER;
    issue_result = SERVER_ANSWER;
    proof_answer = (struct api_card_proof){.written = true};
    for (int i = 0; i < 3; i++) {
        written_results[i] = SERVER_ANSWER;
    }
    reads = 0;
    written_calls = 0;
    memset(step_answers, 0, sizeof(step_answers));
    round_result = SERVER_ANSWER;
    round_calls = 0;
}

static void begin(void)
{
    answers_reset();
    (void)snprintf(folder, sizeof(folder), "/tmp/kiosk-reader-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/cardd", folder);
    driver_listen();
    queue = message_queue_create(wake, NULL);
    struct server_config config = {0};
    reader = reader_start(&(struct cardd_place){.socket_path = socket_path}, &config, queue);
    CHECK(reader != NULL);
    driver_accept();
    driver_wants(CARDLINK_OP_STATUS);
    driver_wants(CARDLINK_OP_POLL);
    driver_is(CARDLINK_READER_READY);
    CHECK_EQ_I64(next(SESSION_EVENT_READER)->event.reader, SESSION_READER_READY);
}

static void end(void)
{
    reader_stop(reader);
    message_destroy(got);
    got = NULL;
    message_queue_destroy(queue);
    driver_die();
    (void)unlink(socket_path);
    (void)rmdir(folder);
}

static void lay(uint32_t number)
{
    driver_lays(number, CARDLINK_CLASSIC);
    const struct session_event *event = &next(SESSION_EVENT_CARD)->event;
    CHECK_EQ_I64(event->card.pad, SESSION_PAD_CARD);
    CHECK_EQ_U64(event->card.number, number);
    CHECK_EQ_STR(event->card.uid, UID);
    CHECK_EQ_I64(event->card.family, SESSION_CARD_CLASSIC);
    CHECK_EQ_U64(strlen(event->card.id), 36);
}

/* A card is laid and read; the order's token is asked for. */
static struct session_card_write to_token(void)
{
    lay(7);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    driver_wants(CARDLINK_OP_READ);
    driver_answers(CARDLINK_SAY_READ, OUTCOME_DONE, CARDLINK_OK);
    (void)next(SESSION_EVENT_CARD_VIEW);
    take(SESSION_EFFECT_CARD_ASK, 7);
    (void)next(SESSION_EVENT_CARD_TOKEN);
    return *got->event.card_write;
}

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

/* The same, past news of reader and pad; those are remembered. */
static enum session_reader reader_seen;
static enum session_pad pad_seen;

static struct message *await(enum session_event_kind kind)
{
    for (;;) {
        message_destroy(got);
        got = NULL;
        int64_t until_ns = clock_system_mono_ns() + (int64_t)WAIT_MS * 1000000;
        while (got == NULL && clock_system_mono_ns() < until_ns) {
            got = message_take(queue);
            if (got == NULL) {
                (void)poll(NULL, 0, 2);
            }
        }
        if (got == NULL) {
            TEST_FAIL("no message of kind %d", (int)kind);
        }
        reader_seen = got->event.kind == SESSION_EVENT_READER ? got->event.reader : reader_seen;
        pad_seen = got->event.kind == SESSION_EVENT_CARD ? got->event.card.pad : pad_seen;
        if (got->event.kind == kind) {
            return got;
        }
    }
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

static void check_round_end(const struct round_end *end_of)
{
    begin();
    struct session_card_write write = to_rounds();
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
         SESSION_CARD_NETWORK, 3},
        {OUTCOME_DONE, CARDLINK_OK, 1, SERVER_REFUSED, API_ERROR_CARD_SESSION, API_CARD_WRITTEN,
         SESSION_CARD_UNSURE, SESSION_CARD_SESSION_OVER, 2},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        check_round_end(&ends[i]);
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

/* What comes of a laying when server or driver say no. */
static enum session_card_trouble trouble_of(void)
{
    return next(SESSION_EVENT_CARD_FAILED)->event.card_failed.trouble;
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
