/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters that keep their own balance: from the last look before the day (or the first one in it)
 * to the last look of the day, the purchase count and the total bought must have risen by what we
 * delivered in between. A look is a reading that a delivery took, or one by schedule if the
 * meter's profile reads that item. A meter at which nobody looked says nothing.
 */
#include "cloud/catalog/decimal.h"
#include "cloud/orders/books_work.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"

enum { DAY_S = 86400 };

/* A meter and one of the two numbers that it says. */
struct asked {
    char meter_id[API_ID_SIZE];
    bool total;     /* its total bought in fen; else its purchases */
    bool scheduled; /* it is read by schedule, too */
};

/* A look, with room for what it borrows. */
struct seen {
    struct books_look look;
    char order_no[ORDER_NUMBER_SIZE];
};

/* From when to when, and which one of them. */
struct span {
    int64_t from_at;
    int64_t to_at;
    bool newest; /* else the oldest */
};

/* ---- looks ---- */

static struct sql *bind_span(struct sql *sql, const struct asked *asked, const struct span *span,
                             const char *path)
{
    sql_bind_text(sql, 1, asked->meter_id);
    sql_bind_i64(sql, 2, span->from_at);
    sql_bind_i64(sql, 3, span->to_at);
    sql_bind_text(sql, 4, path);
    return sql;
}

static bool read_journal(const struct sql *sql, struct seen *seen)
{
    const bool before = str_equal(sql_text(sql, 2), "assign");
    const bool proved = str_equal(sql_text(sql, 3), "DELIVERED");
    seen->look = (struct books_look){
        .there = sql_i64(sql, 4) >= 0,
        .at = sql_i64(sql, 0),
        .moment = before   ? BOOKS_BEFORE_IT
                  : proved ? BOOKS_PROVED_IT
                           : BOOKS_WHILE_IT,
        .value = sql_i64(sql, 4),
    };
    return sql_copy_text(sql, 1, seen->order_no, sizeof(seen->order_no));
}

/* The readings that deliveries took. */
static enum err look_in_journal(struct db *db, const struct asked *asked, const struct span *span,
                                struct seen *seen)
{
    const char *path = asked->total ? "$.reading.total_fen" : "$.reading.count";
    struct sql *sql =
        span->newest ? sql_begin(db, "SELECT e.at, e.order_no, e.event, e.to_stage,"
                                     " json_extract(e.detail, ?4) AS value FROM delivery d"
                                     " JOIN delivery_event e USING (order_no) WHERE d.meter_id = ?1"
                                     " AND e.at >= ?2 AND e.at < ?3 AND value IS NOT NULL"
                                     " ORDER BY e.at DESC, e.order_no DESC, e.seq DESC LIMIT 1")
                     : sql_begin(db, "SELECT e.at, e.order_no, e.event, e.to_stage,"
                                     " json_extract(e.detail, ?4) AS value FROM delivery d"
                                     " JOIN delivery_event e USING (order_no) WHERE d.meter_id = ?1"
                                     " AND e.at >= ?2 AND e.at < ?3 AND value IS NOT NULL"
                                     " ORDER BY e.at, e.order_no, e.seq LIMIT 1");
    enum err err = sql_one(bind_span(sql, asked, span, path));
    if (err == OK && !read_journal(sql, seen)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static bool read_value(const char *text, bool total, int64_t *ret_value)
{
    uint32_t count = 0;
    if (text == NULL) {
        return false;
    }
    if (total) {
        return decimal_parse_fen(text, ret_value) && *ret_value >= 0;
    }
    if (!parse_u32(text, UINT32_MAX, &count)) {
        return false;
    }
    *ret_value = count;
    return true;
}

/* The readings by schedule; one that cannot be read is no look. */
static enum err look_in_readings(struct db *db, const struct asked *asked, const struct span *span,
                                 struct seen *seen)
{
    const char *path = asked->total ? "$.\"03330601\"" : "$.\"03330201\"";
    struct sql *sql =
        span->newest ? sql_begin(db, "SELECT read_at, json_extract(vals, ?4) AS value FROM reading"
                                     " WHERE meter_id = ?1 AND read_at >= ?2 AND read_at < ?3"
                                     " AND value IS NOT NULL ORDER BY read_at DESC LIMIT 1")
                     : sql_begin(db, "SELECT read_at, json_extract(vals, ?4) AS value FROM reading"
                                     " WHERE meter_id = ?1 AND read_at >= ?2 AND read_at < ?3"
                                     " AND value IS NOT NULL ORDER BY read_at LIMIT 1");
    enum err err = sql_one(bind_span(sql, asked, span, path));
    int64_t value = 0;
    if (err == OK && read_value(sql_text(sql, 1), asked->total, &value)) {
        seen->look = (struct books_look){.there = true, .at = sql_i64(sql, 0), .value = value};
        seen->order_no[0] = '\0';
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The newest or oldest look of a span; .there is false if there is none. */
static enum err look(struct db *db, const struct asked *asked, const struct span *span,
                     struct seen *ret_seen)
{
    struct seen scheduled = {.order_no = ""};
    *ret_seen = (struct seen){.order_no = ""};
    enum err err = look_in_journal(db, asked, span, ret_seen);
    if (err == OK && asked->scheduled) {
        err = look_in_readings(db, asked, span, &scheduled);
    }
    const bool better =
        scheduled.look.there &&
        (!ret_seen->look.there || (span->newest ? scheduled.look.at > ret_seen->look.at
                                                : scheduled.look.at < ret_seen->look.at));
    if (better) {
        *ret_seen = scheduled;
    }
    ret_seen->look.order_no = ret_seen->order_no;
    return err;
}

/* ---- deliveries ---- */

static enum err add_deliveries(struct db *db, const struct asked *asked, struct books_meter *meter,
                               bool *ret_good)
{
    struct sql *sql = sql_begin(
        db, "SELECT order_no, CASE WHEN ?2 THEN amount_fen ELSE 1 END, stage = 'DELIVERED',"
            " coalesce((SELECT min(at) FROM delivery_event e WHERE e.order_no = d.order_no"
            "  AND e.event = 'assign'), 0),"
            " coalesce((SELECT min(at) FROM delivery_event e WHERE e.order_no = d.order_no"
            "  AND e.to_stage = 'DELIVERED'), 0)"
            " FROM delivery d WHERE meter_id = ?1"
            " AND stage IN ('ASSIGNED', 'SENT', 'UNKNOWN', 'FENCING', 'DELIVERED')");
    sql_bind_text(sql, 1, asked->meter_id);
    sql_bind_bool(sql, 2, asked->total);
    bool row = true;
    *ret_good = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        const struct books_delivery delivery = {.order_no = sql_text(sql, 0),
                                                .value = sql_i64(sql, 1),
                                                .done = sql_bool(sql, 2),
                                                .assigned_at = sql_i64(sql, 3),
                                                .done_at = sql_i64(sql, 4)};
        *ret_good = *ret_good && books_meter_add(meter, &delivery);
    }
}

static void add_line(struct books_work *work, const struct asked *asked,
                     const struct books_meter *meter, int64_t rise, enum books_reason reason)
{
    struct books_line *line =
        books_line_next(work, asked->total ? BOOKS_METER_TOTAL : BOOKS_METER_COUNT, reason);
    if (line != NULL) {
        line->theirs = money_fen(rise);
        line->ours = money_fen(meter->sure);
        str_format_cut(line->subject, sizeof(line->subject), "%s", asked->meter_id);
    }
}

/* One number of one meter. */
static enum err judge(struct db *db, struct books_work *work, const struct asked *asked,
                      enum books_verdict *ret_verdict)
{
    struct seen first;
    struct seen last;
    const struct span day = {work->begins_at, work->begins_at + DAY_S, true};
    const struct span before = {0, work->begins_at, true};
    const struct span oldest = {work->begins_at, work->begins_at + DAY_S, false};
    enum err err = look(db, asked, &day, &last);
    *ret_verdict = BOOKS_UNSEEN;
    if (err != OK || !last.look.there) {
        return err;
    }
    err = look(db, asked, &before, &first);
    if (err == OK && !first.look.there) {
        err = look(db, asked, &oldest, &first);
    }
    if (err != OK) {
        return err;
    }
    struct books_meter meter = {.first = first.look, .last = last.look};
    meter.first.order_no = first.order_no;
    meter.last.order_no = last.order_no;
    bool good = false;
    int64_t rise = 0;
    err = add_deliveries(db, asked, &meter, &good);
    const enum books_verdict verdict = books_meter_judge(&meter, &rise);
    *ret_verdict = good ? verdict : BOOKS_DIFFERS;
    if (err == OK && *ret_verdict != BOOKS_EQUAL) {
        add_line(work, asked, &meter, rise,
                 *ret_verdict == BOOKS_OPEN ? BOOKS_ON_ITS_WAY : BOOKS_NOTHING);
    }
    return err;
}

/* The columns of the list of meters. */
enum { METER, COUNTS, COUNT_READ, TOTALS, TOTAL_READ };

static enum err judge_meter(struct db *db, struct books_work *work, const struct sql *sql)
{
    struct asked asked = {.scheduled = sql_bool(sql, COUNT_READ)};
    enum books_verdict verdicts[] = {BOOKS_UNSEEN, BOOKS_UNSEEN};
    if (!sql_copy_text(sql, METER, asked.meter_id, sizeof(asked.meter_id))) {
        return ERR_CHECKSUM;
    }
    enum err err = sql_bool(sql, COUNTS) ? judge(db, work, &asked, &verdicts[0]) : OK;
    asked.total = true;
    asked.scheduled = sql_bool(sql, TOTAL_READ);
    if (err == OK && sql_bool(sql, TOTALS)) {
        err = judge(db, work, &asked, &verdicts[1]);
    }
    work->meters[verdicts[0] > verdicts[1] ? verdicts[0] : verdicts[1]] += 1; /* the worse one */
    return err;
}

enum err books_meters_load(struct db *db, struct books_work *work)
{
    struct sql *sql = sql_begin(
        db, "SELECT m.meter_id, p.kind = 'count', instr(p.items, '03330201') > 0, p.total_bought,"
            " instr(p.items, '03330601') > 0 FROM meter m JOIN meter_profile p USING (profile_id)"
            " WHERE p.kind IN ('count', 'order') ORDER BY m.meter_id");
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err == OK && row) {
            err = judge_meter(db, work, sql);
        }
        if (err != OK || !row) {
            return err;
        }
    }
}
