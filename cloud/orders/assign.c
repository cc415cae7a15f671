/* SPDX-License-Identifier: Apache-2.0 */
/*
 * READY -> ASSIGNED: the meter is read, the count or the number is taken, the frame is made and
 * stored, all before the first byte of it may leave. One meter has at most one assigned delivery;
 * that is a rule of the database, so two workers cannot both win.
 */
#include <string.h>

#include "cloud/orders/deliver.h"
#include "cloud/orders/device.h"
#include "cloud/orders/frame_build.h"
#include "cloud/orders/number.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/prepay.h"

struct assign {
    struct deliver *deliver;
    bool my_turn;
    struct delivery_reading reading;
    struct delivery_frames frames;
    char customer[DL645_NUMBER_TEXT_SIZE];
};

/* ---- whose turn it is ---- */

/* The oldest READY one, and nothing live on this meter. Its order number is made here, once. */
static enum err take_turn(struct db *db, void *arg)
{
    struct assign *assign = arg;
    struct deliver *deliver = assign->deliver;
    struct sql *sql = sql_begin(db, "SELECT order_no FROM delivery WHERE meter_id = ?1 AND stage IN"
                                    " ('ASSIGNED', 'SENT', 'UNKNOWN', 'FENCING', 'READY')"
                                    " ORDER BY stage = 'READY', created_ms, order_no LIMIT 1");
    sql_bind_text(sql, 1, deliver->row.meter_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    assign->my_turn = str_equal(sql_text(sql, 0), deliver->order_no);
    sql_end(sql);
    if (!assign->my_turn || deliver->row.delivery.kind != DELIVERY_ORDER_NUMBER ||
        deliver->row.order_number[0] != '\0') {
        return OK;
    }
    err = delivery_row_load(db, deliver->order_no, &deliver->row);
    if (err == OK) {
        err = number_next_device(db, deliver->row.order_number);
    }
    return err == OK ? delivery_row_save(db, &deliver->row) : err;
}

/* ---- the frame ---- */

static enum err ask_macs(const struct assign *assign, uint32_t count, struct mac_codes *ret_macs)
{
    const struct deliver *deliver = assign->deliver;
    const struct mac_request request = {
        .path = deliver->meter.profile.mac_port,
        .meter = deliver->meter.address,
        .customer = assign->customer,
        .amount = deliver->amount,
        .count = count,
        .test_keys_allowed = deliver->orders->setup.test_keys_allowed,
    };
    return mac_port_ask(&request, ret_macs);
}

static enum err build(struct assign *assign)
{
    const struct deliver *deliver = assign->deliver;
    const struct dl645_prepay_model *model = dl645_prepay_find(deliver->meter.profile.layout);
    const bool counts = deliver->row.delivery.kind == DELIVERY_PURCHASE_COUNT;
    struct mac_codes macs = {0};
    if (model == NULL || (counts && assign->reading.count == UINT32_MAX)) {
        return ERR_UNSUPPORTED;
    }
    struct frame_purchase purchase = {
        .meter = &deliver->meter,
        .amount = deliver->amount,
        .count = counts ? assign->reading.count + 1 : 0,
        .customer = assign->customer,
        .order_number = deliver->row.order_number,
    };
    if (model->has_mac) {
        enum err err = ask_macs(assign, purchase.count, &macs);
        if (err != OK) {
            return err;
        }
        purchase.macs = &macs;
    }
    return frame_build(&purchase, &assign->frames);
}

/* ---- the commit ---- */

/* The order went elsewhere while the meter was asked: no frame is made. */
static enum err stop(struct money_case *c)
{
    const struct delivery_event event = {.kind = DELIVERY_EV_STOP, .use = {.energy_step = 1}};
    enum err err = case_tell_delivery(c, &event);
    return err == OK ? case_commit(c) : err;
}

static enum err store(struct db *db, void *arg)
{
    struct assign *assign = arg;
    struct deliver *deliver = assign->deliver;
    struct money_case c;
    enum err err = case_open(&c, deliver->orders, db, deliver->order_no);
    if (err != OK || !c.has_delivery || c.delivery.delivery.stage != DELIVERY_READY) {
        return err;
    }
    if (c.row.order.state != ORDER_PAID) {
        return stop(&c);
    }
    c.delivery.has_seq = c.row.kind == DELIVERY_PURCHASE_COUNT;
    c.delivery.seq = c.delivery.has_seq ? assign->reading.count + 1 : 0;
    bool fits = str_copy(c.delivery.customer, sizeof(c.delivery.customer), assign->customer) &&
                str_copy(c.delivery.collector_id, sizeof(c.delivery.collector_id),
                         deliver->meter.collector_id);
    MUST(fits);
    if (assign->reading.has_balance) {
        c.row.has_before = true;
        c.row.balance_before_fen = assign->reading.balance.fen;
        c.row.balance_at = db_wall_s(db);
    }
    const struct delivery_event event = {.kind = DELIVERY_EV_ASSIGN,
                                         .has_reading = true,
                                         .reading = assign->reading,
                                         .use = device_use(&deliver->meter)};
    err = case_tell_delivery(&c, &event);
    if (err == OK) {
        err = delivery_frames_save(db, deliver->order_no, &assign->frames);
    }
    return err == OK ? case_commit(&c) : err;
}

/* ---- the steps ---- */

static bool is_readable(const struct assign *assign)
{
    const struct delivery_reading *reading = &assign->reading;
    const bool counts = assign->deliver->row.delivery.kind == DELIVERY_PURCHASE_COUNT;
    return counts ? reading->has_count && assign->customer[0] != '\0'
                  : reading->has_total || (reading->has_balance && reading->has_energy);
}

/* The number on our records; a meter whose number we do not have on record says its own. */
static void choose_customer(struct assign *assign, const struct bus_reply *reply)
{
    const char *known = assign->deliver->meter.customer_no;
    if (known[0] != '\0') {
        bool fits = str_copy(assign->customer, sizeof(assign->customer), known);
        MUST(fits);
    } else if (!device_customer(reply, assign->customer)) {
        assign->customer[0] = '\0';
    }
}

static const char *prepare(struct assign *assign)
{
    struct deliver *deliver = assign->deliver;
    struct bus_reply reply;
    if (device_ask(deliver->orders, &deliver->meter, /* customer= */ true, &reply) != OK) {
        return "the meter was not asked";
    }
    device_reading(&reply, BUS_WHEN_NOW, &assign->reading);
    if (deliver->row.delivery.kind == DELIVERY_PURCHASE_COUNT) {
        choose_customer(assign, &reply);
    }
    if (!is_readable(assign)) {
        return "the meter did not say what a proof needs";
    }
    enum err err = build(assign);
    return err == OK ? NULL : err_name(err);
}

void deliver_assign(struct deliver *deliver)
{
    const struct timers *timers = orders_timers(deliver->orders);
    struct assign assign = {.deliver = deliver};
    enum err err = store_run(deliver->orders->setup.store, take_turn, &assign);
    if (err != OK || !assign.my_turn) {
        /* The delivery before this one frees the meter and calls us; this is only the net. */
        deliver_later(deliver, &timers->assign, err == OK ? NULL : err_name(err));
        return;
    }
    const char *why = prepare(&assign);
    if (why == NULL) {
        err = store_run(deliver->orders->setup.store, store, &assign);
        why = err == OK ? NULL : err_name(err);
        if (why == NULL) {
            return;
        }
    }
    deliver_later(deliver, &timers->assign, why);
}
