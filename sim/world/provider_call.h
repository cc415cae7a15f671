/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_PROVIDER_CALL_H
#define SHILLING_SIM_WORLD_PROVIDER_CALL_H

#include "sim/world/provider.h"

/* What travels between the server and the provider: a question, and its answer. */
enum provider_op {
    PROVIDER_PRECREATE,
    PROVIDER_QUERY,
    PROVIDER_CLOSE,
    PROVIDER_REFUND,
    PROVIDER_REFUND_QUERY
};

struct provider_call {
    struct pay *pay;
    enum provider_op op;
    enum pay_wallet wallet;
    char order_no[PAY_TRADE_NO_SIZE];
    char trade_no[PAY_TRADE_NO_SIZE];
    char refund_no[PAY_REFUND_NO_SIZE];
    int64_t fen;
    bool answered;
    bool lost; /* nothing will come of it any more */
    bool left; /* its caller has given up: whoever holds it last frees it */
    struct pay_answer answer;
};

/** The question has arrived: do it, and fill in the answer. */
void provider_act(struct provider_call *call);
/** The server has heard a word that says paid and nothing of a refund. */
void provider_note_told(struct pay *pay, const char *order_no);

#endif
