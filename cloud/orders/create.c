/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating an order: every reason not to is looked at before anybody can pay, in one transaction
 * with the row itself. Refusing here costs a person a touch; refunding later costs a day.
 */
#include "cloud/orders/create.h"

#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/orders/account.h"
#include "cloud/orders/case.h"
#include "cloud/orders/device.h"
#include "cloud/orders/ledger_store.h"
#include "cloud/orders/number.h"
#include "cloud/orders/view.h"
#include "common/must.h"
#include "common/str.h"
#include "core/estimate/estimate.h"

/* What the payer reads in the wallet: service and the meter's last digits. */
#define SUBJECT_ELECTRICITY "\xE7\x94\xB5\xE8\xB4\xB9 "
#define SUBJECT_WATER "\xE6\xB0\xB4\xE8\xB4\xB9 "

enum { SUBJECT_SIZE = 64 };

/* What is looked up on the way. */
struct lookup {
    struct catalog_site site;
    struct catalog_meter meter;
    struct catalog_state state;
};

/* ---- the same wish again ---- */

static bool is_same(const struct sql *sql, const struct api_order_request *request)
{
    return str_equal(sql_text(sql, 1), request->purchase_id) &&
           str_equal(sql_text(sql, 2), request->room_id) &&
           str_equal(sql_text(sql, 3), request->meter_id) &&
           sql_i64(sql, 4) == request->amount_fen &&
           str_equal(sql_text(sql, 5), api_channel_name(request->channel));
}

/* OK with the view, or a mismatch; ERR_NOT_FOUND: a new wish. */
static enum err find_earlier(struct db *db, struct create *create)
{
    char order_no[ORDER_NUMBER_SIZE];
    struct sql *sql = sql_begin(
        db, "SELECT order_no, purchase_id, room_id, meter_id, amount_fen, channel FROM pay_order"
            " WHERE terminal_id = ?1 AND client_request_id = ?2");
    sql_bind_text(sql, 1, create->terminal_id);
    sql_bind_text(sql, 2, create->request.client_request_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    const bool same = is_same(sql, &create->request);
    const bool fits = sql_copy_text(sql, 0, order_no, sizeof(order_no));
    sql_end(sql);
    create->refusal = same ? CREATE_OK : CREATE_MISMATCH;
    if (!fits) {
        return ERR_CHECKSUM;
    }
    return same ? view_load(create->orders, db, order_no, NULL, &create->view) : OK;
}

/* ---- reasons not to ---- */

static enum err look_up(struct db *db, const struct create *create, struct lookup *lookup)
{
    const struct api_order_request *request = &create->request;
    enum err err = catalog_meter_get(db, request->meter_id, &lookup->meter);
    if (err == OK && (!str_equal(lookup->meter.site_id, create->site_id) ||
                      !str_equal(lookup->meter.room_id, request->room_id))) {
        err = ERR_NOT_FOUND;
    }
    if (err == OK) {
        err = catalog_site_get(db, create->site_id, &lookup->site);
    }
    return err == OK ? catalog_state_get(db, request->meter_id, &lookup->state) : err;
}

/* What the meter and the site say, without other orders. */
static enum create_refusal refuse_meter(struct create *create, const struct lookup *lookup)
{
    const struct api_order_request *request = &create->request;
    const char *reason = lookup->meter.sale_reason;
    if (!create->has_room) {
        return CREATE_DISK_FULL;
    }
    if (!create->payments_open) {
        return CREATE_CLOSED;
    }
    if (!lookup->meter.sale_open || !device_is_sellable(&lookup->meter, &reason)) {
        str_format_cut(create->sale_reason, sizeof(create->sale_reason), "%s", reason);
        return CREATE_SALE_REFUSED;
    }
    if (request->amount_fen < lookup->site.amount_min_fen ||
        request->amount_fen > lookup->site.amount_max_fen) {
        return CREATE_AMOUNT;
    }
    return CREATE_OK;
}

static enum err is_collector_online(struct db *db, const char *collector_id, bool *ret_online)
{
    struct sql *sql = sql_begin(db, "SELECT online FROM collector WHERE collector_id = ?1");
    sql_bind_text(sql, 1, collector_id);
    enum err err = sql_one(sql);
    *ret_online = err == OK && sql_bool(sql, 0);
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* A balance in the cloud is sold blind; one inside the meter wants the meter to answer. */
static enum err refuse_silent(struct db *db, struct create *create, const struct lookup *lookup)
{
    bool online = false;
    if (lookup->meter.profile.kind == BUS_METER_CLOUD || lookup->meter.profile.on_card) {
        return OK;
    }
    enum err err = is_collector_online(db, lookup->meter.collector_id, &online);
    const bool silent = !online || lookup->state.is_silent;
    if (err == OK && silent && !lookup->site.sell_to_silent) {
        create->refusal = CREATE_SILENT_REFUSED;
    } else if (err == OK && silent && !create->request.accept_offline) {
        create->refusal = CREATE_SILENT;
    }
    return err;
}

/* A card meter is sold to by its card, and a card to its meter only. */
static enum err refuse_card(struct db *db, struct create *create, const struct lookup *lookup)
{
    const struct card_port *cards = &create->orders->cards;
    const bool has_card = create->request.card_session[0] != '\0';
    struct card_pass pass = {.gate = CARD_GATE_REFUSED, .reason = CATALOG_CARD_ONLY};
    if (!has_card && !lookup->meter.profile.on_card) {
        return OK;
    }
    if (has_card && lookup->meter.profile.on_card && cards->gate != NULL) {
        const struct card_wish wish = {.terminal_id = create->terminal_id,
                                       .session_id = create->request.card_session,
                                       .meter_id = create->request.meter_id,
                                       .purchase_id = create->request.purchase_id,
                                       .amount_fen = create->request.amount_fen};
        enum err err = cards->gate(cards->self, db, &wish, &pass);
        if (err != OK) {
            return err;
        }
    }
    static const enum create_refusal REFUSALS[CARD_GATE_COUNT] = {
        [CARD_GATE_OPEN] = CREATE_OK,
        [CARD_GATE_OVER] = CREATE_CARD_OVER,
        [CARD_GATE_REFUSED] = CREATE_CARD_REFUSED,
        [CARD_GATE_AMOUNT] = CREATE_AMOUNT,
    };
    create->refusal = REFUSALS[pass.gate];
    bool fits = str_copy(create->sale_reason, sizeof(create->sale_reason), pass.reason) &&
                str_copy(create->card_uid, sizeof(create->card_uid), pass.uid);
    MUST(fits);
    return OK;
}

static enum err refuse_blocked(struct db *db, struct create *create)
{
    bool blocked = false;
    enum err err = account_is_blocked(db, create->request.meter_id, &blocked);
    if (err == OK && blocked) {
        create->refusal = CREATE_BLOCKED;
    }
    return err;
}

static enum err refuse_elsewhere(struct db *db, struct create *create)
{
    struct sql *sql = sql_begin(db, "SELECT 1 FROM pay_order WHERE meter_id = ?1 AND"
                                    " purchase_id <> ?2 AND state IN ('NEW', 'WAIT_PAY') LIMIT 1");
    sql_bind_text(sql, 1, create->request.meter_id);
    sql_bind_text(sql, 2, create->request.purchase_id);
    enum err err = sql_one(sql);
    sql_end(sql);
    if (err == OK && !create->request.accept_open_elsewhere) {
        create->refusal = CREATE_OPEN_ELSEWHERE;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Earlier attempts of this purchase: one that may still be paid is ended first; one that was paid
 * ends the purchase. */
static enum err refuse_attempts(struct db *db, struct create *create)
{
    struct sql *sql = sql_begin(
        db, "SELECT order_no, state FROM pay_order WHERE purchase_id = ?1 AND state NOT IN"
            " ('CLOSED', 'REFUND_DUE', 'REFUNDING', 'REFUNDED') ORDER BY created_ms LIMIT 1");
    sql_bind_text(sql, 1, create->request.purchase_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        enum order_state state = ORDER_NEW;
        bool good = sql_copy_text(sql, 0, create->other_no, sizeof(create->other_no)) &&
                    order_state_parse(sql_text(sql, 1), &state);
        const bool payable =
            state == ORDER_NEW || state == ORDER_WAIT_PAY || state == ORDER_CLOSING;
        create->refusal = payable ? CREATE_SUPERSEDES : CREATE_PAID;
        err = good ? OK : ERR_CHECKSUM;
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err refuse(struct db *db, struct create *create, const struct lookup *lookup)
{
    typedef enum err (*rule)(struct db * db, struct create * create);
    static const rule RULES[] = {refuse_blocked, refuse_attempts, refuse_elsewhere};
    create->refusal = refuse_meter(create, lookup);
    enum err err = create->refusal == CREATE_OK ? refuse_card(db, create, lookup) : OK;
    for (size_t i = 0; i < ARRAY_COUNT(RULES); i++) {
        if (err == OK && create->refusal == CREATE_OK) {
            err = RULES[i](db, create);
        }
    }
    return err == OK && create->refusal == CREATE_OK ? refuse_silent(db, create, lookup) : err;
}

/* ---- the rows ---- */

static enum err put_purchase(struct db *db, struct create *create)
{
    const struct api_order_request *request = &create->request;
    struct sql *sql = sql_begin(db, "INSERT INTO purchase (purchase_id, terminal_id, meter_id,"
                                    " created_at) VALUES (?1, ?2, ?3, ?4)"
                                    " ON CONFLICT (purchase_id) DO NOTHING");
    sql_bind_text(sql, 1, request->purchase_id);
    sql_bind_text(sql, 2, create->terminal_id);
    sql_bind_text(sql, 3, request->meter_id);
    sql_bind_i64(sql, 4, db_wall_s(db));
    int64_t added = 0;
    enum err err = sql_run_counted(sql, &added);
    if (err != OK || added == 1) {
        return err;
    }
    sql = sql_begin(db, "SELECT 1 FROM purchase WHERE purchase_id = ?1 AND terminal_id = ?2"
                        " AND meter_id = ?3");
    sql_bind_text(sql, 1, request->purchase_id);
    sql_bind_text(sql, 2, create->terminal_id);
    sql_bind_text(sql, 3, request->meter_id);
    err = sql_one(sql);
    sql_end(sql);
    if (err == ERR_NOT_FOUND) {
        create->refusal = CREATE_MISMATCH;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static bool make_body(struct create *create, struct db *db, const struct lookup *lookup,
                      const char *order_no, char ret_body[PAY_BODY_SIZE])
{
    char subject[SUBJECT_SIZE];
    const bool water = lookup->meter.profile.service == API_SERVICE_WATER;
    const struct pay_order pay_order = {
        .order_no = order_no,
        .amount_fen = create->request.amount_fen,
        .subject = subject,
        .terminal_id = create->terminal_id,
        .now_wall_s = db_wall_s(db),
        .expire_s = orders_timers(create->orders)->expiry_ms / 1000,
    };
    const enum pay_wallet wallet =
        create->request.channel == API_CHANNEL_ALIPAY ? PAY_ALIPAY : PAY_WECHAT;
    return str_format(subject, sizeof(subject), "%s%s", water ? SUBJECT_WATER : SUBJECT_ELECTRICITY,
                      lookup->meter.tail) &&
           pay_precreate_body(create->orders->setup.pay, wallet, &pay_order, ret_body);
}

static void bind_meter(struct sql *sql, const struct lookup *lookup)
{
    const struct catalog_meter *meter = &lookup->meter;
    const enum delivery_kind kind = device_kind(meter);
    sql_bind_text(sql, 10, ledger_account_name(delivery_credit_account(kind)));
    sql_bind_text(sql, 11, delivery_kind_name(kind));
    sql_bind_text(sql, 12, meter->place);
    sql_bind_text(sql, 13, meter->customer_masked);
    sql_bind_text(sql, 14, meter->address);
    sql_bind_text(sql, 15, meter->tail);
    sql_bind_i64(sql, 16, meter->price_e4_yuan);
}

/* The balance as it is known now, for the page with the QR (E11). */
static enum err bind_balance(struct sql *sql, struct db *db, const struct create *create,
                             const struct lookup *lookup)
{
    struct money balance = money_fen(lookup->state.balance_fen);
    int64_t read_at = lookup->state.balance_at;
    bool known = lookup->state.has_balance;
    if (lookup->meter.profile.kind == BUS_METER_CLOUD) {
        enum err err = ledger_store_balance(db, create->request.meter_id, &balance);
        if (err != OK) {
            return err;
        }
        known = true;
        read_at = db_wall_s(db); /* the account is in this database */
    }
    const struct money amount = money_fen(create->request.amount_fen);
    if (known) {
        sql_bind_i64(sql, 19, balance.fen);
        sql_bind_i64(sql, 22, read_at);
    }
    sql_bind_i64(sql, 20, known ? estimate_arrears(balance, amount).arrears.fen : 0);
    return OK;
}

static enum err insert(struct db *db, struct create *create, const struct lookup *lookup,
                       const char *order_no)
{
    const struct api_order_request *request = &create->request;
    char body[PAY_BODY_SIZE];
    if (!make_body(create, db, lookup, order_no, body)) {
        return ERR_RANGE;
    }
    struct sql *sql = sql_begin(
        db, "INSERT INTO pay_order (order_no, terminal_id, client_request_id, purchase_id, site_id,"
            " room_id, meter_id, channel, version, state, amount_fen, credit_to, kind, place,"
            " customer_masked, meter_address, meter_tail, price_e4_yuan, created_at, created_ms,"
            " state_ms, pay_try, body, balance_before_fen, arrears_fen, balance_at, assist)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 'NEW', ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
            " ?16, ?17, ?18, ?18, 1, ?21, ?19, ?20, ?22, ?23)");
    sql_bind_text(sql, 1, order_no);
    sql_bind_text(sql, 2, create->terminal_id);
    sql_bind_text(sql, 3, request->client_request_id);
    sql_bind_text(sql, 4, request->purchase_id);
    sql_bind_text(sql, 5, create->site_id);
    sql_bind_text(sql, 6, request->room_id);
    sql_bind_text(sql, 7, request->meter_id);
    sql_bind_text(sql, 8, api_channel_name(request->channel));
    sql_bind_i64(sql, 9, request->amount_fen);
    bind_meter(sql, lookup);
    sql_bind_i64(sql, 17, db_wall_s(db));
    sql_bind_i64(sql, 18, db_service_ms(db));
    sql_bind_text(sql, 21, body);
    sql_bind_bool(sql, 23, request->assist);
    enum err err = bind_balance(sql, db, create, lookup);
    return err == OK ? sql_run(sql) : err;
}

static enum err put_card(struct db *db, const struct create *create, const char *order_no)
{
    struct sql *sql = sql_begin(db, "INSERT INTO card_order (order_no, uid) VALUES (?1, ?2)");
    sql_bind_text(sql, 1, order_no);
    sql_bind_text(sql, 2, create->card_uid);
    return sql_run(sql);
}

static enum err put_jobs(struct db *db, const struct create *create, const char *order_no)
{
    const struct timers *timers = orders_timers(create->orders);
    struct jobs *jobs = create->orders->setup.jobs;
    const int64_t now_ms = db_service_ms(db);
    const int64_t first_ms = now_ms + timers_row_wait(&timers->precreate, 0);
    enum err err = job_put(jobs, db, JOB_PAY, order_no, first_ms);
    if (err == OK) {
        err = job_put(jobs, db, JOB_WINDOW, order_no, now_ms + timers->slow_ms);
    }
    return err == OK ? job_put(jobs, db, JOB_QR_DEAD, order_no, now_ms + timers->qr_dead_ms) : err;
}

enum err create_order(struct db *db, void *arg)
{
    struct create *create = arg;
    struct lookup lookup;
    char order_no[ORDER_NUMBER_SIZE];
    enum err err = find_earlier(db, create);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    err = look_up(db, create, &lookup);
    if (err == ERR_NOT_FOUND) {
        create->refusal = CREATE_NOT_FOUND;
        return OK;
    }
    if (err == OK) {
        err = refuse(db, create, &lookup);
    }
    if (err == OK && create->refusal == CREATE_OK) {
        err = put_purchase(db, create);
    }
    if (err != OK || create->refusal != CREATE_OK) {
        return err;
    }
    err = number_next(create->orders, db, order_no);
    if (err == OK) {
        err = insert(db, create, &lookup, order_no);
    }
    if (err == OK && create->card_uid[0] != '\0') {
        err = put_card(db, create, order_no);
    }
    if (err == OK) {
        err = put_jobs(db, create, order_no);
    }
    return err == OK ? view_load(create->orders, db, order_no, NULL, &create->view) : err;
}

enum err create_supersede(struct orders *orders, struct db *db, const char *order_no)
{
    struct money_case c;
    enum err err = case_open(&c, orders, db, order_no);
    if (err == OK) {
        err = case_tell(&c, ORDER_EV_CANCEL);
    }
    if (err == OK) {
        err = case_tell(&c, ORDER_EV_SUPERSEDED);
    }
    return err == OK ? case_commit(&c) : err;
}
