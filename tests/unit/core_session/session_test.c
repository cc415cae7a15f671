/* SPDX-License-Identifier: Apache-2.0 */

/* The journey of a tenant, event by event, and each branch that leaves it. */
#include "tests/unit/core_session/steps.h"

TEST(the_short_way_is_four_touches_and_ends_with_paper)
{
    to_meter();
    check_screen(SESSION_SCREEN_METER);
    CHECK_EQ_STR(want(SESSION_EFFECT_READ_METER)->text, "m2");
    touch(SESSION_ACTION_AMOUNT, 1);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT);
    check_screen(SESSION_SCREEN_PAY);
    CHECK_EQ_I64(effects.list[1].kind, SESSION_EFFECT_SAVE);
    CHECK_EQ_I64(effects.list[2].kind, SESSION_EFFECT_CREATE);
    CHECK_EQ_I64(effects.list[2].create.amount.fen, 5000);
    CHECK_EQ_MEM(&effects.list[1].create, &effects.list[2].create, sizeof(struct session_create));
    create_serial = effects.list[2].serial;
    arrives(SESSION_ORDER_WAIT_PAY);
    CHECK_EQ_STR(want(SESSION_EFFECT_WATCH)->text, "SH20261120A000001");
    arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CREDITING);
    CHECK(session_is_busy(&session));
    arrives(SESSION_ORDER_CREDITING);
    arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_DONE);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.client_request_id);
    tick_at(session.screen_until_ms - 1);
    check_screen(SESSION_SCREEN_DONE);
    tick_at(session.screen_until_ms);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(effect(SESSION_EFFECT_SETTLED) != NULL);
    CHECK(effect(SESSION_EFFECT_WIPE) != NULL);
    CHECK_EQ_STR(session.meter.meter_id, "");
}

TEST(pages_are_nobodys_until_a_room_is_touched)
{
    begin();
    CHECK(session_is_nobodys(&session));
    touch(SESSION_ACTION_TOP_UP, 0);
    apply((struct session_event){.kind = SESSION_EVENT_ROOMS,
                                 .serial = want(SESSION_EFFECT_FETCH_ROOMS)->serial,
                                 .rooms = small_site()});
    CHECK(session_is_nobodys(&session));
    touch(SESSION_ACTION_ROOM, 1);
    CHECK(!session_is_nobodys(&session));
    to_pay();
    CHECK(!session_is_nobodys(&session));
    arrives(SESSION_ORDER_WAIT_PAY);
    CHECK(!session_is_nobodys(&session));
    begin();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    CHECK(session_is_nobodys(&session));
    touch(SESSION_ACTION_DIGIT, 5);
    CHECK(!session_is_nobodys(&session));
}

TEST(a_slow_meter_releases_the_user_without_a_promise)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_PAID);
    int64_t paid_ms = now_ms;
    CHECK(session_next_deadline_ms(&session) <= paid_ms + 45000);
    tick_at(paid_ms + 44999);
    check_screen(SESSION_SCREEN_CREDITING);
    tick_at(paid_ms + 45000);
    check_screen(SESSION_SCREEN_SLOW);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.slip_id);
    arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_DONE);
    CHECK(effect(SESSION_EFFECT_PRINT) != NULL);
}

TEST(cancelling_only_asks_and_the_page_says_checking)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    touch(SESSION_ACTION_CANCEL, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_CANCEL);
    touch(SESSION_ACTION_CLOSE, 0);
    check_screen(SESSION_SCREEN_PAY);
    touch(SESSION_ACTION_CANCEL, 0);
    touch(SESSION_ACTION_CONFIRM, 0);
    CHECK_EQ_STR(want(SESSION_EFFECT_CANCEL)->text, "SH20261120A000001");
    check_screen(SESSION_SCREEN_PAY);
    arrives(SESSION_ORDER_CLOSING);
    check_screen(SESSION_SCREEN_CHECKING);
    arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CREDITING);
}

TEST(a_closed_order_may_be_paid_again_under_a_new_number)
{
    to_pay();
    char first[SESSION_UUID_SIZE];
    SET(first, session.intent.client_request_id);
    char purchase[SESSION_UUID_SIZE];
    SET(purchase, session.intent.purchase_id);
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_CLOSED);
    check_screen(SESSION_SCREEN_CLOSED);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT);
    CHECK(strcmp(first, session.intent.client_request_id) != 0);
    CHECK_EQ_STR(purchase, session.intent.purchase_id);
}

TEST(a_wallet_that_refuses_before_any_code_offers_the_other)
{
    to_pay();
    arrives(SESSION_ORDER_CLOSED);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_CHANNEL);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_WALLET);
}

TEST(both_offers_of_a_broken_channel_begin_an_attempt)
{
    to_pay();
    char first[SESSION_UUID_SIZE];
    SET(first, session.intent.client_request_id);
    arrives(SESSION_ORDER_CLOSED);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT);
    check_screen(SESSION_SCREEN_PAY);
    CHECK(effect(SESSION_EFFECT_UNWATCH) != NULL);
    CHECK_EQ_STR(want(SESSION_EFFECT_SETTLED)->id, first);
    CHECK_EQ_I64(want(SESSION_EFFECT_CREATE)->create.wallet, SESSION_WALLET_WECHAT);
    CHECK_EQ_STR(want(SESSION_EFFECT_SAVE)->create.purchase_id, session.intent.purchase_id);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_CHANNEL);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_CHANNEL);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT); /* "try again" */
    check_screen(SESSION_SCREEN_PAY);
    CHECK_EQ_I64(want(SESSION_EFFECT_CREATE)->create.amount.fen, 5000);
}

TEST(a_purchase_that_was_paid_is_looked_for_and_never_called_unpaid)
{
    to_pay();
    char first[SESSION_UUID_SIZE];
    SET(first, session.intent.client_request_id);
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_CLOSED);
    touch(SESSION_ACTION_CONFIRM, 0);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_PURCHASE_PAID);
    check_screen(SESSION_SCREEN_CHECKING);
    CHECK(effect(SESSION_EFFECT_FETCH_ORDERS) != NULL);
    static struct session_found_orders found;
    found = (struct session_found_orders){.count = 2};
    found.orders[0] = view(SESSION_ORDER_CLOSED);
    SET(found.orders[0].client_request_id, "00000000-0000-7000-8000-00000000eeee");
    found.orders[1] = view(SESSION_ORDER_DONE);
    SET(found.orders[1].client_request_id, first);
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS, .found = &found});
    check_screen(SESSION_SCREEN_DONE);
    CHECK_EQ_STR(session.order.client_request_id, first);
}

TEST(a_paid_purchase_that_is_not_found_goes_on_being_checked)
{
    to_pay();
    refused(SESSION_REFUSAL_PURCHASE_PAID);
    struct session_found_orders *none = &session.found;
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS, .found = none});
    check_screen(SESSION_SCREEN_CHECKING);
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(without_news_the_code_goes_and_comes_back)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    int64_t seen_ms = now_ms;
    tick_at(seen_ms + 10000);
    CHECK(session.order_stale);
    arrives(SESSION_ORDER_WAIT_PAY);
    CHECK(!session.order_stale);
    seen_ms = now_ms;
    tick_at(seen_ms + 60000);
    check_screen(SESSION_SCREEN_CHECKING);
    /* The server has found something out: its words have their whole time, once. */
    now_ms += 20000;
    arrives(SESSION_ORDER_CLOSING);
    check_screen(SESSION_SCREEN_CHECKING);
    CHECK_EQ_I64(session.screen_since_ms, now_ms);
    CHECK_EQ_I64(session.screen_until_ms - now_ms, 35000);
    tick_at(now_ms + 5000);
    arrives(SESSION_ORDER_CLOSING);
    CHECK_EQ_I64(session.screen_until_ms - now_ms, 30000);
}

TEST(the_code_comes_back_if_nothing_has_changed_meanwhile)
{
    to_pay();
    struct session_order order = view(SESSION_ORDER_WAIT_PAY);
    struct session_event event = {
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order};
    apply(event);
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_CHECKING);
    apply(event);
    check_screen(SESSION_SCREEN_PAY);
}

TEST(the_end_of_the_code_is_sounded_once_and_again_after_more_time)
{
    to_pay();
    struct session_order order = view(SESSION_ORDER_WAIT_PAY);
    order.qr_total_ms = 170000;
    struct session_event event = {
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order};
    apply(event);
    int64_t prompt_ms = order.qr_until_ms - 45000;
    while (now_ms + 4000 < prompt_ms) {
        tick_at(now_ms + 4000);
        CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
        apply(event); /* the same view again: the code stays */
    }
    CHECK_EQ_I64(session_next_deadline_ms(&session), prompt_ms);
    tick_at(prompt_ms - 1);
    CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
    tick_at(prompt_ms);
    CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_ATTENTION);
    tick_at(now_ms + 1000);
    CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
    order.version = ++version_next;
    order.qr_until_ms += 120000;
    order.qr_total_ms = order.qr_until_ms - now_ms;
    apply(event);
    tick_at(now_ms + 1000);
    CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
    now_ms = order.qr_until_ms - 45000;
    apply(event);
    tick_at(now_ms);
    CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_ATTENTION);
}

TEST(older_views_and_other_orders_change_nothing)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    struct session_order old = view(SESSION_ORDER_CLOSED);
    old.version = 0;
    apply((struct session_event){.kind = SESSION_EVENT_ORDER, .order = &old});
    check_screen(SESSION_SCREEN_PAY);
    struct session_order other = view(SESSION_ORDER_DONE);
    SET(other.order_no, "SH20261120A000002");
    apply((struct session_event){.kind = SESSION_EVENT_ORDER, .order = &other});
    check_screen(SESSION_SCREEN_PAY);
}

TEST(a_silent_meter_may_be_topped_up_with_an_explicit_yes)
{
    to_pay();
    refused(SESSION_REFUSAL_METER_SILENT);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_METER_OFFLINE);
    touch(SESSION_ACTION_CONFIRM, 0);
    CHECK(want(SESSION_EFFECT_CREATE)->create.accept_offline);
    check_screen(SESSION_SCREEN_PAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_OPEN_ELSEWHERE);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_OPEN_ELSEWHERE);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_METER);
}

TEST(an_accepted_question_is_not_asked_again)
{
    to_pay();
    refused(SESSION_REFUSAL_METER_SILENT);
    touch(SESSION_ACTION_CONFIRM, 0);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_METER_SILENT);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_METER_SILENT);
}

TEST(a_reading_that_was_passed_over_is_asked_for_again)
{
    to_meter();
    CHECK_EQ_I64(session.reading.state, SESSION_READING_WAITING);
    touch(SESSION_ACTION_AMOUNT, 1);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    char refused_id[SESSION_UUID_SIZE];
    SET(refused_id, session.intent.client_request_id);
    refused(SESSION_REFUSAL_METER_SILENT);
    CHECK_EQ_STR(want(SESSION_EFFECT_SETTLED)->id, refused_id);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_METER);
    uint32_t serial = want(SESSION_EFFECT_READ_METER)->serial;
    struct session_reading live = {.state = SESSION_READING_LIVE};
    apply(
        (struct session_event){.kind = SESSION_EVENT_READING, .serial = serial, .reading = &live});
    CHECK_EQ_I64(session.reading.state, SESSION_READING_LIVE);
    touch(SESSION_ACTION_OTHER, 0);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_METER);
    CHECK(effect(SESSION_EFFECT_READ_METER) == NULL);
}

TEST(only_reasons_are_shown_in_the_servers_words)
{
    to_pay();
    refused(SESSION_REFUSAL_OTHER);
    CHECK_EQ_STR(session.problem_text, "");
    to_pay();
    refused(SESSION_REFUSAL_SALE_REFUSED);
    CHECK_EQ_STR(session.problem_text, "the reason");
}

TEST(each_refusal_has_its_page_and_takes_no_money)
{
    static const struct {
        enum session_refusal code;
        enum session_problem problem;
    } cases[] = {
        {SESSION_REFUSAL_METER_BLOCKED, SESSION_PROBLEM_METER_BLOCKED},
        {SESSION_REFUSAL_SALE_REFUSED, SESSION_PROBLEM_SALE_REFUSED},
        {SESSION_REFUSAL_AMOUNT, SESSION_PROBLEM_AMOUNT},
        {SESSION_REFUSAL_PAYMENTS_CLOSED, SESSION_PROBLEM_PAYMENTS_CLOSED},
        {SESSION_REFUSAL_DISK_FULL, SESSION_PROBLEM_PAYMENTS_CLOSED},
        {SESSION_REFUSAL_NOT_FOUND, SESSION_PROBLEM_METER_UNKNOWN},
        {SESSION_REFUSAL_SILENT_REFUSED, SESSION_PROBLEM_METER_SILENT},
        {SESSION_REFUSAL_CHANNEL, SESSION_PROBLEM_CHANNEL},
        {SESSION_REFUSAL_OTHER, SESSION_PROBLEM_SERVER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        to_pay();
        refused(cases[i].code);
        check_screen(SESSION_SCREEN_PROBLEM);
        CHECK_EQ_I64(session.problem, cases[i].problem);
        CHECK(!session_is_busy(&session));
    }
}

TEST(no_answer_to_a_create_says_that_no_money_was_taken)
{
    to_pay();
    struct session_event event = {.kind = SESSION_EVENT_FAILED, .serial = create_serial};
    event.failed.effect_kind = SESSION_EFFECT_CREATE;
    apply(event);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_NETWORK);
}

TEST(a_dead_printer_is_told_before_paying)
{
    to_meter();
    apply((struct session_event){.kind = SESSION_EVENT_PRINTER,
                                 .printer = SESSION_PRINTER_PAPER_OUT});
    touch(SESSION_ACTION_AMOUNT, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NO_PRINTER);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_DONE);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_NO_PRINTER);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
}

TEST(an_amount_of_ones_own_keeps_to_the_sites_range)
{
    to_meter();
    touch(SESSION_ACTION_OTHER, 0);
    check_screen(SESSION_SCREEN_AMOUNT);
    touch(SESSION_ACTION_DIGIT, 0);
    CHECK_EQ_STR(session.amount_entry, "");
    touch(SESSION_ACTION_DIGIT, 5);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_AMOUNT);
    touch(SESSION_ACTION_DOUBLE_ZERO, 0);
    CHECK_EQ_I64(session.amount.fen, 50000);
    touch(SESSION_ACTION_ERASE, 0);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_WALLET);
    CHECK_EQ_I64(session.amount.fen, 5000);
}

TEST(the_stored_value_is_kept_when_the_meter_stays_silent)
{
    to_meter();
    struct session_reading stored = {.state = SESSION_READING_STORED, .balance_known = true};
    stored.balance = money_fen(8642);
    apply((struct session_event){.kind = SESSION_EVENT_READING, .serial = 0, .reading = &stored});
    CHECK_EQ_I64(session.reading.state, SESSION_READING_WAITING);
    struct session_reading silent = {.state = SESSION_READING_STORED,
                                     .reason = SESSION_REASON_METER_SILENT};
    apply((struct session_event){
        .kind = SESSION_EVENT_READING, .serial = session.request_serial, .reading = &silent});
    CHECK_EQ_I64(session.reading.state, SESSION_READING_STORED);
    CHECK_EQ_I64(session.reading.reason, SESSION_REASON_METER_SILENT);
    CHECK_EQ_I64(session.reading.balance.fen, 8642);
}

TEST(a_large_site_goes_by_building_and_unit)
{
    begin();
    touch(SESSION_ACTION_QUERY, 0);
    static struct session_rooms rooms;
    rooms = (struct session_rooms){.room_count = 90, .group_count = 3, .total = 90};
    const char *const names[3][2] = {{"1", "1"}, {"1", "2"}, {"2", ""}};
    for (size_t i = 0; i < 3; i++) {
        SET(rooms.groups[i].building, names[i][0]);
        SET(rooms.groups[i].unit, names[i][1]);
        rooms.groups[i].first = i * 30;
        rooms.groups[i].count = 30;
    }
    apply((struct session_event){
        .kind = SESSION_EVENT_ROOMS, .serial = session.request_serial, .rooms = &rooms});
    CHECK_EQ_I64(session.find.step, SESSION_FIND_BUILDINGS);
    touch(SESSION_ACTION_GROUP, 0);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_UNITS);
    touch(SESSION_ACTION_GROUP, 1);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_ROOMS);
    touch(SESSION_ACTION_BACK, 0);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_UNITS);
    touch(SESSION_ACTION_BACK, 0);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_BUILDINGS);
    touch(SESSION_ACTION_GROUP, 2);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_ROOMS);
    touch(SESSION_ACTION_KEYPAD, 0);
    touch(SESSION_ACTION_DIGIT, 1);
    touch(SESSION_ACTION_DIGIT, 5);
    CHECK(effect(SESSION_EFFECT_FETCH_ROOMS) == NULL);
    touch(SESSION_ACTION_DIGIT, 0);
    CHECK_EQ_STR(want(SESSION_EFFECT_FETCH_ROOMS)->text, "150");
    touch(SESSION_ACTION_PAGE, 1);
    CHECK_EQ_U64(session.find.page_idx, 1);
    touch(SESSION_ACTION_DIGIT, 2);
    CHECK_EQ_U64(session.find.page_idx, 0); /* other matches: from their beginning */
    touch(SESSION_ACTION_BACK, 0);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_LOADING);
}

TEST(maintenance_waits_for_the_payer)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_PAID);
    apply((struct session_event){.kind = SESSION_EVENT_SERVICE,
                                 .service = SESSION_SERVICE_MAINTENANCE});
    check_screen(SESSION_SCREEN_CREDITING);
    begin();
    apply((struct session_event){.kind = SESSION_EVENT_SERVICE,
                                 .service = SESSION_SERVICE_MAINTENANCE});
    check_screen(SESSION_SCREEN_MAINTENANCE);
    apply((struct session_event){.kind = SESSION_EVENT_SERVICE, .service = SESSION_SERVICE_OPEN});
    check_screen(SESSION_SCREEN_HOME);
}

TEST(more_time_is_asked_once_and_may_be_refused)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    touch(SESSION_ACTION_MORE_TIME, 0);
    CHECK(effect(SESSION_EFFECT_MORE_TIME) != NULL);
    touch(SESSION_ACTION_MORE_TIME, 0);
    CHECK(effect(SESSION_EFFECT_MORE_TIME) == NULL);
    refused(SESSION_REFUSAL_NO_MORE_TIME);
    CHECK_EQ_I64(session.order.more_time_left, 0);
    CHECK(!session.order_asked);
}

TEST_MAIN()
