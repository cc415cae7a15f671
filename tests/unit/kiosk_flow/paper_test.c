/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The thread that deals with paper, between a server and a printd that this test plays: the server
 * behind wrapped calls, printd behind its socket. That socket takes little at once, so that a
 * printd that does not read stops a job in the middle of its line.
 */
#include <stdlib.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/json/json.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "kiosk/flow/daemon_line.h"
#include "kiosk/flow/paper.h"
#include "protocol/printjob/printjob.h"
#include "tests/unit/test.h"

#define JOB "01234567-89ab-7607-8809-0a0b0c0d0e0f"

enum { WAIT_MS = 8000, PADDING = 40000 };

/* ---- the server ---- */

struct server {
    int unused;
};

static struct server the_server;
static const char *receipt_answer; /* NULL: a paper that is longer than a line's way takes */

struct server *__wrap_server_create(const struct server_config *config);
void __wrap_server_destroy(struct server *server);
enum server_result __wrap_server_get_receipt(struct server *server, const char *order_no,
                                             char **ret_json, struct api_error *ret_error);
int __wrap_daemon_line_connect(const struct daemon_line *line);
int __real_daemon_line_connect(const struct daemon_line *line);

struct server *__wrap_server_create(const struct server_config *config)
{
    (void)config;
    return &the_server;
}

void __wrap_server_destroy(struct server *server)
{
    (void)server;
}

enum server_result __wrap_server_get_receipt(struct server *server, const char *order_no,
                                             char **ret_json, struct api_error *ret_error)
{
    (void)server;
    (void)ret_error;
    CHECK_EQ_STR(order_no, "SH1");
    if (receipt_answer != NULL) {
        *ret_json = strdup(receipt_answer);
        return SERVER_ANSWER;
    }
    char *json = malloc(PADDING + 64);
    CHECK(json != NULL);
    int head = snprintf(json, 64, "{\"copy\":1,\"place\":\"");
    memset(json + head, 'x', PADDING);
    memcpy(json + head + PADDING, "\"}", 3);
    *ret_json = json;
    return SERVER_ANSWER;
}

int __wrap_daemon_line_connect(const struct daemon_line *line)
{
    int fd = __real_daemon_line_connect(line);
    int size = 1; /* the kernel makes it its least */
    if (fd >= 0) {
        CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
    }
    return fd;
}

/* ---- printd ---- */

static char folder[64];
static char socket_path[96];
static int listener = -1;
static int printd = -1;
static char bytes[PRINTJOB_LINE_SIZE * 2];
static size_t byte_count;
static int prints; /* whole lines that ask for a paper */
static struct printjob_request request;

static void printd_accept(void)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    CHECK(poll(&fd, 1, WAIT_MS) == 1);
    printd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(printd >= 0);
    byte_count = 0;
}

/* The next whole line; false: the other end hung up, and what is left is no line. */
static bool printd_reads(void)
{
    char *end = memchr(bytes, '\n', byte_count);
    while (end == NULL) {
        struct pollfd fd = {.fd = printd, .events = POLLIN};
        CHECK(poll(&fd, 1, WAIT_MS) == 1);
        ssize_t got = recv(printd, bytes + byte_count, sizeof(bytes) - byte_count, 0);
        if (got <= 0) {
            return false;
        }
        byte_count += (size_t)got;
        end = memchr(bytes, '\n', byte_count);
    }
    const char *field = "";
    size_t size = (size_t)(end - bytes);
    if (!printjob_request_decode(bytes, size, &request, &field)) {
        TEST_FAIL("printd cannot read \"%s\" of %.200s", field, bytes);
    }
    if (request.op == PRINTJOB_OP_PRINT) {
        prints += 1;
    }
    byte_count -= size + 1;
    memmove(bytes, end + 1, byte_count);
    return true;
}

static void printd_wants_paper(void)
{
    do {
        CHECK(printd_reads());
    } while (request.op != PRINTJOB_OP_PRINT);
    CHECK_EQ_STR(request.job_id, JOB);
}

static void printd_says(enum printjob_state state)
{
    static char line[4096];
    struct printjob_answer answer = {.state = state};
    CHECK(str_copy(answer.job_id, sizeof(answer.job_id), JOB));
    CHECK(printjob_answer_encode(&answer, line, sizeof(line)));
    CHECK_EQ_I64(send(printd, line, strlen(line), MSG_NOSIGNAL), (int64_t)strlen(line));
}

/* ---- the session ---- */

static struct message_queue *queue;
static struct paper *paper;

static void wake(void *self)
{
    (void)self;
}

/* The next word on the paper, past news of the printer. */
static enum session_receipt next_receipt(void)
{
    int64_t until_ns = clock_system_mono_ns() + (int64_t)WAIT_MS * 1000000;
    while (clock_system_mono_ns() < until_ns) {
        struct message *message = message_take(queue);
        if (message != NULL && message->event.kind == SESSION_EVENT_RECEIPT) {
            enum session_receipt state = message->event.receipt.state;
            CHECK_EQ_STR(message->event.receipt.job_id, JOB);
            message_destroy(message);
            return state;
        }
        message_destroy(message);
        (void)poll(NULL, 0, 2);
    }
    TEST_FAIL("nothing is said of the paper");
    return SESSION_RECEIPT_NONE;
}

static void begin(void)
{
    receipt_answer = NULL;
    prints = 0;
    (void)snprintf(folder, sizeof(folder), "/tmp/kiosk-paper-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/printd", folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(str_copy(address.sun_path, sizeof(address.sun_path), socket_path));
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(listener, 4) == 0);
    queue = message_queue_create(wake, NULL);
    struct server_config config = {0};
    paper = paper_start(socket_path, &config, queue);
    CHECK(paper != NULL);
    printd_accept();
    CHECK(printd_reads());
    CHECK_EQ_I64(request.op, PRINTJOB_OP_STATUS);
}

static void end(void)
{
    paper_stop(paper);
    message_queue_destroy(queue);
    (void)close(printd);
    (void)close(listener);
    (void)unlink(socket_path);
    (void)rmdir(folder);
}

static void print(bool card_unsure)
{
    struct session_effect effect = {.kind = SESSION_EFFECT_PRINT, .card_unsure = card_unsure};
    CHECK(str_copy(effect.text, sizeof(effect.text), "SH1"));
    CHECK(str_copy(effect.id, sizeof(effect.id), JOB));
    paper_print(paper, &effect);
}

TEST(a_printd_that_does_not_read_gets_the_same_job_on_a_new_line)
{
    begin();
    print(false);
    /* It hangs: the line breaks in the middle of the job, and it is called from anew. */
    int hanging = printd;
    printd_accept();
    int fresh = printd;
    printd = hanging;
    while (printd_reads()) {
        CHECK(request.op != PRINTJOB_OP_PRINT);
    }
    CHECK(byte_count > 0); /* a beginning, and no end */
    CHECK_EQ_I64(prints, 0);
    (void)close(hanging);
    printd = fresh;
    byte_count = 0;
    printd_wants_paper();
    printd_says(PRINTJOB_PRINTED);
    CHECK_EQ_I64(next_receipt(), SESSION_RECEIPT_PRINTED); /* and never that it failed */
    CHECK_EQ_I64(prints, 1);
    json_decref(request.receipt);
    end();
}

TEST(a_receipt_that_is_none_fails_and_the_line_stays)
{
    begin();
    receipt_answer = "no object";
    print(false);
    CHECK_EQ_I64(next_receipt(), SESSION_RECEIPT_FAILED);
    receipt_answer = "{\"copy\":0}";
    print(false);
    printd_wants_paper();
    CHECK(json_object_get(request.receipt, "card_unsure") == NULL);
    json_decref(request.receipt);
    printd_says(PRINTJOB_PRINTED);
    CHECK_EQ_I64(next_receipt(), SESSION_RECEIPT_PRINTED);
    end();
}

/* What only this terminal has seen goes on the slip. */
TEST(a_slip_for_a_card_that_may_hold_it_says_so)
{
    begin();
    receipt_answer = "{\"copy\":0}";
    print(true);
    printd_wants_paper();
    CHECK(json_is_true(json_object_get(request.receipt, "card_unsure")));
    json_decref(request.receipt);
    printd_says(PRINTJOB_PRINTED);
    CHECK_EQ_I64(next_receipt(), SESSION_RECEIPT_PRINTED);
    end();
}

TEST_MAIN()
