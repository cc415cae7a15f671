/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CONTROL_H
#define SHILLING_EMULATORS_CARDREADER_CONTROL_H

#include "emulators/lineserver/lineserver.h"

/** Answer one command line; @p context is the struct reader. README.md lists the commands. */
struct line_answer control_answer(void *context, char *line);

#endif
