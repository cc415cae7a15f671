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
    (&(const struct reconcile_input){.orders = orders,                                             \
                                     .order_count = ARRAY_COUNT(orders),                           \
                                     .rows = rows,                                                 \
                                     .row_count = ARRAY_COUNT(rows)})

static struct reconcile_order paid(const char *order_no, int64_t fen, enum reconcile_paid when)
{
    return (struct reconcile_order){.order_no = order_no, .amount = {fen}, .paid = when};
}

static struct reconcile_row row(const char *order_no, const char *refund_no, int64_t fen)
{
    return (struct reconcile_row){order_no, refund_no, refund_no[0] != '\0', {fen}, false};
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

static struct reconcile_row begun(const char *order_no, const char *refund_no, int64_t fen)
{
    struct reconcile_row pending = row(order_no, refund_no, fen);
    pending.is_pending = true;
    return pending;
}

/* A refund that the bill lists as begun was not paid back, and is not missing either. */
TEST(refunds_that_had_only_begun)
{
    struct reconcile_order orders[] = {
        paid("A", 100, RECONCILE_PAID_OTHER_DAY), paid("B", 100, RECONCILE_PAID_OTHER_DAY),
        paid("C", 100, RECONCILE_PAID_OTHER_DAY), paid("D", 100, RECONCILE_PAID_OTHER_DAY)};
    orders[0].refunded.fen = 100;
    orders[1].refund_begun = true;
    orders[3].refunded.fen = 100;
    const struct reconcile_row rows[] = {begun("A", "AR1", 100), begun("B", "BR1", 100),
                                         begun("C", "X", 100),   row("D", "DR1", 100),
                                         begun("D", "DR1", 100), begun("Z", "ZR1", 5)};
    CHECK_EQ_STR(findings_of(INPUT(orders, rows)), "REFUND_UNKNOWN_TO_US C;NOT_OURS Z;");
    CHECK_EQ_I64(sums.bill_refunded.fen, 100);
    CHECK(!sums.refused);
}

TEST(fees_that_do_not_add_up)
{
    struct reconcile_input input = {
        .fees_stated = true, .fees_of_bill = {31}, .fees_of_rows = {31}};
    CHECK_EQ_STR(findings_of(&input), "");
    input.fees_of_rows.fen = 30;
    CHECK_EQ_STR(findings_of(&input), "FEE ;");
    input.fees_stated = false;
    CHECK_EQ_STR(findings_of(&input), "");
}

/* ---- what a finding is worth ---- */

static void add_gain(void *self, const struct reconcile_finding *finding)
{
    strbuf_addf(self, "%s %lld/%lld %+lld;", finding->order_no, (long long)finding->bill.fen,
                (long long)finding->ours.fen,
                (long long)reconcile_gain(finding->kind, finding->bill, finding->ours).fen);
}

TEST(gains_and_losses)
{
    struct reconcile_order orders[] = {
        paid("A", 100, RECONCILE_NOT_PAID),       paid("B", 100, RECONCILE_PAID_THIS_DAY),
        paid("C", 100, RECONCILE_PAID_THIS_DAY),  paid("D", 100, RECONCILE_PAID_OTHER_DAY),
        paid("E", 100, RECONCILE_PAID_OTHER_DAY), paid("F", 100, RECONCILE_PAID_OTHER_DAY),
        paid("G", 100, RECONCILE_PAID_OTHER_DAY)};
    orders[4].refunded.fen = 100;
    orders[5].refunded.fen = 100;
    orders[6].credit_open = true;
    const struct reconcile_row rows[] = {row("A", "", 100),  row("C", "", 99),  row("D", "", 100),
                                         row("D", "R", 100), row("F", "R", 99), row("Z", "", 7),
                                         row("Z", "R", 2)};
    char text[512];
    struct strbuf buf;
    strbuf_init(&buf, text, sizeof(text));
    const struct reconcile_sink sink = {add_gain, &buf};
    CHECK(reconcile_day(INPUT(orders, rows), &sink, &sums));
    CHECK_EQ_STR(text, "A 100/0 +100;B 0/100 -100;C 99/100 -1;D 100/0 +100;D 100/0 -100;"
                       "E 0/100 +100;F 99/100 +1;G 0/100 +0;Z 5/0 +5;");
}

TEST(kinds_have_names)
{
    enum reconcile_kind kind = RECONCILE_KIND_COUNT;
    for (int i = 0; i < RECONCILE_KIND_COUNT; i++) {
        CHECK(reconcile_kind_parse(reconcile_kind_name((enum reconcile_kind)i), &kind));
        CHECK_EQ_I64(kind, i);
    }
    CHECK(!reconcile_kind_parse("PAID", &kind));
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
    const struct reconcile_input input = {.orders = orders, .order_count = 1};
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
