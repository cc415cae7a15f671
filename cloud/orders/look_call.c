/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET of one order (waiting for its next version if asked to), of a terminal's own open orders, and
 * of the site's orders by the end of their number. All only read; a request that waits is answered
 * by the news thread.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/orders/view.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

enum {
    WAIT_S_MAX = 25,
    WAIT_SLACK_MS = 10000, /* the news thread answers first; the park's own end is a net */
    OPEN_WALL_S = 600,     /* orders of the last ten minutes are shown, too */
    TAIL_LEN = 6,          /* the digits at the end of every order number */
    FOUND_MAX = 8,         /* one page; by chance two of a site share their six digits */
};

struct look {
    struct orders *orders;
    const char *order_no;
    const struct view_terminal *terminal; /* NULL: checked before */
    struct api_order_view view;
};

static enum err load(struct db *db, void *arg)
{
    struct look *look = arg;
    return view_load(look->orders, db, look->order_no, look->terminal, &look->view);
}

/* ---- waiting ---- */

/* In the news thread: answer if the version is another one, or time is over. */
bool look_answer(void *self, struct http_ticket ticket, const char *order_no, int64_t version,
                 bool timed_out)
{
    struct orders *orders = self;
    struct look look = {.orders = orders, .order_no = order_no};
    enum err err = store_read(orders->setup.store, load, &look);
    if (err == OK && look.view.version == version && !timed_out) {
        return false;
    }
    struct http_request *request = http_take(orders->setup.http, ticket);
    if (request != NULL && err == OK) {
        view_reply(request, &look.view);
    } else if (request != NULL) {
        view_reply_error(request, err);
    }
    return true;
}

static void park(struct http_request *request, const struct look *look, int64_t wait_ms)
{
    struct orders *orders = look->orders;
    char order_no[API_ORDER_NO_SIZE];
    MUST(str_copy(order_no, sizeof(order_no), look->view.order_no));
    const struct http_ticket ticket =
        http_park(request, (uint32_t)(wait_ms + WAIT_SLACK_MS), NULL, NULL);
    if (!news_wait(orders->news, ticket, order_no, look->view.version, wait_ms)) {
        (void)look_answer(orders, ticket, order_no, look->view.version, /* timed_out= */ true);
    }
}

static void on_get(struct http_request *request, void *self)
{
    struct orders *orders = self;
    const struct http_peer *peer = http_peer(request);
    int64_t wait_s = 0;
    int64_t version = 0;
    if (!http_query_int(request, "wait_s", WAIT_S_MAX, 0, &wait_s)) {
        http_reply_bad_request(request, "wait_s");
        return;
    }
    if (!http_query_int(request, "version", INT64_MAX, -1, &version)) {
        http_reply_bad_request(request, "version");
        return;
    }
    presence_mark(&orders->presence, peer->terminal_id, store_service_ms(orders->setup.store));
    const struct view_terminal terminal = {peer->terminal_id, peer->site_id};
    struct look look = {
        .orders = orders, .order_no = http_param(request, "order_no"), .terminal = &terminal};
    enum err err = store_read(orders->setup.store, load, &look);
    if (err != OK) {
        view_reply_error(request, err);
    } else if (wait_s > 0 && look.view.version == version) {
        park(request, &look, wait_s * 1000);
    } else {
        view_reply(request, &look.view);
    }
}

/* ---- a terminal's own, and those that a tenant looks for ---- */

struct list {
    struct orders *orders;
    struct view_terminal terminal;
    const char *tail; /* six digits; NULL: the terminal's open ones */
    char numbers[API_ORDERS_MAX][ORDER_NUMBER_SIZE];
    size_t number_count;
    struct api_orders orders_out;
};

static struct sql *select_open(struct db *db, const struct list *list)
{
    struct sql *sql = sql_begin(
        db, "SELECT order_no FROM pay_order WHERE terminal_id = ?1 AND (created_at >= ?2"
            " OR state NOT IN ('DONE', 'CLOSED', 'REFUNDED')) ORDER BY created_ms DESC LIMIT ?3");
    sql_bind_text(sql, 1, list->terminal.terminal_id);
    sql_bind_i64(sql, 2, db_wall_s(db) - OPEN_WALL_S);
    sql_bind_i64(sql, 3, API_ORDERS_MAX);
    return sql;
}

/* Those that this terminal may show, as view_is_for() says. */
static struct sql *select_tail(struct db *db, const struct list *list)
{
    struct sql *sql =
        sql_begin(db, "SELECT order_no FROM pay_order WHERE site_id = ?1"
                      " AND substr(order_no, -6) = ?2 AND (terminal_id = ?3 OR paid_at IS NOT NULL)"
                      " AND coalesce(paid_at, created_at) >= ?4 ORDER BY created_ms DESC LIMIT ?5");
    sql_bind_text(sql, 1, list->terminal.site_id);
    sql_bind_text(sql, 2, list->tail);
    sql_bind_text(sql, 3, list->terminal.terminal_id);
    sql_bind_i64(sql, 4, db_wall_s(db) - VIEW_FIND_S);
    sql_bind_i64(sql, 5, FOUND_MAX);
    return sql;
}

static enum err list_numbers(struct db *db, struct list *list)
{
    struct sql *sql = list->tail != NULL ? select_tail(db, list) : select_open(db, list);
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        if (!sql_copy_text(sql, 0, list->numbers[list->number_count], ORDER_NUMBER_SIZE)) {
            return ERR_CHECKSUM;
        }
        list->number_count += 1;
    }
}

static enum err load_list(struct db *db, void *arg)
{
    struct list *list = arg;
    enum err err = list_numbers(db, list);
    for (size_t i = 0; i < list->number_count && err == OK; i++) {
        err = view_load(list->orders, db, list->numbers[i], NULL, &list->orders_out.views[i]);
        list->orders_out.count = i + 1;
    }
    return err;
}

static void reply_list(struct http_request *request, const struct api_orders *orders_out)
{
    size_t size = 0;
    char *text = http_alloc(request, API_TEXT_SIZE_MAX);
    if (api_orders_encode(orders_out, text, API_TEXT_SIZE_MAX, &size) == OK) {
        http_reply_text(request, 200, "application/json", text, size);
    } else {
        http_reply_error(request, 500, API_ERROR_INTERNAL, NULL, NULL);
    }
}

static bool tail_is_whole(const char *tail)
{
    size_t len = 0;
    while (tail[len] >= '0' && tail[len] <= '9') {
        len += 1;
    }
    return len == TAIL_LEN && tail[len] == '\0';
}

/* Answers itself if the query is none of ours, or one too many. */
static bool query_is_good(struct http_request *request, struct orders *orders)
{
    const char *mine = http_query(request, "mine");
    const char *tail = http_query(request, "tail");
    if (tail == NULL && (mine == NULL || !str_equal(mine, "open"))) {
        http_reply_bad_request(request, "mine");
        return false;
    }
    if (tail != NULL && (mine != NULL || !tail_is_whole(tail))) {
        http_reply_bad_request(request, "tail");
        return false;
    }
    /* Six digits are soon tried through; nobody may leaf through his neighbours' orders. */
    if (tail != NULL && !presence_may_try(&orders->presence, http_peer(request)->terminal_id,
                                          store_service_ms(orders->setup.store))) {
        http_reply_error(request, 429, API_ERROR_TOO_MANY,
                         "too many numbers tried at this terminal; again in a minute", NULL);
        return false;
    }
    return true;
}

static void on_list(struct http_request *request, void *self)
{
    struct orders *orders = self;
    const struct http_peer *peer = http_peer(request);
    if (!query_is_good(request, orders)) {
        return;
    }
    presence_mark(&orders->presence, peer->terminal_id, store_service_ms(orders->setup.store));
    struct list *list = http_alloc(request, sizeof(*list));
    list->orders = orders;
    list->terminal = (struct view_terminal){peer->terminal_id, peer->site_id};
    list->tail = http_query(request, "tail");
    enum err err = store_read(orders->setup.store, load_list, list);
    if (err == OK) {
        reply_list(request, &list->orders_out);
    } else {
        view_reply_error(request, err);
    }
}

void view_routes(struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_GET, "/v1/terminal/orders", HTTP_FOR_TERMINAL, HTTP_BODY_NONE, 0, on_list, orders},
        {HTTP_GET, "/v1/terminal/orders/{order_no}", HTTP_FOR_TERMINAL, HTTP_BODY_NONE, 0, on_get,
         orders},
    };
    http_route_add(orders->setup.http, routes, ARRAY_COUNT(routes));
}
