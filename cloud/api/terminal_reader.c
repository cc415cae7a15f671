/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/terminal_reader.h"

#include <inttypes.h>
#include <stdlib.h>

/* In the order of enum cardlink_count. */
#define COUNTS                                                                                     \
    "timeouts, line_errors, card_errors, auth_errors, reopens, restarts, "                         \
    "read_retries, write_retries, torn_slots, reads, writes, relays, power_resets"

enum { FIRST_COUNT = 3 /* the column behind terminal, time and chip */ };

static enum err drop(struct db *db, const char *terminal_id)
{
    struct sql *sql = sql_begin(db, "DELETE FROM terminal_reader WHERE terminal_id = ?1");
    sql_bind_text(sql, 1, terminal_id);
    return sql_run(sql);
}

enum err terminal_reader_keep(struct db *db, const char *terminal_id,
                              const struct api_heartbeat *heartbeat)
{
    const struct api_reader_counts *told = &heartbeat->reader;
    if (str_equal(heartbeat->reader_state, TERMINAL_READER_NONE)) {
        return drop(db, terminal_id);
    }
    if (!told->told) {
        return OK;
    }
    struct sql *sql = sql_begin(
        db, "REPLACE INTO terminal_reader (terminal_id, told_at, chip, " COUNTS ") VALUES (?1, ?2,"
            " coalesce(nullif(?3, ''),"
            " (SELECT chip FROM terminal_reader WHERE terminal_id = ?1), ''),"
            " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
    _Static_assert(FIRST_COUNT + CARDLINK_COUNTS == 16, "as many columns as values");
    sql_bind_text(sql, 1, terminal_id);
    sql_bind_i64(sql, 2, db_wall_s(db));
    sql_bind_text(sql, 3, told->chip);
    for (int i = 0; i < CARDLINK_COUNTS; i++) {
        if (told->counts[i] >= 0) {
            sql_bind_i64(sql, FIRST_COUNT + 1 + i, told->counts[i]);
        }
    }
    return sql_run(sql);
}

static enum err take_row(struct db *db, const struct sql *sql, struct terminal_reader *ret_reader)
{
    int64_t age_s = db_wall_s(db) - sql_i64(sql, 1);
    ret_reader->age_s = age_s > 0 ? age_s : 0;
    for (int i = 0; i < CARDLINK_COUNTS; i++) {
        bool known = !sql_is_null(sql, FIRST_COUNT + i);
        ret_reader->counts[i] = known ? sql_i64(sql, FIRST_COUNT + i) : -1;
    }
    return sql_copy_text(sql, 0, ret_reader->terminal_id, sizeof(ret_reader->terminal_id)) &&
                   sql_copy_text(sql, 2, ret_reader->chip, sizeof(ret_reader->chip))
               ? OK
               : ERR_CHECKSUM;
}

enum err terminal_reader_describe(struct db *db, const char *terminal_id, struct strbuf *sentence)
{
    struct terminal_reader reader;
    struct sql *sql = sql_begin(db, "SELECT terminal_id, told_at, chip, " COUNTS
                                    " FROM terminal_reader WHERE terminal_id = ?1");
    sql_bind_text(sql, 1, terminal_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        err = take_row(db, sql, &reader);
    }
    sql_end(sql);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    strbuf_addf(sentence, "; chip \"%s\"; its driver, since it was started:", reader.chip);
    bool some = false;
    for (int i = 0; i < CARDLINK_COUNTS; i++) {
        if (reader.counts[i] > 0) {
            strbuf_addf(sentence, "%s %s %" PRId64, some ? "," : "",
                        cardlink_count_name((enum cardlink_count)i), reader.counts[i]);
            some = true;
        }
    }
    strbuf_add(sentence, some ? "" : " nothing");
    return OK;
}

static enum err list_add(struct db *db, const struct sql *sql, struct terminal_readers *readers)
{
    struct terminal_reader *all =
        realloc(readers->all, (readers->count + 1) * sizeof(*readers->all));
    if (all == NULL) {
        return ERR_MEMORY;
    }
    readers->all = all;
    readers->count += 1;
    return take_row(db, sql, &all[readers->count - 1]);
}

static enum err load_all(struct db *db, void *arg)
{
    struct terminal_readers *readers = arg;
    struct sql *sql = sql_begin(db, "SELECT terminal_id, told_at, chip, " COUNTS
                                    " FROM terminal_reader ORDER BY terminal_id");
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        err = list_add(db, sql, readers);
        if (err == OK) {
            err = sql_next(sql, &row);
        }
    }
    sql_end(sql);
    return err;
}

enum err terminal_readers_load(struct store *store, struct terminal_readers *ret_readers)
{
    *ret_readers = (struct terminal_readers){0};
    enum err err = store_read(store, load_all, ret_readers);
    if (err != OK) {
        terminal_readers_free(ret_readers);
    }
    return err;
}

void terminal_readers_free(struct terminal_readers *readers)
{
    free(readers->all);
    *readers = (struct terminal_readers){0};
}
