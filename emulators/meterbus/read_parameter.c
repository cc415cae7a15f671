/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: parameters (DI3 = 04) that mean something to the emulator are computed here from the
 * meter's state; all others are kept bytes in the table of param.c.
 */
#include <string.h>

#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/param.h"
#include "emulators/meterbus/read.h"

enum { MONEY_SIZE = 4, STATUS_SIZE = 2, STATUS_WORDS = 7 };

static void value_add_date(struct value *value, const struct calendar *c)
{
    value_add_bcd(value, 1, (uint64_t)c->weekday);
    value_add_bcd(value, 1, (uint64_t)c->day);
    value_add_bcd(value, 1, (uint64_t)c->month);
    value_add_bcd(value, 1, (uint64_t)c->year % 100);
}

static void value_add_time(struct value *value, const struct calendar *c)
{
    value_add_bcd(value, 1, (uint64_t)c->second);
    value_add_bcd(value, 1, (uint64_t)c->minute);
    value_add_bcd(value, 1, (uint64_t)c->hour);
}

static bool read_clock(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    struct calendar c = calendar_from_ms(meter_shown_ms(meter));
    switch (di) {
    case 0x04000101:
        value_add_date(ret_value, &c);
        return true;
    case 0x04000102:
        value_add_time(ret_value, &c);
        return true;
    case 0x0400010C:
        value_add_time(ret_value, &c);
        value_add_date(ret_value, &c);
        return true;
    default:
        return false;
    }
}

/* Run status word 3: relay, its command, alarm, kind of meter, keep-power, session, account. */
static uint16_t status_word_3(const struct meter *meter)
{
    const struct relay *relay = &meter->relay;
    unsigned int word = 0;
    word |= meter->session.programming ? 1U << 3 : 0;
    word |= relay->open ? 1U << 4 : 0;
    word |= relay->ordered_open ? 1U << 6 : 0;
    word |= meter_alarm(meter) ? 1U << 7 : 0;
    word |= meter->cfg.kind == METER_CLOUD ? 0 : 2U << 8;
    word |= relay->keep_power ? 1U << 12 : 0;
    word |= meter->session.until_ms > meter->sim_ms ? 1U << 13 : 0;
    word |= meter->cfg.kind != METER_CLOUD && meter->opened ? 1U << 14 : 0;
    return (uint16_t)word;
}

static bool read_status(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    uint8_t number = (uint8_t)di;
    bool block = number == 0xFF;
    if (number == 0 || (!block && number > STATUS_WORDS)) {
        return false;
    }
    for (unsigned int i = block ? 1 : number; i <= (block ? STATUS_WORDS : number); i++) {
        uint8_t bytes[STATUS_SIZE];
        binary_write(bytes, sizeof(bytes), i == 3 ? status_word_3(meter) : 0);
        value_add_bytes(ret_value, bytes, sizeof(bytes));
    }
    return true;
}

static bool read_money_limit(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    const uint32_t limits[] = {[1] = meter->alarm_fen[0],
                               [2] = meter->alarm_fen[1],
                               [3] = meter->overdraft_fen,
                               [4] = meter->hoarding_fen,
                               [5] = meter->close_fen};
    uint8_t item = (uint8_t)di;
    if (meter->cfg.kind == METER_CLOUD || item == 0 || item >= ARRAY_COUNT(limits)) {
        return false;
    }
    value_add_bcd(ret_value, MONEY_SIZE, limits[item]);
    return true;
}

static uint8_t baud_code(uint32_t baud)
{
    uint8_t code = 0x02;
    for (uint32_t rate = 600; rate < baud && code < 0x80; rate *= 2) {
        code = (uint8_t)(code << 1);
    }
    return code;
}

static bool read_identity(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    switch (di) {
    case 0x04000401:
        value_add_bytes(ret_value, meter->address, FRAME_ADDRESS_SIZE);
        return true;
    case 0x0400040E:
        value_add_bytes(ret_value, meter->customer, sizeof(meter->customer));
        return true;
    case 0x04000703: {
        uint8_t code = baud_code(meter->baud);
        value_add_bytes(ret_value, &code, 1);
        return true;
    }
    default:
        return false;
    }
}

bool value_read_parameter(const struct meter *meter, uint32_t di, struct value *ret_value)
{
    size_t index = param_find(di);
    if (index < PARAM_COUNT) {
        value_add_bytes(ret_value, meter->params[index], param_row_get(index)->size);
        return true;
    }
    switch (di & 0xFFFFFF00U) {
    case 0x04000500:
        return read_status(meter, di, ret_value);
    case 0x04001000:
        return read_money_limit(meter, di, ret_value);
    case 0x04050100:
        if ((di & 0xFF) == 0 || (di & 0xFF) > TARIFF_COUNT) {
            return false;
        }
        value_add_bcd(ret_value, MONEY_SIZE, meter->price_e4[(di & 0xFF) - 1]);
        return true;
    default:
        return read_clock(meter, di, ret_value) || read_identity(meter, di, ret_value);
    }
}
