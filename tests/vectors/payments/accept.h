/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_VECTORS_PAYMENTS_ACCEPT_H
#define SHILLING_TESTS_VECTORS_PAYMENTS_ACCEPT_H

#include "common/crypto/rsa.h"
#include "protocol/alipay/form.h"

/* One HTTP request to gateway.do. */
struct gateway_request {
    const char *method;
    const char *target; /* "/gateway.do?..." */
    const char *body;
};

/**
 * What the gateway says about a request: NULL if it accepts it, else why not. The counterpart of
 * protocol/alipay/request.h, for tests: the product never receives such a request.
 */
const char *gateway_refusal(const struct gateway_request *request, const struct rsa_key *app_key,
                            struct alipay_form *form, char *scratch, size_t scratch_size);

#endif
