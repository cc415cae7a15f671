/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: as for tokens, first everything for which a card is refused whatever else it shows. Then
 * how far the meter is: it has loaded what it has answered. Only if that is less than what was
 * given out is there something to write - unless it lies on the card already, and waits there.
 */
#include "core/card/purchase.h"

#include "common/must.h"

static bool is_ahead(const struct card_purchase_facts *facts,
                     const struct card_purchase_reading *reading)
{
    return reading->count > facts->count ||
           (reading->has_word && reading->word_count > facts->count);
}

static enum card_reason refuse(const struct card_purchase_facts *facts,
                               const struct card_purchase_reading *reading)
{
    if (!reading->was_read) {
        return CARD_REASON_NOT_READ;
    }
    if (reading->is_other) {
        return CARD_REASON_WRONG_METER;
    }
    return is_ahead(facts, reading) ? CARD_REASON_AHEAD : CARD_REASON_NONE;
}

/* The purchases that the meter has loaded, by its newest word. */
static uint32_t read_word(const struct card_purchase_facts *facts,
                          const struct card_purchase_reading *reading, struct card_verdict *verdict)
{
    const uint32_t seen = facts->has_seen ? facts->seen_count : 0;
    uint32_t taken = seen;
    if (reading->has_word) {
        const bool same = facts->has_seen && reading->word_count == seen;
        const bool newer = !facts->has_seen || reading->word_count > seen ||
                           (same && reading->word_at > facts->seen_at);
        verdict->news = newer ? 0 : -1;
        verdict->rolled_back = facts->has_seen && (reading->word_count < seen ||
                                                   (same && reading->word_at < facts->seen_at));
        taken = reading->word_count > seen ? reading->word_count : seen;
    }
    if (facts->has_seen || reading->has_word) {
        verdict->loaded = taken >= facts->count ? CARD_LOADED_YES : CARD_LOADED_NO;
    }
    return taken;
}

static void refuse_for(struct card_verdict *verdict, enum card_reason reason)
{
    verdict->state = CARD_REFUSED;
    verdict->reason = reason;
}

/* The meter has not loaded the last purchase. */
static void judge_pending(const struct card_purchase_facts *facts,
                          const struct card_purchase_reading *reading, struct card_verdict *verdict)
{
    if (card_purchase_is_confirmed(reading, facts->count)) {
        refuse_for(verdict, CARD_REASON_NOT_LOADED);
        return;
    }
    verdict->must_write = true;
    verdict->state = facts->owes ? CARD_OWED : CARD_REPAIR;
}

static void judge_loaded(const struct card_purchase_facts *facts, struct card_verdict *verdict)
{
    if (facts->return_is_open) {
        refuse_for(verdict, CARD_REASON_RETURN_CASE);
    } else if (facts->waits) {
        verdict->state = CARD_OWED;
    } else if (!facts->sale_is_open) {
        refuse_for(verdict, CARD_REASON_SALE);
    }
}

struct card_purchase_verdict card_purchase_judge(const struct card_purchase_facts *facts,
                                                 const struct card_purchase_reading *reading)
{
    struct card_purchase_verdict verdict = {
        .card = {.state = CARD_READY, .news = -1, .loaded = CARD_LOADED_NEVER}};
    const enum card_reason reason = refuse(facts, reading);
    if (reason != CARD_REASON_NONE) {
        refuse_for(&verdict.card, reason);
        /* A torn wallet can show any count: nobody knows what a meter would take from it. */
        verdict.is_doubtful = reason == CARD_REASON_AHEAD && facts->owes;
        return verdict;
    }
    const uint32_t taken = read_word(facts, reading, &verdict.card);
    const bool strange = !reading->is_ours && reading->count == facts->count;
    verdict.is_doubtful = strange && (facts->owes || taken < facts->count);
    if (verdict.is_doubtful) {
        refuse_for(&verdict.card, CARD_REASON_AHEAD);
        return verdict;
    }
    const bool written = facts->count > 0 && card_purchase_is_confirmed(reading, facts->count);
    verdict.card.proven_n = written ? facts->count : taken;
    if (facts->is_exchanged) {
        refuse_for(&verdict.card, CARD_REASON_EXCHANGED);
    } else if (taken < facts->count) {
        judge_pending(facts, reading, &verdict.card);
    } else {
        judge_loaded(facts, &verdict.card);
    }
    return verdict;
}

bool card_purchase_is_confirmed(const struct card_purchase_reading *reading, uint32_t count)
{
    MUST(count > 0);
    return reading->was_read && !reading->is_other && reading->is_fit && reading->is_empty &&
           reading->count == count && reading->is_ours;
}

bool card_purchase_is_writable(const struct card_purchase_reading *reading, uint32_t count)
{
    MUST(count > 0);
    return reading->was_read && !reading->is_other &&
           !(reading->has_word && reading->word_count >= count) &&
           (reading->count < count || (reading->count == count && reading->is_ours));
}
