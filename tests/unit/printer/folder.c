/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/printer/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <unistd.h>

#include "common/must.h"

void folder_make(char ret_path[FOLDER_SIZE])
{
    static const char pattern[] = "/tmp/shilling-print-XXXXXX";
    memcpy(ret_path, pattern, sizeof(pattern));
    char *made = mkdtemp(ret_path);
    MUST(made != NULL);
}

/* Two levels are all that the tests make; the inner ones first. */
static void files_remove(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        char file[2 * FOLDER_SIZE + 256];
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        (void)unlink(file);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

void folder_remove(const char *path)
{
    static const char *const inner[] = {"state", "out"};
    for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
        char folder[FOLDER_SIZE + 16];
        (void)snprintf(folder, sizeof(folder), "%s/%s", path, inner[i]);
        files_remove(folder);
    }
    files_remove(path);
}
