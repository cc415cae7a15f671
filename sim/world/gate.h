/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_GATE_H
#define SHILLING_SIM_WORLD_GATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * All orders in which the messages of one order can come to the server once it is paid: the
 * provider's notify, its answer to a query, the result of the delivery, the tenant's cancel, and a
 * power cut. Whoever is not on turn waits at the gate; whoever does not come when it is its turn -
 * a result before anybody knew of the payment - loses it and may come later.
 */
enum gate_event {
    GATE_NOTIFY,
    GATE_POLL,
    GATE_RESULT,
    GATE_CANCEL,
    GATE_RESTART,
    GATE_EVENT_COUNT
};

enum {
    GATE_ORDERS = 120, /* 5! */
    GATE_KINDS = 3,    /* of meters */
    GATE_DELAYS = 4,   /* between one and what the gate itself sends next */
    GATE_CASES = GATE_ORDERS * GATE_KINDS * GATE_DELAYS,
};

struct world;
struct packet;

struct gate {
    bool closed; /* it holds back: the order is paid and not everybody was on turn */
    enum gate_event order[GATE_EVENT_COUNT];
    uint32_t next;
    int64_t since_ns; /* when its turn began */
    char order_no[40];
};

/** Set up for world->config.gate: 1 to GATE_CASES; 0: there is no gate. */
void gate_begin(struct world *world);
/** The meter that the only tenant wants. */
uint32_t gate_room(const struct world *world);
/** The order is paid. */
void gate_close(struct world *world, const char *order_no);
/** True: not yet, ask again soon. False: it may go on, and has had its turn. */
bool gate_holds(struct world *world, enum gate_event event);
/** The same for a message; what is none of the five goes on. */
bool gate_holds_packet(struct world *world, const struct packet *packet);

#endif
