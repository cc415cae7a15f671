/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_EXIT_H
#define SHILLING_TOOLS_CARDCTL_EXIT_H

#include "common/compiler.h"

/* How shilling-cardctl ends. */
enum ctl_exit {
    CTL_DONE = 0,
    CTL_FAILED = 1,     /* refused, or not possible; the card is as it was */
    CTL_USAGE = 2,      /* wrong arguments */
    CTL_UNFINISHED = 3, /* the card may be half written: the same command finishes it */
};

/** Say a sentence on standard error, with the program's name. @return @p how, for the caller */
enum ctl_exit ctl_say(enum ctl_exit how, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
