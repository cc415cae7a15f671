/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_PROVIDER_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_PROVIDER_STEPS_H

/* What providers have said, as it is in the records, and what the records make of it. */

#include "tests/unit/cloud_orders/review_steps.h"

struct facts {
    const char *document_no;
    struct review_facts facts;
};

static inline enum err load_facts(struct db *db, void *arg)
{
    struct facts *facts = arg;
    return review_facts_load(db, facts->document_no, &facts->facts);
}

static inline struct review_facts facts_of(const struct rig *rig, const char *no)
{
    struct facts facts = {.document_no = no};
    CHECK_EQ_I64(store_read(rig->store, load_facts, &facts), OK);
    return facts.facts;
}

/* What a provider said of an order, in a bill or in an answer. */
struct said {
    const char *order_no;
    const char *word; /* kind of the bill's row, or verdict */
    const char *refund_no;
};

static inline enum err add_bill_row(struct db *db, void *arg)
{
    const struct said *said = arg;
    struct sql *sql = sql_begin(db, "INSERT INTO bill_row (channel, day, kind, order_no, refund_no,"
                                    " trade_no, fen) VALUES ('wechat', '2026-11-20', ?2, ?1, ?3,"
                                    " 'T', 5000)");
    sql_bind_text(sql, 1, said->order_no);
    sql_bind_text(sql, 2, said->word);
    sql_bind_text(sql, 3, said->refund_no);
    return sql_run(sql);
}

static inline void write_bill(const struct rig *rig, const char *no, const char *kind,
                              const char *refund_no)
{
    struct said said = {no, kind, refund_no};
    CHECK_EQ_I64(store_run(rig->store, add_bill_row, &said), OK);
}

static inline int64_t bank_fen(const struct rig *rig)
{
    return rig_number(rig, "SELECT coalesce(sum(fen), 0) FROM account_sum WHERE account = 'BANK'",
                      NULL);
}

#endif
