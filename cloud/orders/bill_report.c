/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/bill_report.h"

#include "common/json/json.h"
#include "common/must.h"
#include "core/reconcile/reconcile.h"

enum {
    FEN_E5 = 1000,    /* of 0.00001 yuan, the unit of fees */
    ITEMS_MAX = 2000, /* printed of one day; the sums are of all */
};

static struct sql *bind_day(struct sql *sql, const struct bill_report *report)
{
    sql_bind_text(sql, 1, pay_wallet_name(report->wallet));
    sql_bind_text(sql, 2, report->day);
    return sql;
}

/* ---- the bill ---- */

/* {"rows", "fen"} of a query's two columns. */
static enum err add_sum(json_t *json, const char *name, struct sql *sql)
{
    enum err err = sql_one(sql);
    if (err == OK) {
        json_t *sum = json_object();
        json_put_int(sum, "rows", sql_i64(sql, 0));
        json_put_int(sum, "fen", sql_i64(sql, 1));
        json_put(json, name, sum);
    }
    sql_end(sql);
    return err;
}

static enum err add_rows(struct db *db, const struct bill_report *report, json_t *bill)
{
    enum err err =
        add_sum(bill, "payments",
                bind_day(sql_begin(db, "SELECT count(*), coalesce(sum(fen), 0) FROM bill_row"
                                       " WHERE channel = ?1 AND day = ?2 AND kind = 'payment'"),
                         report));
    if (err == OK) {
        err = add_sum(bill, "refunds",
                      bind_day(sql_begin(db, "SELECT count(*), coalesce(sum(fen), 0) FROM bill_row"
                                             " WHERE channel = ?1 AND day = ?2 AND kind = 'refund'"
                                             " AND state = 'done'"),
                               report));
    }
    if (err == OK) {
        err = add_sum(bill, "not_refunded",
                      bind_day(sql_begin(db, "SELECT count(*), coalesce(sum(fen), 0) FROM bill_row"
                                             " WHERE channel = ?1 AND day = ?2 AND kind = 'refund'"
                                             " AND state <> 'done'"),
                               report));
    }
    return err;
}

/* Rows about which no finding was made. */
static enum err add_agreeing(struct db *db, const struct bill_report *report, json_t *bill)
{
    enum err err = add_sum(
        bill, "payments_agree",
        bind_day(sql_begin(db,
                           "SELECT count(*), coalesce(sum(fen), 0) FROM bill_row r WHERE channel ="
                           " ?1 AND day = ?2 AND kind = 'payment' AND NOT EXISTS (SELECT 1 FROM"
                           " bill_item i WHERE i.channel = ?1 AND i.day = ?2 AND i.seen = 1"
                           " AND i.order_no = r.order_no AND i.finding IN ('PAID_UNKNOWN_TO_US',"
                           " 'AMOUNT', 'NOT_OURS', 'DUPLICATE_IN_BILL'))"),
                 report));
    if (err != OK) {
        return err;
    }
    return add_sum(
        bill, "refunds_agree",
        bind_day(sql_begin(db, "SELECT count(*), coalesce(sum(fen), 0) FROM bill_row r WHERE"
                               " channel = ?1 AND day = ?2 AND kind = 'refund' AND state = 'done'"
                               " AND NOT EXISTS (SELECT 1 FROM bill_item i WHERE i.channel = ?1"
                               " AND i.day = ?2 AND i.seen = 1 AND i.order_no = r.order_no"
                               " AND i.finding IN ('REFUND_UNKNOWN_TO_US', 'REFUND_AMOUNT',"
                               " 'NOT_OURS', 'DUPLICATE_IN_BILL'))"),
                 report));
}

static enum err add_bill(struct db *db, struct bill_report *report)
{
    struct sql *sql =
        bind_day(sql_begin(db, "SELECT fetched_at, compared_at, done_at IS NOT NULL,"
                               " our_paid_fen, our_refunded_fen FROM bill"
                               " WHERE channel = ?1 AND day = ?2 AND compared_at IS NOT NULL"),
                 report);
    enum err err = sql_one(sql);
    if (err != OK) {
        sql_end(sql);
        json_put_null(report->json, "bill");
        return err == ERR_NOT_FOUND ? OK : err;
    }
    json_t *bill = json_object();
    json_put(report->json, "bill", bill);
    json_put_int(bill, "fetched_at", sql_i64(sql, 0));
    json_put_int(bill, "compared_at", sql_i64(sql, 1));
    json_put_flag(bill, "done", sql_bool(sql, 2));
    json_put_int(bill, "our_paid_fen", sql_i64(sql, 3));
    json_put_int(bill, "our_refunded_fen", sql_i64(sql, 4));
    sql_end(sql);
    err = add_rows(db, report, bill);
    return err == OK ? add_agreeing(db, report, bill) : err;
}

/* ---- its versions ---- */

/* Fees in fen; a fee of less than one is cut off, and the exact sum stands beside it. */
static void put_fees(json_t *json, const struct sql *sql, int column, const char *fen_name,
                     const char *exact_name)
{
    if (sql_is_null(sql, column)) {
        json_put_null(json, fen_name);
        return;
    }
    json_put_int(json, fen_name, sql_i64(sql, column) / FEN_E5);
    json_put_int(json, exact_name, sql_i64(sql, column));
}

static enum err add_versions(struct db *db, struct bill_report *report)
{
    json_t *versions = json_array();
    bool row = true;
    json_put(report->json, "versions", versions);
    struct sql *sql =
        bind_day(sql_begin(db, "SELECT version, digest, rows, paid_fen, refunded_fen, first_at,"
                               " fees_e5, fees_stated_e5 FROM bill_version WHERE channel = ?1"
                               " AND day = ?2 ORDER BY version"),
                 report);
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        json_t *version = json_object();
        json_put_int(version, "version", sql_i64(sql, 0));
        json_put_text(version, "digest", sql_text(sql, 1));
        json_put_int(version, "rows", sql_i64(sql, 2));
        json_put_int(version, "paid_fen", sql_i64(sql, 3));
        json_put_int(version, "refunded_fen", sql_i64(sql, 4));
        json_put_int(version, "first_at", sql_i64(sql, 5));
        put_fees(version, sql, 6, "fees_fen", "fees_e5_yuan");
        put_fees(version, sql, 7, "fees_stated_fen", "fees_stated_e5_yuan");
        MUST(json_array_append_new(versions, version) == 0);
    }
}

/* ---- its items ---- */

/* The sums of all items of the day, while the list may be cut. */
struct totals {
    int64_t loss_fen;
    int64_t gain_fen;
    int64_t open;
    int64_t count;
};

static int64_t gain_of(const struct sql *sql)
{
    enum reconcile_kind kind = RECONCILE_KIND_COUNT;
    return reconcile_kind_parse(sql_text(sql, 1), &kind)
               ? reconcile_gain(kind, money_fen(sql_i64(sql, 3)), money_fen(sql_i64(sql, 4))).fen
               : 0;
}

static json_t *item_json(const struct sql *sql, const char *state, int64_t gain_fen)
{
    json_t *item = json_object();
    json_put_text(item, "document_no", sql_text(sql, 0));
    json_put_text(item, "state", state);
    json_put_text(item, "finding", sql_text(sql, 1));
    json_put_text(item, "order_no", sql_text(sql, 2));
    json_put_int(item, "bill_fen", sql_i64(sql, 3));
    json_put_int(item, "our_fen", sql_i64(sql, 4));
    json_put_int(item, "gain_fen", gain_fen);
    json_put_text(item, "owner", sql_text(sql, 5));
    json_put_int(item, "opened_at", sql_i64(sql, 6));
    json_put_int(item, "due_at", sql_i64(sql, 7));
    json_put_flag(item, "overdue", sql_bool(sql, 8));
    json_put_text(item, "outcome", sql_text(sql, 11));
    return item;
}

static void take_item(const struct sql *sql, struct totals *totals, json_t *items)
{
    const bool open = sql_is_null(sql, 9);
    const int64_t gain_fen = gain_of(sql);
    if (open) {
        totals->open += 1;
        totals->loss_fen += gain_fen < 0 ? -gain_fen : 0;
        totals->gain_fen += gain_fen > 0 ? gain_fen : 0;
    }
    totals->count += 1;
    if (totals->count <= ITEMS_MAX) {
        const char *state = open ? "open" : sql_bool(sql, 10) ? "settled" : "cleared";
        MUST(json_array_append_new(items, item_json(sql, state, gain_fen)) == 0);
    }
}

static enum err add_items(struct db *db, struct bill_report *report)
{
    struct totals totals = {0};
    json_t *items = json_array();
    bool row = true;
    json_put(report->json, "items", items);
    struct sql *sql = bind_day(
        sql_begin(db, "SELECT document_no, finding, order_no, bill_fen, our_fen, owner, opened_at,"
                      " due_at, overdue, closed_at, settled, outcome FROM bill_item WHERE channel ="
                      " ?1 AND day = ?2 ORDER BY closed_at IS NOT NULL, order_no, finding"),
        report);
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK) {
            return err;
        }
        if (!row) {
            break;
        }
        take_item(sql, &totals, items);
    }
    json_put_int(report->json, "item_count", totals.count);
    json_put_int(report->json, "open", totals.open);
    json_put_int(report->json, "loss_fen", totals.loss_fen);
    json_put_int(report->json, "gain_fen", totals.gain_fen);
    return OK;
}

enum err bill_report(struct db *db, void *arg)
{
    struct bill_report *report = arg;
    report->json = json_object();
    json_put_text(report->json, "channel", pay_wallet_name(report->wallet));
    json_put_text(report->json, "day", report->day);
    enum err err = add_bill(db, report);
    if (err == OK) {
        err = add_versions(db, report);
    }
    if (err == OK) {
        err = add_items(db, report);
    }
    if (err != OK) {
        json_decref(report->json);
        report->json = NULL;
    }
    return err;
}
