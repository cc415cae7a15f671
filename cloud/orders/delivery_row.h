/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_DELIVERY_ROW_H
#define SHILLING_CLOUD_ORDERS_DELIVERY_ROW_H

#include <jansson.h>

#include "cloud/store/db.h"
#include "common/id.h"
#include "core/delivery/delivery.h"
#include "core/order/order_number.h"
#include "protocol/api/value.h"
#include "protocol/bus/command.h"
#include "protocol/dl645/message.h"

/* A row of delivery; frames stay in the database. */
struct delivery_row {
    char order_no[ORDER_NUMBER_SIZE];
    char meter_id[API_ID_SIZE];
    int64_t version;
    struct delivery delivery;
    bool has_seq;
    uint32_t seq; /* purchase count that this delivery may use */
    char order_number[DL645_ORDER_TEXT_SIZE];
    char customer[DL645_NUMBER_TEXT_SIZE];
    char collector_id[BUS_COLLECTOR_SIZE];
    uint32_t epoch;          /* of the collector's journal */
    char boot[ID_TEXT_SIZE]; /* of the collector's run that got the command */
    char command_id[ID_TEXT_SIZE];
    char void_id[ID_TEXT_SIZE];
    uint32_t work_try;
    bool has_first_sent;
    int64_t first_sent_ms;
    int64_t created_ms;
    int64_t quiet_until_ms;
};

/* The bytes of every send of a delivery, as they were stored with the assignment. */
struct delivery_frames {
    struct bus_frame auth[BUS_AUTH_MAX];
    size_t auth_count;
    struct bus_frame frame;
};

/** ERR_NOT_FOUND; ERR_CHECKSUM if the row is not sound. */
MUST_CHECK enum err delivery_row_load(struct db *db, const char *order_no,
                                      struct delivery_row *ret_row);

/** A new READY delivery. */
MUST_CHECK enum err delivery_row_insert(struct db *db, const struct delivery_row *row);

/** ERR_CONFLICT another version; ERR_EXISTS the meter has a live delivery, or the count is used. */
MUST_CHECK enum err delivery_row_save(struct db *db, struct delivery_row *row);

MUST_CHECK enum err delivery_frames_save(struct db *db, const char *order_no,
                                         const struct delivery_frames *frames);
/** ERR_NOT_FOUND if nothing was assigned yet. */
MUST_CHECK enum err delivery_frames_load(struct db *db, const char *order_no,
                                         struct delivery_frames *ret_frames);

/** A reading as a JSON object (@own) for the journal, and back. */
json_t *delivery_reading_json(const struct delivery_reading *reading);
MUST_CHECK bool delivery_reading_parse(const char *text, struct delivery_reading *ret_reading);

#endif
