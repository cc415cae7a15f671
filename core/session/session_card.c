/* SPDX-License-Identifier: Apache-2.0 */

/*
 * B1 and B2: what lies on the reader, and the page of the card that was read. A card laid on the
 * first page goes straight to its own; whoever lays one has said who he is. Nothing is paid here,
 * so whatever goes wrong leaves nothing behind. What a paid order does with the card stands in
 * session_card_write.c.
 */
#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

/* Also an order that people look at: what is owed on its card may be written all the same. */
static bool order_wants_card(const struct session *session)
{
    bool review = session->screen == SESSION_SCREEN_REVIEW && session->order.by_card;
    return review || session->screen == SESSION_SCREEN_CARD_BACK ||
           session->screen == SESSION_SCREEN_CARD_WRITE ||
           session->screen == SESSION_SCREEN_CARD_OWED;
}

void session_card_trouble_set(struct session *session, enum session_card_trouble trouble,
                              const char *text)
{
    MUST(trouble < SESSION_CARD_TROUBLE_COUNT);
    struct session_card *card = &session->card;
    bool news = card->trouble != trouble;
    card->trouble = trouble;
    str_format_cut(card->trouble_text, sizeof(card->trouble_text), "%s", text != NULL ? text : "");
    session->screen_serial += news ? 1 : 0;
}

void session_card_forget(struct session *session)
{
    /* What lies there stays there; whose it is, nobody may see. */
    const struct session_card *old = &session->card;
    struct session_card card = {.pad = old->pad,
                                .number = old->number,
                                .family = old->family,
                                .opened_number = old->opened_number,
                                .two_noticed = old->two_noticed,
                                .poll = old->poll};
    session->card = card;
    MUST(session->card.view.session_id[0] == '\0');
}

bool session_card_is_known(const struct session *session)
{
    return session->card.view.session_id[0] != '\0';
}

/* Why what lies on the pad cannot be a meter's card; FINE: it may be one. */
static enum session_card_trouble pad_trouble(const struct session *session)
{
    if (session->card.pad == SESSION_PAD_TWO) {
        return SESSION_CARD_TWO;
    }
    switch (session->card.family) {
    case SESSION_CARD_CLASSIC:
    case SESSION_CARD_ISO:
        break;
    case SESSION_CARD_PHONE:
        return SESSION_CARD_IS_PHONE;
    case SESSION_CARD_UNKNOWN:
    case SESSION_CARD_FAMILY_COUNT:
        return SESSION_CARD_NOT_OURS;
    }
    return SESSION_CARD_FINE;
}

/* What lies there has had its page, and brings none again by itself. */
static void notice(struct session_card *card)
{
    if (card->pad == SESSION_PAD_CARD) {
        card->opened_number = card->number;
    }
    card->two_noticed = card->pad == SESSION_PAD_TWO;
}

void session_card_open(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    MUST(card->pad != SESSION_PAD_EMPTY);
    notice(card);
    enum session_card_trouble trouble = pad_trouble(session);
    if (trouble != SESSION_CARD_FINE) {
        card->stage = SESSION_CARD_STAGE_WAITING;
        session_card_trouble_set(session, trouble, NULL);
        return;
    }
    card->stage = SESSION_CARD_STAGE_READING;
    session_card_trouble_set(session, SESSION_CARD_FINE, NULL);
    session->screen_serial += 1;
    if (session->screen == SESSION_SCREEN_CARD_PLACE) {
        session->screen_until_ms = now_ms + session->screen_total_ms; /* reading takes its time */
    }
    struct session_effect *open = session_ask(session, effects, SESSION_EFFECT_CARD_OPEN, "");
    open->number = card->number;
}

void session_card_problem(struct session *session, struct session_effects *effects,
                          enum session_card_trouble trouble, const char *text, int64_t now_ms)
{
    session_card_trouble_set(session, trouble, text);
    session->card.stage = SESSION_CARD_STAGE_NONE;
    bool network = trouble == SESSION_CARD_NETWORK;
    session_problem_show(session, network ? SESSION_PROBLEM_NETWORK : SESSION_PROBLEM_CARD, text,
                         now_ms);
    session_effect_sound(effects, SESSION_SOUND_PROBLEM);
}

void session_card_begin(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    session_card_forget(session);
    struct session_card *card = &session->card;
    session->meter = (struct session_meter){0};
    session->reading = (struct session_reading){0};
    session->order = (struct session_order){0};
    session->intent = (struct session_intent){0};
    session->amount = money_fen(0);
    session->amount_entry[0] = '\0';
    session->no_paper_accepted = false;
    session->began_ms = now_ms;
    session->touched_ms = now_ms;
    card->stage = SESSION_CARD_STAGE_WAITING;
    card->remind_ms = now_ms + SESSION_CARD_REMIND_MS;
    notice(card); /* also what is not even asked for */
    session_goto(session, SESSION_SCREEN_CARD_PLACE, now_ms,
                 session_time(session, SESSION_CARD_WAIT_MS, SESSION_CARD_WAIT_ASSIST_MS));
    if (session->reader != SESSION_READER_READY) {
        session_card_problem(session, effects, SESSION_CARD_READER, NULL, now_ms);
    } else if (!session->online) {
        session_card_problem(session, effects, SESSION_CARD_NETWORK, NULL, now_ms);
    } else if (card->pad != SESSION_PAD_EMPTY) {
        session_card_open(session, effects, now_ms);
    }
}

/* The page of this card: it says who is here, and what is bought is for its meter. */
static void page_show(struct session *session, int64_t now_ms)
{
    const struct session_card_view *view = &session->card.view;
    session->card.stage = SESSION_CARD_STAGE_KNOWN;
    session->meter = (struct session_meter){.balance_in_meter = true, .sale_open = true};
    session_text_copy(session->meter.room_id, SESSION_ID_SIZE, view->room_id);
    session_text_copy(session->meter.meter_id, SESSION_ID_SIZE, view->meter_id);
    session_text_copy(session->meter.place, SESSION_PLACE_SIZE, view->place);
    session_text_copy(session->meter.customer, SESSION_NAME_SIZE, view->customer);
    session_text_copy(session->meter.tail, SESSION_LABEL_SIZE, view->meter_tail);
    str_format_cut(session->meter.address, SESSION_ADDRESS_SIZE, "%s", view->meter_tail);
    session_goto(session, SESSION_SCREEN_CARD, now_ms, 0);
    MUST(session->screen == SESSION_SCREEN_CARD);
}

/* Somebody paid for this card before: it is finished now, and nothing is asked of him. */
static void owed_begin(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    const struct session_card_view *view = &session->card.view;
    struct session_card *card = &session->card;
    card->owed = !view->repair;
    card->repair = view->repair;
    card->takes_back = view->takes_back;
    card->tries = 0;
    card->stage = SESSION_CARD_STAGE_ASKING;
    session->order = (struct session_order){.state = SESSION_ORDER_CREDITING,
                                            .amount = view->owed,
                                            .paid = view->owed,
                                            .by_card = true,
                                            .card_waits = true,
                                            .seen_ms = now_ms};
    session_text_copy(session->order.order_no, SESSION_ORDER_NO_SIZE, view->owed_order_no);
    session_text_copy(session->order.place, SESSION_PLACE_SIZE, view->place);
    str_format_cut(session->order.meter_address, SESSION_ADDRESS_SIZE, "%s", view->meter_tail);
    session->news_ms = now_ms;
    session->paid_seen_ms = now_ms;
    session->receipt = SESSION_RECEIPT_NONE;
    session_card_patience(session, now_ms, SESSION_SLOW_MS, SESSION_SLOW_ASSIST_MS);
    session_goto(session, SESSION_SCREEN_CARD_WRITE, now_ms, 0);
    if (card->owed) {
        struct session_effect *watch = session_effect_add(effects, SESSION_EFFECT_WATCH);
        session_text_copy(watch->text, sizeof(watch->text), session->order.order_no);
    }
    if (!view->has_write) {
        session_card_ask(session, effects);
    }
}

void session_card_view_arrived(struct session *session, const struct session_event *event,
                               struct session_effects *effects)
{
    struct session_card *card = &session->card;
    const struct session_card_view *view = event->card_view;
    bool wanted =
        card->stage == SESSION_CARD_STAGE_READING && event->serial == session->request_serial;
    if (!wanted) {
        return;
    }
    MUST(view->session_id[0] != '\0');
    session_text_copy(card->uid, sizeof(card->uid), view->uid);
    if (order_wants_card(session)) {
        session_card_order_view(session, view, effects, event->now_ms);
        return;
    }
    card->view = *view;
    if (view->trouble != SESSION_CARD_FINE) {
        session_card_problem(session, effects, view->trouble, view->trouble_text, event->now_ms);
    } else if (view->owed_order_no[0] != '\0') {
        owed_begin(session, effects, event->now_ms);
    } else {
        page_show(session, event->now_ms);
    }
}

/* A card that lies askew, or a server that began anew: laid again, it is read as a rule. */
static bool is_worth_a_try(enum session_card_trouble trouble)
{
    return trouble == SESSION_CARD_EXPIRED || trouble == SESSION_CARD_SESSION_OVER;
}

void session_card_failed(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    enum session_card_trouble trouble = event->card_failed.trouble;
    struct session_card *card = &session->card;
    bool waits =
        card->stage == SESSION_CARD_STAGE_READING || card->stage == SESSION_CARD_STAGE_ASKING;
    if (!waits || event->serial != session->request_serial) {
        return;
    }
    MUST(trouble != SESSION_CARD_FINE);
    if (order_wants_card(session)) {
        session_card_order_failed(session, trouble, event->card_failed.text, effects,
                                  event->now_ms);
    } else if (trouble == SESSION_CARD_LEFT_EARLY || trouble == SESSION_CARD_TWO) {
        card->stage = SESSION_CARD_STAGE_WAITING;
        session_card_trouble_set(session, trouble, NULL);
    } else if (is_worth_a_try(trouble) && card->tries == 0) {
        card->tries = 1;
        card->stage = SESSION_CARD_STAGE_WAITING;
        session_card_trouble_set(session, SESSION_CARD_LEFT_EARLY, NULL);
    } else {
        session_card_problem(session, effects, trouble, event->card_failed.text, event->now_ms);
    }
}

static void laid(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    switch (session->screen) {
    case SESSION_SCREEN_CARD_PLACE:
        session_card_open(session, effects, now_ms);
        break;
    case SESSION_SCREEN_FIND:
    case SESSION_SCREEN_ORDERS:
        session_card_begin(session, effects, now_ms);
        break;
    case SESSION_SCREEN_PROBLEM:
        if (session->problem == SESSION_PROBLEM_CARD) {
            session_card_begin(session, effects, now_ms);
        }
        break;
    case SESSION_SCREEN_CARD:
        if (!str_equal(card->uid, card->view.uid)) {
            session_card_begin(session, effects, now_ms);
        }
        break;
    case SESSION_SCREEN_CARD_BACK:
    case SESSION_SCREEN_CARD_OWED:
        session_card_resume(session, effects, now_ms);
        break;
    case SESSION_SCREEN_CARD_WRITE:
        session_card_disturbed(session, effects, now_ms);
        break;
    case SESSION_SCREEN_CARD_DONE:
        session_card_done_laid(session, effects, now_ms);
        break;
    case SESSION_SCREEN_START:
    case SESSION_SCREEN_ATTRACT: /* see session_card_settle() */
    case SESSION_SCREEN_HOME:
    case SESSION_SCREEN_METER:
    case SESSION_SCREEN_AMOUNT:
    case SESSION_SCREEN_WALLET:
    case SESSION_SCREEN_PAY:
    case SESSION_SCREEN_CHECKING:
    case SESSION_SCREEN_CLOSED:
    case SESSION_SCREEN_CREDITING:
    case SESSION_SCREEN_SLOW:
    case SESSION_SCREEN_DONE:
    case SESSION_SCREEN_REFUND:
    case SESSION_SCREEN_REFUNDED:
    case SESSION_SCREEN_REVIEW:
    case SESSION_SCREEN_MAINTENANCE:
    case SESSION_SCREEN_OUT_OF_SERVICE:
    case SESSION_SCREEN_COUNT:
        break;
    }
}

static void lifted(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    bool asks = card->stage == SESSION_CARD_STAGE_READING ||
                card->stage == SESSION_CARD_STAGE_ASKING || card->stage == SESSION_CARD_STAGE_RETRY;
    if (session->screen == SESSION_SCREEN_CARD_DONE) {
        session_card_done_lifted(session, now_ms);
    } else if (asks) {
        session->request_serial += 1; /* an answer about a card that is not there */
        card->stage = SESSION_CARD_STAGE_WAITING;
        session_card_trouble_set(session, SESSION_CARD_LEFT_EARLY, NULL);
        session_card_order_lifted(session, effects, now_ms);
    } else if (card->stage == SESSION_CARD_STAGE_WAITING) {
        session_card_trouble_set(session, SESSION_CARD_FINE, NULL);
    }
}

void session_card_pad(struct session *session, const struct session_event *event,
                      struct session_effects *effects)
{
    struct session_card *card = &session->card;
    MUST(event->card.pad < SESSION_PAD_COUNT);
    card->pad = event->card.pad;
    card->two_noticed = card->two_noticed && card->pad == SESSION_PAD_TWO;
    if (event->card.pad == SESSION_PAD_EMPTY) {
        card->uid[0] = '\0';
        lifted(session, effects, event->now_ms);
        return;
    }
    session_text_copy(card->uid, sizeof(card->uid), event->card.uid);
    card->number = event->card.number;
    card->family = event->card.family;
    session_text_copy(card->paper_id, sizeof(card->paper_id), event->card.id);
    session->touched_ms = event->now_ms;
    if (session->overlay == SESSION_OVERLAY_IDLE) {
        session_overlay_close(session);
    }
    laid(session, effects, event->now_ms);
}

void session_card_reader(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    session->reader = event->reader;
    struct session_card *card = &session->card;
    if (event->reader == SESSION_READER_READY) {
        if (card->trouble == SESSION_CARD_READER) {
            session_card_trouble_set(session, SESSION_CARD_FINE, NULL);
        }
        return;
    }
    card->pad = SESSION_PAD_EMPTY; /* nobody knows any more */
    card->uid[0] = '\0';
    card->opened_number = 0; /* a driver that starts again counts from one */
    card->two_noticed = false;
    lifted(session, effects, event->now_ms);
    if (session->screen == SESSION_SCREEN_CARD_PLACE) {
        card->stage = SESSION_CARD_STAGE_NONE;
        session_card_trouble_set(session, SESSION_CARD_READER, NULL);
        session_problem_show(session, SESSION_PROBLEM_CARD, NULL, event->now_ms);
    } else if (card->stage == SESSION_CARD_STAGE_WAITING) {
        session_card_trouble_set(session, SESSION_CARD_READER, NULL);
    }
}

static enum session_poll poll_wanted(const struct session *session)
{
    bool bought = session_card_is_known(session) || session->order.by_card;
    switch (session->screen) {
    case SESSION_SCREEN_CARD_PLACE:
    case SESSION_SCREEN_CARD:
    case SESSION_SCREEN_CARD_BACK:
    case SESSION_SCREEN_CARD_WRITE:
    case SESSION_SCREEN_CARD_DONE:
    case SESSION_SCREEN_CARD_OWED:
        return SESSION_POLL_ACTIVE;
    case SESSION_SCREEN_AMOUNT:
    case SESSION_SCREEN_WALLET:
    case SESSION_SCREEN_PAY:
    case SESSION_SCREEN_CHECKING:
        return bought ? SESSION_POLL_ACTIVE : SESSION_POLL_IDLE;
    case SESSION_SCREEN_START:
    case SESSION_SCREEN_MAINTENANCE:
    case SESSION_SCREEN_OUT_OF_SERVICE:
        return SESSION_POLL_OFF;
    case SESSION_SCREEN_ATTRACT:
    case SESSION_SCREEN_HOME:
    case SESSION_SCREEN_FIND:
    case SESSION_SCREEN_METER:
    case SESSION_SCREEN_CLOSED:
    case SESSION_SCREEN_CREDITING:
    case SESSION_SCREEN_SLOW:
    case SESSION_SCREEN_DONE:
    case SESSION_SCREEN_REFUND:
    case SESSION_SCREEN_REFUNDED:
    case SESSION_SCREEN_REVIEW:
    case SESSION_SCREEN_PROBLEM:
    case SESSION_SCREEN_ORDERS:
    case SESSION_SCREEN_COUNT:
        break;
    }
    return SESSION_POLL_IDLE;
}

void session_card_settle(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    bool first_page =
        session->screen == SESSION_SCREEN_HOME || session->screen == SESSION_SCREEN_ATTRACT;
    bool waits = (card->pad == SESSION_PAD_CARD && card->number != card->opened_number) ||
                 (card->pad == SESSION_PAD_TWO && !card->two_noticed);
    if (first_page && waits && session->overlay == SESSION_OVERLAY_NONE &&
        session->reader == SESSION_READER_READY) {
        session_card_begin(session, effects, now_ms);
    }
    enum session_poll poll = poll_wanted(session);
    if (session->reader != SESSION_READER_NONE && poll != card->poll) {
        card->poll = poll;
        session_effect_add(effects, SESSION_EFFECT_CARD_POLL)->poll = poll;
    }
}

static bool headroom_lets(const struct session *session, struct money amount)
{
    const struct session_card_view *view = &session->card.view;
    return !session_card_is_known(session) || !view->headroom_known ||
           amount.fen <= view->headroom.fen;
}

bool session_card_is_out_of_reach(const struct session *session)
{
    return session_card_is_known(session) && session->reader != SESSION_READER_READY;
}

bool session_card_takes(const struct session *session, struct money amount)
{
    return session->profile.payments_open && !session_card_is_out_of_reach(session) &&
           headroom_lets(session, amount);
}

bool session_card_touch(struct session *session, const struct session_event *event,
                        struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    bool here =
        session->screen == SESSION_SCREEN_CARD_PLACE || session->screen == SESSION_SCREEN_CARD;
    bool leaves = action == SESSION_ACTION_BACK || action == SESSION_ACTION_CANCEL;
    if (session->screen == SESSION_SCREEN_HOME && action == SESSION_ACTION_CARD) {
        session_card_begin(session, effects, event->now_ms);
    } else if (here && leaves) {
        session_go_home(session, effects, event->now_ms);
    } else {
        return session_card_order_touch(session, event, effects);
    }
    return true;
}
