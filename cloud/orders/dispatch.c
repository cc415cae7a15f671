/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASSIGNED -> SENT, and the void of what was sent. The commit comes first and says that the
 * command may be on its way; only then it is handed to the broker. If it provably did not leave
 * this process, that is told at once; everything else is unknown.
 */
#include "cloud/orders/deliver.h"
#include "cloud/orders/device.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/prepay.h"

enum {
    REPLY_TIMEOUT_MS = 1000, /* DL/T 645-2007: a meter answers within Td, 500 ms */
    REPLY_TIMEOUT_ESAM_MS = 5000,
    VOID_DEADLINE_MS = 10000,
};

struct dispatch {
    struct deliver *deliver;
    struct gateway_collector collector; /* as it is now */
    bool ready;                         /* the commit was made: send */
    struct delivery_frames frames;
};

enum err deliver_command(struct orders *orders, struct db *db, const char *op,
                         const struct delivery_row *row, char ret_id[ID_TEXT_SIZE])
{
    id_make(orders->setup.rng, db_wall_s(db) * 1000, ret_id);
    struct sql *sql = sql_begin(
        db, "INSERT INTO device_command (command_id, op, collector_id, meter_id, order_no,"
            " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    sql_bind_text(sql, 1, ret_id);
    sql_bind_text(sql, 2, op);
    sql_bind_text(sql, 3, row->collector_id);
    sql_bind_text(sql, 4, row->meter_id);
    sql_bind_text(sql, 5, row->order_no);
    sql_bind_i64(sql, 6, db_wall_s(db));
    return sql_run(sql);
}

/* ---- the credit ---- */

static enum err tell_dispatch(struct dispatch *dispatch, struct money_case *c)
{
    const struct orders *orders = c->orders;
    const struct timers *timers = orders_timers(orders);
    const struct delivery_event event = {.kind = DELIVERY_EV_DISPATCH, .use = {.energy_step = 1}};
    enum err err = case_tell_delivery(c, &event);
    if (err != OK || c->delivery.delivery.stage != DELIVERY_SENT) {
        return err;
    }
    err = deliver_command(c->orders, c->db, "credit", &c->delivery, c->delivery.command_id);
    c->delivery.void_id[0] = '\0';
    c->delivery.epoch = dispatch->collector.epoch;
    bool fits = str_copy(c->delivery.boot, sizeof(c->delivery.boot), dispatch->collector.boot);
    MUST(fits);
    c->delivery.quiet_until_ms = c->now_ms + timers->command_ms + timers->reply_ms;
    if (err == OK && !c->delivery.has_first_sent) {
        c->delivery.has_first_sent = true;
        c->delivery.first_sent_ms = c->now_ms;
        err = job_put(orders->setup.jobs, c->db, JOB_DELIVER_END, c->row.order_no,
                      c->now_ms + timers->delivery_ms);
    }
    return err;
}

static enum err store_dispatch(struct db *db, void *arg)
{
    struct dispatch *dispatch = arg;
    struct deliver *deliver = dispatch->deliver;
    struct money_case c;
    enum err err = case_open(&c, deliver->orders, db, deliver->order_no);
    if (err != OK || !c.has_delivery || c.delivery.delivery.stage != DELIVERY_ASSIGNED) {
        return err;
    }
    err = delivery_frames_load(db, deliver->order_no, &dispatch->frames);
    if (err == OK) {
        err = tell_dispatch(dispatch, &c);
    }
    if (err == OK) {
        err = case_commit(&c);
    }
    deliver->row = c.delivery;
    dispatch->ready = err == OK;
    return err;
}

static void make_credit(const struct dispatch *dispatch, struct bus_command *ret_command)
{
    const struct deliver *deliver = dispatch->deliver;
    const struct delivery_row *row = &deliver->row;
    const struct dl645_prepay_model *model = dl645_prepay_find(deliver->meter.profile.layout);
    const bool esam = model != NULL && model->has_mac;
    *ret_command = (struct bus_command){
        .op = BUS_OP_CREDIT,
        .epoch = row->epoch,
        .deadline_ms = (uint32_t)orders_timers(deliver->orders)->command_ms,
    };
    struct bus_credit *credit = &ret_command->u.credit;
    bool fits = str_copy(ret_command->id, sizeof(ret_command->id), row->command_id) &&
                str_copy(ret_command->meter, sizeof(ret_command->meter), deliver->meter.address);
    MUST(fits);
    credit->has_expect_count = row->has_seq;
    credit->expect_count = row->has_seq ? row->seq - 1 : 0;
    credit->before_count = device_items(&deliver->meter, /* customer= */ false, credit->before);
    credit->after_count = device_items(&deliver->meter, /* customer= */ false, credit->after);
    for (size_t i = 0; i < dispatch->frames.auth_count; i++) {
        credit->auth[i] = dispatch->frames.auth[i];
    }
    credit->auth_count = dispatch->frames.auth_count;
    credit->frame = dispatch->frames.frame;
    credit->reply_timeout_ms = esam ? REPLY_TIMEOUT_ESAM_MS : REPLY_TIMEOUT_MS;
    credit->send = row->delivery.sends;
}

enum err deliver_unsent(struct money_case *c)
{
    const struct delivery *delivery = &c->delivery.delivery;
    if (delivery->stage != DELIVERY_ASSIGNED || delivery->sends > 0 ||
        !c->delivery.has_first_sent) {
        return OK;
    }
    c->delivery.has_first_sent = false;
    return job_put(c->orders->setup.jobs, c->db, JOB_DELIVER_END, c->row.order_no,
                   c->delivery.created_ms + orders_timers(c->orders)->delivery_ms);
}

/* It was refused by our own side of the broker: no byte has left, and none will under this id. */
static enum err store_unsent(struct db *db, void *arg)
{
    const struct dispatch *dispatch = arg;
    const struct deliver *deliver = dispatch->deliver;
    struct money_case c;
    enum err err = case_open(&c, deliver->orders, db, deliver->order_no);
    if (err != OK || !c.has_delivery || c.delivery.delivery.stage != DELIVERY_SENT ||
        !str_equal(c.delivery.command_id, deliver->row.command_id)) {
        return err;
    }
    const struct delivery_event event = {
        .kind = DELIVERY_EV_REPLY, .never_sent = true, .use = {.energy_step = 1}};
    err = case_tell_delivery(&c, &event);
    if (err == OK) {
        err = deliver_unsent(&c);
    }
    return err == OK ? case_commit(&c) : err;
}

static enum err send_credit(struct dispatch *dispatch)
{
    struct bus_command command;
    make_credit(dispatch, &command);
    return gateway_send(dispatch->deliver->orders->setup.gateway,
                        dispatch->deliver->row.collector_id, &command);
}

void deliver_dispatch(struct deliver *deliver)
{
    struct orders *orders = deliver->orders;
    struct dispatch dispatch = {.deliver = deliver};
    enum err err = gateway_collector_get(orders->setup.gateway, deliver->row.collector_id,
                                         &dispatch.collector);
    if (err != OK || !dispatch.collector.online || dispatch.collector.epoch == 0) {
        deliver_later(deliver, &orders_timers(orders)->assign, "the collector is not there");
        return;
    }
    err = store_run(orders->setup.store, store_dispatch, &dispatch);
    if (err != OK || !dispatch.ready) {
        deliver_later(deliver, &orders_timers(orders)->assign, err_name(err));
        return;
    }
    if (send_credit(&dispatch) != OK) {
        err = store_run(orders->setup.store, store_unsent, &dispatch);
        log_warn("delivery %s: the command did not leave (%s)", deliver->order_no, err_name(err));
    }
}

/* ---- the void ---- */

static enum err store_void(struct db *db, void *arg)
{
    struct dispatch *dispatch = arg;
    struct deliver *deliver = dispatch->deliver;
    enum err err = delivery_row_load(db, deliver->order_no, &deliver->row);
    if (err != OK || deliver->row.delivery.stage != DELIVERY_FENCING ||
        deliver->row.delivery.voided) {
        return err;
    }
    if (deliver->row.void_id[0] == '\0') {
        err = deliver_command(deliver->orders, db, "void", &deliver->row, deliver->row.void_id);
        if (err == OK) {
            err = delivery_row_save(db, &deliver->row);
        }
    }
    dispatch->ready = err == OK;
    return err;
}

void deliver_void(struct deliver *deliver)
{
    struct orders *orders = deliver->orders;
    struct dispatch dispatch = {.deliver = deliver};
    enum err err = store_run(orders->setup.store, store_void, &dispatch);
    if (err != OK || !dispatch.ready) {
        deliver_later(deliver, &orders_timers(orders)->read_back, err_name(err));
        return;
    }
    struct bus_command command = {
        .op = BUS_OP_VOID, .epoch = deliver->row.epoch, .deadline_ms = VOID_DEADLINE_MS};
    bool fits = str_copy(command.id, sizeof(command.id), deliver->row.void_id) &&
                str_copy(command.u.voiding.target, sizeof(command.u.voiding.target),
                         deliver->row.command_id);
    MUST(fits);
    /* The answer comes to the sink; until then the same void is sent again, harmlessly. That time
     * is put down first: an answer that comes at once has a better one. */
    deliver_later(deliver, &orders_timers(orders)->read_back, NULL);
    err = gateway_send(orders->setup.gateway, deliver->row.collector_id, &command);
    if (err != OK) {
        log_info("delivery %s: the void did not leave (%s)", deliver->order_no, err_name(err));
    }
}
