/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/weather.h"

#include "common/must.h"

enum { PERCENT = 10000, HALF = 500000 };

struct row {
    const char *name;
    uint32_t ppm_max;
};

static const struct row ROWS[FAULT_COUNT] = {
    [FAULT_NET_DROP] = {"net drop", 40 * PERCENT},
    [FAULT_NET_DOUBLE] = {"net double", 45 * PERCENT},
    [FAULT_NET_LATE] = {"net late", 60 * PERCENT},
    [FAULT_NET_OVERTAKEN] = {"net overtaken", 0},
    [FAULT_NET_PARTITION] = {"net partition", 60 * PERCENT},
    [FAULT_PAY_LOST_CALL] = {"pay lost call", 25 * PERCENT},
    [FAULT_PAY_LOST_ANSWER] = {"pay lost answer", 30 * PERCENT},
    [FAULT_PAY_REFUSED] = {"pay refused", 1 * PERCENT},
    [FAULT_PAY_WRONG_AMOUNT] = {"pay wrong amount", PERCENT / 4},
    [FAULT_PAY_LATE] = {"pay late", 6 * PERCENT},
    [FAULT_NOTIFY_NEVER] = {"notify never", 20 * PERCENT},
    [FAULT_NOTIFY_FIRST] = {"notify first", 30 * PERCENT},
    [FAULT_NOTIFY_DOUBLE] = {"notify double", 80 * PERCENT},
    [FAULT_REFUND_OUTSIDE] = {"refund outside", PERCENT / 4},
    [FAULT_REFUND_AT_ONCE] = {"refund at once", 1 * PERCENT},
    [FAULT_REFUND_SLOW] = {"refund slow", 30 * PERCENT},
    [FAULT_REFUND_ABNORMAL] = {"refund abnormal", 2 * PERCENT},
    [FAULT_REFUND_LOW_BALANCE] = {"refund low balance", 10 * PERCENT},
    [FAULT_STRAY_PAYMENT] = {"stray payment", 5 * PERCENT},
    [FAULT_BILL_LATE] = {"bill late", 50 * PERCENT},
    [FAULT_BILL_ROW_MISSING] = {"bill row missing", 1 * PERCENT},
    [FAULT_METER_LOST_REQUEST] = {"meter lost request", 18 * PERCENT},
    [FAULT_METER_LOST_REPLY] = {"meter lost reply", 20 * PERCENT},
    [FAULT_METER_LATE_REPLY] = {"meter late reply", 15 * PERCENT},
    [FAULT_METER_GARBLED] = {"meter garbled", 12 * PERCENT},
    [FAULT_METER_NOISE] = {"meter noise", 60 * PERCENT},
    [FAULT_METER_BROKEN_REPLY] = {"meter broken reply", 60 * PERCENT},
    [FAULT_METER_DOUBLE_REPLY] = {"meter double reply", 40 * PERCENT},
    [FAULT_LINK_HOLDS] = {"link holds", 30 * PERCENT},
    [FAULT_METER_DEAD] = {"meter dead", 5 * PERCENT},
    [FAULT_METER_OTHER_SALE] = {"meter other sale", 5 * PERCENT},
    [FAULT_METER_REFUSES] = {"meter refuses", 1 * PERCENT},
    [FAULT_METER_NEAR_SALE] = {"meter near sale", 5 * PERCENT},
    [FAULT_CLOUD_KILLED] = {"cloud killed", 20 * PERCENT},
    [FAULT_CLOUD_POWER] = {"cloud power cut", 20 * PERCENT},
    [FAULT_CLOUD_RESTARTED] = {"cloud restarted", 10 * PERCENT},
    [FAULT_COLLECTOR_KILLED] = {"collector killed", 20 * PERCENT},
    [FAULT_COLLECTOR_POWER] = {"collector power cut", 20 * PERCENT},
    [FAULT_COLLECTOR_DISK] = {"collector disk lost", 10 * PERCENT},
    [FAULT_BROKER_RESTART] = {"broker restart", 30 * PERCENT},
    [FAULT_BROKER_LOST] = {"broker lost", 0},
    [FAULT_DISK_FULL] = {"disk full", 3 * PERCENT},
    [FAULT_SYNC_ERROR] = {"sync error", PERCENT / 20},
    [FAULT_SYNC_STALLED] = {"sync stalled", 2 * PERCENT},
    [FAULT_CLOCK_STEP] = {"clock step", 40 * PERCENT},
    [FAULT_KIOSK_DIES] = {"kiosk dies", 3 * PERCENT},
    [FAULT_KIOSK_DOUBLE_TAP] = {"kiosk double tap", 60 * PERCENT},
    [FAULT_KIOSK_CANCEL] = {"kiosk cancel", 10 * PERCENT},
    [FAULT_OPERATOR_DOUBLE] = {"operator double", 80 * PERCENT},
    [FAULT_OPERATOR_ALONE] = {"operator alone", 50 * PERCENT},
    [FAULT_CARD_LEFT_UNREAD] = {"card left unread", 10 * PERCENT},
    [FAULT_CARD_LEFT_PAID] = {"card left when paid", 30 * PERCENT},
    [FAULT_CARD_TORN] = {"card torn", 50 * PERCENT},
    [FAULT_CARD_PULLED] = {"card pulled", 30 * PERCENT},
    [FAULT_CARD_TORN_AT_METER] = {"card torn at meter", 40 * PERCENT},
    [FAULT_CARD_COPIED] = {"card copied", 50 * PERCENT},
    [FAULT_CARD_RESTORED] = {"card put back", 30 * PERCENT},
    [FAULT_CARD_CLONE] = {"card's clone used", 30 * PERCENT},
    [FAULT_CARD_LOST] = {"card lost", 10 * PERCENT},
    [FAULT_CARD_FOUND] = {"card found again", 40 * PERCENT},
    [FAULT_CARD_STAYS_HOME] = {"card stays home", 70 * PERCENT},
    [FAULT_CARD_USED] = {"energy used", 90 * PERCENT},
    [FAULT_CARD_RETURNED] = {"card value bought back", 40 * PERCENT},
    [FAULT_CARD_WEAK] = {"card written weakly", 10 * PERCENT},
};

const char *fault_name(enum fault fault)
{
    MUST(fault < FAULT_COUNT);
    return ROWS[fault].name;
}

static void draw_faults(struct dice *dice, struct weather *weather, int first, int end, bool swarm)
{
    for (int i = first; i < end; i++) {
        const uint32_t drawn = dice_below(dice, ROWS[i].ppm_max + 1);
        const bool off = dice_chance(dice, HALF);
        weather->ppm[i] = swarm && off ? 0 : drawn;
    }
}

struct weather weather_draw(struct dice *dice)
{
    struct weather weather = {.orders_repeatable = false};
    const bool swarm = dice_chance(dice, HALF);
    draw_faults(dice, &weather, /* first= */ 0, FAULT_CARD_LEFT_UNREAD, swarm);
    /* A disk that dies costs a person's time for each delivery it knew of: not in every sky. */
    const bool disks_die = dice_chance(dice, 10 * PERCENT);
    if (!disks_die) {
        weather.ppm[FAULT_COLLECTOR_DISK] = 0;
    }
    weather.net_ms_max = dice_between(dice, 5, 400);
    weather.sync_ns_max = dice_between(dice, 0, 20000000);
    weather.preempt_ppm = dice_below(dice, 20 * PERCENT);
    weather.meter_gone = dice_chance(dice, 10 * PERCENT);
    weather.orders_repeatable = dice_chance(dice, HALF);
    weather.total_readable = dice_chance(dice, HALF);
    weather.flats_vacant = dice_chance(dice, HALF);
    weather.links_hold = dice_chance(dice, 10 * PERCENT);
    weather.restored = dice_chance(dice, 10 * PERCENT);
    return weather;
}

void weather_draw_cards(struct dice *dice, struct weather *weather)
{
    const bool swarm = dice_chance(dice, HALF);
    draw_faults(dice, weather, FAULT_CARD_LEFT_UNREAD, FAULT_COUNT, swarm);
    for (int i = FAULT_METER_LOST_REQUEST; i <= FAULT_METER_NEAR_SALE; i++) {
        weather->ppm[i] = 0;
    }
    for (int i = FAULT_COLLECTOR_KILLED; i <= FAULT_BROKER_LOST; i++) {
        weather->ppm[i] = 0;
    }
    weather->ppm[FAULT_BILL_ROW_MISSING] = 0; /* of one row it would look like one that is late */
    weather->meter_gone = false;
    weather->links_hold = false;
    weather->restored = false; /* the cards of a site whose server lost its books need people */
    weather->card_meter_sick = dice_chance(dice, 10 * PERCENT);
    weather->card_tenant_gone = dice_chance(dice, 10 * PERCENT);
}

struct weather weather_calm(const struct weather *before)
{
    struct weather calm = *before;
    for (int i = 0; i < FAULT_COUNT; i++) {
        calm.ppm[i] = 0;
    }
    calm.net_ms_max = 50;
    return calm;
}
