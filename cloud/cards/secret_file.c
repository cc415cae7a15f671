/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/secret_file.h"

#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "drivers/disk/disk.h"

enum { SECRET_MODE = 0600 };

enum err secret_say(char why[SECRET_WHY_SIZE], enum err err, const char *path, const char *what)
{
    str_format_cut(why, SECRET_WHY_SIZE, "%s: %s", path, what);
    return err;
}

static enum err check_owner(int fd, const char *path, char why[SECRET_WHY_SIZE])
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return secret_say(why, ERR_IO, path, "is not a file");
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return secret_say(why, ERR_DENIED, path, "belongs to another user");
    }
    if ((status.st_mode & 0077U) != 0) {
        return secret_say(why, ERR_DENIED, path, "others may use this secret file: chmod 600 it");
    }
    return OK;
}

static enum err read_fd(int fd, const char *path, char *text, size_t *ret_size,
                        char why[SECRET_WHY_SIZE])
{
    size_t size = 0;
    while (size <= SECRET_SIZE_MAX) {
        const ssize_t got = read(fd, text + size, SECRET_SIZE_MAX + 1 - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return secret_say(why, ERR_IO, path, strerror(errno));
        }
        if (got == 0) {
            *ret_size = size;
            return OK;
        }
        size += (size_t)got;
    }
    return secret_say(why, ERR_FORMAT, path, "is too large for a key");
}

enum err secret_read(const char *path, char ret_text[SECRET_SIZE_MAX + 1], size_t *ret_size,
                     char ret_why[SECRET_WHY_SIZE])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return secret_say(ret_why, errno == EACCES ? ERR_DENIED : ERR_IO, path, strerror(errno));
    }
    enum err err = check_owner(fd, path, ret_why);
    if (err == OK) {
        err = read_fd(fd, path, ret_text, ret_size, ret_why);
    }
    (void)close(fd);
    return err;
}

enum err secret_write(const char *path, const char *text, size_t size,
                      char ret_why[SECRET_WHY_SIZE])
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, SECRET_MODE);
    if (fd < 0) {
        return secret_say(ret_why, ERR_IO, path, strerror(errno));
    }
    const ssize_t put = write(fd, text, size);
    const bool whole = put >= 0 && (size_t)put == size && fsync(fd) == 0;
    const int reason = errno;
    const bool closed = close(fd) == 0;
    if (!whole || !closed || disk_sync_folder_of(path) != OK) {
        (void)unlink(path);
        return secret_say(ret_why, ERR_IO, path, whole ? "cannot be written" : strerror(reason));
    }
    return OK;
}
