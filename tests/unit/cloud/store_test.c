/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store's promises on a real disk: nothing is visible before it is durable, a refused function
 * leaves nothing, kill -9 loses nothing that was acknowledged, a full disk ends the service, and
 * the service clock never runs ahead of what it really ran.
 */

#include <signal.h>
#include <stdatomic.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cloud/store/store.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

/* A clock that the test moves. */
struct fake_clock {
    atomic_int_fast64_t mono_ms;
    atomic_int_fast64_t wall_s;
};

static int64_t fake_mono_ms(void *self)
{
    return atomic_load(&((struct fake_clock *)self)->mono_ms);
}

static int64_t fake_wall_s(void *self)
{
    return atomic_load(&((struct fake_clock *)self)->wall_s);
}

static struct store *open_at(const char *path, const struct clock_port *clock)
{
    struct store_config config = {.path = path, .clock = clock, .reader_count = 2};
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    enum err err = store_open(&config, &store, why);
    if (err != OK) {
        (void)printf("# %s\n", why);
        return NULL;
    }
    return store;
}

struct site {
    const char *id;
    const char *name;
    int64_t count;
    enum err answer; /* what the function returns after its work */
};

static enum err insert_site(struct db *db, void *arg)
{
    const struct site *site = arg;
    struct sql *sql = sql_begin(db, "INSERT INTO site (site_id, name, company, service_phone,"
                                    " languages, amounts_fen, amount_min_fen, amount_max_fen,"
                                    " receipt_auto, sell_to_silent)"
                                    " VALUES (?1, ?2, 'c', '1', 'en', '2000', 1, 9, 1, 0)");
    sql_bind_text(sql, 1, site->id);
    sql_bind_text(sql, 2, site->name);
    enum err err = sql_run(sql);
    return err != OK ? err : site->answer;
}

static enum err count_sites(struct db *db, void *arg)
{
    struct site *site = arg;
    struct sql *sql = sql_begin(db, "SELECT count(*) FROM site WHERE site_id GLOB ?1");
    sql_bind_text(sql, 1, site->id);
    enum err err = sql_one(sql);
    if (err == OK) {
        site->count = sql_i64(sql, 0);
    }
    return err;
}

static int64_t sites_like(struct store *store, const char *pattern)
{
    struct site site = {.id = pattern, .count = -1};
    return store_read(store, count_sites, &site) == OK ? site.count : -1;
}

TEST(what_was_run_is_there_after_reopening)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    struct site site = {.id = "a", .name = "x"};
    CHECK_EQ_I64(store_run(store, insert_site, &site), OK);
    CHECK_EQ_I64(store_run(store, insert_site, &site), ERR_EXISTS);
    store_close(store);
    store = open_at(path, &clock);
    CHECK(store != NULL);
    CHECK_EQ_I64(sites_like(store, "a"), 1);
    store_close(store);
}

TEST(an_error_undoes_only_its_own_changes)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    struct site kept = {.id = "kept", .name = "x"};
    struct site refused = {.id = "refused", .name = "x", .answer = ERR_CONFLICT};
    struct site nameless = {.id = "nameless"};
    CHECK_EQ_I64(store_submit(store, insert_site, NULL, &kept), OK);
    CHECK_EQ_I64(store_run(store, insert_site, &refused), ERR_CONFLICT);
    CHECK_EQ_I64(store_run(store, insert_site, &nameless), ERR_RANGE);
    CHECK_EQ_I64(sites_like(store, "*"), 1);
    CHECK(store_is_in_service(store));
    store_close(store);
}

static enum err write_through_reader(struct db *db, void *arg)
{
    return insert_site(db, arg);
}

TEST(readers_cannot_write)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    struct site site = {.id = "a", .name = "x"};
    CHECK_EQ_I64(store_read(store, write_through_reader, &site), ERR_DENIED);
    CHECK_EQ_I64(sites_like(store, "*"), 0);
    store_close(store);
}

/* Each completion looks with a reader whether its own row is visible to others by then. */
struct visible {
    struct store *store;
    char id[24];
    struct site site;
    atomic_int *done;
    atomic_int *unseen;
};

static void check_visible(enum err err, void *arg)
{
    struct visible *visible = arg;
    if (err != OK || sites_like(visible->store, visible->id) != 1) {
        atomic_fetch_add(visible->unseen, 1);
    }
    atomic_fetch_add(visible->done, 1);
}

static void count_hook(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static enum err insert_and_hook(struct db *db, void *arg)
{
    struct visible *visible = arg;
    db_on_commit(db, count_hook, visible->done);
    db_on_commit(db, count_hook, visible->done);
    return insert_site(db, &visible->site);
}

enum { MANY = 3000 };

static bool submit_many(struct store *store, struct visible *all, atomic_int *done,
                        atomic_int *unseen)
{
    bool taken = true;
    for (int i = 0; i < MANY; i++) {
        all[i] = (struct visible){.store = store, .done = done, .unseen = unseen};
        (void)snprintf(all[i].id, sizeof(all[i].id), "s%d", i);
        all[i].site = (struct site){.id = all[i].id, .name = "x"};
        taken = store_submit(store, insert_and_hook, check_visible, &all[i]) == OK && taken;
    }
    return taken;
}

TEST(completion_comes_after_the_commit)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    static struct visible all[MANY];
    atomic_int done = 0;
    atomic_int unseen = 0;
    CHECK(submit_many(store, all, &done, &unseen));
    struct store_counters counters = {0};
    while (counters.functions < MANY) {
        clock_system_wait_ms(1);
        store_get_counters(store, &counters);
    }
    store_close(store);
    CHECK_EQ_I64(unseen, 0);
    CHECK(counters.batch_max > 1);
    CHECK(counters.batches < MANY / 2);
    /* Every completion once, and the hook once a batch although each function asked twice. */
    CHECK(done > MANY);
    CHECK((uint64_t)done <= MANY + counters.batches);
}

static enum err refuse_with_hook(struct db *db, void *arg)
{
    db_on_commit(db, count_hook, arg);
    return ERR_CONFLICT;
}

TEST(a_refused_function_leaves_no_hook)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    atomic_int called = 0;
    CHECK_EQ_I64(store_run(store, refuse_with_hook, &called), ERR_CONFLICT);
    store_close(store);
    CHECK_EQ_I64(called, 0);
}

static enum err take_service_ms(struct db *db, void *arg)
{
    *(int64_t *)arg = db_service_ms(db);
    return OK;
}

TEST(the_service_clock_ignores_the_wall_and_survives)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct fake_clock fake = {.mono_ms = 500000, .wall_s = 1700000000};
    struct clock_port clock = {fake_mono_ms, fake_wall_s, &fake};
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    CHECK_EQ_I64(store_service_ms(store), 0);
    atomic_store(&fake.mono_ms, 560000);
    atomic_store(&fake.wall_s, 5);
    int64_t seen_ms = 0;
    CHECK_EQ_I64(store_run(store, take_service_ms, &seen_ms), OK);
    CHECK_EQ_I64(seen_ms, 60000);
    /* Nothing is written in these last seconds: they are lost to the clock, never added. */
    atomic_store(&fake.mono_ms, 563000);
    store_close(store);
    /* Another boot: the monotonic clock begins anew, the wall clock is wrong. */
    atomic_store(&fake.mono_ms, 7);
    atomic_store(&fake.wall_s, 1900000000);
    store = open_at(path, &clock);
    CHECK(store != NULL);
    CHECK(store_service_ms(store) >= 60000);
    CHECK(store_service_ms(store) <= 63000);
    store_close(store);
}

TEST(a_second_process_is_refused)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    struct store *store = open_at(path, &clock);
    CHECK(store != NULL);
    struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    struct store *second = NULL;
    char why[STORE_WHY_SIZE];
    CHECK_EQ_I64(store_open(&config, &second, why), ERR_EXISTS);
    CHECK(strstr(why, "in use by another process") != NULL);
    CHECK(second == NULL);
    store_close(store);
}

TEST(a_missing_folder_and_a_foreign_file_are_named)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "none/s.db", path);
    struct clock_port clock = clock_system();
    struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    CHECK_EQ_I64(store_open(&config, &store, why), ERR_NOT_FOUND);
    CHECK(strstr(why, path) != NULL);
    (void)temp_path(folder, "text.db", path);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    (void)fputs("this is no database, it is a letter to my grandmother, long enough\n", file);
    (void)fclose(file);
    CHECK_EQ_I64(store_open(&config, &store, why), ERR_CHECKSUM);
    CHECK(strstr(why, path) != NULL);
}

static bool exec_on(const char *path, const char *text)
{
    sqlite3 *handle = NULL;
    bool done = sqlite3_open(path, &handle) == SQLITE_OK &&
                sqlite3_exec(handle, text, NULL, NULL, NULL) == SQLITE_OK;
    (void)sqlite3_close(handle);
    return done;
}

TEST(a_newer_or_a_changed_schema_is_refused)
{
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "s.db", path);
    struct clock_port clock = clock_system();
    store_close(open_at(path, &clock));
    struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    CHECK(exec_on(path, "INSERT INTO schema_migration VALUES (9000, 'x', 1)"));
    CHECK_EQ_I64(store_open(&config, &store, why), ERR_UNSUPPORTED);
    CHECK(strstr(why, "newer version") != NULL);
    CHECK(exec_on(path, "DELETE FROM schema_migration WHERE version = 9000;"
                        "UPDATE schema_migration SET sha256 = 'x' WHERE version = 1"));
    CHECK_EQ_I64(store_open(&config, &store, why), ERR_CHECKSUM);
    CHECK(strstr(why, "0001-platform") != NULL);
}

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
