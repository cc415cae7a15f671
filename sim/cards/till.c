/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal with a card reader, and somebody in front of it, who may take his card away at any
 * moment. The calls are those of the real terminal (kiosk/flow), in its order: the journal knows a
 * token before the reader gets it, and what was read back before the server is told.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/card/mifare.h"
#include "sim/cards/till_inside.h"

enum {
    WATCH_S = 20,
    WATCH_TRIES = 14,
    WRITE_TRIES = 3,
    AMOUNTS = 29000,
    AMOUNT_FIRST_FEN = 1000,
    AMOUNT_STEP = 7919,
    HALF = 500000,
    BACK_PPM = 700000, /* asked to lay the card again, he does */
};

static unsigned post(struct visit *visit, const struct http_wish *call)
{
    return till_is_dark(visit) ? 0 : till_ask(visit->till, &visit->holder->caller, call);
}

static const char *text_of(const struct visit *visit)
{
    return visit->holder->caller.text;
}

/* Its power goes, with the disk's unsynced writes. */
static bool dies(struct visit *visit)
{
    if (!till_is_dark(visit) && world_strikes(visit->world, FAULT_KIOSK_DIES, DICE_CARDS)) {
        kernel_trace("kiosk dies", "", visit->till->index, 0);
        terminal_cut(&visit->till->terminal);
        visit->dead = true;
    }
    return visit->dead;
}

/* ---- a token onto the card ---- */

static void check_proof(struct visit *visit, const struct api_card_write *write)
{
    struct api_fault fault;
    struct api_card_proof *proof = &visit->slate->proof;
    const char *text = text_of(visit);
    MUST(api_card_proof_decode(text, strlen(text), proof, &fault) == OK);
    const uint32_t best = plastic_meter_best(visit->holder->meter, visit->holder->card);
    if (proof->written && best < write->n) {
        world_fail(visit->world, "I9: %s was shown as written, and the card has token %u",
                   write->order_no, best);
    }
    if (proof->written && str_equal(visit->holder->slip, write->order_no)) {
        visit->holder->slip[0] = '\0';
    }
}

/* The reader has the token: what came of it goes into the journal, and then to the server. */
static bool write_and_tell(struct visit *visit, const struct api_card_write *write,
                           struct terminal_card *card)
{
    struct till *till = visit->till;
    MUST(str_copy(till->begun_id, sizeof(till->begun_id), card->id));
    const enum api_card_outcome outcome = driver_write(visit, write);
    const bool done = outcome == API_CARD_DONE;
    till_fill_body(card, outcome, done ? write->token : "");
    const bool kept = !dies(visit) && terminal_card_end(&till->terminal, card->id, card->body);
    visit->stopped = !kept || dies(visit);
    if (!visit->stopped && till_tell(till, &visit->holder->caller, card)) {
        check_proof(visit, write);
    }
    return done;
}

/* True: it is on the card. */
static bool write_once(struct visit *visit, const struct api_card_write *write)
{
    struct terminal_card *card = calloc(1, sizeof(*card));
    MUST(card != NULL);
    till_fresh_id(visit->world, card->id);
    bool fits = str_copy(card->order_no, sizeof(card->order_no), write->order_no) &&
                str_copy(card->uid, sizeof(card->uid), visit->holder->uid);
    MUST(fits);
    const bool kept =
        terminal_card_begin(&visit->till->terminal, card, write->token, write->amount_fen);
    visit->stopped = !kept || dies(visit);
    const bool done = !visit->stopped && write_and_tell(visit, write, card);
    free(card);
    return done;
}

static bool put_on_card(struct visit *visit, const struct api_card_write *write)
{
    bool done = false;
    visit->stopped = false;
    if (canary_is(CANARY_CARD_UNREAD)) {
        visit->till->last = realloc(visit->till->last, sizeof(*write));
        MUST(visit->till->last != NULL);
        *visit->till->last = *write;
        visit->till->has_last = true;
        memcpy(visit->till->last_uid, plastic_uid(visit->holder->card), PLASTIC_UID_SIZE);
    }
    for (int i = 0; i < WRITE_TRIES && !visit->stopped && !done; i++) {
        done = write_once(visit, write);
        const bool back = done || dice_chance(till_dice(visit->world), BACK_PPM);
        visit->stopped = visit->stopped || !back;
    }
    return done && !visit->stopped;
}

/* ---- a look at an order, and its token ---- */

/* An order that is not paid is known at its own terminal only. */
static bool is_at_home(const struct visit *visit, const char *order_no)
{
    for (size_t i = 0; i < visit->world->wishes.count; i++) {
        const struct wish *wish = &visit->world->wishes.list[i];
        if (str_equal(wish->order_no, order_no)) {
            return wish->kiosk == visit->till->index;
        }
    }
    return false;
}

static bool look(struct visit *visit, const char *order_no, struct api_order_view *view)
{
    struct http_wish call = {.method = HTTP_GET};
    struct api_fault fault;
    str_format_cut(call.path, sizeof(call.path),
                   "/v1/terminal/orders/%s?wait_s=%d&version=%" PRId64, order_no, (int)WATCH_S,
                   view->version);
    const unsigned status = post(visit, &call);
    if (status == 404 && is_at_home(visit, order_no)) {
        world_fail(visit->world, "I8: order %s was shown and is unknown now", order_no);
    }
    if (status != 200) {
        return false;
    }
    const char *text = text_of(visit);
    MUST(api_order_view_decode(text, strlen(text), view, &fault) == OK);
    return true;
}

static bool is_settled(const struct api_order_view *view)
{
    return view->state == API_ORDER_DONE || view->state == API_ORDER_CLOSED ||
           view->state == API_ORDER_REFUNDED || view->state == API_ORDER_REVIEW;
}

static void forget_slip(struct visit *visit)
{
    struct api_order_view *view = calloc(1, sizeof(*view));
    MUST(view != NULL);
    const struct trade *trade = provider_find(&visit->world->pay, visit->holder->slip);
    const bool never_paid =
        trade == NULL || (trade->paid_fen == 0 && trade->expires_ns < kernel_now_ns());
    if (never_paid || (look(visit, visit->holder->slip, view) && is_settled(view))) {
        visit->holder->slip[0] = '\0';
    }
    free(view);
}

static bool ask_token(struct visit *visit, const char *order_no)
{
    struct http_wish call = {.method = HTTP_POST};
    struct api_card_issue issue = {.client_request_id = ""};
    struct api_fault fault;
    size_t size = 0;
    till_fresh_id(visit->world, issue.client_request_id);
    MUST(str_copy(issue.session_id, ID_TEXT_SIZE, visit->slate->session.session_id));
    MUST(api_card_issue_encode(&issue, call.body, sizeof(call.body), &size) == OK);
    str_format_cut(call.path, sizeof(call.path), "/v1/terminal/orders/%s/card", order_no);
    const unsigned status = post(visit, &call);
    if (status == 200) {
        const char *text = text_of(visit);
        MUST(api_card_write_decode(text, strlen(text), &visit->slate->write, &fault) == OK);
    } else if (status != 0) {
        kernel_trace("no token", order_no, status, 0);
        forget_slip(visit);
    }
    return status == 200;
}

/* ---- a card is laid ---- */

static void put_slot(const struct api_card_keys *keys, uint8_t sector,
                     char ret_text[API_CARD_RECORD_SIZE])
{
    uint8_t record[CARD_RECORD_SIZE];
    ret_text[0] = '\0';
    if (driver_read(keys, sector, record)) {
        card_record_format(record, ret_text);
    } else {
        (void)plastic_reset();
    }
}

static bool open_session(struct visit *visit)
{
    struct http_wish call = {.method = HTTP_POST, .path = "/v1/terminal/cards"};
    struct api_card_laid laid = {.atqa = "0004", .sak = "08", .family = "classic"};
    struct api_fault fault;
    size_t size = 0;
    till_fresh_id(visit->world, laid.client_request_id);
    bool good = hex_format(plastic_uid(visit->holder->card), PLASTIC_UID_SIZE,
                           /* separator= */ 0, laid.uid, sizeof(laid.uid));
    MUST(good);
    MUST(api_card_laid_encode(&laid, call.body, sizeof(call.body), &size) == OK);
    if (post(visit, &call) != 200) {
        return false;
    }
    const char *text = text_of(visit);
    MUST(api_card_session_decode(text, strlen(text), &visit->slate->session, &fault) == OK);
    return visit->slate->session.standing == API_CARD_OURS;
}

/* I9: an older word than one that he has seen is not the meter's any more. */
static void check_word(const struct visit *visit)
{
    const struct api_card_view *view = &visit->slate->view;
    struct holder *holder = visit->holder;
    if (!view->has_balance) {
        return;
    }
    if (view->balance_at < holder->word_at) {
        world_fail(visit->world,
                   "I9: card %s: a word of the meter is shown as its latest, and is"
                   " %" PRId64 " s older than one that was shown before",
                   holder->uid, holder->word_at - view->balance_at);
    }
    holder->word_at = view->balance_at;
}

static bool send_reading(struct visit *visit)
{
    struct http_wish call = {.method = HTTP_POST};
    struct api_card_read *read = calloc(1, sizeof(*read));
    const struct api_card_keys *keys = &visit->slate->session.keys;
    struct api_fault fault;
    size_t size = 0;
    MUST(read != NULL);
    plastic_lay(visit->holder->card);
    for (size_t i = 0; i < API_CARD_SLOTS; i++) {
        put_slot(keys, (uint8_t)(CARD_SECTOR_CREDIT + i), read->credit[i]);
        put_slot(keys, (uint8_t)(CARD_SECTOR_RETURN + i), read->returned[i]);
    }
    put_slot(keys, CARD_SECTOR_ISSUE, read->issue);
    MUST(api_card_read_encode(read, call.body, sizeof(call.body), &size) == OK);
    free(read);
    str_format_cut(call.path, sizeof(call.path), "/v1/terminal/cards/%s/read",
                   visit->slate->session.session_id);
    if (post(visit, &call) != 200) {
        return false;
    }
    const char *text = text_of(visit);
    MUST(api_card_view_decode(text, strlen(text), &visit->slate->view, &fault) == OK);
    check_word(visit);
    return true;
}

/* A token that the server gave with the reading, or will give when it is asked. */
static bool is_owed(struct visit *visit)
{
    struct slate *slate = visit->slate;
    if (slate->view.has_write) {
        slate->write = slate->view.write;
        visit->world->counts.cards.owed += slate->view.state == API_CARD_OWED ? 1 : 0;
        visit->world->counts.cards.repaired += slate->view.state == API_CARD_REPAIR ? 1 : 0;
        return true;
    }
    if (slate->view.state == API_CARD_OWED && !slate->view.has_owed) {
        world_fail(visit->world, "I9: card %s is owed something that has no name",
                   visit->holder->uid);
    }
    return slate->view.state == API_CARD_OWED && ask_token(visit, slate->view.owed_order_no);
}

/* Lay it, read it, and write what it is owed. True: it may be sold to. */
static bool lay(struct visit *visit)
{
    struct slate *slate = visit->slate;
    visit->holder->settled = false;
    if (!open_session(visit) || world_strikes(visit->world, FAULT_CARD_LEFT_UNREAD, DICE_CARDS) ||
        !send_reading(visit)) {
        return false;
    }
    for (int i = 0; i < WRITE_TRIES && is_owed(visit); i++) {
        if (!put_on_card(visit, &slate->write) || !send_reading(visit)) {
            return false;
        }
    }
    kernel_trace("card laid", visit->holder->uid, slate->view.state, slate->view.loaded);
    return slate->view.state == API_CARD_READY;
}

/* ---- an order ---- */

struct payment {
    struct world *world;
    char order_no[API_ORDER_NO_SIZE];
};

static void pay_now(void *arg)
{
    struct payment *payment = arg;
    if (!provider_pay(&payment->world->pay, payment->order_no)) {
        kernel_trace("code is dead", payment->order_no, 0, 0);
    }
    free(payment);
}

static void pay_later(struct visit *visit, const char *order_no, int64_t ms)
{
    struct payment *payment = malloc(sizeof(*payment));
    MUST(payment != NULL);
    payment->world = visit->world;
    MUST(str_copy(payment->order_no, sizeof(payment->order_no), order_no));
    MUST(str_copy(visit->holder->slip, sizeof(visit->holder->slip), order_no));
    kernel_after(KERNEL_WORLD, ms * KERNEL_MS, pay_now, payment);
}

static void plan(struct visit *visit, const char *order_no)
{
    struct dice *dice = till_dice(visit->world);
    const uint32_t what = dice_below(dice, 100);
    const int64_t soon_ms = dice_between(dice, 2000, 30000);
    const int64_t late_ms = dice_between(dice, 80000, 400000);
    if (what < 85) {
        pay_later(visit, order_no, soon_ms);
    } else if (what < 93) {
        pay_later(visit, order_no, late_ms);
    }
}

static struct wish *add_wish(struct visit *visit)
{
    struct world *world = visit->world;
    struct wishes *wishes = &world->wishes;
    if (wishes->count == wishes->room) {
        wishes->room = wishes->room == 0 ? 64 : wishes->room * 2;
        wishes->list = realloc(wishes->list, wishes->room * sizeof(*wishes->list));
        MUST(wishes->list != NULL);
    }
    const uint64_t serial = (uint64_t)wishes->count * AMOUNT_STEP + world->config.seed % AMOUNTS;
    struct wish *wish = &wishes->list[wishes->count++];
    *wish = (struct wish){.fen = AMOUNT_FIRST_FEN + (int64_t)(serial % AMOUNTS),
                          .room = visit->holder->room,
                          .kiosk = visit->till->index};
    wish->channel = dice_chance(till_dice(world), HALF) ? API_CHANNEL_ALIPAY : API_CHANNEL_WECHAT;
    till_fresh_id(world, wish->client_request_id);
    till_fresh_id(world, wish->purchase_id);
    world->counts.orders += 1;
    return wish;
}

static bool create(struct visit *visit, size_t place, struct api_order_view *ret_view)
{
    struct wish *wish = &visit->world->wishes.list[place];
    const struct api_card_view *view = &visit->slate->view;
    struct http_wish call = {.method = HTTP_POST, .path = "/v1/terminal/orders"};
    struct api_order_request request = {.amount_fen = wish->fen,
                                        .channel = wish->channel,
                                        .accept_offline = true,
                                        .accept_open_elsewhere = true};
    const struct terminal_wish asked = {.client_request_id = wish->client_request_id,
                                        .purchase_id = wish->purchase_id,
                                        .room_id = view->room_id,
                                        .meter_id = view->meter_id,
                                        .fen = wish->fen};
    struct api_fault fault;
    size_t size = 0;
    MUST(str_copy(request.room_id, sizeof(request.room_id), view->room_id));
    MUST(str_copy(request.meter_id, sizeof(request.meter_id), view->meter_id));
    MUST(str_copy(request.client_request_id, ID_TEXT_SIZE, wish->client_request_id));
    MUST(str_copy(request.purchase_id, ID_TEXT_SIZE, wish->purchase_id));
    MUST(str_copy(request.card_session, ID_TEXT_SIZE, view->session_id));
    MUST(api_order_request_encode(&request, call.body, sizeof(call.body), &size) == OK);
    if (!terminal_remember(&visit->till->terminal, &asked)) {
        return false;
    }
    if (post(visit, &call) != 200) {
        kernel_trace("refused", visit->holder->uid, visit->holder->caller.status, 0);
        return false;
    }
    const char *text = text_of(visit);
    MUST(api_order_view_decode(text, strlen(text), ret_view, &fault) == OK);
    wish = &visit->world->wishes.list[place]; /* others made wishes meanwhile */
    MUST(str_copy(wish->order_no, sizeof(wish->order_no), ret_view->order_no));
    terminal_number(&visit->till->terminal, wish->client_request_id, wish->order_no);
    return true;
}

static bool is_unpaid(enum api_order_state state)
{
    return state == API_ORDER_NEW || state == API_ORDER_WAIT_PAY || state == API_ORDER_CLOSING;
}

/* Until it is paid, given up or he has no more patience. True: paid. */
static bool wait_paid(struct visit *visit, struct api_order_view *view)
{
    bool planned = false;
    for (int i = 0; i < WATCH_TRIES && is_unpaid(view->state) && !till_is_dark(visit); i++) {
        if (!planned && view->qr_text[0] != '\0') {
            kernel_trace("code shown", view->order_no, view->amount_fen, 0);
            plan(visit, view->order_no);
            planned = true;
        }
        (void)look(visit, view->order_no, view);
        (void)dies(visit);
    }
    return view->state == API_ORDER_PAID && !till_is_dark(visit);
}

/* ---- the paid order's token ---- */

/* Nothing is owed, and he has a slip still: his terminal asks for that order's token again. */
static void fetch_token(struct visit *visit, bool was_paid)
{
    struct holder *holder = visit->holder;
    if (holder->slip[0] != '\0' && ask_token(visit, holder->slip)) {
        if (was_paid && plastic_meter_best(holder->meter, holder->card) < visit->slate->write.n) {
            world_fail(visit->world, "I9: card %s was called ready, and %s was paid for it",
                       holder->uid, holder->slip);
        }
        (void)put_on_card(visit, &visit->slate->write);
    }
}

static void buy(struct visit *visit)
{
    struct api_order_view *view = calloc(1, sizeof(*view));
    MUST(view != NULL);
    const size_t place = visit->world->wishes.count;
    (void)add_wish(visit);
    if (create(visit, place, view) && wait_paid(visit, view) &&
        !world_strikes(visit->world, FAULT_CARD_LEFT_PAID, DICE_CARDS) && lay(visit)) {
        fetch_token(visit, /* was_paid= */ true);
    }
    if (!till_is_dark(visit)) {
        terminal_settle(&visit->till->terminal, visit->world->wishes.list[place].client_request_id);
    }
    free(view);
}

/* Planted bug: what was written here last is written again, whatever is on the card now. */
static void write_unread(struct visit *visit)
{
    struct till *till = visit->till;
    if (till->has_last &&
        memcmp(till->last_uid, plastic_uid(visit->holder->card), PLASTIC_UID_SIZE) == 0) {
        (void)driver_write(visit, till->last);
    }
}

void till_visit(struct till *till, struct holder *holder, bool wants)
{
    struct visit visit = {
        .world = till->world, .till = till, .holder = holder, .life = till->terminal.life};
    if (holder->slate == NULL) {
        holder->slate = calloc(1, sizeof(*holder->slate));
        MUST(holder->slate != NULL);
    }
    visit.slate = holder->slate;
    if (canary_is(CANARY_CARD_UNREAD)) {
        write_unread(&visit);
    }
    if (lay(&visit)) {
        if (holder->slip[0] != '\0') {
            fetch_token(&visit, /* was_paid= */ false);
        } else if (wants) {
            buy(&visit);
        } else {
            holder->settled = visit.slate->view.loaded != API_CARD_LOADED_NO;
        }
    }
    till->busy = till->busy && till_is_dark(&visit); /* a dark one serves nobody until it is on */
}
