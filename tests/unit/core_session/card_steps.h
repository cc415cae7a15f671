/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CORE_SESSION_CARD_STEPS_H
#define SHILLING_TESTS_UNIT_CORE_SESSION_CARD_STEPS_H

/* The steps of a journey with a card. */
#include "tests/unit/core_session/steps.h"

#define OWN_UID "4A8B1C2D"
#define OTHER_UID "99887766"

static uint32_t laying;

static inline void reader_is(enum session_reader reader)
{
    apply((struct session_event){.kind = SESSION_EVENT_READER, .reader = reader});
}

static inline void pad_is(enum session_pad pad, const char *uid, enum session_card_family family)
{
    struct session_event event = {.kind = SESSION_EVENT_CARD};
    event.card.pad = pad;
    event.card.family = family;
    event.card.number = pad == SESSION_PAD_CARD ? ++laying : 0; /* as the driver counts */
    SET(event.card.uid, uid);
    (void)snprintf(event.card.id, sizeof(event.card.id), "00000000-0000-7000-8000-%012u",
                   ++id_next);
    now_ms += 500;
    apply(event);
}

static inline void lay(const char *uid)
{
    pad_is(SESSION_PAD_CARD, uid, SESSION_CARD_CLASSIC);
}

static inline void lift(void)
{
    pad_is(SESSION_PAD_EMPTY, "", SESSION_CARD_CLASSIC);
}

static inline struct session_card_view ready_view(void)
{
    struct session_card_view view = {.loaded = SESSION_LOADED_YES};
    SET(view.session_id, "s1");
    SET(view.uid, OWN_UID);
    SET(view.room_id, "r7");
    SET(view.meter_id, "m7");
    SET(view.place, "3-2-501");
    SET(view.meter_tail, "5566");
    return view;
}

/* What the server says of a card that lacks what it was sold: its token comes with it. */
static inline struct session_card_view owed_view(void)
{
    struct session_card_view view = ready_view();
    view.has_write = true;
    SET(view.owed_order_no, "SH20261120A000001");
    return view;
}

static inline void view_arrives(struct session_card_view view)
{
    now_ms += 300;
    apply((struct session_event){
        .kind = SESSION_EVENT_CARD_VIEW, .serial = session.request_serial, .card_view = &view});
}

static inline void card_fails(enum session_card_trouble trouble)
{
    struct session_event event = {.kind = SESSION_EVENT_CARD_FAILED,
                                  .serial = session.request_serial};
    event.card_failed.trouble = trouble;
    event.card_failed.text = "why";
    now_ms += 300;
    apply(event);
}

static inline struct session_card_write token_of(const char *order_no)
{
    struct session_card_write write = {.amount = {5000}};
    (void)snprintf(write.id, sizeof(write.id), "00000000-0000-7000-8000-%012u", ++id_next);
    SET(write.order_no, order_no);
    SET(write.uid, OWN_UID);
    SET(write.token, "00112233");
    return write;
}

static inline void token_arrives(void)
{
    struct session_card_write write = token_of("SH20261120A000001");
    now_ms += 300;
    apply((struct session_event){
        .kind = SESSION_EVENT_CARD_TOKEN, .serial = session.request_serial, .card_write = &write});
}

static inline void result_arrives(enum session_card_outcome outcome,
                                  enum session_card_trouble trouble)
{
    struct session_card_result result = {.outcome = outcome, .trouble = trouble};
    SET(result.id, session.card.write.id);
    SET(result.order_no, session.card.write.order_no);
    now_ms += 900;
    apply((struct session_event){.kind = SESSION_EVENT_CARD_RESULT, .card_result = &result});
}

static inline void told(bool written)
{
    struct session_event event = {.kind = SESSION_EVENT_CARD_TOLD};
    SET(event.card_told.id, session.card.write.id);
    event.card_told.written = written;
    apply(event);
}

static inline void card_order_arrives(enum session_order_state state)
{
    struct session_order order = view(state);
    order.by_card = true;
    order.card_waits = state == SESSION_ORDER_PAID || state == SESSION_ORDER_CREDITING;
    SET(order.card_tail, "1C2D");
    SET(order.claim_code, "000001");
    now_ms += 100;
    apply((struct session_event){
        .kind = SESSION_EVENT_ORDER, .serial = create_serial, .order = &order});
}

static inline void begin_with_reader(void)
{
    begin();
    reader_is(SESSION_READER_READY);
}

/* Two touches: amount, wallet. */
static inline void to_card_pay(void)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    check_screen(SESSION_SCREEN_CARD);
    touch(SESSION_ACTION_AMOUNT, 1);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    check_screen(SESSION_SCREEN_PAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    card_order_arrives(SESSION_ORDER_WAIT_PAY);
}

static inline void to_card_write(void)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    token_arrives();
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_WRITING);
}

#endif
