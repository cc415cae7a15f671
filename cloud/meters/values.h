/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_METERS_VALUES_H
#define SHILLING_CLOUD_METERS_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/catalog/account_port.h"
#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/bus/config.h"
#include "protocol/bus/value.h"

/* What a meter said, put into the database: by schedule, by a live read, by a read-back. */

/* Data identifiers (DL/T 645-2007; meters paper 1.5). */
#define ITEM_ENERGY "00010000"    /* forward active energy, kWh */
#define ITEM_REMAINING "00900200" /* remaining amount, yuan */
#define ITEM_OVERDRAFT "00900201" /* overdraft amount, yuan */
#define ITEM_VOLTAGE "02010100"   /* phase A, V */
#define ITEM_CURRENT "02020100"   /* phase A, A */
#define ITEM_POWER "02030000"     /* total active, kW */

struct values {
    const char *meter_id;
    enum bus_meter_kind kind;
    const struct bus_value *values; /* those with when == BUS_WHEN_NOW count */
    size_t count;
    int64_t read_at; /* wall seconds; one in the future becomes now */
};

/**
 * Keep the newest values, the day's registers, and charge the use of a cloud-balance meter; the
 * meter counts as answering again. Values older than what is known change nothing but the days.
 */
MUST_CHECK enum err values_apply(struct db *db, const struct account_port *accounts,
                                 const struct values *values);

/** The meter did not answer when it was asked. */
MUST_CHECK enum err values_note_silence(struct db *db, const char *meter_id);

/** Remaining less overdraft, in fen. False if the values do not say. */
MUST_CHECK bool values_balance(const struct bus_value *values, size_t count, enum bus_when when,
                               int64_t *ret_fen);

/** The text of an item, or NULL. */
const char *values_find(const struct bus_value *values, size_t count, enum bus_when when,
                        const char *item);

#endif
