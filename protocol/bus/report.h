/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_REPORT_H
#define SHILLING_PROTOCOL_BUS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/id.h"
#include "protocol/bus/value.h"

/* What a collector says of its own accord: state, hello, readings, events; and the cloud's ack. */

struct bus_state {
    bool online;
    /* the rest is written and demanded only when online */
    uint32_t epoch;
    char boot[ID_TEXT_SIZE];
    char version[BUS_NAME_SIZE];
    char config[BUS_NAME_SIZE]; /* version of its configuration; empty: none yet */
};

struct bus_hello {
    uint32_t epoch;
    char boot[ID_TEXT_SIZE];
    char config[BUS_NAME_SIZE]; /* what it has; empty: none */
};

enum { BUS_READINGS_MAX = 8 /* in one message; ours send one */ };

struct bus_reading {
    char meter[BUS_METER_SIZE];
    int64_t ts;  /* wall seconds */
    bool silent; /* q: "ok" or "silent"; a silent one has no values */
    struct bus_value values[BUS_ITEMS_MAX + 1]; /* the relay is an item more */
    size_t value_count;
};

struct bus_readings {
    uint32_t epoch;
    uint64_t seq; /* of this collector's journal, from 1; (collector, epoch, seq) is the key */
    struct bus_reading d[BUS_READINGS_MAX];
    size_t count; /* >= 1 */
};

struct bus_ack {
    uint32_t epoch;
    uint64_t seq; /* all readings up to this are committed */
};

struct bus_event {
    int64_t ts;                 /* wall seconds */
    char kind[BUS_NAME_SIZE];   /* "bus_fault", "meter_silent", ... */
    char meter[BUS_METER_SIZE]; /* empty: none */
    char bus[BUS_NAME_SIZE];    /* empty: none */
    char detail[BUS_DETAIL_SIZE];
};

/* Each _encode returns ERR_FULL if the text does not fit, or ERR_MEMORY; each _decode ERR_FORMAT
 * with ret_fault naming the member. */
MUST_CHECK enum err bus_state_encode(const struct bus_state *state, char *ret_text,
                                     size_t text_size, size_t *ret_size);
MUST_CHECK enum err bus_state_decode(const char *text, size_t size, struct bus_state *ret_state,
                                     struct bus_fault *ret_fault);

MUST_CHECK enum err bus_hello_encode(const struct bus_hello *hello, char *ret_text,
                                     size_t text_size, size_t *ret_size);
MUST_CHECK enum err bus_hello_decode(const char *text, size_t size, struct bus_hello *ret_hello,
                                     struct bus_fault *ret_fault);

MUST_CHECK enum err bus_readings_encode(const struct bus_readings *readings, char *ret_text,
                                        size_t text_size, size_t *ret_size);
/** The struct is about 18 kB: keep it off the stack. */
MUST_CHECK enum err bus_readings_decode(const char *text, size_t size,
                                        struct bus_readings *ret_readings,
                                        struct bus_fault *ret_fault);

MUST_CHECK enum err bus_ack_encode(const struct bus_ack *ack, char *ret_text, size_t text_size,
                                   size_t *ret_size);
MUST_CHECK enum err bus_ack_decode(const char *text, size_t size, struct bus_ack *ret_ack,
                                   struct bus_fault *ret_fault);

MUST_CHECK enum err bus_event_encode(const struct bus_event *event, char *ret_text,
                                     size_t text_size, size_t *ret_size);
MUST_CHECK enum err bus_event_decode(const char *text, size_t size, struct bus_event *ret_event,
                                     struct bus_fault *ret_fault);

#endif
