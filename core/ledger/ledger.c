/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one row a step, naming the account that is debited and the one that is credited. All
 * rules of balance follow from the form of the table, so there is nothing to forget per step; the
 * only posting with more legs, the provider's settlement, has a function of its own.
 */
#include "core/ledger/ledger.h"

#include "common/must.h"
#include "common/str.h"

struct step_row {
    const char *name;
    enum ledger_account debit;
    enum ledger_account credit;
};

static const struct step_row STEPS[LEDGER_STEP_COUNT] = {
    [LEDGER_RECEIVE] = {"receive", LEDGER_RECV, LEDGER_HELD},
    [LEDGER_CREDIT_CUST] = {"credit_cust", LEDGER_HELD, LEDGER_CUST},
    [LEDGER_CREDIT_METER] = {"credit_meter", LEDGER_HELD, LEDGER_METER},
    [LEDGER_CREDIT_CARD] = {"credit_card", LEDGER_HELD, LEDGER_CARD},
    [LEDGER_OWE_REFUND] = {"owe_refund", LEDGER_HELD, LEDGER_REFPAY},
    [LEDGER_REFUND] = {"refund", LEDGER_REFPAY, LEDGER_REFOUT},
    [LEDGER_REFUND_FROM_HELD] = {"refund_from_held", LEDGER_HELD, LEDGER_REFOUT},
    [LEDGER_REPAY] = {"repay", LEDGER_REFPAY, LEDGER_BANK},
    [LEDGER_REPAY_FROM_HELD] = {"repay_from_held", LEDGER_HELD, LEDGER_BANK},
    [LEDGER_REFUND_MEANWHILE] = {"refund_meanwhile", LEDGER_SUSPENSE, LEDGER_REFOUT},
    [LEDGER_MEANWHILE_LOST] = {"meanwhile_lost", LEDGER_LOSS, LEDGER_SUSPENSE},
    [LEDGER_MEANWHILE_CLEARED] = {"meanwhile_cleared", LEDGER_HELD, LEDGER_SUSPENSE},
    [LEDGER_REFUND_AFTER] = {"refund_after", LEDGER_LOSS, LEDGER_REFOUT},
    [LEDGER_STRAY_RECEIVE] = {"stray_receive", LEDGER_RECV, LEDGER_SUSPENSE},
    [LEDGER_STRAY_REFUND] = {"stray_refund", LEDGER_SUSPENSE, LEDGER_REFOUT},
    [LEDGER_STRAY_REPAY] = {"stray_repay", LEDGER_SUSPENSE, LEDGER_BANK},
    [LEDGER_TAKE_OVER_CUST] = {"take_over_cust", LEDGER_REVENUE, LEDGER_CUST},
    [LEDGER_USE_CUST] = {"use_cust", LEDGER_CUST, LEDGER_REVENUE},
    [LEDGER_USE_METER] = {"use_meter", LEDGER_METER, LEDGER_REVENUE},
    [LEDGER_USE_CARD] = {"use_card", LEDGER_CARD, LEDGER_REVENUE},
    [LEDGER_DESK_OWE_CUST] = {"desk_owe_cust", LEDGER_CUST, LEDGER_PAYOUT},
    [LEDGER_DESK_OWE_CARD] = {"desk_owe_card", LEDGER_CARD, LEDGER_PAYOUT},
    [LEDGER_DESK_PAY] = {"desk_pay", LEDGER_PAYOUT, LEDGER_BANK},
    [LEDGER_DESK_KEEP_CARD] = {"desk_keep_card", LEDGER_CARD, LEDGER_LOSS},
    [LEDGER_DESK_KEEP] = {"desk_keep", LEDGER_PAYOUT, LEDGER_LOSS},
    [LEDGER_SETTLE] = {"settle", LEDGER_BANK, LEDGER_RECV},
};

struct account_row {
    const char *name;
    enum ledger_subject subject;
    bool clearing;
};

static const struct account_row ACCOUNTS[LEDGER_ACCOUNT_COUNT] = {
    [LEDGER_RECV] = {"RECV", LEDGER_BY_CHANNEL, false},
    [LEDGER_REFOUT] = {"REFOUT", LEDGER_BY_CHANNEL, false},
    [LEDGER_BANK] = {"BANK", LEDGER_BY_NOTHING, false},
    [LEDGER_FEES] = {"FEES", LEDGER_BY_NOTHING, false},
    [LEDGER_HELD] = {"HELD", LEDGER_BY_DOCUMENT, true},
    [LEDGER_CUST] = {"CUST", LEDGER_BY_METER, false},
    [LEDGER_METER] = {"METER", LEDGER_BY_METER, false},
    [LEDGER_CARD] = {"CARD", LEDGER_BY_METER, false},
    [LEDGER_REFPAY] = {"REFPAY", LEDGER_BY_DOCUMENT, true},
    [LEDGER_SUSPENSE] = {"SUSPENSE", LEDGER_BY_DOCUMENT, true},
    [LEDGER_PAYOUT] = {"PAYOUT", LEDGER_BY_NOTHING, false},
    [LEDGER_REVENUE] = {"REVENUE", LEDGER_BY_NOTHING, false},
    [LEDGER_LOSS] = {"LOSS", LEDGER_BY_NOTHING, false},
};

static struct money negated(struct money amount)
{
    /* Amounts are above 0 here, so their negative always exists. */
    return money_fen(-amount.fen);
}

bool ledger_post(enum ledger_step step, struct money amount, struct ledger_posting *ret_posting)
{
    MUST(step < LEDGER_STEP_COUNT);
    if (step == LEDGER_SETTLE || amount.fen <= 0) {
        return false;
    }
    struct ledger_posting posting = {
        .step = step,
        .leg_count = 2,
        .legs = {{STEPS[step].debit, amount}, {STEPS[step].credit, negated(amount)}},
    };
    MUST(ledger_is_balanced(&posting));
    *ret_posting = posting;
    return true;
}

static void add_debit(struct ledger_posting *posting, enum ledger_account account,
                      struct money amount)
{
    MUST(posting->leg_count < LEDGER_LEGS_MAX);
    if (amount.fen > 0) {
        posting->legs[posting->leg_count] = (struct ledger_leg){account, amount};
        posting->leg_count += 1;
    }
}

bool ledger_settle(const struct ledger_settlement *settlement, struct ledger_posting *ret_posting)
{
    const struct money bank = settlement->bank;
    const struct money fees = settlement->fees;
    const struct money refunds = settlement->refunds;
    struct money sum = money_fen(0);
    if (bank.fen < 0 || fees.fen < 0 || refunds.fen < 0) {
        return false;
    }
    if (!money_add(bank, fees, &sum) || !money_add(sum, refunds, &sum) || sum.fen == 0) {
        return false;
    }
    struct ledger_posting posting = {.step = LEDGER_SETTLE};
    add_debit(&posting, LEDGER_BANK, bank);
    add_debit(&posting, LEDGER_FEES, fees);
    add_debit(&posting, LEDGER_REFOUT, refunds);
    MUST(posting.leg_count < LEDGER_LEGS_MAX);
    posting.legs[posting.leg_count] = (struct ledger_leg){LEDGER_RECV, negated(sum)};
    posting.leg_count += 1;
    MUST(ledger_is_balanced(&posting));
    *ret_posting = posting;
    return true;
}

bool ledger_is_balanced(const struct ledger_posting *posting)
{
    MUST(posting->leg_count <= LEDGER_LEGS_MAX);
    struct money sum = money_fen(0);
    for (size_t i = 0; i < posting->leg_count; i++) {
        if (!money_add(sum, posting->legs[i].amount, &sum)) {
            return false;
        }
    }
    return sum.fen == 0;
}

bool ledger_credit_step(enum ledger_account account, enum ledger_step *ret_step)
{
    MUST(account < LEDGER_ACCOUNT_COUNT);
    if (account == LEDGER_CUST) {
        *ret_step = LEDGER_CREDIT_CUST;
    } else if (account == LEDGER_METER) {
        *ret_step = LEDGER_CREDIT_METER;
    } else if (account == LEDGER_CARD) {
        *ret_step = LEDGER_CREDIT_CARD;
    } else {
        return false;
    }
    MUST(STEPS[*ret_step].credit == account);
    return true;
}

enum ledger_subject ledger_account_subject(enum ledger_account account)
{
    MUST(account < LEDGER_ACCOUNT_COUNT);
    return ACCOUNTS[account].subject;
}

bool ledger_is_clearing(enum ledger_account account)
{
    MUST(account < LEDGER_ACCOUNT_COUNT);
    return ACCOUNTS[account].clearing;
}

const char *ledger_account_name(enum ledger_account account)
{
    MUST(account < LEDGER_ACCOUNT_COUNT);
    return ACCOUNTS[account].name;
}

bool ledger_account_parse(const char *name, enum ledger_account *ret_account)
{
    for (size_t i = 0; i < LEDGER_ACCOUNT_COUNT; i++) {
        if (str_equal(name, ACCOUNTS[i].name)) {
            *ret_account = (enum ledger_account)i;
            return true;
        }
    }
    return false;
}

const char *ledger_step_name(enum ledger_step step)
{
    MUST(step < LEDGER_STEP_COUNT);
    return STEPS[step].name;
}
