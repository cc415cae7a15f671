/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter said of itself, in the order of its own numbers; whose clock and ours say nothing
 * here. It can have taken no more than was given out; what it used never falls; and what the server
 * took for its newest word must be among them.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/cards.h"
#include "common/str.h"

static int64_t used_fen(const struct cards_word *word)
{
    return word->total_fen - word->balance_fen;
}

/* By the meter's number, for a meter may have been exchanged; then as it counts. */
static int by_seq(const void *a, const void *b)
{
    const struct cards_word *left = a;
    const struct cards_word *right = b;
    const int order = memcmp(left->meter, right->meter, RECORD_METER_SIZE);
    if (order != 0) {
        return order;
    }
    if (left->seq != right->seq) {
        return left->seq < right->seq ? -1 : 1;
    }
    return used_fen(left) < used_fen(right) ? -1 : used_fen(left) > used_fen(right);
}

/* ---- against what was given out ---- */

static void ahead(struct cards_meter *meter, const struct cards_word *word, int64_t fen)
{
    part_find(meter->part, FOUND_CARD_METER_AHEAD, (struct part_subject){meter->meter_id, fen},
              "word %lld: it has taken N %lld, T %lld", (long long)word->seq, (long long)word->n,
              (long long)word->total_fen);
}

static int64_t newest_n(const struct cards_meter *meter)
{
    return meter->token_count > 0 ? meter->tokens[meter->token_count - 1].n : 0;
}

/* A meter that refused a reversal knows its number and keeps an older total. */
static bool was_given(struct cards_meter *meter, const struct cards_word *word)
{
    const struct cards_token *token = cards_find_token(meter, word->n);
    if (token != NULL && token->total_fen == word->total_fen) {
        return true;
    }
    for (size_t i = 0; i < meter->token_count && meter->tokens[i].n <= word->n; i++) {
        if (meter->tokens[i].total_fen == word->total_fen) {
            return true;
        }
    }
    return word->total_fen == 0;
}

static bool judge_given(struct cards_meter *meter, const struct cards_word *word)
{
    const bool too_many = meter->counts ? word->seq > meter->purchases : word->n > newest_n(meter);
    if (!too_many && (meter->counts || was_given(meter, word))) {
        return true;
    }
    const int64_t more_fen = word->total_fen - meter->given_fen;
    ahead(meter, word, more_fen > 0 ? more_fen : 0);
    return false;
}

/* ---- against the word before ---- */

static void contradicts(struct cards_meter *meter, const struct cards_word *word, const char *what)
{
    part_find(meter->part, FOUND_CARD_WORD_DIFFERS, (struct part_subject){meter->meter_id, 0},
              "word %lld: %s", (long long)word->seq, what);
}

static void judge_after(struct cards_meter *meter, const struct cards_word *before,
                        const struct cards_word *word)
{
    const int64_t more_fen = used_fen(before) - used_fen(word);
    if (word->seq == before->seq) {
        if (!meter->counts && memcmp(word->bytes, before->bytes, RECORD_SIGNED_SIZE) != 0) {
            contradicts(meter, word, "there are two of that number");
        }
    } else if (word->n < before->n || word->energy < before->energy) {
        contradicts(meter, word, word->n < before->n ? "its N fell" : "its energy fell");
    } else if (more_fen > 0) {
        part_find(meter->part, FOUND_CARD_BALANCE, (struct part_subject){meter->meter_id, more_fen},
                  "word %lld: its balance is %lld fen", (long long)word->seq,
                  (long long)word->balance_fen);
    }
}

/* ---- against our books ---- */

/* Value may be in the meter that a return case is about: its money has not gone yet. */
static int64_t may_have_fen(const struct cards_meter *meter)
{
    int64_t fen = meter->given_fen;
    for (size_t i = 0; i < meter->case_count; i++) {
        if (str_equal(meter->cases[i].stage, "REVERSAL_ISSUED")) {
            fen += meter->cases[i].amount_fen;
        }
    }
    return fen;
}

/* The words of the meter that hangs there now, for which the newest card was made. */
static void judge_present(struct cards_meter *meter)
{
    const struct cards_card *card =
        meter->card_count > 0 ? &meter->cards[meter->card_count - 1] : NULL;
    const int64_t most_fen = may_have_fen(meter);
    const struct cards_word *newest = NULL;
    bool given = true;
    for (size_t i = 0; i < meter->word_count && given; i++) {
        const struct cards_word *word = &meter->words[i];
        if (card != NULL && memcmp(word->meter, card->issue.meter, RECORD_METER_SIZE) == 0) {
            newest = word;
            given = judge_given(meter, word);
        }
    }
    if (newest != NULL && given && !meter->counts && newest->total_fen > most_fen) {
        part_find(meter->part, FOUND_REFUNDED_BUT_DELIVERED,
                  (struct part_subject){meter->meter_id, newest->total_fen - most_fen},
                  "the meter has taken T %lld, of which %lld are still paid for",
                  (long long)newest->total_fen, (long long)most_fen);
    }
}

static bool is_as_stored(const struct cards_meter *meter, const struct cards_word *word)
{
    const struct cards_account *account = &meter->account;
    const bool same = word->seq == account->seq && word->balance_fen == account->word_balance_fen;
    return same && (meter->counts ||
                    (word->n == account->word_n && word->total_fen == account->word_total_fen));
}

static void judge_stored(struct cards_meter *meter)
{
    bool found = !meter->account.has_word;
    for (size_t i = 0; i < meter->word_count && !found; i++) {
        found = is_as_stored(meter, &meter->words[i]);
    }
    if (!found) {
        part_find(meter->part, FOUND_CARD_WORD_UNPROVEN, (struct part_subject){meter->meter_id, 0},
                  "word %lld: N %lld, T %lld, %lld fen", (long long)meter->account.seq,
                  (long long)meter->account.word_n, (long long)meter->account.word_total_fen,
                  (long long)meter->account.word_balance_fen);
    }
}

void cards_judge_words(struct cards_meter *meter)
{
    if (meter->word_count > 0) {
        qsort(meter->words, meter->word_count, sizeof(*meter->words), by_seq);
    }
    for (size_t i = 1; i < meter->word_count; i++) {
        const struct cards_word *before = &meter->words[i - 1];
        if (memcmp(before->meter, meter->words[i].meter, RECORD_METER_SIZE) == 0) {
            judge_after(meter, before, &meter->words[i]);
        }
    }
    judge_present(meter);
    judge_stored(meter);
}
