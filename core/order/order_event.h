/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_ORDER_ORDER_EVENT_H
#define SHILLING_CORE_ORDER_ORDER_EVENT_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * What an order can be told. "Evidence" is a statement of the payment provider whose signature,
 * merchant, application and order number were checked before it became an event; a statement that
 * fails those checks is no event at all, but a counter and an alarm.
 */
enum order_event_kind {
    /* The attempt to get a QR. */
    ORDER_EV_PRECREATE_OK,
    ORDER_EV_PRECREATE_UNKNOWN, /* no answer that we can trust: the provider may know the order */
    ORDER_EV_PRECREATE_REJECT,  /* signed, definite refusal */
    /* The wish to end the attempt. */
    ORDER_EV_TIMEOUT,    /* the server's window is over */
    ORDER_EV_CANCEL,     /* the person at the kiosk asks */
    ORDER_EV_KIOSK_GONE, /* nobody looks at the QR any more */
    ORDER_EV_SUPERSEDED, /* the person starts another attempt for the same purchase */
    ORDER_EV_QR_DEAD,    /* the provider's expiry and a margin are over: nobody can pay it now */
    /* Evidence about the payment. */
    ORDER_EV_PAID, /* .amount, .trade_no, .currency_wrong */
    ORDER_EV_QUERY_UNPAID,
    ORDER_EV_QUERY_CLOSED, /* closed, never paid */
    ORDER_EV_QUERY_NOT_EXIST,
    ORDER_EV_QUERY_UNKNOWN,
    ORDER_EV_CLOSE_OK,
    ORDER_EV_CLOSE_UNKNOWN,
    ORDER_EV_CLOSE_REFUSED,
    ORDER_EV_EXTERNAL_REFUND, /* the provider shows the whole payment as refunded; .amount or 0 */
    ORDER_EV_PARTIAL_REFUND,  /* ... a part, or an unknown sum, as refunded: never our doing */
    /* The delivery's statements; only core/delivery makes them. */
    ORDER_EV_CREDIT_START,
    ORDER_EV_CREDIT_OK,
    ORDER_EV_CREDIT_UNKNOWN,
    ORDER_EV_READBACK_CREDITED,
    ORDER_EV_READBACK_NOT_CREDITED, /* fenced and not done */
    ORDER_EV_CREDIT_FAILED,         /* fenced, not done, and a repeat has no sense */
    ORDER_EV_CREDIT_DEADLINE,       /* the device cannot prove it either way */
    /* The refund. */
    ORDER_EV_REFUND_SENT, /* its row is stored; the call goes out after the commit */
    ORDER_EV_REFUND_OK,
    ORDER_EV_REFUND_UNKNOWN,
    ORDER_EV_REFUND_PROCESSING,
    ORDER_EV_REFUND_LOW_BALANCE,
    ORDER_EV_REFUND_ABNORMAL,
    ORDER_EV_REFUND_CLOSED,
    ORDER_EV_REFUND_NOT_ALLOWED,
    ORDER_EV_REFUND_OVERDUE, /* queried to the end of the schedule without a final word */
    /* Two persons (core/order/review says when they may). */
    ORDER_EV_OPERATOR_DONE,
    ORDER_EV_OPERATOR_REFUND,
    ORDER_EV_OPERATOR_REFUNDED, /* the provider paid it back */
    ORDER_EV_OPERATOR_REPAID,   /* paid back from the bank account, outside the provider */
    ORDER_EV_OPERATOR_CLOSE,    /* nothing was ever paid */
    /* Neither changes an order. */
    ORDER_EV_CRASH, /* the server started again: the intents say what to take up */
    ORDER_EV_BAD_SIGNATURE,
    ORDER_EV_KIND_COUNT
};

enum { ORDER_TRADE_NO_SIZE = 65 /* Alipay trade_no up to 64, WeChat transaction_id 32 */ };

struct order_event {
    struct money amount; /* ORDER_EV_PAID: as the provider states it; EXTERNAL_REFUND: or 0 */
    enum order_event_kind kind;
    char trade_no[ORDER_TRADE_NO_SIZE]; /* ORDER_EV_PAID */
    bool currency_wrong;                /* ORDER_EV_PAID: not CNY */
};

/**
 * The event's name in the journal and in the test vectors ("precreate_ok"); never NULL.
 * Blocks: no. Allocates: no.
 */
const char *order_event_name(enum order_event_kind kind);

/**
 * Reverse of order_event_name(), and a few synonyms; false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool order_event_parse(const char *name, enum order_event_kind *ret_kind);

/**
 * True for the events that only core/delivery may make.
 * Blocks: no. Allocates: no.
 */
bool order_event_is_delivery(enum order_event_kind kind);

/**
 * True for the events that need two persons.
 * Blocks: no. Allocates: no.
 */
bool order_event_is_operator(enum order_event_kind kind);

#endif
