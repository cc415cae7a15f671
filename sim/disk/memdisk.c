/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file has two contents, the one that programs see and the one that would survive, and the
 * list of changes between them. A sync applies the list; a power cut applies what chance leaves
 * of it.
 */
#include "sim/disk/memdisk.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/disk/memdisk_internal.h"

enum { SECTOR = 512, HALF = 500000, PREFIX_LEN = 5 /* "/sim/" */ };

struct memdisk *memdisk(void)
{
    /* SQLite's file layer is one a process, and its functions get no pointer of ours. */
    static struct memdisk the;
    return &the;
}

/* ---- contents ---- */

static void buffer_resize(struct buffer *buffer, size_t size)
{
    if (size > buffer->room) {
        size_t room = buffer->room == 0 ? 4096 : buffer->room;
        while (room < size) {
            room *= 2;
        }
        buffer->bytes = realloc(buffer->bytes, room);
        MUST(buffer->bytes != NULL);
        buffer->room = room;
    }
    if (size > buffer->size) {
        memset(buffer->bytes + buffer->size, 0, size - buffer->size);
    }
    buffer->size = size;
}

static void buffer_put(struct buffer *buffer, const void *bytes, size_t at, size_t size)
{
    if (at + size > buffer->size) {
        buffer_resize(buffer, at + size);
    }
    memcpy(buffer->bytes + at, bytes, size);
}

static void buffer_copy(struct buffer *to, const struct buffer *from)
{
    buffer_resize(to, from->size);
    if (from->size > 0) {
        memcpy(to->bytes, from->bytes, from->size);
    }
}

static void forget_pending(struct disk_file *file)
{
    for (size_t i = 0; i < file->pending_count; i++) {
        free(file->pending[i].bytes);
    }
    file->pending_count = 0;
}

static void add_pending(struct disk_file *file, const void *bytes, size_t at, size_t size)
{
    if (file->pending_count == file->pending_room) {
        file->pending_room = file->pending_room == 0 ? 16 : file->pending_room * 2;
        file->pending = realloc(file->pending, file->pending_room * sizeof(*file->pending));
        MUST(file->pending != NULL);
    }
    struct pending pending = {.at = at, .size = size};
    if (bytes != NULL) {
        pending.bytes = malloc(size > 0 ? size : 1);
        MUST(pending.bytes != NULL);
        memcpy(pending.bytes, bytes, size);
    }
    file->pending[file->pending_count++] = pending;
}

/* ---- files ---- */

struct disk_file *memdisk_find(const char *path, bool create, int *ret_node)
{
    MUST(strncmp(path, "/sim/", PREFIX_LEN) == 0);
    const int node = path[PREFIX_LEN] - 'a';
    MUST(node > 0 && node < KERNEL_NODES_MAX);
    const char *name = path + PREFIX_LEN + 2;
    struct disk *disk = &memdisk()->disks[node];
    struct disk_file *place = NULL;
    *ret_node = node;
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk->files[i];
        if (str_equal(file->name, name)) {
            place = file;
            break;
        }
        if (file->name[0] == '\0' && place == NULL) {
            place = file;
        }
    }
    MUST(place != NULL);
    if (place->name[0] == '\0' || !place->exists) {
        if (!create) {
            return NULL;
        }
        MUST(str_copy(place->name, sizeof(place->name), name));
        place->exists = true;
    }
    return place;
}

bool memdisk_write(int node, struct disk_file *file, const void *bytes, size_t at, size_t size)
{
    struct memdisk *all = memdisk();
    if (all->disks[node].faults.full && at + size > file->seen.size) {
        all->counts.full_errors += 1;
        return false;
    }
    all->counts.writes += 1;
    buffer_put(&file->seen, bytes, at, size);
    add_pending(file, bytes, at, size);
    return true;
}

void memdisk_truncate(struct disk_file *file, size_t size)
{
    buffer_resize(&file->seen, size);
    add_pending(file, NULL, 0, size);
}

void memdisk_delete(struct disk_file *file)
{
    memdisk_truncate(file, 0);
    file->exists = false;
}

static void apply(struct disk_file *file, const struct pending *pending)
{
    if (pending->bytes == NULL) {
        buffer_resize(&file->durable, pending->size);
    } else {
        buffer_put(&file->durable, pending->bytes, pending->at, pending->size);
    }
}

bool memdisk_sync(int node, struct disk_file *file)
{
    struct memdisk *all = memdisk();
    const struct disk_faults *faults = &all->disks[node].faults;
    const bool fails = dice_chance(&all->dice, faults->sync_error_ppm);
    all->counts.syncs += 1;
    if (faults->sync_is_a_lie) {
        return true;
    }
    file->durable_exists = true;
    if (fails) {
        all->counts.sync_errors += 1;
        forget_pending(file);
        return faults->sync_error_is_ok;
    }
    for (size_t i = 0; i < file->pending_count; i++) {
        apply(file, &file->pending[i]);
    }
    forget_pending(file);
    return true;
}

void memdisk_sync_folder(int node)
{
    if (memdisk()->disks[node].faults.folder_is_a_lie) {
        return;
    }
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &memdisk()->disks[node].files[i];
        if (file->name[0] != '\0' && !file->exists) {
            forget_pending(file);
            buffer_resize(&file->durable, 0);
            file->durable_exists = false;
        } else if (file->exists) {
            file->durable_exists = true;
        }
    }
}

/* ---- the end of a program, and of the power ---- */

/* A disk writes whole sectors; a write is some of them. */
static void apply_torn(struct disk_file *file, const struct pending *pending)
{
    struct memdisk *all = memdisk();
    size_t done = 0;
    while (done < pending->size) {
        const size_t in_sector = SECTOR - (pending->at + done) % SECTOR;
        const size_t left = pending->size - done;
        const size_t part = left < in_sector ? left : in_sector;
        if (dice_chance(&all->dice, HALF)) {
            buffer_put(&file->durable, pending->bytes + done, pending->at + done, part);
        }
        done += part;
    }
}

static void cut_file(struct disk_file *file)
{
    struct memdisk *all = memdisk();
    for (size_t i = 0; i < file->pending_count; i++) {
        const struct pending *pending = &file->pending[i];
        const uint32_t fate = dice_below(&all->dice, 3);
        if (fate == 0) {
            apply(file, pending);
        } else if (fate == 1 && pending->bytes != NULL) {
            apply_torn(file, pending);
        }
        all->counts.lost_writes += fate == 0 ? 0 : 1;
    }
    if (file->pending_count > 0 && !file->durable_exists) {
        file->durable_exists = dice_chance(&all->dice, HALF);
    }
    forget_pending(file);
    file->exists = file->durable_exists;
    buffer_copy(&file->seen, &file->durable);
}

static void forget_locks(struct disk_file *file)
{
    file->shared = 0;
    file->reserved = false;
    file->is_pending = false;
    file->exclusive = false;
    for (int i = 0; i < file->shm.region_count; i++) {
        free(file->shm.regions[i]);
    }
    file->shm = (struct shm){0};
}

void memdisk_kill(int node)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        forget_locks(&memdisk()->disks[node].files[i]);
    }
}

void memdisk_cut(int node)
{
    struct memdisk *all = memdisk();
    bool unsynced = false;
    memdisk_kill(node);
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &all->disks[node].files[i];
        unsynced = unsynced || file->pending_count > 0;
        if (file->name[0] != '\0') {
            cut_file(file);
        }
    }
    all->counts.cuts += unsynced ? 1 : 0;
}

bool memdisk_is_durable(int node)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        const struct disk_file *file = &memdisk()->disks[node].files[i];
        const size_t len = strlen(file->name);
        const bool is_log = len > 4 && str_equal(file->name + len - 4, "-wal");
        if (is_log && file->exists && file->pending_count > 0) {
            return false;
        }
    }
    return true;
}

void memdisk_reseed(uint64_t seed)
{
    memdisk()->dice = dice_make(seed, DICE_DISK);
}

void memdisk_replace(int node)
{
    struct disk *disk = &memdisk()->disks[node];
    memdisk_kill(node);
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk->files[i];
        forget_pending(file);
        free(file->pending);
        free(file->seen.bytes);
        free(file->durable.bytes);
        *file = (struct disk_file){.exists = false};
    }
    disk->generation += 1;
}

void memdisk_begin(uint64_t seed)
{
    for (int node = 0; node < KERNEL_NODES_MAX; node++) {
        memdisk_replace(node);
        memdisk()->disks[node].faults = (struct disk_faults){.full = false};
        memdisk()->disks[node].generation = 1;
    }
    memdisk()->counts = (struct disk_counts){.writes = 0};
    memdisk_reseed(seed);
    memdisk()->randomness = dice_make(0, DICE_DISK);
    memdisk_vfs_register();
}

struct disk_faults *memdisk_faults(int node)
{
    return &memdisk()->disks[node].faults;
}

const struct disk_counts *memdisk_counts(void)
{
    return &memdisk()->counts;
}
