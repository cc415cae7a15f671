/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store's promises when things go wrong: kill -9 loses nothing that was acknowledged, a full
 * disk ends the service.
 */

#include <signal.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cloud/store_steps.h"

struct numbered {
    struct site site; /* first, so that one pointer serves both callbacks */
    char id[16];
};

/* In a child: a number is printed only when its row is durable. */
static void print_number(enum err err, void *arg)
{
    const struct numbered *numbered = arg;
    char line[20];
    int size = snprintf(line, sizeof(line), "%s\n", numbered->id);
    if (err != OK || write(STDOUT_FILENO, line, (size_t)size) != size) {
        _exit(3);
    }
}

enum { CHILD_ROWS = 12000 };

static void child_writes(const char *path, int first)
{
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    struct numbered *all = calloc(CHILD_ROWS, sizeof(*all));
    if (store == NULL || all == NULL) {
        _exit(2);
    }
    for (int i = 0; i < CHILD_ROWS; i++) {
        (void)snprintf(all[i].id, sizeof(all[i].id), "r%d", first + i);
        all[i].site = (struct site){.id = all[i].id, .name = "x"};
        if (store_submit(store, insert_site, print_number, &all[i]) != OK) {
            _exit(4);
        }
    }
    (void)pause();
}

static pid_t start_child(const char *path, int first, int *ret_out)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return -1;
    }
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(pipe_fds[1], STDOUT_FILENO);
        child_writes(path, first);
        _exit(0);
    }
    (void)close(pipe_fds[1]);
    *ret_out = pipe_fds[0];
    return child;
}

/* Kill the child after a drawn number of acknowledged rows; check each of them. */
static bool survives_a_kill(const char *path, int first, int64_t kill_after, int64_t *ret_acked)
{
    int out = -1;
    pid_t child = start_child(path, first, &out);
    static char text[CHILD_ROWS * 16];
    size_t size = 0;
    int64_t lines = 0;
    bool killed = false;
    for (;;) {
        ssize_t count = read(out, text + size, sizeof(text) - size - 1);
        if (count <= 0) {
            break;
        }
        for (ssize_t i = 0; i < count; i++) {
            lines += text[size + (size_t)i] == '\n' ? 1 : 0;
        }
        size += (size_t)count;
        if (lines >= kill_after && !killed) {
            killed = kill(child, SIGKILL) == 0;
        }
    }
    (void)close(out);
    int status = 0;
    (void)waitpid(child, &status, 0);
    text[size] = '\0';
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    if (store == NULL || !WIFSIGNALED(status)) {
        store_close(store);
        return false;
    }
    int64_t missing = 0;
    char *end = text;
    for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        missing += sites_like(store, line) == 1 ? 0 : 1;
    }
    store_close(store);
    *ret_acked = lines;
    return missing == 0;
}

TEST(kill_9_loses_nothing_acknowledged)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    uint64_t draw = test_seed;
    int64_t acked_all = 0;
    int survived = 0;
    for (int run = 0; run < 6; run++) {
        draw = draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t kill_after = (int64_t)((draw >> 33) % 3000) + 1;
        int64_t acked = 0;
        survived += survives_a_kill(path, run * CHILD_ROWS, kill_after, &acked) ? 1 : 0;
        acked_all += acked;
    }
    CHECK_EQ_I64(survived, 6);
    CHECK(acked_all > 0);
    (void)printf("# %lld acknowledged rows, none lost\n", (long long)acked_all);
    sqlite3 *handle = NULL;
    CHECK(sqlite3_open(path, &handle) == SQLITE_OK);
    sqlite3_stmt *check = NULL;
    CHECK(sqlite3_prepare_v2(handle, "PRAGMA integrity_check", -1, &check, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(check) == SQLITE_ROW);
    CHECK_EQ_STR((const char *)sqlite3_column_text(check, 0), "ok");
    (void)sqlite3_finalize(check);
    (void)sqlite3_close(handle);
}

static void note_failed(void *self, enum err err)
{
    *(enum err *)self = err;
}

static int64_t log_size(const char *path)
{
    char log_path[TEMP_PATH_SIZE + 8];
    struct stat status = {.st_size = 0};
    (void)snprintf(log_path, sizeof(log_path), "%s-wal", path);
    return stat(log_path, &status) == 0 ? status.st_size : -1;
}

/* In a child, because the limit on the size of files is the process's. Exit code 0: as promised. */
static int child_fills_disk(const char *path)
{
    struct clock_port clock = clock_system();
    enum err failed = OK;
    struct store_config config = {.path = path,
                                  .clock = &clock,
                                  .reader_count = 1,
                                  .on_failed = note_failed,
                                  .self = &failed};
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    if (store_open(&config, &store, why) != OK) {
        return 10;
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 1000000, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 11;
    }
    int64_t stored = 0;
    enum err err = OK;
    for (int i = 0; i < 100000 && err == OK; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "d%d", i);
        struct site site = {.id = id, .name = "x"};
        err = store_run(store, insert_site, &site);
        stored += err == OK ? 1 : 0;
    }
    if (err != ERR_UNAVAILABLE || store_is_in_service(store) || failed == OK) {
        return 12;
    }
    /* Out of service stays out of service, also when there is room again. */
    limit.rlim_cur = RLIM_INFINITY;
    struct site late = {.id = "late", .name = "x"};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        store_submit(store, insert_site, NULL, &late) != ERR_UNAVAILABLE ||
        sites_like(store, "d*") != stored) {
        return 13;
    }
    /* Nor does its end bring a log into the file that a power cut may find to have a hole. */
    const int64_t log = log_size(path);
    store_close(store);
    if (log <= 0 || log_size(path) != log) {
        return 16;
    }
    store = open_at(path, &clock);
    if (store == NULL || sites_like(store, "d*") < stored || sites_like(store, "late") != 0) {
        return 14;
    }
    store_close(store);
    return stored > 10 ? 0 : 15;
}

TEST(a_full_disk_ends_the_service_and_loses_nothing)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(child_fills_disk(path));
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ_I64(WEXITSTATUS(status), 0);
}

TEST(room_is_asked_of_the_disk)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    CHECK_EQ_I64(store_open(&config, &store, why), OK);
    bool modest = store_has_room(store);
    store_close(store);
    config.disk_free_bytes_min = UINT64_C(1) << 62;
    CHECK_EQ_I64(store_open(&config, &store, why), OK);
    bool greedy = store_has_room(store);
    store_close(store);
    CHECK(modest);
    CHECK(!greedy);
}

TEST_MAIN()
