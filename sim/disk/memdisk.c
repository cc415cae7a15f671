/* SPDX-License-Identifier: Apache-2.0 */
/* Names, syncs and power cuts; what is in the files is in contents.c. */
#include "sim/disk/memdisk.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/disk/memdisk_internal.h"

enum { HALF = 500000, PREFIX_LEN = 5 /* "/sim/" */ };

struct memdisk *memdisk(void)
{
    /* SQLite's file layer is one a process, and its functions get no pointer of ours. */
    static struct memdisk the;
    return &the;
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
    contents_write(file, bytes, at, size);
    return true;
}

void memdisk_delete(struct disk_file *file)
{
    contents_truncate(file, 0);
    file->exists = false;
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
        contents_lose(file);
        return faults->sync_error_is_ok;
    }
    contents_sync(file);
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
            contents_clear(file);
            file->durable_exists = false;
        } else if (file->exists) {
            file->durable_exists = true;
        }
    }
}

/* ---- the end of a program, and of the power ---- */

static void cut_file(struct disk_file *file)
{
    struct memdisk *all = memdisk();
    const bool changed = file->pending_count > 0;
    all->counts.lost_writes += contents_cut(file);
    if (changed && !file->durable_exists) {
        file->durable_exists = dice_chance(&all->dice, HALF);
    }
    file->exists = file->durable_exists;
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
        free(file->pending);
        free(file->replaced.bytes);
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
