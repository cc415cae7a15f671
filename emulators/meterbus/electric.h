/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_ELECTRIC_H
#define SHILLING_EMULATORS_METERBUS_ELECTRIC_H

#include "emulators/meterbus/meter.h"

/*
 * What the meter's measuring chip would show: voltage wobbles a little with the minute, and
 * current, powers and power factor agree with each other and with the registers' growth.
 * Index 0 is the total, 1..3 the phases.
 */
struct electric {
    size_t phase_count;
    uint64_t voltage_dv[1 + PHASE_COUNT]; /* 0.1 V; no total */
    uint64_t current_ma[1 + PHASE_COUNT]; /* no total */
    uint64_t active_dw[1 + PHASE_COUNT];  /* 0.1 W = the registers' 0.0001 kW */
    uint64_t reactive_dvar[1 + PHASE_COUNT];
    uint64_t apparent_dva[1 + PHASE_COUNT];
    uint64_t factor_e3[1 + PHASE_COUNT];
    uint64_t frequency_chz; /* 0.01 Hz */
};

struct electric electric_measure(const struct meter *meter);

#endif
