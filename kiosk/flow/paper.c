/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread and one poll: printd's socket, and an eventfd that says that a job was put. Jobs go
 * one at a time: fetch the receipt, send it, wait for printd's verdict, across a restart of printd.
 * While printd is away a new job fails at once: nothing is printed later to a stranger.
 *
 * The server counts copies, so it must hear every verdict. printd keeps on disk which verdicts it
 * has not heard: after each verdict, after each connection to printd and while one is owed, the
 * oldest is asked for, posted under its job's own number, and then crossed off. A connection may
 * find a job of the last life of this program still printing; so the question is repeated until
 * its verdict must be there.
 */
#include "kiosk/flow/paper.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "kiosk/flow/daemon_line.h"
#include "protocol/printjob/printjob.h"

enum {
    JOBS_MAX = 8, /* one order makes two; a user cannot press faster */
    RECONNECT_MS = 2000,
    REPORT_RETRY_MS = 15000, /* the network is down; printd forgets nothing */
};

struct paper_job {
    char order_no[SESSION_ORDER_NO_SIZE];
    char job_id[SESSION_UUID_SIZE];
    bool card_unsure; /* the server cannot know what was seen here */
};

struct paper {
    struct monitor monitor; /* guards the jobs */
    struct paper_job jobs[JOBS_MAX];
    size_t job_count;

    atomic_bool stopping;
    struct message_queue *queue;
    struct server *server;
    pthread_t thread;
    bool started;

    /* Of the thread alone. */
    struct daemon_line line; /* others wake it only */
    bool busy;               /* a job is with printd */
    struct paper_job current;
    char *receipt; /* of the current job, as the server gave it; @own */
    uint8_t current_copy;
    int64_t verdict_until_ms;
    int64_t reconnect_ms;
    int64_t report_ms;  /* ask then for a verdict to report; INT64_MAX: none is owed */
    int64_t settled_ms; /* jobs from before the connection have their verdicts by then */
};

static int64_t now_ms(void)
{
    return clock_system_mono_ns() / 1000000;
}

static void tell_printer(struct paper *paper, enum session_printer printer)
{
    struct message *message = message_create(SESSION_EVENT_PRINTER);
    message->event.printer = printer;
    message_put(paper->queue, message);
}

static void tell_receipt(struct paper *paper, enum session_receipt state)
{
    struct message *message = message_create(SESSION_EVENT_RECEIPT);
    message->event.receipt.state = state;
    message->event.receipt.copy = paper->current_copy;
    bool fits = str_copy(message->event.receipt.job_id, sizeof(message->event.receipt.job_id),
                         paper->current.job_id);
    MUST(fits);
    message_put(paper->queue, message);
}

static enum session_printer printer_of(enum printjob_device device)
{
    switch (device) {
    case PRINTJOB_READY:
        return SESSION_PRINTER_READY;
    case PRINTJOB_NEAR_END:
        return SESSION_PRINTER_NEAR_END;
    case PRINTJOB_PAPER_OUT:
        return SESSION_PRINTER_PAPER_OUT;
    case PRINTJOB_COVER_OPEN:
        return SESSION_PRINTER_COVER_OPEN;
    case PRINTJOB_ERROR:
        return SESSION_PRINTER_ERROR;
    case PRINTJOB_OFFLINE:
    case PRINTJOB_DEVICE_COUNT:
        break;
    }
    return SESSION_PRINTER_OFFLINE;
}

/* What a verdict means to the person who waits for the paper. */
static enum session_receipt receipt_of(const struct printjob_answer *verdict)
{
    switch (verdict->state) {
    case PRINTJOB_PRINTED:
    case PRINTJOB_PRINTED_NOT_CUT:
        return SESSION_RECEIPT_PRINTED;
    case PRINTJOB_HELD:
        /* The whole paper is in the printer's memory, or a beginning that is good for nothing. */
        return verdict->part ? SESSION_RECEIPT_FAILED : SESSION_RECEIPT_HELD;
    case PRINTJOB_UNKNOWN:
        return SESSION_RECEIPT_UNKNOWN;
    case PRINTJOB_FAILED:
    case PRINTJOB_QUEUED:
    case PRINTJOB_STATE_COUNT:
        break;
    }
    return SESSION_RECEIPT_FAILED;
}

static void job_end(struct paper *paper, enum session_receipt receipt)
{
    paper->busy = false;
    free(paper->receipt);
    paper->receipt = NULL;
    tell_receipt(paper, receipt);
}

static void printd_lost(struct paper *paper)
{
    if (paper->line.fd >= 0) {
        daemon_line_close(&paper->line);
        tell_printer(paper, SESSION_PRINTER_OFFLINE);
    }
    paper->reconnect_ms = now_ms() + RECONNECT_MS;
    paper->report_ms = INT64_MAX; /* asked for again when printd is back */
}

/* ---- reports ---- */

static bool send_op(struct paper *paper, enum printjob_op op, const char *job_id)
{
    struct printjob_request request = {.op = op};
    char line[128];
    return str_copy(request.job_id, sizeof(request.job_id), job_id) &&
           printjob_request_encode(&request, line, sizeof(line)) &&
           daemon_line_send(&paper->line, line);
}

static void report_ask(struct paper *paper)
{
    paper->report_ms = INT64_MAX;
    if (paper->line.fd >= 0 && !send_op(paper, PRINTJOB_OP_UNREPORTED, "")) {
        printd_lost(paper);
    }
}

/* True if the server has it, or will never take it; else it is to be told again. */
static bool report_post(struct paper *paper, const struct printjob_answer *verdict)
{
    struct api_receipt_report report = {0};
    struct api_error error = {0};
    bool fits =
        str_copy(report.client_request_id, sizeof(report.client_request_id), verdict->job_id) &&
        str_copy(report.print_id, sizeof(report.print_id), verdict->job_id) &&
        str_copy(report.verdict, sizeof(report.verdict), printjob_state_name(verdict->state)) &&
        str_copy(report.kind, sizeof(report.kind), verdict->kind);
    MUST(fits);
    switch (server_post_receipt(paper->server, verdict->order_no, &report, &error)) {
    case SERVER_ANSWER:
        return true;
    case SERVER_REFUSED:
        return str_equal(error.code, API_ERROR_NOT_FOUND) ||
               str_equal(error.code, API_ERROR_MISMATCH) ||
               str_equal(error.code, API_ERROR_BAD_REQUEST);
    case SERVER_NOTHING:
    case SERVER_RESULT_COUNT:
        break;
    }
    return false;
}

static void report_carry(struct paper *paper, const struct printjob_answer *verdict)
{
    if (verdict->job_id[0] == '\0') {
        /* The server has heard everything that has a verdict by now. */
        paper->report_ms = now_ms() < paper->settled_ms ? now_ms() + REPORT_RETRY_MS : INT64_MAX;
        return;
    }
    if (!report_post(paper, verdict)) {
        paper->report_ms = now_ms() + REPORT_RETRY_MS;
    } else if (!send_op(paper, PRINTJOB_OP_REPORTED, verdict->job_id)) {
        printd_lost(paper);
    } else {
        report_ask(paper);
    }
}

/* ---- jobs ---- */

static bool job_take(struct paper *paper)
{
    monitor_enter(&paper->monitor);
    bool some = paper->job_count > 0;
    if (some) {
        paper->current = paper->jobs[0];
        paper->job_count -= 1;
        memmove(paper->jobs, paper->jobs + 1, paper->job_count * sizeof(paper->jobs[0]));
    }
    monitor_leave(&paper->monitor);
    return some;
}

/* The line that asks for the current paper; NULL: the receipt is none. @return @own */
static char *job_line(struct paper *paper)
{
    json_t *receipt = json_parse_object(paper->receipt, strlen(paper->receipt), JSON_SIZE_MAX);
    if (receipt == NULL) {
        return NULL;
    }
    if (paper->current.card_unsure) {
        json_put_flag(receipt, "card_unsure", true);
    }
    struct json_reader reader = json_reader(receipt);
    uint32_t copy = (uint32_t)json_int_or(&reader, "copy", 0, PRINTJOB_COPY_MAX, 0);
    struct printjob_request request = {.op = PRINTJOB_OP_PRINT, .copy = copy, .receipt = receipt};
    paper->current_copy = (uint8_t)copy;
    char *line = malloc(PRINTJOB_LINE_SIZE);
    bool made = line != NULL &&
                str_copy(request.job_id, sizeof(request.job_id), paper->current.job_id) &&
                printjob_request_encode(&request, line, PRINTJOB_LINE_SIZE);
    json_decref(receipt);
    if (!made) {
        free(line);
        line = NULL;
    }
    return line;
}

/* False if printd did not take it, or not all of it: it is to be hung up on. */
static bool job_send(struct paper *paper)
{
    char *line = job_line(paper);
    bool sent = line != NULL && daemon_line_send(&paper->line, line);
    free(line);
    return sent;
}

static void printd_open(struct paper *paper)
{
    paper->reconnect_ms = now_ms() + RECONNECT_MS;
    int fd = daemon_line_connect(&paper->line);
    if (fd < 0) {
        return;
    }
    daemon_line_use(&paper->line, fd);
    if (!send_op(paper, PRINTJOB_OP_STATUS, "")) {
        printd_lost(paper);
        return;
    }
    paper->settled_ms = now_ms() + PRINTJOB_VERDICT_MS + REPORT_RETRY_MS;
    report_ask(paper);
    /* printd was restarted under a job: the same number again gets its answer, never more paper. */
    if (paper->line.fd >= 0 && paper->busy && !job_send(paper)) {
        printd_lost(paper);
    }
}

static void job_begin(struct paper *paper)
{
    if (paper->busy || !job_take(paper)) {
        return;
    }
    paper->current_copy = 0;
    struct api_error error = {0};
    enum server_result result = SERVER_NOTHING;
    if (paper->line.fd >= 0) {
        result =
            server_get_receipt(paper->server, paper->current.order_no, &paper->receipt, &error);
    }
    char *line = result == SERVER_ANSWER && paper->receipt != NULL ? job_line(paper) : NULL;
    if (line != NULL) {
        paper->busy = true;
        paper->verdict_until_ms = now_ms() + PRINTJOB_ANSWER_MS;
        if (!daemon_line_send(&paper->line, line)) {
            printd_lost(paper); /* half a line may have gone out: all of it on the next one */
        }
        free(line);
    } else if (result == SERVER_REFUSED && str_equal(error.code, API_ERROR_NO_MORE_COPIES)) {
        job_end(paper, SESSION_RECEIPT_NO_MORE);
    } else {
        job_end(paper, SESSION_RECEIPT_FAILED);
    }
}

/* ---- printd's words ---- */

static void line_arrived(struct paper *paper, const char *line, size_t size)
{
    struct printjob_answer answer;
    const char *field = "";
    if (!printjob_answer_decode(line, size, &answer, &field)) {
        return; /* a newer printd may say more than we know */
    }
    if (answer.is_device) {
        tell_printer(paper, printer_of(answer.device));
        return;
    }
    if (answer.is_report) {
        report_carry(paper, &answer);
        return;
    }
    bool ours = paper->busy && str_equal(answer.job_id, paper->current.job_id);
    if (ours && answer.state != PRINTJOB_QUEUED) {
        job_end(paper, receipt_of(&answer));
    }
    if (answer.state != PRINTJOB_QUEUED) {
        report_ask(paper); /* also of a job whose verdict came too late for its page */
    }
}

static void bytes_arrived(struct paper *paper)
{
    const char *text = NULL;
    size_t size = 0;
    if (!daemon_line_fill(&paper->line)) {
        printd_lost(paper);
        return;
    }
    /* Ends also when printd goes away while it is answered. */
    while (daemon_line_next(&paper->line, &text, &size)) {
        line_arrived(paper, text, size);
    }
}

static int wait_ms(const struct paper *paper)
{
    int64_t until = INT64_MAX;
    if (paper->busy) {
        until = paper->verdict_until_ms;
    }
    if (paper->line.fd < 0 && paper->reconnect_ms < until) {
        until = paper->reconnect_ms;
    }
    if (paper->report_ms < until) {
        until = paper->report_ms;
    }
    if (until == INT64_MAX) {
        return -1;
    }
    int64_t left = until - now_ms();
    return left > 0 ? (int)left : 0;
}

static void *paper_run(void *arg)
{
    struct paper *paper = arg;
    printd_open(paper);
    if (paper->line.fd < 0) {
        tell_printer(paper, SESSION_PRINTER_OFFLINE);
    }
    while (!atomic_load(&paper->stopping)) {
        if (daemon_line_wait(&paper->line, wait_ms(paper)) == DAEMON_LINE_BYTES) {
            bytes_arrived(paper);
        }
        if (paper->line.fd < 0 && now_ms() >= paper->reconnect_ms) {
            printd_open(paper);
        }
        if (paper->busy && now_ms() >= paper->verdict_until_ms) {
            job_end(paper, SESSION_RECEIPT_UNKNOWN);
        }
        if (now_ms() >= paper->report_ms) {
            report_ask(paper);
        }
        job_begin(paper);
    }
    return NULL;
}

/* ---- life ---- */

struct paper *paper_start(const char *socket_path, const struct server_config *server,
                          struct message_queue *queue)
{
    struct paper *paper = calloc(1, sizeof(*paper));
    if (paper == NULL) {
        return NULL;
    }
    monitor_init(&paper->monitor);
    paper->queue = queue;
    paper->report_ms = INT64_MAX;
    paper->server = server_create(server);
    bool ready =
        daemon_line_init(&paper->line, socket_path, PRINTJOB_LINE_SIZE) && paper->server != NULL;
    paper->started = ready && pthread_create(&paper->thread, NULL, paper_run, paper) == 0;
    if (!paper->started) {
        paper_stop(paper);
        return NULL;
    }
    return paper;
}

void paper_stop(struct paper *paper)
{
    if (paper == NULL) {
        return;
    }
    atomic_store(&paper->stopping, true);
    if (paper->started) {
        daemon_line_wake(&paper->line);
        (void)pthread_join(paper->thread, NULL);
    }
    daemon_line_finish(&paper->line);
    server_destroy(paper->server);
    monitor_finish(&paper->monitor);
    free(paper->receipt);
    free(paper);
}

void paper_print(struct paper *paper, const struct session_effect *effect)
{
    monitor_enter(&paper->monitor);
    bool room = paper->job_count < JOBS_MAX;
    if (room) {
        struct paper_job *job = &paper->jobs[paper->job_count];
        bool fits = str_copy(job->order_no, sizeof(job->order_no), effect->text) &&
                    str_copy(job->job_id, sizeof(job->job_id), effect->id);
        MUST(fits);
        job->card_unsure = effect->card_unsure;
        paper->job_count += 1;
    }
    monitor_leave(&paper->monitor);
    daemon_line_wake(&paper->line);
}
