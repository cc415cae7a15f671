/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The listeners. Each is an MHD daemon with an epoll thread pool on a socket that we opened, so
 * that the address is exactly the configured one and errors name it. Terminals and console speak
 * TLS 1.2 and 1.3; the public one too unless a proxy in front of it does; the admin socket is a
 * UNIX socket that only its owner can open.
 */

#include "cloud/http/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cloud/http/http_internal.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"

enum {
    BACKLOG = 1024,           /* a restart brings all terminals at once */
    CONNECTION_MEMORY = 8192, /* libmicrohttpd touches all of it after a wake-up */
    ADMIN_CONNECTIONS_MAX = 16,
    OPTIONS_MAX = 16,
};

#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static const char *const daemon_names[] = {"terminals", "console", "public", "admin"};

int64_t server_now_ms(void)
{
    return clock_system_mono_ns() / 1000000;
}

enum err http_server_create(const struct http_server_config *config,
                            struct http_server **ret_server)
{
    MUST(config->thread_count >= 1 && config->thread_count <= 16);
    MUST(!config->terminals.enabled || config->peers.find != NULL);
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return ERR_MEMORY;
    }
    server->config = *config;
    server->config.head_ms_max =
        config->head_ms_max != 0 ? config->head_ms_max : (uint32_t)HTTP_HEAD_MS_MAX;
    server->config.body_ms_max =
        config->body_ms_max != 0 ? config->body_ms_max : (uint32_t)HTTP_BODY_MS_MAX;
    monitor_init(&server->monitor);
    park_init(server);
    const struct http_listener *listeners[HTTP_PERMISSION_COUNT] = {
        &server->config.terminals, &server->config.console, &server->config.public, NULL};
    for (size_t i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        struct daemon *daemon = &server->daemons[i];
        daemon->server = server;
        daemon->permission = (enum http_permission)i;
        daemon->config = listeners[i];
        daemon->fd = -1;
        monitor_init(&daemon->monitor);
    }
    *ret_server = server;
    return OK;
}

static enum err bind_failed(int code, const char *name, const char *address, char *ret_why)
{
    str_format_cut(ret_why, HTTP_WHY_SIZE, "%s: cannot listen on %s: %s", name, address,
                   code == EADDRINUSE ? "the address is taken by another program" : strerror(code));
    return code == EADDRINUSE ? ERR_EXISTS : ERR_DENIED;
}

/* A listening socket on a numeric address; -1 with errno if it cannot be had. */
static int listen_on(const struct addrinfo *found)
{
    int one = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
                    bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)) {
        int code = errno;
        (void)close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

/* The port that the system chose, or the one that was asked for. */
static uint16_t port_of(int fd)
{
    struct sockaddr_in6 bound = {0}; /* holds the shorter sockaddr_in too */
    socklen_t size = sizeof(bound);
    struct sockaddr_in ipv4 = {0};
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        return 0;
    }
    if (bound.sin6_family == AF_INET6) {
        return ntohs(bound.sin6_port);
    }
    memcpy(&ipv4, &bound, sizeof(ipv4));
    return ntohs(ipv4.sin_port);
}

static enum err open_tcp(struct daemon *daemon, char *ret_why)
{
    const struct http_listener *config = daemon->config;
    const char *name = daemon_names[daemon->permission];
    char port[8];
    char address[HTTP_HOST_SIZE + 16];
    str_format_cut(port, sizeof(port), "%u", (unsigned)config->port);
    str_format_cut(address, sizeof(address), "%s port %u", config->host, (unsigned)config->port);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(config->host, port, &hints, &found) != 0) {
        str_format_cut(ret_why, HTTP_WHY_SIZE, "%s: \"%s\" is not a numeric address", name,
                       config->host);
        return ERR_RANGE;
    }
    daemon->fd = listen_on(found);
    int code = errno;
    freeaddrinfo(found);
    if (daemon->fd < 0) {
        return bind_failed(code, name, address, ret_why);
    }
    daemon->port = port_of(daemon->fd);
    return OK;
}

/* A socket file that nobody answers on is what a killed process left. */
static bool is_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static enum err open_unix(struct daemon *daemon, char *ret_why)
{
    const char *path = daemon->server->config.admin_path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool fits = str_copy(address.sun_path, sizeof(address.sun_path), path);
    MUST(fits);
    if (is_stale(&address)) {
        (void)unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177); /* before the start of other threads: only main opens sockets */
    bool opened = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                  listen(fd, BACKLOG) == 0;
    int code = errno;
    (void)umask(mask);
    if (!opened) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return bind_failed(code, "admin", path, ret_why);
    }
    daemon->server->admin_bound = true;
    daemon->fd = fd;
    return OK;
}

static void log_mhd(void *self, const char *format, va_list values) PRINTF_LIKE(2, 0);

/* MHD's words about clients that misbehave; not worth more than a debugging line. */
static void log_mhd(void *self, const char *format, va_list values)
{
    (void)self;
    char line[256];
    str_vformat_cut(line, sizeof(line), format, values);
    size_t len = strlen(line);
    if (len > 0 && line[len - 1] == '\n') {
        line[len - 1] = '\0';
    }
    log_debug("http: %s", line);
}

static size_t tls_options(struct daemon *daemon, struct MHD_OptionItem *options)
{
    const struct http_tls *tls = &daemon->config->tls;
    size_t count = 0;
    bool fits = str_copy(daemon->priorities, sizeof(daemon->priorities), TLS_PRIORITIES);
    MUST(fits);
    /* MHD takes them as void *, and reads them only. */
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)tls->key_pem};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
                                               (void *)(uintptr_t)tls->certificate_pem};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, daemon->priorities};
    if (tls->client_ca_pem != NULL) {
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                                   (void *)(uintptr_t)tls->client_ca_pem};
    }
    return count;
}

static enum err start_mhd(struct daemon *daemon, char *ret_why)
{
    const struct http_listener *config = daemon->config;
    bool is_tls = config != NULL && config->tls.certificate_pem != NULL;
    uint32_t threads = config != NULL ? daemon->server->config.thread_count : 1;
    uint32_t limit = config != NULL ? config->connections_max : ADMIN_CONNECTIONS_MAX;
    struct MHD_OptionItem options[OPTIONS_MAX] = {0};
    size_t count = 0;
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, daemon->fd, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, (intptr_t)limit, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL};
    if (threads > 1) {
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL};
    }
    if (config != NULL && config->connections_per_ip_max > 0) {
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                                   (intptr_t)config->connections_per_ip_max, NULL};
    }
    if (is_tls) {
        count += tls_options(daemon, options + count);
    }
    MUST(count < OPTIONS_MAX);
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    flags |= is_tls ? MHD_USE_TLS : 0U;
    daemon->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, access_handle, daemon, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, access_completed, daemon, MHD_OPTION_NOTIFY_CONNECTION,
        access_connection, daemon, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (daemon->mhd == NULL) {
        str_format_cut(ret_why, HTTP_WHY_SIZE, "%s: the listener does not start%s",
                       daemon_names[daemon->permission],
                       is_tls ? "; are certificate and key a pair?" : "");
        return ERR_INTERNAL;
    }
    return OK;
}

static enum err start_daemon(struct daemon *daemon, char *ret_why)
{
    bool is_admin = daemon->permission == HTTP_FOR_ADMIN;
    bool enabled =
        is_admin ? daemon->server->config.admin_path[0] != '\0' : daemon->config->enabled;
    if (!enabled) {
        return OK;
    }
    enum err err = is_admin ? open_unix(daemon, ret_why) : open_tcp(daemon, ret_why);
    return err == OK ? start_mhd(daemon, ret_why) : err;
}

enum err http_server_start(struct http_server *server, char ret_why[HTTP_WHY_SIZE])
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < HTTP_PERMISSION_COUNT; i++) {
        err = start_daemon(&server->daemons[i], ret_why);
    }
    if (err == OK && !park_start_timer(server)) {
        str_format_cut(ret_why, HTTP_WHY_SIZE, "cannot start the timer thread");
        err = ERR_MEMORY;
    }
    if (err != OK) {
        http_server_stop(server);
    }
    return err;
}

uint16_t http_server_port(const struct http_server *server, enum http_permission permission)
{
    return server->daemons[permission].port;
}

void http_server_set_out_of_service(struct http_server *server)
{
    atomic_store(&server->out_of_service, true);
}

void server_sweep(struct http_server *server)
{
    int64_t now_ms = server_now_ms();
    for (size_t i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        struct daemon *daemon = &server->daemons[i];
        monitor_enter(&daemon->monitor);
        for (struct connection *at = daemon->connections; at != NULL; at = at->next) {
            if (at->waiting_since_ms >= 0 &&
                now_ms - at->waiting_since_ms > server->config.head_ms_max) {
                /* MHD sees the end of the stream and closes; the list keeps the fd ours. */
                at->waiting_since_ms = now_ms;
                (void)shutdown(at->fd, SHUT_RDWR);
                daemon->counters.slow_closed += 1;
            }
        }
        monitor_leave(&daemon->monitor);
    }
}

/* Its workers may still have the listening socket in hand, so that is closed after them. */
static void stop_daemon(struct daemon *daemon, bool all_answered)
{
    if (daemon->mhd != NULL && all_answered) {
        MHD_stop_daemon(daemon->mhd);
        daemon->mhd = NULL;
    }
    if (daemon->fd >= 0) {
        (void)close(daemon->fd);
        daemon->fd = -1;
    }
}

void http_server_stop(struct http_server *server)
{
    http_server_set_out_of_service(server);
    for (size_t i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        struct daemon *daemon = &server->daemons[i];
        if (daemon->mhd != NULL) {
            /* No new connections; the socket becomes ours to close. */
            daemon->fd = MHD_quiesce_daemon(daemon->mhd);
        }
    }
    bool all_answered = park_stop(server);
    for (size_t i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        stop_daemon(&server->daemons[i], all_answered);
    }
    if (!all_answered) {
        log_error("http: requests were never answered; ending without closing their connections");
    }
    if (server->admin_bound) {
        (void)unlink(server->config.admin_path);
        server->admin_bound = false;
    }
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        if (server->daemons[i].mhd != NULL) {
            return; /* its threads still run: the memory stays theirs until the process ends */
        }
    }
    for (size_t i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        monitor_finish(&server->daemons[i].monitor);
    }
    monitor_finish(&server->monitor);
    free(server);
}

void http_server_get_counters(struct http_server *server, enum http_permission permission,
                              struct http_counters *ret_counters)
{
    struct daemon *daemon = &server->daemons[permission];
    monitor_enter(&daemon->monitor);
    *ret_counters = daemon->counters;
    monitor_leave(&daemon->monitor);
    monitor_enter(&server->monitor);
    ret_counters->parked = server->parked_count;
    monitor_leave(&server->monitor);
}
