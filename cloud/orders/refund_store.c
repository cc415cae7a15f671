/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/refund_store.h"

#include "cloud/orders/case.h"
#include "cloud/orders/stray_store.h"
#include "common/must.h"
#include "common/str.h"

bool refund_is_stray(const char *document_no)
{
    return str_starts_with(document_no, "ST");
}

enum err refund_row_load(struct db *db, const char *document_no, struct refund_row *ret_row)
{
    struct sql *sql =
        sql_begin(db, "SELECT document_no, refund_no, channel, order_no, trade_no, fen, call,"
                      " queries FROM refund WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct refund_row row = {.fen = sql_i64(sql, 5)};
    const int64_t call = sql_i64(sql, 6);
    row.progress.call = (enum refund_call)call;
    row.progress.queries = (uint32_t)sql_i64(sql, 7);
    bool good = sql_copy_text(sql, 0, row.document_no, sizeof(row.document_no)) &&
                sql_copy_text(sql, 1, row.refund_no, sizeof(row.refund_no)) &&
                wallet_parse(sql_text(sql, 2), &row.wallet) &&
                sql_copy_text(sql, 3, row.order_no, sizeof(row.order_no)) &&
                sql_copy_text(sql, 4, row.trade_no, sizeof(row.trade_no)) &&
                row.progress.call < REFUND_CALL_COUNT;
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_row = row;
    return OK;
}

enum err refund_find(struct db *db, enum pay_wallet wallet, const char *refund_no,
                     char ret_document_no[ORDER_NUMBER_SIZE])
{
    struct sql *sql =
        sql_begin(db, "SELECT document_no FROM refund WHERE refund_no = ?1 AND channel = ?2");
    sql_bind_text(sql, 1, refund_no);
    sql_bind_text(sql, 2, pay_wallet_name(wallet));
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, ret_document_no, ORDER_NUMBER_SIZE)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

enum err refund_body_load(struct db *db, const char *document_no, char ret_body[PAY_BODY_SIZE])
{
    struct sql *sql = sql_begin(db, "SELECT body FROM refund WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, ret_body, PAY_BODY_SIZE)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

enum err refund_row_begin(struct db *db, const struct refund_row *row, const char *body)
{
    MUST(row->fen > 0);
    struct sql *sql = sql_begin(
        db, "INSERT INTO refund (document_no, refund_no, channel, order_no, trade_no, fen, body,"
            " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            " ON CONFLICT (document_no) DO UPDATE SET call = 0, queries = 0");
    sql_bind_text(sql, 1, row->document_no);
    sql_bind_text(sql, 2, row->refund_no);
    sql_bind_text(sql, 3, pay_wallet_name(row->wallet));
    sql_bind_text(sql, 4, row->order_no);
    sql_bind_text(sql, 5, row->trade_no);
    sql_bind_i64(sql, 6, row->fen);
    sql_bind_text(sql, 7, body);
    sql_bind_i64(sql, 8, db_wall_s(db));
    return sql_run(sql);
}

enum err refund_row_progress(struct db *db, const char *document_no,
                             const struct refund_progress *progress)
{
    struct sql *sql =
        sql_begin(db, "UPDATE refund SET call = ?2, queries = ?3 WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    sql_bind_i64(sql, 2, (int64_t)progress->call);
    sql_bind_i64(sql, 3, progress->queries);
    return sql_run(sql);
}

/* What an order's refund event is called for a stray payment. */
static enum stray_event stray_event_of(enum order_event_kind event)
{
    if (event == ORDER_EV_REFUND_SENT) {
        return STRAY_EV_REFUND_SENT;
    }
    if (event == ORDER_EV_REFUND_OK) {
        return STRAY_EV_REFUND_OK;
    }
    if (event == ORDER_EV_EXTERNAL_REFUND) {
        return STRAY_EV_EXTERNAL_REFUND;
    }
    const bool open = event == ORDER_EV_REFUND_UNKNOWN || event == ORDER_EV_REFUND_PROCESSING ||
                      event == ORDER_EV_REFUND_LOW_BALANCE;
    return open ? STRAY_EV_REFUND_OPEN : STRAY_EV_REFUND_FAILED;
}

enum err refund_tell(struct orders *orders, struct db *db, const char *document_no,
                     enum order_event_kind event, int64_t inbox_id)
{
    if (refund_is_stray(document_no)) {
        return stray_tell(orders, db, document_no, stray_event_of(event), inbox_id, "");
    }
    struct money_case c;
    const struct order_event order_event = {.kind = event};
    enum err err = case_open(&c, orders, db, document_no);
    if (err == OK) {
        err = case_tell_order(&c, &order_event, inbox_id, "");
    }
    return err == OK ? case_commit(&c) : err;
}
