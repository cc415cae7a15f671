/* SPDX-License-Identifier: Apache-2.0 */

/* The catalogue: what a seed may say, what a terminal finds, what its meter page shows. */

#include "cloud/catalog/catalog.h"
#include "cloud/catalog/decimal.h"
#include "cloud/catalog/place.h"
#include "cloud/catalog/rooms.h"
#include "cloud/catalog/seed.h"
#include "cloud/catalog/usage.h"
#include "cloud/meters/values.h"
#include "common/str.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { TEXT_SIZE = 1 << 18, NOW_S = 1795165200 /* 2026-11-20 09:00 UTC, 17:00 in Beijing */ };

static int64_t zero_ms(void *self)
{
    (void)self;
    return 0;
}

static int64_t wall_s = NOW_S;

static int64_t fixed_wall_s(void *self)
{
    (void)self;
    return wall_s;
}

static struct clock_port test_clock = {zero_ms, fixed_wall_s, NULL};
static struct store *store;
static char message[CONFIG_MESSAGE_SIZE];

/* The money side, as far as the catalogue needs one. */
static struct account_view account = {.balance_fen = 4260, .arrears_fen = 0};
static int64_t used_e4;

static enum err look(void *self, struct db *db, const char *meter_id, struct account_view *ret_view)
{
    (void)self;
    (void)db;
    (void)meter_id;
    *ret_view = account;
    return OK;
}

static enum err use(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                    int64_t read_at)
{
    (void)self;
    (void)db;
    (void)meter_id;
    (void)read_at;
    used_e4 = energy_e4;
    return OK;
}

static const struct account_port accounts = {look, use, NULL};

static enum err open_nothing(struct db *db, const char *meter_id, int64_t balance_fen)
{
    (void)db;
    (void)meter_id;
    return balance_fen == 666 ? ERR_EXISTS : OK;
}

static bool open_store(void)
{
    static char folder[TEMP_PATH_SIZE];
    static char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE];
    struct store_config config = {.path = temp_path(temp_folder_make(folder), "c.db", path),
                                  .clock = &test_clock,
                                  .reader_count = 1};
    return store_open(&config, &store, why) == OK;
}

static enum err seed(const char *text, bool *ret_changed)
{
    struct seed_source source = {.text = text, .name = "seed.cfg", .opening = open_nothing};
    return seed_apply(store, &source, ret_changed, message);
}

#define HEAD                                                                                       \
    "tariffs = ( { id = \"home\"; price_yuan = \"0.5469\"; } );\n"                                 \
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; relay = \"1C\"; },\n"                        \
    "  { id = \"count\"; kind = \"count\"; layout = \"standard\"; } );\n"                          \
    "collectors = ( { id = \"c1\"; } );\n"
#define SITE(id)                                                                                   \
    "{ id = \"" id "\"; name = \"n\"; company = \"c\"; service_phone = \"1\";"                     \
    " amounts_yuan = [20, 50]; terminals = ( { id = \"t-" id "\"; name = \"t\"; } );\n"
#define ROOM(id, label, address, rest)                                                             \
    "{ id = \"" id "\"; building = \"3\xE6\xA0\x8B\"; unit = \"2\xE5\x8D\x95\xE5\x85\x83\";"       \
    " label = \"" label "\"; meter = { id = \"m-" id "\"; address = \"" address "\";"              \
    " bus = \"b\"; profile = \"cloud\"; tariff = \"home\"; collector = \"c1\"; " rest " }; }"
#define PLAIN                                                                                      \
    HEAD "sites = ( " SITE("s1") "rooms = ( " ROOM("r1", "501", "000000000001", "") "," ROOM(      \
        "r2", "502", "000000000502",                                                               \
        "") " ); }, " SITE("s2") "rooms = ( " ROOM("x1", "501", "000000009501", "") " ); } );\n"

TEST(a_seed_is_taken_in_once)
{
    bool changed = false;
    CHECK(open_store());
    CHECK_EQ_I64(seed(PLAIN, &changed), OK);
    CHECK(changed);
    CHECK_EQ_I64(seed(PLAIN, &changed), OK);
    CHECK(!changed);
    CHECK_EQ_I64(seed(PLAIN "# a remark\n", &changed), OK);
    CHECK(changed);
    store_close(store);
}

#define CARD_PROFILE                                                                               \
    "tariffs = ( { id = \"home\"; price_yuan = \"0.5469\"; } );\n"                                 \
    "profiles = ( { id = \"card\"; kind = \"card\"; card_limit_yuan = \"5000.00\"; } );\n"
#define CARD_ROOM(link)                                                                            \
    CARD_PROFILE "sites = ( " SITE("s1") "rooms = ( { id = \"r1\"; label = \"1\"; meter = {"       \
                                         " id = \"m-r1\"; address = \"000012345678\"; profile = "  \
                                         "\"card\"; tariff = \"home\"; " link "}; } ); } );\n"

static enum err load_card_meter(struct db *db, void *arg)
{
    return catalog_meter_get(db, "m-r1", arg);
}

static enum err load_card_page(struct db *db, void *arg)
{
    return rooms_page(db, &accounts, "s1", "t-s1", "r1", arg);
}

TEST(a_card_meter_hangs_on_no_collector_and_is_sold_to_by_its_card)
{
    static struct api_room_page page;
    struct catalog_meter meter = {.meter_id = ""};
    bool changed = false;
    CHECK(open_store());
    enum err seeded = seed(CARD_ROOM(""), &changed);
    enum err loaded = store_read(store, load_card_meter, &meter);
    enum err paged = store_read(store, load_card_page, &page);
    store_close(store);
    CHECK_EQ_I64(seeded, OK);
    CHECK_EQ_I64(loaded, OK);
    CHECK(meter.profile.on_card);
    CHECK_EQ_I64(meter.profile.card_limit_fen, 500000);
    CHECK_EQ_STR(meter.collector_id, CATALOG_CARD_COLLECTOR);
    CHECK_EQ_I64(paged, OK);
    CHECK_EQ_I64(page.balance_in, API_BALANCE_IN_METER);
    CHECK(!page.sale_open);
    CHECK_EQ_STR(page.sale_reason, CATALOG_CARD_ONLY);
}

TEST(whatever_is_wrong_is_named_and_leaves_nothing)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"sites = (", "seed.cfg:"},
        {HEAD "nonsense = 1;\n", "nonsense"},
        {"tariffs = ( { id = \"a\"; price_yuan = \"x\"; } );", "price_yuan"},
        {"tariffs = ( { id = \"a b\"; price_yuan = \"1\"; } );", "tariffs.[0].id"},
        {"profiles = ( { id = \"p\"; kind = \"count\"; } );", "layout"},
        {"profiles = ( { id = \"p\"; kind = \"cloud\"; layout = \"q\"; } );", "layout"},
        {"profiles = ( { id = \"p\"; kind = \"cloud\"; password = \"12\"; } );", "password"},
        {"profiles = ( { id = \"p\"; kind = \"cloud\"; items = [ \"1\" ]; } );", "items.[0]"},
        {HEAD "sites = ( " SITE("s") "rooms = ( " ROOM("r", "1", "12", "") " ); } );", "12 digits"},
        {HEAD
         "sites = ( " SITE("s") "rooms = ( " ROOM("r", "1", "000000000001", "typo = 1;") " ); } );",
         "typo"},
        {HEAD "sites = ( " SITE("s") "rooms = ( " ROOM("r", "1", "000000000001", "") "," ROOM(
             "q", "2", "000000000001", "") " ); } );",
         "there already"},
        {HEAD "sites = ( " SITE("s") "rooms = ( " ROOM("r", "1", "000000000001", "") "," ROOM(
             "q", "1", "000000000002", "") " ); } );",
         "there already"},
        {HEAD "sites = ( " SITE("s") "rooms = ( " ROOM(
             "r", "1", "000000000001", "opening_balance_yuan = \"6.66\";") " ); } );",
         "entered before"},
        {"sites = ( " SITE("s") "rooms = ( " ROOM("r", "1", "000000000001", "") " ); } );",
         "there is no \"cloud\""},
        {CARD_ROOM("collector = \"c1\";"), "sold to by card"},
        {CARD_ROOM("bus = \"b\";"), "sold to by card"},
        {"profiles = ( { id = \"p\"; kind = \"card\"; layout = \"q\"; } );", "layout"},
        {"profiles = ( { id = \"p\"; kind = \"cloud\"; card_limit_yuan = \"1.00\"; } );",
         "card_limit_yuan"},
        {"collectors = ( { id = \".cards\"; } );", ".cards"},
        {HEAD "sites = ( { id = \"s\"; name = \"n\"; company = \"c\"; service_phone = \"1\"; } );",
         "amounts_yuan"},
    };
    CHECK(open_store());
    size_t good = 0;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        bool changed = false;
        enum err err = seed(cases[i].text, &changed);
        bool as_wanted = err == ERR_FORMAT || err == ERR_EXISTS;
        as_wanted = as_wanted && strstr(message, cases[i].says) != NULL &&
                    strstr(message, "seed.cfg:") != NULL;
        good += as_wanted ? 1 : 0;
        if (!as_wanted) {
            (void)printf("# case %zu: %s: %s\n", i, err_name(err), message);
        }
    }
    bool changed = false;
    enum err after = seed(PLAIN, &changed);
    store_close(store);
    CHECK_EQ_U64(good, ARRAY_COUNT(cases));
    CHECK_EQ_I64(after, OK);
}

/* --- rooms --- */

static struct api_room page_rooms[API_ROOMS_PAGE_MAX];

struct list_call {
    struct rooms_query query;
    struct api_rooms rooms;
};

static enum err run_list(struct db *db, void *arg)
{
    struct list_call *call = arg;
    return rooms_list(db, &call->query, &call->rooms);
}

static enum err list(const char *site, const char *text, const char *after,
                     struct api_rooms *ret_rooms)
{
    struct list_call call = {.query = {.site_id = site, .text = text, .after = after},
                             .rooms = {.rooms = page_rooms}};
    enum err err = store_read(store, run_list, &call);
    *ret_rooms = call.rooms;
    return err;
}

static int64_t found(const char *site, const char *text)
{
    struct api_rooms rooms;
    return list(site, text, NULL, &rooms) == OK ? rooms.total : -1;
}

TEST(a_terminal_finds_rooms_of_its_site_only)
{
    bool changed = false;
    CHECK(open_store());
    enum err seeded = seed(PLAIN, &changed);
    int64_t all = found("s1", NULL);
    int64_t by_place = found("s1", "32501");
    int64_t by_label = found("s1", "3-2-50");
    int64_t by_meter = found("s1", "0502");
    int64_t by_middle_of_meter = found("s1", "0050");
    int64_t by_words = found("s1", "\xE6\xA0\x8B"
                                   "2\xE5\x8D\x95");
    int64_t other_site = found("s2", "0502");
    int64_t too_short = found("s1", "50");
    int64_t words_too_short = found("s1", "3\xE6\xA0\x8B");
    int64_t quotes = found("s1", "501' OR '1'='1");
    store_close(store);
    CHECK_EQ_I64(seeded, OK);
    CHECK_EQ_I64(all, 2);
    CHECK_EQ_I64(by_place, 1);
    CHECK_EQ_I64(by_label, 2);
    CHECK_EQ_I64(by_meter, 1);
    CHECK_EQ_I64(by_middle_of_meter, 0);
    CHECK_EQ_I64(by_words, 2);
    CHECK_EQ_I64(other_site, 0);
    CHECK_EQ_I64(too_short, -1);
    CHECK_EQ_I64(words_too_short, -1);
    CHECK_EQ_I64(quotes, 0);
}

TEST(long_lists_come_in_pages)
{
    enum { ROOMS = 500 };
    static char text[TEXT_SIZE];
    struct strbuf buf;
    strbuf_init(&buf, text, sizeof(text));
    strbuf_add(&buf, HEAD "sites = ( " SITE("s1") "rooms = (\n");
    for (int i = 0; i < ROOMS; i++) {
        strbuf_addf(
            &buf,
            "%s { id = \"r%d\"; label = \"%d\"; meter = { id = \"m%d\"; address = \"%012d\";"
            " bus = \"b\"; profile = \"cloud\"; tariff = \"home\"; collector = \"c1\"; }; }",
            i > 0 ? "," : "", i, 1000 + i, i, i);
    }
    strbuf_add(&buf, " ); } );\n");
    CHECK(!buf.failed);
    bool changed = false;
    CHECK(open_store());
    enum err seeded = seed(text, &changed);
    int seen = 0;
    int pages = 0;
    bool in_order = true;
    char after[API_ID_SIZE] = "";
    struct api_rooms rooms = {.room_count = 1};
    while (seeded == OK && rooms.room_count > 0 && pages < 10) {
        char expected[API_ID_SIZE];
        enum err err = list("s1", NULL, after[0] != '\0' ? after : NULL, &rooms);
        (void)snprintf(expected, sizeof(expected), "r%d", seen);
        in_order = in_order && err == OK &&
                   (rooms.room_count == 0 || str_equal(rooms.rooms[0].room_id, expected));
        seen += (int)rooms.room_count;
        pages += 1;
        if (rooms.room_count > 0) {
            (void)snprintf(after, sizeof(after), "%s", rooms.rooms[rooms.room_count - 1].room_id);
        }
    }
    enum err unknown = list("s1", NULL, "nobody", &rooms);
    store_close(store);
    CHECK_EQ_I64(seeded, OK);
    CHECK_EQ_I64(seen, ROOMS);
    CHECK_EQ_I64(pages, 4); /* 240 + 240 + 20 + 0 */
    CHECK(in_order);
    CHECK_EQ_I64(unknown, ERR_NOT_FOUND);
}

/* --- readings and the page --- */

struct reading {
    const char *energy;
    int64_t at;
};

static enum err apply_reading(struct db *db, void *arg)
{
    const struct reading *reading = arg;
    struct bus_value value = {.item = ITEM_ENERGY, .when = BUS_WHEN_NOW};
    if (!str_copy(value.v, sizeof(value.v), reading->energy)) {
        return ERR_RANGE;
    }
    struct values values = {.meter_id = "m-r1",
                            .kind = BUS_METER_CLOUD,
                            .values = &value,
                            .count = 1,
                            .read_at = reading->at};
    return values_apply(db, &accounts, &values);
}

static enum err midnight(struct db *db, void *arg)
{
    const struct reading *reading = arg;
    int64_t e4 = 0;
    return decimal_parse_e4(reading->energy, &e4) ? usage_note_midnight(db, "m-r1", e4, reading->at)
                                                  : ERR_FORMAT;
}

struct page_call {
    const char *site;
    struct api_room_page page;
};

static enum err run_page(struct db *db, void *arg)
{
    struct page_call *call = arg;
    return rooms_page(db, &accounts, call->site, "t-s1", "r1", &call->page);
}

enum { HOUR_S = 3600, DAY_S = 86400, MIDNIGHT_S = NOW_S - 17 * HOUR_S };

TEST(the_page_adds_up)
{
    static const struct reading freezes[] = {{"100.00", MIDNIGHT_S - 3 * DAY_S},
                                             {"106.00", MIDNIGHT_S - 2 * DAY_S},
                                             {"110.50", MIDNIGHT_S - DAY_S},
                                             {"118.50", MIDNIGHT_S}};
    static const struct reading readings[] = {{"118.60", MIDNIGHT_S + HOUR_S},
                                              {"121.25", NOW_S - 60},
                                              {"119.00", NOW_S - 2 * HOUR_S}}; /* came late */
    bool changed = false;
    CHECK(open_store());
    enum err err = seed(PLAIN, &changed);
    for (size_t i = 0; err == OK && i < ARRAY_COUNT(freezes); i++) {
        struct reading reading = freezes[i];
        err = store_run(store, midnight, &reading);
    }
    for (size_t i = 0; err == OK && i < ARRAY_COUNT(readings); i++) {
        struct reading reading = readings[i];
        err = store_run(store, apply_reading, &reading);
    }
    struct page_call own = {.site = "s1"};
    struct page_call foreign = {.site = "s2"};
    enum err own_err = store_read(store, run_page, &own);
    enum err foreign_err = store_read(store, run_page, &foreign);
    store_close(store);
    const struct api_room_page *page = &own.page;
    CHECK_EQ_I64(err, OK);
    CHECK_EQ_I64(own_err, OK);
    CHECK_EQ_I64(foreign_err, ERR_NOT_FOUND);
    CHECK_EQ_STR(page->place, "3\xE6\xA0\x8B"
                              "2\xE5\x8D\x95\xE5\x85\x83"
                              "501");
    CHECK_EQ_I64(page->price_e4_yuan, 5469);
    CHECK(page->has_last);
    CHECK_EQ_I64(page->last_balance_fen, 4260);
    CHECK_EQ_STR(page->last_energy, "121.25");
    CHECK_EQ_I64(page->last_age_s, 60);
    /* The first freeze only ends its day; three whole days and today have a use. */
    CHECK_EQ_U64(page->usage.day_count, 4);
    CHECK_EQ_STR(page->usage.days[0].day, "2026-11-17");
    CHECK_EQ_STR(page->usage.days[0].amount, "6.00");
    CHECK_EQ_STR(page->usage.days[2].amount, "8.00");
    CHECK_EQ_STR(page->usage.today, "2.75");
    CHECK_EQ_STR(page->usage.month, "21.25");
    CHECK_EQ_STR(page->usage.average, "6.17");
    CHECK(page->has_days_left);
    CHECK_EQ_I64(page->days_left, 12); /* 42.60 yuan at 6.1666 kWh x 0.5469 yuan a day */
    CHECK_EQ_I64(used_e4, 1190000);    /* every register is handed to the ledger, late ones too */
}

/* The server's clock was three hours ahead for a while, and is right again. */
TEST(a_clock_that_was_ahead_does_not_hold_the_page)
{
    struct reading ahead = {"121.25", NOW_S + 3 * HOUR_S};
    struct reading now = {"121.50", NOW_S};
    struct reading late = {"121.40", NOW_S - HOUR_S};
    bool changed = false;
    CHECK(open_store());
    enum err err = seed(PLAIN, &changed);
    wall_s = NOW_S + 3 * HOUR_S;
    err = err == OK ? store_run(store, apply_reading, &ahead) : err;
    wall_s = NOW_S;
    err = err == OK ? store_run(store, apply_reading, &now) : err;
    err = err == OK ? store_run(store, apply_reading, &late) : err;
    struct page_call own = {.site = "s1"};
    enum err own_err = store_read(store, run_page, &own);
    store_close(store);
    CHECK_EQ_I64(err, OK);
    CHECK_EQ_I64(own_err, OK);
    CHECK_EQ_STR(own.page.last_energy, "121.50");
    CHECK_EQ_I64(own.page.last_age_s, 0);
}

TEST(a_gap_makes_no_tall_bar_and_an_exchange_no_negative_one)
{
    static const struct reading readings[] = {{"100.00", MIDNIGHT_S - 9 * DAY_S + HOUR_S},
                                              {"190.00", MIDNIGHT_S - 2 * DAY_S + HOUR_S},
                                              {"191.50", MIDNIGHT_S - 2 * DAY_S + 9 * HOUR_S},
                                              {"0.40", MIDNIGHT_S - DAY_S + HOUR_S},
                                              {"0.90", MIDNIGHT_S + HOUR_S}};
    bool changed = false;
    CHECK(open_store());
    enum err err = seed(PLAIN, &changed);
    for (size_t i = 0; err == OK && i < ARRAY_COUNT(readings); i++) {
        struct reading reading = readings[i];
        err = store_run(store, apply_reading, &reading);
    }
    struct page_call own = {.site = "s1"};
    enum err own_err = store_read(store, run_page, &own);
    store_close(store);
    CHECK_EQ_I64(err, OK);
    CHECK_EQ_I64(own_err, OK);
    CHECK_EQ_U64(own.page.usage.day_count, 4);
    CHECK_EQ_STR(own.page.usage.days[0].amount, "0.00");
    CHECK_EQ_STR(own.page.usage.days[1].amount, "1.50");
    CHECK_EQ_STR(own.page.usage.days[2].amount, "0.00");
    CHECK_EQ_STR(own.page.usage.days[3].amount, "0.50");
    CHECK_EQ_STR(own.page.usage.month, "92.00"); /* the week without readings is in it */
}

/* --- small things --- */

static const char *masked(const char *name)
{
    static char text[API_NAME_SIZE];
    catalog_mask_name(name, text);
    return text;
}

TEST(names_are_masked)
{
    CHECK_EQ_STR(masked("\xE5\xBC\xA0\xE4\xB8\x89"), "\xE5\xBC\xA0*");
    CHECK_EQ_STR(masked("John Smith"), "J*");
    CHECK_EQ_STR(masked(""), "");
    CHECK_EQ_STR(masked("\xE5\xBC"), ""); /* half a character is nobody's name */
}

TEST(decimals_are_exact)
{
    static const struct {
        const char *text;
        bool good;
        int64_t e4;
    } cases[] = {{"0", true, 0},
                 {"1234.56", true, 12345600},
                 {"-0.01", true, -100},
                 {"0.0001", true, 1},
                 {"0.00001", false, 0},
                 {"", false, 0},
                 {".5", false, 0},
                 {"5.", false, 0},
                 {"1e3", false, 0},
                 {"+1", false, 0},
                 {" 1", false, 0},
                 {"1 ", false, 0},
                 {"999999999999", true, INT64_C(9999999999990000)},
                 {"9999999999999", false, 0}};
    size_t good = 0;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t e4 = -7;
        bool parsed = decimal_parse_e4(cases[i].text, &e4);
        good += parsed == cases[i].good && e4 == (parsed ? cases[i].e4 : -7) ? 1 : 0;
    }
    char text[DECIMAL_TEXT_SIZE];
    int64_t fen = 0;
    CHECK_EQ_U64(good, ARRAY_COUNT(cases));
    CHECK_EQ_STR(decimal_format_e4(12345650, 2, text), "1234.57");
    CHECK_EQ_STR(decimal_format_e4(-50, 2, text), "-0.01");
    CHECK_EQ_STR(decimal_format_e4(-49, 2, text), "0.00");
    CHECK_EQ_STR(decimal_format_e4(5469, 4, text), "0.5469");
    CHECK_EQ_STR(decimal_format_e4(25000, 0, text), "3");
    CHECK_EQ_STR(decimal_format_e4(INT64_MIN, 4, text), "-922337203685477.5808");
    CHECK(decimal_parse_fen("12.3", &fen));
    CHECK_EQ_I64(fen, 1230);
    CHECK(!decimal_parse_fen("12.345", &fen));
}

TEST_MAIN()
