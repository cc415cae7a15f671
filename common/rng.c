/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rng.h"

#include "common/bytes.h"
#include "common/must.h"

uint32_t rng_below(const struct rng_port *rng, uint32_t bound)
{
    MUST(bound >= 1);
    /* Draws in the last, incomplete round of @p bound would favour small numbers: draw again. */
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    for (;;) {
        uint8_t bytes[4];
        rng_fill(rng, bytes, sizeof(bytes));
        uint32_t value = get_le32(bytes);
        if (value < limit) {
            return value % bound;
        }
    }
}
