/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_HTTP_SERVER_H
#define SHILLING_CLOUD_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/http/http.h"
#include "common/compiler.h"
#include "common/err.h"

/* Starting and stopping the four listeners: terminals, console, public, admin. */

enum {
    HTTP_HOST_SIZE = 64,
    HTTP_SOCKET_PATH_SIZE = 104, /* below sun_path's 108 */
    HTTP_WHY_SIZE = 512,
};

/* Certificate and key of a listener, PEM texts, borrowed while the server runs. */
struct http_tls {
    const char *certificate_pem; /* NULL: plain HTTP */
    const char *key_pem;
    const char *client_ca_pem; /* terminals: who signs their certificates */
};

struct http_listener {
    bool enabled;
    char host[HTTP_HOST_SIZE]; /* a numeric address; never all interfaces unless it says so */
    uint16_t port;             /* 0: the system chooses; see http_server_port() */
    struct http_tls tls;
    uint32_t connections_max;
    uint32_t connections_per_ip_max; /* 0: no such limit (kiosks share an address) */
};

/* Who the terminals are; in memory, asked for every request. */
struct http_peers_port {
    /** @return OK, ERR_NOT_FOUND unknown key, ERR_DENIED revoked. Any thread, never blocks. */
    enum err (*find)(void *self, const uint8_t spki_sha256[32], struct http_peer *ret_peer);
    void *self;
};

struct http_server_config {
    struct http_listener terminals;
    struct http_listener console;
    struct http_listener public;
    char admin_path[HTTP_SOCKET_PATH_SIZE]; /* UNIX socket, made with rights 0600; "": none */
    uint32_t thread_count;                  /* of each listener's pool; 1..16 */
    uint32_t head_ms_max; /* a connection must bring a whole request that often; 0: 90 s */
    uint32_t body_ms_max; /* and the body of one in that time; 0: 30 s */
    struct http_peers_port peers;
};

/** Nothing listens yet. */
MUST_CHECK enum err http_server_create(const struct http_server_config *config,
                                       struct http_server **ret_server);

/**
 * Open the sockets and serve.
 * @param ret_why  on failure: which address, and what is wrong with it
 * @return ERR_EXISTS port or socket taken, ERR_DENIED, ERR_RANGE no such address, ERR_INTERNAL
 */
MUST_CHECK enum err http_server_start(struct http_server *server, char ret_why[HTTP_WHY_SIZE]);

/** The port that a listener really has, 0 if it is not enabled. After start. */
uint16_t http_server_port(const struct http_server *server, enum http_permission permission);

/**
 * From now on every new request is answered 503 out_of_service; running ones go on. For a store
 * that failed. Any thread.
 */
void http_server_set_out_of_service(struct http_server *server);

/** Answer what is parked with 503, let the rest finish, close. Harmless if not started. */
void http_server_stop(struct http_server *server);

/** NULL is allowed. Stop first. */
void http_server_destroy(struct http_server *server);

/* Totals since the start. */
struct http_counters {
    uint64_t requests;
    uint64_t by_class[6];          /* [2]: 2xx, ... [5]: 5xx */
    uint64_t certificates_refused; /* requests without a good, known, unrevoked certificate */
    uint64_t slow_closed;          /* connections that took too long to send a request */
    uint64_t connections;          /* open now */
    uint64_t parked;               /* waiting now */
};
void http_server_get_counters(struct http_server *server, enum http_permission permission,
                              struct http_counters *ret_counters);

#endif
