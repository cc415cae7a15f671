/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_CONTROL_H
#define SHILLING_EMULATORS_METERBUS_CONTROL_H

#include "emulators/lineserver/lineserver.h"

/** Answers one control line; @p context is a struct bus. See README.md for the commands. */
struct line_answer control_answer(void *context, char *line);

#endif
