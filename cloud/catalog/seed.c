/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file is read and written in one walk inside the writer's transaction: what the configuration
 * reader or the database refuses ends in one sentence with file, line and field, and everything
 * written so far is undone.
 */

#include "cloud/catalog/seed.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>

#include "cloud/catalog/catalog.h"
#include "cloud/catalog/decimal.h"
#include "cloud/catalog/place.h"
#include "cloud/catalog/seed_walk.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/value.h"
#include "protocol/bus/topic.h"

enum {
    SITES_MAX = 1000,
    ROOMS_MAX = 20000, /* of a site */
    TERMINALS_MAX = 200,
    COLLECTORS_MAX = 1000,
    TARIFFS_MAX = 1000,
    LANGUAGES_MAX = 8,
    SHA256_TEXT_SIZE = 65,
    LIST_TEXT_SIZE = 128,
};

static void walk_tariff(struct walk *walk)
{
    char id[API_ID_SIZE];
    char price[DECIMAL_TEXT_SIZE];
    int64_t price_e4 = 0;
    walk_id(walk, "id", id);
    walk_text(walk, "price_yuan", NULL, price, sizeof(price));
    if (!decimal_parse_e4(price, &price_e4) || price_e4 < 1) {
        walk_fail(walk, "price_yuan", "must be a decimal above 0, like \"0.5469\"");
    }
    struct sql *sql = sql_begin(walk->db, "INSERT INTO tariff (tariff_id, price_e4_yuan)"
                                          " VALUES (?1, ?2) ON CONFLICT (tariff_id)"
                                          " DO UPDATE SET price_e4_yuan = ?2");
    sql_bind_text(sql, 1, id);
    sql_bind_i64(sql, 2, price_e4);
    walk_run(walk, sql, "id");
}

static void walk_collector(struct walk *walk)
{
    char id[BUS_COLLECTOR_SIZE];
    char name[API_NAME_SIZE];
    walk_text(walk, "id", NULL, id, sizeof(id));
    walk_text(walk, "name", "", name, sizeof(name));
    if (!bus_collector_is_valid(id) || str_equal(id, CATALOG_CARD_COLLECTOR)) {
        walk_fail(walk, "id", "must be 1 to 64 of A-Z a-z 0-9 . _ -, and not \".cards\"");
    }
    struct sql *sql =
        sql_begin(walk->db, "INSERT INTO collector (collector_id, name) VALUES (?1, ?2)"
                            " ON CONFLICT (collector_id) DO UPDATE SET name = ?2");
    sql_bind_text(sql, 1, id);
    sql_bind_text(sql, 2, name);
    walk_run(walk, sql, "id");
}

static void walk_terminal(struct walk *walk, const char *site_id)
{
    char id[API_ID_SIZE];
    char name[API_NAME_SIZE];
    walk_id(walk, "id", id);
    walk_text(walk, "name", NULL, name, sizeof(name));
    struct sql *sql = sql_begin(walk->db, "INSERT INTO terminal (terminal_id, site_id, name)"
                                          " VALUES (?1, ?2, ?3) ON CONFLICT (terminal_id)"
                                          " DO UPDATE SET site_id = ?2, name = ?3");
    sql_bind_text(sql, 1, id);
    sql_bind_text(sql, 2, site_id);
    sql_bind_text(sql, 3, name);
    walk_run(walk, sql, "id");
}

/* customer = { id; name; phone }; returns false if the room has none. */
static bool walk_customer(struct walk *walk, char ret_id[API_ID_SIZE])
{
    char name[API_NAME_SIZE];
    char phone[API_PHONE_SIZE];
    if (!walk_has(walk, "customer")) {
        return false;
    }
    walk_id(walk, "customer.id", ret_id);
    walk_text(walk, "customer.name", NULL, name, sizeof(name));
    walk_text(walk, "customer.phone", "", phone, sizeof(phone));
    struct sql *sql =
        sql_begin(walk->db, "INSERT INTO customer (customer_id, name, phone) VALUES (?1, ?2, ?3)"
                            " ON CONFLICT (customer_id) DO UPDATE SET name = ?2, phone = ?3");
    sql_bind_text(sql, 1, ret_id);
    sql_bind_text(sql, 2, name);
    sql_bind_text(sql, 3, phone);
    walk_run(walk, sql, "customer.id");
    return true;
}

static void check_digits(struct walk *walk, const char *field, const char *text, size_t len)
{
    if (text[0] != '\0' && (strlen(text) != len || strspn(text, "0123456789") != len)) {
        walk_fail(walk, field, "must be %zu digits", len);
    }
}

/* Only where the balance is in the cloud; a device brings its own. */
static void walk_opening(struct walk *walk, const char *meter_id)
{
    enum { FEN_MIN = -100000000 /* a debt of a million yuan is a typing error */ };
    if (!walk_has(walk, "meter.opening_balance_yuan")) {
        return;
    }
    int64_t fen = walk_yuan(walk, "meter.opening_balance_yuan", NULL, FEN_MIN);
    struct sql *sql = sql_begin(walk->db, "SELECT p.kind FROM meter m JOIN meter_profile p"
                                          " ON p.profile_id = m.profile_id WHERE m.meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK && !str_equal(sql_text(sql, 0), "cloud")) {
        walk_fail(walk, "meter.opening_balance_yuan", "this meter keeps its balance itself");
        return;
    }
    if (err == OK) {
        err = walk->opening(walk->db, meter_id, fen);
    }
    if (err != OK) {
        walk->err = err;
        walk_fail(walk, "meter.opening_balance_yuan", "%s",
                  err == ERR_EXISTS ? "another amount was entered before" : err_name(err));
    }
}

/* Which collector reads it, on which bus; a card meter hangs on none. */
static void walk_link(struct walk *walk, const char *profile, char ret_bus[BUS_NAME_SIZE],
                      char ret_collector[BUS_COLLECTOR_SIZE])
{
    struct sql *sql =
        sql_begin(walk->db, "SELECT 1 FROM meter_profile WHERE profile_id = ?1 AND kind = 'card'");
    sql_bind_text(sql, 1, profile);
    const bool on_card = sql_one(sql) == OK;
    sql_end(sql);
    const bool named = walk_has(walk, "meter.bus") || walk_has(walk, "meter.collector");
    if (!on_card) {
        walk_text(walk, "meter.bus", NULL, ret_bus, BUS_NAME_SIZE);
        walk_known(walk, "meter.collector", "SELECT 1 FROM collector WHERE collector_id = ?1",
                   ret_collector, BUS_COLLECTOR_SIZE);
        return;
    }
    if (named) {
        walk_fail(walk, "meter.collector", "a meter that is sold to by card has none, and no bus");
    }
    ret_bus[0] = '\0';
    bool fits = str_copy(ret_collector, BUS_COLLECTOR_SIZE, CATALOG_CARD_COLLECTOR);
    MUST(fits);
}

static void walk_meter(struct walk *walk, const char *room_id, const char *customer_id)
{
    char id[API_ID_SIZE];
    char address[BUS_METER_SIZE];
    char customer_no[13];
    char bus[BUS_NAME_SIZE];
    char profile[API_ID_SIZE];
    char tariff[API_ID_SIZE];
    char collector[BUS_COLLECTOR_SIZE];
    char reason[API_WORD_SIZE];
    walk_id(walk, "meter.id", id);
    walk_text(walk, "meter.address", NULL, address, sizeof(address));
    check_digits(walk, "meter.address", address, 12);
    walk_text(walk, "meter.customer_no", "", customer_no, sizeof(customer_no));
    check_digits(walk, "meter.customer_no", customer_no, 12);
    walk_known(walk, "meter.profile", "SELECT 1 FROM meter_profile WHERE profile_id = ?1", profile,
               sizeof(profile));
    walk_known(walk, "meter.tariff", "SELECT 1 FROM tariff WHERE tariff_id = ?1", tariff,
               sizeof(tariff));
    walk_link(walk, profile, bus, collector);
    int64_t alarm_fen = walk_yuan(walk, "meter.alarm_yuan", "20.00", 0);
    walk_text(walk, "meter.sale_refused", "", reason, sizeof(reason));
    struct sql *sql = sql_begin(
        walk->db,
        "INSERT INTO meter (meter_id, room_id, customer_id, profile_id, tariff_id, collector_id,"
        " bus, address, customer_no, alarm_fen, sale, sale_reason)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (meter_id)"
        " DO UPDATE SET room_id = ?2, customer_id = ?3, profile_id = ?4, tariff_id = ?5,"
        " collector_id = ?6, bus = ?7, address = ?8, customer_no = ?9, alarm_fen = ?10,"
        " sale = ?11, sale_reason = ?12");
    sql_bind_text(sql, 1, id);
    sql_bind_text(sql, 2, room_id);
    sql_bind_text(sql, 3, customer_id);
    sql_bind_text(sql, 4, profile);
    sql_bind_text(sql, 5, tariff);
    sql_bind_text(sql, 6, collector);
    sql_bind_text(sql, 7, bus);
    sql_bind_text(sql, 8, address);
    sql_bind_text(sql, 9, customer_no);
    sql_bind_i64(sql, 10, alarm_fen);
    sql_bind_text(sql, 11, reason[0] != '\0' ? "refused" : "open");
    sql_bind_text(sql, 12, reason);
    walk_run(walk, sql, "meter.address");
    if (walk->err == OK) {
        walk_opening(walk, id);
    }
}

static void walk_room(struct walk *walk, const char *site_id, size_t position)
{
    char id[API_ID_SIZE];
    char building[API_NAME_SIZE];
    char unit[API_NAME_SIZE];
    char label[API_NAME_SIZE];
    char place[API_PLACE_SIZE];
    char key[API_PLACE_SIZE];
    walk_id(walk, "id", id);
    walk_text(walk, "building", "", building, sizeof(building));
    walk_text(walk, "unit", "", unit, sizeof(unit));
    walk_text(walk, "label", NULL, label, sizeof(label));
    const char *parts[] = {building, unit, label};
    if (!place_join(parts, ARRAY_COUNT(parts), place, sizeof(place)) ||
        !place_search_key(place, key, sizeof(key))) {
        walk_fail(walk, "label", "building, unit and label are too long together");
        return;
    }
    struct sql *sql = sql_begin(
        walk->db, "INSERT INTO room (room_id, site_id, building, unit, label, position, place,"
                  " search) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (room_id)"
                  " DO UPDATE SET site_id = ?2, building = ?3, unit = ?4, label = ?5,"
                  " position = ?6, place = ?7, search = ?8");
    sql_bind_text(sql, 1, id);
    sql_bind_text(sql, 2, site_id);
    sql_bind_text(sql, 3, building);
    sql_bind_text(sql, 4, unit);
    sql_bind_text(sql, 5, label);
    sql_bind_i64(sql, 6, (int64_t)position);
    sql_bind_text(sql, 7, place);
    sql_bind_text(sql, 8, key);
    walk_run(walk, sql, "label");
    char customer_id[API_ID_SIZE];
    bool has_customer = walk_customer(walk, customer_id);
    if (walk->err == OK) {
        walk_meter(walk, id, has_customer ? customer_id : NULL);
    }
}

static void walk_amounts(struct walk *walk, char ret_list[LIST_TEXT_SIZE])
{
    struct strbuf list;
    strbuf_init(&list, ret_list, LIST_TEXT_SIZE);
    size_t count = walk_count(walk, "amounts_yuan", API_AMOUNTS_MAX);
    if (count == 0) {
        walk_fail(walk, "amounts_yuan", "is needed: [20, 50, 100]");
    }
    for (size_t i = 0; i < count; i++) {
        char field[32];
        str_format_cut(field, sizeof(field), "amounts_yuan.[%zu]", i);
        int64_t yuan = walk_int(walk, field, (struct config_int){.min = 1, .max = 100000});
        strbuf_addf(&list, "%s%" PRId64, i > 0 ? "," : "", yuan * 100);
    }
    MUST(!list.failed);
}

static void walk_languages(struct walk *walk, char ret_list[64])
{
    struct strbuf list;
    strbuf_init(&list, ret_list, 64);
    size_t count = walk_count(walk, "languages", LANGUAGES_MAX);
    for (size_t i = 0; i < count; i++) {
        char field[32];
        char language[12];
        str_format_cut(field, sizeof(field), "languages.[%zu]", i);
        walk_text(walk, field, NULL, language, sizeof(language));
        strbuf_addf(&list, "%s%s", i > 0 ? "," : "", language);
    }
    if (count == 0) {
        strbuf_add(&list, "zh-CN,en");
    }
    if (list.failed) {
        walk_fail(walk, "languages", "are too many");
    }
}

static void walk_site_row(struct walk *walk, const char *id)
{
    char name[API_NAME_SIZE];
    char company[API_NAME_SIZE];
    char phone[API_PHONE_SIZE];
    char notice[API_TEXT_SIZE];
    char languages[64];
    char amounts[LIST_TEXT_SIZE];
    walk_text(walk, "name", NULL, name, sizeof(name));
    walk_text(walk, "company", NULL, company, sizeof(company));
    walk_text(walk, "service_phone", NULL, phone, sizeof(phone));
    walk_text(walk, "notice", "", notice, sizeof(notice));
    walk_languages(walk, languages);
    walk_amounts(walk, amounts);
    int64_t amount_min_fen = walk_yuan(walk, "amount_min_yuan", "1.00", 1);
    int64_t amount_max_fen = walk_yuan(walk, "amount_max_yuan", "2000.00", amount_min_fen);
    struct sql *sql = sql_begin(
        walk->db,
        "INSERT INTO site (site_id, name, company, service_phone, languages, notice, amounts_fen,"
        " amount_min_fen, amount_max_fen, receipt_auto, sell_to_silent)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (site_id)"
        " DO UPDATE SET name = ?2, company = ?3, service_phone = ?4, languages = ?5, notice = ?6,"
        " amounts_fen = ?7, amount_min_fen = ?8, amount_max_fen = ?9, receipt_auto = ?10,"
        " sell_to_silent = ?11");
    sql_bind_text(sql, 1, id);
    sql_bind_text(sql, 2, name);
    sql_bind_text(sql, 3, company);
    sql_bind_text(sql, 4, phone);
    sql_bind_text(sql, 5, languages);
    sql_bind_text(sql, 6, notice);
    sql_bind_text(sql, 7, amounts);
    sql_bind_i64(sql, 8, amount_min_fen);
    sql_bind_i64(sql, 9, amount_max_fen);
    sql_bind_bool(sql, 10, walk_bool(walk, "receipt_auto", true));
    sql_bind_bool(sql, 11, walk_bool(walk, "sell_to_silent", false));
    walk_run(walk, sql, "id");
}

static void walk_site(struct walk *walk)
{
    char id[API_ID_SIZE];
    char base[WALK_PATH_SIZE];
    walk_id(walk, "id", id);
    walk_site_row(walk, id);
    bool fits = str_copy(base, sizeof(base), walk->base);
    MUST(fits);
    size_t terminals = walk_count(walk, "terminals", TERMINALS_MAX);
    for (size_t i = 0; i < terminals && walk->err == OK; i++) {
        walk_enter(walk, base, "terminals", i);
        walk_terminal(walk, id);
    }
    walk_back(walk, base);
    size_t rooms = walk_count(walk, "rooms", ROOMS_MAX);
    for (size_t i = 0; i < rooms && walk->err == OK; i++) {
        walk_enter(walk, base, "rooms", i);
        walk_room(walk, id, i);
    }
    walk_back(walk, base);
}

static void walk_list(struct walk *walk, const char *name, size_t count_max,
                      void (*one)(struct walk *walk))
{
    walk_back(walk, "");
    size_t count = walk_count(walk, name, count_max);
    for (size_t i = 0; i < count && walk->err == OK; i++) {
        walk_enter(walk, "", name, i);
        one(walk);
    }
}

struct seed {
    struct config *cfg; /* @own until it is finished */
    seed_opening opening;
    char hash[SHA256_TEXT_SIZE];
    bool changed;
    char *ret_message;
};

static enum err is_known(struct db *db, const char *hash, bool *ret_known)
{
    struct sql *sql = sql_begin(db, "SELECT seed_sha256 FROM catalog_version");
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_known = str_equal(sql_text(sql, 0), hash);
    }
    return err;
}

static enum err note_version(struct db *db, const char *hash)
{
    struct sql *sql =
        sql_begin(db, "UPDATE catalog_version SET version = version + 1, seed_sha256 = ?1");
    sql_bind_text(sql, 1, hash);
    return sql_run(sql);
}

static enum err apply(struct db *db, void *arg)
{
    struct seed *seed = arg;
    bool known = false;
    enum err err = is_known(db, seed->hash, &known);
    if (err != OK || known) {
        return err;
    }
    struct walk walk = {.cfg = seed->cfg, .db = db, .opening = seed->opening};
    walk_list(&walk, "tariffs", TARIFFS_MAX, walk_tariff);
    walk_list(&walk, "profiles", SEED_PROFILES_MAX, walk_profile);
    walk_list(&walk, "collectors", COLLECTORS_MAX, walk_collector);
    walk_list(&walk, "sites", SITES_MAX, walk_site);
    bool good = config_finish(seed->cfg, seed->ret_message, CONFIG_MESSAGE_SIZE);
    seed->cfg = NULL;
    if (!good) {
        return ERR_FORMAT;
    }
    MUST(walk.err == OK);
    seed->changed = true;
    return note_version(db, seed->hash);
}

static void hash_text(const char *text, char ret_hash[SHA256_TEXT_SIZE])
{
    uint8_t digest[32];
    unsigned size = 0;
    int done = EVP_Digest(text, strlen(text), digest, &size, EVP_sha256(), NULL);
    MUST(done == 1);
    bool fits = hex_format(digest, sizeof(digest), /* separator= */ 0, ret_hash, SHA256_TEXT_SIZE);
    MUST(fits);
}

enum err seed_apply(struct store *store, const struct seed_source *source, bool *ret_changed,
                    char ret_message[CONFIG_MESSAGE_SIZE])
{
    struct seed seed = {.opening = source->opening, .ret_message = ret_message};
    ret_message[0] = '\0';
    hash_text(source->text, seed.hash);
    seed.cfg = config_open_text(source->text, source->name, ret_message, CONFIG_MESSAGE_SIZE);
    if (seed.cfg == NULL) {
        return ERR_FORMAT;
    }
    enum err err = store_run(store, apply, &seed);
    if (seed.cfg != NULL) {
        /* Known already, or the database ended it: what the file says does not matter then. */
        char ignored[CONFIG_MESSAGE_SIZE];
        (void)!config_finish(seed.cfg, ignored, sizeof(ignored));
    }
    if (err == OK) {
        *ret_changed = seed.changed;
    } else if (ret_message[0] == '\0') {
        str_format_cut(ret_message, CONFIG_MESSAGE_SIZE, "%s: the database: %s", source->name,
                       err_name(err));
    }
    return err;
}
