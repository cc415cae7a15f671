/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/meters.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "emulators/meterbus/answer.h"
#include "emulators/meterbus/bcd.h"
#include "sim/world/buffered.h"
#include "sim/world/neighbour.h"
#include "sim/world/world.h"

enum {
    BALANCE_FEN = 5000,
    COUNT_FIRST = 3,
    LOAD_W = 400,
    CLOUD_LOAD_W = 20000,
    HOARDING_FEN = 99999999,
    DI_RECHARGE = 0x070102FF,
    TD_MS = 20,
    LATE_MS_MAX = 4000,
    FE = 0xFE,
    FE_COUNT = 4,
    NOISE_MAX = 8,
    GAP_MS_MAX = 350,
    AGAIN_MS_MAX = 1500,
    BITS_A_BYTE = 11,
    BEIJING_MS = 8 * 3600 * 1000,
};

/* What travels on the wire. */
struct wire {
    struct meters *meters;
    size_t size;
    uint32_t baud;
    uint8_t bytes[FRAME_BYTES_MAX + 16];
};

void meters_address(size_t index, char ret_address[METER_ADDRESS_SIZE])
{
    str_format_cut(ret_address, METER_ADDRESS_SIZE, "1122334455%02zu", index + 1);
}

/* "112233445501" as the frame has it: BCD, low byte first. */
static void address_bytes(size_t index, uint8_t ret_bytes[FRAME_ADDRESS_SIZE])
{
    char digits[METER_ADDRESS_SIZE];
    meters_address(index, digits);
    for (size_t i = 0; i < FRAME_ADDRESS_SIZE; i++) {
        const char *pair = digits + 2 * (FRAME_ADDRESS_SIZE - 1 - i);
        ret_bytes[i] = (uint8_t)(((pair[0] - '0') << 4) | (pair[1] - '0'));
    }
}

static int64_t sim_ms(void)
{
    return kernel_wall_ms(KERNEL_WORLD) + BEIJING_MS;
}

static struct meter_cfg cfg_of(const struct world *world, size_t index)
{
    static const enum meter_kind KINDS[] = {METER_CLOUD, METER_COUNT, METER_ORDER};
    struct meter_cfg cfg = {
        .kind = KINDS[index % ARRAY_COUNT(KINDS)],
        .password = {0x02, 0x56, 0x34, 0x12},
        .customer = {0x01, 0x00, 0x10, 0x00, 0x00, 0x00},
        .load_w = LOAD_W,
        .phase_count = 1,
        .voltage_dv = 2200,
        .power_factor_e3 = 980,
        .balance_fen = BALANCE_FEN,
        .count = COUNT_FIRST,
        .opened = true,
        .hoarding_fen = HOARDING_FEN,
        .speed = 1,
        .td_ms = TD_MS,
        .baud = 2400,
        .reply_bytes_max = 200,
        .button_auto = true,
        .relay_delay_ms = 300,
        .repeat_order_accepted = world->weather.orders_repeatable,
        .serr_bytes = 2,
    };
    if (cfg.kind == METER_CLOUD) {
        cfg.load_w = CLOUD_LOAD_W; /* at the price of these rooms 1000 yuan a minute */
    }
    if (cfg.kind == METER_ORDER && world->weather.flats_vacant) {
        cfg.load_w = 0;
    }
    cfg.purchase_records = cfg.kind == METER_COUNT || world->weather.total_readable;
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        cfg.price_e4[i] = 5500;
    }
    for (size_t i = 0; i < 24; i++) {
        cfg.profile_percent[i] = 100;
    }
    address_bytes(index, cfg.address);
    return cfg;
}

void meters_begin(struct meters *meters, struct world *world, size_t count)
{
    MUST(count <= METERS_MAX);
    *meters = (struct meters){.world = world, .count = count};
    for (size_t i = 0; i < count; i++) {
        const struct meter_cfg cfg = cfg_of(world, i);
        meters->list[i] = calloc(1, sizeof(struct meter));
        MUST(meters->list[i] != NULL);
        meter_init(meters->list[i], &cfg, sim_ms());
    }
}

void meters_finish(struct meters *meters)
{
    for (size_t i = 0; i < meters->count; i++) {
        meter_finish(meters->list[i]);
        free(meters->list[i]);
    }
    meters->count = 0;
}

/* ---- the wire ---- */

static int64_t wire_ns(size_t size, uint32_t baud)
{
    return (int64_t)size * BITS_A_BYTE * KERNEL_S / (int64_t)baud;
}

static void reply_arrived(void *arg)
{
    struct wire *wire = arg;
    struct meters *meters = wire->meters;
    if (meters->arrived_size + wire->size <= sizeof(meters->arrived)) {
        memcpy(meters->arrived + meters->arrived_size, wire->bytes, wire->size);
        meters->arrived_size += wire->size;
    }
    kernel_wake(meters);
    free(wire);
}

/* Something else was on the line first. */
static void add_noise(struct world *world, struct wire *wire)
{
    if (world_strikes(world, FAULT_METER_NOISE, DICE_METERS)) {
        wire->size = 1 + dice_below(&world->dice[DICE_METERS], NOISE_MAX);
        for (size_t i = 0; i < wire->size; i++) {
            wire->bytes[i] = (uint8_t)dice_below(&world->dice[DICE_METERS], UINT8_MAX + 1);
        }
    }
}

/* @p bytes of @p from as a wire of their own, from that time on. */
static void arrive_later(const struct wire *from, size_t begin, size_t end, int64_t delay_ns)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    MUST(wire != NULL && begin <= end && end <= from->size);
    wire->meters = from->meters;
    wire->size = end - begin;
    memcpy(wire->bytes, from->bytes + begin, wire->size);
    kernel_after(KERNEL_WORLD, delay_ns, reply_arrived, wire);
}

static void send_bytes(struct world *world, const struct wire *wire, int64_t delay_ns)
{
    struct dice *dice = &world->dice[DICE_METERS];
    const bool broken = world_strikes(world, FAULT_METER_BROKEN_REPLY, DICE_METERS);
    const size_t part = broken ? dice_below(dice, (uint32_t)wire->size) : wire->size;
    arrive_later(wire, 0, part, delay_ns);
    if (broken) {
        const int64_t gap_ms = dice_between(dice, 1, GAP_MS_MAX);
        arrive_later(wire, part, wire->size, delay_ns + gap_ms * KERNEL_MS);
    }
    if (world_strikes(world, FAULT_METER_DOUBLE_REPLY, DICE_METERS)) {
        const int64_t again_ms = dice_between(dice, GAP_MS_MAX, AGAIN_MS_MAX);
        arrive_later(wire, 0, wire->size, delay_ns + again_ms * KERNEL_MS);
    }
}

static void send_reply(struct meters *meters, const struct frame *reply, uint32_t baud)
{
    struct world *world = meters->world;
    struct wire wire = {.meters = meters};
    add_noise(world, &wire);
    memset(wire.bytes + wire.size, FE, FE_COUNT);
    wire.size += FE_COUNT;
    wire.size += frame_build(reply, wire.bytes + wire.size);
    int64_t delay_ns = TD_MS * KERNEL_MS + wire_ns(wire.size, baud);
    if (world_strikes(world, FAULT_METER_LATE_REPLY, DICE_METERS)) {
        const int64_t late_ms = dice_between(&world->dice[DICE_METERS], 0, LATE_MS_MAX);
        delay_ns += late_ms * KERNEL_MS;
    }
    if (world_strikes(world, FAULT_METER_GARBLED, DICE_METERS)) {
        const uint32_t at = dice_below(&world->dice[DICE_METERS], (uint32_t)wire.size);
        wire.bytes[at] ^= 0x10;
    }
    send_bytes(world, &wire, delay_ns);
}

static void hear(struct meters *meters, size_t index, const struct frame *request, uint32_t baud)
{
    struct world *world = meters->world;
    struct meter *meter = meters->list[index];
    struct frame reply = {.control = request->control};
    memcpy(reply.address, meter->address, sizeof(reply.address));
    const size_t before = meter->purchase_count;
    meter_advance(meter, sim_ms());
    const bool refuses =
        frame_di(request) == DI_RECHARGE && world_strikes(world, FAULT_METER_REFUSES, DICE_METERS);
    meter->hoarding_fen = refuses ? 0 : meter->cfg.hoarding_fen;
    if (!meter_answer(meter, request, &reply)) {
        return;
    }
    if (meter->purchase_count > before) {
        kernel_trace("meter bought", meter->cfg.kind == METER_COUNT ? "count" : "order",
                     (int64_t)index, meter->purchases[before].amount_fen);
        provider_check_bought(&world->pay, meter->purchases[before].amount_fen);
    }
    if (!world_strikes(world, FAULT_METER_LOST_REPLY, DICE_METERS)) {
        send_reply(meters, &reply, baud);
    }
}

static void request_arrived(void *arg)
{
    struct wire *wire = arg;
    struct meters *meters = wire->meters;
    struct frame_scanner scanner = {.size = 0};
    struct frame request;
    for (size_t i = 0; i < wire->size; i++) {
        if (!frame_scanner_take(&scanner, wire->bytes[i], &request)) {
            continue;
        }
        for (size_t k = 0; k < meters->count; k++) {
            if (meter_addressed(meters->list[k], &request) &&
                meters->dead_until_ns[k] <= kernel_now_ns()) {
                hear(meters, k, &request, wire->baud);
            }
        }
    }
    free(wire);
}

void meters_transmit(struct meters *meters, const uint8_t *bytes, size_t size, uint32_t baud)
{
    if (world_strikes(meters->world, FAULT_METER_LOST_REQUEST, DICE_METERS)) {
        neighbour_sees(meters, bytes, size);
        return;
    }
    struct wire *wire = calloc(1, sizeof(*wire));
    MUST(wire != NULL && size <= sizeof(wire->bytes));
    *wire = (struct wire){.meters = meters, .size = size, .baud = baud};
    memcpy(wire->bytes, bytes, size);
    const int64_t held_ms = buffered_held_ms(meters, bytes, size);
    kernel_after(KERNEL_WORLD, wire_ns(size, baud) + held_ms * KERNEL_MS, request_arrived, wire);
}

void meters_discard(struct meters *meters)
{
    meters->arrived_size = 0;
}

size_t meters_receive(struct meters *meters, uint8_t *ret_bytes, size_t bytes_size)
{
    const size_t size = meters->arrived_size < bytes_size ? meters->arrived_size : bytes_size;
    memcpy(ret_bytes, meters->arrived, size);
    memmove(meters->arrived, meters->arrived + size, meters->arrived_size - size);
    meters->arrived_size -= size;
    return size;
}

void meters_sell(struct meters *meters, size_t index, uint32_t fen)
{
    struct meter *meter = meters->list[index];
    if (meter->cfg.kind == METER_CLOUD) {
        return;
    }
    meter_advance(meter, sim_ms());
    const struct purchase purchase = {
        .at_ms = meter_shown_ms(meter),
        .amount_fen = fen,
        .count = meter->cfg.kind == METER_COUNT ? meter->count + 1 : 0,
        .before_fen = meter_balance_fen(meter),
        .after_fen = meter_balance_fen(meter) + (int64_t)fen,
        .total_fen = meter->total_fen + fen,
        .kind = MONEY_RECHARGE,
    };
    MUST(meter_purchase_add(meter, &purchase));
    meter->balance_micros += (int64_t)fen * MICROS_PER_FEN;
    meter->count += meter->cfg.kind == METER_COUNT ? 1 : 0;
    meter->total_fen += fen;
    kernel_trace("other seller", "", (int64_t)index, fen);
}

/* ---- their books ---- */

uint32_t meters_bought(const struct meters *meters, size_t index, int64_t fen)
{
    const struct meter *meter = meters->list[index];
    uint32_t times = 0;
    for (size_t i = 0; i < meter->purchase_count; i++) {
        times += meter->purchases[i].amount_fen == fen ? 1 : 0;
    }
    return times;
}

uint32_t meters_count(const struct meters *meters, size_t index)
{
    return meters->list[index]->count;
}

bool meters_find(const struct meters *meters, const char *address, size_t *ret_index)
{
    for (size_t i = 0; i < meters->count; i++) {
        char own[METER_ADDRESS_SIZE];
        meters_address(i, own);
        if (str_equal(own, address)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

size_t meters_purchases(const struct meters *meters, size_t index)
{
    return meters->list[index]->purchase_count;
}

bool meters_books_are_sound(const struct meters *meters, size_t index)
{
    const struct meter *meter = meters->list[index];
    uint64_t total_fen = 0;
    int64_t last_after_fen = BALANCE_FEN;
    for (size_t i = 0; i < meter->purchase_count; i++) {
        const struct purchase *purchase = &meter->purchases[i];
        total_fen += purchase->amount_fen;
        const bool counted =
            meter->cfg.kind != METER_COUNT || purchase->count == COUNT_FIRST + (uint32_t)i + 1;
        if (!counted || purchase->total_fen != total_fen || purchase->before_fen > last_after_fen ||
            purchase->after_fen != purchase->before_fen + (int64_t)purchase->amount_fen) {
            return false;
        }
        last_after_fen = purchase->after_fen;
    }
    return meter->cfg.kind != METER_COUNT || meter->count == COUNT_FIRST + meter->purchase_count;
}
