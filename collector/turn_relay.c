/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A relay command: the meter's own clock is read, because the frame is refused after its expiry by
 * that clock; then intent, frame, result; then status word 3 until it shows what was wanted. An
 * accepted command is not yet an open relay. Between two looks at the status the bus belongs to
 * others; for 1B, where somebody has to press the meter's button, that goes on for two minutes.
 *
 * The date is read before the time: if midnight falls between them, the frame expires a day early
 * and the meter refuses it, which costs a repetition and not a day-long permission.
 */
#include <string.h>

#include "collector/turn_parts.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/request.h"

static uint32_t get_be24(const uint8_t *p)
{
    return ((uint32_t)p[0] << 16) | ((uint32_t)p[1] << 8) | p[2];
}

static enum dl645_relay_command relay_command(enum bus_relay_how how)
{
    switch (how) {
    case BUS_RELAY_OPEN:
        return DL645_RELAY_TRIP;
    case BUS_RELAY_ALLOW:
        return DL645_RELAY_PERMIT_CLOSE;
    case BUS_RELAY_CLOSE:
        return DL645_RELAY_CLOSE;
    case BUS_RELAY_HOW_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* turn->meter_clock + expiry_s, by the calendar. */
static bool expiry_make(const struct turn *turn, struct dl645_time *ret_expires)
{
    struct civil civil = {0};
    int64_t wall_s = 0;
    if (!dl645_time_to_civil(&turn->meter_clock, &civil) || !civil_to_wall_s(&civil, &wall_s)) {
        return false;
    }
    civil = civil_beijing(wall_s + turn->job.command.u.relay.expiry_s);
    return dl645_time_from_civil(&civil, ret_expires);
}

/* Make the frame; false if the meter's clock shows no time. */
static bool frame_make(struct turn *turn)
{
    struct dl645_time expires = {0};
    if (!expiry_make(turn, &expires)) {
        return false;
    }
    const struct bus_meter *meter = &turn->job.meter;
    struct dl645_credentials who = {
        .pa = meter->password[0],
        .password = get_be24(meter->password + 1),
        .operator_code = get_be32(meter->operator_code),
    };
    dl645_request_relay(meter->meter, &who, relay_command(turn->job.command.u.relay.how), &expires,
                        &turn->frame_message);
    MUST(exchange_request_set(&turn->request, &turn->frame_message));
    size_t preamble = DL645_PREAMBLE_SENT;
    turn->frame.size = turn->request.wire_size - preamble;
    memcpy(turn->frame.bytes, turn->request.wire + preamble, turn->frame.size);
    return true;
}

static enum turn_action intent_next(struct turn *turn)
{
    if (turn->now_ms > turn->job.begin_last_ms) {
        return turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_EXPIRED);
    }
    if (!frame_make(turn)) {
        return turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_CLOCK_UNREADABLE);
    }
    return TURN_SYNC_INTENT;
}

static enum turn_action frame_next(struct turn *turn)
{
    MUST(exchange_request_set(&turn->request, &turn->frame_message));
    turn->request.baud = turn->baud;
    turn->request.reply_timeout_ms =
        turn->frame_message.pa == 0x98U ? TURN_ESAM_TIMEOUT_MS : turn->reply_timeout_ms;
    turn->request.tries = 1;
    return TURN_SEND;
}

static bool is_as_wanted(const struct turn *turn)
{
    const struct bus_value *relay = bus_reply_value(&turn->reply, BUS_WHEN_NOW, BUS_ITEM_RELAY);
    const char *want = turn->job.command.u.relay.want_closed ? "closed" : "open";
    return relay != NULL && str_equal(relay->v, want);
}

static bool is_button(const struct turn *turn)
{
    return turn->job.command.u.relay.how == BUS_RELAY_ALLOW;
}

static enum turn_action after_next(struct turn *turn)
{
    if (turn->check_until_ms == 0) {
        turn->check_until_ms =
            turn->now_ms + (is_button(turn) ? TURN_BUTTON_CHECK_MS : TURN_RELAY_CHECK_MS);
    }
    if (is_as_wanted(turn)) {
        return turn_end(turn, OUTCOME_DONE, "");
    }
    bool looked = turn->index > 0;
    /* A refused frame changes nothing more: one look (a refusal may still have worked), no wait. */
    bool waits = turn->reply.accepted != BUS_TRI_FALSE && turn->now_ms < turn->check_until_ms;
    if (looked && !waits) {
        bool refused = turn->reply.accepted == BUS_TRI_FALSE;
        return turn_end(turn, OUTCOME_UNKNOWN,
                        refused ? BUS_ERROR_METER_REFUSED : BUS_ERROR_RELAY_MISMATCH);
    }
    if (looked && turn->now_ms < turn->resume_ms) {
        return TURN_PARK;
    }
    /* Only the newest look is told. */
    turn->reply.value_count = 0;
    turn_read_item(turn, BUS_ITEM_STATUS3);
    return TURN_SEND;
}

enum turn_action turn_relay_next(struct turn *turn)
{
    switch (turn->phase) {
    case TURN_PHASE_DATE:
        turn_read_item(turn, BUS_ITEM_DATE);
        return TURN_SEND;
    case TURN_PHASE_TIME:
        turn_read_item(turn, BUS_ITEM_TIME);
        return TURN_SEND;
    case TURN_PHASE_INTENT:
        return intent_next(turn);
    case TURN_PHASE_FRAME:
        return frame_next(turn);
    case TURN_PHASE_RESULT:
        return TURN_SYNC_RESULT;
    case TURN_PHASE_AFTER:
        return after_next(turn);
    case TURN_PHASE_AUTH:
    case TURN_PHASE_BEFORE:
    case TURN_PHASE_OVER:
    case TURN_PHASE_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* The bytes of a clock reading; false (and the turn ended) without them. */
static bool clock_take(struct turn *turn, const struct exchange *x, uint8_t size_min)
{
    if (x->verdict != EXCHANGE_ANSWER) {
        turn_fail(turn, turn_silence_word(x->verdict));
        return false;
    }
    if (x->reply.error || x->reply.value_size < size_min) {
        turn_detail(turn, "the meter does not tell its clock");
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_CLOCK_UNREADABLE);
        return false;
    }
    return true;
}

static void date_exchanged(struct turn *turn, const struct exchange *x)
{
    if (clock_take(turn, x, 4)) { /* WW DD MM YY */
        turn->meter_clock.day = x->reply.value[1];
        turn->meter_clock.month = x->reply.value[2];
        turn->meter_clock.year = x->reply.value[3];
        turn->phase = TURN_PHASE_TIME;
    }
}

static void time_exchanged(struct turn *turn, const struct exchange *x)
{
    if (clock_take(turn, x, 3)) { /* ss mm hh */
        turn->meter_clock.second = x->reply.value[0];
        turn->meter_clock.minute = x->reply.value[1];
        turn->meter_clock.hour = x->reply.value[2];
        turn->phase = TURN_PHASE_INTENT;
    }
}

static void frame_exchanged(struct turn *turn, const struct exchange *x)
{
    turn->phase = TURN_PHASE_RESULT;
    if (x->verdict != EXCHANGE_ANSWER) {
        turn_detail(turn, "no answer to the relay command");
        return;
    }
    turn->reply.frame_reply = x->raw;
    turn->reply.accepted = x->reply.error ? BUS_TRI_FALSE : BUS_TRI_TRUE;
    if (x->reply.error) {
        turn_detail(turn, "refused with error %02X", (unsigned)x->reply.error_bits);
    }
}

/* Meters move their relay within a second or two; only somebody's finger takes longer. */
static int64_t look_step_ms(const struct turn *turn)
{
    int64_t begun_ms =
        turn->check_until_ms - (is_button(turn) ? TURN_BUTTON_CHECK_MS : TURN_RELAY_CHECK_MS);
    bool early = turn->now_ms < begun_ms + TURN_RELAY_CHECK_MS;
    return early ? TURN_RELAY_STEP_MS : TURN_BUTTON_STEP_MS;
}

static void look_exchanged(struct turn *turn, const struct exchange *x)
{
    turn->index = 1;
    turn->resume_ms = turn->now_ms + look_step_ms(turn);
    (void)turn_take_item(turn, x, BUS_WHEN_NOW, BUS_ITEM_STATUS3);
}

void turn_relay_exchanged(struct turn *turn, const struct exchange *x)
{
    switch (turn->phase) {
    case TURN_PHASE_DATE:
        date_exchanged(turn, x);
        return;
    case TURN_PHASE_TIME:
        time_exchanged(turn, x);
        return;
    case TURN_PHASE_FRAME:
        frame_exchanged(turn, x);
        return;
    case TURN_PHASE_AFTER:
        look_exchanged(turn, x);
        return;
    case TURN_PHASE_AUTH:
    case TURN_PHASE_BEFORE:
    case TURN_PHASE_INTENT:
    case TURN_PHASE_RESULT:
    case TURN_PHASE_OVER:
    case TURN_PHASE_COUNT:
        break;
    }
    MUST_NOT_REACH();
}
