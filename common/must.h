/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_MUST_H
#define SHILLING_COMMON_MUST_H

#include "common/compiler.h"

/*
 * Assertions that never vanish. They are for programmer errors only: a condition that the code
 * itself must have made true. Whatever the world can cause (a full disk, a wrong frame) is an
 * error value, not a MUST.
 */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            must_fail(#condition, __FILE__, __LINE__);                                             \
        }                                                                                          \
    } while (0)

/* For the place after a switch that handles every member of its enum. */
#define MUST_NOT_REACH() must_fail("unreachable", __FILE__, __LINE__)

/** Say which condition failed, and abort. @p file and @p line name the caller. */
NORETURN void must_fail(const char *condition, const char *file, int line);

#endif
