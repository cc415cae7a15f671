/* SPDX-License-Identifier: Apache-2.0 */

/*
 * orderload: as many orders as the server takes, over connections as a kiosk has one: mutual TLS,
 * kept open, one request at a time on each. Every order has a new client_request_id. One thread and
 * one epoll, so that on a small machine the server keeps most of the processors.
 *
 *     orderload PORT KEYS METERS CONNECTIONS SECONDS
 *
 * KEYS is a folder with ca.pem, cert.pem and key.pem; METERS a file with a room's and its meter's
 * id a line, taken in turn. The handshakes are over before the clock starts. Prints one line of
 * JSON: orders taken, other answers, the time, and how long a request took.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/compiler.h"
#include "common/id.h"
#include "common/parse.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"

enum {
    CONNECTIONS_MAX = 1024,
    EVENTS_MAX = 64, /* of one look */
    METERS_MAX = 1024,
    TIMES_MAX = 1 << 20,
    TEXT_SIZE = 8192, /* one request or one answer */
    ID_SIZE = 64,
    STATUS_TAKEN = 200,
    EXIT_USAGE = 2,
};

enum phase { PHASE_HANDSHAKE, PHASE_IDLE, PHASE_SEND, PHASE_RECEIVE };

struct connection {
    int fd;
    SSL *ssl;
    enum phase phase;
    int64_t begun_ns;
    char text[TEXT_SIZE];
    size_t size; /* of the request, or of what has been received */
    size_t done; /* of the request */
};

struct meter {
    char room[ID_SIZE];
    char meter[ID_SIZE];
};

struct load {
    int epoll_fd;
    struct connection connections[CONNECTIONS_MAX];
    size_t connection_count;
    size_t ready_count; /* handshakes that are over */
    size_t busy_count;  /* requests under way */
    struct meter meters[METERS_MAX];
    size_t meter_count;
    size_t meter_next;
    struct rng_port rng;
    bool running; /* new requests are made */
    uint64_t taken;
    uint64_t refused;
    uint32_t took_us[TIMES_MAX];
    size_t took_count;
    char first_refusal[TEXT_SIZE];
};

NORETURN static void give_up(const char *what)
{
    (void)fprintf(stderr, "orderload: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- requests ---- */

static void request_make(struct load *load, struct connection *connection)
{
    char ids[2][ID_TEXT_SIZE];
    char body[1024];
    const struct meter *meter = &load->meters[load->meter_next++ % load->meter_count];
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        id_make(&load->rng, clock_system_wall_ms(), ids[i]);
    }
    bool fits =
        str_format(body, sizeof(body),
                   "{\"client_request_id\":\"%s\",\"purchase_id\":\"%s\",\"room_id\":\"%s\","
                   "\"meter_id\":\"%s\",\"amount_fen\":5000,\"channel\":\"alipay\","
                   "\"accept_offline\":true,\"accept_open_elsewhere\":true}",
                   ids[0], ids[1], meter->room, meter->meter) &&
        str_format(connection->text, sizeof(connection->text),
                   "POST /v1/terminal/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    if (!fits) {
        give_up("a request does not fit");
    }
    connection->size = strlen(connection->text);
    connection->done = 0;
    connection->phase = PHASE_SEND;
    connection->begun_ns = clock_system_mono_ns();
    load->busy_count += 1;
}

/* The number that begins at @p text, between blanks and a line's end; 0 if it is none. */
static uint32_t number_at(const char *text)
{
    char digits[12];
    uint32_t number = 0;
    text += strspn(text, " ");
    return str_copy_bytes(digits, sizeof(digits), text, strcspn(text, " \r\n")) &&
                   parse_u32(digits, UINT32_MAX, &number)
               ? number
               : 0;
}

/* The answer's status once it is whole; 0 before. */
static uint32_t answer_status(const struct connection *connection)
{
    static const char name[] = "content-length:";
    const char *end = strstr(connection->text, "\r\n\r\n");
    const char *length = strcasestr(connection->text, name);
    if (end == NULL || length == NULL || length > end) {
        return 0;
    }
    size_t head = (size_t)(end - connection->text) + 4;
    if (connection->size < head + number_at(length + sizeof(name) - 1)) {
        return 0;
    }
    return number_at(connection->text + sizeof("HTTP/1.1") - 1);
}

static void answer_count(struct load *load, struct connection *connection, uint32_t status)
{
    int64_t took_us = (clock_system_mono_ns() - connection->begun_ns) / 1000;
    load->busy_count -= 1;
    connection->phase = PHASE_IDLE;
    if (status == STATUS_TAKEN) {
        load->taken += 1;
    } else {
        if (load->refused == 0) {
            str_format_cut(load->first_refusal, sizeof(load->first_refusal), "%s",
                           connection->text);
        }
        load->refused += 1;
    }
    if (load->took_count < TIMES_MAX) {
        load->took_us[load->took_count++] = (uint32_t)took_us;
    }
}

/* ---- connections ---- */

/* False: wait for the socket. */
static bool is_ready(const struct connection *connection, int result)
{
    int why = SSL_get_error(connection->ssl, result);
    if (result > 0) {
        return true;
    }
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        give_up("the server closed a connection");
    }
    return false;
}

static bool advance_receive(struct load *load, struct connection *connection)
{
    size_t room = sizeof(connection->text) - 1 - connection->size;
    int result = SSL_read(connection->ssl, connection->text + connection->size, (int)room);
    if (!is_ready(connection, result)) {
        return false;
    }
    connection->size += (size_t)result;
    connection->text[connection->size] = '\0';
    uint32_t status = answer_status(connection);
    if (status != 0) {
        answer_count(load, connection, status);
    } else if (connection->size == sizeof(connection->text) - 1) {
        give_up("an answer is too long");
    }
    return true;
}

/* One step; false: nothing more can be done before the socket is ready again. */
static bool advance(struct load *load, struct connection *connection)
{
    int result = 0;
    switch (connection->phase) {
    case PHASE_HANDSHAKE:
        result = SSL_connect(connection->ssl);
        if (!is_ready(connection, result)) {
            return false;
        }
        connection->phase = PHASE_IDLE;
        load->ready_count += 1;
        return true;
    case PHASE_IDLE:
        if (load->running) {
            request_make(load, connection);
        }
        return load->running;
    case PHASE_SEND:
        result = SSL_write(connection->ssl, connection->text + connection->done,
                           (int)(connection->size - connection->done));
        if (!is_ready(connection, result)) {
            return false;
        }
        connection->done += (size_t)result;
        if (connection->done == connection->size) {
            connection->size = 0;
            connection->phase = PHASE_RECEIVE;
        }
        return true;
    case PHASE_RECEIVE:
        return advance_receive(load, connection);
    }
    return false;
}

static void connection_open(struct load *load, SSL_CTX *tls, uint16_t port)
{
    struct connection *connection = &load->connections[load->connection_count];
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connection->ssl = SSL_new(tls);
    if (fd < 0 || connection->ssl == NULL || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        SSL_set_fd(connection->ssl, fd) != 1) {
        give_up("no connection to the server");
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    if (BIO_socket_nbio(fd, 1) != 1 || epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        give_up("epoll");
    }
    connection->fd = fd;
    load->connection_count += 1;
    while (advance(load, connection)) {
    }
}

static void serve(struct load *load, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, timeout_ms);
    for (int i = 0; i < count; i++) {
        while (advance(load, events[i].data.ptr)) {
        }
    }
}

/* ---- the run ---- */

static SSL_CTX *tls_make(const char *keys)
{
    char ca[512];
    char certificate[512];
    char key[512];
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || !str_format(ca, sizeof(ca), "%s/ca.pem", keys) ||
        !str_format(certificate, sizeof(certificate), "%s/cert.pem", keys) ||
        !str_format(key, sizeof(key), "%s/key.pem", keys) ||
        SSL_CTX_load_verify_locations(tls, ca, NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
        give_up("keys cannot be read");
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    return tls;
}

static void meters_read(struct load *load, const char *path)
{
    char line[2 * ID_SIZE];
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL &&
           load->meter_count < METERS_MAX) {
        struct meter *meter = &load->meters[load->meter_count];
        const char *blank = strchr(line, ' ');
        line[strcspn(line, "\n")] = '\0';
        if (blank == NULL ||
            !str_copy_bytes(meter->room, sizeof(meter->room), line, (size_t)(blank - line)) ||
            !str_copy(meter->meter, sizeof(meter->meter), blank + 1)) {
            give_up("a line of the meters is not \"room meter\"");
        }
        load->meter_count += 1;
    }
    if (file == NULL || load->meter_count == 0) {
        give_up("no meters");
    }
    (void)fclose(file);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a;
    uint32_t other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

static int result_print(struct load *load, int64_t took_ns)
{
    if (load->took_count == 0) {
        give_up("no answer at all");
    }
    qsort(load->took_us, load->took_count, sizeof(load->took_us[0]), compare_u32);
    (void)printf("{\"orders\":%llu,\"refused\":%llu,\"us\":%lld,\"median_us\":%u,\"p99_us\":%u}\n",
                 (unsigned long long)load->taken, (unsigned long long)load->refused,
                 (long long)took_ns / 1000, load->took_us[load->took_count / 2],
                 load->took_us[load->took_count * 99 / 100]);
    if (load->refused > 0) {
        (void)fprintf(stderr, "orderload: refused: %s\n", load->first_refusal);
    }
    return EXIT_SUCCESS;
}

static int run(struct load *load, int64_t seconds)
{
    while (load->ready_count < load->connection_count) {
        serve(load, -1);
    }
    int64_t begun_ns = clock_system_mono_ns();
    int64_t until_ns = begun_ns + seconds * 1000000000;
    load->running = true;
    for (size_t i = 0; i < load->connection_count; i++) {
        while (advance(load, &load->connections[i])) {
        }
    }
    while (clock_system_mono_ns() < until_ns) {
        serve(load, 100);
    }
    load->running = false;
    while (load->busy_count > 0) {
        serve(load, 100);
    }
    return result_print(load, clock_system_mono_ns() - begun_ns);
}

int main(int argc, char **argv)
{
    static struct load load; /* 14 MB */
    uint32_t port = 0;
    uint32_t count = 0;
    uint32_t seconds = 0;
    if (argc != 6 || !parse_u32(argv[1], UINT16_MAX, &port) ||
        !parse_u32(argv[4], CONNECTIONS_MAX, &count) || !parse_u32(argv[5], 3600, &seconds)) {
        (void)fputs("usage: orderload PORT KEYS METERS CONNECTIONS SECONDS\n", stderr);
        return EXIT_USAGE;
    }
    load.rng = rng_system();
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    meters_read(&load, argv[3]);
    SSL_CTX *tls = tls_make(argv[2]);
    for (uint32_t i = 0; i < count; i++) {
        connection_open(&load, tls, (uint16_t)port);
    }
    return run(&load, seconds);
}
