/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/holder.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/compiler.h"
#include "common/parse.h"
#include "common/str.h"

enum { LINE_SIZE = 256, PATH_SIZE = 48, NAME_SIZE = 40, WORD_PID = 4, WORD_FILE = 5, WORDS = 6 };

/* The words of a line of /proc/locks: "1: FLOCK ADVISORY WRITE 123 fe:01:4567 0 EOF". */
static bool words_take(char *line, char *ret_words[WORDS])
{
    char *rest = NULL;
    char *word = strtok_r(line, " \n", &rest);
    for (int i = 0; i < WORDS; i++) {
        if (word == NULL) {
            return false;
        }
        ret_words[i] = word;
        word = strtok_r(NULL, " \n", &rest);
    }
    return true;
}

static uint32_t holder_of(FILE *locks, const char *file)
{
    char line[LINE_SIZE];
    char *words[WORDS];
    uint32_t pid = 0;
    while (fgets(line, sizeof(line), locks) != NULL) {
        if (words_take(line, words) && str_equal(words[1], "FLOCK") &&
            str_equal(words[WORD_FILE], file) && parse_u32(words[WORD_PID], INT32_MAX, &pid)) {
            return pid;
        }
    }
    return 0;
}

static bool name_read(uint32_t pid, char ret_name[NAME_SIZE])
{
    char path[PATH_SIZE];
    if (!str_format(path, sizeof(path), "/proc/%u/cmdline", pid)) {
        return false;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char line[LINE_SIZE] = ""; /* ends at the first NUL: the program's own name */
    const size_t got = fread(line, 1, sizeof(line) - 1, file);
    (void)fclose(file);
    const char *slash = strrchr(line, '/');
    str_format_cut(ret_name, NAME_SIZE, "%s", slash != NULL ? slash + 1 : line);
    return got > 0 && ret_name[0] != '\0';
}

void holder_describe(int fd, char ret_text[HOLDER_TEXT_SIZE])
{
    char wanted[PATH_SIZE];
    char name[NAME_SIZE];
    struct stat info;
    str_format_cut(ret_text, HOLDER_TEXT_SIZE, "another program");
    FILE *locks = fopen("/proc/locks", "re");
    if (locks == NULL) {
        return;
    }
    if (fstat(fd, &info) == 0 &&
        str_format(wanted, sizeof(wanted), "%02x:%02x:%ju", major(info.st_dev), minor(info.st_dev),
                   (uintmax_t)info.st_ino)) {
        const uint32_t pid = holder_of(locks, wanted);
        if (pid != 0 && name_read(pid, name)) {
            str_format_cut(ret_text, HOLDER_TEXT_SIZE, "%s (process %u)", name, pid);
        }
    }
    (void)fclose(locks);
}
