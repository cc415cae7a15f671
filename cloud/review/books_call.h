/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_BOOKS_CALL_H
#define SHILLING_CLOUD_REVIEW_BOOKS_CALL_H

#include "cloud/http/http.h"
#include "cloud/orders/orders.h"

/**
 * Register POST /v1/admin/books {"day"}, which adds the books of a day up and answers with its
 * report (cloud/orders/books.h), and GET /v1/admin/books/{day}, the report of the last time.
 */
void books_routes(struct http_server *http, struct orders *orders);

#endif
