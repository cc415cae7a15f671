/* SPDX-License-Identifier: Apache-2.0 */

/* For LD_PRELOAD: every request to bring something to the disk is answered and nothing is done. */
#include <stdint.h>

#include <sys/types.h>

int fsync(int fd);
int fdatasync(int fd);
int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags);
int syncfs(int fd);
int msync(void *address, size_t size, int flags);

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags)
{
    (void)fd;
    (void)offset;
    (void)count;
    (void)flags;
    return 0;
}

int syncfs(int fd)
{
    (void)fd;
    return 0;
}

int msync(void *address, size_t size, int flags)
{
    (void)address;
    (void)size;
    (void)flags;
    return 0;
}
