/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: everything is set with one tcsetattr() and compared afterwards. glibc reports EINVAL when
 * parity was the only change and did not stick, which is what every Linux pseudo-terminal does
 * (they drop PARENB), so EINVAL is not an error here; what really stuck is in the report, and the
 * program warns. USB adapters hold received bytes back for up to 16 ms to fill a packet; that would
 * cost a tenth of a 2400 baud reading, so low latency is asked for where the driver has it.
 */
#include "drivers/serial/serial.h"

#include <errno.h>

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/must.h"

static const struct {
    uint32_t baud;
    speed_t speed;
} speeds[] = {
    {300, B300},   {600, B600},     {1200, B1200},   {2400, B2400},   {4800, B4800},
    {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
};

static bool speed_find(uint32_t baud, speed_t *ret_speed)
{
    for (size_t i = 0; i < ARRAY_COUNT(speeds); i++) {
        if (speeds[i].baud == baud) {
            *ret_speed = speeds[i].speed;
            return true;
        }
    }
    return false;
}

bool serial_baud_is_valid(uint32_t baud)
{
    speed_t speed = B0;
    return speed_find(baud, &speed);
}

int64_t serial_wire_ms(size_t size, uint32_t baud)
{
    MUST(baud > 0);
    MUST(size <= 1U << 20);
    int64_t bits_ms = (int64_t)size * SERIAL_BITS_PER_BYTE * 1000;
    return (bits_ms + baud - 1) / baud;
}

static enum err errno_to_err(int error)
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
    case ENOTTY:
        return ERR_FORMAT;
    default:
        return ERR_IO;
    }
}

static void ask_low_latency(int fd)
{
    struct serial_struct serial = {0};
    if (ioctl(fd, TIOCGSERIAL, &serial) == 0) {
        serial.flags = (int)((unsigned)serial.flags | ASYNC_LOW_LATENCY);
        /* Only a wish: a driver without it, or without the right, works all the same. */
        (void)ioctl(fd, TIOCSSERIAL, &serial);
    }
}

static enum err set_up(int fd, speed_t speed, struct serial_report *ret_report)
{
    struct termios want = {0};
    if (tcgetattr(fd, &want) != 0) {
        return errno_to_err(errno);
    }
    cfmakeraw(&want);
    want.c_cflag &= ~(tcflag_t)(CSTOPB | PARODD | CRTSCTS);
    want.c_cflag |= (tcflag_t)(CS8 | PARENB | CREAD | CLOCAL);
    want.c_cc[VMIN] = 0;
    want.c_cc[VTIME] = 0;
    if (cfsetispeed(&want, speed) != 0 || cfsetospeed(&want, speed) != 0) {
        return ERR_RANGE;
    }
    if (tcsetattr(fd, TCSANOW, &want) != 0 && errno != EINVAL) {
        return errno_to_err(errno);
    }
    struct termios got = {0};
    if (tcgetattr(fd, &got) != 0) {
        return errno_to_err(errno);
    }
    *ret_report = (struct serial_report){
        .parity_kept = (got.c_cflag & (PARENB | PARODD)) == PARENB,
        .speed_kept = cfgetospeed(&got) == speed && cfgetispeed(&got) == speed,
    };
    return OK;
}

enum err serial_open(const char *device, uint32_t baud, struct serial_report *ret_report,
                     int *ret_fd)
{
    speed_t speed = B0;
    if (!speed_find(baud, &speed)) {
        return ERR_RANGE;
    }
    /* O_NONBLOCK also keeps open() from waiting for a modem's carrier. */
    int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno_to_err(errno);
    }
    enum err err = OK;
    if (isatty(fd) == 0) {
        err = ERR_FORMAT;
        goto fail;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || ioctl(fd, TIOCEXCL) != 0) {
        err = errno_to_err(errno);
        goto fail;
    }
    err = set_up(fd, speed, ret_report);
    if (err != OK) {
        goto fail;
    }
    ask_low_latency(fd);
    (void)tcflush(fd, TCIOFLUSH);
    *ret_fd = fd;
    return OK;
fail:
    (void)close(fd);
    return err;
}

enum err serial_set_baud(int fd, uint32_t baud)
{
    speed_t speed = B0;
    if (!speed_find(baud, &speed)) {
        return ERR_RANGE;
    }
    struct serial_report report = {0};
    enum err err = set_up(fd, speed, &report);
    if (err == OK) {
        (void)tcflush(fd, TCIOFLUSH);
    }
    return err;
}

void serial_discard_input(int fd)
{
    (void)tcflush(fd, TCIFLUSH);
}

/* Wait until @p events or trouble. OK, ERR_TIMEOUT, ERR_IO. */
static enum err wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd line = {.fd = fd, .events = events};
    int ready = poll(&line, 1, timeout_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
        return ERR_TIMEOUT;
    }
    if (ready < 0) {
        return ERR_IO;
    }
    /* Bytes that came before a hang-up are still to be read. */
    return (line.revents & events) != 0 ? OK : ERR_IO;
}

enum err serial_write(int fd, const uint8_t *bytes, size_t size, int timeout_ms)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = write(fd, bytes + done, size - done);
        if (count > 0) {
            done += (size_t)count;
            continue;
        }
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            return ERR_IO;
        }
        enum err err = wait_for(fd, POLLOUT, timeout_ms);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err serial_read(int fd, uint8_t *ret_bytes, size_t bytes_size, int timeout_ms,
                     size_t *ret_size)
{
    enum err err = wait_for(fd, POLLIN, timeout_ms);
    if (err != OK) {
        return err;
    }
    ssize_t count = read(fd, ret_bytes, bytes_size);
    if (count > 0) {
        *ret_size = (size_t)count;
        return OK;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return ERR_TIMEOUT;
    }
    return ERR_IO;
}

void serial_close(int fd)
{
    if (fd >= 0) {
        (void)tcflush(fd, TCIOFLUSH);
        (void)close(fd);
    }
}
