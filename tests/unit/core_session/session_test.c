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

TEST(an_idle_person_is_asked_before_being_forgotten)
{
    to_meter();
    tick_at(session.touched_ms + 120000);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_IDLE);
    apply((struct session_event){.kind = SESSION_EVENT_TOUCH_DEAD});
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    check_screen(SESSION_SCREEN_METER);
    tick_at(session.touched_ms + 120000);
    tick_at(now_ms + 30000);
    check_screen(SESSION_SCREEN_HOME);
    CHECK_EQ_STR(session.meter.meter_id, "");
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_ATTRACT);
}

TEST(a_forgotten_help_sheet_does_not_hold_the_page)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_DONE);
    touch(SESSION_ACTION_HELP, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_HELP);
    CHECK(session_next_deadline_ms(&session) <= now_ms + 60000);
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(going_back_home_keeps_what_makes_the_screen_readable)
{
    begin();
    touch(SESSION_ACTION_LANGUAGE, SESSION_LANGUAGE_EN);
    touch(SESSION_ACTION_LARGE, 0);
    touch(SESSION_ACTION_CONTRAST, 0);
    static const enum session_action tiles[] = {SESSION_ACTION_TOP_UP, SESSION_ACTION_FIND_ORDER};
    static const enum session_action ways[] = {SESSION_ACTION_BACK, SESSION_ACTION_HOME};
    for (size_t i = 0; i < 4; i++) {
        touch(tiles[i % 2], 0);
        touch(ways[i / 2], 0);
        check_screen(SESSION_SCREEN_HOME);
        CHECK(effect(SESSION_EFFECT_WIPE) != NULL);
        CHECK_EQ_I64(session.comfort.language, SESSION_LANGUAGE_EN);
        CHECK(session.comfort.large && session.comfort.contrast);
    }
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_ATTRACT);
    CHECK_EQ_I64(session.comfort.language, SESSION_LANGUAGE_ZH);
    CHECK(!session.comfort.large && !session.comfort.contrast);
}

TEST(done_ends_the_session_with_its_comfort)
{
    to_pay();
    touch(SESSION_ACTION_LARGE, 0);
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_DONE);
    touch(SESSION_ACTION_FINISH, 0);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(!session.comfort.large);
}

TEST(the_large_mode_is_told_to_the_server)
{
    to_meter();
    touch(SESSION_ACTION_LARGE, 0);
    touch(SESSION_ACTION_AMOUNT, 1);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    CHECK(want(SESSION_EFFECT_CREATE)->create.assist);
    to_pay();
    CHECK(!want(SESSION_EFFECT_CREATE)->create.assist);
}

static void verdict(const char *job_id, enum session_receipt state)
{
    struct session_event event = {.kind = SESSION_EVENT_RECEIPT};
    event.receipt.state = state;
    SET(event.receipt.job_id, job_id);
    apply(event);
}

TEST(a_slips_verdict_is_not_the_receipts)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_PAID);
    tick_at(now_ms + 45000);
    check_screen(SESSION_SCREEN_SLOW);
    char slip[SESSION_UUID_SIZE];
    SET(slip, want(SESSION_EFFECT_PRINT)->id);
    arrives(SESSION_ORDER_DONE);
    char receipt[SESSION_UUID_SIZE];
    SET(receipt, want(SESSION_EFFECT_PRINT)->id);
    verdict(slip, SESSION_RECEIPT_PRINTED);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_PRINTING);
    verdict(receipt, SESSION_RECEIPT_PRINTED);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_PRINTED);
    touch(SESSION_ACTION_FINISH, 0);
    verdict(receipt, SESSION_RECEIPT_FAILED);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_NONE);
}

TEST(large_text_is_slower_and_forgotten_at_the_end)
{
    to_meter();
    touch(SESSION_ACTION_LARGE, 0);
    tick_at(session.touched_ms + 239999);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    tick_at(session.touched_ms + 240000);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_IDLE);
    tick_at(now_ms + 45000);
    CHECK(!session.comfort.large);
}

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
