/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/review/books_call.h"

#include "cloud/orders/bill.h"
#include "cloud/orders/books.h"
#include "common/json/json.h"
#include "protocol/api/error.h"

static void reply_report(struct http_request *request, const struct orders *orders, const char *day)
{
    struct books_report report = {.day = day};
    enum err err = store_read(orders->setup.store, books_report, &report);
    if (err == OK) {
        http_reply_json(request, 200, report.json);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

static void on_run(struct http_request *request, void *self)
{
    struct orders *orders = self;
    struct json_reader r = json_reader(http_body_json(request));
    struct books_result result = {0};
    char day[PAY_DAY_SIZE];
    json_text(&r, "day", day, sizeof(day));
    if (!json_failed(&r) && !bill_day_is_valid(day)) {
        json_refuse(&r, "day");
    }
    if (json_failed(&r)) {
        http_reply_bad_request(request, json_field(&r));
        return;
    }
    enum err err = books_run(orders, day, &result);
    if (err == OK) {
        reply_report(request, orders, day);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

static void on_stored(struct http_request *request, void *self)
{
    const char *day = http_param(request, "day");
    if (bill_day_is_valid(day)) {
        reply_report(request, self, day);
    } else {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such day", NULL);
    }
}

void books_routes(struct http_server *http, struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/admin/books", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_run, orders},
        {HTTP_GET, "/v1/admin/books/{day}", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_stored, orders},
    };
    http_route_add(http, routes, ARRAY_COUNT(routes));
}
