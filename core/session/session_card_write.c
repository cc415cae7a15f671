/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A paid order and the card that carries it: lay the same card back, the server's token, the
 * write, the server's word (B4, B5). The card may be lifted at any instant; whatever happens, the
 * credit is owed and the same token is written again, here or at any other machine. "On the card"
 * is shown only for an order that the server calls DONE; it checks what was read back.
 */
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

/* The person must not wait for ever; what he waits for goes on without him. */
void session_card_patience(struct session *session, int64_t now_ms, int64_t normal_ms,
                           int64_t assist_ms)
{
    int64_t total_ms = session_time(session, normal_ms, assist_ms);
    session->card.give_up_ms = now_ms + total_ms;
    session->card.give_up_total_ms = total_ms;
    session->card.remind_ms = now_ms + SESSION_CARD_REMIND_MS;
}

static bool order_is_paid(const struct session *session)
{
    return session->order.state == SESSION_ORDER_PAID ||
           session->order.state == SESSION_ORDER_CREDITING;
}

/*
 * A reading may prove that an order is on its card, and show in the same breath that one of its
 * slots is bad: the page says "done" when that one has been written again as well.
 */
bool session_card_holds(const struct session *session)
{
    enum session_card_stage stage = session->card.stage;
    bool reads = stage == SESSION_CARD_STAGE_READING || stage == SESSION_CARD_STAGE_ASKING;
    /* People look at the order; the card is written all the same, and its holder is told so. */
    bool review = session->order.state == SESSION_ORDER_REVIEW;
    bool looked_at = review && !session->card.proved && stage == SESSION_CARD_STAGE_CONFIRMING;
    bool proved =
        reads && (session->order.state == SESSION_ORDER_DONE || (review && session->card.proved));
    return session->order.by_card && (proved || looked_at || stage == SESSION_CARD_STAGE_WRITING);
}

enum session_screen session_card_screen(const struct session *session)
{
    switch (session->card.stage) {
    case SESSION_CARD_STAGE_READING:
    case SESSION_CARD_STAGE_RETRY:
    case SESSION_CARD_STAGE_ASKING:
    case SESSION_CARD_STAGE_WRITING:
    case SESSION_CARD_STAGE_CONFIRMING:
        return SESSION_SCREEN_CARD_WRITE;
    case SESSION_CARD_STAGE_LEFT:
        return SESSION_SCREEN_CARD_OWED;
    case SESSION_CARD_STAGE_NONE:
    case SESSION_CARD_STAGE_WAITING:
    case SESSION_CARD_STAGE_KNOWN:
    case SESSION_CARD_STAGE_COUNT:
        break;
    }
    return SESSION_SCREEN_CARD_BACK;
}

void session_card_ask(struct session *session, struct session_effects *effects)
{
    session->card.stage = SESSION_CARD_STAGE_ASKING;
    session_card_trouble_set(session, SESSION_CARD_FINE, NULL);
    struct session_effect *ask =
        session_ask(session, effects, SESSION_EFFECT_CARD_ASK, session->order.order_no);
    ask->number = session->card.number;
}

static bool ends_with(const char *text, const char *tail)
{
    size_t size = strlen(text);
    size_t tail_size = strlen(tail);
    return tail_size > 0 && size >= tail_size && str_equal(text + size - tail_size, tail);
}

/* Of a reopened order only the end of the card's number is known; the server knows all of it. */
bool session_card_is_same(const struct session *session)
{
    const struct session_card *card = &session->card;
    if (session_card_is_known(session)) {
        return str_equal(card->uid, card->view.uid);
    }
    return ends_with(card->uid, session->order.card_tail);
}

/* Give it up here: the slip, and the advice to lay the card anywhere. */
static void leave_owed(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    /* A write that is still under way may reach the card: its result says so later. */
    bool writes = card->stage == SESSION_CARD_STAGE_WRITING && !card->proved;
    card->unsure = card->unsure || writes;
    card->stage = SESSION_CARD_STAGE_LEFT;
    card->give_up_ms = 0;
    card->retry_ms = 0;
    card->remind_ms = 0;
    session_order_show(session, effects, now_ms);
}

/* The next step with what lies on the pad now. */
static void step(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    card->retry_ms = 0;
    if (session->reader != SESSION_READER_READY) {
        card->stage = SESSION_CARD_STAGE_WAITING;
        session_card_trouble_set(session, SESSION_CARD_READER, NULL);
    } else if (card->pad == SESSION_PAD_EMPTY) {
        card->stage = SESSION_CARD_STAGE_WAITING;
    } else if (card->pad == SESSION_PAD_CARD && !session_card_is_same(session)) {
        card->stage = SESSION_CARD_STAGE_WAITING;
        session_card_trouble_set(session, SESSION_CARD_OTHER, NULL);
    } else if (session_card_is_known(session) && card->number == card->opened_number &&
               card->pad == SESSION_PAD_CARD) {
        session_card_ask(session, effects);
    } else {
        session_card_open(session, effects, now_ms);
    }
}

void session_card_paid(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    bool begun = card->stage != SESSION_CARD_STAGE_NONE && card->stage != SESSION_CARD_STAGE_KNOWN;
    if (begun) {
        return;
    }
    MUST(session->order.by_card);
    card->tries = 0;
    card->tries_until_ms = 0;
    card->written = false;
    /* Given out before, by an earlier life of this program or elsewhere: how that ended is not
     * known here until the card is read. */
    card->unsure = session->order.state == SESSION_ORDER_CREDITING;
    card->proved = false;
    card->write = (struct session_card_write){0};
    session_card_patience(session, now_ms, SESSION_CARD_WAIT_MS, SESSION_CARD_WAIT_ASSIST_MS);
    step(session, effects, now_ms);
    MUST(card->stage != SESSION_CARD_STAGE_KNOWN);
}

void session_card_refunded(struct session *session)
{
    struct session_card *card = &session->card;
    card->stage = SESSION_CARD_STAGE_NONE;
    card->give_up_ms = 0;
    card->retry_ms = 0;
    card->remind_ms = 0;
}

void session_card_resume(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    bool left = card->stage == SESSION_CARD_STAGE_LEFT;
    MUST(left || card->stage == SESSION_CARD_STAGE_WAITING); /* the pages that ask for a card */
    if (left && card->pad == SESSION_PAD_CARD && !session_card_is_same(session)) {
        return; /* the page goes on; the next person's card is read when it has ended */
    }
    if (left) {
        card->tries = 0;
        card->tries_until_ms = 0;
        session_card_patience(session, now_ms, SESSION_CARD_WAIT_MS, SESSION_CARD_WAIT_ASSIST_MS);
    }
    card->written = card->proved;
    step(session, effects, now_ms);
    session_order_show(session, effects, now_ms);
}

/* This terminal has had the order's token, or the order says that somebody has. */
static bool token_is_out(const struct session *session)
{
    return session->order.state == SESSION_ORDER_CREDITING ||
           str_equal(session->card.write.order_no, session->order.order_no);
}

/* Every reading of a card that lacks what it is owed brings what is to be written. One that brings
 * nothing has found it there; of a card that carries one purchase it says "not loaded yet". */
static bool view_proves(const struct session *session, const struct session_card_view *view)
{
    bool quiet = view->trouble == SESSION_CARD_FINE || view->trouble == SESSION_CARD_NOT_LOADED;
    bool owed = view->has_write || str_equal(view->owed_order_no, session->order.order_no);
    return quiet && !owed && token_is_out(session);
}

/* It is on the card; the order's view follows. */
static void prove(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    card->proved = true;
    card->written = true;
    card->unsure = false;
    card->stage = SESSION_CARD_STAGE_CONFIRMING;
    if (card->repair) {
        session->order.state = SESSION_ORDER_DONE; /* no order's view will say so */
    }
    session_card_patience(session, now_ms, SESSION_SLOW_MS, SESSION_SLOW_ASSIST_MS);
    session->screen_serial += 1;
    session_order_show(session, effects, now_ms);
}

void session_card_order_view(struct session *session, const struct session_card_view *view,
                             struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    if (view_proves(session, view)) {
        card->view = *view;
        prove(session, effects, now_ms);
        return;
    }
    if (view->trouble != SESSION_CARD_FINE && !view->has_write) {
        /* It can take nothing now; what is paid stays owed, and people find out why. */
        session_card_trouble_set(session, view->trouble, view->trouble_text);
        leave_owed(session, effects, now_ms);
        return;
    }
    card->view = *view;
    if (view->has_write) {
        card->stage = SESSION_CARD_STAGE_ASKING; /* its token follows */
        /* Nothing is owed: the order is on it, and what is bad beside it is written again. */
        bool whole = view->repair && !view->takes_back && !card->repair;
        card->proved = whole && token_is_out(session);
        card->written = card->proved;
        card->unsure = false;
    } else if (!order_is_paid(session)) {
        card->stage = SESSION_CARD_STAGE_KNOWN; /* decided meanwhile */
    } else {
        session_card_ask(session, effects);
    }
    session_order_show(session, effects, now_ms);
}

static void retry_in(struct session *session, int64_t now_ms, int64_t wait_ms)
{
    session->card.stage = SESSION_CARD_STAGE_RETRY;
    session->card.retry_ms = now_ms + wait_ms;
}

void session_card_order_failed(struct session *session, enum session_card_trouble trouble,
                               const char *text, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    session_card_trouble_set(session, trouble, text);
    switch (trouble) {
    case SESSION_CARD_NETWORK:
    case SESSION_CARD_READER:
    case SESSION_CARD_NOT_PAID:
        retry_in(session, now_ms, SESSION_RETRY_MS);
        break;
    case SESSION_CARD_SESSION_OVER:
    case SESSION_CARD_EXPIRED:
        card->opened_number = 0; /* read it once more: the server begins anew */
        retry_in(session, now_ms, SESSION_RETRY_MS);
        break;
    case SESSION_CARD_TWO:
    case SESSION_CARD_IS_PHONE:
    case SESSION_CARD_LEFT_EARLY:
    case SESSION_CARD_OTHER:
    case SESSION_CARD_NOT_OURS:
    case SESSION_CARD_OTHER_SITE:
    case SESSION_CARD_BLANK:
        card->stage = SESSION_CARD_STAGE_WAITING;
        break;
    case SESSION_CARD_FINE:
    case SESSION_CARD_BLOCKED:
    case SESSION_CARD_LOST:
    case SESSION_CARD_REPLACED:
    case SESSION_CARD_DAMAGED:
    case SESSION_CARD_FORGED:
    case SESSION_CARD_RETURN_CASE:
    case SESSION_CARD_NOT_LOADED:
    case SESSION_CARD_FULL:
    case SESSION_CARD_REFUSED:
    case SESSION_CARD_DISK:
    case SESSION_CARD_TROUBLE_COUNT:
        leave_owed(session, effects, now_ms);
        return;
    }
    session_order_show(session, effects, now_ms);
}

void session_card_disturbed(struct session *session, struct session_effects *effects,
                            int64_t now_ms)
{
    struct session_card *card = &session->card;
    bool asks = card->stage == SESSION_CARD_STAGE_READING ||
                card->stage == SESSION_CARD_STAGE_ASKING || card->stage == SESSION_CARD_STAGE_RETRY;
    if (!asks) {
        return; /* the reader finds out by itself whether it could write */
    }
    session->request_serial += 1;
    step(session, effects, now_ms);
    session_order_show(session, effects, now_ms);
}

void session_card_order_lifted(struct session *session, struct session_effects *effects,
                               int64_t now_ms)
{
    if (session->screen == SESSION_SCREEN_CARD_WRITE && order_is_paid(session)) {
        session->card.retry_ms = 0;
        if (session->card.give_up_ms < now_ms + SESSION_CARD_TRIES_MS) {
            session_card_patience(session, now_ms, SESSION_CARD_TRIES_MS,
                                  SESSION_CARD_TRIES_ASSIST_MS);
        }
        session_goto(session, SESSION_SCREEN_CARD_BACK, now_ms, 0);
    } else if (session->screen == SESSION_SCREEN_CARD_WRITE) {
        session_order_show(session, effects, now_ms);
    }
}

void session_card_token(struct session *session, const struct session_event *event,
                        struct session_effects *effects)
{
    struct session_card *card = &session->card;
    bool wanted = card->stage == SESSION_CARD_STAGE_ASKING &&
                  event->serial == session->request_serial && card->pad == SESSION_PAD_CARD;
    if (!wanted) {
        return; /* lifted meanwhile, or given up: it is owed, and asked for again */
    }
    MUST(event->card_write->id[0] != '\0');
    MUST(event->card_write->order_no[0] != '\0');
    card->write = *event->card_write;
    card->stage = SESSION_CARD_STAGE_WRITING;
    card->tries += 1;
    session_card_trouble_set(session, SESSION_CARD_FINE, NULL);
    session_card_patience(session, event->now_ms, SESSION_SLOW_MS, SESSION_SLOW_ASSIST_MS);
    session_effect_add(effects, SESSION_EFFECT_CARD_SAVE)->write = card->write;
    struct session_effect *write = session_effect_add(effects, SESSION_EFFECT_CARD_WRITE);
    write->write = card->write;
    write->number = card->number;
    session_order_show(session, effects, event->now_ms);
}

/* Not written, or not surely: three tries within thirty seconds, then it is owed. */
static void write_failed(struct session *session, const struct session_card_result *result,
                         struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    session_card_trouble_set(session, result->trouble, NULL);
    session_effect_sound(effects, SESSION_SOUND_PROBLEM);
    if (card->tries_until_ms == 0) {
        card->tries_until_ms =
            now_ms + session_time(session, SESSION_CARD_TRIES_MS, SESSION_CARD_TRIES_ASSIST_MS);
    }
    bool hopeless = result->trouble == SESSION_CARD_DAMAGED ||
                    result->trouble == SESSION_CARD_FORGED || result->trouble == SESSION_CARD_DISK;
    if (hopeless || card->tries >= SESSION_CARD_TRIES_MAX || now_ms >= card->tries_until_ms) {
        leave_owed(session, effects, now_ms);
        return;
    }
    session_card_patience(session, now_ms, SESSION_CARD_TRIES_MS, SESSION_CARD_TRIES_ASSIST_MS);
    card->give_up_ms = card->tries_until_ms;
    bool lies = card->pad == SESSION_PAD_CARD && session_card_is_same(session) &&
                session->reader == SESSION_READER_READY;
    if (lies) {
        card->opened_number = 0; /* read both slots before the next try */
        retry_in(session, now_ms, SESSION_CARD_RETRY_MS);
    } else {
        card->stage = SESSION_CARD_STAGE_WAITING;
    }
    session_order_show(session, effects, now_ms);
}

void session_card_result(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    const struct session_card_result *result = event->card_result;
    struct session_card *card = &session->card;
    MUST(result->outcome < SESSION_CARD_OUTCOME_COUNT);
    /* Kept and told whatever is on the screen: the person may have gone. */
    session_effect_add(effects, SESSION_EFFECT_CARD_RESULT)->result = *result;
    session_effect_add(effects, SESSION_EFFECT_CARD_TELL)->result = *result;
    if (!str_equal(result->id, card->write.id)) {
        return;
    }
    bool done = result->outcome == SESSION_CARD_DONE;
    bool unsure = result->outcome == SESSION_CARD_UNSURE && !card->proved;
    session->screen_serial += card->unsure != unsure ? 1 : 0;
    card->written = done || card->proved;
    card->unsure = unsure; /* before this write it was read */
    if (card->stage != SESSION_CARD_STAGE_WRITING) {
        return; /* given up meanwhile; the order's view brings the page */
    }
    if (done) {
        card->stage = SESSION_CARD_STAGE_CONFIRMING;
        session_card_patience(session, event->now_ms, SESSION_SLOW_MS, SESSION_SLOW_ASSIST_MS);
        session->screen_serial += 1;
        session_order_show(session, effects, event->now_ms); /* its view may have come already */
    } else {
        write_failed(session, result, effects, event->now_ms);
    }
}

void session_card_told(struct session *session, const struct session_event *event,
                       struct session_effects *effects)
{
    struct session_card *card = &session->card;
    bool confirming = card->stage == SESSION_CARD_STAGE_CONFIRMING;
    bool left = card->stage == SESSION_CARD_STAGE_LEFT; /* its page may say "written" still */
    bool ours = (confirming || left) && str_equal(event->card_told.id, card->write.id);
    if (!ours) {
        return;
    }
    bool said = card->written && !card->proved;
    if (!event->card_told.written && !said) {
        return; /* what went wrong stands there already, or a later reading has found it */
    }
    if (!event->card_told.written) {
        /* What was read back is not what was sold: people must look at this card. */
        card->written = false;
        session_card_trouble_set(session, SESSION_CARD_DAMAGED, NULL);
        leave_owed(session, effects, event->now_ms);
        return;
    }
    if (card->repair) {
        session->order.state = SESSION_ORDER_DONE; /* no order's view will say so */
    } else if (str_equal(card->write.order_no, session->order.order_no)) {
        card->proved = true;
    } else if (confirming) {
        /* An older purchase went first; now that of this order. */
        card->tries = 0;
        card->tries_until_ms = 0;
        card->written = false;
        step(session, effects, event->now_ms);
    }
    session_order_show(session, effects, event->now_ms);
}

/* ---- time and touches ---- */

void session_card_tick(struct session *session, int64_t now_ms, struct session_effects *effects)
{
    struct session_card *card = &session->card;
    if (card->remind_ms != 0 && now_ms >= card->remind_ms) {
        session_card_remind(session, effects, now_ms);
    }
    if (card->give_up_ms != 0 && now_ms >= card->give_up_ms) {
        card->give_up_ms = 0;
        if (session->screen == SESSION_SCREEN_CARD_DONE) {
            session_leave(session, effects, now_ms); /* forgotten: the next person finds it */
        } else if (session->screen == SESSION_SCREEN_CARD_WRITE || order_is_paid(session)) {
            leave_owed(session, effects, now_ms);
        }
    } else if (card->retry_ms != 0 && now_ms >= card->retry_ms) {
        step(session, effects, now_ms);
        session_order_show(session, effects, now_ms);
    }
}

int64_t session_card_deadline_ms(const struct session *session)
{
    const int64_t times[] = {session->card.remind_ms, session->card.give_up_ms,
                             session->card.retry_ms};
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        bool sooner = times[i] != 0 && times[i] < next_ms;
        next_ms = sooner ? times[i] : next_ms;
    }
    return next_ms;
}

bool session_card_order_touch(struct session *session, const struct session_event *event,
                              struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    struct session_card *card = &session->card;
    bool ends = action == SESSION_ACTION_FINISH || action == SESSION_ACTION_BACK;
    bool more = action == SESSION_ACTION_CONFIRM && (card->owed || card->repair) &&
                !card->takes_back; /* nothing is sold before that is over */
    if (session->screen == SESSION_SCREEN_CARD_BACK && ends && card->repair) {
        session_leave(session, effects, event->now_ms); /* nobody waits for it: another day */
        return true;
    }
    if (session->screen == SESSION_SCREEN_CARD_BACK && ends) {
        leave_owed(session, effects, event->now_ms); /* "later": the slip says how */
        return true;
    }
    if (session->screen == SESSION_SCREEN_CARD_DONE && more && card->pad == SESSION_PAD_CARD) {
        session_go_home(session, effects, event->now_ms);
        session_card_begin(session, effects, event->now_ms);
        return true;
    }
    return false;
}
