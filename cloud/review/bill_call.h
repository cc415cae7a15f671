/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_BILL_CALL_H
#define SHILLING_CLOUD_REVIEW_BILL_CALL_H

#include "cloud/http/http.h"
#include "cloud/orders/orders.h"

/**
 * The operator's calls about a day's bill: POST /v1/admin/ledger/bill compares it, and
 * POST /v1/admin/reconcile compares it and says all that came of it, and
 * GET /v1/admin/reconcile/{channel}/{day} says what the last comparison left. Before
 * http_server_start().
 */
void bill_routes(struct http_server *http, struct orders *orders);

#endif
