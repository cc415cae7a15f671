/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/cardlink/count.h"

#include "common/must.h"

static const char *const COUNT_NAMES[CARDLINK_COUNTS] = {
    [CARDLINK_TIMEOUTS] = "timeouts",
    [CARDLINK_LINE_ERRORS] = "line_errors",
    [CARDLINK_CARD_ERRORS] = "card_errors",
    [CARDLINK_AUTH_ERRORS] = "auth_errors",
    [CARDLINK_REOPENS] = "reopens",
    [CARDLINK_RESTARTS] = "restarts",
    [CARDLINK_READ_RETRIES] = "read_retries",
    [CARDLINK_WRITE_RETRIES] = "write_retries",
    [CARDLINK_TORN_SLOTS] = "torn_slots",
    [CARDLINK_READS] = "reads",
    [CARDLINK_WRITES] = "writes",
    [CARDLINK_RELAYS] = "relays",
    [CARDLINK_POWER_RESETS] = "power_resets",
};

const char *cardlink_count_name(enum cardlink_count count)
{
    MUST(count < CARDLINK_COUNTS);
    return COUNT_NAMES[count];
}
