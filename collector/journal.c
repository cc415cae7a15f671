/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file, the statements, the configuration and the readings. The file is opened in
 * journal_open.c, commands are in journal_command.c, and where it belongs is in journal_home.c.
 *
 * Method: one connection behind one lock. WAL with synchronous=FULL syncs the log at every commit;
 * in crash tests with a simulated disk neither lost an acknowledged row nor damaged a file.
 */
#include "collector/journal.h"

#include <stdlib.h>
#include <string.h>

#include "collector/journal_db.h"
#include "common/must.h"
#include "common/str.h"

void journal_lock(struct journal *journal)
{
    int failed = pthread_mutex_lock(&journal->lock);
    MUST(failed == 0);
}

void journal_unlock(struct journal *journal)
{
    int failed = pthread_mutex_unlock(&journal->lock);
    MUST(failed == 0);
}

sqlite3_stmt *journal_stmt(struct journal *journal, enum journal_stmt which)
{
    sqlite3_stmt *stmt = journal->stmts[which];
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return stmt;
}

void journal_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    int code = sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
    MUST(code == SQLITE_OK);
}

void journal_bind_blob(sqlite3_stmt *stmt, int at, const struct bus_frame *frame)
{
    int code = sqlite3_bind_blob(stmt, at, frame->bytes, (int)frame->size, SQLITE_TRANSIENT);
    MUST(code == SQLITE_OK);
}

void journal_bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    int code = sqlite3_bind_int64(stmt, at, value);
    MUST(code == SQLITE_OK);
}

/* Remember that the file can no longer be trusted to take what we write. */
static enum err note_failure(struct journal *journal, int code)
{
    journal->sound = false;
    journal->full = (code & 0xFF) == SQLITE_FULL;
    return journal->full ? ERR_FULL : ERR_IO;
}

enum err journal_row(struct journal *journal, sqlite3_stmt *stmt)
{
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        return OK;
    }
    if (code == SQLITE_DONE) {
        (void)sqlite3_reset(stmt);
        return ERR_NOT_FOUND;
    }
    (void)sqlite3_reset(stmt);
    return note_failure(journal, code);
}

enum err journal_run(struct journal *journal, sqlite3_stmt *stmt)
{
    int code = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    return code == SQLITE_DONE || code == SQLITE_ROW ? OK : note_failure(journal, code);
}

enum err journal_begin(struct journal *journal)
{
    return journal_run(journal, journal_stmt(journal, STMT_BEGIN));
}

enum err journal_end(struct journal *journal, enum err err)
{
    if (err == OK) {
        err = journal_run(journal, journal_stmt(journal, STMT_COMMIT));
    }
    if (err != OK && sqlite3_get_autocommit(journal->db) == 0) {
        (void)sqlite3_step(journal_stmt(journal, STMT_ROLLBACK));
    }
    return err;
}

bool journal_column_text(sqlite3_stmt *stmt, int column, char *ret_text, size_t text_size)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return str_copy(ret_text, text_size, text == NULL ? "" : (const char *)text);
}

void journal_column_frame(sqlite3_stmt *stmt, int column, struct bus_frame *ret_frame)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    int size = sqlite3_column_bytes(stmt, column);
    *ret_frame = (struct bus_frame){0};
    if (bytes != NULL && size > 0 && size <= BUS_FRAME_SIZE_MAX) {
        memcpy(ret_frame->bytes, bytes, (size_t)size);
        ret_frame->size = (size_t)size;
    }
}

enum err journal_check(const struct journal *journal)
{
    return journal->sound ? OK : ERR_UNAVAILABLE;
}

uint32_t journal_epoch(const struct journal *journal)
{
    return journal->epoch;
}

bool journal_is_moved(const struct journal *journal)
{
    return journal->moved;
}

bool journal_is_sound(struct journal *journal)
{
    journal_lock(journal);
    bool sound = journal->sound;
    journal_unlock(journal);
    return sound;
}

bool journal_probe(struct journal *journal)
{
    journal_lock(journal);
    if (!journal->sound && journal->full) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_SET);
        journal_bind_text(stmt, 1, "probe");
        journal_bind_int(stmt, 2, clock_wall_s(&journal->clock));
        int code = sqlite3_step(stmt);
        (void)sqlite3_reset(stmt);
        if (code == SQLITE_DONE) {
            journal->sound = true;
            journal->full = false;
        }
    }
    bool sound = journal->sound;
    journal_unlock(journal);
    return sound;
}

/* --- configuration and readings -------------------------------------------------------------- */

enum err journal_config_store(struct journal *journal, const char *text, size_t size)
{
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_SET);
        journal_bind_text(stmt, 1, "config");
        int code = sqlite3_bind_blob(stmt, 2, text, (int)size, SQLITE_TRANSIENT);
        MUST(code == SQLITE_OK);
        err = journal_run(journal, stmt);
    }
    journal_unlock(journal);
    return err;
}

enum err journal_config_load(struct journal *journal, char *ret_text, size_t text_size,
                             size_t *ret_size)
{
    journal_lock(journal);
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_GET);
    journal_bind_text(stmt, 1, "config");
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        const void *bytes = sqlite3_column_blob(stmt, 0);
        size_t size = (size_t)sqlite3_column_bytes(stmt, 0);
        if (bytes == NULL || !str_copy_bytes(ret_text, text_size, bytes, size)) {
            err = ERR_FORMAT;
        } else {
            *ret_size = size;
        }
        (void)sqlite3_reset(stmt);
    }
    journal_unlock(journal);
    return err;
}

/* A reading's message is fixed when it is stored: the same number always has the same body. */
static enum err reading_add_one(struct journal *journal, const struct bus_reading *reading,
                                uint64_t seq, struct bus_readings *message)
{
    char text[4096]; /* 17 values of 100 bytes at most */
    size_t size = 0;
    memset(message, 0, sizeof(*message));
    message->epoch = journal->epoch;
    message->seq = seq;
    message->count = 1;
    message->d[0] = *reading;
    enum err err = bus_readings_encode(message, text, sizeof(text), &size);
    if (err != OK) {
        return err;
    }
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_READING_ADD);
    journal_bind_int(stmt, 1, (int64_t)seq);
    journal_bind_text(stmt, 2, text);
    return journal_run(journal, stmt);
}

enum err journal_reading_add(struct journal *journal, const struct bus_reading *readings,
                             size_t count)
{
    struct bus_readings *message = malloc(sizeof(*message));
    if (message == NULL) {
        return ERR_MEMORY;
    }
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK && journal->reading_count + count > JOURNAL_READINGS_MAX) {
        err = ERR_RANGE;
    }
    if (err == OK) {
        err = journal_begin(journal);
        for (size_t i = 0; err == OK && i < count; i++) {
            err = reading_add_one(journal, &readings[i], journal->seq_last + 1 + i, message);
        }
        err = journal_end(journal, err);
    }
    if (err == OK) {
        journal->seq_last += count;
        journal->reading_count += count;
    }
    journal_unlock(journal);
    free(message);
    return err;
}

enum err journal_reading_next(struct journal *journal, uint64_t after, uint64_t *ret_seq,
                              char *ret_text, size_t text_size, size_t *ret_size)
{
    journal_lock(journal);
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_READING_NEXT);
    journal_bind_int(stmt, 1, (int64_t)after);
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        MUST(journal_column_text(stmt, 1, ret_text, text_size));
        *ret_seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        *ret_size = strlen(ret_text);
        (void)sqlite3_reset(stmt);
    }
    journal_unlock(journal);
    return err;
}

enum err journal_reading_ack(struct journal *journal, uint64_t seq)
{
    journal_lock(journal);
    enum err err = journal_check(journal);
    if (err == OK) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_READING_ACK);
        journal_bind_int(stmt, 1, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
        err = journal_run(journal, stmt);
    }
    if (err == OK) {
        uint64_t gone = (uint64_t)sqlite3_changes(journal->db);
        journal->reading_count -= gone < journal->reading_count ? gone : journal->reading_count;
    }
    journal_unlock(journal);
    return err;
}
