/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A listener with routes of every kind gets the input as the bytes of a connection. It must answer
 * with HTTP or hang up, never anything else, and go on serving; the sanitizers watch the rest.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/http/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_SIZE_MAX = 100000, ANSWER_WAIT_MS = 20 };

static uint16_t port;

static void echo(struct http_request *request, void *self)
{
    (void)self;
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    int64_t number = 0;
    if (!http_query_int(request, "n", 1000, 7, &number)) {
        http_reply_bad_request(request, "n");
        return;
    }
    http_reply_text(request, 200, "text/plain", text, size);
}

static void show(struct http_request *request, void *self)
{
    (void)self;
    json_t *json = json_object();
    const char *q = http_query(request, "q");
    json_t *id = json_string(http_param(request, "id"));
    json_t *text = q != NULL ? json_string(q) : json_null();
    if (id == NULL || text == NULL) {
        abort(); /* a handler must never see what is no text */
    }
    (void)json_object_set_new(json, "id", id);
    (void)json_object_set_new(json, "q", text);
    http_reply_json(request, 200, json);
}

static void wait_here(struct http_request *request, void *self)
{
    (void)self;
    (void)http_park(request, 1, NULL, NULL);
}

static void start(void)
{
    static const struct http_route routes[] = {
        {HTTP_POST, "/echo", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 0, echo, NULL},
        {HTTP_POST, "/small", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 10, echo, NULL},
        {HTTP_POST, "/json", HTTP_FOR_PUBLIC, HTTP_BODY_JSON, 0, echo, NULL},
        {HTTP_GET, "/things/{id}", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, show, NULL},
        {HTTP_GET, "/things/{id}/wait", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, wait_here, NULL}};
    struct http_server_config config = {
        .public = {.enabled = true, .host = "127.0.0.1", .connections_max = 100},
        .thread_count = 1};
    struct http_server *server = NULL;
    char why[HTTP_WHY_SIZE];
    if (http_server_create(&config, &server) != OK) {
        abort();
    }
    http_route_add(server, routes, sizeof(routes) / sizeof(routes[0]));
    if (http_server_start(server, why) != OK) {
        (void)fprintf(stderr, "%s\n", why);
        abort();
    }
    port = http_server_port(server, HTTP_FOR_PUBLIC);
}

static int connect_here(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        abort();
    }
    /* Closing must not leave thousands of ports in TIME_WAIT. */
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (port == 0) {
        start();
    }
    if (size > INPUT_SIZE_MAX) {
        return 0;
    }
    int fd = connect_here();
    size_t sent = 0;
    while (sent < size) {
        ssize_t count = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            break; /* hung up on us: its right */
        }
        sent += (size_t)count;
    }
    (void)shutdown(fd, SHUT_WR);
    char answer[64] = "";
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    if (poll(&poll_fd, 1, ANSWER_WAIT_MS) > 0) {
        ssize_t count = recv(fd, answer, sizeof(answer) - 1, 0);
        if (count > 0 && strncmp(answer, "HTTP/1.", (size_t)(count < 7 ? count : 7)) != 0) {
            abort();
        }
    }
    (void)close(fd);
    return 0;
}
