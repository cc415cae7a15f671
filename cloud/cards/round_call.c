/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/terminal/orders/{order_no}/card/round: what a relayed card said to a round of its write,
 * and the next one. A round that can change the card, or use up one of its tries, leaves signed,
 * after our records were looked at once more - one of a DESFire card, four of a purchase card. The
 * last round reads the card from a fresh selection and is carried out in the commit that answers
 * it. The same answers may come again: so does the same word.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/purse.h"
#include "cloud/cards/relay.h"
#include "cloud/orders/alarm.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

enum { ANSWER_MS_MAX = 10000 };

struct round_call {
    struct cards *cards;
    struct http_ticket ticket;
    char order_no[API_ORDER_NO_SIZE];
    struct card_session session;
    struct api_card_round round;
    enum refusal refusal;
    struct book_token token;
    struct purchase_files goal; /* a purchase card: what is to be on it */
    bool has_goal;
    enum rounds_end end;
    char credit[API_CARD_RECORD_SIZE]; /* as it was read last; or */
    struct purchase_files files;
    struct api_card_step step;
};

static void finish(struct round_call *call)
{
    bytes_wipe(call, sizeof(*call));
    free(call);
}

/* ---- may it be written? ---- */

static enum err check_token(struct db *db, struct round_call *call)
{
    struct book_card card;
    struct book_account account;
    struct book_refusals refusals;
    enum err err = book_card_load(db, call->session.uid, &card);
    if (err == OK) {
        err = book_account_load(db, call->token.meter_id, &account);
    }
    if (err == OK) {
        err = book_refusals(db, call->session.uid, call->session.terminal_id, &refusals);
    }
    if (err != OK) {
        return err;
    }
    const bool lost_try = card.media == API_CARD_CPU && refusals.is_told;
    if (!token_is_for(&call->token, &card)) {
        call->refusal = REFUSED_WRONG_CARD;
    } else if (!call->session.fit || !str_equal(card.state, "open") || lost_try) {
        call->refusal = REFUSED_CARD;
    } else {
        return refusal_of_token(db, &account, &call->token, &call->refusal);
    }
    return OK;
}

static enum err load_goal(struct db *db, struct round_call *call)
{
    struct book_card card;
    struct book_account account;
    struct purse purse;
    if (call->session.media != API_CARD_CPU) {
        return OK;
    }
    enum err err = book_card_load(db, call->session.uid, &card);
    if (err == OK) {
        err = book_account_load(db, call->token.meter_id, &account);
    }
    if (err == OK) {
        err = purse_load(db, &account, &card, &purse);
    }
    if (err == OK && purse.newest.n != call->token.n) {
        call->refusal = REFUSED_NOT_PAID; /* its money went back */
        return OK;
    }
    call->has_goal = err == OK;
    return err == OK ? purse_goal(&purse, &account, &call->goal) : err;
}

/* In any transaction. @p arg is a struct round_call. */
static enum err load_token(struct db *db, void *arg)
{
    struct round_call *call = arg;
    enum err err = book_token_of(db, call->order_no, &call->token);
    if (err == ERR_NOT_FOUND) {
        call->refusal = REFUSED_NOT_PAID;
        return OK;
    }
    if (err == OK) {
        err = check_token(db, call);
    }
    return err == OK && call->refusal == REFUSED_NOT ? load_goal(db, call) : err;
}

/* ---- how it ended ---- */

static enum err carry_out(struct db *db, void *arg)
{
    struct round_call *call = arg;
    struct take take = {.cards = call->cards,
                        .raw = {.credit = {call->credit, call->credit}, .returned = {"", ""}}};
    bool written = false;
    if (call->session.media == API_CARD_CPU) {
        take.raw.purchase = &call->files;
    }
    bool fits = str_copy(take.terminal_id, sizeof(take.terminal_id), call->session.terminal_id) &&
                str_copy(take.document_no, sizeof(take.document_no), call->token.document_no) &&
                str_copy(take.uid_text, sizeof(take.uid_text), call->session.uid);
    MUST(fits);
    if (call->end == ROUNDS_FORGED) {
        return take_forged(db, &take);
    }
    if (call->end == ROUNDS_REFUSED) {
        return take_refused(db, &take);
    }
    enum err err = take_confirmation(db, &take, &call->token, &written);
    call->step.progress = written ? API_CARD_WRITTEN : API_CARD_FAILED;
    return err;
}

/* ---- answers ---- */

static enum err encode_step(const void *step, char *ret_text, size_t size, size_t *ret_size)
{
    return api_card_step_encode(step, ret_text, size, ret_size);
}

static void reply(struct http_request *request, const struct round_call *call, enum err err)
{
    if (err != OK) {
        view_reply_error(request, err);
    } else if (call->refusal != REFUSED_NOT) {
        refusal_reply(request, call->refusal);
    } else {
        cards_reply(request, encode_step, &call->step);
    }
}

static void done(enum err err, void *arg)
{
    struct round_call *call = arg;
    struct http_request *request = http_take(call->cards->setup.http, call->ticket);
    if (request != NULL) {
        reply(request, call, err);
    }
    finish(call);
}

/* ---- one round ---- */

/* The first answers begin the write; later ones must be of the same. */
static enum err begin_or_go_on(struct round_call *call, struct relay *relay)
{
    if (call->round.round == 1) {
        enum err err = store_read(call->cards->setup.store, load_token, call);
        if (err == OK && call->refusal == REFUSED_NOT) {
            relay_write(relay, &call->token, call->has_goal ? &call->goal : NULL);
        }
        return err;
    }
    call->token = relay->token;
    if (!str_equal(relay->token.document_no, call->order_no)) {
        call->refusal = REFUSED_OVER;
    }
    return OK;
}

/* Look at our records once more before the card can be changed: a later token may be out. */
static enum err fill_next(struct round_call *call, struct relay *relay)
{
    const struct cards_setup *setup = &call->cards->setup;
    enum err err = relay->commands.changes ? store_read(setup->store, load_token, call) : OK;
    if (err != OK || call->refusal != REFUSED_NOT) {
        return err;
    }
    err = relay_sign(relay, setup->vault, call->session.terminal_id, clock_wall_s(setup->clock));
    call->step.progress = API_CARD_GOES_ON;
    relay_script(relay, &call->step.script);
    bool fits =
        str_copy(call->step.authorisation, sizeof(call->step.authorisation), relay->authorisation);
    MUST(fits);
    return err;
}

/* @p ret_ended: the card was read once more, or is not ours, and that is to be carried out. */
static enum err hear(struct round_call *call, struct relay *relay, bool *ret_ended)
{
    const struct cards_setup *setup = &call->cards->setup;
    const struct relay_answers answers = {call->round.round, call->round.answers,
                                          call->round.answer_count};
    *ret_ended = false;
    enum err err = begin_or_go_on(call, relay);
    if (err != OK || call->refusal != REFUSED_NOT) {
        return err;
    }
    err = relay_take(relay, setup->vault, setup->rng, &answers, &call->end);
    if (err == ERR_CONFLICT) {
        call->refusal = REFUSED_OVER;
        return OK;
    }
    if (err == OK && call->end == ROUNDS_MORE) {
        return fill_next(call, relay);
    }
    *ret_ended = err == OK && call->end != ROUNDS_FAILED;
    if (relay->media == API_CARD_CPU) {
        call->files = relay->rounds.of.purchase.files;
    } else {
        card_record_format(relay->rounds.of.desfire.credit, call->credit);
    }
    call->step.progress = API_CARD_FAILED;
    return err;
}

static void serve(struct http_request *request, struct round_call *call)
{
    struct card_sessions *sessions = call->cards->sessions;
    struct relay *relay = card_sessions_take_relay(sessions, call->session.session_id);
    if (relay == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        finish(call);
        return;
    }
    bool ended = false;
    enum err err = hear(call, relay, &ended);
    card_sessions_give_relay(sessions, call->session.session_id, relay);
    if (!ended) {
        reply(request, call, err);
        finish(call);
        return;
    }
    call->ticket = http_park(request, ANSWER_MS_MAX, NULL, NULL);
    err = store_submit(call->cards->setup.store, carry_out, done, call);
    if (err != OK) {
        done(err, call);
    }
}

static void on_round(struct http_request *request, void *self)
{
    struct cards *cards = self;
    struct api_fault fault = {{0}};
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    struct round_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return;
    }
    call->cards = cards;
    if (api_card_round_decode(text, size, &call->round, &fault) != OK) {
        http_reply_bad_request(request, fault.field);
        finish(call);
        return;
    }
    const bool known =
        card_sessions_get(cards->sessions, call->round.session_id, http_peer(request)->terminal_id,
                          store_service_ms(cards->setup.store), &call->session) &&
        call->session.media != API_CARD_CLASSIC && call->session.meter_id[0] != '\0';
    if (!known) {
        refusal_reply(request, REFUSED_OVER);
        finish(call);
    } else if (!str_copy(call->order_no, sizeof(call->order_no), http_param(request, "order_no"))) {
        refusal_reply(request, REFUSED_NOT_PAID); /* no number of ours is that long */
        finish(call);
    } else {
        serve(request, call);
    }
}

void round_routes(struct cards *cards)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/terminal/orders/{order_no}/card/round", HTTP_FOR_TERMINAL, HTTP_BODY_JSON,
         0, on_round, cards},
    };
    http_route_add(cards->setup.http, routes, ARRAY_COUNT(routes));
}
