/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: what the meter remembers: frozen registers (05), event counters (03, 1D, 1E), its
 * purchases (0333) and the parameter block of the order kind (070104FF).
 */
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/electric.h"
#include "emulators/meterbus/order.h"
#include "emulators/meterbus/read.h"

enum { PURCHASES_READABLE = 10, MONEY_SIZE = 4, COUNTER_SIZE = 3 };

static bool snapshot_kind_of(uint8_t wire, enum snapshot_kind *ret_kind)
{
    switch (wire) {
    case 0x00:
        *ret_kind = SNAPSHOT_TIMED;
        return true;
    case 0x01:
        *ret_kind = SNAPSHOT_INSTANT;
        return true;
    case 0x04:
        *ret_kind = SNAPSHOT_HOURLY;
        return true;
    case 0x06:
        *ret_kind = SNAPSHOT_DAILY;
        return true;
    case 0x07:
        *ret_kind = SNAPSHOT_SETTLEMENT;
        return true;
    default:
        return false;
    }
}

static void add_frozen_energy(struct value *value, const struct snapshot *snapshot, bool forward)
{
    for (size_t i = 0; i <= TARIFF_COUNT; i++) {
        uint64_t steps = energy_steps(snapshot->energy_mj, i == 0 ? TARIFF_COUNT : i - 1);
        value_add_bcd(value, MONEY_SIZE, forward ? steps : 0);
    }
}

/* Eight powers of 3 bytes: active total, A, B, C, reactive total, A, B, C. */
static void add_frozen_power(struct value *value, const struct snapshot *snapshot, size_t phases)
{
    for (size_t i = 0; i < 8; i++) {
        size_t phase = i % 4;
        uint64_t part_dw = snapshot->power_w * 10 / (phase == 0 ? 1 : phases);
        if (phase > phases) {
            value_add_missing(value, 3);
        } else {
            value_add_bcd(value, 3, i < 4 ? part_dw : part_dw / 5);
        }
    }
}

static bool read_frozen(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    enum snapshot_kind kind = SNAPSHOT_TIMED;
    uint8_t item = (uint8_t)(di >> 8);
    uint8_t number = (uint8_t)di;
    if (!snapshot_kind_of((uint8_t)(di >> 16), &kind) || number == 0 || number > SNAPSHOT_DEPTH) {
        return false;
    }
    const struct snapshot *snapshot = &meter->snapshots[kind][number - 1];
    bool all = item == 0xFF;
    if (item != 0x00 && item != 0x01 && item != 0x02 && item != 0x10 && !all) {
        return false;
    }
    if (item == 0x00 || all) {
        value_add_minute(ret_value, snapshot->at_ms);
    }
    if (item == 0x01 || all) {
        add_frozen_energy(ret_value, snapshot, true);
    }
    if (item == 0x02 || all) {
        add_frozen_energy(ret_value, snapshot, false);
    }
    if (item == 0x10 || all) {
        add_frozen_power(ret_value, snapshot, meter->cfg.phase_count);
    }
    return true;
}

static bool read_purchase(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    static const struct purchase NONE = {0};
    uint8_t item = (uint8_t)(di >> 8);
    uint8_t number = (uint8_t)di;
    if (!meter->cfg.purchase_records || number == 0 || number > PURCHASES_READABLE || item == 0 ||
        item > 6) {
        return false;
    }
    bool known = number <= meter->purchase_count;
    const struct purchase *p = known ? &meter->purchases[meter->purchase_count - number] : &NONE;
    const uint64_t last_count = known ? p->count : meter->count;
    const uint64_t numbers[] = {
        [2] = number == 1 || known ? last_count : 0,
        [3] = p->amount_fen,
        [4] = p->before_fen > 0 ? (uint64_t)p->before_fen : 0,
        [5] = p->after_fen > 0 ? (uint64_t)p->after_fen : 0,
        [6] = known ? p->total_fen : meter->total_fen,
    };
    if (item == 1) {
        value_add_minute(ret_value, p->at_ms);
    } else {
        value_add_bcd(ret_value, item == 2 ? 2 : MONEY_SIZE, numbers[item]);
    }
    return true;
}

static bool read_counter(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    uint64_t count = 0;
    switch (di) {
    case 0x03110000: /* power lost: an emulator's meters never lose it */
    case 0x03300D00: /* cover opened */
        break;
    case 0x03300000:
        count = meter->programming_count;
        break;
    case 0x03300100:
        count = meter->cleared_count;
        break;
    case 0x03300400:
        count = meter->clock_set_count;
        break;
    case 0x1D000001:
        count = meter->relay.trip_count;
        break;
    case 0x1E000001:
        count = meter->relay.close_count;
        break;
    default:
        return false;
    }
    value_add_bcd(ret_value, COUNTER_SIZE, count);
    return true;
}

bool value_read_record(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    switch (di >> 16) {
    case 0x0333:
        return read_purchase(meter, di, ret_value);
    case 0x0701:
        return di == 0x070104FF && order_block_read(meter, ret_value);
    default:
        return di >> 24 == 0x05 ? read_frozen(meter, di, ret_value)
                                : read_counter(meter, di, ret_value);
    }
}
