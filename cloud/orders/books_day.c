/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bills against ledger, over both wallets. Money that a bill names has come from or gone to a
 * wallet, so it is in RECV and REFOUT; what became of it is in the accounts behind them:
 *
 *     paid - paid back = change of HELD + REFPAY + SUSPENSE + credited to CUST, METER and CARD
 *                        - LOSS + paid back from BANK, which is in no bill
 *
 * Losses that the desk makes good by a card's return (desk_keep) come from no wallet: left out.
 *
 * The sums are those of the day. What makes them differ is looked for number by number, where a
 * stray payment counts under the number that the wallet named, as the bill has it.
 *
 * The ledger is read through once for the sums and once for the numbers: an index over the time
 * would cost every payment a page more, to save this once a day. CROSS JOIN keeps the order of the
 * join: first the few postings of the day, then their legs.
 */
#include "cloud/orders/books_work.h"
#include "common/must.h"
#include "common/str.h"
#include "core/ledger/ledger.h"

enum { DAY_S = 86400 };

/* ---- the sums ---- */

static enum err add_bills(struct db *db, struct books_work *work)
{
    struct sql *sql =
        sql_begin(db, "SELECT coalesce(sum(fen) FILTER (WHERE kind = 'payment'), 0),"
                      " coalesce(sum(fen) FILTER (WHERE kind = 'refund' AND state = 'done'), 0)"
                      " FROM bill_row WHERE channel IN ('alipay', 'wechat') AND day = ?1");
    sql_bind_text(sql, 1, work->day);
    enum err err = sql_one(sql);
    if (err == OK) {
        work->sums.bill_paid = money_fen(sql_i64(sql, 0));
        work->sums.bill_refunded = money_fen(sql_i64(sql, 1));
    }
    sql_end(sql);
    return err;
}

/* Where the turnover of an account goes; NULL: it is no part of the identity. */
static struct money *part_of(struct books_sums *sums, const char *account)
{
    enum ledger_account parsed = LEDGER_ACCOUNT_COUNT;
    struct money *const parts[LEDGER_ACCOUNT_COUNT] = {
        [LEDGER_HELD] = &sums->held,         [LEDGER_REFPAY] = &sums->refpay,
        [LEDGER_SUSPENSE] = &sums->suspense, [LEDGER_CUST] = &sums->cust,
        [LEDGER_METER] = &sums->meter,       [LEDGER_CARD] = &sums->card,
        [LEDGER_LOSS] = &sums->loss,         [LEDGER_BANK] = &sums->bank,
    };
    return ledger_account_parse(account, &parsed) ? parts[parsed] : NULL;
}

/* Credits are below 0 in the ledger, and what they add to here is above; a loss is a debit. */
static enum err add_books(struct db *db, struct books_work *work)
{
    struct sql *sql = sql_begin(
        db, "SELECT l.account, sum(l.fen) FROM posting p NOT INDEXED"
            " CROSS JOIN leg l USING (posting_id)"
            " WHERE p.at >= ?1 AND p.at < ?2 AND (l.account IN ('HELD', 'REFPAY', 'SUSPENSE')"
            " OR (l.account = 'LOSS' AND p.step NOT IN ('desk_keep', 'desk_keep_card'))"
            " OR (l.account IN ('CUST', 'METER', 'CARD') AND p.step IN ('credit_cust',"
            " 'credit_meter', 'credit_card')) OR (l.account = 'BANK' AND p.step IN ('repay',"
            " 'repay_from_held', 'stray_repay'))) GROUP BY l.account");
    sql_bind_i64(sql, 1, work->begins_at);
    sql_bind_i64(sql, 2, work->begins_at + DAY_S);
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        struct money *part = part_of(&work->sums, sql_text(sql, 0));
        if (part == NULL || sql_i64(sql, 1) == INT64_MIN) {
            return ERR_RANGE;
        }
        *part = money_fen(part == &work->sums.loss ? sql_i64(sql, 1) : -sql_i64(sql, 1));
    }
}

/* ---- what makes them differ ---- */

/* The columns of select_numbers(). */
enum { CHANNEL, NUMBER, BILL_PAID, BOOK_PAID, BILL_BACK, BOOK_BACK, BEHIND };

static struct sql *select_numbers(struct db *db, const struct books_work *work)
{
    struct sql *sql = sql_begin(
        db,
        "WITH document (document_no, paid, back, behind) AS (SELECT p.document_no,"
        "  sum(CASE WHEN l.account = 'RECV' THEN l.fen ELSE 0 END),"
        "  sum(CASE WHEN l.account = 'REFOUT' THEN -l.fen ELSE 0 END),"
        "  sum(CASE WHEN l.account IN ('HELD', 'REFPAY', 'SUSPENSE', 'LOSS')"
        "   OR (l.account IN ('CUST', 'METER', 'CARD') AND p.step IN ('credit_cust',"
        "    'credit_meter', 'credit_card'))"
        "   OR (l.account = 'BANK' AND p.step IN ('repay', 'repay_from_held', 'stray_repay'))"
        "   THEN -l.fen ELSE 0 END)"
        "  FROM posting p NOT INDEXED CROSS JOIN leg l USING (posting_id)"
        "  WHERE p.at >= ?1 AND p.at < ?2"
        "   AND p.step NOT IN ('settle', 'desk_keep', 'desk_keep_card') GROUP BY p.document_no),"
        " side (channel, number, bill_paid, book_paid, bill_back, book_back, behind) AS ("
        " SELECT coalesce(o.channel, s.channel, ''), coalesce(s.seen_as, d.document_no), 0,"
        "  d.paid, 0, d.back, d.behind FROM document d"
        "  LEFT JOIN pay_order o ON o.order_no = d.document_no"
        "  LEFT JOIN stray s ON s.stray_no = d.document_no"
        " UNION ALL SELECT channel, order_no,"
        "  CASE WHEN kind = 'payment' THEN fen ELSE 0 END, 0,"
        "  CASE WHEN kind = 'refund' AND state = 'done' THEN fen ELSE 0 END, 0, 0"
        "  FROM bill_row WHERE channel IN ('alipay', 'wechat') AND day = ?3)"
        " SELECT channel, number, sum(bill_paid), sum(book_paid), sum(bill_back), sum(book_back),"
        "  sum(behind) FROM side GROUP BY channel, number"
        " HAVING sum(bill_paid) <> sum(book_paid) OR sum(bill_back) <> sum(book_back)"
        "  OR sum(book_paid) - sum(book_back) <> sum(behind)");
    sql_bind_i64(sql, 1, work->begins_at);
    sql_bind_i64(sql, 2, work->begins_at + DAY_S);
    sql_bind_text(sql, 3, work->day);
    return sql;
}

/* What came in and what became of it: the legs of a posting are not what its step says. */
static enum err add_posting(struct books_work *work, const struct books_number *number,
                            struct money behind)
{
    struct money in = money_fen(0);
    if (!money_sub(number->book_paid, number->book_refunded, &in)) {
        return ERR_RANGE;
    }
    if (in.fen == behind.fen) {
        return OK;
    }
    struct books_line *line = books_line_next(work, BOOKS_DAY_POSTING, BOOKS_NOTHING);
    if (line != NULL) {
        line->theirs = in;
        line->ours = behind;
        str_format_cut(line->channel, sizeof(line->channel), "%s", number->channel);
        str_format_cut(line->subject, sizeof(line->subject), "%s", number->number);
    }
    return OK;
}

static enum err take_number(struct db *db, struct books_work *work, const struct sql *sql)
{
    struct books_number number = {
        .bill_paid = money_fen(sql_i64(sql, BILL_PAID)),
        .book_paid = money_fen(sql_i64(sql, BOOK_PAID)),
        .bill_refunded = money_fen(sql_i64(sql, BILL_BACK)),
        .book_refunded = money_fen(sql_i64(sql, BOOK_BACK)),
    };
    if (!sql_copy_text(sql, CHANNEL, number.channel, sizeof(number.channel)) ||
        !sql_copy_text(sql, NUMBER, number.number, sizeof(number.number))) {
        return ERR_CHECKSUM;
    }
    enum err err = add_posting(work, &number, money_fen(sql_i64(sql, BEHIND)));
    return err == OK ? books_side_load(db, work, &number) : err;
}

enum err books_day_load(struct db *db, struct books_work *work)
{
    MUST(work->judged);
    bool row = true;
    enum err err = add_bills(db, work);
    if (err == OK) {
        err = add_books(db, work);
    }
    struct sql *sql = err == OK ? select_numbers(db, work) : NULL;
    while (err == OK && row && !work->dropped) {
        err = sql_next(sql, &row);
        if (err == OK && row) {
            err = take_number(db, work, sql);
        }
    }
    sql_end(sql);
    return err;
}
