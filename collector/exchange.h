/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_EXCHANGE_H
#define SHILLING_COLLECTOR_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/bus/value.h"
#include "protocol/dl645/message.h"
#include "protocol/dl645/stream.h"

/*
 * One request and its answer on a bus, as a machine without I/O: it says when it wants its bytes
 * sent and until when to listen; it is told what came and what time it is.
 *
 *     exchange_begin -> while not over: [wants_send: write the bytes, exchange_sent]
 *                       wait for bytes until deadline -> exchange_receive, exchange_tick
 */
enum {
    EXCHANGE_TRIES_MAX = 3,     /* a read, and two more tries */
    EXCHANGE_BYTE_GAP_MS = 500, /* longest pause inside a frame (Tb of DL/T 645-2007) */
};

struct exchange_request {
    struct dl645_message message; /* what answers it is matched against this */
    uint8_t wire[DL645_WIRE_SIZE_MAX];
    size_t wire_size;
    uint32_t baud;
    uint32_t reply_timeout_ms; /* from the last sent bit to the first byte of the answer */
    uint8_t tries;             /* 1 for everything that changes something */
};

enum exchange_verdict {
    EXCHANGE_PENDING = 0,
    EXCHANGE_ANSWER,  /* reply is set: success or refusal */
    EXCHANGE_SILENT,  /* no byte that could be an answer */
    EXCHANGE_GARBLED, /* bytes came, but no answer among them: noise, or a wrong baud rate */
    EXCHANGE_FAULT,   /* the line itself failed */
    EXCHANGE_VERDICT_COUNT
};

struct exchange {
    const struct exchange_request *request; /* borrowed until the exchange is over */
    enum exchange_verdict verdict;
    bool wants_send;
    uint8_t tries_done;
    bool timed_out; /* at least one try had no answer: one may still be on its way */
    int64_t deadline_ms;
    int64_t deadline_last_ms; /* no byte moves the deadline beyond this */
    int64_t sent_end_ms;      /* when the last bit of the newest try has left; 0: nothing sent */
    struct dl645_message reply;
    struct bus_frame raw; /* the reply's frame, from 68 to 16 */
    struct dl645_stream stream;
};

/**
 * Make @p message the request: encode it with its preamble.
 * @return false if the message cannot be encoded (the caller made it wrong)
 */
MUST_CHECK bool exchange_request_set(struct exchange_request *ret_request,
                                     const struct dl645_message *message);

/** Begin; @p request stays borrowed. It wants its bytes sent. */
void exchange_begin(struct exchange *x, const struct exchange_request *request);

/** The bytes were handed to the line at @p now_ms: the wait for the answer begins. */
void exchange_sent(struct exchange *x, int64_t now_ms);

/** Bytes came. Ends the exchange if they complete the answer. */
void exchange_receive(struct exchange *x, const uint8_t *bytes, size_t size, int64_t now_ms);

/** Time passed: at the deadline the next try begins, or the exchange is over. */
void exchange_tick(struct exchange *x, int64_t now_ms);

/** The line failed: over. */
void exchange_fault(struct exchange *x);

static inline bool exchange_is_over(const struct exchange *x)
{
    return x->verdict != EXCHANGE_PENDING;
}

/** True if the meter answered with success. */
static inline bool exchange_succeeded(const struct exchange *x)
{
    return x->verdict == EXCHANGE_ANSWER && !x->reply.error;
}

#endif
