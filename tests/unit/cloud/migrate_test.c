/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database of the release before cards, with rows in the tables whose text changes: it is carried
 * over whole, its rules still hold, and the new kind is taken.
 */
#include <string.h>

#include <openssl/evp.h>
#include <sqlite3.h>

#include "cloud/store/store.h"
#include "cloud/store/store_internal.h"
#include "common/bytes.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { CARDS = 70, HASH_SIZE = 32, HASH_TEXT_SIZE = 65 };

static bool run(sqlite3 *handle, const char *text)
{
    char *why = NULL;
    const bool done = sqlite3_exec(handle, text, NULL, NULL, &why) == SQLITE_OK;
    if (!done) {
        (void)printf("# %s\n", why != NULL ? why : "?");
    }
    sqlite3_free(why);
    return done;
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

/* As the program of that time left it: every migration below @p version, and its entry. */
static void make_old(sqlite3 *handle, unsigned version)
{
    CHECK(run(handle, "CREATE TABLE schema_migration (version INTEGER PRIMARY KEY,"
                      " sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"));
    for (size_t i = 0; i < store_migration_count && store_migrations[i].version < version; i++) {
        uint8_t digest[HASH_SIZE];
        char hash[HASH_TEXT_SIZE];
        char entry[160];
        const struct migration *migration = &store_migrations[i];
        CHECK(EVP_Digest(migration->sql, migration->size, digest, NULL, EVP_sha256(), NULL) == 1);
        CHECK(hex_format(digest, sizeof(digest), /* separator= */ 0, hash, sizeof(hash)));
        CHECK(str_format(entry, sizeof(entry), "INSERT INTO schema_migration VALUES (%u, '%s', 1)",
                         migration->version, hash));
        CHECK(run(handle, migration->sql));
        CHECK(run(handle, entry));
    }
}

static const char ROWS[] =
    "INSERT INTO site VALUES ('s', 'n', 'c', 'p', 'en', '', '2000', 100, 200000, 1, 0);"
    "INSERT INTO terminal VALUES ('k', 's', 'K');"
    "INSERT INTO collector (collector_id, name) VALUES ('col', 'C');"
    "INSERT INTO tariff VALUES ('t', 8000);"
    "INSERT INTO meter_profile VALUES ('p', 'count', 'electricity', '645-2007', 0, 'standard',"
    " 'kWh', 'fen', 'none', '', 'no', 0, 0, 'open', '', '00000000', '00000000', 900, '', '');"
    "INSERT INTO room VALUES ('r', 's', 'b', 'u', 'l', 0, 'b u l', 'bul');"
    "INSERT INTO meter (meter_id, room_id, profile_id, tariff_id, collector_id, bus, address,"
    " alarm_fen) VALUES ('m', 'r', 'p', 't', 'col', 'b', '000000000001', 2000);"
    "INSERT INTO purchase VALUES ('u', 'k', 'm', 1);"
    "INSERT INTO pay_order (order_no, terminal_id, client_request_id, purchase_id, site_id,"
    " room_id, meter_id, channel, version, state, amount_fen, credit_to, kind, place,"
    " customer_masked, meter_address, meter_tail, price_e4_yuan, created_at, created_ms, body,"
    " state_ms) VALUES ('ORDER001', 'k', 'q', 'u', 's', 'r', 'm', 'alipay', 3, 'CREDITING', 5000,"
    " 'METER', 'count', 'b u l', '', '000000000001', '0001', 8000, 1, 1, '{}', 1);"
    "INSERT INTO pay_event VALUES ('ORDER001', 1, 'paid', 5000, 't', 0, 'NEW', 'PAID', NULL, '',"
    " 1);"
    "INSERT INTO delivery (order_no, meter_id, version, kind, stage, amount_fen, seq, created_ms)"
    " VALUES ('ORDER001', 'm', 1, 'count', 'SENT', 5000, 8, 1);"
    "INSERT INTO alarm (kind, subject, text, first_at, last_at) VALUES ('stray', 'S1', 't', 1, 1);"
    "INSERT INTO delivery_event VALUES ('ORDER001', 1, 'assign', '{}', 'READY', 'ASSIGNED', 1);";

#define SECOND                                                                                     \
    "INSERT INTO pay_order (order_no, terminal_id, client_request_id, purchase_id, site_id,"       \
    " room_id, meter_id, channel, version, state, amount_fen, credit_to, kind, place,"             \
    " customer_masked, meter_address, meter_tail, price_e4_yuan, created_at, created_ms, body,"    \
    " state_ms) VALUES ('ORDER002', 'k', 'q2', 'u', 's', 'r', 'm', 'alipay', 1, 'PAID', 5000,"

#define SECOND_REST " 'b u l', '', '000000000001', '0001', 8000, 1, 1, '{}', 1)"

TEST(an_old_database_is_carried_over)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE] = "";
    struct store *store = NULL;
    sqlite3 *handle = NULL;
    struct clock_port clock = clock_system();
    (void)temp_path(temp_folder_make(folder), "old.db", path);
    const struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    CHECK_EQ_I64(sqlite3_open(path, &handle), SQLITE_OK);
    make_old(handle, CARDS);
    CHECK(run(handle, ROWS));
    CHECK(!run(handle, SECOND " 'CARD', 'card'," SECOND_REST));
    (void)sqlite3_close(handle);

    CHECK_EQ_I64(store_open(&config, &store, why), OK);
    CHECK_EQ_STR(why, "");
    store_close(store);

    CHECK_EQ_I64(sqlite3_open(path, &handle), SQLITE_OK);
    CHECK(run(handle, "PRAGMA foreign_keys = ON"));
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM pragma_integrity_check WHERE"
                                " integrity_check = 'ok'"),
                 1);
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM pay_order o JOIN delivery d USING (order_no)"
                                " JOIN pay_event USING (order_no) JOIN delivery_event USING"
                                " (order_no) WHERE o.state = 'CREDITING' AND o.kind = 'count'"
                                " AND d.stage = 'SENT' AND d.seq = 8"),
                 1);
    CHECK_EQ_I64(number(handle, "SELECT card_limit_fen FROM meter_profile"), 0);
    CHECK_EQ_I64(number(handle, "SELECT count(*) FROM alarm WHERE subject = 'S1' AND count = 1"
                                " AND owner = 'site operator' AND ended_at IS NULL"),
                 1);
    /* The rules of before hold, and there is one kind more. */
    CHECK(!run(handle, SECOND " 'CARD', 'cart'," SECOND_REST));
    CHECK(run(handle, SECOND " 'CARD', 'card'," SECOND_REST));
    CHECK(run(handle, "INSERT INTO delivery (order_no, meter_id, version, kind, stage, amount_fen,"
                      " created_ms) VALUES ('ORDER002', 'm', 1, 'card', 'ASSIGNED', 5000, 1)"));
    CHECK(!run(handle, "UPDATE delivery SET kind = 'count'")); /* two live ones on one meter */
    CHECK(run(handle, "INSERT INTO review_item (document_no, document, reason, owner, opened_at,"
                      " due_ms) VALUES ('CR1', 'payout', 'card_payout', 'o', 1, 1)"));
    CHECK(!run(handle, "UPDATE review_item SET document = 'other'"));
    CHECK(!run(handle, "UPDATE pay_event SET at = 2"));
    CHECK(!run(handle, "DELETE FROM meter"));
    (void)sqlite3_close(handle);
}

TEST(the_schema_cannot_be_written_afterwards)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE] = "";
    struct clock_port clock = clock_system();
    struct db db;
    (void)temp_path(temp_folder_make(folder), "new.db", path);
    const struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    struct store *store = NULL;
    CHECK_EQ_I64(store_open(&config, &store, why), OK);
    store_close(store);
    CHECK_EQ_I64(db_open(&db, path, /* is_writer= */ true), OK);
    (void)sqlite3_exec(db.handle, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
    CHECK(sqlite3_exec(db.handle, "UPDATE sqlite_schema SET sql = sql", NULL, NULL, NULL) !=
          SQLITE_OK);
    db_close(&db);
}

TEST_MAIN()
