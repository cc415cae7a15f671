/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/terminal/orders/{order_no}/card: the card is back, what is to be written? The first call
 * gives out the token, in the commit that begins the order's credit; each later one gets the same
 * token. POST .../card/written: what was read back. Neither depends on the other or on a session of
 * the time of payment, so a terminal that was switched off in between goes on, or another one does.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/purse.h"
#include "cloud/catalog/catalog.h"
#include "cloud/orders/alarm.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

enum { ANSWER_MS_MAX = 10000 };

static const struct {
    unsigned status;
    const char *code;
} REFUSALS[REFUSED_COUNT] = {
    [REFUSED_OVER] = {410, API_ERROR_CARD_SESSION},
    [REFUSED_WRONG_CARD] = {409, API_ERROR_WRONG_CARD},
    [REFUSED_NOT_PAID] = {409, API_ERROR_NOT_PAID},
    [REFUSED_RETURN_CASE] = {409, API_ERROR_RETURN_CASE},
    [REFUSED_CARD] = {409, API_ERROR_CARD_REFUSED},
    [REFUSED_STALE] = {409, API_ERROR_CARD_STALE},
};

struct write_call {
    struct cards *cards;
    struct http_ticket ticket;
    char terminal_id[API_ID_SIZE];
    char site_id[API_ID_SIZE];
    char order_no[API_ORDER_NO_SIZE];
    enum refusal refusal;
    /* issuing */
    struct card_session session;
    struct api_card_write write;
    /* confirming */
    struct api_card_written written;
    struct api_card_proof proof;
};

/* ---- what is to be written ---- */

static enum err load_order_card(struct db *db, const char *order_no, struct book_card *ret_card)
{
    char uid[CARD_UID_TEXT_SIZE];
    struct sql *sql = sql_begin(db, "SELECT uid FROM card_order WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, uid, sizeof(uid))) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err == OK ? book_card_load(db, uid, ret_card) : err;
}

/* An order whose money goes back, or went, is not written any more. */
static enum err is_deliverable(struct db *db, const char *order_no, bool *ret_is)
{
    struct sql *sql = sql_begin(
        db, "SELECT stage IN ('ASSIGNED', 'DELIVERED') FROM delivery WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    *ret_is = err == ERR_NOT_FOUND || (err == OK && sql_i64(sql, 0) != 0);
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err; /* a document of the office */
}

enum err refusal_of_token(struct db *db, const struct book_account *account,
                          const struct book_token *token, enum refusal *ret_refusal)
{
    bool deliverable = false;
    enum err err = is_deliverable(db, token->document_no, &deliverable);
    if (err != OK) {
        return err;
    }
    /* An older token over a newer one would take the newer value off the card again. */
    const bool newest = token->n == account->n && token->total_fen == account->total_fen;
    if (!deliverable) {
        *ret_refusal = REFUSED_NOT_PAID;
    } else if (account->is_exchanged) {
        *ret_refusal = REFUSED_CARD;
    } else {
        *ret_refusal = newest ? REFUSED_NOT : REFUSED_STALE;
    }
    return OK;
}

static enum refusal refuse_first(const struct money_case *c, const struct book_account *account,
                                 bool return_open)
{
    const bool ready = c->row.order.state == ORDER_PAID && c->has_delivery &&
                       c->delivery.delivery.stage == DELIVERY_READY;
    if (!ready || account->is_exchanged) {
        return ready ? REFUSED_CARD : REFUSED_NOT_PAID;
    }
    return return_open ? REFUSED_RETURN_CASE : REFUSED_NOT;
}

/* A meter that was said to take it does not any more: it would refuse every later token, too. The
 * money goes back by itself, unless the meter has used up enough before. */
static enum err refuse_full(struct write_call *call, const struct money_case *c,
                            const struct book_account *account)
{
    struct catalog_meter meter;
    enum err err = catalog_meter_get(c->db, account->meter_id, &meter);
    if (err != OK || gate_takes(&meter, account, 0, c->row.order.amount.fen)) {
        return err;
    }
    call->refusal = REFUSED_CARD;
    return alarm_raise(c->db, "card_over_limit", c->row.order_no,
                       "paid, and more than the meter takes now: no token is issued");
}

/* A card that carries purchases would lose one that the meter has not loaded under the next. The
 * money goes back by itself, unless the meter has loaded it before. */
static enum err refuse_unloaded(struct write_call *call, struct db *db,
                                const struct book_account *account, const struct book_card *card)
{
    struct purse purse;
    if (card->media != API_CARD_CPU) {
        return OK;
    }
    enum err err = purse_load(db, account, card, &purse);
    if (err == OK && !purse_is_loaded(&purse)) {
        call->refusal = REFUSED_CARD;
    }
    return err;
}

/* N + 1, T and the amount: stored with the beginning of the credit, in this very commit. */
static enum err issue(struct write_call *call, struct money_case *c, const struct book_card *card,
                      struct book_account *account, struct book_token *ret_token)
{
    const struct delivery_event event = {.kind = DELIVERY_EV_ASSIGN, .use = {.energy_step = 1}};
    const int64_t amount_fen = c->row.order.amount.fen;
    const struct token_wish wish = {.kind = BOOK_PURCHASE,
                                    .document_no = c->row.order_no,
                                    .amount_fen = amount_fen,
                                    .total_fen = account->total_fen + amount_fen};
    if (account->has_seen) {
        c->row.has_before = true;
        c->row.balance_before_fen = account->seen_balance_fen;
        c->row.balance_at = account->seen_meter_at;
    }
    enum err err = token_issue(call->cards, c->db, card, account, &wish, ret_token);
    if (err == OK) {
        c->delivery.has_seq = true;
        c->delivery.seq = ret_token->n;
        err = case_tell_delivery(c, &event);
    }
    return err == OK ? case_commit(c) : err;
}

static enum err give(struct write_call *call, struct money_case *c, const struct book_card *card)
{
    struct book_account account;
    struct book_token token;
    bool return_open = false;
    enum err err = book_account_load(c->db, card->meter_id, &account);
    if (err == OK) {
        err = return_is_open(c->db, card->meter_id, &return_open);
    }
    if (err != OK) {
        return err;
    }
    err = book_token_of(c->db, call->order_no, &token);
    if (err == OK) {
        err = refusal_of_token(c->db, &account, &token, &call->refusal);
    } else if (err == ERR_NOT_FOUND) {
        call->refusal = refuse_first(c, &account, return_open);
        err = call->refusal == REFUSED_NOT ? refuse_full(call, c, &account) : OK;
        if (err == OK && call->refusal == REFUSED_NOT) {
            err = refuse_unloaded(call, c->db, &account, card);
        }
        if (err != OK) {
            return err;
        }
        err = call->refusal == REFUSED_NOT ? issue(call, c, card, &account, &token) : OK;
    }
    if (err != OK || call->refusal != REFUSED_NOT) {
        return err;
    }
    const struct token_reader reader = {.account = &account,
                                        .card = card,
                                        .terminal_id = call->terminal_id,
                                        .wall_s = db_wall_s(c->db)};
    err = token_write(call->cards, &reader, &token, &call->write);
    call->write.has_first = call->session.has_first;
    call->write.first = call->session.first;
    return err;
}

static enum err carry_issue(struct db *db, void *arg)
{
    struct write_call *call = arg;
    struct money_case c;
    struct book_card card;
    const struct view_terminal terminal = {call->terminal_id, call->site_id};
    enum err err = case_open(&c, call->cards->setup.orders, db, call->order_no);
    if (err == OK && !view_is_for(&c.row, &terminal)) {
        err = ERR_NOT_FOUND;
    }
    if (err == OK) {
        err = load_order_card(db, call->order_no, &card);
    }
    if (err != OK) {
        return err;
    }
    if (!str_equal(card.uid_text, call->session.uid)) {
        call->refusal = REFUSED_WRONG_CARD;
        return OK;
    }
    if (!call->session.fit || !str_equal(card.state, "open")) {
        call->refusal = REFUSED_CARD;
        return OK;
    }
    return give(call, &c, &card);
}

/* ---- what was read back ---- */

/* A document belongs to the site of its meter. */
static enum err is_here(struct db *db, const struct write_call *call, const char *meter_id)
{
    struct catalog_meter meter;
    enum err err = catalog_meter_get(db, meter_id, &meter);
    return err == OK && !str_equal(meter.site_id, call->site_id) ? ERR_NOT_FOUND : err;
}

static enum err confirm(struct db *db, struct write_call *call, const struct book_token *token,
                        const struct book_card *card)
{
    const struct api_card_written *written = &call->written;
    struct take take = {
        .cards = call->cards,
        .raw = {.credit = {written->credit[0], written->credit[1]}, .returned = {"", ""}}};
    bool fits = str_copy(take.terminal_id, sizeof(take.terminal_id), call->terminal_id) &&
                str_copy(take.document_no, sizeof(take.document_no), token->document_no) &&
                str_copy(take.uid_text, sizeof(take.uid_text), card->uid_text);
    MUST(fits);
    /* A relayed card was read in our own rounds; the terminal only tells that the write ended, and
     * its slots, which prove nothing of such a card, are not looked at. */
    enum err err = card->media == API_CARD_CLASSIC
                       ? take_confirmation(db, &take, token, &call->proof.written)
                       : take_last(db, &take, token, &call->proof.written);
    const bool untouched = written->outcome == API_CARD_NOT_DONE && !call->proof.written;
    return err == OK && untouched ? take_untouched(db, &take) : err;
}

static enum err load_proof(struct db *db, struct write_call *call)
{
    const struct view_terminal terminal = {call->terminal_id, call->site_id};
    enum err err =
        view_load(call->cards->setup.orders, db, call->order_no, &terminal, &call->proof.order);
    call->proof.has_order = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err carry_written(struct db *db, void *arg)
{
    struct write_call *call = arg;
    struct book_token token;
    struct book_card card;
    struct card_uid uid;
    char uid_text[CARD_UID_TEXT_SIZE];
    enum err err = book_token_of(db, call->order_no, &token);
    if (err == ERR_NOT_FOUND) {
        err = load_proof(db, call);
        call->refusal = REFUSED_NOT_PAID;
        return err == OK && !call->proof.has_order ? ERR_NOT_FOUND : err;
    }
    if (err == OK) {
        err = is_here(db, call, token.meter_id);
    }
    if (err != OK) {
        return err;
    }
    MUST(card_uid_parse(call->written.uid, &uid)); /* the codec has looked */
    card_uid_format(&uid, uid_text);
    err = book_card_load(db, uid_text, &card);
    if (err == ERR_NOT_FOUND || (err == OK && !token_is_for(&token, &card))) {
        call->refusal = REFUSED_WRONG_CARD;
        return OK;
    }
    if (err == OK) {
        err = confirm(db, call, &token, &card);
    }
    return err == OK ? load_proof(db, call) : err;
}

/* ---- answers ---- */

void refusal_reply(struct http_request *request, enum refusal refusal)
{
    http_reply_error(request, REFUSALS[refusal].status, REFUSALS[refusal].code, NULL, NULL);
}

static void finish(struct write_call *call)
{
    bytes_wipe(call, sizeof(*call));
    free(call);
}

static enum err encode_write(const void *write, char *ret_text, size_t size, size_t *ret_size)
{
    return api_card_write_encode(write, ret_text, size, ret_size);
}

static enum err encode_proof(const void *proof, char *ret_text, size_t size, size_t *ret_size)
{
    return api_card_proof_encode(proof, ret_text, size, ret_size);
}

static void reply(struct write_call *call, enum err err, bool is_proof)
{
    struct http_request *request = http_take(call->cards->setup.http, call->ticket);
    if (request != NULL && err != OK) {
        view_reply_error(request, err);
    } else if (request != NULL && call->refusal != REFUSED_NOT) {
        refusal_reply(request, call->refusal);
    } else if (request != NULL && is_proof) {
        cards_reply(request, encode_proof, &call->proof);
    } else if (request != NULL) {
        cards_reply(request, encode_write, &call->write);
    }
    finish(call);
}

static void issued(enum err err, void *arg)
{
    reply(arg, err, /* is_proof= */ false);
}

static void confirmed(enum err err, void *arg)
{
    reply(arg, err, /* is_proof= */ true);
}

/* ---- the calls ---- */

/* NULL: the request was answered. */
static struct write_call *begin(struct cards *cards, struct http_request *request)
{
    const struct http_peer *peer = http_peer(request);
    struct write_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return NULL;
    }
    call->cards = cards;
    const bool fits = str_copy(call->terminal_id, sizeof(call->terminal_id), peer->terminal_id) &&
                      str_copy(call->site_id, sizeof(call->site_id), peer->site_id);
    MUST(fits);
    if (cards->setup.vault == NULL ||
        !str_copy(call->order_no, sizeof(call->order_no), http_param(request, "order_no"))) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, NULL, NULL);
        finish(call);
        return NULL;
    }
    return call;
}

static void submit(struct write_call *call, struct http_request *request, store_fn fn,
                   store_done done)
{
    call->ticket = http_park(request, ANSWER_MS_MAX, NULL, NULL);
    enum err err = store_submit(call->cards->setup.store, fn, done, call);
    if (err != OK) {
        done(err, call);
    }
}

static void on_issue(struct http_request *request, void *self)
{
    struct cards *cards = self;
    struct api_fault fault = {{0}};
    struct api_card_issue wish;
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    struct write_call *call = begin(cards, request);
    if (call == NULL) {
        return;
    }
    if (api_card_issue_decode(text, size, &wish, &fault) != OK) {
        http_reply_bad_request(request, fault.field);
        finish(call);
    } else if (!card_sessions_get(cards->sessions, wish.session_id, call->terminal_id,
                                  store_service_ms(cards->setup.store), &call->session)) {
        refusal_reply(request, REFUSED_OVER);
        finish(call);
    } else {
        submit(call, request, carry_issue, issued);
    }
}

static void on_written(struct http_request *request, void *self)
{
    struct api_fault fault = {{0}};
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    struct write_call *call = begin(self, request);
    if (call == NULL) {
        return;
    }
    if (api_card_written_decode(text, size, &call->written, &fault) != OK) {
        http_reply_bad_request(request, fault.field);
        finish(call);
    } else {
        submit(call, request, carry_written, confirmed);
    }
}

void write_routes(struct cards *cards)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/terminal/orders/{order_no}/card", HTTP_FOR_TERMINAL, HTTP_BODY_JSON, 0,
         on_issue, cards},
        {HTTP_POST, "/v1/terminal/orders/{order_no}/card/written", HTTP_FOR_TERMINAL,
         HTTP_BODY_JSON, 0, on_written, cards},
    };
    http_route_add(cards->setup.http, routes, ARRAY_COUNT(routes));
}
