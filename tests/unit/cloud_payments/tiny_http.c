/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_payments/tiny_http.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/str.h"

struct tiny_http {
    int listener;
    int port;
    pthread_t thread;
    atomic_bool stop;
    tiny_handler handler;
    void *self;
    struct tiny_request request;
    struct tiny_reply reply;
    char raw[TINY_BODY_SIZE + TINY_HEADERS_SIZE];
};

/* How many bytes of body the headers announce. */
static size_t announced(const struct tiny_request *request)
{
    char text[32];
    return tiny_http_header(request, "Content-Length", text, sizeof(text)) ? strtoul(text, NULL, 10)
                                                                           : 0;
}

static bool split(struct tiny_http *server, size_t head_size)
{
    struct tiny_request *request = &server->request;
    char *line_end = strstr(server->raw, "\r\n");
    if (line_end == NULL || head_size - (size_t)(line_end + 2 - server->raw) >= TINY_HEADERS_SIZE) {
        return false;
    }
    *line_end = '\0';
    char *target = strchr(server->raw, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (version == NULL) {
        return false;
    }
    *target = '\0';
    *version = '\0';
    size_t headers_size = head_size - (size_t)(line_end + 2 - server->raw);
    str_format_cut(request->method, sizeof(request->method), "%s", server->raw);
    str_format_cut(request->target, sizeof(request->target), "%s", target + 1);
    memcpy(request->headers, line_end + 2, headers_size);
    request->headers[headers_size] = '\0';
    return true;
}

/* Read one request; false if none comes. */
static bool read_request(struct tiny_http *server, int fd)
{
    size_t size = 0;
    char *end = NULL;
    while (end == NULL && size < TINY_HEADERS_SIZE) {
        ssize_t got = read(fd, server->raw + size, TINY_HEADERS_SIZE - size);
        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        server->raw[size] = '\0';
        end = strstr(server->raw, "\r\n\r\n");
    }
    if (end == NULL) {
        return false;
    }
    size_t head_size = (size_t)(end + 4 - server->raw);
    size_t have = size - head_size;
    memcpy(server->request.body, server->raw + head_size, have);
    if (!split(server, head_size - 2)) {
        return false;
    }
    size_t want = announced(&server->request);
    while (have < want && want < TINY_BODY_SIZE) {
        ssize_t got = read(fd, server->request.body + have, want - have);
        if (got <= 0) {
            return false;
        }
        have += (size_t)got;
    }
    server->request.body_size = have;
    return true;
}

static void answer(struct tiny_http *server, int fd)
{
    if (!read_request(server, fd)) {
        return;
    }
    server->reply.size = 0;
    server->handler(server->self, &server->request, &server->reply);
    size_t sent = 0;
    while (sent < server->reply.size) {
        ssize_t put = send(fd, server->reply.bytes + sent, server->reply.size - sent, MSG_NOSIGNAL);
        if (put <= 0) {
            return;
        }
        sent += (size_t)put;
    }
}

static void *serve(void *self)
{
    struct tiny_http *server = self;
    while (!atomic_load(&server->stop)) {
        struct pollfd poll_fd = {.fd = server->listener, .events = POLLIN};
        if (poll(&poll_fd, 1, /* timeout_ms= */ 50) <= 0) {
            continue;
        }
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0) {
            const struct timeval limit = {.tv_sec = 2};
            (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
            answer(server, fd);
            (void)close(fd);
        }
    }
    return NULL;
}

struct tiny_http *tiny_http_start(tiny_handler handler, void *self)
{
    struct tiny_http *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    if (server == NULL) {
        return NULL;
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->handler = handler;
    server->self = self;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server->listener, 16) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&server->thread, NULL, serve, server) != 0) {
        free(server);
        return NULL;
    }
    server->port = ntohs(address.sin_port);
    return server;
}

void tiny_http_stop(struct tiny_http *server)
{
    if (server != NULL) {
        atomic_store(&server->stop, true);
        (void)pthread_join(server->thread, NULL);
        (void)close(server->listener);
        free(server);
    }
}

int tiny_http_port(const struct tiny_http *server)
{
    return server->port;
}

bool tiny_http_header(const struct tiny_request *request, const char *name, char *ret_text,
                      size_t size)
{
    size_t name_size = strlen(name);
    for (const char *line = request->headers; *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        if (end == NULL) {
            return false;
        }
        if (strncasecmp(line, name, name_size) == 0 && line[name_size] == ':') {
            const char *value = line + name_size + 1;
            while (*value == ' ') {
                value += 1;
            }
            return str_copy_bytes(ret_text, size, value, (size_t)(end - value));
        }
        line = end + 2;
    }
    return false;
}

void tiny_http_reply(struct tiny_reply *reply, int status, const char *headers, const char *body,
                     size_t body_size)
{
    int head = status == 204
                   ? snprintf(reply->bytes, sizeof(reply->bytes),
                              "HTTP/1.1 204 No Content\r\nConnection: close\r\n%s\r\n", headers)
                   : snprintf(reply->bytes, sizeof(reply->bytes),
                              "HTTP/1.1 %d Status\r\nConnection: close\r\n"
                              "Content-Length: %zu\r\n%s\r\n",
                              status, body_size, headers);
    if (head < 0 || (size_t)head + body_size > sizeof(reply->bytes)) {
        reply->size = 0;
        return;
    }
    memcpy(reply->bytes + head, body, body_size);
    reply->size = (size_t)head + body_size;
}
