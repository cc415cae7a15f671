/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reconcile/reconcile.h"

#include <string.h>

#include "common/must.h"

const char *reconcile_kind_name(enum reconcile_kind kind)
{
    static const char *const names[RECONCILE_KIND_COUNT] = {
        [RECONCILE_PAID_UNKNOWN_TO_US] = "PAID_UNKNOWN_TO_US",
        [RECONCILE_MISSING_IN_BILL] = "MISSING_IN_BILL",
        [RECONCILE_AMOUNT] = "AMOUNT",
        [RECONCILE_REFUND_MISSING_IN_BILL] = "REFUND_MISSING_IN_BILL",
        [RECONCILE_REFUND_UNKNOWN_TO_US] = "REFUND_UNKNOWN_TO_US",
        [RECONCILE_REFUND_AMOUNT] = "REFUND_AMOUNT",
        [RECONCILE_NOT_OURS] = "NOT_OURS",
        [RECONCILE_DUPLICATE_IN_BILL] = "DUPLICATE_IN_BILL",
        [RECONCILE_CREDIT_OPEN] = "CREDIT_OPEN",
        [RECONCILE_FEE] = "FEE",
    };
    MUST((size_t)kind < RECONCILE_KIND_COUNT);
    MUST(names[kind] != NULL);
    return names[kind];
}

bool reconcile_kind_parse(const char *name, enum reconcile_kind *ret_kind)
{
    MUST(name != NULL);
    for (int i = 0; i < RECONCILE_KIND_COUNT; i++) {
        if (strcmp(name, reconcile_kind_name((enum reconcile_kind)i)) == 0) {
            *ret_kind = (enum reconcile_kind)i;
            return true;
        }
    }
    return false;
}

struct money reconcile_gain(enum reconcile_kind kind, struct money bill, struct money ours)
{
    MUST((size_t)kind < RECONCILE_KIND_COUNT);
    switch (kind) {
    case RECONCILE_PAID_UNKNOWN_TO_US:
    case RECONCILE_MISSING_IN_BILL:
    case RECONCILE_AMOUNT:
    case RECONCILE_NOT_OURS:
        return money_fen(bill.fen - ours.fen);
    case RECONCILE_REFUND_MISSING_IN_BILL:
    case RECONCILE_REFUND_UNKNOWN_TO_US:
    case RECONCILE_REFUND_AMOUNT:
    case RECONCILE_FEE:
        return money_fen(ours.fen - bill.fen);
    case RECONCILE_DUPLICATE_IN_BILL:
    case RECONCILE_CREDIT_OPEN:
        return money_fen(0);
    case RECONCILE_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

int reconcile_row_compare(const struct reconcile_row *a, const struct reconcile_row *b)
{
    MUST(a->order_no != NULL && b->order_no != NULL);
    MUST(a->refund_no != NULL && b->refund_no != NULL);
    int order = strcmp(a->order_no, b->order_no);
    if (order != 0) {
        return order;
    }
    if (a->is_refund != b->is_refund) {
        return a->is_refund ? 1 : -1;
    }
    if (a->is_pending != b->is_pending) {
        return a->is_pending ? 1 : -1; /* begun and done are two facts, not one row twice */
    }
    return strcmp(a->refund_no, b->refund_no);
}

/* What the bill says about one order number. */
struct billed {
    bool paid;
    bool refunded;
    bool refund_pending; /* one that had only begun; in no sum */
    bool duplicate;
    struct money paid_sum;
    struct money refunded_sum;
};

static bool add_row(struct billed *billed, const struct reconcile_row *row)
{
    MUST(row->amount.fen >= 0);
    if (row->is_pending) {
        MUST(row->is_refund);
        billed->refund_pending = true;
        return true;
    }
    if (row->is_refund) {
        billed->refunded = true;
        return money_add(billed->refunded_sum, row->amount, &billed->refunded_sum);
    }
    billed->paid = true;
    return money_add(billed->paid_sum, row->amount, &billed->paid_sum);
}

/* True if the row at @p at is about another order number than the one before it. */
static bool begins_order(const struct reconcile_input *input, size_t at)
{
    MUST(at > 0 && at < input->row_count);
    int order = reconcile_row_compare(&input->rows[at - 1], &input->rows[at]);
    MUST(order <= 0);
    return strcmp(input->rows[at - 1].order_no, input->rows[at].order_no) != 0;
}

/* Take all rows of one order number; a row that repeats the one before counts once. */
static bool take_rows(const struct reconcile_input *input, size_t *at, struct billed *ret_billed)
{
    MUST(*at < input->row_count);
    struct billed billed = {0};
    bool fits = add_row(&billed, &input->rows[*at]);
    for (*at += 1; *at < input->row_count && !begins_order(input, *at); *at += 1) {
        const struct reconcile_row *row = &input->rows[*at];
        if (reconcile_row_compare(row - 1, row) == 0) {
            billed.duplicate = true;
        } else {
            fits = add_row(&billed, row) && fits;
        }
    }
    *ret_billed = billed;
    return fits;
}

/* One order number on both sides. */
struct pair {
    const struct reconcile_order *order; /* only its number, if it is not ours */
    const struct billed *billed;
    const struct reconcile_sink *sink;
};

static void report(const struct pair *pair, enum reconcile_kind kind, struct money bill,
                   struct money ours)
{
    MUST(pair->order->order_no != NULL);
    MUST((size_t)kind < RECONCILE_KIND_COUNT);
    const struct reconcile_finding finding = {
        .kind = kind, .order_no = pair->order->order_no, .bill = bill, .ours = ours};
    pair->sink->finding(pair->sink->self, &finding);
}

static void report_payment(const struct pair *pair, enum reconcile_kind kind)
{
    const bool booked = pair->order->paid != RECONCILE_NOT_PAID;
    report(pair, kind, pair->billed->paid_sum, money_fen(booked ? pair->order->amount.fen : 0));
}

static void report_refund(const struct pair *pair, enum reconcile_kind kind)
{
    report(pair, kind, pair->billed->refunded_sum, pair->order->refunded);
}

static void compare_payment(const struct pair *pair)
{
    const struct reconcile_order *order = pair->order;
    const struct billed *billed = pair->billed;
    MUST(order->amount.fen >= 0 && billed->paid_sum.fen >= 0);
    switch (order->paid) {
    case RECONCILE_NOT_PAID:
        if (billed->paid) {
            report_payment(pair, RECONCILE_PAID_UNKNOWN_TO_US);
        }
        return;
    case RECONCILE_PAID_THIS_DAY:
    case RECONCILE_PAID_EDGE:
        if (billed->paid && billed->paid_sum.fen != order->amount.fen) {
            report_payment(pair, RECONCILE_AMOUNT);
        } else if (!billed->paid && order->paid == RECONCILE_PAID_THIS_DAY) {
            report_payment(pair, RECONCILE_MISSING_IN_BILL);
        }
        return;
    case RECONCILE_PAID_OTHER_DAY:
        if (billed->paid) {
            /* Booked on another day, and paid on this one as well: the sums differ. */
            report(pair, RECONCILE_AMOUNT, billed->paid_sum, money_fen(0));
        }
        return;
    case RECONCILE_PAID_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void compare_refund(const struct pair *pair)
{
    const struct reconcile_order *order = pair->order;
    const struct billed *billed = pair->billed;
    MUST(order->refunded.fen >= 0 && billed->refunded_sum.fen >= 0);
    bool ours = order->refunded.fen > 0;
    if (ours && !billed->refunded) {
        if (!order->refund_edge && !billed->refund_pending) {
            report_refund(pair, RECONCILE_REFUND_MISSING_IN_BILL);
        }
    } else if (!ours && (billed->refunded || (billed->refund_pending && !order->refund_begun))) {
        report_refund(pair, RECONCILE_REFUND_UNKNOWN_TO_US);
    } else if (order->refunded.fen != billed->refunded_sum.fen) {
        report_refund(pair, RECONCILE_REFUND_AMOUNT);
    }
}

static void report_duplicate(const struct pair *pair)
{
    const struct billed *billed = pair->billed;
    if (billed->duplicate) {
        report(pair, RECONCILE_DUPLICATE_IN_BILL,
               billed->paid ? billed->paid_sum : billed->refunded_sum, money_fen(0));
    }
}

static void compare_order(const struct pair *pair)
{
    compare_payment(pair);
    compare_refund(pair);
    report_duplicate(pair);
    if (pair->order->credit_open) {
        report(pair, RECONCILE_CREDIT_OPEN, pair->billed->paid_sum, pair->order->amount);
    }
}

static void report_foreign(const struct pair *pair)
{
    const struct billed *billed = pair->billed;
    MUST(billed->paid || billed->refunded || billed->refund_pending);
    report(pair, RECONCILE_NOT_OURS, money_fen(billed->paid_sum.fen - billed->refunded_sum.fen),
           money_fen(0));
    report_duplicate(pair);
}

static void compare_fees(const struct reconcile_input *input, const struct reconcile_sink *sink)
{
    if (input->fees_stated && input->fees_of_bill.fen != input->fees_of_rows.fen) {
        const struct reconcile_finding finding = {.kind = RECONCILE_FEE,
                                                  .order_no = "",
                                                  .bill = input->fees_of_bill,
                                                  .ours = input->fees_of_rows};
        sink->finding(sink->self, &finding);
    }
}

static bool add_order(struct reconcile_sums *sums, const struct reconcile_order *order)
{
    bool counts = order->paid == RECONCILE_PAID_THIS_DAY || order->paid == RECONCILE_PAID_EDGE;
    struct money paid = money_fen(counts ? order->amount.fen : 0);
    return money_add(sums->our_paid, paid, &sums->our_paid) &&
           money_add(sums->our_refunded, order->refunded, &sums->our_refunded);
}

static bool add_billed(struct reconcile_sums *sums, const struct billed *billed)
{
    sums->refused = sums->refused || billed->duplicate;
    return money_add(sums->bill_paid, billed->paid_sum, &sums->bill_paid) &&
           money_add(sums->bill_refunded, billed->refunded_sum, &sums->bill_refunded);
}

/* Which side comes next: below 0 the order alone, 0 both, above 0 the row alone. */
static int next_side(const struct reconcile_input *input, size_t order_at, size_t row_at)
{
    MUST(order_at < input->order_count || row_at < input->row_count);
    if (order_at == input->order_count) {
        return 1;
    }
    if (row_at == input->row_count) {
        return -1;
    }
    return strcmp(input->orders[order_at].order_no, input->rows[row_at].order_no);
}

bool reconcile_day(const struct reconcile_input *input, const struct reconcile_sink *sink,
                   struct reconcile_sums *ret_sums)
{
    struct reconcile_sums sums = {0};
    size_t order_at = 0;
    size_t row_at = 0;
    MUST(sink->finding != NULL);
    while (order_at < input->order_count || row_at < input->row_count) {
        int side = next_side(input, order_at, row_at);
        const char *order_no =
            side <= 0 ? input->orders[order_at].order_no : input->rows[row_at].order_no;
        struct billed billed = {0};
        if (side >= 0 && (!take_rows(input, &row_at, &billed) || !add_billed(&sums, &billed))) {
            return false;
        }
        const struct reconcile_order foreign = {.order_no = order_no};
        struct pair pair = {.order = &foreign, .billed = &billed, .sink = sink};
        if (side > 0) {
            report_foreign(&pair);
            continue;
        }
        const struct reconcile_order *order = &input->orders[order_at];
        MUST(order_at == 0 || strcmp(order[-1].order_no, order->order_no) < 0);
        pair.order = order;
        compare_order(&pair);
        if (!add_order(&sums, order)) {
            return false;
        }
        order_at += 1;
    }
    compare_fees(input, sink);
    *ret_sums = sums;
    return true;
}
