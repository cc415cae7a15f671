/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_HTTP_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_HTTP_H

#include <jansson.h>

#include "cloud/http/http.h"

/*
 * A listener without sockets: keeps the routes that are added, calls their handlers, and waits for
 * the answer, whichever thread gives it. One terminal ("k1" of site "s1") is the peer, unless a
 * test says otherwise.
 */
struct double_answer {
    unsigned status;
    json_t *json; /* of the body, or NULL; @own */
    char *text;   /* the body, @own; NULL if no answer came */
};

struct http_server *double_http(void);
void double_http_reset(void);
void double_http_peer(const char *terminal_id, const char *site_id);
/** From now on requests carry the header @p name twice; NULL: no more. Borrowed. */
void double_http_twice(const char *name);

/**
 * Call the handler of @p method @p path (with its query) and wait for the answer, at most 10 s.
 * @p body NULL: none. status 0: no answer came.
 */
struct double_answer double_http_call(enum http_method method, const char *path, const char *body);
void double_answer_finish(struct double_answer *answer);

#endif
