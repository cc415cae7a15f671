/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/judge.h"

#include "common/compiler.h"
#include "common/str.h"

enum {
    SETTLED_S = 3 * AUDIT_DAY_S,       /* queries after CLOSED go on for a day; and a bill */
    STUCK_UNPAID_S = 3 * AUDIT_DAY_S,  /* I12: 72 hours */
    STUCK_PAID_S = 2 * AUDIT_DAY_S,    /* 24 h for the delivery, then REVIEW or a refund */
    STUCK_REFUND_S = 16 * AUDIT_DAY_S, /* daily queries for 14 days, then REVIEW */
    STUCK_CARD_S = 32 * AUDIT_DAY_S,   /* an issued token: 30 days, then REVIEW */
};

static bool is_one_of(const char *text, const char *const words[3])
{
    return str_equal(text, words[0]) || str_equal(text, words[1]) || str_equal(text, words[2]);
}

static bool is_final(const char *state)
{
    static const char *const FINAL[] = {"DONE", "CLOSED", "REFUNDED"};
    return is_one_of(state, FINAL);
}

/* ---- owners and deadlines ---- */

static int64_t last_event_at(const struct dossier *dossier)
{
    int64_t at = dossier->order.there ? dossier->order.created_at : dossier->stray.created_at;
    if (dossier->event_count > 0) {
        at = dossier->events[dossier->event_count - 1].at;
    }
    if (dossier->stray_event_count > 0) {
        at = dossier->stray_events[dossier->stray_event_count - 1].at;
    }
    return at;
}

static void judge_owner(struct trial *trial, int64_t fen)
{
    const struct dossier *dossier = trial->dossier;
    const struct part_subject about = {dossier->number, fen};
    for (size_t i = 0; i < dossier->item_count; i++) {
        const struct dossier_item *item = &dossier->items[i];
        if (item->closed) {
            continue;
        }
        if (item->owner[0] == '\0' || item->due_ms <= 0) {
            part_find(trial->part, FOUND_OPEN_WITHOUT_OWNER, about, "item %lld has no %s",
                      (long long)item->item_id, item->owner[0] == '\0' ? "owner" : "deadline");
        } else if (item->due_ms < trial->audit->service_ms) {
            part_find(trial->part, FOUND_OPEN_OVERDUE, about, "item %lld of %.40s, by %lld h",
                      (long long)item->item_id, item->owner,
                      (long long)((trial->audit->service_ms - item->due_ms) / 3600000));
        }
        return;
    }
    part_find(trial->part, FOUND_OPEN_WITHOUT_OWNER, about, "no open item");
}

static void judge_wait(struct trial *trial, const char *state, int64_t fen)
{
    static const char *const BACK[] = {"REFUND_DUE", "REFUNDING", "REFUNDING"};
    static const char *const PAID[] = {"PAID", "CREDITING", "CREDITING"};
    const int64_t waited = trial->audit->now_s - last_event_at(trial->dossier);
    const struct dossier_delivery *delivery = &trial->dossier->delivery;
    const bool issued = str_equal(delivery->kind, "card") && str_equal(delivery->stage, "ASSIGNED");
    const int64_t most = is_one_of(state, BACK)   ? STUCK_REFUND_S
                         : issued                 ? STUCK_CARD_S
                         : is_one_of(state, PAID) ? STUCK_PAID_S
                                                  : STUCK_UNPAID_S;
    if (waited > most) {
        part_find(trial->part, FOUND_STUCK, (struct part_subject){trial->dossier->number, fen},
                  "%s for %lld hours", state, (long long)(waited / 3600));
    }
}

/* What a paper said must have come true, or the order must at least have been paid. */
static bool is_untrue(const struct trial *trial, const struct dossier_paper *paper)
{
    const char *state = trial->dossier->order.state;
    const bool paid = trial->fold.paid_fen != 0 || str_equal(state, "REVIEW");
    return !paid || (str_equal(paper->kind, "credited") && !str_equal(state, "DONE")) ||
           (str_equal(paper->kind, "refunded") && !str_equal(state, "REFUNDED"));
}

static void judge_papers(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    bool printed = false;
    for (size_t i = 0; i < dossier->paper_count; i++) {
        const struct dossier_paper *paper = &dossier->papers[i];
        if (!str_equal(paper->verdict, "printed")) {
            continue;
        }
        printed = true;
        if (is_untrue(trial, paper)) {
            part_find(trial->part, FOUND_RECEIPT_UNTRUE, (struct part_subject){dossier->number, 0},
                      "paper \"%s\" of an order that is %s", paper->kind, dossier->order.state);
        }
    }
    if (!printed && str_equal(dossier->order.state, "DONE")) {
        part_find(trial->part, FOUND_RECEIPT_MISSING, (struct part_subject){dossier->number, 0},
                  "%s", "");
    }
}

void judge_open(struct trial *trial)
{
    const struct dossier_order *order = &trial->dossier->order;
    const int64_t fen = trial->books.received_fen;
    if (str_equal(order->state, "REVIEW")) {
        judge_owner(trial, fen);
    } else if (!is_final(order->state)) {
        judge_wait(trial, order->state, fen);
    }
    judge_papers(trial);
}

/* ---- stray payments ---- */

static const char *stray_wants(const char *state)
{
    return str_equal(state, "REFUNDED") ? "stray_refund" : "";
}

/* Its events give its state, and its state the postings: received, and paid back at the end. */
void judge_stray(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const struct dossier_stray *stray = &dossier->stray;
    const struct books *books = &trial->books;
    const char *last = "";
    const struct part_subject about = {dossier->number, 0};
    for (size_t i = 0; i < dossier->stray_event_count; i++) {
        if (dossier->stray_events[i].seq != (int64_t)i + 1) {
            part_find(trial->part, FOUND_EVENT_GAP, about, "event %lld of a stray payment",
                      (long long)dossier->stray_events[i].seq);
        }
        last = dossier->stray_events[i].to;
    }
    if (!str_equal(last, stray->state)) {
        part_find(trial->part, FOUND_STRAY_NOT_EVENTS, about, "stored %s; by its events %s",
                  stray->state, last);
    } else if (books->received_fen != stray->amount_fen) {
        part_find(trial->part, FOUND_POSTING_MISSING, about, "stray_receive over %lld fen",
                  (long long)stray->amount_fen);
    } else if (stray_wants(stray->state)[0] != '\0' &&
               books->refunded_fen + books->repaid_fen != stray->amount_fen) {
        part_find(trial->part, FOUND_POSTING_MISSING, about, "%s over %lld fen",
                  stray_wants(stray->state), (long long)stray->amount_fen);
    } else if (stray_wants(stray->state)[0] == '\0' &&
               books->refunded_fen + books->repaid_fen != 0) {
        part_find(trial->part, FOUND_POSTING_EXTRA, about, "paid back while %s", stray->state);
    }
    judge_stray_bill(trial);
    judge_stray_words(trial);
    judge_signatures(trial, dossier->stray_events, dossier->stray_event_count);
    if (str_equal(stray->state, "OPEN") || str_equal(stray->state, "REVIEW")) {
        judge_owner(trial, stray->amount_fen);
    } else if (!str_equal(stray->state, "REFUNDED")) {
        judge_wait(trial, stray->state, stray->amount_fen);
    }
    part_add(trial->part, TALLY_STRAY, 0, stray->amount_fen);
}

/* ---- the whole ---- */

static void judge_order(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    fold_order(dossier, trial->part, &trial->fold);
    judge_books(trial);
    judge_words(trial);
    judge_signatures(trial, dossier->events, dossier->event_count);
    judge_bills(trial);
    judge_delivery(trial);
    judge_open(trial);
    part_add(trial->part, TALLY_STATE, fold_state_index(dossier->order.state),
             trial->books.received_fen);
}

static bool is_settled(const struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const bool order = dossier->order.there && is_final(dossier->order.state);
    const bool stray = dossier->stray.there && str_equal(dossier->stray.state, "REFUNDED");
    const bool nobody = !dossier->order.there && !dossier->stray.there;
    for (size_t i = 0; i < dossier->item_count; i++) {
        if (!dossier->items[i].closed) {
            return false;
        }
    }
    return !trial->waits && (order || stray || nobody) &&
           (nobody || last_event_at(dossier) + SETTLED_S < trial->audit->now_s);
}

bool judge(struct audit *audit, const struct dossier *dossier, struct part *part)
{
    struct trial trial = {.audit = audit, .dossier = dossier, .part = part};
    judge_books_read(&trial);
    if (dossier->order.there) {
        judge_order(&trial);
    } else if (dossier->stray.there) {
        judge_stray(&trial);
    } else {
        judge_nobody(&trial);
        judge_words(&trial);
    }
    return is_settled(&trial);
}
