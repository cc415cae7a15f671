/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CORE_SESSION_STEPS_H
#define SHILLING_TESTS_UNIT_CORE_SESSION_STEPS_H

/* The steps of a tenant's journey that several tests begin with, on one session. */
#include "core/session/names.h"
#include "core/session/session.h"
#include "tests/unit/test.h"

/* Fixed texts into the model's arrays. */
#define SET(array, text) (void)snprintf((array), sizeof(array), "%s", (text))

static struct session session;
static struct session_effects effects;
static int64_t now_ms;
static uint32_t id_next;

static inline void apply(struct session_event event)
{
    event.now_ms = now_ms;
    session_apply(&session, &event, &effects);
}

static inline void tick_at(int64_t at_ms)
{
    now_ms = at_ms;
    apply((struct session_event){.kind = SESSION_EVENT_TICK});
}

static inline void touch(enum session_action action, uint32_t value)
{
    struct session_event event = {.kind = SESSION_EVENT_TOUCH};
    event.touch.action = action;
    event.touch.value = value;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(event.touch.ids[i], sizeof(event.touch.ids[i]),
                       "00000000-0000-7000-8000-%012u", ++id_next);
    }
    now_ms += 1000;
    apply(event);
}

static inline const struct session_effect *effect(enum session_effect_kind kind)
{
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.list[i].kind == kind) {
            return &effects.list[i];
        }
    }
    return NULL;
}

/* The same, where the test cannot go on without it. */
static inline const struct session_effect *want(enum session_effect_kind kind)
{
    const struct session_effect *found = effect(kind);
    if (found == NULL) {
        TEST_FAIL("no effect of kind %d", (int)kind);
    }
    return found;
}

static inline void begin(void)
{
    now_ms = 1000000;
    session_init(&session, now_ms);
    apply((struct session_event){.kind = SESSION_EVENT_BOOT});
    static struct session_profile profile = {
        .amounts = {{2000}, {5000}, {10000}},
        .amount_count = 3,
        .amount_min = {1000},
        .amount_max = {200000},
        .wallets = {false, true, true},
        .receipt_auto = true,
        .payments_open = true,
    };
    apply((struct session_event){.kind = SESSION_EVENT_PROFILE, .profile = &profile});
    apply((struct session_event){.kind = SESSION_EVENT_ONLINE, .online = true});
    apply((struct session_event){.kind = SESSION_EVENT_PRINTER, .printer = SESSION_PRINTER_READY});
}

static inline struct session_rooms *small_site(void)
{
    static struct session_rooms rooms;
    rooms = (struct session_rooms){.room_count = 2, .group_count = 1, .total = 2};
    SET(rooms.rooms[0].id, "r501");
    SET(rooms.rooms[1].id, "r502");
    rooms.groups[0] = (struct session_group){.building = "3", .unit = "2", .first = 0, .count = 2};
    return &rooms;
}

static inline void to_meter(void)
{
    begin();
    touch(SESSION_ACTION_TOP_UP, 0);
    apply((struct session_event){.kind = SESSION_EVENT_ROOMS,
                                 .serial = want(SESSION_EFFECT_FETCH_ROOMS)->serial,
                                 .rooms = small_site()});
    touch(SESSION_ACTION_ROOM, 1);
    CHECK_EQ_STR(want(SESSION_EFFECT_FETCH_METER)->text, "r502");
    struct session_meter meter = {.room_id = "r502", .meter_id = "m2", .sale_open = true};
    apply((struct session_event){.kind = SESSION_EVENT_METER,
                                 .serial = want(SESSION_EFFECT_FETCH_METER)->serial,
                                 .meter = &meter});
}

static uint32_t create_serial;

static inline void to_pay(void)
{
    to_meter();
    touch(SESSION_ACTION_AMOUNT, 1);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
}

static uint64_t version_next;

static inline struct session_order view(enum session_order_state state)
{
    struct session_order order = {.order_no = "SH20261120A000001", .state = state};
    SET(order.client_request_id, session.intent.client_request_id);
    order.version = ++version_next;
    if (state == SESSION_ORDER_WAIT_PAY) {
        SET(order.qr_text, "https://example.test/q/1");
        order.qr_until_ms = now_ms + 170000;
        order.more_time_left = 2;
    }
    return order;
}

static inline void arrives(enum session_order_state state)
{
    struct session_order order = view(state);
    apply((struct session_event){
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
}

static inline void check_screen(enum session_screen want)
{
    CHECK_EQ_STR(session_screen_name(session.screen), session_screen_name(want));
}

static inline void refused(enum session_refusal code)
{
    struct session_event event = {.kind = SESSION_EVENT_REFUSED, .serial = create_serial};
    event.refused.code = code;
    event.refused.text = "the reason";
    apply(event);
}

/* printd has spoken about a paper. */
static inline void verdict(const char *job_id, enum session_receipt state)
{
    struct session_event event = {.kind = SESSION_EVENT_RECEIPT};
    event.receipt.state = state;
    SET(event.receipt.job_id, job_id);
    apply(event);
}

#endif
