/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/payments/result.h"

#include <stddef.h>

#include "common/must.h"

const char *pay_result_name(enum pay_result result)
{
    static const char *const names[PAY_RESULT_COUNT] = {
        [PAY_UNKNOWN] = "unknown",
        [PAY_QR] = "qr",
        [PAY_REFUSED] = "refused",
        [PAY_QUERY_FIRST] = "query_first",
        [PAY_PAID] = "paid",
        [PAY_PAID_REFUND_SEEN] = "paid_refund_seen",
        [PAY_UNPAID] = "unpaid",
        [PAY_CLOSED] = "closed",
        [PAY_NOT_EXIST] = "not_exist",
        [PAY_PARTLY_REFUNDED] = "partly_refunded",
        [PAY_CLOSE_REFUSED] = "close_refused",
        [PAY_REFUNDED] = "refunded",
        [PAY_REFUND_PROCESSING] = "refund_processing",
        [PAY_REFUND_ABNORMAL] = "refund_abnormal",
        [PAY_REFUND_CLOSED] = "refund_closed",
        [PAY_REFUND_NOT_ALLOWED] = "refund_not_allowed",
        [PAY_REFUND_LOW_BALANCE] = "refund_low_balance",
        [PAY_REFUND_DOUBTFUL] = "refund_doubtful",
    };
    MUST(names[result] != NULL);
    return names[result];
}
