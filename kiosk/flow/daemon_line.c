/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/daemon_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"

bool daemon_line_init(struct daemon_line *ret_line, const char *path, size_t size)
{
    MUST(size > 0);
    *ret_line = (struct daemon_line){.fd = -1,
                                     .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                     .address = {.sun_family = AF_UNIX},
                                     .bytes = malloc(size),
                                     .size = size};
    return ret_line->wake_fd >= 0 && ret_line->bytes != NULL &&
           str_copy(ret_line->address.sun_path, sizeof(ret_line->address.sun_path), path);
}

void daemon_line_finish(struct daemon_line *line)
{
    if (line->size == 0) {
        return;
    }
    daemon_line_close(line);
    if (line->wake_fd >= 0) {
        (void)close(line->wake_fd);
    }
    free(line->bytes);
    *line = (struct daemon_line){.size = 0};
}

int daemon_line_connect(const struct daemon_line *line)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval timeout = {.tv_sec = DAEMON_LINE_SEND_S};
    bool connected =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
        connect(fd, (const struct sockaddr *)&line->address, sizeof(line->address)) == 0;
    if (fd >= 0 && !connected) {
        (void)close(fd);
    }
    return connected ? fd : -1;
}

void daemon_line_use(struct daemon_line *line, int fd)
{
    MUST(line->fd < 0 && fd >= 0);
    line->fd = fd;
}

void daemon_line_close(struct daemon_line *line)
{
    if (line->fd >= 0) {
        (void)close(line->fd);
    }
    line->fd = -1;
    line->from = 0;
    line->until = 0;
}

bool daemon_line_send(const struct daemon_line *line, const char *text)
{
    size_t size = strlen(text);
    size_t at = 0;
    while (at < size && line->fd >= 0) {
        ssize_t sent = send(line->fd, text + at, size - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return false;
        }
        at += sent > 0 ? (size_t)sent : 0;
    }
    return line->fd >= 0 && at == size;
}

enum daemon_line_news daemon_line_wait(const struct daemon_line *line, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = line->wake_fd, .events = POLLIN},
                            {.fd = line->fd, .events = POLLIN}};
    int ready = poll(fds, 2, timeout_ms);
    eventfd_t count = 0;
    if (ready > 0 && fds[0].revents != 0) {
        (void)eventfd_read(line->wake_fd, &count);
    }
    if (ready > 0 && fds[1].revents != 0) {
        return DAEMON_LINE_BYTES;
    }
    return ready == 0 ? DAEMON_LINE_SILENT : DAEMON_LINE_WOKEN;
}

void daemon_line_wake(const struct daemon_line *line)
{
    (void)eventfd_write(line->wake_fd, 1);
}

bool daemon_line_fill(struct daemon_line *line)
{
    memmove(line->bytes, line->bytes + line->from, line->until - line->from);
    line->until -= line->from;
    line->from = 0;
    MUST(line->until < line->size);
    ssize_t got = recv(line->fd, line->bytes + line->until, line->size - line->until, 0);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    line->until += (size_t)got;
    return line->until < line->size || memchr(line->bytes, '\n', line->until) != NULL;
}

bool daemon_line_next(struct daemon_line *line, const char **ret_text, size_t *ret_size)
{
    const char *text = line->bytes + line->from;
    const char *end = memchr(text, '\n', line->until - line->from);
    if (end == NULL) {
        return false;
    }
    *ret_text = text;
    *ret_size = (size_t)(end - text);
    line->from += *ret_size + 1;
    return true;
}
