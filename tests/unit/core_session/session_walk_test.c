/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A monkey at the kiosk: random touches, answers (also wrong and late ones) and times. Whatever
 * comes, the rules of the screen hold: an order is journalled before it is created, a token before
 * it is written and a result before it is told, "credited" and "on the card" are
 * shown only for an order that the server calls DONE, a paid person is never sent home by a touch
 * on "home", and nothing of a person survives his session.
 */
#include "core/session/session.h"
#include "tests/unit/test.h"

static struct session session;
static struct session_effects effects;
static uint64_t rng_state;

static uint32_t draw(uint32_t bound)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)(rng_state % bound);
}

static uint8_t draw_effect(void)
{
    uint32_t kind = draw(SESSION_EFFECT_COUNT);
    return (uint8_t)kind;
}

static struct session_order order_value;
static struct session_rooms rooms_value;
static struct session_meter meter_value;
static struct session_reading reading_value;
static struct session_profile profile_value;
static struct session_found_orders found_value;

static struct session_card_view card_view_value;
static struct session_card_write write_value;
static struct session_card_result result_value;
static uint32_t laying;
static uint32_t write_count; /* over all walks */

static bool session_on_card(void)
{
    return session.order.by_card || session.card.view.session_id[0] != '\0';
}

static void draw_card_view(struct session_event *event)
{
    event->kind = SESSION_EVENT_CARD_VIEW;
    card_view_value = (struct session_card_view){0};
    (void)snprintf(card_view_value.session_id, SESSION_ID_SIZE, "s%u", draw(1000));
    memcpy(card_view_value.uid, session.card.uid, SESSION_UID_SIZE);
    (void)snprintf(card_view_value.room_id, SESSION_ID_SIZE, "r");
    (void)snprintf(card_view_value.meter_id, SESSION_ID_SIZE, "m");
    if (draw(4) == 0) {
        card_view_value.trouble = draw(SESSION_CARD_TROUBLE_COUNT);
    }
    if (draw(3) == 0) {
        (void)snprintf(card_view_value.owed_order_no, SESSION_ORDER_NO_SIZE, "SH%06u", draw(3));
        card_view_value.has_write = draw(2) == 0;
        card_view_value.repair = card_view_value.has_write && draw(3) == 0;
        card_view_value.owed = money_fen(5000);
    }
    event->card_view = &card_view_value;
}

static void draw_result(struct session_event *event)
{
    event->kind = SESSION_EVENT_CARD_RESULT;
    result_value = (struct session_card_result){0};
    memcpy(result_value.id, session.card.write.id, SESSION_UUID_SIZE);
    result_value.outcome = draw(SESSION_CARD_OUTCOME_COUNT);
    uint32_t trouble = draw(SESSION_CARD_TROUBLE_COUNT);
    result_value.trouble = result_value.outcome == SESSION_CARD_DONE ? SESSION_CARD_FINE : trouble;
    event->card_result = &result_value;
}

/* What lies on the reader, and what comes of it. */
static void draw_card(struct session_event *event)
{
    event->serial = session.request_serial - (draw(6) == 0 ? 1U : 0U);
    switch (draw(8)) {
    case 0:
        event->kind = SESSION_EVENT_READER;
        event->reader = draw(5) == 0 ? SESSION_READER_ERROR : SESSION_READER_READY;
        break;
    case 1:
    case 2:
    case 3:
        event->kind = SESSION_EVENT_CARD;
        event->card.pad = draw(SESSION_PAD_COUNT);
        event->card.number = event->card.pad == SESSION_PAD_CARD ? ++laying : 0;
        event->card.family = draw(6) == 0 ? SESSION_CARD_PHONE : SESSION_CARD_CLASSIC;
        if (event->card.pad == SESSION_PAD_CARD) {
            (void)snprintf(event->card.uid, SESSION_UID_SIZE, "AA0%u", draw(3));
        }
        break;
    case 4:
        draw_card_view(event);
        break;
    case 5:
        event->kind = SESSION_EVENT_CARD_TOKEN;
        write_value = (struct session_card_write){.amount = {5000}};
        (void)snprintf(write_value.id, SESSION_UUID_SIZE, "w%u", draw(1000000));
        (void)snprintf(write_value.order_no, SESSION_ORDER_NO_SIZE, "SH%06u", draw(3));
        event->card_write = &write_value;
        break;
    case 6:
        draw_result(event);
        break;
    default:
        event->kind = draw(2) == 0 ? SESSION_EVENT_CARD_TOLD : SESSION_EVENT_CARD_FAILED;
        if (event->kind == SESSION_EVENT_CARD_TOLD) {
            memcpy(event->card_told.id, session.card.write.id, SESSION_UUID_SIZE);
            event->card_told.written = draw(4) != 0;
        } else {
            event->card_failed.trouble = 1 + draw(SESSION_CARD_TROUBLE_COUNT - 1);
            event->card_failed.text = NULL;
        }
        break;
    }
}

static void draw_touch(struct session_event *event)
{
    event->kind = SESSION_EVENT_TOUCH;
    event->touch.action = draw(SESSION_ACTION_COUNT);
    event->touch.value = draw(6);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(event->touch.ids[i], sizeof(event->touch.ids[i]),
                       "00000000-0000-7000-8000-%012u", draw(1000000000));
    }
}

static void draw_order(struct session_event *event)
{
    event->kind = SESSION_EVENT_ORDER;
    order_value = (struct session_order){0};
    order_value.state = draw(SESSION_ORDER_STATE_COUNT);
    order_value.version = session.order.version + draw(3);
    (void)snprintf(order_value.order_no, sizeof(order_value.order_no), "SH%06u",
                   draw(8) == 0 ? 2U : 1U);
    memcpy(order_value.client_request_id, session.intent.client_request_id, SESSION_UUID_SIZE);
    order_value.by_card = session_on_card() ? draw(8) != 0 : draw(8) == 0;
    (void)snprintf(order_value.card_tail, sizeof(order_value.card_tail), "0%u", draw(2));
    if (draw(2) == 0) {
        (void)snprintf(order_value.qr_text, sizeof(order_value.qr_text), "q");
    }
    event->order = &order_value;
}

static void draw_answer(struct session_event *event)
{
    event->serial = session.request_serial - draw(2);
    switch (draw(7)) {
    case 0:
        rooms_value = (struct session_rooms){.total = draw(400)};
        rooms_value.room_count = rooms_value.total < 240 ? rooms_value.total : 240;
        rooms_value.group_count = rooms_value.room_count > 0 ? 1 + draw(5) : 0;
        for (size_t i = 0; i < rooms_value.room_count; i++) {
            (void)snprintf(rooms_value.rooms[i].id, SESSION_ID_SIZE, "r%zu", i);
        }
        event->kind = SESSION_EVENT_ROOMS;
        event->rooms = &rooms_value;
        break;
    case 1:
        meter_value = (struct session_meter){.meter_id = "m", .sale_open = draw(4) != 0};
        event->kind = SESSION_EVENT_METER;
        event->meter = &meter_value;
        break;
    case 2:
        reading_value = (struct session_reading){0};
        reading_value.state = draw(SESSION_READING_COUNT);
        event->kind = SESSION_EVENT_READING;
        event->reading = &reading_value;
        break;
    case 3:
        event->kind = SESSION_EVENT_REFUSED;
        event->refused.code = draw(SESSION_REFUSAL_COUNT);
        event->refused.text = "";
        break;
    case 4:
        event->kind = SESSION_EVENT_FAILED;
        event->failed.effect_kind = draw_effect();
        break;
    case 5:
        found_value = (struct session_found_orders){.count = draw(3)};
        event->kind = SESSION_EVENT_FOUND_ORDERS;
        event->found = &found_value;
        for (size_t i = 0; i < found_value.count; i++) {
            found_value.orders[i].state = draw(SESSION_ORDER_STATE_COUNT);
            (void)snprintf(found_value.orders[i].order_no, SESSION_ORDER_NO_SIZE, "SH%06zu", i);
            memcpy(found_value.orders[i].client_request_id, session.intent.boot_id,
                   SESSION_UUID_SIZE);
        }
        break;
    default:
        draw_order(event);
        break;
    }
}

static struct session_event draw_event(int64_t now_ms)
{
    struct session_event event = {.now_ms = now_ms};
    uint32_t what = draw(31);
    if (what < 9) {
        draw_touch(&event);
    } else if (what < 15) {
        draw_answer(&event);
    } else if (what == 15) {
        event.kind = SESSION_EVENT_PRINTER;
        event.printer = draw(SESSION_PRINTER_COUNT);
    } else if (what == 16) {
        event.kind = SESSION_EVENT_RECEIPT;
        event.receipt.state = draw(SESSION_RECEIPT_COUNT);
        memcpy(event.receipt.job_id, session.intent.print_id, SESSION_UUID_SIZE);
        event.receipt.url = draw(2) == 0 ? "https://example.test/r/1" : NULL;
    } else if (what == 17) {
        event.kind = SESSION_EVENT_SERVICE;
        event.service = draw(6) == 0 ? 1 + draw(2) : SESSION_SERVICE_OPEN; /* closed seldom */
    } else if (what < 27) {
        draw_card(&event);
    } else if (what == 27) {
        event.kind = SESSION_EVENT_ONLINE;
        event.online = draw(6) != 0;
    } else {
        event.kind = SESSION_EVENT_TICK;
    }
    return event;
}

static void check_order_pages(void)
{
    if (session.screen == SESSION_SCREEN_DONE) {
        CHECK_EQ_I64(session.order.state, SESSION_ORDER_DONE);
    }
    if (session.screen == SESSION_SCREEN_REFUNDED) {
        CHECK_EQ_I64(session.order.state, SESSION_ORDER_REFUNDED);
    }
    if (session.screen == SESSION_SCREEN_CREDITING || session.screen == SESSION_SCREEN_SLOW) {
        bool paid = session.order.state == SESSION_ORDER_PAID ||
                    session.order.state == SESSION_ORDER_CREDITING;
        CHECK(paid);
    }
    if (session.screen == SESSION_SCREEN_CARD_DONE) {
        CHECK_EQ_I64(session.order.state, SESSION_ORDER_DONE);
    }
    if (session.card.stage == SESSION_CARD_STAGE_WRITING) {
        CHECK(session.card.write.order_no[0] != '\0');
        CHECK_EQ_I64(session.overlay == SESSION_OVERLAY_IDLE, false);
    }
    if (session.screen == SESSION_SCREEN_HOME || session.screen == SESSION_SCREEN_ATTRACT) {
        CHECK_EQ_STR(session.card.view.session_id, "");
        CHECK_EQ_STR(session.card.write.id, "");
    }
    if (session.screen == SESSION_SCREEN_ATTRACT) {
        CHECK_EQ_STR(session.order.order_no, "");
        CHECK_EQ_STR(session.meter.meter_id, "");
        CHECK_EQ_STR(session.intent.client_request_id, "");
    }
}

static void check_effects(const struct session_event *event, enum session_screen before)
{
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.list[i].kind == SESSION_EFFECT_CREATE) {
            CHECK(i > 0);
            CHECK_EQ_I64(effects.list[i - 1].kind, SESSION_EFFECT_SAVE);
            CHECK(effects.list[i].create.client_request_id[0] != '\0');
            CHECK(effects.list[i].create.amount.fen > 0);
        }
        if (effects.list[i].kind == SESSION_EFFECT_CARD_WRITE) {
            CHECK(i > 0);
            CHECK_EQ_I64(effects.list[i - 1].kind, SESSION_EFFECT_CARD_SAVE);
            write_count += 1;
            CHECK_EQ_I64(session.card.pad, SESSION_PAD_CARD);
        }
        if (effects.list[i].kind == SESSION_EFFECT_CARD_TELL) {
            CHECK(i > 0);
            CHECK_EQ_I64(effects.list[i - 1].kind, SESSION_EFFECT_CARD_RESULT);
        }
    }
    bool home = event->kind == SESSION_EVENT_TOUCH && event->touch.action == SESSION_ACTION_HOME;
    if (home && before == SESSION_SCREEN_CREDITING) {
        CHECK(session.screen == SESSION_SCREEN_CREDITING);
    }
}

/* An answer about a card tells nobody whose money is on its way back that nothing was taken. */
static void check_card_answers(const struct session_event *event, enum session_screen before)
{
    bool answer =
        event->kind == SESSION_EVENT_CARD_VIEW || event->kind == SESSION_EVENT_CARD_FAILED;
    bool paid = before == SESSION_SCREEN_REFUND || before == SESSION_SCREEN_REFUNDED ||
                before == SESSION_SCREEN_REVIEW;
    if (answer && paid && session.order.by_card) {
        CHECK(session.screen != SESSION_SCREEN_PROBLEM);
        CHECK(session.screen != SESSION_SCREEN_CARD);
    }
}

/* What one tick brings may be due itself; after three there is something to wait for. */
static void check_no_spinning(int64_t now_ms)
{
    const struct session_event tick = {.kind = SESSION_EVENT_TICK, .now_ms = now_ms};
    for (int again = 0; again < 2 && session_next_deadline_ms(&session) <= now_ms; again++) {
        session_apply(&session, &tick, &effects);
    }
    CHECK(session_next_deadline_ms(&session) > now_ms);
}

TEST(no_walk_breaks_the_rules_of_the_screen)
{
    write_count = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        rng_state = (test_seed << 20) + seed * 2654435761U;
        int64_t now_ms = 1000;
        session_init(&session, now_ms);
        struct session_event boot = {.kind = SESSION_EVENT_BOOT, .now_ms = now_ms};
        boot.boot.order_open = draw(4) == 0;
        (void)snprintf(boot.boot.client_request_id, SESSION_UUID_SIZE,
                       "00000000-0000-7000-8000-%012u", draw(1000000000));
        session_apply(&session, &boot, &effects);
        profile_value = (struct session_profile){.amounts = {{2000}, {5000}},
                                                 .amount_count = 2,
                                                 .amount_min = {100},
                                                 .amount_max = {900000},
                                                 .wallets = {false, true, true},
                                                 .receipt_auto = draw(2) == 0,
                                                 .payments_open = true};
        struct session_event profile = {
            .kind = SESSION_EVENT_PROFILE, .now_ms = now_ms, .profile = &profile_value};
        session_apply(&session, &profile, &effects);
        for (int step = 0; step < 500; step++) {
            now_ms += draw(4) == 0 ? draw(30000) : draw(300);
            struct session_event event = draw_event(now_ms);
            enum session_screen before = session.screen;
            session_apply(&session, &event, &effects);
            check_effects(&event, before);
            check_card_answers(&event, before);
            check_order_pages();
            if (event.kind == SESSION_EVENT_TICK) {
                check_no_spinning(now_ms);
            }
        }
    }
    CHECK(write_count > 0); /* the monkey finds its way to a written card */
}

TEST_MAIN()
