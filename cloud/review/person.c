/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash is computed outside the writer's transaction, which must stay short; the count of wrong
 * tries is stored before the answer leaves. A name that nobody has costs the same time as a wrong
 * password.
 */
#include "cloud/review/person.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

enum {
    SALT_SIZE = 16,
    HASH_SIZE = 32,
    SCRYPT_N = 32768,
    SCRYPT_R = 8,
    SCRYPT_P = 1,
    SCRYPT_MEMORY = 64 * 1024 * 1024,
    FAILURES_MAX = 5,
    LOCK_MS = 15 * 60 * 1000,
};

struct secret {
    const char *name;
    const char *actor; /* of a change */
    uint8_t salt[SALT_SIZE];
    uint8_t hash[HASH_SIZE];
    bool known;
    bool locked;
    bool right; /* the password was right: to be stored */
};

bool person_name_is_valid(const char *name)
{
    size_t len = 0;
    for (; name[len] != '\0' && len < PERSON_NAME_SIZE; len++) {
        const char c = name[len];
        const bool good =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!good) {
            return false;
        }
    }
    return len >= 1 && len < PERSON_NAME_SIZE;
}

static bool derive(const char *password, const uint8_t salt[SALT_SIZE], uint8_t hash[HASH_SIZE])
{
    return EVP_PBE_scrypt(password, strlen(password), salt, SALT_SIZE, SCRYPT_N, SCRYPT_R, SCRYPT_P,
                          SCRYPT_MEMORY, hash, HASH_SIZE) == 1;
}

/* ---- changes ---- */

static enum err journal(struct db *db, const struct secret *secret, const char *event)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO person_event (name, event, actor, at) VALUES (?1, ?2, ?3, ?4)");
    sql_bind_text(sql, 1, secret->name);
    sql_bind_text(sql, 2, event);
    sql_bind_text(sql, 3, secret->actor);
    sql_bind_i64(sql, 4, db_wall_s(db));
    return sql_run(sql);
}

static enum err is_free(struct db *db, const struct secret *secret, bool *ret_free)
{
    struct sql *sql = sql_begin(db, "SELECT count(*), coalesce(max(name = ?1), 0) FROM person");
    sql_bind_text(sql, 1, secret->name);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_free = sql_i64(sql, 0) < PERSON_FREE_COUNT;
        err = sql_bool(sql, 1) ? ERR_EXISTS : OK;
    }
    sql_end(sql);
    return err;
}

static enum err store_person(struct db *db, void *arg)
{
    const struct secret *secret = arg;
    bool free = false;
    enum err err = is_free(db, secret, &free);
    if (err != OK || (!free && secret->actor[0] == '\0')) {
        return err == OK ? ERR_DENIED : err;
    }
    struct sql *sql =
        sql_begin(db, "INSERT INTO person (name, salt, hash, added_at) VALUES (?1, ?2, ?3, ?4)");
    sql_bind_text(sql, 1, secret->name);
    sql_bind_blob(sql, 2, secret->salt, SALT_SIZE);
    sql_bind_blob(sql, 3, secret->hash, HASH_SIZE);
    sql_bind_i64(sql, 4, db_wall_s(db));
    err = sql_run(sql);
    return err == OK ? journal(db, secret, "added") : err;
}

static enum err store_password(struct db *db, void *arg)
{
    const struct secret *secret = arg;
    struct sql *sql = sql_begin(db, "UPDATE person SET salt = ?2, hash = ?3, failures = 0,"
                                    " until_ms = 0 WHERE name = ?1");
    sql_bind_text(sql, 1, secret->name);
    sql_bind_blob(sql, 2, secret->salt, SALT_SIZE);
    sql_bind_blob(sql, 3, secret->hash, HASH_SIZE);
    int64_t changed = 0;
    enum err err = sql_run_counted(sql, &changed);
    if (err == OK && changed != 1) {
        return ERR_NOT_FOUND;
    }
    return err == OK ? journal(db, secret, "password") : err;
}

static enum err change_person(struct store *store, const struct rng_port *rng,
                              const struct person_change *change, store_fn fn)
{
    struct secret secret = {.name = change->name, .actor = change->actor};
    const size_t len = strlen(change->password);
    if (!person_name_is_valid(change->name) || len < PERSON_PASSWORD_LEN_MIN ||
        len >= PASSWORD_SIZE) {
        return ERR_RANGE;
    }
    rng_fill(rng, secret.salt, SALT_SIZE);
    if (!derive(change->password, secret.salt, secret.hash)) {
        return ERR_MEMORY;
    }
    enum err err = store_run(store, fn, &secret);
    bytes_wipe(&secret, sizeof(secret));
    return err;
}

enum err person_add(struct store *store, const struct rng_port *rng,
                    const struct person_change *change)
{
    return change_person(store, rng, change, store_person);
}

enum err person_set_password(struct store *store, const struct rng_port *rng,
                             const struct person_change *change)
{
    MUST(change->actor[0] != '\0');
    return change_person(store, rng, change, store_password);
}

/* ---- the check ---- */

static enum err load_person(struct db *db, void *arg)
{
    struct secret *secret = arg;
    struct sql *sql =
        sql_begin(db, "SELECT salt, hash, until_ms FROM person WHERE name = ?1 AND disabled = 0");
    sql_bind_text(sql, 1, secret->name);
    enum err err = sql_one(sql);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    size_t salt_size = 0;
    size_t hash_size = 0;
    if (err == OK) {
        const uint8_t *salt = sql_blob(sql, 0, &salt_size);
        const uint8_t *hash = sql_blob(sql, 1, &hash_size);
        MUST(salt_size == SALT_SIZE && hash_size == HASH_SIZE);
        memcpy(secret->salt, salt, SALT_SIZE);
        memcpy(secret->hash, hash, HASH_SIZE);
        secret->known = true;
        secret->locked = sql_i64(sql, 2) > db_service_ms(db);
    }
    sql_end(sql);
    return err;
}

static enum err store_try(struct db *db, void *arg)
{
    const struct secret *secret = arg;
    struct sql *sql = secret->right
                          ? sql_begin(db, "UPDATE person SET failures = 0 WHERE name = ?1")
                          : sql_begin(db, "UPDATE person SET failures = (failures + 1) % ?3,"
                                          " until_ms = CASE WHEN failures + 1 >= ?3 THEN ?2"
                                          " ELSE until_ms END WHERE name = ?1");
    sql_bind_text(sql, 1, secret->name);
    if (!secret->right) {
        sql_bind_i64(sql, 2, db_service_ms(db) + LOCK_MS);
        sql_bind_i64(sql, 3, FAILURES_MAX);
    }
    return sql_run(sql);
}

enum err person_check(struct store *store, const char *name, const char *password)
{
    struct secret secret = {.name = name};
    uint8_t hash[HASH_SIZE];
    enum err err = store_read(store, load_person, &secret);
    if (err != OK) {
        return err;
    }
    if (secret.locked) {
        return ERR_CONFLICT;
    }
    if (!derive(password, secret.salt, hash)) {
        return ERR_MEMORY;
    }
    secret.right = bytes_equal_secret(hash, secret.hash, HASH_SIZE) && secret.known;
    err = secret.known ? store_run(store, store_try, &secret) : OK;
    const bool right = secret.right;
    bytes_wipe(&secret, sizeof(secret));
    bytes_wipe(hash, sizeof(hash));
    if (err != OK) {
        return err;
    }
    return right ? OK : ERR_DENIED;
}
