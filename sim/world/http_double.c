/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/http_double.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "sim/world/world.h"

enum { PARAM_SIZE = 96, ARENA_MAX = 8 };

struct http_request {
    struct world *world;
    struct http_wish wish;
    struct http_peer peer;
    const struct http_route *route;
    char path[HTTP_DOUBLE_PATH_SIZE];
    char query[HTTP_DOUBLE_PATH_SIZE];
    char param[PARAM_SIZE];
    char value[PARAM_SIZE];
    json_t *json;
    void *arena[ARENA_MAX];
    size_t arena_count;
    bool handling; /* its handler has not returned yet */
    bool parked;
    bool answered;
    uint64_t ticket;
    http_handler on_timeout;
    void *timeout_self;
};

struct answer {
    void (*answered)(struct world *world, uint64_t id, unsigned status, const char *text);
    uint64_t id;
    unsigned status;
    char text[];
};

void http_double_reset(struct http_server *server)
{
    server->route_count = 0;
    server->parked_count = 0;
}

/* ---- a request arrives ---- */

/* One parameter in the middle or at the end is all that our patterns have. */
static bool match(const char *pattern, const char *path, char param[PARAM_SIZE])
{
    const char *open = strchr(pattern, '{');
    if (open == NULL) {
        return str_equal(pattern, path);
    }
    const size_t head = (size_t)(open - pattern);
    const char *tail = strchr(open, '}') + 1;
    const size_t tail_len = strlen(tail);
    const size_t len = strlen(path);
    if (strncmp(pattern, path, head) != 0 || len <= head + tail_len ||
        !str_equal(path + len - tail_len, tail)) {
        return false;
    }
    return str_copy_bytes(param, PARAM_SIZE, path + head, len - head - tail_len) &&
           strchr(param, '/') == NULL;
}

static const struct http_route *route_of(struct http_request *request)
{
    const struct http_server *server = &request->world->http;
    for (size_t i = 0; i < server->route_count; i++) {
        const struct http_route *route = &server->routes[i];
        if (route->method == request->wish.method &&
            match(route->pattern, request->path, request->param)) {
            return route;
        }
    }
    return NULL;
}

static void request_free(struct http_request *request)
{
    MUST(request->answered || request->route == NULL);
    json_decref(request->json);
    for (size_t i = 0; i < request->arena_count; i++) {
        free(request->arena[i]);
    }
    free(request);
}

static void handle(void *arg)
{
    struct http_request *request = arg;
    request->handling = true;
    request->route->handler(request, request->route->self);
    request->handling = false;
    if (request->answered) {
        request_free(request);
    }
}

static void arrived(struct world *world, const struct packet *packet)
{
    struct http_request *request = calloc(1, sizeof(*request));
    MUST(request != NULL && packet->size == sizeof(request->wish));
    request->world = world;
    memcpy(&request->wish, packet->data, sizeof(request->wish));
    const struct http_wish *wish = &request->wish;
    const char *mark = strchr(wish->path, '?');
    const size_t len = mark != NULL ? (size_t)(mark - wish->path) : strlen(wish->path);
    MUST(str_copy_bytes(request->path, sizeof(request->path), wish->path, len));
    str_format_cut(request->query, sizeof(request->query), "%s", mark != NULL ? mark + 1 : "");
    str_format_cut(request->peer.terminal_id, sizeof(request->peer.terminal_id), "%s",
                   wish->terminal_id);
    str_format_cut(request->peer.site_id, sizeof(request->peer.site_id), "s1");
    request->json = wish->body[0] != '\0' ? json_loads(wish->body, 0, NULL) : NULL;
    request->route = route_of(request);
    if (request->route == NULL) {
        request_free(request); /* the routes are not all there yet */
        return;
    }
    (void)kernel_spawn(NODE_CLOUD, handle, request);
}

/* Terminals are "k1" and so on; at the other links there is nobody but the provider. */
static uint32_t peer_of(const struct http_wish *wish)
{
    uint32_t peer = 0;
    const bool terminal = wish->link == LINK_KIOSK && wish->terminal_id[0] == 'k';
    return terminal && parse_u32(wish->terminal_id + 1, FLOW_PEERS_MAX - 1, &peer) ? peer : 0;
}

void http_double_send(struct world *world, const struct http_wish *wish)
{
    const struct packet head = {
        .link = (enum link)wish->link, .to = NODE_CLOUD, .peer = peer_of(wish), .deliver = arrived};
    net_send(world, &head, wish, sizeof(*wish));
}

/* ---- an answer leaves ---- */

static void came_back(struct world *world, const struct packet *packet)
{
    const struct answer *answer = (const struct answer *)(const void *)packet->data;
    answer->answered(world, answer->id, answer->status, answer->text);
}

void http_reply_text(struct http_request *request, unsigned status, const char *content_type,
                     const char *text, size_t size)
{
    struct world *world = request->world;
    const struct packet head = {.link = (enum link)request->wish.link,
                                .to = KERNEL_WORLD,
                                .peer = peer_of(&request->wish),
                                .deliver = came_back};
    (void)content_type;
    MUST(!request->answered);
    request->answered = true;
    struct answer *answer = calloc(1, sizeof(*answer) + size + 1);
    MUST(answer != NULL);
    answer->answered = request->wish.answered;
    answer->id = request->wish.id;
    answer->status = status;
    memcpy(answer->text, text, size);
    if (answer->answered != NULL) {
        net_send(world, &head, answer, sizeof(*answer) + size + 1);
    }
    free(answer);
    if (!request->handling) {
        request_free(request);
    }
}

void http_reply_json(struct http_request *request, unsigned status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    MUST(text != NULL);
    json_decref(json);
    http_reply_text(request, status, "application/json", text, strlen(text));
    free(text);
}

void http_reply_empty(struct http_request *request, unsigned status)
{
    http_reply_text(request, status, "", "", 0);
}

void http_reply_error(struct http_request *request, unsigned status, const char *code,
                      const char *message, const char *field)
{
    (void)message;
    (void)field;
    http_reply_json(request, status, json_pack("{s:{s:s}}", "error", "code", code));
}

void http_reply_bad_request(struct http_request *request, const char *field)
{
    http_reply_error(request, 400, "bad_request", NULL, field);
}

/* ---- parking ---- */

static void parked_too_long(void *arg)
{
    struct http_request *request = arg;
    request->on_timeout(request, request->timeout_self);
}

struct parked {
    struct world *world;
    uint64_t ticket;
};

static void check_parked(void *arg)
{
    const struct parked parked = *(struct parked *)arg;
    free(arg);
    struct http_request *request =
        http_take(&parked.world->http, (struct http_ticket){parked.ticket});
    if (request == NULL) {
        return;
    }
    if (request->on_timeout == NULL) {
        http_reply_error(request, 503, "busy", NULL, NULL);
    } else {
        (void)kernel_spawn(NODE_CLOUD, parked_too_long, request);
    }
}

struct http_ticket http_park(struct http_request *request, uint32_t timeout_ms,
                             http_handler on_timeout, void *self)
{
    struct http_server *server = &request->world->http;
    if (server->parked_count == server->parked_room) {
        server->parked_room = server->parked_room == 0 ? 256 : server->parked_room * 2;
        server->parked =
            realloc(server->parked, server->parked_room * sizeof(struct http_request *));
        MUST(server->parked != NULL);
    }
    server->parked[server->parked_count++] = request;
    request->parked = true;
    request->ticket = server->parked_count;
    request->on_timeout = on_timeout;
    request->timeout_self = self;
    struct parked *parked = malloc(sizeof(*parked));
    MUST(parked != NULL);
    *parked = (struct parked){request->world, request->ticket};
    kernel_after(NODE_CLOUD, (int64_t)timeout_ms * KERNEL_MS, check_parked, parked);
    return (struct http_ticket){.id = request->ticket};
}

struct http_request *http_take(struct http_server *server, struct http_ticket ticket)
{
    MUST(ticket.id >= 1 && ticket.id <= server->parked_count);
    struct http_request *request = server->parked[ticket.id - 1];
    server->parked[ticket.id - 1] = NULL;
    return request;
}

/* ---- looking at a request ---- */

void http_route_add(struct http_server *server, const struct http_route *routes, size_t count)
{
    MUST(server->route_count + count <= HTTP_DOUBLE_ROUTES_MAX);
    memcpy(server->routes + server->route_count, routes, count * sizeof(*routes));
    server->route_count += count;
}

const struct http_peer *http_peer(const struct http_request *request)
{
    return &request->peer;
}

const char *http_param(const struct http_request *request, const char *name)
{
    (void)name;
    return request->param;
}

const char *http_query(const struct http_request *request, const char *name)
{
    struct http_request *changed = (struct http_request *)(uintptr_t)request;
    const size_t name_len = strlen(name);
    const char *at = request->query;
    while (*at != '\0') {
        const size_t len = strcspn(at, "&");
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            const size_t value_len = len - name_len - 1;
            return str_copy_bytes(changed->value, sizeof(changed->value), at + name_len + 1,
                                  value_len)
                       ? request->value
                       : NULL;
        }
        at += len + (at[len] == '&' ? 1 : 0);
    }
    return NULL;
}

bool http_query_int(const struct http_request *request, const char *name, int64_t max,
                    int64_t fallback, int64_t *ret_value)
{
    const char *text = http_query(request, name);
    *ret_value = fallback;
    return text == NULL || parse_i64(text, 0, max, ret_value);
}

const char *http_header(const struct http_request *request, const char *name)
{
    (void)request;
    (void)name;
    return NULL;
}

size_t http_header_count(const struct http_request *request, const char *name)
{
    (void)request;
    (void)name;
    return 0;
}

const json_t *http_body_json(const struct http_request *request)
{
    return request->json;
}

const char *http_body_raw(const struct http_request *request, size_t *ret_size)
{
    *ret_size = strlen(request->wish.body);
    return request->wish.body;
}

void *http_alloc(struct http_request *request, size_t size)
{
    MUST(request->arena_count < ARENA_MAX);
    void *area = calloc(1, size);
    MUST(area != NULL);
    request->arena[request->arena_count++] = area;
    return area;
}

struct http_server *http_server_of(const struct http_request *request)
{
    return &request->world->http;
}
