/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_WEATHER_H
#define SHILLING_SIM_WORLD_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/dice.h"

/* Everything that can go wrong, and how often: drawn anew for each seed. */
enum fault {
    FAULT_NET_DROP,
    FAULT_NET_DOUBLE,
    FAULT_NET_LATE,
    FAULT_NET_OVERTAKEN, /* came after one that was sent later on the same way; only counted */
    FAULT_NET_PARTITION,
    FAULT_PAY_LOST_CALL,
    FAULT_PAY_LOST_ANSWER,
    FAULT_PAY_REFUSED,
    FAULT_PAY_WRONG_AMOUNT,
    FAULT_PAY_LATE,
    FAULT_NOTIFY_NEVER,
    FAULT_NOTIFY_FIRST,
    FAULT_NOTIFY_DOUBLE,
    FAULT_REFUND_OUTSIDE,
    FAULT_REFUND_AT_ONCE, /* outside, within seconds of the payment */
    FAULT_REFUND_SLOW,
    FAULT_REFUND_ABNORMAL,
    FAULT_REFUND_LOW_BALANCE,
    FAULT_STRAY_PAYMENT,
    FAULT_BILL_LATE,
    FAULT_BILL_ROW_MISSING,
    FAULT_METER_LOST_REQUEST,
    FAULT_METER_LOST_REPLY,
    FAULT_METER_LATE_REPLY,
    FAULT_METER_GARBLED,
    FAULT_LINK_HOLDS,
    FAULT_METER_NOISE,
    FAULT_METER_BROKEN_REPLY, /* in two parts, with a gap */
    FAULT_METER_DOUBLE_REPLY,
    FAULT_METER_DEAD,
    FAULT_METER_OTHER_SALE,
    FAULT_METER_REFUSES,   /* the amount would be above its limit */
    FAULT_METER_NEAR_SALE, /* another seller's, of nearly what our lost frame would have brought */
    FAULT_CLOUD_KILLED,
    FAULT_CLOUD_POWER,
    FAULT_CLOUD_RESTARTED,
    FAULT_COLLECTOR_KILLED,
    FAULT_COLLECTOR_POWER,
    FAULT_COLLECTOR_DISK,
    FAULT_BROKER_RESTART,
    FAULT_BROKER_LOST, /* was in the broker when that happened; only counted */
    FAULT_DISK_FULL,
    FAULT_SYNC_ERROR,
    FAULT_SYNC_STALLED,
    FAULT_CLOCK_STEP,
    FAULT_KIOSK_DIES,
    FAULT_KIOSK_DOUBLE_TAP,
    FAULT_KIOSK_CANCEL,
    FAULT_OPERATOR_DOUBLE,
    FAULT_OPERATOR_ALONE,
    /* From here on those of a world with cards, which are drawn apart. */
    FAULT_CARD_LEFT_UNREAD,
    FAULT_CARD_LEFT_PAID, /* without the token that he has paid */
    FAULT_CARD_TORN,      /* taken away while a block was written */
    FAULT_CARD_PULLED,    /* ... or at any other moment of a write */
    FAULT_CARD_TORN_AT_METER,
    FAULT_CARD_COPIED,
    FAULT_CARD_RESTORED, /* an older image was put back on it */
    FAULT_CARD_CLONE,    /* a copy was held to the meter */
    FAULT_CARD_LOST,
    FAULT_CARD_FOUND, /* one that was lost or replaced was held to the meter */
    FAULT_CARD_STAYS_HOME,
    FAULT_CARD_USED,     /* energy was used between two visits */
    FAULT_CARD_RETURNED, /* the desk buys value back */
    FAULT_CARD_WEAK,     /* too far away: what was written fades with the field */
    FAULT_COUNT
};

struct weather {
    uint32_t ppm[FAULT_COUNT]; /* of an occasion, or of a minute for what has none */
    int64_t net_ms_max;        /* usual delay of a message */
    int64_t sync_ns_max;
    uint32_t preempt_ppm;
    bool meter_gone;        /* one meter dies for good */
    bool links_hold;        /* one meter hangs behind a buffered link */
    bool restored;          /* the server's disk is lost, and a backup comes back */
    bool orders_repeatable; /* family Q takes an order number twice */
    bool total_readable;    /* ... and tells its total */
    bool flats_vacant;      /* ... and nothing is used behind it */
    bool card_meter_sick;   /* one meter does not give value back */
    bool card_tenant_gone;  /* one tenant leaves the town with his card */
};

const char *fault_name(enum fault fault);

/** Half of the seeds have everything on, the others some of it. */
struct weather weather_draw(struct dice *dice);

/** What a world with cards has on top of it, and without it: no bus, no broker, no collector. */
void weather_draw_cards(struct dice *dice, struct weather *weather);

/** Nothing goes wrong any more. */
struct weather weather_calm(const struct weather *before);

#endif
