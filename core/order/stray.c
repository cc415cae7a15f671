/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a stray payment can only go back, so its machine is a line with one loop (REVIEW back to
 * REFUND_DUE). Whoever refunds it, SUSPENSE falls to 0 exactly when it becomes REFUNDED.
 */
#include "core/order/stray.h"

#include "common/must.h"
#include "common/str.h"

static const char *const STATES[STRAY_STATE_COUNT] = {
    [STRAY_OPEN] = "OPEN",           [STRAY_REFUND_DUE] = "REFUND_DUE",
    [STRAY_REFUNDING] = "REFUNDING", [STRAY_REFUNDED] = "REFUNDED",
    [STRAY_REVIEW] = "REVIEW",
};

static const char *const EVENTS[STRAY_EV_COUNT] = {
    [STRAY_EV_OPERATOR_REFUND] = "operator_refund",
    [STRAY_EV_OPERATOR_REFUNDED] = "operator_refunded",
    [STRAY_EV_OPERATOR_REPAID] = "operator_repaid",
    [STRAY_EV_REFUND_SENT] = "refund_sent",
    [STRAY_EV_REFUND_OK] = "refund_ok",
    [STRAY_EV_REFUND_OPEN] = "refund_open",
    [STRAY_EV_REFUND_FAILED] = "refund_failed",
    [STRAY_EV_EXTERNAL_REFUND] = "external_refund",
};

struct turn {
    struct stray stray;
    struct stray_step step;
};

static void go(struct turn *turn, enum stray_state state, uint32_t intents)
{
    MUST(turn->stray.state != STRAY_REFUNDED);
    turn->stray.state = state;
    turn->step.changed = true;
    turn->step.intents |= intents;
}

static void paid_back(struct turn *turn, enum ledger_step posting)
{
    MUST(!turn->step.has_posting);
    turn->step.has_posting = true;
    turn->step.posting = posting;
    go(turn, STRAY_REFUNDED, 0);
}

static void on_open(struct turn *turn, enum stray_event event)
{
    if (event == STRAY_EV_OPERATOR_REFUND) {
        go(turn, STRAY_REFUND_DUE, STRAY_DO_REFUND);
    } else if (event == STRAY_EV_OPERATOR_REFUNDED || event == STRAY_EV_EXTERNAL_REFUND) {
        paid_back(turn, LEDGER_STRAY_REFUND);
    } else if (event == STRAY_EV_OPERATOR_REPAID) {
        paid_back(turn, LEDGER_STRAY_REPAY);
    }
}

static void on_refund_due(struct turn *turn, enum stray_event event)
{
    if (event == STRAY_EV_REFUND_SENT) {
        turn->stray.refund_numbered = true;
        go(turn, STRAY_REFUNDING, 0);
    } else if (event == STRAY_EV_EXTERNAL_REFUND) {
        paid_back(turn, LEDGER_STRAY_REFUND);
    }
}

static void on_refunding(struct turn *turn, enum stray_event event)
{
    if (event == STRAY_EV_REFUND_OK || event == STRAY_EV_EXTERNAL_REFUND) {
        paid_back(turn, LEDGER_STRAY_REFUND);
    } else if (event == STRAY_EV_REFUND_OPEN) {
        turn->step.intents |= STRAY_DO_REFUND_QUERY;
    } else if (event == STRAY_EV_REFUND_FAILED) {
        go(turn, STRAY_REVIEW, STRAY_DO_REVIEW | STRAY_DO_ALARM);
    }
}

struct stray stray_create(struct money amount, struct stray_step *ret_step)
{
    MUST(amount.fen > 0);
    *ret_step = (struct stray_step){.changed = true,
                                    .intents = STRAY_DO_REVIEW | STRAY_DO_ALARM,
                                    .has_posting = true,
                                    .posting = LEDGER_STRAY_RECEIVE};
    return (struct stray){.state = STRAY_OPEN, .amount = amount};
}

struct stray stray_apply(const struct stray *stray, enum stray_event event,
                         struct stray_step *ret_step)
{
    MUST(stray->state < STRAY_STATE_COUNT);
    MUST(event < STRAY_EV_COUNT);
    struct turn turn = {.stray = *stray};
    switch (stray->state) {
    case STRAY_OPEN:
    case STRAY_REVIEW:
        on_open(&turn, event);
        break;
    case STRAY_REFUND_DUE:
        on_refund_due(&turn, event);
        break;
    case STRAY_REFUNDING:
        on_refunding(&turn, event);
        break;
    case STRAY_REFUNDED:
    case STRAY_STATE_COUNT:
        break;
    }
    *ret_step = turn.step;
    return turn.stray;
}

const char *stray_state_name(enum stray_state state)
{
    MUST(state < STRAY_STATE_COUNT);
    return STATES[state];
}

bool stray_state_parse(const char *name, enum stray_state *ret_state)
{
    for (size_t i = 0; i < STRAY_STATE_COUNT; i++) {
        if (str_equal(name, STATES[i])) {
            *ret_state = (enum stray_state)i;
            return true;
        }
    }
    return false;
}

const char *stray_event_name(enum stray_event event)
{
    MUST(event < STRAY_EV_COUNT);
    return EVENTS[event];
}
