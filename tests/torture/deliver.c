/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A paid order on its way to a meter that keeps its own balance: the meter is read, the key service
 * asked, the frame stored and sent, the answer stored; or the meter refuses for good, and the money
 * goes back. Whatever failed: after the next start it ends, with one credit in the meter and none
 * back, or with none in the meter and one refund; and the books say the same.
 *
 * Method: the workers are the product's own. Their jobs are called here, in the order in which they
 * are due, in one thread (the wraps of jobs_register() and pool_submit()), so that call N is the
 * same one each time. What reached the collector and the provider is kept outside of the process
 * (the wraps of gateway_send() and pay_refund()), as the world keeps it when a server dies: whoever
 * looks afterwards plays it to new doubles.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cloud/orders/pool.h"
#include "common/must.h"
#include "common/str.h"
#include "tests/torture/server.h"
#include "tests/unit/cloud_orders/double_gateway.h"
#include "tests/unit/cloud_orders/double_key.h"
#include "tests/unit/cloud_orders/double_pay.h"

enum { STEP_CREATE, STEP_QR, STEP_PAID, STEP_END };

enum {
    COMMANDS_MAX = 64,
    REFUNDS_MAX = 16,
    CALLS_MAX = 40, /* of workers, with a fault in one of them; 4 without */
    AGAIN_MAX = 100,
    WAIT_MS_MAX = 200, /* above each of the waits; what is due later is not waited for */
    REFUSALS = 1000,
    KEYS_SECONDS_MAX = 60,
    METER_FEN = 1000,
    SAMPLE = 10,
};

struct sent_refund {
    char refund_no[PAY_TRADE_NO_SIZE];
    char body[PAY_BODY_SIZE];
};

/* The world outside of the server; it lives on when a process ends. */
static struct {
    size_t command_count;
    struct bus_command commands[COMMANDS_MAX];
    size_t refund_count;
    struct sent_refund refunds[REFUNDS_MAX];
} * outside;

static struct server server;

/* ---- the product's calls, as the linker leads them here ---- */

static struct job_kind kinds[JOBS_KINDS_MAX];
static size_t kind_count;

void __real_jobs_register(struct jobs *jobs, const struct job_kind *kind);
void __wrap_jobs_register(struct jobs *jobs, const struct job_kind *kind);
bool __wrap_pool_submit(struct pool *pool, pool_fn fn, void *self, const char *key);
enum err __real_gateway_send(struct gateway *gateway, const char *collector_id,
                             const struct bus_command *command);
enum err __wrap_gateway_send(struct gateway *gateway, const char *collector_id,
                             const struct bus_command *command);
void __real_pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no,
                       const char *body, struct pay_answer *ret_answer);
void __wrap_pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no,
                       const char *body, struct pay_answer *ret_answer);

void __wrap_jobs_register(struct jobs *jobs, const struct job_kind *kind)
{
    MUST(kind_count < JOBS_KINDS_MAX);
    kinds[kind_count] = *kind;
    kind_count += 1;
    __real_jobs_register(jobs, kind);
}

bool __wrap_pool_submit(struct pool *pool, pool_fn fn, void *self, const char *key)
{
    (void)pool;
    fn(self, key);
    return true;
}

enum err __wrap_gateway_send(struct gateway *gateway, const char *collector_id,
                             const struct bus_command *command)
{
    MUST(outside->command_count < COMMANDS_MAX);
    outside->commands[outside->command_count] = *command;
    outside->command_count += 1;
    return __real_gateway_send(gateway, collector_id, command);
}

void __wrap_pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no,
                       const char *body, struct pay_answer *ret_answer)
{
    MUST(outside->refund_count < REFUNDS_MAX);
    struct sent_refund *refund = &outside->refunds[outside->refund_count];
    str_format_cut(refund->refund_no, sizeof(refund->refund_no), "%s", refund_no);
    str_format_cut(refund->body, sizeof(refund->body), "%s", body);
    outside->refund_count += 1;
    __real_pay_refund(pay, wallet, refund_no, body, ret_answer);
}

/* ---- the world ---- */

struct trade {
    int room;
    const char *address;
    bool refused;
};

static const struct trade BY_COUNT = {.room = 2, .address = SERVER_COUNT_ADDRESS};
static const struct trade BY_NUMBER = {.room = 3, .address = SERVER_NUMBER_ADDRESS};
static const struct trade REFUSED = {.room = 2, .address = SERVER_COUNT_ADDRESS, .refused = true};

/* In a process of its own, which ends with this one: its calls are not the server's. */
static bool keys_start(const char *dir)
{
    char path[SERVER_PATH_SIZE];
    int ready[2];
    char byte = 0;
    server_keys_path(dir, path);
    if (pipe(ready) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(KEYS_SECONDS_MAX);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        double_key_start(path);
        (void)!write(ready[1], "k", 1);
        for (;;) {
            (void)pause();
        }
    }
    bool started = child > 0 && read(ready[0], &byte, 1) == 1;
    (void)close(ready[0]);
    (void)close(ready[1]);
    return started;
}

static void world_begin(const struct trade *trade)
{
    double_pay_reset();
    double_gateway_reset();
    double_gateway_add(SERVER_COUNT_ADDRESS, BUS_METER_COUNT, METER_FEN);
    double_gateway_add(SERVER_NUMBER_ADDRESS, BUS_METER_ORDER, METER_FEN);
    if (trade->refused) {
        double_gateway_fault(trade->address, FAULT_REFUSE, REFUSALS);
    }
}

static void hear_nothing(void *self, const char *collector_id, const struct bus_reply *reply)
{
    (void)self;
    (void)collector_id;
    (void)reply;
}

/* New doubles as the old ones were when their process ended. */
static void world_again(const struct trade *trade, const char *order_no)
{
    struct pay_answer answer;
    world_begin(trade);
    gateway_set_sink(double_gateway(), hear_nothing, NULL);
    for (size_t i = 0; i < outside->command_count; i++) {
        (void)!__real_gateway_send(double_gateway(), "col1", &outside->commands[i]);
    }
    if (outside->refund_count > 0) {
        double_pay_settle(order_no, SERVER_FEN);
    }
    for (size_t i = 0; i < outside->refund_count; i++) {
        const struct sent_refund *refund = &outside->refunds[i];
        __real_pay_refund(double_pay(), PAY_ALIPAY, refund->refund_no, refund->body, &answer);
        pay_answer_finish(&answer);
    }
}

/* ---- the server's workers ---- */

struct due {
    const char *order_no;
    char state[16];
    struct job job; /* kind "": none */
};

static enum err read_due(struct db *db, void *arg)
{
    struct due *due = arg;
    struct sql *sql =
        sql_begin(db, "SELECT o.state, coalesce(j.kind, ''), coalesce(j.due_ms, 0) FROM pay_order o"
                      " LEFT JOIN job j ON j.key = o.order_no AND j.kind IN ('deliver', 'refund')"
                      " WHERE o.order_no = ?1 ORDER BY j.due_ms LIMIT 1");
    sql_bind_text(sql, 1, due->order_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        MUST(sql_copy_text(sql, 0, due->state, sizeof(due->state)));
        MUST(sql_copy_text(sql, 1, due->job.kind, sizeof(due->job.kind)));
        due->job.due_ms = sql_i64(sql, 2);
    }
    sql_end(sql);
    return err;
}

static enum err nothing(struct db *db, void *arg)
{
    (void)db;
    (void)arg;
    return OK;
}

static void call(struct job *job, const char *order_no)
{
    str_format_cut(job->key, sizeof(job->key), "%s", order_no);
    job->attempts = 1;
    for (size_t i = 0; i < kind_count; i++) {
        if (str_equal(kinds[i].kind, job->kind)) {
            kinds[i].handler(job, kinds[i].self);
            return;
        }
    }
    MUST_NOT_REACH();
}

static bool is_final(const char *state)
{
    return str_equal(state, "DONE") || str_equal(state, "REFUNDED");
}

/* True if the order came to its end within so many calls. Out of service the program ends. */
static bool works(const char *order_no, int calls_max)
{
    for (int calls = 0; calls < calls_max && store_is_in_service(server.store); calls++) {
        struct due due = {.order_no = order_no};
        /* Behind what the collector's answers have queued. */
        (void)!store_run(server.store, nothing, NULL);
        if (store_read(server.store, read_due, &due) != OK) {
            continue;
        }
        int64_t wait_ms = due.job.due_ms - store_service_ms(server.store);
        if (is_final(due.state) || due.job.kind[0] == '\0' || wait_ms > WAIT_MS_MAX) {
            return is_final(due.state);
        }
        if (wait_ms > 0) {
            const struct timespec wait = {.tv_nsec = (long)wait_ms * 1000000L};
            (void)nanosleep(&wait, NULL);
        }
        call(&due.job, order_no);
    }
    return false;
}

/* ---- running ---- */

__attribute__((constructor)) static void make_outside(void)
{
    outside =
        mmap(NULL, sizeof(*outside), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(outside != MAP_FAILED);
}

static bool prepare(const struct trade *trade, const char *dir)
{
    memset(outside, 0, sizeof(*outside));
    world_begin(trade);
    return keys_start(dir) && server_open(&server, dir);
}

static void run(const struct trade *trade, struct torture_notes *notes)
{
    char no[ORDER_NUMBER_SIZE];
    if (torture_step(notes, STEP_CREATE, server_wish(&server, trade->room, no))) {
        str_format_cut(notes->text, sizeof(notes->text), "%s", no);
        if (torture_step(notes, STEP_QR, server_hears(&server, no, PAY_QR))) {
            double_pay_settle(no, SERVER_FEN);
            if (torture_step(notes, STEP_PAID, server_hears(&server, no, PAY_PAID))) {
                (void)torture_step(notes, STEP_END, works(no, CALLS_MAX));
            }
        }
    }
    server_close(&server);
}

/* ---- looking ---- */

static bool done(const struct torture_notes *notes, size_t step)
{
    return notes->steps[step] == STEP_DONE;
}

/* As it was left: what was acknowledged is there. */
static bool is_as_told(const struct trade *trade, struct torture_notes *notes)
{
    struct server_books books;
    bool good = server_books_are_clean(&server, notes, &books);
    good = torture_expect(notes, books.orders <= 1, "two orders") && good;
    good =
        torture_expect(notes, !done(notes, STEP_CREATE) || books.orders == 1, "an order is lost") &&
        good;
    bool unpaid = str_equal(books.state, "NEW") || str_equal(books.state, "WAIT_PAY");
    good = torture_expect(notes, !done(notes, STEP_PAID) || !unpaid, "a payment is lost") && good;
    return torture_expect(notes,
                          !done(notes, STEP_END) ||
                              str_equal(books.state, trade->refused ? "REFUNDED" : "DONE"),
                          "its end is lost") &&
           good;
}

/* One credit and nothing back, or the other way round, in the world and in the books. */
static bool is_one_fate(const struct trade *trade, struct torture_notes *notes,
                        const char *order_no)
{
    struct server_books books;
    const struct double_meter meter = double_gateway_meter(trade->address);
    const struct double_trade paid = double_pay_trade(order_no);
    const int64_t credit_fen = trade->refused ? 0 : SERVER_FEN;
    const int64_t back_fen = SERVER_FEN - credit_fen;
    bool good = server_books_are_clean(&server, notes, &books);
    good = torture_expect(notes,
                          books.orders == 1 &&
                              str_equal(books.state, trade->refused ? "REFUNDED" : "DONE"),
                          "it does not end") &&
           good;
    good = torture_expect(notes,
                          meter.credits == (trade->refused ? 0 : 1) &&
                              meter.credited_fen == credit_fen &&
                              meter.balance_fen == METER_FEN + credit_fen,
                          "the meter was not credited as it was paid") &&
           good;
    good = torture_expect(notes,
                          paid.refunded_fen == back_fen &&
                              paid.refund_numbers == (trade->refused ? 1 : 0),
                          "not paid back as it is owed") &&
           good;
    return torture_expect(notes, books.meter_fen == credit_fen && books.cust_fen == 0,
                          "the books say something else than the meter") &&
           good;
}

/* The terminal and the wallet say everything once more, and the workers go on. */
static bool ends_well(const struct trade *trade, struct torture_notes *notes)
{
    char no[ORDER_NUMBER_SIZE] = "";
    bool good = torture_expect(notes, server_wish(&server, trade->room, no),
                               "the wish, said again, is refused");
    good = torture_expect(notes, notes->text[0] == '\0' || str_equal(no, notes->text),
                          "the wish, said again, is another order") &&
           good;
    double_pay_settle(no, SERVER_FEN);
    good = torture_expect(notes,
                          server_hears(&server, no, PAY_QR) && server_hears(&server, no, PAY_PAID),
                          "news, said again, are refused") &&
           good;
    good = torture_expect(notes, works(no, AGAIN_MAX), "its workers do not end it") && good;
    return is_one_fate(trade, notes, no) && good;
}

static bool look(const struct trade *trade, struct torture_notes *notes, const char *dir)
{
    world_again(trade, notes->text);
    if (!torture_expect(notes,
                        keys_start(dir) && server_open(&server, dir) &&
                            orders_start(server.orders) == OK,
                        "it does not start again")) {
        return false;
    }
    bool good = is_as_told(trade, notes) && ends_well(trade, notes);
    server_close(&server);
    return good;
}

/* ---- the flows ---- */

static bool prepare_count(const char *dir)
{
    return prepare(&BY_COUNT, dir);
}

static void run_count(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    run(&BY_COUNT, notes);
}

static bool look_count(struct torture_notes *notes, const char *dir)
{
    return look(&BY_COUNT, notes, dir);
}

static bool prepare_number(const char *dir)
{
    return prepare(&BY_NUMBER, dir);
}

static void run_number(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    run(&BY_NUMBER, notes);
}

static bool look_number(struct torture_notes *notes, const char *dir)
{
    return look(&BY_NUMBER, notes, dir);
}

static bool prepare_refund(const char *dir)
{
    return prepare(&REFUSED, dir);
}

static void run_refund(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    run(&REFUSED, notes);
}

static bool look_refund(struct torture_notes *notes, const char *dir)
{
    return look(&REFUSED, notes, dir);
}

static const struct torture_flow flow_count = {.name = "cloud-count",
                                               .has_files = true,
                                               .sample = SAMPLE,
                                               .make = server_make,
                                               .prepare = prepare_count,
                                               .run = run_count,
                                               .look = look_count};
static const struct torture_flow flow_number = {.name = "cloud-number",
                                                .has_files = true,
                                                .sample = SAMPLE,
                                                .make = server_make,
                                                .prepare = prepare_number,
                                                .run = run_number,
                                                .look = look_number};
static const struct torture_flow flow_refund = {.name = "cloud-refund",
                                                .has_files = true,
                                                .sample = SAMPLE,
                                                .make = server_make,
                                                .prepare = prepare_refund,
                                                .run = run_refund,
                                                .look = look_refund};

const struct torture_flow *const torture_flows[] = {&flow_count, &flow_number, &flow_refund, NULL};
