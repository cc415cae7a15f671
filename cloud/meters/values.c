/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/meters/values.h"

#include "cloud/catalog/decimal.h"
#include "cloud/catalog/usage.h"
#include "common/str.h"

const char *values_find(const struct bus_value *values, size_t count, enum bus_when when,
                        const char *item)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].when == when && str_equal(values[i].item, item)) {
            return values[i].v;
        }
    }
    return NULL;
}

bool values_balance(const struct bus_value *values, size_t count, enum bus_when when,
                    int64_t *ret_fen)
{
    const char *remaining = values_find(values, count, when, ITEM_REMAINING);
    const char *overdraft = values_find(values, count, when, ITEM_OVERDRAFT);
    int64_t remaining_fen = 0;
    int64_t overdraft_fen = 0;
    if (remaining == NULL || !decimal_parse_fen(remaining, &remaining_fen) ||
        (overdraft != NULL && !decimal_parse_fen(overdraft, &overdraft_fen))) {
        return false;
    }
    *ret_fen = remaining_fen - overdraft_fen;
    return true;
}

static enum err ensure_row(struct db *db, const char *meter_id)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO meter_state (meter_id) VALUES (?1) ON CONFLICT DO NOTHING");
    sql_bind_text(sql, 1, meter_id);
    return sql_run(sql);
}

/*
 * A late reading must not stand in for a newer one, so each value keeps its time. A time ahead of
 * our clock was written while that was wrong, and says nothing: it would hold out until it comes.
 */
static enum err apply_energy(struct db *db, const struct account_port *accounts,
                             const struct values *values, int64_t read_at)
{
    const char *text = values_find(values->values, values->count, BUS_WHEN_NOW, ITEM_ENERGY);
    int64_t energy_e4 = 0;
    if (text == NULL || !decimal_parse_e4(text, &energy_e4)) {
        return OK;
    }
    struct sql *sql =
        sql_begin(db, "UPDATE meter_state SET energy = ?2, energy_e4 = ?3, energy_at = ?4"
                      " WHERE meter_id = ?1"
                      " AND (energy_at IS NULL OR energy_at <= ?4 OR energy_at > ?5)");
    sql_bind_text(sql, 1, values->meter_id);
    sql_bind_text(sql, 2, text);
    sql_bind_i64(sql, 3, energy_e4);
    sql_bind_i64(sql, 4, read_at);
    sql_bind_i64(sql, 5, db_wall_s(db));
    enum err err = sql_run(sql);
    if (err == OK) {
        err = usage_note(db, values->meter_id, energy_e4, read_at);
    }
    if (err == OK && values->kind == BUS_METER_CLOUD) {
        err = accounts->use(accounts->self, db, values->meter_id, energy_e4, read_at);
    }
    return err;
}

static enum err apply_balance(struct db *db, const struct values *values, int64_t read_at)
{
    int64_t balance_fen = 0;
    if (!values_balance(values->values, values->count, BUS_WHEN_NOW, &balance_fen)) {
        return OK;
    }
    struct sql *sql = sql_begin(db, "UPDATE meter_state SET balance_fen = ?2, balance_at = ?3"
                                    " WHERE meter_id = ?1"
                                    " AND (balance_at IS NULL OR balance_at <= ?3"
                                    " OR balance_at > ?4)");
    sql_bind_text(sql, 1, values->meter_id);
    sql_bind_i64(sql, 2, balance_fen);
    sql_bind_i64(sql, 3, read_at);
    sql_bind_i64(sql, 4, db_wall_s(db));
    return sql_run(sql);
}

static enum err apply_relay(struct db *db, const struct values *values, int64_t read_at)
{
    const char *relay = values_find(values->values, values->count, BUS_WHEN_NOW, BUS_ITEM_RELAY);
    if (relay == NULL || (!str_equal(relay, "closed") && !str_equal(relay, "open"))) {
        return OK;
    }
    struct sql *sql = sql_begin(db, "UPDATE meter_state SET relay = ?2, relay_at = ?3"
                                    " WHERE meter_id = ?1"
                                    " AND (relay_at IS NULL OR relay_at <= ?3"
                                    " OR relay_at > ?4)");
    sql_bind_text(sql, 1, values->meter_id);
    sql_bind_text(sql, 2, relay);
    sql_bind_i64(sql, 3, read_at);
    sql_bind_i64(sql, 4, db_wall_s(db));
    return sql_run(sql);
}

/* Electrical quantities: whatever came, the rest as it was. */
static enum err apply_quantities(struct db *db, const struct values *values)
{
    struct sql *sql = sql_begin(db, "UPDATE meter_state SET voltage = coalesce(?2, voltage),"
                                    " current = coalesce(?3, current),"
                                    " power = coalesce(?4, power), silent_since = NULL"
                                    " WHERE meter_id = ?1");
    sql_bind_text(sql, 1, values->meter_id);
    sql_bind_text(sql, 2, values_find(values->values, values->count, BUS_WHEN_NOW, ITEM_VOLTAGE));
    sql_bind_text(sql, 3, values_find(values->values, values->count, BUS_WHEN_NOW, ITEM_CURRENT));
    sql_bind_text(sql, 4, values_find(values->values, values->count, BUS_WHEN_NOW, ITEM_POWER));
    return sql_run(sql);
}

enum err values_apply(struct db *db, const struct account_port *accounts,
                      const struct values *values)
{
    int64_t now_s = db_wall_s(db);
    int64_t read_at = values->read_at < now_s ? values->read_at : now_s;
    enum err err = ensure_row(db, values->meter_id);
    if (err == OK) {
        err = apply_energy(db, accounts, values, read_at);
    }
    if (err == OK) {
        err = apply_balance(db, values, read_at);
    }
    if (err == OK) {
        err = apply_relay(db, values, read_at);
    }
    return err == OK ? apply_quantities(db, values) : err;
}

enum err values_note_silence(struct db *db, const char *meter_id)
{
    enum err err = ensure_row(db, meter_id);
    if (err != OK) {
        return err;
    }
    struct sql *sql =
        sql_begin(db, "UPDATE meter_state SET silent_since = coalesce(silent_since, ?2)"
                      " WHERE meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, db_wall_s(db));
    return sql_run(sql);
}
