/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files beside the databases: lock files and folders. drivers/disk is replaced whole; the few
 * direct calls of the programs reach the wrappers (linker option --wrap), because a machine that
 * has died must not keep the lock that its next life wants.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/must.h"
#include "drivers/disk/disk.h"
#include "sim/disk/memdisk_internal.h"

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_statx(int dir_fd, const char *path, int flags, unsigned mask, struct statx *ret_file);
int __wrap_flock(int fd, int operation);
int __wrap_fsync(int fd);

enum { FREE_BYTES = 1 << 30 };

int __wrap_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return __real_open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* What tells a file from a copy of it: the same for as long as the node keeps its disk. */
int __wrap_statx(int dir_fd, const char *path, int flags, unsigned mask, struct statx *ret_file)
{
    int node = 0;
    (void)dir_fd;
    (void)flags;
    (void)mask;
    if (memdisk_find(path, /* create= */ false, &node) == NULL) {
        return -1;
    }
    ret_file->stx_ino = (unsigned)node;
    ret_file->stx_btime.tv_sec = memdisk()->disks[node].generation;
    ret_file->stx_btime.tv_nsec = 0;
    return 0;
}

int __wrap_flock(int fd, int operation)
{
    (void)fd;
    (void)operation;
    return 0;
}

int __wrap_fsync(int fd)
{
    (void)fd;
    memdisk_sync_folder(kernel_node()); /* nothing but folders is synced in this way */
    return 0;
}

enum err disk_free_bytes(const char *path, uint64_t *ret_bytes)
{
    int node = 0;
    (void)memdisk_find(path, /* create= */ false, &node);
    *ret_bytes = memdisk_faults(node)->full ? 0 : FREE_BYTES;
    return OK;
}

bool disk_is_network(const char *path)
{
    (void)path;
    return false;
}

/* What this disk has, it gives: reads do not fail in this world. */
bool disk_can_be_read(const char *path)
{
    (void)path;
    return true;
}

enum err disk_sync_folder_of(const char *path)
{
    int node = 0;
    (void)memdisk_find(path, /* create= */ false, &node);
    if (memdisk_faults(node)->dark) {
        return ERR_IO;
    }
    memdisk_sync_folder(node);
    return OK;
}

enum err disk_write_file(const char *path, const void *bytes, size_t size, unsigned mode)
{
    (void)path;
    (void)bytes;
    (void)size;
    (void)mode;
    return ERR_UNSUPPORTED;
}

enum err disk_read_file(const char *path, size_t size_max, char **ret_bytes, size_t *ret_size)
{
    (void)path;
    (void)size_max;
    (void)ret_bytes;
    (void)ret_size;
    return ERR_NOT_FOUND;
}
