/* SPDX-License-Identifier: Apache-2.0 */

/* The parts of the kiosk's shell that need neither a display nor a server. */
#include "common/str.h"
#include "kiosk/flow/asker.h"
#include "kiosk/flow/convert.h"
#include "kiosk/flow/message.h"
#include "kiosk/flow/question.h"
#include "protocol/api/error.h"
#include "tests/unit/test.h"

#define SET(array, text) (void)snprintf((array), sizeof(array), "%s", (text))

static int woken;

static void count_wake(void *self)
{
    (void)self;
    woken += 1;
}

TEST(messages_keep_their_order_and_wake_once_for_a_queue)
{
    woken = 0;
    struct message_queue *queue = message_queue_create(count_wake, NULL);
    CHECK(queue != NULL);
    message_put(queue, message_create(SESSION_EVENT_TICK));
    message_put(queue, message_create(SESSION_EVENT_ONLINE));
    CHECK_EQ_I64(woken, 1);
    struct message *first = message_take(queue);
    struct message *second = message_take(queue);
    CHECK_EQ_I64(first->event.kind, SESSION_EVENT_TICK);
    CHECK_EQ_I64(second->event.kind, SESSION_EVENT_ONLINE);
    CHECK(message_take(queue) == NULL);
    message_destroy(first);
    message_destroy(second);
    message_put(queue, message_create(SESSION_EVENT_TICK));
    CHECK_EQ_I64(woken, 2);
    message_queue_destroy(queue); /* with one inside */
}

TEST(an_order_view_becomes_the_screens_order)
{
    struct api_order_view view = {.version = 7,
                                  .state = API_ORDER_WAIT_PAY,
                                  .stage = API_STAGE_NOTHING_SENT,
                                  .channel = API_CHANNEL_WECHAT,
                                  .amount_fen = 5000,
                                  .qr_left_ms = 180000,
                                  .more_time_left = 2,
                                  .relay = API_RELAY_CLOSING};
    SET(view.order_no, "SH20261120A000001");
    SET(view.qr_text, "weixin://wxpay/bizpayurl?pr=x");
    struct session_order order;
    CHECK(convert_order(&view, 1000, &order));
    CHECK_EQ_I64(order.qr_until_ms, 1000 + 180000 - 10000);
    CHECK_EQ_I64(order.wallet, SESSION_WALLET_WECHAT);
    CHECK_EQ_I64(order.relay, SESSION_RELAY_CLOSING);
    CHECK_EQ_I64(order.stage, SESSION_STAGE_NOTHING_SENT);
    CHECK_EQ_I64(order.amount.fen, 5000);
    CHECK_EQ_STR(order.qr_text, view.qr_text);
}

TEST(a_code_that_no_screen_can_carry_is_no_code)
{
    struct api_order_view view = {.state = API_ORDER_WAIT_PAY};
    SET(view.order_no, "SH20261120A000001");
    memset(view.qr_text, 'x', 400);
    struct session_order order;
    CHECK(!convert_order(&view, 0, &order));
    CHECK_EQ_STR(order.qr_text, "");
}

TEST(every_state_and_refusal_has_its_own)
{
    for (int i = 0; i < API_ORDER_STATE_COUNT; i++) {
        struct api_order_view view = {.state = (enum api_order_state)i};
        struct session_order order;
        CHECK(convert_order(&view, 0, &order));
        CHECK_EQ_I64(order.state, i);
    }
    static const struct {
        struct api_error error;
        enum session_refusal refusal;
    } cases[] = {
        {{.code = API_ERROR_METER_SILENT}, SESSION_REFUSAL_METER_SILENT},
        {{.code = API_ERROR_SILENT_REFUSED}, SESSION_REFUSAL_SILENT_REFUSED},
        {{.code = API_ERROR_DISK_FULL}, SESSION_REFUSAL_DISK_FULL},
        {{.code = API_ERROR_PURCHASE_PAID}, SESSION_REFUSAL_PURCHASE_PAID},
        {{.code = API_ERROR_PAYMENTS_CLOSED}, SESSION_REFUSAL_PAYMENTS_CLOSED},
        {{.code = API_ERROR_PAYMENTS_CLOSED, .message = "no_wallet"},
         SESSION_REFUSAL_PAYMENTS_CLOSED},
        {{.code = API_ERROR_PAYMENTS_CLOSED, .message = API_REASON_PROVIDER_DOWN},
         SESSION_REFUSAL_CHANNEL},
        {{.code = API_ERROR_SALE_REFUSED, .message = "model_unknown"},
         SESSION_REFUSAL_SALE_REFUSED},
        {{.code = API_ERROR_SALE_REFUSED, .message = API_ERROR_METER_BLOCKED},
         SESSION_REFUSAL_METER_BLOCKED},
        {{.code = "something_new"}, SESSION_REFUSAL_OTHER},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK_EQ_I64(convert_refusal(&cases[i].error), cases[i].refusal);
    }
}

TEST(words_between_programs_are_not_for_people)
{
    static const char *const codes[] = {"not_found", "provider_down", "model_unknown", "e42", ""};
    char reason[SESSION_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        SET(reason, "before");
        convert_reason(reason, sizeof(reason), codes[i]);
        CHECK_EQ_STR(reason, "");
    }
    convert_reason(reason, sizeof(reason), "moved out");
    CHECK_EQ_STR(reason, "moved out");
    struct api_profile profile = {.payments_reason = "disk_full"};
    static struct session_profile shown;
    convert_profile(&profile, &shown);
    CHECK_EQ_STR(shown.payments_reason, "");
    static struct api_room_page page;
    SET(page.sale_reason, API_ERROR_METER_BLOCKED);
    struct session_meter meter;
    struct session_reading stored;
    convert_room_page(&page, &meter, &stored);
    CHECK(meter.sale_blocked);
    CHECK_EQ_STR(meter.sale_reason, "");
    SET(page.sale_reason, "no_key_service");
    convert_room_page(&page, &meter, &stored);
    CHECK(!meter.sale_blocked);
    CHECK_EQ_STR(meter.sale_reason, "");
}

TEST(the_profile_is_fetched_until_it_says_what_the_heartbeat_says)
{
    struct asker_profile seen = {0};
    struct api_heartbeat_answer answer = {.payments_open = true, .profile_version = "7"};
    CHECK(asker_profile_is_old(&seen, &answer));
    seen = (struct asker_profile){.known = true, .version = "7", .payments_open = false};
    CHECK(asker_profile_is_old(&seen, &answer));
    seen.payments_open = true;
    CHECK(!asker_profile_is_old(&seen, &answer));
    answer.payments_open = false;
    CHECK(asker_profile_is_old(&seen, &answer));
    answer = (struct api_heartbeat_answer){.payments_open = true, .profile_version = "8"};
    CHECK(asker_profile_is_old(&seen, &answer));
}

static struct api_room room(const char *id, const char *building, const char *unit)
{
    struct api_room one = {.kind = API_SERVICE_ELECTRICITY};
    SET(one.room_id, id);
    SET(one.building, building);
    SET(one.unit, unit);
    SET(one.label, id);
    return one;
}

TEST(rooms_of_one_building_and_unit_stand_together)
{
    struct api_room list[4] = {room("a", "1", "1"), room("b", "1", "1"), room("c", "1", "2"),
                               room("d", "2", "")};
    struct api_rooms api = {.total = 300, .rooms = list, .room_count = 4};
    static struct session_rooms rooms;
    convert_rooms(&api, &rooms);
    CHECK_EQ_U64(rooms.total, 300);
    CHECK_EQ_U64(rooms.room_count, 4);
    CHECK_EQ_U64(rooms.group_count, 3);
    CHECK_EQ_U64(rooms.groups[0].count, 2);
    CHECK_EQ_U64(rooms.groups[2].first, 3);
    CHECK_EQ_STR(rooms.groups[1].unit, "2");
}

TEST(the_newest_days_are_kept_and_the_stored_value_comes_along)
{
    static struct api_room_page page;
    page.usage.day_count = 20;
    for (size_t i = 0; i < 20; i++) {
        (void)snprintf(page.usage.days[i].day, sizeof(page.usage.days[i].day), "2026-11-%02zu",
                       i + 1);
    }
    SET(page.meter_protocol, "645-2007");
    page.has_last = true;
    page.last_balance_fen = -150;
    page.last_age_s = 60;
    struct session_meter meter;
    struct session_reading stored;
    convert_room_page(&page, &meter, &stored);
    CHECK_EQ_U64(meter.day_count, SESSION_DAYS_MAX);
    CHECK_EQ_STR(meter.days[0].day, "2026-11-07");
    CHECK_EQ_STR(meter.protocol, "DL/T 645-2007");
    CHECK_EQ_I64(stored.state, SESSION_READING_STORED);
    CHECK_EQ_I64(stored.balance.fen, -150);
    CHECK_EQ_I64(stored.age_ms, 60000);
}

TEST(only_what_a_person_cannot_repeat_is_repeated_for_him)
{
    CHECK(question_patience_ms(SESSION_EFFECT_CREATE) > 0);
    CHECK(question_patience_ms(SESSION_EFFECT_CANCEL) > 0);
    CHECK_EQ_I64(question_patience_ms(SESSION_EFFECT_READ_METER), 0);
}

TEST_MAIN()
