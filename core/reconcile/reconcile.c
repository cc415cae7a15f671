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
    };
    MUST((size_t)kind < RECONCILE_KIND_COUNT);
    MUST(names[kind] != NULL);
    return names[kind];
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
    return strcmp(a->refund_no, b->refund_no);
}

/* What the bill says about one order number. */
struct billed {
    bool paid;
    bool refunded;
    bool duplicate;
    struct money paid_sum;
    struct money refunded_sum;
};

static bool add_row(struct billed *billed, const struct reconcile_row *row)
{
    MUST(row->amount.fen >= 0);
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

static void report(const struct reconcile_sink *sink, enum reconcile_kind kind,
                   const char *order_no)
{
    MUST(order_no != NULL);
    MUST((size_t)kind < RECONCILE_KIND_COUNT);
    const struct reconcile_finding finding = {.kind = kind, .order_no = order_no};
    sink->finding(sink->self, &finding);
}

static void compare_payment(const struct reconcile_order *order, const struct billed *billed,
                            const struct reconcile_sink *sink)
{
    MUST(order->amount.fen >= 0 && billed->paid_sum.fen >= 0);
    switch (order->paid) {
    case RECONCILE_NOT_PAID:
        if (billed->paid) {
            report(sink, RECONCILE_PAID_UNKNOWN_TO_US, order->order_no);
        }
        return;
    case RECONCILE_PAID_THIS_DAY:
    case RECONCILE_PAID_EDGE:
        if (billed->paid && billed->paid_sum.fen != order->amount.fen) {
            report(sink, RECONCILE_AMOUNT, order->order_no);
        } else if (!billed->paid && order->paid == RECONCILE_PAID_THIS_DAY) {
            report(sink, RECONCILE_MISSING_IN_BILL, order->order_no);
        }
        return;
    case RECONCILE_PAID_OTHER_DAY:
        if (billed->paid) {
            /* Booked on another day, and paid on this one as well: the sums differ. */
            report(sink, RECONCILE_AMOUNT, order->order_no);
        }
        return;
    case RECONCILE_PAID_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void compare_refund(const struct reconcile_order *order, const struct billed *billed,
                           const struct reconcile_sink *sink)
{
    MUST(order->refunded.fen >= 0 && billed->refunded_sum.fen >= 0);
    bool ours = order->refunded.fen > 0;
    if (ours && !billed->refunded) {
        if (!order->refund_edge) {
            report(sink, RECONCILE_REFUND_MISSING_IN_BILL, order->order_no);
        }
    } else if (!ours && billed->refunded) {
        report(sink, RECONCILE_REFUND_UNKNOWN_TO_US, order->order_no);
    } else if (order->refunded.fen != billed->refunded_sum.fen) {
        report(sink, RECONCILE_REFUND_AMOUNT, order->order_no);
    }
}

static void compare_order(const struct reconcile_order *order, const struct billed *billed,
                          const struct reconcile_sink *sink)
{
    compare_payment(order, billed, sink);
    compare_refund(order, billed, sink);
    if (billed->duplicate) {
        report(sink, RECONCILE_DUPLICATE_IN_BILL, order->order_no);
    }
    if (order->credit_open) {
        report(sink, RECONCILE_CREDIT_OPEN, order->order_no);
    }
}

static void report_foreign(const char *order_no, const struct billed *billed,
                           const struct reconcile_sink *sink)
{
    MUST(billed->paid || billed->refunded);
    report(sink, RECONCILE_NOT_OURS, order_no);
    if (billed->duplicate) {
        report(sink, RECONCILE_DUPLICATE_IN_BILL, order_no);
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
        if (side > 0) {
            report_foreign(order_no, &billed, sink);
            continue;
        }
        const struct reconcile_order *order = &input->orders[order_at];
        MUST(order_at == 0 || strcmp(order[-1].order_no, order->order_no) < 0);
        compare_order(order, &billed, sink);
        if (!add_order(&sums, order)) {
            return false;
        }
        order_at += 1;
    }
    *ret_sums = sums;
    return true;
}
