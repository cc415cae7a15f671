/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of delivery to values and back; readings as JSON, frames as bytes and hex. */
#include "cloud/orders/delivery_row.h"

#include <string.h>

#include "common/bytes.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum {
    READING_TEXT_SIZE = 256,
    AUTH_TEXT_SIZE = BUS_AUTH_MAX * (2 * BUS_FRAME_SIZE_MAX + 1) + 1,
};

#define COLUMNS                                                                                    \
    "order_no, meter_id, version, kind, stage, amount_fen, sends, not_done, voided, quiet,"        \
    " beaten, hopeless, stopped, unknown_told, review_told, before, seq, order_number, customer,"  \
    " collector_id, epoch, command_id, void_id, work_try, first_sent_ms, quiet_until_ms,"          \
    " boot, created_ms"

/* ---- readings ---- */

static void put_if(json_t *object, const char *name, bool there, int64_t value)
{
    if (there) {
        json_put_int(object, name, value);
    }
}

json_t *delivery_reading_json(const struct delivery_reading *reading)
{
    json_t *object = json_object();
    MUST(object != NULL);
    put_if(object, "count", reading->has_count, reading->count);
    put_if(object, "last_fen", reading->has_last, reading->last_amount.fen);
    put_if(object, "balance_fen", reading->has_balance, reading->balance.fen);
    put_if(object, "total_fen", reading->has_total, reading->total.fen);
    put_if(object, "energy", reading->has_energy, reading->energy_centi_kwh);
    return object;
}

static void take_if(struct json_reader *r, const char *name, bool *ret_there, int64_t *ret_value)
{
    *ret_there = json_has(r, name);
    if (*ret_there) {
        *ret_value = json_int(r, name, INT64_MIN, INT64_MAX);
    }
}

bool delivery_reading_parse(const char *text, struct delivery_reading *ret_reading)
{
    json_t *object = json_parse_object(text, strlen(text), READING_TEXT_SIZE);
    if (object == NULL) {
        return false;
    }
    struct json_reader r = json_reader(object);
    struct delivery_reading reading = {0};
    int64_t count = 0;
    take_if(&r, "count", &reading.has_count, &count);
    take_if(&r, "last_fen", &reading.has_last, &reading.last_amount.fen);
    take_if(&r, "balance_fen", &reading.has_balance, &reading.balance.fen);
    take_if(&r, "total_fen", &reading.has_total, &reading.total.fen);
    take_if(&r, "energy", &reading.has_energy, &reading.energy_centi_kwh);
    bool good = !json_failed(&r) && count >= 0 && count <= (int64_t)UINT32_MAX;
    json_decref(object);
    if (good) {
        reading.count = (uint32_t)count;
        *ret_reading = reading;
    }
    return good;
}

static bool reading_print(const struct delivery_reading *reading, char ret_text[READING_TEXT_SIZE])
{
    json_t *object = delivery_reading_json(reading);
    bool fits = json_print(object, ret_text, READING_TEXT_SIZE);
    json_decref(object);
    return fits;
}

/* ---- rows ---- */

static bool read_machine(const struct sql *sql, struct delivery *delivery)
{
    delivery->amount = money_fen(sql_i64(sql, 5));
    delivery->sends = (uint32_t)sql_i64(sql, 6);
    delivery->not_done = (uint32_t)sql_i64(sql, 7);
    delivery->voided = sql_bool(sql, 8);
    delivery->quiet = sql_bool(sql, 9);
    delivery->beaten = sql_bool(sql, 10);
    delivery->hopeless = sql_bool(sql, 11);
    delivery->stopped = sql_bool(sql, 12);
    delivery->unknown_told = sql_bool(sql, 13);
    delivery->review_told = sql_bool(sql, 14);
    return delivery_kind_parse(sql_text(sql, 3), &delivery->kind) &&
           delivery_stage_parse(sql_text(sql, 4), &delivery->stage) &&
           delivery_reading_parse(sql_text(sql, 15), &delivery->before) &&
           delivery_is_sound(delivery);
}

static bool read_texts(const struct sql *sql, struct delivery_row *row)
{
    return sql_copy_text(sql, 0, row->order_no, sizeof(row->order_no)) &&
           sql_copy_text(sql, 1, row->meter_id, sizeof(row->meter_id)) &&
           sql_copy_text(sql, 17, row->order_number, sizeof(row->order_number)) &&
           sql_copy_text(sql, 18, row->customer, sizeof(row->customer)) &&
           sql_copy_text(sql, 19, row->collector_id, sizeof(row->collector_id)) &&
           sql_copy_text(sql, 21, row->command_id, sizeof(row->command_id)) &&
           sql_copy_text(sql, 22, row->void_id, sizeof(row->void_id)) &&
           sql_copy_text(sql, 26, row->boot, sizeof(row->boot));
}

static void read_rest(const struct sql *sql, struct delivery_row *row)
{
    row->version = sql_i64(sql, 2);
    row->has_seq = !sql_is_null(sql, 16);
    row->seq = (uint32_t)sql_i64(sql, 16);
    row->epoch = (uint32_t)sql_i64(sql, 20);
    row->work_try = (uint32_t)sql_i64(sql, 23);
    row->has_first_sent = !sql_is_null(sql, 24);
    row->first_sent_ms = sql_i64(sql, 24);
    row->quiet_until_ms = sql_i64(sql, 25);
    row->created_ms = sql_i64(sql, 27);
}

enum err delivery_row_load(struct db *db, const char *order_no, struct delivery_row *ret_row)
{
    struct sql *sql = sql_begin(db, "SELECT " COLUMNS " FROM delivery WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct delivery_row row = {0};
    if (!read_texts(sql, &row) || !read_machine(sql, &row.delivery)) {
        err = ERR_CHECKSUM;
    } else {
        read_rest(sql, &row);
        *ret_row = row;
    }
    sql_end(sql);
    return err;
}

enum err delivery_row_insert(struct db *db, const struct delivery_row *row)
{
    MUST(row->delivery.stage == DELIVERY_READY);
    struct sql *sql = sql_begin(db, "INSERT INTO delivery (order_no, meter_id, version, kind,"
                                    " stage, amount_fen, created_ms)"
                                    " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)");
    sql_bind_text(sql, 1, row->order_no);
    sql_bind_text(sql, 2, row->meter_id);
    sql_bind_text(sql, 3, delivery_kind_name(row->delivery.kind));
    sql_bind_text(sql, 4, delivery_stage_name(row->delivery.stage));
    sql_bind_i64(sql, 5, row->delivery.amount.fen);
    sql_bind_i64(sql, 6, db_service_ms(db));
    return sql_run(sql);
}

static void bind_machine(struct sql *sql, const struct delivery *delivery)
{
    sql_bind_text(sql, 3, delivery_stage_name(delivery->stage));
    sql_bind_i64(sql, 4, delivery->sends);
    sql_bind_i64(sql, 5, delivery->not_done);
    sql_bind_bool(sql, 6, delivery->voided);
    sql_bind_bool(sql, 7, delivery->quiet);
    sql_bind_bool(sql, 8, delivery->beaten);
    sql_bind_bool(sql, 9, delivery->hopeless);
    sql_bind_bool(sql, 10, delivery->stopped);
    sql_bind_bool(sql, 11, delivery->unknown_told);
    sql_bind_bool(sql, 12, delivery->review_told);
}

enum err delivery_row_save(struct db *db, struct delivery_row *row)
{
    char before[READING_TEXT_SIZE];
    MUST(delivery_is_sound(&row->delivery));
    if (!reading_print(&row->delivery.before, before)) {
        return ERR_INTERNAL;
    }
    struct sql *sql = sql_begin(
        db, "UPDATE delivery SET version = version + 1, stage = ?3, sends = ?4, not_done = ?5,"
            " voided = ?6, quiet = ?7, beaten = ?8, hopeless = ?9, stopped = ?10,"
            " unknown_told = ?11, review_told = ?12, before = ?13, seq = ?14, order_number = ?15,"
            " customer = ?16, collector_id = ?17, epoch = ?18, command_id = ?19, void_id = ?20,"
            " work_try = ?21, first_sent_ms = ?22, quiet_until_ms = ?23,"
            " boot = ?24 WHERE order_no = ?1 AND version = ?2");
    sql_bind_text(sql, 1, row->order_no);
    sql_bind_i64(sql, 2, row->version);
    bind_machine(sql, &row->delivery);
    sql_bind_text(sql, 13, before);
    if (row->has_seq) {
        sql_bind_i64(sql, 14, row->seq);
    }
    sql_bind_text(sql, 15, row->order_number);
    sql_bind_text(sql, 16, row->customer);
    sql_bind_text(sql, 17, row->collector_id);
    sql_bind_i64(sql, 18, row->epoch);
    sql_bind_text(sql, 19, row->command_id);
    sql_bind_text(sql, 20, row->void_id);
    sql_bind_i64(sql, 21, row->work_try);
    if (row->has_first_sent) {
        sql_bind_i64(sql, 22, row->first_sent_ms);
    }
    sql_bind_i64(sql, 23, row->quiet_until_ms);
    sql_bind_text(sql, 24, row->boot);
    int64_t changed = 0;
    enum err err = sql_run_counted(sql, &changed);
    if (err == OK && changed != 1) {
        return ERR_CONFLICT;
    }
    row->version += err == OK ? 1 : 0;
    return err;
}

/* ---- frames ---- */

enum err delivery_frames_save(struct db *db, const char *order_no,
                              const struct delivery_frames *frames)
{
    char auth[AUTH_TEXT_SIZE];
    char hex[2 * BUS_FRAME_SIZE_MAX + 1];
    struct strbuf text;
    strbuf_init(&text, auth, sizeof(auth));
    for (size_t i = 0; i < frames->auth_count; i++) {
        const struct bus_frame *frame = &frames->auth[i];
        if (!hex_format(frame->bytes, frame->size, /* separator= */ 0, hex, sizeof(hex))) {
            return ERR_RANGE;
        }
        strbuf_addf(&text, "%s\n", hex);
    }
    MUST(!text.failed);
    struct sql *sql =
        sql_begin(db, "UPDATE delivery SET auth = ?2, frame = ?3 WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    sql_bind_text(sql, 2, auth);
    sql_bind_blob(sql, 3, frames->frame.bytes, frames->frame.size);
    return sql_run(sql);
}

/* One line of hex a frame. */
static bool auth_parse(const char *text, struct delivery_frames *frames)
{
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        if (end == NULL || frames->auth_count == BUS_AUTH_MAX) {
            return false;
        }
        struct bus_frame *frame = &frames->auth[frames->auth_count];
        if (!hex_parse(text, (size_t)(end - text), frame->bytes, sizeof(frame->bytes), &frame->size,
                       NULL)) {
            return false;
        }
        frames->auth_count += 1;
        text = end + 1;
    }
    return true;
}

enum err delivery_frames_load(struct db *db, const char *order_no,
                              struct delivery_frames *ret_frames)
{
    struct sql *sql =
        sql_begin(db, "SELECT auth, frame FROM delivery WHERE order_no = ?1 AND frame IS NOT NULL");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    memset(ret_frames, 0, sizeof(*ret_frames));
    size_t size = 0;
    const uint8_t *bytes = sql_blob(sql, 1, &size);
    if (size == 0 || size > sizeof(ret_frames->frame.bytes) ||
        !auth_parse(sql_text(sql, 0), ret_frames)) {
        err = ERR_CHECKSUM;
    } else {
        memcpy(ret_frames->frame.bytes, bytes, size);
        ret_frames->frame.size = size;
    }
    sql_end(sql);
    return err;
}
