/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An nbdkit plugin: a disk in memory with a volatile write cache, whose power can be cut.
 *
 * What is written shows at once, but stays pending until a flush. At a cut every 512-byte sector of
 * every pending write meets a fate of its own, drawn from the cut's seed: kept, dropped, or torn (a
 * first part is new, the rest is as before). Every later request fails until the power is back;
 * then the disk holds exactly what survived. A disk that lies answers a flush and does nothing.
 *
 * Control socket, one command a connection, one line back:
 *   arm N SEED   cut by itself at the Nth write or flush from now (its flush does not succeed)
 *   cut SEED     cut now
 *   revive       power back
 *   lie 0|1      flushes are answered and ignored
 *   state        "on" or "off", then requests, kept, dropped, torn
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_SERIALIZE_ALL_REQUESTS

enum { SECTOR = 512, PENDING_MAX = 65536, LINE_SIZE = 128 };

struct write {
    uint64_t offset;
    uint32_t size;
    uint8_t *bytes; /* @own */
};

static struct {
    pthread_mutex_t lock;
    char *control; /* @own */
    int64_t size;
    uint8_t *shown;   /* what reads see */
    uint8_t *durable; /* what a cut cannot touch */
    struct write pending[PENDING_MAX];
    size_t pending_count;
    bool off;
    bool lies;
    bool armed;
    uint64_t arm_left;
    uint64_t seed; /* the cut's stream */
    uint64_t requests;
    uint64_t kept;
    uint64_t dropped;
    uint64_t torn;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* splitmix64 (S. Vigna, public domain): any seed, even 0, gives a good stream. */
static uint64_t draw(void)
{
    disk.seed += 0x9E3779B97F4A7C15U;
    uint64_t z = disk.seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static void forget_pending(void)
{
    for (size_t i = 0; i < disk.pending_count; i++) {
        free(disk.pending[i].bytes);
    }
    disk.pending_count = 0;
}

static void apply_pending(void)
{
    for (size_t i = 0; i < disk.pending_count; i++) {
        const struct write *write = &disk.pending[i];
        memcpy(disk.durable + write->offset, write->bytes, write->size);
    }
    forget_pending();
}

static void settle_sector(const struct write *write, uint32_t at)
{
    uint32_t size = write->size - at < SECTOR ? write->size - at : SECTOR;
    uint64_t fate = draw() % 8;
    if (fate == 0) {
        size = (uint32_t)(draw() % size);
        disk.torn += 1;
    } else if (fate < 4) {
        size = 0;
        disk.dropped += 1;
    } else {
        disk.kept += 1;
    }
    memcpy(disk.durable + write->offset + at, write->bytes + at, size);
}

static void cut(uint64_t seed)
{
    disk.seed = seed;
    disk.armed = false;
    disk.off = true;
    for (size_t i = 0; i < disk.pending_count; i++) {
        for (uint32_t at = 0; at < disk.pending[i].size; at += SECTOR) {
            settle_sector(&disk.pending[i], at);
        }
    }
    forget_pending();
}

/* Count a write or flush; false if the power is off, perhaps since this very moment. */
static bool count_request(void)
{
    disk.requests += 1;
    if (disk.armed && --disk.arm_left == 0) {
        cut(disk.seed);
    }
    return !disk.off;
}

static void answer(const char *line, char *ret_text, size_t text_size)
{
    uint64_t count = 0;
    uint64_t seed = 0;
    (void)snprintf(ret_text, text_size, "ok\n");
    if (sscanf(line, "arm %" SCNu64 " %" SCNu64, &count, &seed) == 2 && count > 0) {
        disk.armed = true;
        disk.arm_left = count;
        disk.seed = seed;
    } else if (sscanf(line, "cut %" SCNu64, &seed) == 1) {
        if (!disk.off) {
            cut(seed);
        }
    } else if (strncmp(line, "revive", 6) == 0) {
        memcpy(disk.shown, disk.durable, (size_t)disk.size);
        disk.off = false;
        disk.armed = false;
    } else if (sscanf(line, "lie %" SCNu64, &count) == 1) {
        disk.lies = count != 0;
    } else if (strncmp(line, "state", 5) == 0) {
        (void)snprintf(ret_text, text_size,
                       "ok %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                       disk.off ? "off" : "on", disk.requests, disk.kept, disk.dropped, disk.torn);
    } else {
        (void)snprintf(ret_text, text_size, "error no such command\n");
    }
}

static void *control_main(void *arg)
{
    const int *listener = arg;
    for (;;) {
        int fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC);
        char line[LINE_SIZE] = "";
        char text[LINE_SIZE];
        ssize_t size = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;
        if (size > 0) {
            (void)pthread_mutex_lock(&disk.lock);
            answer(line, text, sizeof(text));
            (void)pthread_mutex_unlock(&disk.lock);
            size = write(fd, text, strlen(text));
        }
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    return NULL;
}

static int disk_config(const char *key, const char *value)
{
    if (strcmp(key, "size") == 0) {
        disk.size = nbdkit_parse_size(value);
        return disk.size > 0 ? 0 : -1;
    }
    if (strcmp(key, "control") == 0) {
        disk.control = nbdkit_absolute_path(value);
        return disk.control != NULL ? 0 : -1;
    }
    nbdkit_error("unknown parameter %s", key);
    return -1;
}

static int disk_get_ready(void)
{
    if (disk.size <= 0 || disk.control == NULL) {
        nbdkit_error("size=BYTES and control=SOCKET are needed");
        return -1;
    }
    disk.shown = calloc(1, (size_t)disk.size);
    disk.durable = calloc(1, (size_t)disk.size);
    return disk.shown != NULL && disk.durable != NULL ? 0 : -1;
}

static int disk_after_fork(void)
{
    static int listener;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(disk.control) >= sizeof(address.sun_path)) {
        nbdkit_error("the path of the control socket is too long");
        return -1;
    }
    memcpy(address.sun_path, disk.control, strlen(disk.control));
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t thread;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 8) != 0 || pthread_create(&thread, NULL, control_main, &listener) != 0) {
        nbdkit_error("%s: %s", disk.control, strerror(errno));
        return -1;
    }
    return 0;
}

static void *disk_open(int readonly)
{
    (void)readonly;
    return NBDKIT_HANDLE_NOT_NEEDED;
}

static int64_t disk_get_size(void *handle)
{
    (void)handle;
    return disk.size;
}

static int yes(void *handle)
{
    (void)handle;
    return 1;
}

static int disk_can_fua(void *handle)
{
    (void)handle;
    return NBDKIT_FUA_EMULATE; /* a flush after the write */
}

static int finish(bool done)
{
    (void)pthread_mutex_unlock(&disk.lock);
    if (!done) {
        nbdkit_set_error(EIO);
    }
    return done ? 0 : -1;
}

static int disk_pread(void *handle, void *ret_bytes, uint32_t size, uint64_t offset, uint32_t flags)
{
    (void)handle;
    (void)flags;
    (void)pthread_mutex_lock(&disk.lock);
    if (!disk.off) {
        memcpy(ret_bytes, disk.shown + offset, size);
    }
    return finish(!disk.off);
}

static int disk_pwrite(void *handle, const void *bytes, uint32_t size, uint64_t offset,
                       uint32_t flags)
{
    (void)handle;
    (void)flags;
    (void)pthread_mutex_lock(&disk.lock);
    uint8_t *copy = malloc(size);
    bool kept = copy != NULL && disk.pending_count < PENDING_MAX;
    if (kept) {
        /* Pending before it is counted: the write at which the power goes meets a fate too. */
        memcpy(copy, bytes, size);
        memcpy(disk.shown + offset, bytes, size);
        disk.pending[disk.pending_count++] =
            (struct write){.offset = offset, .size = size, .bytes = copy};
    } else {
        free(copy);
    }
    return finish(kept && count_request());
}

static int disk_flush(void *handle, uint32_t flags)
{
    (void)handle;
    (void)flags;
    (void)pthread_mutex_lock(&disk.lock);
    bool done = count_request();
    if (done && !disk.lies) {
        apply_pending();
    }
    return finish(done);
}

static struct nbdkit_plugin plugin = {
    .name = "powerdisk",
    .config = disk_config,
    .get_ready = disk_get_ready,
    .after_fork = disk_after_fork,
    .open = disk_open,
    .get_size = disk_get_size,
    .can_write = yes,
    .can_flush = yes,
    .can_fua = disk_can_fua,
    .can_multi_conn = yes,
    .pread = disk_pread,
    .pwrite = disk_pwrite,
    .flush = disk_flush,
};

struct nbdkit_plugin *plugin_init(void); /* the macro defines it without a prototype */
NBDKIT_REGISTER_PLUGIN(plugin)
