/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector/fake_bus.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <termios.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "protocol/dl645/stream.h"
#include "tests/unit/collector/scratch.h"

enum { POLL_MS = 20 };

struct fake_bus {
    char dir[SCRATCH_SIZE];
    char path[SCRATCH_SIZE + FAKE_BUS_PATH_SIZE]; /* a link to the pty, so that it can change */
    pthread_mutex_t lock;
    pthread_t thread;
    atomic_bool stopping;
    int master_fd;
    int keep_fd; /* keeps the slave's end open, so that the master never sees a hang-up */
    int reply_ms;
    struct fake_meter meters[FAKE_BUS_METERS_MAX];
    size_t meter_count;
    char order[FAKE_BUS_ORDER_MAX];
    size_t order_len;
    struct dl645_stream stream;
};

void fake_bus_lock(struct fake_bus *bus)
{
    MUST(pthread_mutex_lock(&bus->lock) == 0);
}

void fake_bus_unlock(struct fake_bus *bus)
{
    MUST(pthread_mutex_unlock(&bus->lock) == 0);
}

const char *fake_bus_order(const struct fake_bus *bus)
{
    return bus->order;
}

const char *fake_bus_path(const struct fake_bus *bus)
{
    return bus->path;
}

static void note_order(struct fake_bus *bus, const struct dl645_frame *frame)
{
    char what = frame->control == DL645_READ ? 'r' : frame->control == DL645_RELAY ? 'o' : 'c';
    if (bus->order_len + 3 < sizeof(bus->order)) {
        bus->order[bus->order_len++] = (char)('0' + (frame->address[0] & 0x0F));
        bus->order[bus->order_len++] = what;
        bus->order[bus->order_len] = '\0';
    }
}

static void hear_frame(struct fake_bus *bus, const struct dl645_frame *frame)
{
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    uint8_t answer[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    MUST(dl645_frame_encode(frame, 0, bytes, sizeof(bytes), &size) == OK);
    clock_system_wait_ms(bus->reply_ms);
    fake_bus_lock(bus);
    note_order(bus, frame);
    for (size_t i = 0; i < bus->meter_count; i++) {
        size_t got = fake_meter_hear(&bus->meters[i], bytes, size, answer, sizeof(answer));
        if (got > 0 && bus->master_fd >= 0) {
            MUST(write(bus->master_fd, answer, got) == (ssize_t)got);
        }
    }
    fake_bus_unlock(bus);
}

static void *run(void *self)
{
    struct fake_bus *bus = self;
    while (!atomic_load(&bus->stopping)) {
        fake_bus_lock(bus);
        struct pollfd line = {.fd = bus->master_fd, .events = POLLIN};
        fake_bus_unlock(bus);
        uint8_t bytes[256];
        if (poll(&line, 1, POLL_MS) <= 0 || (line.revents & POLLIN) == 0) {
            continue;
        }
        fake_bus_lock(bus);
        ssize_t size = bus->master_fd >= 0 ? read(bus->master_fd, bytes, sizeof(bytes)) : 0;
        fake_bus_unlock(bus);
        if (size > 0) {
            size_t taken = dl645_stream_push(&bus->stream, bytes, (size_t)size);
            MUST(taken == (size_t)size);
        }
        struct dl645_frame frame = {0};
        while (dl645_stream_next(&bus->stream, &frame) == OK) {
            hear_frame(bus, &frame);
        }
    }
    return NULL;
}

void fake_bus_plug(struct fake_bus *bus)
{
    char slave[FAKE_BUS_PATH_SIZE];
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    MUST(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
    MUST(ptsname_r(fd, slave, sizeof(slave)) == 0);
    int keep_fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw = {0};
    MUST(keep_fd >= 0 && tcgetattr(keep_fd, &raw) == 0);
    cfmakeraw(&raw);
    MUST(tcsetattr(keep_fd, TCSANOW, &raw) == 0);
    (void)unlink(bus->path);
    MUST(symlink(slave, bus->path) == 0);
    fake_bus_lock(bus);
    bus->master_fd = fd;
    bus->keep_fd = keep_fd;
    fake_bus_unlock(bus);
}

void fake_bus_unplug(struct fake_bus *bus)
{
    fake_bus_lock(bus);
    (void)unlink(bus->path);
    (void)close(bus->master_fd);
    (void)close(bus->keep_fd);
    bus->master_fd = -1;
    bus->keep_fd = -1;
    fake_bus_unlock(bus);
}

struct fake_bus *fake_bus_create(int reply_ms)
{
    struct fake_bus *bus = calloc(1, sizeof(*bus));
    MUST(bus != NULL);
    MUST(pthread_mutex_init(&bus->lock, NULL) == 0);
    scratch_make(bus->dir);
    MUST(str_format(bus->path, sizeof(bus->path), "%s/bus", bus->dir));
    dl645_stream_init(&bus->stream);
    bus->reply_ms = reply_ms;
    fake_bus_plug(bus);
    MUST(pthread_create(&bus->thread, NULL, run, bus) == 0);
    return bus;
}

struct fake_meter *fake_bus_add(struct fake_bus *bus, const char *address)
{
    fake_bus_lock(bus);
    MUST(bus->meter_count < FAKE_BUS_METERS_MAX);
    struct fake_meter *meter = &bus->meters[bus->meter_count++];
    fake_meter_init(meter, address);
    fake_bus_unlock(bus);
    return meter;
}

void fake_bus_destroy(struct fake_bus *bus)
{
    atomic_store(&bus->stopping, true);
    MUST(pthread_join(bus->thread, NULL) == 0);
    if (bus->master_fd >= 0) {
        (void)close(bus->master_fd);
        (void)close(bus->keep_fd);
    }
    (void)pthread_mutex_destroy(&bus->lock);
    free(bus);
}
