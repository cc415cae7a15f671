/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rng/rng_system.h"

#include <errno.h>

#include <sys/random.h>

#include "common/must.h"

static void system_fill(void *self, uint8_t *ret_bytes, size_t size)
{
    (void)self;
    size_t at = 0;
    while (at < size) {
        ssize_t got = getrandom(ret_bytes + at, size - at, 0);
        MUST(got > 0 || errno == EINTR);
        at += got > 0 ? (size_t)got : 0;
    }
}

struct rng_port rng_system(void)
{
    return (struct rng_port){.fill = system_fill};
}
