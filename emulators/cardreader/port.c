/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "emulators/cardreader/bytes.h"

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

static bool make_raw(int fd)
{
    struct termios raw = {0};
    if (tcgetattr(fd, &raw) != 0) {
        return false;
    }
    cfmakeraw(&raw);
    return tcsetattr(fd, TCSANOW, &raw) == 0;
}

/* Replace the link in one step, so that it never is missing while the reader is plugged in. */
static bool link_make(const struct port *port)
{
    char fresh[PORT_PATH_SIZE + 8];
    if (port->link[0] == '\0') {
        return true;
    }
    (void)bytes_text_copy(fresh, sizeof(fresh), port->link);
    (void)bytes_text_add(fresh, sizeof(fresh), ".new");
    (void)unlink(fresh);
    return symlink(port->slave, fresh) == 0 && rename(fresh, port->link) == 0;
}

bool port_plug(struct port *port)
{
    if (port->fd >= 0) {
        return true;
    }
    port->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (port->fd < 0 || grantpt(port->fd) != 0 || unlockpt(port->fd) != 0 ||
        ptsname_r(port->fd, port->slave, sizeof(port->slave)) != 0) {
        fd_close(&port->fd);
        return false;
    }
    port->slave_fd = open(port->slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (port->slave_fd < 0 || !make_raw(port->slave_fd) || !link_make(port)) {
        int why = errno;
        port_unplug(port);
        errno = why;
        return false;
    }
    return true;
}

bool port_open(struct port *port, const char *link)
{
    *port = (struct port){.fd = -1, .slave_fd = -1};
    if (link != NULL && !bytes_text_copy(port->link, sizeof(port->link), link)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return port_plug(port);
}

/* The link goes first, as a device's name does: the kernel gives the number to the next pty. */
void port_unplug(struct port *port)
{
    if (port->fd >= 0 && port->link[0] != '\0') {
        (void)unlink(port->link);
    }
    fd_close(&port->slave_fd);
    fd_close(&port->fd);
}

size_t port_read(struct port *port, uint8_t *ret_bytes, size_t room)
{
    ssize_t got = port->fd < 0 ? 0 : read(port->fd, ret_bytes, room);
    return got > 0 ? (size_t)got : 0;
}

void port_write(struct port *port, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (port->fd >= 0 && at < size) {
        ssize_t sent = write(port->fd, bytes + at, size - at);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return;
        }
        at += (size_t)sent;
    }
}
