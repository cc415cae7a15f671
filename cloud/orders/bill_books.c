/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our side of a day: every order of the wallet that was paid on it, or whose refund was confirmed
 * on it, or that its bill names; and stray payments under the number that the provider named.
 *
 * Our times are those at which we heard of it, the bill's those at which it was. So what a bill
 * lists belongs to that bill's day, whenever we heard of it; and what no bill lists yet belongs to
 * the day on which we heard of it. Within ten minutes of a midnight it may stand in either bill,
 * and is missing when both are known and neither has it: that is said on the later day.
 *
 * What people paid back from the bank is in no bill; if one lists a refund of it all the same, the
 * payer has his money twice.
 */
#include "cloud/orders/bill_books.h"

#include <stdlib.h>

#include "cloud/orders/bill.h"

enum { DAY_S = 86400, EDGE_S = 600, OPEN_S = 3600 };

/* ---- our side ---- */

static bool is_near(int64_t at, int64_t midnight)
{
    return at >= midnight - EDGE_S && at < midnight + EDGE_S;
}

/* Where the bills list a payment or a refund. */
struct listed {
    bool here;      /* in the bill of this day */
    bool elsewhere; /* in another one that we know */
};

/* To which day something belongs of which we heard at @p at. */
static enum reconcile_paid when(int64_t at, struct listed listed, const struct bill_books *books)
{
    const int64_t begins_at = books->begins_at;
    if (listed.elsewhere) {
        return RECONCILE_PAID_OTHER_DAY;
    }
    if (listed.here) {
        return RECONCILE_PAID_THIS_DAY;
    }
    if (is_near(at, begins_at)) {
        return books->day_before_known ? RECONCILE_PAID_THIS_DAY : RECONCILE_PAID_EDGE;
    }
    if (is_near(at, begins_at + DAY_S)) {
        return RECONCILE_PAID_EDGE;
    }
    return at >= begins_at && at < begins_at + DAY_S ? RECONCILE_PAID_THIS_DAY
                                                     : RECONCILE_PAID_OTHER_DAY;
}

/* True for what must stand in this day's bill and in no other. */
static bool is_of_day(const struct bill_books *books, enum reconcile_paid when, int64_t at)
{
    return when == RECONCILE_PAID_THIS_DAY && !is_near(at, books->begins_at) &&
           !is_near(at, books->begins_at + DAY_S);
}

/* The columns of select_rows(). */
enum {
    NUMBER,
    FEN,
    PAID,
    PAID_AT,
    BACK_FEN,
    BACK_AT,
    OPEN_SINCE,
    BEGUN,
    PAID_HERE,
    PAID_ELSEWHERE,
    BACK_HERE,
    BACK_ELSEWHERE,
    BACK_PENDING, /* a bill lists the refund as begun, and no bill lists it again when it is done */
};

static bool read_row(const struct sql *sql, struct bill_books *books, int64_t now_s)
{
    struct reconcile_order *row = &books->rows[books->row_count];
    char *number = books->numbers[books->row_count];
    const struct listed paid = {sql_bool(sql, PAID_HERE), sql_bool(sql, PAID_ELSEWHERE)};
    const struct listed back = {sql_bool(sql, BACK_HERE), sql_bool(sql, BACK_ELSEWHERE)};
    const enum reconcile_paid back_when = when(sql_i64(sql, BACK_AT), back, books);
    const bool refunded = sql_i64(sql, BACK_FEN) > 0 && back_when != RECONCILE_PAID_OTHER_DAY;
    *row = (struct reconcile_order){
        .order_no = number,
        .amount = money_fen(sql_i64(sql, FEN)),
        .paid = sql_bool(sql, PAID) ? when(sql_i64(sql, PAID_AT), paid, books) : RECONCILE_NOT_PAID,
        .refunded = money_fen(refunded ? sql_i64(sql, BACK_FEN) : 0),
        .refund_edge =
            refunded && (back_when == RECONCILE_PAID_EDGE || sql_bool(sql, BACK_PENDING)),
        .refund_begun = sql_bool(sql, BEGUN),
        .credit_open = !sql_is_null(sql, OPEN_SINCE) && now_s - sql_i64(sql, OPEN_SINCE) > OPEN_S,
    };
    books->has_money = books->has_money || is_of_day(books, row->paid, sql_i64(sql, PAID_AT)) ||
                       (refunded && is_of_day(books, back_when, sql_i64(sql, BACK_AT)));
    books->row_count += 1;
    return sql_copy_text(sql, NUMBER, number, PAY_TRADE_NO_SIZE);
}

static struct sql *select_rows(struct db *db, const struct bill_books *books)
{
    struct sql *sql = sql_begin(
        db, "WITH back (order_no, at) AS (SELECT order_no, max(at) FROM pay_event"
            "  WHERE to_state = 'REFUNDED' AND from_state <> 'REFUNDED' GROUP BY order_no),"
            " ours (number, fen, paid, paid_at, back_fen, back_at, open_since, begun) AS ("
            " SELECT o.order_no, CASE WHEN o.paid_fen > 0 THEN o.paid_fen ELSE o.amount_fen END,"
            "  o.paid_fen > 0, coalesce(o.paid_at, 0),"
            "  CASE WHEN o.state = 'REFUNDED' AND NOT EXISTS (SELECT 1 FROM posting p"
            "   WHERE p.document_no = o.order_no AND p.step IN ('repay', 'repay_from_held'))"
            "   THEN o.paid_fen ELSE 0 END, coalesce(b.at, 0),"
            "  CASE WHEN o.state IN ('PAID', 'CREDITING') THEN o.paid_at END,"
            "  EXISTS (SELECT 1 FROM refund f WHERE f.document_no = o.order_no)"
            " FROM pay_order o LEFT JOIN back b USING (order_no) WHERE o.channel = ?1"
            "  AND (o.paid_at BETWEEN ?3 AND ?4 OR b.at BETWEEN ?3 AND ?4 OR EXISTS"
            "   (SELECT 1 FROM bill_row r WHERE r.order_no = o.order_no AND r.channel = ?1"
            "    AND r.day = ?2))"
            " UNION ALL SELECT s.seen_as, s.amount_fen, 1, s.created_at,"
            "  CASE WHEN s.state = 'REFUNDED' AND NOT EXISTS (SELECT 1 FROM posting p"
            "   WHERE p.document_no = s.stray_no AND p.step = 'stray_repay')"
            "   THEN s.amount_fen ELSE 0 END,"
            "  coalesce((SELECT max(at) FROM stray_event e WHERE e.stray_no = s.stray_no"
            "   AND e.to_state = 'REFUNDED'), 0), NULL,"
            "  EXISTS (SELECT 1 FROM refund f WHERE f.document_no = s.stray_no)"
            " FROM stray s WHERE s.channel = ?1 AND (s.created_at BETWEEN ?3 AND ?4 OR EXISTS"
            "   (SELECT 1 FROM bill_row r WHERE r.order_no = s.seen_as AND r.channel = ?1"
            "    AND r.day = ?2))"
            "  AND NOT EXISTS (SELECT 1 FROM pay_order o WHERE o.order_no = s.seen_as)"
            "  GROUP BY s.seen_as)"
            " SELECT n.*, EXISTS (SELECT 1 FROM bill_row r WHERE r.order_no = n.number"
            "   AND r.channel = ?1 AND r.kind = 'payment' AND r.day = ?2),"
            "  EXISTS (SELECT 1 FROM bill_row r WHERE r.order_no = n.number"
            "   AND r.channel = ?1 AND r.kind = 'payment' AND r.day <> ?2),"
            "  EXISTS (SELECT 1 FROM bill_row r WHERE r.order_no = n.number AND r.channel = ?1"
            "   AND r.kind = 'refund' AND r.state = 'done' AND r.day = ?2),"
            "  EXISTS (SELECT 1 FROM bill_row r WHERE r.order_no = n.number AND r.channel = ?1"
            "   AND r.kind = 'refund' AND r.state = 'done' AND r.day <> ?2),"
            "  EXISTS (SELECT 1 FROM bill_row r WHERE r.order_no = n.number AND r.channel = ?1"
            "   AND r.kind = 'refund' AND r.state = 'pending')"
            " FROM ours n ORDER BY n.number");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_i64(sql, 3, books->begins_at - EDGE_S);
    sql_bind_i64(sql, 4, books->begins_at + DAY_S + EDGE_S - 1);
    return sql;
}

static enum err look_before(struct db *db, struct bill_books *books)
{
    char day[PAY_DAY_SIZE];
    bill_day_text(books->begins_at - 1, day);
    struct sql *sql = sql_begin(db, "SELECT 1 FROM bill WHERE channel = ?1 AND day = ?2");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, day);
    enum err err = sql_one(sql);
    sql_end(sql);
    books->day_before_known = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
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
    bill_books_finish(books);
    enum err err = look_before(db, books);
    if (err == OK) {
        err = count_rows(db, books, &count);
    }
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
    books->has_money = false;
}
