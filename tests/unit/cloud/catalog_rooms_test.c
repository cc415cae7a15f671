/* SPDX-License-Identifier: Apache-2.0 */

/* Which rooms a terminal finds, and what the page of a room shows. */

#include "cloud/catalog/decimal.h"
#include "cloud/catalog/rooms.h"
#include "cloud/catalog/usage.h"
#include "cloud/meters/values.h"
#include "tests/unit/cloud/catalog_steps.h"

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

TEST_MAIN()
