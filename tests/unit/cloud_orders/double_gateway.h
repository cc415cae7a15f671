/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_GATEWAY_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/meters/gateway.h"
#include "protocol/bus/config.h"

/*
 * A collector and its meters without a wire: answers the functions of cloud/meters/gateway.h. The
 * collector keeps a journal (an id has one answer for ever, a void id is never carried out); the
 * meters keep count, balance and total by themselves, and check the frames they are given.
 */
enum double_fault {
    FAULT_NONE,
    FAULT_LOST_REPLY,   /* carried out; the collector heard nothing and cannot read after it */
    FAULT_LOST_REQUEST, /* not carried out; the collector heard nothing */
    FAULT_REFUSE,       /* refused for good: over the limit */
    FAULT_EXPIRED,      /* the collector never began it */
    FAULT_SILENCE, /* the collector says nothing at all; carried out when it is asked to void */
    /* The collector has a copy, which took the command and carries it out late: only after this
     * one, which never saw it, was asked to void it. */
    FAULT_COPY,
    FAULT_JOURNAL,  /* its journal is full: nothing is kept, the broker hands it over once more */
    FAULT_SOLD,     /* another seller sells our very amount just before: not sent */
    FAULT_SWALLOW,  /* the command never arrives */
    FAULT_NEW_DISK, /* as FAULT_LOST_REQUEST; then the collector has another journal */
    FAULT_COUNT
};

struct double_meter {
    char address[BUS_METER_SIZE];
    enum bus_meter_kind kind;
    uint32_t count;
    int64_t last_fen;
    int64_t balance_fen;
    int64_t total_fen;
    int64_t energy_centi;
    bool relay_open;
    bool dead; /* answers no read */
    enum double_fault fault;
    int fault_times;
    int credits; /* carried out */
    int64_t credited_fen;
    int frames; /* that reached the meter */
};

void double_gateway_reset(void);
struct gateway *double_gateway(void);
void double_gateway_add(const char *address, enum bus_meter_kind kind, int64_t balance_fen);
/** A copy of what the meter is now. */
struct double_meter double_gateway_meter(const char *address);
void double_gateway_fault(const char *address, enum double_fault fault, int times);
void double_gateway_kill(const char *address, bool dead);
/** Another seller's purchase. */
void double_gateway_sell(const char *address, int64_t fen);
void double_gateway_relay(const char *address, bool open);
void double_gateway_online(bool online);
/** It carries a void out and says nothing. */
void double_gateway_mute(bool mute);
/** A reply to @p command_id that says success, now; the meter is credited @p fen before. */
void double_gateway_late_success(const char *address, const char *command_id, int64_t fen);
/** How many journalled replies were confirmed. */
int double_gateway_confirmed(void);

#endif
