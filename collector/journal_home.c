/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a journal lives: the file itself (its inode and when it was made) and the machine. A
 * journal that was copied or restored finds itself elsewhere, and must not speak for the one whose
 * commands it does not know: it becomes a journal of its own, with a new epoch. Readings that wait
 * in it go on under that epoch.
 *
 * The device number is left out, because it may change with every start. What this cannot see: a
 * file written over in place, a machine restored as a whole from a snapshot.
 */
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/journal_db.h"
#include "common/must.h"
#include "common/str.h"

enum { HOME_SIZE = 512, WORD_SIZE = 128 };

/* The first line of a file of the system's; empty if it cannot be read. */
static void read_word(const char *path, char ret_word[WORD_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, ret_word, WORD_SIZE - 1) : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    ret_word[size > 0 ? size : 0] = '\0';
    ret_word[strcspn(ret_word, "\n")] = '\0';
}

static void machine_make(char *ret_machine, size_t machine_size)
{
    char id[WORD_SIZE];
    char board[WORD_SIZE];
    char tree[WORD_SIZE];
    read_word("/etc/machine-id", id);
    read_word("/sys/class/dmi/id/product_serial", board);           /* for root only */
    read_word("/sys/firmware/devicetree/base/serial-number", tree); /* small boards */
    str_format_cut(ret_machine, machine_size, "%s %s %s", id, board, tree);
}

static bool home_make(const char *path, const char *machine, char ret_home[HOME_SIZE])
{
    char asked[HOME_SIZE / 2];
    struct statx file = {0};
    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &file) != 0) {
        return false;
    }
    if (machine == NULL) {
        machine_make(asked, sizeof(asked));
        machine = asked;
    }
    str_format_cut(ret_home, HOME_SIZE, "%llu %lld.%u %s", (unsigned long long)file.stx_ino,
                   (long long)file.stx_btime.tv_sec, (unsigned)file.stx_btime.tv_nsec, machine);
    return true;
}

/* OK and the text kept in the journal; ERR_NOT_FOUND if it was made before this was written. */
static enum err home_load(struct journal *journal, char ret_home[HOME_SIZE])
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_GET);
    journal_bind_text(stmt, 1, "home");
    enum err err = journal_row(journal, stmt);
    if (err == OK) {
        MUST(journal_column_text(stmt, 0, ret_home, HOME_SIZE));
        (void)sqlite3_reset(stmt);
    }
    return err;
}

static enum err epoch_set(struct journal *journal, uint32_t epoch)
{
    sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_SET);
    journal_bind_text(stmt, 1, "epoch");
    journal_bind_int(stmt, 2, epoch);
    enum err err = journal_run(journal, stmt);
    if (err == OK) {
        stmt = journal_stmt(journal, STMT_READING_EPOCH);
        journal_bind_int(stmt, 1, epoch);
        err = journal_run(journal, stmt);
    }
    return err;
}

enum err journal_home_check(struct journal *journal, const char *path, const char *machine,
                            uint32_t epoch_new)
{
    char home[HOME_SIZE];
    char known[HOME_SIZE];
    if (!home_make(path, machine, home)) {
        return ERR_IO;
    }
    enum err err = home_load(journal, known);
    if (err == OK && str_equal(home, known)) {
        return OK;
    }
    bool moved = err == OK;
    if (err == OK || err == ERR_NOT_FOUND) {
        err = journal_begin(journal);
    }
    if (err == OK && moved) {
        err = epoch_set(journal, epoch_new);
    }
    if (err == OK) {
        sqlite3_stmt *stmt = journal_stmt(journal, STMT_META_SET);
        journal_bind_text(stmt, 1, "home");
        journal_bind_text(stmt, 2, home);
        err = journal_run(journal, stmt);
    }
    err = journal_end(journal, err);
    if (err == OK && moved) {
        journal->epoch = epoch_new;
        journal->moved = true;
    }
    return err;
}
