/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A credit: authentication, reads before, the intent made durable, the frame sent once, its result
 * made durable, reads after. All in one turn, so that the purchase count that was read is the one
 * that the frame meets.
 *
 * The trap on the way: a read whose first try was answered too late. That answer may arrive when
 * the same item is read again after the credit, and the balance before would be taken for the
 * balance after. So when any try had no answer, the bus is listened to until a late one must have
 * passed: once before the frame, once before the reads after it.
 */
#include "collector/turn_parts.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/dl645/request.h"

static bool is_listed(const char items[][BUS_ITEM_SIZE], size_t count, const char *item)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(items[i], item)) {
            return true;
        }
    }
    return false;
}

/* The item to read at turn->index, or NULL at the end: the list, then the count if it is needed
 * and not in the list. */
static const char *item_at(const struct turn *turn, const char items[][BUS_ITEM_SIZE], size_t count)
{
    if (turn->index < count) {
        return items[turn->index];
    }
    bool needs_count =
        turn->job.command.u.credit.has_expect_count && !is_listed(items, count, BUS_ITEM_COUNT);
    return turn->index == count && needs_count ? BUS_ITEM_COUNT : NULL;
}

static const char *current_item(const struct turn *turn)
{
    const struct bus_credit *credit = &turn->job.command.u.credit;
    return turn->phase == TURN_PHASE_BEFORE ? item_at(turn, credit->before, credit->before_count)
                                            : item_at(turn, credit->after, credit->after_count);
}

static void request_frame(struct turn *turn, const struct bus_frame *frame, uint32_t timeout_ms)
{
    struct dl645_frame link = {0};
    struct dl645_message message = {0};
    MUST(dl645_frame_decode(frame->bytes, frame->size, &link) == OK);
    if (dl645_message_decode(&link, &message) != OK) {
        dl645_message_raw(&link, &message);
    }
    turn->request.message = message;
    MUST(dl645_frame_encode(&link, DL645_PREAMBLE_SENT, turn->request.wire,
                            sizeof(turn->request.wire), &turn->request.wire_size) == OK);
    turn->request.baud = turn->baud;
    turn->request.reply_timeout_ms = timeout_ms;
    turn->request.tries = 1;
}

static enum turn_action listen_quiet(struct turn *turn)
{
    turn->late_is_due = false;
    turn->quiet_ms = turn->reply_timeout_ms;
    return TURN_QUIET;
}

/* True if the count is what the cloud expects; else the turn is ended. */
static bool check_count(struct turn *turn)
{
    const struct bus_credit *credit = &turn->job.command.u.credit;
    if (!credit->has_expect_count) {
        return true;
    }
    const struct bus_value *value = bus_reply_value(&turn->reply, BUS_WHEN_BEFORE, BUS_ITEM_COUNT);
    uint32_t count = 0;
    if (value == NULL || !parse_u32(value->v, UINT32_MAX, &count)) {
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_COUNT_UNREADABLE);
        return false;
    }
    if (count != credit->expect_count) {
        turn_detail(turn, "purchase count is %u, expected %u", (unsigned)count,
                    (unsigned)credit->expect_count);
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_COUNT_CHANGED);
        return false;
    }
    return true;
}

static enum turn_action intent_next(struct turn *turn)
{
    /* The 30 s are over the whole way to the intent, also when authentication was slow. */
    if (turn->now_ms > turn->job.begin_last_ms) {
        return turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_EXPIRED);
    }
    if (turn->late_is_due) {
        return listen_quiet(turn);
    }
    turn->frame = turn->job.command.u.credit.frame;
    return TURN_SYNC_INTENT;
}

static enum turn_action before_next(struct turn *turn)
{
    const char *item = current_item(turn);
    if (item != NULL) {
        turn_read_item(turn, item);
        return TURN_SEND;
    }
    if (!check_count(turn)) {
        return TURN_OVER;
    }
    turn->phase = TURN_PHASE_INTENT;
    return intent_next(turn);
}

static enum turn_action after_next(struct turn *turn)
{
    if (turn->late_is_due) {
        return listen_quiet(turn);
    }
    const char *item = current_item(turn);
    if (item != NULL) {
        turn_read_item(turn, item);
        return TURN_SEND;
    }
    if (turn->reply.accepted == BUS_TRI_TRUE) {
        return turn_end(turn, OUTCOME_DONE, "");
    }
    bool refused = turn->reply.accepted == BUS_TRI_FALSE;
    return turn_end(turn, OUTCOME_UNKNOWN,
                    refused ? BUS_ERROR_METER_REFUSED : BUS_ERROR_METER_SILENT);
}

enum turn_action turn_credit_next(struct turn *turn)
{
    const struct bus_credit *credit = &turn->job.command.u.credit;
    switch (turn->phase) {
    case TURN_PHASE_AUTH:
        if (turn->index < credit->auth_count) {
            request_frame(turn, &credit->auth[turn->index], TURN_ESAM_TIMEOUT_MS);
            return TURN_SEND;
        }
        turn->phase = TURN_PHASE_BEFORE;
        turn->index = 0;
        return before_next(turn);
    case TURN_PHASE_BEFORE:
        return before_next(turn);
    case TURN_PHASE_INTENT:
        return intent_next(turn);
    case TURN_PHASE_FRAME:
        request_frame(turn, &credit->frame, credit->reply_timeout_ms);
        return TURN_SEND;
    case TURN_PHASE_RESULT:
        return TURN_SYNC_RESULT;
    case TURN_PHASE_AFTER:
        return after_next(turn);
    case TURN_PHASE_DATE:
    case TURN_PHASE_TIME:
    case TURN_PHASE_OVER:
    case TURN_PHASE_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void auth_exchanged(struct turn *turn, const struct exchange *x)
{
    if (exchange_succeeded(x)) {
        turn->index += 1;
    } else if (x->verdict == EXCHANGE_ANSWER) {
        turn_detail(turn, "authentication refused with error %04X", (unsigned)x->reply.error_bits);
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_AUTH_REFUSED);
    } else {
        turn_fail(turn, turn_silence_word(x->verdict));
    }
}

static void before_exchanged(struct turn *turn, const struct exchange *x)
{
    if (turn_take_item(turn, x, BUS_WHEN_BEFORE, current_item(turn)) == TURN_TAKEN_NOTHING) {
        turn_fail(turn, turn_silence_word(x->verdict));
        return;
    }
    turn->index += 1;
}

static void frame_exchanged(struct turn *turn, const struct exchange *x)
{
    turn->phase = TURN_PHASE_RESULT;
    if (x->verdict != EXCHANGE_ANSWER) {
        turn_detail(turn, "no answer to the credit");
        return;
    }
    turn->reply.frame_reply = x->raw;
    turn->reply.accepted = x->reply.error ? BUS_TRI_FALSE : BUS_TRI_TRUE;
    if (x->reply.error) {
        turn->reply.has_serr = true;
        turn->reply.serr = x->reply.error_bits;
    }
}

static void after_exchanged(struct turn *turn, const struct exchange *x)
{
    if (turn_take_item(turn, x, BUS_WHEN_AFTER, current_item(turn)) != TURN_TAKEN_NOTHING) {
        turn->index += 1;
        return;
    }
    /* The meter is gone: the other reads would only hold the bus. The answer to the frame counts
     * all the same. */
    turn->index = BUS_ITEMS_MAX + 1;
    turn->late_is_due = false;
}

void turn_credit_exchanged(struct turn *turn, const struct exchange *x)
{
    switch (turn->phase) {
    case TURN_PHASE_AUTH:
        auth_exchanged(turn, x);
        return;
    case TURN_PHASE_BEFORE:
        before_exchanged(turn, x);
        return;
    case TURN_PHASE_FRAME:
        frame_exchanged(turn, x);
        return;
    case TURN_PHASE_AFTER:
        after_exchanged(turn, x);
        return;
    case TURN_PHASE_DATE:
    case TURN_PHASE_TIME:
    case TURN_PHASE_INTENT:
    case TURN_PHASE_RESULT:
    case TURN_PHASE_OVER:
    case TURN_PHASE_COUNT:
        break;
    }
    MUST_NOT_REACH();
}
