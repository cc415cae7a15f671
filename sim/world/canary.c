/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/canary.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

enum {
    DISKS_DIE_PPM = 100000,
    CLOUD_KILLED_PPM = 700000, /* a minute */
    REFUSES_PPM = 30000,
    SYNC_ERRORS_PPM = 2000,
    COMMANDS_LATE_PPM = 250000,
    COMMANDS_DOUBLE_PPM = 450000,
    NEAR_SALES_PPM = 500000,
    LINK_HOLDS_PPM = 850000,
    CARDS_LOST_PPM = 100000,
    CARDS_RETURNED_PPM = 500000,
    CARDS_WEAK_PPM = 200000,
    CARDS_USED_PPM = 900000,
    LONG_TOPUPS = 500, /* what is stuck must stay stuck for a while */
};

/* A history that fails by this rule, in these words. */
struct rule {
    const char *number; /* "I3" */
    const char *words;
};

enum { RULES_MAX = 2 };

struct row {
    const char *name;
    const char *about;
    struct rule seen_by[RULES_MAX]; /* any of them; number NULL: no more */
};

static const struct row ROWS[CANARY_COUNT] = {
    [CANARY_NONE] = {"none", "nothing is planted", {{NULL, NULL}}},
    [CANARY_CLOSE_ON_TIMEOUT] = {"close-on-timeout",
                                 "an unpaid order is closed on our own time-out",
                                 {{"I12", "paid and is CLOSED"}}},
    [CANARY_NEW_COUNT_ON_RETRY] = {"new-count-on-retry",
                                   "an unanswered credit is sent again with the next count",
                                   {{"I3", "was credited"}}},
    [CANARY_REFUND_WITHOUT_FENCE] = {"refund-without-fence",
                                     "a void is believed that nobody made",
                                     {{"I3", "was credited"}, {"I1", "credited and refunded"}}},
    [CANARY_NOTIFY_NOT_IDEMPOTENT] = {"notify-not-idempotent",
                                      "each notify posts",
                                      {{"I4", "HELD"}}},
    [CANARY_INTENT_NOT_SYNCED] = {"intent-not-synced",
                                  "the frame leaves before its intent is durable",
                                  {{"I8", "frame leaves"}}},
    [CANARY_COUNT_USED_IS_OURS] = {"count-used-is-ours",
                                   "a used count is taken as our success",
                                   {{"I9", "shown as done"}, {"I5", "is DONE and its meter"}}},
    [CANARY_OPERATORS_NOT_SERIAL] = {"operators-not-serial",
                                     "two people act side by side",
                                     {{"I3", "was paid back"}}},
    [CANARY_SYNC_ERROR_IGNORED] = {"sync-error-ignored",
                                   "the service goes on after a failed sync",
                                   {{"I8", ""}}},
    [CANARY_DEAD_METER_BLOCKS] = {"dead-meter-blocks",
                                  "what waits for a dead meter waits for ever",
                                  {{"I12", "nobody to see to it"}}},
    [CANARY_TOMBSTONE_NOT_SYNCED] = {"tombstone-not-synced",
                                     "a power cut takes a void back",
                                     {{"I3", "was credited"}, {"I1", "credited and refunded"}}},
    [CANARY_EPOCH_NOT_CHECKED] = {"epoch-not-checked",
                                  "a collector with a new disk speaks for the old one",
                                  {{"I3", "was credited"}, {"I1", "credited and refunded"}}},
    [CANARY_STRAY_DROPPED] = {"stray-dropped",
                              "money of an unknown number is acknowledged and forgotten",
                              {{"I1", "nobody knows of it"}}},
    [CANARY_POSTING_WITHOUT_KEY] = {"posting-without-key",
                                    "a repeated posting is posted again",
                                    {{"I4", ""}}},
    [CANARY_FOLDER_NOT_SYNCED] = {"folder-not-synced",
                                  "a removed file comes back after a power cut",
                                  {{"I8", ""}}},
    [CANARY_REQUEST_NOT_SYNCED] = {"request-not-synced",
                                   "a terminal asks before its wish is durable",
                                   {{"I8", "forgotten the request"}}},
    [CANARY_REPLAY_FORGETS_COUNT] = {"replay-forgets-count",
                                     "a restarted server does not know the count that it gave",
                                     {{"I16", "went back"}}},
    [CANARY_VOID_COUNT_KEPT] = {"void-count-kept",
                                "a voided count is never given again",
                                {{"I16", "went back"}}},
    [CANARY_SUPERSEDED_CREDITED] = {"superseded-credited",
                                    "late money of a given-up attempt is credited",
                                    {{"I2", "given up for another"}}},
    [CANARY_WINDOW_OFF_BY_ONE] = {"window-off-by-one",
                                  "family Q: the balance window is a unit too wide",
                                  {{"I12", "paid and is DONE"}, {"I9", "shown as done"}}},
    [CANARY_SETTLED_ALONE] = {"settled-alone",
                              "one person signs twice, and it is settled",
                              {{"I14", "by one person"}}},
    [CANARY_GENERATION_IGNORED] = {"generation-ignored",
                                   "an older relay wish is carried out after a newer one",
                                   {{"I10", "relay wish"}}},
    [CANARY_LINK_BELIEVED] = {"link-believed",
                              "a reading behind a buffered link is taken as proof",
                              {{"I1", "credited and refunded"}}},
    [CANARY_LOG_NOT_SETTLED] = {"log-not-settled",
                                "a start appends behind what a failed sync lost",
                                {{"I3", "was credited"}}},
    [CANARY_CLOSING_FORGOTTEN] = {"closing-forgotten",
                                  "an order that nobody paid is never found closed",
                                  {{"I12", "nobody to see to it"}}},
    [CANARY_ITEM_WITHOUT_OWNER] = {"item-without-owner",
                                   "an open item is opened for nobody",
                                   {{"I12", "without an owner"}}},
    [CANARY_ITEM_WITHOUT_LIMIT] = {"item-without-limit",
                                   "an open item is never due",
                                   {{"I12", "without a limit"}}},
    [CANARY_CARD_UNREAD] = {"card-unread",
                            "a card is written to without being read",
                            {{"I7", "was written to"}}},
    [CANARY_CARD_SINGLE_SLOT] = {"card-single-slot",
                                 "both slots are written as if they were one",
                                 {{"I7", "was written to"}}},
    [CANARY_CARD_NEWER_OVERWRITTEN] = {"card-newer-overwritten",
                                       "the slot with the newer token is written first",
                                       {{"I7", "was written to"}}},
    [CANARY_CARD_N_REUSED] = {"card-n-reused",
                              "after a replaced card a number is given out again",
                              {{"I12", "is not settled"}}},
    [CANARY_CARD_REFUNDED_ISSUED] = {"card-refunded-issued",
                                     "a token that nobody confirmed is refunded",
                                     {{"I3", "went back"}, {"I1", "was paid back"}}},
    [CANARY_CARD_CONFIRM_BELIEVED] = {"card-confirm-believed",
                                      "a terminal's word is proof, without the MAC",
                                      {{"I9", "shown as written"}}},
    [CANARY_CARD_SECOND_TOKEN] = {"card-second-token",
                                  "who comes back gets a second token",
                                  {{"I3", "was credited"}}},
    [CANARY_CARD_REVERSAL_BELIEVED] = {"card-reversal-believed",
                                       "value counts as given back without the meter's word",
                                       {{"I3", "went back"}}},
    [CANARY_CARD_FIELD_KEPT] = {"card-field-kept",
                                "a card is read back without a loss of field",
                                {{"I7", "said to be written"}}},
    [CANARY_CARD_WORD_STALE] = {"card-word-stale",
                                "an older word of the meter is taken for its latest",
                                {{"I9", "word of the meter"}}},
    [CANARY_CARD_SLOT_SKIPPED] = {"card-slot-skipped",
                                  "one slot is written, and both are said to be",
                                  {{"I7", "said to be written"}}},
    [CANARY_CARD_INTENT_NOT_SYNCED] = {"card-intent-not-synced",
                                       "a card is written to before the note of it is durable",
                                       {{"I8", "wrote to a card"}}},
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

bool canary_shows(enum canary canary, bool cards)
{
    return cards ? canary >= CANARY_CLOSING_FORGOTTEN : canary < CANARY_CARD_UNREAD;
}

bool canary_is_seen(enum canary canary, const char *said)
{
    bool seen = false;
    MUST(canary < CANARY_COUNT);
    for (size_t i = 0; i < RULES_MAX; i++) {
        const struct rule *rule = &ROWS[canary].seen_by[i];
        const size_t size = rule->number != NULL ? strlen(rule->number) : 0;
        seen = seen || (size > 0 && strncmp(said, rule->number, size) == 0 &&
                        (said[size] == ':' || said[size] == ',') &&
                        strstr(said + size, rule->words) != NULL);
    }
    return seen;
}

bool canary_breaks_bound(enum canary canary)
{
    return canary == CANARY_REPLAY_FORGETS_COUNT || canary == CANARY_VOID_COUNT_KEPT;
}

void canary_weather(enum canary canary, struct weather *weather)
{
    if (canary == CANARY_CARD_N_REUSED) {
        weather->ppm[FAULT_CARD_LOST] = CARDS_LOST_PPM;
    }
    if (canary == CANARY_CARD_FIELD_KEPT) {
        weather->ppm[FAULT_CARD_WEAK] = CARDS_WEAK_PPM;
    }
    if (canary == CANARY_CARD_REVERSAL_BELIEVED) {
        weather->ppm[FAULT_CARD_RETURNED] = CARDS_RETURNED_PPM;
        weather->ppm[FAULT_CARD_USED] = CARDS_USED_PPM;
    }
    if (canary == CANARY_REPLAY_FORGETS_COUNT) {
        weather->ppm[FAULT_CLOUD_KILLED] = CLOUD_KILLED_PPM;
    }
    if (canary == CANARY_SYNC_ERROR_IGNORED) {
        weather->ppm[FAULT_SYNC_ERROR] = SYNC_ERRORS_PPM;
    }
    if (canary == CANARY_COUNT_USED_IS_OURS) {
        weather->ppm[FAULT_METER_NEAR_SALE] = NEAR_SALES_PPM;
    }
    if (canary == CANARY_TOMBSTONE_NOT_SYNCED || canary == CANARY_EPOCH_NOT_CHECKED) {
        /* Commands late and twice: in a worse sky few get as far as a void. */
        *weather = weather_calm(weather);
        weather->ppm[FAULT_NET_LATE] = COMMANDS_LATE_PPM;
        weather->ppm[FAULT_NET_DOUBLE] = COMMANDS_DOUBLE_PPM;
    }
    if (canary == CANARY_LOG_NOT_SETTLED) {
        /* Calm: the cut and the command that comes once more are made after each credit. */
        *weather = weather_calm(weather);
        weather->orders_repeatable = true;
        weather->ppm[FAULT_SYNC_ERROR] = SYNC_ERRORS_PPM;
    }
    if (canary == CANARY_EPOCH_NOT_CHECKED) {
        weather->ppm[FAULT_COLLECTOR_DISK] = DISKS_DIE_PPM;
    }
    if (canary == CANARY_WINDOW_OFF_BY_ONE) {
        weather->ppm[FAULT_METER_NEAR_SALE] = NEAR_SALES_PPM;
        weather->flats_vacant = true;
        weather->total_readable = false;
    }
    if (canary == CANARY_LINK_BELIEVED) {
        /* Long and quiet: three frames in turn must be held, and each is waited for. */
        *weather = weather_calm(weather);
        weather->links_hold = true;
        weather->ppm[FAULT_LINK_HOLDS] = LINK_HOLDS_PPM;
    }
    if (canary == CANARY_VOID_COUNT_KEPT) {
        /* Long and quiet: in a storm of hours much goes back anyway. */
        *weather = weather_calm(weather);
        weather->ppm[FAULT_METER_REFUSES] = REFUSES_PPM;
    }
}

uint32_t canary_topups(enum canary canary, uint32_t usual)
{
    const bool slow = canary == CANARY_VOID_COUNT_KEPT || canary == CANARY_LINK_BELIEVED;
    return slow ? LONG_TOPUPS : usual;
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
