/* SPDX-License-Identifier: Apache-2.0 */

/* What terminals say of themselves, and what the operator learns of it. */
#include "cloud/api/terminal_reader.h"
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

/* A heartbeat with counts: 100 of the first, 101 of the second, ... but @p reopens. */
static void hear_counts(const char *terminal_id, const char *chip, int64_t reopens)
{
    struct terminal_heard heard = {
        .heartbeat = {.version = "1", .screen = "home", .reader.told = true}};
    CHECK(str_copy(heard.terminal_id, sizeof(heard.terminal_id), terminal_id));
    CHECK(str_copy(heard.heartbeat.reader.chip, sizeof(heard.heartbeat.reader.chip), chip));
    for (int i = 0; i < CARDLINK_COUNTS; i++) {
        heard.heartbeat.reader.counts[i] = 100 + i;
    }
    heard.heartbeat.reader.counts[CARDLINK_REOPENS] = reopens;
    heard.heartbeat.reader.counts[CARDLINK_RELAYS] = -1;
    CHECK_EQ_I64(store_run(store, terminal_status_keep, &heard), OK);
}

static struct terminal_readers readers;

static size_t readers_load(void)
{
    terminal_readers_free(&readers);
    CHECK_EQ_I64(terminal_readers_load(store, &readers), OK);
    return readers.count;
}

/* By the names of the columns, for whoever asks the database. */
static enum err named_columns(struct db *db, void *arg)
{
    struct sql *sql = sql_begin(db, "SELECT timeouts, line_errors, card_errors, auth_errors,"
                                    " reopens, restarts, read_retries, write_retries, torn_slots,"
                                    " reads, writes, relays, power_resets FROM terminal_reader"
                                    " WHERE terminal_id = 'k1'");
    enum err err = sql_one(sql);
    for (int i = 0; err == OK && i < CARDLINK_COUNTS; i++) {
        bool known = !sql_is_null(sql, i);
        CHECK(!known || sql_i64(sql, i) >= 0);
        ((int64_t *)arg)[i] = known ? sql_i64(sql, i) : -1;
    }
    sql_end(sql);
    return err;
}

TEST(the_newest_counts_of_each_card_reader_are_kept)
{
    open_store();
    CHECK_EQ_U64(readers_load(), 0);
    hear_counts("k2", "", 8);
    hear_counts("k1", "PN532 v1.6", 3);
    wall_s += 7;
    hear_counts("k1", "", 4); /* the reader is away: its name stays */
    hear("k1", "error");      /* the driver is away: nothing newer */
    CHECK_EQ_U64(readers_load(), 2);
    CHECK_EQ_STR(readers.all[0].terminal_id, "k1");
    CHECK_EQ_STR(readers.all[0].chip, "PN532 v1.6");
    CHECK_EQ_I64(readers.all[0].age_s, 0);
    CHECK_EQ_I64(readers.all[0].counts[CARDLINK_TIMEOUTS], 100);
    CHECK_EQ_I64(readers.all[0].counts[CARDLINK_REOPENS], 4);
    CHECK_EQ_I64(readers.all[0].counts[CARDLINK_RELAYS], -1);
    CHECK_EQ_I64(readers.all[0].counts[CARDLINK_POWER_RESETS], 112);
    CHECK_EQ_STR(readers.all[1].terminal_id, "k2");
    CHECK_EQ_STR(readers.all[1].chip, "");
    CHECK_EQ_I64(readers.all[1].age_s, 7);
    CHECK_EQ_I64(readers.all[1].counts[CARDLINK_REOPENS], 8);
    int64_t columns[CARDLINK_COUNTS];
    CHECK_EQ_I64(store_read(store, named_columns, columns), OK);
    CHECK_EQ_MEM(columns, readers.all[0].counts, sizeof(columns));
    hear_counts("k1", "PN532 v1.6", 0); /* started again */
    hear("k2", "none");                 /* taken out of its configuration */
    CHECK_EQ_U64(readers_load(), 1);
    CHECK_EQ_I64(readers.all[0].counts[CARDLINK_REOPENS], 0);
    terminal_readers_free(&readers);
    store_close(store);
}

static enum err alarm_says(struct db *db, void *arg)
{
    struct sql *sql = sql_begin(db, "SELECT text FROM alarm WHERE subject = 'k1'");
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, arg, 640)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

#define DOES_NOT_WORK "the terminal's card reader does not work: nothing is sold by card"

TEST(the_alarm_says_what_is_known_of_the_reader)
{
    char text[640];
    open_store();
    hear("k1", "error");
    hear("k1", "error");
    CHECK_EQ_I64(store_read(store, alarm_says, text), OK);
    CHECK_EQ_STR(text, DOES_NOT_WORK);
    hear_counts("k1", "PN532 v1.6", 0);
    hear("k1", "error");
    hear("k1", "error");
    CHECK_EQ_I64(store_read(store, alarm_says, text), OK);
    CHECK_EQ_STR(text, DOES_NOT_WORK
                 "; chip \"PN532 v1.6\"; its driver, since it was started: timeouts 100,"
                 " line_errors 101, card_errors 102, auth_errors 103, restarts 105,"
                 " read_retries 106, write_retries 107, torn_slots 108, reads 109, writes 110,"
                 " power_resets 112");
    struct terminal_heard fresh = {.terminal_id = "k1",
                                   .heartbeat = {.version = "1", .reader.told = true}};
    CHECK_EQ_I64(store_run(store, terminal_status_keep, &fresh), OK);
    hear("k1", "error");
    hear("k1", "error");
    CHECK_EQ_I64(store_read(store, alarm_says, text), OK);
    CHECK_EQ_STR(text,
                 DOES_NOT_WORK "; chip \"PN532 v1.6\"; its driver, since it was started: nothing");
    store_close(store);
}

TEST_MAIN()
