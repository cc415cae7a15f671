/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: first everything for which a card is refused whatever else it shows, then what must be
 * written to it, then why it may not be sold to. Writing comes before the return case and the
 * meter's own sale: a tenant's paid value reaches his card in any case. Only what has no token yet
 * waits until a return case has ended: no value is given out to a meter that is to give some back.
 */
#include "core/card/card.h"

#include "common/must.h"

static bool any_credit(const struct card_reading *reading, enum card_worth worth)
{
    return reading->credit[0].worth == worth || reading->credit[1].worth == worth;
}

static bool any_return(const struct card_reading *reading, enum card_worth worth)
{
    return reading->returned[0].worth == worth || reading->returned[1].worth == worth;
}

/* The highest true number; 0 if there is none. */
static uint32_t highest_credit(const struct card_reading *reading)
{
    uint32_t n = 0;
    for (int i = 0; i < CARD_SLOT_PAIR; i++) {
        const struct card_credit_slot *slot = &reading->credit[i];
        if (slot->worth == CARD_WORTH_TRUE && slot->n > n) {
            n = slot->n;
        }
    }
    return n;
}

/* The newest true return slot; -1 if there is none. */
static int newest_return(const struct card_reading *reading)
{
    int newest = -1;
    for (int i = 0; i < CARD_SLOT_PAIR; i++) {
        const struct card_return_slot *slot = &reading->returned[i];
        if (slot->worth == CARD_WORTH_TRUE &&
            (newest < 0 || slot->seq > reading->returned[newest].seq)) {
            newest = i;
        }
    }
    return newest;
}

/* Beside a true slot a forged one is only a bad slot, and written anew. */
static enum card_reason refuse_slots(const struct card_reading *reading)
{
    if (!reading->credit_was_read) {
        return CARD_REASON_NOT_READ;
    }
    if (any_credit(reading, CARD_WORTH_OTHER) || any_return(reading, CARD_WORTH_OTHER)) {
        return CARD_REASON_WRONG_METER;
    }
    const bool credit_forged = any_credit(reading, CARD_WORTH_FORGED);
    const bool return_forged = any_return(reading, CARD_WORTH_FORGED);
    if ((credit_forged && !any_credit(reading, CARD_WORTH_TRUE)) ||
        (return_forged && !any_return(reading, CARD_WORTH_TRUE))) {
        return CARD_REASON_BAD_MAC;
    }
    return CARD_REASON_NONE;
}

/* Whoever knows more than we gave out got it from somebody else, or our books were put back. */
static bool is_ahead(const struct card_facts *facts, const struct card_reading *reading, int word)
{
    if (highest_credit(reading) > facts->n) {
        return true;
    }
    return word >= 0 &&
           (reading->returned[word].n > facts->n || !reading->returned[word].total_fits);
}

static bool must_write(const struct card_facts *facts, const struct card_reading *reading)
{
    return facts->n > 0 && !(reading->credit[0].is_newest && reading->credit[1].is_newest);
}

static void refuse(struct card_verdict *verdict, enum card_reason reason)
{
    verdict->state = CARD_REFUSED;
    verdict->reason = reason;
}

static void read_word(const struct card_facts *facts, const struct card_reading *reading, int word,
                      struct card_verdict *verdict)
{
    uint32_t taken_n = facts->seen_n;
    if (word >= 0 && (!facts->has_seen || reading->returned[word].seq > facts->seen_seq)) {
        verdict->news = word;
        taken_n = reading->returned[word].n;
    } else if (word >= 0) {
        verdict->rolled_back = reading->returned[word].seq < facts->seen_seq;
    }
    if (facts->has_seen || word >= 0) {
        verdict->loaded = taken_n >= facts->n ? CARD_LOADED_YES : CARD_LOADED_NO;
    }
}

struct card_verdict card_judge(const struct card_facts *facts, const struct card_reading *reading)
{
    struct card_verdict verdict = {.state = CARD_READY, .news = -1, .loaded = CARD_LOADED_NEVER};
    const enum card_reason reason = refuse_slots(reading);
    const int word = newest_return(reading);
    if (reason != CARD_REASON_NONE || is_ahead(facts, reading, word)) {
        refuse(&verdict, reason != CARD_REASON_NONE ? reason : CARD_REASON_AHEAD);
        return verdict;
    }
    verdict.proven_n = highest_credit(reading);
    MUST(verdict.proven_n <= facts->n);
    read_word(facts, reading, word, &verdict);
    if (facts->is_exchanged) { /* what it proves counts, and nothing more is done for that meter */
        refuse(&verdict, CARD_REASON_EXCHANGED);
        return verdict;
    }
    verdict.correct_first = facts->total_moved;
    verdict.must_write = must_write(facts, reading);
    const bool waits = facts->waits && !facts->return_is_open;
    if (verdict.must_write) {
        const bool owed = facts->owes && verdict.proven_n < facts->n;
        verdict.state = owed || waits ? CARD_OWED : CARD_REPAIR;
        if (verdict.state == CARD_REPAIR && facts->return_is_open) {
            verdict.reason = CARD_REASON_RETURN_CASE;
        }
    } else if (facts->return_is_open) {
        refuse(&verdict, CARD_REASON_RETURN_CASE);
    } else if (waits) {
        verdict.state = CARD_OWED;
    } else if (!facts->sale_is_open) {
        refuse(&verdict, CARD_REASON_SALE);
    }
    return verdict;
}

bool card_is_confirmed(const struct card_reading *reading, uint32_t n)
{
    MUST(n > 0);
    for (int i = 0; i < CARD_SLOT_PAIR; i++) {
        const struct card_credit_slot *slot = &reading->credit[i];
        if (slot->worth != CARD_WORTH_TRUE || slot->n < n) {
            return false;
        }
    }
    return true;
}

int64_t card_headroom(int64_t limit_fen, int64_t balance_fen, int64_t coming_fen)
{
    MUST(limit_fen > 0);
    int64_t room = 0;
    if (__builtin_sub_overflow(limit_fen, balance_fen, &room) ||
        __builtin_sub_overflow(room, coming_fen, &room)) {
        return 0;
    }
    return room > 0 ? room : 0;
}

bool card_error_is_fault(uint8_t error)
{
    return error != 0 && error != CARD_METER_STALE && error != CARD_METER_PULLED &&
           error != CARD_METER_REFUSED;
}

enum card_return_end card_return_judge(const struct card_return_open *open,
                                       const struct card_meter_word *word)
{
    MUST(open->n > 0);
    if (open->had_seen && word->seq <= open->had_seq) {
        return CARD_RETURN_WAITS;
    }
    const bool took = word->n >= open->n && word->total_fits;
    const bool refused = word->error == CARD_METER_REFUSED;
    const bool met = open->was_written || word->n >= open->n;
    if (took && (!refused || open->given_n > word->n)) {
        return CARD_RETURN_REVERSED;
    }
    return !took && refused && met ? CARD_RETURN_REFUSED : CARD_RETURN_WAITS;
}

const char *card_reason_name(enum card_reason reason)
{
    static const char *const NAMES[CARD_REASON_COUNT] = {
        [CARD_REASON_NONE] = "",
        [CARD_REASON_NOT_READ] = "not_read",
        [CARD_REASON_BAD_MAC] = "bad_mac",
        [CARD_REASON_WRONG_METER] = "wrong_meter",
        [CARD_REASON_AHEAD] = "not_ours",
        [CARD_REASON_RETURN_CASE] = "return_case",
        [CARD_REASON_NOT_LOADED] = "not_loaded",
        [CARD_REASON_SALE] = "sale_refused",
        [CARD_REASON_EXCHANGED] = "meter_exchanged",
    };
    MUST(reason < CARD_REASON_COUNT);
    return NAMES[reason];
}
