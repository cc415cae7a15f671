/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/terminal/orders. The wish goes to the writer at once, so that many wishes share one
 * commit; the answer is given when that is durable. Only a wish that ends an earlier attempt takes
 * the longer way over a payment worker: the provider is asked once whether that attempt was paid.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/orders/create.h"
#include "cloud/orders/evidence.h"
#include "cloud/orders/view.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/payments/result.h"

enum {
    ANSWER_MS_MAX = 25000, /* a query and a close in front of it, 8 s each */
};

struct create_call {
    struct create create;
    struct http_ticket ticket;
    char key[POOL_KEY_SIZE]; /* this call's own: a repetition of the wish is another call */
    bool superseded;         /* an earlier attempt was ended for this one: not twice */
};

static const struct {
    unsigned status;
    const char *code;
} REFUSALS[CREATE_REFUSAL_COUNT] = {
    [CREATE_MISMATCH] = {409, API_ERROR_MISMATCH},
    [CREATE_NOT_FOUND] = {404, API_ERROR_NOT_FOUND},
    [CREATE_SALE_REFUSED] = {409, API_ERROR_SALE_REFUSED},
    [CREATE_AMOUNT] = {422, API_ERROR_AMOUNT_RANGE},
    [CREATE_BLOCKED] = {409, API_ERROR_METER_BLOCKED},
    [CREATE_OPEN_ELSEWHERE] = {409, API_ERROR_OPEN_ELSEWHERE},
    [CREATE_SILENT] = {409, API_ERROR_METER_SILENT},
    [CREATE_SILENT_REFUSED] = {409, API_ERROR_SILENT_REFUSED},
    [CREATE_CLOSED] = {503, API_ERROR_PAYMENTS_CLOSED},
    [CREATE_DISK_FULL] = {503, API_ERROR_DISK_FULL},
    [CREATE_PAID] = {409, API_ERROR_PURCHASE_PAID},
    [CREATE_CARD_REFUSED] = {409, API_ERROR_CARD_REFUSED},
    [CREATE_CARD_OVER] = {410, API_ERROR_CARD_SESSION},
    [CREATE_SUPERSEDES] = {503, API_ERROR_BUSY},
};

static void reply(const struct create_call *call, enum err err)
{
    const struct create *create = &call->create;
    struct http_request *request = http_take(create->orders->setup.http, call->ticket);
    if (request == NULL) {
        return;
    }
    if (err != OK) {
        view_reply_error(request, err);
    } else if (create->refusal == CREATE_OK) {
        view_reply(request, &create->view);
    } else {
        const bool says =
            create->refusal == CREATE_SALE_REFUSED || create->refusal == CREATE_CARD_REFUSED;
        const char *message = says                               ? create->sale_reason
                              : create->refusal == CREATE_CLOSED ? create->payments_reason
                                                                 : NULL;
        http_reply_error(request, REFUSALS[create->refusal].status, REFUSALS[create->refusal].code,
                         message, NULL);
    }
}

static void submit(struct create_call *call);

/* ---- an earlier attempt ---- */

static enum err end_attempt(struct db *db, void *arg)
{
    struct create_call *call = arg;
    return create_supersede(call->create.orders, db, call->create.other_no);
}

struct closing {
    struct orders *orders;
    const char *order_no;
    enum pay_wallet wallet;
};

static enum err load_wallet(struct db *db, void *arg)
{
    struct closing *closing = arg;
    struct order_row row;
    enum err err = order_row_load(db, closing->order_no, &row);
    if (err == OK) {
        closing->wallet = row.wallet;
    }
    return err;
}

/* Best effort: what this cannot close, a late payment turns into a refund. */
static void close_at_provider(struct orders *orders, const char *order_no)
{
    struct closing closing = {.orders = orders, .order_no = order_no};
    struct pay_answer answer;
    if (store_read(orders->setup.store, load_wallet, &closing) == OK) {
        pay_close(orders->setup.pay, closing.wallet, order_no, &answer);
        pay_answer_finish(&answer);
    }
}

/* One query, and its answer is told; then the attempt is ended if it still can be paid. */
static enum err supersede(struct create_call *call)
{
    struct orders *orders = call->create.orders;
    enum pay_result result = PAY_UNKNOWN;
    enum err err = evidence_query(orders, call->create.other_no, &result);
    if (err != OK || result == PAY_PAID) {
        return err;
    }
    err = store_run(orders->setup.store, end_attempt, call);
    if (err == OK) {
        close_at_provider(orders, call->create.other_no);
    }
    return err;
}

static void work(void *self, const char *key)
{
    struct create_call *call = self;
    (void)key;
    enum err err = supersede(call);
    if (err != OK) {
        reply(call, err);
        free(call);
        return;
    }
    submit(call);
}

/* ---- the wish ---- */

static void created(enum err err, void *arg)
{
    struct create_call *call = arg;
    if (err == OK && call->create.refusal == CREATE_SUPERSEDES && !call->superseded) {
        call->superseded = true;
        if (pool_submit(call->create.orders->pay_pool, work, call, call->key)) {
            return;
        }
    }
    reply(call, err);
    free(call);
}

static void submit(struct create_call *call)
{
    enum err err = store_submit(call->create.orders->setup.store, create_order, created, call);
    if (err != OK) {
        reply(call, err);
        free(call);
    }
}

static bool read_request(struct http_request *request, struct create *create)
{
    size_t size = 0;
    struct api_fault fault = {{0}};
    const char *text = http_body_raw(request, &size);
    if (api_order_request_decode(text, size, &create->request, &fault) != OK) {
        http_reply_bad_request(request, fault.field);
        return false;
    }
    return true;
}

static bool is_wallet_open(struct orders *orders, enum api_channel channel,
                           char ret_reason[API_WORD_SIZE])
{
    const enum pay_wallet wallet = channel == API_CHANNEL_ALIPAY ? PAY_ALIPAY : PAY_WECHAT;
    return orders_payments_open(orders, ret_reason) &&
           orders_wallet_open(orders, wallet, ret_reason);
}

static void on_create(struct http_request *request, void *self)
{
    struct orders *orders = self;
    const struct http_peer *peer = http_peer(request);
    struct create_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return;
    }
    struct create *create = &call->create;
    create->orders = orders;
    if (!read_request(request, create)) {
        free(call);
        return;
    }
    bool fits = str_copy(create->terminal_id, sizeof(create->terminal_id), peer->terminal_id) &&
                str_copy(create->site_id, sizeof(create->site_id), peer->site_id);
    MUST(fits);
    create->has_room = store_has_room(orders->setup.store);
    create->payments_open =
        is_wallet_open(orders, create->request.channel, create->payments_reason);
    presence_mark(&orders->presence, peer->terminal_id, store_service_ms(orders->setup.store));
    call->ticket = http_park(request, ANSWER_MS_MAX, NULL, NULL);
    str_format_cut(call->key, sizeof(call->key), "%" PRIu64, call->ticket.id);
    submit(call);
}

void create_routes(struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/terminal/orders", HTTP_FOR_TERMINAL, HTTP_BODY_JSON, 0, on_create, orders},
    };
    http_route_add(orders->setup.http, routes, ARRAY_COUNT(routes));
}
