/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/review_store.h"

#include "cloud/orders/alarm.h"

/* The owner of every open item until the console knows more roles. */
#define OWNER "site operator"

enum err review_open(struct orders *orders, struct db *db, const char *document,
                     const char *document_no, const char *reason)
{
    const int64_t due_ms = db_service_ms(db) + orders_timers(orders)->review_ms;
    struct sql *sql = sql_begin(
        db, "INSERT INTO review_item (document_no, document, reason, owner, opened_at, due_ms)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS"
            " (SELECT 1 FROM review_item WHERE document_no = ?1 AND closed_at IS NULL)");
    sql_bind_text(sql, 1, document_no);
    sql_bind_text(sql, 2, document);
    sql_bind_text(sql, 3, reason);
    sql_bind_text(sql, 4, OWNER);
    sql_bind_i64(sql, 5, db_wall_s(db));
    sql_bind_i64(sql, 6, due_ms);
    int64_t opened = 0;
    enum err err = sql_run_counted(sql, &opened);
    return err == OK && opened == 1
               ? job_put(orders->setup.jobs, db, JOB_REVIEW, document_no, due_ms)
               : err;
}

enum err review_close(struct db *db, const char *document_no, const char *outcome)
{
    struct sql *sql = sql_begin(db, "UPDATE review_item SET closed_at = ?2, outcome = ?3"
                                    " WHERE document_no = ?1 AND closed_at IS NULL");
    sql_bind_text(sql, 1, document_no);
    sql_bind_i64(sql, 2, db_wall_s(db));
    sql_bind_text(sql, 3, outcome);
    enum err err = sql_run(sql);
    return err == OK ? job_delete(db, JOB_REVIEW, document_no) : err;
}

enum err review_sign_machine(struct db *db, const char *document_no, enum review_decision decision,
                             int64_t version)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO review_signature (item_id, decision, person, version, given_ms, given_at)"
            " SELECT item_id, ?2, '', ?3, ?4, ?5 FROM review_item"
            " WHERE document_no = ?1 AND closed_at IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM review_signature s WHERE s.item_id = review_item.item_id"
            "  AND s.person = '' AND s.decision = ?2)");
    sql_bind_text(sql, 1, document_no);
    sql_bind_text(sql, 2, review_decision_name(decision));
    sql_bind_i64(sql, 3, version);
    sql_bind_i64(sql, 4, db_service_ms(db));
    sql_bind_i64(sql, 5, db_wall_s(db));
    return sql_run(sql);
}

const char *review_reason(uint32_t flags)
{
    if ((flags & ORDER_REFUNDED_MEANWHILE) != 0) {
        return "refunded_meanwhile";
    }
    if ((flags & ORDER_REFUND_FAILED) != 0) {
        return "refund_failed";
    }
    if ((flags & ORDER_CREDIT_UNKNOWN) != 0) {
        return "credit_unknown";
    }
    return "mismatch";
}
