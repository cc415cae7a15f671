/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one row for each event says from which states it leads to which others; an event may
 * always leave the state as it is. Where the money stands (nowhere, HELD, REFPAY, gone) follows
 * from the states alone, and with it the posting that each change demands.
 */
#include "cloud/auditor/fold.h"

#include "common/compiler.h"
#include "common/str.h"

enum state {
    NEW,
    WAIT_PAY,
    CLOSING,
    CLOSED,
    PAID,
    CREDITING,
    DONE,
    REFUND_DUE,
    REFUNDING,
    REFUNDED,
    REVIEW,
    STATE_COUNT
};

static const char *const STATES[STATE_COUNT] = {"NEW",       "WAIT_PAY",  "CLOSING", "CLOSED",
                                                "PAID",      "CREDITING", "DONE",    "REFUND_DUE",
                                                "REFUNDING", "REFUNDED",  "REVIEW"};

#define IN(state) (1U << (unsigned)(state))
#define TRYING (IN(NEW) | IN(WAIT_PAY) | IN(CLOSING))
#define UNPAID (TRYING | IN(CLOSED))

struct way {
    const char *event;
    unsigned from;
    unsigned to;
};

static const struct way WAYS[] = {
    {"precreate_ok", IN(NEW), IN(WAIT_PAY)},
    {"precreate_unknown", 0, 0},
    {"precreate_reject", IN(NEW), IN(CLOSED)},
    {"timeout", IN(NEW) | IN(WAIT_PAY), IN(CLOSING)},
    {"cancel", IN(NEW) | IN(WAIT_PAY), IN(CLOSING)},
    {"kiosk_gone", IN(NEW) | IN(WAIT_PAY), IN(CLOSING)},
    {"superseded", IN(CLOSING), IN(CLOSED)},
    {"qr_dead", 0, 0},
    {"paid", TRYING, IN(PAID)},
    {"paid", UNPAID | IN(PAID), IN(REVIEW)},
    {"paid", IN(CLOSED), IN(REFUND_DUE)},
    {"query_unpaid", 0, 0},
    {"query_closed", TRYING, IN(CLOSED)},
    {"query_not_exist", IN(CLOSING), IN(CLOSED)},
    {"query_unknown", 0, 0},
    {"close_ok", IN(CLOSING), IN(CLOSED)},
    {"close_unknown", 0, 0},
    {"close_refused", 0, 0},
    {"external_refund", UNPAID | IN(PAID) | IN(REFUND_DUE) | IN(REFUNDING), IN(REFUNDED)},
    {"external_refund", UNPAID | IN(PAID) | IN(CREDITING), IN(REVIEW)},
    {"partial_refund", UNPAID | IN(PAID) | IN(CREDITING), IN(REVIEW)},
    {"credit_start", IN(PAID), IN(CREDITING)},
    {"credit_ok", IN(CREDITING), IN(DONE)},
    {"readback_credited", IN(CREDITING), IN(DONE)},
    {"credit_unknown", 0, 0},
    {"readback_not_credited", IN(CREDITING), IN(REFUND_DUE)},
    {"credit_failed", IN(CREDITING), IN(REFUND_DUE)},
    {"credit_deadline", IN(CREDITING), IN(REVIEW)},
    {"refund_sent", IN(REFUND_DUE), IN(REFUNDING)},
    {"refund_ok", IN(REFUNDING), IN(REFUNDED)},
    {"refund_unknown", 0, 0},
    {"refund_processing", 0, 0},
    {"refund_low_balance", 0, 0},
    {"refund_abnormal", IN(REFUNDING), IN(REVIEW)},
    {"refund_closed", IN(REFUNDING), IN(REVIEW)},
    {"refund_not_allowed", IN(REFUNDING), IN(REVIEW)},
    {"refund_overdue", IN(REFUNDING), IN(REVIEW)},
    {"operator_done", IN(REVIEW), IN(DONE)},
    {"operator_refund", IN(REVIEW), IN(REFUND_DUE)},
    {"operator_refunded", IN(REVIEW), IN(REFUNDED)},
    {"operator_repaid", IN(REVIEW), IN(REFUNDED)},
    {"operator_close", IN(REVIEW), IN(CLOSED)},
    {"crash", 0, 0},
    {"bad_signature", 0, 0},
};

struct accounts {
    const char *step;
    const char *debit;
    const char *credit;
};

static const struct accounts ACCOUNTS[] = {
    {"receive", "RECV", "HELD"},
    {"credit_cust", "HELD", "CUST"},
    {"credit_meter", "HELD", "METER"},
    {"credit_card", "HELD", "CARD"},
    {"owe_refund", "HELD", "REFPAY"},
    {"refund", "REFPAY", "REFOUT"},
    {"refund_from_held", "HELD", "REFOUT"},
    {"repay", "REFPAY", "BANK"},
    {"repay_from_held", "HELD", "BANK"},
    {"refund_meanwhile", "SUSPENSE", "REFOUT"},
    {"meanwhile_lost", "LOSS", "SUSPENSE"},
    {"meanwhile_cleared", "HELD", "SUSPENSE"},
    {"refund_after", "LOSS", "REFOUT"},
    {"stray_receive", "RECV", "SUSPENSE"},
    {"stray_refund", "SUSPENSE", "REFOUT"},
    {"stray_repay", "SUSPENSE", "BANK"},
};

enum money { NOWHERE, HELD, REFPAY, GONE };

struct walk {
    const struct dossier *dossier;
    struct part *part;
    struct fold *fold;
    enum state state;
    enum money money;
    bool unknown;        /* in REVIEW because the credit could not be proven */
    bool meanwhile;      /* refunded by others while it was being credited */
    bool refunded_after; /* ... or after */
};

bool fold_accounts(const char *step, const char **ret_debit, const char **ret_credit)
{
    for (size_t i = 0; i < ARRAY_COUNT(ACCOUNTS); i++) {
        if (str_equal(step, ACCOUNTS[i].step)) {
            *ret_debit = ACCOUNTS[i].debit;
            *ret_credit = ACCOUNTS[i].credit;
            return true;
        }
    }
    return false;
}

int fold_state_index(const char *state)
{
    for (int i = 0; i < STATE_COUNT; i++) {
        if (str_equal(state, STATES[i])) {
            return i;
        }
    }
    return -1;
}

const char *fold_state_name(int index)
{
    return index >= 0 && index < STATE_COUNT ? STATES[index] : "";
}

/* ---- money ---- */

static void post(struct walk *walk, const char *step, enum money money)
{
    struct fold *fold = walk->fold;
    if (fold->posting_count < FOLD_POSTINGS_MAX) {
        fold->postings[fold->posting_count] =
            (struct fold_posting){.step = step, .fen = fold->paid_fen};
        fold->posting_count += 1;
    }
    walk->money = money;
}

static void receive(struct walk *walk, int64_t fen, const char *trade_no)
{
    walk->fold->paid_fen = fen;
    str_format_cut(walk->fold->trade_no, sizeof(walk->fold->trade_no), "%s", trade_no);
    post(walk, "receive", HELD);
}

static const char *credit_step(const struct walk *walk)
{
    const char *to = walk->dossier->order.credit_to;
    return str_equal(to, "CUST")    ? "credit_cust"
           : str_equal(to, "METER") ? "credit_meter"
                                    : "credit_card";
}

static void on_paid(struct walk *walk, const struct dossier_event *event)
{
    if (walk->money == NOWHERE && !event->currency_wrong && event->amount_fen > 0) {
        receive(walk, event->amount_fen, event->trade_no);
    }
}

static void on_external_refund(struct walk *walk, const struct dossier_event *event, enum state to)
{
    const int64_t amount = walk->dossier->order.amount_fen;
    if (to == REFUNDED && walk->state != REFUNDED) {
        if (walk->money == NOWHERE) {
            receive(walk, event->amount_fen > 0 ? event->amount_fen : amount, event->trade_no);
        }
        post(walk, walk->money == HELD ? "refund_from_held" : "refund", GONE);
        return;
    }
    const bool whole = event->amount_fen <= 0 || event->amount_fen == walk->fold->paid_fen;
    const bool crediting = walk->state == CREDITING || (walk->state == REVIEW && walk->unknown);
    if (whole && crediting && walk->money == HELD && !walk->meanwhile) {
        walk->meanwhile = true;
        post(walk, "refund_meanwhile", HELD);
    } else if (whole && walk->state == DONE && !walk->refunded_after && !walk->meanwhile) {
        walk->refunded_after = true;
        post(walk, "refund_after", GONE);
    }
}

static void on_back_by_people(struct walk *walk, bool from_bank)
{
    if (walk->money == NOWHERE) {
        /* Paid in an amount that nobody could read: it comes and goes as what was asked for. */
        receive(walk, walk->dossier->order.amount_fen, "");
    }
    const bool held = walk->money == HELD;
    if (walk->meanwhile) {
        post(walk, "meanwhile_cleared", GONE);
    } else if (from_bank) {
        post(walk, held ? "repay_from_held" : "repay", GONE);
    } else {
        post(walk, held ? "refund_from_held" : "refund", GONE);
    }
}

/* The state becomes another one: what the ledger must take with it. */
static void on_change(struct walk *walk, const struct dossier_event *event, enum state to)
{
    if (to == DONE) {
        post(walk, credit_step(walk), GONE);
        walk->fold->by_operator = str_equal(event->event, "operator_done");
        if (walk->meanwhile) {
            post(walk, "meanwhile_lost", GONE);
        }
    } else if (to == REFUND_DUE && walk->money == HELD) {
        post(walk, "owe_refund", REFPAY);
    } else if (to == REFUNDED && str_equal(event->event, "refund_ok")) {
        post(walk, "refund", GONE);
    } else if (to == REFUNDED && str_equal(event->event, "operator_refunded")) {
        on_back_by_people(walk, /* from_bank= */ false);
    } else if (to == REFUNDED && str_equal(event->event, "operator_repaid")) {
        on_back_by_people(walk, /* from_bank= */ true);
    } else if (to == REVIEW) {
        /* Not proven in time, or stopped by a refund of others that is not the whole. */
        walk->unknown = walk->state == CREDITING && !walk->meanwhile;
    }
}

/* ---- the walk ---- */

static bool is_allowed(const char *event, enum state from, enum state to)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_COUNT(WAYS); i++) {
        if (!str_equal(event, WAYS[i].event)) {
            continue;
        }
        known = true;
        if ((WAYS[i].from & IN(from)) != 0 && (WAYS[i].to & IN(to)) != 0) {
            return true;
        }
    }
    return known && from == to;
}

static void fault(struct walk *walk, enum finding finding, const struct dossier_event *event)
{
    const struct part_subject about = {walk->dossier->number, walk->fold->paid_fen};
    walk->fold->fault_count += 1;
    part_find(walk->part, finding, about, "event %lld, %s: %s -> %s, after %s",
              (long long)event->seq, event->event, event->from, event->to, STATES[walk->state]);
}

/* The next state; the present one if the event names none that we know. */
static enum state check_step(struct walk *walk, const struct dossier_event *event, int64_t wanted)
{
    const int from = fold_state_index(event->from);
    const int to = fold_state_index(event->to);
    if (event->seq != wanted) {
        fault(walk, FOUND_EVENT_GAP, event);
    } else if (from != (int)walk->state) {
        fault(walk, FOUND_EVENT_CHAIN, event);
    } else if (to < 0 || !is_allowed(event->event, (enum state)from, (enum state)to)) {
        fault(walk, FOUND_EVENT_NOT_ALLOWED, event);
    }
    return to < 0 ? walk->state : (enum state)to;
}

static void take(struct walk *walk, const struct dossier_event *event, enum state to)
{
    const bool partly = str_equal(event->event, "partial_refund");
    if (str_equal(event->event, "paid") || (partly && (IN(walk->state) & UNPAID) != 0)) {
        on_paid(walk, event);
    } else if (str_equal(event->event, "external_refund")) {
        on_external_refund(walk, event, to);
    } else if (str_equal(event->event, "credit_start")) {
        walk->fold->credit_started = true;
    } else if (str_equal(event->event, "refund_sent")) {
        walk->fold->refund_numbered = true;
    }
    if (to != walk->state) {
        on_change(walk, event, to);
    }
    walk->state = to;
}

void fold_order(const struct dossier *dossier, struct part *part, struct fold *ret_fold)
{
    struct walk walk = {.dossier = dossier, .part = part, .fold = ret_fold};
    *ret_fold = (struct fold){0};
    for (size_t i = 0; i < dossier->event_count; i++) {
        const struct dossier_event *event = &dossier->events[i];
        const int64_t wanted = i == 0 ? 1 : dossier->events[i - 1].seq + 1;
        take(&walk, event, check_step(&walk, event, wanted));
    }
    str_format_cut(ret_fold->state, sizeof(ret_fold->state), "%s", STATES[walk.state]);
}
