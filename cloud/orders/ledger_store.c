/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Postings are inserted and never changed; account_sum is kept beside them so that a balance is
 * one look-up. Rows of clearing accounts that have come back to 0 are dropped from it: what is
 * left there is exactly what is open.
 */
#include "cloud/orders/ledger_store.h"

#include "common/must.h"

static const char *subject_of(const struct ledger_document *document, enum ledger_account account)
{
    switch (ledger_account_subject(account)) {
    case LEDGER_BY_NOTHING:
        return "";
    case LEDGER_BY_CHANNEL:
        MUST(document->channel[0] != '\0');
        return document->channel;
    case LEDGER_BY_DOCUMENT:
        return document->document_no;
    case LEDGER_BY_METER:
        MUST(document->meter_id[0] != '\0');
        return document->meter_id;
    case LEDGER_SUBJECT_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static enum err insert_leg(struct db *db, int64_t posting_id, int64_t line,
                           const struct ledger_leg *leg, const char *subject)
{
    struct sql *sql = sql_begin(db, "INSERT INTO leg (posting_id, line, account, subject, fen)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5)");
    sql_bind_i64(sql, 1, posting_id);
    sql_bind_i64(sql, 2, line);
    sql_bind_text(sql, 3, ledger_account_name(leg->account));
    sql_bind_text(sql, 4, subject);
    sql_bind_i64(sql, 5, leg->amount.fen);
    return sql_run(sql);
}

static enum err store_sum(struct db *db, enum ledger_account account, const char *subject,
                          struct money sum)
{
    const bool drop = sum.fen == 0 && ledger_is_clearing(account);
    struct sql *sql =
        drop ? sql_begin(db, "DELETE FROM account_sum WHERE account = ?1 AND subject = ?2")
             : sql_begin(db, "INSERT INTO account_sum (account, subject, fen) VALUES (?1, ?2, ?3)"
                             " ON CONFLICT (account, subject) DO UPDATE SET fen = excluded.fen");
    sql_bind_text(sql, 1, ledger_account_name(account));
    sql_bind_text(sql, 2, subject);
    if (!drop) {
        sql_bind_i64(sql, 3, sum.fen);
    }
    return sql_run(sql);
}

static enum err post_leg(struct db *db, int64_t posting_id, int64_t line,
                         const struct ledger_leg *leg, const char *subject)
{
    struct money sum = money_fen(0);
    enum err err = insert_leg(db, posting_id, line, leg, subject);
    if (err == OK) {
        err = ledger_store_sum(db, leg->account, subject, &sum);
    }
    if (err == OK && !money_add(sum, leg->amount, &sum)) {
        err = ERR_RANGE;
    }
    return err == OK ? store_sum(db, leg->account, subject, sum) : err;
}

enum err ledger_store_post(struct db *db, const struct ledger_document *document,
                           enum ledger_step step, struct money amount)
{
    struct ledger_posting posting = {0};
    if (!ledger_post(step, amount, &posting)) {
        return ERR_RANGE;
    }
    MUST(document->document_no[0] != '\0');
    struct sql *sql =
        sql_begin(db, "INSERT INTO posting (document_no, step, at) VALUES (?1, ?2, ?3)");
    sql_bind_text(sql, 1, document->document_no);
    sql_bind_text(sql, 2, ledger_step_name(step));
    sql_bind_i64(sql, 3, db_wall_s(db));
    enum err err = sql_run(sql);
    const int64_t posting_id = db_last_rowid(db);
    for (size_t i = 0; i < posting.leg_count && err == OK; i++) {
        const struct ledger_leg *leg = &posting.legs[i];
        err = post_leg(db, posting_id, (int64_t)i + 1, leg, subject_of(document, leg->account));
    }
    return err;
}

enum err ledger_store_sum(struct db *db, enum ledger_account account, const char *subject,
                          struct money *ret_sum)
{
    struct sql *sql =
        sql_begin(db, "SELECT fen FROM account_sum WHERE account = ?1 AND subject = ?2");
    sql_bind_text(sql, 1, ledger_account_name(account));
    sql_bind_text(sql, 2, subject);
    enum err err = sql_one(sql);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_sum = money_fen(err == OK ? sql_i64(sql, 0) : 0);
    sql_end(sql);
    return OK;
}

enum err ledger_store_balance(struct db *db, const char *meter_id, struct money *ret_balance)
{
    struct money sum = money_fen(0);
    enum err err = ledger_store_sum(db, LEDGER_CUST, meter_id, &sum);
    if (err == OK && !money_sub(money_fen(0), sum, ret_balance)) {
        err = ERR_RANGE;
    }
    return err;
}
