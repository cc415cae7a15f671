/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_SETTINGS_H
#define SHILLING_COLLECTOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/bus/value.h"

/* The collector's own configuration file: who it is, its broker, its buses. Its meters come from
 * the cloud. docs are in collector/README.md. */
enum {
    SETTINGS_BUSES_MAX = 32, /* serial ports of the largest industrial PC */
    SETTINGS_PATH_SIZE = 1024,
    SETTINGS_HOST_SIZE = 254,
};

struct settings_bus {
    char name[BUS_NAME_SIZE];
    char device[SETTINGS_PATH_SIZE];
    uint32_t baud;
    uint32_t reply_timeout_ms; /* from the last sent bit; 700..1000 by the standard's Td of 500 */
};

struct settings {
    char id[BUS_COLLECTOR_SIZE]; /* = common name of the certificate */
    char state_dir[SETTINGS_PATH_SIZE];
    struct {
        char host[SETTINGS_HOST_SIZE];
        uint16_t port;
        char ca[SETTINGS_PATH_SIZE];
        char cert[SETTINGS_PATH_SIZE];
        char key[SETTINGS_PATH_SIZE];
        uint16_t keep_alive_s;
        uint32_t reconnect_s_max;
        uint32_t will_delay_s;
    } mqtt;
    struct settings_bus buses[SETTINGS_BUSES_MAX];
    size_t bus_count;
};

/** Read the file. False with a sentence that names file, line and field. */
MUST_CHECK bool settings_load(const char *path, struct settings *ret_settings, char *ret_message,
                              size_t message_size);

/** The same from text; @p name stands for the file in messages. */
MUST_CHECK bool settings_parse(const char *text, const char *name, struct settings *ret_settings,
                               char *ret_message, size_t message_size);

#endif
