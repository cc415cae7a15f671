/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/link/link.h"

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "common/must.h"

enum {
    KEEP_IDLE_S = 30, /* find out in about a minute that the printer's plug was pulled */
    KEEP_INTERVAL_S = 10,
    KEEP_COUNT = 3,
};

static const struct {
    uint32_t baud;
    speed_t speed;
} SPEEDS[] = {
    {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
};

static enum err err_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case EBUSY:
    case EWOULDBLOCK:
        return ERR_CONFLICT;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
        return ERR_UNAVAILABLE;
    default:
        return ERR_IO;
    }
}

/* --- TCP ------------------------------------------------------------------------------------- */

/* The length of the socket address, 0 if @p address is none. */
static socklen_t address_parse(const char *address, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&storage;
    socklen_t size = 0;
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        size = sizeof(*v4);
    } else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        size = sizeof(*v6);
    }
    *ret = storage;
    return size;
}

bool link_address_is_valid(const char *address)
{
    struct sockaddr_storage unused;
    return address_parse(address, 1, &unused) > 0;
}

static bool option_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static enum err tcp_open(const struct link_config *config, int *ret_fd)
{
    struct sockaddr_storage address;
    socklen_t size = address_parse(config->address, config->port, &address);
    MUST(size > 0);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_of(errno);
    }
    /* No Nagle: the three bytes of a status request must arrive together and at once. */
    bool set = option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
               option_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
               option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S) &&
               option_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S) &&
               option_set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
    if (!set ||
        (connect(fd, (const struct sockaddr *)&address, size) != 0 && errno != EINPROGRESS)) {
        enum err err = err_of(errno);
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

/* --- devices --------------------------------------------------------------------------------- */

static bool speed_find(uint32_t baud, speed_t *ret_speed)
{
    for (size_t i = 0; i < ARRAY_COUNT(SPEEDS); i++) {
        if (SPEEDS[i].baud == baud) {
            *ret_speed = SPEEDS[i].speed;
            return true;
        }
    }
    return false;
}

bool link_baud_is_valid(uint32_t baud)
{
    speed_t unused = B0;
    return speed_find(baud, &unused);
}

/* 8 data bits, no parity: what printers are delivered with. */
static enum err tty_set_up(int fd, const struct link_config *config)
{
    speed_t speed = B0;
    bool known = speed_find(config->baud, &speed);
    MUST(known);
    struct termios want = {0};
    if (tcgetattr(fd, &want) != 0) {
        return err_of(errno);
    }
    cfmakeraw(&want);
    want.c_cflag &= ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS);
    want.c_cflag |= (tcflag_t)(CS8 | CREAD | CLOCAL);
    if (config->flow == LINK_FLOW_RTS) {
        want.c_cflag |= (tcflag_t)CRTSCTS;
    } else if (config->flow == LINK_FLOW_XON) {
        want.c_iflag |= (tcflag_t)IXON;
    }
    want.c_cc[VMIN] = 0;
    want.c_cc[VTIME] = 0;
    if (cfsetispeed(&want, speed) != 0 || cfsetospeed(&want, speed) != 0 ||
        tcsetattr(fd, TCSANOW, &want) != 0) {
        return ERR_IO;
    }
    return OK;
}

static enum err device_open(const struct link_config *config, int *ret_fd)
{
    int fd = open(config->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return err_of(errno);
    }
    enum err err = OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = err_of(errno);
        goto fail;
    }
    if (isatty(fd) == 1) {
        if (ioctl(fd, TIOCEXCL) != 0) {
            err = err_of(errno);
            goto fail;
        }
        err = tty_set_up(fd, config);
        if (err != OK) {
            goto fail;
        }
        (void)tcflush(fd, TCIFLUSH);
    }
    *ret_fd = fd;
    return OK;
fail:
    (void)close(fd);
    return err;
}

/* --- both ------------------------------------------------------------------------------------ */

enum err link_open(const struct link_config *config, int *ret_fd)
{
    return config->is_tcp ? tcp_open(config, ret_fd) : device_open(config, ret_fd);
}

enum err link_finish_open(const struct link_config *config, int fd)
{
    if (!config->is_tcp) {
        return OK;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return ERR_IO;
    }
    return error == 0 ? OK : err_of(error);
}

static enum err moved(ssize_t count, size_t *ret_size)
{
    if (count > 0) {
        *ret_size = (size_t)count;
        return OK;
    }
    bool later = count < 0 && (errno == EAGAIN || errno == EINTR);
    return later ? ERR_TIMEOUT : ERR_IO;
}

enum err link_read(int fd, uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size)
{
    return moved(read(fd, ret_bytes, bytes_size), ret_size);
}

enum err link_write(int fd, const uint8_t *bytes, size_t size, size_t *ret_size)
{
    return moved(write(fd, bytes, size), ret_size);
}

void link_close(const struct link_config *config, int fd)
{
    if (fd < 0) {
        return;
    }
    if (config->is_tcp) {
        (void)shutdown(fd, SHUT_WR); /* an end, not a reset: what is under way still prints */
    }
    (void)close(fd);
}
