/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Statements on one connection. Each distinct literal is prepared once and found again by its
 * address in a small open hash; errors stick to the statement until its result is asked for, so
 * that callers bind without checking. What SQLite says is translated here and nowhere else.
 */

#include "cloud/store/db.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/store/store_internal.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/sqlite/open.h"

enum { BUSY_TIMEOUT_MS = 5000 /* only a backup tool can hold the lock; it is quick */ };

enum err db_err_of(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_NOT_FOUND;
    default:
        break;
    }
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return ERR_RANGE;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_UNAVAILABLE;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return ERR_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CHECKSUM;
    case SQLITE_IOERR:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

/* True for errors that a caller can meet in normal work and that leave the transaction whole. */
static bool is_ordinary(enum err err)
{
    return err == OK || err == ERR_EXISTS || err == ERR_NOT_FOUND || err == ERR_RANGE;
}

static enum err db_note(struct db *db, int code)
{
    enum err err = db_err_of(code);
    if (!is_ordinary(err)) {
        if (db->fatal == OK) {
            db->fatal = err;
        }
        str_format_cut(db->message, sizeof(db->message), "%s (%d)", sqlite_why(db->handle, code),
                       code);
    }
    return err;
}

enum err db_exec(struct db *db, const char *text)
{
    return db_note(db, sqlite3_exec(db->handle, text, NULL, NULL, NULL));
}

static enum err db_configure(struct db *db)
{
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!db->is_writer) {
        return db_exec(db, "PRAGMA query_only=ON; PRAGMA cell_size_check=ON");
    }
    enum err err = db_exec(db, "PRAGMA journal_mode=WAL");
    if (err != OK) {
        return err;
    }
    /* A longer WAL than usual: the idle writer checkpoints, so that commits rarely have to. */
    err = db_exec(db, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                      "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
                      "PRAGMA wal_autocheckpoint=4000");
    return err == OK ? db_note(db, sqlite_settle_log(db->handle)) : err;
}

enum err db_open(struct db *db, const char *path, bool is_writer)
{
    *db = (struct db){.is_writer = is_writer};
    db->statements = calloc(DB_STATEMENTS_MAX, sizeof(*db->statements));
    if (db->statements == NULL) {
        return ERR_MEMORY;
    }
    int flags = (is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite_open(path, flags, /* vfs= */ NULL, &db->handle);
    if (db->handle == NULL) {
        return ERR_MEMORY;
    }
    enum err err = db_note(db, code);
    return err != OK ? err : db_configure(db);
}

void db_close(struct db *db)
{
    for (size_t i = 0; db->statements != NULL && i < DB_STATEMENTS_MAX; i++) {
        (void)sqlite3_finalize(db->statements[i].statement);
    }
    free(db->statements);
    if (db->handle != NULL) {
        int code = sqlite3_close(db->handle);
        MUST(code == SQLITE_OK);
    }
    *db = (struct db){0};
}

void db_reset_statements(struct db *db)
{
    while (db->listed != NULL) {
        struct sql *sql = db->listed;
        db->listed = sql->next_listed;
        sql->listed = false;
        sql_end(sql);
    }
}

enum err db_step(struct db *db, const char *text)
{
    return sql_run(sql_begin(db, text));
}

static struct sql *find_slot(struct db *db, const char *text)
{
    size_t at = ((uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15) >> 40) % DB_STATEMENTS_MAX;
    while (db->statements[at].text != NULL && db->statements[at].text != text) {
        at = (at + 1) % DB_STATEMENTS_MAX;
    }
    return &db->statements[at];
}

struct sql *sql_begin(struct db *db, const char *text)
{
    struct sql *sql = find_slot(db, text);
    if (sql->text == NULL) {
        MUST(db->statement_count < DB_STATEMENTS_MAX / 2);
        db->statement_count += 1;
        *sql = (struct sql){.db = db, .text = text};
    }
    sql_end(sql);
    sql->err = OK;
    if (sql->statement == NULL) {
        int code = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
                                      &sql->statement, NULL);
        sql->err = db_note(db, code);
        return sql;
    }
    /* The address is the key, so the text behind it must never change. */
    MUST(strcmp(sqlite3_sql(sql->statement), text) == 0);
    (void)sqlite3_clear_bindings(sql->statement);
    return sql;
}

static void note_binding(struct sql *sql, int code)
{
    MUST(code != SQLITE_RANGE && code != SQLITE_MISUSE);
    if (code != SQLITE_OK && sql->err == OK) {
        sql->err = db_note(sql->db, code);
    }
}

void sql_bind_i64(struct sql *sql, int index, int64_t value)
{
    if (sql->statement != NULL) {
        note_binding(sql, sqlite3_bind_int64(sql->statement, index, value));
    }
}

void sql_bind_bool(struct sql *sql, int index, bool value)
{
    sql_bind_i64(sql, index, value ? 1 : 0);
}

void sql_bind_text(struct sql *sql, int index, const char *text)
{
    if (sql->statement != NULL) {
        note_binding(sql, sqlite3_bind_text(sql->statement, index, text, -1, SQLITE_TRANSIENT));
    }
}

void sql_bind_blob(struct sql *sql, int index, const uint8_t *bytes, size_t size)
{
    if (sql->statement != NULL) {
        note_binding(sql,
                     sqlite3_bind_blob64(sql->statement, index, bytes, size, SQLITE_TRANSIENT));
    }
}

enum err sql_next(struct sql *sql, bool *ret_row)
{
    if (sql->err != OK) {
        return sql->err;
    }
    sql->active = true;
    if (!sql->listed) {
        sql->listed = true;
        sql->next_listed = sql->db->listed;
        sql->db->listed = sql;
    }
    int code = sqlite3_step(sql->statement);
    if (code == SQLITE_ROW) {
        *ret_row = true;
        return OK;
    }
    sql->err = db_note(sql->db, code);
    enum err err = sql->err;
    sql_end(sql);
    if (err == OK) {
        *ret_row = false;
    }
    return err;
}

enum err sql_run(struct sql *sql)
{
    bool row = true;
    enum err err = OK;
    while (row && err == OK) {
        err = sql_next(sql, &row);
    }
    return err;
}

enum err sql_run_counted(struct sql *sql, int64_t *ret_changed)
{
    int64_t before = sqlite3_total_changes64(sql->db->handle);
    enum err err = sql_run(sql);
    if (err == OK) {
        *ret_changed = sqlite3_total_changes64(sql->db->handle) - before;
    }
    return err;
}

enum err sql_one(struct sql *sql)
{
    bool row = false;
    enum err err = sql_next(sql, &row);
    if (err != OK) {
        return err;
    }
    return row ? OK : ERR_NOT_FOUND;
}

int64_t sql_i64(const struct sql *sql, int column)
{
    MUST(sql->active && column < sqlite3_column_count(sql->statement));
    return sqlite3_column_int64(sql->statement, column);
}

bool sql_bool(const struct sql *sql, int column)
{
    return sql_i64(sql, column) != 0;
}

bool sql_is_null(const struct sql *sql, int column)
{
    MUST(sql->active && column < sqlite3_column_count(sql->statement));
    return sqlite3_column_type(sql->statement, column) == SQLITE_NULL;
}

const char *sql_text(const struct sql *sql, int column)
{
    MUST(sql->active && column < sqlite3_column_count(sql->statement));
    return (const char *)sqlite3_column_text(sql->statement, column);
}

const uint8_t *sql_blob(const struct sql *sql, int column, size_t *ret_size)
{
    MUST(sql->active && column < sqlite3_column_count(sql->statement));
    const uint8_t *bytes = sqlite3_column_blob(sql->statement, column);
    *ret_size = (size_t)sqlite3_column_bytes(sql->statement, column);
    return bytes;
}

bool sql_copy_text(const struct sql *sql, int column, char *ret_text, size_t text_size)
{
    const char *text = sql_text(sql, column);
    if (text == NULL) {
        ret_text[0] = '\0';
        return false;
    }
    return str_copy(ret_text, text_size, text);
}

void sql_end(struct sql *sql)
{
    if (sql != NULL && sql->active) {
        sql->active = false;
        /* Repeats the error of the last step, which was handled there. */
        (void)sqlite3_reset(sql->statement);
    }
}

int64_t db_last_rowid(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_service_ms(const struct db *db)
{
    return db->service_ms;
}

int64_t db_wall_s(const struct db *db)
{
    return db->wall_s;
}

void db_on_commit(struct db *db, void (*hook)(void *arg), void *arg)
{
    MUST(db->is_writer);
    for (size_t i = 0; i < db->hook_count; i++) {
        if (db->hooks[i].hook == hook && db->hooks[i].arg == arg) {
            return;
        }
    }
    MUST(db->hook_count < DB_HOOKS_MAX);
    db->hooks[db->hook_count++] = (struct db_hook){hook, arg};
}
