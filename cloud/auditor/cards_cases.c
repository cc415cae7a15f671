/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value that was bought back. Two persons begin; the meter's own newer word ends it; then the order
 * is refunded, or, if it was done, the desk owes the amount until two persons say that it was paid.
 */
#include <string.h>

#include "cloud/auditor/cards.h"
#include "common/str.h"

enum { WORD_REFUSED = 22 /* the meter's: less than nothing would have been left */ };

/* What the ledger moved under the number of a case. */
struct moved {
    int64_t card_fen;
    int64_t payout_fen;
    int64_t bank_fen;
    int64_t loss_fen;
};

static struct part_subject about(const struct cards_case *one)
{
    return (struct part_subject){one->case_no, one->amount_fen};
}

static bool is_stage(const struct cards_case *one, const char *stage)
{
    return str_equal(one->stage, stage);
}

static bool is_payout(const struct cards_case *one, const char *payout)
{
    return str_equal(one->payout, payout);
}

/* ---- the meter's word ---- */

static bool ends(struct cards_meter *meter, const struct cards_case *one,
                 const struct cards_word *word)
{
    if (one->had_word && word->seq <= one->had_seq) {
        return false;
    }
    if (is_stage(one, "REFUSED")) {
        return word->error == WORD_REFUSED;
    }
    const struct cards_token *token = cards_find_token(meter, word->n);
    return word->n >= one->n && word->error != WORD_REFUSED && token != NULL &&
           token->total_fen == word->total_fen;
}

static void judge_word(struct cards_meter *meter, const struct cards_case *one)
{
    if (!is_stage(one, "REVERSED") && !is_stage(one, "REFUSED")) {
        return;
    }
    for (size_t i = 0; i < meter->word_count; i++) {
        if (ends(meter, one, &meter->words[i])) {
            return;
        }
    }
    part_find(meter->part, FOUND_RETURN_CASE_UNPROVEN, about(one),
              "%s, and no word of meter %.64s says so", one->stage, meter->meter_id);
}

/* ---- people ---- */

/* "ann+bob": two, and not the same. */
static bool are_two(const char *names)
{
    const char *plus = strchr(names, '+');
    return plus != NULL && plus != names && plus[1] != '\0' &&
           (strlen(plus + 1) != (size_t)(plus - names) ||
            memcmp(names, plus + 1, strlen(plus + 1)) != 0);
}

static void judge_people(struct cards_meter *meter, const struct cards_case *one)
{
    if (!is_stage(one, "ASKED") && !one->is_signed) {
        part_find(meter->part, FOUND_DECISION_UNSIGNED, about(one), "return case, %s", one->stage);
    } else if (is_payout(one, "paid") && !are_two(one->payer)) {
        part_find(meter->part, FOUND_DECISION_UNSIGNED, about(one), "paid out by %.64s",
                  one->payer);
    }
}

static void judge_owner(struct cards_meter *meter, const struct cards_case *one)
{
    sqlite3_stmt *stmt = meter->item;
    if (!is_payout(one, "owed")) {
        return;
    }
    reader_bind_text(stmt, 1, one->case_no);
    if (!reader_step(&meter->audit->cloud, stmt) || column_text(stmt, 0)[0] == '\0') {
        part_find(meter->part, FOUND_OPEN_WITHOUT_OWNER, about(one), "owed at the desk");
    } else if (column_int(stmt, 1) < meter->audit->service_ms) {
        part_find(meter->part, FOUND_OPEN_OVERDUE, about(one), "owed at the desk by %.40s",
                  column_text(stmt, 0));
    }
    reader_reset(stmt);
}

/* ---- the ledger ---- */

static struct moved read_moved(struct cards_meter *meter, const struct cards_case *one)
{
    struct moved moved = {0};
    reader_bind_text(meter->legs, 1, one->case_no);
    while (reader_step(&meter->audit->cloud, meter->legs)) {
        const char *account = column_text(meter->legs, 0);
        const bool card =
            str_equal(account, "CARD") && str_equal(column_text(meter->legs, 1), meter->meter_id);
        int64_t *sum = card                           ? &moved.card_fen
                       : str_equal(account, "PAYOUT") ? &moved.payout_fen
                       : str_equal(account, "BANK")   ? &moved.bank_fen
                                                      : &moved.loss_fen;
        *sum += column_int(meter->legs, 2);
    }
    reader_reset(meter->legs);
    return moved;
}

static bool is_done(const struct cards_case *one)
{
    return str_equal(one->order_stage, "DELIVERED");
}

/* A done order's value comes out of the card's account, and is owed, paid, or makes a loss good. */
static struct moved wanted(const struct cards_case *one)
{
    struct moved moved = {0};
    if (!is_stage(one, "REVERSED") || !is_done(one)) {
        return moved;
    }
    moved.card_fen = one->amount_fen;
    if (is_payout(one, "owed")) {
        moved.payout_fen = -one->amount_fen;
    } else if (is_payout(one, "paid")) {
        moved.bank_fen = -one->amount_fen;
    } else {
        moved.loss_fen = -one->amount_fen;
    }
    return moved;
}

static void judge_books(struct cards_meter *meter, const struct cards_case *one)
{
    const struct moved is = read_moved(meter, one);
    const struct moved want = wanted(one);
    const bool same = is.card_fen == want.card_fen && is.payout_fen == want.payout_fen &&
                      is.bank_fen == want.bank_fen && is.loss_fen == want.loss_fen;
    const bool promised = !is_payout(one, "none") && !(is_stage(one, "REVERSED") && is_done(one));
    if (!same || promised) {
        part_find(meter->part, FOUND_RETURN_CASE_BOOKS,
                  (struct part_subject){one->case_no, want.bank_fen + want.payout_fen -
                                                          is.bank_fen - is.payout_fen},
                  "%s, payout %s: CARD %lld, PAYOUT %lld, BANK %lld, else %lld", one->stage,
                  one->payout, (long long)is.card_fen, (long long)is.payout_fen,
                  (long long)is.bank_fen, (long long)is.loss_fen);
    }
}

static void judge_reversal(struct cards_meter *meter, const struct cards_case *one)
{
    const struct cards_token *token = cards_find_token(meter, one->n);
    if (!is_stage(one, "ASKED") && (token == NULL || !str_equal(token->document_no, one->case_no) ||
                                    token->total_fen != one->total_fen)) {
        part_find(meter->part, FOUND_RETURN_CASE_BOOKS, (struct part_subject){one->case_no, 0},
                  "its reversal is said to be token %lld with T %lld", (long long)one->n,
                  (long long)one->total_fen);
    }
}

/* What he was given by his wallet. Before the desk pays, it looks there once more. */
static int64_t by_wallet_fen(struct cards_meter *meter, const struct cards_case *one)
{
    int64_t fen = 0;
    if (cards_is_back(one->order_state)) {
        return one->order_paid_fen;
    }
    reader_bind_text(meter->back, 1, one->order_no);
    if (is_payout(one, "paid") && reader_step(&meter->audit->cloud, meter->back)) {
        fen = column_int(meter->back, 0);
    }
    reader_reset(meter->back);
    return fen;
}

/* By his wallet and at the desk together. */
static void judge_twice(struct cards_meter *meter, const struct cards_case *one)
{
    int64_t back_fen = by_wallet_fen(meter, one);
    if (is_payout(one, "none")) {
        return;
    }
    for (size_t i = 0; i < meter->case_count; i++) {
        const struct cards_case *other = &meter->cases[i];
        if (!is_payout(other, "none") && str_equal(other->order_no, one->order_no)) {
            back_fen += other->amount_fen;
        }
    }
    if (back_fen > one->order_paid_fen) {
        part_find(meter->part, FOUND_RETURN_PAID_TWICE,
                  (struct part_subject){one->case_no, back_fen - one->order_paid_fen},
                  "order %.64s, %s: %lld fen go back in all", one->order_no, one->order_state,
                  (long long)back_fen);
    }
}

void cards_judge_cases(struct cards_meter *meter)
{
    for (size_t i = 0; i < meter->case_count; i++) {
        const struct cards_case *one = &meter->cases[i];
        judge_word(meter, one);
        judge_people(meter, one);
        judge_owner(meter, one);
        judge_books(meter, one);
        judge_reversal(meter, one);
        judge_twice(meter, one);
    }
}
