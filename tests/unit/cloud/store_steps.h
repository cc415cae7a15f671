/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_STORE_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_STORE_STEPS_H

/* A store in a new folder, and rows to put into it. */

#include "cloud/store/store.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

static inline struct store *open_at(const char *path, const struct clock_port *clock)
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

static inline enum err insert_site(struct db *db, void *arg)
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

static inline enum err count_sites(struct db *db, void *arg)
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

static inline int64_t sites_like(struct store *store, const char *pattern)
{
    struct site site = {.id = pattern, .count = -1};
    return store_read(store, count_sites, &site) == OK ? site.count : -1;
}

#endif
