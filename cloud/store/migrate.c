/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Numbered migrations, forward only. Each file of migrations/ runs in one transaction together
 * with its entry in schema_migration, so a power cut leaves it applied or not. What was applied
 * must be, byte for byte, what this program carries: a changed file means that two versions of
 * history exist, and then nothing is touched.
 */

#include <string.h>

#include <openssl/evp.h>

#include "cloud/store/store_internal.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

enum { SHA256_SIZE = 32, SHA256_TEXT_SIZE = 65 };

static void hash_text(const struct migration *migration, char ret_text[SHA256_TEXT_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    unsigned size = 0;
    int done = EVP_Digest(migration->sql, migration->size, digest, &size, EVP_sha256(), NULL);
    MUST(done == 1 && size == sizeof(digest));
    bool fits = hex_format(digest, sizeof(digest), /* separator= */ 0, ret_text, SHA256_TEXT_SIZE);
    MUST(fits);
}

static enum err newest_version(struct db *db, int64_t *ret_version)
{
    enum err err = db_exec(db, "CREATE TABLE IF NOT EXISTS schema_migration ("
                               "version INTEGER PRIMARY KEY, sha256 TEXT NOT NULL,"
                               "applied_at INTEGER NOT NULL) STRICT");
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(db, "SELECT coalesce(max(version), 0) FROM schema_migration");
    err = sql_one(sql);
    if (err == OK) {
        *ret_version = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

/* OK if it was applied as it is here, ERR_NOT_FOUND if it was not applied yet. */
static enum err check_applied(struct db *db, const struct migration *migration, const char *hash)
{
    struct sql *sql = sql_begin(db, "SELECT sha256 FROM schema_migration WHERE version = ?1");
    sql_bind_i64(sql, 1, migration->version);
    enum err err = sql_one(sql);
    if (err == OK && !str_equal(sql_text(sql, 0), hash)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

/* A migration may change the text of a table; nothing else ever may. */
static enum err run(struct db *db, const char *text)
{
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    enum err err = db_exec(db, text);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return err;
}

static enum err apply(struct db *db, const struct migration *migration, const char *hash,
                      int64_t wall_s)
{
    enum err err = db_exec(db, "BEGIN IMMEDIATE");
    if (err != OK) {
        return err;
    }
    err = run(db, migration->sql);
    if (err == OK) {
        struct sql *sql = sql_begin(db, "INSERT INTO schema_migration (version, sha256, applied_at)"
                                        " VALUES (?1, ?2, ?3)");
        sql_bind_i64(sql, 1, migration->version);
        sql_bind_text(sql, 2, hash);
        sql_bind_i64(sql, 3, wall_s);
        err = sql_run(sql);
    }
    if (err == OK) {
        char pragma[64];
        str_format_cut(pragma, sizeof(pragma), "PRAGMA user_version=%u", migration->version);
        err = db_exec(db, pragma);
    }
    if (err == OK) {
        err = db_exec(db, "COMMIT");
    }
    if (err != OK && sqlite3_get_autocommit(db->handle) == 0) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}

enum err migrate(struct db *db, int64_t wall_s, char ret_why[STORE_WHY_SIZE])
{
    MUST(store_migration_count >= 1);
    int64_t newest = 0;
    enum err err = newest_version(db, &newest);
    if (err != OK) {
        return err;
    }
    if (newest > store_migrations[store_migration_count - 1].version) {
        str_format_cut(ret_why, STORE_WHY_SIZE,
                       "the database has schema version %lld, this program knows %u: it was "
                       "written by a newer version",
                       (long long)newest, store_migrations[store_migration_count - 1].version);
        return ERR_UNSUPPORTED;
    }
    for (size_t i = 0; i < store_migration_count; i++) {
        const struct migration *migration = &store_migrations[i];
        char hash[SHA256_TEXT_SIZE];
        hash_text(migration, hash);
        err = check_applied(db, migration, hash);
        if (err == ERR_CHECKSUM) {
            str_format_cut(ret_why, STORE_WHY_SIZE,
                           "the database was made by another program: its migration %s differs "
                           "from ours. Run the program that made it",
                           migration->name);
            return err;
        }
        if (err == ERR_NOT_FOUND) {
            err = apply(db, migration, hash, wall_s);
        }
        if (err != OK) {
            str_format_cut(ret_why, STORE_WHY_SIZE, "migration %s: %s", migration->name,
                           db->message[0] != '\0' ? db->message : sqlite3_errmsg(db->handle));
            return err;
        }
    }
    return OK;
}
