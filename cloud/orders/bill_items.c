/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/bill_items.h"

#include "common/must.h"
#include "common/str.h"

enum { SWEEP_MAX = 64 /* read at once; of open credits the next turn comes within the hour */ };

#define PREFIX "BL"

bool bill_item_is(const char *document_no)
{
    return str_starts_with(document_no, PREFIX);
}

/* One item as it is stored. */
struct item {
    int64_t item_id;
    char document_no[ORDER_NUMBER_SIZE];
    int64_t bill_fen;
    int64_t our_fen;
    bool open;
    bool settled;
};

static enum err put_event(struct db *db, const struct item *item, const char *event,
                          const char *detail)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO bill_item_event (item_id, at, event, bill_fen, our_fen, detail)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    sql_bind_i64(sql, 1, item->item_id);
    sql_bind_i64(sql, 2, db_wall_s(db));
    sql_bind_text(sql, 3, event);
    sql_bind_i64(sql, 4, item->bill_fen);
    sql_bind_i64(sql, 5, item->our_fen);
    sql_bind_text(sql, 6, detail);
    return sql_run(sql);
}

static bool read_item(const struct sql *sql, struct item *ret_item)
{
    *ret_item = (struct item){.item_id = sql_i64(sql, 0),
                              .bill_fen = sql_i64(sql, 2),
                              .our_fen = sql_i64(sql, 3),
                              .open = sql_is_null(sql, 4),
                              .settled = sql_bool(sql, 5)};
    return sql_copy_text(sql, 1, ret_item->document_no, sizeof(ret_item->document_no));
}

static enum err read_only_item(struct sql *sql, struct item *ret_item)
{
    enum err err = sql_one(sql);
    if (err == OK && !read_item(sql, ret_item)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

static enum err find(struct db *db, const struct bill_items *items, const struct bill_found *found,
                     struct item *ret_item)
{
    struct sql *sql = sql_begin(db, "SELECT item_id, document_no, bill_fen, our_fen, closed_at,"
                                    " settled FROM bill_item WHERE channel = ?1 AND day = ?2"
                                    " AND finding = ?3 AND order_no = ?4");
    sql_bind_text(sql, 1, items->channel);
    sql_bind_text(sql, 2, items->day);
    sql_bind_text(sql, 3, found->finding);
    sql_bind_text(sql, 4, found->order_no);
    return read_only_item(sql, ret_item);
}

/* ---- opening ---- */

static enum err watch(struct db *db, const struct bill_items *items, const struct item *item)
{
    return job_put(items->orders->setup.jobs, db, JOB_REVIEW, item->document_no,
                   db_service_ms(db) + orders_timers(items->orders)->review_ms);
}

static int64_t due_at(struct db *db, const struct bill_items *items)
{
    return db_wall_s(db) + orders_timers(items->orders)->review_ms / 1000;
}

/* "BL20261120W000017": the day, the wallet (A, W) or the books (B), and the item. */
static enum err make_number(struct db *db, const struct bill_items *items,
                            char ret_number[ORDER_NUMBER_SIZE])
{
    struct sql *sql = sql_begin(db, "SELECT coalesce(max(item_id), 0) + 1 FROM bill_item");
    enum err err = sql_one(sql);
    if (err == OK && !str_format(ret_number, ORDER_NUMBER_SIZE, PREFIX "%.4s%.2s%.2s%c%06lld",
                                 items->since, items->since + 5, items->since + 8,
                                 items->channel[0] - 'a' + 'A', (long long)sql_i64(sql, 0))) {
        err = ERR_RANGE;
    }
    sql_end(sql);
    return err;
}

static enum err insert(struct db *db, const struct bill_items *items,
                       const struct bill_found *found, const char *document_no)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO bill_item (document_no, channel, day, finding, order_no, bill_fen,"
            " our_fen, version, seen, owner, opened_at, due_at, due_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 1, ?8, ?9, ?10, ?11)");
    sql_bind_text(sql, 1, document_no);
    sql_bind_text(sql, 2, items->channel);
    sql_bind_text(sql, 3, items->day);
    sql_bind_text(sql, 4, found->finding);
    sql_bind_text(sql, 5, found->order_no);
    sql_bind_i64(sql, 6, found->bill.fen);
    sql_bind_i64(sql, 7, found->ours.fen);
    sql_bind_text(sql, 8, found->owner);
    sql_bind_i64(sql, 9, db_wall_s(db));
    sql_bind_i64(sql, 10, due_at(db, items));
    sql_bind_i64(sql, 11, db_service_ms(db) + orders_timers(items->orders)->review_ms);
    return sql_run(sql);
}

static enum err open_new(struct db *db, const struct bill_items *items,
                         const struct bill_found *found)
{
    struct item item = {.bill_fen = found->bill.fen, .our_fen = found->ours.fen};
    enum err err = make_number(db, items, item.document_no);
    if (err == OK) {
        err = insert(db, items, found, item.document_no);
    }
    if (err != OK) {
        return err;
    }
    item.item_id = db_last_rowid(db);
    err = put_event(db, &item, "opened", "");
    return err == OK ? watch(db, items, &item) : err;
}

/* ---- found again ---- */

static enum err mark_seen(struct db *db, const struct item *item)
{
    struct sql *sql = sql_begin(db, "UPDATE bill_item SET seen = 1 WHERE item_id = ?1");
    sql_bind_i64(sql, 1, item->item_id);
    return sql_run(sql);
}

/* Other amounts make it another question; signatures for the old one do not count. */
static enum err change(struct db *db, const struct item *item)
{
    struct sql *sql = sql_begin(db, "UPDATE bill_item SET seen = 1, bill_fen = ?2, our_fen = ?3,"
                                    " version = version + 1 WHERE item_id = ?1");
    sql_bind_i64(sql, 1, item->item_id);
    sql_bind_i64(sql, 2, item->bill_fen);
    sql_bind_i64(sql, 3, item->our_fen);
    enum err err = sql_run(sql);
    return err == OK ? put_event(db, item, "changed", "") : err;
}

static enum err reopen(struct db *db, const struct bill_items *items, const struct item *item)
{
    struct sql *sql = sql_begin(
        db, "UPDATE bill_item SET seen = 1, bill_fen = ?2, our_fen = ?3, version = version + 1,"
            " closed_at = NULL, settled = 0, outcome = '', overdue = 0, opened_at = ?4,"
            " due_at = ?5, due_ms = ?6 WHERE item_id = ?1");
    sql_bind_i64(sql, 1, item->item_id);
    sql_bind_i64(sql, 2, item->bill_fen);
    sql_bind_i64(sql, 3, item->our_fen);
    sql_bind_i64(sql, 4, db_wall_s(db));
    sql_bind_i64(sql, 5, due_at(db, items));
    sql_bind_i64(sql, 6, db_service_ms(db) + orders_timers(items->orders)->review_ms);
    enum err err = sql_run(sql);
    if (err == OK) {
        err = put_event(db, item, "reopened", "");
    }
    return err == OK ? watch(db, items, item) : err;
}

static enum err take_one(struct db *db, const struct bill_items *items,
                         const struct bill_found *found)
{
    struct item item = {0};
    enum err err = find(db, items, found, &item);
    if (err == ERR_NOT_FOUND) {
        return open_new(db, items, found);
    }
    if (err != OK) {
        return err;
    }
    const bool same = item.bill_fen == found->bill.fen && item.our_fen == found->ours.fen;
    item.bill_fen = found->bill.fen;
    item.our_fen = found->ours.fen;
    if (same && (item.open || item.settled)) {
        return mark_seen(db, &item);
    }
    return item.open ? change(db, &item) : reopen(db, items, &item);
}

/* ---- closing ---- */

static enum err close_item(struct db *db, const struct item *item, bool settled,
                           const char *outcome)
{
    struct sql *sql = sql_begin(db, "UPDATE bill_item SET closed_at = ?2, settled = ?3,"
                                    " outcome = ?4 WHERE item_id = ?1");
    sql_bind_i64(sql, 1, item->item_id);
    sql_bind_i64(sql, 2, db_wall_s(db));
    sql_bind_bool(sql, 3, settled);
    sql_bind_text(sql, 4, outcome);
    enum err err = sql_run(sql);
    if (err == OK) {
        err = put_event(db, item, settled ? "settled" : "cleared", outcome);
    }
    return err == OK ? job_delete(db, JOB_REVIEW, item->document_no) : err;
}

/* The items are read before they are closed: closing changes what is being read. */
static enum err close_rows(struct db *db, struct sql *sql, const char *outcome, size_t *ret_count)
{
    struct item list[SWEEP_MAX];
    size_t count = 0;
    bool row = true;
    enum err err = OK;
    while (row && err == OK && count < SWEEP_MAX) {
        err = sql_next(sql, &row);
        if (err == OK && row && !read_item(sql, &list[count++])) {
            err = ERR_CHECKSUM;
        }
    }
    sql_end(sql);
    for (size_t i = 0; i < count && err == OK; i++) {
        err = close_item(db, &list[i], /* settled= */ false, outcome);
    }
    *ret_count = count;
    return err;
}

static enum err close_unseen(struct db *db, const struct bill_items *items)
{
    size_t count = SWEEP_MAX;
    enum err err = OK;
    while (count == SWEEP_MAX && err == OK) {
        struct sql *sql = sql_begin(
            db, "SELECT item_id, document_no, bill_fen, our_fen, closed_at, settled FROM bill_item"
                " WHERE channel = ?1 AND day = ?2 AND seen = 0 AND closed_at IS NULL");
        sql_bind_text(sql, 1, items->channel);
        sql_bind_text(sql, 2, items->day);
        err = close_rows(db, sql, items->gone, &count);
    }
    return err;
}

enum err bill_items_take(struct db *db, void *arg)
{
    const struct bill_items *items = arg;
    struct sql *sql =
        sql_begin(db, "UPDATE bill_item SET seen = 0 WHERE channel = ?1 AND day = ?2");
    sql_bind_text(sql, 1, items->channel);
    sql_bind_text(sql, 2, items->day);
    enum err err = items->gone != NULL ? sql_run(sql) : OK;
    for (size_t i = 0; i < items->count && err == OK; i++) {
        err = take_one(db, items, &items->found[i]);
    }
    return err == OK && items->gone != NULL ? close_unseen(db, items) : err;
}

enum err bill_items_sweep(struct db *db)
{
    size_t count = 0;
    struct sql *sql = sql_begin(
        db,
        "SELECT item_id, document_no, bill_fen, our_fen, closed_at, settled FROM bill_item i"
        " WHERE finding = 'CREDIT_OPEN' AND closed_at IS NULL AND NOT EXISTS (SELECT 1"
        " FROM pay_order o WHERE o.order_no = i.order_no AND o.state IN ('PAID', 'CREDITING'))");
    return close_rows(db, sql, "the order has ended", &count);
}

enum err bill_item_settle(struct db *db, const char *document_no, const char *actor)
{
    char outcome[160];
    struct item item = {0};
    struct sql *sql =
        sql_begin(db, "SELECT item_id, document_no, bill_fen, our_fen, closed_at, settled FROM"
                      " bill_item WHERE document_no = ?1 AND closed_at IS NULL");
    sql_bind_text(sql, 1, document_no);
    enum err err = read_only_item(sql, &item);
    str_format_cut(outcome, sizeof(outcome), "settled by %s", actor);
    return err == OK ? close_item(db, &item, /* settled= */ true, outcome) : err;
}

enum err bill_item_overdue(struct db *db, const char *document_no, bool *ret_open)
{
    struct item item = {0};
    struct sql *sql = sql_begin(
        db, "UPDATE bill_item SET overdue = 1 WHERE document_no = ?1 AND closed_at IS NULL"
            " RETURNING item_id, document_no, bill_fen, our_fen, closed_at, settled");
    sql_bind_text(sql, 1, document_no);
    enum err err = read_only_item(sql, &item);
    *ret_open = err == OK;
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    return err == OK ? put_event(db, &item, "overdue", "") : err;
}
