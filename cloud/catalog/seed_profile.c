/* SPDX-License-Identifier: Apache-2.0 */

/* Meter profiles: what is true of all meters of one model and setting. */

#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/catalog/seed_walk.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/value.h"

enum { ITEMS_TEXT_SIZE = BUS_ITEMS_MAX * BUS_ITEM_SIZE };

static bool item_is_valid(const char *item)
{
    return strlen(item) == 8 && strspn(item, "0123456789ABCDEF") == 8;
}

static void walk_items(struct walk *walk, const char *name, const char *fallback, char *ret_list)
{
    struct strbuf list;
    strbuf_init(&list, ret_list, ITEMS_TEXT_SIZE);
    size_t count = walk_count(walk, name, BUS_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        char field[32];
        char item[BUS_ITEM_SIZE];
        str_format_cut(field, sizeof(field), "%s.[%zu]", name, i);
        walk_text(walk, field, NULL, item, sizeof(item));
        if (!item_is_valid(item)) {
            walk_fail(walk, field, "must be a data identifier of 8 hex digits");
        }
        strbuf_addf(&list, "%s%s", i > 0 ? "," : "", item);
    }
    if (count == 0) {
        strbuf_add(&list, fallback);
    }
    MUST(!list.failed);
}

static void walk_code(struct walk *walk, const char *field, char ret_code[9])
{
    uint8_t bytes[4];
    size_t size = 0;
    walk_text(walk, field, "00000000", ret_code, 9);
    if (!hex_parse(ret_code, strlen(ret_code), bytes, sizeof(bytes), &size, NULL) || size != 4) {
        walk_fail(walk, field, "must be 8 hex digits");
    }
}

/* The part of a profile that says how the meter is reached and read. */
static void bind_link(struct walk *walk, struct sql *sql, bool is_cloud)
{
    static const char *const protocols[] = {"645-2007"};
    char password[9];
    char operator_code[9];
    char items[ITEMS_TEXT_SIZE];
    char live_items[ITEMS_TEXT_SIZE];
    walk_code(walk, "password", password);
    walk_code(walk, "operator", operator_code);
    walk_items(walk, "items",
               is_cloud ? "00010000,04000503" : "00010000,00900200,00900201,04000503", items);
    walk_items(walk, "live_items",
               is_cloud ? "00010000,04000503,02010100,02020100,02030000"
                        : "00900200,00900201,00010000,04000503,02010100,02020100,02030000",
               live_items);
    sql_bind_text(sql, 4, walk_word(walk, "protocol", protocols, ARRAY_COUNT(protocols), 0));
    sql_bind_i64(
        sql, 5,
        walk_int(walk, "baud", (struct config_int){.min = 0, .max = 115200, .optional = true}));
    sql_bind_bool(sql, 13, walk_bool(walk, "buffered_link", false));
    sql_bind_text(sql, 16, password);
    sql_bind_text(sql, 17, operator_code);
    sql_bind_i64(
        sql, 18,
        walk_int(walk, "schedule_s",
                 (struct config_int){.min = 0, .max = 86400, .optional = true, .fallback = 900}));
    sql_bind_text(sql, 19, items);
    sql_bind_text(sql, 20, live_items);
}

/* The part that says how it is sold to. */
static void bind_sale(struct walk *walk, struct sql *sql, bool has_frames)
{
    static const char *const layouts[] = {"none", "standard", "q"};
    static const char *const amount_units[] = {"fen", "yuan_e2", "energy_e2"};
    static const char *const relays[] = {"none", "1B", "1C"};
    static const char *const zero_credits[] = {"no", "proven"};
    char mac_port[CATALOG_PATH_SIZE];
    char reason[API_WORD_SIZE];
    const char *layout = walk_word(walk, "layout", layouts, ARRAY_COUNT(layouts), 0);
    if (has_frames == str_equal(layout, "none")) {
        walk_fail(walk, "layout",
                  has_frames ? "is needed: the balance is in the meter"
                             : "must be \"none\": no frame carries value to this meter");
    }
    walk_text(walk, "mac_port", "", mac_port, sizeof(mac_port));
    walk_text(walk, "sale_refused", "", reason, sizeof(reason));
    sql_bind_text(sql, 6, layout);
    sql_bind_text(sql, 8,
                  walk_word(walk, "amount_unit", amount_units, ARRAY_COUNT(amount_units), 0));
    sql_bind_text(sql, 9, walk_word(walk, "relay", relays, ARRAY_COUNT(relays), 0));
    sql_bind_text(sql, 10, mac_port);
    sql_bind_text(sql, 11,
                  walk_word(walk, "zero_credit", zero_credits, ARRAY_COUNT(zero_credits), 0));
    sql_bind_bool(sql, 12, walk_bool(walk, "total_bought", false));
    sql_bind_text(sql, 14, reason[0] != '\0' ? "refused" : "open");
    sql_bind_text(sql, 15, reason);
}

void walk_profile(struct walk *walk)
{
    static const char *const kinds[] = {"cloud", "count", "order", "card"};
    static const char *const services[] = {"electricity", "water"};
    char id[API_ID_SIZE];
    char unit[BUS_UNIT_SIZE];
    walk_id(walk, "id", id);
    const char *kind = walk_word(walk, "kind", kinds, ARRAY_COUNT(kinds), -1);
    bool is_cloud = str_equal(kind, "cloud");
    bool on_card = str_equal(kind, "card");
    const char *service = walk_word(walk, "service", services, ARRAY_COUNT(services), 0);
    walk_text(walk, "energy_unit", str_equal(service, "water") ? "m3" : "kWh", unit, sizeof(unit));
    struct sql *sql = sql_begin(
        walk->db,
        "INSERT INTO meter_profile (profile_id, kind, service, protocol, baud, layout,"
        " energy_unit, amount_unit, relay_how, mac_port, zero_credit, total_bought, buffered_link,"
        " sale, sale_reason, password, operator_code, schedule_s, items, live_items,"
        " card_limit_fen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
        " ?15, ?16, ?17, ?18, ?19, ?20, ?21) ON CONFLICT (profile_id) DO UPDATE SET kind = ?2, "
        "service = ?3, protocol = ?4,"
        " baud = ?5, layout = ?6, energy_unit = ?7, amount_unit = ?8, relay_how = ?9,"
        " mac_port = ?10, zero_credit = ?11, total_bought = ?12, buffered_link = ?13, sale = ?14,"
        " sale_reason = ?15, password = ?16, operator_code = ?17, schedule_s = ?18, items = ?19,"
        " live_items = ?20, card_limit_fen = ?21");
    sql_bind_text(sql, 1, id);
    sql_bind_text(sql, 2, kind);
    sql_bind_text(sql, 3, service);
    sql_bind_text(sql, 7, unit);
    bind_link(walk, sql, is_cloud);
    bind_sale(walk, sql, /* has_frames= */ !is_cloud && !on_card);
    sql_bind_i64(sql, 21, on_card ? walk_yuan(walk, "card_limit_yuan", "0.00", 0) : 0);
    walk_run(walk, sql, "id");
}
