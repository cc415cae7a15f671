/* SPDX-License-Identifier: Apache-2.0 */

/* What terminals say of themselves, and what the operator learns of it. */
#include "cloud/api/terminal_status.h"
#include "common/str.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

static struct store *store;
static int64_t wall_s = 1795158228;

static int64_t test_mono_ms(void *self)
{
    (void)self;
    return 1000;
}

static int64_t test_wall_s(void *self)
{
    (void)self;
    return wall_s;
}

static const struct clock_port test_clock = {test_mono_ms, test_wall_s, NULL};

static enum err add_terminals(struct db *db, void *arg)
{
    (void)arg;
    enum err err = sql_run(sql_begin(
        db, "INSERT INTO site (site_id, name, company, service_phone, languages, amounts_fen,"
            " amount_min_fen, amount_max_fen, receipt_auto, sell_to_silent)"
            " VALUES ('s1', 'S', 'C', '', 'zh-CN', '2000', 1000, 5000, 1, 1)"));
    return err == OK ? sql_run(sql_begin(db, "INSERT INTO terminal (terminal_id, site_id, name)"
                                             " VALUES ('k1', 's1', 'A'), ('k2', 's1', 'B')"))
                     : err;
}

static void open_store(void)
{
    static char folder[TEMP_PATH_SIZE];
    static char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE];
    struct store_config config = {.path = temp_path(temp_folder_make(folder), "t.db", path),
                                  .clock = &test_clock,
                                  .reader_count = 1};
    CHECK_EQ_I64(store_open(&config, &store, why), OK);
    CHECK_EQ_I64(store_run(store, add_terminals, NULL), OK);
}

static void hear(const char *terminal_id, const char *reader_state)
{
    struct terminal_heard heard = {.heartbeat = {.uptime_s = 1, .version = "1", .screen = "home"}};
    CHECK(str_copy(heard.terminal_id, sizeof(heard.terminal_id), terminal_id));
    CHECK(
        str_copy(heard.heartbeat.reader_state, sizeof(heard.heartbeat.reader_state), reader_state));
    CHECK_EQ_I64(store_run(store, terminal_status_keep, &heard), OK);
}

static size_t readers_down(void)
{
    size_t count = 99;
    CHECK_EQ_I64(terminal_status_readers_down(store, &count), OK);
    return count;
}

static enum err count_alarms(struct db *db, void *arg)
{
    int64_t *count = arg;
    struct sql *sql = sql_begin(db, "SELECT coalesce(sum(count), 0), count(*) FROM alarm WHERE"
                                    " kind = 'card_reader' AND subject = 'k1' AND owner <> ''"
                                    " AND (?1 = 1 OR ended_at IS NULL)");
    sql_bind_i64(sql, 1, *count);
    enum err err = sql_one(sql);
    *count = err == OK ? sql_i64(sql, 0) : -1;
    sql_end(sql);
    return err;
}

/* How often the reader of k1 has failed: 0 while it works. */
static int64_t alarm_open(void)
{
    int64_t count = 0;
    CHECK_EQ_I64(store_read(store, count_alarms, &count), OK);
    return count;
}

static int64_t alarm_ever(void)
{
    int64_t count = 1;
    CHECK_EQ_I64(store_read(store, count_alarms, &count), OK);
    return count;
}

TEST(a_card_reader_that_fails_is_an_alarm_once_until_it_works)
{
    open_store();
    hear("k1", "ready");
    hear("k1", "error");
    CHECK_EQ_I64(alarm_ever(), 0); /* it may be mended before the next word */
    hear("k1", "ready");
    hear("k1", "error");
    CHECK_EQ_I64(alarm_ever(), 0);
    hear("k1", "error");
    CHECK_EQ_I64(alarm_open(), 1);
    hear("k1", "error");
    hear("k2", "ready"); /* another one's word */
    hear("k1", "error");
    CHECK_EQ_I64(alarm_open(), 1);
    hear("k1", "ready");
    CHECK_EQ_I64(alarm_open(), 0);
    CHECK_EQ_I64(alarm_ever(), 1);
    hear("k1", "error");
    CHECK_EQ_I64(alarm_open(), 0);
    hear("k1", "error");
    CHECK_EQ_I64(alarm_open(), 2);
    hear("k1", "none"); /* taken out of its configuration */
    CHECK_EQ_I64(alarm_open(), 0);
    store_close(store);
}

TEST(a_card_reader_that_fails_is_counted_until_it_works_or_the_terminal_falls_silent)
{
    open_store();
    CHECK_EQ_U64(readers_down(), 0);
    hear("k1", "ready");
    hear("k2", "");
    CHECK_EQ_U64(readers_down(), 0);
    hear("k1", "error");
    CHECK_EQ_U64(readers_down(), 1);
    hear("k2", "error");
    hear("k2", "error");
    CHECK_EQ_U64(readers_down(), 2);
    hear("k1", "none");
    CHECK_EQ_U64(readers_down(), 1);
    wall_s += 59;
    CHECK_EQ_U64(readers_down(), 1);
    wall_s += 1;
    CHECK_EQ_U64(readers_down(), 0); /* nobody knows any more: terminals_heard tells of it */
    hear("k2", "error");
    CHECK_EQ_U64(readers_down(), 1);
    hear("k2", "ready");
    CHECK_EQ_U64(readers_down(), 0);
    store_close(store);
}

TEST_MAIN()
