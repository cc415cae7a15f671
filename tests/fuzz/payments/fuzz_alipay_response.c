/* SPDX-License-Identifier: Apache-2.0 */

/* A synchronous answer: taken apart, and its signed bytes read as the answer to every call. */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/alipay/answer.h"
#include "protocol/alipay/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_every_call(struct alipay_slice bytes)
{
    for (int call = 0; call < ALIPAY_CALL_COUNT; call++) {
        const struct alipay_asked asked = {.call = (enum alipay_call)call, .order_no = NULL};
        struct alipay_answer answer;
        alipay_answer_read(&asked, bytes, &answer);
        MUST(answer.amount_fen >= -1 && answer.refunded_fen >= -1);
        MUST(pay_result_name(answer.result) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    struct alipay_response response;
    read_as_every_call((struct alipay_slice){body, size});
    if (alipay_response_read("alipay.trade.query", body, size, &response)) {
        MUST(response.signed_bytes.at >= body &&
             response.signed_bytes.at + response.signed_bytes.size <= body + size);
        MUST(response.signed_bytes.at[0] == '{' &&
             response.signed_bytes.at[response.signed_bytes.size - 1] == '}');
        read_as_every_call(response.signed_bytes);
    }
    return 0;
}
