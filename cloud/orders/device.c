/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question waits in a small object that two threads share: the one that asks and the gateway's,
 * which answers. Whoever comes last frees it, so a question that was given up (the service stops)
 * leaves nothing behind.
 */
#include "cloud/orders/device.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/catalog/decimal.h"
#include "cloud/meters/values.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/dl645/prepay.h"

#define ITEM_LAST_AMOUNT "03330301" /* amount of the last purchase, yuan */
#define ITEM_TOTAL "03330601"       /* total bought, yuan */
#define ITEM_CUSTOMER "0400040E"

enum {
    READ_DEADLINE_MS = 8000, /* seven items at 2400 baud with a retry each */
    READ_SLACK_MS = 4000,    /* beyond it, should the gateway not keep its word */
};

struct question {
    struct monitor monitor;
    bool answered;
    bool abandoned;
    enum err err;
    struct bus_reply reply;
};

static void free_question(struct question *question)
{
    monitor_finish(&question->monitor);
    free(question);
}

static void on_answer(void *self, const struct bus_reply *reply, enum err why)
{
    struct question *question = self;
    monitor_enter(&question->monitor);
    question->answered = true;
    question->err = reply != NULL ? OK : why;
    if (reply != NULL) {
        question->reply = *reply;
    }
    bool abandoned = question->abandoned;
    monitor_notify(&question->monitor);
    monitor_leave(&question->monitor);
    if (abandoned) {
        free_question(question);
    }
}

static enum err wait_answer(struct question *question, struct bus_reply *ret_reply)
{
    monitor_enter(&question->monitor);
    bool in_time = true;
    while (!question->answered && in_time) {
        in_time = monitor_wait_ms(&question->monitor, READ_DEADLINE_MS + READ_SLACK_MS);
    }
    bool answered = question->answered;
    enum err err = answered ? question->err : ERR_TIMEOUT;
    if (answered && err == OK) {
        *ret_reply = question->reply;
    }
    question->abandoned = !answered;
    monitor_leave(&question->monitor);
    if (answered) {
        free_question(question);
    }
    return err;
}

static void add_item(char items[BUS_ITEMS_MAX][BUS_ITEM_SIZE], size_t *count, const char *item)
{
    MUST(*count < BUS_ITEMS_MAX);
    bool fits = str_copy(items[*count], BUS_ITEM_SIZE, item);
    MUST(fits);
    *count += 1;
}

size_t device_items(const struct catalog_meter *meter, bool customer,
                    char ret_items[BUS_ITEMS_MAX][BUS_ITEM_SIZE])
{
    size_t count = 0;
    const bool counts = meter->profile.kind == BUS_METER_COUNT;
    if (counts) {
        add_item(ret_items, &count, BUS_ITEM_COUNT);
        add_item(ret_items, &count, ITEM_LAST_AMOUNT);
    }
    if (meter->profile.total_bought) {
        add_item(ret_items, &count, ITEM_TOTAL);
    }
    add_item(ret_items, &count, ITEM_REMAINING);
    add_item(ret_items, &count, ITEM_OVERDRAFT);
    add_item(ret_items, &count, ITEM_ENERGY);
    if (counts && customer) {
        add_item(ret_items, &count, ITEM_CUSTOMER);
    }
    return count;
}

enum err device_ask(struct orders *orders, const struct catalog_meter *meter, bool customer,
                    struct bus_reply *ret_reply)
{
    struct question *question = calloc(1, sizeof(*question));
    if (question == NULL) {
        return ERR_MEMORY;
    }
    monitor_init(&question->monitor);
    struct bus_command command = {.op = BUS_OP_READ, .deadline_ms = READ_DEADLINE_MS};
    id_make(orders->setup.rng, clock_wall_s(orders->setup.clock) * 1000, command.id);
    bool fits = str_copy(command.meter, sizeof(command.meter), meter->address);
    MUST(fits);
    command.u.read.item_count = device_items(meter, customer, command.u.read.items);
    command.u.read.prio = BUS_PRIO_CHECK;
    enum err err =
        gateway_ask(orders->setup.gateway, meter->collector_id, &command, on_answer, question);
    if (err != OK) {
        free_question(question);
        return err;
    }
    return wait_answer(question, ret_reply);
}

/* ---- values ---- */

static bool money_of(const struct bus_reply *reply, enum bus_when when, const char *item,
                     struct money *ret_money)
{
    const char *text = values_find(reply->values, reply->value_count, when, item);
    return text != NULL && decimal_parse_fen(text, &ret_money->fen);
}

void device_reading(const struct bus_reply *reply, enum bus_when when,
                    struct delivery_reading *ret_reading)
{
    struct delivery_reading reading = {0};
    const char *count = values_find(reply->values, reply->value_count, when, BUS_ITEM_COUNT);
    const char *energy = values_find(reply->values, reply->value_count, when, ITEM_ENERGY);
    int64_t energy_e4 = 0;
    reading.has_count = count != NULL && parse_u32(count, UINT32_MAX, &reading.count);
    reading.has_last = money_of(reply, when, ITEM_LAST_AMOUNT, &reading.last_amount);
    reading.has_total = money_of(reply, when, ITEM_TOTAL, &reading.total);
    reading.has_balance =
        values_balance(reply->values, reply->value_count, when, &reading.balance.fen);
    reading.has_energy = energy != NULL && decimal_parse_e4(energy, &energy_e4);
    reading.energy_centi_kwh = energy_e4 / 100;
    *ret_reading = reading;
}

struct delivery_use device_use(const struct catalog_meter *meter)
{
    return (struct delivery_use){
        .price_e4_yuan_kwh = meter->price_e4_yuan,
        .energy_step = 1, /* the register shows 0.01 kWh */
    };
}

bool device_customer(const struct bus_reply *reply, char ret_customer[DL645_NUMBER_TEXT_SIZE])
{
    const char *text = values_find(reply->values, reply->value_count, BUS_WHEN_NOW, ITEM_CUSTOMER);
    return text != NULL && strlen(text) == DL645_NUMBER_TEXT_SIZE - 1 &&
           str_copy(ret_customer, DL645_NUMBER_TEXT_SIZE, text);
}

/* ---- models ---- */

enum delivery_kind device_kind(const struct catalog_meter *meter)
{
    if (meter->profile.on_card) {
        return DELIVERY_CARD_TOKEN;
    }
    switch (meter->profile.kind) {
    case BUS_METER_CLOUD:
        return DELIVERY_CLOUD_BALANCE;
    case BUS_METER_COUNT:
        return DELIVERY_PURCHASE_COUNT;
    case BUS_METER_ORDER:
        return DELIVERY_ORDER_NUMBER;
    case BUS_METER_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

bool device_is_sellable(const struct catalog_meter *meter, const char **ret_reason)
{
    const struct catalog_profile *profile = &meter->profile;
    if (profile->kind == BUS_METER_CLOUD || profile->on_card) {
        return true;
    }
    const struct dl645_prepay_model *model = dl645_prepay_find(profile->layout);
    const bool counts = profile->kind == BUS_METER_COUNT;
    *ret_reason = "model_unknown";
    if (model == NULL || model->has_cipher ||
        (model->proof == DL645_PROOF_PURCHASE_COUNT) != counts) {
        return false;
    }
    /* Frames carry fen; a model that counts otherwise would be credited a wrong amount. */
    *ret_reason = "amount_unit";
    if (profile->amount_unit != CATALOG_AMOUNT_FEN) {
        return false;
    }
    *ret_reason = "no_key_service";
    if (model->has_mac && profile->mac_port[0] == '\0') {
        return false;
    }
    /* Frames may linger behind a buffered link, and nothing there could prove that they did not. */
    *ret_reason = "link_unprovable";
    return !profile->buffered_link || counts;
}

int64_t device_quiet_ms(const struct orders *orders, const struct catalog_meter *meter)
{
    const struct timers *timers = orders_timers(orders);
    const struct dl645_prepay_model *model = dl645_prepay_find(meter->profile.layout);
    int64_t quiet_ms = meter->profile.buffered_link ? timers->quiet_link_ms : timers->quiet_ms;
    if (model != NULL && model->has_mac && timers->quiet_esam_ms > quiet_ms) {
        quiet_ms = timers->quiet_esam_ms;
    }
    return quiet_ms;
}
