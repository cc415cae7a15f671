/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_PRINTD_SETTINGS_H
#define SHILLING_PRINTER_PRINTD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "printer/engine/engine.h"
#include "printer/layout/layout.h"
#include "printer/link/link.h"

/* printd's configuration file; example.cfg explains it. */

enum {
    SETTINGS_PATH_SIZE = 512,
    SETTINGS_SOCKET_SIZE = 108, /* sun_path of Linux */
    SETTINGS_UIDS_MAX = 8,
};

struct settings {
    char socket[SETTINGS_SOCKET_SIZE];
    char state_dir[SETTINGS_PATH_SIZE];
    uint32_t uids[SETTINGS_UIDS_MAX]; /* who may ask, besides root and the own user */
    size_t uid_count;
    struct link_config link;
    struct layout_paper paper;
    struct engine_profile engine;
    uint8_t cut_feed_dots; /* beyond the blade, so that the cut is below the last line */
};

/** False with a sentence that names file, line and field. Blocks: reads the file. */
MUST_CHECK bool settings_load(const char *path, struct settings *ret_settings, char *ret_message,
                              size_t message_size);

#endif
