/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_MAC_PORT_H
#define SHILLING_CLOUD_ORDERS_MAC_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/money.h"

/*
 * The key service of an electricity utility: it holds the keys of the meters' security chips and
 * makes the codes that a chip wants to see. It is an outside program behind a UNIX socket; one
 * JSON object a line, one answer a line. We never see a key.
 */
struct mac_request {
    const char *path;       /* of the socket; borrowed */
    const char *meter;      /* 12 digits; borrowed */
    const char *customer;   /* 12 digits; borrowed */
    struct money amount;    /* > 0 */
    uint32_t count;         /* the purchase count that this credit will use */
    bool test_keys_allowed; /* demo and test: the test service will do */
};

struct mac_codes {
    uint8_t cipher1[8];
    uint8_t random1[8];
    uint8_t factor[8];
    uint8_t mac1[4];
    uint8_t mac2[4];
};

/**
 * Everything that one credit needs: the codes for the authentication and for the purchase.
 *
 * @return OK; ERR_DENIED it is a test service and this is not a demo, or it refuses this meter;
 *         ERR_UNAVAILABLE it is not there; ERR_TIMEOUT; ERR_FORMAT its answer is not understood
 * Blocks: up to 10 s.
 */
MUST_CHECK enum err mac_port_ask(const struct mac_request *request, struct mac_codes *ret_codes);

#endif
