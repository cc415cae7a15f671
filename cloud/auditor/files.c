/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"

enum { PATH_SIZE = 4096, FILES_MAX = 100000 /* 22 years of two wallets, or a large estate */ };

static enum err read_all(int fd, size_t size, struct file_bytes *ret_bytes)
{
    uint8_t *bytes = malloc(size + 1);
    size_t got = 0;
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    while (got < size) {
        const ssize_t more = read(fd, bytes + got, size - got);
        if (more <= 0) {
            free(bytes);
            return ERR_IO;
        }
        got += (size_t)more;
    }
    bytes[size] = 0;
    *ret_bytes = (struct file_bytes){.bytes = bytes, .size = size};
    return OK;
}

enum err file_read(const char *path, size_t size_max, struct file_bytes *ret_bytes)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    enum err err = OK;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        err = ERR_IO;
    } else if ((uint64_t)info.st_size > size_max) {
        err = ERR_RANGE;
    } else {
        err = read_all(fd, (size_t)info.st_size, ret_bytes);
    }
    (void)close(fd);
    return err;
}

void file_free(struct file_bytes *file)
{
    free(file->bytes);
    *file = (struct file_bytes){0};
}

static int by_name(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

static enum err add(struct file_list *list, const char *path)
{
    if (list->count == FILES_MAX) {
        return ERR_RANGE;
    }
    char **paths = realloc(list->paths, (list->count + 1) * sizeof(*paths));
    if (paths == NULL) {
        return ERR_MEMORY;
    }
    list->paths = paths;
    list->paths[list->count] = strdup(path);
    if (list->paths[list->count] == NULL) {
        return ERR_MEMORY;
    }
    list->count += 1;
    return OK;
}

static enum err add_folder(struct file_list *list, const char *path, DIR *dir)
{
    enum err err = OK;
    for (struct dirent *entry = readdir(dir); entry != NULL && err == OK; entry = readdir(dir)) {
        char full[PATH_SIZE];
        struct stat info;
        if (entry->d_name[0] == '.' ||
            !str_format(full, sizeof(full), "%s/%s", path, entry->d_name) ||
            stat(full, &info) != 0 || !S_ISREG(info.st_mode)) {
            continue;
        }
        err = add(list, full);
    }
    return err;
}

enum err file_list_read(const char *path, struct file_list *ret_list)
{
    struct file_list list = {0};
    struct stat info;
    if (stat(path, &info) != 0) {
        return ERR_NOT_FOUND;
    }
    enum err err = OK;
    if (S_ISREG(info.st_mode)) {
        err = add(&list, path);
    } else {
        DIR *dir = opendir(path);
        err = dir != NULL ? add_folder(&list, path, dir) : ERR_IO;
        if (dir != NULL) {
            (void)closedir(dir);
        }
    }
    if (err != OK) {
        file_list_free(&list);
        return err;
    }
    if (list.count > 1) {
        qsort(list.paths, list.count, sizeof(*list.paths), by_name);
    }
    *ret_list = list;
    return OK;
}

void file_list_free(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
    free(list->paths);
    *list = (struct file_list){0};
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}
