/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our side of a day: every order of the wallet that was paid on it, or whose refund was confirmed
 * on it, or that its bill names; and stray payments under the number that the provider named.
 */
#include "cloud/orders/bill_books.h"

#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"

enum { DAY_S = 86400, EDGE_S = 600, OPEN_S = 3600 };

/* ---- the file ---- */

static enum err forget(struct db *db, struct sql *sql, const struct bill_books *books)
{
    (void)db;
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    return sql_run(sql);
}

static enum err put_file(struct db *db, const struct bill_books *books)
{
    const struct pay_bill *bill = books->bill;
    struct sql *sql =
        sql_begin(db, "INSERT INTO bill (channel, day, raw, fetched_at) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (channel, day) DO UPDATE SET raw = ?3, fetched_at = ?4,"
                      " done_at = NULL");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_blob(sql, 3, bill->raw_size > 0 ? bill->raw : (const uint8_t *)"", bill->raw_size);
    sql_bind_i64(sql, 4, db_wall_s(db));
    return sql_run(sql);
}

static enum err put_row(struct db *db, const struct bill_books *books,
                        const struct pay_bill_row *row)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO bill_row (channel, day, kind, order_no, refund_no, trade_no, fen)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            " ON CONFLICT (channel, day, kind, order_no, refund_no, trade_no) DO NOTHING");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_text(sql, 3, row->kind == PAY_BILL_REFUND ? "refund" : "payment");
    sql_bind_text(sql, 4, row->order_no);
    sql_bind_text(sql, 5, row->refund_no);
    sql_bind_text(sql, 6, row->trade_no);
    sql_bind_i64(sql, 7, row->fen);
    return sql_run(sql);
}

enum err bill_books_store(struct db *db, void *arg)
{
    const struct bill_books *books = arg;
    enum err err = forget(
        db, sql_begin(db, "DELETE FROM bill_finding WHERE channel = ?1 AND day = ?2"), books);
    if (err != OK || !books->keep) {
        return err;
    }
    err = forget(db, sql_begin(db, "DELETE FROM bill_row WHERE channel = ?1 AND day = ?2"), books);
    if (err == OK) {
        err = put_file(db, books);
    }
    for (size_t i = 0; i < books->bill->row_count && err == OK; i++) {
        err = put_row(db, books, &books->bill->rows[i]);
    }
    return err;
}

enum err bill_books_done(struct db *db, void *arg)
{
    const struct bill_books *books = arg;
    struct sql *sql = sql_begin(db, "UPDATE bill SET done_at = ?3 WHERE channel = ?1 AND day = ?2");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_i64(sql, 3, db_wall_s(db));
    return sql_run(sql);
}

/* ---- our side ---- */

static bool is_near(int64_t at, int64_t midnight)
{
    return at >= midnight - EDGE_S && at < midnight + EDGE_S;
}

/* Our times are those at which we heard of it, so both sides of a midnight are its edge. */
static bool is_edge(int64_t at, int64_t begins_at)
{
    return is_near(at, begins_at) || is_near(at, begins_at + DAY_S);
}

static bool is_in(int64_t at, int64_t begins_at)
{
    return at >= begins_at && at < begins_at + DAY_S;
}

static enum reconcile_paid when_paid(bool paid, int64_t at, int64_t begins_at)
{
    if (!paid) {
        return RECONCILE_NOT_PAID;
    }
    if (is_edge(at, begins_at)) {
        return RECONCILE_PAID_EDGE;
    }
    return is_in(at, begins_at) ? RECONCILE_PAID_THIS_DAY : RECONCILE_PAID_OTHER_DAY;
}

/* Columns: number, amount, paid?, paid at, refunded fen, refunded at, open since. */
static bool read_row(const struct sql *sql, struct bill_books *books, int64_t now_s)
{
    struct reconcile_order *row = &books->rows[books->row_count];
    char *number = books->numbers[books->row_count];
    const int64_t refunded_at = sql_i64(sql, 5);
    const bool edge = is_edge(refunded_at, books->begins_at);
    const bool refunded = sql_i64(sql, 4) > 0 && (edge || is_in(refunded_at, books->begins_at));
    *row = (struct reconcile_order){
        .order_no = number,
        .amount = money_fen(sql_i64(sql, 1)),
        .paid = when_paid(sql_bool(sql, 2), sql_i64(sql, 3), books->begins_at),
        .refunded = money_fen(refunded ? sql_i64(sql, 4) : 0),
        .refund_edge = refunded && edge,
        .credit_open = !sql_is_null(sql, 6) && now_s - sql_i64(sql, 6) > OPEN_S,
    };
    books->row_count += 1;
    return sql_copy_text(sql, 0, number, PAY_TRADE_NO_SIZE);
}

static struct sql *select_rows(struct db *db, const struct bill_books *books)
{
    struct sql *sql = sql_begin(
        db, "WITH back (order_no, at) AS (SELECT order_no, max(at) FROM pay_event"
            "  WHERE to_state = 'REFUNDED' AND from_state <> 'REFUNDED' GROUP BY order_no)"
            " SELECT o.order_no AS number, CASE WHEN o.paid_fen > 0 THEN o.paid_fen"
            "  ELSE o.amount_fen END, o.paid_fen > 0, coalesce(o.paid_at, 0),"
            "  CASE WHEN o.state = 'REFUNDED' THEN o.paid_fen ELSE 0 END, coalesce(b.at, 0),"
            "  CASE WHEN o.state IN ('PAID', 'CREDITING') THEN o.paid_at END"
            " FROM pay_order o LEFT JOIN back b USING (order_no) WHERE o.channel = ?1"
            "  AND (o.paid_at BETWEEN ?3 AND ?4 OR b.at BETWEEN ?3 AND ?4 OR EXISTS"
            "   (SELECT 1 FROM bill_row r WHERE r.order_no = o.order_no AND r.channel = ?1"
            "    AND r.day = ?2))"
            " UNION ALL SELECT s.seen_as, s.amount_fen, 1, s.created_at,"
            "  CASE WHEN s.state = 'REFUNDED' THEN s.amount_fen ELSE 0 END,"
            "  coalesce((SELECT max(at) FROM stray_event e WHERE e.stray_no = s.stray_no"
            "   AND e.to_state = 'REFUNDED'), 0), NULL"
            " FROM stray s WHERE s.channel = ?1 AND s.created_at BETWEEN ?3 AND ?4"
            "  AND NOT EXISTS (SELECT 1 FROM pay_order o WHERE o.order_no = s.seen_as)"
            "  GROUP BY s.seen_as ORDER BY number");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_i64(sql, 3, books->begins_at);
    sql_bind_i64(sql, 4, books->begins_at + DAY_S - 1);
    return sql;
}

static enum err count_rows(struct db *db, const struct bill_books *books, size_t *ret_count)
{
    struct sql *sql = select_rows(db, books);
    bool row = true;
    *ret_count = 0;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        *ret_count += 1;
    }
}

enum err bill_books_load(struct db *db, void *arg)
{
    struct bill_books *books = arg;
    size_t count = 0;
    enum err err = count_rows(db, books, &count);
    if (err != OK) {
        return err;
    }
    books->rows = calloc(count + 1, sizeof(*books->rows));
    books->numbers = calloc(count + 1, sizeof(*books->numbers));
    if (books->rows == NULL || books->numbers == NULL) {
        return ERR_MEMORY;
    }
    struct sql *sql = select_rows(db, books);
    bool row = true;
    while (books->row_count < count) {
        err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        if (!read_row(sql, books, db_wall_s(db))) {
            return ERR_CHECKSUM;
        }
    }
    return OK;
}

void bill_books_finish(struct bill_books *books)
{
    free(books->rows);
    free(books->numbers);
    books->rows = NULL;
    books->numbers = NULL;
    books->row_count = 0;
}
