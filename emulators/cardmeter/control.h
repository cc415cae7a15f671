/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDMETER_CONTROL_H
#define SHILLING_EMULATORS_CARDMETER_CONTROL_H

#include "emulators/cardmeter/touch.h"
#include "emulators/lineserver/lineserver.h"

/** All that a command works on. */
struct meters {
    const char *dir; /* of the books */
    struct touch touch;
};

/** Answer one command line; @p context is the struct meters. README.md lists the commands. */
struct line_answer control_answer(void *context, char *line);

#endif
