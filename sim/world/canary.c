/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/canary.h"

#include "common/must.h"
#include "common/str.h"

struct row {
    const char *name;
    const char *about;
};

static const struct row ROWS[CANARY_COUNT] = {
    [CANARY_NONE] = {"none", "nothing is planted"},
    [CANARY_CLOSE_ON_TIMEOUT] = {"close-on-timeout",
                                 "an unpaid order is closed on our own time-out"},
    [CANARY_NEW_COUNT_ON_RETRY] = {"new-count-on-retry", "an unanswered credit is sent again with "
                                                         "the next count"},
    [CANARY_REFUND_WITHOUT_FENCE] = {"refund-without-fence", "a void is believed that nobody made"},
    [CANARY_NOTIFY_NOT_IDEMPOTENT] = {"notify-not-idempotent", "each notify posts"},
    [CANARY_INTENT_NOT_SYNCED] = {"intent-not-synced", "the frame leaves before its intent is "
                                                       "durable"},
    [CANARY_COUNT_USED_IS_OURS] = {"count-used-is-ours", "a used count is taken as our success"},
    [CANARY_OPERATORS_NOT_SERIAL] = {"operators-not-serial", "two people act side by side"},
    [CANARY_SYNC_ERROR_IGNORED] = {"sync-error-ignored", "the service goes on after a failed sync"},
    [CANARY_DEAD_METER_BLOCKS] = {"dead-meter-blocks",
                                  "what waits for a dead meter waits for ever"},
    [CANARY_TOMBSTONE_NOT_SYNCED] = {"tombstone-not-synced", "a power cut takes a void back"},
    [CANARY_EPOCH_NOT_CHECKED] = {"epoch-not-checked", "a collector with a new disk speaks for the "
                                                       "old one"},
    [CANARY_STRAY_DROPPED] = {"stray-dropped", "money of an unknown number is acknowledged and "
                                               "forgotten"},
    [CANARY_POSTING_WITHOUT_KEY] = {"posting-without-key", "a repeated posting is posted again"},
    [CANARY_FOLDER_NOT_SYNCED] = {"folder-not-synced", "a removed file comes back after a power "
                                                       "cut"},
};

/* Wrapped functions of the product get no pointer of ours through which they could be told. */
static enum canary planted = CANARY_NONE;

void canary_plant(enum canary canary)
{
    planted = canary;
}

bool canary_is(enum canary canary)
{
    return planted == canary;
}

const char *canary_name(enum canary canary)
{
    MUST(canary < CANARY_COUNT);
    return ROWS[canary].name;
}

const char *canary_about(enum canary canary)
{
    MUST(canary < CANARY_COUNT);
    return ROWS[canary].about;
}

bool canary_find(const char *name, enum canary *ret_canary)
{
    for (int i = 0; i < CANARY_COUNT; i++) {
        if (str_equal(name, ROWS[i].name)) {
            *ret_canary = (enum canary)i;
            return true;
        }
    }
    return false;
}
