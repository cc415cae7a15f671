/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector/fault_vfs.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "common/must.h"

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static struct fault_vfs faults;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static sqlite3_io_methods methods;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)file)->real;
}

static int fault_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int code = real->pMethods->xClose(real);
    free(real);
    return code;
}

static int fault_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, size, at);
}

static int fault_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    if (faults.disk_full) {
        return SQLITE_FULL;
    }
    if (faults.write_fails) {
        return SQLITE_IOERR_WRITE;
    }
    faults.write_count += 1;
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, at);
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
    if (faults.sync_fails) {
        return SQLITE_IOERR_FSYNC;
    }
    faults.sync_count += 1;
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int fault_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int fault_reserved(sqlite3_file *file, int *result)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int fault_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int fault_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int fault_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **map)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, map);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int fault_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static int fault_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                      int *flags_out)
{
    (void)self;
    struct fault_file *opened = (struct fault_file *)file;
    opened->base.pMethods = NULL;
    opened->real = calloc(1, (size_t)real_vfs->szOsFile);
    MUST(opened->real != NULL);
    int code = real_vfs->xOpen(real_vfs, name, opened->real, flags, flags_out);
    if (code != SQLITE_OK) {
        free(opened->real);
        return code;
    }
    opened->base.pMethods = &methods;
    return SQLITE_OK;
}

struct fault_vfs *fault_vfs_register(void)
{
    memset(&faults, 0, sizeof(faults));
    if (real_vfs != NULL) {
        return &faults;
    }
    real_vfs = sqlite3_vfs_find(NULL);
    MUST(real_vfs != NULL);
    vfs = *real_vfs;
    vfs.zName = FAULT_VFS_NAME;
    vfs.szOsFile = sizeof(struct fault_file);
    vfs.pNext = NULL;
    vfs.xOpen = fault_open;
    methods = (sqlite3_io_methods){
        .iVersion = 2,
        .xClose = fault_close,
        .xRead = fault_read,
        .xWrite = fault_write,
        .xTruncate = fault_truncate,
        .xSync = fault_sync,
        .xFileSize = fault_size,
        .xLock = fault_lock,
        .xUnlock = fault_unlock,
        .xCheckReservedLock = fault_reserved,
        .xFileControl = fault_control,
        .xSectorSize = fault_sector,
        .xDeviceCharacteristics = fault_traits,
        .xShmMap = fault_shm_map,
        .xShmLock = fault_shm_lock,
        .xShmBarrier = fault_shm_barrier,
        .xShmUnmap = fault_shm_unmap,
    };
    int code = sqlite3_vfs_register(&vfs, /* make it the default= */ 0);
    MUST(code == SQLITE_OK);
    return &faults;
}
