/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/disk/disk.h"
#include "kiosk/journal/journal.h"
#include "tests/unit/collector/fault_vfs.h"
#include "tests/unit/test.h"

static char folder[64];
static char path[96];
static char why[JOURNAL_WHY_SIZE];

static int folder_syncs;
static bool folder_fails;

enum err __real_disk_sync_folder_of(const char *name);
enum err __wrap_disk_sync_folder_of(const char *name);

enum err __wrap_disk_sync_folder_of(const char *name)
{
    folder_syncs += 1;
    return folder_fails ? ERR_IO : __real_disk_sync_folder_of(name);
}

/* SQLite's default file layer, which the journal takes. */
static void take_file_layer(const char *name)
{
    CHECK_EQ_I64(sqlite3_vfs_register(sqlite3_vfs_find(name), /* make it the default= */ 1),
                 SQLITE_OK);
}

static void fresh_folder(void)
{
    take_file_layer("unix");
    (void)snprintf(folder, sizeof(folder), "/tmp/kiosk-journal-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof(path), "%s/journal.db", folder);
}

static struct journal *open_again(void)
{
    struct journal *journal = NULL;
    enum err err = journal_open(path, 1795147200, &journal, why);
    if (err != OK) {
        TEST_FAIL("journal_open: %s: %s", err_name(err), why);
    }
    return journal;
}

static struct session_create attempt(const char *id)
{
    struct session_create create = {
        .room_id = "r1", .meter_id = "m1", .amount = {5000}, .wallet = SESSION_WALLET_ALIPAY};
    (void)snprintf(create.client_request_id, sizeof(create.client_request_id), "%s", id);
    return create;
}

TEST(an_open_order_is_found_again_until_it_is_settled)
{
    fresh_folder();
    struct journal *journal = open_again();
    struct journal_order order;
    CHECK_EQ_I64(journal_find_open(journal, &order), ERR_NOT_FOUND);
    struct session_create first = attempt("id-1");
    struct session_create second = attempt("id-2");
    CHECK_EQ_I64(journal_save(journal, &first, 100), OK);
    CHECK_EQ_I64(journal_save(journal, &second, 200), OK);
    CHECK_EQ_I64(journal_save(journal, &second, 300), OK);
    CHECK_EQ_I64(journal_set_order_no(journal, "id-2", "SH000001"), OK);
    journal_close(journal);
    journal = open_again();
    CHECK_EQ_I64(journal_find_open(journal, &order), OK);
    CHECK_EQ_STR(order.client_request_id, "id-2");
    CHECK_EQ_STR(order.order_no, "SH000001");
    CHECK_EQ_I64(order.begun_wall_s, 200);
    CHECK_EQ_I64(journal_settle(journal, "id-2"), OK);
    CHECK_EQ_I64(journal_find_open(journal, &order), OK);
    CHECK_EQ_STR(order.client_request_id, "id-1");
    journal_close(journal);
}

TEST(what_was_saved_survives_a_kill)
{
    fresh_folder();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct journal *journal = NULL;
        struct session_create create = attempt("id-kill");
        bool saved =
            journal_open(path, 1, &journal, why) == OK && journal_save(journal, &create, 7) == OK;
        (void)kill(getpid(), saved ? SIGKILL : SIGTERM);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct journal *journal = open_again();
    struct journal_order order;
    CHECK_EQ_I64(journal_find_open(journal, &order), OK);
    CHECK_EQ_STR(order.client_request_id, "id-kill");
    journal_close(journal);
}

static long long log_size(void)
{
    char log[112];
    struct stat status = {0};
    (void)snprintf(log, sizeof(log), "%s-wal", path);
    return stat(log, &status) == 0 ? (long long)status.st_size : -1;
}

/*
 * What a killed kiosk left in its log may have a hole that only a power cut shows: a failed sync
 * lost it, and the kernel takes it for written. So a start writes all of it anew, or refuses.
 */
TEST(a_start_builds_on_nothing_that_it_has_not_synced)
{
    struct fault_vfs *faults = fault_vfs_register();
    fresh_folder();
    take_file_layer(FAULT_VFS_NAME);
    pid_t child = fork();
    CHECK(child >= 0);
    struct journal *journal = NULL;
    if (child == 0) {
        struct session_create first = attempt("id-synced");
        struct session_create second = attempt("id-lost");
        bool good =
            journal_open(path, 1, &journal, why) == OK && journal_save(journal, &first, 7) == OK;
        faults->sync_fails = true;
        good = good && journal_save(journal, &second, 8) == ERR_IO;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(log_size() > 0);
    faults->sync_fails = true;
    CHECK_EQ_I64(journal_open(path, 1, &journal, why), ERR_IO);
    CHECK(strstr(why, "the disk fails") != NULL);
    faults->sync_fails = false;
    journal = open_again();
    CHECK_EQ_I64(log_size(), 0);
    CHECK_EQ_I64(journal_settle(journal, "id-lost"), OK); /* whether it is there or not */
    struct journal_order order;
    CHECK_EQ_I64(journal_find_open(journal, &order), OK);
    CHECK_EQ_STR(order.client_request_id, "id-synced");
    journal_close(journal);
}

TEST(two_kiosks_cannot_share_a_journal)
{
    fresh_folder();
    struct journal *journal = open_again();
    struct journal *second = NULL;
    CHECK_EQ_I64(journal_open(path, 1, &second, why), ERR_EXISTS);
    CHECK(strstr(why, "another shilling-kiosk") != NULL);
    journal_close(journal);
}

static void inspect_file(const char *file, char *ret_bytes, size_t size, size_t *ret_len)
{
    FILE *in = fopen(file, "rbe");
    *ret_len = in == NULL ? 0 : fread(ret_bytes, 1, size, in);
    if (in != NULL) {
        (void)fclose(in);
    }
}

/* The start of a terminal waits for no disk: nothing is written unless something is new. */
TEST(an_existing_journal_is_opened_and_told_the_same_without_writing)
{
    enum { BYTES_MAX = 128 * 1024 };
    static char before[BYTES_MAX];
    static char after[BYTES_MAX];
    static char text[JOURNAL_PROFILE_SIZE];
    char log[112];
    size_t before_len = 0;
    size_t after_len = 0;
    fresh_folder();
    struct journal *journal = open_again();
    CHECK_EQ_I64(journal_put_profile(journal, "{\"name\":\"same\"}"), OK);
    journal_close(journal);
    inspect_file(path, before, sizeof(before), &before_len);
    CHECK(before_len > 0 && before_len < sizeof(before));
    journal = open_again();
    CHECK_EQ_I64(journal_get_profile(journal, text), OK);
    CHECK_EQ_I64(journal_put_profile(journal, "{\"name\":\"same\"}"), OK);
    (void)snprintf(log, sizeof(log), "%s-wal", path);
    inspect_file(log, after, sizeof(after), &after_len);
    CHECK_EQ_U64(after_len, 0); /* no commit has gone into the write-ahead log */
    struct journal *second = NULL;
    CHECK_EQ_I64(journal_open(path, 1, &second, why), ERR_EXISTS);
    journal_close(journal);
    inspect_file(path, after, sizeof(after), &after_len);
    CHECK_EQ_U64(after_len, before_len);
    CHECK(memcmp(before, after, before_len) == 0);
}

TEST(a_damaged_journal_is_kept_aside_and_the_kiosk_goes_on)
{
    fresh_folder();
    FILE *file = fopen(path, "wbe");
    CHECK(file != NULL);
    CHECK(fwrite("not a database at all, but long enough to be read as one........", 1, 64, file) ==
          64);
    CHECK(fclose(file) == 0);
    struct journal *journal = open_again();
    CHECK(strstr(why, "damaged") != NULL);
    struct session_create create = attempt("id-new");
    CHECK_EQ_I64(journal_save(journal, &create, 1), OK);
    journal_close(journal);
}

TEST(a_missing_folder_is_explained)
{
    (void)snprintf(path, sizeof(path), "/nonexistent/journal.db");
    struct journal *journal = NULL;
    CHECK_EQ_I64(journal_open(path, 1, &journal, why), ERR_DENIED);
    CHECK(strstr(why, "does its folder exist") != NULL);
}

TEST(the_folder_is_synced_before_the_journal_is_used)
{
    fresh_folder();
    struct journal *journal = NULL;
    folder_syncs = 0;
    journal_close(open_again());
    CHECK_EQ_I64(folder_syncs, 1);
    folder_fails = true;
    CHECK_EQ_I64(journal_open(path, 1795147200, &journal, why), ERR_IO);
    CHECK(journal == NULL);
    folder_fails = false;
    journal_close(open_again());
}

TEST(a_full_disk_refuses_the_order_and_keeps_what_is_there)
{
    fresh_folder();
    struct journal *journal = open_again();
    struct session_create create = attempt("id-before");
    CHECK_EQ_I64(journal_save(journal, &create, 1), OK);
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    create = attempt("id-after");
    enum err err = journal_save(journal, &create, 2);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(err == ERR_FULL || err == ERR_IO);
    struct journal_order order;
    CHECK_EQ_I64(journal_find_open(journal, &order), OK);
    CHECK_EQ_STR(order.client_request_id, "id-before");
    journal_close(journal);
}

TEST(the_profile_is_kept_for_the_next_start)
{
    fresh_folder();
    struct journal *journal = open_again();
    static char text[JOURNAL_PROFILE_SIZE];
    CHECK_EQ_I64(journal_get_profile(journal, text), ERR_NOT_FOUND);
    CHECK_EQ_I64(journal_put_profile(journal, "{\"name\":\"old\"}"), OK);
    CHECK_EQ_I64(journal_put_profile(journal, "{\"name\":\"new\"}"), OK);
    journal_close(journal);
    journal = open_again();
    CHECK_EQ_I64(journal_get_profile(journal, text), OK);
    CHECK_EQ_STR(text, "{\"name\":\"new\"}");
    journal_close(journal);
}

TEST_MAIN()
