/* SPDX-License-Identifier: Apache-2.0 */
/* Integer estimates: average use over the days we know, and the split of a payment on a debt. */
#include "core/estimate/estimate.h"

#include "common/must.h"

/*
 * days = balance / (use a day x price) = fen x days x 100000 / (milli-units x e4-yuan):
 * 1 fen = 100 e4-yuan, 1 unit = 1000 milli-units. The bounds keep the product inside int64.
 */
enum { SCALE = 100000, DAYS_KNOWN_MAX = 366 };
#define FEN_MAX INT64_C(100000000000) /* 1,000 million yuan on one meter is not a balance */

bool estimate_days_left(struct money balance, const struct estimate_history *history,
                        int64_t *ret_days)
{
    MUST(history->use_milli >= 0);
    MUST(history->price_e4_yuan >= 0);
    if (history->days == 0 || history->days > DAYS_KNOWN_MAX || history->use_milli == 0 ||
        history->price_e4_yuan == 0) {
        return false;
    }
    if (balance.fen <= 0) {
        *ret_days = 0;
        return true;
    }
    if (balance.fen > FEN_MAX) {
        *ret_days = ESTIMATE_DAYS_MAX;
        return true;
    }
    int64_t cost = 0;
    if (__builtin_mul_overflow(history->use_milli, history->price_e4_yuan, &cost)) {
        return false;
    }
    const int64_t days = balance.fen * (int64_t)history->days * SCALE / cost; /* <= 3.7e18 */
    *ret_days = days < ESTIMATE_DAYS_MAX ? days : ESTIMATE_DAYS_MAX;
    return true;
}

struct estimate_split estimate_arrears(struct money balance, struct money amount)
{
    MUST(amount.fen > 0);
    MUST(balance.fen > INT64_MIN);
    const int64_t debt = balance.fen < 0 ? -balance.fen : 0;
    const int64_t arrears = debt < amount.fen ? debt : amount.fen;
    return (struct estimate_split){money_fen(arrears), money_fen(amount.fen - arrears)};
}
