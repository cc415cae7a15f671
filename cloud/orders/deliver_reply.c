/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of collectors to credits, voids and relay commands. A reply is stored with what it means
 * in one commit, and only then confirmed; until then the collector repeats it. Only the reply to
 * the present command of a delivery, from the journal that the command named, is told to the
 * delivery; every other one is kept and confirmed, with an alarm if it says that a dead frame
 * worked.
 *
 * "Never sent" is believed only from the very run of the collector that got the command. Another
 * run may be a copy of it, with a copy of its journal, that never saw the command while the first
 * sends it. What it says then needs the same proof as a frame that was sent: void, a quiet wire,
 * and a reading.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/meters/values.h"
#include "cloud/orders/alarm.h"
#include "cloud/orders/deliver.h"
#include "cloud/orders/device.h"
#include "cloud/orders/relay_store.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/prepay.h"

enum { REPLY_TEXT_SIZE = 8192 };

struct take {
    struct orders *orders;
    char collector_id[BUS_COLLECTOR_SIZE];
    char boot[ID_TEXT_SIZE]; /* of the run that replies */
    struct bus_reply reply;
    /* what the database knows of the command */
    char op[8];
    char meter_id[API_ID_SIZE];
    char order_no[ORDER_NUMBER_SIZE];
    uint32_t generation;
    char text[REPLY_TEXT_SIZE];
};

/* ---- the credit ---- */

static enum delivery_answer answer_of(const struct bus_reply *reply,
                                      const struct dl645_prepay_model *model)
{
    struct dl645_frame frame;
    struct dl645_prepay_answer answer;
    if (reply->accepted == BUS_TRI_TRUE) {
        return DELIVERY_ANSWER_SUCCESS;
    }
    if (reply->accepted == BUS_TRI_NULL || model == NULL ||
        dl645_frame_decode(reply->frame_reply.bytes, reply->frame_reply.size, &frame) != OK ||
        dl645_prepay_answer_parse(model, &frame, NULL, &answer) != OK) {
        return DELIVERY_ANSWER_NONE;
    }
    const bool stays =
        answer.refusal == DL645_REFUSAL_CUSTOMER || answer.refusal == DL645_REFUSAL_LIMIT ||
        answer.refusal == DL645_REFUSAL_ADDRESS || answer.refusal == DL645_REFUSAL_SUSPENDED ||
        answer.refusal == DL645_REFUSAL_LAYOUT;
    return stays ? DELIVERY_ANSWER_NEVER : DELIVERY_ANSWER_REFUSED;
}

/* The run that got the command is the one that replies. */
static bool is_same_run(const struct take *take, const struct money_case *c)
{
    return str_equal(take->boot, c->delivery.boot);
}

/*
 * True if the journal keeps that no byte of this command left. A journal that could not be written
 * and a message that was not understood leave no trace: the broker may hand the same command over
 * once more, and then it is new. The void settles those.
 */
static bool is_kept_unsent(const struct bus_reply *reply)
{
    return reply->outcome == OUTCOME_NOT_DONE && !reply->sent &&
           !str_equal(reply->error, BUS_ERROR_JOURNAL) &&
           !str_equal(reply->error, BUS_ERROR_BAD_REQUEST) &&
           !str_equal(reply->error, BUS_ERROR_UNSUPPORTED);
}

static struct delivery_event credit_event(const struct take *take, const struct money_case *c,
                                          const struct catalog_meter *meter)
{
    const struct bus_reply *reply = &take->reply;
    struct delivery_event event = {.kind = DELIVERY_EV_REPLY, .use = device_use(meter)};
    event.never_sent = is_kept_unsent(reply) && is_same_run(take, c);
    event.count_moved = str_equal(reply->error, BUS_ERROR_COUNT_CHANGED);
    event.answer = answer_of(reply, dl645_prepay_find(meter->profile.layout));
    device_reading(reply, reply->sent ? BUS_WHEN_AFTER : BUS_WHEN_BEFORE, &event.reading);
    event.has_reading =
        event.reading.has_count || event.reading.has_balance || event.reading.has_total;
    return event;
}

/*
 * True if a frame worked that the fence, or two persons, had called dead: of a send before the
 * present one, or of a delivery that is VOID. Nothing is undone here; people must look at once.
 */
static bool is_fence_broken(const struct take *take, const struct money_case *c,
                            const struct delivery_event *event)
{
    const bool dead =
        c->stage_before == DELIVERY_VOID || !str_equal(take->reply.id, c->delivery.command_id);
    return dead && take->reply.sent &&
           (event->answer == DELIVERY_ANSWER_SUCCESS ||
            delivery_judge(&c->delivery.delivery, event) == VERDICT_OURS);
}

/* The reply to the present command; an older one only says whether its fence held. */
static enum err tell_credit(struct take *take, struct money_case *c)
{
    struct catalog_meter meter;
    enum err err = catalog_meter_get(c->db, c->row.meter_id, &meter);
    if (err != OK) {
        return err;
    }
    struct delivery_event event = credit_event(take, c, &meter);
    if (is_fence_broken(take, c, &event)) {
        event.has_reading = true; /* also an empty one: the journal must keep this reply */
        err = alarm_raise(c->db, "fence_broken", c->row.order_no,
                          "a frame worked that was proven dead: credited and resent or paid back");
    }
    if (err != OK || !str_equal(take->reply.id, c->delivery.command_id)) {
        return err;
    }
    err = case_tell_delivery(c, &event);
    if (err == OK && take->reply.sent && event.reading.has_balance) {
        c->row.has_after = true;
        c->row.balance_after_fen = event.reading.balance.fen;
        c->row.balance_at = db_wall_s(c->db);
        case_touch(c);
    }
    return err;
}

/* ---- the void ---- */

/* Until no byte of the void command can still act: what of that has not passed yet. */
static int64_t quiet_left_ms(const struct take *take, const struct catalog_meter *meter)
{
    const int64_t quiet_ms = device_quiet_ms(take->orders, meter);
    const uint64_t since_ms = take->reply.since_ms;
    return since_ms < (uint64_t)quiet_ms ? quiet_ms - (int64_t)since_ms : 0;
}

/* The void did not reach a copy that may have the command: it may lie at the broker, and then wait
 * for its turn, for its whole time each. */
static int64_t copy_quiet_ms(const struct take *take, const struct catalog_meter *meter)
{
    return 2 * orders_timers(take->orders)->command_ms + device_quiet_ms(take->orders, meter);
}

static enum err tell_void(struct take *take, struct money_case *c)
{
    const struct bus_reply *reply = &take->reply;
    struct catalog_meter meter;
    enum err err = catalog_meter_get(c->db, c->row.meter_id, &meter);
    if (err != OK || reply->outcome != OUTCOME_DONE || !reply->is_void) {
        return err; /* no tombstone: the void is sent again */
    }
    const bool same_run = is_same_run(take, c);
    c->delivery.quiet_until_ms =
        c->now_ms + (same_run ? quiet_left_ms(take, &meter) : copy_quiet_ms(take, &meter));
    const struct delivery_event event = {.kind = DELIVERY_EV_VOIDED,
                                         .never_sent =
                                             reply->fate == BUS_FATE_NEVER_SENT && same_run,
                                         .use = device_use(&meter)};
    return case_tell_delivery(c, &event);
}

static enum err tell_delivery(struct take *take, struct db *db)
{
    struct money_case c;
    enum err err = case_open(&c, take->orders, db, take->order_no);
    if (err != OK || !c.has_delivery) {
        return err;
    }
    if (take->reply.epoch != c.delivery.epoch) {
        /* Another journal than the one that took the command: it cannot know what was sent. */
        return alarm_raise(db, "epoch", take->collector_id,
                           "the collector answers from another journal; its disk was replaced");
    }
    if (str_equal(take->op, "credit")) {
        err = tell_credit(take, &c);
    } else if (str_equal(take->reply.id, c.delivery.void_id)) {
        err = tell_void(take, &c);
    }
    if (err == OK) {
        err = deliver_unsent(&c);
    }
    return err == OK ? case_commit(&c) : err;
}

/* ---- the relay ---- */

static enum relay_event relay_event_of(const struct bus_reply *reply)
{
    const struct bus_value *value = bus_reply_value(reply, BUS_WHEN_AFTER, BUS_ITEM_RELAY);
    if (value == NULL) {
        value = bus_reply_value(reply, BUS_WHEN_NOW, BUS_ITEM_RELAY);
    }
    if (value == NULL) {
        return RELAY_EV_READ_FAILED;
    }
    return str_equal(value->v, "closed") ? RELAY_EV_READ_CLOSED : RELAY_EV_READ_OPEN;
}

/* The relay as it was read is also the newest that is known of the meter. */
static enum err keep_values(const struct take *take, struct db *db)
{
    struct catalog_meter meter;
    enum err err = catalog_meter_get(db, take->meter_id, &meter);
    if (err != OK || take->reply.value_count == 0) {
        return err;
    }
    const struct account_port accounts = orders_account_port(take->orders);
    const struct values values = {.meter_id = take->meter_id,
                                  .kind = meter.profile.kind,
                                  .values = take->reply.values,
                                  .count = take->reply.value_count,
                                  .read_at = db_wall_s(db)};
    return values_apply(db, &accounts, &values);
}

static enum err tell_relay(const struct take *take, struct db *db)
{
    struct relay_row row;
    enum err err = relay_store_load(db, take->meter_id, &row);
    if (err != OK || row.job.generation != take->generation) {
        return err; /* an older wish: its relay may have been moved again since */
    }
    err = keep_values(take, db);
    return err == OK ? relay_store_tell(take->orders, db, take->meter_id,
                                        relay_event_of(&take->reply), "")
                     : err;
}

/* ---- any reply ---- */

static enum err load_command(struct take *take, struct db *db)
{
    struct sql *sql = sql_begin(db, "SELECT op, meter_id, order_no, generation FROM device_command "
                                    "WHERE command_id = ?1 AND collector_id = ?2");
    sql_bind_text(sql, 1, take->reply.id);
    sql_bind_text(sql, 2, take->collector_id);
    enum err err = sql_one(sql);
    if (err == OK && !(sql_copy_text(sql, 0, take->op, sizeof(take->op)) &&
                       sql_copy_text(sql, 1, take->meter_id, sizeof(take->meter_id)) &&
                       sql_copy_text(sql, 2, take->order_no, sizeof(take->order_no)))) {
        err = ERR_CHECKSUM;
    }
    if (err == OK) {
        take->generation = (uint32_t)sql_i64(sql, 3);
    }
    sql_end(sql);
    return err;
}

static enum err keep_reply(struct take *take, struct db *db)
{
    size_t size = 0;
    enum err err = bus_reply_encode(&take->reply, take->text, sizeof(take->text), &size);
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(db, "UPDATE device_command SET reply = ?2, replied_at = ?3"
                                    " WHERE command_id = ?1 AND reply IS NULL");
    sql_bind_text(sql, 1, take->reply.id);
    sql_bind_text(sql, 2, take->text);
    sql_bind_i64(sql, 3, db_wall_s(db));
    return sql_run(sql);
}

static enum err store(struct db *db, void *arg)
{
    struct take *take = arg;
    enum err err = load_command(take, db);
    if (err == ERR_NOT_FOUND) {
        /* An id of another life of this database (a restore): kept by the collector's journal. */
        return alarm_raise(db, "unknown_command", take->collector_id, take->reply.id);
    }
    if (err == OK) {
        err = keep_reply(take, db);
    }
    if (err != OK) {
        return err;
    }
    return str_equal(take->op, "relay") ? tell_relay(take, db) : tell_delivery(take, db);
}

static void stored(enum err err, void *arg)
{
    struct take *take = arg;
    if (err == OK) {
        gateway_confirm(take->orders->setup.gateway, take->collector_id, take->reply.id);
    } else {
        log_warn("reply %s not stored: %s; it will come again", take->reply.id, err_name(err));
    }
    free(take);
}

void deliver_sink(void *self, const char *collector_id, const struct bus_reply *reply)
{
    struct orders *orders = self;
    struct take *take = calloc(1, sizeof(*take));
    if (take == NULL) {
        return; /* not confirmed: it comes again */
    }
    struct gateway_collector collector = {0};
    enum err err = gateway_collector_get(orders->setup.gateway, collector_id, &collector);
    take->orders = orders;
    take->reply = *reply;
    /* Here and not later: the state of the run that replies came just before its reply. */
    if (err != OK || !str_copy(take->boot, sizeof(take->boot), collector.boot) ||
        !str_copy(take->collector_id, sizeof(take->collector_id), collector_id) ||
        store_submit(orders->setup.store, store, stored, take) != OK) {
        free(take);
    }
}
