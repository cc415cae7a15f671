/* SPDX-License-Identifier: Apache-2.0 */

/* The card part of the journal: what is owed to the server survives every restart. */
#include <sqlite3.h>
#include <unistd.h>

#include "kiosk/journal/journal.h"
#include "tests/unit/test.h"

static char folder[64];
static char path[96];
static char why[JOURNAL_WHY_SIZE];
static struct journal_card card;

static void fresh_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/kiosk-journal-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof(path), "%s/journal.db", folder);
}

static struct journal *open_again(void)
{
    struct journal *journal = NULL;
    enum err err = journal_open(path, 1795147200, &journal, why);
    if (err != OK) {
        TEST_FAIL("journal_open: %s: %s", err_name(err), why);
    }
    return journal;
}

static struct session_card_write write_of(const char *id, const char *order_no)
{
    struct session_card_write write = {.uid = "4A8B1C2D", .token = "0011", .amount = {5000}};
    (void)snprintf(write.id, sizeof(write.id), "%s", id);
    (void)snprintf(write.order_no, sizeof(write.order_no), "%s", order_no);
    return write;
}

TEST(a_write_is_owed_until_the_server_has_it)
{
    fresh_folder();
    struct journal *journal = open_again();
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), ERR_NOT_FOUND);
    struct session_card_write write = write_of("w1", "SH1");
    CHECK_EQ_I64(journal_card_begin(journal, &write, 1), OK);
    CHECK_EQ_I64(journal_card_begin(journal, &write, 2), OK); /* the same again changes nothing */
    journal_close(journal);

    /* Cut short before the reader answered: there is no word of how it ended. */
    journal = open_again();
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), OK);
    CHECK_EQ_STR(card.id, "w1");
    CHECK_EQ_STR(card.order_no, "SH1");
    CHECK_EQ_STR(card.uid, "4A8B1C2D");
    CHECK_EQ_STR(card.body, "");
    CHECK_EQ_I64(journal_card_next(journal, card.seq, &card), ERR_NOT_FOUND);
    CHECK_EQ_I64(journal_card_end(journal, "w1", "{\"outcome\":\"done\"}"), OK);
    journal_close(journal);

    /* Cut short before the server answered: the same words again. */
    journal = open_again();
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), OK);
    CHECK_EQ_STR(card.body, "{\"outcome\":\"done\"}");
    CHECK_EQ_I64(journal_card_told(journal, "w1", /* refused= */ false), OK);
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), ERR_NOT_FOUND);
    journal_close(journal);
    journal = open_again();
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), ERR_NOT_FOUND);
    journal_close(journal);
}

TEST(tries_of_one_order_are_told_one_by_one)
{
    fresh_folder();
    struct journal *journal = open_again();
    for (int i = 1; i <= 3; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "w%d", i);
        struct session_card_write write = write_of(id, "SH1");
        CHECK_EQ_I64(journal_card_begin(journal, &write, i), OK);
    }
    CHECK_EQ_I64(journal_card_told(journal, "w2", /* refused= */ true), OK);
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), OK);
    CHECK_EQ_STR(card.id, "w1");
    CHECK_EQ_I64(journal_card_next(journal, card.seq, &card), OK);
    CHECK_EQ_STR(card.id, "w3");
    journal_close(journal);
}

TEST(told_writes_are_kept_for_a_while_and_owed_ones_for_ever)
{
    fresh_folder();
    struct journal *journal = open_again();
    struct session_card_write owed = write_of("owed", "SH0");
    CHECK_EQ_I64(journal_card_begin(journal, &owed, 1), OK);
    for (int i = 0; i < JOURNAL_KEEP_COUNT + 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "w%d", i);
        struct session_card_write write = write_of(id, "SH1");
        CHECK_EQ_I64(journal_card_begin(journal, &write, i), OK);
        CHECK_EQ_I64(journal_card_told(journal, id, /* refused= */ false), OK);
    }
    journal_close(journal);
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    CHECK_EQ_I64(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_EQ_I64(sqlite3_prepare_v2(db, "SELECT count(*) FROM card_write", -1, &stmt, NULL),
                 SQLITE_OK);
    CHECK_EQ_I64(sqlite3_step(stmt), SQLITE_ROW);
    CHECK(sqlite3_column_int(stmt, 0) <= JOURNAL_KEEP_COUNT + 1);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    journal = open_again();
    CHECK_EQ_I64(journal_card_next(journal, 0, &card), OK);
    CHECK_EQ_STR(card.id, "owed");
    journal_close(journal);
}

/* What the first release wrote. */
static void make_journal_1(void)
{
    static const char sql[] =
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE attempt (seq INTEGER PRIMARY KEY, client_request_id TEXT NOT NULL UNIQUE,"
        " purchase_id TEXT NOT NULL, room_id TEXT NOT NULL, meter_id TEXT NOT NULL,"
        " amount_fen INTEGER NOT NULL CHECK (amount_fen > 0), wallet INTEGER NOT NULL,"
        " begun_wall_s INTEGER NOT NULL, order_no TEXT NOT NULL DEFAULT '',"
        " settled INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
        "INSERT INTO attempt VALUES (7, 'id-7', 'p', 'r', 'm', 5000, 1, 1795147000, 'SH7', 0);"
        "INSERT INTO kept VALUES ('profile', '{\"version\":1}');"
        "PRAGMA user_version=1;";
    sqlite3 *db = NULL;
    CHECK_EQ_I64(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_EQ_I64(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

TEST(a_journal_of_the_first_release_is_carried_over)
{
    fresh_folder();
    make_journal_1();
    for (int i = 0; i < 2; i++) {
        struct journal *journal = open_again();
        CHECK_EQ_STR(why, "");
        struct journal_order order;
        CHECK_EQ_I64(journal_find_open(journal, &order), OK);
        CHECK_EQ_STR(order.client_request_id, "id-7");
        CHECK_EQ_STR(order.order_no, "SH7");
        static char profile[JOURNAL_PROFILE_SIZE];
        CHECK_EQ_I64(journal_get_profile(journal, profile), OK);
        CHECK_EQ_STR(profile, "{\"version\":1}");
        struct session_card_write write = write_of("w1", "SH7");
        CHECK_EQ_I64(journal_card_begin(journal, &write, 1), OK);
        CHECK_EQ_I64(journal_card_next(journal, 0, &card), OK);
        journal_close(journal);
    }
}

TEST_MAIN()
