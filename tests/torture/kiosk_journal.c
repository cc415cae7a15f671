/* SPDX-License-Identifier: Apache-2.0 */

/* A terminal's journal: made, written, closed, opened again. */
#include <stdio.h>

#include <sqlite3.h>

#include "common/str.h"
#include "kiosk/journal/journal.h"
#include "tests/torture/torture.h"

enum {
    STEP_OPEN,
    STEP_SAVE_1,
    STEP_NUMBER_1,
    STEP_PROFILE,
    STEP_SETTLE_1,
    STEP_SAVE_2,
    STEP_AGAIN
};

#define ID_1 "00000000-0000-7000-8000-000000000001"
#define ID_2 "00000000-0000-7000-8000-000000000002"
#define WALL_S INT64_C(1795170000)

static enum err save(struct journal *journal, const char *id)
{
    struct session_create create = {.amount = money_fen(5000), .wallet = SESSION_WALLET_ALIPAY};
    (void)snprintf(create.client_request_id, sizeof(create.client_request_id), "%s", id);
    (void)snprintf(create.purchase_id, sizeof(create.purchase_id), "%s", id);
    (void)snprintf(create.room_id, sizeof(create.room_id), "r1");
    (void)snprintf(create.meter_id, sizeof(create.meter_id), "m1");
    return journal_save(journal, &create, WALL_S);
}

static bool open_at(struct torture_notes *notes, size_t step, const char *dir,
                    struct journal **ret_journal)
{
    char path[256];
    char why[JOURNAL_WHY_SIZE];
    str_format_cut(path, sizeof(path), "%s/kiosk.db", dir);
    bool opened = torture_step(notes, step, journal_open(path, WALL_S, ret_journal, why) == OK);
    (void)torture_expect(notes, opened || why[0] != '\0', "a journal is refused without a word");
    (void)torture_expect(notes, !opened || why[0] == '\0', why); /* never "damaged" by a fault */
    return opened;
}

static void run(struct torture_notes *notes, const char *dir)
{
    struct journal *journal = NULL;
    if (!open_at(notes, STEP_OPEN, dir, &journal)) {
        return;
    }
    (void)torture_step(notes, STEP_SAVE_1, save(journal, ID_1) == OK);
    (void)torture_step(notes, STEP_NUMBER_1, journal_set_order_no(journal, ID_1, "SH0001") == OK);
    (void)torture_step(notes, STEP_PROFILE, journal_put_profile(journal, "{\"name\":\"k\"}") == OK);
    (void)torture_step(notes, STEP_SETTLE_1, journal_settle(journal, ID_1) == OK);
    (void)torture_step(notes, STEP_SAVE_2, save(journal, ID_2) == OK);
    journal_close(journal);
    struct journal_order order;
    if (open_at(notes, STEP_AGAIN, dir, &journal)) {
        enum err err = journal_find_open(journal, &order);
        (void)torture_expect(notes, err != OK || order.begun_wall_s == WALL_S, "a strange order");
        (void)torture_expect(notes, notes->steps[STEP_SAVE_2] != STEP_DONE || err != ERR_NOT_FOUND,
                             "an order that was saved is not found");
        static char profile[JOURNAL_PROFILE_SIZE];
        err = journal_get_profile(journal, profile);
        (void)torture_expect(notes, notes->steps[STEP_PROFILE] != STEP_DONE || err != ERR_NOT_FOUND,
                             "a profile that was kept is not found");
        journal_close(journal);
    }
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        value = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return value;
}

/* A row that was acknowledged is there once; one that was refused, once at most. */
static bool is_there(const struct torture_notes *notes, size_t step, int64_t count)
{
    return notes->steps[step] == STEP_DONE ? count == 1 : count == 0 || count == 1;
}

static bool look(struct torture_notes *notes, const char *dir)
{
    struct journal *journal = NULL;
    char path[256];
    char why[JOURNAL_WHY_SIZE];
    sqlite3 *db = NULL;
    str_format_cut(path, sizeof(path), "%s/kiosk.db", dir);
    if (!torture_expect(notes, journal_open(path, WALL_S, &journal, why) == OK && why[0] == '\0',
                        "it does not open again")) {
        return false;
    }
    journal_close(journal);
    bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    good = torture_expect(notes,
                          is_there(notes, STEP_SAVE_1,
                                   number(db, "SELECT count(*) FROM attempt WHERE"
                                              " client_request_id = '" ID_1 "'")),
                          "the first order") &&
           good;
    good = torture_expect(notes,
                          is_there(notes, STEP_SAVE_2,
                                   number(db, "SELECT count(*) FROM attempt WHERE"
                                              " client_request_id = '" ID_2 "'")),
                          "the second order") &&
           good;
    bool first = notes->steps[STEP_SAVE_1] == STEP_DONE;
    if (first && notes->steps[STEP_NUMBER_1] == STEP_DONE) {
        good = torture_expect(
                   notes, number(db, "SELECT count(*) FROM attempt WHERE order_no = 'SH0001'") == 1,
                   "its number") &&
               good;
    }
    if (first && notes->steps[STEP_SETTLE_1] == STEP_DONE) {
        good = torture_expect(notes,
                              number(db, "SELECT settled FROM attempt ORDER BY seq LIMIT 1") == 1,
                              "that it was settled") &&
               good;
    }
    if (notes->steps[STEP_PROFILE] == STEP_DONE) {
        good = torture_expect(notes, number(db, "SELECT count(*) FROM kept") == 1, "the profile") &&
               good;
    }
    (void)sqlite3_close(db);
    return good;
}

static const struct torture_flow flow = {
    .name = "kiosk-journal", .has_files = true, .run = run, .look = look};

const struct torture_flow *const torture_flows[] = {&flow, NULL};
