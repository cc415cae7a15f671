/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every screen in every dress: all samples x 2 languages x 2 orientations x 2 text sizes x 2
 * themes, checked without looking at pixels; then the words of each page against what was agreed
 * (tests/unit/kiosk/golden); then the promises that money screens must keep.
 *
 *     kiosk_screens_test --seed 424242    writes the golden words anew, for review
 */
#include <ctype.h>

#include "core/session/names.h"
#include "tests/unit/kiosk/pages.h"

enum { LINE_MS = 1000, CLOCK_BOTTOM = 384 };

static char golden[TEXT_SIZE];

static void walk(int width, int height)
{
    open_states();
    struct ui *ui = open_ui(width, height);
    for (int bits = 0; bits < 8; bits++) {
        struct dress dress = {.width = width,
                              .height = height,
                              .language = (bits & 1) ? SESSION_LANGUAGE_EN : SESSION_LANGUAGE_ZH,
                              .large = (bits & 2) != 0,
                              .contrast = (bits & 4) != 0};
        for (size_t i = 0; i < shot_states_count(states); i++) {
            const char *name = shot_states_name(states, i);
            struct strbuf lines;
            strbuf_init(&lines, text, sizeof text);
            (void)draw(ui, name, dress);
            if (ui_problems(ui, &lines) > 0) {
                TEST_FAIL("%s in dress %d at %dx%d:\n%s", name, bits, width, height, text);
            }
        }
    }
    ui_destroy(ui);
}

TEST(nothing_is_cut_small_or_too_near_upright)
{
    walk(1080, 1920);
}

TEST(nothing_is_cut_small_or_too_near_across)
{
    walk(1920, 1080);
}

TEST(every_screen_and_overlay_has_a_sample)
{
    open_states();
    bool screens[SESSION_SCREEN_COUNT] = {false};
    bool overlays[SESSION_OVERLAY_COUNT] = {false};
    bool problems[SESSION_PROBLEM_COUNT] = {[SESSION_PROBLEM_NONE] = true};
    for (size_t i = 0; i < shot_states_count(states); i++) {
        char wrong[PATH_SIZE];
        struct ui_now now;
        const char *name = shot_states_name(states, i);
        CHECK_EQ_I64(shot_states_get(states, name, &session, &now, wrong, sizeof wrong), OK);
        screens[session.screen] = true;
        overlays[session.overlay] = true;
        problems[session.problem] = true;
    }
    for (int i = 0; i < SESSION_SCREEN_COUNT; i++) {
        CHECK(screens[i]);
    }
    for (int i = 0; i < SESSION_OVERLAY_COUNT; i++) {
        CHECK(overlays[i]);
    }
    for (int i = 0; i < SESSION_PROBLEM_COUNT; i++) {
        CHECK(problems[i]);
    }
}

static void golden_check(struct ui *ui, const char *name, bool update)
{
    static char words[TEXT_SIZE];
    char path[PATH_SIZE];
    (void)draw(ui, name, (struct dress){.width = 1080, .height = 1920});
    words_of(ui, words, sizeof words);
    CHECK(str_format(path, sizeof path, "tests/unit/kiosk/golden/%s.txt", name));
    FILE *file = fopen(path, update ? "we" : "re");
    if (file == NULL) {
        TEST_FAIL("%s cannot be opened", path);
    }
    if (update) {
        (void)fputs(words, file);
        (void)fclose(file);
        return;
    }
    size_t size = fread(golden, 1, sizeof golden - 1, file);
    (void)fclose(file);
    golden[size] = '\0';
    if (strcmp(golden, words) != 0) {
        TEST_FAIL("%s says other words than %s:\n%s", name, path, words);
    }
}

TEST(pages_say_what_was_agreed)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    bool update = test_seed == 424242; /* --seed 424242 writes them anew */
    for (size_t i = 0; i < shot_states_count(states); i++) {
        golden_check(ui, shot_states_name(states, i), update);
    }
    ui_destroy(ui);
}

/* In Chinese nothing is left in English but names, units and numbers. */
static bool is_allowed_latin(const char *word)
{
    static const char *const allowed[] = {"English", "Touch",  "Shilling", "DL/T", "CJ/T", "kWh",
                                          "SH2026",  "GH0001", "T-0042",   "kW",   "the",  "screen",
                                          "to",      "start",  "or",       "lay",  "your", "card"};
    for (size_t i = 0; i < ARRAY_COUNT(allowed); i++) {
        if (str_starts_with(word, allowed[i])) {
            return true;
        }
    }
    return false;
}

TEST(everything_is_translated)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    static char words[TEXT_SIZE];
    for (size_t i = 0; i < shot_states_count(states); i++) {
        const char *name = shot_states_name(states, i);
        (void)draw(ui, name, (struct dress){.width = 1080, .height = 1920});
        words_of(ui, words, sizeof words);
        for (char *word = strtok(words, " \n"); word != NULL; word = strtok(NULL, " \n")) {
            bool latin =
                isalpha((unsigned char)word[0]) != 0 && isalpha((unsigned char)word[1]) != 0;
            if (latin && !is_allowed_latin(word)) {
                TEST_FAIL("%s: \"%s\" is not translated", name, word);
            }
        }
    }
    ui_destroy(ui);
}

/* docs/money.md: a refund is promised only where no meter can have taken it. */
TEST(no_refund_is_promised_while_a_meter_may_have_taken_it)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    CHECK(says(ui, "slow", "goes back to you"));
    CHECK(!says(ui, "slow-sent", "goes back to you"));
    CHECK(says(ui, "slow-sent", "do not pay again"));
    CHECK(says(ui, "refund", "refund is ordered"));
    CHECK(!says(ui, "refund", "went back"));
    CHECK(says(ui, "refunded", "went back"));
    CHECK(!says(ui, "review", "goes back to you"));
    CHECK(says(ui, "checking", "do not pay again"));
    CHECK(!says(ui, "checking", "Not paid"));
    CHECK(says(ui, "checking-late", "Not paid so far"));
    /* Only the server can say that, and only while it speaks. */
    CHECK(!says(ui, "checking-silent", "Not paid"));
    CHECK(says(ui, "checking-silent", "do not pay again"));
    CHECK(says(ui, "checking-silent", "270042"));
    CHECK(!says(ui, "checking-start", "Not paid"));
    CHECK(says(ui, "checking-start", "400-000-0000"));
    CHECK(!says(ui, "checking-start", "Done"));
    CHECK(!says(ui, "slow-stale", "goes back to you"));
    CHECK(says(ui, "slow-stale", "do not pay again"));
    CHECK(says(ui, "meter-silent", "This value is from 3 h ago"));
    ui_destroy(ui);
}

TEST(pages_say_what_is_so_and_offer_what_there_is)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    CHECK(says(ui, "closed", "Pay again"));
    CHECK(says(ui, "done-cut-off", "Power is cut off"));
    CHECK(!says(ui, "done-cut-off", "switched on"));
    CHECK(says(ui, "wallet-debt", "20.00 of your payment goes"));
    CHECK(says(ui, "meter-blocked", "An earlier top-up of this meter is not finished"));
    CHECK(says(ui, "meter-waiting", "Balance 3 h ago"));
    CHECK(!says(ui, "meter-waiting", "Power is on"));
    CHECK(says(ui, "pay-over", "no longer valid"));
    CHECK(!says(ui, "pay-over", "Making the code"));
    CHECK(says(ui, "pay-reopened", "Open Alipay"));
    CHECK(says(ui, "slow", "Printing the receipt"));
    CHECK(says(ui, "refund", "Receipt printed"));
    CHECK(says(ui, "review", "did not confirm"));
    CHECK(says(ui, "found-again", "Print receipt"));
    CHECK(!says(ui, "found-again-no-paper", "Print receipt"));
    CHECK(!says(ui, "no-printer", "on your phone"));
    CHECK(says(ui, "open-elsewhere", "goes back to whoever paid"));
    ui_destroy(ui);
}

/* How often a page is drawn in @p ms, and that each time something was painted. */
static int drawings(struct ui *ui, const char *name, int64_t ms)
{
    char wrong[PATH_SIZE];
    struct ui_now now;
    struct ui_rects rects;
    CHECK_EQ_I64(shot_states_get(states, name, &session, &now, wrong, sizeof wrong), OK);
    session.screen_until_ms = 0; /* without the ring's seconds */
    session.card.give_up_ms = 0;
    render(ui, 1, now, 1080, &rects);
    int64_t end = now.mono_ms + ms;
    int count = 0;
    for (;;) {
        int64_t next = ui_next_deadline_ms(ui);
        if (next >= end) {
            return count;
        }
        CHECK(next > now.mono_ms);
        now.mono_ms = next;
        render(ui, 1, now, 1080, &rects);
        count += 1;
    }
}

TEST(pictures_move_only_while_something_moves)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    /* A still card is drawn once. */
    CHECK_EQ_I64(drawings(ui, "card", 20000), 0);
    /* The taking hand: 700 ms of 2600 at 25 pictures a second. */
    int take = drawings(ui, "card-done", 2600);
    CHECK(take >= 17 && take <= 21);
    /* And the waves while it lies, twelve a second. */
    int lay = drawings(ui, "card-place", 3600);
    CHECK(lay >= 44 && lay <= 54);
    ui_destroy(ui);
}

TEST(in_landscape_the_code_is_on_the_right)
{
    open_states();
    struct ui *ui = open_ui(1280, 1024);
    struct dress across = {.width = 1280, .height = 1024};
    CHECK(!says_at(ui, "pay", across, "code above"));
    CHECK(says_at(ui, "pay", across, "code on the right"));
    ui_destroy(ui);
}

static bool shows_code(const struct ui *ui)
{
    struct strbuf dump;
    strbuf_init(&dump, text, sizeof text);
    ui_dump(ui, &dump);
    return strstr(text, "\ncode ") != NULL;
}

TEST(the_code_is_shown_only_on_fresh_news)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    struct dress dress = {.width = 1080, .height = 1920};
    (void)draw(ui, "pay", dress);
    CHECK(shows_code(ui));
    (void)draw(ui, "pay-stale", dress);
    CHECK(!shows_code(ui));
    (void)draw(ui, "pay-scanned", dress);
    CHECK(!shows_code(ui));
    (void)draw(ui, "pay-making", dress);
    CHECK(!shows_code(ui));
    /* And not one second after the window is over. */
    struct ui_now now;
    char wrong[PATH_SIZE];
    struct ui_rects rects;
    CHECK_EQ_I64(shot_states_get(states, "pay", &session, &now, wrong, sizeof wrong), OK);
    now.mono_ms = session.order.qr_until_ms;
    render(ui, 1, now, 1080, &rects);
    CHECK(!shows_code(ui));
    ui_destroy(ui);
}

/* Every text of the session as long as its buffer allows, and not even UTF-8. */
static void make_hostile(uint32_t seed)
{
    static const char *const evil[] = {"\xFF\xFE\x80", "%s%n%d",          "\xE2\x80\xAE",
                                       "{1}{2}{9}",    "\xE7\x94\xB5",    "W",
                                       "\x01\x1B[2J",  "\xF0\xA0\xAE\xB7"};
    struct {
        char *text;
        size_t size;
    } const fields[] = {
        {session.profile.company, sizeof session.profile.company},
        {session.profile.site, sizeof session.profile.site},
        {session.profile.notice, sizeof session.profile.notice},
        {session.profile.phone, sizeof session.profile.phone},
        {session.profile.payments_reason, sizeof session.profile.payments_reason},
        {session.meter.place, sizeof session.meter.place},
        {session.meter.customer, sizeof session.meter.customer},
        {session.meter.address, sizeof session.meter.address},
        {session.meter.usage_average, sizeof session.meter.usage_average},
        {session.meter.usage_total, sizeof session.meter.usage_total},
        {session.meter.days[0].amount, sizeof session.meter.days[0].amount},
        {session.meter.sale_reason, sizeof session.meter.sale_reason},
        {session.order.order_no, sizeof session.order.order_no},
        {session.order.place, sizeof session.order.place},
        {session.order.refund_no, sizeof session.order.refund_no},
        {session.order.qr_text, sizeof session.order.qr_text},
        {session.problem_text, sizeof session.problem_text},
        {session.find.rooms.rooms[0].label, sizeof session.find.rooms.rooms[0].label},
        {session.find.rooms.groups[0].building, sizeof session.find.rooms.groups[0].building},
    };
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const char *part = evil[(seed + i) % ARRAY_COUNT(evil)];
        size_t len = strlen(part);
        for (size_t at = 0; at + 1 < fields[i].size; at++) {
            fields[i].text[at] = part[at % len];
        }
        fields[i].text[fields[i].size - 1] = '\0';
    }
    session.reading.balance = money_fen(-INT64_MAX);
    session.order.amount = money_fen(INT64_MAX);
    session.order.created_at = INT64_C(4102444800);
}

TEST(hostile_texts_do_no_harm)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    struct ui_look look = {.language = "zh_CN"};
    ui_set_look(ui, &look);
    for (uint32_t seed = 0; seed < 8; seed++) {
        for (size_t i = 0; i < shot_states_count(states); i++) {
            char wrong[PATH_SIZE];
            struct ui_now now;
            struct ui_rects rects;
            const char *name = shot_states_name(states, i);
            CHECK_EQ_I64(shot_states_get(states, name, &session, &now, wrong, sizeof wrong), OK);
            make_hostile(seed);
            render(ui, seed, now, 1080, &rects);
        }
    }
    CHECK(ui_cache_size(ui) < 16 * 1024 * 1024);
    ui_destroy(ui);
}

TEST(nobody_wakes_when_nothing_changes)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    struct ui_rects rects;
    char wrong[PATH_SIZE];
    struct ui_now now;
    CHECK_EQ_I64(shot_states_get(states, "home", &session, &now, wrong, sizeof wrong), OK);
    struct ui_look look = screens_look(&session);
    ui_set_look(ui, &look);
    render(ui, 1, now, 1080, &rects);
    int64_t next = ui_next_deadline_ms(ui);
    CHECK(next > now.mono_ms && next <= now.mono_ms + 60 * LINE_MS);
    /* Until then the picture is the same. */
    struct ui_now later = {.mono_ms = next - 1, .wall_s = now.wall_s + 59};
    render(ui, 1, later, 1080, &rects);
    CHECK_EQ_U64(rects.count, 0);
    /* Then the minute changes, and only there. */
    struct ui_now minute = {.mono_ms = next, .wall_s = now.wall_s + 60};
    render(ui, 1, minute, 1080, &rects);
    CHECK(rects.count >= 1);
    for (size_t i = 0; i < rects.count; i++) {
        CHECK(rects.list[i].y + rects.list[i].h <= CLOCK_BOTTOM);
    }
    CHECK_EQ_I64(shot_states_get(states, "review", &session, &now, wrong, sizeof wrong), OK);
    render(ui, 2, now, 1080, &rects);
    CHECK_EQ_I64(ui_next_deadline_ms(ui), INT64_MAX);
    ui_destroy(ui);
}

TEST(a_countdown_steps_once_a_second)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    struct ui_rects rects;
    char wrong[PATH_SIZE];
    struct ui_now now;
    CHECK_EQ_I64(shot_states_get(states, "pay", &session, &now, wrong, sizeof wrong), OK);
    render(ui, 1, now, 1080, &rects);
    int steps = 0;
    int64_t end = now.mono_ms + 10 * LINE_MS;
    while (now.mono_ms < end) {
        CHECK(ui_next_deadline_ms(ui) > now.mono_ms);
        now.mono_ms = ui_next_deadline_ms(ui);
        render(ui, 1, now, 1080, &rects);
        steps += 1;
    }
    CHECK(steps >= 9 && steps <= 11);
    ui_destroy(ui);
}

TEST(a_wipe_leaves_no_text_behind)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    (void)draw(ui, "meter", (struct dress){.width = 1080, .height = 1920});
    size_t before = ui_cache_size(ui);
    ui_wipe(ui);
    CHECK(ui_cache_size(ui) < before);
    struct strbuf dump;
    strbuf_init(&dump, text, sizeof text);
    ui_dump(ui, &dump);
    CHECK_EQ_U64(strlen(text), 0);
    CHECK(draw(ui, "home", (struct dress){.width = 1080, .height = 1920}).count >= 1);
    ui_destroy(ui);
}

TEST(names_and_addresses_are_masked_in_dumps)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    static char words[TEXT_SIZE];
    (void)draw(ui, "meter", (struct dress){.width = 1080, .height = 1920});
    words_of(ui, words, sizeof words);
    CHECK(strstr(words, "1502") == NULL);
    CHECK(strstr(words, "112233445566") == NULL);
    CHECK(strstr(words, "***") != NULL);
    ui_destroy(ui);
}

/* The days to the next festival are on the first page in large letters, too. */
TEST(large_letters_leave_nothing_of_the_calendar_out)
{
    const struct dress across = {.width = 1920, .height = 1080, .large = true};
    const struct dress upright = {.width = 1080, .height = 1920, .large = true};
    open_states();
    struct ui *ui = open_ui(1920, 1080);
    CHECK(says_at(ui, "home", across, "Light Snow New Year in 42 days"));
    CHECK(says_at(ui, "attract", across, "Light Snow New Year in 42 days"));
    ui_destroy(ui);
    ui = open_ui(1080, 1920);
    CHECK(says_at(ui, "attract", upright, "Light Snow New Year in 42 days"));
    ui_destroy(ui);
}

TEST_MAIN()
