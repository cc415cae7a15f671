/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit query: each rule is one statement that finds what breaks it, so an empty answer is the
 * proof. Replay is the one rule that SQL cannot say.
 */
#include "cloud/review/audit.h"

#include "cloud/review/replay.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { FINDINGS_MAX = 200 };

struct audit {
    struct db *db;
    json_t *findings;
};

static void find(struct audit *audit, const char *what, const char *subject, const char *detail)
{
    if (json_array_size(audit->findings) >= FINDINGS_MAX) {
        return;
    }
    json_t *finding = json_object();
    json_put_text(finding, "what", what);
    json_put_text(finding, "subject", subject);
    json_put_text(finding, "detail", detail);
    MUST(json_array_append_new(audit->findings, finding) == 0);
}

/* Every row of @p sql (subject, detail) is a finding. */
static enum err find_rows(struct audit *audit, const char *what, struct sql *sql)
{
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        find(audit, what, sql_text(sql, 0), sql_text(sql, 1));
    }
}

static enum err check_postings(struct audit *audit)
{
    return find_rows(audit, "posting_unbalanced",
                     sql_begin(audit->db,
                               "SELECT p.document_no || '/' || p.step, sum(l.fen) || ' fen'"
                               " FROM posting p LEFT JOIN leg l USING (posting_id)"
                               " GROUP BY p.posting_id HAVING coalesce(sum(l.fen), 1) <> 0"));
}

static enum err check_sums(struct audit *audit)
{
    return find_rows(
        audit, "sum_wrong",
        sql_begin(audit->db,
                  "SELECT t.account || '.' || t.subject, 'legs ' || t.legs || ', kept ' || t.kept"
                  " FROM (SELECT account, subject, sum(legs) AS legs, sum(kept) AS kept FROM"
                  " (SELECT account, subject, fen AS legs, 0 AS kept FROM leg UNION ALL"
                  "  SELECT account, subject, 0, fen FROM account_sum)"
                  " GROUP BY account, subject) t WHERE t.legs <> t.kept"));
}

/* HELD and REFPAY belong to orders that are not final; SUSPENSE also to strays. */
static enum err check_clearing(struct audit *audit)
{
    return find_rows(
        audit, "clearing_unexplained",
        sql_begin(audit->db,
                  "SELECT a.account || '.' || a.subject, a.fen || ' fen' FROM account_sum a"
                  " WHERE a.account IN ('HELD', 'REFPAY', 'SUSPENSE') AND a.fen <> 0"
                  " AND NOT EXISTS (SELECT 1 FROM pay_order o WHERE o.order_no = a.subject"
                  "  AND o.state NOT IN ('DONE', 'CLOSED', 'REFUNDED'))"
                  " AND NOT EXISTS (SELECT 1 FROM stray s WHERE s.stray_no = a.subject"
                  "  AND s.state <> 'REFUNDED')"));
}

/* Who is credited was paid; who is done is credited; nobody is credited and paid back by us. */
static enum err check_fates(struct audit *audit)
{
    enum err err = find_rows(
        audit, "credited_not_done",
        sql_begin(audit->db, "SELECT o.order_no, o.state FROM pay_order o WHERE (o.state = 'DONE')"
                             " <> EXISTS (SELECT 1 FROM posting p WHERE p.document_no = o.order_no"
                             " AND p.step IN ('credit_cust', 'credit_meter', 'credit_card'))"));
    if (err == OK) {
        err = find_rows(audit, "credited_and_refunded",
                        sql_begin(audit->db,
                                  "SELECT p.document_no, q.step FROM posting p JOIN posting q"
                                  " ON q.document_no = p.document_no AND q.step IN ('refund',"
                                  " 'refund_from_held', 'repay', 'repay_from_held')"
                                  " WHERE p.step IN ('credit_cust', 'credit_meter',"
                                  " 'credit_card')"));
    }
    return err;
}

static enum err check_reservations(struct audit *audit)
{
    return find_rows(
        audit, "reservation_wrong",
        sql_begin(audit->db,
                  "SELECT r.order_no, r.state || ' while ' || o.state FROM reservation r"
                  " JOIN pay_order o USING (order_no) WHERE r.state <> CASE o.state"
                  " WHEN 'DONE' THEN 'posted' WHEN 'REFUND_DUE' THEN 'void'"
                  " WHEN 'REFUNDING' THEN 'void' WHEN 'REFUNDED' THEN 'void' ELSE r.state END"));
}

/* ---- replay ---- */

static bool is_same_order(const struct order *a, const struct order *b)
{
    return a->state == b->state && a->flags == b->flags && a->money == b->money &&
           a->paid.fen == b->paid.fen && str_equal(a->trade_no, b->trade_no) &&
           a->credit_started == b->credit_started && a->not_credited == b->not_credited &&
           a->refund_numbered == b->refund_numbered && a->qr_dead == b->qr_dead &&
           a->precreate_open == b->precreate_open;
}

static bool is_same_delivery(const struct delivery *a, const struct delivery *b)
{
    return a->stage == b->stage && a->sends == b->sends && a->not_done == b->not_done &&
           a->voided == b->voided && a->quiet == b->quiet && a->beaten == b->beaten &&
           a->hopeless == b->hopeless && a->stopped == b->stopped &&
           a->unknown_told == b->unknown_told && a->review_told == b->review_told;
}

static enum err replay_one(struct audit *audit, const char *order_no)
{
    struct order_row row;
    struct order order;
    struct delivery_row delivery_row;
    struct delivery delivery;
    enum err err = order_row_load(audit->db, order_no, &row);
    if (err == OK) {
        err = replay_order(audit->db, &row, &order);
    }
    if (err == OK && !is_same_order(&order, &row.order)) {
        find(audit, "order_not_its_events", order_no, order_state_name(order.state));
    }
    if (err == OK) {
        err = delivery_row_load(audit->db, order_no, &delivery_row);
    }
    if (err == OK) {
        err = replay_delivery(audit->db, &delivery_row, &delivery);
    }
    if (err == OK && !is_same_delivery(&delivery, &delivery_row.delivery)) {
        find(audit, "delivery_not_its_events", order_no, delivery_stage_name(delivery.stage));
    }
    if (err == ERR_CHECKSUM) {
        find(audit, "row_unreadable", order_no, "");
        return OK;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err check_replay(struct audit *audit)
{
    struct sql *sql = sql_begin(audit->db, "SELECT order_no FROM pay_order ORDER BY created_ms");
    bool row = true;
    for (;;) {
        char order_no[ORDER_NUMBER_SIZE];
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        if (!sql_copy_text(sql, 0, order_no, sizeof(order_no))) {
            return ERR_CHECKSUM;
        }
        err = replay_one(audit, order_no);
        if (err != OK) {
            return err;
        }
    }
}

/* ---- the summary ---- */

static enum err add_sums(struct db *db, json_t *json, const char *name, struct sql *sql)
{
    json_t *array = json_array();
    (void)db;
    json_put(json, name, array);
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        json_t *sum = json_object();
        json_put_text(sum, "account", sql_text(sql, 0));
        json_put_text(sum, "subject", sql_text(sql, 1));
        json_put_int(sum, "fen", sql_i64(sql, 2));
        MUST(json_array_append_new(array, sum) == 0);
    }
}

static enum err add_counts(struct db *db, json_t *json, const char *name, struct sql *sql)
{
    json_t *counts = json_object();
    (void)db;
    json_put(json, name, counts);
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        json_put_int(counts, sql_text(sql, 0), sql_i64(sql, 1));
    }
}

static enum err summarise(struct db *db, json_t *json)
{
    enum err err = add_sums(db, json, "accounts",
                            sql_begin(db, "SELECT account, '', sum(fen) FROM account_sum"
                                          " GROUP BY account ORDER BY account"));
    if (err == OK) {
        err = add_sums(db, json, "open",
                       sql_begin(db, "SELECT account, subject, fen FROM account_sum WHERE account"
                                     " IN ('HELD', 'REFPAY', 'SUSPENSE') AND fen <> 0"
                                     " ORDER BY account, subject"));
    }
    if (err == OK) {
        err = add_counts(
            db, json, "orders",
            sql_begin(db, "SELECT state, count(*) FROM pay_order GROUP BY state ORDER BY state"));
    }
    if (err == OK) {
        err = add_counts(db, json, "open_items",
                         sql_begin(db, "SELECT reason, count(*) FROM review_item"
                                       " WHERE closed_at IS NULL GROUP BY reason"));
    }
    return err;
}

enum err audit_books(struct db *db, json_t **ret_json)
{
    typedef enum err (*rule)(struct audit * audit);
    static const rule RULES[] = {check_postings, check_sums,         check_clearing,
                                 check_fates,    check_reservations, check_replay};
    json_t *json = json_object();
    struct audit audit = {.db = db, .findings = json_array()};
    json_put(json, "findings", audit.findings);
    enum err err = OK;
    for (size_t i = 0; i < ARRAY_COUNT(RULES) && err == OK; i++) {
        err = RULES[i](&audit);
    }
    if (err == OK) {
        err = summarise(db, json);
    }
    if (err != OK) {
        json_decref(json);
        return err;
    }
    *ret_json = json;
    return OK;
}
