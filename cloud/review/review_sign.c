/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures. The first one is written down, the second one carries the decision out; both in the
 * writer's order, so of two that collide one wins and the other gets a typed refusal.
 */
#include "cloud/orders/bill_items.h"
#include "cloud/orders/case.h"
#include "cloud/orders/refund_store.h"
#include "cloud/orders/stray_store.h"
#include "cloud/review/review.h"
#include "common/must.h"
#include "common/str.h"

enum { ACTOR_SIZE = 2 * PERSON_NAME_SIZE + 2 };

/* The open item and the version of its document. */
struct item {
    int64_t item_id;
    int64_t version;
    bool of_bill; /* a difference between a bill and our books, with signatures of its own */
};

static enum err load_bill_item(struct db *db, const char *document_no, struct item *ret_item)
{
    struct sql *sql = sql_begin(db, "SELECT item_id, version FROM bill_item"
                                    " WHERE document_no = ?1 AND closed_at IS NULL");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_item =
            (struct item){.item_id = sql_i64(sql, 0), .version = sql_i64(sql, 1), .of_bill = true};
    }
    sql_end(sql);
    return err;
}

static enum err load_item(struct db *db, const char *document_no, struct item *ret_item)
{
    if (bill_item_is(document_no)) {
        return load_bill_item(db, document_no, ret_item);
    }
    struct sql *sql = sql_begin(
        db, "SELECT item_id, coalesce((SELECT version FROM pay_order WHERE order_no = ?1),"
            " (SELECT version FROM stray WHERE stray_no = ?1), 0)"
            " FROM review_item WHERE document_no = ?1 AND closed_at IS NULL");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_item = (struct item){.item_id = sql_i64(sql, 0), .version = sql_i64(sql, 1)};
    }
    sql_end(sql);
    return err;
}

/* ---- is it allowed at all? ---- */

static enum review_refusal permit_stray(const struct stray_row *row, enum review_decision decision,
                                        const struct review_facts *facts)
{
    const bool open = row->stray.state == STRAY_OPEN || row->stray.state == STRAY_REVIEW;
    if (!open) {
        return REVIEW_NOT_IN_REVIEW;
    }
    if (decision == REVIEW_DONE || decision == REVIEW_CLOSE) {
        return REVIEW_REASON_UNFIT; /* money that came in can only go back */
    }
    if (decision != REVIEW_REFUNDED && facts->provider_refunded) {
        return REVIEW_ALREADY_REFUNDED;
    }
    if (decision != REVIEW_REFUND && !facts->has_reference) {
        return REVIEW_NO_REFERENCE;
    }
    return REVIEW_ALLOWED;
}

/* Money moves by an order's or a stray payment's item; this one is only explained, in writing. */
static enum review_refusal permit_bill_item(enum review_decision decision,
                                            const struct review_facts *facts)
{
    if (decision != REVIEW_CLOSE) {
        return REVIEW_REASON_UNFIT;
    }
    return facts->has_reference ? REVIEW_ALLOWED : REVIEW_NO_REFERENCE;
}

static enum err permit(struct db *db, struct review_sign *sign)
{
    struct review_facts facts;
    struct stray_row stray;
    struct order_row row;
    enum err err = review_facts_load(db, sign->document_no, &facts);
    if (err != OK) {
        return err;
    }
    if (bill_item_is(sign->document_no)) {
        sign->refusal = permit_bill_item(sign->decision, &facts);
        return OK;
    }
    if (refund_is_stray(sign->document_no)) {
        err = stray_row_load(db, sign->document_no, &stray);
        if (err == OK) {
            sign->refusal = permit_stray(&stray, sign->decision, &facts);
        }
        return err;
    }
    err = order_row_load(db, sign->document_no, &row);
    if (err == OK) {
        sign->refusal = review_permit(&row.order, sign->decision, &facts);
    }
    return err;
}

/* ---- is it the second one? ---- */

struct found {
    bool complete; /* together with one that is there, ours decides */
    bool own;      /* a good signature of this very person is there */
    char first[PERSON_NAME_SIZE];
};

static void weigh(const struct sql *sql, const struct review_sign *sign, const struct item *item,
                  int64_t now_ms, struct found *found)
{
    enum review_decision decision = REVIEW_DECISION_COUNT;
    if (!review_decision_parse(sql_text(sql, 0), &decision)) {
        return;
    }
    const struct review_signature first = {.decision = decision,
                                           .person = sql_text(sql, 1),
                                           .age_ms = now_ms - sql_i64(sql, 3),
                                           .version = (uint32_t)sql_i64(sql, 2)};
    const struct review_signature second = {.decision = sign->decision,
                                            .person = sign->person,
                                            .age_ms = 0,
                                            .version = (uint32_t)item->version};
    const enum review_refusal refusal = review_countersign(&first, &second);
    if (refusal == REVIEW_ALLOWED) {
        found->complete = true;
        str_format_cut(found->first, sizeof(found->first), "%s",
                       first.person[0] != '\0' ? first.person : "device");
    } else if (refusal == REVIEW_SAME_PERSON && decision == sign->decision &&
               first.version == second.version) {
        found->own = true;
    }
}

static enum err look_for_first(struct db *db, const struct review_sign *sign,
                               const struct item *item, struct found *ret_found)
{
    struct sql *sql =
        item->of_bill
            ? sql_begin(db, "SELECT decision, person, version, given_ms FROM bill_item_signature"
                            " WHERE item_id = ?1 ORDER BY signature_id")
            : sql_begin(db, "SELECT decision, person, version, given_ms FROM review_signature"
                            " WHERE item_id = ?1 ORDER BY signature_id");
    sql_bind_i64(sql, 1, item->item_id);
    bool row = true;
    for (;;) {
        enum err err = sql_next(sql, &row);
        if (err != OK || !row) {
            return err;
        }
        weigh(sql, sign, item, db_service_ms(db), ret_found);
    }
}

static enum err write_signature(struct db *db, const struct review_sign *sign,
                                const struct item *item)
{
    struct sql *sql =
        item->of_bill
            ? sql_begin(db, "INSERT INTO bill_item_signature (item_id, decision, person, version,"
                            " given_ms, given_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            : sql_begin(db, "INSERT INTO review_signature (item_id, decision, person, version,"
                            " given_ms, given_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    sql_bind_i64(sql, 1, item->item_id);
    sql_bind_text(sql, 2, review_decision_name(sign->decision));
    sql_bind_text(sql, 3, sign->person);
    sql_bind_i64(sql, 4, item->version);
    sql_bind_i64(sql, 5, db_service_ms(db));
    sql_bind_i64(sql, 6, db_wall_s(db));
    return sql_run(sql);
}

/* ---- carrying it out ---- */

/* What no device proved ends with the order, or its meter would never be free again. */
static enum err settle_delivery(struct money_case *c, enum review_decision decision)
{
    const struct delivery_event event = {.kind = decision == REVIEW_DONE ? DELIVERY_EV_SETTLED_DONE
                                                                         : DELIVERY_EV_SETTLED_BACK,
                                         .use = {.energy_step = 1}};
    const bool live = c->has_delivery && delivery_is_live(c->delivery.delivery.stage);
    return live ? case_tell_delivery(c, &event) : OK;
}

static enum err settle_order(struct db *db, struct review_sign *sign, const char *actor)
{
    struct money_case c;
    const struct order_event event = {.kind = review_event(sign->decision)};
    enum err err = case_open(&c, sign->orders, db, sign->document_no);
    if (err == OK) {
        err = case_tell_order(&c, &event, 0, actor);
    }
    if (err != OK) {
        return err;
    }
    if (c.row.order.state == ORDER_REVIEW) {
        sign->refusal = REVIEW_REASON_UNFIT; /* the machine knows a reason that the facts did not */
        return OK;
    }
    sign->settled = true;
    err = settle_delivery(&c, sign->decision);
    return err == OK ? case_commit(&c) : err;
}

static enum err settle_stray(struct db *db, struct review_sign *sign, const char *actor)
{
    static const enum stray_event EVENTS[REVIEW_DECISION_COUNT] = {
        [REVIEW_REFUND] = STRAY_EV_OPERATOR_REFUND,
        [REVIEW_REFUNDED] = STRAY_EV_OPERATOR_REFUNDED,
        [REVIEW_REPAID] = STRAY_EV_OPERATOR_REPAID,
    };
    sign->settled = true;
    return stray_tell(sign->orders, db, sign->document_no, EVENTS[sign->decision], 0, actor);
}

static enum err settle(struct db *db, struct review_sign *sign, const struct found *found)
{
    char actor[ACTOR_SIZE];
    bool fits = str_format(actor, sizeof(actor), "%s+%s", found->first, sign->person);
    MUST(fits);
    if (bill_item_is(sign->document_no)) {
        sign->settled = true;
        return bill_item_settle(db, sign->document_no, actor);
    }
    return refund_is_stray(sign->document_no) ? settle_stray(db, sign, actor)
                                              : settle_order(db, sign, actor);
}

enum err review_sign(struct db *db, void *arg)
{
    struct review_sign *sign = arg;
    struct item item = {0};
    struct found found = {0};
    enum err err = load_item(db, sign->document_no, &item);
    if (err == ERR_NOT_FOUND) {
        sign->refusal = REVIEW_NOT_IN_REVIEW;
        return OK;
    }
    if (err == OK) {
        err = permit(db, sign);
    }
    if (err != OK || sign->refusal != REVIEW_ALLOWED) {
        return err;
    }
    err = look_for_first(db, sign, &item, &found);
    if (err == OK && !found.complete && found.own) {
        sign->refusal = REVIEW_SAME_PERSON;
        return OK;
    }
    if (err == OK) {
        err = write_signature(db, sign, &item);
    }
    return err == OK && found.complete ? settle(db, sign, &found) : err;
}

enum err review_evidence_add(struct db *db, const struct review_attach *attach)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO review_evidence (document_no, kind, person, text, at)"
                      " VALUES (?1, ?2, ?3, ?4, ?5)");
    sql_bind_text(sql, 1, attach->document_no);
    sql_bind_text(sql, 2, attach->kind);
    sql_bind_text(sql, 3, attach->person);
    sql_bind_text(sql, 4, attach->text);
    sql_bind_i64(sql, 5, db_wall_s(db));
    return sql_run(sql);
}

enum err review_attach(struct db *db, void *arg)
{
    const struct review_attach *attach = arg;
    struct item item = {0};
    enum err err = load_item(db, attach->document_no, &item);
    return err == OK ? review_evidence_add(db, attach) : err;
}
