/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the control codes that need the password: write (14), change password (18), clear
 * (19, 1A, 1B) and relay (1C). All of them check PA P0 P1 P2 C0..C3 first and answer ERR 04 if
 * they are wrong, and none of them changes anything before all of its data has been judged.
 */
#include <string.h>

#include "emulators/meterbus/answer.h"
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/param.h"
#include "emulators/meterbus/reply.h"

enum { AT_PASSWORD = 4, AT_VALUE = 12, RELAY_SIZE = 16, CLEAR_SIZE = 8, CLEAR_EVENTS_SIZE = 12 };

static bool fields_read(const uint8_t *bytes, size_t count, int *ret_fields)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        if (!bcd_read(&bytes[i], 1, &number)) {
            return false;
        }
        ret_fields[i] = (int)number;
    }
    return true;
}

/* Date WW DD MM YY (4), time ss mm hh (3), or time then date (7). */
static bool write_clock(struct meter *meter, uint32_t di, const uint8_t *value, size_t size)
{
    struct calendar c = calendar_from_ms(meter_shown_ms(meter));
    int fields[7] = {0};
    bool date = di == 0x04000101 || di == 0x0400010C;
    bool time = di == 0x04000102 || di == 0x0400010C;
    size_t wanted = (date ? 4U : 0U) + (time ? 3U : 0U);
    if (wanted == 0 || size != wanted || !fields_read(value, size, fields)) {
        return false;
    }
    if (time) {
        c.second = fields[0];
        c.minute = fields[1];
        c.hour = fields[2];
    }
    if (date) {
        const int *f = fields + (time ? 3 : 0);
        c.day = f[1];
        c.month = f[2];
        c.year = 2000 + f[3];
    }
    int64_t shown_ms = 0;
    if (!calendar_to_ms(&c, &shown_ms)) {
        return false;
    }
    meter_clock_set(meter, shown_ms);
    return true;
}

/* The field behind an amount or price that can be written, or NULL. */
static uint32_t *money_field(struct meter *meter, uint32_t di)
{
    uint32_t *limits[] = {&meter->alarm_fen[0], &meter->alarm_fen[1], &meter->overdraft_fen,
                          &meter->hoarding_fen, &meter->close_fen};
    uint32_t item = (di & 0xFF) - 1;
    if ((di & 0xFFFFFF00U) == 0x04001000 && item < ARRAY_COUNT(limits)) {
        return limits[item];
    }
    if ((di & 0xFFFFFF00U) == 0x04050100 && item < TARIFF_COUNT) {
        return &meter->price_e4[item];
    }
    return NULL;
}

static bool write_money(struct meter *meter, uint32_t di, const uint8_t *value, size_t size)
{
    uint32_t *field = money_field(meter, di);
    uint64_t number = 0;
    if (field == NULL || meter->cfg.kind == METER_CLOUD || size != 4 ||
        !bcd_read(value, size, &number)) {
        return false;
    }
    *field = (uint32_t)number;
    meter_balance_changed(meter);
    return true;
}

static bool write_param(struct meter *meter, uint32_t di, const uint8_t *value, size_t size)
{
    size_t index = param_find(di);
    if (index == PARAM_COUNT || !param_row_get(index)->writable ||
        size != param_row_get(index)->size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        meter->params[index][i] = value[i];
    }
    return true;
}

bool write_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    if (request->size <= AT_VALUE) {
        reply_refuse_err(ret_reply, METER_ERR_OTHER);
        return true;
    }
    if (!meter_authorised(meter, request->data + AT_PASSWORD)) {
        reply_refuse_err(ret_reply, METER_ERR_PASSWORD);
        return true;
    }
    uint32_t di = frame_di(request);
    const uint8_t *value = request->data + AT_VALUE;
    size_t size = (size_t)request->size - AT_VALUE;
    if (!write_clock(meter, di, value, size) && !write_money(meter, di, value, size) &&
        !write_param(meter, di, value, size)) {
        reply_refuse_err(ret_reply, METER_ERR_NO_DATA);
        return true;
    }
    meter->programming_count += 1;
    meter->dirty = true;
    reply_accept(ret_reply, NULL, 0);
    return true;
}

bool password_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    enum { SIZE = 12, AT_OLD = 4, AT_NEW = 8, DI_FIRST = 0x04000C01, DI_LAST = 0x04000C0A };
    uint32_t di = frame_di(request);
    if (request->size != SIZE || di < DI_FIRST || di > DI_LAST) {
        reply_refuse_err(ret_reply, METER_ERR_OTHER);
    } else if (memcmp(request->data + AT_OLD, meter->password, 4) != 0) {
        reply_refuse_err(ret_reply, METER_ERR_PASSWORD);
    } else {
        memcpy(meter->password, request->data + AT_NEW, 4);
        meter->programming_count += 1;
        meter->dirty = true;
        reply_accept(ret_reply, request->data + AT_NEW, 4);
    }
    return true;
}

bool clear_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    bool events = request->control == 0x1B;
    if (request->size != (events ? CLEAR_EVENTS_SIZE : CLEAR_SIZE)) {
        reply_refuse_err(ret_reply, METER_ERR_OTHER);
        return true;
    }
    bool prepaid_meter = request->control == 0x1A && meter->cfg.kind != METER_CLOUD;
    if (!meter_authorised(meter, request->data) || prepaid_meter) {
        reply_refuse_err(ret_reply, METER_ERR_PASSWORD); /* money is never cleared away */
        return true;
    }
    if (request->control == 0x1A) {
        memset(meter->energy_mj, 0, sizeof(meter->energy_mj));
        memset(meter->snapshots, 0, sizeof(meter->snapshots));
        meter->cleared_count += 1;
    }
    if (events) {
        meter->programming_count = 0;
        meter->clock_set_count = 0;
        meter->relay.trip_count = 0;
        meter->relay.close_count = 0;
    } else {
        meter->demand_w = 0;
        meter->demand_at_ms = 0;
    }
    meter->dirty = true;
    reply_accept(ret_reply, NULL, 0);
    return true;
}

/* N1 of control 1C. */
enum {
    RELAY_TRIP = 0x1A,
    RELAY_ALLOW = 0x1B,
    RELAY_CLOSE = 0x1C,
    RELAY_TRIP_RETURN = 0x1D,
    RELAY_TRIP_RETURN_2 = 0x1E,
    RELAY_ALARM = 0x2A,
    RELAY_ALARM_OFF = 0x2B,
    RELAY_KEEP = 0x3A,
    RELAY_KEEP_OFF = 0x3B
};

static void relay_trip(struct meter *meter, int64_t return_minutes)
{
    if (meter->relay.keep_power) {
        return; /* accepted and ignored: an accepted command is not yet an open relay */
    }
    meter_relay_order(meter, true);
    meter->relay.by_arrears = false;
    if (return_minutes > 0) {
        meter->relay.return_at_ms = meter->sim_ms + return_minutes * MS_PER_MINUTE;
    }
}

static void relay_allow(struct meter *meter)
{
    struct relay *relay = &meter->relay;
    relay->by_arrears = false;
    if (meter->cfg.button_auto) {
        meter_relay_order(meter, false);
        return;
    }
    relay->ordered_open = false;
    relay->close_allowed = relay->open || relay->move_at_ms != 0;
}

static bool relay_obey(struct meter *meter, uint8_t command, uint8_t delay)
{
    uint64_t minutes = 0;
    switch (command) {
    case RELAY_TRIP:
        relay_trip(meter, 0);
        return true;
    case RELAY_TRIP_RETURN:
    case RELAY_TRIP_RETURN_2:
        if (!bcd_read(&delay, 1, &minutes) || minutes == 0) {
            return false;
        }
        relay_trip(meter, (int64_t)minutes);
        return true;
    case RELAY_ALLOW:
        relay_allow(meter);
        return true;
    case RELAY_CLOSE:
        meter->relay.by_arrears = false;
        meter_relay_order(meter, false);
        return true;
    case RELAY_ALARM:
    case RELAY_ALARM_OFF:
        meter->relay.alarm_ordered = command == RELAY_ALARM;
        return true;
    case RELAY_KEEP:
    case RELAY_KEEP_OFF:
        meter->relay.keep_power = command == RELAY_KEEP;
        return true;
    default:
        return false;
    }
}

bool relay_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    enum { AT_COMMAND = 8, AT_DELAY = 9, AT_EXPIRY = 10 };
    int f[6] = {0};
    int64_t expiry_ms = 0;
    if (request->size != RELAY_SIZE || !fields_read(request->data + AT_EXPIRY, 6, f)) {
        reply_refuse_err(ret_reply, METER_ERR_OTHER);
        return true;
    }
    struct calendar c = {.second = f[0],
                         .minute = f[1],
                         .hour = f[2],
                         .day = f[3],
                         .month = f[4],
                         .year = 2000 + f[5]};
    bool in_time = calendar_to_ms(&c, &expiry_ms) && meter_shown_ms(meter) <= expiry_ms;
    if (!meter_authorised(meter, request->data) || !in_time) {
        reply_refuse_err(ret_reply, METER_ERR_PASSWORD);
        return true;
    }
    if (!relay_obey(meter, request->data[AT_COMMAND], request->data[AT_DELAY])) {
        reply_refuse_err(ret_reply, METER_ERR_OTHER);
        return true;
    }
    meter->dirty = true;
    meter_balance_changed(meter);
    reply_accept(ret_reply, NULL, 0);
    return true;
}
