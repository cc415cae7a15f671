/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for events. They stand in the journal of events (pay_event) and in the test vectors,
 * so a word, once used, keeps its meaning for ever.
 */
#include "core/order/order_event.h"

#include "common/must.h"
#include "common/str.h"

static const char *const NAMES[ORDER_EV_KIND_COUNT] = {
    [ORDER_EV_PRECREATE_OK] = "precreate_ok",
    [ORDER_EV_PRECREATE_UNKNOWN] = "precreate_unknown",
    [ORDER_EV_PRECREATE_REJECT] = "precreate_reject",
    [ORDER_EV_TIMEOUT] = "timeout",
    [ORDER_EV_CANCEL] = "cancel",
    [ORDER_EV_KIOSK_GONE] = "kiosk_gone",
    [ORDER_EV_SUPERSEDED] = "superseded",
    [ORDER_EV_QR_DEAD] = "qr_dead",
    [ORDER_EV_PAID] = "paid",
    [ORDER_EV_QUERY_UNPAID] = "query_unpaid",
    [ORDER_EV_QUERY_CLOSED] = "query_closed",
    [ORDER_EV_QUERY_NOT_EXIST] = "query_not_exist",
    [ORDER_EV_QUERY_UNKNOWN] = "query_unknown",
    [ORDER_EV_CLOSE_OK] = "close_ok",
    [ORDER_EV_CLOSE_UNKNOWN] = "close_unknown",
    [ORDER_EV_CLOSE_REFUSED] = "close_refused",
    [ORDER_EV_EXTERNAL_REFUND] = "external_refund",
    [ORDER_EV_PARTIAL_REFUND] = "partial_refund",
    [ORDER_EV_CREDIT_START] = "credit_start",
    [ORDER_EV_CREDIT_OK] = "credit_ok",
    [ORDER_EV_CREDIT_UNKNOWN] = "credit_unknown",
    [ORDER_EV_READBACK_CREDITED] = "readback_credited",
    [ORDER_EV_READBACK_NOT_CREDITED] = "readback_not_credited",
    [ORDER_EV_CREDIT_FAILED] = "credit_failed",
    [ORDER_EV_CREDIT_DEADLINE] = "credit_deadline",
    [ORDER_EV_REFUND_SENT] = "refund_sent",
    [ORDER_EV_REFUND_OK] = "refund_ok",
    [ORDER_EV_REFUND_UNKNOWN] = "refund_unknown",
    [ORDER_EV_REFUND_PROCESSING] = "refund_processing",
    [ORDER_EV_REFUND_LOW_BALANCE] = "refund_low_balance",
    [ORDER_EV_REFUND_ABNORMAL] = "refund_abnormal",
    [ORDER_EV_REFUND_CLOSED] = "refund_closed",
    [ORDER_EV_REFUND_NOT_ALLOWED] = "refund_not_allowed",
    [ORDER_EV_REFUND_OVERDUE] = "refund_overdue",
    [ORDER_EV_OPERATOR_DONE] = "operator_done",
    [ORDER_EV_OPERATOR_REFUND] = "operator_refund",
    [ORDER_EV_OPERATOR_REFUNDED] = "operator_refunded",
    [ORDER_EV_OPERATOR_REPAID] = "operator_repaid",
    [ORDER_EV_OPERATOR_CLOSE] = "operator_close",
    [ORDER_EV_CRASH] = "crash",
    [ORDER_EV_BAD_SIGNATURE] = "bad_signature",
};

/* Other words for the same events, as test vectors from elsewhere have them; never written by us.
 */
static const struct synonym {
    const char *word;
    enum order_event_kind kind;
} SYNONYMS[] = {
    {"user_cancel", ORDER_EV_CANCEL},
    {"supersede", ORDER_EV_SUPERSEDED},
    {"deadline", ORDER_EV_CREDIT_DEADLINE},
    {"readback_unknown", ORDER_EV_CREDIT_UNKNOWN},
    {"bad_sign", ORDER_EV_BAD_SIGNATURE},
    {"forged", ORDER_EV_BAD_SIGNATURE},
    {"restart", ORDER_EV_CRASH},
    {"operator_refund_due", ORDER_EV_OPERATOR_REFUND},
    {"operator_closed", ORDER_EV_OPERATOR_CLOSE},
};

const char *order_event_name(enum order_event_kind kind)
{
    MUST(kind < ORDER_EV_KIND_COUNT);
    MUST(NAMES[kind] != NULL);
    return NAMES[kind];
}

bool order_event_parse(const char *name, enum order_event_kind *ret_kind)
{
    for (size_t i = 0; i < ORDER_EV_KIND_COUNT; i++) {
        if (str_equal(name, NAMES[i])) {
            *ret_kind = (enum order_event_kind)i;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(SYNONYMS); i++) {
        if (str_equal(name, SYNONYMS[i].word)) {
            *ret_kind = SYNONYMS[i].kind;
            return true;
        }
    }
    return false;
}

bool order_event_is_delivery(enum order_event_kind kind)
{
    MUST(kind < ORDER_EV_KIND_COUNT);
    return kind >= ORDER_EV_CREDIT_START && kind <= ORDER_EV_CREDIT_DEADLINE;
}

bool order_event_is_operator(enum order_event_kind kind)
{
    MUST(kind < ORDER_EV_KIND_COUNT);
    return kind >= ORDER_EV_OPERATOR_DONE && kind <= ORDER_EV_OPERATOR_CLOSE;
}
