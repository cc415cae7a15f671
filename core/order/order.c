/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a turn holds the order as it becomes and the step that goes with it. order_apply() picks
 * one of five leaves by the kind of event (the attempt, the payment, the delivery, the refund, the
 * operators); each leaf names the states it acts in and leaves all others alone, so "not listed"
 * means "nothing changes" by construction. Money moves through the helpers at the top only: they
 * keep the order's own idea of where the money is and the postings in step.
 */
#include "core/order/order.h"

#include "common/must.h"
#include "common/str.h"

struct turn {
    struct order order;
    struct order_step step;
};

/* ---- the helpers that change a turn ---- */

static void intend(struct turn *turn, uint32_t intents)
{
    MUST((intents & ~(uint32_t)ORDER_INTENTS_ALL) == 0);
    turn->step.intents |= intents;
}

static void go(struct turn *turn, enum order_state state, uint32_t intents)
{
    MUST(state < ORDER_STATE_COUNT);
    turn->order.state = state;
    turn->step.changed = true;
    intend(turn, intents);
}

static void flag(struct turn *turn, uint32_t flags)
{
    MUST((flags & ~(uint32_t)ORDER_FLAGS_ALL) == 0);
    if ((turn->order.flags & flags) != flags) {
        turn->order.flags |= flags;
        turn->step.changed = true;
    }
}

static void post(struct turn *turn, enum ledger_step step, enum order_money money)
{
    MUST(turn->step.posting_count < ORDER_POSTINGS_MAX);
    MUST(turn->order.paid.fen > 0);
    turn->step.postings[turn->step.posting_count] =
        (struct order_posting){.step = step, .amount = turn->order.paid};
    turn->step.posting_count += 1;
    turn->order.money = money;
    turn->step.changed = true;
}

static void receive(struct turn *turn, struct money amount, const char *trade_no)
{
    MUST(turn->order.money == ORDER_MONEY_NONE);
    MUST(amount.fen > 0);
    turn->order.paid = amount;
    MUST(str_copy(turn->order.trade_no, sizeof(turn->order.trade_no), trade_no));
    post(turn, LEDGER_RECEIVE, ORDER_MONEY_HELD);
}

static void hand_over(struct turn *turn)
{
    enum ledger_step step = LEDGER_CREDIT_CUST;
    MUST(turn->order.money == ORDER_MONEY_HELD);
    MUST(ledger_credit_step(turn->order.credit_to, &step));
    post(turn, step, ORDER_MONEY_GONE);
}

static void refund_due(struct turn *turn)
{
    if (turn->order.money == ORDER_MONEY_HELD) {
        post(turn, LEDGER_OWE_REFUND, ORDER_MONEY_REFPAY);
    }
    MUST(turn->order.money == ORDER_MONEY_REFPAY);
    go(turn, ORDER_REFUND_DUE, ORDER_DO_REFUND | ORDER_DO_NOTICE_REFUND_ORDERED);
}

static void review(struct turn *turn, uint32_t reason)
{
    flag(turn, reason);
    go(turn, ORDER_REVIEW,
       ORDER_DO_REVIEW | ORDER_DO_NOTICE_REVIEW | ORDER_DO_STOP_DELIVERY | ORDER_DO_HIDE_QR |
           ORDER_DO_ALARM);
}

/* True where nobody has told us of money yet: NEW, WAIT_PAY, CLOSING, CLOSED. */
static bool is_unpaid(enum order_state state)
{
    return state == ORDER_NEW || state == ORDER_WAIT_PAY || state == ORDER_CLOSING ||
           state == ORDER_CLOSED;
}

/* ---- the attempt: QR, window, close ---- */

static void on_new(struct turn *turn, enum order_event_kind kind)
{
    if (kind == ORDER_EV_PRECREATE_OK) {
        go(turn, ORDER_WAIT_PAY, ORDER_DO_POLL);
    } else if (kind == ORDER_EV_PRECREATE_UNKNOWN) {
        turn->order.precreate_open = true;
        turn->step.changed = true;
        intend(turn, ORDER_DO_PRECREATE);
    } else if (kind == ORDER_EV_PRECREATE_REJECT && turn->order.precreate_open) {
        /* An earlier try may have made a payable order: only a query can tell. */
        intend(turn, ORDER_DO_QUERY);
    } else if (kind == ORDER_EV_PRECREATE_REJECT) {
        go(turn, ORDER_CLOSED, ORDER_DO_HIDE_QR);
    }
}

static void on_closing(struct turn *turn, enum order_event_kind kind)
{
    if (kind == ORDER_EV_CLOSE_OK || (kind == ORDER_EV_QUERY_NOT_EXIST && turn->order.qr_dead)) {
        go(turn, ORDER_CLOSED, ORDER_DO_WATCH_CLOSED);
    } else if (kind == ORDER_EV_SUPERSEDED) {
        go(turn, ORDER_CLOSED, ORDER_DO_CLOSE | ORDER_DO_WATCH_CLOSED);
    } else if (kind == ORDER_EV_QUERY_UNPAID || kind == ORDER_EV_QUERY_NOT_EXIST) {
        intend(turn, ORDER_DO_CLOSE);
    } else if (kind == ORDER_EV_CLOSE_REFUSED) {
        intend(turn, ORDER_DO_QUERY); /* most likely somebody has just paid */
    } else if (kind == ORDER_EV_CLOSE_UNKNOWN || kind == ORDER_EV_QUERY_UNKNOWN) {
        intend(turn, ORDER_DO_QUERY_LATER);
    }
}

static void on_window_over(struct turn *turn)
{
    if (turn->order.state == ORDER_NEW || turn->order.state == ORDER_WAIT_PAY) {
        go(turn, ORDER_CLOSING, ORDER_DO_HIDE_QR | ORDER_DO_QUERY);
    }
}

static void on_query_closed(struct turn *turn)
{
    const enum order_state state = turn->order.state;
    if (state == ORDER_NEW || state == ORDER_WAIT_PAY || state == ORDER_CLOSING) {
        go(turn, ORDER_CLOSED, ORDER_DO_HIDE_QR | ORDER_DO_WATCH_CLOSED);
    }
}

static void on_qr_dead(struct turn *turn)
{
    if (!turn->order.qr_dead) {
        turn->order.qr_dead = true;
        turn->step.changed = true;
    }
    if (turn->order.state == ORDER_CLOSING) {
        intend(turn, ORDER_DO_QUERY);
    }
}

static void on_attempt(struct turn *turn, enum order_event_kind kind)
{
    if (kind == ORDER_EV_TIMEOUT || kind == ORDER_EV_CANCEL || kind == ORDER_EV_KIOSK_GONE) {
        on_window_over(turn);
    } else if (kind == ORDER_EV_QR_DEAD) {
        on_qr_dead(turn);
    } else if (kind == ORDER_EV_QUERY_CLOSED) {
        on_query_closed(turn);
    } else if (turn->order.state == ORDER_NEW) {
        on_new(turn, kind);
    } else if (turn->order.state == ORDER_WAIT_PAY) {
        intend(turn, ORDER_DO_POLL); /* whatever the query said short of paid or closed */
    } else if (turn->order.state == ORDER_CLOSING) {
        on_closing(turn, kind);
    }
}

/* ---- the payment: evidence that money came, or went back ---- */

static void on_first_payment(struct turn *turn, const struct order_event *event)
{
    const bool late = turn->order.state == ORDER_CLOSED;
    const bool wrong = event->currency_wrong || event->amount.fen != turn->order.amount.fen;
    if (!event->currency_wrong) {
        /* An amount in another currency is not fen: a person finds out what it is. */
        receive(turn, event->amount, event->trade_no);
    }
    if (turn->order.state == ORDER_REVIEW) {
        return; /* two persons decide; the books now know the money */
    }
    if (wrong) {
        review(turn, ORDER_MISMATCH);
    } else if (late) {
        flag(turn, ORDER_LATE_PAY);
        refund_due(turn);
    } else {
        go(turn, ORDER_PAID, ORDER_DO_HIDE_QR | ORDER_DO_CREDIT);
    }
}

/* True if @p event speaks of another payment than the one we know. */
static bool is_second_payment(const struct order *order, const struct order_event *event)
{
    return order->trade_no[0] != '\0' && event->trade_no[0] != '\0' &&
           !str_equal(order->trade_no, event->trade_no);
}

static void on_paid_again(struct turn *turn, const struct order_event *event)
{
    const bool second = is_second_payment(&turn->order, event);
    const bool other = event->currency_wrong || event->amount.fen != turn->order.paid.fen;
    if (!second && !other) {
        return; /* the same statement once more */
    }
    intend(turn, ORDER_DO_ALARM | (second ? (uint32_t)ORDER_DO_STRAY : 0U));
    if (turn->order.state == ORDER_PAID) {
        review(turn, ORDER_MISMATCH);
    } else {
        flag(turn, ORDER_MISMATCH);
    }
}

static void on_paid(struct turn *turn, const struct order_event *event)
{
    if (event->amount.fen <= 0) {
        intend(turn, ORDER_DO_ALARM); /* no provider says so of a payment: not evidence */
    } else if (turn->order.money == ORDER_MONEY_NONE) {
        on_first_payment(turn, event);
    } else {
        on_paid_again(turn, event);
    }
}

/* Refunded by others: the payment is booked first if we never knew of it. */
static void on_refunded_unpaid(struct turn *turn, const struct order_event *event)
{
    const struct money amount = event->amount.fen > 0 ? event->amount : turn->order.amount;
    receive(turn, amount, event->trade_no);
    post(turn, LEDGER_REFUND_FROM_HELD, ORDER_MONEY_GONE);
    flag(turn, ORDER_EXTERNAL_REFUND);
    go(turn, ORDER_REFUNDED, ORDER_DO_HIDE_QR | ORDER_DO_NOTICE_REFUNDED | ORDER_DO_ALARM);
}

static void on_refunded_paid(struct turn *turn)
{
    const bool ours = turn->order.state == ORDER_REFUNDING;
    const bool held = turn->order.money == ORDER_MONEY_HELD;
    post(turn, held ? LEDGER_REFUND_FROM_HELD : LEDGER_REFUND, ORDER_MONEY_GONE);
    if (!ours) {
        flag(turn, ORDER_EXTERNAL_REFUND);
        intend(turn, ORDER_DO_ALARM | ORDER_DO_STOP_DELIVERY);
    }
    go(turn, ORDER_REFUNDED, ORDER_DO_RECEIPT | ORDER_DO_NOTICE_REFUNDED);
}

/* The value may be with the device as well: whose loss it is, two persons find out. */
static void on_refunded_crediting(struct turn *turn)
{
    if ((turn->order.flags & ORDER_REFUNDED_MEANWHILE) != 0) {
        return;
    }
    post(turn, LEDGER_REFUND_MEANWHILE, ORDER_MONEY_HELD);
    if (turn->order.state == ORDER_CREDITING) {
        review(turn, ORDER_REFUNDED_MEANWHILE);
    } else {
        flag(turn, ORDER_REFUNDED_MEANWHILE);
        intend(turn, ORDER_DO_ALARM | ORDER_DO_STOP_DELIVERY);
    }
}

static void on_refunded_done(struct turn *turn)
{
    const uint32_t known = ORDER_REFUNDED_AFTER_CREDIT | ORDER_REFUNDED_MEANWHILE;
    if ((turn->order.flags & known) == 0) {
        post(turn, LEDGER_REFUND_AFTER, ORDER_MONEY_GONE);
        flag(turn, ORDER_REFUNDED_AFTER_CREDIT);
        intend(turn, ORDER_DO_ALARM);
    }
}

/*
 * @p paid: the whole payment, if it is not known yet. What is being credited is stopped where it
 * stands; nothing is booked, since how much went back is not known or not the whole.
 */
static void on_partial_refund(struct turn *turn, struct money paid, const char *trade_no)
{
    if (is_unpaid(turn->order.state) && paid.fen > 0) {
        receive(turn, paid, trade_no);
    }
    if (is_unpaid(turn->order.state) || turn->order.state == ORDER_PAID) {
        review(turn, ORDER_MISMATCH);
    } else if (turn->order.state == ORDER_CREDITING) {
        review(turn, ORDER_MISMATCH | ORDER_CREDIT_UNKNOWN);
    } else {
        flag(turn, ORDER_MISMATCH);
        intend(turn, ORDER_DO_ALARM);
    }
}

static void on_external_refund(struct turn *turn, const struct order_event *event)
{
    const struct order *order = &turn->order;
    const bool unpaid = is_unpaid(order->state);
    const struct money whole = unpaid ? order->amount : order->paid;
    if (event->amount.fen > 0 && event->amount.fen != whole.fen) {
        /* Not the sum we know of: a part, or more than we believe was paid. */
        on_partial_refund(turn, money_fen(0), "");
    } else if (unpaid) {
        on_refunded_unpaid(turn, event);
    } else if (order->state == ORDER_PAID || order->state == ORDER_REFUND_DUE ||
               order->state == ORDER_REFUNDING) {
        on_refunded_paid(turn);
    } else if (order->state == ORDER_CREDITING ||
               (order->state == ORDER_REVIEW && (order->flags & ORDER_CREDIT_UNKNOWN) != 0 &&
                order->money == ORDER_MONEY_HELD)) {
        on_refunded_crediting(turn);
    } else if (order->state == ORDER_DONE) {
        on_refunded_done(turn);
    } else if (order->state == ORDER_REVIEW) {
        intend(turn, ORDER_DO_ALARM);
    }
}

/* ---- the delivery ---- */

static void on_proof_in_review(struct turn *turn, enum order_event_kind kind)
{
    const bool credited = kind == ORDER_EV_CREDIT_OK || kind == ORDER_EV_READBACK_CREDITED;
    const bool failed = kind == ORDER_EV_CREDIT_FAILED || kind == ORDER_EV_READBACK_NOT_CREDITED;
    if (!turn->order.credit_started) {
        return;
    }
    if (credited) {
        intend(turn, ORDER_DO_SIGN_DONE | ORDER_DO_ALARM);
    } else if (failed) {
        intend(turn, ORDER_DO_SIGN_REFUND | ORDER_DO_ALARM);
    }
}

static void on_not_credited(struct turn *turn)
{
    MUST(turn->order.not_credited < ORDER_READBACK_TRIES);
    turn->order.not_credited += 1;
    turn->step.changed = true;
    if (turn->order.not_credited == ORDER_READBACK_TRIES) {
        refund_due(turn);
    }
}

static void on_crediting(struct turn *turn, enum order_event_kind kind)
{
    if (kind == ORDER_EV_CREDIT_OK || kind == ORDER_EV_READBACK_CREDITED) {
        hand_over(turn);
        go(turn, ORDER_DONE, ORDER_DO_RECEIPT | ORDER_DO_NOTICE_CREDITED);
    } else if (kind == ORDER_EV_CREDIT_UNKNOWN) {
        intend(turn, ORDER_DO_READ_BACK);
    } else if (kind == ORDER_EV_READBACK_NOT_CREDITED) {
        on_not_credited(turn);
    } else if (kind == ORDER_EV_CREDIT_FAILED) {
        refund_due(turn);
    } else if (kind == ORDER_EV_CREDIT_DEADLINE) {
        review(turn, ORDER_CREDIT_UNKNOWN);
    }
}

static void on_delivery(struct turn *turn, enum order_event_kind kind)
{
    if (turn->order.state == ORDER_PAID && kind == ORDER_EV_CREDIT_START) {
        MUST(!turn->order.credit_started);
        turn->order.credit_started = true;
        go(turn, ORDER_CREDITING, 0);
    } else if (turn->order.state == ORDER_CREDITING) {
        on_crediting(turn, kind);
    } else if (turn->order.state == ORDER_REVIEW) {
        on_proof_in_review(turn, kind);
    }
}

/* ---- the refund ---- */

static void on_refunding(struct turn *turn, enum order_event_kind kind)
{
    if (kind == ORDER_EV_REFUND_OK) {
        post(turn, LEDGER_REFUND, ORDER_MONEY_GONE);
        go(turn, ORDER_REFUNDED, ORDER_DO_RECEIPT | ORDER_DO_NOTICE_REFUNDED);
    } else if (kind == ORDER_EV_REFUND_LOW_BALANCE) {
        intend(turn, ORDER_DO_REFUND_QUERY | ORDER_DO_ALARM);
    } else if (kind == ORDER_EV_REFUND_UNKNOWN || kind == ORDER_EV_REFUND_PROCESSING) {
        intend(turn, ORDER_DO_REFUND_QUERY);
    } else if (kind != ORDER_EV_REFUND_SENT) {
        review(turn, ORDER_REFUND_FAILED); /* abnormal, closed, not allowed, overdue */
    }
}

static void on_refund(struct turn *turn, enum order_event_kind kind)
{
    if (turn->order.state == ORDER_REFUND_DUE && kind == ORDER_EV_REFUND_SENT) {
        turn->order.refund_numbered = true;
        go(turn, ORDER_REFUNDING, 0);
    } else if (turn->order.state == ORDER_REFUNDING) {
        on_refunding(turn, kind);
    }
}

/* ---- two persons ---- */

static void on_operator_done(struct turn *turn)
{
    const uint32_t reasons = ORDER_CREDIT_UNKNOWN | ORDER_REFUNDED_MEANWHILE;
    const bool fit = (turn->order.flags & reasons) != 0 && turn->order.credit_started;
    if (!fit || turn->order.money != ORDER_MONEY_HELD) {
        return;
    }
    hand_over(turn);
    if ((turn->order.flags & ORDER_REFUNDED_MEANWHILE) != 0) {
        post(turn, LEDGER_MEANWHILE_LOST, ORDER_MONEY_GONE);
    }
    go(turn, ORDER_DONE, ORDER_DO_RECEIPT | ORDER_DO_NOTICE_CREDITED);
}

static void on_operator_refund(struct turn *turn)
{
    const bool meanwhile = (turn->order.flags & ORDER_REFUNDED_MEANWHILE) != 0;
    if (!meanwhile && turn->order.money != ORDER_MONEY_NONE) {
        refund_due(turn);
    }
}

static void on_operator_refunded(struct turn *turn, bool from_bank)
{
    const bool meanwhile = (turn->order.flags & ORDER_REFUNDED_MEANWHILE) != 0;
    if (meanwhile && from_bank) {
        return; /* it was paid back already by the provider */
    }
    if (turn->order.money == ORDER_MONEY_NONE) {
        /* Paid in an amount that nobody could read: it comes and goes as what we had asked for. */
        receive(turn, turn->order.amount, "");
    }
    const bool held = turn->order.money == ORDER_MONEY_HELD;
    if (meanwhile) {
        post(turn, LEDGER_MEANWHILE_CLEARED, ORDER_MONEY_GONE);
    } else if (from_bank) {
        post(turn, held ? LEDGER_REPAY_FROM_HELD : LEDGER_REPAY, ORDER_MONEY_GONE);
    } else {
        post(turn, held ? LEDGER_REFUND_FROM_HELD : LEDGER_REFUND, ORDER_MONEY_GONE);
    }
    go(turn, ORDER_REFUNDED, ORDER_DO_RECEIPT | ORDER_DO_NOTICE_REFUNDED);
}

static void on_operator(struct turn *turn, enum order_event_kind kind)
{
    if (turn->order.state != ORDER_REVIEW) {
        return;
    }
    MUST(turn->order.money != ORDER_MONEY_GONE);
    if (kind == ORDER_EV_OPERATOR_DONE) {
        on_operator_done(turn);
    } else if (kind == ORDER_EV_OPERATOR_REFUND) {
        on_operator_refund(turn);
    } else if (kind == ORDER_EV_OPERATOR_CLOSE) {
        if (turn->order.money == ORDER_MONEY_NONE) {
            go(turn, ORDER_CLOSED, ORDER_DO_WATCH_CLOSED);
        }
    } else {
        on_operator_refunded(turn, kind == ORDER_EV_OPERATOR_REPAID);
    }
}

/* ---- after a restart ---- */

static uint32_t resume(enum order_state state)
{
    static const uint32_t INTENTS[ORDER_STATE_COUNT] = {
        [ORDER_NEW] = ORDER_DO_PRECREATE,     [ORDER_WAIT_PAY] = ORDER_DO_POLL,
        [ORDER_CLOSING] = ORDER_DO_QUERY,     [ORDER_CLOSED] = ORDER_DO_WATCH_CLOSED,
        [ORDER_PAID] = ORDER_DO_CREDIT,       [ORDER_CREDITING] = ORDER_DO_READ_BACK,
        [ORDER_REFUND_DUE] = ORDER_DO_REFUND, [ORDER_REFUNDING] = ORDER_DO_REFUND_QUERY,
        [ORDER_REVIEW] = ORDER_DO_REVIEW,
    };
    MUST(state < ORDER_STATE_COUNT);
    return INTENTS[state];
}

/* ---- the way in ---- */

static void apply(struct turn *turn, const struct order_event *event)
{
    const enum order_event_kind kind = event->kind;
    if (kind == ORDER_EV_PAID) {
        on_paid(turn, event);
    } else if (kind == ORDER_EV_EXTERNAL_REFUND) {
        on_external_refund(turn, event);
    } else if (kind == ORDER_EV_PARTIAL_REFUND) {
        on_partial_refund(turn, event->amount, event->trade_no);
    } else if (kind == ORDER_EV_CRASH) {
        intend(turn, resume(turn->order.state));
    } else if (kind == ORDER_EV_BAD_SIGNATURE) {
        intend(turn, ORDER_DO_ALARM);
    } else if (order_event_is_operator(kind)) {
        on_operator(turn, kind);
    } else if (order_event_is_delivery(kind)) {
        on_delivery(turn, kind);
    } else if (kind >= ORDER_EV_REFUND_SENT && kind <= ORDER_EV_REFUND_OVERDUE) {
        on_refund(turn, kind);
    } else {
        on_attempt(turn, kind);
    }
}

struct order order_create(struct money amount, enum ledger_account credit_to)
{
    enum ledger_step step = LEDGER_CREDIT_CUST;
    MUST(amount.fen > 0);
    MUST(ledger_credit_step(credit_to, &step));
    return (struct order){.state = ORDER_NEW, .amount = amount, .credit_to = credit_to};
}

struct order order_apply(const struct order *order, const struct order_event *event,
                         struct order_step *ret_step)
{
    MUST(event->kind < ORDER_EV_KIND_COUNT);
    MUST(order_is_sound(order));
    struct turn turn = {.order = *order};
    apply(&turn, event);
    MUST(order_is_sound(&turn.order));
    *ret_step = turn.step;
    return turn.order;
}

/* Where the money must be in each state; REVIEW may hold it in any place but GONE. */
static bool money_fits(const struct order *order)
{
    static const enum order_money MONEY[ORDER_STATE_COUNT] = {
        [ORDER_PAID] = ORDER_MONEY_HELD,        [ORDER_CREDITING] = ORDER_MONEY_HELD,
        [ORDER_DONE] = ORDER_MONEY_GONE,        [ORDER_REFUND_DUE] = ORDER_MONEY_REFPAY,
        [ORDER_REFUNDING] = ORDER_MONEY_REFPAY, [ORDER_REFUNDED] = ORDER_MONEY_GONE,
    };
    if (order->state == ORDER_REVIEW) {
        return order->money != ORDER_MONEY_GONE;
    }
    return order->money == MONEY[order->state];
}

bool order_is_sound(const struct order *order)
{
    const enum order_state state = order->state;
    if (state >= ORDER_STATE_COUNT || order->money >= ORDER_MONEY_COUNT || !money_fits(order)) {
        return false;
    }
    const bool delivering = state == ORDER_CREDITING || state == ORDER_DONE;
    if (delivering && (!order->credit_started || order->paid.fen != order->amount.fen)) {
        return false;
    }
    if (order->credit_started && (is_unpaid(state) || state == ORDER_PAID)) {
        return false;
    }
    if ((order->flags & ORDER_REFUNDED_MEANWHILE) != 0 && !order->credit_started) {
        return false;
    }
    return order->amount.fen > 0 && (order->flags & ~(uint32_t)ORDER_FLAGS_ALL) == 0 &&
           (order->paid.fen > 0) == (order->money != ORDER_MONEY_NONE) &&
           order->not_credited <= ORDER_READBACK_TRIES;
}

bool order_is_settled(enum order_state state)
{
    MUST(state < ORDER_STATE_COUNT);
    return state == ORDER_DONE || state == ORDER_REFUNDED || state == ORDER_CLOSED;
}
