/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database of the release before the books of the day, with an item of a bill that has a history
 * and a signature: it is carried over whole, stays append only, and takes items of the books.
 */
#include <sqlite3.h>

#include "cloud/store/store.h"
#include "cloud/store/store_internal.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { BOOKS = 62 };

static bool run(sqlite3 *handle, const char *text)
{
    return sqlite3_exec(handle, text, NULL, NULL, NULL) == SQLITE_OK;
}

static int64_t number(sqlite3 *handle, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(handle, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return value;
}

static void open_and_close(const char *path)
{
    char why[STORE_WHY_SIZE] = "";
    struct clock_port clock = clock_system();
    const struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    struct store *store = NULL;
    CHECK_EQ_I64(store_open(&config, &store, why), OK);
    CHECK_EQ_STR(why, "");
    store_close(store);
}

/* Every migration below BOOKS; what is known of them is copied from a new database. */
static sqlite3 *make_old(const char *path, const char *new_path)
{
    char attach[TEMP_PATH_SIZE + 32];
    sqlite3 *handle = NULL;
    open_and_close(new_path);
    CHECK_EQ_I64(sqlite3_open(path, &handle), SQLITE_OK);
    for (size_t i = 0; store_migrations[i].version < BOOKS; i++) {
        CHECK(run(handle, store_migrations[i].sql));
    }
    CHECK(str_format(attach, sizeof(attach), "ATTACH '%s' AS new", new_path));
    CHECK(run(handle, attach));
    CHECK(run(handle, "CREATE TABLE schema_migration (version INTEGER PRIMARY KEY,"
                      " sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;"
                      "INSERT INTO schema_migration SELECT * FROM new.schema_migration"
                      " WHERE version < 62"));
    return handle;
}

#define COLUMNS                                                                                    \
    "(document_no, channel, day, finding, order_no, bill_fen, our_fen, version, seen, owner,"      \
    " opened_at, due_at, due_ms)"

static const char ROWS[] =
    "INSERT INTO bill_item " COLUMNS " VALUES ('BL20261101W000001', 'wechat', '2026-11-01',"
    " 'FEE', '', 2, 1, 1, 1, 'bookkeeper', 1, 2, 3);"
    "INSERT INTO bill_item " COLUMNS " VALUES ('BL20261102W000002', 'wechat', '2026-11-02',"
    " 'AMOUNT', 'SH1', 501, 500, 2, 1, 'bookkeeper', 1, 2, 3);"
    "INSERT INTO bill_item_event (item_id, at, event, bill_fen, our_fen, detail)"
    " VALUES (2, 1, 'opened', 500, 501, ''), (2, 2, 'changed', 500, 501, '');"
    "INSERT INTO bill_item_signature (item_id, decision, person, version, given_ms, given_at)"
    " VALUES (2, 'close', 'li', 2, 9, 9)";

#define OF_BOOKS                                                                                   \
    "INSERT INTO bill_item " COLUMNS " VALUES ('BL20261103B000003', 'books', '', 'HELD_OLD',"      \
    " 'SH1', 0, 500, 1, 1, 'bookkeeper', 1, 2, 3)"

TEST(items_of_bills_are_carried_over)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    char new_path[TEMP_PATH_SIZE];
    (void)temp_folder_make(folder);
    (void)temp_path(folder, "old.db", path);
    (void)temp_path(folder, "new.db", new_path);
    sqlite3 *handle = make_old(path, new_path);
    CHECK(run(handle, ROWS));
    CHECK(!run(handle, OF_BOOKS));
    CHECK_EQ_I64(sqlite3_close(handle), SQLITE_OK);

    open_and_close(path);

    CHECK_EQ_I64(sqlite3_open(path, &handle), SQLITE_OK);
    CHECK(run(handle, "PRAGMA foreign_keys = ON"));
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM pragma_integrity_check"
                                " WHERE integrity_check = 'ok'"),
                 1);
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM bill_item i JOIN bill_item_event e USING"
                                " (item_id) JOIN bill_item_signature s USING (item_id) WHERE"
                                " i.document_no = 'BL20261102W000002' AND i.bill_fen = 501"
                                " AND e.bill_fen = 500 AND s.person = 'li' AND s.version = 2"),
                 2);
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM bill_item"), 2);
    CHECK(run(handle, OF_BOOKS));
    CHECK(!run(handle, "UPDATE bill_item SET channel = 'cash'"));
    CHECK(!run(handle, "DELETE FROM bill_item"));
    CHECK(!run(handle, "DELETE FROM bill_item_event"));
    CHECK(!run(handle, "UPDATE bill_item_event SET at = 3"));
    CHECK(!run(handle, "DELETE FROM bill_item_signature"));
    CHECK(!run(handle, "UPDATE bill_item_signature SET person = 'wang'"));
    CHECK(!run(handle, "INSERT INTO bill_item_event (item_id, at, event, bill_fen, our_fen, detail)"
                       " VALUES (9, 1, 'opened', 0, 0, '')"));
    CHECK(!run(handle, "INSERT INTO bill_item_signature (item_id, decision, person, version,"
                       " given_ms, given_at) VALUES (9, 'close', 'li', 1, 1, 1)"));
    CHECK_EQ_I64(sqlite3_close(handle), SQLITE_OK);
}

TEST_MAIN()
