/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector/scratch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <ftw.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"

enum { FOLDERS_MAX = 64, OPEN_MAX_HINT = 8 };

static char folders[FOLDERS_MAX][SCRATCH_SIZE];
static int folder_count;
static pid_t owner;

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_all(void)
{
    if (getpid() != owner) {
        return; /* a child of the test must not take its parent's files away */
    }
    for (int i = 0; i < folder_count; i++) {
        (void)nftw(folders[i], remove_one, OPEN_MAX_HINT, FTW_DEPTH | FTW_PHYS);
    }
}

void scratch_make(char ret_dir[SCRATCH_SIZE])
{
    const char *base = getenv("TMPDIR");
    MUST(folder_count < FOLDERS_MAX);
    if (folder_count == 0) {
        owner = getpid();
        int failed = atexit(remove_all);
        MUST(failed == 0);
    }
    char *folder = folders[folder_count];
    MUST(str_format(folder, SCRATCH_SIZE, "%s/shilling-test-XXXXXX", base != NULL ? base : "/tmp"));
    MUST(mkdtemp(folder) != NULL);
    folder_count += 1;
    MUST(str_copy(ret_dir, SCRATCH_SIZE, folder));
}
