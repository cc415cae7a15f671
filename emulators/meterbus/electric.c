/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the load decides active power; the configured power factor gives apparent power, the
 * voltage gives current, and reactive power is what is left of the triangle.
 */
#include "emulators/meterbus/electric.h"

enum { FACTOR_ONE = 1000, WOBBLE_DV = 41, WOBBLE_CHZ = 7, FREQUENCY_CHZ = 5000 };

static uint64_t root_of(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1) {
        uint64_t next = root | bit;
        root = next * next <= square ? next : root;
    }
    return root;
}

static void phase_measure(struct electric *e, size_t phase, uint64_t active_dw, uint64_t factor_e3)
{
    uint64_t apparent = active_dw * FACTOR_ONE / factor_e3;
    e->active_dw[phase] = active_dw;
    e->apparent_dva[phase] = apparent;
    e->reactive_dvar[phase] = root_of(apparent * apparent - active_dw * active_dw);
    e->factor_e3[phase] = active_dw == 0 ? FACTOR_ONE : factor_e3;
    if (e->voltage_dv[phase] > 0) {
        /* 0.1 VA / 0.1 V = A */
        e->current_ma[phase] = apparent * 1000 / e->voltage_dv[phase];
    }
}

struct electric electric_measure(const struct meter *meter)
{
    uint64_t minute = (uint64_t)(meter_shown_ms(meter) / MS_PER_MINUTE);
    uint64_t salt = minute * 7 + meter->cfg.address[0];
    uint64_t total_dw = meter_power_w(meter) * 10;
    struct electric e = {.phase_count = meter->cfg.phase_count};
    e.frequency_chz = FREQUENCY_CHZ - WOBBLE_CHZ / 2 + salt % WOBBLE_CHZ;
    uint64_t left_dw = total_dw;
    for (size_t phase = 1; phase <= e.phase_count; phase++) {
        uint64_t part_dw = left_dw / (e.phase_count + 1 - phase);
        left_dw -= part_dw;
        e.voltage_dv[phase] =
            meter->cfg.voltage_dv - WOBBLE_DV / 2 + (salt * 13 + phase * 17) % WOBBLE_DV;
        phase_measure(&e, phase, part_dw, meter->cfg.power_factor_e3);
    }
    phase_measure(&e, 0, total_dw, meter->cfg.power_factor_e3);
    return e;
}
