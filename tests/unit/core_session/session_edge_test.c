/* SPDX-License-Identifier: Apache-2.0 */

/* The seldom turns of a tenant's journey: repeated touches, late news, pages left half-way. */
#include "tests/unit/core_session/steps.h"

TEST(every_enum_has_its_names)
{
    CHECK_EQ_STR(session_overlay_name(SESSION_OVERLAY_RECEIPT_CODE), "receipt_code");
    CHECK_EQ_STR(session_action_name(SESSION_ACTION_END), "end");
    CHECK_EQ_STR(session_printer_name(SESSION_PRINTER_OFFLINE), "offline");
    CHECK_EQ_STR(session_reader_name(SESSION_READER_ERROR), "error");
    CHECK_EQ_STR(session_card_trouble_name(SESSION_CARD_RETURN_CASE), "return_case");
    CHECK_EQ_STR(session_card_trouble_name(SESSION_CARD_DISK), "disk");
    for (int i = 0; i < SESSION_ORDER_STATE_COUNT; i++) {
        enum session_order_state state = SESSION_ORDER_STATE_COUNT;
        CHECK(session_order_state_parse(session_order_state_name((enum session_order_state)i),
                                        &state));
        CHECK_EQ_I64(state, i);
    }
    enum session_order_state state = SESSION_ORDER_DONE;
    CHECK(!session_order_state_parse("done", &state));
    CHECK_EQ_I64(state, SESSION_ORDER_DONE);
}

TEST(the_idle_prompt_ends_at_once_when_asked_to)
{
    to_meter();
    tick_at(session.touched_ms + 120000);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_IDLE);
    touch(SESSION_ACTION_END, 0);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(effect(SESSION_EFFECT_WIPE) != NULL);
    to_meter();
    tick_at(session.touched_ms + 120000);
    touch(SESSION_ACTION_AMOUNT, 1); /* any other touch: still here */
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    check_screen(SESSION_SCREEN_METER);
    touch(SESSION_ACTION_END, 0); /* without the prompt it means nothing */
    check_screen(SESSION_SCREEN_METER);
}

TEST(a_touch_beside_everything_wakes_the_screen)
{
    begin();
    tick_at(session.touched_ms + 60000);
    check_screen(SESSION_SCREEN_ATTRACT);
    apply((struct session_event){.kind = SESSION_EVENT_TOUCH_DEAD});
    check_screen(SESSION_SCREEN_HOME);
    apply((struct session_event){.kind = SESSION_EVENT_TOUCH_DEAD});
    check_screen(SESSION_SCREEN_HOME);
}

TEST(the_readers_news_is_kept)
{
    begin();
    apply((struct session_event){.kind = SESSION_EVENT_READER, .reader = SESSION_READER_ERROR});
    CHECK_EQ_I64(session.reader, SESSION_READER_ERROR);
}

static void paper(enum session_receipt state, const char *url)
{
    struct session_event event = {.kind = SESSION_EVENT_RECEIPT};
    event.receipt.state = state;
    event.receipt.url = url;
    SET(event.receipt.job_id, session.intent.print_id);
    apply(event);
}

TEST(a_lost_receipt_is_shown_as_a_code_where_there_is_one)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_DONE);
    touch(SESSION_ACTION_RECEIPT_CODE, 0); /* nothing to show yet */
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    paper(SESSION_RECEIPT_FAILED, NULL);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    paper(SESSION_RECEIPT_FAILED, "https://example.test/r/1");
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_RECEIPT_CODE);
    touch(SESSION_ACTION_CLOSE, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    touch(SESSION_ACTION_RECEIPT_CODE, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_RECEIPT_CODE);
    touch(SESSION_ACTION_CONFIRM, 0); /* no question to confirm: the page's own button */
    check_screen(SESSION_SCREEN_HOME);
}

TEST(a_receipt_on_wish_is_offered_and_not_printed)
{
    to_pay();
    session.profile.receipt_auto = false;
    apply(
        (struct session_event){.kind = SESSION_EVENT_PRINTER, .printer = SESSION_PRINTER_NEAR_END});
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_DONE);
    CHECK_EQ_I64(session.receipt, SESSION_RECEIPT_OFFERED);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
    touch(SESSION_ACTION_PRINT, 0);
    CHECK(effect(SESSION_EFFECT_PRINT) != NULL);
    touch(SESSION_ACTION_PRINT, 0); /* it is at the printer already */
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
    to_pay();
    session.profile.receipt_auto = false; /* a slip that says what is true comes all the same */
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_REVIEW);
    CHECK(effect(SESSION_EFFECT_PRINT) != NULL);
}

TEST(only_wallets_of_the_site_can_be_chosen)
{
    to_meter();
    touch(SESSION_ACTION_AMOUNT, 1);
    session.profile.wallets[SESSION_WALLET_ALIPAY] = false;
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_NONE);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_COUNT);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_LARGE, 0); /* the bottom band works on this page too */
    CHECK(session.comfort.large);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_METER);
}

TEST(nothing_is_asked_of_an_order_that_is_not_there)
{
    to_pay();
    touch(SESSION_ACTION_CANCEL, 0); /* the server has not answered yet */
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    touch(SESSION_ACTION_MORE_TIME, 0);
    CHECK(effect(SESSION_EFFECT_MORE_TIME) == NULL);
    arrives(SESSION_ORDER_WAIT_PAY);
    touch(SESSION_ACTION_MORE_TIME, 0);
    CHECK(effect(SESSION_EFFECT_MORE_TIME) != NULL);
    touch(SESSION_ACTION_MORE_TIME, 0);
    CHECK(effect(SESSION_EFFECT_MORE_TIME) == NULL); /* one wish at a time */
    touch(SESSION_ACTION_CANCEL, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    struct session_event event = {.kind = SESSION_EVENT_REFUSED, .serial = session.request_serial};
    event.refused.code = SESSION_REFUSAL_OTHER;
    apply(event);
    touch(SESSION_ACTION_CANCEL, 0); /* it was refused: the wish may be repeated */
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_CANCEL);
    touch(SESSION_ACTION_BACK, 0); /* "no": the page with its code is still below */
    check_screen(SESSION_SCREEN_PAY);
}

TEST(an_order_elsewhere_is_accepted_once)
{
    to_pay();
    refused(SESSION_REFUSAL_OPEN_ELSEWHERE);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_OPEN_ELSEWHERE);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_PAY);
    CHECK(want(SESSION_EFFECT_CREATE)->create.accept_open_elsewhere);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_OPEN_ELSEWHERE);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_SERVER);
}

TEST(a_question_of_a_dead_printer_may_be_declined)
{
    to_meter();
    apply((struct session_event){.kind = SESSION_EVENT_PRINTER,
                                 .printer = SESSION_PRINTER_PAPER_OUT});
    touch(SESSION_ACTION_AMOUNT, 0);
    touch(SESSION_ACTION_CLOSE, 0);
    check_screen(SESSION_SCREEN_METER);
    touch(SESSION_ACTION_AMOUNT, 0);
    touch(SESSION_ACTION_CONFIRM, 0);
    touch(SESSION_ACTION_BACK, 0);
    touch(SESSION_ACTION_AMOUNT, 0);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE); /* accepted is accepted */
    apply((struct session_event){.kind = SESSION_EVENT_PRINTER, .printer = SESSION_PRINTER_NONE});
    touch(SESSION_ACTION_BACK, 0);
    touch(SESSION_ACTION_AMOUNT, 0);
    check_screen(SESSION_SCREEN_WALLET);
}

TEST(a_closed_sale_opens_no_wallets)
{
    to_meter();
    session.meter.sale_open = false;
    touch(SESSION_ACTION_AMOUNT, 0);
    touch(SESSION_ACTION_OTHER, 0);
    check_screen(SESSION_SCREEN_METER);
    session.meter.sale_open = true;
    session.profile.payments_open = false;
    touch(SESSION_ACTION_AMOUNT, 0);
    check_screen(SESSION_SCREEN_METER);
    touch(SESSION_ACTION_REFRESH, 0); /* the balance may still be asked for */
    CHECK_EQ_STR(want(SESSION_EFFECT_READ_METER)->text, "m2");
}

TEST(only_the_last_attempts_are_kept_in_mind)
{
    to_pay();
    char ids[8][SESSION_UUID_SIZE];
    for (int i = 0; i < 7; i++) {
        SET(ids[i], session.intent.client_request_id);
        struct session_order order = view(SESSION_ORDER_WAIT_PAY);
        (void)snprintf(order.order_no, sizeof(order.order_no), "SH20261120A00010%d", i);
        apply((struct session_event){
            .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
        order.version = ++version_next;
        order.state = SESSION_ORDER_CLOSED;
        apply((struct session_event){
            .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
        check_screen(SESSION_SCREEN_CLOSED);
        touch(SESSION_ACTION_CONFIRM, 0);
        touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
        create_serial = want(SESSION_EFFECT_CREATE)->serial;
    }
    CHECK_EQ_U64(session.intent.earlier_count, SESSION_ATTEMPTS_MAX);
    CHECK_EQ_STR(session.intent.earlier_ids[SESSION_ATTEMPTS_MAX - 1], ids[6]); /* the newest */
    CHECK_EQ_STR(session.intent.earlier_ids[0], ids[7 - SESSION_ATTEMPTS_MAX]);
}

TEST(a_slow_create_is_told)
{
    to_pay();
    CHECK(session_next_deadline_ms(&session) > now_ms);
    tick_at(session_next_deadline_ms(&session) - 1);
    CHECK(!session.order.slow);
    tick_at(session_next_deadline_ms(&session));
    CHECK(session.order.slow);
    check_screen(SESSION_SCREEN_PAY);
    arrives(SESSION_ORDER_WAIT_PAY);
    CHECK(!session.order.slow);
}

TEST(a_closed_page_knows_only_its_own_touches)
{
    to_pay();
    arrives(SESSION_ORDER_WAIT_PAY);
    arrives(SESSION_ORDER_CLOSED);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT); /* only a broken channel offers that */
    check_screen(SESSION_SCREEN_CLOSED);
    touch(SESSION_ACTION_PRINT, 0);
    touch(SESSION_ACTION_DIGIT, 7);
    check_screen(SESSION_SCREEN_CLOSED);
}

TEST(a_broken_channel_knows_only_wallets_that_are_there)
{
    to_pay();
    arrives(SESSION_ORDER_CLOSED);
    check_screen(SESSION_SCREEN_PROBLEM);
    session.profile.wallets[SESSION_WALLET_WECHAT] = false;
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT);
    check_screen(SESSION_SCREEN_PROBLEM);
    touch(SESSION_ACTION_DIGIT, 1);
    check_screen(SESSION_SCREEN_PROBLEM);
}

TEST(late_answers_to_a_left_page_change_nothing)
{
    to_pay();
    touch(SESSION_ACTION_LANGUAGE, SESSION_LANGUAGE_EN);
    struct session_event late = {.kind = SESSION_EVENT_REFUSED, .serial = create_serial + 7};
    late.refused.code = SESSION_REFUSAL_OTHER;
    apply(late);
    check_screen(SESSION_SCREEN_PAY);
    late.kind = SESSION_EVENT_FAILED;
    late.failed.effect_kind = SESSION_EFFECT_CREATE;
    apply(late);
    check_screen(SESSION_SCREEN_PAY);
    arrives(SESSION_ORDER_WAIT_PAY);
    late.serial = create_serial;
    apply(late); /* the view came first: the order is there */
    check_screen(SESSION_SCREEN_PAY);
    CHECK(session.intent.started);
}

/* The list of rooms is on the screen; the second one is asked for. */
static uint32_t to_asked_room(void)
{
    begin();
    touch(SESSION_ACTION_TOP_UP, 0);
    apply((struct session_event){.kind = SESSION_EVENT_ROOMS,
                                 .serial = want(SESSION_EFFECT_FETCH_ROOMS)->serial,
                                 .rooms = small_site()});
    touch(SESSION_ACTION_ROOM, 1);
    check_screen(SESSION_SCREEN_METER);
    return want(SESSION_EFFECT_FETCH_METER)->serial;
}

TEST(back_from_a_meter_asks_for_the_rooms_anew)
{
    to_meter();
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_FIND);
    CHECK_EQ_I64(session.find.step, SESSION_FIND_LOADING);
    CHECK_EQ_STR(want(SESSION_EFFECT_FETCH_ROOMS)->text, "");
    apply((struct session_event){.kind = SESSION_EVENT_ROOMS,
                                 .serial = want(SESSION_EFFECT_FETCH_ROOMS)->serial,
                                 .rooms = small_site()});
    touch(SESSION_ACTION_ROOM, 0); /* the neighbour this time */
    CHECK_EQ_STR(want(SESSION_EFFECT_FETCH_METER)->text, "r501");
    CHECK_EQ_STR(session.meter.meter_id, "");
}

TEST(a_room_that_answers_after_its_time_brings_no_meter)
{
    uint32_t asked = to_asked_room();
    struct session_event failed = {.kind = SESSION_EVENT_FAILED, .serial = asked};
    failed.failed.effect_kind = SESSION_EFFECT_FETCH_METER;
    apply(failed);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_NETWORK);
    struct session_meter meter = {.room_id = "r502", .meter_id = "m2", .sale_open = true};
    apply((struct session_event){.kind = SESSION_EVENT_METER, .serial = asked, .meter = &meter});
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_STR(session.meter.meter_id, "");
    CHECK(effect(SESSION_EFFECT_READ_METER) == NULL);
}

TEST(a_room_that_is_refused_says_why)
{
    static const struct {
        enum session_refusal code;
        enum session_problem problem;
    } cases[] = {{SESSION_REFUSAL_NOT_FOUND, SESSION_PROBLEM_METER_UNKNOWN},
                 {SESSION_REFUSAL_METER_BLOCKED, SESSION_PROBLEM_METER_BLOCKED},
                 {SESSION_REFUSAL_SALE_REFUSED, SESSION_PROBLEM_SALE_REFUSED},
                 {SESSION_REFUSAL_OTHER, SESSION_PROBLEM_SERVER}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        create_serial = to_asked_room();
        refused(cases[i].code);
        check_screen(SESSION_SCREEN_PROBLEM);
        CHECK_EQ_I64(session.problem, cases[i].problem);
        /* The server's words stand only where they say more than ours. */
        bool says_why = cases[i].problem == SESSION_PROBLEM_SALE_REFUSED;
        CHECK_EQ_STR(session.problem_text, says_why ? "the reason" : "");
        touch(SESSION_ACTION_HOME, 0);
        check_screen(SESSION_SCREEN_HOME);
        CHECK(session_is_nobodys(&session));
    }
}

TEST(a_view_without_a_ring_keeps_none)
{
    to_pay();
    struct session_order order = view(SESSION_ORDER_WAIT_PAY);
    order.qr_total_ms = 180000;
    apply((struct session_event){
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
    CHECK_EQ_I64(session.order.qr_total_ms, 180000);
    order.version = ++version_next;
    order.qr_until_ms += 60000; /* more time */
    apply((struct session_event){
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
    CHECK_EQ_I64(session.order.qr_total_ms, 240000);
    order.version = ++version_next;
    order.qr_total_ms = 0;
    apply((struct session_event){
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
    CHECK_EQ_I64(session.order.qr_total_ms, 0);
}

TEST(a_scanned_code_calls_nobody)
{
    to_pay();
    struct session_order order = view(SESSION_ORDER_WAIT_PAY);
    order.scanned = true;
    apply((struct session_event){
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
    session.news_ms = order.qr_until_ms;
    tick_at(order.qr_until_ms - 1);
    CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
    CHECK(!session.intent.qr_prompted);
}

TEST(amounts_below_the_sites_range_wait)
{
    to_meter();
    touch(SESSION_ACTION_OTHER, 0);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_AMOUNT); /* nothing typed */
    touch(SESSION_ACTION_DOUBLE_ZERO, 0);
    CHECK_EQ_STR(session.amount_entry, "");
    touch(SESSION_ACTION_DIGIT, 9);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_AMOUNT);
    touch(SESSION_ACTION_CLEAR, 0);
    CHECK_EQ_STR(session.amount_entry, "");
    touch(SESSION_ACTION_DIGIT, 2);
    touch(SESSION_ACTION_DIGIT, 0);
    touch(SESSION_ACTION_DOUBLE_ZERO, 0);
    touch(SESSION_ACTION_DIGIT, 1); /* 20001 yuan: above */
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_AMOUNT);
    touch(SESSION_ACTION_PRINT, 0);
    check_screen(SESSION_SCREEN_AMOUNT);
}

TEST(a_page_is_somebodys_by_each_trace_of_him)
{
    begin();
    CHECK(session_is_nobodys(&session));
    static struct session traced; /* too large for a frame */
    traced = session;
    SET(traced.find.searched, "12");
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    SET(traced.amount_entry, "5");
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    traced.amount = money_fen(1);
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    SET(traced.meter.place, "3-501");
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    SET(traced.order.order_no, "SH1");
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    traced.order_waiting = true;
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    traced.found.count = 1;
    CHECK(!session_is_nobodys(&traced));
    traced = session;
    SET(traced.problem_text, "why");
    CHECK(!session_is_nobodys(&traced));
}

TEST_MAIN()
