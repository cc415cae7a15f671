/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one epoll for the listener, the clients and a timer. A client has one input buffer and
 * at most one answer under way: the next line is looked at only when the answer has left, which
 * keeps the order of answers and bounds the memory without any queue.
 */
#include "emulators/lineserver/lineserver.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    LINE_CLIENTS_MAX = 64, /* a test's helpers and a few people */
    LINE_SIZE_MAX = 4096,  /* the longest request is a fault with a hex text of a frame */
    LINE_EVENTS_PER_TURN = 16
};

enum { LINE_MARK_LISTENER = LINE_CLIENTS_MAX, LINE_MARK_TIMER };

struct line_client {
    int fd; /* -1: free */
    char in[LINE_SIZE_MAX];
    size_t in_size;
    char *out; /* the answer under way, or NULL */
    size_t out_size;
    size_t out_at;
    int64_t out_due_ms; /* monotonic; the answer does not leave earlier */
    bool ended;         /* the peer sends no more; close when its lines are answered */
};

struct line_server {
    struct sockaddr_un address;
    line_handler *handler;
    void *context; /* borrowed */
    int epoll_fd;
    int listen_fd;
    int timer_fd;
    struct line_client clients[LINE_CLIENTS_MAX];
};

static int64_t line_now_ms(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void line_client_close(struct line_client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    free(client->out);
    client->out = NULL;
    client->fd = -1;
    client->in_size = 0;
}

static bool line_watch(int epoll_fd, int fd, uint32_t mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = mark};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool line_listen(struct line_server *server)
{
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listen_fd < 0) {
        return false;
    }
    (void)unlink(server->address.sun_path);
    if (bind(server->listen_fd, (const struct sockaddr *)&server->address,
             sizeof(server->address)) != 0 ||
        listen(server->listen_fd, LINE_CLIENTS_MAX) != 0) {
        return false;
    }
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return server->epoll_fd >= 0 && server->timer_fd >= 0 &&
           line_watch(server->epoll_fd, server->listen_fd, LINE_MARK_LISTENER) &&
           line_watch(server->epoll_fd, server->timer_fd, LINE_MARK_TIMER);
}

struct line_server *line_server_open(const char *path, line_handler *handler, void *context)
{
    size_t length = strlen(path);
    struct line_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return NULL;
    }
    server->epoll_fd = -1;
    server->listen_fd = -1;
    server->timer_fd = -1;
    server->handler = handler;
    server->context = context;
    for (size_t i = 0; i < LINE_CLIENTS_MAX; i++) {
        server->clients[i].fd = -1;
    }
    server->address.sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof(server->address.sun_path)) {
        free(server);
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(server->address.sun_path, path, length + 1);
    if (!line_listen(server)) {
        int error = errno;
        server->address.sun_path[0] = '\0'; /* not ours: leave the file alone */
        line_server_close(server);
        errno = error;
        return NULL;
    }
    return server;
}

int line_server_fd(const struct line_server *server)
{
    return server->epoll_fd;
}

static void line_accept(struct line_server *server)
{
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    for (uint32_t i = 0; i < LINE_CLIENTS_MAX; i++) {
        struct line_client *client = &server->clients[i];
        if (client->fd >= 0) {
            continue;
        }
        if (line_watch(server->epoll_fd, fd, i)) {
            client->fd = fd;
            client->ended = false;
            return;
        }
        break;
    }
    (void)close(fd);
}

static void line_answer_begin(struct line_server *server, struct line_client *client, char *line)
{
    struct line_answer answer = server->handler(server->context, line);
    if (answer.hang_up) {
        free(answer.text);
        line_client_close(client);
        return;
    }
    if (answer.text == NULL) {
        return;
    }
    client->out_size = strlen(answer.text) + 1;
    client->out_at = 0;
    client->out_due_ms = answer.delay_ms == 0 ? 0 : line_now_ms() + (int64_t)answer.delay_ms;
    client->out = answer.text;
    client->out[client->out_size - 1] = '\n'; /* the line end takes the NUL's place */
}

/* Write what may leave; false while an answer is still under way. */
static bool line_flush(struct line_client *client)
{
    if (client->out == NULL) {
        return true;
    }
    if (client->out_due_ms > line_now_ms()) {
        return false;
    }
    while (client->out_at < client->out_size) {
        ssize_t sent = send(client->fd, client->out + client->out_at,
                            client->out_size - client->out_at, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        if (sent < 0) {
            line_client_close(client);
            return true;
        }
        client->out_at += (size_t)sent;
    }
    free(client->out);
    client->out = NULL;
    return true;
}

/* Answer the whole lines that are in the buffer, as far as the answers can leave. */
static void line_serve(struct line_server *server, struct line_client *client)
{
    while (client->fd >= 0 && line_flush(client) && client->fd >= 0) {
        char *end = memchr(client->in, '\n', client->in_size);
        if (end == NULL) {
            if (client->ended || client->in_size == sizeof(client->in)) {
                line_client_close(client);
            }
            return;
        }
        *end = '\0';
        if (end > client->in && end[-1] == '\r') {
            end[-1] = '\0';
        }
        size_t used = (size_t)(end - client->in) + 1;
        char line[LINE_SIZE_MAX];
        memcpy(line, client->in, used);
        client->in_size -= used;
        memmove(client->in, client->in + used, client->in_size);
        line_answer_begin(server, client, line);
    }
}

static void line_read(struct line_server *server, struct line_client *client)
{
    if (client->fd < 0) {
        return;
    }
    size_t room = sizeof(client->in) - client->in_size;
    ssize_t got = room == 0 ? 0 : recv(client->fd, client->in + client->in_size, room, 0);
    if (got > 0) {
        client->in_size += (size_t)got;
    } else if (got == 0 && room > 0) {
        client->ended = true;
    } else if (got < 0 && errno != EAGAIN && errno != EINTR) {
        line_client_close(client);
        return;
    }
    line_serve(server, client);
}

/*
 * Watch a client for writing while its answer waits for room, for reading otherwise; set the
 * timer to the earliest delayed answer.
 */
static void line_rearm(struct line_server *server)
{
    int64_t due_ms = 0;
    int64_t now_ms = line_now_ms();
    for (uint32_t i = 0; i < LINE_CLIENTS_MAX; i++) {
        struct line_client *client = &server->clients[i];
        if (client->fd < 0) {
            continue;
        }
        bool waits = client->out != NULL && client->out_due_ms > now_ms;
        if (waits && (due_ms == 0 || client->out_due_ms < due_ms)) {
            due_ms = client->out_due_ms;
        }
        uint32_t events = client->out == NULL ? EPOLLIN : EPOLLOUT;
        struct epoll_event event = {.events = waits ? 0 : events, .data.u32 = i};
        (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
    }
    struct itimerspec when = {
        .it_value = {.tv_sec = due_ms / 1000, .tv_nsec = (due_ms % 1000) * 1000000}};
    (void)timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void line_server_turn(struct line_server *server)
{
    struct epoll_event events[LINE_EVENTS_PER_TURN];
    int count = epoll_wait(server->epoll_fd, events, LINE_EVENTS_PER_TURN, 0);
    for (int i = 0; i < count; i++) {
        uint32_t mark = events[i].data.u32;
        if (mark == LINE_MARK_LISTENER) {
            line_accept(server);
        } else if (mark == LINE_MARK_TIMER) {
            uint64_t expirations = 0;
            ssize_t got = read(server->timer_fd, &expirations, sizeof(expirations));
            (void)got;
        } else if (server->clients[mark].out != NULL && (events[i].events & EPOLLHUP) != 0) {
            /* Nobody waits for the answer; a hang-up is told again and again, asked for or not. */
            line_client_close(&server->clients[mark]);
        } else if (server->clients[mark].out != NULL) {
            line_serve(server, &server->clients[mark]);
        } else {
            line_read(server, &server->clients[mark]);
        }
    }
    for (size_t i = 0; i < LINE_CLIENTS_MAX; i++) {
        struct line_client *client = &server->clients[i];
        if (client->fd >= 0 && client->out != NULL && client->out_due_ms != 0) {
            line_serve(server, client);
        }
    }
    line_rearm(server);
}

void line_server_close(struct line_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < LINE_CLIENTS_MAX; i++) {
        line_client_close(&server->clients[i]);
    }
    const int fds[] = {server->epoll_fd, server->listen_fd, server->timer_fd};
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    if (server->address.sun_path[0] != '\0') {
        (void)unlink(server->address.sun_path);
    }
    free(server);
}

char *line_text(const char *format, ...)
{
    char *text = NULL;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    return length < 0 ? NULL : text;
}
