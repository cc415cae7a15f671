/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_METERS_LIVE_H
#define SHILLING_CLOUD_METERS_LIVE_H

#include "cloud/catalog/account_port.h"
#include "cloud/http/http.h"
#include "cloud/meters/gateway.h"
#include "cloud/store/store.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"

/*
 * POST /v1/terminal/meters/{meter_id}/reads: the balance, now. Requests for a meter that is being
 * read already join that read. What came is stored first and answered then; when the meter, its
 * collector or time says no, the answer is the last stored value with its age, and why.
 */
struct live;

struct live_config {
    struct store *store; /* all borrowed until live_destroy() */
    struct gateway *gateway;
    struct http_server *server;
    const struct clock_port *clock;
    const struct rng_port *rng;
    const struct account_port *accounts;
};

MUST_CHECK enum err live_create(const struct live_config *config, struct live **ret_live);

/** Register the route. Before http_server_start(). */
void live_add_routes(struct live *live);

/** NULL is allowed. After http_server_stop(), gateway_stop() and store_close(). */
void live_destroy(struct live *live);

#endif
