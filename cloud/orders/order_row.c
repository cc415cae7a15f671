/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of pay_order to values and back. The names in the database are those of core/order. */
#include "cloud/orders/order_row.h"

#include "cloud/orders/internal.h"
#include "common/must.h"
#include "common/str.h"

/* The columns in the order in which they are read below. */
#define COLUMNS                                                                                    \
    "order_no, terminal_id, client_request_id, purchase_id, meter_id, channel, kind, version,"     \
    " state, flags, amount_fen, paid_fen, trade_no, money, credit_to, precreate_open, qr_dead,"    \
    " credit_started, not_credited, refund_numbered, created_ms, state_ms, pay_try, qr_ms,"        \
    " more_time, scanned, slow, paid_at, balance_before_fen, balance_after_fen, arrears_fen,"      \
    " balance_at, site_id, assist"

bool wallet_parse(const char *name, enum pay_wallet *ret_wallet)
{
    for (int i = 0; i < PAY_WALLET_COUNT; i++) {
        if (str_equal(name, pay_wallet_name((enum pay_wallet)i))) {
            *ret_wallet = (enum pay_wallet)i;
            return true;
        }
    }
    return false;
}

static bool read_names(const struct sql *sql, struct order_row *row)
{
    return sql_copy_text(sql, 0, row->order_no, sizeof(row->order_no)) &&
           sql_copy_text(sql, 1, row->terminal_id, sizeof(row->terminal_id)) &&
           sql_copy_text(sql, 2, row->client_request_id, sizeof(row->client_request_id)) &&
           sql_copy_text(sql, 3, row->purchase_id, sizeof(row->purchase_id)) &&
           sql_copy_text(sql, 4, row->meter_id, sizeof(row->meter_id)) &&
           sql_copy_text(sql, 32, row->site_id, sizeof(row->site_id)) &&
           wallet_parse(sql_text(sql, 5), &row->wallet) &&
           delivery_kind_parse(sql_text(sql, 6), &row->kind);
}

static bool read_order(const struct sql *sql, struct order *order)
{
    order->flags = (uint32_t)sql_i64(sql, 9);
    order->amount = money_fen(sql_i64(sql, 10));
    order->paid = money_fen(sql_i64(sql, 11));
    const int64_t money = sql_i64(sql, 13);
    order->money = (enum order_money)money;
    order->precreate_open = sql_bool(sql, 15);
    order->qr_dead = sql_bool(sql, 16);
    order->credit_started = sql_bool(sql, 17);
    order->not_credited = (uint32_t)sql_i64(sql, 18);
    order->refund_numbered = sql_bool(sql, 19);
    return order_state_parse(sql_text(sql, 8), &order->state) &&
           sql_copy_text(sql, 12, order->trade_no, sizeof(order->trade_no)) &&
           ledger_account_parse(sql_text(sql, 14), &order->credit_to) && order_is_sound(order);
}

static void read_rest(const struct sql *sql, struct order_row *row)
{
    row->version = sql_i64(sql, 7);
    row->created_ms = sql_i64(sql, 20);
    row->state_ms = sql_i64(sql, 21);
    row->pay_try = (uint32_t)sql_i64(sql, 22);
    row->qr_ms = sql_i64(sql, 23);
    row->more_time = (uint32_t)sql_i64(sql, 24);
    row->scanned = sql_bool(sql, 25);
    row->slow = sql_bool(sql, 26);
    row->has_paid_at = !sql_is_null(sql, 27);
    row->paid_at = sql_i64(sql, 27);
    row->has_before = !sql_is_null(sql, 28);
    row->balance_before_fen = sql_i64(sql, 28);
    row->has_after = !sql_is_null(sql, 29);
    row->balance_after_fen = sql_i64(sql, 29);
    row->arrears_fen = sql_i64(sql, 30);
    row->balance_at = sql_is_null(sql, 31) ? 0 : sql_i64(sql, 31);
    row->assist = sql_bool(sql, 33);
}

enum err order_row_load(struct db *db, const char *order_no, struct order_row *ret_row)
{
    struct sql *sql = sql_begin(db, "SELECT " COLUMNS " FROM pay_order WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct order_row row = {0};
    if (!read_names(sql, &row) || !read_order(sql, &row.order)) {
        err = ERR_CHECKSUM;
    } else {
        read_rest(sql, &row);
        *ret_row = row;
    }
    sql_end(sql);
    return err;
}

static void bind_nullable(struct sql *sql, int index, bool there, int64_t value)
{
    if (there) {
        sql_bind_i64(sql, index, value);
    }
}

enum err order_row_save(struct db *db, struct order_row *row)
{
    MUST(order_is_sound(&row->order));
    struct sql *sql = sql_begin(
        db, "UPDATE pay_order SET version = version + 1, state = ?3, flags = ?4, paid_fen = ?5,"
            " trade_no = ?6, money = ?7, precreate_open = ?8, qr_dead = ?9, credit_started = ?10,"
            " not_credited = ?11, refund_numbered = ?12, state_ms = ?13, pay_try = ?14,"
            " qr_ms = ?15, more_time = ?16, scanned = ?17, slow = ?18, paid_at = ?19,"
            " balance_before_fen = ?20, balance_after_fen = ?21, arrears_fen = ?22,"
            " balance_at = ?23"
            " WHERE order_no = ?1 AND version = ?2");
    const struct order *order = &row->order;
    sql_bind_text(sql, 1, row->order_no);
    sql_bind_i64(sql, 2, row->version);
    sql_bind_text(sql, 3, order_state_name(order->state));
    sql_bind_i64(sql, 4, order->flags);
    sql_bind_i64(sql, 5, order->paid.fen);
    sql_bind_text(sql, 6, order->trade_no);
    sql_bind_i64(sql, 7, (int64_t)order->money);
    sql_bind_bool(sql, 8, order->precreate_open);
    sql_bind_bool(sql, 9, order->qr_dead);
    sql_bind_bool(sql, 10, order->credit_started);
    sql_bind_i64(sql, 11, order->not_credited);
    sql_bind_bool(sql, 12, order->refund_numbered);
    sql_bind_i64(sql, 13, row->state_ms);
    sql_bind_i64(sql, 14, row->pay_try);
    sql_bind_i64(sql, 15, row->qr_ms);
    sql_bind_i64(sql, 16, row->more_time);
    sql_bind_bool(sql, 17, row->scanned);
    sql_bind_bool(sql, 18, row->slow);
    bind_nullable(sql, 19, row->has_paid_at, row->paid_at);
    bind_nullable(sql, 20, row->has_before, row->balance_before_fen);
    bind_nullable(sql, 21, row->has_after, row->balance_after_fen);
    sql_bind_i64(sql, 22, row->arrears_fen);
    bind_nullable(sql, 23, row->balance_at != 0, row->balance_at);
    int64_t changed = 0;
    enum err err = sql_run_counted(sql, &changed);
    if (err == OK && changed != 1) {
        return ERR_CONFLICT;
    }
    row->version += err == OK ? 1 : 0;
    return err;
}

enum err order_row_set_qr(struct db *db, const char *order_no, const char *qr_text)
{
    struct sql *sql = sql_begin(db, "UPDATE pay_order SET qr_text = ?2 WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    sql_bind_text(sql, 2, qr_text);
    return sql_run(sql);
}
