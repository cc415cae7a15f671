/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay: the same pure functions that decided live, fed with the journal. If the result is not
 * the stored row, somebody changed a row by hand, or a program wrote one without its event.
 */
#include "cloud/review/replay.h"

#include <string.h>

#include "common/json/json.h"
#include "common/str.h"

enum { DETAIL_SIZE_MAX = 1024 };

static bool read_order_event(const struct sql *sql, struct order_event *ret_event)
{
    struct order_event event = {.amount = money_fen(sql_i64(sql, 1)),
                                .currency_wrong = sql_bool(sql, 3)};
    if (!order_event_parse(sql_text(sql, 0), &event.kind) ||
        !sql_copy_text(sql, 2, event.trade_no, sizeof(event.trade_no))) {
        return false;
    }
    *ret_event = event;
    return true;
}

enum err replay_order(struct db *db, const struct order_row *row, struct order *ret_order)
{
    struct order order = order_create(row->order.amount, row->order.credit_to);
    struct sql *sql = sql_begin(db, "SELECT event, amount_fen, trade_no, currency_wrong FROM"
                                    " pay_event WHERE order_no = ?1 ORDER BY seq");
    sql_bind_text(sql, 1, row->order_no);
    bool more = true;
    for (;;) {
        enum err err = sql_next(sql, &more);
        if (err != OK || !more) {
            *ret_order = order;
            return err;
        }
        struct order_event event;
        struct order_step step;
        if (!read_order_event(sql, &event)) {
            return ERR_CHECKSUM;
        }
        order = order_apply(&order, &event, &step);
    }
}

/* ---- deliveries ---- */

static bool kind_parse(const char *name, enum delivery_event_kind *ret_kind)
{
    for (int i = 0; i < DELIVERY_EV_KIND_COUNT; i++) {
        if (str_equal(name, delivery_event_name((enum delivery_event_kind)i))) {
            *ret_kind = (enum delivery_event_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_detail(const json_t *object, struct delivery_event *event)
{
    char reading[256];
    struct json_reader r = json_reader(object);
    event->never_sent = json_flag(&r, "never_sent");
    event->count_moved = json_flag(&r, "count_moved");
    event->fenced = json_flag(&r, "fenced");
    event->has_reading = json_flag(&r, "has_reading");
    const int64_t answer = json_int(&r, "answer", 0, DELIVERY_ANSWER_COUNT - 1);
    event->answer = (enum delivery_answer)answer;
    event->use.price_e4_yuan_kwh = json_int(&r, "price_e4", 0, INT64_MAX);
    event->use.fixed.fen = json_int(&r, "fixed_fen", 0, INT64_MAX);
    event->use.energy_step = json_int(&r, "energy_step", 1, INT64_MAX);
    const json_t *values = json_object_at(&r, "reading");
    return !json_failed(&r) && json_print(values, reading, sizeof(reading)) &&
           delivery_reading_parse(reading, &event->reading);
}

static bool read_delivery_event(const struct sql *sql, struct delivery_event *ret_event)
{
    struct delivery_event event = {0};
    const char *text = sql_text(sql, 1);
    json_t *object = json_parse_object(text, strlen(text), DETAIL_SIZE_MAX);
    bool good =
        object != NULL && kind_parse(sql_text(sql, 0), &event.kind) && read_detail(object, &event);
    json_decref(object);
    if (good) {
        *ret_event = event;
    }
    return good;
}

enum err replay_delivery(struct db *db, const struct delivery_row *row,
                         struct delivery *ret_delivery)
{
    struct delivery delivery = delivery_create(row->delivery.kind, row->delivery.amount);
    struct sql *sql =
        sql_begin(db, "SELECT event, detail FROM delivery_event WHERE order_no = ?1 ORDER BY seq");
    sql_bind_text(sql, 1, row->order_no);
    bool more = true;
    for (;;) {
        enum err err = sql_next(sql, &more);
        if (err != OK || !more) {
            *ret_delivery = delivery;
            return err;
        }
        struct delivery_event event;
        struct delivery_step step;
        if (!read_delivery_event(sql, &event)) {
            return ERR_CHECKSUM;
        }
        delivery = delivery_apply(&delivery, &event, &step);
    }
}
