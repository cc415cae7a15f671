/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_STORE_DB_H
#define SHILLING_CLOUD_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * One connection to the database inside one transaction, as the functions given to store_submit(),
 * store_run() and store_read() see it. It is valid only until that function returns, and only in
 * its thread.
 *
 *     struct sql *sql = sql_begin(db, "SELECT name FROM site WHERE site_id = ?1");
 *     sql_bind_text(sql, 1, site_id);
 *     enum err err = sql_one(sql);
 *     if (err != OK) {
 *         return err;
 *     }
 *     use(sql_text(sql, 0));
 *
 * Binding never reports: an error on the way is kept by the statement and comes out of the
 * sql_run(), sql_next() or sql_one() that follows, so one check a statement is enough.
 * Statements are prepared once and kept. All of them are reset when the function returns.
 */
struct db;
struct sql;

/**
 * Begin one use of the statement @p text, which must be a string literal (it is the cache's key
 * by address, and stays borrowed). An earlier, unfinished use of the same text ends here, so a
 * statement is not used again inside its own loop. Parameters are ?1, ?2, ... and begin as NULL.
 */
struct sql *sql_begin(struct db *db, const char *text);

void sql_bind_i64(struct sql *sql, int index, int64_t value);
void sql_bind_bool(struct sql *sql, int index, bool value);
/** @p text may be NULL (stores NULL). It is copied. */
void sql_bind_text(struct sql *sql, int index, const char *text);
/** @p bytes may be NULL (stores NULL). They are copied. */
void sql_bind_blob(struct sql *sql, int index, const uint8_t *bytes, size_t size);

/**
 * Run a statement that gives no rows (or whose rows are not wanted).
 * @return OK; ERR_EXISTS a UNIQUE or PRIMARY KEY rule was broken; ERR_NOT_FOUND a FOREIGN KEY
 *         points to nothing; ERR_RANGE a CHECK, NOT NULL or type rule was broken; ERR_FULL no
 *         room on the disk; ERR_IO, ERR_MEMORY, ERR_INTERNAL anything else. After ERR_FULL, ERR_IO
 *         and ERR_MEMORY the whole transaction is lost: just return the error.
 */
MUST_CHECK enum err sql_run(struct sql *sql);

/** As sql_run(); @p ret_changed is the number of rows that were inserted, changed or deleted. */
MUST_CHECK enum err sql_run_counted(struct sql *sql, int64_t *ret_changed);

/** The next row: @p ret_row is false after the last one. Columns are valid until the next call. */
MUST_CHECK enum err sql_next(struct sql *sql, bool *ret_row);

/** The only row of interest: OK and its columns can be read, or ERR_NOT_FOUND. */
MUST_CHECK enum err sql_one(struct sql *sql);

/* Columns count from 0. A NULL reads as 0, false or a NULL pointer. */
int64_t sql_i64(const struct sql *sql, int column);
bool sql_bool(const struct sql *sql, int column);
bool sql_is_null(const struct sql *sql, int column);
/** Borrowed until the next sql_next(), sql_begin() of this text, or the end of the function. */
const char *sql_text(const struct sql *sql, int column);
/** As sql_text(); @p ret_size in bytes. */
const uint8_t *sql_blob(const struct sql *sql, int column, size_t *ret_size);
/** Copy a text; false if it is NULL or does not fit (@p ret_text is then ""). */
MUST_CHECK bool sql_copy_text(const struct sql *sql, int column, char *ret_text, size_t text_size);

/** End a use early, before the function returns. NULL is allowed. */
void sql_end(struct sql *sql);

/** The rowid of this connection's last INSERT. */
int64_t db_last_rowid(const struct db *db);

/**
 * The service clock (store.h) in ms, sampled once when the running function began: one `now` a
 * turn. All due times in the database are in this clock.
 */
int64_t db_service_ms(const struct db *db);

/** Wall time in seconds, sampled at the same moment; for people and records, never for money. */
int64_t db_wall_s(const struct db *db);

/**
 * Call @p hook(@p arg) in the writer thread after this transaction is durable, once a batch
 * however often it was asked for: a wake-up for an outbox. It must be short and never blocks. It
 * is dropped when the function returns an error or the commit fails. Writers only.
 */
void db_on_commit(struct db *db, void (*hook)(void *arg), void *arg);

#endif
