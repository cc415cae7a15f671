/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_COMMAND_H
#define SHILLING_PROTOCOL_BUS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/id.h"
#include "protocol/bus/value.h"

/* down/<collector>/cmd: what the cloud asks a collector to do. */

enum bus_op { BUS_OP_READ, BUS_OP_CREDIT, BUS_OP_RELAY, BUS_OP_VOID, BUS_OP_PING, BUS_OP_COUNT };

enum bus_prio { BUS_PRIO_LIVE, BUS_PRIO_CHECK, BUS_PRIO_SCHEDULE, BUS_PRIO_COUNT };

enum bus_relay_how {
    BUS_RELAY_OPEN,  /* 1A: trip */
    BUS_RELAY_ALLOW, /* 1B: allow closing, somebody presses the meter's button */
    BUS_RELAY_CLOSE, /* 1C: close directly */
    BUS_RELAY_HOW_COUNT
};

enum {
    BUS_AUTH_MAX = 4, /* ESAM: authentication is one frame, key service models may need more */
    BUS_DEADLINE_MS_MIN = 1,
    BUS_DEADLINE_MS_MAX = 600000,
    BUS_REPLY_TIMEOUT_MS_MIN = 100,
    BUS_REPLY_TIMEOUT_MS_MAX = 10000, /* ESAM needs 5 s */
    BUS_SEND_MAX = 3,                 /* of one delivery row in all */
    BUS_EXPIRY_S_MAX = 3600,
};

struct bus_read {
    char items[BUS_ITEMS_MAX][BUS_ITEM_SIZE];
    size_t item_count; /* >= 1 */
    enum bus_prio prio;
};

struct bus_credit {
    bool has_expect_count;
    uint32_t expect_count; /* the purchase count the meter must still show */
    char before[BUS_ITEMS_MAX][BUS_ITEM_SIZE];
    size_t before_count;
    struct bus_frame auth[BUS_AUTH_MAX];
    size_t auth_count;
    struct bus_frame frame; /* sent as it is, once */
    char after[BUS_ITEMS_MAX][BUS_ITEM_SIZE];
    size_t after_count;
    uint32_t reply_timeout_ms;
    uint32_t send; /* which send of this delivery row it is: 1..3; for the record only */
};

struct bus_relay {
    bool want_closed;
    uint32_t generation; /* a lower one than the newest seen is refused */
    enum bus_relay_how how;
    uint32_t expiry_s; /* the frame is valid until the meter's own clock + this */
};

struct bus_command {
    char id[ID_TEXT_SIZE];
    enum bus_op op;
    uint32_t epoch;             /* of the journal that may carry it out; 0 for read and ping */
    char meter[BUS_METER_SIZE]; /* empty for void and ping */
    uint32_t deadline_ms;       /* from the moment it reaches the collector */
    union {
        struct bus_read read;
        struct bus_credit credit;
        struct bus_relay relay;
        struct {
            char target[ID_TEXT_SIZE];
        } voiding;
    } u;
};

/** Write the message. @return ERR_FULL if it does not fit, ERR_MEMORY. */
MUST_CHECK enum err bus_command_encode(const struct bus_command *command, char *ret_text,
                                       size_t text_size, size_t *ret_size);

/**
 * Read the message.
 *
 * @return ERR_FORMAT with @p ret_fault naming the member, ERR_UNSUPPORTED for an
 *         unknown op; @p ret_fault->id is set whenever the id could be read
 */
MUST_CHECK enum err bus_command_decode(const char *text, size_t size,
                                       struct bus_command *ret_command,
                                       struct bus_fault *ret_fault);

/** True if the collector keeps this op in its journal (credit, relay, void). */
bool bus_op_is_journalled(enum bus_op op);

/** "read", "credit", ... */
const char *bus_op_name(enum bus_op op);

/** "live", "check", "schedule". */
const char *bus_prio_name(enum bus_prio prio);

/** "1A", "1B", "1C". */
const char *bus_relay_how_name(enum bus_relay_how how);

#endif
