/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_VIEW_H
#define SHILLING_CLOUD_ORDERS_VIEW_H

#include "cloud/http/http.h"
#include "cloud/orders/internal.h"
#include "cloud/orders/order_row.h"
#include "protocol/api/order.h"

enum {
    VIEW_FIND_S = 30 * 24 * 3600, /* for so long an order is found, and printed again */
};

/* The terminal that asks; texts are borrowed. */
struct view_terminal {
    const char *terminal_id;
    const char *site_id;
};

/**
 * True if a terminal may show the order: its own, and, since money came for it, one of its site,
 * so that a tenant finds it again at the next machine. An order that can still be paid is never
 * shown at another kiosk.
 */
bool view_is_for(const struct order_row *row, const struct view_terminal *terminal);

/** The order as a terminal sees it now. @p terminal NULL: whose it is does not matter. */
MUST_CHECK enum err view_load(struct orders *orders, struct db *db, const char *order_no,
                              const struct view_terminal *terminal,
                              struct api_order_view *ret_view);

/** Answer with the view. */
void view_reply(struct http_request *request, const struct api_order_view *view);

/** Answer that something went wrong inside or the store is gone. */
void view_reply_error(struct http_request *request, enum err err);

#endif
