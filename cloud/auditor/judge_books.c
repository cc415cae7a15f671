/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger of one document. The named accidents come first (credited twice, credited and paid
 * back, ...); only where none of them explains it is each posting compared with what the events
 * demand, so that one mistake is told once and in the words of a clerk.
 */
#include "cloud/auditor/judge.h"
#include "common/compiler.h"
#include "common/str.h"

static bool is_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(text, words[i])) {
            return true;
        }
    }
    return false;
}

static bool is_credit(const char *account)
{
    static const char *const ACCOUNTS[] = {"CUST", "METER", "CARD"};
    return is_any(account, ACCOUNTS, ARRAY_COUNT(ACCOUNTS));
}

static bool is_back(const char *step)
{
    static const char *const STEPS[] = {"refund", "refund_from_held", "repay", "repay_from_held",
                                        "meanwhile_cleared"};
    return is_any(step, STEPS, ARRAY_COUNT(STEPS));
}

void judge_books_read(struct trial *trial)
{
    struct books *books = &trial->books;
    const struct dossier *dossier = trial->dossier;
    *books = (struct books){0};
    for (size_t i = 0; i < dossier->leg_count; i++) {
        const struct dossier_leg *leg = &dossier->legs[i];
        const bool first = i == 0 || dossier->legs[i - 1].posting_id != leg->posting_id;
        if (str_equal(leg->account, "RECV")) {
            books->received_fen += leg->fen;
            books->received_at = leg->at;
        } else if (is_credit(leg->account)) {
            books->credited_fen -= leg->fen;
            books->credit_count += 1;
        } else if (str_equal(leg->account, "REFOUT")) {
            books->refunded_fen -= leg->fen;
            books->refunded_at = leg->at;
        } else if (str_equal(leg->account, "BANK")) {
            books->repaid_fen -= leg->fen;
        }
        books->back_count += first && is_back(leg->step) ? 1 : 0;
    }
}

/* ---- the named accidents ---- */

static bool find_credit(struct trial *trial)
{
    const struct books *books = &trial->books;
    const char *number = trial->dossier->number;
    const struct part_subject credited = {number, books->credited_fen};
    const long long back_fen = books->refunded_fen + books->repaid_fen;
    if (books->credit_count > 1) {
        part_find(trial->part, FOUND_CREDITED_TWICE,
                  (struct part_subject){number, books->credited_fen - books->received_fen},
                  "%d credits, %lld fen in all", books->credit_count,
                  (long long)books->credited_fen);
    } else if (books->credit_count == 1 && books->back_count > 0) {
        part_find(trial->part, FOUND_CREDITED_AND_REFUNDED, credited,
                  "state %s, paid back %lld fen", trial->dossier->order.state, back_fen);
    } else if (books->credit_count == 1 && books->received_fen == 0) {
        part_find(trial->part, FOUND_CREDITED_WITHOUT_PAYMENT, credited, "state %s",
                  trial->dossier->order.state);
    } else if (books->credit_count == 1 && books->credited_fen != books->received_fen) {
        part_find(trial->part, FOUND_CREDIT_AMOUNT,
                  (struct part_subject){number, books->credited_fen - books->received_fen},
                  "received %lld fen, credited %lld", (long long)books->received_fen,
                  (long long)books->credited_fen);
    } else {
        return false;
    }
    return true;
}

static bool find_fate(struct trial *trial)
{
    const struct books *books = &trial->books;
    const char *number = trial->dossier->number;
    const char *state = trial->dossier->order.state;
    const bool done = str_equal(state, "DONE");
    const int64_t kept = books->received_fen - books->refunded_fen - books->repaid_fen;
    if (done && books->credit_count == 0) {
        part_find(trial->part, FOUND_DONE_WITHOUT_CREDIT,
                  (struct part_subject){number, trial->dossier->order.amount_fen},
                  "received %lld fen", (long long)books->received_fen);
    } else if (!done && books->credit_count > 0 && trial->fold.fault_count == 0 &&
               !str_equal(trial->fold.state, "DONE")) {
        part_find(trial->part, FOUND_CREDITED_NOT_DONE,
                  (struct part_subject){number, books->credited_fen}, "state %s", state);
    } else if (str_equal(state, "CLOSED") && kept > 0) {
        part_find(trial->part, FOUND_CLOSED_OVER_MONEY, (struct part_subject){number, kept},
                  "received %lld fen", (long long)books->received_fen);
    } else {
        return false;
    }
    return true;
}

/* ---- posting by posting ---- */

/* The legs that begin at @p at, up to @p end, are those of @p step over @p fen. */
static bool has_shape(const struct dossier *dossier, size_t at, size_t end, int64_t fen)
{
    const char *debit = "";
    const char *credit = "";
    const struct dossier_leg *legs = &dossier->legs[at];
    return end - at == 2 && fold_accounts(legs[0].step, &debit, &credit) &&
           str_equal(legs[0].account, debit) && str_equal(legs[1].account, credit) &&
           legs[0].fen == fen && legs[1].fen == -fen;
}

static struct fold_posting *demanded(struct fold *fold, const char *step)
{
    for (size_t i = 0; i < fold->posting_count; i++) {
        if (str_equal(fold->postings[i].step, step)) {
            return &fold->postings[i];
        }
    }
    return NULL;
}

static void compare_posting(struct trial *trial, size_t at, size_t end)
{
    const struct dossier_leg *leg = &trial->dossier->legs[at];
    const int64_t fen = leg->fen < 0 ? -leg->fen : leg->fen;
    const struct part_subject about = {trial->dossier->number, 0};
    struct fold_posting *posting = demanded(&trial->fold, leg->step);
    if (posting == NULL) {
        part_find(trial->part, FOUND_POSTING_EXTRA, about, "step %s, %lld fen", leg->step,
                  (long long)fen);
        return;
    }
    posting->found = true;
    if (!has_shape(trial->dossier, at, end, posting->fen)) {
        part_find(trial->part, FOUND_POSTING_AMOUNT, about,
                  "step %s over %lld fen, demanded are %lld", leg->step, (long long)fen,
                  (long long)posting->fen);
    }
}

static void compare_postings(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    for (size_t at = 0, end = 0; at < dossier->leg_count; at = end) {
        for (end = at + 1; end < dossier->leg_count &&
                           dossier->legs[end].posting_id == dossier->legs[at].posting_id;
             end++) {
        }
        compare_posting(trial, at, end);
    }
    for (size_t i = 0; i < trial->fold.posting_count; i++) {
        const struct fold_posting *posting = &trial->fold.postings[i];
        if (!posting->found) {
            part_find(trial->part, FOUND_POSTING_MISSING, (struct part_subject){dossier->number, 0},
                      "step %s over %lld fen", posting->step, (long long)posting->fen);
        }
    }
}

/* A posting that does not add up is told by the ledger's own pass. */
static bool is_uneven(const struct dossier *dossier)
{
    int64_t sum = 0;
    for (size_t i = 0; i < dossier->leg_count; i++) {
        const bool last = i + 1 == dossier->leg_count ||
                          dossier->legs[i + 1].posting_id != dossier->legs[i].posting_id;
        sum += dossier->legs[i].fen;
        if (last && sum != 0) {
            return true;
        }
    }
    return false;
}

void judge_books(struct trial *trial)
{
    const struct dossier_order *order = &trial->dossier->order;
    struct fold *fold = &trial->fold;
    const bool uneven = is_uneven(trial->dossier);
    if (!uneven && !find_credit(trial) && !find_fate(trial) && fold->fault_count == 0) {
        compare_postings(trial);
    }
    const bool same = str_equal(fold->state, order->state) && fold->paid_fen == order->paid_fen &&
                      str_equal(fold->trade_no, order->trade_no) &&
                      fold->credit_started == order->credit_started &&
                      fold->refund_numbered == order->refund_numbered;
    if (!same && fold->fault_count == 0) {
        part_find(trial->part, FOUND_STATE_NOT_EVENTS,
                  (struct part_subject){trial->dossier->number, 0},
                  "stored %s, paid %lld; by its events %s, paid %lld", order->state,
                  (long long)order->paid_fen, fold->state, (long long)fold->paid_fen);
    }
}
