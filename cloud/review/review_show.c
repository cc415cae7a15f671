/* SPDX-License-Identifier: Apache-2.0 */
/* Open items and their documents as JSON, for the command line (and later the console). */
#include "cloud/orders/bill_items.h"
#include "cloud/orders/order_row.h"
#include "cloud/orders/refund_store.h"
#include "cloud/review/review.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { ROWS_MAX = 500 /* of one list: more is a fault that another tool must look at */ };

/* One row of a query as an object: column i under names[i]; numbers where is_number[i]. */
struct column {
    const char *name;
    bool is_number;
};

static json_t *row_json(const struct sql *sql, const struct column *columns, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        if (sql_is_null(sql, (int)i)) {
            json_put_null(object, columns[i].name);
        } else if (columns[i].is_number) {
            json_put_int(object, columns[i].name, sql_i64(sql, (int)i));
        } else {
            json_put_text(object, columns[i].name, sql_text(sql, (int)i));
        }
    }
    return object;
}

static enum err rows_json(struct sql *sql, const struct column *columns, size_t count,
                          json_t *array)
{
    bool row = true;
    for (size_t i = 0; i < ROWS_MAX; i++) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        MUST(json_array_append_new(array, row_json(sql, columns, count)) == 0);
    }
    return OK;
}

/* ---- the list ---- */

static const struct column LIST_COLUMNS[] = {
    {"document_no", false}, {"document", false},  {"reason", false},  {"owner", false},
    {"opened_at", true},    {"due_in_ms", true},  {"overdue", true},  {"state", false},
    {"amount_fen", true},   {"paid_fen", true},   {"channel", false}, {"trade_no", false},
    {"meter_id", false},    {"signatures", true},
};

static enum err add_documents(struct db *db, json_t *items)
{
    struct sql *sql = sql_begin(
        db, "SELECT i.document_no, i.document, i.reason, i.owner, i.opened_at, i.due_ms - ?1,"
            " i.overdue, coalesce(o.state, s.state), coalesce(o.amount_fen, s.amount_fen),"
            " coalesce(o.paid_fen, s.amount_fen), coalesce(o.channel, s.channel),"
            " coalesce(o.trade_no, s.trade_no), coalesce(o.meter_id, ''),"
            " (SELECT count(*) FROM review_signature g WHERE g.item_id = i.item_id)"
            " FROM review_item i LEFT JOIN pay_order o ON o.order_no = i.document_no"
            " LEFT JOIN stray s ON s.stray_no = i.document_no"
            " WHERE i.closed_at IS NULL ORDER BY i.item_id");
    sql_bind_i64(sql, 1, db_service_ms(db));
    return rows_json(sql, LIST_COLUMNS, ARRAY_COUNT(LIST_COLUMNS), items);
}

/* Differences between bills, meters and our books: the amount is ours, what was paid is the bill's
 * word. */
static enum err add_bill_items(struct db *db, json_t *items)
{
    struct sql *sql = sql_begin(
        db, "SELECT i.document_no, 'bill', trim(i.day || ' ' || i.order_no), i.owner, i.opened_at,"
            " i.due_ms - ?1, i.overdue, i.finding, i.our_fen, i.bill_fen, i.channel, '', '',"
            " (SELECT count(*) FROM bill_item_signature g WHERE g.item_id = i.item_id"
            "  AND g.version = i.version)"
            " FROM bill_item i WHERE i.closed_at IS NULL ORDER BY i.item_id");
    sql_bind_i64(sql, 1, db_service_ms(db));
    return rows_json(sql, LIST_COLUMNS, ARRAY_COUNT(LIST_COLUMNS), items);
}

enum err review_list(struct db *db, json_t **ret_json)
{
    json_t *json = json_object();
    json_t *items = json_array();
    json_put(json, "items", items);
    enum err err = add_documents(db, items);
    if (err == OK) {
        err = add_bill_items(db, items);
    }
    if (err != OK) {
        json_decref(json);
        return err;
    }
    *ret_json = json;
    return OK;
}

/* ---- alarms ---- */

enum err review_alarms(struct db *db, json_t **ret_json)
{
    static const struct column COLUMNS[] = {
        {"kind", false}, {"subject", false}, {"text", false},   {"owner", false},
        {"count", true}, {"first_at", true}, {"last_at", true},
    };
    json_t *json = json_object();
    json_t *alarms = json_array();
    json_put(json, "alarms", alarms);
    enum err err =
        rows_json(sql_begin(db, "SELECT kind, subject, text, owner, count, first_at, last_at"
                                " FROM alarm WHERE ended_at IS NULL ORDER BY last_at DESC"),
                  COLUMNS, ARRAY_COUNT(COLUMNS), alarms);
    if (err != OK) {
        json_decref(json);
        return err;
    }
    *ret_json = json;
    return OK;
}

/* ---- one document ---- */

static enum err add_rows(struct db *db, json_t *json, const char *name, struct sql *sql,
                         const char *document_no)
{
    static const struct column COLUMNS[] = {
        {"at", true}, {"what", false}, {"from", false}, {"to", false}, {"detail", false}};
    json_t *array = json_array();
    (void)db;
    sql_bind_text(sql, 1, document_no);
    json_put(json, name, array);
    return rows_json(sql, COLUMNS, ARRAY_COUNT(COLUMNS), array);
}

/*
 * What persons brought, and who signed. @p signatures_sql has the document's number as ?1; a string
 * literal, as sql_begin() wants.
 */
static enum err add_attached_and_signed(struct db *db, json_t *json, const char *document_no,
                                        const char *signatures_sql)
{
    enum err err = add_rows(db, json, "attached",
                            sql_begin(db, "SELECT at, kind, person, '', text FROM review_evidence"
                                          " WHERE document_no = ?1 ORDER BY evidence_id"),
                            document_no);
    return err == OK ? add_rows(db, json, "signatures", sql_begin(db, signatures_sql), document_no)
                     : err;
}

static enum err add_history(struct db *db, json_t *json, const char *document_no)
{
    enum err err = add_rows(
        db, json, "events",
        sql_begin(db, "SELECT at, event, from_state, to_state, CASE WHEN amount_fen > 0 THEN"
                      " amount_fen || ' fen ' || trade_no ELSE actor END FROM pay_event"
                      " WHERE order_no = ?1 ORDER BY seq"),
        document_no);
    if (err == OK) {
        err = add_rows(db, json, "delivery",
                       sql_begin(db, "SELECT at, event, from_stage, to_stage, detail FROM"
                                     " delivery_event WHERE order_no = ?1 ORDER BY seq"),
                       document_no);
    }
    if (err == OK) {
        err = add_rows(db, json, "provider",
                       sql_begin(db, "SELECT received_at, source, channel, verdict, '' FROM"
                                     " pay_inbox WHERE document_no = ?1 ORDER BY inbox_id"),
                       document_no);
    }
    return err == OK ? add_attached_and_signed(
                           db, json, document_no,
                           "SELECT g.given_at, g.decision, g.person, '', g.version FROM"
                           " review_signature g JOIN review_item i USING (item_id)"
                           " WHERE i.document_no = ?1 ORDER BY g.signature_id")
                     : err;
}

/* What is allowed now, and why the rest is not. */
static enum err add_decisions(struct db *db, json_t *json, const struct order_row *row)
{
    struct review_facts facts;
    enum err err = review_facts_load(db, row->order_no, &facts);
    if (err != OK) {
        return err;
    }
    json_t *decisions = json_object();
    for (int i = 0; i < REVIEW_DECISION_COUNT; i++) {
        const enum review_decision decision = (enum review_decision)i;
        json_put_text(decisions, review_decision_name(decision),
                      review_refusal_name(review_permit(&row->order, decision, &facts)));
    }
    json_put(json, "decisions", decisions);
    return OK;
}

static void add_flags(json_t *json, uint32_t flags)
{
    json_t *object = json_object();
    for (uint32_t flag = 1; flag <= ORDER_FLAGS_ALL; flag <<= 1U) {
        if (order_flag_name(flag) != NULL) {
            json_put_flag(object, order_flag_name(flag), (flags & flag) != 0);
        }
    }
    json_put(json, "flags", object);
}

static enum err add_order(struct db *db, json_t *json, const char *order_no)
{
    struct order_row row;
    enum err err = order_row_load(db, order_no, &row);
    if (err != OK) {
        return err;
    }
    json_put_text(json, "state", order_state_name(row.order.state));
    json_put_int(json, "version", row.version);
    json_put_int(json, "amount_fen", row.order.amount.fen);
    json_put_int(json, "paid_fen", row.order.paid.fen);
    json_put_text(json, "channel", pay_wallet_name(row.wallet));
    json_put_text(json, "trade_no", row.order.trade_no);
    json_put_text(json, "meter_id", row.meter_id);
    json_put_text(json, "kind", delivery_kind_name(row.kind));
    add_flags(json, row.order.flags);
    return add_decisions(db, json, &row);
}

/* ---- a difference between a bill and our books ---- */

static enum err add_bill_item(struct db *db, json_t *json, const char *document_no)
{
    static const struct column COLUMNS[] = {
        {"channel", false}, {"day", false},      {"finding", false}, {"order_no", false},
        {"bill_fen", true}, {"our_fen", true},   {"version", true},  {"owner", false},
        {"due_at", true},   {"closed_at", true}, {"outcome", false},
    };
    json_t *items = json_array();
    json_put(json, "item", items);
    struct sql *sql = sql_begin(db, "SELECT channel, day, finding, order_no, bill_fen, our_fen,"
                                    " version, owner, due_at, closed_at, outcome FROM bill_item"
                                    " WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = rows_json(sql, COLUMNS, ARRAY_COUNT(COLUMNS), items);
    return err == OK && json_array_size(items) == 0 ? ERR_NOT_FOUND : err;
}

static enum err show_bill_item(struct db *db, json_t *json, const char *document_no)
{
    enum err err = add_bill_item(db, json, document_no);
    if (err == OK) {
        err = add_rows(
            db, json, "events",
            sql_begin(db, "SELECT e.at, e.event, e.bill_fen || CASE i.finding WHEN"
                          " 'METER_COUNT' THEN ' purchases' ELSE ' fen' END, e.our_fen ||"
                          " CASE i.finding WHEN 'METER_COUNT' THEN ' purchases' ELSE ' fen'"
                          " END, e.detail FROM bill_item_event e JOIN bill_item i USING (item_id)"
                          " WHERE i.document_no = ?1 ORDER BY e.event_id"),
            document_no);
    }
    return err == OK ? add_attached_and_signed(
                           db, json, document_no,
                           "SELECT g.given_at, g.decision, g.person, '', g.version FROM"
                           " bill_item_signature g JOIN bill_item i USING (item_id)"
                           " WHERE i.document_no = ?1 ORDER BY g.signature_id")
                     : err;
}

static enum err show_document(struct db *db, json_t *json, const char *document_no)
{
    enum err err = OK;
    if (!refund_is_stray(document_no)) {
        err = add_order(db, json, document_no);
    }
    return err == OK ? add_history(db, json, document_no) : err;
}

enum err review_show(struct db *db, const char *document_no, json_t **ret_json)
{
    json_t *json = json_object();
    json_put_text(json, "document_no", document_no);
    enum err err = bill_item_is(document_no) ? show_bill_item(db, json, document_no)
                                             : show_document(db, json, document_no);
    if (err != OK) {
        json_decref(json);
        return err;
    }
    *ret_json = json;
    return OK;
}
