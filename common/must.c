/* SPDX-License-Identifier: Apache-2.0 */
#include "common/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "shilling: internal error: %s is false (%s:%d)\n", condition, file, line);
    abort();
}
