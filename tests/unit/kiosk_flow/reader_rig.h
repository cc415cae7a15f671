/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_KIOSK_FLOW_READER_RIG_H
#define SHILLING_TESTS_UNIT_KIOSK_FLOW_READER_RIG_H

/*
 * The reader's thread between a card driver and a server that the test plays: the driver behind
 * its socket, the server behind wrapped calls.
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

enum { WAIT_MS = 20000 };

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
static int rounds_refused; /* so many of them first, with the refusal; then the result */
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
    if (round_told->round == 1) {
        return SERVER_ANSWER;
    }
    rounds_refused -= 1;
    return rounds_refused >= 0 ? SERVER_REFUSED : round_result;
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

static inline void driver_listen(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(str_copy(address.sun_path, sizeof(address.sun_path), socket_path));
    (void)unlink(socket_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(listener, 1) == 0);
}

static inline void driver_accept(void)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    CHECK(poll(&fd, 1, WAIT_MS) == 1);
    driver = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(driver >= 0);
    driver_len = 0;
}

static inline void driver_die(void)
{
    (void)close(driver);
    (void)close(listener);
    driver = -1;
    listener = -1;
}

/* The next request, which must be of this kind. */
static inline void driver_wants(enum cardlink_op op)
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

static inline void driver_says(void)
{
    static char line[CARDLINK_LINE_SIZE];
    CHECK(cardlink_report_encode(&report, line, sizeof(line)));
    CHECK(send(driver, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line));
}

static inline void driver_is(enum cardlink_reader reader)
{
    report = (struct cardlink_report){.say = CARDLINK_SAY_READER, .reader = reader};
    driver_says();
}

static inline void driver_lays(uint32_t number, enum cardlink_family family)
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

static inline void driver_answers(enum cardlink_say say, enum outcome outcome,
                                  enum cardlink_error error)
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

static inline void wake(void *self)
{
    (void)self;
}

static inline struct message *next(enum session_event_kind kind)
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

static inline void take(enum session_effect_kind kind, uint32_t number)
{
    struct session_effect effect = {.kind = kind, .serial = 40 + number, .number = number};
    CHECK(str_copy(effect.text, sizeof(effect.text), "SH1"));
    reader_take(reader, &effect);
}

static inline void take_write(const struct session_card_write *write, uint32_t number)
{
    struct session_effect effect = {.kind = SESSION_EFFECT_CARD_WRITE, .number = number};
    effect.write = *write;
    reader_take(reader, &effect);
}

static inline void answers_reset(void)
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
    rounds_refused = 0;
    round_calls = 0;
}

static inline void begin(void)
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

static inline void end(void)
{
    reader_stop(reader);
    message_destroy(got);
    got = NULL;
    message_queue_destroy(queue);
    driver_die();
    (void)unlink(socket_path);
    (void)rmdir(folder);
}

static inline void lay(uint32_t number)
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
static inline struct session_card_write to_token(void)
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

/* The same, past news of reader and pad; those are remembered. */
static enum session_reader reader_seen;
static enum session_pad pad_seen;

static inline struct message *await(enum session_event_kind kind)
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

/* What comes of a laying when server or driver say no. */
static inline enum session_card_trouble trouble_of(void)
{
    return next(SESSION_EVENT_CARD_FAILED)->event.card_failed.trouble;
}

#endif
