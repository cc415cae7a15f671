/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of a day, kept: the sums, every line with what explains it, and what nothing explains
 * as items. Findings of a day and those that stand are two sets of items, so that what stands is
 * one item however many days it stands.
 */
#include <stdlib.h>

#include "cloud/orders/alarm.h"
#include "cloud/orders/bill_items.h"
#include "cloud/orders/books_work.h"
#include "common/must.h"
#include "common/str.h"

#define GONE "added up again: it is explained, or gone"

/* ---- items ---- */

static size_t collect(const struct books_work *work, bool of_day, struct bill_found *found)
{
    size_t count = 0;
    for (size_t i = 0; i < work->line_count; i++) {
        const struct books_line *line = &work->lines[i];
        if (line->reason == BOOKS_NOTHING && books_is_of_day(line->finding) == of_day) {
            found[count] = (struct bill_found){
                .finding = books_finding_name(line->finding),
                .owner = books_is_for_site(line->finding) ? BILL_ITEMS_SITE : BILL_ITEMS_BOOKKEEPER,
                .bill = line->theirs,
                .ours = line->ours};
            str_format_cut(found[count].order_no, PAY_TRADE_NO_SIZE, "%s", line->subject);
            count += 1;
        }
    }
    return count;
}

/* Without every bill, or with more than fits, nothing can be said of what was not found. */
static enum err take_items(struct db *db, const struct books_work *work, bool of_day)
{
    const bool sure = !work->dropped && (work->judged || !of_day);
    struct bill_found *found = calloc(work->line_count + 1, sizeof(*found));
    if (found == NULL) {
        return ERR_MEMORY;
    }
    struct bill_items items = {.orders = work->orders,
                               .channel = BILL_ITEMS_BOOKS,
                               .day = of_day ? work->day : "",
                               .since = work->day,
                               .found = found,
                               .count = collect(work, of_day, found),
                               .gone = sure ? GONE : NULL};
    enum err err = bill_items_take(db, &items);
    free(found);
    return err;
}

/* ---- lines ---- */

static struct sql *bind_line(struct sql *sql, const struct books_work *work,
                             const struct books_line *line)
{
    sql_bind_text(sql, 1, work->day);
    sql_bind_text(sql, 2, books_finding_name(line->finding));
    sql_bind_text(sql, 3, line->subject);
    return sql;
}

/* The number of the item that was made of a line. */
static enum err find_item(struct db *db, const struct books_work *work, struct books_line *line)
{
    struct sql *sql =
        bind_line(sql_begin(db, "SELECT document_no FROM bill_item WHERE channel = 'books'"
                                " AND day IN (?1, '') AND finding = ?2 AND order_no = ?3"),
                  work, line);
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, line->item_no, sizeof(line->item_no))) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

static enum err put_line(struct db *db, const struct books_work *work,
                         const struct books_line *line)
{
    struct sql *sql = bind_line(
        sql_begin(db, "INSERT INTO books_line (day, finding, subject, channel, theirs, ours,"
                      " reason, item_no) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
        work, line);
    sql_bind_text(sql, 4, line->channel);
    sql_bind_i64(sql, 5, line->theirs.fen);
    sql_bind_i64(sql, 6, line->ours.fen);
    sql_bind_text(sql, 7, books_reason_name(line->reason));
    sql_bind_text(sql, 8, line->item_no);
    return sql_run(sql);
}

static enum err keep_line(struct db *db, const struct books_work *work, struct books_line *line)
{
    enum err err = OK;
    if (line->reason == BOOKS_NOTHING) {
        err = find_item(db, work, line);
        if (err == OK) {
            err = alarm_raise(db, books_finding_name(line->finding), line->subject, work->day);
        }
    }
    return err == OK ? put_line(db, work, line) : err;
}

static enum err keep_lines(struct db *db, struct books_work *work)
{
    struct sql *sql = sql_begin(db, "DELETE FROM books_line WHERE day = ?1");
    sql_bind_text(sql, 1, work->day);
    enum err err = sql_run(sql);
    for (size_t i = 0; i < work->line_count && err == OK; i++) {
        err = keep_line(db, work, &work->lines[i]);
    }
    return err;
}

/* ---- sums ---- */

static enum err keep_sums(struct db *db, const struct books_work *work)
{
    const struct books_sums *sums = &work->sums;
    const int64_t numbers[] = {
        sums->bill_paid.fen,
        sums->bill_refunded.fen,
        sums->held.fen,
        sums->refpay.fen,
        sums->suspense.fen,
        sums->cust.fen,
        sums->meter.fen,
        sums->card.fen,
        sums->loss.fen,
        sums->bank.fen,
        work->meters[BOOKS_EQUAL],
        work->meters[BOOKS_OPEN],
        work->meters[BOOKS_UNSEEN],
        work->relays_equal,
        work->relays_unread,
    };
    struct sql *sql = sql_begin(
        db, "INSERT INTO books_day (day, ran_at, judged, whole, bill_paid_fen, bill_refunded_fen,"
            " held_fen, refpay_fen, suspense_fen, cust_fen, meter_fen, card_fen, loss_fen,"
            " bank_fen, meters_equal, meters_open, meters_unseen, relays_equal, relays_unread)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19) ON CONFLICT (day) DO UPDATE SET ran_at = ?2, judged = ?3, whole = ?4,"
            " bill_paid_fen = ?5, bill_refunded_fen = ?6, held_fen = ?7, refpay_fen = ?8,"
            " suspense_fen = ?9, cust_fen = ?10, meter_fen = ?11, card_fen = ?12, loss_fen = ?13,"
            " bank_fen = ?14, meters_equal = ?15, meters_open = ?16, meters_unseen = ?17,"
            " relays_equal = ?18, relays_unread = ?19");
    sql_bind_text(sql, 1, work->day);
    sql_bind_i64(sql, 2, db_wall_s(db));
    sql_bind_bool(sql, 3, work->judged);
    sql_bind_bool(sql, 4, !work->dropped);
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        sql_bind_i64(sql, (int)i + 5, numbers[i]);
    }
    return sql_run(sql);
}

enum err books_keep(struct db *db, void *arg)
{
    struct books_work *work = arg;
    enum err err = take_items(db, work, /* of_day= */ true);
    if (err == OK) {
        err = take_items(db, work, /* of_day= */ false);
    }
    if (err == OK) {
        err = keep_sums(db, work);
    }
    return err == OK ? keep_lines(db, work) : err;
}
