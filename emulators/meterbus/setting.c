/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a table for what is only a number with a limit, a function for what has consequences. */
#include "emulators/meterbus/setting.h"

#include <string.h>

#include "common/parse.h"
#include "common/str.h"
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/busconfig.h"

enum { FEN_MAX = 99999999 };

static bool set_number(struct meter *meter, const char *key, const char *value)
{
    const struct {
        const char *key;
        uint32_t *number;
        uint32_t max;
    } numbers[] = {
        {"td_ms", &meter->cfg.td_ms, 60000},
        {"count", &meter->count, UINT32_MAX},
        {"alarm1_fen", &meter->alarm_fen[0], FEN_MAX},
        {"alarm2_fen", &meter->alarm_fen[1], FEN_MAX},
        {"overdraft_fen", &meter->overdraft_fen, FEN_MAX},
        {"hoarding_fen", &meter->hoarding_fen, FEN_MAX},
        {"close_fen", &meter->close_fen, FEN_MAX},
        {"relay_delay_ms", &meter->cfg.relay_delay_ms, 60000},
        {"reply_bytes_max", &meter->cfg.reply_bytes_max, 200},
    };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        if (str_equal(key, numbers[i].key)) {
            return parse_u32(value, numbers[i].max, numbers[i].number);
        }
    }
    return false;
}

static bool set_flag(struct meter *meter, const char *key, const char *value)
{
    const struct {
        const char *key;
        bool *flag;
        const char *off;
        const char *on;
    } flags[] = {
        {"relay_stuck", &meter->relay.stuck, "0", "1"},
        {"keep_power", &meter->relay.keep_power, "0", "1"},
        {"suspended", &meter->suspended, "0", "1"},
        {"opened", &meter->opened, "0", "1"},
        {"programming", &meter->session.programming, "0", "1"},
        {"button", &meter->cfg.button_auto, "manual", "auto"},
        {"repeat_order", &meter->cfg.repeat_order_accepted, "refuse", "accept"},
        {"zero_credit", &meter->cfg.zero_credit_accepted, "refuse", "accept"},
        {"purchase_records", &meter->cfg.purchase_records, "0", "1"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        bool on = str_equal(value, flags[i].on);
        if (str_equal(key, flags[i].key) && (on || str_equal(value, flags[i].off))) {
            *flags[i].flag = on;
            return true;
        }
    }
    return false;
}

/* The whole reading goes into the tariff of the hour, so that the total is what was asked for. */
static bool set_energy(struct meter *meter, const char *value)
{
    uint64_t steps = 0;
    if (!decimal_parse(value, 2, &steps) || steps > FEN_MAX) {
        return false;
    }
    size_t hour = (size_t)(meter_shown_ms(meter) / MS_PER_HOUR % 24);
    memset(meter->energy_mj, 0, sizeof(meter->energy_mj));
    meter->energy_mj[meter->cfg.tariff_of_hour[hour]] = steps * ENERGY_STEP_MJ;
    return true;
}

static bool set_price(struct meter *meter, const char *value)
{
    uint64_t price = 0;
    if (!decimal_parse(value, 4, &price) || price > FEN_MAX) {
        return false;
    }
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        meter->price_e4[i] = (uint32_t)price;
    }
    return true;
}

static bool set_balance(struct meter *meter, const char *value)
{
    int64_t fen = 0;
    if (!parse_i64(value, -FEN_MAX, FEN_MAX, &fen)) {
        return false;
    }
    meter->balance_micros = fen * MICROS_PER_FEN;
    return true;
}

static bool set_relay(struct meter *meter, const char *value)
{
    bool open = str_equal(value, "open");
    if (!open && !str_equal(value, "closed")) {
        return false;
    }
    meter->relay.open = open;
    meter->relay.ordered_open = open;
    meter->relay.move_at_ms = 0;
    meter->relay.by_arrears = false;
    return true;
}

/* The world goes on from here at another pace. */
static bool set_pace(struct meter *meter, const char *key, const char *value, int64_t now_ns)
{
    enum { SPEED_MAX = 86400, LOAD_MAX = 1000000 };
    uint32_t number = 0;
    bool speed = str_equal(key, "speed");
    if (!parse_u32(value, speed ? SPEED_MAX : LOAD_MAX, &number)) {
        return false;
    }
    meter_clock_anchor(meter, now_ns, meter->sim_ms);
    if (speed) {
        meter->cfg.speed = number;
    } else {
        meter->cfg.load_w = number;
    }
    return true;
}

bool setting_apply(struct meter *meter, const char *key, const char *value, int64_t now_ns,
                   const char **ret_error)
{
    bool done = false;
    if (str_equal(key, "energy")) {
        done = set_energy(meter, value);
    } else if (str_equal(key, "balance_fen") || str_equal(key, "balance")) {
        done = set_balance(meter, value);
    } else if (str_equal(key, "load_w") || str_equal(key, "load")) {
        done = set_pace(meter, "load_w", value, now_ns);
    } else if (str_equal(key, "speed")) {
        done = set_pace(meter, key, value, now_ns);
    } else if (str_equal(key, "relay")) {
        done = set_relay(meter, value);
    } else if (str_equal(key, "price")) {
        done = set_price(meter, value);
    } else if (str_equal(key, "customer")) {
        done = digits_write(value, meter->customer, sizeof(meter->customer));
    } else if (str_equal(key, "address")) {
        done = digits_write(value, meter->address, sizeof(meter->address));
    } else {
        done = set_number(meter, key, value) || set_flag(meter, key, value);
    }
    if (!done) {
        *ret_error = "no such key, or not a value for it";
        return false;
    }
    meter_balance_changed(meter);
    return true;
}
