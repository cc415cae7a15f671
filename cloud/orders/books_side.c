/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One number whose bills and postings of a day differ: what all bills that we have and the whole
 * ledger say of it, and which item of a bill is about it. What that means is core/reconcile's.
 */
#include "cloud/orders/bill.h"
#include "cloud/orders/books_work.h"
#include "common/must.h"
#include "common/str.h"
#include "core/reconcile/reconcile.h"

enum { DAY_S = 86400, EDGE_S = 600 };

/* Payments and refunds side by side. */
struct sides {
    struct books_side paid;
    struct books_side refunded;
    char paid_item[ORDER_NUMBER_SIZE];
    char refunded_item[ORDER_NUMBER_SIZE];
};

static struct sql *bind_number(struct sql *sql, const struct books_number *number)
{
    sql_bind_text(sql, 1, number->channel);
    sql_bind_text(sql, 2, number->number);
    return sql;
}

static enum err load_bills(struct db *db, const struct books_number *number, struct sides *sides)
{
    struct sql *sql = bind_number(
        sql_begin(db, "SELECT coalesce(sum(fen) FILTER (WHERE kind = 'payment'), 0),"
                      " coalesce(sum(fen) FILTER (WHERE kind = 'refund' AND state = 'done'), 0),"
                      " coalesce(sum(fen) FILTER (WHERE kind = 'refund' AND state = 'pending'), 0)"
                      " FROM bill_row WHERE channel = ?1 AND order_no = ?2"),
        number);
    enum err err = sql_one(sql);
    if (err == OK) {
        sides->paid.bill_ever = money_fen(sql_i64(sql, 0));
        sides->refunded.bill_ever = money_fen(sql_i64(sql, 1));
        sides->refunded.begun = money_fen(sql_i64(sql, 2));
    }
    sql_end(sql);
    return err;
}

static enum err is_known(struct db *db, const char *channel, int64_t wall_s, bool *ret_known)
{
    char day[PAY_DAY_SIZE];
    bill_day_text(wall_s, day);
    struct sql *sql = sql_begin(db, "SELECT 1 FROM bill WHERE channel = ?1 AND day = ?2"
                                    " AND compared_at IS NOT NULL");
    sql_bind_text(sql, 1, channel);
    sql_bind_text(sql, 2, day);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_known = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The sum of an account's legs, and whether any is near the day's first or last midnight. */
struct booked {
    int64_t fen;
    bool near_begin;
    bool near_end;
};

static enum err load_account(struct db *db, const struct books_work *work,
                             const struct books_number *number, const char *account,
                             struct booked *ret_booked)
{
    struct sql *sql = bind_number(
        sql_begin(db, "SELECT coalesce(sum(l.fen), 0),"
                      " coalesce(max(p.at >= ?4 - ?6 AND p.at < ?4 + ?6), 0),"
                      " coalesce(max(p.at >= ?5 - ?6 AND p.at < ?5 + ?6), 0)"
                      " FROM posting p CROSS JOIN leg l USING (posting_id)"
                      " WHERE (p.document_no = ?2 OR p.document_no IN (SELECT stray_no FROM stray"
                      "  WHERE channel = ?1 AND seen_as = ?2))"
                      " AND l.account = ?3 AND p.step <> 'settle'"),
        number);
    sql_bind_text(sql, 3, account);
    sql_bind_i64(sql, 4, work->begins_at);
    sql_bind_i64(sql, 5, work->begins_at + DAY_S);
    sql_bind_i64(sql, 6, EDGE_S);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_booked = (struct booked){sql_i64(sql, 0), sql_bool(sql, 1), sql_bool(sql, 2)};
    }
    sql_end(sql);
    return err;
}

static enum err load_books(struct db *db, const struct books_work *work,
                           const struct books_number *number, const char *account,
                           struct books_side *side)
{
    struct booked booked = {0};
    bool before = false;
    bool after = false;
    enum err err = load_account(db, work, number, account, &booked);
    if (err == OK) {
        err = is_known(db, number->channel, work->begins_at - 1, &before);
    }
    if (err == OK) {
        err = is_known(db, number->channel, work->begins_at + DAY_S, &after);
    }
    side->book_ever = money_fen(booked.fen);
    side->edge = booked.near_begin || booked.near_end;
    side->bill_missing = (booked.near_begin && !before) || (booked.near_end && !after);
    return err;
}

static enum err load_owner(struct db *db, const struct books_number *number, bool *ret_foreign)
{
    struct sql *sql = bind_number(
        sql_begin(db, "SELECT EXISTS (SELECT 1 FROM pay_order WHERE order_no = ?2 AND channel = ?1)"
                      " OR EXISTS (SELECT 1 FROM stray WHERE seen_as = ?2 AND channel = ?1)"),
        number);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_foreign = !sql_bool(sql, 0);
    }
    sql_end(sql);
    return err;
}

static void take_item(const struct sql *sql, struct books_side *side, char *item_no)
{
    side->has_item = true;
    side->items = money_fen(side->items.fen + sql_i64(sql, 2) - sql_i64(sql, 3));
    str_format_cut(item_no, ORDER_NUMBER_SIZE, "%s", sql_text(sql, 0));
}

static bool is_about_refund(enum reconcile_kind kind)
{
    return kind == RECONCILE_REFUND_MISSING_IN_BILL || kind == RECONCILE_REFUND_UNKNOWN_TO_US ||
           kind == RECONCILE_REFUND_AMOUNT;
}

static bool is_about_payment(enum reconcile_kind kind)
{
    return kind == RECONCILE_PAID_UNKNOWN_TO_US || kind == RECONCILE_MISSING_IN_BILL ||
           kind == RECONCILE_AMOUNT;
}

/* One that was cleared explains nothing: its cause is gone. */
static enum err load_items(struct db *db, const struct books_number *number, struct sides *sides)
{
    struct sql *sql =
        bind_number(sql_begin(db, "SELECT document_no, finding, bill_fen, our_fen FROM bill_item"
                                  " WHERE channel = ?1 AND order_no = ?2 AND (closed_at IS NULL"
                                  " OR settled = 1) ORDER BY item_id"),
                    number);
    bool row = true;
    for (;;) {
        enum reconcile_kind kind = RECONCILE_KIND_COUNT;
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        const bool known = reconcile_kind_parse(sql_text(sql, 1), &kind);
        if (known && (is_about_payment(kind) || kind == RECONCILE_NOT_OURS)) {
            take_item(sql, &sides->paid, sides->paid_item);
        }
        if (known && (is_about_refund(kind) || kind == RECONCILE_NOT_OURS)) {
            take_item(sql, &sides->refunded, sides->refunded_item);
        }
    }
}

static void add_line(struct books_work *work, const struct books_number *number,
                     enum books_finding finding, const struct books_side *side, const char *item_no)
{
    if (side->bill_day.fen == side->book_day.fen) {
        return;
    }
    const enum books_reason reason = books_explain(side);
    struct books_line *line = books_line_next(work, finding, reason);
    if (line == NULL) {
        return;
    }
    line->theirs = side->bill_day;
    line->ours = side->book_day;
    str_format_cut(line->channel, sizeof(line->channel), "%s", number->channel);
    str_format_cut(line->subject, sizeof(line->subject), "%s", number->number);
    str_format_cut(line->item_no, sizeof(line->item_no), "%s",
                   reason == BOOKS_BILL_ITEM ? item_no : "");
}

enum err books_side_load(struct db *db, struct books_work *work, const struct books_number *number)
{
    struct sides sides = {0};
    bool foreign = false;
    enum err err = load_bills(db, number, &sides);
    if (err == OK) {
        err = load_books(db, work, number, "RECV", &sides.paid);
    }
    if (err == OK) {
        err = load_books(db, work, number, "REFOUT", &sides.refunded);
    }
    sides.refunded.book_ever = money_fen(-sides.refunded.book_ever.fen); /* a credit */
    if (err == OK) {
        err = load_owner(db, number, &foreign);
    }
    if (err == OK) {
        err = load_items(db, number, &sides);
    }
    if (err != OK) {
        return err;
    }
    sides.paid.foreign = foreign;
    sides.paid.bill_day = number->bill_paid;
    sides.paid.book_day = number->book_paid;
    sides.refunded.foreign = foreign;
    sides.refunded.bill_day = number->bill_refunded;
    sides.refunded.book_day = number->book_refunded;
    add_line(work, number, BOOKS_DAY_PAID, &sides.paid, sides.paid_item);
    add_line(work, number, BOOKS_DAY_REFUNDED, &sides.refunded, sides.refunded_item);
    return OK;
}
