/* SPDX-License-Identifier: Apache-2.0 */

/* What a log holds comes into the file whole, and never from a log that is not on the disk. */

#include <sys/stat.h>
#include <unistd.h>

#include "drivers/sqlite/open.h"
#include "tests/unit/test.h"

static char path[] = "/tmp/shilling-open-XXXXXX";
static char log_path[sizeof(path) + 4];

static sqlite3 *opened(void)
{
    sqlite3 *db = NULL;
    CHECK_EQ_I64(sqlite_open(path, SQLITE_OPEN_READWRITE, NULL, &db), SQLITE_OK);
    return db;
}

/* A database whose one row stands in the log alone, as a program that was killed leaves it. */
static sqlite3 *left_behind(void)
{
    if (log_path[0] == '\0') {
        int fd = mkstemp(path);
        if (fd < 0 || close(fd) != 0) {
            abort();
        }
        (void)snprintf(log_path, sizeof(log_path), "%s-wal", path);
    }
    if (truncate(path, 0) != 0) {
        abort();
    }
    (void)unlink(log_path);
    sqlite3 *db = opened();
    CHECK_EQ_I64(sqlite3_exec(db,
                              "PRAGMA journal_mode=WAL; CREATE TABLE t(n);"
                              "INSERT INTO t VALUES (41)",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    (void)sqlite3_close(db);
    return opened();
}

static int64_t log_size(void)
{
    struct stat status = {0};
    return stat(log_path, &status) == 0 ? status.st_size : -1;
}

static int64_t rows(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    CHECK_EQ_I64(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &stmt, NULL), SQLITE_OK);
    const int64_t count = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
    (void)sqlite3_finalize(stmt);
    return count;
}

TEST(a_log_is_settled)
{
    sqlite3 *db = NULL;
    CHECK_EQ_I64(sqlite_open(":memory:", SQLITE_OPEN_READWRITE, NULL, &db), SQLITE_OK);
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK); /* there is none */
    (void)sqlite3_close(db);
    db = left_behind();
    CHECK(log_size() > 0);
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK);
    CHECK_EQ_I64(log_size(), 0);
    CHECK_EQ_I64(rows(db), 1);
    (void)sqlite3_close(db);
    CHECK_EQ_I64(log_size(), -1); /* once settled, SQLite clears up behind itself */
}

TEST(a_close_before_it_was_settled_leaves_the_log)
{
    sqlite3 *db = left_behind();
    CHECK_EQ_I64(rows(db), 1);
    const int64_t size = log_size();
    (void)sqlite3_close(db);
    CHECK_EQ_I64(log_size(), size);
}

TEST(a_folder_is_no_database)
{
    sqlite3 *db = NULL;
    const int code = sqlite_open("/tmp", SQLITE_OPEN_READWRITE, NULL, &db);
    CHECK(code != SQLITE_OK && db != NULL);
    CHECK_EQ_STR(sqlite_why(db, code), "unable to open database file");
    (void)sqlite3_close(db);
}

/* ---- the order in which a log is settled ---- */

enum watched { LOG, BASE, WATCHED_COUNT };

static const sqlite3_io_methods *real[WATCHED_COUNT];
static sqlite3_io_methods watching[WATCHED_COUNT];
static sqlite3_int64 log_written; /* before its first sync */
static bool log_synced;
static bool log_fails;
static bool base_written;
static bool base_was_early; /* before the log was written anew and synced */

static int watch_log_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    log_written += log_synced ? 0 : size;
    return real[LOG]->xWrite(file, bytes, size, at);
}

static int watch_log_sync(sqlite3_file *file, int flags)
{
    log_synced = !log_fails;
    return log_fails ? SQLITE_IOERR_FSYNC : real[LOG]->xSync(file, flags);
}

static int watch_base_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    base_written = true;
    base_was_early = base_was_early || !log_synced;
    return real[BASE]->xWrite(file, bytes, size, at);
}

static void watch(sqlite3 *db)
{
    log_written = 0;
    log_synced = base_written = base_was_early = false;
    sqlite3_file *file[WATCHED_COUNT] = {NULL, NULL};
    CHECK_EQ_I64(sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file[LOG]), 0);
    CHECK_EQ_I64(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file[BASE]), 0);
    for (int i = 0; i < WATCHED_COUNT; i++) {
        real[i] = file[i]->pMethods;
        watching[i] = *real[i];
        file[i]->pMethods = &watching[i];
    }
    watching[LOG].xWrite = watch_log_write;
    watching[LOG].xSync = watch_log_sync;
    watching[BASE].xWrite = watch_base_write;
}

/* If the power goes in between, the log must still hold what the file has in part. */
TEST(a_log_is_written_anew_before_its_pages_go_into_the_file)
{
    sqlite3 *db = left_behind();
    const int64_t size = log_size();
    CHECK_EQ_I64(rows(db), 1); /* the log is open */
    watch(db);
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK);
    CHECK_EQ_I64(log_written, size);
    CHECK(base_written && !base_was_early);
    (void)sqlite3_close(db);
}

/* A sync that failed marks the pages clean: the next one would succeed, over a hole. */
TEST(a_log_that_cannot_be_synced_stays_as_it_is)
{
    sqlite3 *db = left_behind();
    const int64_t size = log_size();
    CHECK_EQ_I64(rows(db), 1);
    watch(db);
    log_fails = true;
    const int code = sqlite_settle_log(db);
    CHECK_EQ_I64(code, SQLITE_IOERR_FSYNC);
    CHECK_EQ_STR(sqlite_why(db, code), "disk I/O error");
    log_fails = false;
    (void)sqlite3_close(db);
    CHECK(!base_written);
    CHECK_EQ_I64(log_size(), size);
    db = opened();
    CHECK_EQ_I64(rows(db), 1);
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK);
    (void)sqlite3_close(db);
    CHECK_EQ_I64(unlink(path), 0);
}

TEST_MAIN()
