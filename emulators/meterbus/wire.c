/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a ring of bytes coming in and a few transmissions going out, each byte with its own
 * moments computed from the start of its row. Two transmissions at the same time, or one while
 * the host sends, make garbage as on a real pair of wires. Even parity is dropped by ptys, so
 * nothing is checked there; the speed is, from the host's termios.
 */
#include "emulators/meterbus/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "emulators/meterbus/ticks.h"

enum { WIRE_PATH_MAX = 512 };

int64_t wire_byte_ns(uint32_t baud)
{
    return (int64_t)WIRE_BITS_PER_BYTE * NS_PER_S / (int64_t)baud;
}

/* In one step, so that a host that comes back early never finds no link at all. */
static bool link_make(const char *target, const char *link_path)
{
    char fresh[WIRE_PATH_MAX];
    if (!str_format(fresh, sizeof(fresh), "%s.new", link_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)unlink(fresh);
    return symlink(target, fresh) == 0 && rename(fresh, link_path) == 0;
}

/* Only our own: a successor may have put its link there already. */
static void link_remove(const struct wire *wire)
{
    char target[WIRE_PATH_MAX];
    const char *own = wire_slave_name(wire);
    ssize_t size = readlink(wire->link_path, target, sizeof(target) - 1);
    if (size > 0 && own != NULL) {
        target[size] = '\0';
        if (str_equal(target, own)) {
            (void)unlink(wire->link_path);
        }
    }
}

bool wire_open(struct wire *wire, const char *link_path)
{
    struct termios settings = {0};
    memset(wire, 0, sizeof(*wire));
    wire->slave_fd = -1;
    wire->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (wire->master_fd < 0 || grantpt(wire->master_fd) != 0 || unlockpt(wire->master_fd) != 0) {
        return false;
    }
    const char *name = wire_slave_name(wire);
    wire->slave_fd = name == NULL ? -1 : open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (wire->slave_fd < 0 || tcgetattr(wire->slave_fd, &settings) != 0) {
        return false;
    }
    /* Raw, but at the pty's own speed: a host that forgets to set the speed hears nothing. */
    cfmakeraw(&settings);
    if (tcsetattr(wire->slave_fd, TCSANOW, &settings) != 0) {
        return false;
    }
    wire->link_path = link_path;
    return link_path == NULL || link_make(name, link_path);
}

void wire_close(struct wire *wire)
{
    if (wire->link_path != NULL) {
        link_remove(wire);
    }
    if (wire->slave_fd >= 0) {
        (void)close(wire->slave_fd);
    }
    if (wire->master_fd >= 0) {
        (void)close(wire->master_fd);
    }
}

const char *wire_slave_name(const struct wire *wire)
{
    return ptsname(wire->master_fd);
}

/* The speed the host has set, which the master side sees; 0 if it is no number we know. */
static uint32_t host_baud(const struct wire *wire)
{
    static const struct {
        speed_t speed;
        uint32_t baud;
    } SPEEDS[] = {{B300, 300},     {B600, 600},      {B1200, 1200},   {B2400, 2400},
                  {B4800, 4800},   {B9600, 9600},    {B19200, 19200}, {B38400, 38400},
                  {B57600, 57600}, {B115200, 115200}};
    struct termios settings = {0};
    if (tcgetattr(wire->master_fd, &settings) != 0) {
        return 0;
    }
    speed_t speed = cfgetospeed(&settings);
    for (size_t i = 0; i < ARRAY_COUNT(SPEEDS); i++) {
        if (SPEEDS[i].speed == speed) {
            return SPEEDS[i].baud;
        }
    }
    return 0;
}

static void receive_bytes(struct wire *wire, int64_t now_ns, const uint8_t *bytes, size_t size)
{
    enum { BAUD_UNKNOWN = 38400 };
    uint32_t baud = host_baud(wire);
    int64_t byte_ns = wire_byte_ns(baud == 0 ? BAUD_UNKNOWN : baud);
    for (size_t i = 0; i < size; i++) {
        if (wire->received_count == WIRE_RECEIVED_MAX) {
            wire->stats.dropped += size - i;
            return;
        }
        int64_t start_ns = now_ns > wire->free_ns ? now_ns : wire->free_ns;
        size_t slot = (wire->received_at + wire->received_count) % WIRE_RECEIVED_MAX;
        wire->received[slot] = (struct wire_byte){.byte = bytes[i],
                                                  .garbled = baud == 0,
                                                  .start_ns = start_ns,
                                                  .end_ns = start_ns + byte_ns,
                                                  .baud = baud};
        wire->received_count += 1;
        wire->free_ns = start_ns + byte_ns;
        wire->stats.received += 1;
        wire->stats.received_ns += byte_ns;
    }
}

void wire_receive(struct wire *wire, int64_t now_ns)
{
    uint8_t bytes[512];
    ssize_t got = read(wire->master_fd, bytes, sizeof(bytes));
    while (got > 0) {
        receive_bytes(wire, now_ns, bytes, (size_t)got);
        got = read(wire->master_fd, bytes, sizeof(bytes));
    }
}

static int64_t transmission_end_ns(const struct transmission *t, size_t index)
{
    int64_t gap_ns = t->gap_ns > 0 && index >= t->gap_at ? t->gap_ns : 0;
    /* One division for all bytes, so that nothing adds up. */
    return t->start_ns + gap_ns +
           (int64_t)(index + 1) * WIRE_BITS_PER_BYTE * NS_PER_S / (int64_t)t->baud;
}

bool wire_byte_take(struct wire *wire, int64_t now_ns, struct wire_byte *ret_byte)
{
    if (wire->received_count == 0) {
        return false;
    }
    struct wire_byte *byte = &wire->received[wire->received_at];
    if (byte->end_ns > now_ns) {
        return false;
    }
    *ret_byte = *byte;
    if (byte->start_ns < wire->busy_until_ns) {
        ret_byte->garbled = true; /* a meter was talking at the same time */
    }
    wire->stats.garbled += ret_byte->garbled ? 1 : 0;
    wire->received_at = (wire->received_at + 1) % WIRE_RECEIVED_MAX;
    wire->received_count -= 1;
    return true;
}

bool wire_send(struct wire *wire, const struct transmission *transmission)
{
    MUST(transmission->size > 0 && transmission->size <= WIRE_TRANSMISSION_BYTES);
    MUST(transmission->baud > 0);
    for (size_t i = 0; i < WIRE_TRANSMISSIONS_MAX; i++) {
        if (wire->transmissions[i].size == 0) {
            wire->transmissions[i] = *transmission;
            wire->transmissions[i].at = 0;
            return true;
        }
    }
    return false;
}

/* The transmission whose next byte ends first; NULL if none is under way. */
static struct transmission *transmission_next(struct wire *wire)
{
    struct transmission *next = NULL;
    for (size_t i = 0; i < WIRE_TRANSMISSIONS_MAX; i++) {
        struct transmission *t = &wire->transmissions[i];
        if (t->size > 0 &&
            (next == NULL || transmission_end_ns(t, t->at) < transmission_end_ns(next, next->at))) {
            next = t;
        }
    }
    return next;
}

/*
 * What the others have on the wire at @p end_ns, mixed into one byte; 0 if they are silent.
 * @ret_first is false if one of them stands before @p own in the table: of all that talk at the
 * same time only one puts (garbled) bytes on the wire, for there is only one pair of wires.
 */
static uint8_t others_at(const struct wire *wire, const struct transmission *own, int64_t end_ns,
                         bool *ret_first)
{
    uint8_t mix = 0;
    *ret_first = true;
    for (size_t i = 0; i < WIRE_TRANSMISSIONS_MAX; i++) {
        const struct transmission *t = &wire->transmissions[i];
        if (t == own || t->size == 0 || t->start_ns >= end_ns) {
            continue;
        }
        mix = (uint8_t)((mix ^ t->bytes[t->at]) | 0x01U); /* never 0: it always spoils */
        *ret_first = *ret_first && t > own;
    }
    return mix;
}

static void byte_transmit(struct wire *wire, struct transmission *t, int64_t end_ns, int64_t now_ns)
{
    bool first = true;
    int64_t start_ns = end_ns - wire_byte_ns(t->baud);
    uint8_t byte = t->bytes[t->at];
    uint8_t mix = others_at(wire, t, end_ns, &first);
    bool host_talks =
        wire->received_count > 0 && wire->received[wire->received_at].start_ns < end_ns;
    bool wrong_speed = host_baud(wire) != t->baud;
    if (mix != 0 || host_talks || wrong_speed || wire->free_ns > start_ns) {
        byte = (uint8_t)(byte ^ (mix != 0 ? mix : 0xA5U));
        wire->stats.garbled += 1;
    }
    t->at += 1;
    if (t->at == t->size) {
        t->size = 0;
    }
    wire->busy_until_ns = end_ns > wire->busy_until_ns ? end_ns : wire->busy_until_ns;
    if (!first) {
        return;
    }
    if (write(wire->master_fd, &byte, 1) != 1) {
        wire->stats.dropped += 1;
    }
    int64_t late_ns = now_ns - end_ns;
    wire->stats.late_ns_max = late_ns > wire->stats.late_ns_max ? late_ns : wire->stats.late_ns_max;
    wire->stats.late_ns_sum += late_ns;
    wire->stats.sent += 1;
    wire->stats.sent_ns += end_ns - start_ns;
}

void wire_transmit(struct wire *wire, int64_t now_ns)
{
    for (;;) {
        struct transmission *t = transmission_next(wire);
        if (t == NULL || transmission_end_ns(t, t->at) > now_ns) {
            break;
        }
        byte_transmit(wire, t, transmission_end_ns(t, t->at), now_ns);
    }
}

int64_t wire_next_ns(const struct wire *wire)
{
    int64_t next_ns = INT64_MAX;
    if (wire->received_count > 0) {
        next_ns = wire->received[wire->received_at].end_ns;
    }
    for (size_t i = 0; i < WIRE_TRANSMISSIONS_MAX; i++) {
        const struct transmission *t = &wire->transmissions[i];
        int64_t end_ns = t->size == 0 ? INT64_MAX : transmission_end_ns(t, t->at);
        next_ns = end_ns < next_ns ? end_ns : next_ns;
    }
    return next_ns;
}
