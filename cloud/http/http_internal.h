/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_HTTP_HTTP_INTERNAL_H
#define SHILLING_CLOUD_HTTP_HTTP_INTERNAL_H

#include <assert.h>
#include <stdatomic.h>

#include <microhttpd.h>
#include <pthread.h>

#include "cloud/http/http.h"
#include "cloud/http/server.h"
#include "drivers/thread/monitor.h"

/* What the files of cloud/http share with each other and with nobody else. */

enum {
    HTTP_PARAMS_MAX = 4,     /* of a pattern, and one more; we have two at most */
    HTTP_PARKED_MAX = 20000, /* above the sum of the connection limits */
    HTTP_ARENA_CHUNK = 4096,
    HTTP_TICK_MS = 50,        /* of the wheel: a long-poll need not end more exactly */
    HTTP_WHEEL_SLOTS = 1280,  /* x 50 ms = 64 s > HTTP_PARK_MS_MAX */
    HTTP_BODY_MS_MAX = 30000, /* 64 kB in 30 s is 17 kbit/s: slower than any line we know */
    HTTP_HEAD_MS_MAX = 90000, /* a connection must bring a whole request that often */
    HTTP_SWEEP_MS = 1000,     /* how often that is looked at */
    /* Keep-alive of a connection without a request. Longer than the pauses of a terminal that waits
     * (its heartbeats and long polls): a new TLS handshake each time would cost more than an idle
     * connection does, and their number is limited. */
    HTTP_IDLE_S = 75,
};
static_assert((int)HTTP_WHEEL_SLOTS * (int)HTTP_TICK_MS > (int)HTTP_PARK_MS_MAX + 1000,
              "a wait must fit into one turn of the wheel");

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) uint8_t bytes[];
};

struct http_param {
    const char *name; /* points into the route's pattern, not terminated */
    size_t name_len;
    char value[HTTP_PARAM_SIZE];
};

/* One TCP connection, as long as MHD keeps it. */
struct connection {
    struct daemon *daemon;
    int fd;
    bool key_checked; /* the certificate was looked at, once */
    bool key_good;
    uint8_t spki_sha256[32];
    /* Guarded by the daemon's connections monitor: */
    int64_t waiting_since_ms; /* for a whole request; -1: one is being served */
    struct connection *next;
    struct connection *prev;
};

enum request_phase {
    REQUEST_BODY,   /* reading, or skipping, the body */
    REQUEST_RUN,    /* given to the handler; parked or about to be answered */
    REQUEST_READY,  /* response is set */
    REQUEST_QUEUED, /* given to MHD */
    REQUEST_PHASE_COUNT
};

struct http_request {
    struct http_server *server;
    struct daemon *daemon;
    struct MHD_Connection *mhd;
    struct connection *connection;
    const struct http_route *route;
    struct http_param params[HTTP_PARAMS_MAX];
    size_t param_count;
    struct http_peer peer;
    int64_t begun_ms;

    char *body; /* body_size bytes and a NUL, or NULL */
    size_t body_size;
    size_t body_room;
    size_t body_size_max;
    json_t *json;
    struct arena_chunk *arena;

    enum request_phase phase; /* the MHD thread's, but for the hand-over by resume */
    bool skip_body;           /* an error is decided; the body is read and dropped */
    bool was_parked;
    bool was_timeout;
    http_handler on_timeout;
    void *timeout_self;
    void *note; /* the handler's */

    struct MHD_Response *response;
    unsigned status;
};

/* A listener. */
struct daemon {
    struct http_server *server;
    enum http_permission permission;
    const struct http_listener *config; /* NULL: the UNIX socket */
    struct MHD_Daemon *mhd;
    int fd;
    uint16_t port;
    char priorities[128];

    struct monitor monitor; /* guards the list and the counters */
    struct connection *connections;
    struct http_counters counters;
};

/* A place for a parked request. */
struct parked {
    struct http_request *request; /* NULL: free, or taken */
    uint32_t generation;          /* of this place, so that old tickets find nothing */
    uint32_t slot;
    int32_t next; /* index in the slot's list, or in the free list; -1: none */
    int32_t prev;
};

struct http_server {
    struct http_server_config config;
    struct http_route routes[HTTP_ROUTES_MAX];
    size_t route_count;
    struct daemon daemons[HTTP_PERMISSION_COUNT];
    atomic_bool out_of_service;
    bool admin_bound; /* the socket's file is ours to remove */

    struct monitor monitor; /* guards what follows */
    struct parked parked[HTTP_PARKED_MAX];
    int32_t parked_free;
    int32_t wheel[HTTP_WHEEL_SLOTS]; /* heads of lists */
    int64_t wheel_tick;              /* the next tick to look at */
    size_t parked_count;             /* in the wheel */
    size_t unanswered_count;         /* parked, and not replied to yet: MHD has it suspended */
    size_t active_count;             /* requests between their first header and their last byte */
    bool stopping;
    bool timer_stop;
    pthread_t timer;
    bool timer_started;
};

/* router.c */
enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD, ROUTE_MATCH_COUNT };
/** Find the route and fill the request's params. @p ret_allow: the path's methods, "GET, POST". */
enum route_match router_match(struct http_request *request, const char *method, const char *path,
                              char ret_allow[48]);
bool router_pattern_matches(const char *pattern, const char *path,
                            struct http_param params[HTTP_PARAMS_MAX], size_t *ret_count);

/* access.c: MHD's callbacks; self is the struct daemon. */
enum MHD_Result access_handle(void *self, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request);
void access_completed(void *self, struct MHD_Connection *mhd, void **request,
                      enum MHD_RequestTerminationCode why);
void access_connection(void *self, struct MHD_Connection *mhd, void **connection,
                       enum MHD_ConnectionNotificationCode what);

/* tls.c */
/** True if the peer's certificate is good; @p ret_spki_sha256 is then its key's hash. */
bool tls_peer_key(struct MHD_Connection *mhd, uint8_t ret_spki_sha256[32]);

/* park.c */
void park_init(struct http_server *server);
bool park_start_timer(struct http_server *server);
/** Answer everything parked, wait for the unanswered, stop the timer. False: some never came. */
bool park_stop(struct http_server *server);
/** A request began, or ended: its answer was sent or its connection is gone. */
void park_count_active(struct http_server *server, bool begins);
/** A reply is set: hand the request back to MHD if it was parked. */
void park_resume(struct http_request *request);

/* server.c */
/** Shut down connections that have been sending their request for too long. */
void server_sweep(struct http_server *server);
int64_t server_now_ms(void);

#endif
