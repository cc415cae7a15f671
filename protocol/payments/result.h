/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_PAYMENTS_RESULT_H
#define SHILLING_PROTOCOL_PAYMENTS_RESULT_H

/*
 * What is known after a call or a notify. Which call can say what stands beside it; the order
 * event that it becomes follows.
 */
enum pay_result {
    PAY_UNKNOWN = 0, /* any: ask again, same number, same bytes. ..._UNKNOWN */
    /* precreate */
    PAY_QR,          /* qr_text is the code. PRECREATE_OK */
    PAY_REFUSED,     /* signed, definite no. PRECREATE_REJECT if no earlier try is open */
    PAY_QUERY_FIRST, /* precreate: the number is paid, closed or used already. Query now */
    /* query, and the notify of a payment */
    PAY_PAID,             /* amount_fen, trade_no, currency_ok. PAID */
    PAY_PAID_REFUND_SEEN, /* paid, and some refund exists: ask pay_refund_query() which one it is;
                             PAY_NOT_EXIST there means that somebody else refunded */
    PAY_UNPAID,           /* not paid so far; `scanned` may be set. QUERY_UNPAID */
    PAY_CLOSED,           /* closed, never paid. QUERY_CLOSED; from pay_close(): CLOSE_OK */
    PAY_NOT_EXIST,        /* no such trade (yet!), or no such refund. QUERY_NOT_EXIST */
    PAY_PARTLY_REFUNDED,  /* less than all of it went back: never our doing. PARTIAL_REFUND */
    /* close */
    PAY_CLOSE_REFUSED, /* not in a state that can be closed: query. CLOSE_REFUSED */
    /* query, refund, refund query, notifies: all of it went back */
    PAY_REFUNDED, /* REFUND_OK while we are refunding, else EXTERNAL_REFUND */
    /* refund, refund query, the notify of a refund */
    PAY_REFUND_PROCESSING,  /* REFUND_PROCESSING */
    PAY_REFUND_ABNORMAL,    /* the money cannot reach the user. REFUND_ABNORMAL */
    PAY_REFUND_CLOSED,      /* the provider gave it up. REFUND_CLOSED */
    PAY_REFUND_NOT_ALLOWED, /* signed, definite no. REFUND_NOT_ALLOWED */
    PAY_REFUND_LOW_BALANCE, /* money is missing in the merchant account. REFUND_LOW_BALANCE */
    PAY_REFUND_DOUBTFUL,    /* refused, perhaps because it has happened before: refund query; what
                               that does not show as refunded is REFUND_NOT_ALLOWED */
    PAY_RESULT_COUNT
};

/** "paid", "unknown", ...: for logs and tables; never NULL. */
const char *pay_result_name(enum pay_result result);

#endif
