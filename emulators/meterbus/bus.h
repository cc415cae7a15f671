/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_BUS_H
#define SHILLING_EMULATORS_METERBUS_BUS_H

#include "emulators/meterbus/busconfig.h"
#include "emulators/meterbus/fault.h"
#include "emulators/meterbus/wire.h"

/*
 * The bus: the wire, the meters on it, and the faults. One request after the other is heard,
 * carried out by the meters it is for, stored, and answered Td later.
 */
enum { BUS_LOG_FRAMES = 256 /* the newest frames, for people and tests */ };

struct bus_log_entry {
    int64_t at_ns; /* when it was heard, or began to be sent */
    bool reply;
    bool spoilt; /* by a fault */
    size_t size;
    uint8_t bytes[FRAME_BYTES_MAX];
};

struct bus_stats {
    uint64_t heard;     /* sound frames */
    uint64_t addressed; /* to one of our meters */
    uint64_t answered;
    uint64_t wrong_baud; /* sound frames at a speed that is not the meter's */
    uint64_t spoilt;
    uint64_t by_control[32];
};

struct bus {
    char name[METER_NAME_SIZE];
    const char *state_dir; /* borrowed; NULL = forget everything */
    struct meter *meters;  /* @own */
    size_t meter_count;
    struct wire wire;
    struct frame_scanner scanner;
    int64_t last_byte_ns;
    struct faults faults;
    struct bus_stats stats;
    struct bus_log_entry log[BUS_LOG_FRAMES];
    uint64_t log_count; /* ever; the newest is at (log_count - 1) % BUS_LOG_FRAMES */
    bool log_to_stderr;
    bool failed; /* a state could not be stored: the process must end */
};

/** Make the meters from @p config, with what is stored in @p state_dir (may be NULL). */
MUST_CHECK bool bus_init(struct bus *bus, const struct bus_config *config, const char *state_dir,
                         char *ret_message, size_t message_size);

/** Store all meters and free them. */
void bus_finish(struct bus *bus);

/** Do everything that is due by @p now_ns. */
void bus_turn(struct bus *bus, int64_t now_ns);

/** Bring a meter up to now. */
void bus_meter_advance(struct bus *bus, struct meter *meter, int64_t now_ns);

/**
 * Store a meter if it is dirty. False, and bus->failed (which the loop looks at), if that went
 * wrong.
 */
bool bus_meter_store(struct bus *bus, struct meter *meter);

/** The meter of this name, or NULL. */
struct meter *bus_meter_find(struct bus *bus, const char *name);

#endif
