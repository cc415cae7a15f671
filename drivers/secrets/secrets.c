/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/secrets/secrets.h"

#include <sys/prctl.h>
#include <sys/resource.h>

bool secrets_guard(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0;
}
