/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/reader.h"

#include <string.h>

#include <unistd.h>

#include "common/must.h"
#include "common/str.h"

enum { BUSY_MS = 10000, URI_SIZE = 4096 };

static void fail(struct reader *reader, const char *what)
{
    if (!reader->failed) {
        reader->failed = true;
        str_format_cut(reader->why, sizeof(reader->why), "%s: %s", what,
                       reader->db != NULL ? sqlite3_errmsg(reader->db) : "no memory");
    }
}

static void set_cache(struct reader *reader, int cache_kib)
{
    char sql[64];
    str_format_cut(sql, sizeof(sql), "PRAGMA cache_size = -%d", cache_kib);
    reader_exec(reader, sql);
}

static bool try_open(struct reader *reader, const char *path, const char *options)
{
    char uri[URI_SIZE];
    if (!str_format(uri, sizeof(uri), "file:%s?%s", path, options) || strchr(path, '?') != NULL ||
        strchr(path, '#') != NULL || strchr(path, '%') != NULL) {
        str_format_cut(reader->why, sizeof(reader->why), "%.200s: not a path for a database", path);
        reader->failed = true;
        return false;
    }
    *reader = (struct reader){0};
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(uri, &reader->db, flags, NULL) != SQLITE_OK) {
        fail(reader, path);
        return false;
    }
    (void)sqlite3_busy_timeout(reader->db, BUSY_MS);
    reader_exec(reader, "BEGIN");
    (void)reader_one(reader, "SELECT count(*) FROM sqlite_schema", 0);
    return !reader->failed;
}

enum err reader_open(struct reader *reader, const char *path, int cache_kib)
{
    char log_path[URI_SIZE];
    *reader = (struct reader){0};
    if (!try_open(reader, path, "mode=ro")) {
        /* A finished copy on a read-only disk: no log beside it means that nothing is missing. */
        const bool fits = str_format(log_path, sizeof(log_path), "%s-wal", path);
        if (!fits || access(path, R_OK) != 0 || access(log_path, F_OK) == 0) {
            return ERR_IO;
        }
        (void)sqlite3_close(reader->db);
        if (!try_open(reader, path, "mode=ro&immutable=1")) {
            return ERR_IO;
        }
    }
    set_cache(reader, cache_kib);
    return reader->failed ? ERR_IO : OK;
}

enum err reader_create(struct reader *reader, const char *path, int cache_kib)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    *reader = (struct reader){0};
    if (sqlite3_open_v2(path, &reader->db, flags, NULL) != SQLITE_OK) {
        fail(reader, path);
        return ERR_IO;
    }
    (void)sqlite3_busy_timeout(reader->db, BUSY_MS);
    set_cache(reader, cache_kib);
    reader_exec(reader, "PRAGMA temp_store = FILE");
    reader_exec(reader,
                path[0] == '\0' ? "PRAGMA journal_mode = OFF" : "PRAGMA journal_mode = DELETE");
    reader_exec(reader, path[0] == '\0' ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL");
    reader_exec(reader, "BEGIN IMMEDIATE");
    return reader->failed ? ERR_IO : OK;
}

enum err reader_commit(struct reader *reader)
{
    reader_exec(reader, "COMMIT");
    return reader->failed ? ERR_IO : OK;
}

void reader_close(struct reader *reader)
{
    if (reader->db != NULL) {
        int code = sqlite3_close(reader->db);
        MUST(code == SQLITE_OK);
        reader->db = NULL;
    }
}

void reader_exec(struct reader *reader, const char *sql)
{
    if (!reader->failed && sqlite3_exec(reader->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail(reader, sql);
    }
}

sqlite3_stmt *reader_prepare(struct reader *reader, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (!reader->failed && sqlite3_prepare_v2(reader->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        fail(reader, sql);
    }
    return stmt;
}

bool reader_step(struct reader *reader, sqlite3_stmt *stmt)
{
    if (reader->failed || stmt == NULL) {
        return false;
    }
    const int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        fail(reader, sqlite3_sql(stmt));
    }
    return code == SQLITE_ROW;
}

void reader_run(struct reader *reader, sqlite3_stmt *stmt)
{
    (void)reader_step(reader, stmt);
    reader_reset(stmt);
}

void reader_reset(sqlite3_stmt *stmt)
{
    if (stmt != NULL) {
        (void)sqlite3_reset(stmt);
    }
}

void reader_end(sqlite3_stmt *stmt)
{
    (void)sqlite3_finalize(stmt);
}

void reader_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    if (stmt != NULL) {
        int code = sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
        MUST(code == SQLITE_OK);
    }
}

void reader_bind_borrowed(sqlite3_stmt *stmt, int at, const char *text)
{
    if (stmt != NULL) {
        int code = sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
        MUST(code == SQLITE_OK);
    }
}

void reader_bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (stmt != NULL) {
        int code = sqlite3_bind_int64(stmt, at, value);
        MUST(code == SQLITE_OK);
    }
}

const char *column_text(sqlite3_stmt *stmt, int at)
{
    const unsigned char *text = sqlite3_column_text(stmt, at);
    return text != NULL ? (const char *)text : "";
}

int64_t column_int(sqlite3_stmt *stmt, int at)
{
    return sqlite3_column_int64(stmt, at);
}

void column_copy(sqlite3_stmt *stmt, int at, char *ret_text, size_t size)
{
    const char *text = column_text(stmt, at);
    size_t len = (size_t)sqlite3_column_bytes(stmt, at);
    MUST(size > 0);
    len = len < size ? len : size - 1;
    memcpy(ret_text, text, len);
    ret_text[len] = '\0';
}

int64_t reader_one(struct reader *reader, const char *sql, int64_t fallback)
{
    sqlite3_stmt *stmt = reader_prepare(reader, sql);
    int64_t value = fallback;
    if (reader_step(reader, stmt) && sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        value = column_int(stmt, 0);
    }
    reader_end(stmt);
    return value;
}

bool reader_has_table(struct reader *reader, const char *table)
{
    sqlite3_stmt *stmt =
        reader_prepare(reader, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
    reader_bind_text(stmt, 1, table);
    const bool there = reader_step(reader, stmt);
    reader_end(stmt);
    return there;
}
