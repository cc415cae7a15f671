/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The journal of commands: ACCEPTED, INTENT, RESULT, VOID, and the answer.
 *
 * The fence is one comparison under one lock: an intent becomes durable only if the id is not in
 * VOID, and a void becomes durable at once. Whichever commits first wins, and the other learns it.
 * So after a void was answered "never_sent", no byte of that command can ever leave.
 *
 * How long ago a frame's last byte left is kept in memory only: after a restart "since start" is
 * the safe answer, because nothing was sent since.
 */
#include <string.h>

#include "collector/journal.h"
#include "collector/journal_db.h"
#include "common/must.h"
#include "common/str.h"

/* A row of the table, as far as it is needed. */
struct record {
    char state;
    bool voided;
    bool has_intent;
    int64_t intent_at;
    struct bus_frame intent_frame;
    bool has_reply;
    char meter[BUS_METER_SIZE];
    uint32_t generation;
    bool is_relay;
};

/* OK, ERR_NOT_FOUND, or the journal's trouble. */
static enum err record_get(struct journal *journal, const char *id, struct record *ret_record)
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_GET);
    journal_bind_text(stmt, 1, id);
    enum err err = journal_row(journal, stmt);
    if (err != OK) {
        return err;
    }
    struct record record = {.voided = sqlite3_column_int(stmt, 1) != 0};
    char word[16];
    MUST(journal_column_text(stmt, 0, word, sizeof(word)));
    record.state = word[0];
    record.has_intent = sqlite3_column_type(stmt, 2) != SQLITE_NULL;
    record.intent_at = sqlite3_column_int64(stmt, 2);
    journal_column_frame(stmt, 3, &record.intent_frame);
    record.has_reply = sqlite3_column_type(stmt, 4) != SQLITE_NULL;
    MUST(journal_column_text(stmt, 5, record.meter, sizeof(record.meter)));
    record.generation = (uint32_t)sqlite3_column_int64(stmt, 6);
    MUST(journal_column_text(stmt, 7, word, sizeof(word)));
    record.is_relay = str_equal(word, bus_op_name(BUS_OP_RELAY));
    (void)sqlite3_reset(stmt);
    *ret_record = record;
    return OK;
}

/* The newest relay generation accepted for @p meter; 0 if none. */
static enum err generation_get(struct journal *journal, const char *meter, uint32_t *ret_generation)
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_GENERATION_GET);
    journal_bind_text(stmt, 1, meter);
    enum err err = journal_row(journal, stmt);
    if (err == ERR_NOT_FOUND) {
        *ret_generation = 0;
        return OK;
    }
    if (err == OK) {
        *ret_generation = (uint32_t)sqlite3_column_int64(stmt, 0);
        (void)sqlite3_reset(stmt);
    }
    return err;
}

enum err journal_prune(struct journal *journal)
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_PRUNE);
    journal_bind_int(stmt, 1, journal->kept);
    journal->unpruned = 0;
    return journal_run(journal, stmt);
}

/* Inside a transaction. */
static enum err command_insert(struct journal *journal, const struct bus_command *command)
{
    bool relay = command->op == BUS_OP_RELAY;
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_ADD);
    journal_bind_text(stmt, 1, command->id);
    journal_bind_text(stmt, 2, bus_op_name(command->op));
    journal_bind_text(stmt, 3, command->meter);
    journal_bind_int(stmt, 4, relay ? command->u.relay.generation : 0);
    journal_bind_int(stmt, 5, clock_wall_s(&journal->clock));
    enum err err = journal_run(journal, stmt);
    journal->unpruned += 1;
    return err == OK && journal->unpruned >= JOURNAL_PRUNE_ROWS ? journal_prune(journal) : err;
}

/* Raise the meter's generation; sets *ret_old if the command's is below it. */
static enum err generation_raise(struct journal *journal, const struct bus_command *command,
                                 bool *ret_old)
{
    uint32_t newest = 0;
    enum err err = generation_get(journal, command->meter, &newest);
    if (err != OK) {
        return err;
    }
    *ret_old = command->u.relay.generation < newest;
    if (command->u.relay.generation <= newest) {
        return OK;
    }
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_GENERATION_SET);
    journal_bind_text(stmt, 1, command->meter);
    journal_bind_int(stmt, 2, command->u.relay.generation);
    return journal_run(journal, stmt);
}

static enum err accept_new(struct journal *journal, const struct bus_command *command)
{
    bool old = false;
    enum err err = journal_begin(journal);
    if (err == OK) {
        err = command_insert(journal, command);
    }
    if (err == OK && command->op == BUS_OP_RELAY) {
        err = generation_raise(journal, command, &old);
    }
    err = journal_end(journal, err);
    return err == OK && old ? ERR_CONFLICT : err;
}

enum err journal_accept(struct journal *journal, const struct bus_command *command)
{
    MUST(command->op == BUS_OP_CREDIT || command->op == BUS_OP_RELAY);
    journal_lock(journal);
    struct record record = {0};
    enum err err = journal_check(journal);
    if (err == OK) {
        err = record_get(journal, command->id, &record);
        if (err == ERR_NOT_FOUND) {
            err = accept_new(journal, command);
        } else if (err == OK) {
            /* A tombstone of a void that overtook its command has no answer yet. */
            err =
                record.voided && !record.has_reply && record.state == 'V' ? ERR_DENIED : ERR_EXISTS;
        }
    }
    journal_unlock(journal);
    return err;
}

static enum err intent_check(struct journal *journal, const char *id)
{
    struct record record = {0};
    enum err err = record_get(journal, id, &record);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? ERR_INTERNAL : err;
    }
    if (record.voided) {
        return ERR_DENIED;
    }
    /* Sent or answered before: never a second time under one id. */
    if (record.state != 'A' || record.has_reply) {
        return ERR_INTERNAL;
    }
    uint32_t newest = 0;
    err = record.is_relay ? generation_get(journal, record.meter, &newest) : OK;
    return err == OK && record.generation < newest ? ERR_CONFLICT : err;
}

static void note_intent(struct journal *journal, const char *id)
{
    struct send_note *note = &journal->sends[journal->send_next];
    if (note->id[0] != '\0' && note->sent_end_ms > journal->forgotten_end_ms) {
        journal->forgotten_end_ms = note->sent_end_ms;
    }
    MUST(str_copy(note->id, sizeof(note->id), id));
    note->sent_end_ms = INT64_MAX;
    journal->send_next = (journal->send_next + 1) % SENDS_MAX;
}

enum err journal_intent(struct journal *journal, const char *id, const struct bus_frame *frame)
{
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK) {
        err = intent_check(journal, id);
    }
    if (err == OK) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_INTENT);
        journal_bind_text(stmt, 1, id);
        journal_bind_int(stmt, 2, clock_wall_s(&journal->clock));
        journal_bind_blob(stmt, 3, frame);
        err = journal_run(journal, stmt);
    }
    if (err == OK) {
        note_intent(journal, id);
    }
    journal_unlock(journal);
    return err;
}

static struct send_note *note_find(struct journal *journal, const char *id)
{
    for (size_t i = 0; i < SENDS_MAX; i++) {
        if (str_equal(journal->sends[i].id, id)) {
            return &journal->sends[i];
        }
    }
    return NULL;
}

void journal_sent(struct journal *journal, const char *id, int64_t sent_end_ms)
{
    journal_lock(journal);
    struct send_note *note = note_find(journal, id);
    if (note != NULL) {
        note->sent_end_ms = sent_end_ms;
    }
    journal_unlock(journal);
}

enum err journal_result(struct journal *journal, const char *id,
                        const struct bus_frame *frame_reply)
{
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_RESULT);
        journal_bind_text(stmt, 1, id);
        journal_bind_blob(stmt, 2, frame_reply);
        err = journal_run(journal, stmt);
    }
    journal_unlock(journal);
    return err;
}

/* Milliseconds since the last byte of @p id's frame may have left. */
static uint64_t since_ms(struct journal *journal, const char *id)
{
    int64_t now_ms = clock_mono_ms(&journal->clock);
    const struct send_note *note = note_find(journal, id);
    int64_t end_ms = note != NULL ? note->sent_end_ms : journal->forgotten_end_ms;
    return now_ms > end_ms ? (uint64_t)(now_ms - end_ms) : 0;
}

static void void_reply_fill(struct journal *journal, const char *target,
                            const struct record *record, struct bus_reply *reply)
{
    reply->epoch = journal->epoch;
    reply->outcome = OUTCOME_DONE;
    reply->is_void = true;
    reply->fate = record->has_intent ? BUS_FATE_SENT : BUS_FATE_NEVER_SENT;
    reply->has_intent = record->has_intent;
    reply->intent_at = record->intent_at;
    reply->intent_frame = record->intent_frame;
    reply->since_ms = since_ms(journal, target);
}

static enum err reply_write(struct journal *journal, const struct bus_reply *reply)
{
    size_t size = 0;
    enum err err = bus_reply_encode(reply, journal->reply_text, sizeof(journal->reply_text), &size);
    if (err != OK) {
        return err;
    }
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_REPLY);
    journal_bind_text(stmt, 1, reply->id);
    journal_bind_text(stmt, 2, journal->reply_text);
    return journal_run(journal, stmt);
}

static enum err void_write(struct journal *journal, const char *target,
                           const struct bus_reply *reply)
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_VOID);
    journal_bind_text(stmt, 1, target);
    journal_bind_int(stmt, 2, clock_wall_s(&journal->clock));
    enum err err = journal_run(journal, stmt);
    if (err != OK) {
        return err;
    }
    struct bus_command command = {.op = BUS_OP_VOID};
    MUST(str_copy(command.id, sizeof(command.id), reply->id));
    err = command_insert(journal, &command);
    return err == OK ? reply_write(journal, reply) : err;
}

enum err journal_void(struct journal *journal, const char *id, const char *target,
                      struct bus_reply *ret_reply)
{
    journal_lock(journal);
    struct record record = {0};
    struct bus_reply reply = {0};
    MUST(str_copy(reply.id, sizeof(reply.id), id));
    enum err err = journal_check(journal);
    if (err == OK) {
        err = record_get(journal, id, &record);
        err = err == OK ? ERR_EXISTS : err == ERR_NOT_FOUND ? OK : err;
    }
    if (err == OK) {
        record = (struct record){0};
        err = record_get(journal, target, &record);
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    if (err == OK) {
        void_reply_fill(journal, target, &record, &reply);
        err = journal_begin(journal);
        err = journal_end(journal, err == OK ? void_write(journal, target, &reply) : err);
    }
    journal_unlock(journal);
    if (err == OK) {
        *ret_reply = reply;
    }
    return err;
}

enum err journal_reply_store(struct journal *journal, const struct bus_reply *reply)
{
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK) {
        err = reply_write(journal, reply);
    }
    journal_unlock(journal);
    return err;
}

enum err journal_reply_find(struct journal *journal, const char *id, char *ret_text,
                            size_t text_size, size_t *ret_size)
{
    journal_lock(journal);
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_GET);
    journal_bind_text(stmt, 1, id);
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        bool answered = sqlite3_column_type(stmt, 4) != SQLITE_NULL;
        MUST(journal_column_text(stmt, 4, ret_text, text_size));
        *ret_size = strlen(ret_text);
        err = answered ? OK : ERR_INCOMPLETE;
        (void)sqlite3_reset(stmt);
    }
    journal_unlock(journal);
    return err;
}

enum err journal_reply_next(struct journal *journal, int64_t after, int64_t *ret_row,
                            char *ret_text, size_t text_size, size_t *ret_size)
{
    journal_lock(journal);
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_REPLY_NEXT);
    journal_bind_int(stmt, 1, after);
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        MUST(journal_column_text(stmt, 1, ret_text, text_size));
        *ret_row = sqlite3_column_int64(stmt, 0);
        *ret_size = strlen(ret_text);
        (void)sqlite3_reset(stmt);
    }
    journal_unlock(journal);
    return err;
}

enum err journal_replied(struct journal *journal, const char *id)
{
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_COMMAND_REPLIED);
        journal_bind_text(stmt, 1, id);
        err = journal_run(journal, stmt);
    }
    journal_unlock(journal);
    return err;
}

/* What can be said of a command that the last run left without an answer. */
static void recovered_fill(sqlite3_stmt *stmt, struct bus_reply *reply)
{
    char op[16];
    char state[4];
    MUST(journal_column_text(stmt, 0, reply->id, sizeof(reply->id)));
    MUST(journal_column_text(stmt, 1, op, sizeof(op)));
    MUST(journal_column_text(stmt, 2, state, sizeof(state)));
    reply->is_credit = str_equal(op, bus_op_name(BUS_OP_CREDIT));
    bool begun = state[0] == 'I' || state[0] == 'R';
    bool voided = sqlite3_column_int(stmt, 3) != 0;
    reply->sent = begun;
    reply->outcome = begun ? OUTCOME_UNKNOWN : OUTCOME_NOT_DONE;
    MUST(str_copy(reply->error, sizeof(reply->error),
                  !begun && voided ? BUS_ERROR_VOIDED : BUS_ERROR_RESTARTED));
    journal_column_frame(stmt, 4, &reply->frame_reply);
    reply->raw = reply->frame_reply;
}

enum err journal_recover_next(struct journal *journal, struct bus_reply *ret_reply)
{
    journal_lock(journal);
    struct bus_reply reply = {.epoch = journal->epoch};
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_UNANSWERED);
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        recovered_fill(stmt, &reply);
        (void)sqlite3_reset(stmt);
        if (!reply.sent) {
            stmt = journal_stmt(journal, STMT_COMMAND_VOID);
            journal_bind_text(stmt, 1, reply.id);
            journal_bind_int(stmt, 2, clock_wall_s(&journal->clock));
            err = journal_run(journal, stmt);
        }
    }
    journal_unlock(journal);
    if (err == OK) {
        *ret_reply = reply;
    }
    return err;
}
