/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/temp_folder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <ftw.h>
#include <unistd.h>

enum { FOLDERS_MAX = 64 };

static char folders[FOLDERS_MAX][TEMP_PATH_SIZE];
static int folder_count;
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_all(void)
{
    /* A child that was forked by a test must not take its parent's folders away. */
    if (getpid() != owner) {
        return;
    }
    for (int i = 0; i < folder_count; i++) {
        (void)nftw(folders[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

char *temp_folder_make(char ret_path[TEMP_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(ret_path, TEMP_PATH_SIZE, "%s/shilling-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(ret_path) == NULL || folder_count == FOLDERS_MAX) {
        perror(ret_path);
        abort();
    }
    if (folder_count == 0) {
        owner = getpid();
        (void)atexit(remove_all);
    }
    (void)snprintf(folders[folder_count], TEMP_PATH_SIZE, "%s", ret_path);
    folder_count += 1;
    return ret_path;
}

char *temp_path(const char *folder, const char *name, char ret_path[TEMP_PATH_SIZE])
{
    if (snprintf(ret_path, TEMP_PATH_SIZE, "%s/%s", folder, name) >= TEMP_PATH_SIZE) {
        abort();
    }
    return ret_path;
}
