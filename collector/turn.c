/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The parts that all turns share, and the way from one to the next. Each kind of job has a file of
 * its own: turn_read, turn_credit, turn_relay.
 *
 * A rule for all of them: as long as nothing but reads was sent, a failure is NOT_DONE (UNKNOWN for
 * a read, which has nothing to be done); once the frame that changes something may have left, only
 * the meter's word makes it DONE, and everything else is UNKNOWN.
 */
#include "collector/turn.h"

#include <stdarg.h>
#include <string.h>

#include "collector/turn_parts.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/request.h"
#include "protocol/dl645/status.h"
#include "protocol/dl645/value.h"

void turn_begin(struct turn *turn, const struct job *job, uint32_t bus_baud,
                uint32_t reply_timeout_ms)
{
    MUST(job->tries >= 1 && job->tries <= EXCHANGE_TRIES_MAX);
    MUST(bus_baud > 0);
    memset(turn, 0, sizeof(*turn));
    turn->job = *job;
    turn->baud = job->meter.baud != 0 ? job->meter.baud : bus_baud;
    turn->reply_timeout_ms = reply_timeout_ms;
    MUST(str_copy(turn->reply.id, sizeof(turn->reply.id), job->command.id));
    switch (job->command.op) {
    case BUS_OP_READ:
        turn->phase = TURN_PHASE_BEFORE;
        return;
    case BUS_OP_CREDIT:
        turn->phase = TURN_PHASE_AUTH;
        turn->reply.is_credit = true;
        return;
    case BUS_OP_RELAY:
        turn->phase = TURN_PHASE_DATE;
        return;
    case BUS_OP_VOID:
    case BUS_OP_PING:
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

enum turn_action turn_next(struct turn *turn, int64_t now_ms)
{
    turn->now_ms = now_ms;
    if (turn->phase == TURN_PHASE_OVER) {
        return TURN_OVER;
    }
    switch (turn->job.command.op) {
    case BUS_OP_READ:
        return turn_read_next(turn);
    case BUS_OP_CREDIT:
        return turn_credit_next(turn);
    case BUS_OP_RELAY:
        return turn_relay_next(turn);
    case BUS_OP_VOID:
    case BUS_OP_PING:
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void note_exchange(struct turn *turn, const struct exchange *x)
{
    MUST(exchange_is_over(x));
    turn->late_is_due = turn->late_is_due || x->timed_out;
    turn->garbled = turn->garbled || x->verdict == EXCHANGE_GARBLED;
    if (x->verdict == EXCHANGE_ANSWER) {
        turn->heard = true;
        turn->reply.raw = x->raw;
    }
}

void turn_exchanged(struct turn *turn, const struct exchange *x)
{
    note_exchange(turn, x);
    switch (turn->job.command.op) {
    case BUS_OP_READ:
        turn_read_exchanged(turn, x);
        return;
    case BUS_OP_CREDIT:
        turn_credit_exchanged(turn, x);
        return;
    case BUS_OP_RELAY:
        turn_relay_exchanged(turn, x);
        return;
    case BUS_OP_VOID:
    case BUS_OP_PING:
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void intent_synced(struct turn *turn, enum err err)
{
    if (err == OK) {
        turn->phase = TURN_PHASE_FRAME;
        /* From here on nobody may say that nothing was sent. */
        turn->reply.sent = true;
    } else if (err == ERR_DENIED) {
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_VOIDED);
    } else if (err == ERR_CONFLICT) {
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_OLD_GENERATION);
    } else {
        (void)turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL);
    }
}

void turn_synced(struct turn *turn, enum err err)
{
    if (turn->phase == TURN_PHASE_INTENT) {
        intent_synced(turn, err);
        return;
    }
    MUST(turn->phase == TURN_PHASE_RESULT);
    turn->phase = TURN_PHASE_AFTER;
    turn->index = 0;
    if (err != OK) {
        /* What the meter said must not be told before it is durable: it is as good as unheard. */
        (void)turn_end(turn, OUTCOME_UNKNOWN, BUS_ERROR_JOURNAL);
        turn->reply.accepted = BUS_TRI_NULL;
        turn->reply.frame_reply = (struct bus_frame){0};
    }
}

void turn_fail(struct turn *turn, const char *error)
{
    if (turn->phase == TURN_PHASE_AFTER && turn->reply.accepted == BUS_TRI_TRUE &&
        turn->reply.is_credit) {
        /* The meter said yes and that is durable; only the reads after it are missing. */
        (void)turn_end(turn, OUTCOME_DONE, "");
        return;
    }
    bool nothing_sent = !turn->reply.sent && turn->job.command.op != BUS_OP_READ;
    (void)turn_end(turn, nothing_sent ? OUTCOME_NOT_DONE : OUTCOME_UNKNOWN, error);
}

bool turn_is_closed(const struct turn *turn)
{
    return turn->job.command.op != BUS_OP_READ;
}

enum turn_action turn_end(struct turn *turn, enum outcome outcome, const char *error)
{
    MUST((outcome == OUTCOME_DONE) == (error[0] == '\0'));
    turn->phase = TURN_PHASE_OVER;
    turn->reply.outcome = outcome;
    MUST(str_copy(turn->reply.error, sizeof(turn->reply.error), error));
    return TURN_OVER;
}

const char *turn_silence_word(enum exchange_verdict verdict)
{
    switch (verdict) {
    case EXCHANGE_SILENT:
        return BUS_ERROR_METER_SILENT;
    case EXCHANGE_GARBLED:
        return BUS_ERROR_GARBLED;
    case EXCHANGE_FAULT:
        return BUS_ERROR_BUS_FAULT;
    case EXCHANGE_PENDING:
    case EXCHANGE_ANSWER:
    case EXCHANGE_VERDICT_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

void turn_detail(struct turn *turn, const char *format, ...)
{
    char *detail = turn->reply.detail;
    size_t len = strlen(detail);
    if (len > 0 && len + 3 < BUS_DETAIL_SIZE) {
        memcpy(detail + len, "; ", 3);
        len += 2;
    }
    va_list values;
    va_start(values, format);
    str_vformat_cut(detail + len, BUS_DETAIL_SIZE - len, format, values);
    va_end(values);
}

void turn_value_add(struct turn *turn, enum bus_when when, const char *item, const char *text,
                    const char *unit)
{
    if (turn->reply.value_count == BUS_VALUES_MAX) {
        return;
    }
    struct bus_value *value = &turn->reply.values[turn->reply.value_count];
    if (str_copy(value->item, sizeof(value->item), item) &&
        str_copy(value->v, sizeof(value->v), text) &&
        str_copy(value->unit, sizeof(value->unit), unit)) {
        value->when = when;
        turn->reply.value_count += 1;
    }
}

void turn_read_request(struct turn *turn, const struct dl645_message *message)
{
    MUST(exchange_request_set(&turn->request, message));
    turn->request.baud = turn->baud;
    turn->request.reply_timeout_ms = turn->reply_timeout_ms;
    turn->request.tries = turn->job.tries;
}

void turn_read_item(struct turn *turn, const char *item)
{
    uint32_t di = 0;
    struct dl645_message message = {0};
    MUST(dl645_di_parse(item, &di));
    dl645_request_read(turn->job.meter.meter, di, &message);
    turn_read_request(turn, &message);
}

enum turn_taken turn_take_value(struct turn *turn, const struct turn_value *value,
                                enum bus_when when, const char *item)
{
    struct dl645_di di = {0};
    char text[BUS_VALUE_SIZE];
    dl645_di_describe(value->di, &di);
    if (dl645_value_to_text(&di, value->bytes, value->size, text, sizeof(text)) != OK) {
        turn_detail(turn, "%s: its %u bytes are no value", item, (unsigned)value->size);
        return TURN_TAKEN_REFUSED;
    }
    turn_value_add(turn, when, item, text, di.unit);
    if (value->di == DL645_DI_STATUS_3 && value->size >= 2) {
        bool open = dl645_status_relay_is_open(value->bytes);
        turn_value_add(turn, when, BUS_ITEM_RELAY, open ? "open" : "closed", "");
    }
    return TURN_TAKEN_VALUE;
}

enum turn_taken turn_take_item(struct turn *turn, const struct exchange *x, enum bus_when when,
                               const char *item)
{
    if (x->verdict != EXCHANGE_ANSWER) {
        turn_detail(turn, "%s: no answer", item);
        return TURN_TAKEN_NOTHING;
    }
    if (x->reply.error) {
        turn_detail(turn, "%s: refused with error %02X", item, (unsigned)x->reply.error_bits);
        return TURN_TAKEN_REFUSED;
    }
    if (x->reply.more) {
        turn_detail(turn, "%s: it comes in several frames", item);
        return TURN_TAKEN_REFUSED;
    }
    const struct turn_value value = {x->reply.di, x->reply.value, x->reply.value_size};
    return turn_take_value(turn, &value, when, item);
}
