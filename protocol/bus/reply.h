/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_REPLY_H
#define SHILLING_PROTOCOL_BUS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/id.h"
#include "common/outcome.h"
#include "protocol/bus/value.h"

/* up/<collector>/reply: what became of a command; down/<collector>/replied: it is committed. */

/* The stable words of a reply's `error`. An empty error goes with outcome done. */
#define BUS_ERROR_METER_SILENT "meter_silent"   /* no answer after all tries */
#define BUS_ERROR_METER_REFUSED "meter_refused" /* it answered with an error byte (in serr) */
#define BUS_ERROR_GARBLED "garbled"             /* bytes came, no valid frame among them */
#define BUS_ERROR_UNKNOWN_METER "unknown_meter" /* not in the collector's configuration */
#define BUS_ERROR_BUS_FAULT "bus_fault"         /* the serial device is not there */
#define BUS_ERROR_BUSY "busy"                   /* the deadline passed before its turn came */
#define BUS_ERROR_COUNT_CHANGED "count_changed" /* purchase count is not expect.count */
#define BUS_ERROR_COUNT_UNREADABLE "count_unreadable"
/* The meter's clock could not be read, so a relay frame has no expiry. */
#define BUS_ERROR_CLOCK_UNREADABLE "clock_unreadable"
#define BUS_ERROR_AUTH_REFUSED "auth_refused" /* an auth frame was not answered with success */
#define BUS_ERROR_OLD_GENERATION "old_generation"
#define BUS_ERROR_RELAY_MISMATCH "relay_mismatch" /* accepted, but the relay reads otherwise */
#define BUS_ERROR_EXPIRED "expired"               /* not begun within 30 s of acceptance */
#define BUS_ERROR_VOIDED "voided"                 /* its id is in VOID */
#define BUS_ERROR_WRONG_EPOCH "wrong_epoch"       /* another journal than the command names */
#define BUS_ERROR_JOURNAL "journal"               /* the journal cannot be written */
#define BUS_ERROR_BAD_REQUEST "bad_request"       /* detail names the member */
#define BUS_ERROR_UNSUPPORTED "unsupported"       /* op, item or protocol unknown here */
#define BUS_ERROR_RESTARTED "restarted"           /* collector restarted after the intent */

/* What a void found. */
enum bus_fate { BUS_FATE_NEVER_SENT, BUS_FATE_SENT, BUS_FATE_COUNT };

/* yes, no, or nobody knows */
enum bus_tri { BUS_TRI_NULL, BUS_TRI_FALSE, BUS_TRI_TRUE, BUS_TRI_COUNT };

struct bus_reply {
    char id[ID_TEXT_SIZE];
    uint32_t epoch;
    enum outcome outcome;
    char error[BUS_ERROR_SIZE]; /* empty: none */
    char detail[BUS_DETAIL_SIZE];
    struct bus_value values[BUS_VALUES_MAX];
    size_t value_count;
    struct bus_frame raw; /* the last frame that the meter sent */
    bool sent;            /* the frame that changes something left (credit, relay) */
    uint32_t ms;          /* from acceptance to this reply */

    /* credit only */
    bool is_credit;               /* frame_reply, accepted and serr are written */
    struct bus_frame frame_reply; /* the answer to the credit frame; size 0: none came */
    enum bus_tri accepted;        /* what that answer says; null without one */
    bool has_serr;
    uint16_t serr; /* error bits of control C3, as dl645/status.h names them */

    /* void only */
    bool is_void; /* fate, intent and since_ms are written */
    enum bus_fate fate;
    bool has_intent;
    int64_t intent_at; /* wall seconds of the synced intent, for people */
    struct bus_frame intent_frame;
    uint64_t since_ms; /* monotonic, since that frame's last possible byte or since start */
};

/** Write the message. @return ERR_FULL if it does not fit, ERR_MEMORY. */
MUST_CHECK enum err bus_reply_encode(const struct bus_reply *reply, char *ret_text,
                                     size_t text_size, size_t *ret_size);

/** Read the message. @return ERR_FORMAT with @p ret_fault naming the member. */
MUST_CHECK enum err bus_reply_decode(const char *text, size_t size, struct bus_reply *ret_reply,
                                     struct bus_fault *ret_fault);

/** The value of an item at that moment, or NULL. Borrowed from @p reply. */
const struct bus_value *bus_reply_value(const struct bus_reply *reply, enum bus_when when,
                                        const char *item);

/** `{"id":"..."}`, the body of down/<collector>/replied. */
MUST_CHECK enum err bus_replied_encode(const char *id, char *ret_text, size_t text_size,
                                       size_t *ret_size);
MUST_CHECK enum err bus_replied_decode(const char *text, size_t size, char ret_id[ID_TEXT_SIZE],
                                       struct bus_fault *ret_fault);

#endif
