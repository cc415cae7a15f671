/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_FINDING_H
#define SHILLING_CLOUD_AUDITOR_FINDING_H

#include <stdint.h>

/*
 * What the auditor can find. A finding is a difference between two of the world's own records, or
 * between a record and a rule; it names a document and an amount and says what to do. It never
 * changes anything.
 */
enum finding {
    /* The wallets' statements against the books. */
    FOUND_PAID_UNKNOWN,
    FOUND_PAID_NOT_BOOKED,
    FOUND_SECOND_PAYMENT,
    FOUND_PAYMENT_NOT_IN_BILL,
    FOUND_PAYMENT_AMOUNT,
    FOUND_BILL_ROW_TWICE,
    FOUND_REFUND_NOT_BOOKED,
    FOUND_REFUND_NOT_IN_BILL,
    FOUND_REFUND_AMOUNT,
    FOUND_REFUNDED_TWICE,
    FOUND_BILL_MISSING,
    FOUND_BILL_UNREADABLE,
    FOUND_BILL_COPIES_DIFFER,
    FOUND_BILL_CHANGED,
    /* The fate of each payment. */
    FOUND_CREDITED_TWICE,
    FOUND_CREDITED_AND_REFUNDED,
    FOUND_CREDITED_WITHOUT_PAYMENT,
    FOUND_CREDIT_AMOUNT,
    FOUND_DONE_WITHOUT_CREDIT,
    FOUND_CREDITED_NOT_DONE,
    FOUND_CLOSED_OVER_MONEY,
    FOUND_POSTING_MISSING,
    FOUND_POSTING_EXTRA,
    FOUND_POSTING_AMOUNT,
    FOUND_CREDIT_WITHOUT_ORDER,
    FOUND_RESERVATION_WRONG,
    /* Replay. */
    FOUND_EVENT_GAP,
    FOUND_EVENT_CHAIN,
    FOUND_EVENT_NOT_ALLOWED,
    FOUND_STATE_NOT_EVENTS,
    FOUND_DELIVERY_NOT_EVENTS,
    FOUND_VOID_UNFENCED,
    FOUND_STRAY_NOT_EVENTS,
    FOUND_ORPHAN_ROWS,
    /* The wallets' own words. */
    FOUND_PAID_WITHOUT_EVIDENCE,
    FOUND_REFUND_WITHOUT_EVIDENCE,
    FOUND_EVIDENCE_DIFFERS,
    FOUND_EVIDENCE_IGNORED,
    FOUND_EVIDENCE_SEALED,
    FOUND_DECISION_UNSIGNED,
    /* What is open. */
    FOUND_OPEN_WITHOUT_OWNER,
    FOUND_OPEN_OVERDUE,
    FOUND_STUCK,
    /* The ledger. */
    FOUND_POSTING_UNBALANCED,
    FOUND_ACCOUNT_TOTAL,
    FOUND_CLEARING_UNEXPLAINED,
    FOUND_DAY_IDENTITY,
    /* Paper. */
    FOUND_RECEIPT_UNTRUE,
    FOUND_RECEIPT_MISSING,
    /* Meters and collectors. */
    FOUND_DONE_WITHOUT_PROOF,
    FOUND_DELIVERY_NOT_IN_METER,
    FOUND_METER_AMOUNT,
    FOUND_METER_WITHOUT_DELIVERY,
    FOUND_METER_CREDITED_TWICE,
    FOUND_REFUNDED_BUT_DELIVERED,
    FOUND_DELIVERY_UNPROVEN,
    FOUND_METER_RECORD_UNREADABLE,
    FOUND_JOURNAL_UNREADABLE,
    FOUND_JOURNAL_UNKNOWN_COMMAND,
    FOUND_JOURNAL_LOST_COMMAND,
    FOUND_JOURNAL_REPLY_DIFFERS,
    FOUND_INTENT_OPEN,
    FOUND_REGISTER_FELL,
    /* What the auditor remembers. */
    FOUND_PAST_ROW_CHANGED,
    FOUND_PAST_ROW_MISSING,
    /* Cards. Behind all others: what is remembered of those has their number. */
    FOUND_CARD_DONE_WITHOUT_TOKEN,
    FOUND_CARD_DONE_UNSEEN,
    FOUND_CARD_TOKEN_WITHOUT_ORDER,
    FOUND_CARD_TOKEN_TWICE,
    FOUND_CARD_TOKEN_DIFFERS,
    FOUND_CARD_TOKEN_NUMBER,
    FOUND_CARD_TOKEN_TOTAL,
    FOUND_CARD_ACCOUNT,
    FOUND_CARD_RECORD,
    FOUND_CARD_MAC,
    FOUND_CARD_MACS_UNCHECKED,
    FOUND_CARD_METER_AHEAD,
    FOUND_CARD_WORD_UNPROVEN,
    FOUND_CARD_WORD_DIFFERS,
    FOUND_CARD_BALANCE,
    FOUND_CARD_REFUNDED_WITH_TOKEN,
    FOUND_RETURN_CASE_UNPROVEN,
    FOUND_RETURN_CASE_BOOKS,
    FOUND_RETURN_PAID_TWICE,
    FOUND_COUNT
};

enum finding_weight {
    WEIGHT_NOTE,       /* to be known; changes nothing about the result */
    WEIGHT_BLIND,      /* evidence is missing: it cannot be judged */
    WEIGHT_DIFFERENCE, /* the books and the world disagree */
    WEIGHT_COUNT
};

/* Who is short of the amount if the finding is true. */
enum finding_side {
    SIDE_NONE,
    SIDE_LOSS, /* we are */
    SIDE_GAIN, /* a customer is: we hold what is not ours */
    SIDE_COUNT
};

struct finding_rule {
    const char *name; /* stable: "paid_unknown" */
    enum finding_weight weight;
    enum finding_side side; /* SIDE_NONE with an amount: the sign says it, > 0 is a loss */
    const char *meaning;    /* one sentence */
    const char *advice;     /* what to do */
};

/** The rule of @p finding. Never NULL. */
const struct finding_rule *finding_rule(enum finding finding);

/** "note", "blind", "difference". */
const char *finding_weight_name(enum finding_weight weight);

#endif
