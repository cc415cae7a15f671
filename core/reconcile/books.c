/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: whatever differs is first looked at by itself - one number of one wallet, one meter -
 * and only what no known reason covers to the fen is a finding. A reason that covers a part of a
 * difference covers nothing.
 */
#include "core/reconcile/books.h"

#include <string.h>

#include "common/must.h"

enum {
    DAY_S = 86400,
    CLOCKS_S = 600,            /* a collector's clock and ours may differ by so much */
    RELAY_MS = 60 * 60 * 1000, /* the relay's own alarm comes after 15 minutes */
};

/* ---- words ---- */

struct finding_row {
    const char *name;
    bool of_day;
    bool for_site;
    int gain; /* 1: theirs less ours; -1: ours less theirs; 0: none */
};

static const struct finding_row FINDINGS[BOOKS_FINDING_COUNT] = {
    [BOOKS_DAY_PAID] = {"DAY_PAID", true, false, 1},
    [BOOKS_DAY_REFUNDED] = {"DAY_REFUNDED", true, false, -1},
    [BOOKS_DAY_POSTING] = {"DAY_POSTING", true, false, 1},
    [BOOKS_METER_COUNT] = {"METER_COUNT", true, true, 0},
    [BOOKS_METER_TOTAL] = {"METER_TOTAL", true, true, -1},
    [BOOKS_RELAY_NOT_CLOSED] = {"RELAY_NOT_CLOSED", false, true, 0},
    [BOOKS_RELAY_NOT_OPEN] = {"RELAY_NOT_OPEN", false, true, 0},
    [BOOKS_HELD_OLD] = {"HELD_OLD", false, false, 0},
    [BOOKS_REFPAY_OLD] = {"REFPAY_OLD", false, false, 0},
    [BOOKS_SUSPENSE_OLD] = {"SUSPENSE_OLD", false, false, 0},
    [BOOKS_CARD_EXCHANGED] = {"CARD_EXCHANGED", false, true, 0},
};

const char *books_finding_name(enum books_finding finding)
{
    MUST((size_t)finding < BOOKS_FINDING_COUNT);
    MUST(FINDINGS[finding].name != NULL);
    return FINDINGS[finding].name;
}

bool books_finding_parse(const char *name, enum books_finding *ret_finding)
{
    MUST(name != NULL);
    for (int i = 0; i < BOOKS_FINDING_COUNT; i++) {
        if (strcmp(name, FINDINGS[i].name) == 0) {
            *ret_finding = (enum books_finding)i;
            return true;
        }
    }
    return false;
}

const char *books_reason_name(enum books_reason reason)
{
    static const char *const NAMES[BOOKS_REASON_COUNT] = {
        [BOOKS_NOTHING] = "",
        [BOOKS_MIDNIGHT] = "midnight",
        [BOOKS_OTHER_DAY] = "other_day",
        [BOOKS_NEXT_BILL] = "next_bill",
        [BOOKS_REFUND_BEGUN] = "refund_begun",
        [BOOKS_BILL_ITEM] = "bill_item",
        [BOOKS_REVIEW_ITEM] = "review_item",
        [BOOKS_ON_ITS_WAY] = "on_its_way",
    };
    MUST((size_t)reason < BOOKS_REASON_COUNT);
    MUST(NAMES[reason] != NULL);
    return NAMES[reason];
}

bool books_is_of_day(enum books_finding finding)
{
    MUST((size_t)finding < BOOKS_FINDING_COUNT);
    return FINDINGS[finding].of_day;
}

bool books_is_for_site(enum books_finding finding)
{
    MUST((size_t)finding < BOOKS_FINDING_COUNT);
    return FINDINGS[finding].for_site;
}

struct money books_gain(enum books_finding finding, struct money theirs, struct money ours)
{
    MUST((size_t)finding < BOOKS_FINDING_COUNT);
    const int gain = FINDINGS[finding].gain;
    MUST(gain >= -1 && gain <= 1);
    return money_fen(gain * (theirs.fen - ours.fen));
}

/* ---- the identity at cut-off ---- */

bool books_identity(const struct books_sums *sums, struct books_identity *ret_identity)
{
    const struct money parts[] = {sums->held,  sums->refpay, sums->suspense, sums->cust,
                                  sums->meter, sums->card,   sums->bank};
    struct books_identity identity = {0};
    MUST(sums->bill_paid.fen >= 0 && sums->bill_refunded.fen >= 0);
    bool fits = money_sub(sums->bill_paid, sums->bill_refunded, &identity.bills);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        fits = fits && money_add(identity.books, parts[i], &identity.books);
    }
    fits = fits && money_sub(identity.books, sums->loss, &identity.books) &&
           money_sub(identity.bills, identity.books, &identity.difference);
    if (fits) {
        *ret_identity = identity;
    }
    return fits;
}

enum books_reason books_explain(const struct books_side *side)
{
    MUST(side->bill_day.fen != side->book_day.fen);
    MUST(!side->bill_missing || side->edge);
    struct money rest = money_fen(0);
    if (side->foreign) {
        return side->has_item ? BOOKS_BILL_ITEM : BOOKS_NOTHING;
    }
    if (!money_sub(side->bill_ever, side->book_ever, &rest)) {
        return BOOKS_NOTHING; /* whoever wrote such a number */
    }
    if (rest.fen == 0) {
        return side->edge ? BOOKS_MIDNIGHT : BOOKS_OTHER_DAY;
    }
    if (side->begun.fen > 0 && rest.fen == -side->begun.fen) {
        return BOOKS_REFUND_BEGUN;
    }
    if (side->has_item && rest.fen == side->items.fen) {
        return BOOKS_BILL_ITEM;
    }
    return side->bill_missing && rest.fen < 0 ? BOOKS_NEXT_BILL : BOOKS_NOTHING;
}

/* ---- meters ---- */

/* Whether a look shows a delivery. */
enum shown { SHOWN_NOT, SHOWN, SHOWN_PERHAPS };

/* A look of our own journal for another delivery: they follow each other. */
static enum shown shown_to_another(const struct books_delivery *delivery,
                                   const struct books_look *look)
{
    const int order = strcmp(delivery->order_no, look->order_no);
    MUST(order != 0);
    if (delivery->assigned_at > look->at || (delivery->assigned_at == look->at && order > 0)) {
        return SHOWN_NOT;
    }
    return delivery->done && delivery->done_at <= look->at ? SHOWN : SHOWN_PERHAPS;
}

/* A look by schedule has the collector's time. */
static enum shown shown_by_schedule(const struct books_delivery *delivery,
                                    const struct books_look *look)
{
    if (delivery->assigned_at - CLOCKS_S > look->at) {
        return SHOWN_NOT;
    }
    return delivery->done && delivery->done_at + CLOCKS_S < look->at ? SHOWN : SHOWN_PERHAPS;
}

static enum shown shown_in(const struct books_delivery *delivery, const struct books_look *look)
{
    MUST(delivery->order_no != NULL && look->order_no != NULL);
    if (look->order_no[0] == '\0') {
        return shown_by_schedule(delivery, look);
    }
    if (strcmp(delivery->order_no, look->order_no) != 0) {
        return shown_to_another(delivery, look);
    }
    switch (look->moment) {
    case BOOKS_BEFORE_IT:
        return SHOWN_NOT;
    case BOOKS_PROVED_IT:
        return SHOWN;
    case BOOKS_WHILE_IT:
    case BOOKS_OTHERWISE:
        return SHOWN_PERHAPS;
    }
    MUST_NOT_REACH();
}

bool books_meter_add(struct books_meter *meter, const struct books_delivery *delivery)
{
    MUST(delivery->value > 0);
    if (!meter->first.there || !meter->last.there) {
        return true;
    }
    const enum shown first = shown_in(delivery, &meter->first);
    const enum shown last = shown_in(delivery, &meter->last);
    if (first == SHOWN || last == SHOWN_NOT) {
        return true;
    }
    if (first == SHOWN_NOT && last == SHOWN) {
        int64_t sure = 0;
        const bool fits = !__builtin_add_overflow(meter->sure, delivery->value, &sure);
        meter->sure = fits ? sure : meter->sure;
        return fits;
    }
    if (meter->open_count == BOOKS_OPEN_MAX) {
        return false;
    }
    meter->open[meter->open_count] = delivery->value;
    meter->open_count += 1;
    return true;
}

/* True if some of the open ones add up to @p rest. */
static bool can_be(const struct books_meter *meter, int64_t rest)
{
    MUST(meter->open_count <= BOOKS_OPEN_MAX);
    for (uint32_t chosen = 1; chosen < 1U << meter->open_count; chosen++) {
        int64_t sum = 0;
        bool fits = true;
        for (size_t i = 0; i < meter->open_count; i++) {
            const int64_t part = (chosen & (1U << i)) != 0 ? meter->open[i] : 0;
            fits = fits && !__builtin_add_overflow(sum, part, &sum);
        }
        if (fits && sum == rest) {
            return true;
        }
    }
    return false;
}

enum books_verdict books_meter_judge(const struct books_meter *meter, int64_t *ret_rise)
{
    MUST(meter->sure >= 0);
    *ret_rise = 0;
    if (!meter->first.there || !meter->last.there) {
        return BOOKS_UNSEEN;
    }
    MUST(meter->first.value >= 0 && meter->last.value >= 0);
    *ret_rise = meter->last.value - meter->first.value;
    int64_t rest = 0;
    const bool fits = !__builtin_sub_overflow(*ret_rise, meter->sure, &rest);
    if (fits && rest == 0) {
        return BOOKS_EQUAL;
    }
    return fits && can_be(meter, rest) ? BOOKS_OPEN : BOOKS_DIFFERS;
}

bool books_relay_judge(const struct books_relay *relay, enum books_finding *ret_finding)
{
    MUST(!relay->want_closed || !relay->want_open);
    MUST(!relay->read_closed || !relay->read_open);
    if (relay->wanted_ms < RELAY_MS) {
        return false;
    }
    if (relay->want_closed && relay->read_open) {
        *ret_finding = BOOKS_RELAY_NOT_CLOSED;
        return true;
    }
    if (relay->want_open && relay->read_closed) {
        *ret_finding = BOOKS_RELAY_NOT_OPEN;
        return true;
    }
    return false;
}

bool books_is_old(int64_t since_s, int64_t now_s)
{
    return now_s - since_s >= DAY_S;
}
