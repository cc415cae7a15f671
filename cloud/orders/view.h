/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_VIEW_H
#define SHILLING_CLOUD_ORDERS_VIEW_H

#include "cloud/http/http.h"
#include "cloud/orders/internal.h"
#include "protocol/api/order.h"

/** The order as its terminal sees it now. @p terminal_id NULL: whose it is does not matter. */
MUST_CHECK enum err view_load(struct orders *orders, struct db *db, const char *order_no,
                              const char *terminal_id, struct api_order_view *ret_view);

/** Answer with the view. */
void view_reply(struct http_request *request, const struct api_order_view *view);

/** Answer that something went wrong inside or the store is gone. */
void view_reply_error(struct http_request *request, enum err err);

#endif
