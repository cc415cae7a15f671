/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listing, searching, and the meter page. A search goes through the rooms of one site, a few
 * thousand short texts at most, which SQLite does in a millisecond; an index over parts of words
 * would be slower to keep than to do without.
 */

#include "cloud/catalog/rooms.h"

#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/catalog/decimal.h"
#include "cloud/catalog/place.h"
#include "cloud/catalog/usage.h"
#include "common/civil.h"
#include "common/must.h"
#include "common/str.h"
#include "core/estimate/estimate.h"

enum { DAY_S = 86400, E4_PER_MILLI = 10 };

#define ROOMS_MATCHING                                                                             \
    " FROM room r JOIN meter m ON m.room_id = r.room_id"                                           \
    " JOIN meter_profile p ON p.profile_id = m.profile_id WHERE r.site_id = ?1"                    \
    " AND ((?2 IS NULL AND ?3 IS NULL) OR instr(r.search, ?2) > 0"                                 \
    " OR substr(m.address, -length(?2)) = ?2 OR instr(r.place, ?3) > 0)"

/* What was typed, as it is compared: digits and letters as from a keypad, or the place's words. */
struct wanted {
    char key_text[API_PLACE_SIZE];
    const char *key;   /* NULL: do not compare it */
    const char *words; /* NULL: do not compare them */
};

static bool read_wanted(const char *text, struct wanted *wanted)
{
    *wanted = (struct wanted){0};
    if (text == NULL) {
        return true;
    }
    if (place_is_ascii(text)) {
        if (!place_search_key(text, wanted->key_text, sizeof(wanted->key_text))) {
            return false;
        }
        wanted->key = wanted->key_text;
        return strlen(wanted->key) >= ROOMS_QUERY_MIN;
    }
    wanted->words = text;
    return place_count_characters(text) >= ROOMS_QUERY_MIN;
}

static void bind_wanted(struct sql *sql, const struct rooms_query *query,
                        const struct wanted *wanted)
{
    sql_bind_text(sql, 1, query->site_id);
    sql_bind_text(sql, 2, wanted->key);
    sql_bind_text(sql, 3, wanted->words);
}

static enum err count_rooms(struct db *db, const struct rooms_query *query,
                            const struct wanted *wanted, int64_t *ret_total)
{
    struct sql *sql = sql_begin(db, "SELECT count(*)" ROOMS_MATCHING);
    bind_wanted(sql, query, wanted);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_total = sql_i64(sql, 0);
    }
    return err;
}

/* Where the page begins: behind the place of the room @c after. */
static enum err find_start(struct db *db, const struct rooms_query *query, int64_t *ret_position)
{
    *ret_position = -1;
    if (query->after == NULL) {
        return OK;
    }
    struct sql *sql =
        sql_begin(db, "SELECT position FROM room WHERE site_id = ?1 AND room_id = ?2");
    sql_bind_text(sql, 1, query->site_id);
    sql_bind_text(sql, 2, query->after);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_position = sql_i64(sql, 0);
    }
    return err;
}

static void cut_tail(const char *address, char *ret_tail, size_t size)
{
    size_t len = strlen(address);
    str_format_cut(ret_tail, size, "%s", len > 4 ? address + len - 4 : address);
}

static enum err read_page(struct sql *sql, struct api_rooms *rooms)
{
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row && rooms->room_count < API_ROOMS_PAGE_MAX) {
        struct api_room *room = &rooms->rooms[rooms->room_count++];
        bool whole = sql_copy_text(sql, 0, room->building, sizeof(room->building)) &&
                     sql_copy_text(sql, 1, room->unit, sizeof(room->unit)) &&
                     sql_copy_text(sql, 2, room->room_id, sizeof(room->room_id)) &&
                     sql_copy_text(sql, 3, room->label, sizeof(room->label)) &&
                     api_service_parse(sql_text(sql, 5), &room->kind);
        if (!whole) {
            return ERR_RANGE;
        }
        cut_tail(sql_text(sql, 4), room->meter_tail, sizeof(room->meter_tail));
        err = sql_next(sql, &row);
    }
    return err;
}

enum err rooms_list(struct db *db, const struct rooms_query *query, struct api_rooms *rooms)
{
    struct wanted wanted;
    rooms->room_count = 0;
    rooms->total = 0;
    if (!read_wanted(query->text, &wanted)) {
        return ERR_RANGE;
    }
    int64_t position = 0;
    enum err err = count_rooms(db, query, &wanted, &rooms->total);
    if (err == OK) {
        err = find_start(db, query, &position);
    }
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(
        db, "SELECT r.building, r.unit, r.room_id, r.label, m.address, p.service" ROOMS_MATCHING
            " AND (r.position > ?4 OR (r.position = ?4 AND"
            " r.room_id > ?5)) ORDER BY r.position, r.room_id LIMIT ?6");
    bind_wanted(sql, query, &wanted);
    sql_bind_i64(sql, 4, position);
    sql_bind_text(sql, 5, query->after != NULL ? query->after : "");
    sql_bind_i64(sql, 6, API_ROOMS_PAGE_MAX);
    return read_page(sql, rooms);
}

static enum err find_meter(struct db *db, const char *site_id, const char *room_id,
                           struct catalog_meter *ret_meter)
{
    struct sql *sql = sql_begin(db, "SELECT m.meter_id FROM meter m"
                                    " JOIN room r ON r.room_id = m.room_id"
                                    " WHERE r.room_id = ?1 AND r.site_id = ?2");
    sql_bind_text(sql, 1, room_id);
    sql_bind_text(sql, 2, site_id);
    enum err err = sql_one(sql);
    char meter_id[API_ID_SIZE];
    if (err == OK) {
        err = sql_copy_text(sql, 0, meter_id, sizeof(meter_id)) ? OK : ERR_RANGE;
    }
    return err == OK ? catalog_meter_get(db, meter_id, ret_meter) : err;
}

static void fill_meter(const struct catalog_meter *meter, const struct account_view *account,
                       struct api_room_page *page)
{
    bool whole =
        str_copy(page->room_id, sizeof(page->room_id), meter->room_id) &&
        str_copy(page->place, sizeof(page->place), meter->place) &&
        str_copy(page->customer_masked, sizeof(page->customer_masked), meter->customer_masked) &&
        str_copy(page->meter_id, sizeof(page->meter_id), meter->meter_id) &&
        str_copy(page->meter_address, sizeof(page->meter_address), meter->address) &&
        str_copy(page->meter_tail, sizeof(page->meter_tail), meter->tail) &&
        str_copy(page->meter_protocol, sizeof(page->meter_protocol), meter->profile.protocol);
    MUST(whole); /* the sizes are the same */
    page->kind = meter->profile.service;
    page->balance_in =
        meter->profile.kind == BUS_METER_CLOUD ? API_BALANCE_IN_CLOUD : API_BALANCE_IN_METER;
    const bool open = meter->sale_open && !account->sale_blocked;
    page->sale_open = open && !meter->profile.on_card; /* a card meter is sold to by its card */
    if (!page->sale_open) {
        str_format_cut(page->sale_reason, sizeof(page->sale_reason), "%s",
                       open               ? CATALOG_CARD_ONLY
                       : meter->sale_open ? "meter_blocked"
                                          : meter->sale_reason);
    }
    page->price_e4_yuan = meter->price_e4_yuan;
    page->alarm_fen = meter->alarm_fen;
}

static void fill_account(const struct account_view *account, const char *terminal_id,
                         struct api_room_page *page)
{
    page->arrears_fen = account->arrears_fen;
    page->has_last_top_up = account->has_last_top_up;
    page->last_top_up_fen = account->last_top_up_fen;
    page->last_top_up_at = account->last_top_up_at;
    page->has_open_order = account->has_open_order;
    page->open_order_elsewhere =
        account->has_open_order && !str_equal(account->open_order_terminal, terminal_id);
}

static int64_t age_of(int64_t at, int64_t now_s)
{
    return now_s > at ? now_s - at : 0;
}

static void fill_last(const struct catalog_meter *meter, const struct catalog_state *state,
                      const struct account_view *account, int64_t now_s, struct api_room_page *page)
{
    bool in_cloud = meter->profile.kind == BUS_METER_CLOUD;
    page->relay = state->relay;
    page->has_last = in_cloud || state->has_balance;
    page->last_balance_fen = in_cloud ? account->balance_fen : state->balance_fen;
    page->last_read_at = in_cloud ? state->energy_at : state->balance_at;
    if (in_cloud && !state->has_energy) {
        page->last_read_at = now_s; /* nothing but the account, and that is current */
    }
    page->last_age_s = age_of(page->last_read_at, now_s);
    if (state->has_energy) {
        str_format_cut(page->last_energy, sizeof(page->last_energy), "%s", state->energy);
        str_format_cut(page->last_energy_unit, sizeof(page->last_energy_unit), "%s",
                       meter->profile.energy_unit);
    }
}

static void format_day(int64_t day, char ret_text[API_DAY_SIZE])
{
    struct civil date = civil_beijing(day * DAY_S - CIVIL_BEIJING_OFFSET_S);
    str_format_cut(ret_text, API_DAY_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000,
                   (unsigned)date.month, (unsigned)date.day);
}

static void fill_usage(const struct usage *usage, const struct catalog_meter *meter,
                       const struct catalog_state *state, struct api_usage *ret_usage)
{
    str_format_cut(ret_usage->unit, sizeof(ret_usage->unit), "%s", meter->profile.energy_unit);
    ret_usage->day_count = usage->day_count;
    for (size_t i = 0; i < usage->day_count; i++) {
        format_day(usage->days[i].day, ret_usage->days[i].day);
        (void)decimal_format_e4(usage->days[i].use_e4, 2, ret_usage->days[i].amount);
    }
    if (usage->has_today) {
        (void)decimal_format_e4(usage->today_e4, 2, ret_usage->today);
    }
    if (usage->has_month) {
        (void)decimal_format_e4(usage->month_e4, 2, ret_usage->month);
    }
    if (state->has_energy) {
        (void)decimal_format_e4(state->energy_e4, 2, ret_usage->total);
    }
    if (usage->whole_day_count > 0) {
        (void)decimal_format_e4(usage->whole_days_e4 / usage->whole_day_count, 2,
                                ret_usage->average);
    }
}

static void fill_days_left(const struct usage *usage, const struct catalog_meter *meter,
                           struct api_room_page *page)
{
    struct estimate_history history = {.use_milli = usage->whole_days_e4 / E4_PER_MILLI,
                                       .days = usage->whole_day_count,
                                       .price_e4_yuan = meter->price_e4_yuan};
    page->has_days_left = page->has_last && estimate_days_left(money_fen(page->last_balance_fen),
                                                               &history, &page->days_left);
}

enum err rooms_page(struct db *db, const struct account_port *accounts, const char *site_id,
                    const char *terminal_id, const char *room_id, struct api_room_page *ret_page)
{
    struct catalog_meter meter;
    struct catalog_state state;
    struct account_view account = {0};
    struct usage usage;
    enum err err = find_meter(db, site_id, room_id, &meter);
    if (err == OK) {
        err = catalog_state_get(db, meter.meter_id, &state);
    }
    if (err == OK) {
        err = accounts->look(accounts->self, db, meter.meter_id, &account);
    }
    if (err == OK) {
        err = usage_get(db, meter.meter_id, db_wall_s(db), &usage);
    }
    if (err != OK) {
        return err;
    }
    struct api_room_page page = {0};
    fill_meter(&meter, &account, &page);
    fill_account(&account, terminal_id, &page);
    fill_last(&meter, &state, &account, db_wall_s(db), &page);
    fill_usage(&usage, &meter, &state, &page.usage);
    fill_days_left(&usage, &meter, &page);
    *ret_page = page;
    return OK;
}
