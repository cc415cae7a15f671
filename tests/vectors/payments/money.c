/* SPDX-License-Identifier: Apache-2.0 */
#include "common/money.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "core/order/order.h"
#include "core/reconcile/reconcile.h"
#include "tests/vectors/payments/run.h"

enum { RECONCILE_ROWS_MAX = 4096 };

static void money_texts(const struct run *run, const json_t *in, json_t *got)
{
    (void)run;
    json_t *fen = json_array();
    json_t *back = json_array();
    size_t i = 0;
    json_t *value = NULL;
    json_array_foreach(json_object_get(in, "texts"), i, value)
    {
        struct money money;
        char text[MONEY_TEXT_SIZE];
        bool ok = money_parse_yuan(json_string_value(value), json_string_length(value),
                                   /* allow_negative= */ false, &money);
        (void)json_array_append_new(fen, ok ? json_integer(money.fen) : json_null());
        (void)json_array_append_new(back,
                                    ok ? json_string(money_format_yuan(money, text)) : json_null());
    }
    json_put(got, "fen", fen);
    json_put(got, "back", back);
}

/* ---- lifecycle ---- */

/* False for an event that the order does not know. */
static bool event_of(const json_t *json, struct order_event *ret_event)
{
    *ret_event = (struct order_event){0};
    ret_event->amount = money_fen(json_integer_value(json_object_get(json, "amount")));
    const json_t *currency = json_object_get(json, "currency");
    ret_event->currency_wrong =
        json_is_string(currency) && !str_equal(json_string_value(currency), "CNY");
    return order_event_parse(in_text(json, "t"), &ret_event->kind) &&
           str_copy(ret_event->trade_no, sizeof(ret_event->trade_no), in_text(json, "trade_no"));
}

static json_t *flags_of(uint32_t flags)
{
    json_t *names = json_array();
    for (uint32_t flag = 1; flag <= ORDER_FLAGS_ALL; flag <<= 1U) {
        if ((flags & flag) != 0) {
            (void)json_array_append_new(names, json_string(order_flag_name(flag)));
        }
    }
    return names;
}

static void lifecycle(const struct run *run, const json_t *in, json_t *got)
{
    (void)run;
    struct money amount = money_fen(json_integer_value(json_object_get(in, "amount_fen")));
    struct order order = order_create(amount, LEDGER_METER);
    json_t *trail = json_array();
    int64_t credits = 0;
    bool known = true;
    size_t i = 0;
    json_t *json = NULL;
    (void)json_array_append_new(trail, json_string(order_state_name(order.state)));
    json_array_foreach(json_object_get(in, "events"), i, json)
    {
        struct order_event event;
        struct order_step step;
        known = known && event_of(json, &event);
        if (!known) {
            break;
        }
        bool started = order.credit_started;
        order = order_apply(&order, &event, &step);
        MUST(order_is_sound(&order));
        credits += order.credit_started && !started ? 1 : 0;
        (void)json_array_append_new(trail, json_string(order_state_name(order.state)));
    }
    json_put(got, "trail", trail);
    if (!known) {
        return; /* the missing keys make the vector fail */
    }
    json_put_text(got, "final", order_state_name(order.state));
    json_put_int(got, "credits_started", credits);
    json_put_int(got, "credited_fen", order.state == ORDER_DONE ? order.paid.fen : 0);
    json_put_int(got, "refund_numbers", order.refund_numbered ? 1 : 0);
    json_put(got, "flags", flags_of(order.flags));
}

/* ---- reconcile ---- */

struct day {
    struct reconcile_order orders[RECONCILE_ROWS_MAX];
    struct reconcile_row rows[RECONCILE_ROWS_MAX];
    size_t order_count;
    size_t row_count;
};

static int compare_orders(const void *a, const void *b)
{
    const struct reconcile_order *x = a;
    const struct reconcile_order *y = b;
    return strcmp(x->order_no, y->order_no);
}

static int compare_rows(const void *a, const void *b)
{
    return reconcile_row_compare(a, b);
}

static const char *text_at(const json_t *row, size_t index)
{
    const char *text = json_string_value(json_array_get(row, index));
    return text != NULL ? text : "";
}

static int64_t number_at(const json_t *row, size_t index)
{
    return json_integer_value(json_array_get(row, index));
}

static void read_day(const json_t *in, struct day *day)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(in, "ledger"), i, row)
    {
        MUST(day->order_count < RECONCILE_ROWS_MAX);
        bool edge = str_equal(text_at(row, 5), "edge");
        day->orders[day->order_count++] = (struct reconcile_order){
            .order_no = text_at(row, 0),
            .amount = money_fen(number_at(row, 2)),
            .paid = number_at(row, 3) == 0 ? RECONCILE_NOT_PAID
                    : edge                 ? RECONCILE_PAID_EDGE
                                           : RECONCILE_PAID_THIS_DAY,
            .refunded = money_fen(number_at(row, 4)),
        };
    }
    json_array_foreach(json_object_get(in, "bill"), i, row)
    {
        MUST(day->row_count < RECONCILE_ROWS_MAX);
        int64_t fen = number_at(row, 2);
        day->rows[day->row_count++] = (struct reconcile_row){
            .order_no = text_at(row, 0),
            .refund_no = text_at(row, 3),
            .is_refund = str_equal(text_at(row, 1), "refund"),
            .amount = money_fen(fen < 0 ? -fen : fen),
        };
    }
    qsort(day->orders, day->order_count, sizeof(day->orders[0]), compare_orders);
    qsort(day->rows, day->row_count, sizeof(day->rows[0]), compare_rows);
}

static void add_finding(void *self, const struct reconcile_finding *finding)
{
    json_t *findings = self;
    (void)json_array_append_new(
        findings, json_pack("[s,s]", reconcile_kind_name(finding->kind), finding->order_no));
}

static void reconcile(const struct run *run, const json_t *in, json_t *got)
{
    static struct day day;
    (void)run;
    day = (struct day){0};
    read_day(in, &day);
    json_t *findings = json_array();
    const struct reconcile_input input = {.orders = day.orders,
                                          .order_count = day.order_count,
                                          .rows = day.rows,
                                          .row_count = day.row_count};
    const struct reconcile_sink sink = {add_finding, findings};
    struct reconcile_sums sums;
    if (reconcile_day(&input, &sink, &sums)) {
        json_put(got, "findings", findings);
    } else {
        json_decref(findings);
    }
}

static const char *const MONEY[] = {"fen", "back", NULL};
static const char *const LIFECYCLE[] = {
    "final", "trail", "credits_started", "credited_fen", "refund_numbers", "flags", NULL};
static const char *const RECONCILE[] = {"findings", NULL};

const struct category MONEY_CATEGORIES[] = {
    {"money", MONEY, money_texts},
    {"lifecycle", LIFECYCLE, lifecycle},
    {"reconcile", RECONCILE, reconcile},
};
const size_t MONEY_CATEGORY_COUNT = ARRAY_COUNT(MONEY_CATEGORIES);
