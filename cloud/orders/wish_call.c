/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a terminal may wish for an order of its own: to end it, to have more time; and to report
 * what was printed, also of an order of its site that was found again there. Each wish carries a
 * number; the same number again changes nothing and gets the same answer. A wish is never a
 * decision: "cancel" only starts finding out.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/orders/case.h"
#include "cloud/orders/view.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

enum { ANSWER_MS_MAX = 10000 };

enum wish_op { WISH_CANCEL, WISH_MORE_TIME, WISH_RECEIPT, WISH_OP_COUNT };

static const char *const OPS[WISH_OP_COUNT] = {
    [WISH_CANCEL] = "cancel",
    [WISH_MORE_TIME] = "more_time",
    [WISH_RECEIPT] = "receipt",
};

struct wish {
    struct orders *orders;
    struct http_ticket ticket;
    enum wish_op op;
    char terminal_id[API_ID_SIZE];
    char site_id[API_ID_SIZE];
    char order_no[ORDER_NUMBER_SIZE];
    char client_request_id[ID_TEXT_SIZE];
    struct api_receipt_report report; /* WISH_RECEIPT */
    bool accepted;
    bool mismatch;
    struct api_order_view view;
};

/* ---- the same wish again ---- */

static enum err find_earlier(struct db *db, struct wish *wish)
{
    struct sql *sql = sql_begin(db, "SELECT order_no, op, accepted FROM order_request"
                                    " WHERE terminal_id = ?1 AND client_request_id = ?2");
    sql_bind_text(sql, 1, wish->terminal_id);
    sql_bind_text(sql, 2, wish->client_request_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        wish->mismatch = !str_equal(sql_text(sql, 0), wish->order_no) ||
                         !str_equal(sql_text(sql, 1), OPS[wish->op]);
        wish->accepted = sql_bool(sql, 2);
    }
    sql_end(sql);
    return err;
}

static enum err keep(struct db *db, const struct wish *wish)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO order_request (terminal_id, client_request_id, order_no, op, accepted)"
            " VALUES (?1, ?2, ?3, ?4, ?5)");
    sql_bind_text(sql, 1, wish->terminal_id);
    sql_bind_text(sql, 2, wish->client_request_id);
    sql_bind_text(sql, 3, wish->order_no);
    sql_bind_text(sql, 4, OPS[wish->op]);
    sql_bind_bool(sql, 5, wish->accepted);
    return sql_run(sql);
}

/* ---- the wishes ---- */

static enum err more_time(struct money_case *c, struct wish *wish)
{
    wish->accepted =
        c->row.order.state == ORDER_WAIT_PAY &&
        c->row.more_time < timers_more_time_max(orders_timers(wish->orders), c->row.assist);
    if (wish->accepted) {
        c->row.more_time += 1;
        case_touch(c);
    }
    return OK;
}

static enum err report(struct db *db, struct wish *wish)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO receipt_report (print_id, order_no, verdict, at, kind)"
                      " VALUES (?1, ?2, ?3, ?4, ?5)"
                      " ON CONFLICT (print_id) DO UPDATE SET verdict = excluded.verdict");
    sql_bind_text(sql, 1, wish->report.print_id);
    sql_bind_text(sql, 2, wish->order_no);
    sql_bind_text(sql, 3, wish->report.verdict);
    sql_bind_i64(sql, 4, db_wall_s(db));
    sql_bind_text(sql, 5, wish->report.kind);
    wish->accepted = true;
    return sql_run(sql);
}

static struct view_terminal terminal_of(const struct wish *wish)
{
    return (struct view_terminal){wish->terminal_id, wish->site_id};
}

static bool may_wish(const struct wish *wish, const struct order_row *row)
{
    const struct view_terminal terminal = terminal_of(wish);
    return wish->op == WISH_RECEIPT ? view_is_for(row, &terminal)
                                    : str_equal(row->terminal_id, wish->terminal_id);
}

static enum err carry_out(struct db *db, struct wish *wish)
{
    struct money_case c;
    enum err err = case_open(&c, wish->orders, db, wish->order_no);
    if (err == OK && !may_wish(wish, &c.row)) {
        err = ERR_NOT_FOUND;
    }
    if (err != OK) {
        return err;
    }
    if (wish->op == WISH_CANCEL) {
        wish->accepted = true;
        err = case_tell(&c, ORDER_EV_CANCEL);
    } else if (wish->op == WISH_MORE_TIME) {
        err = more_time(&c, wish);
    } else {
        err = report(db, wish);
    }
    if (err == OK) {
        err = keep(db, wish);
    }
    return err == OK ? case_commit(&c) : err;
}

static enum err apply(struct db *db, void *arg)
{
    struct wish *wish = arg;
    enum err err = find_earlier(db, wish);
    if (err == ERR_NOT_FOUND) {
        err = carry_out(db, wish);
    }
    const struct view_terminal terminal = terminal_of(wish);
    return err == OK && !wish->mismatch
               ? view_load(wish->orders, db, wish->order_no, &terminal, &wish->view)
               : err;
}

/* ---- the calls ---- */

static void applied(enum err err, void *arg)
{
    struct wish *wish = arg;
    struct http_request *request = http_take(wish->orders->setup.http, wish->ticket);
    if (request == NULL) {
        free(wish);
        return;
    }
    if (err != OK) {
        view_reply_error(request, err);
    } else if (wish->mismatch) {
        http_reply_error(request, 409, API_ERROR_MISMATCH, NULL, NULL);
    } else if (!wish->accepted) {
        http_reply_error(request, 409, API_ERROR_NO_MORE_TIME, NULL, NULL);
    } else {
        view_reply(request, &wish->view);
    }
    free(wish);
}

static bool read_body(struct http_request *request, struct wish *wish)
{
    size_t size = 0;
    struct api_fault fault = {{0}};
    const char *text = http_body_raw(request, &size);
    enum err err = OK;
    if (wish->op == WISH_RECEIPT) {
        err = api_receipt_report_decode(text, size, &wish->report, &fault);
        bool fits = str_copy(wish->client_request_id, sizeof(wish->client_request_id),
                             wish->report.client_request_id);
        MUST(fits);
    } else {
        err = api_request_id_decode(text, size, wish->client_request_id, &fault);
    }
    if (err != OK) {
        http_reply_bad_request(request, fault.field);
    }
    return err == OK;
}

static void on_wish(struct http_request *request, struct orders *orders, enum wish_op op)
{
    const struct http_peer *peer = http_peer(request);
    struct wish *wish = calloc(1, sizeof(*wish));
    if (wish == NULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
        return;
    }
    wish->orders = orders;
    wish->op = op;
    if (!read_body(request, wish)) {
        free(wish);
        return;
    }
    if (!str_copy(wish->order_no, sizeof(wish->order_no), http_param(request, "order_no"))) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, NULL, NULL);
        free(wish);
        return;
    }
    MUST(str_copy(wish->terminal_id, sizeof(wish->terminal_id), peer->terminal_id) &&
         str_copy(wish->site_id, sizeof(wish->site_id), peer->site_id));
    presence_mark(&orders->presence, peer->terminal_id, store_service_ms(orders->setup.store));
    wish->ticket = http_park(request, ANSWER_MS_MAX, NULL, NULL);
    enum err err = store_submit(orders->setup.store, apply, applied, wish);
    if (err != OK) {
        applied(err, wish);
    }
}

static void on_cancel(struct http_request *request, void *self)
{
    on_wish(request, self, WISH_CANCEL);
}

static void on_more_time(struct http_request *request, void *self)
{
    on_wish(request, self, WISH_MORE_TIME);
}

static void on_receipt(struct http_request *request, void *self)
{
    on_wish(request, self, WISH_RECEIPT);
}

void wish_routes(struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/terminal/orders/{order_no}/cancel", HTTP_FOR_TERMINAL, HTTP_BODY_JSON, 0,
         on_cancel, orders},
        {HTTP_POST, "/v1/terminal/orders/{order_no}/more-time", HTTP_FOR_TERMINAL, HTTP_BODY_JSON,
         0, on_more_time, orders},
        {HTTP_POST, "/v1/terminal/orders/{order_no}/receipt", HTTP_FOR_TERMINAL, HTTP_BODY_JSON, 0,
         on_receipt, orders},
    };
    http_route_add(orders->setup.http, routes, ARRAY_COUNT(routes));
}
