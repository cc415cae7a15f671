/* SPDX-License-Identifier: Apache-2.0 */
/* The desk's persons: what changes the register, or takes keys out of the server, is signed. */
#include "common/str.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

static struct card_rig rig;

#define AS(name, password) "\"person\":\"" name "\",\"password\":\"" password "\""
#define WANG AS("wang", "correct horse")
#define CARD "/v1/admin/cards/" UID
#define ZEROS_8 "0000000000000000"
#define ZEROS_48 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8
#define NO_WORD ZEROS_48
#define NO_FILES                                                                                   \
    "{\"parameters\":\"" ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8                                   \
    "0000000000\",\"wallet\":\"" ZEROS_8 "\",\"return\":\"" ZEROS_48 "00\"}"

/* Calls that need a person: a path, and the body's members in front of him. */
static const struct {
    const char *path;
    const char *members;
} SIGNED[] = {
    {"/v1/admin/cards", "\"uid\":\"" UID_2 "\",\"meter_id\":\"m5\""},
    {CARD "/replace", "\"uid\":\"" UID_2 "\""},
    {CARD "/state", "\"state\":\"lost\""},
    {CARD "/state", "\"state\":\"blocked\""},
    {CARD "/state", "\"state\":\"open\""},
    {CARD "/keys", "\"serial\":\"\""},
    {CARD "/return", "\"record\":\"" NO_WORD "\""},
    {CARD "/reading", "\"take\":true,\"credit\":[null,null]"},
    {CARD "/reading", "\"take\":true,\"files\":" NO_FILES},
};

/* Who is no person, how that is answered, and with which code. */
static const struct {
    const char *person;
    unsigned status;
    const char *code;
} NOBODY[] = {
    {"\"by\":\"li\"", 400, "bad_request"},
    {"\"person\":\"li\"", 400, "bad_request"},
    {"\"password\":\"correct horse\"", 400, "bad_request"},
    {AS("", ""), 403, "wrong_password"},
    {AS("nobody", "correct horse"), 403, "wrong_password"},
    {AS("wang", "guessed"), 403, "wrong_password"},
};

static int64_t count(const char *sql)
{
    return rig_number(&rig.rig, sql, NULL);
}

/* What the register holds and did. */
static void look(char *ret_text, size_t size)
{
    rig_text(&rig.rig,
             "SELECT (SELECT group_concat(uid || ' ' || meter_id || ' ' || state, ', ') FROM card)"
             " || '; ' || (SELECT count(*) FROM card_account) || ' accounts, '"
             " || (SELECT count(*) FROM card_token) || ' tokens, '"
             " || (SELECT count(*) FROM card_reading) || ' readings; '"
             " || (SELECT group_concat(uid || ' ' || event || ' ' || person, ', ')"
             " FROM card_event)",
             NULL, ret_text, size);
}

TEST(the_desk_does_nothing_for_nobody)
{
    char before[400];
    char after[400];
    char body[500];
    char code[64];
    card_rig_begin(&rig);
    open_card(UID, API_CARD_CLASSIC);
    look(before, sizeof(before));
    CHECK_EQ_STR(before, UID " m4 open; 1 accounts, 0 tokens, 0 readings; " UID " issued li");
    for (size_t i = 0; i < ARRAY_COUNT(SIGNED) * ARRAY_COUNT(NOBODY); i++) {
        const size_t which = i % ARRAY_COUNT(NOBODY);
        str_format_cut(body, sizeof(body), "{%s,%s}", SIGNED[i / ARRAY_COUNT(NOBODY)].members,
                       NOBODY[which].person);
        rig_exec(&rig.rig, "UPDATE person SET failures = 0");
        CHECK_EQ_U64(desk(SIGNED[i / ARRAY_COUNT(NOBODY)].path, body, "record", code),
                     NOBODY[which].status);
        CHECK_EQ_STR(code, NOBODY[which].code);
        look(after, sizeof(after));
        CHECK_EQ_STR(after, before);
    }
    card_rig_end(&rig);
}

TEST(wrong_passwords_at_the_desk_lock_the_name)
{
    char code[64];
    card_rig_begin(&rig);
    open_card(UID, API_CARD_CLASSIC);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ_U64(desk(CARD "/keys", "{" AS("wang", "guessed") "}", "uid", code), 403);
        CHECK_EQ_STR(code, "wrong_password");
    }
    CHECK_EQ_U64(desk(CARD "/keys", "{" WANG "}", "uid", code), 403);
    CHECK_EQ_STR(code, "locked");
    CHECK_EQ_I64(count("SELECT count(*) FROM card_event WHERE event = 'keys'"), 0);
    CHECK_EQ_U64(desk(CARD "/keys", "{" BY_LI "}", "uid", code), 200);
    card_rig_end(&rig);
}

TEST(the_desk_says_by_whose_hand)
{
    static const struct {
        const char *path;
        const char *body;
    } CALLS[] = {
        {"/v1/admin/cards", "{\"uid\":\"" UID_7 "\",\"meter_id\":\"m5\"," WANG "}"},
        {CARD "/state", "{\"state\":\"blocked\"," WANG "}"},
        {CARD "/state", "{\"state\":\"open\"," BY_LI "}"},
        {CARD "/state", "{\"state\":\"lost\"," BY_LI "}"},
        {CARD "/keys", "{" WANG "}"},
        {CARD "/return", "{\"record\":\"" NO_WORD "\"," WANG "}"},
        {CARD "/reading", "{\"take\":true,\"credit\":[null,null]," BY_LI "}"},
        {CARD "/reading", "{\"credit\":[null,null]}"}, /* only judged */
        {CARD "/replace", "{\"uid\":\"" UID_2 "\"," WANG "}"},
        {"/v1/admin/cards/" UID_2 "/keys", "{" BY_LI "}"},
    };
    char text[400];
    card_rig_begin(&rig);
    open_card(UID, API_CARD_CLASSIC);
    for (size_t i = 0; i < ARRAY_COUNT(CALLS); i++) {
        CHECK_EQ_U64(desk(CALLS[i].path, CALLS[i].body, "uid", text), 200);
    }
    rig_text(&rig.rig, "SELECT group_concat(event || ' ' || person, ', ') FROM card_event", NULL,
             text, sizeof(text));
    CHECK_EQ_STR(text,
                 "issued li, issued wang, blocked wang, open li, lost li, keys wang, taken wang, "
                 "taken li, replaced wang, issued wang, keys li");
    card_rig_end(&rig);
}

static void check_card_of(const char *order_no, const char *uid)
{
    char text[64];
    rig_text(&rig.rig, "SELECT uid FROM card_order WHERE order_no = ?1", order_no, text,
             sizeof(text));
    CHECK_EQ_STR(text, uid);
}

TEST(what_has_ended_stays_with_its_card)
{
    static struct laid laid;
    char ended[API_ORDER_NO_SIZE];
    char gone[API_ORDER_NO_SIZE];
    char paid[API_ORDER_NO_SIZE];
    char word[64];
    card_rig_begin(&rig);
    open_card(UID, API_CARD_CLASSIC);
    struct test_card card = test_card_make(UID);
    top_up(&rig, &card, 5000, ended);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(order_card("k1", &laid, 5000, gone), 200);
    CHECK(rig_until(&rig.rig, gone, "WAIT_PAY"));
    str_format_cut(word, sizeof(word), "/v1/terminal/orders/%s/cancel", gone);
    CHECK_EQ_U64(desk(word, "{\"client_request_id\":\"018f3a1c-0000-7000-b000-000000000001\"}",
                      "order_no", word),
                 200);
    CHECK(rig_until(&rig.rig, gone, "CLOSED"));
    buy(&rig, "k1", &card, 5000, paid);
    CHECK_EQ_U64(desk(CARD "/replace", "{\"uid\":\"" UID_2 "\"," BY_LI "}", "uid", word), 200);
    check_card_of(ended, UID);
    check_card_of(gone, UID);
    check_card_of(paid, UID_2);
    card_rig_end(&rig);
}

TEST_MAIN()
