/* SPDX-License-Identifier: Apache-2.0 */
/* What the records say about a document, for the rules of core/order/review. */
#include "cloud/orders/delivery_row.h"
#include "cloud/review/review.h"
#include "common/str.h"

static enum err load_delivery(struct db *db, const char *order_no, struct review_facts *facts)
{
    struct delivery_row row;
    enum err err = delivery_row_load(db, order_no, &row);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    const enum delivery_stage stage = row.delivery.stage;
    facts->delivery_exists = stage != DELIVERY_READY;
    facts->delivery_void = stage == DELIVERY_VOID;
    facts->delivery_delivered = stage == DELIVERY_DELIVERED;
    return OK;
}

/*
 * What was paid back had been paid. "A refund is seen" may be ours, which its own worker follows
 * and which may come to nothing: it counts only as long as we never ordered one, or the provider's
 * last word is that it knows none of ours.
 */
static enum err load_inbox(struct db *db, const char *document_no, struct review_facts *facts)
{
    struct sql *sql =
        sql_begin(db, "SELECT coalesce(max(verdict IN ('paid', 'paid_refund_seen', 'refunded',"
                      "  'partly_refunded')), 0),"
                      " coalesce(max(verdict IN ('refunded', 'partly_refunded')), 0),"
                      " coalesce(max(verdict = 'paid_refund_seen'), 0) AND (NOT EXISTS"
                      "  (SELECT 1 FROM refund WHERE document_no = ?1) OR (SELECT verdict FROM"
                      "   pay_inbox WHERE document_no = ?1 AND source = 'refund_query'"
                      "   ORDER BY inbox_id DESC LIMIT 1) = 'not_exist')"
                      " FROM pay_inbox WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        facts->provider_paid = sql_bool(sql, 0);
        facts->provider_refunded = sql_bool(sql, 1) || sql_bool(sql, 2);
    }
    sql_end(sql);
    return err;
}

/*
 * A bill lists each refund, our own before we hear of it: done is done. One that had only begun
 * proves nothing. A row of a stray payment, whatever order number it names, is not the order's.
 */
static enum err load_bills(struct db *db, const char *document_no, struct review_facts *facts)
{
    struct sql *sql = sql_begin(db, "SELECT coalesce(max(b.kind = 'payment'), 0),"
                                    " coalesce(max(b.kind = 'refund' AND b.state = 'done'), 0)"
                                    " FROM bill_row b LEFT JOIN stray s"
                                    "  ON s.channel = b.channel AND s.trade_no = b.trade_no"
                                    " WHERE b.order_no IN (?1,"
                                    "  (SELECT seen_as FROM stray WHERE stray_no = ?1))"
                                    " AND coalesce(s.stray_no, b.order_no) = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        facts->provider_paid = facts->provider_paid || sql_bool(sql, 0);
        facts->provider_refunded = facts->provider_refunded || sql_bool(sql, 1);
    }
    sql_end(sql);
    return err;
}

static enum err load_attached(struct db *db, const char *document_no, struct review_facts *facts)
{
    struct sql *sql =
        sql_begin(db, "SELECT coalesce(max(kind IN ('reading', 'physical')), 0),"
                      " coalesce(max(kind = 'physical'), 0), coalesce(max(kind = 'reference'), 0)"
                      " FROM review_evidence WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        facts->has_evidence = sql_bool(sql, 0) || facts->delivery_delivered;
        facts->physical_proof = sql_bool(sql, 1);
        facts->has_reference = sql_bool(sql, 2);
    }
    sql_end(sql);
    return err;
}

enum err review_facts_load(struct db *db, const char *document_no, struct review_facts *ret_facts)
{
    struct review_facts facts = {0};
    enum err err = load_delivery(db, document_no, &facts);
    if (err == OK) {
        err = load_inbox(db, document_no, &facts);
    }
    if (err == OK) {
        err = load_bills(db, document_no, &facts);
    }
    if (err == OK) {
        err = load_attached(db, document_no, &facts);
    }
    if (err == OK) {
        *ret_facts = facts;
    }
    return err;
}
