/* SPDX-License-Identifier: Apache-2.0 */
#include "common/compiler.h"
#include "common/str.h"
#include "core/reconcile/reconcile.h"
#include "tests/unit/test.h"

/* "KIND ORDER;KIND ORDER;" */
struct findings {
    char text[1024];
    struct strbuf buf;
};

static void add(void *self, const struct reconcile_finding *finding)
{
    struct findings *findings = self;
    strbuf_addf(&findings->buf, "%s %s;", reconcile_kind_name(finding->kind), finding->order_no);
}

static struct reconcile_sums sums;

static const char *findings_of(const struct reconcile_input *input)
{
    static struct findings findings;
    const struct reconcile_sink sink = {add, &findings};
    strbuf_init(&findings.buf, findings.text, sizeof(findings.text));
    CHECK(reconcile_day(input, &sink, &sums));
    return findings.text;
}

#define INPUT(orders, rows)                                                                        \
    (&(const struct reconcile_input){orders, ARRAY_COUNT(orders), rows, ARRAY_COUNT(rows)})

static struct reconcile_order paid(const char *order_no, int64_t fen, enum reconcile_paid when)
{
    return (struct reconcile_order){.order_no = order_no, .amount = {fen}, .paid = when};
}

static struct reconcile_row row(const char *order_no, const char *refund_no, int64_t fen)
{
    return (struct reconcile_row){order_no, refund_no, refund_no[0] != '\0', {fen}};
}

TEST(nothing_on_both_sides)
{
    const struct reconcile_input input = {0};
    CHECK_EQ_STR(findings_of(&input), "");
    CHECK(!sums.refused && sums.bill_paid.fen == 0);
}

TEST(a_day_without_findings)
{
    struct reconcile_order orders[] = {
        paid("A", 100, RECONCILE_PAID_THIS_DAY), paid("B", 200, RECONCILE_NOT_PAID),
        paid("C", 300, RECONCILE_PAID_EDGE), paid("D", 400, RECONCILE_PAID_OTHER_DAY)};
    orders[0].refunded.fen = 100;
    const struct reconcile_row rows[] = {row("A", "", 100), row("A", "AR1", 100)};
    CHECK_EQ_STR(findings_of(INPUT(orders, rows)), "");
    CHECK_EQ_I64(sums.bill_paid.fen, 100);
    CHECK_EQ_I64(sums.bill_refunded.fen, 100);
    CHECK_EQ_I64(sums.our_paid.fen, 400);
    CHECK_EQ_I64(sums.our_refunded.fen, 100);
}

TEST(the_payment_side)
{
    const struct reconcile_order orders[] = {
        paid("A", 100, RECONCILE_NOT_PAID), paid("B", 100, RECONCILE_PAID_THIS_DAY),
        paid("C", 100, RECONCILE_PAID_THIS_DAY), paid("D", 100, RECONCILE_PAID_EDGE),
        paid("E", 100, RECONCILE_PAID_OTHER_DAY)};
    const struct reconcile_row rows[] = {row("A", "", 100), row("C", "", 99), row("D", "", 101),
                                         row("E", "", 100), row("Z", "", 5)};
    CHECK_EQ_STR(findings_of(INPUT(orders, rows)), "PAID_UNKNOWN_TO_US A;MISSING_IN_BILL B;"
                                                   "AMOUNT C;AMOUNT D;AMOUNT E;NOT_OURS Z;");
}

TEST(the_refund_side)
{
    struct reconcile_order orders[] = {
        paid("A", 100, RECONCILE_PAID_THIS_DAY), paid("B", 100, RECONCILE_PAID_OTHER_DAY),
        paid("C", 100, RECONCILE_PAID_OTHER_DAY), paid("D", 100, RECONCILE_PAID_OTHER_DAY),
        paid("E", 100, RECONCILE_PAID_OTHER_DAY)};
    orders[1].refunded.fen = 100;
    orders[2].refunded.fen = 100;
    orders[3].refunded.fen = 100;
    orders[3].refund_edge = true;
    orders[4].refunded.fen = 100;
    const struct reconcile_row rows[] = {row("A", "", 100),   row("A", "X", 100),
                                         row("C", "CR1", 99), row("E", "ER1", 40),
                                         row("E", "ER2", 60), row("Z", "ZR1", 1)};
    CHECK_EQ_STR(findings_of(INPUT(orders, rows)),
                 "REFUND_UNKNOWN_TO_US A;REFUND_MISSING_IN_BILL B;REFUND_AMOUNT C;NOT_OURS Z;");
}

TEST(duplicates_refuse_the_file)
{
    const struct reconcile_order orders[] = {paid("A", 100, RECONCILE_PAID_THIS_DAY)};
    const struct reconcile_row rows[] = {row("A", "", 100), row("A", "", 100), row("A", "", 100),
                                         row("Z", "R", 1), row("Z", "R", 1)};
    CHECK_EQ_STR(findings_of(INPUT(orders, rows)),
                 "DUPLICATE_IN_BILL A;NOT_OURS Z;DUPLICATE_IN_BILL Z;");
    CHECK(sums.refused);
    CHECK_EQ_I64(sums.bill_paid.fen, 100); /* counted once */
}

TEST(open_credits_are_listed)
{
    struct reconcile_order orders[] = {paid("A", 100, RECONCILE_PAID_OTHER_DAY)};
    orders[0].credit_open = true;
    const struct reconcile_input input = {orders, 1, NULL, 0};
    CHECK_EQ_STR(findings_of(&input), "CREDIT_OPEN A;");
}

TEST(sums_that_overflow_are_an_error)
{
    const struct reconcile_order orders[] = {paid("A", INT64_MAX, RECONCILE_PAID_THIS_DAY),
                                             paid("B", 1, RECONCILE_PAID_THIS_DAY)};
    const struct reconcile_row rows[] = {row("A", "", INT64_MAX), row("B", "", 1)};
    struct findings findings;
    const struct reconcile_sink sink = {add, &findings};
    strbuf_init(&findings.buf, findings.text, sizeof(findings.text));
    CHECK(!reconcile_day(INPUT(orders, rows), &sink, &sums));
    const struct reconcile_input ours = {.orders = orders, .order_count = 2};
    CHECK(!reconcile_day(&ours, &sink, &sums));
    const struct reconcile_input theirs = {.rows = rows, .row_count = 2};
    CHECK(!reconcile_day(&theirs, &sink, &sums));
    const struct reconcile_row refunds[] = {row("A", "R1", INT64_MAX), row("A", "R2", 1)};
    const struct reconcile_input one_order = {.rows = refunds, .row_count = 2};
    CHECK(!reconcile_day(&one_order, &sink, &sums));
    const struct reconcile_row two_orders[] = {row("A", "R1", INT64_MAX), row("B", "R2", 1)};
    const struct reconcile_input refunded = {.rows = two_orders, .row_count = 2};
    CHECK(!reconcile_day(&refunded, &sink, &sums));
    struct reconcile_order paid_back[] = {paid("A", 1, RECONCILE_PAID_OTHER_DAY),
                                          paid("B", 1, RECONCILE_PAID_OTHER_DAY)};
    paid_back[0].refunded.fen = INT64_MAX;
    paid_back[1].refunded.fen = 1;
    const struct reconcile_input ours_back = {.orders = paid_back, .order_count = 2};
    CHECK(!reconcile_day(&ours_back, &sink, &sums));
}

TEST(row_order)
{
    const struct reconcile_row a = row("A", "", 1);
    const struct reconcile_row a_refund = row("A", "R1", 1);
    const struct reconcile_row a_other = row("A", "R2", 1);
    const struct reconcile_row b = row("B", "", 1);
    CHECK(reconcile_row_compare(&a, &a_refund) < 0);
    CHECK(reconcile_row_compare(&a_refund, &a) > 0);
    CHECK(reconcile_row_compare(&a_refund, &a_other) < 0);
    CHECK(reconcile_row_compare(&b, &a_other) > 0);
    CHECK(reconcile_row_compare(&a, &a) == 0);
}

TEST_MAIN()
