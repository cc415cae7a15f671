/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_orders/double_http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pthread.h>

#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"

enum { ROUTES_MAX = 64, REQUESTS_MAX = 512, PARAM_SIZE = 96, ARENA_MAX = 16, WAIT_S = 10 };

struct http_request {
    struct http_peer peer;
    const struct http_route *route;
    char path[PARAM_SIZE * 2];
    char query[PARAM_SIZE * 2];
    char param[PARAM_SIZE];
    char value[PARAM_SIZE];
    const char *body;
    json_t *json;
    void *arena[ARENA_MAX];
    size_t arena_count;
    bool parked;
    bool taken;
    bool done;
    struct double_answer answer;
};

struct http_server {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct http_route routes[ROUTES_MAX];
    size_t route_count;
    struct http_request *requests[REQUESTS_MAX]; /* by ticket - 1 */
    size_t request_count;
    struct http_peer peer;
    const char *twice;
};

static struct http_server the_server = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                        .changed = PTHREAD_COND_INITIALIZER};

struct http_server *double_http(void)
{
    return &the_server;
}

void double_http_reset(void)
{
    for (size_t i = 0; i < the_server.request_count; i++) {
        free(the_server.requests[i]);
    }
    the_server.route_count = 0;
    the_server.request_count = 0;
    the_server.twice = NULL;
    double_http_peer("k1", "s1");
}

void double_http_twice(const char *name)
{
    the_server.twice = name;
}

void double_http_peer(const char *terminal_id, const char *site_id)
{
    str_format_cut(the_server.peer.terminal_id, sizeof(the_server.peer.terminal_id), "%s",
                   terminal_id);
    str_format_cut(the_server.peer.site_id, sizeof(the_server.peer.site_id), "%s", site_id);
}

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

static const struct http_route *route_of(enum http_method method, struct http_request *request)
{
    for (size_t i = 0; i < the_server.route_count; i++) {
        const struct http_route *route = &the_server.routes[i];
        if (route->method == method && match(route->pattern, request->path, request->param)) {
            return route;
        }
    }
    return NULL;
}

static void wait_done(struct http_request *request)
{
    struct timespec until;
    (void)timespec_get(&until, TIME_UTC);
    until.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&the_server.mutex);
    int code = 0;
    while (!request->done && code == 0) {
        code = pthread_cond_timedwait(&the_server.changed, &the_server.mutex, &until);
    }
    request->taken = true;
    (void)pthread_mutex_unlock(&the_server.mutex);
}

struct double_answer double_http_call(enum http_method method, const char *path, const char *body)
{
    struct http_request *request = calloc(1, sizeof(*request));
    MUST(request != NULL);
    const char *mark = strchr(path, '?');
    const size_t len = mark != NULL ? (size_t)(mark - path) : strlen(path);
    MUST(str_copy_bytes(request->path, sizeof(request->path), path, len));
    str_format_cut(request->query, sizeof(request->query), "%s", mark != NULL ? mark + 1 : "");
    request->peer = the_server.peer;
    request->body = body != NULL ? body : "";
    request->json = body != NULL ? json_loads(body, 0, NULL) : NULL;
    request->route = route_of(method, request);
    MUST(request->route != NULL);
    request->route->handler(request, request->route->self);
    wait_done(request);
    struct double_answer answer = request->answer;
    answer.json = answer.text != NULL ? json_loads(answer.text, 0, NULL) : NULL;
    json_decref(request->json);
    for (size_t i = 0; i < request->arena_count; i++) {
        free(request->arena[i]);
    }
    if (!request->parked) {
        free(request); /* a parked one may still be looked for by its ticket */
    }
    return answer;
}

void double_answer_finish(struct double_answer *answer)
{
    json_decref(answer->json);
    free(answer->text);
    *answer = (struct double_answer){0};
}

/* ---- the interface of cloud/http/http.h ---- */

void http_route_add(struct http_server *server, const struct http_route *routes, size_t count)
{
    MUST(server->route_count + count <= ROUTES_MAX);
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
    struct http_request *mutable = (struct http_request *)(uintptr_t)request;
    const size_t name_len = strlen(name);
    const char *at = request->query;
    while (*at != '\0') {
        const size_t len = strcspn(at, "&");
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            MUST(str_copy_bytes(mutable->value, sizeof(mutable->value), at + name_len + 1,
                                len - name_len - 1));
            return request->value;
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
    return the_server.twice != NULL && str_equal(the_server.twice, name) ? 2 : 0;
}

const json_t *http_body_json(const struct http_request *request)
{
    return request->json;
}

const char *http_body_raw(const struct http_request *request, size_t *ret_size)
{
    *ret_size = strlen(request->body);
    return request->body;
}

void *http_alloc(struct http_request *request, size_t size)
{
    MUST(request->arena_count < ARENA_MAX);
    void *area = calloc(1, size);
    MUST(area != NULL);
    request->arena[request->arena_count] = area;
    request->arena_count += 1;
    return area;
}

void http_reply_text(struct http_request *request, unsigned status, const char *content_type,
                     const char *text, size_t size)
{
    (void)content_type;
    (void)pthread_mutex_lock(&the_server.mutex);
    request->answer.status = status;
    request->answer.text = calloc(1, size + 1);
    MUST(request->answer.text != NULL);
    memcpy(request->answer.text, text, size);
    request->done = true;
    (void)pthread_cond_broadcast(&the_server.changed);
    (void)pthread_mutex_unlock(&the_server.mutex);
}

void http_reply_json(struct http_request *request, unsigned status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
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
    http_reply_json(request, status,
                    json_pack("{s:{s:s,s:s,s:s}}", "error", "code", code, "message",
                              message != NULL ? message : "", "field", field != NULL ? field : ""));
}

void http_reply_bad_request(struct http_request *request, const char *field)
{
    http_reply_error(request, 400, "bad_request", NULL, field);
}

struct http_ticket http_park(struct http_request *request, uint32_t timeout_ms,
                             http_handler on_timeout, void *self)
{
    (void)timeout_ms;
    (void)on_timeout;
    (void)self;
    (void)pthread_mutex_lock(&the_server.mutex);
    MUST(the_server.request_count < REQUESTS_MAX);
    request->parked = true;
    the_server.requests[the_server.request_count] = request;
    the_server.request_count += 1;
    const struct http_ticket ticket = {.id = the_server.request_count};
    (void)pthread_mutex_unlock(&the_server.mutex);
    return ticket;
}

struct http_request *http_take(struct http_server *server, struct http_ticket ticket)
{
    (void)pthread_mutex_lock(&server->mutex);
    struct http_request *request = server->requests[ticket.id - 1];
    if (request != NULL && request->taken) {
        request = NULL;
    } else if (request != NULL) {
        request->taken = true;
    }
    (void)pthread_mutex_unlock(&server->mutex);
    return request;
}

struct http_server *http_server_of(const struct http_request *request)
{
    (void)request;
    return &the_server;
}
