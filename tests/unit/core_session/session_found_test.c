/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that are found again: after a power cut, and by the number that was keyed in. */
#include "tests/unit/core_session/steps.h"

TEST(after_a_power_cut_the_order_is_looked_for_and_shown)
{
    now_ms = 5000;
    session_init(&session, now_ms);
    struct session_event boot = {.kind = SESSION_EVENT_BOOT};
    boot.boot.order_open = true;
    boot.boot.age_ms = 60000;
    SET(boot.boot.client_request_id, "00000000-0000-7000-8000-00000000abcd");
    apply(boot);
    check_screen(SESSION_SCREEN_CHECKING);
    CHECK(effect(SESSION_EFFECT_FETCH_ORDERS) != NULL);
    struct session_event failed = {.kind = SESSION_EVENT_FAILED};
    failed.failed.effect_kind = SESSION_EFFECT_FETCH_ORDERS;
    apply(failed);
    tick_at(now_ms + 2000);
    CHECK(effect(SESSION_EFFECT_FETCH_ORDERS) != NULL);
    static struct session_found_orders found;
    found = (struct session_found_orders){.count = 1};
    found.orders[0] = view(SESSION_ORDER_DONE);
    SET(found.orders[0].client_request_id, boot.boot.client_request_id);
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS, .found = &found});
    check_screen(SESSION_SCREEN_DONE);
    CHECK(session.order_reopened);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
    CHECK_EQ_I64(session.screen_until_ms - now_ms, 60000);
}

TEST(after_a_power_cut_nothing_ends_before_the_server_has_spoken)
{
    now_ms = 5000;
    session_init(&session, now_ms);
    struct session_event boot = {.kind = SESSION_EVENT_BOOT};
    boot.boot.order_open = true;
    boot.boot.age_ms = 400000;
    SET(boot.boot.client_request_id, "00000000-0000-7000-8000-00000000abcd");
    apply(boot);
    int64_t begun_ms = now_ms;
    struct session_event failed = {.kind = SESSION_EVENT_FAILED};
    failed.failed.effect_kind = SESSION_EFFECT_FETCH_ORDERS;
    while (now_ms < begun_ms + 190000) {
        apply(failed);
        tick_at(session_next_deadline_ms(&session));
        check_screen(SESSION_SCREEN_CHECKING);
        CHECK(effect(SESSION_EFFECT_SETTLED) == NULL);
    }
    touch(SESSION_ACTION_FINISH, 0);
    touch(SESSION_ACTION_HOME, 0);
    check_screen(SESSION_SCREEN_CHECKING);
    tick_at(begun_ms + 200000); /* ten minutes old: the office's business */
    check_screen(SESSION_SCREEN_HOME);
    CHECK_EQ_STR(want(SESSION_EFFECT_SETTLED)->id, boot.boot.client_request_id);
}

TEST(after_a_power_cut_the_servers_word_has_its_whole_time)
{
    now_ms = 5000;
    session_init(&session, now_ms);
    struct session_event boot = {.kind = SESSION_EVENT_BOOT};
    boot.boot.order_open = true;
    SET(boot.boot.client_request_id, "00000000-0000-7000-8000-00000000abcd");
    apply(boot);
    now_ms += 50000;
    static struct session_found_orders found;
    found = (struct session_found_orders){.count = 1};
    found.orders[0] = view(SESSION_ORDER_CLOSING);
    SET(found.orders[0].client_request_id, boot.boot.client_request_id);
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS, .found = &found});
    check_screen(SESSION_SCREEN_CHECKING);
    CHECK_EQ_I64(session.screen_since_ms, now_ms);
    CHECK_EQ_I64(session.screen_until_ms, now_ms + 60000);
}

TEST(after_a_power_cut_an_order_that_never_arrived_is_closed)
{
    now_ms = 5000;
    session_init(&session, now_ms);
    struct session_event boot = {.kind = SESSION_EVENT_BOOT};
    boot.boot.order_open = true;
    SET(boot.boot.client_request_id, "00000000-0000-7000-8000-00000000abcd");
    apply(boot);
    struct session_found_orders *none = &session.found;
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS, .found = none});
    check_screen(SESSION_SCREEN_HOME);
    CHECK_EQ_STR(want(SESSION_EFFECT_SETTLED)->id, boot.boot.client_request_id);
}

TEST(an_order_of_yesterday_is_the_offices_business)
{
    session_init(&session, 0);
    struct session_event boot = {.kind = SESSION_EVENT_BOOT};
    boot.boot.order_open = true;
    boot.boot.age_ms = 600000;
    apply(boot);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(effect(SESSION_EFFECT_SETTLED) != NULL);
}

static void key_in(const char *digits)
{
    for (const char *p = digits; *p != '\0'; p++) {
        touch(SESSION_ACTION_DIGIT, (uint32_t)(*p - '0'));
    }
}

static struct session_found_orders *found_one(enum session_order_state state)
{
    static struct session_found_orders found;
    found = (struct session_found_orders){.count = 1};
    found.orders[0] = view(state);
    return &found;
}

TEST(an_order_is_asked_for_by_six_digits_and_shown_as_it_is)
{
    static const struct {
        enum session_order_state state;
        enum session_screen screen;
    } pages[] = {{SESSION_ORDER_DONE, SESSION_SCREEN_DONE},
                 {SESSION_ORDER_CREDITING, SESSION_SCREEN_CREDITING},
                 {SESSION_ORDER_REFUNDING, SESSION_SCREEN_REFUND},
                 {SESSION_ORDER_REFUNDED, SESSION_SCREEN_REFUNDED},
                 {SESSION_ORDER_REVIEW, SESSION_SCREEN_REVIEW}};
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        begin();
        touch(SESSION_ACTION_FIND_ORDER, 0);
        check_screen(SESSION_SCREEN_ORDERS);
        CHECK(effect(SESSION_EFFECT_FETCH_ORDERS) == NULL);
        key_in("27004");
        CHECK(effect(SESSION_EFFECT_FIND_ORDERS) == NULL);
        key_in("2");
        CHECK_EQ_STR(want(SESSION_EFFECT_FIND_ORDERS)->text, "270042");
        CHECK(session.found.waiting);
        apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS,
                                     .serial = session.request_serial,
                                     .found = found_one(pages[i].state)});
        CHECK(session.found.loaded && !session.found.waiting);
        touch(SESSION_ACTION_ORDER, 0);
        check_screen(pages[i].screen);
        CHECK(session.order_reopened);
        CHECK(effect(SESSION_EFFECT_WATCH) != NULL);
        CHECK(effect(SESSION_EFFECT_PRINT) == NULL); /* paper only if it is wanted */
    }
    begin();
}

TEST(a_found_receipt_is_printed_when_asked_for)
{
    begin();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    key_in("270042");
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS,
                                 .serial = session.request_serial,
                                 .found = found_one(SESSION_ORDER_DONE)});
    touch(SESSION_ACTION_ORDER, 0);
    touch(SESSION_ACTION_PRINT, 0);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->text, session.order.order_no);
}

/* The verdict on a paper may come when its person has long gone. */
TEST(news_of_anothers_paper_changes_nothing)
{
    begin();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    key_in("270042");
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS,
                                 .serial = session.request_serial,
                                 .found = found_one(SESSION_ORDER_DONE)});
    touch(SESSION_ACTION_ORDER, 0);
    touch(SESSION_ACTION_PRINT, 0);
    char paper[SESSION_UUID_SIZE];
    SET(paper, want(SESSION_EFFECT_PRINT)->id);
    verdict("00000000-0000-7000-8000-00000000beef", SESSION_RECEIPT_UNKNOWN);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_PRINTING);
    verdict(paper, SESSION_RECEIPT_HELD);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_HELD);
    check_screen(SESSION_SCREEN_DONE);
}

/* Each question costs one of the server's tries: no digit too many and no repetition asks. */
TEST(only_other_digits_ask_again)
{
    begin();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    key_in("270042");
    const uint32_t serial = session.request_serial;
    key_in("9");
    CHECK(effect(SESSION_EFFECT_FIND_ORDERS) == NULL);
    CHECK_EQ_STR(session.find.entry, "270042");
    touch(SESSION_ACTION_CONFIRM, 0); /* while it is under way */
    CHECK(effect(SESSION_EFFECT_FIND_ORDERS) == NULL);
    touch(SESSION_ACTION_ERASE, 0);
    CHECK(!session.found.waiting);
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS,
                                 .serial = serial,
                                 .found = found_one(SESSION_ORDER_DONE)});
    CHECK_EQ_U64(session.found.count, 0); /* the answer to the digits before */
    key_in("3");
    CHECK_EQ_STR(want(SESSION_EFFECT_FIND_ORDERS)->text, "270043");
}

TEST(too_many_numbers_are_told_and_may_be_tried_later)
{
    begin();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    key_in("270042");
    static struct session_found_orders limited;
    limited = (struct session_found_orders){.limited = true};
    apply((struct session_event){
        .kind = SESSION_EVENT_FOUND_ORDERS, .serial = session.request_serial, .found = &limited});
    CHECK(session.found.limited);
    touch(SESSION_ACTION_CONFIRM, 0);
    CHECK_EQ_STR(want(SESSION_EFFECT_FIND_ORDERS)->text, "270042");
    struct session_event failed = {.kind = SESSION_EVENT_FAILED, .serial = session.request_serial};
    failed.failed.effect_kind = SESSION_EFFECT_FIND_ORDERS;
    apply(failed);
    CHECK(!session.found.waiting && !session.found.loaded && !session.found.limited);
}

TEST_MAIN()
