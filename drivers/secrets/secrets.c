/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/secrets/secrets.h"

#include <stdlib.h>

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/bytes.h"
#include "common/json/json.h"

bool secrets_guard(void)
{
    json_set_alloc_funcs(malloc, secrets_free);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0;
}

void secrets_free(void *area)
{
    if (area != NULL) {
        bytes_wipe(area, malloc_usable_size(area));
    }
    free(area);
}
