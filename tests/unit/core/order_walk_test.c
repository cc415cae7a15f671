/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks through the machine of orders with a ledger of their own: whatever events come in
 * whatever order, the books balance, nothing is posted twice, money that came in stands in exactly
 * one place, and nobody is credited and paid back.
 */
#include "core/order/order.h"
#include "tests/unit/core/draw.h"
#include "tests/unit/test.h"

enum { WALKS = 20000, STEPS_MAX = 40, AMOUNT = 511 };

struct books {
    int64_t fen[LEDGER_ACCOUNT_COUNT];
    unsigned posted[LEDGER_STEP_COUNT];
};

static void book(struct books *books, const struct order_step *step)
{
    for (size_t i = 0; i < step->posting_count; i++) {
        struct ledger_posting posting = {0};
        CHECK(ledger_post(step->postings[i].step, step->postings[i].amount, &posting));
        CHECK(ledger_is_balanced(&posting));
        books->posted[posting.step] += 1;
        CHECK_EQ_U64(books->posted[posting.step], 1); /* the key (order, step) is unique */
        for (size_t leg = 0; leg < posting.leg_count; leg++) {
            books->fen[posting.legs[leg].account] += posting.legs[leg].amount.fen;
        }
    }
}

static struct order_event draw_event(struct draw *draw)
{
    uint32_t kind = draw_below(draw, ORDER_EV_KIND_COUNT);
    struct order_event event = {.kind = (enum order_event_kind)kind};
    uint32_t amount = draw_below(draw, 10);
    uint32_t trade = draw_below(draw, 12);
    uint32_t currency = draw_below(draw, 20);
    if (event.kind == ORDER_EV_PAID) {
        event.amount = money_fen(amount == 0 ? AMOUNT - 1 : AMOUNT);
        event.currency_wrong = currency == 0;
        (void)snprintf(event.trade_no, sizeof(event.trade_no), trade == 0 ? "T2" : "T1");
    }
    if (event.kind == ORDER_EV_EXTERNAL_REFUND) {
        event.amount = money_fen(amount < 3 ? 0 : (amount == 3 ? 5 : AMOUNT));
    }
    if (event.kind == ORDER_EV_PARTIAL_REFUND) {
        event.amount = money_fen(amount < 5 ? 0 : AMOUNT);
    }
    return event;
}

static void check_money(const struct order *order, const struct books *books)
{
    const int64_t paid = order->paid.fen;
    const bool meanwhile = (order->flags & ORDER_REFUNDED_MEANWHILE) != 0;
    CHECK_EQ_I64(books->fen[LEDGER_HELD], order->money == ORDER_MONEY_HELD ? -paid : 0);
    CHECK_EQ_I64(books->fen[LEDGER_REFPAY], order->money == ORDER_MONEY_REFPAY ? -paid : 0);
    const bool open = meanwhile && order->money == ORDER_MONEY_HELD;
    CHECK_EQ_I64(books->fen[LEDGER_SUSPENSE], open ? paid : 0);
    CHECK_EQ_I64(books->fen[LEDGER_RECV], order->money == ORDER_MONEY_NONE ? 0 : paid);
    int64_t sum = 0;
    for (int i = 0; i < LEDGER_ACCOUNT_COUNT; i++) {
        sum += books->fen[i];
    }
    CHECK_EQ_I64(sum, 0);
}

static void check_fate(const struct order *order, const struct books *books)
{
    const bool credited = books->fen[LEDGER_METER] != 0;
    const bool ours = books->posted[LEDGER_REFUND] + books->posted[LEDGER_REPAY] +
                          books->posted[LEDGER_REPAY_FROM_HELD] >
                      0;
    const bool back = books->fen[LEDGER_REFOUT] != 0 || books->fen[LEDGER_BANK] != 0;
    CHECK(!(credited && ours));
    if (credited) {
        CHECK_EQ_I64(order->state, ORDER_DONE);
        CHECK_EQ_I64(books->fen[LEDGER_METER], -AMOUNT);
        CHECK(!back || books->fen[LEDGER_LOSS] == AMOUNT);
    }
    if (order->state == ORDER_REFUNDED) {
        CHECK(!credited && back);
        CHECK_EQ_I64(books->fen[LEDGER_REFOUT] + books->fen[LEDGER_BANK], -order->paid.fen);
    }
    if (order->state == ORDER_DONE) {
        CHECK(credited);
    }
}

static void walk(struct draw *draw, unsigned *ends)
{
    struct order order = order_create(money_fen(AMOUNT), LEDGER_METER);
    struct books books = {0};
    bool started = false;
    for (int i = 0; i < STEPS_MAX; i++) {
        const struct order before = order;
        const struct order_event event = draw_event(draw);
        struct order_step step = {0};
        order = order_apply(&before, &event, &step);
        book(&books, &step);
        check_money(&order, &books);
        check_fate(&order, &books);
        CHECK(!order_is_settled(before.state) || before.state == ORDER_CLOSED ||
              order.state == before.state);
        CHECK(!started || order.credit_started);
        started = order.credit_started;
        CHECK(!before.refund_numbered || order.refund_numbered);
        CHECK((before.flags & ~order.flags) == 0); /* flags are never taken back */
    }
    ends[order.state] += 1;
}

TEST(random_walks_keep_every_promise)
{
    struct draw draw = {test_seed};
    unsigned ends[ORDER_STATE_COUNT] = {0};
    for (int i = 0; i < WALKS; i++) {
        walk(&draw, ends);
    }
    (void)printf("# seed %" PRIu64 ":", test_seed);
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        (void)printf(" %s=%u", order_state_name((enum order_state)s), ends[s]);
    }
    (void)printf("\n");
    CHECK(ends[ORDER_DONE] > 0);
    CHECK(ends[ORDER_REFUNDED] > 0);
    CHECK(ends[ORDER_REVIEW] > 0);
    CHECK(ends[ORDER_CLOSED] > 0);
}

/* The same events give the same order: replay equals live. */
TEST(replay_equals_live)
{
    struct draw draw = {test_seed + 1};
    for (int i = 0; i < 500; i++) {
        struct order_event events[STEPS_MAX];
        struct order live = order_create(money_fen(AMOUNT), LEDGER_CUST);
        for (int e = 0; e < STEPS_MAX; e++) {
            struct order_step step = {0};
            events[e] = draw_event(&draw);
            live = order_apply(&live, &events[e], &step);
        }
        struct order replayed = order_create(money_fen(AMOUNT), LEDGER_CUST);
        for (int e = 0; e < STEPS_MAX; e++) {
            struct order_step step = {0};
            replayed = order_apply(&replayed, &events[e], &step);
        }
        CHECK_EQ_I64(live.state, replayed.state);
        CHECK_EQ_U64(live.flags, replayed.flags);
        CHECK_EQ_I64(live.money, replayed.money);
        CHECK_EQ_I64(live.paid.fen, replayed.paid.fen);
        CHECK_EQ_STR(live.trade_no, replayed.trade_no);
    }
}

TEST_MAIN()
