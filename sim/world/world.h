/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_WORLD_H
#define SHILLING_SIM_WORLD_WORLD_H

#include "sim/cards/cards.h"
#include "sim/kernel/dice.h"
#include "sim/kernel/kernel.h"
#include "sim/world/canary.h"
#include "sim/world/cloud.h"
#include "sim/world/field.h"
#include "sim/world/gate.h"
#include "sim/world/gateway_double.h"
#include "sim/world/http_double.h"
#include "sim/world/kiosk.h"
#include "sim/world/meters.h"
#include "sim/world/power.h"
#include "sim/world/provider.h"
#include "sim/world/weather.h"

/*
 * One history: the real server and the real collector between models of everything outside, each
 * of which keeps its own books. The audit compares those books and asks nobody else.
 */
enum { NODE_CLOUD = 1, NODE_COLLECTOR = 2 };

/* Ways that messages take. */
enum link { LINK_KIOSK, LINK_PROVIDER, LINK_BROKER, LINK_COUNT };

/* Messages of one link with one peer in one direction: those that may overtake each other. */
enum { FLOW_PEERS_MAX = 16, FLOWS_MAX = LINK_COUNT * FLOW_PEERS_MAX * 2 };

struct flow {
    uint64_t sent;
    uint64_t newest; /* of those that have arrived */
};

struct world_config {
    uint64_t seed;
    uint32_t topups; /* orders that tenants will want */
    uint32_t rooms;  /* kinds of meters in turn: cloud, count, order */
    uint32_t kiosks;
    uint64_t masked; /* faults that are off, by bit: what shrinking found out */
    uint32_t gate;   /* 1 to GATE_CASES: one order, whose messages come in that order (gate.h) */
    bool cards;      /* meters without a network, and cards (sim/cards) in place of the bus */
    bool calm;       /* no weather: for sweeps, where the crash is the only fault */
    bool talkative;  /* show the newest events when it is over */
    bool swept;      /* a card can be left without a reader's power before each block, too */
    enum canary canary;
    void (*on_step)(void *self, uint64_t step);
    void *self;
};

/* What happened to cards. */
struct card_counts {
    uint64_t tokens;   /* given out */
    uint64_t written;  /* writes that ended well */
    uint64_t owed;     /* found missing when a card was laid, and written without a payment */
    uint64_t repaired; /* written anew, with nothing owed */
    uint64_t visits;   /* to meters */
    uint64_t loaded;
    uint64_t replayed; /* shown to a meter that knew them, or a later one */
    uint64_t refused;
    uint64_t reversals;  /* begun at the desk */
    uint64_t taken_back; /* by the meter */
    uint64_t paid_out;
    uint64_t replaced;
};

struct counts {
    uint64_t faults[FAULT_COUNT];
    uint64_t orders;
    uint64_t paid;
    uint64_t credited;
    uint64_t refunded;
    uint64_t open;
    int64_t paid_fen;
    int64_t credited_fen;
    int64_t refunded_fen;
    int64_t open_fen;
    int64_t slowest_ms;     /* from a payment to its fate: in its meter, on its balance or back */
    int64_t oldest_open_ms; /* of what was still open at the audit, since its payment */
    uint64_t fast;          /* credited within FAST_S of the payment */
    uint64_t steps;
    struct card_counts cards;
};

enum { FAST_S = 60 };

struct world {
    struct world_config config;
    struct weather weather;
    struct weather drawn; /* the storm's, also when it is over */
    struct dice dice[DICE_CONCERN_COUNT];
    struct counts counts;
    int64_t link_down_until_ns[LINK_COUNT];
    struct flow flows[FLOWS_MAX];
    uint64_t broker_life;
    bool storm;
    bool over;             /* the books are being compared: nothing dies any more */
    int64_t copied_ns;     /* a copy of the server's database was made; 0: never */
    int64_t restored_ns;   /* ... and put in the place of a lost one */
    uint64_t cut_cloud_at; /* step at which its power goes: also inside a write or a sync */
    uint64_t cut_collector_at;
    struct power_plan planned; /* the sweep's second power cut */
    uint32_t cuts;             /* made by the sweep */
    bool at_block;             /* a terminal is about to write a block of a card: ... */
    uint32_t at_machine;       /* ... this one (power.h) */

    struct cloud cloud;
    struct gate gate;
    struct gateway gateway;
    struct http_server http;
    struct pay pay;
    struct meters meters;
    struct field field;
    struct kiosk kiosks[KIOSKS_MAX];
    struct wishes wishes;
    struct carded *carded; /* NULL: a world without cards; @own, never freed */
    char failure[512];     /* "": none so far */
};

/** Build disks and databases that all histories begin with; once a process. */
void world_provision(struct world *world, const struct world_config *config);

/** Storm, users done, heal, drain, audit. False with world->failure set. */
bool world_live(struct world *world, const struct world_config *config);

/** Something that must never be has been. The first one counts. */
void world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Does this fault happen now? Counts it. */
bool world_strikes(struct world *world, enum fault fault, enum dice_concern concern);
void world_count(struct world *world, enum fault fault);

/* ---- messages (net.c) ---- */

struct packet {
    struct world *world;
    enum link link;
    int to;          /* node that must be up; KERNEL_WORLD: always is */
    uint32_t peer;   /* which one of many at this link; below FLOW_PEERS_MAX */
    uint64_t number; /* in its flow */
    uint64_t broker_life;
    int tries;
    void (*deliver)(struct world *world, const struct packet *packet);
    uint64_t id; /* for the receiver */
    size_t size;
    uint8_t data[];
};

/** Send a copy of @p data, with all that can happen on the way. */
void net_send(struct world *world, const struct packet *head, const void *data, size_t size);

/* ---- the rest ---- */

bool world_is_up(const struct world *world, int node);
/** Disasters once a minute, while the storm lasts (storm.c). */
void storm_begin(struct world *world);
/** People at the desk settle what is open (operators.c). */
void operators_begin(struct world *world);
/** Compare everybody's books (audit.c). */
void audit_world(struct world *world);

#endif
