/* SPDX-License-Identifier: Apache-2.0 */
#include "common/must.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void must_fail(const char *condition, const char *file, int line)
{
    /* What only fails without memory is no mistake of ours, and is told to whoever can help. */
    const char *memory = errno == ENOMEM ? "; memory was out: free some, then start again" : "";
    (void)fprintf(stderr, "shilling: internal error: %s is false (%s:%d)%s\n", condition, file,
                  line, memory);
    abort();
}
