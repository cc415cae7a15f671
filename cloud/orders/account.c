/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The money side of the catalogue: a customer's balance in the cloud, what a reading costs him,
 * and whether his meter may be sold to. A charge is a posting whose document is the meter and the
 * register value, so the same reading again charges nothing.
 */
#include "cloud/orders/account.h"

#include "cloud/catalog/catalog.h"
#include "cloud/orders/internal.h"
#include "cloud/orders/ledger_store.h"
#include "cloud/orders/relay_store.h"
#include "common/must.h"
#include "common/str.h"

enum {
    REST_ONE = 1000000, /* 0.0001 units x 0.0001 yuan = 0.000001 fen */
    DOCUMENT_SIZE = 80,
};

/* ---- looking ---- */

static enum err look_last(struct db *db, const char *meter_id, struct account_view *view)
{
    struct sql *sql = sql_begin(db, "SELECT amount_fen, paid_at FROM pay_order WHERE meter_id = ?1"
                                    " AND state = 'DONE' ORDER BY created_ms DESC LIMIT 1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        view->has_last_top_up = true;
        view->last_top_up_fen = sql_i64(sql, 0);
        view->last_top_up_at = sql_i64(sql, 1);
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err look_open(struct db *db, const char *meter_id, struct account_view *view)
{
    struct sql *sql =
        sql_begin(db, "SELECT terminal_id FROM pay_order WHERE meter_id = ?1 AND state IN"
                      " ('NEW', 'WAIT_PAY', 'CLOSING', 'PAID', 'CREDITING')"
                      " ORDER BY created_ms DESC LIMIT 1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        view->has_open_order = true;
        if (!sql_copy_text(sql, 0, view->open_order_terminal, sizeof(view->open_order_terminal))) {
            err = ERR_CHECKSUM;
        }
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err account_is_blocked(struct db *db, const char *meter_id, bool *ret_blocked)
{
    struct sql *sql = sql_begin(
        db, "SELECT 1 FROM delivery d JOIN pay_order o USING (order_no) WHERE d.meter_id = ?1"
            " AND d.kind NOT IN ('cloud', 'card') AND (d.stage IN ('UNKNOWN', 'FENCING')"
            " OR (o.state = 'REVIEW' AND d.stage IN ('ASSIGNED', 'SENT'))) LIMIT 1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_blocked = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err look(void *self, struct db *db, const char *meter_id, struct account_view *ret_view)
{
    struct account_view view = {0};
    struct money balance = money_fen(0);
    (void)self;
    enum err err = ledger_store_balance(db, meter_id, &balance);
    if (err == OK) {
        view.balance_fen = balance.fen;
        view.arrears_fen = balance.fen < 0 ? -balance.fen : 0;
        err = look_last(db, meter_id, &view);
    }
    if (err == OK) {
        err = look_open(db, meter_id, &view);
    }
    if (err == OK) {
        err = account_is_blocked(db, meter_id, &view.sale_blocked);
    }
    if (err == OK) {
        *ret_view = view;
    }
    return err;
}

/* ---- charging ---- */

static enum err load_use(struct db *db, const char *meter_id, int64_t *ret_energy_e4,
                         int64_t *ret_rest_e6)
{
    struct sql *sql = sql_begin(db, "SELECT energy_e4, rest_e6 FROM meter_use WHERE meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_energy_e4 = sql_i64(sql, 0);
        *ret_rest_e6 = sql_i64(sql, 1);
    }
    sql_end(sql);
    return err;
}

static enum err store_use(struct db *db, const char *meter_id, int64_t energy_e4, int64_t rest_e6)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO meter_use (meter_id, energy_e4, rest_e6) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT (meter_id) DO UPDATE SET energy_e4 = ?2, rest_e6 = ?3");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, energy_e4);
    sql_bind_i64(sql, 3, rest_e6);
    return sql_run(sql);
}

static enum err charge(struct orders *orders, struct db *db, const char *meter_id,
                       int64_t energy_e4, struct money cost)
{
    char document_no[DOCUMENT_SIZE];
    struct money balance = money_fen(0);
    if (!str_format(document_no, sizeof(document_no), "USE-%s-%lld", meter_id,
                    (long long)energy_e4)) {
        return ERR_RANGE;
    }
    const struct ledger_document document = {
        .document_no = document_no, .channel = "", .meter_id = meter_id};
    enum err err = ledger_store_post(db, &document, LEDGER_USE_CUST, cost);
    if (err == OK) {
        err = ledger_store_balance(db, meter_id, &balance);
    }
    return err == OK ? relay_store_used(orders, db, meter_id, balance) : err;
}

static enum err use(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                    int64_t read_at)
{
    struct catalog_meter meter;
    int64_t charged_e4 = 0;
    int64_t rest_e6 = 0;
    int64_t cost_e6 = 0;
    (void)read_at;
    enum err err = load_use(db, meter_id, &charged_e4, &rest_e6);
    if (err == ERR_NOT_FOUND) {
        return store_use(db, meter_id, energy_e4, 0); /* from here on it is ours to charge */
    }
    if (err != OK || energy_e4 <= charged_e4) {
        return err;
    }
    err = catalog_meter_get(db, meter_id, &meter);
    if (err != OK) {
        return err;
    }
    MUST(meter.price_e4_yuan >= 0);
    if (__builtin_mul_overflow(energy_e4 - charged_e4, meter.price_e4_yuan, &cost_e6) ||
        __builtin_add_overflow(cost_e6, rest_e6, &cost_e6)) {
        return ERR_RANGE;
    }
    err = store_use(db, meter_id, energy_e4, cost_e6 % REST_ONE);
    return err == OK && cost_e6 >= REST_ONE
               ? charge(self, db, meter_id, energy_e4, money_fen(cost_e6 / REST_ONE))
               : err;
}

struct account_port orders_account_port(struct orders *orders)
{
    return (struct account_port){.look = look, .use = use, .self = orders};
}

/* ---- a balance from a former system ---- */

static enum err check_opened(struct db *db, const char *document_no, struct money balance)
{
    struct sql *sql = sql_begin(db, "SELECT l.fen FROM posting p JOIN leg l USING (posting_id)"
                                    " WHERE p.document_no = ?1 AND l.account = 'CUST'");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK && sql_i64(sql, 0) != -balance.fen) {
        err = ERR_EXISTS;
    }
    sql_end(sql);
    return err;
}

enum err orders_open_balance(struct db *db, const char *meter_id, struct money balance)
{
    char document_no[DOCUMENT_SIZE];
    if (!str_format(document_no, sizeof(document_no), "OPEN-%s", meter_id)) {
        return ERR_RANGE;
    }
    enum err err = check_opened(db, document_no, balance);
    if (err != ERR_NOT_FOUND || balance.fen == 0) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    const struct ledger_document document = {
        .document_no = document_no, .channel = "", .meter_id = meter_id};
    return balance.fen > 0
               ? ledger_store_post(db, &document, LEDGER_TAKE_OVER_CUST, balance)
               : ledger_store_post(db, &document, LEDGER_USE_CUST, money_fen(-balance.fen));
}
