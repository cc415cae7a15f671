/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_READER_H
#define SHILLING_CLOUD_AUDITOR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * The auditor's own way to SQLite, which shares nothing with the server's. The first failure
 * sticks: every later call does nothing and says so, and the audit ends with "cannot judge".
 */
enum { READER_WHY_SIZE = 512 };

struct reader {
    sqlite3 *db;
    bool failed;
    char why[READER_WHY_SIZE]; /* the first failure, in a sentence; "" if none */
};

/**
 * Open @p path read-only and hold one state of it until reader_close(). A file without a log of
 * its own in a folder that cannot be written is opened all the same.
 *
 * @param cache_kib how much of it may be kept in memory
 * @return ERR_IO with reader->why set
 */
MUST_CHECK enum err reader_open(struct reader *reader, const char *path, int cache_kib);

/** Open or create @p path for reading and writing, in one transaction; "" is a temporary file. */
MUST_CHECK enum err reader_create(struct reader *reader, const char *path, int cache_kib);

/** Commit what reader_create() began. */
MUST_CHECK enum err reader_commit(struct reader *reader);

/** Close; what was not committed is undone. NULL members are fine. */
void reader_close(struct reader *reader);

/** Run statements without results. */
void reader_exec(struct reader *reader, const char *sql);

/** @return @own, to be ended with reader_end(); NULL after a failure (every call takes NULL) */
sqlite3_stmt *reader_prepare(struct reader *reader, const char *sql);

/** The next row; false at the end and after a failure. */
bool reader_step(struct reader *reader, sqlite3_stmt *stmt);

/** Run once, for statements without rows, and make ready for the next values. */
void reader_run(struct reader *reader, sqlite3_stmt *stmt);

/** Make ready for other values. */
void reader_reset(sqlite3_stmt *stmt);

/** NULL is allowed. */
void reader_end(sqlite3_stmt *stmt);

/** Values by place, from 1. Texts are copied. */
void reader_bind_text(sqlite3_stmt *stmt, int at, const char *text);
void reader_bind_int(sqlite3_stmt *stmt, int at, int64_t value);

/** The same for a text that stays where it is until the statement has run. */
void reader_bind_borrowed(sqlite3_stmt *stmt, int at, const char *text);

/** Columns by place, from 0; NULL reads as "" and 0. Texts are borrowed until the next step. */
const char *column_text(sqlite3_stmt *stmt, int at);
int64_t column_int(sqlite3_stmt *stmt, int at);

/** The text of a column into @p ret_text, cut if it is longer. */
void column_copy(sqlite3_stmt *stmt, int at, char *ret_text, size_t size);

/** The first column of the first row of @p sql; @p fallback if there is none. */
int64_t reader_one(struct reader *reader, const char *sql, int64_t fallback);

/** True if the file has a table of that name. */
bool reader_has_table(struct reader *reader, const char *table);

#endif
