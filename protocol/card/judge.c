/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/card/judge.h"

#include <string.h>

#include "common/must.h"

static enum card_slot_state state_of(enum card_record_kind kind,
                                     const uint8_t record[CARD_RECORD_SIZE], uint32_t *ret_number)
{
    struct card_credit credit = {.n = 0};
    struct card_return back = {.seq = 0};
    enum card_slot_state state = kind == CARD_RECORD_CREDIT ? card_credit_decode(record, &credit)
                                                            : card_return_decode(record, &back);
    *ret_number = kind == CARD_RECORD_CREDIT ? credit.n : back.seq;
    return state;
}

static bool is_whole(const struct card_judgement *judgement, size_t slot)
{
    return judgement->state[slot] == CARD_SLOT_WHOLE;
}

struct card_judgement card_slots_judge(enum card_record_kind kind, const struct card_slots *slots)
{
    MUST(kind < CARD_RECORD_KIND_COUNT);
    struct card_judgement judgement = {.winner = -1};
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        judgement.state[i] =
            slots->read[i] ? state_of(kind, slots->bytes[i], &judgement.number[i]) : CARD_SLOT_TORN;
    }
    bool first = is_whole(&judgement, 0);
    bool second = is_whole(&judgement, 1);
    if (first && second) {
        bool equal = memcmp(slots->bytes[0], slots->bytes[1], CARD_RECORD_SIZE) == 0;
        judgement.winner = judgement.number[1] > judgement.number[0] ? 1 : 0;
        judgement.same = equal;
        judgement.split = !equal && judgement.number[0] == judgement.number[1];
    } else if (first || second) {
        judgement.winner = first ? 0 : 1;
    }
    return judgement;
}

/* Slots that nobody would miss come first. */
enum worth { WORTH_BAD, WORTH_SUSPECT, WORTH_STALE, WORTH_TOKEN };

static uint32_t number_of(const uint8_t token[CARD_RECORD_SIZE])
{
    struct card_credit credit = {.n = 0};
    enum card_slot_state state = card_credit_decode(token, &credit);
    MUST(state == CARD_SLOT_WHOLE);
    return credit.n;
}

static enum worth worth_of(const struct card_slots *slots, size_t slot,
                           const uint8_t token[CARD_RECORD_SIZE], const struct card_doubts *doubts)
{
    struct card_credit credit;
    if (!slots->read[slot] || card_credit_decode(slots->bytes[slot], &credit) != CARD_SLOT_WHOLE) {
        return WORTH_BAD;
    }
    const bool is_token = memcmp(slots->bytes[slot], token, CARD_RECORD_SIZE) == 0;
    /* The CRC does not cover the MAC: a write that ended before the last block looks whole and has
     * the token's number, but the MAC of the one before. Nobody signed two with one number. */
    if (!is_token && (doubts->untrue[slot] || credit.n == number_of(token))) {
        return WORTH_BAD;
    }
    if (doubts->suspect[slot]) {
        return WORTH_SUSPECT; /* beside a bad one, it may be the only true record on the card */
    }
    return is_token ? WORTH_TOKEN : WORTH_STALE;
}

struct card_write_order card_slots_write_order(const struct card_slots *slots,
                                               const uint8_t token[CARD_RECORD_SIZE],
                                               const struct card_doubts *doubts)
{
    static const struct card_doubts none;
    const struct card_doubts *known = doubts != NULL ? doubts : &none;
    enum worth first = worth_of(slots, 0, token, known);
    enum worth second = worth_of(slots, 1, token, known);
    bool second_goes_first = second < first;
    if (first == WORTH_STALE && second == WORTH_STALE) {
        /* Two older tokens: the older of them is missed less. */
        second_goes_first = card_slots_judge(CARD_RECORD_CREDIT, slots).winner == 0 &&
                            memcmp(slots->bytes[0], slots->bytes[1], CARD_RECORD_SIZE) != 0;
    } else if (first == WORTH_TOKEN && second == WORTH_TOKEN) {
        second_goes_first = true;
    }
    return second_goes_first ? (struct card_write_order){{1, 0}}
                             : (struct card_write_order){{0, 1}};
}
