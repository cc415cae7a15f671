/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's file layer over the disks in memory. Connections of one program share locks and the
 * wal-index through the file, as processes do through the kernel. Every write and sync is a step
 * of the world, that is, a place where the power may go.
 */
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/disk/memdisk_internal.h"

enum { STALL_MS_MIN = 500, STALL_MS_MAX = 5000 };

struct handle {
    sqlite3_file base; /* must be first */
    struct disk_file *file;
    struct disk_file *anonymous; /* @own: a temporary file of SQLite's */
    int node;
    int lock;
    bool uses_shm;
};

static struct handle *of(sqlite3_file *file)
{
    return (struct handle *)(void *)file;
}

/*
 * The power of a machine may go in the middle of a call on it. Mostly the caller goes with it; a
 * terminal is a model, and its call comes to an end: nothing that it still wants happens.
 */
static bool is_dark(sqlite3_file *base)
{
    return memdisk_faults(of(base)->node)->dark;
}

/* ---- bytes ---- */

static int file_read(sqlite3_file *base, void *ret_bytes, int size, sqlite3_int64 at)
{
    const struct buffer *seen = &of(base)->file->seen;
    if (is_dark(base)) {
        return SQLITE_IOERR_READ;
    }
    const size_t begin = (size_t)at;
    const size_t want = (size_t)size;
    const size_t have = begin < seen->size ? seen->size - begin : 0;
    const size_t part = have < want ? have : want;
    if (part > 0) {
        memcpy(ret_bytes, seen->bytes + begin, part);
    }
    memset((uint8_t *)ret_bytes + part, 0, want - part);
    return part == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 at)
{
    const struct handle *handle = of(base);
    if (is_dark(base)) {
        return SQLITE_IOERR_WRITE;
    }
    bool written = memdisk_write(handle->node, handle->file, bytes, (size_t)at, (size_t)size);
    if (handle->anonymous == NULL) {
        kernel_point();
    }
    if (is_dark(base)) {
        return SQLITE_IOERR_WRITE;
    }
    return written ? SQLITE_OK : SQLITE_FULL;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    if (is_dark(base)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    contents_truncate(of(base)->file, (size_t)size);
    return SQLITE_OK;
}

/* A sync takes its time, and now and then much more: whoever waits for it waits. */
static void take_time(const struct disk_faults *faults)
{
    struct memdisk *all = memdisk();
    if (faults->sync_ns_max <= 0 || !kernel_in_fiber()) {
        return;
    }
    int64_t took_ns = dice_between(&all->dice, 0, faults->sync_ns_max);
    if (dice_chance(&all->dice, faults->stall_ppm)) {
        took_ns += dice_between(&all->dice, STALL_MS_MIN, STALL_MS_MAX) * KERNEL_MS;
        all->counts.stalls += 1;
    }
    kernel_sleep(took_ns);
}

static int file_sync(sqlite3_file *base, int flags)
{
    const struct handle *handle = of(base);
    (void)flags;
    if (handle->anonymous != NULL) {
        return SQLITE_OK;
    }
    kernel_point();
    take_time(memdisk_faults(handle->node));
    bool synced = !is_dark(base) && memdisk_sync(handle->node, handle->file);
    kernel_point();
    return synced && !is_dark(base) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)of(base)->file->seen.size;
    return SQLITE_OK;
}

/* ---- locks of the database ---- */

static int file_lock(sqlite3_file *base, int level)
{
    struct handle *handle = of(base);
    struct disk_file *file = handle->file;
    if (handle->lock >= level) {
        return SQLITE_OK;
    }
    if (is_dark(base)) {
        return SQLITE_IOERR_LOCK;
    }
    if (level == SQLITE_LOCK_SHARED) {
        if (file->is_pending || file->exclusive) {
            return SQLITE_BUSY;
        }
        file->shared += 1;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (file->reserved) {
            return SQLITE_BUSY;
        }
        file->reserved = true;
    } else {
        if (handle->lock < SQLITE_LOCK_RESERVED && file->reserved) {
            return SQLITE_BUSY;
        }
        file->reserved = true;
        file->is_pending = true;
        if (file->shared > 1) {
            handle->lock = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        file->exclusive = true;
    }
    handle->lock = level;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
    struct handle *handle = of(base);
    struct disk_file *file = handle->file;
    if (handle->lock <= level || is_dark(base)) {
        return SQLITE_OK; /* in the dark its locks are gone already */
    }
    if (handle->lock >= SQLITE_LOCK_RESERVED) {
        file->reserved = false;
        file->is_pending = false;
        file->exclusive = false;
    }
    if (level == SQLITE_LOCK_NONE) {
        file->shared -= 1;
    }
    handle->lock = level;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *ret_reserved)
{
    *ret_reserved = of(base)->file->reserved ? 1 : 0;
    return SQLITE_OK;
}

/* ---- the wal-index ---- */

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret_bytes)
{
    struct handle *handle = of(base);
    struct shm *shm = &handle->file->shm;
    MUST(region < SHM_REGIONS_MAX);
    if (is_dark(base)) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (!handle->uses_shm) {
        handle->uses_shm = true;
        shm->users += 1;
    }
    *ret_bytes = NULL;
    if (region >= shm->region_count && extend == 0) {
        return SQLITE_OK;
    }
    while (region >= shm->region_count) {
        shm->regions[shm->region_count] = calloc(1, (size_t)size);
        MUST(shm->regions[shm->region_count] != NULL);
        shm->region_count += 1;
    }
    *ret_bytes = shm->regions[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    struct shm *shm = &of(base)->file->shm;
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (is_dark(base)) {
        return SQLITE_IOERR_SHMLOCK;
    }
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int i = first; i < first + count; i++) {
            if (exclusive) {
                shm->exclusive[i] = false;
            } else {
                shm->shared[i] -= 1;
            }
        }
        return SQLITE_OK;
    }
    for (int i = first; i < first + count; i++) {
        if (shm->exclusive[i] || (exclusive && shm->shared[i] > 0)) {
            return SQLITE_BUSY;
        }
    }
    for (int i = first; i < first + count; i++) {
        if (exclusive) {
            shm->exclusive[i] = true;
        } else {
            shm->shared[i] += 1;
        }
    }
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int shm_unmap(sqlite3_file *base, int delete)
{
    struct handle *handle = of(base);
    struct shm *shm = &handle->file->shm;
    (void)delete;
    if (is_dark(base)) {
        return SQLITE_OK; /* it went with the power */
    }
    if (handle->uses_shm) {
        handle->uses_shm = false;
        shm->users -= 1;
    }
    if (shm->users == 0) {
        for (int i = 0; i < shm->region_count; i++) {
            free(shm->regions[i]);
        }
        *shm = (struct shm){0};
    }
    return SQLITE_OK;
}

/* ---- files ---- */

static int file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int file_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_close(sqlite3_file *base)
{
    struct handle *handle = of(base);
    (void)file_unlock(base, SQLITE_LOCK_NONE);
    if (handle->anonymous != NULL) {
        free(handle->anonymous->seen.bytes);
        free(handle->anonymous->replaced.bytes);
        free(handle->anonymous->pending);
        free(handle->anonymous);
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static bool path_is_dark(const char *path)
{
    int node = 0;
    (void)memdisk_find(path, /* create= */ false, &node);
    return memdisk_faults(node)->dark;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags,
                    int *ret_flags)
{
    struct handle *handle = of(base);
    (void)vfs;
    *handle = (struct handle){0};
    if (path != NULL && path_is_dark(path)) {
        return SQLITE_CANTOPEN;
    }
    if (path == NULL) {
        handle->anonymous = calloc(1, sizeof(*handle->anonymous));
        MUST(handle->anonymous != NULL);
        handle->file = handle->anonymous;
    } else {
        handle->file = memdisk_find(path,
                                    (flags & SQLITE_OPEN_CREATE) != 0 ||
                                        (flags & SQLITE_OPEN_MAIN_DB) != 0 /* made by open() */,
                                    &handle->node);
        if (handle->file == NULL) {
            return SQLITE_CANTOPEN;
        }
    }
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    handle->base.pMethods = &METHODS;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    int node = 0;
    struct disk_file *file = memdisk_find(path, /* create= */ false, &node);
    (void)vfs;
    if (file == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    kernel_point();
    if (memdisk_faults(node)->dark) {
        return SQLITE_IOERR_DELETE;
    }
    memdisk_delete(file);
    if (sync_folder != 0) {
        (void)memdisk_sync(node, file);
        file->durable_exists = false;
    }
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_there)
{
    int node = 0;
    const struct disk_file *file = memdisk_find(path, /* create= */ false, &node);
    (void)vfs;
    (void)flags;
    *ret_there = file != NULL && file->seen.size > 0 ? 1 : 0;
    return memdisk_faults(node)->dark ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
    (void)vfs;
    return str_copy(ret_path, (size_t)size, path) ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *ret_bytes)
{
    (void)vfs;
    for (int i = 0; i < size; i++) {
        ret_bytes[i] = (char)(dice_next(&memdisk()->randomness) >> 40);
    }
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    kernel_sleep((int64_t)us * 1000);
    return us;
}

static int vfs_time_i64(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
    static const sqlite3_int64 JULIAN_OF_1970_MS = INT64_C(210866760000000);
    (void)vfs;
    *ret_ms = JULIAN_OF_1970_MS + kernel_wall_ms(kernel_node());
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
    (void)vfs;
    if (size > 0) {
        ret_text[0] = '\0';
    }
    return 0;
}

void memdisk_vfs_register(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct handle),
        .mxPathname = DISK_NAME_SIZE,
        .zName = "memdisk",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time_i64,
    };
    if (vfs.pNext == NULL) {
        /* One OS thread: no locks inside SQLite, and nothing counted that nobody asks for. */
        (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        int code = sqlite3_initialize();
        MUST(code == SQLITE_OK);
    }
    int code = sqlite3_vfs_register(&vfs, /* makeDflt= */ 1);
    MUST(code == SQLITE_OK);
}
