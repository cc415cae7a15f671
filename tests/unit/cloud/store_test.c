/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store's promises on a real disk: nothing is visible before it is durable, a refused function
 * leaves nothing, a file that is not ours is named, and the service clock never runs ahead of what
 * it really ran.
 */

#include <stdatomic.h>

#include <sqlite3.h>

#include "tests/unit/cloud/store_steps.h"

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

TEST_MAIN()
