/* SPDX-License-Identifier: Apache-2.0 */
/* How a session ends, and what of it is kept: the size of letters, the language, no person. */
#include "tests/unit/core_session/steps.h"

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

TEST_MAIN()
