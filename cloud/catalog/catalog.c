/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/catalog/catalog.h"

#include <inttypes.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"

/* What the seed let in fits; a text that does not was put there by another hand. */
static void copy(const struct sql *sql, int column, char *ret_text, size_t size, bool *whole)
{
    *whole = sql_copy_text(sql, column, ret_text, size) && *whole;
}

/* As copy(), but NULL gives "". */
static void copy_or_empty(const struct sql *sql, int column, char *ret_text, size_t size,
                          bool *whole)
{
    if (sql_is_null(sql, column)) {
        ret_text[0] = '\0';
    } else {
        copy(sql, column, ret_text, size, whole);
    }
}

/* "2000,5000" to numbers. */
static bool read_amounts(const char *text, struct catalog_site *site)
{
    char part[24];
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        if (site->amount_count == API_AMOUNTS_MAX ||
            !str_copy_bytes(part, sizeof(part), text, len) ||
            !parse_i64(part, 1, INT64_MAX, &site->amounts_fen[site->amount_count])) {
            return false;
        }
        site->amount_count += 1;
        text += len + (text[len] == ',' ? 1 : 0);
    }
    return true;
}

enum err catalog_site_get(struct db *db, const char *site_id, struct catalog_site *ret_site)
{
    struct sql *sql = sql_begin(
        db, "SELECT site_id, name, company, service_phone, languages, notice, amounts_fen,"
            " amount_min_fen, amount_max_fen, receipt_auto, sell_to_silent"
            " FROM site WHERE site_id = ?1");
    sql_bind_text(sql, 1, site_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    bool whole = true;
    struct catalog_site site = {0};
    copy(sql, 0, site.site_id, sizeof(site.site_id), &whole);
    copy(sql, 1, site.name, sizeof(site.name), &whole);
    copy(sql, 2, site.company, sizeof(site.company), &whole);
    copy(sql, 3, site.service_phone, sizeof(site.service_phone), &whole);
    copy(sql, 4, site.languages, sizeof(site.languages), &whole);
    copy(sql, 5, site.notice, sizeof(site.notice), &whole);
    whole = read_amounts(sql_text(sql, 6), &site) && whole;
    site.amount_min_fen = sql_i64(sql, 7);
    site.amount_max_fen = sql_i64(sql, 8);
    site.receipt_auto = sql_bool(sql, 9);
    site.sell_to_silent = sql_bool(sql, 10);
    if (!whole) {
        return ERR_RANGE;
    }
    *ret_site = site;
    return OK;
}

enum err catalog_terminal_get(struct db *db, const char *terminal_id, char ret_site_id[API_ID_SIZE],
                              char ret_name[API_NAME_SIZE])
{
    struct sql *sql = sql_begin(db, "SELECT site_id, name FROM terminal WHERE terminal_id = ?1");
    sql_bind_text(sql, 1, terminal_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    bool whole = true;
    copy(sql, 0, ret_site_id, API_ID_SIZE, &whole);
    copy(sql, 1, ret_name, API_NAME_SIZE, &whole);
    return whole ? OK : ERR_RANGE;
}

/* Index of a word that a CHECK of the schema allows. */
static unsigned word_index(const char *const *words, unsigned count, const char *word)
{
    for (unsigned i = 0; i < count; i++) {
        if (str_equal(words[i], word)) {
            return i;
        }
    }
    MUST_NOT_REACH();
}

static bool read_secret(const struct sql *sql, int column, uint8_t ret_bytes[4])
{
    const char *text = sql_text(sql, column);
    size_t size = 0;
    return hex_parse(text, strlen(text), ret_bytes, 4, &size, NULL) && size == 4;
}

/* Columns from @p at on, in the order of METER_COLUMNS. */
static void read_profile(const struct sql *sql, int at, struct catalog_profile *profile,
                         bool *whole)
{
    static const char *const kinds[] = {"cloud", "count", "order"};
    static const char *const services[] = {"electricity", "water"};
    static const char *const amount_units[] = {"fen", "yuan_e2", "energy_e2"};
    static const char *const relays[] = {"none", "1B", "1C"};
    profile->on_card = str_equal(sql_text(sql, at), "card");
    profile->kind = profile->on_card ? BUS_METER_COUNT
                                     : word_index(kinds, ARRAY_COUNT(kinds), sql_text(sql, at));
    profile->service = word_index(services, ARRAY_COUNT(services), sql_text(sql, at + 1));
    copy(sql, at + 2, profile->protocol, sizeof(profile->protocol), whole);
    copy(sql, at + 3, profile->layout, sizeof(profile->layout), whole);
    copy(sql, at + 4, profile->energy_unit, sizeof(profile->energy_unit), whole);
    profile->amount_unit =
        word_index(amount_units, ARRAY_COUNT(amount_units), sql_text(sql, at + 5));
    profile->relay_how = word_index(relays, ARRAY_COUNT(relays), sql_text(sql, at + 6));
    copy(sql, at + 7, profile->mac_port, sizeof(profile->mac_port), whole);
    profile->zero_credit_proven = str_equal(sql_text(sql, at + 8), "proven");
    profile->total_bought = sql_bool(sql, at + 9);
    profile->buffered_link = sql_bool(sql, at + 10);
    *whole = read_secret(sql, at + 11, profile->password) && *whole;
    *whole = read_secret(sql, at + 12, profile->operator_code) && *whole;
}

static void read_tail(const char *address, char ret_tail[9])
{
    size_t len = strlen(address);
    str_format_cut(ret_tail, 9, "%s", len > 4 ? address + len - 4 : address);
}

enum err catalog_meter_get(struct db *db, const char *meter_id, struct catalog_meter *ret_meter)
{
    struct sql *sql = sql_begin(
        db, "SELECT m.meter_id, m.room_id, r.site_id, r.place, c.name, c.phone, m.address,"
            " m.collector_id, m.bus, t.price_e4_yuan, m.alarm_fen, m.sale, m.sale_reason,"
            " p.sale, p.sale_reason, p.kind, p.service, p.protocol, p.layout, p.energy_unit,"
            " p.amount_unit, p.relay_how, p.mac_port, p.zero_credit, p.total_bought,"
            " p.buffered_link, p.password, p.operator_code, m.customer_no, p.card_limit_fen"
            " FROM meter m JOIN room r ON r.room_id = m.room_id"
            " JOIN meter_profile p ON p.profile_id = m.profile_id"
            " JOIN tariff t ON t.tariff_id = m.tariff_id"
            " LEFT JOIN customer c ON c.customer_id = m.customer_id WHERE m.meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    bool whole = true;
    struct catalog_meter meter = {0};
    char name[API_NAME_SIZE];
    copy(sql, 0, meter.meter_id, sizeof(meter.meter_id), &whole);
    copy(sql, 1, meter.room_id, sizeof(meter.room_id), &whole);
    copy(sql, 2, meter.site_id, sizeof(meter.site_id), &whole);
    copy(sql, 3, meter.place, sizeof(meter.place), &whole);
    copy_or_empty(sql, 4, name, sizeof(name), &whole);
    catalog_mask_name(name, meter.customer_masked);
    copy_or_empty(sql, 5, meter.customer_phone, sizeof(meter.customer_phone), &whole);
    copy(sql, 6, meter.address, sizeof(meter.address), &whole);
    read_tail(meter.address, meter.tail);
    copy(sql, 7, meter.collector_id, sizeof(meter.collector_id), &whole);
    copy(sql, 8, meter.bus, sizeof(meter.bus), &whole);
    meter.price_e4_yuan = sql_i64(sql, 9);
    meter.alarm_fen = sql_i64(sql, 10);
    bool meter_open = str_equal(sql_text(sql, 11), "open");
    meter.sale_open = meter_open && str_equal(sql_text(sql, 13), "open");
    if (!meter.sale_open) {
        copy(sql, meter_open ? 14 : 12, meter.sale_reason, sizeof(meter.sale_reason), &whole);
    }
    read_profile(sql, 15, &meter.profile, &whole);
    copy(sql, 28, meter.customer_no, sizeof(meter.customer_no), &whole);
    meter.profile.card_limit_fen = sql_i64(sql, 29);
    if (!whole) {
        return ERR_RANGE;
    }
    *ret_meter = meter;
    return OK;
}

enum err catalog_meter_find(struct db *db, const char *collector_id, const char *address,
                            char ret_meter_id[API_ID_SIZE])
{
    struct sql *sql =
        sql_begin(db, "SELECT meter_id FROM meter WHERE collector_id = ?1 AND address = ?2");
    sql_bind_text(sql, 1, collector_id);
    sql_bind_text(sql, 2, address);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    return sql_copy_text(sql, 0, ret_meter_id, API_ID_SIZE) ? OK : ERR_RANGE;
}

enum err catalog_state_get(struct db *db, const char *meter_id, struct catalog_state *ret_state)
{
    struct sql *sql = sql_begin(
        db, "SELECT energy, energy_e4, energy_at, balance_fen, balance_at, voltage, current, power,"
            " relay, silent_since FROM meter_state WHERE meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    struct catalog_state state = {0};
    if (err == OK) {
        bool whole = true;
        state.has_energy = !sql_is_null(sql, 0);
        copy_or_empty(sql, 0, state.energy, sizeof(state.energy), &whole);
        state.energy_e4 = sql_i64(sql, 1);
        state.energy_at = sql_i64(sql, 2);
        state.has_balance = !sql_is_null(sql, 3);
        state.balance_fen = sql_i64(sql, 3);
        state.balance_at = sql_i64(sql, 4);
        copy_or_empty(sql, 5, state.voltage, sizeof(state.voltage), &whole);
        copy_or_empty(sql, 6, state.current, sizeof(state.current), &whole);
        copy_or_empty(sql, 7, state.power, sizeof(state.power), &whole);
        if (!sql_is_null(sql, 8)) {
            whole = api_relay_parse(sql_text(sql, 8), &state.relay) && whole;
        }
        state.is_silent = !sql_is_null(sql, 9);
        if (!whole) {
            return ERR_RANGE;
        }
    }
    *ret_state = state;
    return OK;
}

enum err catalog_version_get(struct db *db, char ret_version[API_WORD_SIZE])
{
    struct sql *sql = sql_begin(db, "SELECT version FROM catalog_version");
    enum err err = sql_one(sql);
    if (err == OK) {
        str_format_cut(ret_version, API_WORD_SIZE, "%" PRId64, sql_i64(sql, 0));
    }
    return err;
}

/* Bytes of the UTF-8 character that begins with @p lead. */
static size_t char_size(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xE0) {
        return 2;
    }
    return lead < 0xF0 ? 3 : 4;
}

void catalog_mask_name(const char *name, char ret_masked[API_NAME_SIZE])
{
    ret_masked[0] = '\0';
    size_t len = strlen(name);
    size_t first = len > 0 ? char_size((unsigned char)name[0]) : 0;
    if (first > 0 && first <= len) {
        str_format_cut(ret_masked, API_NAME_SIZE, "%.*s*", (int)first, name);
    }
}
