/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_METER_H
#define SHILLING_EMULATORS_METERBUS_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "emulators/meterbus/calendar.h"
#include "emulators/meterbus/frame.h"
#include "emulators/meterbus/param.h"

/*
 * One emulated meter. Its physics is a pure function of simulated time: the same meter advanced
 * in one step or in a thousand holds the same energy and the same money, so a restarted emulator
 * only has to know the moment of its last change and comes to where the meter would be by now.
 *
 * Energy is counted in millijoules (watts times milliseconds), money in millionths of a yuan: a
 * step of 0.01 kWh at a price of 0.0001 yuan/kWh is exactly one of them, so nothing is rounded.
 */
enum {
    TARIFF_COUNT = 4,
    PHASE_COUNT = 3,
    ENERGY_STEP_MJ = 36000000, /* 0.01 kWh, the registers' last digit */
    MICROS_PER_FEN = 10000,
    SNAPSHOT_DEPTH = 62, /* 01..3E, the most the standard's numbering allows */
    METER_NAME_SIZE = 33,
    METER_PURCHASES_MAX = 50000, /* a state file of some 10 MB; far above any test */
    METER_AUTH_VALID_MS = 300000,
    METER_AUTH_FAILURES_MAX = 15, /* an hour; then locked until the next */
    METER_READ_MAX = 400          /* the largest value of the DI table is 143 bytes */
};

enum meter_kind { METER_CLOUD, METER_COUNT, METER_ORDER, METER_KIND_COUNT };

enum snapshot_kind {
    SNAPSHOT_TIMED,
    SNAPSHOT_INSTANT,
    SNAPSHOT_HOURLY,
    SNAPSHOT_DAILY,
    SNAPSHOT_SETTLEMENT,
    SNAPSHOT_KIND_COUNT
};

enum money_kind { MONEY_RECHARGE, MONEY_OPEN, MONEY_REFUND, MONEY_KIND_COUNT };

struct snapshot {
    int64_t at_ms; /* meter clock; 0 = never taken */
    uint64_t energy_mj[TARIFF_COUNT];
    uint64_t power_w;
};

struct purchase {
    int64_t at_ms; /* meter clock */
    uint32_t amount_fen;
    uint32_t count;     /* of the count kind; 0 otherwise */
    uint8_t order[8];   /* of the order kind; BCD, low byte first */
    int64_t before_fen; /* net: negative is overdraft */
    int64_t after_fen;
    uint64_t total_fen; /* bought so far */
    enum money_kind kind;
};

/* What the config file says; constant while the process runs, but for what `set` may change. */
struct meter_cfg {
    char name[METER_NAME_SIZE];
    enum meter_kind kind;
    uint8_t address[FRAME_ADDRESS_SIZE];
    uint8_t password[4];      /* PA P0 P1 P2 */
    uint8_t operator_code[4]; /* C0..C3 */
    bool operator_checked;
    uint8_t customer[6];
    uint64_t load_w;
    uint64_t vary_percent;
    uint16_t profile_percent[24];
    uint8_t tariff_of_hour[24]; /* 0..3 */
    uint8_t phase_count;        /* 1 or 3 */
    uint32_t voltage_dv;
    uint32_t power_factor_e3;
    uint64_t energy_step[TARIFF_COUNT]; /* start values, 0.01 kWh */
    int64_t balance_fen;                /* start value */
    uint32_t count;                     /* start value */
    bool opened;
    uint32_t price_e4[TARIFF_COUNT];
    uint32_t alarm_fen[2];
    uint32_t overdraft_fen;
    uint32_t hoarding_fen;
    uint32_t close_fen;
    int64_t clock_ms; /* start value; 0 = the machine's time */
    uint32_t speed;   /* simulated seconds a second */
    uint32_t history_days;
    uint32_t td_ms;
    uint8_t fe_count;
    uint32_t baud;
    uint32_t reply_bytes_max; /* of value a frame, then B1 */
    bool button_auto;
    uint32_t relay_delay_ms;
    bool repeat_order_accepted;
    bool zero_credit_accepted;
    bool purchase_records; /* answers 0333xxxx */
    uint8_t serr_bytes;    /* 1 or 2 */
    uint8_t trailing_bytes;
};

struct relay {
    bool open;
    bool ordered_open; /* the newest command, status word 3 bit 6 */
    bool by_arrears;   /* the meter tripped by itself */
    bool close_allowed;
    bool keep_power;
    bool alarm_ordered;
    bool stuck;         /* a fault: obeys no more */
    int64_t move_at_ms; /* simulated; 0 = rests */
    bool move_to_open;
    int64_t return_at_ms; /* simulated; closes by itself; 0 = no */
    uint32_t trip_count;
    uint32_t close_count;
};

struct session {
    int64_t until_ms; /* simulated; authentication is valid until then */
    uint32_t valid_ms;
    uint32_t failures;
    int64_t failures_hour; /* number of the hour they were counted in */
    bool programming;      /* the programming key is pressed */
};

/* A block under way in several frames; not kept over restarts, as in a real meter. */
struct follow {
    uint32_t di;
    uint8_t bytes[METER_READ_MAX];
    size_t size;
    size_t sent_before; /* bytes that went out before frame seq */
    uint8_t seq;
};

struct meter {
    struct meter_cfg cfg;
    uint8_t address[FRAME_ADDRESS_SIZE];
    uint8_t password[4];
    uint32_t baud;
    uint32_t baud_next; /* takes effect when the reply has left; 0 = none */
    int64_t sim_ms;     /* physics is computed up to here */
    int64_t offset_ms;  /* the meter's clock shows sim_ms + offset_ms */
    int64_t base_sim_ms;
    int64_t base_ns; /* monotonic moment of base_sim_ms */
    uint64_t energy_mj[TARIFF_COUNT];
    uint64_t demand_w;
    int64_t demand_at_ms;
    int64_t balance_micros; /* net */
    uint64_t total_fen;
    uint32_t count;
    uint8_t customer[6];
    bool opened;
    bool suspended;
    uint32_t price_e4[TARIFF_COUNT];
    uint32_t alarm_fen[2];
    uint32_t overdraft_fen;
    uint32_t hoarding_fen;
    uint32_t close_fen;
    uint8_t freeze_at[4]; /* mm hh DD MM of control 16; 0 = none */
    bool freeze_set;
    int64_t broadcast_day; /* day number of the last clock broadcast obeyed */
    uint32_t programming_count;
    uint32_t clock_set_count;
    uint32_t cleared_count;
    struct relay relay;
    struct session session;
    struct follow follow;
    struct snapshot snapshots[SNAPSHOT_KIND_COUNT][SNAPSHOT_DEPTH]; /* [0] is the newest */
    uint8_t params[PARAM_COUNT][PARAM_SIZE_MAX];
    struct purchase *purchases; /* @own, oldest first */
    size_t purchase_count;
    bool dead;
    bool dirty; /* must be stored before the reply leaves */
};

/** A new meter as its config says, at simulated time @p sim_ms. Fills the whole struct. */
void meter_init(struct meter *meter, const struct meter_cfg *cfg, int64_t sim_ms);

/** Free what the meter owns. */
void meter_finish(struct meter *meter);

/** From @p now_ns (monotonic) on, simulated time runs from @p sim_ms at the meter's speed. */
void meter_clock_anchor(struct meter *meter, int64_t now_ns, int64_t sim_ms);

/** Simulated time at @p now_ns. */
int64_t meter_clock_sim_ms(const struct meter *meter, int64_t now_ns);

/** Let the world go on up to simulated time @p sim_ms; earlier times change nothing. */
void meter_advance(struct meter *meter, int64_t sim_ms);

/** What the meter's own clock shows. */
int64_t meter_shown_ms(const struct meter *meter);

/** Power drawn now, all phases, in watts; 0 behind an open relay. */
uint64_t meter_power_w(const struct meter *meter);

/** Energy of a tariff (0..3) or, with TARIFF_COUNT, of all: in 0.01 kWh, whole steps. */
uint64_t energy_steps(const uint64_t energy_mj[TARIFF_COUNT], size_t tariff);

/** Net balance in whole fen, rounded down; negative is overdraft. */
int64_t meter_balance_fen(const struct meter *meter);

/** The balance has reached the overdraft limit: the meter trips. */
bool meter_in_arrears(const struct meter *meter);

/** The pre-trip alarm is on, by command or by the balance. */
bool meter_alarm(const struct meter *meter);

/** Order the relay to move after its delay; ignores a stuck relay. */
void meter_relay_order(struct meter *meter, bool open);

/** What follows from a changed balance: trip, or closing (again) after arrears. */
void meter_balance_changed(struct meter *meter);

/** The user presses the button at the meter: closes where that is allowed. False if it is not. */
bool meter_button_press(struct meter *meter);

/** Record the present state as the newest snapshot of @p kind. */
void meter_snapshot_take(struct meter *meter, enum snapshot_kind kind);

/** Append to the purchase list; false if it is full or without memory (nothing changed then). */
MUST_CHECK bool meter_purchase_add(struct meter *meter, const struct purchase *purchase);

#endif
