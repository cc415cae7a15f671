/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/wire.h"

#include <errno.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "common/str.h"

enum {
    BITS_PER_BYTE = 10, /* 8N1 */
    BURST_US = 20000,   /* bytes of that time are taken at once: a loop turn is not a byte */
};

static void wire_reset(struct wire *wire, uint32_t baud)
{
    *wire = (struct wire){.baud = baud, .listen_fd = -1, .fd = -1, .slave_fd = -1};
}

bool wire_open_tcp(struct wire *wire, uint16_t port, uint32_t baud)
{
    wire_reset(wire, baud);
    wire->is_tcp = true;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int yes = 1;
    wire->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wire->listen_fd < 0 ||
        setsockopt(wire->listen_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(wire->listen_fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(wire->listen_fd, 1) != 0 ||
        getsockname(wire->listen_fd, (struct sockaddr *)&address, &size) != 0) {
        return false;
    }
    return str_format(wire->name, sizeof(wire->name), "127.0.0.1:%u",
                      (unsigned)ntohs(address.sin_port));
}

static bool pty_make(struct wire *wire)
{
    char slave[128];
    wire->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (wire->fd < 0 || grantpt(wire->fd) != 0 || unlockpt(wire->fd) != 0 ||
        ptsname_r(wire->fd, slave, sizeof(slave)) != 0) {
        return false;
    }
    wire->slave_fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw = {0};
    if (wire->slave_fd < 0 || tcgetattr(wire->slave_fd, &raw) != 0) {
        return false;
    }
    cfmakeraw(&raw);
    if (tcsetattr(wire->slave_fd, TCSANOW, &raw) != 0) {
        return false;
    }
    (void)unlink(wire->name);
    return symlink(slave, wire->name) == 0;
}

bool wire_open_pty(struct wire *wire, const char *link_path, uint32_t baud)
{
    wire_reset(wire, baud);
    return str_copy(wire->name, sizeof(wire->name), link_path) && pty_make(wire);
}

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void wire_close(struct wire *wire)
{
    if (!wire->is_tcp) {
        (void)unlink(wire->name); /* first: the kernel gives the number to the next pty */
    }
    fd_close(&wire->fd);
    fd_close(&wire->slave_fd);
    fd_close(&wire->listen_fd);
}

int wire_fd(const struct wire *wire)
{
    return wire->fd >= 0 ? wire->fd : wire->listen_fd;
}

void wire_accept(struct wire *wire)
{
    if (!wire->is_tcp || wire->fd >= 0) {
        return;
    }
    int yes = 1;
    wire->fd = accept4(wire->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (wire->fd >= 0) {
        (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    }
}

void wire_hang_up(struct wire *wire)
{
    fd_close(&wire->fd);
    fd_close(&wire->slave_fd);
    if (!wire->is_tcp && !pty_make(wire)) {
        fd_close(&wire->fd); /* the host finds no device; the next hang-up tries again */
    }
}

bool wire_is_paced(const struct wire *wire, int64_t now_us)
{
    return wire->baud != 0 && wire->paid_until_us > now_us;
}

static size_t line_allows(const struct wire *wire, int64_t now_us)
{
    if (wire->baud == 0) {
        return SIZE_MAX;
    }
    int64_t free_us = now_us + BURST_US - wire->paid_until_us;
    int64_t bytes = free_us * wire->baud / (BITS_PER_BYTE * INT64_C(1000000));
    return bytes > 0 ? (size_t)bytes : 0;
}

size_t wire_read(struct wire *wire, uint8_t *ret_bytes, size_t room, int64_t now_us)
{
    if (wire->paid_until_us < now_us) {
        wire->paid_until_us = now_us;
    }
    size_t allowed = line_allows(wire, now_us);
    size_t wanted = room < allowed ? room : allowed;
    if (wire->fd < 0 || wanted == 0) {
        return 0;
    }
    ssize_t got = read(wire->fd, ret_bytes, wanted);
    if (got > 0) {
        if (wire->baud != 0) {
            wire->paid_until_us += got * BITS_PER_BYTE * INT64_C(1000000) / wire->baud;
        }
        return (size_t)got;
    }
    bool later = got < 0 && (errno == EAGAIN || errno == EINTR || errno == EIO);
    if (wire->is_tcp && !later) {
        fd_close(&wire->fd);
    }
    return 0;
}

bool wire_write(struct wire *wire, const uint8_t *bytes, size_t size)
{
    if (wire->fd < 0) {
        return true;
    }
    /* Answers are a few bytes: they go whole or, on a full line, not at all. */
    ssize_t sent = write(wire->fd, bytes, size);
    return sent >= 0 || errno != EAGAIN;
}
