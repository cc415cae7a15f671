/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rules of acceptance, in this order: a command for another journal is refused; an id that was
 * answered gets the same answer; an id that is being worked on gets none now; then ACCEPTED is made
 * durable, and only then it is looked at whether the command can be carried out, so that a refusal
 * too is this id's answer for ever.
 *
 * An answer of a journalled command is stored before it is sent. If it cannot be stored, what is
 * told is "unknown" (or "not done", if nothing was sent): both stay true whatever happens next.
 */
#include "collector/desk.h"

#include <string.h>

#include "collector/exchange.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/address.h"
#include "protocol/dl645/di.h"
#include "protocol/dl645/message.h"

/* Name the wrong member; always false. */
static bool refuse(struct bus_fault *fault, const char *field)
{
    str_format_cut(fault->field, sizeof(fault->field), "%s", field);
    return false;
}

static bool items_are_sound(const char items[][BUS_ITEM_SIZE], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t di = 0;
        if (!dl645_di_parse(items[i], &di)) {
            return false;
        }
    }
    return true;
}

/* A frame to this very meter with control 03: the only function that moves money. */
static bool frame_is_sound(const struct bus_frame *frame, const char *meter)
{
    struct dl645_frame link = {0};
    uint8_t address[DL645_ADDRESS_SIZE];
    return dl645_frame_decode(frame->bytes, frame->size, &link) == OK &&
           dl645_address_parse(meter, address) &&
           memcmp(link.address, address, sizeof(address)) == 0 &&
           link.control == DL645_SECURITY_AUTH;
}

static bool credit_is_sound(const struct bus_credit *credit, const char *meter,
                            struct bus_fault *ret_fault)
{
    for (size_t i = 0; i < credit->auth_count; i++) {
        if (!frame_is_sound(&credit->auth[i], meter)) {
            return refuse(ret_fault, "auth");
        }
    }
    if (!frame_is_sound(&credit->frame, meter)) {
        return refuse(ret_fault, "frame");
    }
    if (!items_are_sound(credit->before, credit->before_count)) {
        return refuse(ret_fault, "before");
    }
    if (!items_are_sound(credit->after, credit->after_count)) {
        return refuse(ret_fault, "after");
    }
    return true;
}

bool desk_command_is_sound(const struct bus_command *command, const struct bus_meter *meter,
                           struct bus_fault *ret_fault)
{
    *ret_fault = (struct bus_fault){0};
    switch (command->op) {
    case BUS_OP_READ:
        if (!items_are_sound(command->u.read.items, command->u.read.item_count)) {
            return refuse(ret_fault, "items");
        }
        return true;
    case BUS_OP_CREDIT:
        if (meter->kind == BUS_METER_CLOUD) {
            return refuse(ret_fault, "meter"); /* it has no balance inside */
        }
        if (meter->kind == BUS_METER_COUNT && !command->u.credit.has_expect_count) {
            return refuse(ret_fault, "expect"); /* it is what makes the credit unique */
        }
        return credit_is_sound(&command->u.credit, meter->meter, ret_fault);
    case BUS_OP_RELAY:
    case BUS_OP_VOID:
    case BUS_OP_PING:
        return true;
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* --- answers --------------------------------------------------------------------------------- */

static void send_reply(struct desk *desk, const struct bus_reply *reply)
{
    size_t size = 0;
    if (bus_reply_encode(reply, desk->text, sizeof(desk->text), &size) == OK) {
        desk->send(desk->self, desk->text, size);
    } else {
        log_error("answer to %s does not fit a message", reply->id);
    }
}

static struct bus_reply *reply_make(struct desk *desk, const char *id, enum outcome outcome,
                                    const char *error, const char *detail)
{
    struct bus_reply *reply = &desk->reply;
    memset(reply, 0, sizeof(*reply));
    reply->epoch = journal_epoch(desk->journal);
    reply->outcome = outcome;
    MUST(str_copy(reply->id, sizeof(reply->id), id));
    MUST(str_copy(reply->error, sizeof(reply->error), error));
    str_format_cut(reply->detail, sizeof(reply->detail), "%s", detail);
    return reply;
}

/* An answer that is not journalled. */
static void answer_once(struct desk *desk, const char *id, enum outcome outcome, const char *error,
                        const char *detail)
{
    send_reply(desk, reply_make(desk, id, outcome, error, detail));
}

static void tell_journal(struct desk *desk, enum err err)
{
    char detail[BUS_DETAIL_SIZE];
    str_format_cut(detail, sizeof(detail),
                   "the journal cannot be written (%s); no credit and no relay command is accepted",
                   err_name(err));
    desk->tell(desk->self, "journal", "", detail);
}

/* Store, then send. */
static void answer_for_ever(struct desk *desk, struct bus_reply *reply)
{
    enum err err = journal_reply_store(desk->journal, reply);
    if (err != OK) {
        tell_journal(desk, err);
        reply->outcome = reply->sent ? OUTCOME_UNKNOWN : OUTCOME_NOT_DONE;
        MUST(str_copy(reply->error, sizeof(reply->error), BUS_ERROR_JOURNAL));
    }
    send_reply(desk, reply);
}

static void refuse_for_ever(struct desk *desk, const struct bus_command *command, const char *error,
                            const char *detail)
{
    struct bus_reply *reply = reply_make(desk, command->id, OUTCOME_NOT_DONE, error, detail);
    reply->is_credit = command->op == BUS_OP_CREDIT;
    answer_for_ever(desk, reply);
}

/* True if the id is known and there is nothing more to do. */
static bool answer_again(struct desk *desk, const char *id)
{
    size_t size = 0;
    if (journal_reply_find(desk->journal, id, desk->text, sizeof(desk->text), &size) != OK) {
        return false;
    }
    desk->send(desk->self, desk->text, size);
    return true;
}

/* --- commands -------------------------------------------------------------------------------- */

static void job_make(const struct desk *desk, const struct bus_command *command, int meter,
                     struct job *ret_job)
{
    int64_t now_ms = clock_mono_ms(&desk->clock);
    int64_t patience_ms = command->deadline_ms;
    bool journalled = bus_op_is_journalled(command->op);
    if (journalled && patience_ms > DESK_BEGIN_MS_MAX) {
        patience_ms = DESK_BEGIN_MS_MAX;
    }
    memset(ret_job, 0, sizeof(*ret_job));
    ret_job->command = *command;
    ret_job->meter = desk->roster->meters[meter].meter;
    ret_job->accepted_ms = now_ms;
    ret_job->begin_last_ms = now_ms + patience_ms;
    ret_job->tries = EXCHANGE_TRIES_MAX;
    ret_job->prio = JOB_PRIO_COMMAND;
    if (command->op == BUS_OP_READ) {
        switch (command->u.read.prio) {
        case BUS_PRIO_LIVE:
            ret_job->prio = JOB_PRIO_LIVE;
            break;
        case BUS_PRIO_CHECK:
            ret_job->prio = JOB_PRIO_CHECK;
            break;
        case BUS_PRIO_SCHEDULE:
        case BUS_PRIO_COUNT:
            ret_job->prio = JOB_PRIO_SCHEDULE;
            ret_job->tries = roster_tries(desk->roster, meter);
            break;
        }
    }
}

/* Put a sound command on its bus; NULL, or the error why not, with @p detail. */
static const char *dispatch(struct desk *desk, const struct bus_command *command,
                            struct bus_fault *ret_fault)
{
    *ret_fault = (struct bus_fault){0};
    int meter = roster_find(desk->roster, command->meter);
    if (meter == ROSTER_NONE) {
        return BUS_ERROR_UNKNOWN_METER;
    }
    const struct roster_meter *entry = &desk->roster->meters[meter];
    if (!desk_command_is_sound(command, &entry->meter, ret_fault)) {
        return BUS_ERROR_BAD_REQUEST;
    }
    struct job job;
    job_make(desk, command, meter, &job);
    return desk->push(desk->self, entry->bus, &job) ? NULL : BUS_ERROR_BUSY;
}

static void on_read(struct desk *desk, const struct bus_command *command)
{
    struct bus_fault fault;
    const char *error = dispatch(desk, command, &fault);
    if (error != NULL) {
        answer_once(desk, command->id, OUTCOME_NOT_DONE, error, fault.field);
    }
}

static void on_change(struct desk *desk, const struct bus_command *command)
{
    struct bus_fault fault = {0};
    const char *error = NULL;
    if (answer_again(desk, command->id)) {
        return;
    }
    enum err err = journal_accept(desk->journal, command);
    if (err == OK) {
        error = dispatch(desk, command, &fault);
        if (error != NULL) {
            refuse_for_ever(desk, command, error, fault.field);
        }
    } else if (err == ERR_DENIED) {
        refuse_for_ever(desk, command, BUS_ERROR_VOIDED, "");
    } else if (err == ERR_CONFLICT) {
        refuse_for_ever(desk, command, BUS_ERROR_OLD_GENERATION, "");
    } else if (err != ERR_EXISTS) {
        tell_journal(desk, err);
        answer_once(desk, command->id, OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL, err_name(err));
    }
    /* ERR_EXISTS: it is being worked on, and its answer comes by itself. */
}

static void on_void(struct desk *desk, const struct bus_command *command)
{
    enum err err =
        journal_void(desk->journal, command->id, command->u.voiding.target, &desk->reply);
    if (err == OK) {
        send_reply(desk, &desk->reply);
    } else if (err != ERR_EXISTS || !answer_again(desk, command->id)) {
        tell_journal(desk, err);
        answer_once(desk, command->id, OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL, err_name(err));
    }
}

static void refuse_message(struct desk *desk, enum err err, const struct bus_fault *fault)
{
    char detail[BUS_DETAIL_SIZE];
    str_format_cut(detail, sizeof(detail), "command refused: %s (%s)", fault->field, err_name(err));
    desk->tell(desk->self, "bad_message", "", detail);
    if (fault->id[0] != '\0') {
        answer_once(desk, fault->id, OUTCOME_NOT_DONE,
                    err == ERR_UNSUPPORTED ? BUS_ERROR_UNSUPPORTED : BUS_ERROR_BAD_REQUEST,
                    fault->field);
    }
}

void desk_command(struct desk *desk, const char *text, size_t size)
{
    struct bus_command command;
    struct bus_fault fault;
    enum err err = bus_command_decode(text, size, &command, &fault);
    if (err != OK) {
        refuse_message(desk, err, &fault);
        return;
    }
    if (bus_op_is_journalled(command.op) && command.epoch != journal_epoch(desk->journal)) {
        answer_once(desk, command.id, OUTCOME_NOT_DONE, BUS_ERROR_WRONG_EPOCH, "");
        return;
    }
    switch (command.op) {
    case BUS_OP_READ:
        on_read(desk, &command);
        return;
    case BUS_OP_CREDIT:
    case BUS_OP_RELAY:
        on_change(desk, &command);
        return;
    case BUS_OP_VOID:
        on_void(desk, &command);
        return;
    case BUS_OP_PING:
        answer_once(desk, command.id, OUTCOME_DONE, "", "");
        return;
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

void desk_result(struct desk *desk, struct job_result *result)
{
    struct bus_reply *reply = &result->reply;
    int64_t took_ms = clock_mono_ms(&desk->clock) - result->accepted_ms;
    reply->epoch = journal_epoch(desk->journal);
    reply->ms = took_ms < 0 || took_ms > UINT32_MAX ? 0 : (uint32_t)took_ms;
    if (!bus_op_is_journalled(result->op)) {
        send_reply(desk, reply);
        return;
    }
    if (str_equal(reply->error, BUS_ERROR_RELAY_MISMATCH)) {
        desk->tell(desk->self, "relay_mismatch", result->meter,
                   "the relay command was accepted, but the relay reads otherwise");
    }
    answer_for_ever(desk, reply);
}

/* What the meter had answered, if the last run got that far. */
static void accepted_read(struct bus_reply *reply)
{
    struct dl645_frame frame = {0};
    if (reply->is_credit && reply->frame_reply.size > 0 &&
        dl645_frame_decode(reply->frame_reply.bytes, reply->frame_reply.size, &frame) == OK) {
        bool refused = (frame.control & DL645_CONTROL_ERROR) != 0;
        reply->accepted = refused ? BUS_TRI_FALSE : BUS_TRI_TRUE;
    }
}

void desk_recover(struct desk *desk)
{
    struct bus_reply reply;
    enum err err = OK;
    while ((err = journal_recover_next(desk->journal, &reply)) == OK) {
        accepted_read(&reply);
        log_warn("command %s was cut off by a restart: %s", reply.id,
                 reply.sent ? "its frame may have been sent" : "nothing was sent");
        err = journal_reply_store(desk->journal, &reply);
        if (err != OK) {
            break;
        }
    }
    if (err != ERR_NOT_FOUND) {
        tell_journal(desk, err);
    }
}
