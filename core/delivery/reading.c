/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: each judge compares two readings of one meter and says what they prove about one credit,
 * in integers and rounding against ourselves: use is rounded up, so a window is never narrower
 * than the truth, and where two windows could touch nothing is proven at all.
 */
#include "core/delivery/reading.h"

#include "common/must.h"

/*
 * use in fen = centi-kWh / 100 x e4-yuan / 10000 x 100 = centi-kWh x e4-yuan / 10000. Both factors
 * are bounded so that the product stays far inside int64.
 */
enum { USE_DIVISOR = 10000 };
#define ENERGY_CENTI_KWH_MAX INT64_C(99999999) /* the register has eight digits */
#define PRICE_E4_MAX INT64_C(99999999)         /* NNNN.NNNN yuan/kWh */

bool delivery_use_max(const struct delivery_reading *before, const struct delivery_reading *after,
                      const struct delivery_use *use, struct money *ret_use)
{
    MUST(use->energy_step >= 1);
    MUST(use->fixed.fen >= 0);
    if (!before->has_energy || !after->has_energy || use->price_e4_yuan_kwh < 0 ||
        use->price_e4_yuan_kwh > PRICE_E4_MAX) {
        return false;
    }
    if (before->energy_centi_kwh < 0 || after->energy_centi_kwh < before->energy_centi_kwh ||
        after->energy_centi_kwh > ENERGY_CENTI_KWH_MAX || use->energy_step > ENERGY_CENTI_KWH_MAX) {
        return false; /* another meter, or a register that went round */
    }
    const int64_t energy = after->energy_centi_kwh - before->energy_centi_kwh + use->energy_step;
    const int64_t product = energy * use->price_e4_yuan_kwh;
    const int64_t fen = product / USE_DIVISOR + (product % USE_DIVISOR != 0 ? 1 : 0);
    struct money sum = money_fen(0);
    if (!money_add(money_fen(fen), use->fixed, &sum) || !money_add(sum, money_fen(1), &sum)) {
        return false;
    }
    *ret_use = sum;
    return true;
}

/* True if low <= value <= high. */
static bool is_within(struct money value, struct money low, struct money high)
{
    return value.fen >= low.fen && value.fen <= high.fen;
}

static enum delivery_verdict judge_total(struct money before, struct money after,
                                         struct money amount)
{
    struct money bought = money_fen(0);
    if (!money_sub(after, before, &bought)) {
        return VERDICT_ODD;
    }
    if (bought.fen == amount.fen) {
        return VERDICT_OURS;
    }
    return bought.fen == 0 ? VERDICT_NOT_DONE : VERDICT_ODD;
}

static enum delivery_verdict judge_balance(const struct delivery_reading *before,
                                           const struct delivery_reading *after,
                                           struct money amount, struct money use)
{
    const struct money b0 = before->balance;
    struct money full = money_fen(0);
    struct money full_low = money_fen(0);
    struct money none_low = money_fen(0);
    if (!money_add(b0, amount, &full) || !money_sub(full, use, &full_low) ||
        !money_sub(b0, use, &none_low)) {
        return VERDICT_ODD;
    }
    if (amount.fen <= use.fen) {
        return VERDICT_UNDECIDED; /* the two windows touch: use could hide the credit */
    }
    MUST(full_low.fen > b0.fen);
    if (is_within(after->balance, full_low, full)) {
        return VERDICT_OURS;
    }
    return is_within(after->balance, none_low, b0) ? VERDICT_NOT_DONE : VERDICT_UNDECIDED;
}

enum delivery_verdict delivery_judge_window(const struct delivery_reading *before,
                                            const struct delivery_reading *after,
                                            struct money amount, const struct delivery_use *use)
{
    MUST(amount.fen > 0);
    MUST(use->energy_step >= 1);
    if (before->has_total && after->has_total) {
        return judge_total(before->total, after->total, amount);
    }
    if (!before->has_balance) {
        return VERDICT_UNDECIDED; /* nothing to compare with, now or ever */
    }
    if (!after->has_balance || !after->has_energy) {
        return VERDICT_UNREADABLE;
    }
    struct money most = money_fen(0);
    if (!delivery_use_max(before, after, use, &most)) {
        return VERDICT_UNDECIDED;
    }
    return judge_balance(before, after, amount, most);
}

/* The count is n + 1: did our credit raise it, or somebody else's? */
static enum delivery_verdict judge_count_used(const struct delivery_reading *before,
                                              const struct delivery_reading *after,
                                              struct money amount, const struct delivery_use *use)
{
    if (after->has_last) {
        return after->last_amount.fen == amount.fen ? VERDICT_OURS : VERDICT_BEATEN;
    }
    const enum delivery_verdict window = delivery_judge_window(before, after, amount, use);
    if (window == VERDICT_OURS || window == VERDICT_UNREADABLE) {
        return window;
    }
    return VERDICT_UNDECIDED;
}

enum delivery_verdict delivery_judge_count(const struct delivery_reading *before,
                                           const struct delivery_reading *after,
                                           struct money amount, const struct delivery_use *use)
{
    MUST(before->has_count);
    MUST(amount.fen > 0);
    if (!after->has_count) {
        return VERDICT_UNREADABLE;
    }
    if (after->count == before->count) {
        return VERDICT_NOT_DONE;
    }
    /* Counts that wrap round do not exist: a meter does not see 2^32 purchases. */
    if (after->count > before->count && after->count - before->count == 1) {
        return judge_count_used(before, after, amount, use);
    }
    return VERDICT_ODD;
}

const char *delivery_verdict_name(enum delivery_verdict verdict)
{
    static const char *const NAMES[VERDICT_COUNT] = {
        [VERDICT_UNREADABLE] = "unreadable",
        [VERDICT_OURS] = "ours",
        [VERDICT_NOT_DONE] = "not_done",
        [VERDICT_BEATEN] = "beaten",
        [VERDICT_ODD] = "odd",
        [VERDICT_UNDECIDED] = "undecided",
    };
    MUST(verdict < VERDICT_COUNT);
    return NAMES[verdict];
}
