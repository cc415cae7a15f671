/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a data identifier is four bytes that mean something each, so reading is a walk down
 * DI3, DI2, DI1, DI0. This file has what is measured (00 energy and money, 01 demand,
 * 02 variables); parameters and records are in files of their own.
 */
#include "emulators/meterbus/read.h"

#include <string.h>

#include "common/must.h"
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/electric.h"

enum { BLOCK = 0xFF, ENERGY_SIZE = 4, SETTLEMENTS_MAX = 0x0C };

void value_add_bytes(struct value *value, const uint8_t *bytes, size_t size)
{
    MUST(value->size + size <= sizeof(value->bytes));
    memcpy(value->bytes + value->size, bytes, size);
    value->size += size;
}

void value_add_bcd(struct value *value, size_t size, uint64_t number)
{
    MUST(value->size + size <= sizeof(value->bytes));
    bcd_write(value->bytes + value->size, size, number);
    value->size += size;
}

void value_add_missing(struct value *value, size_t size)
{
    MUST(value->size + size <= sizeof(value->bytes));
    memset(value->bytes + value->size, 0xFF, size);
    value->size += size;
}

void value_add_minute(struct value *value, int64_t shown_ms)
{
    struct calendar c = calendar_from_ms(shown_ms);
    bool never = shown_ms == 0;
    value_add_bcd(value, 1, never ? 0 : (uint64_t)c.minute);
    value_add_bcd(value, 1, never ? 0 : (uint64_t)c.hour);
    value_add_bcd(value, 1, never ? 0 : (uint64_t)c.day);
    value_add_bcd(value, 1, never ? 0 : (uint64_t)c.month);
    value_add_bcd(value, 1, never ? 0 : (uint64_t)c.year % 100);
}

/*
 * The register of one kind of energy, in 0.01 units. The load draws active and a fixed share of
 * inductive power, so forward kinds follow from the one counter and backward kinds stay 0.
 */
static bool energy_of_kind(const struct meter *meter, uint8_t kind, uint64_t active,
                           uint64_t *ret_steps)
{
    uint64_t factor = meter->cfg.power_factor_e3;
    switch (kind) {
    case 0x00: /* combined active */
    case 0x01: /* forward active */
        *ret_steps = active;
        return true;
    case 0x03: /* combined reactive 1 */
    case 0x05: /* quadrant 1 */
        *ret_steps = active / 5;
        return true;
    case 0x09: /* forward apparent */
        *ret_steps = active * 1000 / factor;
        return true;
    case 0x02: /* reverse and the other quadrants */
    case 0x04:
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x0A:
        *ret_steps = 0;
        return true;
    case 0x15: /* phases A, B, C forward */
    case 0x29:
    case 0x3D:
        *ret_steps = active / meter->cfg.phase_count;
        return kind == 0x15 || meter->cfg.phase_count == PHASE_COUNT;
    default:
        return false;
    }
}

/* The registers now (0) or at the n-th last settlement; NULL if the number is too high. */
static const uint64_t *energy_at(const struct meter *meter, uint8_t settlement)
{
    if (settlement == 0) {
        return meter->energy_mj;
    }
    return settlement <= SETTLEMENTS_MAX
               ? meter->snapshots[SNAPSHOT_SETTLEMENT][settlement - 1].energy_mj
               : NULL;
}

static bool read_energy(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    uint8_t kind = (uint8_t)(di >> 16);
    uint8_t tariff = (uint8_t)(di >> 8);
    const uint64_t *registers = energy_at(meter, (uint8_t)di);
    bool block = tariff == BLOCK;
    if (registers == NULL || (!block && tariff > TARIFF_COUNT)) {
        return false;
    }
    /* On the wire 0 is the total, 1..4 are the tariffs. */
    for (size_t i = block ? 0 : tariff; i <= (block ? TARIFF_COUNT : tariff); i++) {
        uint64_t steps = 0;
        uint64_t active = energy_steps(registers, i == 0 ? TARIFF_COUNT : i - 1);
        if (!energy_of_kind(meter, kind, active, &steps)) {
            return false;
        }
        value_add_bcd(ret_value, ENERGY_SIZE, steps);
    }
    return true;
}

static bool read_remaining(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    if (meter->cfg.kind == METER_CLOUD) {
        return false;
    }
    int64_t net_fen = meter_balance_fen(meter);
    bool overdraft = (di & 0xFF) == 1;
    if ((di & 0xFE) != 0) {
        return false;
    }
    uint64_t fen = (uint64_t)(overdraft ? -net_fen : net_fen);
    bool none = overdraft ? net_fen >= 0 : net_fen <= 0;
    uint64_t price = meter->price_e4[meter->cfg.tariff_of_hour[0]];
    switch ((uint8_t)(di >> 8)) {
    case 0x01: /* energy that the money still buys, 0.01 kWh */
        value_add_bcd(ret_value, ENERGY_SIZE, none || price == 0 ? 0 : fen * 10000 / price);
        return true;
    case 0x02:
        value_add_bcd(ret_value, ENERGY_SIZE, none ? 0 : fen);
        return true;
    default:
        return false;
    }
}

static bool read_demand(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    uint8_t kind = (uint8_t)(di >> 16);
    if ((di & 0xFFFF) != 0 || (kind != 0x01 && kind != 0x02)) {
        return false;
    }
    bool forward = kind == 0x01;
    value_add_bcd(ret_value, 3, forward ? meter->demand_w * 10 : 0);
    value_add_minute(ret_value, forward ? meter->demand_at_ms : 0);
    return true;
}

/* One kind of variable: where its numbers are (NULL = no such), their size, whether 0 is a total.
 */
struct variable {
    const uint64_t *numbers;
    size_t size;
    bool total;
};

static struct variable variable_find(const struct electric *e, uint8_t kind)
{
    switch (kind) {
    case 1:
        return (struct variable){e->voltage_dv, 2, false};
    case 2:
        return (struct variable){e->current_ma, 3, false};
    case 3:
        return (struct variable){e->active_dw, 3, true};
    case 4:
        return (struct variable){e->reactive_dvar, 3, true};
    case 5:
        return (struct variable){e->apparent_dva, 3, true};
    case 6:
        return (struct variable){e->factor_e3, 2, true};
    default:
        return (struct variable){NULL, 0, false};
    }
}

static bool read_variable(const struct electric *e, uint32_t di, struct value *ret_value)
{
    const struct variable row = variable_find(e, (uint8_t)(di >> 16));
    uint8_t phase = (uint8_t)(di >> 8);
    if ((di & 0xFF) != 0 || row.numbers == NULL) {
        return false;
    }
    size_t first = row.total ? 0 : 1;
    if (phase != BLOCK) {
        if (phase < first || phase > e->phase_count) {
            return false;
        }
        value_add_bcd(ret_value, row.size, row.numbers[phase]);
        return true;
    }
    for (size_t i = first; i <= PHASE_COUNT; i++) {
        if (i <= e->phase_count) {
            value_add_bcd(ret_value, row.size, row.numbers[i]);
        } else {
            value_add_missing(ret_value, row.size);
        }
    }
    return true;
}

static bool read_inside(const struct meter *meter, const struct electric *e, uint32_t di,
                        struct value *ret_value)
{
    uint64_t neutral_ma = e->phase_count == 1 ? e->current_ma[1] : 0;
    size_t hour = (size_t)(meter_shown_ms(meter) / MS_PER_HOUR % 24);
    const struct {
        uint64_t number;
        size_t size;
    } rows[] = {
        [0x01] = {neutral_ma, 3},
        [0x02] = {e->frequency_chz, 2},
        [0x03] = {e->active_dw[0], 3},
        [0x04] = {e->active_dw[0], 3},
        [0x05] = {e->reactive_dvar[0], 3},
        [0x06] = {e->apparent_dva[0], 3},
        [0x07] = {253, 2}, /* 25.3 C */
        [0x08] = {360, 2}, /* 3.60 V clock battery */
        [0x09] = {600, 2}, /* 6.00 V backup battery */
        [0x0A] = {0, 4},   /* minutes on battery */
        [0x0B] = {meter->price_e4[meter->cfg.tariff_of_hour[hour]], 4},
    };
    uint8_t item = (uint8_t)di;
    if (((di >> 8) & 0xFF) != 0 || item == 0 || item >= ARRAY_COUNT(rows)) {
        return false;
    }
    value_add_bcd(ret_value, rows[item].size, rows[item].number);
    return true;
}

static bool read_measured(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    struct electric e = electric_measure(meter);
    if (((di >> 16) & 0xFF) == 0x80) {
        return read_inside(meter, &e, di, ret_value);
    }
    return read_variable(&e, di, ret_value);
}

bool meter_value_read(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    ret_value->size = 0;
    switch (di >> 24) {
    case 0x00:
        return ((di >> 16) & 0xFF) == 0x90 ? read_remaining(meter, di, ret_value)
                                           : read_energy(meter, di, ret_value);
    case 0x01:
        return read_demand(meter, di, ret_value);
    case 0x02:
        return read_measured(meter, di, ret_value);
    case 0x04:
        return value_read_parameter(meter, di, ret_value);
    case 0x03:
    case 0x05:
    case 0x07:
    case 0x1D:
    case 0x1E:
        return value_read_record(meter, di, ret_value);
    default:
        return false;
    }
}
