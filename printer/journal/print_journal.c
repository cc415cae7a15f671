/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: one connection, one thread, autocommit: each function is one statement and one sync. A
 * file of another program, or a damaged one, is refused rather than mended: it holds the only
 * proof that something was printed.
 */
#include "printer/journal/print_journal.h"

#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/disk/disk.h"
#include "drivers/sqlite/look.h"
#include "drivers/sqlite/open.h"

enum { PATH_SIZE = 4096, MIGRATION_SIZE = 1024, APPLICATION_ID = 0x53485031 /* "SHP1" */ };

static const char SCHEMA[] =
    "BEGIN IMMEDIATE;"
    "PRAGMA application_id = 1397248049;"
    "CREATE TABLE job(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " order_no TEXT NOT NULL, copy INTEGER NOT NULL, state TEXT NOT NULL,"
    " detail TEXT NOT NULL DEFAULT '', body_mark TEXT, cut_mark TEXT,"
    " queued_at INTEGER NOT NULL, begun_at INTEGER, ended_at INTEGER,"
    " late_body_at INTEGER, late_cut_at INTEGER) STRICT;"
    "COMMIT;";

/*
 * What came later, one transaction each; PRAGMA user_version says how many were carried out. What
 * was released is never changed.
 */
static const char *const MIGRATIONS[] = {
    /* Copies are counted by kind: a slip is not the receipt's first paper. */
    "ALTER TABLE job ADD COLUMN kind TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX job_order ON job(order_no);",
    /* What the server has not heard yet; of older jobs nobody knows, and their kiosk has tried. */
    "ALTER TABLE job ADD COLUMN reported_at INTEGER;"
    "UPDATE job SET reported_at = 0 WHERE state <> 'queued';"
    "CREATE INDEX job_unreported ON job(seq) WHERE reported_at IS NULL;",
    /* A held paper whose end was never sent will not come out whole. */
    "ALTER TABLE job ADD COLUMN part INTEGER NOT NULL DEFAULT 0;",
};

enum stmt {
    STMT_FIND,
    STMT_ADD,
    STMT_COPIES,
    STMT_BEGIN,
    STMT_END,
    STMT_UNREPORTED,
    STMT_REPORTED,
    STMT_LATE_FIND,
    STMT_LATE_BODY,
    STMT_LATE_CUT,
    STMT_INTERRUPT,
    STMT_PRUNE,
    STMT_COUNT
};

/* What read_record() reads. */
#define RECORD "SELECT seq, id, begun_at IS NOT NULL, state, detail, order_no, kind, part FROM job"

static const char *const TEXTS[STMT_COUNT] = {
    [STMT_FIND] = RECORD " WHERE id = ?1",
    [STMT_ADD] = "INSERT INTO job(id, order_no, copy, state, queued_at, kind)"
                 " VALUES (?1, ?2, ?3, 'queued', ?4, ?5) ON CONFLICT DO NOTHING",
    [STMT_COPIES] = "SELECT count(*) FROM job WHERE order_no = ?1 AND kind IN ('', ?2)"
                    " AND begun_at IS NOT NULL AND state <> 'failed'",
    [STMT_BEGIN] = "UPDATE job SET begun_at = ?2, body_mark = ?3, cut_mark = ?4, copy = ?5"
                   " WHERE seq = ?1 AND state = 'queued' AND begun_at IS NULL",
    [STMT_END] = "UPDATE job SET state = ?2, detail = ?3, ended_at = ?4, part = ?5"
                 " WHERE seq = ?1 AND state = 'queued'",
    [STMT_UNREPORTED] = RECORD " WHERE reported_at IS NULL AND state <> 'queued'"
                               " AND order_no <> '' ORDER BY seq LIMIT 1",
    [STMT_REPORTED] = "UPDATE job SET reported_at = ?2 WHERE id = ?1 AND reported_at IS NULL"
                      " AND state <> 'queued'",
    /* Marks come round again after 800,000 jobs: the newest job with one is meant. */
    [STMT_LATE_FIND] = RECORD " WHERE body_mark = ?1 OR cut_mark = ?1 ORDER BY seq DESC LIMIT 1",
    [STMT_LATE_BODY] = "UPDATE job SET late_body_at = ?3 WHERE seq = ?1 AND body_mark = ?2",
    [STMT_LATE_CUT] = "UPDATE job SET late_cut_at = ?3 WHERE seq = ?1 AND cut_mark = ?2",
    [STMT_INTERRUPT] = "UPDATE job SET state = 'unknown', detail = 'restarted'"
                       " WHERE state = 'queued' AND begun_at IS NOT NULL",
    [STMT_PRUNE] = "DELETE FROM job WHERE seq <= (SELECT coalesce(max(seq), 0) FROM job) - ?1",
};

struct print_journal {
    sqlite3 *db;
    sqlite3_stmt *stmts[STMT_COUNT];
    int lock_fd;
};

static enum err say(char ret_message[PRINT_JOURNAL_MESSAGE_SIZE], enum err err, const char *where,
                    const char *what)
{
    str_format_cut(ret_message, PRINT_JOURNAL_MESSAGE_SIZE, "%s: %s", where, what);
    return err;
}

static enum err err_of(int code)
{
    int primary = code & 0xFF;
    if (primary == SQLITE_FULL) {
        return ERR_FULL;
    }
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
        return ERR_FORMAT;
    }
    return ERR_IO;
}

/* --- statements ------------------------------------------------------------------------------ */

static sqlite3_stmt *prepare(struct print_journal *journal, enum stmt which)
{
    sqlite3_stmt *stmt = journal->stmts[which];
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return stmt;
}

static void bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    int code = sqlite3_bind_int64(stmt, at, value);
    MUST(code == SQLITE_OK);
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text, size_t size)
{
    int code = sqlite3_bind_text(stmt, at, text, (int)size, SQLITE_TRANSIENT);
    MUST(code == SQLITE_OK);
}

/* Run a change; @p ret_rows: how many rows it changed. */
static enum err run(struct print_journal *journal, sqlite3_stmt *stmt, int *ret_rows)
{
    int code = sqlite3_step(stmt);
    int rows = sqlite3_changes(journal->db);
    (void)sqlite3_reset(stmt);
    if (code != SQLITE_DONE) {
        return err_of(code);
    }
    *ret_rows = rows;
    return OK;
}

static bool column_text(sqlite3_stmt *stmt, int column, char *ret_text, size_t size)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return text != NULL && str_copy(ret_text, size, (const char *)text);
}

static enum err read_record(sqlite3_stmt *stmt, struct print_record *ret_record)
{
    int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW) {
        (void)sqlite3_reset(stmt);
        return code == SQLITE_DONE ? ERR_NOT_FOUND : err_of(code);
    }
    struct print_record record = {.seq = sqlite3_column_int64(stmt, 0),
                                  .has_begun = sqlite3_column_int(stmt, 2) != 0,
                                  .part = sqlite3_column_int(stmt, 7) != 0};
    char state[32];
    bool good = column_text(stmt, 1, record.job_id, sizeof(record.job_id)) &&
                column_text(stmt, 3, state, sizeof(state)) &&
                column_text(stmt, 4, record.detail, sizeof(record.detail)) &&
                column_text(stmt, 5, record.order_no, sizeof(record.order_no)) &&
                column_text(stmt, 6, record.kind, sizeof(record.kind)) &&
                printjob_state_parse(state, &record.state);
    (void)sqlite3_reset(stmt);
    if (!good) {
        return ERR_FORMAT;
    }
    *ret_record = record;
    return OK;
}

/* --- opening --------------------------------------------------------------------------------- */

static enum err lock_take(struct print_journal *journal, const char *dir,
                          char ret_message[PRINT_JOURNAL_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    if (!str_format(path, sizeof(path), "%s/printd.lock", dir)) {
        return say(ret_message, ERR_IO, dir, "the path is too long");
    }
    journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->lock_fd < 0) {
        return say(ret_message, ERR_DENIED, path,
                   "cannot be made; does the folder exist, and may "
                   "this user write there?");
    }
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return say(ret_message, ERR_CONFLICT, dir, "another shilling-printd is using this folder");
    }
    return OK;
}

static enum err say_unreadable(struct print_journal *journal, const char *path,
                               char ret_message[PRINT_JOURNAL_MESSAGE_SIZE])
{
    if (sqlite_is_damaged(journal->db, path)) {
        return say(ret_message, ERR_FORMAT, path,
                   "is damaged or no database; keep it for the "
                   "audit and start with an empty folder");
    }
    return say(ret_message, ERR_IO, path,
               "cannot be read; look at the system's log: is the disk failing, or memory short?");
}

static enum err migrate(struct print_journal *journal, const char *path,
                        char ret_message[PRINT_JOURNAL_MESSAGE_SIZE])
{
    int64_t version = 0;
    if (!sqlite_look(journal->db, "PRAGMA user_version", &version)) {
        return say_unreadable(journal, path, ret_message);
    }
    if (version < 0 || version > (int64_t)ARRAY_COUNT(MIGRATIONS)) {
        return say(ret_message, ERR_FORMAT, path, "was written by a newer shilling-printd");
    }
    for (size_t i = (size_t)version; i < ARRAY_COUNT(MIGRATIONS); i++) {
        char text[MIGRATION_SIZE];
        bool fits =
            str_format(text, sizeof(text), "BEGIN IMMEDIATE; %s PRAGMA user_version = %zu; COMMIT;",
                       MIGRATIONS[i], i + 1);
        MUST(fits);
        int code = sqlite3_exec(journal->db, text, NULL, NULL, NULL);
        if (code != SQLITE_OK) {
            return say(ret_message, err_of(code), path, sqlite3_errmsg(journal->db));
        }
    }
    return OK;
}

static enum err schema_make(struct print_journal *journal, const char *path,
                            char ret_message[PRINT_JOURNAL_MESSAGE_SIZE])
{
    int64_t id = 0;
    int64_t tables = 0;
    if (!sqlite_look(journal->db, "PRAGMA application_id", &id) ||
        !sqlite_look(journal->db, "SELECT count(*) FROM sqlite_master", &tables)) {
        return say_unreadable(journal, path, ret_message);
    }
    bool ours = id == APPLICATION_ID;
    if (!ours && (id != 0 || tables != 0)) {
        return say(ret_message, ERR_FORMAT, path, "belongs to another program");
    }
    int code = sqlite3_exec(journal->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", NULL,
                            NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite_settle_log(journal->db);
    }
    if (code == SQLITE_OK && !ours) {
        code = sqlite3_exec(journal->db, SCHEMA, NULL, NULL, NULL);
        /* Being created is the one thing that a sync of the file alone does not make durable. */
        if (code == SQLITE_OK && disk_sync_folder_of(path) != OK) {
            code = SQLITE_IOERR;
        }
    }
    return code == SQLITE_OK ? migrate(journal, path, ret_message)
                             : say(ret_message, err_of(code), path, sqlite_why(journal->db, code));
}

static enum err start(struct print_journal *journal, uint32_t *ret_interrupted)
{
    for (size_t i = 0; i < STMT_COUNT; i++) {
        int code = sqlite3_prepare_v3(journal->db, TEXTS[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &journal->stmts[i], NULL);
        if (code != SQLITE_OK) {
            return ERR_FORMAT;
        }
    }
    int rows = 0;
    enum err err = run(journal, prepare(journal, STMT_INTERRUPT), &rows);
    if (err != OK) {
        return err;
    }
    *ret_interrupted = (uint32_t)rows;
    sqlite3_stmt *prune = prepare(journal, STMT_PRUNE);
    bind_int(prune, 1, PRINT_JOURNAL_JOBS_KEPT);
    return run(journal, prune, &rows);
}

static enum err fill(struct print_journal *journal, const char *dir, const char *vfs,
                     uint32_t *ret_interrupted, char ret_message[PRINT_JOURNAL_MESSAGE_SIZE])
{
    enum err err = lock_take(journal, dir, ret_message);
    if (err != OK) {
        return err;
    }
    char path[PATH_SIZE];
    if (!str_format(path, sizeof(path), "%s/printd.db", dir)) {
        return say(ret_message, ERR_IO, dir, "the path is too long");
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite_open(path, flags, vfs, &journal->db) != SQLITE_OK) {
        return say(ret_message, ERR_IO, path, "cannot be opened");
    }
    err = schema_make(journal, path, ret_message);
    if (err != OK) {
        return err;
    }
    err = start(journal, ret_interrupted);
    return err == OK ? OK : say(ret_message, err, path, sqlite3_errmsg(journal->db));
}

enum err print_journal_open(const char *dir, const char *vfs, struct print_journal **ret_journal,
                            uint32_t *ret_interrupted, char ret_message[PRINT_JOURNAL_MESSAGE_SIZE])
{
    ret_message[0] = '\0';
    struct print_journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL) {
        return say(ret_message, ERR_MEMORY, dir, "no memory");
    }
    journal->lock_fd = -1;
    enum err err = fill(journal, dir, vfs, ret_interrupted, ret_message);
    if (err != OK) {
        print_journal_close(journal);
        return err;
    }
    *ret_journal = journal;
    return OK;
}

void print_journal_close(struct print_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    for (size_t i = 0; i < STMT_COUNT; i++) {
        (void)sqlite3_finalize(journal->stmts[i]);
    }
    (void)sqlite3_close(journal->db);
    if (journal->lock_fd >= 0) {
        (void)close(journal->lock_fd);
    }
    free(journal);
}

/* --- jobs ------------------------------------------------------------------------------------ */

enum err print_journal_find(struct print_journal *journal, const char *job_id,
                            struct print_record *ret_record)
{
    sqlite3_stmt *stmt = prepare(journal, STMT_FIND);
    bind_text(stmt, 1, job_id, strlen(job_id));
    return read_record(stmt, ret_record);
}

enum err print_journal_add(struct print_journal *journal, const struct print_wish *wish,
                           int64_t wall_s, int64_t *ret_seq)
{
    MUST(id_is_valid(wish->job_id));
    sqlite3_stmt *stmt = prepare(journal, STMT_ADD);
    bind_text(stmt, 1, wish->job_id, strlen(wish->job_id));
    bind_text(stmt, 2, wish->order_no, strlen(wish->order_no));
    bind_int(stmt, 3, wish->copy);
    bind_int(stmt, 4, wall_s);
    bind_text(stmt, 5, wish->kind, strlen(wish->kind));
    int rows = 0;
    enum err err = run(journal, stmt, &rows);
    if (err != OK) {
        return err;
    }
    if (rows == 0) {
        return ERR_EXISTS;
    }
    *ret_seq = sqlite3_last_insert_rowid(journal->db);
    return OK;
}

enum err print_journal_copies(struct print_journal *journal, const char *order_no, const char *kind,
                              uint32_t *ret_count)
{
    sqlite3_stmt *stmt = prepare(journal, STMT_COPIES);
    bind_text(stmt, 1, order_no, strlen(order_no));
    bind_text(stmt, 2, kind, strlen(kind));
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        *ret_count = (uint32_t)sqlite3_column_int(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    return code == SQLITE_ROW ? OK : err_of(code);
}

enum err print_journal_begin(struct print_journal *journal, int64_t seq,
                             const struct print_beginning *beginning, int64_t wall_s)
{
    sqlite3_stmt *stmt = prepare(journal, STMT_BEGIN);
    bind_int(stmt, 1, seq);
    bind_int(stmt, 2, wall_s);
    bind_text(stmt, 3, beginning->body_id, ESCPOS_ID_SIZE);
    bind_text(stmt, 4, beginning->cut_id, ESCPOS_ID_SIZE);
    bind_int(stmt, 5, beginning->copy);
    int rows = 0;
    enum err err = run(journal, stmt, &rows);
    return err == OK && rows != 1 ? ERR_EXISTS : err;
}

enum err print_journal_end(struct print_journal *journal, int64_t seq,
                           const struct printjob_answer *verdict, int64_t wall_s)
{
    MUST(verdict->state != PRINTJOB_QUEUED);
    const char *name = printjob_state_name(verdict->state);
    sqlite3_stmt *stmt = prepare(journal, STMT_END);
    bind_int(stmt, 1, seq);
    bind_text(stmt, 2, name, strlen(name));
    bind_text(stmt, 3, verdict->detail, strlen(verdict->detail));
    bind_int(stmt, 4, wall_s);
    bind_int(stmt, 5, verdict->part ? 1 : 0);
    int rows = 0;
    enum err err = run(journal, stmt, &rows);
    return err == OK && rows != 1 ? ERR_EXISTS : err;
}

enum err print_journal_unreported(struct print_journal *journal, struct print_record *ret_record)
{
    return read_record(prepare(journal, STMT_UNREPORTED), ret_record);
}

enum err print_journal_reported(struct print_journal *journal, const char *job_id, int64_t wall_s)
{
    sqlite3_stmt *stmt = prepare(journal, STMT_REPORTED);
    bind_text(stmt, 1, job_id, strlen(job_id));
    bind_int(stmt, 2, wall_s);
    int rows = 0;
    return run(journal, stmt, &rows);
}

enum err print_journal_late(struct print_journal *journal, const char mark[ESCPOS_ID_SIZE],
                            int64_t wall_s, struct print_record *ret_record)
{
    struct print_record record;
    sqlite3_stmt *stmt = prepare(journal, STMT_LATE_FIND);
    bind_text(stmt, 1, mark, ESCPOS_ID_SIZE);
    enum err err = read_record(stmt, &record);
    if (err != OK) {
        return err;
    }
    static const enum stmt notes[] = {STMT_LATE_BODY, STMT_LATE_CUT};
    for (size_t i = 0; i < ARRAY_COUNT(notes); i++) {
        stmt = prepare(journal, notes[i]);
        bind_int(stmt, 1, record.seq);
        bind_text(stmt, 2, mark, ESCPOS_ID_SIZE);
        bind_int(stmt, 3, wall_s);
        int rows = 0;
        err = run(journal, stmt, &rows);
        if (err != OK) {
            return err;
        }
    }
    *ret_record = record;
    return OK;
}
