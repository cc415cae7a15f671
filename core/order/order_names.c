/* SPDX-License-Identifier: Apache-2.0 */
/* The words for states and flags: in the database, in messages and in the test vectors. */
#include "common/must.h"
#include "common/str.h"
#include "core/order/order.h"

static const char *const STATES[ORDER_STATE_COUNT] = {
    [ORDER_NEW] = "NEW",
    [ORDER_WAIT_PAY] = "WAIT_PAY",
    [ORDER_CLOSING] = "CLOSING",
    [ORDER_CLOSED] = "CLOSED",
    [ORDER_PAID] = "PAID",
    [ORDER_CREDITING] = "CREDITING",
    [ORDER_DONE] = "DONE",
    [ORDER_REFUND_DUE] = "REFUND_DUE",
    [ORDER_REFUNDING] = "REFUNDING",
    [ORDER_REFUNDED] = "REFUNDED",
    [ORDER_REVIEW] = "REVIEW",
};

struct flag_row {
    uint32_t flag;
    const char *name;
};

static const struct flag_row FLAGS[] = {
    {ORDER_LATE_PAY, "LATE_PAY"},
    {ORDER_MISMATCH, "MISMATCH"},
    {ORDER_EXTERNAL_REFUND, "EXTERNAL_REFUND"},
    {ORDER_REFUND_FAILED, "REFUND_FAILED"},
    {ORDER_CREDIT_UNKNOWN, "CREDIT_UNKNOWN"},
    {ORDER_REFUNDED_MEANWHILE, "REFUNDED_MEANWHILE"},
    {ORDER_REFUNDED_AFTER_CREDIT, "REFUNDED_AFTER_CREDIT"},
};

const char *order_state_name(enum order_state state)
{
    MUST(state < ORDER_STATE_COUNT);
    MUST(STATES[state] != NULL);
    return STATES[state];
}

bool order_state_parse(const char *name, enum order_state *ret_state)
{
    for (size_t i = 0; i < ORDER_STATE_COUNT; i++) {
        if (str_equal(name, STATES[i])) {
            *ret_state = (enum order_state)i;
            return true;
        }
    }
    return false;
}

const char *order_flag_name(uint32_t flag)
{
    for (size_t i = 0; i < ARRAY_COUNT(FLAGS); i++) {
        if (FLAGS[i].flag == flag) {
            return FLAGS[i].name;
        }
    }
    return NULL;
}
