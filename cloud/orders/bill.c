/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bill: fetched, compared with our books (core/reconcile), and for every difference the
 * provider is asked by a signed query, whose answer goes the way of all evidence: a payment that
 * we missed becomes `paid`, and the order's state says what follows.
 *
 * "No bill" is the answer for a day without trades and, from Alipay, for one whose bill is late.
 * It is kept as the day's last word only in the evening after it, and only if our own books have
 * nothing of that day.
 *
 * A day is done once the provider has answered every question; until then, and after a crash
 * anywhere, its bill is fetched and compared again.
 */
#include "cloud/orders/bill.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/orders/alarm.h"
#include "cloud/orders/bill_books.h"
#include "cloud/orders/bill_items.h"
#include "cloud/orders/evidence.h"
#include "common/civil.h"
#include "common/log.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/payments/result.h"

enum {
    DAY_S = 86400,
    LATE_S = BILL_LATE_MINUTE * 60,
    FEN_E5 = 1000,       /* of 0.00001 yuan, the unit of fees */
    FINDINGS_MAX = 1000, /* of one day: more means that the two sides do not belong together */
};

struct findings {
    struct bill_found list[FINDINGS_MAX];
    enum reconcile_kind kinds[FINDINGS_MAX]; /* of the list */
    size_t count;
    size_t dropped;
};

/* One bill being worked on. */
struct run {
    struct bill_books books;
    struct findings *findings; /* @own; of the last comparison */
    size_t finding_count;      /* of the first one: what the provider was asked about, or to be */
    bool refused;              /* the file contradicts itself: nobody is asked because of it */
    bool early;                /* "no bill" means nothing yet */
    bool answered;             /* every question that the differences raise */
};

/* ---- comparing ---- */

/* Who has to see to it: what happened at the machines is for the site, the rest for the books. */
static const char *owner_of(enum reconcile_kind kind)
{
    return kind == RECONCILE_CREDIT_OPEN ? BILL_ITEMS_SITE : BILL_ITEMS_BOOKKEEPER;
}

static void note(void *self, const struct reconcile_finding *finding)
{
    struct findings *findings = self;
    if (findings->count == FINDINGS_MAX) {
        findings->dropped += 1;
        return;
    }
    struct bill_found *found = &findings->list[findings->count];
    findings->kinds[findings->count] = finding->kind;
    found->finding = reconcile_kind_name(finding->kind);
    found->owner = owner_of(finding->kind);
    found->bill = finding->bill;
    found->ours = finding->ours;
    str_format_cut(found->order_no, sizeof(found->order_no), "%s", finding->order_no);
    findings->count += 1;
}

static struct reconcile_row row_of(const struct pay_bill_row *row)
{
    return (struct reconcile_row){.order_no = row->order_no,
                                  .refund_no = row->refund_no,
                                  .is_refund = row->kind == PAY_BILL_REFUND,
                                  .is_pending = row->state == PAY_BILL_PENDING,
                                  .amount = money_fen(row->fen)};
}

/* The order that the comparison wants, and the same for every file with the same rows. */
static int compare_rows(const void *a, const void *b)
{
    const struct pay_bill_row *first = a;
    const struct pay_bill_row *second = b;
    const struct reconcile_row x = row_of(first);
    const struct reconcile_row y = row_of(second);
    const int order = reconcile_row_compare(&x, &y);
    return order != 0 ? order : strcmp(first->trade_no, second->trade_no);
}

/* The bill's rows in that order, without refunds that failed: they moved nothing. @own; NULL: no
 * memory. */
static struct reconcile_row *rows_of(const struct pay_bill *bill, size_t *ret_count)
{
    struct reconcile_row *rows = calloc(bill->row_count + 1, sizeof(*rows));
    *ret_count = 0;
    for (size_t i = 0; rows != NULL && i < bill->row_count; i++) {
        if (bill->rows[i].state != PAY_BILL_FAILED) {
            rows[(*ret_count)++] = row_of(&bill->rows[i]);
        }
    }
    return rows;
}

/* The fees of the rows in fen. A sum that the wallet rounded differs by less than one: no matter.
 */
static struct money fees_of(const struct pay_bill *bill)
{
    int64_t fees_e5 = 0;
    for (size_t i = 0; i < bill->row_count; i++) {
        fees_e5 += bill->rows[i].fee_e5;
    }
    const int64_t more_e5 = fees_e5 - bill->fees_stated_e5;
    const bool same = bill->fees_stated && more_e5 > -FEN_E5 && more_e5 < FEN_E5;
    return money_fen((same ? bill->fees_stated_e5 : fees_e5) / FEN_E5);
}

/* Our side is loaded anew each time: what the provider answered may have changed it. */
static enum err compare(struct run *run)
{
    struct store *store = run->books.orders->setup.store;
    const struct pay_bill *bill = run->books.bill;
    size_t row_count = 0;
    enum err err = store_read(store, bill_books_load, &run->books);
    struct reconcile_row *rows = err == OK ? rows_of(bill, &row_count) : NULL;
    if (rows == NULL) {
        return err == OK ? ERR_MEMORY : err;
    }
    const struct reconcile_input input = {
        .orders = run->books.rows,
        .order_count = run->books.row_count,
        .rows = rows,
        .row_count = row_count,
        .fees_stated = bill->fees_stated,
        .fees_of_bill = money_fen(bill->fees_stated_e5 / FEN_E5),
        .fees_of_rows = fees_of(bill),
    };
    const struct reconcile_sink sink = {.finding = note, .self = run->findings};
    run->findings->count = 0;
    run->findings->dropped = 0;
    const bool good = reconcile_day(&input, &sink, &run->books.sums);
    free(rows);
    run->refused = good && run->books.sums.refused;
    return good ? OK : ERR_RANGE;
}

/* ---- acting ---- */

static enum err store_findings(struct db *db, void *arg)
{
    const struct run *run = arg;
    const char *channel = pay_wallet_name(run->books.wallet);
    for (size_t i = 0; i < run->findings->count; i++) {
        const struct bill_found *found = &run->findings->list[i];
        struct sql *sql =
            sql_begin(db, "INSERT INTO bill_finding (channel, day, finding, order_no, found_at)"
                          " VALUES (?1, ?2, ?3, ?4, ?5)"
                          " ON CONFLICT (channel, day, finding, order_no) DO NOTHING");
        sql_bind_text(sql, 1, channel);
        sql_bind_text(sql, 2, run->books.day);
        sql_bind_text(sql, 3, found->finding);
        sql_bind_text(sql, 4, found->order_no);
        sql_bind_i64(sql, 5, db_wall_s(db));
        enum err err = sql_run(sql);
        if (err == OK && run->findings->kinds[i] != RECONCILE_CREDIT_OPEN) {
            const char *subject = found->order_no[0] != '\0' ? found->order_no : channel;
            err = alarm_raise(db, found->finding, subject, run->books.day);
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* True if the provider's signed word about this order can clear the finding up. */
static bool is_asked(enum reconcile_kind kind)
{
    return kind == RECONCILE_PAID_UNKNOWN_TO_US || kind == RECONCILE_MISSING_IN_BILL ||
           kind == RECONCILE_AMOUNT || kind == RECONCILE_REFUND_UNKNOWN_TO_US ||
           kind == RECONCILE_REFUND_AMOUNT || kind == RECONCILE_REFUND_MISSING_IN_BILL;
}

/* True once the provider's word is stored; a number that is no order of ours has no question. */
static bool ask_one(const struct run *run, const struct bill_found *found)
{
    enum pay_result result = PAY_UNKNOWN;
    enum err err = evidence_query(run->books.orders, found->order_no, &result);
    if (err == ERR_NOT_FOUND || (err == OK && result != PAY_UNKNOWN)) {
        return true;
    }
    log_warn("bill of %s: no answer about order %s (%s); the next run asks again", run->books.day,
             found->order_no, err == OK ? pay_result_name(result) : err_name(err));
    return false;
}

/* True if nothing is left to be asked. */
static bool ask_all(const struct run *run)
{
    bool answered = run->findings->dropped == 0;
    for (size_t i = 0; i < run->findings->count; i++) {
        const struct bill_found *found = &run->findings->list[i];
        if (is_asked(run->findings->kinds[i]) && !ask_one(run, found)) {
            answered = false;
        }
    }
    return answered;
}

/* Too many findings, or a file that contradicts itself, say nothing about what is not there. */
static enum err take_items(struct run *run, const char *gone)
{
    struct bill_items items = {.orders = run->books.orders,
                               .channel = pay_wallet_name(run->books.wallet),
                               .day = run->books.day,
                               .since = run->books.day,
                               .found = run->findings->list,
                               .count = run->findings->count,
                               .gone = run->refused || run->findings->dropped > 0 ? NULL : gone};
    return store_run(run->books.orders->setup.store, bill_items_take, &items);
}

/* Compare, keep what was found, ask the provider about it, and see what is left of it. */
static enum err compare_and_ask(struct run *run)
{
    struct store *store = run->books.orders->setup.store;
    enum err err = compare(run);
    if (err == OK) {
        err = store_run(store, store_findings, run);
    }
    if (err == OK) {
        err = take_items(run, "compared again: the bill and our books agree");
    }
    run->finding_count = run->findings->count;
    if (err != OK || run->refused) {
        return err;
    }
    run->answered = ask_all(run);
    err = compare(run);
    return err == OK ? take_items(run, "cleared by the provider's signed answer") : err;
}

static enum err work_off(struct run *run)
{
    struct store *store = run->books.orders->setup.store;
    enum err err = store_run(store, bill_books_store, &run->books);
    if (err == OK) {
        err = compare_and_ask(run);
    }
    if (err == OK && run->books.keep) {
        err = store_run(store, bill_books_compared, &run->books);
    }
    return err == OK && run->answered && run->books.keep
               ? store_run(store, bill_books_done, &run->books)
               : err;
}

/* ---- days ---- */

/* "2026-11-20" to the first moment of that day in Beijing. */
bool bill_day_begins(const char *day, int64_t *ret_wall_s)
{
    char year[5];
    char month[3];
    char date[3];
    uint32_t y = 0;
    uint32_t m = 0;
    uint32_t d = 0;
    if (strlen(day) != PAY_DAY_SIZE - 1 || day[4] != '-' || day[7] != '-' ||
        !str_copy_bytes(year, sizeof(year), day, 4) ||
        !str_copy_bytes(month, sizeof(month), day + 5, 2) ||
        !str_copy_bytes(date, sizeof(date), day + 8, 2) || !parse_u32(year, 9999, &y) ||
        !parse_u32(month, 12, &m) || !parse_u32(date, 31, &d)) {
        return false;
    }
    const struct civil civil = {.year = (int32_t)y, .month = (uint8_t)m, .day = (uint8_t)d};
    return civil_to_wall_s(&civil, ret_wall_s);
}

void bill_day_text(int64_t wall_s, char ret_day[PAY_DAY_SIZE])
{
    const struct civil civil = civil_beijing(wall_s);
    str_format_cut(ret_day, PAY_DAY_SIZE, "%04d-%02d-%02d", (int)civil.year, (int)civil.month,
                   (int)civil.day);
}

bool bill_day_is_valid(const char *day)
{
    int64_t begins_at = 0;
    return bill_day_begins(day, &begins_at);
}

/* ---- no bill ---- */

static enum err look_empty(struct db *db, void *arg)
{
    struct run *run = arg;
    const int64_t believed_at = run->books.begins_at + DAY_S + LATE_S;
    run->early = run->books.wallet == PAY_ALIPAY && db_wall_s(db) < believed_at;
    return bill_books_load(db, &run->books);
}

static enum err judge_empty(struct run *run)
{
    enum err err = store_read(run->books.orders->setup.store, look_empty, run);
    run->books.keep = err == OK && !run->early && !run->books.has_money;
    bill_books_finish(&run->books);
    return err;
}

static void say(struct bill_result *result, enum pay_bill_result fetched, const char *text)
{
    result->fetched = fetched;
    str_format_cut(result->log_text, sizeof(result->log_text), "%s", text);
}

/* ---- the way in ---- */

static enum err compare_fetched(struct run *run, struct bill_result *result)
{
    const bool empty = result->fetched == PAY_BILL_EMPTY;
    enum err err = empty ? judge_empty(run) : OK;
    if (err == OK && run->early) {
        say(result, PAY_BILL_UNKNOWN, "no bill yet");
        return OK;
    }
    if (err == OK && !run->books.keep) {
        say(result, PAY_BILL_UNKNOWN, "no bill, but our books have money of that day");
    }
    if (err == OK) {
        run->findings = calloc(1, sizeof(*run->findings));
        err = run->findings != NULL ? work_off(run) : ERR_MEMORY;
    }
    result->finding_count = run->finding_count;
    result->done = err == OK && run->answered && run->books.keep;
    return err;
}

enum err bill_run(struct orders *orders, enum pay_wallet wallet, const char *day,
                  struct bill_result *ret_result)
{
    struct pay_bill bill = {.result = PAY_BILL_UNKNOWN};
    struct run run = {
        .books = {.orders = orders, .wallet = wallet, .day = day, .bill = &bill, .keep = true}};
    *ret_result = (struct bill_result){0};
    if (!bill_day_begins(day, &run.books.begins_at)) {
        return ERR_RANGE;
    }
    pay_bill_fetch(orders->setup.pay, wallet, day, &bill);
    if (bill.row_count > 0) {
        qsort(bill.rows, bill.row_count, sizeof(*bill.rows), compare_rows);
    }
    say(ret_result, bill.result, bill.log_text);
    const bool there = bill.result == PAY_BILL_OK || bill.result == PAY_BILL_EMPTY;
    enum err err = there ? compare_fetched(&run, ret_result) : OK;
    bill_books_finish(&run.books);
    free(run.findings);
    pay_bill_finish(&bill);
    return err;
}
