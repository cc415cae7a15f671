/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/review/bill_call.h"

#include "cloud/orders/bill.h"
#include "cloud/orders/bill_report.h"
#include "common/json/json.h"
#include "common/must.h"
#include "protocol/api/error.h"

/* Which bill is meant. */
struct wanted {
    enum pay_wallet wallet;
    char day[PAY_DAY_SIZE];
};

static void reply_err(struct http_request *request, enum err err)
{
    http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
}

/* {"channel", "day"}; false if the request was answered. */
static bool read_wanted(struct http_request *request, struct wanted *ret_wanted)
{
    struct json_reader r = json_reader(http_body_json(request));
    char channel[16];
    json_text(&r, "channel", channel, sizeof(channel));
    json_text(&r, "day", ret_wanted->day, sizeof(ret_wanted->day));
    if (!json_failed(&r) && !wallet_parse(channel, &ret_wanted->wallet)) {
        json_refuse(&r, "channel");
    }
    if (!json_failed(&r) && !bill_day_is_valid(ret_wanted->day)) {
        json_refuse(&r, "day");
    }
    if (json_failed(&r)) {
        http_reply_bad_request(request, json_field(&r));
        return false;
    }
    return true;
}

/* The bill of one day again: after a fault, or because somebody wants to see it. */
static bool run_bill(struct http_request *request, struct orders *orders,
                     const struct wanted *wanted, struct bill_result *ret_result)
{
    enum err err = bill_run(orders, wanted->wallet, wanted->day, ret_result);
    if (err != OK) {
        reply_err(request, err);
    }
    return err == OK;
}

static void on_bill(struct http_request *request, void *self)
{
    static const char *const WORDS[PAY_BILL_RESULT_COUNT] = {
        [PAY_BILL_UNKNOWN] = "not available now",
        [PAY_BILL_OK] = "compared",
        [PAY_BILL_EMPTY] = "compared: a day without trades",
        [PAY_BILL_REFUSED] = "refused: the file is not right",
    };
    struct wanted wanted;
    struct bill_result result;
    if (!read_wanted(request, &wanted) || !run_bill(request, self, &wanted, &result)) {
        return;
    }
    json_t *json = json_object();
    json_put_text(json, "result", WORDS[result.fetched]);
    json_put_int(json, "findings", (int64_t)result.finding_count);
    json_put_flag(json, "done", result.done);
    http_reply_json(request, 200, json);
}

static void on_reconcile(struct http_request *request, void *self)
{
    static const char *const WORDS[PAY_BILL_RESULT_COUNT] = {
        [PAY_BILL_UNKNOWN] = "unavailable",
        [PAY_BILL_OK] = "compared",
        [PAY_BILL_EMPTY] = "empty",
        [PAY_BILL_REFUSED] = "refused",
    };
    const struct orders *orders = self;
    struct wanted wanted;
    struct bill_result result;
    if (!read_wanted(request, &wanted) || !run_bill(request, self, &wanted, &result)) {
        return;
    }
    struct bill_report report = {.wallet = wanted.wallet, .day = wanted.day};
    enum err err = store_read(orders->setup.store, bill_report, &report);
    if (err != OK) {
        reply_err(request, err);
        return;
    }
    json_put_text(report.json, "result", WORDS[result.fetched]);
    json_put_text(report.json, "why", result.log_text);
    json_put_flag(report.json, "answered", result.done);
    http_reply_json(request, 200, report.json);
}

/* What the last comparison left; nothing is fetched. */
static void on_stored(struct http_request *request, void *self)
{
    const struct orders *orders = self;
    struct bill_report report = {.day = http_param(request, "day")};
    if (!wallet_parse(http_param(request, "channel"), &report.wallet) ||
        !bill_day_is_valid(report.day)) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such wallet or day", NULL);
        return;
    }
    enum err err = store_read(orders->setup.store, bill_report, &report);
    if (err == OK) {
        http_reply_json(request, 200, report.json);
    } else {
        reply_err(request, err);
    }
}

void bill_routes(struct http_server *http, struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/admin/ledger/bill", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_bill, orders},
        {HTTP_POST, "/v1/admin/reconcile", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_reconcile, orders},
        {HTTP_GET, "/v1/admin/reconcile/{channel}/{day}", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0,
         on_stored, orders},
    };
    http_route_add(http, routes, ARRAY_COUNT(routes));
}
