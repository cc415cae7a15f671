/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_CONFIG_H
#define SHILLING_PROTOCOL_BUS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "protocol/bus/value.h"

/* down/<collector>/config: which meters hang on which bus, and how to read them. */

/* Where a meter keeps its balance and what makes a credit unique (docs/money.md, "Deliveries"). */
enum bus_meter_kind {
    BUS_METER_CLOUD, /* only measures; the balance is a ledger account */
    BUS_METER_COUNT, /* balance inside, purchase count (family P, ESAM) */
    BUS_METER_ORDER, /* balance inside, order number (family Q) */
    BUS_METER_KIND_COUNT
};

enum {
    BUS_METERS_MAX = 1024, /* of one collector: 32 buses of 32 meters */
    BUS_SCHEDULE_S_MIN = 10,
    BUS_SCHEDULE_S_MAX = 86400,
    BUS_CONFIG_TEXT_SIZE_MAX = BUS_METERS_MAX * 640,
};

struct bus_meter {
    char meter[BUS_METER_SIZE];   /* its address, e.g. 12 digits; unique in one collector */
    char bus[BUS_NAME_SIZE];      /* name of a bus in the collector's own config file */
    char protocol[BUS_NAME_SIZE]; /* "645-2007" */
    uint32_t baud;                /* 0: the bus's own */
    enum bus_meter_kind kind;
    uint8_t password[4];      /* PA, then the six digits as people write them: "02" "123456" */
    uint8_t operator_code[4]; /* "44332211": C3 C2 C1 C0 as people write them */
    uint32_t schedule_s;      /* 0: not read by schedule */
    char items[BUS_ITEMS_MAX][BUS_ITEM_SIZE]; /* what the schedule reads */
    size_t item_count;
};

struct bus_config {
    char version[BUS_NAME_SIZE];
    struct bus_meter *meters; /* the caller's array */
    size_t meter_count;
};

/**
 * Write the message.
 *
 * @param text_size  BUS_CONFIG_TEXT_SIZE_MAX is enough for BUS_METERS_MAX meters
 * @return ERR_FULL if it does not fit, ERR_MEMORY
 */
MUST_CHECK enum err bus_config_encode(const struct bus_config *config, char *ret_text,
                                      size_t text_size, size_t *ret_size);

/**
 * Read the message. The caller sets config->meters to an array of @p meters_max; on success
 * version, meters and meter_count are set, else only the array's content is undefined.
 *
 * @return ERR_FORMAT with @p ret_fault naming the member ("meters[3].baud"), ERR_FULL
 *         for more than @p meters_max meters, ERR_EXISTS for an address that stands there twice
 */
MUST_CHECK enum err bus_config_decode(const char *text, size_t size, size_t meters_max,
                                      struct bus_config *config, struct bus_fault *ret_fault);

/** "cloud", "count", "order". */
const char *bus_meter_kind_name(enum bus_meter_kind kind);

#endif
