/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_JOURNAL_DB_H
#define SHILLING_COLLECTOR_JOURNAL_DB_H

#include <stdbool.h>
#include <stdint.h>

#include <pthread.h>
#include <sqlite3.h>

#include "collector/journal.h"

/* Inside of the journal, shared by its files. */

/* The statements, prepared once. */
enum journal_stmt {
    STMT_BEGIN,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_META_GET,
    STMT_META_SET,
    STMT_READING_ADD,
    STMT_READING_NEXT,
    STMT_READING_ACK,
    STMT_READING_COUNT,
    STMT_READING_EPOCH,
    STMT_COMMAND_ADD,
    STMT_COMMAND_GET,
    STMT_COMMAND_INTENT,
    STMT_COMMAND_RESULT,
    STMT_COMMAND_VOID,
    STMT_COMMAND_REPLY,
    STMT_COMMAND_REPLIED,
    STMT_REPLY_NEXT,
    STMT_UNANSWERED,
    STMT_PRUNE,
    STMT_GENERATION_GET,
    STMT_GENERATION_SET,
    STMT_COUNT
};

enum {
    /* Frames whose end is remembered exactly; older ones are known to be older than those. */
    SENDS_MAX = 64,
    JOURNAL_REPLY_SIZE = 6144, /* 36 values of 100 bytes, four frames in hex */
};

struct send_note {
    char id[ID_TEXT_SIZE];
    int64_t sent_end_ms; /* INT64_MAX: it may still be leaving */
};

struct journal {
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *stmts[STMT_COUNT];
    int lock_fd;
    uint32_t epoch;
    bool moved;        /* at its opening it found itself elsewhere */
    uint32_t kept;     /* answered commands */
    uint32_t unpruned; /* rows since the oldest were deleted */
    struct clock_port clock;
    int64_t start_ms;
    bool sound;
    bool full; /* unsound because the disk is full */
    uint64_t seq_last;
    uint64_t reading_count;

    struct send_note sends[SENDS_MAX];
    size_t send_next;
    int64_t forgotten_end_ms; /* the latest end among the notes that made room */

    char reply_text[JOURNAL_REPLY_SIZE]; /* while one is being stored */
};

void journal_lock(struct journal *journal);
void journal_unlock(struct journal *journal);

/** A statement, reset and without values. */
sqlite3_stmt *journal_stmt(struct journal *journal, enum journal_stmt which);

void journal_bind_text(sqlite3_stmt *stmt, int at, const char *text);
void journal_bind_blob(sqlite3_stmt *stmt, int at, const struct bus_frame *frame);
void journal_bind_int(sqlite3_stmt *stmt, int at, int64_t value);

/** Run to the end; ERR_FULL or ERR_IO make the journal unsound. */
enum err journal_run(struct journal *journal, sqlite3_stmt *stmt);

/** One row: OK, ERR_NOT_FOUND, or as journal_run(). Reset the statement after use. */
enum err journal_row(struct journal *journal, sqlite3_stmt *stmt);

/** BEGIN IMMEDIATE, and the end of it: COMMIT if @p err is OK, else ROLLBACK and @p err. */
enum err journal_begin(struct journal *journal);
enum err journal_end(struct journal *journal, enum err err);

/** Copy a column; false if it does not fit. NULL gives an empty text. */
bool journal_column_text(sqlite3_stmt *stmt, int column, char *ret_text, size_t text_size);
void journal_column_frame(sqlite3_stmt *stmt, int column, struct bus_frame *ret_frame);

/** Delete the oldest answered commands beyond those to be kept. */
enum err journal_prune(struct journal *journal);

/**
 * Compare where the journal lives with where it is; elsewhere, it takes @p epoch_new.
 * @param machine  names the machine; NULL: ask it
 */
enum err journal_home_check(struct journal *journal, const char *path, const char *machine,
                            uint32_t epoch_new);

/** ERR_UNAVAILABLE if nothing may be accepted any more. */
enum err journal_check(const struct journal *journal);

#endif
