/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opening and closing the database, handing work to the writer, reading beside it, and the two
 * small questions everybody asks: what is the service clock, and is there room on the disk.
 */

#include "cloud/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/store/store_internal.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/disk/disk.h"

enum { ROOM_CHECK_MS = 1000 };

/*
 * SQLite would let several processes in. Ours must be alone: terminals, tickets and timers of a
 * second one would not hear of what the first one writes.
 */
static enum err lock_database(struct store *store, char *ret_why)
{
    char path[STORE_PATH_SIZE + 8];
    str_format_cut(path, sizeof(path), "%s-lock", store->path);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0) {
        bool missing = errno == ENOENT;
        str_format_cut(ret_why, STORE_WHY_SIZE, "%s: cannot create: %s", path, strerror(errno));
        return missing ? ERR_NOT_FOUND : ERR_DENIED;
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        str_format_cut(ret_why, STORE_WHY_SIZE, "%s is in use by another process", store->path);
        return ERR_EXISTS;
    }
    return OK;
}

/* SQLite gives its log files the rights of the database, so those must be right from the start. */
static enum err create_file(const struct store *store, char *ret_why)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        str_format_cut(ret_why, STORE_WHY_SIZE, "%s: %s", store->path, strerror(errno));
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED;
    }
    (void)close(fd);
    if (disk_is_network(store->path)) {
        str_format_cut(ret_why, STORE_WHY_SIZE,
                       "%s lies on a network file system, whose locks cannot be trusted: put the "
                       "database on a local disk",
                       store->path);
        return ERR_UNSUPPORTED;
    }
    return OK;
}

static enum err load_clock(struct store *store)
{
    struct sql *sql = sql_begin(&store->writer, "SELECT running_ms FROM service_clock");
    enum err err = sql_one(sql);
    if (err == OK) {
        store->service_base_ms = sql_i64(sql, 0);
        store->mono_base_ms = clock_mono_ms(store->config.clock);
    }
    sql_end(sql);
    return err;
}

static enum err open_writer(struct store *store, char *ret_why)
{
    struct db *db = &store->writer;
    enum err err = db_open(db, store->path, /* is_writer= */ true);
    if (err == OK) {
        err = migrate(db, clock_wall_s(store->config.clock), ret_why);
        if (err != OK && ret_why[0] != '\0') {
            return err;
        }
    }
    if (err == OK) {
        err = load_clock(store);
    }
    if (err == OK) {
        /* Creation and migrations leave the log now, while nobody depends on either. */
        int code =
            sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        err = code == SQLITE_OK ? disk_sync_folder_of(store->path) : db_err_of(code);
    }
    if (err != OK) {
        str_format_cut(ret_why, STORE_WHY_SIZE, "%s: %s", store->path,
                       db->message[0] != '\0' ? db->message : err_name(err));
    }
    return err;
}

static enum err open_readers(struct store *store, char *ret_why)
{
    for (uint32_t i = 0; i < store->config.reader_count; i++) {
        enum err err = db_open(&store->readers[i], store->path, /* is_writer= */ false);
        if (err != OK) {
            str_format_cut(ret_why, STORE_WHY_SIZE, "%s: %s", store->path,
                           store->readers[i].message);
            return err;
        }
    }
    return OK;
}

static enum err open_all(struct store *store, char *ret_why)
{
    enum err err = lock_database(store, ret_why);
    if (err == OK) {
        err = create_file(store, ret_why);
    }
    if (err == OK) {
        err = open_writer(store, ret_why);
    }
    if (err == OK) {
        err = open_readers(store, ret_why);
    }
    if (err == OK && store->config.trace_path != NULL) {
        err = store_trace_begin(store, store->config.trace_path);
        if (err != OK) {
            str_format_cut(ret_why, STORE_WHY_SIZE, "%s: cannot be written",
                           store->config.trace_path);
        }
    }
    if (err == OK && !thread_start(&store->thread, store_writer_main, store)) {
        str_format_cut(ret_why, STORE_WHY_SIZE, "cannot start the writer thread");
        err = ERR_MEMORY;
    }
    store->thread_started = err == OK;
    return err;
}

enum err store_open(const struct store_config *config, struct store **ret_store,
                    char ret_why[STORE_WHY_SIZE])
{
    MUST(config->reader_count >= 1 && config->reader_count <= STORE_READERS_MAX);
    ret_why[0] = '\0';
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        str_format_cut(ret_why, STORE_WHY_SIZE, "no memory");
        return ERR_MEMORY;
    }
    store->config = *config;
    store->lock_fd = -1;
    monitor_init(&store->monitor);
    monitor_init(&store->reader_monitor);
    enum err err = ERR_RANGE;
    if (str_copy(store->path, sizeof(store->path), config->path)) {
        err = open_all(store, ret_why);
    } else {
        str_format_cut(ret_why, STORE_WHY_SIZE, "the path of the database is too long");
    }
    if (err != OK) {
        store_close(store);
        return err;
    }
    *ret_store = store;
    return OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->thread_started) {
        monitor_enter(&store->monitor);
        store->stopping = true;
        monitor_notify(&store->monitor);
        monitor_leave(&store->monitor);
        thread_join(&store->thread);
    }
    MUST(store->queue_count == 0);
    for (size_t i = 0; i < STORE_READERS_MAX; i++) {
        MUST(!store->reader_busy[i]);
        db_close(&store->readers[i]);
    }
    store_trace_end(store);
    db_close(&store->writer);
    if (store->lock_fd >= 0) {
        (void)close(store->lock_fd);
    }
    monitor_finish(&store->monitor);
    monitor_finish(&store->reader_monitor);
    free(store);
}

enum err store_submit(struct store *store, store_fn fn, store_done done, void *arg)
{
    MUST(fn != NULL);
    enum err err = OK;
    monitor_enter(&store->monitor);
    if (store->failed || store->stopping) {
        err = ERR_UNAVAILABLE;
    } else if (store->queue_count == STORE_QUEUE_MAX) {
        err = ERR_FULL;
    } else {
        size_t at = (store->queue_first + store->queue_count) % STORE_QUEUE_MAX;
        store->queue[at] = (struct queue_item){.fn = fn, .done = done, .arg = arg};
        store->queue_count += 1;
        if (store->queue_count == 1) {
            monitor_notify(&store->monitor);
        }
    }
    monitor_leave(&store->monitor);
    return err;
}

struct waiter {
    struct monitor monitor;
    store_fn fn;
    void *arg;
    bool done;
    enum err err;
};

static enum err waiter_run(struct db *db, void *arg)
{
    const struct waiter *waiter = arg;
    return waiter->fn(db, waiter->arg);
}

static void waiter_done(enum err err, void *arg)
{
    struct waiter *waiter = arg;
    monitor_enter(&waiter->monitor);
    waiter->err = err;
    waiter->done = true;
    monitor_notify(&waiter->monitor);
    monitor_leave(&waiter->monitor);
}

enum err store_run(struct store *store, store_fn fn, void *arg)
{
    MUST(!store->thread_started || !thread_is_self(&store->thread));
    struct waiter waiter = {.fn = fn, .arg = arg};
    monitor_init(&waiter.monitor);
    enum err err = store_submit(store, waiter_run, waiter_done, &waiter);
    if (err == OK) {
        monitor_enter(&waiter.monitor);
        while (!waiter.done) {
            monitor_wait(&waiter.monitor);
        }
        err = waiter.err;
        monitor_leave(&waiter.monitor);
    }
    monitor_finish(&waiter.monitor);
    return err;
}

static size_t take_reader(struct store *store)
{
    size_t index = 0;
    monitor_enter(&store->reader_monitor);
    while (store->reader_busy[index]) {
        index += 1;
        if (index == store->config.reader_count) {
            monitor_wait(&store->reader_monitor);
            index = 0;
        }
    }
    store->reader_busy[index] = true;
    monitor_leave(&store->reader_monitor);
    return index;
}

static void give_reader(struct store *store, size_t index)
{
    monitor_enter(&store->reader_monitor);
    store->reader_busy[index] = false;
    monitor_notify(&store->reader_monitor);
    monitor_leave(&store->reader_monitor);
}

enum err store_read(struct store *store, store_fn fn, void *arg)
{
    size_t index = take_reader(store);
    struct db *db = &store->readers[index];
    db->fatal = OK;
    db->service_ms = store_service_ms(store);
    db->wall_s = clock_wall_s(store->config.clock);
    enum err err = db_step(db, "BEGIN");
    if (err == OK) {
        err = fn(db, arg);
        db_reset_statements(db);
        enum err end = db_step(db, "COMMIT");
        err = err != OK ? err : end;
    }
    give_reader(store, index);
    return err;
}

int64_t store_service_ms(const struct store *store)
{
    return store->service_base_ms + clock_mono_ms(store->config.clock) - store->mono_base_ms;
}

bool store_is_in_service(struct store *store)
{
    monitor_enter(&store->monitor);
    bool in_service = !store->failed && !store->stopping;
    monitor_leave(&store->monitor);
    return in_service;
}

bool store_has_room(struct store *store)
{
    int64_t now_ms = clock_mono_ms(store->config.clock);
    int64_t checked_ms = atomic_load(&store->room_checked_ms);
    if (checked_ms == 0 || now_ms - checked_ms >= ROOM_CHECK_MS) {
        uint64_t free_bytes = 0;
        enum err err = disk_free_bytes(store->path, &free_bytes);
        atomic_store(&store->has_room,
                     err == OK && free_bytes >= store->config.disk_free_bytes_min);
        atomic_store(&store->room_checked_ms, now_ms);
    }
    return atomic_load(&store->has_room);
}

void store_get_counters(struct store *store, struct store_counters *ret_counters)
{
    monitor_enter(&store->monitor);
    *ret_counters = store->counters;
    monitor_leave(&store->monitor);
}
