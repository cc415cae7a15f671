/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_HTTP_CLIENT_H
#define SHILLING_TESTS_UNIT_CLOUD_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

/* A small HTTP client for tests, on libcurl. */

struct client_call {
    uint16_t port;
    const char *method; /* NULL: GET, or POST with a body */
    const char *path;
    const char *body;         /* NULL: none */
    size_t body_size;         /* 0: strlen(body) */
    const char *content_type; /* NULL: application/json */
    int chunked;              /* send the body without declaring its size */
    const char *ca;           /* NULL: plain HTTP */
    const char *cert;         /* NULL: no client certificate */
    const char *key;
    void *connection; /* of client_open(): keep-alive over calls; NULL: a new one */
};

struct client_answer {
    long status; /* 0: no answer */
    char body[65536];
    size_t size;
    char allow[64];
};

/** Never fails a test by itself: look at the status. */
void client_send(const struct client_call *call, struct client_answer *ret_answer);

void *client_open(void);
void client_close(void *connection);

#endif
