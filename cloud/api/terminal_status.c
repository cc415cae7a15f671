/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/terminal_status.h"

#include "cloud/api/terminal_reader.h"
#include "cloud/orders/alarm.h"
#include "common/str.h"

enum { FRESH_S = 60, ALARM_SIZE = 640 };

/* The reader's word at the heartbeat before; empty if there was none. */
static enum err reader_before(struct db *db, const char *terminal_id, char ret_word[API_WORD_SIZE])
{
    struct sql *sql =
        sql_begin(db, "SELECT reader_state FROM terminal_status WHERE terminal_id = ?1");
    sql_bind_text(sql, 1, terminal_id);
    enum err err = sql_one(sql);
    ret_word[0] = '\0';
    if (err == OK && !sql_copy_text(sql, 0, ret_word, API_WORD_SIZE)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err begin_alarm(struct db *db, const char *terminal_id)
{
    char text[ALARM_SIZE];
    struct strbuf sentence;
    strbuf_init(&sentence, text, sizeof(text));
    strbuf_add(&sentence, "the terminal's card reader does not work: nothing is sold by card");
    enum err err = terminal_reader_describe(db, terminal_id, &sentence);
    return err == OK ? alarm_begin(db, TERMINAL_ALARM_READER, terminal_id, text) : err;
}

/* The word of two heartbeats counts: what is mended between them is no alarm, and where the one
 * before was good there is none to end. */
static enum err tell_reader(struct db *db, const struct terminal_heard *heard, const char *before)
{
    if (!str_equal(before, TERMINAL_READER_ERROR)) {
        return OK;
    }
    return str_equal(heard->heartbeat.reader_state, TERMINAL_READER_ERROR)
               ? begin_alarm(db, heard->terminal_id)
               : alarm_end(db, TERMINAL_ALARM_READER, heard->terminal_id);
}

enum err terminal_status_keep(struct db *db, void *arg)
{
    const struct terminal_heard *heard = arg;
    char before[API_WORD_SIZE];
    enum err err = reader_before(db, heard->terminal_id, before);
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(
        db, "INSERT INTO terminal_status (terminal_id, heard_at, uptime_s, version, screen,"
            " printer_state, open_order_no, reader_state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            " ON CONFLICT (terminal_id) DO UPDATE SET heard_at = ?2, uptime_s = ?3, version = ?4,"
            " screen = ?5, printer_state = ?6, open_order_no = ?7, reader_state = ?8");
    sql_bind_text(sql, 1, heard->terminal_id);
    sql_bind_i64(sql, 2, db_wall_s(db));
    sql_bind_i64(sql, 3, heard->heartbeat.uptime_s);
    sql_bind_text(sql, 4, heard->heartbeat.version);
    sql_bind_text(sql, 5, heard->heartbeat.screen);
    sql_bind_text(sql, 6, heard->heartbeat.printer_state);
    sql_bind_text(sql, 7, heard->heartbeat.open_order_no);
    sql_bind_text(sql, 8, heard->heartbeat.reader_state);
    err = sql_run(sql);
    if (err == OK) {
        err = terminal_reader_keep(db, heard->terminal_id, &heard->heartbeat);
    }
    return err == OK ? tell_reader(db, heard, before) : err;
}

static enum err count_down(struct db *db, void *arg)
{
    size_t *count = arg;
    struct sql *sql = sql_begin(db, "SELECT count(*) FROM terminal_status WHERE reader_state ="
                                    " '" TERMINAL_READER_ERROR "' AND heard_at > ?1");
    sql_bind_i64(sql, 1, db_wall_s(db) - FRESH_S);
    enum err err = sql_one(sql);
    if (err == OK) {
        *count = (size_t)sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

enum err terminal_status_readers_down(struct store *store, size_t *ret_count)
{
    return store_read(store, count_down, ret_count);
}
