/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_BUSCONFIG_H
#define SHILLING_EMULATORS_METERBUS_BUSCONFIG_H

#include "emulators/meterbus/meter.h"

enum { BUS_METERS_MAX = 256, BUS_MESSAGE_SIZE = 512 };

struct bus_config {
    char name[METER_NAME_SIZE];
    uint32_t baud;
    struct meter_cfg *meters; /* @own */
    size_t meter_count;
};

/**
 * Read the config file (see README.md). On failure @p ret_message has one line that names file,
 * line and field, and nothing needs freeing.
 */
MUST_CHECK bool bus_config_read(const char *path, struct bus_config *ret_config, char *ret_message,
                                size_t message_size);

void bus_config_finish(struct bus_config *config);

/** "1234.56" as a whole number of units of 10^-@p decimals; more decimals are refused. */
MUST_CHECK bool decimal_parse(const char *text, size_t decimals, uint64_t *ret_number);

#endif
