/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another meter hangs in the place of one that was sold to: the catalogue has a new number. Nothing
 * that was bought for the old one may come into the new one, and nothing of it may be forgotten.
 */
#include <string.h>

#include "cloud/catalog/seed.h"
#include "cloud/orders/books.h"
#include "common/must.h"
#include "common/str.h"
#include "tests/unit/cloud_cards/purchase_rig.h"
#include "tests/unit/test.h"

#define NEW_ADDRESS "000012345670"
#define UNSOLD_ADDRESS "000012345671"

#define NUMBER_IS(address) "UPDATE meter SET address = '" address "' WHERE meter_id = '" METER "'"

static void exchange(void)
{
    rig_exec(&at.rig.rig, NUMBER_IS(NEW_ADDRESS));
}

static void put_right(void)
{
    rig_exec(&at.rig.rig, NUMBER_IS(CARD_ADDRESS));
}

/* The meter in its place, as it comes from the works. */
static struct purchase_meter new_meter(void)
{
    struct purchase_meter meter = {.count = 0};
    MUST(card_meter_parse(NEW_ADDRESS, meter.number));
    return meter;
}

static int64_t items(void)
{
    static const char DAY[] = "2026-11-29";
    struct books_result result;
    CHECK_EQ_I64(books_run(at.rig.rig.orders, DAY, &result), OK);
    return rig_number(&at.rig.rig,
                      "SELECT count(*) FROM bill_item WHERE finding = 'CARD_EXCHANGED'"
                      " AND closed_at IS NULL AND order_no = ?1 AND our_fen = 5000",
                      hand.order_no);
}

static void check_refused(void)
{
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "meter_exchanged");
    CHECK(!hand.view.has_write);
}

TEST(nothing_is_sold_to_the_meter_in_its_place)
{
    static struct laid laid;
    char word[API_ORDER_NO_SIZE];
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    memset(&laid, 0, sizeof(laid));
    CHECK(str_copy(laid.session_id, sizeof(laid.session_id), hand.session.session_id));
    exchange(); /* behind the back of a session that was ready */
    CHECK_EQ_U64(order_card("k2", &laid, FEN, word), 409);
    CHECK_EQ_STR(word, "card_refused");
    check_refused();
    CHECK_EQ_I64(items(), 0); /* the old one has it all */
    CHECK_EQ_I64(rig_number(&at.rig.rig,
                            "SELECT count(*) FROM alarm WHERE kind = 'card_meter_exchanged'"
                            " AND subject = ?1",
                            METER),
                 1);
    put_right(); /* a slip of the pen */
    purchase_top_up();
    purchase_check_loaded(2 * FEN);
    purchase_end();
}

TEST(what_is_paid_and_not_issued_goes_back)
{
    rig_timers()->delivery_ms = 1500;
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    purchase_buy("k1");
    exchange();
    check_refused();
    CHECK_EQ_U64(relay_issue("k1"), 409);
    CHECK_EQ_STR(hand.error, "card_refused");
    CHECK(rig_until(&at.rig.rig, hand.order_no, "REFUNDED"));
    CHECK_EQ_I64(items(), 0);
    purchase_end();
}

static void sign(const char *what, const char *more, const char *person)
{
    char path[64];
    char body[160];
    char word[64];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/%s", hand.order_no, what);
    str_format_cut(body, sizeof(body), "{\"person\":\"%s\",\"password\":\"correct horse\",%s}",
                   person, more);
    CHECK_EQ_U64(desk(path, body, "order_no", word), 200);
}

/* Issued, and on its way to the card: two persons who saw the old meter end it, and only once. */
TEST(what_is_issued_and_not_written_is_for_two_persons)
{
    purchase_begin_write();
    relay_rounds_to("k1", ENTER_ROUND - 1);
    exchange();
    CHECK(!relay_one_round("k1", ENTER_ROUND));
    CHECK_EQ_U64(hand.status, 409);
    CHECK_EQ_STR(hand.error, "card_refused");
    CHECK_EQ_U64(at.card.updates, 0);
    check_refused();
    CHECK(is_state(&at.rig, hand.order_no, "REVIEW"));
    CHECK_EQ_U64(relay_issue("k1"), 409);
    CHECK_EQ_STR(hand.error, "card_refused");
    sign("attach", "\"kind\":\"physical\",\"text\":\"the old meter's sealed reading\"", "li");
    sign("sign", "\"decision\":\"refund\"", "li");
    sign("sign", "\"decision\":\"refund\"", "wang");
    CHECK(rig_until(&at.rig.rig, hand.order_no, "REFUNDED"));
    check_refused();
    struct purchase_meter fresh = new_meter();
    CHECK(!purchase_meter_load(&fresh, &at.card));
    CHECK_EQ_I64(items(), 0);
    CHECK_EQ_I64(double_pay_trade(hand.order_no).refund_numbers, 1);
    purchase_end();
}

/* On the card, and no word of the old meter: it stays an item until somebody has looked. */
TEST(what_is_written_and_not_answered_is_an_item_of_the_books)
{
    purchase_begin();
    purchase_top_up();
    CHECK_EQ_I64(items(), 0);
    exchange();
    CHECK_EQ_I64(items(), 1); /* nobody need lay the card */
    check_refused();
    struct purchase_meter fresh = new_meter();
    CHECK(!purchase_meter_load(&fresh, &at.card));
    CHECK_EQ_I64(items(), 1);
    at.card.files = (struct purchase_files){.wallet = {0}}; /* put back to what it was before */
    check_refused();
    CHECK(!purchase_meter_load(&fresh, &at.card));
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    CHECK_EQ_I64(items(), 1);
    purchase_end();
}

/* It had been to the old meter before that was taken down. */
TEST(the_old_meters_answer_still_counts)
{
    purchase_begin_write();
    relay_rounds_to("k1", WALLET_ROUND); /* nobody saw the end */
    CHECK(purchase_meter_load(&at.meter, &at.card));
    exchange();
    check_refused();
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    CHECK_EQ_I64(hand.view.loaded, API_CARD_LOADED_YES);
    CHECK_EQ_I64(items(), 0);
    purchase_end();
}

/* As docs/cards.md has it: the old one goes to a room of its own, marked; its room gets the new. */
static const char EXCHANGED[] =
    "sites = ( { id = \"s1\"; name = \"Site\"; company = \"Company\"; service_phone = \"400\";\n"
    "  amounts_yuan = [20, 50]; amount_min_yuan = \"10.00\"; rooms = (\n"
    "   { id = \"r4-2026\"; building = \"1\"; unit = \"1\"; label = \"104, old meter\";\n"
    "     meter = { id = \"m4\"; address = \"" CARD_ADDRESS
    "\"; profile = \"card\"; tariff = \"flat\";\n"
    "               customer_no = \"000000100001\"; sale_refused = \"exchanged\"; }; },\n"
    "   { id = \"r4\"; building = \"1\"; unit = \"1\"; label = \"104\";\n"
    "     meter = { id = \"m4-b\"; address = \"" NEW_ADDRESS "\"; profile = \"card\";\n"
    "               tariff = \"flat\"; customer_no = \"000000100001\"; }; } ); } );\n";

TEST(the_meter_in_its_place_has_an_account_of_its_own)
{
    const struct seed_source source = {.text = EXCHANGED, .name = "exchanged"};
    char message[CONFIG_MESSAGE_SIZE];
    char word[64];
    bool changed = false;
    purchase_begin();
    purchase_top_up();
    CHECK_EQ_I64(seed_apply(at.rig.rig.store, &source, &changed, message), OK);
    CHECK_EQ_I64(items(), 1);
    check_refused();
    CHECK_EQ_U64(desk("/v1/admin/cards",
                      "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m4-b\",\"media\":\"cpu\"," BY_LI "}",
                      "media", word),
                 200);
    at.card = double_purchase_make(PURCHASE_MASTER, 2);
    relay_lay("k1", UID_2);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    CHECK_EQ_STR(hand.view.meter_id, "m4-b");
    CHECK_EQ_I64(hand.view.loaded, API_CARD_LOADED_NEVER);
    CHECK(!hand.view.has_last);
    CHECK_EQ_I64(items(), 1);
    purchase_end();
}

/* A meter that was sold to is hung up again elsewhere: it knows the first tokens of a new account.
 */
TEST(a_used_meter_gets_no_account_under_another_id)
{
    static const char OPEN[] = "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m5\"," BY_LI "}";
    char word[64];
    char order_no[API_ORDER_NO_SIZE];
    card_rig_begin(&at.rig);
    open_card(UID, API_CARD_CLASSIC);
    struct test_card card = test_card_make(UID);
    top_up(&at.rig, &card, FEN, order_no);
    exchange();
    rig_exec(&at.rig.rig, "UPDATE meter SET address = '" CARD_ADDRESS "' WHERE meter_id = 'm5'");
    CHECK_EQ_U64(desk("/v1/admin/cards", OPEN, "media", word), 409);
    CHECK_EQ_STR(word, "meter_known");
    CHECK_EQ_I64(rig_number(&at.rig.rig, "SELECT count(*) FROM card", NULL), 1);
    rig_exec(&at.rig.rig, "UPDATE meter SET address = '" UNSOLD_ADDRESS "' WHERE meter_id = 'm5'");
    CHECK_EQ_U64(desk("/v1/admin/cards", OPEN, "media", word), 200);
    purchase_end();
}

/* A total is as bad as a count: the new meter would take everything that was ever bought. */
TEST(a_total_does_not_come_into_another_meter_either)
{
    static struct laid laid;
    char word[64];
    char order_no[API_ORDER_NO_SIZE];
    card_rig_begin(&at.rig);
    open_card(UID, API_CARD_CLASSIC);
    struct test_card card = test_card_make(UID);
    struct test_meter meter = test_meter_make();
    top_up(&at.rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    exchange();
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "refused");
    CHECK_EQ_STR(laid.reason, "meter_exchanged");
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_2 "\"," BY_LI "}", "state", word),
        200);
    struct test_card other = test_card_make(UID_2);
    lay("k1", &other, &laid);
    CHECK_EQ_STR(laid.reason, "meter_exchanged");
    CHECK(!laid.has_write);
    char text[160];
    str_format_cut(text, sizeof(text), "{\"order_no\":\"%s\"," BY_LI "}", order_no);
    CHECK_EQ_U64(desk("/v1/admin/card-returns", text, "case_no", word), 409);
    CHECK_EQ_STR(word, "meter_exchanged");
    put_right();
    lay("k1", &other, &laid);
    CHECK_EQ_STR(laid.state, "repair");
    burn(&other, &laid.write);
    test_meter_load(&meter, &other);
    CHECK_EQ_I64(meter.balance_fen, FEN);
    purchase_end();
}

TEST_MAIN()
