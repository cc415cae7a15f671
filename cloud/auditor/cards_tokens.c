/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of a meter. Their numbers have no gap; each total is the one before it, the token's
 * own amount, and less what two persons took out of it in between (an issued order's money went
 * back by their word alone: the next token says so). Each stands for one thing that was decided: a
 * paid order, a return case, another card. And an order's end must fit to the token that it has.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/cards.h"
#include "common/must.h"
#include "common/str.h"

enum {
    OWED_S = 2 * AUDIT_DAY_S, /* after one day somebody is to call the tenant */
};

static struct part_subject about(const struct cards_token *token)
{
    return (struct part_subject){token->document_no, token->amount_fen};
}

static bool is_kind(const struct cards_token *token, const char *kind)
{
    return str_equal(token->kind, kind);
}

/* ---- bytes ---- */

static int64_t wire_kind(const struct cards_token *token)
{
    const bool less = is_kind(token, "reversal") || is_kind(token, "correction");
    return less ? 2 : is_kind(token, "replacement") ? 3 : 1;
}

static void judge_mac(struct cards_meter *meter, const struct cards_card *card,
                      enum record_kind kind, const struct record *record)
{
    if (cards_can_check(meter, card, record) &&
        !record_is_signed(&card->signer, kind, record->bytes)) {
        part_find(meter->part, FOUND_CARD_MAC, (struct part_subject){meter->meter_id, 0},
                  "card %s, %s %lld", card->uid, kind == RECORD_ISSUE ? "issue record" : "token",
                  (long long)record->number);
    }
}

static void judge_record(struct cards_meter *meter, const struct cards_token *token)
{
    struct record record;
    const struct cards_card *card = cards_find_card(meter, token->uid);
    const struct part_subject subject = {meter->meter_id, 0};
    if (card == NULL) {
        part_find(meter->part, FOUND_CARD_RECORD, subject, "token %lld is for no card of it, %s",
                  (long long)token->n, token->uid);
        return;
    }
    if (!token->has_bytes || !record_read(token->bytes, RECORD_CREDIT, &record)) {
        part_find(meter->part, FOUND_CARD_RECORD, subject, "token %lld is no whole record",
                  (long long)token->n);
        return;
    }
    if (record.number != token->n || record.total_fen != token->total_fen ||
        record.fen != token->amount_fen || record.kind != wire_kind(token) ||
        (card->is_whole && memcmp(record.meter, card->issue.meter, RECORD_METER_SIZE) != 0)) {
        part_find(meter->part, FOUND_CARD_RECORD,
                  (struct part_subject){meter->meter_id, record.total_fen - token->total_fen},
                  "token %lld says N %lld, T %lld, %lld fen, kind %lld", (long long)token->n,
                  (long long)record.number, (long long)record.total_fen, (long long)record.fen,
                  (long long)record.kind);
    }
    judge_mac(meter, card, RECORD_CREDIT, &record);
}

static void judge_card(struct cards_meter *meter, const struct cards_card *card)
{
    if (!card->is_whole || card->issue.number != card->card_no) {
        part_find(meter->part, FOUND_CARD_RECORD, (struct part_subject){meter->meter_id, 0},
                  "the issue record of card %s", card->uid);
    } else {
        judge_mac(meter, card, RECORD_ISSUE, &card->issue);
    }
}

/* ---- numbers and totals ---- */

/* What two persons took out of T: the orders, in the order in which that was posted. */
struct taken_out {
    const struct cards_token **list; /* @own */
    size_t count;
    size_t next;
};

/* A return case had taken it out before, and the meter has not made that undone. */
static bool has_case_before(const struct cards_meter *meter, const struct cards_token *token)
{
    for (size_t i = 0; i < meter->case_count; i++) {
        const struct cards_case *one = &meter->cases[i];
        const bool kept = str_equal(one->stage, "REFUSED") && one->cancel_n == 0;
        if (str_equal(one->order_no, token->document_no) &&
            (kept || str_equal(one->stage, "REVERSAL_ISSUED") ||
             str_equal(one->stage, "REVERSED"))) {
            return true;
        }
    }
    return false;
}

static int by_posting(const void *a, const void *b)
{
    const struct cards_token *left = *(const struct cards_token *const *)a;
    const struct cards_token *right = *(const struct cards_token *const *)b;
    return left->back_at < right->back_at ? -1 : left->back_at > right->back_at;
}

static struct taken_out list_taken_out(const struct cards_meter *meter)
{
    struct taken_out out = {.list = calloc(meter->token_count + 1, sizeof(struct cards_token *))};
    MUST(out.list != NULL);
    for (size_t i = 0; i < meter->token_count; i++) {
        const struct cards_token *token = &meter->tokens[i];
        if (is_kind(token, "purchase") && token->back_by_people && !has_case_before(meter, token)) {
            out.list[out.count] = token;
            out.count += 1;
        }
    }
    qsort(out.list, out.count, sizeof(struct cards_token *), by_posting);
    return out;
}

/* How much less than @p expected_fen this token says, beyond what was taken out by then. */
static int64_t unexplained(struct taken_out *out, const struct cards_token *token,
                           int64_t expected_fen)
{
    int64_t less_fen = expected_fen - token->total_fen;
    while (less_fen > 0 && out->next < out->count && out->list[out->next]->n < token->n) {
        less_fen -= out->list[out->next]->amount_fen;
        out->next += 1;
    }
    return less_fen;
}

static void judge_total(struct cards_meter *meter, struct taken_out *out,
                        const struct cards_token *token, int64_t before_fen)
{
    const bool moves = !is_kind(token, "correction") && !is_kind(token, "replacement");
    const int64_t less_fen = unexplained(out, token, before_fen + (moves ? token->amount_fen : 0));
    const bool corrects =
        !is_kind(token, "correction") || token->amount_fen == token->total_fen - before_fen;
    if (less_fen != 0 || !corrects) {
        part_find(
            meter->part, FOUND_CARD_TOKEN_TOTAL, (struct part_subject){meter->meter_id, -less_fen},
            "token %lld, %s of %lld fen, says T %lld after %lld", (long long)token->n, token->kind,
            (long long)token->amount_fen, (long long)token->total_fen, (long long)before_fen);
    }
}

static void judge_account(struct cards_meter *meter, int64_t last_n)
{
    const struct cards_account *account = &meter->account;
    if (!account->there || account->n != last_n || account->total_fen != meter->given_fen) {
        part_find(meter->part, FOUND_CARD_ACCOUNT,
                  (struct part_subject){meter->meter_id, account->total_fen - meter->given_fen},
                  "it says N %lld, T %lld; its tokens N %lld, T %lld", (long long)account->n,
                  (long long)account->total_fen, (long long)last_n, (long long)meter->given_fen);
    }
}

static void judge_chain(struct cards_meter *meter)
{
    struct taken_out out = list_taken_out(meter);
    int64_t last_n = 0;
    int64_t total_fen = 0;
    for (size_t i = 0; i < meter->token_count; i++) {
        const struct cards_token *token = &meter->tokens[i];
        if (token->n != last_n + 1) {
            part_find(meter->part, FOUND_CARD_TOKEN_NUMBER,
                      (struct part_subject){meter->meter_id, 0}, "token %lld follows %lld",
                      (long long)token->n, (long long)last_n);
        }
        judge_total(meter, &out, token, total_fen);
        last_n = token->n;
        total_fen = token->total_fen;
    }
    for (; out.next < out.count; out.next++) {
        total_fen -= out.list[out.next]->amount_fen;
    }
    meter->given_fen = total_fen;
    free(out.list);
    judge_account(meter, last_n);
}

/* ---- what a token stands for ---- */

static const struct cards_case *case_of(const struct cards_meter *meter,
                                        const struct cards_token *token)
{
    const bool cancels = is_kind(token, "cancel");
    for (size_t i = 0; i < meter->case_count; i++) {
        const struct cards_case *one = &meter->cases[i];
        if (cancels ? one->cancel_n == token->n : one->n == token->n) {
            return one;
        }
    }
    return NULL;
}

static void differs(struct cards_meter *meter, const struct cards_token *token, int64_t fen,
                    const char *what)
{
    part_find(meter->part, FOUND_CARD_TOKEN_DIFFERS, (struct part_subject){token->document_no, fen},
              "token %lld of meter %.64s: %s", (long long)token->n, meter->meter_id, what);
}

static void without_order(struct cards_meter *meter, const struct cards_token *token,
                          const char *what)
{
    part_find(meter->part, FOUND_CARD_TOKEN_WITHOUT_ORDER, about(token),
              "token %lld of meter %.64s: %s", (long long)token->n, meter->meter_id, what);
}

static void judge_of_case(struct cards_meter *meter, const struct cards_token *token)
{
    const struct cards_case *one = case_of(meter, token);
    const bool cancels = is_kind(token, "cancel");
    if (one == NULL) {
        without_order(meter, token, "no return case has it");
    } else if (token->amount_fen != (cancels ? one->amount_fen : -one->amount_fen)) {
        differs(meter, token, 0, "its return case is about another amount");
    }
}

static bool is_unpaid(const struct cards_token *token)
{
    static const char *const UNPAID[] = {"NEW", "WAIT_PAY", "CLOSING", "CLOSED"};
    for (size_t i = 0; i < ARRAY_COUNT(UNPAID); i++) {
        if (str_equal(token->state, UNPAID[i])) {
            return true;
        }
    }
    return token->paid_fen == 0;
}

static bool is_issued(const struct cards_token *token)
{
    return str_equal(token->stage, "ASSIGNED") || str_equal(token->stage, "DELIVERED") ||
           str_equal(token->stage, "VOID");
}

/* A purchase on a card that counts goes onto the card in its place as it is. */
static void judge_of_order(struct cards_meter *meter, const struct cards_token *token)
{
    if (!token->has_order) {
        without_order(meter, token, "no order by card has that number");
    } else if (is_unpaid(token)) {
        without_order(meter, token, "its order is not paid");
    } else if (!str_equal(token->meter_id, meter->meter_id)) {
        differs(meter, token, token->amount_fen, "its order is for another meter");
    } else if (token->order_fen != token->amount_fen) {
        differs(meter, token, token->amount_fen - token->order_fen,
                "its order is about another amount");
    } else if (token->seq != token->n || !is_issued(token)) {
        differs(meter, token, 0, "its order's delivery was not given this one");
    } else if (!meter->counts && !str_equal(token->order_uid, token->uid)) {
        differs(meter, token, 0, "its order is for another card");
    }
}

/* ---- the order's end ---- */

/* A token behind a reversal does not prove what was taken back, until one restores it. */
static bool is_proof(const struct cards_meter *meter, const struct cards_token *token, int64_t n)
{
    for (size_t i = 0; i < meter->case_count; i++) {
        const struct cards_case *one = &meter->cases[i];
        const bool open = str_equal(one->stage, "REVERSAL_ISSUED") ||
                          str_equal(one->stage, "REVERSED") || one->cancel_n > n;
        if (str_equal(one->order_no, token->document_no) && one->n != 0 && one->n <= n && open) {
            return false;
        }
    }
    return true;
}

static bool was_shown(const struct cards_meter *meter, const struct cards_token *token)
{
    if (meter->counts) {
        return token->was_seen;
    }
    for (size_t i = meter->token_count; i > 0 && meter->tokens[i - 1].n >= token->n; i--) {
        if (meter->tokens[i - 1].was_seen && is_proof(meter, token, meter->tokens[i - 1].n)) {
            return true;
        }
    }
    return false;
}

static bool was_reversed(const struct cards_meter *meter, const struct cards_token *token)
{
    for (size_t i = 0; i < meter->case_count; i++) {
        if (str_equal(meter->cases[i].order_no, token->document_no) &&
            str_equal(meter->cases[i].stage, "REVERSED")) {
            return true;
        }
    }
    return false;
}

static void judge_end(struct cards_meter *meter, const struct cards_token *token)
{
    const struct part_subject subject = about(token);
    const int64_t waited_s = meter->audit->now_s - token->issued_at;
    if (str_equal(token->state, "DONE") && !token->by_people && !was_shown(meter, token)) {
        part_find(meter->part, FOUND_CARD_DONE_UNSEEN, subject,
                  "no reading shows token %lld of meter %.64s", (long long)token->n,
                  meter->meter_id);
    } else if (cards_is_back(token->state) && !token->back_by_people &&
               !was_reversed(meter, token)) {
        part_find(meter->part, FOUND_CARD_REFUNDED_WITH_TOKEN, subject,
                  "%s, and token %lld of meter %.64s was given out", token->state,
                  (long long)token->n, meter->meter_id);
    } else if (str_equal(token->state, "CREDITING") && waited_s > OWED_S && !token->has_owner) {
        part_find(meter->part, FOUND_OPEN_WITHOUT_OWNER, subject,
                  "token %lld is owed for %lld hours", (long long)token->n,
                  (long long)(waited_s / 3600));
    }
}

void cards_judge_tokens(struct cards_meter *meter)
{
    for (size_t i = 0; i < meter->card_count; i++) {
        judge_card(meter, &meter->cards[i]);
    }
    judge_chain(meter);
    for (size_t i = 0; i < meter->token_count; i++) {
        const struct cards_token *token = &meter->tokens[i];
        judge_record(meter, token);
        if (is_kind(token, "purchase")) {
            judge_of_order(meter, token);
            judge_end(meter, token);
        } else if (is_kind(token, "reversal") || is_kind(token, "cancel")) {
            judge_of_case(meter, token);
        }
    }
}
