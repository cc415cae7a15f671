/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/disk/disk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/str.h"

/* Magic numbers that linux/magic.h does not have (fs/cifs, fs/ceph, fs/ocfs2, fs/gfs2, lustre). */
#define MAGIC_CIFS 0xFF534D42
#define MAGIC_GFS2 0x01161970
#define MAGIC_LUSTRE 0x0BD00BD0

enum { READ_SIZE = 4096 };

static enum err err_of_errno(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_FULL;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}

enum err disk_free_bytes(const char *path, uint64_t *ret_bytes)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0) {
        return err_of_errno(errno);
    }
    *ret_bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_frsize;
    return OK;
}

bool disk_can_be_read(const char *path)
{
    char bytes[READ_SIZE];
    ssize_t size = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT;
    }
    while (size > 0 || (size < 0 && errno == EINTR)) {
        size = read(fd, bytes, sizeof(bytes));
    }
    (void)close(fd);
    return size == 0;
}

bool disk_is_network(const char *path)
{
    struct statfs status;
    if (statfs(path, &status) != 0) {
        return false;
    }
    static const uint32_t network[] = {NFS_SUPER_MAGIC,   SMB_SUPER_MAGIC,  SMB2_SUPER_MAGIC,
                                       MAGIC_CIFS,        CODA_SUPER_MAGIC, AFS_SUPER_MAGIC,
                                       AFS_FS_MAGIC,      CEPH_SUPER_MAGIC, V9FS_MAGIC,
                                       OCFS2_SUPER_MAGIC, MAGIC_GFS2,       MAGIC_LUSTRE};
    for (size_t i = 0; i < ARRAY_COUNT(network); i++) {
        if ((uint32_t)status.f_type == network[i]) {
            return true;
        }
    }
    return false;
}

enum err disk_sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    if (!str_copy(folder, sizeof(folder), path)) {
        return ERR_RANGE;
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    int failed = fsync(fd);
    (void)close(fd);
    return failed == 0 ? OK : ERR_IO;
}

static enum err write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count < 0 && errno != EINTR) {
            return err_of_errno(errno);
        }
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return fsync(fd) == 0 ? OK : ERR_IO;
}

enum err disk_write_file(const char *path, const void *bytes, size_t size, unsigned mode)
{
    char fresh[PATH_MAX];
    if (!str_format(fresh, sizeof(fresh), "%s.new", path)) {
        return ERR_RANGE;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    /* The umask may have taken rights away, and an older file may have had too many. */
    enum err err = fchmod(fd, (mode_t)mode) == 0 ? write_all(fd, bytes, size) : ERR_DENIED;
    if (close(fd) != 0 && err == OK) {
        err = ERR_IO;
    }
    if (err == OK && rename(fresh, path) != 0) {
        err = err_of_errno(errno);
    }
    if (err != OK) {
        (void)unlink(fresh);
        return err;
    }
    return disk_sync_folder_of(path);
}

static enum err read_up_to(int fd, size_t size_max, char *bytes, size_t *ret_size)
{
    size_t size = 0;
    for (;;) {
        ssize_t count = read(fd, bytes + size, size_max + 1 - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return err_of_errno(errno);
        }
        if (count == 0) {
            break;
        }
        size += (size_t)count;
        if (size > size_max) {
            return ERR_FULL;
        }
    }
    *ret_size = size;
    return OK;
}

enum err disk_read_file(const char *path, size_t size_max, char **ret_bytes, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    /* One byte to notice a file that is too long, one for the NUL. */
    char *bytes = malloc(size_max + 2);
    size_t size = 0;
    enum err err = bytes != NULL ? read_up_to(fd, size_max, bytes, &size) : ERR_MEMORY;
    (void)close(fd);
    if (err != OK) {
        free(bytes);
        return err;
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_size = size;
    return OK;
}
