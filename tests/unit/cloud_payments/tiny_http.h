/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_PAYMENTS_TINY_HTTP_H
#define SHILLING_TESTS_UNIT_CLOUD_PAYMENTS_TINY_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * An HTTP/1.1 server of a few lines for tests: loopback, a port of the system's choice, one
 * request at a time, one request a connection. What it says is up to the test, down to the byte.
 */
struct tiny_http;

enum { TINY_BODY_SIZE = 256 * 1024, TINY_HEADERS_SIZE = 16 * 1024 };

struct tiny_request {
    char method[16];
    char target[8192];
    char headers[TINY_HEADERS_SIZE]; /* as they came, each line ended by CRLF */
    char body[TINY_BODY_SIZE];
    size_t body_size;
};

/* What to send back: everything, status line and headers included. size 0: just hang up. */
struct tiny_reply {
    char bytes[TINY_BODY_SIZE];
    size_t size;
};

typedef void (*tiny_handler)(void *self, const struct tiny_request *request,
                             struct tiny_reply *reply);

/** Begin to listen; the handler runs in the server's thread. NULL if that is impossible. */
struct tiny_http *tiny_http_start(tiny_handler handler, void *self);
void tiny_http_stop(struct tiny_http *server);
int tiny_http_port(const struct tiny_http *server);

/** Copy a header's value; false if it is absent. Names are compared without case. */
bool tiny_http_header(const struct tiny_request *request, const char *name, char *ret_text,
                      size_t size);

/** Make a whole answer: status, content type, further header lines ("" or "A: b\r\n"), body. */
void tiny_http_reply(struct tiny_reply *reply, int status, const char *headers, const char *body,
                     size_t body_size);

#endif
