/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: time is cut into stretches in which nothing changes but the registers. A stretch ends
 * at the next full hour (load profile, tariff, freezes), at a timed freeze, when the relay moves,
 * and exactly where the money runs out; so the trip comes at the same register value however
 * rarely somebody looks.
 */
#include "emulators/meterbus/meter.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "emulators/meterbus/bcd.h"

enum { FREEZE_EVERY = 0x99 };

static int64_t min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A number that looks random and is always the same for the same meter and moment. */
static uint64_t hash_of(const uint8_t address[FRAME_ADDRESS_SIZE], int64_t number)
{
    uint64_t hash = 0xCBF29CE484222325U ^ (uint64_t)number;
    for (size_t i = 0; i < FRAME_ADDRESS_SIZE; i++) {
        hash = (hash ^ address[i]) * 0x100000001B3U;
    }
    hash ^= hash >> 29;
    hash *= 0xBF58476D1CE4E5B9U;
    return hash ^ (hash >> 32);
}

int64_t meter_shown_ms(const struct meter *meter)
{
    return meter->sim_ms + meter->offset_ms;
}

int64_t meter_balance_fen(const struct meter *meter)
{
    int64_t micros = meter->balance_micros;
    int64_t fen = micros / MICROS_PER_FEN;
    return micros < 0 && micros % MICROS_PER_FEN != 0 ? fen - 1 : fen;
}

uint64_t energy_steps(const uint64_t energy_mj[TARIFF_COUNT], size_t tariff)
{
    uint64_t mj = 0;
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        mj += tariff == i || tariff == TARIFF_COUNT ? energy_mj[i] : 0;
    }
    return mj / ENERGY_STEP_MJ;
}

uint64_t meter_power_w(const struct meter *meter)
{
    if (meter->relay.open) {
        return 0;
    }
    const struct meter_cfg *cfg = &meter->cfg;
    int64_t shown_ms = meter_shown_ms(meter);
    size_t hour = (size_t)(shown_ms / MS_PER_HOUR % 24);
    uint64_t span = 2 * cfg->vary_percent + 1;
    uint64_t percent =
        100 - cfg->vary_percent + hash_of(cfg->address, shown_ms / MS_PER_DAY) % span;
    return cfg->load_w * cfg->profile_percent[hour] * percent / 10000;
}

static int64_t arrears_limit_micros(const struct meter *meter)
{
    return -(int64_t)meter->overdraft_fen * MICROS_PER_FEN;
}

bool meter_in_arrears(const struct meter *meter)
{
    return meter->cfg.kind != METER_CLOUD && meter->balance_micros <= arrears_limit_micros(meter);
}

bool meter_alarm(const struct meter *meter)
{
    bool low =
        meter->cfg.kind != METER_CLOUD && meter_balance_fen(meter) <= (int64_t)meter->alarm_fen[0];
    return low || meter->relay.alarm_ordered;
}

static void relay_move(struct meter *meter, bool open)
{
    struct relay *relay = &meter->relay;
    relay->move_at_ms = 0;
    if (relay->open != open) {
        relay->trip_count += open ? 1 : 0;
        relay->close_count += open ? 0 : 1;
        relay->open = open;
    }
}

void meter_relay_order(struct meter *meter, bool open)
{
    struct relay *relay = &meter->relay;
    relay->ordered_open = open;
    relay->close_allowed = false;
    relay->return_at_ms = 0;
    if (relay->stuck) {
        return;
    }
    relay->move_to_open = open;
    relay->move_at_ms = meter->sim_ms + (int64_t)meter->cfg.relay_delay_ms;
    if (meter->cfg.relay_delay_ms == 0) {
        relay_move(meter, open);
    }
}

void meter_balance_changed(struct meter *meter)
{
    struct relay *relay = &meter->relay;
    if (meter_in_arrears(meter)) {
        if (!relay->keep_power && !relay->ordered_open) {
            meter_relay_order(meter, true);
            relay->by_arrears = true;
        }
        return;
    }
    bool enough = meter_balance_fen(meter) >= (int64_t)meter->close_fen;
    if (relay->by_arrears && enough) {
        relay->by_arrears = false;
        if (meter->cfg.button_auto) {
            meter_relay_order(meter, false);
        } else {
            relay->ordered_open = false;
            relay->close_allowed = true;
        }
    }
}

bool meter_button_press(struct meter *meter)
{
    if (!meter->relay.close_allowed) {
        return false;
    }
    meter_relay_order(meter, false);
    return true;
}

void meter_snapshot_take(struct meter *meter, enum snapshot_kind kind)
{
    struct snapshot *ring = meter->snapshots[kind];
    memmove(ring + 1, ring, (SNAPSHOT_DEPTH - 1) * sizeof(ring[0]));
    ring[0] = (struct snapshot){.at_ms = meter_shown_ms(meter), .power_w = meter_power_w(meter)};
    memcpy(ring[0].energy_mj, meter->energy_mj, sizeof(ring[0].energy_mj));
}

/* Where the present stretch ends at the latest, by the calendar and the relay. */
static int64_t stretch_end_ms(const struct meter *meter)
{
    int64_t shown_ms = meter_shown_ms(meter);
    int64_t end_ms = (shown_ms / MS_PER_HOUR + 1) * MS_PER_HOUR - meter->offset_ms;
    uint64_t minute = 0;
    if (meter->freeze_set && bcd_read(&meter->freeze_at[0], 1, &minute) && minute < 60) {
        int64_t at_ms = shown_ms / MS_PER_HOUR * MS_PER_HOUR + (int64_t)minute * MS_PER_MINUTE;
        if (at_ms > shown_ms) {
            end_ms = min_ms(end_ms, at_ms - meter->offset_ms);
        }
    }
    if (meter->relay.move_at_ms > meter->sim_ms) {
        end_ms = min_ms(end_ms, meter->relay.move_at_ms);
    }
    if (meter->relay.return_at_ms > meter->sim_ms) {
        end_ms = min_ms(end_ms, meter->relay.return_at_ms);
    }
    return end_ms;
}

/* Milliseconds until the money is used up at @p power_w; INT64_MAX if that is not in sight. */
static int64_t money_lasts_ms(const struct meter *meter, size_t tariff, uint64_t power_w)
{
    int64_t price = (int64_t)meter->price_e4[tariff];
    int64_t left = meter->balance_micros - arrears_limit_micros(meter);
    if (meter->cfg.kind == METER_CLOUD || price == 0 || power_w == 0 || left <= 0) {
        return INT64_MAX;
    }
    uint64_t steps = (uint64_t)((left + price - 1) / price);
    uint64_t mj = steps * ENERGY_STEP_MJ - meter->energy_mj[tariff] % ENERGY_STEP_MJ;
    return (int64_t)((mj + power_w - 1) / power_w);
}

static void registers_count(struct meter *meter, size_t tariff, uint64_t power_w, int64_t span_ms)
{
    uint64_t before = meter->energy_mj[tariff] / ENERGY_STEP_MJ;
    meter->energy_mj[tariff] += power_w * (uint64_t)span_ms;
    uint64_t steps = meter->energy_mj[tariff] / ENERGY_STEP_MJ - before;
    if (meter->cfg.kind != METER_CLOUD) {
        meter->balance_micros -= (int64_t)(steps * meter->price_e4[tariff]);
    }
    if (power_w > meter->demand_w) {
        meter->demand_w = power_w;
        meter->demand_at_ms = meter_shown_ms(meter);
    }
}

static bool freeze_field_fits(uint8_t field, int value)
{
    uint64_t wanted = 0;
    return field == FREEZE_EVERY || (bcd_read(&field, 1, &wanted) && wanted == (uint64_t)value);
}

static void calendar_events(struct meter *meter)
{
    int64_t shown_ms = meter_shown_ms(meter);
    struct calendar now = calendar_from_ms(shown_ms);
    bool minute = shown_ms % MS_PER_MINUTE == 0;
    if (meter->freeze_set && minute && freeze_field_fits(meter->freeze_at[0], now.minute) &&
        freeze_field_fits(meter->freeze_at[1], now.hour) &&
        freeze_field_fits(meter->freeze_at[2], now.day) &&
        freeze_field_fits(meter->freeze_at[3], now.month)) {
        meter_snapshot_take(meter, SNAPSHOT_TIMED);
    }
    if (shown_ms % MS_PER_HOUR != 0) {
        return;
    }
    meter_snapshot_take(meter, SNAPSHOT_HOURLY);
    if (now.hour == 0) {
        meter_snapshot_take(meter, SNAPSHOT_DAILY);
    }
    const uint8_t *settle = meter->params[param_find(0x04000B01)]; /* hh DD */
    uint64_t hour = 99;
    uint64_t day = 99;
    if (bcd_read(&settle[0], 1, &hour) && bcd_read(&settle[1], 1, &day) &&
        hour == (uint64_t)now.hour && day == (uint64_t)now.day) {
        meter_snapshot_take(meter, SNAPSHOT_SETTLEMENT);
    }
}

static void relay_events(struct meter *meter)
{
    struct relay *relay = &meter->relay;
    if (relay->move_at_ms != 0 && relay->move_at_ms <= meter->sim_ms) {
        relay_move(meter, relay->move_to_open);
    }
    if (relay->return_at_ms != 0 && relay->return_at_ms <= meter->sim_ms) {
        meter_relay_order(meter, false);
    }
}

void meter_advance(struct meter *meter, int64_t sim_ms)
{
    while (meter->sim_ms < sim_ms) {
        size_t hour = (size_t)(meter_shown_ms(meter) / MS_PER_HOUR % 24);
        size_t tariff = meter->cfg.tariff_of_hour[hour];
        uint64_t power_w = meter_power_w(meter);
        int64_t span_ms = min_ms(sim_ms, stretch_end_ms(meter)) - meter->sim_ms;
        span_ms = min_ms(span_ms, money_lasts_ms(meter, tariff, power_w));
        MUST(span_ms > 0);
        registers_count(meter, tariff, power_w, span_ms);
        meter->sim_ms += span_ms;
        relay_events(meter);
        calendar_events(meter);
        meter_balance_changed(meter);
    }
}

void meter_clock_anchor(struct meter *meter, int64_t now_ns, int64_t sim_ms)
{
    meter->base_ns = now_ns;
    meter->base_sim_ms = sim_ms;
}

int64_t meter_clock_sim_ms(const struct meter *meter, int64_t now_ns)
{
    int64_t passed_us = (now_ns - meter->base_ns) / 1000;
    return meter->base_sim_ms + passed_us * (int64_t)meter->cfg.speed / 1000;
}

/* Live through the past, without touching the money, so that days and months lie behind. */
static void history_live(struct meter *meter, int64_t sim_ms)
{
    enum meter_kind kind = meter->cfg.kind;
    meter->cfg.kind = METER_CLOUD;
    meter->sim_ms = sim_ms - (int64_t)meter->cfg.history_days * MS_PER_DAY;
    meter_advance(meter, sim_ms);
    meter->cfg.kind = kind;
}

void meter_init(struct meter *meter, const struct meter_cfg *cfg, int64_t sim_ms)
{
    memset(meter, 0, sizeof(*meter)); /* too large for a literal on the stack */
    meter->cfg = *cfg;
    meter->baud = cfg->baud;
    meter->sim_ms = sim_ms;
    meter->balance_micros = cfg->balance_fen * MICROS_PER_FEN;
    meter->count = cfg->count;
    meter->opened = cfg->opened;
    meter->overdraft_fen = cfg->overdraft_fen;
    meter->hoarding_fen = cfg->hoarding_fen;
    meter->close_fen = cfg->close_fen;
    meter->broadcast_day = -1;
    meter->session.valid_ms = METER_AUTH_VALID_MS;
    memcpy(meter->address, cfg->address, sizeof(meter->address));
    memcpy(meter->password, cfg->password, sizeof(meter->password));
    memcpy(meter->customer, cfg->customer, sizeof(meter->customer));
    memcpy(meter->price_e4, cfg->price_e4, sizeof(meter->price_e4));
    memcpy(meter->alarm_fen, cfg->alarm_fen, sizeof(meter->alarm_fen));
    param_init_all(meter->params);
    memcpy(meter->params[param_find(0x04000402)], cfg->address, FRAME_ADDRESS_SIZE);
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        meter->energy_mj[i] = cfg->energy_step[i] * ENERGY_STEP_MJ;
    }
    if (cfg->history_days > 0) {
        history_live(meter, sim_ms);
    }
    meter_balance_changed(meter);
}

void meter_finish(struct meter *meter)
{
    free(meter->purchases);
    meter->purchases = NULL;
    meter->purchase_count = 0;
}

bool meter_purchase_add(struct meter *meter, const struct purchase *purchase)
{
    if (meter->purchase_count >= METER_PURCHASES_MAX) {
        return false;
    }
    struct purchase *grown =
        realloc(meter->purchases, (meter->purchase_count + 1) * sizeof(*meter->purchases));
    if (grown == NULL) {
        return false;
    }
    grown[meter->purchase_count] = *purchase;
    meter->purchases = grown;
    meter->purchase_count += 1;
    return true;
}
