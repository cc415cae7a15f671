/* SPDX-License-Identifier: Apache-2.0 */
/* What the last run of a day found, as JSON, from the database alone. */
#include "cloud/orders/bill.h"
#include "cloud/orders/books.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "core/reconcile/books.h"

static struct sql *bind_day(struct sql *sql, const struct books_report *report)
{
    sql_bind_text(sql, 1, report->day);
    return sql;
}

/* ---- the sums ---- */

/* What select_day() gives, in its order. */
static const char *const SUMS[] = {"bill_paid_fen", "bill_refunded_fen", "held_fen",  "refpay_fen",
                                   "suspense_fen",  "cust_fen",          "meter_fen", "card_fen",
                                   "loss_fen",      "bank_fen"};

enum { RAN_AT, JUDGED, WHOLE, FIRST_SUM, METERS = FIRST_SUM + 10, RELAYS = METERS + 3 };

static struct books_sums sums_of(const struct sql *sql)
{
    return (struct books_sums){
        .bill_paid = money_fen(sql_i64(sql, FIRST_SUM)),
        .bill_refunded = money_fen(sql_i64(sql, FIRST_SUM + 1)),
        .held = money_fen(sql_i64(sql, FIRST_SUM + 2)),
        .refpay = money_fen(sql_i64(sql, FIRST_SUM + 3)),
        .suspense = money_fen(sql_i64(sql, FIRST_SUM + 4)),
        .cust = money_fen(sql_i64(sql, FIRST_SUM + 5)),
        .meter = money_fen(sql_i64(sql, FIRST_SUM + 6)),
        .card = money_fen(sql_i64(sql, FIRST_SUM + 7)),
        .loss = money_fen(sql_i64(sql, FIRST_SUM + 8)),
        .bank = money_fen(sql_i64(sql, FIRST_SUM + 9)),
    };
}

static enum err add_identity(json_t *json, const struct sql *sql)
{
    struct books_identity identity;
    const struct books_sums sums = sums_of(sql);
    if (!sql_bool(sql, JUDGED)) {
        json_put_null(json, "identity");
        return OK;
    }
    if (!books_identity(&sums, &identity)) {
        return ERR_RANGE;
    }
    json_t *object = json_object();
    for (size_t i = 0; i < ARRAY_COUNT(SUMS); i++) {
        json_put_int(object, SUMS[i], sql_i64(sql, FIRST_SUM + (int)i));
    }
    json_put_int(object, "bills_fen", identity.bills.fen);
    json_put_int(object, "books_fen", identity.books.fen);
    json_put_int(object, "difference_fen", identity.difference.fen);
    json_put(json, "identity", object);
    return OK;
}

static void add_machines(json_t *json, const struct sql *sql)
{
    json_t *meters = json_object();
    json_put_int(meters, "equal", sql_i64(sql, METERS));
    json_put_int(meters, "on_its_way", sql_i64(sql, METERS + 1));
    json_put_int(meters, "not_looked_at", sql_i64(sql, METERS + 2));
    json_put(json, "meters", meters);
    json_t *relays = json_object();
    json_put_int(relays, "equal", sql_i64(sql, RELAYS));
    json_put_int(relays, "not_read", sql_i64(sql, RELAYS + 1));
    json_put(json, "relays", relays);
}

static enum err add_day(struct db *db, struct books_report *report)
{
    struct sql *sql = bind_day(
        sql_begin(db, "SELECT ran_at, judged, whole, bill_paid_fen, bill_refunded_fen, held_fen,"
                      " refpay_fen, suspense_fen, cust_fen, meter_fen, card_fen, loss_fen,"
                      " bank_fen, meters_equal, meters_open, meters_unseen, relays_equal,"
                      " relays_unread FROM books_day WHERE day = ?1"),
        report);
    enum err err = sql_one(sql);
    if (err == ERR_NOT_FOUND) {
        json_put_null(report->json, "ran_at");
        json_put_null(report->json, "identity");
        err = OK;
    } else if (err == OK) {
        json_put_int(report->json, "ran_at", sql_i64(sql, RAN_AT));
        json_put_flag(report->json, "whole", sql_bool(sql, WHOLE));
        add_machines(report->json, sql);
        err = add_identity(report->json, sql);
    }
    sql_end(sql);
    return err;
}

/* ---- lines and items ---- */

/* What the numbers of a finding are. */
static const char *unit_of(const char *finding)
{
    return str_equal(finding, books_finding_name(BOOKS_METER_COUNT)) ? "purchases" : "fen";
}

static enum err add_lines(struct db *db, struct books_report *report)
{
    json_t *lines = json_array();
    bool row = true;
    json_put(report->json, "lines", lines);
    struct sql *sql = bind_day(
        sql_begin(db, "SELECT finding, channel, subject, theirs, ours, reason, item_no"
                      " FROM books_line WHERE day = ?1 ORDER BY finding, channel, subject"),
        report);
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        json_t *line = json_object();
        json_put_text(line, "finding", sql_text(sql, 0));
        json_put_text(line, "channel", sql_text(sql, 1));
        json_put_text(line, "subject", sql_text(sql, 2));
        json_put_int(line, "theirs", sql_i64(sql, 3));
        json_put_int(line, "ours", sql_i64(sql, 4));
        json_put_text(line, "unit", unit_of(sql_text(sql, 0)));
        json_put_text(line, "reason", sql_text(sql, 5));
        json_put_text(line, "item_no", sql_text(sql, 6));
        MUST(json_array_append_new(lines, line) == 0);
    }
}

/* What the items that are open are worth. */
struct totals {
    int64_t open;
    int64_t loss_fen;
    int64_t gain_fen;
};

static int64_t gain_of(const struct sql *sql)
{
    enum books_finding finding = BOOKS_FINDING_COUNT;
    return books_finding_parse(sql_text(sql, 1), &finding)
               ? books_gain(finding, money_fen(sql_i64(sql, 3)), money_fen(sql_i64(sql, 4))).fen
               : 0;
}

static json_t *item_json(const struct sql *sql, const char *state, int64_t gain_fen)
{
    json_t *item = json_object();
    json_put_text(item, "document_no", sql_text(sql, 0));
    json_put_text(item, "state", state);
    json_put_text(item, "finding", sql_text(sql, 1));
    json_put_text(item, "subject", sql_text(sql, 2));
    json_put_int(item, "theirs", sql_i64(sql, 3));
    json_put_int(item, "ours", sql_i64(sql, 4));
    json_put_text(item, "unit", unit_of(sql_text(sql, 1)));
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
    const char *state = open ? "open" : sql_bool(sql, 10) ? "settled" : "cleared";
    if (open) {
        totals->open += 1;
        totals->loss_fen += gain_fen < 0 ? -gain_fen : 0;
        totals->gain_fen += gain_fen > 0 ? gain_fen : 0;
    }
    MUST(json_array_append_new(items, item_json(sql, state, gain_fen)) == 0);
}

/* The day's own, and of those that stand: what is open, and what was found first on this day. */
static enum err add_items(struct db *db, struct books_report *report)
{
    struct totals totals = {0};
    json_t *items = json_array();
    bool row = true;
    json_put(report->json, "items", items);
    struct sql *sql = bind_day(
        sql_begin(db, "SELECT document_no, finding, order_no, bill_fen, our_fen, owner, opened_at,"
                      " due_at, overdue, closed_at, settled, outcome FROM bill_item"
                      " WHERE channel = 'books' AND (day = ?1 OR (day = '' AND (closed_at IS NULL"
                      "  OR substr(document_no, 3, 8) = replace(?1, '-', ''))))"
                      " ORDER BY closed_at IS NOT NULL, order_no, finding"),
        report);
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        take_item(sql, &totals, items);
        err = sql_next(sql, &row);
    }
    json_put_int(report->json, "open", totals.open);
    json_put_int(report->json, "loss_fen", totals.loss_fen);
    json_put_int(report->json, "gain_fen", totals.gain_fen);
    return err;
}

enum err books_report(struct db *db, void *arg)
{
    struct books_report *report = arg;
    report->json = json_object();
    json_put_text(report->json, "channel", "books");
    json_put_text(report->json, "day", report->day);
    enum err err = add_day(db, report);
    if (err == OK) {
        err = add_lines(db, report);
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
