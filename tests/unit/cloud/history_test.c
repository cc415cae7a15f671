/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A meter's past: read once, part by part; a meter that says nothing to what it does not have is
 * left alone after a few tries. The gateway is a double: it answers what the test tells it to.
 */

#include <stdatomic.h>

#include "cloud/catalog/seed.h"
#include "cloud/meters/history.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 10000, STEP_MS = 5, TRIES_MAX = 3 };

static const char seed_text[] =
    "tariffs = ( { id = \"home\"; price_yuan = \"0.5\"; } );\n"
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; password = \"02123456\"; } );\n"
    "collectors = ( { id = \"c1\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"n\"; company = \"c\"; service_phone = \"1\";\n"
    "  amounts_yuan = [20]; rooms = ( { id = \"r1\"; label = \"101\"; meter = { id = \"m1\";\n"
    "  address = \"000000000001\"; bus = \"b\"; profile = \"cloud\"; tariff = \"home\";\n"
    "  collector = \"c1\"; }; } ); } );\n";

static struct {
    struct clock_port clock;
    struct rng_port rng;
    struct store *store;
    struct jobs *jobs;
    struct history *history;
    char path[TEMP_PATH_SIZE];
} bench;

static atomic_int asked;
static atomic_int freezes; /* that the meter answers before it falls silent */

static void add_value(struct bus_reply *reply, const char *item, const char *text)
{
    struct bus_value *value = &reply->values[reply->value_count++];
    value->when = BUS_WHEN_NOW;
    CHECK(str_copy(value->item, sizeof(value->item), item));
    CHECK(str_copy(value->v, sizeof(value->v), text));
}

enum err gateway_ask(struct gateway *gateway, const char *collector_id,
                     const struct bus_command *command, gateway_answer answer, void *self)
{
    static struct bus_reply reply;
    (void)gateway;
    (void)collector_id;
    reply = (struct bus_reply){.outcome = OUTCOME_UNKNOWN};
    CHECK(str_copy(reply.error, sizeof(reply.error), BUS_ERROR_METER_SILENT));
    for (size_t i = 0; i < 2 * (size_t)atomic_load(&freezes); i += 2) {
        char when[17];
        CHECK(str_format(when, sizeof(when), "2026-01-%02u 00:00", 20U - (unsigned)i));
        add_value(&reply, command->u.read.items[i], when);
        add_value(&reply, command->u.read.items[i + 1], "100.00");
    }
    answer(self, &reply, OK);
    atomic_fetch_add(&asked, 1);
    return OK;
}

static enum err open_nothing(struct db *db, const char *meter_id, int64_t balance_fen)
{
    (void)db;
    (void)meter_id;
    (void)balance_fen;
    return OK;
}

static enum err make_known(struct db *db, void *arg)
{
    (void)arg;
    return sql_run(sql_begin(
        db, "INSERT INTO meter_state (meter_id, energy, energy_e4, energy_at)"
            " VALUES ('m1', '1.00', 10000, 1) ON CONFLICT (meter_id) DO UPDATE SET energy_at = 1"));
}

/* The wait since the last question is over: look now. */
static enum err look_again(struct db *db, void *arg)
{
    (void)arg;
    enum err err = sql_run(sql_begin(db, "UPDATE meter_history SET asked_ms = -100000000"));
    return err == OK ? job_put(bench.jobs, db, "history", "look", 0) : err;
}

static enum err load(struct db *db, void *arg)
{
    struct sql *sql = sql_begin(db, "SELECT next, tries, done, (SELECT count(*) FROM meter_day)"
                                    " FROM meter_history");
    enum err err = sql_one(sql);
    for (int i = 0; i < 4 && err == OK; i++) {
        ((int64_t *)arg)[i] = sql_i64(sql, i);
    }
    sql_end(sql);
    return err;
}

static void open_all(void)
{
    static char folder[TEMP_PATH_SIZE];
    char message[CONFIG_MESSAGE_SIZE];
    bool changed = false;
    bench.clock = clock_system();
    bench.rng = rng_system();
    asked = 0;
    struct store_config store = {.path = temp_path(temp_folder_make(folder), "h.db", bench.path),
                                 .clock = &bench.clock,
                                 .reader_count = 1};
    struct seed_source source = {.text = seed_text, .name = "seed", .opening = open_nothing};
    CHECK_EQ_I64(store_open(&store, &bench.store, message), OK);
    CHECK_EQ_I64(seed_apply(bench.store, &source, &changed, message), OK);
    CHECK_EQ_I64(store_run(bench.store, make_known, NULL), OK);
    CHECK_EQ_I64(jobs_create(bench.store, &bench.jobs), OK);
    struct history_config config = {
        .store = bench.store, .jobs = bench.jobs, .clock = &bench.clock, .rng = &bench.rng};
    CHECK_EQ_I64(history_create(&config, &bench.history), OK);
    CHECK_EQ_I64(history_start(bench.history), OK);
    CHECK_EQ_I64(jobs_start(bench.jobs), OK);
}

static void close_all(void)
{
    jobs_stop(bench.jobs);
    store_close(bench.store);
    history_destroy(bench.history);
    jobs_destroy(bench.jobs);
}

/* One look, in which the meter is asked; then what is known of it. */
static void look(int64_t ret_row[4])
{
    int before = asked;
    CHECK_EQ_I64(store_run(bench.store, look_again, NULL), OK);
    for (int waited = 0; waited < WAIT_MS && asked == before; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
    }
    CHECK_EQ_I64(asked, before + 1);
    /* Its answer was submitted before: the writer takes both in order. */
    CHECK_EQ_I64(store_run(bench.store, make_known, NULL), OK);
    CHECK_EQ_I64(store_read(bench.store, load, ret_row), OK);
}

TEST(a_meter_that_ignores_the_question_is_asked_three_times)
{
    int64_t row[4] = {0};
    open_all();
    freezes = 0;
    for (int i = 1; i <= TRIES_MAX; i++) {
        look(row);
        CHECK_EQ_I64(row[0], 1);
        CHECK_EQ_I64(row[1], i);
        CHECK_EQ_I64(row[2], i == TRIES_MAX ? 1 : 0);
    }
    close_all();
}

TEST(a_part_of_the_way_is_kept)
{
    int64_t row[4] = {0};
    open_all();
    freezes = 2;
    look(row);
    CHECK_EQ_I64(row[0], 3); /* the third is the next to be asked for */
    CHECK_EQ_I64(row[2], 0);
    CHECK_EQ_I64(row[3], 2);
    freezes = 0;
    look(row);
    CHECK_EQ_I64(row[2], 0);
    look(row);
    CHECK_EQ_I64(row[0], 3);
    CHECK_EQ_I64(row[2], 1); /* silent at one place three times */
    close_all();
}

TEST_MAIN()
