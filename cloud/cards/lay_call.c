/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/terminal/cards: a card was laid, whose is it? The answer holds the keys of this one
 * card's sectors, or the first commands for a card that is relayed, and is wiped here once it is on
 * its way. POST .../{session_id}/read: what is on it; the answer is what the terminal does next.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/relay.h"
#include "cloud/cards/serial.h"
#include "cloud/catalog/catalog.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

enum { ANSWER_MS_MAX = 10000 };

/* ---- a card is laid ---- */

struct laying {
    struct cards *cards;
    const struct http_peer *peer;
    struct api_card_laid laid;
    struct card_session session;
    struct api_card_session answer;
    struct relay *relay; /* @own until it is kept */
};

static enum api_card_standing standing_of(const char *state)
{
    if (str_equal(state, "open")) {
        return API_CARD_OURS;
    }
    if (str_equal(state, "lost")) {
        return API_CARD_LOST;
    }
    return str_equal(state, "blocked") ? API_CARD_BLOCKED : API_CARD_REPLACED;
}

static enum err look_up(struct db *db, void *arg)
{
    struct laying *laying = arg;
    struct book_card card;
    struct book_account account;
    struct catalog_meter meter;
    struct book_refusals refusals;
    laying->session.used_ms = db_service_ms(db);
    laying->answer.standing = API_CARD_FOREIGN;
    const struct vault *vault = laying->cards->setup.vault;
    if (vault == NULL) {
        return OK;
    }
    enum err err = book_card_load(db, laying->session.uid, &card);
    if (err == ERR_NOT_FOUND ||
        (err == OK && card.media == API_CARD_CPU && !vault_has_purchase(vault))) {
        return OK;
    }
    if (err == OK) {
        err = book_account_load(db, card.meter_id, &account);
    }
    if (err == OK) {
        err = catalog_meter_get(db, card.meter_id, &meter);
    }
    if (err == OK) {
        err = book_refusals(db, card.uid_text, laying->peer->terminal_id, &refusals);
    }
    if (err != OK) {
        return err;
    }
    const bool here = str_equal(meter.site_id, laying->peer->site_id);
    const bool lost_try = card.media == API_CARD_CPU && refusals.is_told;
    laying->answer.standing = !here      ? API_CARD_OTHER_SITE
                              : lost_try ? API_CARD_BLOCKED
                                         : standing_of(card.state);
    laying->answer.media = card.media;
    laying->session.media = card.media;
    if (laying->answer.standing != API_CARD_OURS) {
        return OK;
    }
    bool fits = str_copy(laying->session.meter_id, sizeof(laying->session.meter_id), card.meter_id);
    MUST(fits);
    if (card.media == API_CARD_CLASSIC) {
        return token_read_keys(laying->cards, &account, &card.uid, &laying->answer.keys);
    }
    laying->relay = relay_create(card.media, &card.uid, account.meter);
    relay_first(card.media, &laying->answer.script);
    if (laying->relay == NULL) {
        return ERR_MEMORY;
    }
    return serial_load(db, card.uid_text, laying->relay->serial, &laying->relay->has_serial);
}

static enum err encode_session(const void *answer, char *ret_text, size_t size, size_t *ret_size)
{
    return api_card_session_encode(answer, ret_text, size, ret_size);
}

static bool read_laid(struct http_request *request, struct laying *laying)
{
    struct api_fault fault = {{0}};
    struct card_uid uid;
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    if (api_card_laid_decode(text, size, &laying->laid, &fault) != OK ||
        !card_uid_parse(laying->laid.uid, &uid)) {
        http_reply_bad_request(request, fault.field[0] != '\0' ? fault.field : "uid");
        return false;
    }
    card_uid_format(&uid, laying->session.uid);
    return true;
}

static void on_lay(struct http_request *request, void *self)
{
    struct cards *cards = self;
    const struct cards_setup *setup = &cards->setup;
    struct laying *laying = calloc(1, sizeof(*laying));
    if (laying == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return;
    }
    laying->cards = cards;
    laying->peer = http_peer(request);
    if (read_laid(request, laying)) {
        id_make(setup->rng, clock_wall_s(setup->clock) * 1000, laying->session.session_id);
        bool fits = str_copy(laying->session.terminal_id, sizeof(laying->session.terminal_id),
                             laying->peer->terminal_id) &&
                    str_copy(laying->answer.session_id, sizeof(laying->answer.session_id),
                             laying->session.session_id);
        MUST(fits);
        enum err err = store_read(setup->store, look_up, laying);
        if (err == OK) {
            card_sessions_put(cards->sessions, &laying->session, laying->relay);
            laying->relay = NULL;
            cards_reply(request, encode_session, &laying->answer);
        } else {
            view_reply_error(request, err);
        }
    }
    relay_destroy(laying->relay);
    bytes_wipe(laying, sizeof(*laying));
    free(laying);
}

/* ---- what is on it ---- */

struct reading {
    struct cards *cards;
    struct http_ticket ticket;
    struct card_session session;
    bool over;
    enum rounds_end end; /* of a relayed card: read, forged, or our proof was refused */
    struct api_card_read read;
    struct purchase_files files; /* of a purchase card, in place of slots */
    struct api_card_view view;
};

static enum err fill_meter(struct db *db, const struct take *take, struct api_card_view *view)
{
    struct catalog_meter meter;
    int64_t pending_fen = 0;
    const struct book_account *account = &take->account;
    enum err err = catalog_meter_get(db, account->meter_id, &meter);
    if (err == OK) {
        err = book_pending(db, account->meter_id, "", &pending_fen);
    }
    if (err != OK) {
        return err;
    }
    bool fits =
        str_copy(view->room_id, sizeof(view->room_id), meter.room_id) &&
        str_copy(view->meter_id, sizeof(view->meter_id), meter.meter_id) &&
        str_copy(view->place, sizeof(view->place), meter.place) &&
        str_copy(view->customer_masked, sizeof(view->customer_masked), meter.customer_masked) &&
        str_copy(view->meter_tail, sizeof(view->meter_tail), meter.tail);
    MUST(fits);
    view->has_balance = account->has_seen;
    view->balance_fen = account->seen_balance_fen;
    view->balance_at = account->seen_meter_at;
    view->has_headroom = meter.profile.card_limit_fen > 0;
    view->headroom_fen = view->has_headroom ? gate_headroom(&meter, account, pending_fen) : 0;
    return OK;
}

/* A purchase that was taken back again, by the meter or by two persons, topped up nothing. */
static enum err fill_last(struct db *db, const char *meter_id, struct api_card_view *view)
{
    struct sql *sql =
        sql_begin(db, "SELECT t.amount_fen, t.written_at FROM card_token t JOIN delivery d ON"
                      " d.order_no = t.document_no WHERE t.meter_id = ?1 AND t.kind = 'purchase'"
                      " AND t.written_at IS NOT NULL AND d.stage <> 'VOID' AND NOT EXISTS"
                      " (SELECT 1 FROM card_return_case r WHERE r.order_no = t.document_no"
                      " AND r.stage = 'REVERSED') ORDER BY t.n DESC LIMIT 1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        view->has_last = true;
        view->last_fen = sql_i64(sql, 0);
        view->last_at = sql_i64(sql, 1);
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static void fill_verdict(const struct take *take, struct api_card_view *view)
{
    static const enum api_card_state STATES[CARD_STATE_COUNT] = {
        [CARD_READY] = API_CARD_READY,
        [CARD_OWED] = API_CARD_OWED,
        [CARD_REPAIR] = API_CARD_REPAIR,
        [CARD_REFUSED] = API_CARD_REFUSED,
    };
    static const enum api_card_loaded LOADED[CARD_LOADED_COUNT] = {
        [CARD_LOADED_NEVER] = API_CARD_LOADED_NEVER,
        [CARD_LOADED_NO] = API_CARD_LOADED_NO,
        [CARD_LOADED_YES] = API_CARD_LOADED_YES,
    };
    view->state = STATES[take->verdict.state];
    view->loaded = LOADED[take->verdict.loaded];
    str_format_cut(view->reason, sizeof(view->reason), "%s",
                   card_reason_name(take->verdict.reason));
}

/* The newest token holds the value of all that are owed. */
static enum err fill_write(struct db *db, const struct take *take, struct api_card_view *view)
{
    struct book_token token;
    const struct token_reader reader = {.account = &take->account,
                                        .card = &take->card,
                                        .terminal_id = take->terminal_id,
                                        .wall_s = db_wall_s(db)};
    enum err err = book_token_load(db, take->account.meter_id, take->account.n, &token);
    if (err == OK) {
        err = token_write(take->cards, &reader, &token, &view->write);
    }
    view->has_write = err == OK;
    uint8_t first = 0;
    view->write.has_first =
        take->card.media == API_CARD_CLASSIC && slots_first(&take->slots.reading, &first);
    view->write.first = first;
    return err;
}

/* What has a token comes first; what waits for one is asked for by its order's number. */
static enum err fill_owed(struct db *db, const struct take *take, struct api_card_view *view)
{
    enum err err =
        take_owed(db, &take->account, &view->has_owed, view->owed_order_no, &view->owed_fen);
    if (err == OK && !view->has_owed && take->verdict.state == CARD_OWED) {
        err =
            take_waiting(db, take->uid_text, &view->has_owed, view->owed_order_no, &view->owed_fen);
    }
    return err;
}

static enum err fill_view(struct db *db, const struct take *take, struct api_card_view *view)
{
    fill_verdict(take, view);
    enum err err = fill_meter(db, take, view);
    if (err == OK) {
        err = fill_last(db, take->account.meter_id, view);
    }
    if (err == OK) {
        err = fill_owed(db, take, view);
    }
    if (err == OK && take->verdict.must_write) {
        err = fill_write(db, take, view);
    }
    return err;
}

static void fill_refusal(enum card_reason reason, struct api_card_view *view)
{
    view->state = API_CARD_REFUSED;
    str_format_cut(view->reason, sizeof(view->reason), "%s", card_reason_name(reason));
}

/* Nothing is sold to it or written to it until it is laid again and proves itself. */
static enum err carry_refused(struct db *db, struct reading *reading, struct take *take)
{
    const bool forged = reading->end == ROUNDS_FORGED;
    reading->session.fit = false;
    reading->session.ready = false;
    fill_refusal(forged ? CARD_REASON_BAD_MAC : CARD_REASON_NOT_READ, &reading->view);
    return forged ? take_forged(db, take) : take_refused(db, take);
}

static enum err carry_out(struct db *db, void *arg)
{
    struct reading *reading = arg;
    const struct api_card_read *read = &reading->read;
    struct take take = {.cards = reading->cards,
                        .raw = {.credit = {read->credit[0], read->credit[1]},
                                .returned = {read->returned[0], read->returned[1]}}};
    if (reading->session.media == API_CARD_CPU) {
        take.raw.purchase = &reading->files;
    }
    bool fits =
        str_copy(take.terminal_id, sizeof(take.terminal_id), reading->session.terminal_id) &&
        str_copy(take.uid_text, sizeof(take.uid_text), reading->session.uid);
    MUST(fits);
    if (reading->end == ROUNDS_FORGED || reading->end == ROUNDS_REFUSED) {
        return carry_refused(db, reading, &take);
    }
    enum err err = take_reading(db, &take);
    if (err != OK) {
        return err;
    }
    reading->session.has_first = reading->session.media == API_CARD_CLASSIC &&
                                 slots_first(&take.slots.reading, &reading->session.first);
    reading->over = !str_equal(take.card.state, "open") ||
                    !str_equal(take.card.meter_id, reading->session.meter_id);
    reading->session.fit = !reading->over && take_is_believed(&take);
    reading->session.ready = !reading->over && take.verdict.state == CARD_READY;
    reading->session.ready_n = take.account.n;
    return reading->over ? OK : fill_view(db, &take, &reading->view);
}

static void reply_over(struct http_request *request)
{
    http_reply_error(request, 410, API_ERROR_CARD_SESSION, "lay the card again", NULL);
}

static enum err encode_view(const void *view, char *ret_text, size_t size, size_t *ret_size)
{
    return api_card_view_encode(view, ret_text, size, ret_size);
}

static void finish(struct reading *reading)
{
    bytes_wipe(reading, sizeof(*reading));
    free(reading);
}

static void done(enum err err, void *arg)
{
    struct reading *reading = arg;
    struct cards *cards = reading->cards;
    if (err == OK && !reading->over) {
        card_sessions_update(cards->sessions, &reading->session);
    }
    struct http_request *request = http_take(cards->setup.http, reading->ticket);
    if (request != NULL && err != OK) {
        view_reply_error(request, err);
    } else if (request != NULL && reading->over) {
        reply_over(request);
    } else if (request != NULL) {
        cards_reply(request, encode_view, &reading->view);
    }
    finish(reading);
}

/* ---- what a relayed card said ---- */

static void fill_slots(const struct relay *relay, struct reading *reading)
{
    const struct rounds *rounds = &relay->rounds;
    struct api_card_read *read = &reading->read;
    if (relay->media == API_CARD_CPU) {
        reading->files = rounds->of.purchase.files;
        return;
    }
    /* One file stands where a card of sectors has two slots: a commit leaves no torn one. */
    for (int i = 0; i < API_CARD_SLOTS; i++) {
        card_record_format(rounds->of.desfire.credit, read->credit[i]);
        card_record_format(rounds->of.desfire.returned, read->returned[i]);
    }
}

/* True: the files were read, and stand in the slots, or the card has not got our keys: that is to
 * be carried out. Else the request was answered. */
static bool hear(struct http_request *request, struct reading *reading, struct relay *relay)
{
    const struct cards_setup *setup = &reading->cards->setup;
    struct api_card_read *read = &reading->read;
    const struct relay_answers answers = {read->round, read->answers, read->answer_count};
    enum rounds_end end = ROUNDS_FAILED;
    if (read->round == 1) {
        relay_read(relay);
    }
    enum err err = relay->token.n != 0
                       ? ERR_CONFLICT
                       : relay_take(relay, setup->vault, setup->rng, &answers, &end);
    if (err == OK && end == ROUNDS_DONE) {
        reading->end = end;
        fill_slots(relay, reading);
        return true;
    }
    if (err == OK && (end == ROUNDS_FORGED || end == ROUNDS_REFUSED)) {
        reading->end = end;
        return true;
    }
    if (err == ERR_CONFLICT) {
        reply_over(request);
    } else if (err != OK) {
        view_reply_error(request, err);
    } else if (end == ROUNDS_MORE) {
        reading->view.state = API_CARD_MORE;
        relay_script(relay, &reading->view.script);
        cards_reply(request, encode_view, &reading->view);
    } else {
        fill_refusal(CARD_REASON_NOT_READ, &reading->view);
        cards_reply(request, encode_view, &reading->view);
    }
    return false;
}

static bool hear_relayed(struct http_request *request, struct reading *reading)
{
    struct card_sessions *sessions = reading->cards->sessions;
    const char *session_id = reading->session.session_id;
    struct relay *relay = card_sessions_take_relay(sessions, session_id);
    if (relay == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return false;
    }
    const bool heard = hear(request, reading, relay);
    card_sessions_give_relay(sessions, session_id, relay);
    return heard;
}

/* ---- the call ---- */

static void on_read(struct http_request *request, void *self)
{
    struct cards *cards = self;
    struct api_fault fault = {{0}};
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    struct reading *reading = calloc(1, sizeof(*reading));
    if (reading == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return;
    }
    reading->cards = cards;
    const bool known = card_sessions_get(cards->sessions, http_param(request, "session_id"),
                                         http_peer(request)->terminal_id,
                                         store_service_ms(cards->setup.store), &reading->session);
    if (api_card_read_decode(text, size, &reading->read, &fault) != OK) {
        http_reply_bad_request(request, fault.field);
        finish(reading);
        return;
    }
    if (!known || reading->session.meter_id[0] == '\0') {
        reply_over(request);
        finish(reading);
        return;
    }
    bool fits = str_copy(reading->view.session_id, sizeof(reading->view.session_id),
                         reading->session.session_id);
    MUST(fits);
    if (reading->session.media != API_CARD_CLASSIC && !hear_relayed(request, reading)) {
        finish(reading);
        return;
    }
    reading->ticket = http_park(request, ANSWER_MS_MAX, NULL, NULL);
    enum err err = store_submit(cards->setup.store, carry_out, done, reading);
    if (err != OK) {
        done(err, reading);
    }
}

void lay_routes(struct cards *cards)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/terminal/cards", HTTP_FOR_TERMINAL, HTTP_BODY_JSON, 0, on_lay, cards},
        {HTTP_POST, "/v1/terminal/cards/{session_id}/read", HTTP_FOR_TERMINAL, HTTP_BODY_JSON, 0,
         on_read, cards},
    };
    http_route_add(cards->setup.http, routes, ARRAY_COUNT(routes));
}
