/* SPDX-License-Identifier: Apache-2.0 */

/*
 * MHD's callbacks: from the first header to the handler and back. A request is decided as early
 * as possible (certificate, route, declared size), but an error is sent only after the body was
 * read and dropped, because a client that is still writing would lose the answer to a reset. Only
 * what is too long or too slow is cut off.
 */

#include <stdlib.h>
#include <string.h>

#include "cloud/http/http_internal.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/api/error.h"

void access_connection(void *self, struct MHD_Connection *mhd, void **ret_connection,
                       enum MHD_ConnectionNotificationCode what)
{
    struct daemon *daemon = self;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *connection = calloc(1, sizeof(*connection));
        MUST(connection != NULL);
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection->daemon = daemon;
        connection->fd = info != NULL ? info->connect_fd : -1;
        connection->waiting_since_ms = server_now_ms();
        monitor_enter(&daemon->monitor);
        connection->next = daemon->connections;
        if (connection->next != NULL) {
            connection->next->prev = connection;
        }
        daemon->connections = connection;
        daemon->counters.connections += 1;
        monitor_leave(&daemon->monitor);
        *ret_connection = connection;
        return;
    }
    struct connection *connection = *ret_connection;
    monitor_enter(&daemon->monitor);
    if (connection->prev != NULL) {
        connection->prev->next = connection->next;
    } else {
        daemon->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->prev = connection->prev;
    }
    daemon->counters.connections -= 1;
    monitor_leave(&daemon->monitor);
    free(connection);
    *ret_connection = NULL;
}

static void set_waiting(struct connection *connection, int64_t since_ms)
{
    monitor_enter(&connection->daemon->monitor);
    connection->waiting_since_ms = since_ms;
    monitor_leave(&connection->daemon->monitor);
}

static void count_request(struct daemon *daemon, unsigned status)
{
    monitor_enter(&daemon->monitor);
    daemon->counters.requests += 1;
    daemon->counters.by_class[status / 100 < 6 ? status / 100 : 5] += 1;
    if (status == 401 || status == 403) {
        daemon->counters.certificates_refused += 1;
    }
    monitor_leave(&daemon->monitor);
}

void access_completed(void *self, struct MHD_Connection *mhd, void **ret_request,
                      enum MHD_RequestTerminationCode why)
{
    (void)self;
    (void)mhd;
    (void)why;
    struct http_request *request = *ret_request;
    if (request == NULL) {
        return;
    }
    set_waiting(request->connection, server_now_ms());
    park_count_active(request->server, /* begins= */ false);
    if (request->response != NULL) {
        MHD_destroy_response(request->response);
    }
    while (request->arena != NULL) {
        struct arena_chunk *chunk = request->arena;
        request->arena = chunk->next;
        free(chunk);
    }
    json_decref(request->json);
    free(request->body);
    free(request);
    *ret_request = NULL;
}

/* The certificate is looked at once a connection; whether its key may call, every time. */
static bool check_peer(struct http_request *request)
{
    if (request->daemon->permission != HTTP_FOR_TERMINAL) {
        return true;
    }
    struct connection *connection = request->connection;
    if (!connection->key_checked) {
        connection->key_checked = true;
        connection->key_good = tls_peer_key(request->mhd, connection->spki_sha256);
    }
    if (!connection->key_good) {
        http_reply_error(request, 401, API_ERROR_NO_CERTIFICATE,
                         "a certificate of this server's CA is needed", NULL);
        return false;
    }
    const struct http_peers_port *peers = &request->server->config.peers;
    enum err err = peers->find(peers->self, connection->spki_sha256, &request->peer);
    if (err == OK) {
        return true;
    }
    http_reply_error(request, 403,
                     err == ERR_DENIED ? API_ERROR_TERMINAL_REVOKED : API_ERROR_UNKNOWN_TERMINAL,
                     "this key may not call", NULL);
    return false;
}

static void refuse_method(struct http_request *request, const char *allow)
{
    http_reply_error(request, 405, API_ERROR_METHOD, "this path has other methods", NULL);
    enum MHD_Result added =
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, allow);
    MUST(added == MHD_YES);
}

static bool check_route(struct http_request *request, const char *method, const char *url)
{
    char allow[48];
    switch (router_match(request, method, url, allow)) {
    case ROUTE_FOUND:
        return true;
    case ROUTE_NO_PATH:
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such path", NULL);
        return false;
    case ROUTE_NO_METHOD:
        refuse_method(request, allow);
        return false;
    case ROUTE_MATCH_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static enum MHD_Result check_argument(void *self, enum MHD_ValueKind kind, const char *key,
                                      size_t key_size, const char *value, size_t value_size)
{
    (void)kind;
    bool *good = self;
    *good = *good && str_is_utf8(key, key_size) && value_size < HTTP_PARAM_SIZE &&
            (value == NULL || str_is_utf8(value, value_size));
    return *good ? MHD_YES : MHD_NO;
}

static bool check_arguments(struct http_request *request)
{
    bool good = true;
    (void)MHD_get_connection_values_n(request->mhd, MHD_GET_ARGUMENT_KIND, check_argument, &good);
    for (size_t i = 0; i < request->param_count; i++) {
        const char *value = request->params[i].value;
        good = good && str_is_utf8(value, strlen(value));
    }
    if (!good) {
        http_reply_bad_request(request, "(url)");
    }
    return good;
}

static bool check_content_type(struct http_request *request)
{
    const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (request->route->body != HTTP_BODY_JSON || type == NULL ||
        str_starts_with(type, "application/json")) {
        return true;
    }
    http_reply_error(request, 415, API_ERROR_MEDIA_TYPE, "application/json is needed", NULL);
    return false;
}

/* False if the declared body is over the limit: then the answer goes out at once. */
static bool check_size(struct http_request *request)
{
    const struct http_route *route = request->route;
    bool is_admin = request->daemon->permission == HTTP_FOR_ADMIN;
    uint64_t size_max = is_admin ? HTTP_ADMIN_BODY_SIZE_MAX : HTTP_BODY_SIZE_MAX;
    if (route == NULL || route->body == HTTP_BODY_NONE) {
        size_max = route == NULL ? HTTP_BODY_SIZE_MAX : 0;
    } else if (route->body_size_max != 0) {
        size_max = route->body_size_max;
    }
    request->body_size_max = (size_t)size_max;
    const char *text = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t size = 0;
    return text == NULL || parse_u64(text, size_max, &size);
}

static void too_large(struct http_request *request)
{
    if (request->response != NULL) {
        return; /* an earlier error was decided; that one is sent */
    }
    http_reply_error(request, 413, API_ERROR_TOO_LARGE, "the body is over the limit", NULL);
}

static enum MHD_Result queue(struct http_request *request)
{
    MUST(request->phase == REQUEST_READY && request->response != NULL);
    request->phase = REQUEST_QUEUED;
    count_request(request->daemon, request->status);
    enum MHD_Result queued = MHD_queue_response(request->mhd, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return queued;
}

static bool check_service(struct http_request *request)
{
    /* The metrics of a stopped service are what its operator needs most. */
    if (request->daemon->permission == HTTP_FOR_ADMIN ||
        !atomic_load(&request->server->out_of_service)) {
        return true;
    }
    http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, "the server must be looked at", NULL);
    return false;
}

static enum MHD_Result begin(struct daemon *daemon, struct MHD_Connection *mhd, const char *url,
                             const char *method, void **ret_request)
{
    struct http_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return MHD_NO;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->server = daemon->server;
    request->daemon = daemon;
    request->mhd = mhd;
    request->connection = info->socket_context;
    request->begun_ms = server_now_ms();
    *ret_request = request;
    park_count_active(request->server, /* begins= */ true);
    bool good = check_peer(request) && check_service(request) &&
                check_route(request, method, url) && check_arguments(request) &&
                check_content_type(request);
    request->skip_body = !good;
    if (!check_size(request)) {
        too_large(request);
        return queue(request);
    }
    return MHD_YES;
}

static bool keep_body(struct http_request *request, const char *upload, size_t size)
{
    if (request->body_size + size > request->body_size_max) {
        return false;
    }
    size_t needed = request->body_size + size + 1;
    if (needed > request->body_room) {
        size_t room = needed * 2 < request->body_size_max ? needed * 2 : request->body_size_max + 1;
        char *body = realloc(request->body, room);
        if (body == NULL) {
            return false;
        }
        request->body = body;
        request->body_room = room;
    }
    memcpy(request->body + request->body_size, upload, size);
    request->body_size += size;
    request->body[request->body_size] = '\0';
    return true;
}

/* More of the body. MHD_NO closes the connection. */
static enum MHD_Result take_body(struct http_request *request, const char *upload, size_t *size)
{
    if (server_now_ms() - request->begun_ms > request->server->config.body_ms_max) {
        return MHD_NO;
    }
    if (request->skip_body) {
        request->body_size += *size;
        if (request->body_size > HTTP_BODY_SIZE_MAX) {
            return MHD_NO;
        }
    } else if (!keep_body(request, upload, *size)) {
        /* Undeclared (chunked) and too long: answer when MHD lets us, at the end or never. */
        too_large(request);
        request->skip_body = true;
        request->body_size = 0;
    }
    *size = 0;
    return MHD_YES;
}

static void run(struct http_request *request)
{
    const struct http_route *route = request->route;
    if (route->body == HTTP_BODY_JSON) {
        request->json = json_parse_object(request->body != NULL ? request->body : "",
                                          request->body_size, request->body_size_max);
        if (request->json == NULL) {
            http_reply_bad_request(request, "(body)");
            return;
        }
    }
    request->phase = REQUEST_RUN;
    set_waiting(request->connection, /* since_ms= */ -1);
    route->handler(request, route->self);
}

/* NOLINTNEXTLINE(readability-function-size): the eight parameters are MHD's. */
enum MHD_Result access_handle(void *self, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **ret_request)
{
    (void)version;
    struct http_request *request = *ret_request;
    if (request == NULL) {
        return begin(self, mhd, url, method, ret_request);
    }
    if (*upload_size > 0) {
        return take_body(request, upload, upload_size);
    }
    if (request->phase == REQUEST_BODY) {
        run(request);
        if (request->was_parked) {
            /* Maybe it is answered already; MHD calls again once it is resumed. */
            return MHD_YES;
        }
    }
    if (request->phase == REQUEST_RUN && !request->was_parked) {
        http_reply_error(request, 500, API_ERROR_INTERNAL, "the handler gave no answer", NULL);
    }
    return request->phase == REQUEST_READY ? queue(request) : MHD_YES;
}
