/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A sorted array of keys, replaced as a whole under a mutex when the database changed, searched
 * by bisection at every request. 20,000 keys are 2 MB and a search is 15 comparisons; a hash table
 * would be more code for nothing.
 */

#include "cloud/identity/devices.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/thread/monitor.h"

enum { HEARD_LATELY_MS = 60000, KEYS_MAX = DEVICES_TERMINALS_MAX * 2 /* old and new of each */ };

struct key {
    uint8_t spki_sha256[32];
    bool revoked;
    size_t terminal; /* index */
};

struct terminal {
    struct http_peer peer;
    int64_t heard_ms; /* monotonic */
};

/* What one loading brings; terminals are sorted by id, keys by hash. */
struct table {
    struct terminal *terminals;
    size_t terminal_count;
    struct key *keys;
    size_t key_count;
};

struct devices {
    struct store *store;
    const struct clock_port *clock;
    int64_t started_ms;
    struct monitor monitor; /* guards the table */
    struct table table;
};

static const char *const kind_names[] = {"terminal", "collector", "broker"};

const char *device_kind_name(enum device_kind kind)
{
    MUST(kind < DEVICE_KIND_COUNT);
    return kind_names[kind];
}

bool device_kind_parse(const char *name, enum device_kind *ret_kind)
{
    for (size_t i = 0; i < DEVICE_KIND_COUNT; i++) {
        if (str_equal(kind_names[i], name)) {
            *ret_kind = (enum device_kind)i;
            return true;
        }
    }
    return false;
}

enum err devices_create(struct store *store, const struct clock_port *clock,
                        struct devices **ret_devices)
{
    struct devices *devices = calloc(1, sizeof(*devices));
    if (devices == NULL) {
        return ERR_MEMORY;
    }
    devices->store = store;
    devices->clock = clock;
    devices->started_ms = clock_mono_ms(clock);
    monitor_init(&devices->monitor);
    *ret_devices = devices;
    return OK;
}

static void table_free(struct table *table)
{
    free(table->terminals);
    free(table->keys);
    *table = (struct table){0};
}

void devices_destroy(struct devices *devices)
{
    if (devices == NULL) {
        return;
    }
    table_free(&devices->table);
    monitor_finish(&devices->monitor);
    free(devices);
}

static struct terminal *find_terminal(const struct table *table, const char *terminal_id)
{
    size_t low = 0;
    size_t high = table->terminal_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(table->terminals[middle].peer.terminal_id, terminal_id);
        if (order == 0) {
            return &table->terminals[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const struct key *find_key(const struct table *table, const uint8_t hash[32])
{
    size_t low = 0;
    size_t high = table->key_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(table->keys[middle].spki_sha256, hash, 32);
        if (order == 0) {
            return &table->keys[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static enum err count_rows(struct db *db, size_t *ret_terminals, size_t *ret_keys)
{
    struct sql *sql = sql_begin(db, "SELECT (SELECT count(*) FROM terminal),"
                                    " (SELECT count(*) FROM device_key WHERE kind = 'terminal')");
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_terminals = (size_t)sql_i64(sql, 0);
        *ret_keys = (size_t)sql_i64(sql, 1);
    }
    return err;
}

static enum err load_terminals(struct db *db, struct table *table, size_t count)
{
    struct sql *sql =
        sql_begin(db, "SELECT terminal_id, site_id FROM terminal ORDER BY terminal_id");
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row && table->terminal_count < count) {
        struct terminal *terminal = &table->terminals[table->terminal_count++];
        if (!sql_copy_text(sql, 0, terminal->peer.terminal_id,
                           sizeof(terminal->peer.terminal_id)) ||
            !sql_copy_text(sql, 1, terminal->peer.site_id, sizeof(terminal->peer.site_id))) {
            return ERR_RANGE;
        }
        err = sql_next(sql, &row);
    }
    return err;
}

static enum err load_keys(struct db *db, struct table *table, size_t count)
{
    struct sql *sql = sql_begin(db, "SELECT spki_sha256, revoked, name FROM device_key"
                                    " WHERE kind = 'terminal' ORDER BY spki_sha256");
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row && table->key_count < count) {
        size_t size = 0;
        const uint8_t *hash = sql_blob(sql, 0, &size);
        const struct terminal *terminal = find_terminal(table, sql_text(sql, 2));
        /* A key whose terminal has left the catalogue opens nothing. */
        if (terminal != NULL && size == 32) {
            struct key *key = &table->keys[table->key_count++];
            memcpy(key->spki_sha256, hash, 32);
            key->revoked = sql_bool(sql, 1);
            key->terminal = (size_t)(terminal - table->terminals);
        }
        err = sql_next(sql, &row);
    }
    return err;
}

static enum err load_table(struct db *db, void *arg)
{
    struct table *table = arg;
    size_t terminals = 0;
    size_t keys = 0;
    enum err err = count_rows(db, &terminals, &keys);
    if (err != OK) {
        return err;
    }
    if (terminals > DEVICES_TERMINALS_MAX || keys > KEYS_MAX) {
        return ERR_FULL;
    }
    table->terminals = calloc(terminals + 1, sizeof(*table->terminals));
    table->keys = calloc(keys + 1, sizeof(*table->keys));
    if (table->terminals == NULL || table->keys == NULL) {
        return ERR_MEMORY;
    }
    err = load_terminals(db, table, terminals);
    return err == OK ? load_keys(db, table, keys) : err;
}

enum err devices_load(struct devices *devices)
{
    struct table fresh = {0};
    enum err err = store_read(devices->store, load_table, &fresh);
    if (err != OK) {
        table_free(&fresh);
        return err;
    }
    monitor_enter(&devices->monitor);
    for (size_t i = 0; i < fresh.terminal_count; i++) {
        struct terminal *terminal = &fresh.terminals[i];
        const struct terminal *old = find_terminal(&devices->table, terminal->peer.terminal_id);
        terminal->heard_ms = old != NULL ? old->heard_ms : devices->started_ms;
    }
    struct table old = devices->table;
    devices->table = fresh;
    monitor_leave(&devices->monitor);
    table_free(&old);
    return OK;
}

static enum err find_peer(void *self, const uint8_t spki_sha256[32], struct http_peer *ret_peer)
{
    struct devices *devices = self;
    int64_t now_ms = clock_mono_ms(devices->clock);
    enum err err = ERR_NOT_FOUND;
    monitor_enter(&devices->monitor);
    const struct key *key = find_key(&devices->table, spki_sha256);
    if (key != NULL && key->revoked) {
        err = ERR_DENIED;
    } else if (key != NULL) {
        struct terminal *terminal = &devices->table.terminals[key->terminal];
        terminal->heard_ms = now_ms;
        *ret_peer = terminal->peer;
        err = OK;
    }
    monitor_leave(&devices->monitor);
    return err;
}

struct http_peers_port devices_peers(struct devices *devices)
{
    return (struct http_peers_port){.find = find_peer, .self = devices};
}

/* OK, ERR_NOT_FOUND, ERR_CONFLICT: may this kind of device have this name? One that begins with a
 * dot is the server's own, like the name that meters without a network hang on. */
static enum err check_name(struct db *db, const struct device_key *key)
{
    if (key->name[0] == '.') {
        return ERR_CONFLICT;
    }
    struct sql *sql = sql_begin(db, "SELECT EXISTS (SELECT 1 FROM terminal WHERE terminal_id = ?1),"
                                    " EXISTS (SELECT 1 FROM device_key WHERE name = ?1"
                                    " AND kind <> ?2 AND revoked = 0)");
    sql_bind_text(sql, 1, key->name);
    sql_bind_text(sql, 2, device_kind_name(key->kind));
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    bool terminal = sql_bool(sql, 0);
    bool taken = sql_bool(sql, 1);
    sql_end(sql);
    if (taken) {
        return ERR_CONFLICT;
    }
    return key->kind == DEVICE_TERMINAL && !terminal ? ERR_NOT_FOUND : OK;
}

enum err devices_key_add(struct db *db, const struct device_key *key)
{
    enum err err = check_name(db, key);
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(db, "INSERT INTO device_key (spki_sha256, kind, name, added_at,"
                                    " serial, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    sql_bind_blob(sql, 1, key->issued.spki_sha256, 32);
    sql_bind_text(sql, 2, device_kind_name(key->kind));
    sql_bind_text(sql, 3, key->name);
    sql_bind_i64(sql, 4, db_wall_s(db));
    sql_bind_text(sql, 5, key->issued.serial);
    if (key->issued.expires_at > 0) {
        sql_bind_i64(sql, 6, key->issued.expires_at);
    }
    return sql_run(sql);
}

enum err devices_revoke(struct db *db, enum device_kind kind, const char *name)
{
    struct sql *sql =
        sql_begin(db, "UPDATE device_key SET revoked = 1, revoked_at = coalesce(revoked_at, ?3)"
                      " WHERE kind = ?1 AND name = ?2");
    sql_bind_text(sql, 1, device_kind_name(kind));
    sql_bind_text(sql, 2, name);
    sql_bind_i64(sql, 3, db_wall_s(db));
    int64_t changed = 0;
    enum err err = sql_run_counted(sql, &changed);
    if (err != OK) {
        return err;
    }
    return changed > 0 ? OK : ERR_NOT_FOUND;
}

struct revoked_list {
    struct pki_revoked *revoked; /* @own */
    size_t count;
};

static enum err load_revoked(struct db *db, void *arg)
{
    struct revoked_list *list = arg;
    struct sql *sql = sql_begin(db, "SELECT serial, coalesce(revoked_at, added_at) FROM device_key"
                                    " WHERE revoked = 1 AND serial <> '' LIMIT ?1");
    sql_bind_i64(sql, 1, KEYS_MAX);
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        struct pki_revoked *one = &list->revoked[list->count++];
        one->at = sql_i64(sql, 1);
        err = sql_copy_text(sql, 0, one->serial, sizeof(one->serial)) ? sql_next(sql, &row)
                                                                      : ERR_RANGE;
    }
    return err;
}

enum err devices_write_crl(struct store *store, struct pki *pki, char ret_why[PKI_WHY_SIZE])
{
    struct revoked_list list = {.revoked = calloc(KEYS_MAX, sizeof(*list.revoked))};
    enum err err = list.revoked != NULL ? store_read(store, load_revoked, &list) : ERR_MEMORY;
    if (err != OK) {
        str_format_cut(ret_why, PKI_WHY_SIZE, "the revoked keys cannot be read: %s", err_name(err));
    } else {
        err = pki_write_crl(pki, list.revoked, list.count, ret_why);
    }
    free(list.revoked);
    return err;
}

int64_t devices_silent_ms(struct devices *devices, const char *terminal_id)
{
    monitor_enter(&devices->monitor);
    const struct terminal *terminal = find_terminal(&devices->table, terminal_id);
    int64_t heard_ms = terminal != NULL ? terminal->heard_ms : devices->started_ms;
    monitor_leave(&devices->monitor);
    return clock_mono_ms(devices->clock) - heard_ms;
}

void devices_count(struct devices *devices, size_t *ret_known, size_t *ret_heard)
{
    int64_t now_ms = clock_mono_ms(devices->clock);
    size_t heard = 0;
    monitor_enter(&devices->monitor);
    for (size_t i = 0; i < devices->table.terminal_count; i++) {
        const struct terminal *terminal = &devices->table.terminals[i];
        /* One that was never heard still has the moment of the start. */
        heard += terminal->heard_ms != devices->started_ms &&
                         now_ms - terminal->heard_ms < HEARD_LATELY_MS
                     ? 1
                     : 0;
    }
    *ret_known = devices->table.terminal_count;
    *ret_heard = heard;
    monitor_leave(&devices->monitor);
}
