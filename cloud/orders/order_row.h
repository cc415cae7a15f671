/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_ORDER_ROW_H
#define SHILLING_CLOUD_ORDERS_ORDER_ROW_H

#include "cloud/payments/pay.h"
#include "cloud/store/db.h"
#include "common/id.h"
#include "core/delivery/delivery.h"
#include "core/order/order.h"
#include "core/order/order_number.h"
#include "core/timers/timers.h"
#include "protocol/api/value.h"

/* A row of pay_order as the machines need it; the long texts stay in the database. */
struct order_row {
    char order_no[ORDER_NUMBER_SIZE];
    char terminal_id[API_ID_SIZE];
    char site_id[API_ID_SIZE];
    char client_request_id[ID_TEXT_SIZE];
    char purchase_id[ID_TEXT_SIZE];
    char meter_id[API_ID_SIZE];
    enum pay_wallet wallet;
    enum delivery_kind kind;
    int64_t version;
    struct order order;
    int64_t created_ms;
    int64_t state_ms; /* when the present state began */
    uint32_t pay_try;
    int64_t qr_ms;
    uint32_t more_time;
    bool scanned;
    bool slow;
    bool assist; /* the large mode's waits for the QR */
    bool has_paid_at;
    int64_t paid_at;
    bool has_before;
    int64_t balance_before_fen;
    bool has_after;
    int64_t balance_after_fen;
    int64_t arrears_fen;
    int64_t balance_at; /* wall seconds: when the newer of the two was read; 0: not known */
};

/**
 * Read the row; a row that no order can be in is refused.
 * @return OK, ERR_NOT_FOUND, ERR_CHECKSUM (the row is not sound)
 */
MUST_CHECK enum err order_row_load(struct db *db, const char *order_no, struct order_row *ret_row);

/**
 * Store what changes and raise the version. ERR_CONFLICT if the row has another version than
 * @p row: load again and decide again.
 */
MUST_CHECK enum err order_row_save(struct db *db, struct order_row *row);

/** What lengthened the time of this order's QR so far. */
static inline struct timers_use order_row_use(const struct order_row *row)
{
    return (struct timers_use){row->more_time, row->scanned, row->assist};
}

/** Store the QR's text, once; a later one of the same trade replaces it. */
MUST_CHECK enum err order_row_set_qr(struct db *db, const char *order_no, const char *qr_text);

#endif
