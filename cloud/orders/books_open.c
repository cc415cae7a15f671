/* SPDX-License-Identifier: Apache-2.0 */
/* What stands until somebody sees to it: relays, money in accounts that must come back to 0, and
 * cards whose meter is gone. */
#include "cloud/catalog/catalog.h"
#include "cloud/orders/books_work.h"
#include "common/must.h"
#include "common/str.h"
#include "core/relay/relay.h"

/* ---- relays ---- */

static void judge_relay(struct books_work *work, const struct sql *sql)
{
    enum books_finding finding = BOOKS_FINDING_COUNT;
    const char *read = sql_text(sql, 3); /* the newest of all readings; else the job's own */
    const bool none = read == NULL;
    const struct books_relay relay = {
        .want_closed = sql_i64(sql, 1) == RELAY_CLOSED,
        .want_open = sql_i64(sql, 1) == RELAY_OPEN,
        .read_closed = none ? sql_i64(sql, 2) == RELAY_CLOSED : str_equal(read, "closed"),
        .read_open = none ? sql_i64(sql, 2) == RELAY_OPEN : str_equal(read, "open"),
        .wanted_ms = sql_i64(sql, 4),
    };
    if (!relay.read_closed && !relay.read_open) {
        work->relays_unread += 1;
    } else if (relay.want_closed == relay.read_closed) {
        work->relays_equal += 1;
    }
    struct books_line *line =
        books_relay_judge(&relay, &finding) ? books_line_next(work, finding, BOOKS_NOTHING) : NULL;
    if (line != NULL) {
        str_format_cut(line->subject, sizeof(line->subject), "%s", sql_text(sql, 0));
    }
}

static enum err load_relays(struct db *db, struct books_work *work)
{
    struct sql *sql = sql_begin(db, "SELECT j.meter_id, j.want, j.seen, s.relay, ?1 - j.wanted_ms"
                                    " FROM relay_job j LEFT JOIN meter_state s USING (meter_id)"
                                    " WHERE j.want <> 0 ORDER BY j.meter_id");
    sql_bind_i64(sql, 1, db_service_ms(db));
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        judge_relay(work, sql);
    }
}

/* ---- clearing accounts ---- */

/* The columns of the list of what is held. */
enum { ACCOUNT, DOCUMENT, BALANCE, SINCE, CHANNEL, REVIEWED, BILL_ITEM };

static enum books_finding finding_of(const char *account)
{
    if (str_equal(account, "HELD")) {
        return BOOKS_HELD_OLD;
    }
    return str_equal(account, "REFPAY") ? BOOKS_REFPAY_OLD : BOOKS_SUSPENSE_OLD;
}

/* Somebody has it on his desk already: it is listed with that item. */
static void add_held(struct books_work *work, const struct sql *sql)
{
    const char *bill_item = sql_text(sql, BILL_ITEM);
    const bool reviewed = sql_bool(sql, REVIEWED);
    const enum books_reason reason = reviewed            ? BOOKS_REVIEW_ITEM
                                     : bill_item != NULL ? BOOKS_BILL_ITEM
                                                         : BOOKS_NOTHING;
    struct books_line *line = books_line_next(work, finding_of(sql_text(sql, ACCOUNT)), reason);
    if (line != NULL) {
        line->ours = money_fen(sql_i64(sql, BALANCE));
        str_format_cut(line->channel, sizeof(line->channel), "%s", sql_text(sql, CHANNEL));
        str_format_cut(line->subject, sizeof(line->subject), "%s", sql_text(sql, DOCUMENT));
        str_format_cut(line->item_no, sizeof(line->item_no), "%s",
                       reviewed            ? line->subject
                       : bill_item != NULL ? bill_item
                                           : "");
    }
}

static enum err load_held(struct db *db, struct books_work *work)
{
    struct sql *sql =
        sql_begin(db, "SELECT a.account, a.subject, -a.fen, coalesce((SELECT min(p.at) FROM leg l"
                      "   JOIN posting p USING (posting_id) WHERE l.account = a.account"
                      "   AND l.subject = a.subject), 0),"
                      "  coalesce(o.channel, s.channel, ''),"
                      "  EXISTS (SELECT 1 FROM review_item i WHERE i.document_no = a.subject"
                      "   AND i.closed_at IS NULL),"
                      "  (SELECT min(document_no) FROM bill_item i WHERE i.order_no ="
                      "   coalesce(s.seen_as, a.subject) AND i.channel IN ('alipay', 'wechat')"
                      "   AND i.closed_at IS NULL)"
                      " FROM account_sum a LEFT JOIN pay_order o ON o.order_no = a.subject"
                      "  LEFT JOIN stray s ON s.stray_no = a.subject"
                      " WHERE a.account IN ('HELD', 'REFPAY', 'SUSPENSE') AND a.fen <> 0"
                      " ORDER BY a.account, a.subject");
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        if (books_is_old(sql_i64(sql, SINCE), db_wall_s(db))) {
            add_held(work, sql);
        }
    }
}

/* ---- cards ---- */

enum { METER_AT = 9 /* of a token's record (protocol/card/record.h), counted from 1 */ };

/* Done, and never heard of from the meter that it was sold to, which is not there any more: whether
 * it had taken the value, only people can find out. */
static enum err load_exchanged(struct db *db, struct books_work *work)
{
    struct sql *sql = sql_begin(
        db, "SELECT t.document_no, t.amount_fen, o.channel FROM card_token t JOIN meter m USING"
            " (meter_id) JOIN delivery d ON d.order_no = t.document_no JOIN pay_order o ON"
            " o.order_no = t.document_no WHERE d.stage = 'DELIVERED' AND t.loaded_at IS NULL AND"
            " (m.sale_reason = ?2 OR hex(substr(t.record, ?1, length(m.address) / 2)) <> m.address)"
            " AND NOT EXISTS (SELECT 1 FROM card_return_case r WHERE r.order_no = t.document_no "
            "AND r.stage = 'REVERSED')"
            " ORDER BY t.document_no");
    sql_bind_i64(sql, 1, METER_AT);
    sql_bind_text(sql, 2, CATALOG_EXCHANGED);
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        struct books_line *line = books_line_next(work, BOOKS_CARD_EXCHANGED, BOOKS_NOTHING);
        if (line != NULL) {
            line->ours = money_fen(sql_i64(sql, 1));
            str_format_cut(line->channel, sizeof(line->channel), "%s", sql_text(sql, 2));
            str_format_cut(line->subject, sizeof(line->subject), "%s", sql_text(sql, 0));
        }
    }
}

enum err books_open_load(struct db *db, struct books_work *work)
{
    enum err err = load_relays(db, work);
    if (err == OK) {
        err = load_held(db, work);
    }
    return err == OK ? load_exchanged(db, work) : err;
}
