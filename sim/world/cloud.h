/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_CLOUD_H
#define SHILLING_SIM_WORLD_CLOUD_H

#include "cloud/cards/cards.h"
#include "cloud/orders/orders.h"
#include "cloud/review/review.h"

enum {
    CLOUD_SCHEDULE_S = 120,
    CLOUD_STEP_FEN = 3000, /* 0.01 kWh where the balance is in the cloud: used up in minutes */
};

/* The server: its real store, jobs, orders and review on a machine that may die. */
struct world;

struct cloud {
    struct world *world;
    struct clock_port clock;
    struct rng_port rng;
    struct timers timers;
    bool running; /* its process is there */
    bool up;      /* all parts are there */
    bool stopping;
    struct store *store;
    struct jobs *jobs;
    struct orders *orders;
    struct account_port accounts;
    struct review *review;
    struct cards *cards; /* NULL: a world without cards */
};

/** Waits that keep their order but end within hours instead of days. */
struct timers cloud_timers(void);

/** Switch the machine on. */
void cloud_start(struct cloud *cloud);
/** It dies; @p power: with its disk's unsynced writes. Starts again by itself. */
void cloud_crash(struct cloud *cloud, bool power);
/** Somebody stops the service in order and starts it again. */
void cloud_restart(struct cloud *cloud);

/** Fill an empty database: site, rooms, meters, terminals; @p cards: meters without a network, and
 * their cards. Runs the kernel. */
void cloud_provision(struct cloud *cloud, uint32_t rooms, bool cards);

#endif
