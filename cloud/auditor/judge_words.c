/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the wallets said, in their own bytes, against what the events made of it. Both ways: an
 * event must rest on a word that says so, and a word that says "paid" must have been heard.
 */
#include "cloud/auditor/judge.h"
#include "common/str.h"

static const struct dossier_word *word_of(const struct dossier *dossier, int64_t inbox_id)
{
    for (size_t i = 0; i < dossier->word_count && inbox_id != 0; i++) {
        if (dossier->words[i].inbox_id == inbox_id) {
            return &dossier->words[i];
        }
    }
    return NULL;
}

static bool fits_text(const char *stated, const char *wanted)
{
    return stated[0] == '\0' || wanted[0] == '\0' || str_equal(stated, wanted);
}

bool judge_is_ours(const struct audit *audit, const struct dossier_word *word)
{
    const bool alipay = str_equal(word->channel, "alipay");
    const char *own = alipay ? audit->alipay_app : audit->wechat_merchant;
    return !str_equal(word->source, "notify") || own[0] == '\0' ||
           str_equal(word->words.merchant, own);
}

static void differs(struct trial *trial, const struct dossier_event *event,
                    const struct dossier_word *word, int64_t fen)
{
    static const char *const SAID[WORDS_SAID_COUNT] = {"nothing of it", "paid", "paid back",
                                                       "sealed", "unreadable"};
    part_find(trial->part, FOUND_EVIDENCE_DIFFERS, (struct part_subject){trial->dossier->number, 0},
              "%s over %lld fen; the %s of %s says: %s, %lld fen, trade %.40s", event->event,
              (long long)event->amount_fen, word->source, word->channel, SAID[word->words.said],
              (long long)fen, word->words.trade_no);
}

/* ---- events that rest on words ---- */

static void judge_paid(struct trial *trial, const struct dossier_event *event)
{
    const struct dossier_word *word = word_of(trial->dossier, event->inbox_id);
    const struct part_subject about = {trial->dossier->number, event->amount_fen};
    if (word == NULL) {
        part_find(trial->part, FOUND_PAID_WITHOUT_EVIDENCE, about, "event %lld",
                  (long long)event->seq);
        return;
    }
    const struct words *words = &word->words;
    if (words->said == WORDS_SEALED) {
        part_find(trial->part, FOUND_EVIDENCE_SEALED, about, "%s", "");
        return;
    }
    const bool same = words->said == WORDS_PAID && words->fen == event->amount_fen &&
                      fits_text(words->order_no, trial->dossier->number) &&
                      fits_text(words->trade_no, event->trade_no) &&
                      str_equal(word->channel, trial->dossier->order.channel);
    if (!same) {
        differs(trial, event, word, words->fen);
    }
}

static void judge_back(struct trial *trial, const struct dossier_event *event, int64_t fen)
{
    const struct dossier_word *word = word_of(trial->dossier, event->inbox_id);
    const struct part_subject about = {trial->dossier->number, fen};
    if (word == NULL) {
        part_find(trial->part, FOUND_REFUND_WITHOUT_EVIDENCE, about, "event %lld, %s",
                  (long long)event->seq, event->event);
        return;
    }
    const struct words *words = &word->words;
    if (words->said == WORDS_SEALED) {
        part_find(trial->part, FOUND_EVIDENCE_SEALED, about, "%s", "");
        return;
    }
    const bool same = words->said == WORDS_REFUNDED &&
                      (words->refund_fen < 0 || words->refund_fen == fen) &&
                      fits_text(words->refund_no, trial->dossier->refund.refund_no);
    if (!same) {
        differs(trial, event, word, words->refund_fen);
    }
}

/* ---- words that nobody heard ---- */

static bool is_owned(struct trial *trial, const struct dossier_word *word)
{
    const struct dossier *dossier = trial->dossier;
    char stray_no[DOSSIER_NUMBER_SIZE];
    const bool own = trial->books.received_fen != 0 &&
                     fits_text(word->words.trade_no, dossier->order.trade_no) &&
                     str_equal(word->channel, dossier->order.channel);
    return own || !judge_is_ours(trial->audit, word) ||
           judge_find_stray(trial->audit, word->channel, word->words.trade_no, stray_no);
}

/* In the review that a wrong currency or amount led to, people have the question already. */
static bool is_in_review(const struct trial *trial)
{
    return str_equal(trial->dossier->order.state, "REVIEW");
}

static bool is_in_bill(const struct trial *trial, const struct dossier_word *word)
{
    for (size_t i = 0; i < trial->dossier->bill_count; i++) {
        const struct dossier_bill *row = &trial->dossier->bills[i];
        if (!row->refund && str_equal(row->trade_no, word->words.trade_no)) {
            return true; /* told where the bill is judged */
        }
    }
    return false;
}

static void judge_unheard(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    for (size_t i = 0; i < dossier->word_count; i++) {
        const struct dossier_word *word = &dossier->words[i];
        if (word->words.said != WORDS_PAID || is_owned(trial, word) || is_in_review(trial) ||
            is_in_bill(trial, word)) {
            continue;
        }
        const int64_t fen = word->words.fen > 0 ? word->words.fen : 0;
        part_find(trial->part, FOUND_EVIDENCE_IGNORED, (struct part_subject){dossier->number, fen},
                  "%s of %s, trade %s", word->source, word->channel, word->words.trade_no);
        return; /* once is enough: one payment is told of many times */
    }
}

void judge_words(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    bool paid = false;
    for (size_t i = 0; i < dossier->event_count; i++) {
        const struct dossier_event *event = &dossier->events[i];
        if (str_equal(event->event, "paid") && !event->currency_wrong && !paid) {
            paid = true;
            judge_paid(trial, event);
        } else if (str_equal(event->event, "refund_ok") ||
                   (str_equal(event->event, "external_refund") && event->inbox_id == 0)) {
            judge_back(trial, event, trial->fold.paid_fen);
        }
    }
    judge_unheard(trial);
}

void judge_stray_words(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    for (size_t i = 0; i < dossier->stray_event_count; i++) {
        if (str_equal(dossier->stray_events[i].event, "refund_ok")) {
            judge_back(trial, &dossier->stray_events[i], dossier->stray.amount_fen);
        }
    }
}

/* ---- people ---- */

static int64_t signers(struct trial *trial, const char *decision)
{
    int64_t most = 0;
    for (size_t i = 0; i < trial->dossier->item_count; i++) {
        sqlite3_stmt *stmt = trial->audit->signatures;
        reader_bind_int(stmt, 1, trial->dossier->items[i].item_id);
        reader_bind_text(stmt, 2, decision);
        if (reader_step(&trial->audit->cloud, stmt) && column_int(stmt, 0) > most) {
            most = column_int(stmt, 0);
        }
        reader_reset(stmt);
    }
    return most;
}

void judge_signatures(struct trial *trial, const struct dossier_event *events, size_t count)
{
    static const char prefix[] = "operator_";
    for (size_t i = 0; i < count; i++) {
        if (!str_starts_with(events[i].event, prefix)) {
            continue;
        }
        const int64_t got = signers(trial, events[i].event + sizeof(prefix) - 1);
        if (got < 2) {
            part_find(trial->part, FOUND_DECISION_UNSIGNED,
                      (struct part_subject){trial->dossier->number, 0},
                      "%s by \"%s\": %lld signatures", events[i].event, events[i].actor,
                      (long long)got);
        }
    }
}
