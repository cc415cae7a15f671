/* SPDX-License-Identifier: Apache-2.0 */

/* The catalogue: what a seed may say; and how its names and numbers are written. */

#include "cloud/catalog/decimal.h"
#include "cloud/catalog/rooms.h"
#include "tests/unit/cloud/catalog_steps.h"

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
