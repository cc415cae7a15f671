/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opening the journal and closing it. The file is made, switched to WAL, checkpointed and its
 * folder synced before it is used, because creating it is the one moment when a power cut could
 * take it away again.
 */
#include <stdlib.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "collector/journal_db.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/sqlite/look.h"
#include "drivers/sqlite/open.h"

enum { PATH_SIZE = 1152, APPLICATION_ID = 0x53484A31 /* "SHJ1" */, BUSY_MS = 2000 };

static const char schema[] =
    "PRAGMA application_id = 1397246513;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;"
    "CREATE TABLE reading(seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;"
    /* state: A accepted, I intent, R result, V void; an answer can stand beside any of them */
    "CREATE TABLE command(row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " op TEXT NOT NULL, meter TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0,"
    " state TEXT NOT NULL CHECK (state IN ('A', 'I', 'R', 'V')),"
    " voided INTEGER NOT NULL DEFAULT 0, accepted_at INTEGER NOT NULL,"
    " intent_at INTEGER, intent_frame BLOB, result_frame BLOB,"
    " reply TEXT, replied INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX command_open ON command(row) WHERE reply IS NULL OR replied = 0;"
    "CREATE TABLE relay(meter TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT;";

static const char *const stmt_texts[STMT_COUNT] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [STMT_META_SET] = "INSERT INTO meta(name, value) VALUES (?1, ?2)"
                      " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
    [STMT_READING_ADD] = "INSERT INTO reading(seq, body) VALUES (?1, ?2)",
    [STMT_READING_NEXT] = "SELECT seq, body FROM reading WHERE seq > ?1 ORDER BY seq LIMIT 1",
    [STMT_READING_ACK] = "DELETE FROM reading WHERE seq <= ?1",
    [STMT_READING_COUNT] = "SELECT count(*), (SELECT coalesce(max(seq), 0) FROM sqlite_sequence"
                           " WHERE name = 'reading') FROM reading",
    [STMT_READING_EPOCH] = "UPDATE reading SET body = json_set(body, '$.epoch', ?1)",
    [STMT_COMMAND_ADD] = "INSERT INTO command(id, op, meter, generation, state, accepted_at)"
                         " VALUES (?1, ?2, ?3, ?4, 'A', ?5)",
    [STMT_COMMAND_GET] = "SELECT state, voided, intent_at, intent_frame, reply, meter, generation,"
                         " op FROM command WHERE id = ?1",
    [STMT_COMMAND_INTENT] = "UPDATE command SET state = 'I', intent_at = ?2, intent_frame = ?3"
                            " WHERE id = ?1",
    [STMT_COMMAND_RESULT] = "UPDATE command SET state = 'R', result_frame = ?2 WHERE id = ?1",
    [STMT_COMMAND_VOID] = "INSERT INTO command(id, op, meter, state, voided, accepted_at, replied)"
                          " VALUES (?1, 'unseen', '', 'V', 1, ?2, 1)"
                          " ON CONFLICT(id) DO UPDATE SET voided = 1",
    [STMT_COMMAND_REPLY] = "UPDATE command SET reply = ?2, replied = 0 WHERE id = ?1",
    [STMT_COMMAND_REPLIED] = "UPDATE command SET replied = 1 WHERE id = ?1 AND reply IS NOT NULL",
    [STMT_REPLY_NEXT] = "SELECT row, reply FROM command WHERE row > ?1 AND reply IS NOT NULL AND"
                        " replied = 0 ORDER BY row LIMIT 1",
    [STMT_UNANSWERED] = "SELECT id, op, state, voided, result_frame FROM command"
                        " WHERE reply IS NULL AND op <> 'unseen' ORDER BY row LIMIT 1",
    [STMT_PRUNE] = "DELETE FROM command WHERE replied = 1 AND"
                   " row <= (SELECT coalesce(max(row), 0) FROM command) - ?1",
    [STMT_GENERATION_GET] = "SELECT generation FROM relay WHERE meter = ?1",
    [STMT_GENERATION_SET] = "INSERT INTO relay(meter, generation) VALUES (?1, ?2)"
                            " ON CONFLICT(meter) DO UPDATE SET generation = excluded.generation",
};

static enum err say(char ret_message[JOURNAL_MESSAGE_SIZE], enum err err, const char *what,
                    const char *detail)
{
    str_format_cut(ret_message, JOURNAL_MESSAGE_SIZE, "%s: %s", what, detail);
    return err;
}

static enum err lock_take(struct journal *journal, const char *dir,
                          char ret_message[JOURNAL_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    if (!str_format(path, sizeof(path), "%s/lock", dir)) {
        return say(ret_message, ERR_IO, dir, "the path is too long");
    }
    journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->lock_fd < 0) {
        return say(ret_message, ERR_IO, path,
                   "cannot be opened: does the folder exist, and may this user write there?");
    }
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return say(ret_message, ERR_CONFLICT, path, "another collector uses this journal");
    }
    return OK;
}

static enum err say_unreadable(struct journal *journal, const char *dir,
                               char ret_message[JOURNAL_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    if (str_format(path, sizeof(path), "%s/journal.db", dir) &&
        sqlite_is_damaged(journal->db, path)) {
        return say(ret_message, ERR_FORMAT, dir, "journal.db is damaged or no database");
    }
    return say(ret_message, ERR_IO, dir,
               "journal.db cannot be read; look at the system's log: is the disk failing, or "
               "memory short?");
}

static int exec(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL);
}

/* An empty file becomes a journal; anything that is not ours is refused. */
static enum err schema_make(struct journal *journal, const char *dir,
                            char ret_message[JOURNAL_MESSAGE_SIZE])
{
    int64_t id = 0;
    int64_t tables = 0;
    if (!sqlite_look(journal->db, "PRAGMA application_id", &id) ||
        !sqlite_look(journal->db, "SELECT count(*) FROM sqlite_master", &tables)) {
        return say_unreadable(journal, dir, ret_message);
    }
    bool ours = id == APPLICATION_ID;
    if (!ours && (id != 0 || tables != 0)) {
        return say(ret_message, ERR_FORMAT, dir, "journal.db is another program's");
    }
    if (exec(journal->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;") != SQLITE_OK) {
        return say(ret_message, ERR_IO, dir, sqlite3_errmsg(journal->db));
    }
    int code = sqlite_settle_log(journal->db);
    if (code != SQLITE_OK) {
        return say(ret_message, ERR_IO, dir, sqlite_why(journal->db, code));
    }
    if (ours) {
        return OK;
    }
    if (exec(journal->db, "BEGIN IMMEDIATE") != SQLITE_OK ||
        exec(journal->db, schema) != SQLITE_OK || exec(journal->db, "COMMIT") != SQLITE_OK) {
        return say(ret_message, ERR_IO, dir, sqlite3_errmsg(journal->db));
    }
    return OK;
}

static enum err stmts_prepare(struct journal *journal, char ret_message[JOURNAL_MESSAGE_SIZE])
{
    for (int i = 0; i < STMT_COUNT; i++) {
        if (sqlite3_prepare_v3(journal->db, stmt_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &journal->stmts[i], NULL) != SQLITE_OK) {
            return say(ret_message, ERR_FORMAT, "journal.db", sqlite3_errmsg(journal->db));
        }
    }
    return OK;
}

/* Make the folder's entries durable. */
static bool folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return synced;
}

static uint32_t epoch_draw(const struct journal_config *config)
{
    uint32_t drawn = rng_below(&config->rng, INT32_MAX);
    return drawn + 1; /* 1..2^31-1: 0 is nobody's */
}

static enum err epoch_load(struct journal *journal, const struct journal_config *config,
                           char ret_message[JOURNAL_MESSAGE_SIZE])
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_GET);
    journal_bind_text(stmt, 1, "epoch");
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        journal->epoch = (uint32_t)sqlite3_column_int64(stmt, 0);
        (void)sqlite3_reset(stmt);
        return OK;
    }
    if (err != ERR_NOT_FOUND) {
        return say(ret_message, err, "journal.db", sqlite3_errmsg(journal->db));
    }
    journal->epoch = epoch_draw(config);
    stmt = journal_stmt(journal, STMT_META_SET);
    journal_bind_text(stmt, 1, "epoch");
    journal_bind_int(stmt, 2, journal->epoch);
    err = journal_run(journal, stmt);
    if (err != OK || exec(journal->db, "PRAGMA wal_checkpoint(TRUNCATE)") != SQLITE_OK ||
        !folder_sync(config->dir)) {
        return say(ret_message, err != OK ? err : ERR_IO, config->dir, "cannot be written");
    }
    return OK;
}

static enum err counts_load(struct journal *journal, char ret_message[JOURNAL_MESSAGE_SIZE])
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_READING_COUNT);
    enum err err = journal_row(journal, stmt);
    if (err != OK) {
        return say(ret_message, ERR_FORMAT, "journal.db", sqlite3_errmsg(journal->db));
    }
    journal->reading_count = (uint64_t)sqlite3_column_int64(stmt, 0);
    journal->seq_last = (uint64_t)sqlite3_column_int64(stmt, 1);
    (void)sqlite3_reset(stmt);
    err = journal_prune(journal);
    return err == OK ? OK : say(ret_message, err, "journal.db", sqlite3_errmsg(journal->db));
}

static enum err fill(struct journal *journal, const struct journal_config *config,
                     char ret_message[JOURNAL_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    enum err err = lock_take(journal, config->dir, ret_message);
    if (err != OK) {
        return err;
    }
    if (!str_format(path, sizeof(path), "%s/journal.db", config->dir)) {
        return say(ret_message, ERR_IO, config->dir, "the path is too long");
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite_open(path, flags, config->vfs, &journal->db) != SQLITE_OK) {
        return say(ret_message, ERR_IO, path, "cannot be opened");
    }
    (void)sqlite3_busy_timeout(journal->db, BUSY_MS);
    err = schema_make(journal, config->dir, ret_message);
    if (err == OK) {
        err = stmts_prepare(journal, ret_message);
    }
    if (err == OK) {
        err = epoch_load(journal, config, ret_message);
    }
    if (err == OK) {
        err = journal_home_check(journal, path, config->machine, epoch_draw(config));
        err = err == OK ? OK : say(ret_message, err, path, "cannot be written");
    }
    return err == OK ? counts_load(journal, ret_message) : err;
}

enum err journal_open(const struct journal_config *config, struct journal **ret_journal,
                      char ret_message[JOURNAL_MESSAGE_SIZE])
{
    struct journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL) {
        return say(ret_message, ERR_MEMORY, config->dir, "no memory");
    }
    int failed = pthread_mutex_init(&journal->lock, NULL);
    MUST(failed == 0);
    ret_message[0] = '\0';
    journal->lock_fd = -1;
    journal->clock = config->clock;
    journal->start_ms = clock_mono_ms(&config->clock);
    journal->forgotten_end_ms = journal->start_ms;
    journal->sound = true;
    journal->kept = config->commands_kept > 0 ? config->commands_kept : JOURNAL_COMMANDS_KEPT;
    enum err err = fill(journal, config, ret_message);
    if (err != OK) {
        journal_close(journal);
        return err;
    }
    *ret_journal = journal;
    return OK;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    for (int i = 0; i < STMT_COUNT; i++) {
        (void)sqlite3_finalize(journal->stmts[i]);
    }
    (void)sqlite3_close(journal->db);
    if (journal->lock_fd >= 0) {
        (void)close(journal->lock_fd);
    }
    (void)pthread_mutex_destroy(&journal->lock);
    free(journal);
}
