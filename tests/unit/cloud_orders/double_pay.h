/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_PAY_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_PAY_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/payments/pay.h"
#include "protocol/payments/result.h"

/*
 * A payment provider without a network: it keeps its own truth (what was asked for, paid, closed,
 * returned) and answers the functions of cloud/payments/pay.h from it. A test may force the next
 * answers of a call; a forced answer still has its effect unless it is told not to.
 */
enum double_call {
    CALL_PRECREATE,
    CALL_QUERY,
    CALL_CLOSE,
    CALL_REFUND,
    CALL_REFUND_QUERY,
    CALL_COUNT
};

/** Forget everything. */
void double_pay_reset(void);
/** The handle that the product passes around. */
struct pay *double_pay(void);

/** The next @p times answers of @p call are @p result; with @p effect the call acts all the same.
 */
void double_pay_force(enum double_call call, enum pay_result result, int times, bool effect);
int double_pay_calls(enum double_call call);

/** The payer pays what was asked for (or @p fen, if above 0). */
void double_pay_settle(const char *order_no, int64_t fen);
/** Somebody returns the money on the provider's own pages. */
void double_pay_return(const char *order_no);
/** The trade exists: the code was scanned. */
void double_pay_scan(const char *order_no);

/* The provider's truth about one number. */
struct double_trade {
    bool known;
    bool closed;
    int64_t asked_fen;
    int64_t paid_fen;
    int64_t refunded_fen;
    int refund_numbers; /* different refund numbers that moved money: must never be above 1 */
    char trade_no[PAY_TRADE_NO_SIZE];
};
struct double_trade double_pay_trade(const char *order_no);

/** Whether this wallet is configured; all are after a reset. */
void double_pay_has(enum pay_wallet wallet, bool has);

/** What pay_notify_read() shall say about the next notify. */
void double_pay_notify(const struct pay_notify *notify);
/** Whether the last notify was read as one with a header that came more than once. */
bool double_pay_notify_repeated(void);

/* One row of the next bills of any day; their refunds are numbered R1, R2, ... */
struct double_bill_row {
    enum pay_bill_kind kind;
    const char *order_no; /* borrowed */
    int64_t fen;
};
/** What pay_bill_fetch() gives from now on; at most 8 rows. */
void double_pay_bill(enum pay_bill_result result, const struct double_bill_row *rows,
                     size_t row_count);
/** What the bill of double_pay_bill() says of the refund in row @p index; else it is done. */
void double_pay_bill_state(size_t index, enum pay_bill_state state);
/** The fee of its first row, and the sum of fees that it states; else none. */
void double_pay_bill_fees(int64_t fee_e5, int64_t stated_e5);

#endif
