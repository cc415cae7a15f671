/* SPDX-License-Identifier: Apache-2.0 */

/* Damage is told from everything else that a database may answer. */

#include <sys/stat.h>
#include <unistd.h>

#include "drivers/sqlite/look.h"
#include "tests/unit/test.h"

enum { DIRECTORY_AT = 100 }; /* of the first page: its tree, behind the file's header */

static char path[] = "/tmp/shilling-look-XXXXXX";

/* A database with one table of one row; its file is empty before. */
static sqlite3 *made(void)
{
    static bool named;
    sqlite3 *db = NULL;
    if (!named) {
        int fd = mkstemp(path);
        if (fd < 0 || close(fd) != 0) {
            abort();
        }
        named = true;
    }
    if (truncate(path, 0) != 0 || sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "CREATE TABLE t(n); INSERT INTO t VALUES (41)", NULL, NULL, NULL) !=
            SQLITE_OK) {
        abort();
    }
    return db;
}

/* Write @p text over the closed file and open it. */
static sqlite3 *spoiled(long at, const char *text)
{
    sqlite3 *db = made();
    (void)sqlite3_close(db);
    FILE *file = fopen(path, "r+b");
    if (file == NULL || fseek(file, at, SEEK_SET) != 0 || fputs(text, file) < 0 ||
        fclose(file) != 0 || sqlite3_open(path, &db) != SQLITE_OK) {
        abort();
    }
    return db;
}

TEST(a_number_is_found)
{
    sqlite3 *db = made();
    int64_t value = 0;
    CHECK(sqlite_look(db, "SELECT n + 1 FROM t", &value));
    CHECK_EQ_I64(value, 42);
    (void)sqlite3_close(db);
}

TEST(no_row_and_no_table_are_no_damage)
{
    sqlite3 *db = made();
    int64_t value = 7;
    CHECK(!sqlite_look(db, "SELECT n FROM t WHERE n = 0", &value));
    CHECK(!sqlite_is_damaged(db, path));
    CHECK(!sqlite_look(db, "SELECT n FROM nothing", &value));
    CHECK(!sqlite_is_damaged(db, path));
    CHECK_EQ_I64(value, 7);
    (void)sqlite3_close(db);
}

TEST(wrong_bytes_are_damage)
{
    int64_t value = 0;
    sqlite3 *db = spoiled(0, "A letter to a landlord");
    CHECK(!sqlite_look(db, "PRAGMA user_version", &value));
    CHECK(sqlite_is_damaged(db, path));
    (void)sqlite3_close(db);
    db = spoiled(DIRECTORY_AT, "xxxxxxxx");
    CHECK(!sqlite_look(db, "SELECT count(*) FROM sqlite_master", &value));
    CHECK(sqlite_is_damaged(db, path));
    (void)sqlite3_close(db);
}

TEST(bytes_that_the_device_does_not_give_are_no_damage)
{
    int64_t value = 0;
    sqlite3 *db = spoiled(0, "A letter to a landlord");
    CHECK(!sqlite_look(db, "PRAGMA user_version", &value));
    CHECK(!sqlite_is_damaged(db, "/proc/self/mem")); /* address 0 gives EIO */
    (void)sqlite3_close(db);
}

TEST(a_log_is_settled)
{
    sqlite3 *db = NULL;
    char log_path[sizeof(path) + 4];
    (void)snprintf(log_path, sizeof(log_path), "%s-wal", path);
    CHECK_EQ_I64(sqlite3_open(":memory:", &db), SQLITE_OK);
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK); /* there is none */
    (void)sqlite3_close(db);
    db = made();
    CHECK_EQ_I64(
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; INSERT INTO t VALUES (1)", NULL, NULL, NULL),
        SQLITE_OK);
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK);
    struct stat status = {0};
    CHECK_EQ_I64(stat(log_path, &status), 0);
    CHECK_EQ_I64(status.st_size, 0);
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
    char log_path[sizeof(path) + 4];
    struct stat status = {0};
    sqlite3 *db = made();
    (void)snprintf(log_path, sizeof(log_path), "%s-wal", path);
    CHECK_EQ_I64(
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; INSERT INTO t VALUES (1)", NULL, NULL, NULL),
        SQLITE_OK);
    CHECK_EQ_I64(stat(log_path, &status), 0);
    watch(db);
    log_fails = true;
    CHECK_EQ_I64(sqlite_settle_log(db) & 0xFF, SQLITE_IOERR);
    CHECK(!base_written);
    log_fails = false;
    log_written = 0;
    CHECK_EQ_I64(sqlite_settle_log(db), SQLITE_OK);
    CHECK_EQ_I64(log_written, status.st_size);
    CHECK(base_written && !base_was_early);
    (void)sqlite3_close(db);
    CHECK_EQ_I64(unlink(path), 0);
}

TEST_MAIN()
