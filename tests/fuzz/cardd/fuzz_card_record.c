/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bytes of a card: two slots of each kind and an issue record. A whole record is written again
 * and must give the same bytes; the judge and the order of writing agree with what was decoded.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/card/judge.h"
#include "protocol/card/mifare.h"
#include "protocol/card/record.h"

static void check_credit(const uint8_t *record)
{
    struct card_credit credit;
    uint8_t again[CARD_RECORD_SIZE];
    if (card_credit_decode(record, &credit) == CARD_SLOT_WHOLE) {
        card_credit_encode(&credit, again);
        MUST(memcmp(again, record, sizeof(again)) == 0);
    }
}

static void check_return(const uint8_t *record)
{
    struct card_return value;
    uint8_t again[CARD_RECORD_SIZE];
    if (card_return_decode(record, &value) == CARD_SLOT_WHOLE) {
        card_return_encode(&value, again);
        MUST(memcmp(again, record, sizeof(again)) == 0);
    }
}

static void check_issue(const uint8_t *record)
{
    struct card_issue issue;
    uint8_t again[CARD_RECORD_SIZE];
    if (card_issue_decode(record, &issue) == CARD_SLOT_WHOLE) {
        card_issue_encode(&issue, again);
        MUST(memcmp(again, record, sizeof(again)) == 0);
    }
}

static void check_slots(const struct card_slots *slots)
{
    static const uint8_t zero[CARD_RECORD_SIZE];
    struct card_credit credit;
    struct card_judgement judgement = card_slots_judge(CARD_RECORD_CREDIT, slots);
    MUST(judgement.winner < 0 || judgement.state[judgement.winner] == CARD_SLOT_WHOLE);
    MUST(!(judgement.same && judgement.split));
    if (judgement.winner < 0) {
        return;
    }
    const uint8_t *token = slots->bytes[judgement.winner];
    struct card_write_order order = card_slots_write_order(slots, token, NULL);
    MUST(order.slot[0] + order.slot[1] == 1);
    /* The slot that is missed least goes first: never the token while the other one is not it. */
    bool first_is_token = memcmp(slots->bytes[order.slot[0]], token, CARD_RECORD_SIZE) == 0;
    MUST(!first_is_token || judgement.same);
    MUST(card_credit_decode(zero, &credit) == CARD_SLOT_EMPTY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct card_slots slots = {.read = {true, true}};
    if (size < sizeof(slots.bytes)) {
        return 0;
    }
    struct mifare_trailer trailer;
    struct card_judgement judgement;
    memcpy(slots.bytes, data, sizeof(slots.bytes));
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        check_credit(slots.bytes[i]);
        check_return(slots.bytes[i]);
        check_issue(slots.bytes[i]);
    }
    check_slots(&slots);
    judgement = card_slots_judge(CARD_RECORD_RETURN, &slots);
    MUST(judgement.winner < 0 || judgement.state[judgement.winner] == CARD_SLOT_WHOLE);
    if (mifare_trailer_decode(data, &trailer)) {
        uint8_t again[CARD_BLOCK_SIZE];
        mifare_trailer_encode(&trailer, again);
        MUST(memcmp(again, data, 9) == 0);
    }
    return 0;
}
