/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_FAKE_METER_H
#define SHILLING_TESTS_UNIT_COLLECTOR_FAKE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/dl645/message.h"

/* A meter without a wire: requests in, answers out. What it did is there to be looked at. */
enum fake_fault {
    FAKE_SOUND,
    FAKE_SILENT,     /* does nothing */
    FAKE_LOST_REPLY, /* does it, says nothing */
    FAKE_GARBLED,    /* does it, and the answer's checksum is wrong */
    FAKE_REFUSE,     /* answers with error_bits */
};

struct fake_meter {
    const char *address;
    bool relay_open;
    int relay_delay_looks; /* how many looks at the status until a command takes effect */
    bool relay_target_open;
    uint32_t count;
    uint32_t balance_fen;
    uint8_t clock[6]; /* ss mm hh DD MM YY, BCD */
    uint16_t error_bits;
    size_t part_size; /* value bytes a frame; 0: all in one */

    /* The next requests of control @p fault_control (and, if not 0, of that identifier). */
    enum fake_fault fault;
    uint8_t fault_control;
    uint32_t fault_di;
    int fault_count;

    /* what happened */
    int frames;  /* that reached it */
    int credits; /* carried out */
    int relays;
    struct dl645_time expires; /* of the newest relay command */
};

void fake_meter_init(struct fake_meter *meter, const char *address);

/**
 * Give it the bytes of a request.
 * @return size of the answer's bytes in @p ret_bytes; 0: silence
 */
size_t fake_meter_hear(struct fake_meter *meter, const uint8_t *bytes, size_t size,
                       uint8_t *ret_bytes, size_t bytes_size);

/** The frame of a credit for it, 68 to 16 (control 03, 070102FF, a count and an amount). */
size_t fake_credit_frame(const char *address, uint32_t amount_fen, uint32_t count,
                         uint8_t *ret_bytes, size_t bytes_size);

/** A frame of control 03 with another identifier: authentication. */
size_t fake_auth_frame(const char *address, uint8_t *ret_bytes, size_t bytes_size);

#endif
