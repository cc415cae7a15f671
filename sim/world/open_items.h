/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_OPEN_ITEMS_H
#define SHILLING_SIM_WORLD_OPEN_ITEMS_H

#include <stdint.h>

#include "cloud/store/db.h"

/*
 * I12: when the weather has cleared, nothing is open but what somebody sees to, within a limit. Of
 * the real 72 hours, and 30 days for value that waits for a card, a history has so many.
 */
enum {
    OPEN_ITEM_HOURS = 6,
    OPEN_CARD_HOURS = 6,
    OPEN_TEXT_SIZE = 160,
};

/*
 * SQL: document @p no has an open item with an owner and a limit: its own one, that of an owed
 * card, or that of a return case which two persons began.
 */
#define OPEN_IS_OWNED(no)                                                                          \
    "(EXISTS (SELECT 1 FROM review_item oi WHERE oi.document_no = " no " AND oi.closed_at IS NULL" \
    " AND oi.owner <> '' AND oi.due_ms > 0) OR EXISTS (SELECT 1 FROM card_owed oc WHERE"           \
    " oc.order_no = " no " AND oc.closed_at IS NULL AND oc.owner <> '' AND oc.due_ms > 0)"         \
    " OR EXISTS (SELECT 1 FROM card_return_case rc JOIN review_item oi ON oi.document_no ="        \
    " rc.case_no WHERE rc.order_no = " no " AND (rc.stage = 'REVERSAL_ISSUED' OR rc.payout ="      \
    " 'owed') AND oi.closed_at IS NULL AND oi.owner <> '' AND oi.due_ms > 0))"

/* What is amiss with what is open; "": nothing. */
struct open_items {
    char failure[OPEN_TEXT_SIZE];
};

/**
 * A store_fn; @p arg is a struct open_items. Looks for an order, a payment of no order or a job
 * that is not at its end and has nobody to see to it, and for an item, open or closed, of which
 * nobody was the owner, or which had no limit or one too far away.
 */
enum err open_items_load(struct db *db, void *arg);

#endif
