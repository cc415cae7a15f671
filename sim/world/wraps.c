/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the server that planted bugs reach into (linker option --wrap). Without a planted
 * bug each only calls the real one.
 */
#include "sim/world/wraps.h"

#include "cloud/orders/evidence.h"
#include "cloud/orders/ledger_store.h"
#include "cloud/orders/review_store.h"
#include "common/str.h"
#include "sim/world/canary.h"
#include "sim/world/provider.h"

enum { DOCUMENT_SIZE = 48, REPEATED_EACH = 40 };

/* Who hears of a credit to a balance: the product's functions get no pointer of ours. */
static struct pay *told;

void wraps_tell(struct pay *pay)
{
    told = pay;
}

static bool is_settled(const struct money_case *c)
{
    return c->row.order.state == ORDER_DONE || c->row.order.state == ORDER_CREDITING;
}

/* Post it once more, under a name that the key does not stop. */
static enum err post_again(struct db *db, const struct ledger_document *document,
                           enum ledger_step step, struct money amount)
{
    char name[DOCUMENT_SIZE];
    struct ledger_document again = *document;
    str_format_cut(name, sizeof(name), "%s-%lld", document->document_no,
                   (long long)db_service_ms(db));
    again.document_no = name;
    return __real_ledger_store_post(db, &again, step, amount);
}

enum err __wrap_ledger_store_post(struct db *db, const struct ledger_document *document,
                                  enum ledger_step step, struct money amount)
{
    enum err err = __real_ledger_store_post(db, document, step, amount);
    if (err == OK && step == LEDGER_CREDIT_CUST && told != NULL) {
        provider_note_fate(told, document->document_no);
    }
    const bool repeated = db_service_ms(db) % REPEATED_EACH == 0;
    if (err == OK && repeated && canary_is(CANARY_POSTING_WITHOUT_KEY)) {
        err = post_again(db, document, step, amount);
    }
    return err;
}

enum err __wrap_evidence_tell(struct money_case *c, const struct statement *statement,
                              int64_t inbox_id)
{
    enum err err = OK;
    if (canary_is(CANARY_NOTIFY_NOT_IDEMPOTENT) && statement->result == PAY_PAID && is_settled(c)) {
        const struct ledger_document document = {
            .document_no = c->row.order_no,
            .channel = pay_wallet_name(c->row.wallet),
            .meter_id = c->row.meter_id,
        };
        err = post_again(c->db, &document, LEDGER_RECEIVE, money_fen(statement->amount_fen));
    }
    return err == OK ? __real_evidence_tell(c, statement, inbox_id) : err;
}

/* An attempt that was given up for another wallet is CLOSED, and its code may still be paid. */
struct order __wrap_order_apply(const struct order *order, const struct order_event *event,
                                struct order_step *ret_step)
{
    struct order open = *order;
    if (canary_is(CANARY_SUPERSEDED_CREDITED) && order->state == ORDER_CLOSED &&
        event->kind == ORDER_EV_PAID) {
        open.state = ORDER_WAIT_PAY;
    }
    const struct order after = __real_order_apply(&open, event, ret_step);
    if (canary_is(CANARY_CLOSING_FORGOTTEN) && order->state == ORDER_CLOSING &&
        after.state == ORDER_CLOSED) {
        *ret_step = (struct order_step){.intents = 0};
        return *order;
    }
    return after;
}

enum delivery_verdict __wrap_delivery_judge_window(const struct delivery_reading *before,
                                                   const struct delivery_reading *after,
                                                   struct money amount,
                                                   const struct delivery_use *use)
{
    struct delivery_reading seen = *after;
    const enum delivery_verdict verdict = __real_delivery_judge_window(before, after, amount, use);
    if (verdict != VERDICT_UNDECIDED || !canary_is(CANARY_WINDOW_OFF_BY_ONE)) {
        return verdict;
    }
    seen.balance.fen += 1;
    return __real_delivery_judge_window(before, &seen, amount, use);
}

enum review_refusal __wrap_review_countersign(const struct review_signature *first,
                                              const struct review_signature *second)
{
    const enum review_refusal refusal = __real_review_countersign(first, second);
    const bool alone = refusal == REVIEW_SAME_PERSON && first->decision == second->decision;
    return alone && canary_is(CANARY_SETTLED_ALONE) ? REVIEW_ALLOWED : refusal;
}

enum err __wrap_review_open(struct orders *orders, struct db *db, const char *document,
                            const char *document_no, const char *reason)
{
    enum err err = __real_review_open(orders, db, document, document_no, reason);
    if (err == OK && canary_is(CANARY_ITEM_WITHOUT_OWNER)) {
        struct sql *sql = sql_begin(db, "UPDATE review_item SET owner = '' WHERE document_no = ?1");
        sql_bind_text(sql, 1, document_no);
        err = sql_run(sql);
    }
    return err;
}
