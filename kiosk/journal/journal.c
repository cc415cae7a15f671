/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/journal/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/disk/disk.h"
#include "drivers/sqlite/open.h"

enum { PATH_SIZE = 512 };

struct journal {
    sqlite3 *db;
};

enum { SCHEMA_VERSION = 2 /* 2: card_write */ };

static const char SCHEMA[] =
    "PRAGMA journal_mode=WAL;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS attempt ("
    " seq INTEGER PRIMARY KEY,"
    " client_request_id TEXT NOT NULL UNIQUE,"
    " purchase_id TEXT NOT NULL,"
    " room_id TEXT NOT NULL,"
    " meter_id TEXT NOT NULL,"
    " amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),"
    " wallet INTEGER NOT NULL,"
    " begun_wall_s INTEGER NOT NULL,"
    " order_no TEXT NOT NULL DEFAULT '',"
    " settled INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE TABLE IF NOT EXISTS card_write ("
    " seq INTEGER PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE,"
    " order_no TEXT NOT NULL,"
    " uid TEXT NOT NULL,"
    " token TEXT NOT NULL,"
    " amount_fen INTEGER NOT NULL,"
    " begun_wall_s INTEGER NOT NULL,"
    " body TEXT NOT NULL DEFAULT '',"
    " told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1, 2))"
    ") STRICT;"
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    "PRAGMA user_version=2;"
    "COMMIT;";

static enum err err_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_EXISTS;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return ERR_DENIED;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CHECKSUM;
    default:
        return ERR_IO;
    }
}

static int number_of(sqlite3 *db, const char *sql, int *ret_number)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    if (code == SQLITE_ROW) {
        *ret_number = sqlite3_column_int(stmt, 0);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(stmt);
    return code;
}

/*
 * Tables are made once: the file remembers them and its WAL mode. A start of an existing journal
 * writes nothing but what a killed kiosk left in its log; reading the version already takes the
 * exclusive lock. An older journal gets the tables that are missing and keeps what it holds; a
 * newer one has all of ours and stays as it is.
 */
static int schema_ensure(sqlite3 *db)
{
    int version = 0;
    int code = number_of(db, "PRAGMA user_version", &version);
    if (code == SQLITE_OK && version < SCHEMA_VERSION) {
        code = sqlite3_exec(db, SCHEMA, NULL, NULL, NULL);
    }
    return code;
}

/* ERR_CHECKSUM: the file is no journal of ours, or a damaged one. */
static enum err open_once(const char *path, sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite_open(path, flags, /* vfs= */ NULL, &db);
    if (code == SQLITE_OK) {
        /* Exclusive: a second kiosk on the same journal would show somebody else's order. */
        code = sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL;", NULL,
                            NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = schema_ensure(db);
    }
    if (code == SQLITE_OK) {
        code = sqlite_settle_log(db);
    }
    sqlite3_stmt *check = NULL;
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(check);
        const char *word = code == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : "";
        if (code == SQLITE_ROW && !str_equal(word, "ok")) {
            code = SQLITE_CORRUPT;
        }
    }
    (void)sqlite3_finalize(check);
    enum err err = err_of(code);
    if (err != OK) {
        (void)sqlite3_close(db);
        return err;
    }
    *ret_db = db;
    return OK;
}

static void explain(enum err err, const char *path, char ret_why[JOURNAL_WHY_SIZE])
{
    const char *what = "cannot be used";
    if (err == ERR_EXISTS) {
        what = "is in use: another shilling-kiosk runs on this terminal";
    } else if (err == ERR_DENIED) {
        what = "cannot be opened: does its folder exist, and may this user write there?";
    } else if (err == ERR_FULL) {
        what = "cannot be written: the disk is full";
    } else if (err == ERR_IO) {
        what = "cannot be read or written: the disk fails; look at the system's log, replace it";
    }
    str_format_cut(ret_why, JOURNAL_WHY_SIZE, "%s %s", path, what);
}

/*
 * SQLite says "malformed" also where the device failed a read, and that must not make a terminal
 * forget the order that somebody pays for. So the bytes are asked for once more: only those that
 * can be read, and are wrong again, are damage.
 */
static enum err look_twice(const char *path, sqlite3 **ret_db)
{
    char log_path[PATH_SIZE];
    enum err err = open_once(path, ret_db);
    if (err == ERR_CHECKSUM && str_format(log_path, sizeof(log_path), "%s-wal", path)) {
        bool readable = disk_can_be_read(path) && disk_can_be_read(log_path);
        err = readable ? open_once(path, ret_db) : ERR_IO;
    }
    return err;
}

/* Out of the way, with its write-ahead log: evidence for the field engineer. */
static bool move_aside(const char *path, int64_t now_wall_s, char ret_why[JOURNAL_WHY_SIZE])
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        char from[PATH_SIZE];
        char to[PATH_SIZE];
        if (!str_format(from, sizeof(from), "%s%s", path, parts[i]) ||
            !str_format(to, sizeof(to), "%s.damaged-%lld%s", path, (long long)now_wall_s,
                        parts[i])) {
            return false;
        }
        if (rename(from, to) != 0 && i == 0) {
            return false;
        }
    }
    str_format_cut(ret_why, JOURNAL_WHY_SIZE,
                   "%s was damaged; it is kept as %s.damaged-%lld and a new one was begun", path,
                   path, (long long)now_wall_s);
    return true;
}

enum err journal_open(const char *path, int64_t now_wall_s, struct journal **ret_journal,
                      char ret_why[JOURNAL_WHY_SIZE])
{
    ret_why[0] = '\0';
    struct journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL) {
        explain(ERR_MEMORY, path, ret_why);
        return ERR_MEMORY;
    }
    enum err err = look_twice(path, &journal->db);
    if (err == ERR_CHECKSUM && move_aside(path, now_wall_s, ret_why)) {
        err = open_once(path, &journal->db);
    }
    if (err == OK) {
        /*
         * Making the file used a rollback journal, whose removal is not durable before the folder
         * is: should it come back after a power cut, the next start would roll everything back.
         */
        err = disk_sync_folder_of(path);
    }
    if (err != OK) {
        explain(err, path, ret_why);
        journal_close(journal);
        return err;
    }
    *ret_journal = journal;
    return OK;
}

void journal_close(struct journal *journal)
{
    if (journal != NULL) {
        (void)sqlite3_close(journal->db);
        free(journal);
    }
}

/* A statement over @p count texts, bound as ?1, ?2, ...; run to its end. */
static enum err run_texts(struct journal *journal, const char *sql, const char *const *texts,
                          int count)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
    for (int i = 0; code == SQLITE_OK && i < count; i++) {
        code = sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_TRANSIENT);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    (void)sqlite3_finalize(stmt);
    return err_of(code);
}

/* Old settled attempts make room; a failure here harms nothing and is tried again next time. */
static void forget_old(struct journal *journal)
{
    char sql[160];
    bool fits = str_format(sql, sizeof(sql),
                           "DELETE FROM attempt WHERE settled = 1 AND seq <="
                           " (SELECT max(seq) FROM attempt) - %d",
                           (int)JOURNAL_KEEP_COUNT);
    MUST(fits);
    (void)sqlite3_exec(journal->db, sql, NULL, NULL, NULL);
}

enum err journal_save(struct journal *journal, const struct session_create *create,
                      int64_t now_wall_s)
{
    MUST(create->client_request_id[0] != '\0');
    MUST(create->amount.fen > 0);
    static const char sql[] =
        "INSERT INTO attempt (client_request_id, purchase_id, room_id, meter_id, amount_fen,"
        " wallet, begun_wall_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        " ON CONFLICT (client_request_id) DO NOTHING";
    const char *const texts[] = {create->client_request_id, create->purchase_id, create->room_id,
                                 create->meter_id};
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
    for (int i = 0; code == SQLITE_OK && i < (int)ARRAY_COUNT(texts); i++) {
        code = sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_TRANSIENT);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(stmt, 5, create->amount.fen);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(stmt, 6, create->wallet);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(stmt, 7, now_wall_s);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    (void)sqlite3_finalize(stmt);
    if (err_of(code) == OK) {
        forget_old(journal);
    }
    return err_of(code);
}

enum err journal_set_order_no(struct journal *journal, const char *client_request_id,
                              const char *order_no)
{
    const char *const texts[] = {order_no, client_request_id};
    return run_texts(journal, "UPDATE attempt SET order_no = ?1 WHERE client_request_id = ?2",
                     texts, 2);
}

enum err journal_settle(struct journal *journal, const char *client_request_id)
{
    return run_texts(journal, "UPDATE attempt SET settled = 1 WHERE client_request_id = ?1",
                     &client_request_id, 1);
}

enum err journal_find_open(struct journal *journal, struct journal_order *ret_order)
{
    static const char sql[] = "SELECT client_request_id, order_no, begun_wall_s FROM attempt"
                              " WHERE settled = 0 ORDER BY seq DESC LIMIT 1";
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : err_of(code);
    if (code == SQLITE_ROW) {
        struct journal_order order = {.begun_wall_s = sqlite3_column_int64(stmt, 2)};
        bool fits = str_copy(order.client_request_id, sizeof(order.client_request_id),
                             (const char *)sqlite3_column_text(stmt, 0)) &&
                    str_copy(order.order_no, sizeof(order.order_no),
                             (const char *)sqlite3_column_text(stmt, 1));
        err = fits ? OK : ERR_FORMAT;
        if (fits) {
            *ret_order = order;
        }
    }
    (void)sqlite3_finalize(stmt);
    return err;
}

/* Old writes that the server knows of make room, as old attempts do. */
static void forget_old_cards(struct journal *journal)
{
    char sql[160];
    bool fits = str_format(sql, sizeof(sql),
                           "DELETE FROM card_write WHERE told <> 0 AND seq <="
                           " (SELECT max(seq) FROM card_write) - %d",
                           (int)JOURNAL_KEEP_COUNT);
    MUST(fits);
    (void)sqlite3_exec(journal->db, sql, NULL, NULL, NULL);
}

enum err journal_card_begin(struct journal *journal, const struct session_card_write *write,
                            int64_t now_wall_s)
{
    MUST(write->id[0] != '\0');
    MUST(write->order_no[0] != '\0');
    static const char sql[] =
        "INSERT INTO card_write (id, order_no, uid, token, amount_fen, begun_wall_s)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING";
    const char *const texts[] = {write->id, write->order_no, write->uid, write->token};
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
    for (int i = 0; code == SQLITE_OK && i < (int)ARRAY_COUNT(texts); i++) {
        code = sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_TRANSIENT);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(stmt, 5, write->amount.fen);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(stmt, 6, now_wall_s);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    (void)sqlite3_finalize(stmt);
    if (err_of(code) == OK) {
        forget_old_cards(journal);
    }
    return err_of(code);
}

enum err journal_card_end(struct journal *journal, const char *id, const char *body)
{
    MUST(body[0] != '\0');
    const char *const texts[] = {body, id};
    return run_texts(journal, "UPDATE card_write SET body = ?1 WHERE id = ?2", texts, 2);
}

enum err journal_card_told(struct journal *journal, const char *id, bool refused)
{
    return run_texts(journal,
                     refused ? "UPDATE card_write SET told = 2 WHERE id = ?1"
                             : "UPDATE card_write SET told = 1 WHERE id = ?1",
                     &id, 1);
}

static bool card_columns(sqlite3_stmt *stmt, struct journal_card *ret_card)
{
    struct {
        char *text;
        size_t size;
    } const columns[] = {{ret_card->id, sizeof(ret_card->id)},
                         {ret_card->order_no, sizeof(ret_card->order_no)},
                         {ret_card->uid, sizeof(ret_card->uid)},
                         {ret_card->body, sizeof(ret_card->body)}};
    bool fits = true;
    ret_card->seq = sqlite3_column_int64(stmt, 0);
    for (int i = 0; i < (int)ARRAY_COUNT(columns); i++) {
        fits = fits && str_copy(columns[i].text, columns[i].size,
                                (const char *)sqlite3_column_text(stmt, i + 1));
    }
    return fits;
}

enum err journal_card_next(struct journal *journal, int64_t seq, struct journal_card *ret_card)
{
    static const char sql[] = "SELECT seq, id, order_no, uid, body FROM card_write"
                              " WHERE told = 0 AND seq > ?1 ORDER BY seq LIMIT 1";
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(stmt, 1, seq);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : err_of(code);
    if (code == SQLITE_ROW && !card_columns(stmt, ret_card)) {
        err = ERR_FORMAT;
    }
    (void)sqlite3_finalize(stmt);
    return err;
}

enum err journal_put_profile(struct journal *journal, const char *text)
{
    /* The same again, as after every start, touches no disk. */
    return run_texts(journal,
                     "INSERT INTO kept VALUES ('profile', ?1)"
                     " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                     " WHERE value <> excluded.value",
                     &text, 1);
}

enum err journal_get_profile(struct journal *journal, char ret_text[JOURNAL_PROFILE_SIZE])
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(journal->db, "SELECT value FROM kept WHERE name = 'profile'", -1,
                                  &stmt, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : err_of(code);
    if (code == SQLITE_ROW &&
        !str_copy(ret_text, JOURNAL_PROFILE_SIZE, (const char *)sqlite3_column_text(stmt, 0))) {
        err = ERR_FULL;
    }
    (void)sqlite3_finalize(stmt);
    return err;
}
