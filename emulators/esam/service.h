/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_ESAM_SERVICE_H
#define SHILLING_EMULATORS_ESAM_SERVICE_H

#include <stdint.h>

#include "emulators/lineserver/lineserver.h"

/* The test key service: requests of the product, and its faults. */
struct service {
    uint32_t down_left;   /* requests still to be hung up on */
    bool down;            /* hang up on all */
    uint32_t refuse_left; /* requests still to be refused */
    uint32_t delay_ms;
    uint64_t served;
};

/** Answer one JSON request; @p context is a struct service. */
struct line_answer service_answer(void *context, char *line);

/** Answer one control line; @p context is a struct service. */
struct line_answer service_control(void *context, char *line);

#endif
