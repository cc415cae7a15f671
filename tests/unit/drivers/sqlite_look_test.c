/* SPDX-License-Identifier: Apache-2.0 */

/* Damage is told from everything else that a database may answer. */

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
    CHECK_EQ_I64(unlink(path), 0);
}

TEST_MAIN()
