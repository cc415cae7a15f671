/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_NET_HTTPS_H
#define SHILLING_DRIVERS_NET_HTTPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * HTTPS calls through libcurl, strictly: certificates and host names are verified, redirects are
 * not followed, plain http is allowed to loopback only, answers have a maximum, the bytes that are
 * sent are the caller's own.
 *
 * libcurl by itself repeats a request on a kept connection that died before the first byte of an
 * answer. Every call of ours that changes something carries an idempotency number, so that is
 * allowed; who cannot stand it sets `fresh_connection`.
 */
struct https;

enum {
    HTTPS_URL_SIZE = 2048,
    HTTPS_FILE_SIZE = 512,
    HTTPS_WHY_SIZE = 256,
    HTTPS_WANTED_MAX = 6,   /* headers a caller may ask for */
    HTTPS_VALUE_SIZE = 768, /* a header of wanted name; longer ones make the answer useless */
};

/* Once for a handle. Texts are borrowed for the call of https_create(). */
struct https_config {
    const char *ca_file;   /* trust only this root; NULL: the system's */
    const char *cert_file; /* client certificate (PEM), with key_file; NULL: none */
    const char *key_file;
    const char *user_agent; /* NULL: "shilling" */
    bool fresh_connection;  /* never reuse a connection */
};

struct https_call {
    const char *method;         /* "GET", "POST", "PUT", "DELETE" */
    const char *url;            /* https://..., or http:// to 127.0.0.1, [::1] or localhost */
    const char *const *headers; /* "Name: value", header_count of them */
    size_t header_count;
    const void *body; /* sent as it is; NULL: no body */
    size_t body_size;
    const char *const *wanted;  /* names of headers to be collected, without case */
    size_t wanted_count;        /* <= HTTPS_WANTED_MAX */
    int64_t connect_timeout_ms; /* 0: 3000 */
    int64_t timeout_ms;         /* of the whole call; 0: 8000 */
    size_t answer_size_max;     /* 0: 1 MiB */
    const atomic_bool *cancel;  /* borrowed; true ends the call within a second; may be NULL */
};

struct https_answer {
    long status; /* 100..599 */
    char *body;  /* @own: https_answer_finish(); a NUL is added behind it */
    size_t body_size;
    char wanted[HTTPS_WANTED_MAX][HTTPS_VALUE_SIZE]; /* "" = absent */
    bool wanted_twice; /* one of them came more than once: believe none of them */
};

/**
 * A handle with its own connections; one thread at a time.
 *
 * @param ret_https [@own] https_destroy()
 * @return ERR_NOT_FOUND or ERR_DENIED: a file of @p config cannot be read; ERR_MEMORY
 * Blocks: reads no more than file attributes. Allocates: yes.
 */
MUST_CHECK enum err https_create(const struct https_config *config, struct https **ret_https);

/** NULL is allowed. Blocks: closes connections. Allocates: no. */
void https_destroy(struct https *https);

/**
 * One call. An answer of any status is OK; the caller judges it.
 *
 * @param ret_answer set only if OK is returned
 * @param ret_why    what went wrong, for the log, without secrets; "" if nothing did
 * @return ERR_UNAVAILABLE: nothing was sent (no name, no connection in time, TLS refused);
 *         ERR_TIMEOUT, ERR_IO: it may have been sent, nobody knows; ERR_FULL: the answer was too
 * large; ERR_RANGE: a URL that is not allowed; ERR_MEMORY Blocks: up to timeout_ms. Allocates: yes.
 */
MUST_CHECK enum err https_perform(struct https *https, const struct https_call *call,
                                  struct https_answer *ret_answer, char ret_why[HTTPS_WHY_SIZE]);

/** Frees the body, wiped: keys of cards come in some. Blocks: no. Allocates: no. */
void https_answer_finish(struct https_answer *answer);

/**
 * Percent-encode @p text for a query or a path segment; false if it does not fit.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool https_escape(const char *text, char *ret_text, size_t size);

/**
 * True if @p url may be called: https, or http to the loopback host.
 * Blocks: no. Allocates: no.
 */
bool https_url_is_allowed(const char *url);

#endif
