/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bill and its rows, stored. The file as it came stands beside them; a version is a set of rows,
 * so the same rows packed anew are no change, and a provider that corrects a bill is seen.
 */
#include <string.h>

#include "cloud/orders/bill.h"
#include "cloud/orders/bill_books.h"
#include "common/crypto/digest.h"
#include "common/log.h"
#include "common/str.h"

enum { DAY_S = 86400, ROW_TEXT_SIZE = 512 };

static enum err forget(struct db *db, struct sql *sql, const struct bill_books *books)
{
    (void)db;
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    return sql_run(sql);
}

/* ---- the version ---- */

struct version {
    char digest[DIGEST_HEX_SIZE];
    int64_t number;
    int64_t paid_fen;
    int64_t refunded_fen;
    int64_t fees_e5;
};

/* The rows are sorted, so the chain over them is the same however the provider ordered them. */
static enum err sum_up(const struct pay_bill *bill, struct version *ret_version)
{
    struct version version = {.digest = ""};
    char text[ROW_TEXT_SIZE];
    str_format_cut(text, sizeof(text), "%d %lld", bill->fees_stated,
                   (long long)bill->fees_stated_e5);
    for (size_t i = 0; i < bill->row_count; i++) {
        const struct pay_bill_row *row = &bill->rows[i];
        if (!digest_hex(DIGEST_SHA256, text, strlen(text), version.digest)) {
            return ERR_MEMORY;
        }
        str_format_cut(text, sizeof(text), "%s %u %u %s %s %s %lld %lld", version.digest,
                       (unsigned)row->kind, (unsigned)row->state, row->order_no, row->refund_no,
                       row->trade_no, (long long)row->fen, (long long)row->fee_e5);
        version.paid_fen += row->kind == PAY_BILL_PAYMENT ? row->fen : 0;
        version.refunded_fen +=
            row->kind == PAY_BILL_REFUND && row->state == PAY_BILL_DONE ? row->fen : 0;
        version.fees_e5 += row->fee_e5;
    }
    *ret_version = version;
    return digest_hex(DIGEST_SHA256, text, strlen(text), ret_version->digest) ? OK : ERR_MEMORY;
}

/* The number of the newest version, 0: none; and whether it is this one. */
static enum err look_up(struct db *db, const struct bill_books *books, struct version *version,
                        bool *ret_same)
{
    struct sql *sql = sql_begin(db, "SELECT version, digest FROM bill_version WHERE channel = ?1"
                                    " AND day = ?2 ORDER BY version DESC LIMIT 1");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    enum err err = sql_one(sql);
    *ret_same = err == OK && str_equal(sql_text(sql, 1), version->digest);
    version->number = err == OK ? sql_i64(sql, 0) : 0;
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_version(struct db *db, const struct bill_books *books,
                            const struct version *version)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO bill_version (channel, day, version, digest, rows, paid_fen, refunded_fen,"
            " fees_e5, fees_stated_e5, first_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_i64(sql, 3, version->number + 1);
    sql_bind_text(sql, 4, version->digest);
    sql_bind_i64(sql, 5, (int64_t)books->bill->row_count);
    sql_bind_i64(sql, 6, version->paid_fen);
    sql_bind_i64(sql, 7, version->refunded_fen);
    sql_bind_i64(sql, 8, version->fees_e5);
    if (books->bill->fees_stated) {
        sql_bind_i64(sql, 9, books->bill->fees_stated_e5);
    }
    sql_bind_i64(sql, 10, db_wall_s(db));
    return sql_run(sql);
}

/*
 * What this bill does not have near its end may be missing from the next one as well; only now can
 * the next day know. So a new version opens it again.
 */
static enum err open_next_day(struct db *db, const struct bill_books *books)
{
    char day[PAY_DAY_SIZE];
    bill_day_text(books->begins_at + DAY_S, day);
    struct sql *sql =
        sql_begin(db, "UPDATE bill SET done_at = NULL WHERE channel = ?1 AND day = ?2");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, day);
    return sql_run(sql);
}

static enum err keep_version(struct db *db, const struct bill_books *books)
{
    struct version version;
    bool same = false;
    enum err err = sum_up(books->bill, &version);
    if (err == OK) {
        err = look_up(db, books, &version, &same);
    }
    if (err != OK || same) {
        return err;
    }
    if (version.number > 0) {
        log_warn("bill of %s, %s: not the one that came before (version %lld)",
                 pay_wallet_name(books->wallet), books->day, (long long)version.number + 1);
    }
    err = put_version(db, books, &version);
    return err == OK ? open_next_day(db, books) : err;
}

/* ---- the file ---- */

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

static const char *state_word(enum pay_bill_state state)
{
    static const char *const WORDS[PAY_BILL_STATE_COUNT] = {
        [PAY_BILL_DONE] = "done", [PAY_BILL_PENDING] = "pending", [PAY_BILL_FAILED] = "failed"};
    return WORDS[state];
}

static enum err put_row(struct db *db, const struct bill_books *books,
                        const struct pay_bill_row *row)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO bill_row (channel, day, kind, order_no, refund_no, trade_no, fen, state,"
            " fee_e5) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            " ON CONFLICT (channel, day, kind, order_no, refund_no, trade_no)"
            " DO UPDATE SET state = 'done' WHERE excluded.state = 'done'");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_text(sql, 3, row->kind == PAY_BILL_REFUND ? "refund" : "payment");
    sql_bind_text(sql, 4, row->order_no);
    sql_bind_text(sql, 5, row->refund_no);
    sql_bind_text(sql, 6, row->trade_no);
    sql_bind_i64(sql, 7, row->fen);
    sql_bind_text(sql, 8, state_word(row->state));
    sql_bind_i64(sql, 9, row->fee_e5);
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
    return err == OK ? keep_version(db, books) : err;
}

enum err bill_books_compared(struct db *db, void *arg)
{
    const struct bill_books *books = arg;
    struct sql *sql =
        sql_begin(db, "UPDATE bill SET compared_at = ?3, our_paid_fen = ?4, our_refunded_fen = ?5"
                      " WHERE channel = ?1 AND day = ?2");
    sql_bind_text(sql, 1, pay_wallet_name(books->wallet));
    sql_bind_text(sql, 2, books->day);
    sql_bind_i64(sql, 3, db_wall_s(db));
    sql_bind_i64(sql, 4, books->sums.our_paid.fen);
    sql_bind_i64(sql, 5, books->sums.our_refunded.fen);
    return sql_run(sql);
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
