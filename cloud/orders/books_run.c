/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up a day: read beside everything else, then kept in one commit. */
#include <stdlib.h>

#include "cloud/orders/bill.h"
#include "cloud/orders/books.h"
#include "cloud/orders/books_work.h"
#include "common/must.h"

enum { DAY_S = 86400 };

struct books_line *books_line_next(struct books_work *work, enum books_finding finding,
                                   enum books_reason reason)
{
    MUST(work->line_count <= BOOKS_LINES_MAX);
    if (work->line_count == BOOKS_LINES_MAX) {
        work->dropped = true;
        return NULL;
    }
    struct books_line *line = &work->lines[work->line_count];
    *line = (struct books_line){.finding = finding, .reason = reason};
    work->line_count += 1;
    return line;
}

/* True if the wallet's bill of the day is here, or none is needed: it had no order until then. */
static enum err look_for_bill(struct db *db, enum pay_wallet wallet, const char *day,
                              bool *ret_there)
{
    int64_t begins_at = 0;
    if (!bill_day_begins(day, &begins_at)) {
        return ERR_RANGE;
    }
    struct sql *sql =
        sql_begin(db, "SELECT EXISTS (SELECT 1 FROM bill WHERE channel = ?1 AND day = ?2"
                      " AND compared_at IS NOT NULL) OR NOT EXISTS (SELECT 1 FROM pay_order"
                      " WHERE channel = ?1 AND created_at < ?3)");
    sql_bind_text(sql, 1, pay_wallet_name(wallet));
    sql_bind_text(sql, 2, day);
    sql_bind_i64(sql, 3, begins_at + DAY_S);
    enum err err = sql_one(sql);
    *ret_there = err == OK && sql_bool(sql, 0);
    sql_end(sql);
    return err;
}

enum err books_bills_there(struct db *db, const struct orders *orders, const char *day,
                           bool *ret_there)
{
    enum err err = OK;
    bool there = true;
    for (int i = 0; i < PAY_WALLET_COUNT && err == OK && there; i++) {
        const enum pay_wallet wallet = (enum pay_wallet)i;
        if (pay_has(orders->setup.pay, wallet)) {
            err = look_for_bill(db, wallet, day, &there);
        }
    }
    *ret_there = there;
    return err;
}

static enum err load(struct db *db, void *arg)
{
    struct books_work *work = arg;
    enum err err = books_bills_there(db, work->orders, work->day, &work->judged);
    if (err == OK && work->judged) {
        err = books_day_load(db, work);
    }
    if (err == OK) {
        err = books_meters_load(db, work);
    }
    return err == OK ? books_open_load(db, work) : err;
}

static size_t count_findings(const struct books_work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->line_count; i++) {
        count += work->lines[i].reason == BOOKS_NOTHING ? 1 : 0;
    }
    return count;
}

enum err books_run(struct orders *orders, const char *day, struct books_result *ret_result)
{
    struct store *store = orders->setup.store;
    struct books_work *work = calloc(1, sizeof(*work));
    if (work == NULL) {
        return ERR_MEMORY;
    }
    work->orders = orders;
    work->day = day;
    enum err err = bill_day_begins(day, &work->begins_at) ? OK : ERR_RANGE;
    if (err == OK) {
        err = store_read(store, load, work);
    }
    if (err == OK) {
        err = store_run(store, books_keep, work);
    }
    if (err == OK) {
        *ret_result = (struct books_result){
            .judged = work->judged, .whole = !work->dropped, .finding_count = count_findings(work)};
    }
    free(work);
    return err;
}
