/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_orders/double_gateway.h"

#include <string.h>

#include <pthread.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/prepay.h"
#include "protocol/dl645/status.h"

enum { METERS_MAX = 8, JOURNAL_MAX = 256 };

enum fate { FATE_UNKNOWN, FATE_NEVER, FATE_SENT };

struct entry {
    char id[ID_TEXT_SIZE];
    bool voided;
    enum fate fate;
};

struct gateway {
    pthread_mutex_t mutex;
    gateway_sink sink;
    void *sink_self;
    struct double_meter meters[METERS_MAX];
    size_t meter_count;
    struct entry journal[JOURNAL_MAX];
    size_t entry_count;
    bool online;
    uint32_t epoch;
    int boot;
    struct bus_command copy_has; /* FAULT_COPY: what the other copy will send */
    bool mute;
    int confirmed;
    bool has_again; /* the broker hands this one over once more, before the next command */
    struct bus_command again;
};

static struct gateway the_gateway = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void enter(void)
{
    (void)pthread_mutex_lock(&the_gateway.mutex);
}

static void leave(void)
{
    (void)pthread_mutex_unlock(&the_gateway.mutex);
}

void double_gateway_reset(void)
{
    enter();
    the_gateway.meter_count = 0;
    the_gateway.entry_count = 0;
    the_gateway.online = true;
    the_gateway.epoch = 7;
    the_gateway.boot = 1;
    the_gateway.copy_has.id[0] = '\0';
    the_gateway.mute = false;
    the_gateway.confirmed = 0;
    the_gateway.has_again = false;
    leave();
}

struct gateway *double_gateway(void)
{
    return &the_gateway;
}

static struct double_meter *find(const char *address)
{
    for (size_t i = 0; i < the_gateway.meter_count; i++) {
        if (str_equal(the_gateway.meters[i].address, address)) {
            return &the_gateway.meters[i];
        }
    }
    MUST_NOT_REACH(); /* a test that forgot to add it */
}

void double_gateway_add(const char *address, enum bus_meter_kind kind, int64_t balance_fen)
{
    enter();
    struct double_meter *meter = &the_gateway.meters[the_gateway.meter_count];
    the_gateway.meter_count += 1;
    *meter = (struct double_meter){
        .kind = kind, .count = 3, .balance_fen = balance_fen, .energy_centi = 100000};
    str_format_cut(meter->address, sizeof(meter->address), "%s", address);
    leave();
}

struct double_meter double_gateway_meter(const char *address)
{
    enter();
    struct double_meter meter = *find(address);
    leave();
    return meter;
}

void double_gateway_fault(const char *address, enum double_fault fault, int times)
{
    enter();
    find(address)->fault = fault;
    find(address)->fault_times = times;
    leave();
}

void double_gateway_kill(const char *address, bool dead)
{
    enter();
    find(address)->dead = dead;
    leave();
}

void double_gateway_relay(const char *address, bool open)
{
    enter();
    find(address)->relay_open = open;
    leave();
}

static void buy(struct double_meter *meter, int64_t fen)
{
    meter->count += 1;
    meter->last_fen = fen;
    meter->balance_fen += fen;
    meter->total_fen += fen;
}

void double_gateway_sell(const char *address, int64_t fen)
{
    enter();
    buy(find(address), fen);
    leave();
}

void double_gateway_online(bool online)
{
    enter();
    the_gateway.online = online;
    leave();
}

void double_gateway_mute(bool mute)
{
    enter();
    the_gateway.mute = mute;
    leave();
}

int double_gateway_confirmed(void)
{
    enter();
    int confirmed = the_gateway.confirmed;
    leave();
    return confirmed;
}

/* ---- what a meter says ---- */

static void add_value(struct bus_reply *reply, enum bus_when when, const char *item,
                      const char *text)
{
    struct bus_value *value = &reply->values[reply->value_count];
    reply->value_count += 1;
    value->when = when;
    str_format_cut(value->item, sizeof(value->item), "%s", item);
    str_format_cut(value->v, sizeof(value->v), "%s", text);
}

static void add_fen(struct bus_reply *reply, enum bus_when when, const char *item, int64_t fen)
{
    char text[BUS_VALUE_SIZE];
    str_format_cut(text, sizeof(text), "%lld.%02lld", (long long)(fen / 100),
                   (long long)(fen % 100));
    add_value(reply, when, item, text);
}

static void say_item(const struct double_meter *meter, enum bus_when when, const char *item,
                     struct bus_reply *reply)
{
    char text[BUS_VALUE_SIZE];
    const int64_t balance = meter->balance_fen;
    if (str_equal(item, "03330201")) {
        str_format_cut(text, sizeof(text), "%u", (unsigned)meter->count);
        add_value(reply, when, item, text);
    } else if (str_equal(item, "03330301")) {
        add_fen(reply, when, item, meter->last_fen);
    } else if (str_equal(item, "03330601")) {
        add_fen(reply, when, item, meter->total_fen);
    } else if (str_equal(item, "00900200")) {
        add_fen(reply, when, item, balance > 0 ? balance : 0);
    } else if (str_equal(item, "00900201")) {
        add_fen(reply, when, item, balance < 0 ? -balance : 0);
    } else if (str_equal(item, "00010000")) {
        add_fen(reply, when, item, meter->energy_centi);
    } else if (str_equal(item, "0400040E")) {
        add_value(reply, when, item, "000000100001");
    }
}

static void say_items(const struct double_meter *meter, enum bus_when when,
                      const char items[][BUS_ITEM_SIZE], size_t count, struct bus_reply *reply)
{
    for (size_t i = 0; i < count; i++) {
        say_item(meter, when, items[i], reply);
    }
}

/* ---- the collector ---- */

static struct entry *entry_of(const char *id)
{
    for (size_t i = 0; i < the_gateway.entry_count; i++) {
        if (str_equal(the_gateway.journal[i].id, id)) {
            return &the_gateway.journal[i];
        }
    }
    struct entry *entry = &the_gateway.journal[the_gateway.entry_count];
    the_gateway.entry_count += 1;
    *entry = (struct entry){0};
    str_format_cut(entry->id, sizeof(entry->id), "%s", id);
    return entry;
}

static void begin(struct bus_reply *reply, const char *id)
{
    memset(reply, 0, sizeof(*reply));
    str_format_cut(reply->id, sizeof(reply->id), "%s", id);
    reply->epoch = the_gateway.epoch;
}

/* The amount that the frame itself carries; -1 if it is not for this meter. */
static int64_t amount_of(const struct double_meter *meter, const struct bus_credit *credit)
{
    const struct dl645_prepay_model *model =
        dl645_prepay_find(meter->kind == BUS_METER_COUNT ? "standard" : "q");
    struct dl645_frame frame;
    struct dl645_message message;
    struct money amount;
    if (dl645_frame_decode(credit->frame.bytes, credit->frame.size, &frame) != OK ||
        dl645_recharge_parse(model, &frame, NULL, &message, &amount) != OK ||
        !str_equal(message.address, meter->address)) {
        return -1;
    }
    if (meter->kind == BUS_METER_COUNT && message.purchase_count != meter->count + 1) {
        return -1;
    }
    return amount.fen;
}

static void carry_out(struct double_meter *meter, const struct bus_credit *credit)
{
    const int64_t fen = amount_of(meter, credit);
    meter->frames += 1;
    if (fen > 0) {
        buy(meter, fen);
        meter->credits += 1;
        meter->credited_fen += fen;
    }
}

/* A refusal as the meter would send it: C3 with SERR "over the limit". */
static void refuse(const struct double_meter *meter, struct bus_reply *reply)
{
    struct dl645_message message = {.function = DL645_SECURITY_AUTH,
                                    .reply = true,
                                    .error = true,
                                    .fields = DL645_HAS(DL645_FIELD_ERROR),
                                    .error_size = 2,
                                    .error_bits = DL645_SERR_LIMIT};
    struct dl645_frame frame;
    str_format_cut(message.address, sizeof(message.address), "%s", meter->address);
    reply->accepted = BUS_TRI_FALSE;
    reply->has_serr = true;
    reply->serr = DL645_SERR_LIMIT;
    if (dl645_message_encode(&message, &frame) == OK) {
        (void)!dl645_frame_encode(&frame, 0, reply->frame_reply.bytes,
                                  sizeof(reply->frame_reply.bytes), &reply->frame_reply.size);
    }
}

static enum double_fault take_fault(struct double_meter *meter)
{
    if (meter->fault_times <= 0) {
        return FAULT_NONE;
    }
    meter->fault_times -= 1;
    return meter->fault;
}

/* Known to the broker only; the collector took nothing of it. */
static bool not_kept(const struct bus_command *command, enum double_fault fault,
                     struct bus_reply *reply)
{
    the_gateway.has_again = fault == FAULT_JOURNAL;
    the_gateway.again = *command;
    reply->outcome = OUTCOME_NOT_DONE;
    str_format_cut(reply->error, sizeof(reply->error), "%s", BUS_ERROR_JOURNAL);
    return fault == FAULT_JOURNAL;
}

/* Carry the credit out under the fault that is due. False: no reply comes. */
static bool do_credit(const struct bus_command *command, struct double_meter *meter,
                      struct bus_reply *reply)
{
    const struct bus_credit *credit = &command->u.credit;
    const enum double_fault fault = take_fault(meter);
    reply->is_credit = true;
    if (fault == FAULT_JOURNAL || fault == FAULT_SWALLOW) {
        return not_kept(command, fault, reply);
    }
    struct entry *entry = entry_of(command->id);
    entry->fate = FATE_NEVER;
    reply->outcome = OUTCOME_NOT_DONE;
    if (fault == FAULT_SOLD) {
        buy(meter, amount_of(meter, credit));
        say_items(meter, BUS_WHEN_BEFORE, credit->before, credit->before_count, reply);
        str_format_cut(reply->error, sizeof(reply->error), "%s",
                       credit->has_expect_count ? BUS_ERROR_COUNT_CHANGED : BUS_ERROR_EXPIRED);
        return true;
    }
    if (entry->voided || fault == FAULT_EXPIRED || meter->dead) {
        str_format_cut(reply->error, sizeof(reply->error), "%s",
                       meter->dead ? BUS_ERROR_METER_SILENT : BUS_ERROR_EXPIRED);
        return true;
    }
    if (fault == FAULT_COPY) {
        the_gateway.boot += 1;
        the_gateway.copy_has = *command;
        return false;
    }
    if (credit->has_expect_count && credit->expect_count != meter->count) {
        str_format_cut(reply->error, sizeof(reply->error), "%s", BUS_ERROR_COUNT_CHANGED);
        say_items(meter, BUS_WHEN_BEFORE, credit->before, credit->before_count, reply);
        return true;
    }
    entry->fate = FATE_SENT;
    reply->sent = true;
    reply->outcome = OUTCOME_UNKNOWN;
    if (fault == FAULT_REFUSE) {
        meter->frames += 1;
        refuse(meter, reply);
        say_items(meter, BUS_WHEN_AFTER, credit->after, credit->after_count, reply);
        return true;
    }
    if (fault != FAULT_LOST_REQUEST && fault != FAULT_NEW_DISK) {
        carry_out(meter, credit);
    }
    the_gateway.epoch += fault == FAULT_NEW_DISK ? 1 : 0;
    if (fault == FAULT_NONE) {
        reply->accepted = BUS_TRI_TRUE;
        reply->outcome = OUTCOME_DONE;
        say_items(meter, BUS_WHEN_AFTER, credit->after, credit->after_count, reply);
    }
    return fault != FAULT_SILENCE;
}

void double_gateway_late_success(const char *address, const char *command_id, int64_t fen)
{
    struct bus_reply reply;
    enter();
    buy(find(address), fen);
    begin(&reply, command_id);
    reply.is_credit = true;
    reply.sent = true;
    reply.accepted = BUS_TRI_TRUE;
    reply.outcome = OUTCOME_DONE;
    leave();
    the_gateway.sink(the_gateway.sink_self, "col1", &reply);
}

static void do_void(const struct bus_command *command, struct bus_reply *reply)
{
    struct entry *entry = entry_of(command->u.voiding.target);
    const struct bus_command *late = &the_gateway.copy_has;
    if (str_equal(late->id, command->u.voiding.target)) {
        carry_out(find(late->meter), &late->u.credit);
    }
    entry->voided = true;
    reply->is_void = true;
    reply->outcome = OUTCOME_DONE;
    reply->fate = entry->fate == FATE_SENT ? BUS_FATE_SENT : BUS_FATE_NEVER_SENT;
    reply->since_ms = 0;
}

/* The broker repeats what it has not seen acknowledged. */
static void hand_over_again(void)
{
    if (the_gateway.has_again) {
        struct bus_reply reply;
        the_gateway.has_again = false;
        begin(&reply, the_gateway.again.id);
        (void)do_credit(&the_gateway.again, find(the_gateway.again.meter), &reply);
    }
}

static void do_relay(const struct bus_command *command, struct double_meter *meter,
                     struct bus_reply *reply)
{
    if (take_fault(meter) == FAULT_NONE) {
        meter->relay_open = !command->u.relay.want_closed;
    }
    reply->outcome = OUTCOME_DONE;
    reply->sent = true;
    add_value(reply, BUS_WHEN_NOW, BUS_ITEM_RELAY, meter->relay_open ? "open" : "closed");
}

/* ---- the interface of cloud/meters/gateway.h ---- */

void gateway_set_sink(struct gateway *gateway, gateway_sink sink, void *self)
{
    gateway->sink = sink;
    gateway->sink_self = self;
}

enum err gateway_collector_get(struct gateway *gateway, const char *collector_id,
                               struct gateway_collector *ret_collector)
{
    (void)collector_id;
    enter();
    *ret_collector = (struct gateway_collector){
        .online = gateway->online, .trusted = true, .epoch = gateway->epoch};
    str_format_cut(ret_collector->boot, sizeof(ret_collector->boot), "boot-%d", gateway->boot);
    leave();
    return OK;
}

enum err gateway_ask(struct gateway *gateway, const char *collector_id,
                     const struct bus_command *command, gateway_answer answer, void *self)
{
    (void)collector_id;
    struct bus_reply reply;
    enter();
    const struct double_meter *meter = find(command->meter);
    const bool online = gateway->online;
    begin(&reply, command->id);
    reply.outcome = OUTCOME_UNKNOWN;
    if (!meter->dead) {
        reply.outcome = OUTCOME_DONE;
        say_items(meter, BUS_WHEN_NOW, command->u.read.items, command->u.read.item_count, &reply);
    } else {
        str_format_cut(reply.error, sizeof(reply.error), "%s", BUS_ERROR_METER_SILENT);
    }
    leave();
    if (!online) {
        return ERR_UNAVAILABLE;
    }
    answer(self, &reply, OK);
    return OK;
}

enum err gateway_send(struct gateway *gateway, const char *collector_id,
                      const struct bus_command *command)
{
    struct bus_reply reply;
    bool answers = true;
    enter();
    if (!gateway->online) {
        leave();
        return ERR_UNAVAILABLE;
    }
    begin(&reply, command->id);
    if (command->epoch != gateway->epoch) {
        reply.outcome = OUTCOME_NOT_DONE;
        str_format_cut(reply.error, sizeof(reply.error), "%s", BUS_ERROR_WRONG_EPOCH);
    } else if (command->op == BUS_OP_CREDIT) {
        hand_over_again();
        answers = do_credit(command, find(command->meter), &reply);
    } else if (command->op == BUS_OP_VOID) {
        do_void(command, &reply);
        hand_over_again();
        answers = !the_gateway.mute;
    } else {
        do_relay(command, find(command->meter), &reply);
    }
    leave();
    if (answers) {
        gateway->sink(gateway->sink_self, collector_id, &reply);
    }
    return OK;
}

void gateway_confirm(struct gateway *gateway, const char *collector_id, const char *command_id)
{
    (void)collector_id;
    (void)command_id;
    enter();
    gateway->confirmed += 1;
    leave();
}
