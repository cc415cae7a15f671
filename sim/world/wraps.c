/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the server that planted bugs reach into (linker option --wrap). Without a planted
 * bug each only calls the real one.
 */
#include "sim/world/wraps.h"

#include "cloud/orders/evidence.h"
#include "cloud/orders/ledger_store.h"
#include "common/str.h"
#include "sim/world/canary.h"

enum { DOCUMENT_SIZE = 48, REPEATED_EACH = 40 };

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
