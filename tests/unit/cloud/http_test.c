/* SPDX-License-Identifier: Apache-2.0 */

/* The listeners with real sockets: what is routed, what a body may be, and who is too slow. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/http_client.h"
#include "tests/unit/cloud/http_steps.h"

static struct client_answer answer;

static long post(struct http_server *server, const char *path, const char *body, size_t size)
{
    struct client_call call = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                               .path = path,
                               .body = body,
                               .body_size = size};
    client_send(&call, &answer);
    return answer.status;
}

static long get(struct http_server *server, const char *path)
{
    struct client_call call = {.port = http_server_port(server, HTTP_FOR_PUBLIC), .path = path};
    client_send(&call, &answer);
    return answer.status;
}

/* --- plain HTTP --- */

TEST(routes_methods_and_params)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    long found = get(server, "/things/a-1?q=%E5%BC%A0");
    CHECK_EQ_STR(answer.body, "{\"id\":\"a-1\",\"q\":\"\xE5\xBC\xA0\"}");
    long no_path = get(server, "/things/a/b");
    long empty = get(server, "/things/");
    long other_listener = get(server, "/whoami");
    struct client_call put = {
        .port = http_server_port(server, HTTP_FOR_PUBLIC), .method = "PUT", .path = "/things/a"};
    client_send(&put, &answer);
    long no_method = answer.status;
    char allow[64];
    memcpy(allow, answer.allow, sizeof(allow));
    long unanswered = get(server, "/nothing");
    end(server);
    CHECK_EQ_I64(found, 200);
    CHECK_EQ_I64(no_path, 404);
    CHECK_EQ_I64(empty, 404);
    CHECK_EQ_I64(other_listener, 404);
    CHECK_EQ_I64(no_method, 405);
    CHECK_EQ_STR(allow, "GET, DELETE");
    CHECK_EQ_I64(unanswered, 500);
}

TEST(arguments_that_are_no_text_are_refused)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    char path[512] = "/things/a?q=";
    memset(path + 12, 'x', 200);
    long overlong = get(server, path);
    long bad_utf8 = get(server, "/things/a?q=%FF%FE");
    long nul = get(server, "/things/a?q=a%00b");
    long param_utf8 = get(server, "/things/%C0%80");
    long number = get(server, "/wait?ms=12x");
    long negative = get(server, "/wait?ms=-1");
    end(server);
    CHECK_EQ_I64(overlong, 400);
    CHECK_EQ_I64(bad_utf8, 400);
    CHECK_EQ_I64(nul, 400);
    CHECK(param_utf8 == 400 || param_utf8 == 404);
    CHECK_EQ_I64(number, 400);
    CHECK_EQ_I64(negative, 400);
}

TEST(bodies_have_limits)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    size_t limit = HTTP_BODY_SIZE_MAX;
    char *body = malloc(limit + 2);
    CHECK(body != NULL);
    memset(body, 'b', limit + 2);
    long full = post(server, "/echo", body, limit - HEADER_ROOM);
    size_t full_size = answer.size;
    long over = post(server, "/echo", body, limit + 1);
    char code[64];
    (void)snprintf(code, sizeof(code), "%.40s", answer.body);
    struct client_call chunked = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                                  .path = "/echo",
                                  .body = body,
                                  .body_size = limit + 1,
                                  .chunked = 1};
    client_send(&chunked, &answer);
    long over_chunked = answer.status;
    long small = post(server, "/small", "0123456789", 0);
    long small_over = post(server, "/small", "0123456789A", 0);
    struct client_call uninvited = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                                    .method = "GET",
                                    .path = "/things/a",
                                    .body = "{}"};
    client_send(&uninvited, &answer);
    long on_get = answer.status;
    free(body);
    end(server);
    CHECK_EQ_I64(full, 200);
    CHECK_EQ_U64(full_size, limit - HEADER_ROOM);
    CHECK_EQ_I64(over, 413);
    CHECK(strstr(code, "body_too_large") != NULL);
    CHECK_EQ_I64(over_chunked, 413);
    CHECK_EQ_I64(small, 200);
    CHECK_EQ_I64(small_over, 413);
    CHECK_EQ_I64(on_get, 413);
}

TEST(json_bodies_are_read_strictly)
{
    static const struct {
        const char *body;
        long status;
    } cases[] = {
        {"{\"a\":1}", 200},
        {"{\"a\":1,\"a\":2}", 400},
        {"{\"a\":1} x", 400},
        {"[1]", 400},
        {"", 400},
        {"{\"a\":\"\\u0000\"}", 400},
        {"{\"a\":\"\xFF\"}", 400},
        {"{\"a\":1e999}", 400},
        {"{", 400},
    };
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    long status[ARRAY_COUNT(cases)];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        status[i] = post(server, "/json", cases[i].body, 0);
    }
    struct client_call form = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                               .path = "/json",
                               .body = "{}",
                               .content_type = "application/x-www-form-urlencoded"};
    client_send(&form, &answer);
    long as_form = answer.status;
    /* Nested deeper than any message of ours: refused or read, but the server lives on. */
    static char deep[9000];
    int prefix = snprintf(deep, sizeof(deep), "{\"a\":");
    memset(deep + prefix, '[', sizeof(deep) - (size_t)prefix);
    long nested = post(server, "/json", deep, sizeof(deep));
    long after = post(server, "/json", "{}", 0);
    end(server);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (status[i] != cases[i].status) {
            TEST_FAIL("%s gives %ld", cases[i].body, status[i]);
        }
    }
    CHECK_EQ_I64(as_form, 415);
    CHECK_EQ_I64(nested, 400);
    CHECK_EQ_I64(after, 200);
}

/* --- slow clients --- */

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Ms until the server has closed the connection, sending @p drip every 100 ms; -1: it did not. */
static int64_t time_to_close(uint16_t port, const char *head, const char *drip, int64_t limit_ms)
{
    int fd = connect_to(port);
    int64_t begun_ms = clock_system_mono_ns() / 1000000;
    int64_t passed_ms = 0;
    bool closed = send(fd, head, strlen(head), MSG_NOSIGNAL) < 0;
    while (!closed && passed_ms < limit_ms) {
        char ignored[512];
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, 100) > 0) {
            closed = recv(fd, ignored, sizeof(ignored), 0) <= 0;
        } else {
            closed = send(fd, drip, strlen(drip), MSG_NOSIGNAL) < 0;
        }
        passed_ms = clock_system_mono_ns() / 1000000 - begun_ms;
    }
    (void)close(fd);
    return closed ? passed_ms : -1;
}

TEST(headers_are_counted)
{
    static const char request[] = "GET /headers HTTP/1.1\r\nHost: a\r\nX-Sign: a\r\n"
                                  "x-sign: b\r\nConnection: close\r\n\r\n";
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    int fd = connect_to(http_server_port(server, HTTP_FOR_PUBLIC));
    const bool sent = fd >= 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0;
    char text[1024] = "";
    size_t size = 0;
    ssize_t got = 1;
    while (sent && got > 0 && size < sizeof(text) - 1) {
        got = recv(fd, text + size, sizeof(text) - 1 - size, 0);
        size += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    end(server);
    CHECK(strstr(text, "\r\n\r\n2 0") != NULL);
}

TEST(slow_clients_are_cut_off)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    uint16_t port = http_server_port(server, HTTP_FOR_PUBLIC);
    int64_t head_ms = time_to_close(port, "GET /things/a HTTP/1.1\r\nX-Slow: ", "a", 8000);
    int64_t silent_ms = time_to_close(port, "", "", 8000);
    int64_t body_ms = time_to_close(
        port, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", "b", 8000);
    struct http_counters counters;
    http_server_get_counters(server, HTTP_FOR_PUBLIC, &counters);
    end(server);
    CHECK(head_ms > 1000 && head_ms < 5000);
    CHECK(silent_ms > 1000 && silent_ms < 5000);
    CHECK(body_ms > 500 && body_ms < 5000);
    CHECK(counters.slow_closed >= 2);
}

TEST(a_taken_port_is_named)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    struct http_server_config config = {
        .public = {.enabled = true,
                   .host = "127.0.0.1",
                   .port = http_server_port(server, HTTP_FOR_PUBLIC),
                   .connections_max = 10},
        .thread_count = 1};
    struct http_server *second = NULL;
    char why[HTTP_WHY_SIZE] = "";
    CHECK_EQ_I64(http_server_create(&config, &second), OK);
    enum err err = http_server_start(second, why);
    http_server_destroy(second);
    end(server);
    CHECK_EQ_I64(err, ERR_EXISTS);
    CHECK(strstr(why, "public") != NULL && strstr(why, "taken") != NULL);
}

TEST_MAIN()
