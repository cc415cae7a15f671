/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/open_items.h"

#include "common/compiler.h"
#include "common/str.h"
#include "sim/kernel/kernel.h"

/* The first row of a question, if there is one: a number, and what is amiss with it. */
static enum err first_of(struct sql *sql, struct open_items *items)
{
    bool row = false;
    enum err err = sql_next(sql, &row);
    if (err == OK && row) {
        str_format_cut(items->failure, sizeof(items->failure), "I12: %s %s", sql_text(sql, 0),
                       sql_text(sql, 1));
    }
    sql_end(sql);
    return err;
}

/* Paid or not, known to the provider or not. */
static enum err find_stuck(struct db *db, struct open_items *items)
{
    return first_of(
        sql_begin(db, "SELECT no, 'is ' || what || ', with nobody to see to it' FROM ("
                      "SELECT order_no AS no, state AS what FROM pay_order"
                      " WHERE state NOT IN ('DONE', 'CLOSED', 'REFUNDED')"
                      " UNION ALL SELECT stray_no, state FROM stray WHERE state <> 'REFUNDED'"
                      " UNION ALL SELECT key, 'worked on (' || kind || ')' FROM job"
                      " WHERE kind IN ('pay', 'refund', 'deliver'))"
                      " WHERE NOT " OPEN_IS_OWNED("no") " LIMIT 1"),
        items);
}

static enum err find_unowned(struct db *db, struct open_items *items)
{
    return first_of(sql_begin(db, "SELECT no, 'was an open item without an owner' FROM ("
                                  "SELECT document_no AS no, owner FROM review_item"
                                  " UNION ALL SELECT document_no, owner FROM bill_item"
                                  " UNION ALL SELECT order_no, owner FROM card_owed)"
                                  " WHERE owner = '' LIMIT 1"),
                    items);
}

static enum err find_unlimited(struct db *db, struct open_items *items)
{
    const int64_t hour_ms = KERNEL_HOUR / KERNEL_MS;
    struct sql *sql =
        sql_begin(db, "SELECT no, 'was an open item without a limit that ends in time' FROM ("
                      "SELECT document_no AS no, due_ms, ?2 AS most_ms FROM review_item"
                      " UNION ALL SELECT document_no, due_ms, ?2 FROM bill_item"
                      " UNION ALL SELECT order_no, due_ms, ?3 FROM card_owed)"
                      " WHERE due_ms <= 0 OR due_ms > ?1 + most_ms LIMIT 1");
    sql_bind_i64(sql, 1, db_service_ms(db));
    sql_bind_i64(sql, 2, OPEN_ITEM_HOURS * hour_ms);
    sql_bind_i64(sql, 3, OPEN_CARD_HOURS * hour_ms);
    return first_of(sql, items);
}

enum err open_items_load(struct db *db, void *arg)
{
    static enum err (*const QUESTIONS[])(struct db *, struct open_items *) = {
        find_stuck, find_unowned, find_unlimited};
    struct open_items *items = arg;
    enum err err = OK;
    items->failure[0] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(QUESTIONS) && err == OK && items->failure[0] == '\0'; i++) {
        err = QUESTIONS[i](db, items);
    }
    return err;
}
