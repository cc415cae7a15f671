/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_HTTP_HTTP_H
#define SHILLING_CLOUD_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/compiler.h"

/*
 * What a handler sees of HTTP. A handler answers at once with http_reply_...(), or parks the
 * request and lets another thread answer it later:
 *
 *     static void order_get(struct http_request *request, void *self)
 *     {
 *         struct http_ticket ticket = http_park(request, wait_ms, on_timeout, self);
 *         ... remember the ticket; from here on the request belongs to whoever takes it ...
 *     }
 *     static void order_changed(...)                       any thread
 *     {
 *         struct http_request *request = http_take(server, ticket);
 *         if (request != NULL) {                           NULL: it was answered already
 *             http_reply_json(request, 200, view);
 *         }
 *     }
 *
 * A ticket is taken exactly once: by an answer, by its timeout, or at shut-down. After parking,
 * only the taker touches the request; after replying nobody does. Handlers run in the listener's
 * threads and must not block: no gateway, no device, no store_run(); store_read() is allowed.
 */
struct http_request;
struct http_server;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_METHOD_COUNT };

/* Who may call a route. Each listener serves the routes of its own permission only. */
enum http_permission {
    HTTP_FOR_TERMINAL, /* terminals: a certificate that is good, known and not revoked */
    HTTP_FOR_CONSOLE,  /* console: people's browsers */
    HTTP_FOR_PUBLIC,   /* public: the wallets' notifies; proves itself by its content */
    HTTP_FOR_ADMIN,    /* UNIX socket: who may open it is root or the service's own user */
    HTTP_PERMISSION_COUNT
};

/* What the body must be, before the handler runs. */
enum http_body {
    HTTP_BODY_NONE, /* no body is read; one that comes is refused */
    HTTP_BODY_JSON, /* one JSON object, else 400; see http_body_json() */
    HTTP_BODY_RAW,  /* bytes as they came; see http_body_raw() */
    HTTP_BODY_COUNT
};

enum {
    HTTP_BODY_SIZE_MAX = 64 * 1024,     /* for terminals, console and public */
    HTTP_ADMIN_BODY_SIZE_MAX = 4 << 20, /* a seed file */
    HTTP_PARAM_SIZE = 96,               /* longest path parameter or query value */
    HTTP_ROUTES_MAX = 96,
    HTTP_PARK_MS_MAX = 60000, /* no request waits longer for its answer */
};

typedef void (*http_handler)(struct http_request *request, void *self);

struct http_route {
    enum http_method method;
    const char *pattern; /* "/v1/terminal/orders/{order_no}/cancel"; string literal */
    enum http_permission permission;
    enum http_body body;
    uint32_t body_size_max; /* 0: the listener's limit */
    http_handler handler;
    void *self; /* borrowed while the server runs */
};

/** Add routes. Before http_server_start() only; the array is copied. */
void http_route_add(struct http_server *server, const struct http_route *routes, size_t count);

/** Who calls: set for HTTP_FOR_TERMINAL. Borrowed until the reply. */
struct http_peer {
    char terminal_id[33];
    char site_id[33];
};
const struct http_peer *http_peer(const struct http_request *request);

/** A part of the path, "order_no" of "{order_no}"; MUST be one of the pattern's. */
const char *http_param(const struct http_request *request, const char *name);

/** A query argument, or NULL. Decoded. Borrowed until the reply. */
const char *http_query(const struct http_request *request, const char *name);

/** A number among the query arguments; absent gives @p fallback; false if wrong or not in range. */
MUST_CHECK bool http_query_int(const struct http_request *request, const char *name, int64_t max,
                               int64_t fallback, int64_t *ret_value);

/** A header's value, or NULL. Borrowed until the reply. */
const char *http_header(const struct http_request *request, const char *name);

/** How often a header came; names are compared without case. */
size_t http_header_count(const struct http_request *request, const char *name);

/** The JSON object that came (HTTP_BODY_JSON). Borrowed until the reply. */
const json_t *http_body_json(const struct http_request *request);

/** The bytes that came (HTTP_BODY_JSON and HTTP_BODY_RAW), NUL-terminated. Borrowed likewise. */
const char *http_body_raw(const struct http_request *request, size_t *ret_size);

/** Memory that lives until the reply has been sent, zeroed; ends the program when there is none. */
void *http_alloc(struct http_request *request, size_t size);

/** A pointer of the handler's own, from http_alloc(), for whoever answers later. */
void http_set_note(struct http_request *request, void *note);
void *http_note(const struct http_request *request);

/** Answer with JSON; takes over @p json (@own). */
void http_reply_json(struct http_request *request, unsigned status, json_t *json);

/** Answer with @p size bytes, copied. @p content_type is a string literal. */
void http_reply_text(struct http_request *request, unsigned status, const char *content_type,
                     const char *text, size_t size);

/** Answer without a body. */
void http_reply_empty(struct http_request *request, unsigned status);

/** {"error":{...}} with one of the API_ERROR_ codes; @p message and @p field may be NULL. */
void http_reply_error(struct http_request *request, unsigned status, const char *code,
                      const char *message, const char *field);

/** 400 bad_request about a member, an argument or a path parameter. */
void http_reply_bad_request(struct http_request *request, const char *field);

struct http_ticket {
    uint64_t id; /* 0: none */
};

/**
 * In a handler: let the request wait. Whoever takes the ticket must reply.
 *
 * @param timeout_ms  1..HTTP_PARK_MS_MAX; then @p on_timeout is called with the request taken
 * @param on_timeout  must reply at once; runs in the timer's thread and must not block. NULL:
 *                    503 busy
 */
struct http_ticket http_park(struct http_request *request, uint32_t timeout_ms,
                             http_handler on_timeout, void *self);

/** Take a parked request, to answer it. NULL if somebody did. Any thread. */
struct http_request *http_take(struct http_server *server, struct http_ticket ticket);

/** The server a request came to. */
struct http_server *http_server_of(const struct http_request *request);

#endif
