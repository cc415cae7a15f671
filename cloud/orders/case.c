/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: events wait in a short queue and are taken one by one; each is given to its machine,
 * written to the journal, and what the machine says in return (events for the other machine,
 * postings, intents) is gathered. There is no recursion, and nothing is stored but the journal
 * until case_commit() writes each row once.
 */
#include "cloud/orders/case.h"

#include "cloud/orders/ledger_store.h"
#include "cloud/orders/relay_store.h"
#include "cloud/orders/stray_store.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "core/estimate/estimate.h"

enum { DETAIL_TEXT_SIZE = 512 };

/* ---- the journal ---- */

static enum err journal_order(struct money_case *c, const struct order_event *event,
                              enum order_state from)
{
    struct sql *sql = sql_begin(
        c->db, "INSERT INTO pay_event (order_no, seq, event, amount_fen, trade_no, currency_wrong,"
               " from_state, to_state, inbox_id, actor, at) VALUES (?1,"
               " (SELECT coalesce(max(seq), 0) + 1 FROM pay_event WHERE order_no = ?1),"
               " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    sql_bind_text(sql, 1, c->row.order_no);
    sql_bind_text(sql, 2, order_event_name(event->kind));
    sql_bind_i64(sql, 3, event->amount.fen);
    sql_bind_text(sql, 4, event->trade_no);
    sql_bind_bool(sql, 5, event->currency_wrong);
    sql_bind_text(sql, 6, order_state_name(from));
    sql_bind_text(sql, 7, order_state_name(c->row.order.state));
    if (c->inbox_id != 0) {
        sql_bind_i64(sql, 8, c->inbox_id);
    }
    sql_bind_text(sql, 9, c->actor);
    sql_bind_i64(sql, 10, db_wall_s(c->db));
    return sql_run(sql);
}

static bool detail_print(const struct delivery_event *event, char ret_text[DETAIL_TEXT_SIZE])
{
    json_t *detail = json_object();
    json_put_flag(detail, "never_sent", event->never_sent);
    json_put_flag(detail, "count_moved", event->count_moved);
    json_put_flag(detail, "fenced", event->fenced);
    json_put_flag(detail, "has_reading", event->has_reading);
    json_put_int(detail, "answer", (int64_t)event->answer);
    json_put_int(detail, "price_e4", event->use.price_e4_yuan_kwh);
    json_put_int(detail, "fixed_fen", event->use.fixed.fen);
    json_put_int(detail, "energy_step", event->use.energy_step);
    json_put(detail, "reading", delivery_reading_json(&event->reading));
    bool fits = json_print(detail, ret_text, DETAIL_TEXT_SIZE);
    json_decref(detail);
    return fits;
}

static enum err journal_delivery(struct money_case *c, const struct delivery_event *event,
                                 enum delivery_stage from)
{
    char detail[DETAIL_TEXT_SIZE];
    if (!detail_print(event, detail)) {
        return ERR_INTERNAL;
    }
    struct sql *sql = sql_begin(
        c->db, "INSERT INTO delivery_event (order_no, seq, event, detail, from_stage, to_stage, at)"
               " VALUES (?1,"
               " (SELECT coalesce(max(seq), 0) + 1 FROM delivery_event WHERE order_no = ?1),"
               " ?2, ?3, ?4, ?5, ?6)");
    sql_bind_text(sql, 1, c->row.order_no);
    sql_bind_text(sql, 2, delivery_event_name(event->kind));
    sql_bind_text(sql, 3, detail);
    sql_bind_text(sql, 4, delivery_stage_name(from));
    sql_bind_text(sql, 5, delivery_stage_name(c->delivery.delivery.stage));
    sql_bind_i64(sql, 6, db_wall_s(c->db));
    return sql_run(sql);
}

/* ---- the two machines ---- */

static void queue_order(struct money_case *c, enum order_event_kind kind)
{
    MUST(c->queue_count < CASE_QUEUE_MAX);
    c->queue[c->queue_count] = (struct case_event){.order = {.kind = kind}};
    c->queue_count += 1;
}

static void queue_delivery(struct money_case *c, enum delivery_event_kind kind)
{
    MUST(c->queue_count < CASE_QUEUE_MAX);
    c->queue[c->queue_count] = (struct case_event){
        .for_delivery = true, .delivery = {.kind = kind, .use = {.energy_step = 1}}};
    c->queue_count += 1;
}

static void entered_state(struct money_case *c, enum order_state from)
{
    if (c->row.order.state == from) {
        return;
    }
    c->row.state_ms = c->now_ms;
    c->row.pay_try = 0;
    if (c->row.order.state == ORDER_WAIT_PAY) {
        c->row.qr_ms = c->now_ms;
    }
}

static enum err take_order_event(struct money_case *c, const struct order_event *event)
{
    const enum order_state from = c->row.order.state;
    const bool had_money = c->row.order.money != ORDER_MONEY_NONE;
    struct order_step step = {0};
    c->row.order = order_apply(&c->row.order, event, &step);
    entered_state(c, from);
    if (!had_money && c->row.order.money != ORDER_MONEY_NONE) {
        c->row.has_paid_at = true;
        c->row.paid_at = db_wall_s(c->db);
    }
    c->order_changed = c->order_changed || step.changed;
    c->order_intents |= step.intents;
    for (size_t i = 0; i < step.posting_count; i++) {
        MUST(c->posting_count < CASE_POSTINGS_MAX);
        c->postings[c->posting_count] = step.postings[i];
        c->posting_count += 1;
    }
    if ((step.intents & ORDER_DO_STOP_DELIVERY) != 0 && c->has_delivery) {
        queue_delivery(c, DELIVERY_EV_STOP);
    }
    if ((step.intents & ORDER_DO_STRAY) != 0) {
        const struct stray_payment stray = {.wallet = c->row.wallet,
                                            .trade_no = event->trade_no,
                                            .seen_as = c->row.order_no,
                                            .amount = event->amount};
        enum err err = stray_found(c->orders, c->db, &stray, c->inbox_id);
        if (err != OK) {
            return err;
        }
    }
    const bool heard = step.changed || order_event_is_delivery(event->kind) ||
                       (step.intents & (ORDER_DO_STRAY | ORDER_DO_ALARM)) != 0;
    return heard ? journal_order(c, event, from) : OK;
}

static enum err take_delivery_event(struct money_case *c, const struct delivery_event *event)
{
    MUST(c->has_delivery);
    const enum delivery_stage from = c->delivery.delivery.stage;
    struct delivery_step step = {0};
    c->delivery.delivery = delivery_apply(&c->delivery.delivery, event, &step);
    c->delivery_changed = c->delivery_changed || step.changed;
    c->delivery_intents |= step.intents;
    c->given_back = c->given_back || (step.changed && event->kind == DELIVERY_EV_SETTLED_BACK);
    if (c->delivery.delivery.stage != from) {
        c->delivery.work_try = 0;
        c->order_changed = true; /* the screen shows the stage */
    }
    for (size_t i = 0; i < step.order_event_count; i++) {
        queue_order(c, step.order_events[i]);
    }
    const bool heard = step.changed || event->has_reading || event->kind == DELIVERY_EV_READING;
    return heard ? journal_delivery(c, event, from) : OK;
}

static enum err work_off(struct money_case *c)
{
    enum err err = OK;
    size_t next = 0;
    while (next < c->queue_count && err == OK) {
        const struct case_event event = c->queue[next];
        next += 1;
        err = event.for_delivery ? take_delivery_event(c, &event.delivery)
                                 : take_order_event(c, &event.order);
    }
    c->queue_count = 0;
    return err;
}

/* ---- the way in ---- */

enum err case_open(struct money_case *c, struct orders *orders, struct db *db, const char *order_no)
{
    *c = (struct money_case){.orders = orders, .db = db, .now_ms = db_service_ms(db), .actor = ""};
    enum err err = order_row_load(db, order_no, &c->row);
    if (err != OK) {
        return err;
    }
    c->state_before = c->row.order.state;
    err = delivery_row_load(db, order_no, &c->delivery);
    c->has_delivery = err == OK;
    c->stage_before = c->has_delivery ? c->delivery.delivery.stage : DELIVERY_READY;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err case_tell_order(struct money_case *c, const struct order_event *event, int64_t inbox_id,
                         const char *actor)
{
    MUST(c->queue_count == 0);
    c->inbox_id = inbox_id;
    c->actor = actor;
    c->queue[0] = (struct case_event){.order = *event};
    c->queue_count = 1;
    return work_off(c);
}

enum err case_tell(struct money_case *c, enum order_event_kind kind)
{
    const struct order_event event = {.kind = kind};
    return case_tell_order(c, &event, 0, "");
}

enum err case_tell_delivery(struct money_case *c, const struct delivery_event *event)
{
    MUST(c->queue_count == 0);
    MUST(c->has_delivery);
    c->inbox_id = 0;
    c->actor = "";
    c->queue[0] = (struct case_event){.for_delivery = true, .delivery = *event};
    c->queue_count = 1;
    return work_off(c);
}

void case_touch(struct money_case *c)
{
    c->order_changed = true;
}

/* ---- the commit ---- */

/* Balances around a credit to the cloud's own account, for screen and paper. */
static enum err note_balances(struct money_case *c)
{
    struct money before = money_fen(0);
    struct money after = money_fen(0);
    enum err err = ledger_store_balance(c->db, c->row.meter_id, &before);
    if (err != OK || !money_add(before, c->row.order.amount, &after)) {
        return err == OK ? ERR_RANGE : err;
    }
    c->row.has_before = true;
    c->row.balance_before_fen = before.fen;
    c->row.has_after = true;
    c->row.balance_after_fen = after.fen;
    c->row.balance_at = db_wall_s(c->db);
    c->row.arrears_fen = estimate_arrears(before, c->row.order.amount).arrears.fen;
    return OK;
}

static enum err post_all(struct money_case *c)
{
    const struct ledger_document document = {
        .document_no = c->row.order_no,
        .channel = pay_wallet_name(c->row.wallet),
        .meter_id = c->row.meter_id,
    };
    for (size_t i = 0; i < c->posting_count; i++) {
        const struct order_posting *posting = &c->postings[i];
        enum err err = posting->step == LEDGER_CREDIT_CUST ? note_balances(c) : OK;
        if (err == OK) {
            err = ledger_store_post(c->db, &document, posting->step, posting->amount);
        }
        if (err == OK && posting->step == LEDGER_CREDIT_CUST) {
            err = relay_store_paid(c->orders, c->db, c->row.meter_id, c->row.order_no,
                                   money_fen(c->row.balance_after_fen));
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* A device credit reserves the money from the assignment to its end. */
static enum err reserve(struct money_case *c)
{
    const enum order_state state = c->row.order.state;
    if (state == c->state_before) {
        return OK;
    }
    if (state == ORDER_CREDITING && c->row.order.credit_to != LEDGER_CUST) {
        struct sql *sql = sql_begin(c->db, "INSERT INTO reservation (order_no, account, meter_id,"
                                           " fen, state) VALUES (?1, ?2, ?3, ?4, 'pending')"
                                           " ON CONFLICT (order_no) DO NOTHING");
        sql_bind_text(sql, 1, c->row.order_no);
        sql_bind_text(sql, 2, ledger_account_name(c->row.order.credit_to));
        sql_bind_text(sql, 3, c->row.meter_id);
        sql_bind_i64(sql, 4, c->row.order.amount.fen);
        return sql_run(sql);
    }
    if (state != ORDER_DONE && state != ORDER_REFUND_DUE && state != ORDER_REFUNDED) {
        return OK;
    }
    struct sql *sql = sql_begin(c->db, "UPDATE reservation SET state = ?2"
                                       " WHERE order_no = ?1 AND state = 'pending'");
    sql_bind_text(sql, 1, c->row.order_no);
    sql_bind_text(sql, 2, state == ORDER_DONE ? "posted" : "void");
    return sql_run(sql);
}

enum err case_commit(struct money_case *c)
{
    enum err err = post_all(c);
    if (err == OK) {
        err = reserve(c);
    }
    if (err == OK) {
        err = case_do_order(c);
    }
    if (err == OK && c->has_delivery) {
        err = case_do_delivery(c);
    }
    if (err == OK && c->delivery_changed) {
        err = delivery_row_save(c->db, &c->delivery);
    }
    if (err == OK && c->order_changed) {
        err = order_row_save(c->db, &c->row);
        news_changed(c->orders->news, c->db, c->row.order_no);
    }
    return err;
}
