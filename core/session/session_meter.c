/* SPDX-License-Identifier: Apache-2.0 */

/*
 * S3 and S3b: one meter, its live balance, and how much to pay. Query and top-up are one page, so
 * a person says who he is once and acts once.
 */
#include <string.h>

#include "common/must.h"
#include "common/parse.h"
#include "core/session/session_private.h"

enum { AMOUNT_DIGITS_MAX = 5 /* whole yuan; the site's own maximum is far below 99999 */ };

void session_meter_open(struct session *session, const char *room_id,
                        struct session_effects *effects, int64_t now_ms)
{
    MUST(room_id[0] != '\0');
    session_card_forget(session);
    session->meter = (struct session_meter){0};
    session->reading = (struct session_reading){0};
    session->amount = money_fen(0);
    session->amount_entry[0] = '\0';
    session->intent = (struct session_intent){0};
    session->no_paper_accepted = false;
    session->room_waiting = true;
    session_goto(session, SESSION_SCREEN_METER, now_ms, 0);
    (void)session_ask(session, effects, SESSION_EFFECT_FETCH_METER, room_id);
    MUST(session->room_waiting);
}

static void read_meter(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    session->reading.state = SESSION_READING_WAITING;
    session->reading.asked_ms = now_ms;
    (void)session_ask(session, effects, SESSION_EFFECT_READ_METER, session->meter.meter_id);
}

void session_meter_return(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    MUST(!session->room_waiting);
    if (session_card_is_known(session)) {
        session_goto(session, SESSION_SCREEN_CARD, now_ms, 0);
        return;
    }
    session_goto(session, SESSION_SCREEN_METER, now_ms, 0);
    /* A question of the payment has made the answer to this one an old one. */
    if (session->reading.state == SESSION_READING_WAITING) {
        read_meter(session, effects, now_ms);
    }
    MUST(session->screen == SESSION_SCREEN_METER);
}

void session_meter_arrived(struct session *session, const struct session_event *event,
                           struct session_effects *effects)
{
    if (event->serial != session->request_serial || !session->room_waiting) {
        return;
    }
    if (session->screen != SESSION_SCREEN_METER) {
        return; /* the person has gone on or away */
    }
    session->meter = *event->meter;
    session->room_waiting = false;
    read_meter(session, effects, event->now_ms);
    MUST(session->reading.state == SESSION_READING_WAITING);
}

void session_reading_arrived(struct session *session, const struct session_event *event)
{
    /* Serial 0: the stored value that came with the room page, shown while the meter is asked. */
    bool stored_first = event->serial == 0 && session->reading.state == SESSION_READING_WAITING;
    if (!stored_first && event->serial != session->request_serial) {
        return;
    }
    int64_t asked_ms = session->reading.asked_ms;
    struct session_reading before = session->reading;
    session->reading = *event->reading;
    session->reading.asked_ms = asked_ms;
    session->reading.arrived_ms = event->now_ms;
    if (stored_first) {
        session->reading.state = SESSION_READING_WAITING;
        return;
    }
    bool empty = session->reading.state == SESSION_READING_STORED &&
                 !session->reading.balance_known && before.balance_known;
    if (empty) {
        /* A silent meter must not wipe the older value that is on the screen. */
        before.state = SESSION_READING_STORED;
        before.reason = event->reading->reason;
        session->reading = before;
    }
    MUST(session->reading.state < SESSION_READING_COUNT);
}

static bool printer_works(const struct session *session)
{
    return session->printer == SESSION_PRINTER_NONE || session->printer == SESSION_PRINTER_READY ||
           session->printer == SESSION_PRINTER_NEAR_END;
}

/* The amount is known: on to the wallets. E13: a dead printer is told before money moves. */
static void amount_chosen(struct session *session, const struct session_event *event,
                          struct money amount)
{
    MUST(amount.fen > 0);
    session->amount = amount;
    session->intent = (struct session_intent){0};
    session_text_copy(session->intent.purchase_id, sizeof(session->intent.purchase_id),
                      event->touch.ids[0]);
    session_goto(session, SESSION_SCREEN_WALLET, event->now_ms, 0);
    if (!printer_works(session) && !session->no_paper_accepted) {
        session_overlay_open(session, SESSION_OVERLAY_NO_PRINTER, event->now_ms, 0);
    }
}

static bool sale_is_open(const struct session *session)
{
    return session->meter.sale_open && session->profile.payments_open && !session->room_waiting;
}

/* An amount tile or "other", on the page of a meter or of a card. */
static bool amount_touched(struct session *session, const struct session_event *event)
{
    enum session_action action = event->touch.action;
    uint32_t value = event->touch.value;
    if (action == SESSION_ACTION_AMOUNT && value < session->profile.amount_count) {
        struct money amount = session->profile.amounts[value];
        if (sale_is_open(session) && session_card_takes(session, amount)) {
            amount_chosen(session, event, amount);
        }
    } else if (action == SESSION_ACTION_OTHER) {
        if (sale_is_open(session) && session_card_takes(session, session->profile.amount_min)) {
            session->amount_entry[0] = '\0';
            session->amount = money_fen(0);
            session_goto(session, SESSION_SCREEN_AMOUNT, event->now_ms, 0);
        }
    } else {
        return false;
    }
    return true;
}

static bool page_touch(struct session *session, const struct session_event *event,
                       struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    if (amount_touched(session, event)) {
        return true;
    }
    if (action == SESSION_ACTION_REFRESH && !session->room_waiting) {
        read_meter(session, effects, event->now_ms);
    } else if (action == SESSION_ACTION_BACK) {
        session_find_begin(session, effects, event->now_ms);
    } else {
        return false;
    }
    return true;
}

static void amount_typed(struct session *session)
{
    uint64_t yuan = 0;
    bool any = parse_u64(session->amount_entry, 99999, &yuan);
    session->amount = money_fen(any ? (int64_t)yuan * 100 : 0);
}

static bool amount_in_range(const struct session *session)
{
    return session->amount.fen > 0 && session->amount.fen >= session->profile.amount_min.fen &&
           session->amount.fen <= session->profile.amount_max.fen &&
           session_card_takes(session, session->amount);
}

static bool amount_touch(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    char digit[2] = {(char)('0' + event->touch.value % 10U), '\0'};
    bool leading = session->amount_entry[0] == '\0';
    if (action == SESSION_ACTION_DIGIT && !(leading && digit[0] == '0')) {
        session_entry_add(session->amount_entry, AMOUNT_DIGITS_MAX, digit);
    } else if (action == SESSION_ACTION_DOUBLE_ZERO && !leading) {
        session_entry_add(session->amount_entry, AMOUNT_DIGITS_MAX, "00");
    } else if (action == SESSION_ACTION_ERASE) {
        session_entry_erase(session->amount_entry);
    } else if (action == SESSION_ACTION_CLEAR) {
        session->amount_entry[0] = '\0';
    } else if (action == SESSION_ACTION_CONFIRM) {
        if (amount_in_range(session)) {
            amount_chosen(session, event, session->amount);
        }
        return true;
    } else if (action == SESSION_ACTION_BACK) {
        session_meter_return(session, effects, event->now_ms);
        return true;
    } else {
        return false;
    }
    amount_typed(session);
    return true;
}

bool session_meter_touch(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    if (session->screen == SESSION_SCREEN_CARD) {
        return amount_touched(session, event);
    }
    if (session->screen == SESSION_SCREEN_METER) {
        return page_touch(session, event, effects);
    }
    if (session->screen == SESSION_SCREEN_AMOUNT) {
        return amount_touch(session, event, effects);
    }
    return false;
}
