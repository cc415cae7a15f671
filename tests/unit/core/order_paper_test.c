/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around an order: its number, its stray payments, what people may do in review. */
#include "core/order/order_number.h"
#include "core/order/review.h"
#include "core/order/stray.h"
#include "tests/unit/test.h"

/* ---- numbers ---- */

static struct order_number_parts parts(uint64_t counter)
{
    return (struct order_number_parts){1795147200, 3, counter, {0, 31, 32, 255}};
}

TEST(an_order_number_can_be_read)
{
    char number[ORDER_NUMBER_SIZE];
    struct order_number_parts first = parts(42);
    CHECK(order_number_make(&first, number));
    CHECK_EQ_STR(number, "SH2026112030000016"
                         "295168");
    CHECK(order_number_is_valid(number));
}

TEST(order_numbers_stay_inside_their_columns)
{
    char number[ORDER_NUMBER_SIZE] = "untouched";
    struct order_number_parts bad = parts(0);
    CHECK(!order_number_make(&bad, number));
    bad = parts(ORDER_NUMBER_COUNTER_MAX + 1);
    CHECK(!order_number_make(&bad, number));
    bad = parts(1);
    bad.epoch = ORDER_NUMBER_EPOCH_MAX + 1;
    CHECK(!order_number_make(&bad, number));
    CHECK_EQ_STR(number, "untouched");
    struct order_number_parts last = parts(ORDER_NUMBER_COUNTER_MAX);
    last.epoch = ORDER_NUMBER_EPOCH_MAX;
    CHECK(order_number_make(&last, number));
    CHECK_EQ_STR(number, "SH20261120Z"
                         "ZZZZZZZ"
                         "295168");
}

TEST(what_may_be_an_order_number)
{
    CHECK(order_number_is_valid("A_9zZ0"));
    CHECK(order_number_is_valid("12345678901234567890123456789012"));
    CHECK(!order_number_is_valid("123456789012345678901234567890123"));
    CHECK(!order_number_is_valid("12345"));
    CHECK(!order_number_is_valid(""));
    CHECK(!order_number_is_valid("SH2026-1"));
    CHECK(!order_number_is_valid("SH2026 1"));
}

TEST(the_refund_number_follows_from_the_order_number)
{
    char number[REFUND_NUMBER_SIZE] = "untouched";
    CHECK(order_number_of_refund("SH20261120300000160Z0Z", number));
    CHECK_EQ_STR(number, "SH20261120300000160Z0ZR1");
    char longest[64];
    (void)memset(longest, 'A', sizeof(longest));
    longest[63] = '\0';
    CHECK(!order_number_of_refund(longest, number));
    longest[62] = '\0';
    CHECK(order_number_of_refund(longest, number));
    CHECK_EQ_U64(strlen(number), 64);
}

/* ---- stray payments ---- */

TEST(a_stray_payment_is_owned_from_the_start)
{
    struct stray_step step = {0};
    struct stray stray = stray_create(money_fen(5), &step);
    CHECK_EQ_I64(stray.state, STRAY_OPEN);
    CHECK(step.has_posting);
    CHECK_EQ_I64(step.posting, LEDGER_STRAY_RECEIVE);
    CHECK_EQ_U64(step.intents, STRAY_DO_REVIEW | STRAY_DO_ALARM);
}

static struct stray stray_reach(enum stray_state state)
{
    struct stray_step step = {0};
    struct stray stray = stray_create(money_fen(5), &step);
    if (state == STRAY_OPEN) {
        return stray;
    }
    stray = stray_apply(&stray, STRAY_EV_OPERATOR_REFUND, &step);
    if (state == STRAY_REFUND_DUE) {
        return stray;
    }
    stray = stray_apply(&stray, STRAY_EV_REFUND_SENT, &step);
    if (state == STRAY_REFUNDED) {
        stray = stray_apply(&stray, STRAY_EV_REFUND_OK, &step);
    } else if (state == STRAY_REVIEW) {
        stray = stray_apply(&stray, STRAY_EV_REFUND_FAILED, &step);
    }
    return stray;
}

TEST(every_stray_state_with_every_event)
{
    static const enum stray_state TO[STRAY_STATE_COUNT][STRAY_EV_COUNT] = {
        [STRAY_OPEN] = {STRAY_REFUND_DUE, STRAY_REFUNDED, STRAY_REFUNDED, STRAY_OPEN, STRAY_OPEN,
                        STRAY_OPEN, STRAY_OPEN, STRAY_REFUNDED},
        [STRAY_REFUND_DUE] = {STRAY_REFUND_DUE, STRAY_REFUND_DUE, STRAY_REFUND_DUE, STRAY_REFUNDING,
                              STRAY_REFUND_DUE, STRAY_REFUND_DUE, STRAY_REFUND_DUE, STRAY_REFUNDED},
        [STRAY_REFUNDING] = {STRAY_REFUNDING, STRAY_REFUNDING, STRAY_REFUNDING, STRAY_REFUNDING,
                             STRAY_REFUNDED, STRAY_REFUNDING, STRAY_REVIEW, STRAY_REFUNDED},
        [STRAY_REFUNDED] = {STRAY_REFUNDED, STRAY_REFUNDED, STRAY_REFUNDED, STRAY_REFUNDED,
                            STRAY_REFUNDED, STRAY_REFUNDED, STRAY_REFUNDED, STRAY_REFUNDED},
        [STRAY_REVIEW] = {STRAY_REFUND_DUE, STRAY_REFUNDED, STRAY_REFUNDED, STRAY_REVIEW,
                          STRAY_REVIEW, STRAY_REVIEW, STRAY_REVIEW, STRAY_REFUNDED},
    };
    for (int s = 0; s < STRAY_STATE_COUNT; s++) {
        for (int e = 0; e < STRAY_EV_COUNT; e++) {
            struct stray stray = stray_reach((enum stray_state)s);
            CHECK_EQ_I64(stray.state, s);
            struct stray_step step = {0};
            stray = stray_apply(&stray, (enum stray_event)e, &step);
            CHECK_EQ_I64(stray.state, TO[s][e]);
            /* SUSPENSE falls exactly when the payment becomes REFUNDED. */
            CHECK_EQ_I64(step.has_posting, s != STRAY_REFUNDED && TO[s][e] == STRAY_REFUNDED);
            CHECK_EQ_I64(stray.amount.fen, 5);
        }
    }
}

TEST(stray_words)
{
    for (int s = 0; s < STRAY_STATE_COUNT; s++) {
        enum stray_state state = STRAY_STATE_COUNT;
        CHECK(stray_state_parse(stray_state_name((enum stray_state)s), &state));
        CHECK_EQ_I64(state, s);
    }
    enum stray_state state = STRAY_OPEN;
    CHECK(!stray_state_parse("open", &state));
    for (int e = 0; e < STRAY_EV_COUNT; e++) {
        CHECK(strlen(stray_event_name((enum stray_event)e)) > 3);
    }
    struct stray refunding = stray_reach(STRAY_REFUNDING);
    struct stray_step step = {0};
    (void)stray_apply(&refunding, STRAY_EV_REFUND_OPEN, &step);
    CHECK_EQ_U64(step.intents, STRAY_DO_REFUND_QUERY);
    CHECK(refunding.refund_numbered);
}

/* ---- review ---- */

static struct order in_review(uint32_t flags)
{
    struct order order = order_create(money_fen(511), LEDGER_METER);
    order.state = ORDER_REVIEW;
    order.flags = flags;
    order.paid = money_fen(511);
    order.money = (flags & ORDER_REFUND_FAILED) != 0 ? ORDER_MONEY_REFPAY : ORDER_MONEY_HELD;
    order.credit_started = (flags & (ORDER_CREDIT_UNKNOWN | ORDER_REFUNDED_MEANWHILE)) != 0;
    return order;
}

static const struct review_facts PLAIN = {
    .has_evidence = true, .has_reference = true, .provider_paid = true};

TEST(only_orders_in_review_are_decided)
{
    struct order order = order_create(money_fen(1), LEDGER_CUST);
    for (int d = 0; d < REVIEW_DECISION_COUNT; d++) {
        CHECK_EQ_I64(review_permit(&order, (enum review_decision)d, &PLAIN), REVIEW_NOT_IN_REVIEW);
    }
}

TEST(done_needs_the_right_reason_and_evidence)
{
    struct order mismatch = in_review(ORDER_MISMATCH);
    struct order failed = in_review(ORDER_REFUND_FAILED);
    struct order unknown = in_review(ORDER_CREDIT_UNKNOWN);
    struct order meanwhile = in_review(ORDER_REFUNDED_MEANWHILE);
    CHECK_EQ_I64(review_permit(&mismatch, REVIEW_DONE, &PLAIN), REVIEW_REASON_UNFIT);
    CHECK_EQ_I64(review_permit(&failed, REVIEW_DONE, &PLAIN), REVIEW_REASON_UNFIT);
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_DONE, &PLAIN), REVIEW_ALLOWED);
    CHECK_EQ_I64(review_permit(&meanwhile, REVIEW_DONE, &PLAIN), REVIEW_ALLOWED);
    struct review_facts bare = PLAIN;
    bare.has_evidence = false;
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_DONE, &bare), REVIEW_NO_EVIDENCE);
    struct review_facts voided = PLAIN;
    voided.delivery_exists = true;
    voided.delivery_void = true;
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_DONE, &voided), REVIEW_NOT_DELIVERED);
}

TEST(a_refund_needs_the_fence)
{
    struct order unknown = in_review(ORDER_CREDIT_UNKNOWN);
    struct review_facts open = PLAIN;
    open.delivery_exists = true;
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REFUND, &open), REVIEW_NOT_FENCED);
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REFUNDED, &open), REVIEW_NOT_FENCED);
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REPAID, &open), REVIEW_NOT_FENCED);
    struct review_facts fenced = open;
    fenced.delivery_void = true;
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REFUND, &fenced), REVIEW_ALLOWED);
    struct review_facts proof = open;
    proof.physical_proof = true;
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REFUND, &proof), REVIEW_ALLOWED);
    struct review_facts delivered = open;
    delivered.delivery_delivered = true;
    delivered.physical_proof = true;
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REFUND, &delivered), REVIEW_DELIVERED);
    CHECK_EQ_I64(review_permit(&unknown, REVIEW_REPAID, &delivered), REVIEW_DELIVERED);
}

TEST(nothing_is_paid_back_twice)
{
    struct order mismatch = in_review(ORDER_MISMATCH);
    struct order meanwhile = in_review(ORDER_REFUNDED_MEANWHILE);
    struct review_facts refunded = PLAIN;
    refunded.provider_refunded = true;
    CHECK_EQ_I64(review_permit(&mismatch, REVIEW_REFUND, &refunded), REVIEW_ALREADY_REFUNDED);
    CHECK_EQ_I64(review_permit(&mismatch, REVIEW_REPAID, &refunded), REVIEW_ALREADY_REFUNDED);
    CHECK_EQ_I64(review_permit(&mismatch, REVIEW_REFUNDED, &refunded), REVIEW_ALLOWED);
    CHECK_EQ_I64(review_permit(&meanwhile, REVIEW_REFUND, &PLAIN), REVIEW_ALREADY_REFUNDED);
    CHECK_EQ_I64(review_permit(&meanwhile, REVIEW_REPAID, &PLAIN), REVIEW_ALREADY_REFUNDED);
    struct review_facts bare = PLAIN;
    bare.has_reference = false;
    CHECK_EQ_I64(review_permit(&mismatch, REVIEW_REFUNDED, &bare), REVIEW_NO_REFERENCE);
}

TEST(only_what_was_never_paid_can_be_closed)
{
    struct order paid = in_review(ORDER_MISMATCH);
    struct order unpaid = paid;
    unpaid.paid = money_fen(0);
    unpaid.money = ORDER_MONEY_NONE;
    struct review_facts nothing = {0};
    CHECK_EQ_I64(review_permit(&paid, REVIEW_CLOSE, &nothing), REVIEW_PAID);
    CHECK_EQ_I64(review_permit(&unpaid, REVIEW_CLOSE, &PLAIN), REVIEW_PAID);
    CHECK_EQ_I64(review_permit(&unpaid, REVIEW_CLOSE, &nothing), REVIEW_ALLOWED);
    CHECK_EQ_I64(review_permit(&unpaid, REVIEW_REFUND, &nothing), REVIEW_REASON_UNFIT);
    struct review_facts reference = {.has_reference = true};
    CHECK_EQ_I64(review_permit(&unpaid, REVIEW_REFUNDED, &reference), REVIEW_REASON_UNFIT);
}

/* The provider says paid, and nobody can read how much: still somebody can have paid it back. */
TEST(what_cannot_be_booked_can_be_settled)
{
    struct order unread = in_review(ORDER_MISMATCH);
    unread.paid = money_fen(0);
    unread.money = ORDER_MONEY_NONE;
    struct review_facts bare = PLAIN;
    bare.has_reference = false;
    CHECK_EQ_I64(review_permit(&unread, REVIEW_REFUND, &PLAIN), REVIEW_REASON_UNFIT);
    CHECK_EQ_I64(review_permit(&unread, REVIEW_REFUNDED, &PLAIN), REVIEW_ALLOWED);
    CHECK_EQ_I64(review_permit(&unread, REVIEW_REPAID, &PLAIN), REVIEW_ALLOWED);
    CHECK_EQ_I64(review_permit(&unread, REVIEW_REPAID, &bare), REVIEW_NO_REFERENCE);
}

TEST(two_different_persons_the_same_decision_in_time)
{
    struct review_signature first = {REVIEW_REFUND, "li", 1000, 7};
    struct review_signature second = {REVIEW_REFUND, "wang", 0, 7};
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_ALLOWED);
    second.person = "li";
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_SAME_PERSON);
    second = (struct review_signature){REVIEW_DONE, "wang", 0, 7};
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_OTHER_DECISION);
    second = (struct review_signature){REVIEW_REFUND, "wang", 0, 8};
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_SIGNATURE_OLD);
    second.version = 7;
    first.age_ms = 30 * 60 * 1000;
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_ALLOWED);
    first.age_ms += 1;
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_SIGNATURE_OLD);
    /* The device's proof is the first signature and stays one. */
    first.person = "";
    first.age_ms = INT64_C(100000000);
    first.version = 2;
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_ALLOWED);
    second.decision = REVIEW_DONE;
    CHECK_EQ_I64(review_countersign(&first, &second), REVIEW_OTHER_DECISION);
}

TEST(review_words_and_events)
{
    for (int d = 0; d < REVIEW_DECISION_COUNT; d++) {
        enum review_decision decision = REVIEW_DECISION_COUNT;
        CHECK(review_decision_parse(review_decision_name((enum review_decision)d), &decision));
        CHECK_EQ_I64(decision, d);
        CHECK(order_event_is_operator(review_event(decision)));
    }
    enum review_decision decision = REVIEW_DONE;
    CHECK(!review_decision_parse("DONE", &decision));
    for (int r = 0; r < REVIEW_REFUSAL_COUNT; r++) {
        CHECK(strlen(review_refusal_name((enum review_refusal)r)) > 3);
    }
}

TEST_MAIN()
