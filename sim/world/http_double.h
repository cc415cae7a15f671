/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_HTTP_DOUBLE_H
#define SHILLING_SIM_WORLD_HTTP_DOUBLE_H

#include <stddef.h>
#include <stdint.h>

#include "cloud/http/http.h"

/*
 * cloud/http/http.h without sockets: a request is a message, its handler a fiber of the server,
 * its answer a message back. Requests die with the server.
 */
enum { HTTP_DOUBLE_ROUTES_MAX = 96, HTTP_DOUBLE_PATH_SIZE = 192 };

struct world;

struct http_server {
    struct world *world;
    struct http_route routes[HTTP_DOUBLE_ROUTES_MAX];
    size_t route_count;
    struct http_request **parked; /* by ticket - 1 */
    size_t parked_count;
    size_t parked_room;
};

/* What a client sends; the texts are copied. */
struct http_wish {
    enum http_method method;
    char path[HTTP_DOUBLE_PATH_SIZE]; /* with its query */
    char body[1024];
    char terminal_id[33];
    int link; /* enum link */
    /* Called with the answer, if one comes. */
    void (*answered)(struct world *world, uint64_t id, unsigned status, const char *text);
    uint64_t id;
};

/** The server has died: routes and requests are gone. */
void http_double_reset(struct http_server *server);

/** Send a request. */
void http_double_send(struct world *world, const struct http_wish *wish);

#endif
