/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Each call builds its path and body, has drivers/net carry it, and decodes the answer. Whatever
 * is not a 2xx answer in our format, or an error object in our format with a 4xx (or one of our
 * own 503s), is SERVER_NOTHING: a captive portal's page must not look like a refusal.
 */
#include "kiosk/net/server.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "kiosk/net/exchange.h"

enum {
    ORDER_TIMEOUT_MS = 8000,
    READ_WAIT_S = 8,
    READ_TIMEOUT_MS = 12000, /* a live read gives up after 12 s */
};

struct server *server_create(const struct server_config *config)
{
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return NULL;
    }
    struct https_config https = {.ca_file = config->ca_file,
                                 .cert_file = config->cert_file,
                                 .key_file = config->key_file,
                                 .user_agent = "shilling-kiosk"};
    if (!str_copy(server->url, sizeof(server->url), config->url) ||
        https_create(&https, &server->https) != OK) {
        free(server);
        return NULL;
    }
    return server;
}

void server_destroy(struct server *server)
{
    if (server != NULL) {
        https_destroy(server->https);
        free(server);
    }
}

const char *server_trouble(const struct server *server)
{
    return server->trouble;
}

static enum server_result judge(struct server *server, struct server_exchange *exchange)
{
    const struct https_answer *answer = &exchange->answer;
    if (answer->status >= 200 && answer->status < 300) {
        return SERVER_ANSWER;
    }
    struct api_error error = {0};
    struct api_fault fault;
    bool ours = (answer->status >= 400 && answer->status < 500) || answer->status == 503;
    bool readable = ours && api_error_decode(answer->body, answer->body_size, &error, &fault) == OK;
    if (!readable) {
        str_format_cut(server->trouble, sizeof(server->trouble),
                       "status %ld, and no words of ours: is another program there?",
                       answer->status);
        return SERVER_NOTHING;
    }
    str_format_cut(server->trouble, sizeof(server->trouble), "it refuses: %s", error.code);
    if (exchange->ret_error != NULL) {
        *exchange->ret_error = error;
    }
    return SERVER_REFUSED;
}

static enum server_result perform(struct server *server, struct server_exchange *exchange)
{
    char url[sizeof(server->url) + SERVER_PATH_SIZE];
    bool fits = str_format(url, sizeof(url), "%s%s", server->url, exchange->path);
    MUST(fits);
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json"};
    struct https_call call = {
        .method = exchange->method,
        .url = url,
        .headers = headers,
        .header_count = ARRAY_COUNT(headers),
        .body = exchange->body,
        .body_size = exchange->body_size,
        .timeout_ms = exchange->timeout_ms,
        .answer_size_max = (size_t)4 * API_TEXT_SIZE_MAX,
    };
    char why[HTTPS_WHY_SIZE];
    if (https_perform(server->https, &call, &exchange->answer, why) != OK) {
        str_format_cut(server->trouble, sizeof(server->trouble), "%s", why);
        return SERVER_NOTHING;
    }
    enum server_result result = judge(server, exchange);
    if (result != SERVER_ANSWER) {
        https_answer_finish(&exchange->answer);
    }
    return result;
}

enum server_result server_perform(struct server *server, struct server_exchange *exchange)
{
    exchange->result = perform(server, exchange);
    return exchange->result;
}

struct server_exchange server_post(const char *path, const char *body, size_t body_size,
                                   int64_t timeout_ms, struct api_error *ret_error)
{
    return (struct server_exchange){.method = "POST",
                                    .path = path,
                                    .body = body,
                                    .body_size = body_size,
                                    .timeout_ms = timeout_ms,
                                    .ret_error = ret_error};
}

bool server_path(char ret_path[SERVER_PATH_SIZE], const char *format_head, const char *id,
                 const char *tail)
{
    char escaped[SERVER_PATH_SIZE / 2];
    return id[0] != '\0' && https_escape(id, escaped, sizeof(escaped)) &&
           str_format(ret_path, SERVER_PATH_SIZE, "%s%s%s", format_head, escaped, tail);
}

/* The body as text of its own; the answer's memory is handed over. */
static char *take_body(struct server_exchange *exchange)
{
    char *body = exchange->answer.body;
    exchange->answer.body = NULL;
    https_answer_finish(&exchange->answer);
    return body;
}

enum server_result server_answer_if(struct server_exchange *exchange, enum err decoded)
{
    https_answer_finish(&exchange->answer);
    return decoded == OK ? SERVER_ANSWER : SERVER_NOTHING;
}

enum server_result server_get_profile(struct server *server, struct api_profile *ret_profile,
                                      char **ret_json)
{
    struct server_exchange exchange = {
        .method = "GET", .path = "/v1/terminal/profile", .timeout_ms = SERVER_QUICK_TIMEOUT_MS};
    enum server_result result = server_perform(server, &exchange);
    if (result != SERVER_ANSWER) {
        return result;
    }
    struct api_fault fault;
    if (api_profile_decode(exchange.answer.body, exchange.answer.body_size, ret_profile, &fault) !=
        OK) {
        return server_answer_if(&exchange, ERR_FORMAT);
    }
    *ret_json = take_body(&exchange);
    return SERVER_ANSWER;
}

enum server_result server_post_heartbeat(struct server *server,
                                         const struct api_heartbeat *heartbeat,
                                         struct api_heartbeat_answer *ret_answer,
                                         struct api_error *ret_error)
{
    char *body = server->body;
    size_t size = 0;
    if (api_heartbeat_encode(heartbeat, body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post("/v1/terminal/heartbeat", body, size, SERVER_QUICK_TIMEOUT_MS, ret_error);
    return SERVER_ASK(server, &exchange, api_heartbeat_answer_decode, ret_answer);
}

enum server_result server_get_rooms(struct server *server, const char *searched,
                                    struct api_rooms *rooms)
{
    char path[SERVER_PATH_SIZE] = "/v1/terminal/rooms";
    if (searched[0] != '\0' && !server_path(path, "/v1/terminal/rooms?q=", searched, "")) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange = {
        .method = "GET", .path = path, .timeout_ms = SERVER_QUICK_TIMEOUT_MS};
    enum server_result result = server_perform(server, &exchange);
    struct api_fault fault;
    return result != SERVER_ANSWER
               ? result
               : server_answer_if(&exchange,
                                  api_rooms_decode(exchange.answer.body, exchange.answer.body_size,
                                                   API_ROOMS_PAGE_MAX, rooms, &fault));
}

enum server_result server_get_room(struct server *server, const char *room_id,
                                   struct api_room_page *ret_page, struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    if (!server_path(path, "/v1/terminal/rooms/", room_id, "")) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange = {.method = "GET",
                                       .path = path,
                                       .timeout_ms = SERVER_QUICK_TIMEOUT_MS,
                                       .ret_error = ret_error};
    return SERVER_ASK(server, &exchange, api_room_page_decode, ret_page);
}

enum server_result server_read_meter(struct server *server, const char *meter_id,
                                     struct api_read_answer *ret_answer)
{
    char path[SERVER_PATH_SIZE];
    char tail[32];
    char *body = server->body;
    size_t size = 0;
    struct api_read_request request = {.max_age_s = 0};
    if (!str_format(tail, sizeof(tail), "/reads?wait_s=%d", (int)READ_WAIT_S) ||
        !server_path(path, "/v1/terminal/meters/", meter_id, tail) ||
        api_read_request_encode(&request, body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange = server_post(path, body, size, READ_TIMEOUT_MS, NULL);
    return SERVER_ASK(server, &exchange, api_read_answer_decode, ret_answer);
}

static enum server_result view_exchange(struct server *server, struct server_exchange *exchange,
                                        struct api_order_view *ret_view)
{
    return SERVER_ASK(server, exchange, api_order_view_decode, ret_view);
}

enum server_result server_create_order(struct server *server,
                                       const struct api_order_request *request,
                                       struct api_order_view *ret_view, struct api_error *ret_error)
{
    char *body = server->body;
    size_t size = 0;
    if (api_order_request_encode(request, body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post("/v1/terminal/orders", body, size, ORDER_TIMEOUT_MS, ret_error);
    return view_exchange(server, &exchange, ret_view);
}

enum server_result server_get_order(struct server *server, const char *order_no, int wait_s,
                                    uint64_t version, struct api_order_view *ret_view)
{
    char path[SERVER_PATH_SIZE];
    char tail[64];
    if (!str_format(tail, sizeof(tail), "?wait_s=%d&version=%llu", wait_s,
                    (unsigned long long)version) ||
        !server_path(path, "/v1/terminal/orders/", order_no, tail)) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange = {.method = "GET",
                                       .path = path,
                                       .timeout_ms =
                                           SERVER_QUICK_TIMEOUT_MS + wait_s * INT64_C(1000)};
    return view_exchange(server, &exchange, ret_view);
}

enum server_result server_order_ask(struct server *server, const char *order_no, const char *what,
                                    const char *client_request_id, struct api_order_view *ret_view,
                                    struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    char tail[32];
    char *body = server->body;
    size_t size = 0;
    if (!str_format(tail, sizeof(tail), "/%s", what) ||
        !server_path(path, "/v1/terminal/orders/", order_no, tail) ||
        api_request_id_encode(client_request_id, body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post(path, body, size, SERVER_QUICK_TIMEOUT_MS, ret_error);
    return view_exchange(server, &exchange, ret_view);
}

static enum server_result orders_exchange(struct server *server, struct server_exchange *exchange,
                                          struct api_orders *ret_orders)
{
    return SERVER_ASK(server, exchange, api_orders_decode, ret_orders);
}

enum server_result server_get_orders(struct server *server, struct api_orders *ret_orders)
{
    struct server_exchange exchange = {.method = "GET",
                                       .path = "/v1/terminal/orders?mine=open",
                                       .timeout_ms = SERVER_QUICK_TIMEOUT_MS};
    return orders_exchange(server, &exchange, ret_orders);
}

enum server_result server_find_orders(struct server *server, const char *tail,
                                      struct api_orders *ret_orders, struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    if (!server_path(path, "/v1/terminal/orders?tail=", tail, "")) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange = {.method = "GET",
                                       .path = path,
                                       .timeout_ms = SERVER_QUICK_TIMEOUT_MS,
                                       .ret_error = ret_error};
    return orders_exchange(server, &exchange, ret_orders);
}

enum server_result server_get_receipt(struct server *server, const char *order_no, char **ret_json,
                                      struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    if (!server_path(path, "/v1/terminal/orders/", order_no, "/receipt")) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange = {.method = "GET",
                                       .path = path,
                                       .timeout_ms = SERVER_QUICK_TIMEOUT_MS,
                                       .ret_error = ret_error};
    enum server_result result = server_perform(server, &exchange);
    if (result == SERVER_ANSWER) {
        *ret_json = take_body(&exchange);
    }
    return result;
}

enum server_result server_post_receipt(struct server *server, const char *order_no,
                                       const struct api_receipt_report *report,
                                       struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    char *body = server->body;
    size_t size = 0;
    if (!server_path(path, "/v1/terminal/orders/", order_no, "/receipt") ||
        api_receipt_report_encode(report, body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post(path, body, size, SERVER_QUICK_TIMEOUT_MS, ret_error);
    enum server_result result = server_perform(server, &exchange);
    return result != SERVER_ANSWER ? result : server_answer_if(&exchange, OK);
}
