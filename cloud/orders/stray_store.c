/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/stray_store.h"

#include "cloud/orders/alarm.h"
#include "cloud/orders/ledger_store.h"
#include "cloud/orders/number.h"
#include "cloud/orders/review_store.h"
#include "common/must.h"
#include "common/str.h"

static enum err journal(struct db *db, const char *stray_no, const char *event,
                        enum stray_state state, int64_t inbox_id, const char *actor)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO stray_event (stray_no, seq, event, to_state, inbox_id, actor, at)"
            " VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM stray_event WHERE stray_no = ?1),"
            " ?2, ?3, ?4, ?5, ?6)");
    sql_bind_text(sql, 1, stray_no);
    sql_bind_text(sql, 2, event);
    sql_bind_text(sql, 3, stray_state_name(state));
    if (inbox_id != 0) {
        sql_bind_i64(sql, 4, inbox_id);
    }
    sql_bind_text(sql, 5, actor);
    sql_bind_i64(sql, 6, db_wall_s(db));
    return sql_run(sql);
}

/* Postings, items and jobs of one step of the machine. */
static enum err carry_out(struct orders *orders, struct db *db, const struct stray_row *row,
                          const struct stray_step *step)
{
    enum err err = OK;
    if (step->has_posting) {
        const struct ledger_document document = {
            .document_no = row->stray_no, .channel = pay_wallet_name(row->wallet), .meter_id = ""};
        err = ledger_store_post(db, &document, step->posting, row->stray.amount);
    }
    if (err == OK && (step->intents & STRAY_DO_REVIEW) != 0) {
        err = review_open(orders, db, "stray", row->stray_no, "stray");
    }
    if (err == OK && (step->intents & (STRAY_DO_REFUND | STRAY_DO_REFUND_QUERY)) != 0) {
        err = job_ensure(orders, db, JOB_REFUND, row->stray_no, db_service_ms(db));
    }
    if (err == OK && (step->intents & STRAY_DO_ALARM) != 0) {
        err = alarm_raise(db, "stray", row->stray_no, "a payment belongs to no order");
    }
    return err;
}

static enum err insert(struct db *db, const struct stray_row *row, const char *seen_as,
                       int64_t inbox_id)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO stray (stray_no, channel, trade_no, seen_as, amount_fen, state, version,"
            " inbox_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8)");
    sql_bind_text(sql, 1, row->stray_no);
    sql_bind_text(sql, 2, pay_wallet_name(row->wallet));
    sql_bind_text(sql, 3, row->trade_no);
    sql_bind_text(sql, 4, seen_as);
    sql_bind_i64(sql, 5, row->stray.amount.fen);
    sql_bind_text(sql, 6, stray_state_name(row->stray.state));
    if (inbox_id != 0) {
        sql_bind_i64(sql, 7, inbox_id);
    }
    sql_bind_i64(sql, 8, db_wall_s(db));
    return sql_run(sql);
}

enum err stray_find(struct db *db, enum pay_wallet wallet, const char *trade_no,
                    char ret_stray_no[ORDER_NUMBER_SIZE])
{
    struct sql *sql =
        sql_begin(db, "SELECT stray_no FROM stray WHERE channel = ?1 AND trade_no = ?2");
    sql_bind_text(sql, 1, pay_wallet_name(wallet));
    sql_bind_text(sql, 2, trade_no);
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, ret_stray_no, ORDER_NUMBER_SIZE)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

enum err stray_found(struct orders *orders, struct db *db, const struct stray_payment *payment,
                     int64_t inbox_id)
{
    MUST(payment->trade_no[0] != '\0');
    struct stray_step step = {0};
    struct stray_row row = {.wallet = payment->wallet, .version = 1};
    enum err err = stray_find(db, payment->wallet, payment->trade_no, row.stray_no);
    if (err != ERR_NOT_FOUND) {
        return err; /* known */
    }
    row.stray = stray_create(payment->amount, &step);
    if (!str_copy(row.trade_no, sizeof(row.trade_no), payment->trade_no)) {
        return ERR_RANGE;
    }
    err = number_next(orders, db, row.stray_no);
    if (err == OK) {
        row.stray_no[1] = 'T'; /* ST...: cannot be taken for an order's SH... */
        err = insert(db, &row, payment->seen_as, inbox_id);
    }
    if (err == OK) {
        err = journal(db, row.stray_no, "found", row.stray.state, inbox_id, "");
    }
    return err == OK ? carry_out(orders, db, &row, &step) : err;
}

enum err stray_row_load(struct db *db, const char *stray_no, struct stray_row *ret_row)
{
    struct sql *sql =
        sql_begin(db, "SELECT stray_no, channel, trade_no, amount_fen, state, refund_numbered,"
                      " version FROM stray WHERE stray_no = ?1");
    sql_bind_text(sql, 1, stray_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct stray_row row = {.version = sql_i64(sql, 6)};
    row.stray.amount = money_fen(sql_i64(sql, 3));
    row.stray.refund_numbered = sql_bool(sql, 5);
    bool good = sql_copy_text(sql, 0, row.stray_no, sizeof(row.stray_no)) &&
                wallet_parse(sql_text(sql, 1), &row.wallet) &&
                sql_copy_text(sql, 2, row.trade_no, sizeof(row.trade_no)) &&
                stray_state_parse(sql_text(sql, 4), &row.stray.state);
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_row = row;
    return OK;
}

static enum err save(struct db *db, const struct stray_row *row)
{
    struct sql *sql = sql_begin(db, "UPDATE stray SET state = ?3, refund_numbered = ?4,"
                                    " version = version + 1 WHERE stray_no = ?1 AND version = ?2");
    sql_bind_text(sql, 1, row->stray_no);
    sql_bind_i64(sql, 2, row->version);
    sql_bind_text(sql, 3, stray_state_name(row->stray.state));
    sql_bind_bool(sql, 4, row->stray.refund_numbered);
    int64_t changed = 0;
    enum err err = sql_run_counted(sql, &changed);
    return err == OK && changed != 1 ? ERR_CONFLICT : err;
}

enum err stray_tell(struct orders *orders, struct db *db, const char *stray_no,
                    enum stray_event event, int64_t inbox_id, const char *actor)
{
    struct stray_row row;
    enum err err = stray_row_load(db, stray_no, &row);
    if (err != OK) {
        return err;
    }
    struct stray_step step = {0};
    row.stray = stray_apply(&row.stray, event, &step);
    if (!step.changed) {
        return carry_out(orders, db, &row, &step);
    }
    err = journal(db, stray_no, stray_event_name(event), row.stray.state, inbox_id, actor);
    if (err == OK) {
        err = carry_out(orders, db, &row, &step);
    }
    if (err == OK && row.stray.state != STRAY_OPEN && row.stray.state != STRAY_REVIEW) {
        /* Decided: the next failure opens a new item. */
        err = review_close(db, stray_no, stray_state_name(row.stray.state));
    }
    return err == OK ? save(db, &row) : err;
}
