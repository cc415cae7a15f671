/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_HTTP_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_HTTP_STEPS_H

/* A server that answers, echoes and parks, and the board on which it notes what it parked. */

#include <stdatomic.h>

#include <pthread.h>

#include "cloud/http/server.h"
#include "tests/unit/test.h"

enum { HEADER_ROOM = 64 };

struct board {
    struct http_server *server;
    pthread_mutex_t mutex;
    struct http_ticket tickets[1024];
    int count;
    atomic_int timeouts;
    atomic_int twice; /* tickets that two takers got */
};

static struct board board = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static inline void echo(struct http_request *request, void *self)
{
    (void)self;
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    http_reply_text(request, 200, "text/plain", text, size);
}

static inline void count_headers(struct http_request *request, void *self)
{
    (void)self;
    char text[HEADER_ROOM];
    const int size = snprintf(text, sizeof(text), "%zu %zu", http_header_count(request, "X-Sign"),
                              http_header_count(request, "X-Other"));
    http_reply_text(request, 200, "text/plain", text, (size_t)size);
}

static inline void show(struct http_request *request, void *self)
{
    (void)self;
    const char *q = http_query(request, "q");
    json_t *json = json_object();
    (void)json_object_set_new(json, "id", json_string(http_param(request, "id")));
    (void)json_object_set_new(json, "q", q != NULL ? json_string(q) : json_null());
    http_reply_json(request, 200, json);
}

static inline void whoami(struct http_request *request, void *self)
{
    (void)self;
    const struct http_peer *peer = http_peer(request);
    http_reply_text(request, 200, "text/plain", peer->terminal_id, strlen(peer->terminal_id));
}

static inline void nothing(struct http_request *request, void *self)
{
    (void)request;
    (void)self;
}

static inline void on_timeout(struct http_request *request, void *self)
{
    (void)self;
    atomic_fetch_add(&board.timeouts, 1);
    http_reply_empty(request, 204);
}

static inline void wait_here(struct http_request *request, void *self)
{
    (void)self;
    int64_t wait_ms = 0;
    if (!http_query_int(request, "ms", HTTP_PARK_MS_MAX, 5000, &wait_ms)) {
        http_reply_bad_request(request, "ms");
        return;
    }
    (void)pthread_mutex_lock(&board.mutex);
    board.tickets[board.count++] = http_park(request, (uint32_t)wait_ms, on_timeout, NULL);
    (void)pthread_mutex_unlock(&board.mutex);
}

static const struct http_route routes[] = {
    {HTTP_POST, "/echo", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 0, echo, NULL},
    {HTTP_POST, "/small", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 10, echo, NULL},
    {HTTP_POST, "/json", HTTP_FOR_PUBLIC, HTTP_BODY_JSON, 0, echo, NULL},
    {HTTP_GET, "/things/{id}", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, show, NULL},
    {HTTP_DELETE, "/things/{id}", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, show, NULL},
    {HTTP_GET, "/wait", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, wait_here, NULL},
    {HTTP_GET, "/headers", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, count_headers, NULL},
    {HTTP_GET, "/nothing", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, nothing, NULL},
    {HTTP_GET, "/whoami", HTTP_FOR_TERMINAL, HTTP_BODY_NONE, 0, whoami, NULL},
};

static inline struct http_server *start_plain(void)
{
    struct http_server_config config = {
        .public = {.enabled = true, .host = "127.0.0.1", .connections_max = 1000},
        .thread_count = 2,
        .head_ms_max = 1500,
        .body_ms_max = 1000};
    struct http_server *server = NULL;
    char why[HTTP_WHY_SIZE];
    if (http_server_create(&config, &server) != OK) {
        return NULL;
    }
    http_route_add(server, routes, ARRAY_COUNT(routes));
    if (http_server_start(server, why) != OK) {
        (void)printf("# %s\n", why);
        http_server_destroy(server);
        return NULL;
    }
    board.server = server;
    board.count = 0;
    board.timeouts = 0;
    board.twice = 0;
    return server;
}

static inline void end(struct http_server *server)
{
    http_server_stop(server);
    http_server_destroy(server);
}

#endif
