/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_TIMERS_TIMERS_H
#define SHILLING_CORE_TIMERS_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/relay/relay.h"

/*
 * Every wait on the money path, in one place. All of them run on the service clock, which stands
 * still while the server is down: a restart may lengthen a wait, never shorten it. A wait ends in
 * a question to somebody who knows (provider, meter, person); none of them ends in a decision
 * about money by itself.
 */
enum {
    TIMERS_STEPS_MAX = 8, /* longest row of waits below */
};

/* A row of waits: the first, the second, ...; the last one repeats, or the row ends. */
struct timers_row {
    uint32_t count; /* 1..TIMERS_STEPS_MAX */
    int64_t wait_ms[TIMERS_STEPS_MAX];
};

struct timers {
    /* The QR at the terminal. */
    int64_t window_ms;        /* the QR is payable on the screen */
    int64_t more_time_ms;     /* added by "more time" ... */
    uint32_t more_time_count; /* ... at most so often */
    /* The same for a person who chose the large mode: more at once, less to ask for. */
    int64_t window_assist_ms;
    int64_t more_time_assist_ms;
    uint32_t more_time_assist_count;
    int64_t scanned_ms;      /* added once when the provider says that it was scanned */
    int64_t window_total_ms; /* whatever was added, never longer than this */
    int64_t kiosk_silent_ms; /* nobody asks for the order any more */
    /* The provider. */
    int64_t expiry_ms;  /* we tell the provider that the QR ends then */
    int64_t qr_dead_ms; /* after creation: expiry and a margin; nobody can pay it any more */
    struct timers_row precreate;  /* before try 1, 2, ...: since the try before */
    int64_t precreate_give_up_ms; /* since creation */
    int64_t slow_ms;              /* the screen says "the payment channel is slow" */
    int64_t poll_ms;              /* WAIT_PAY ... */
    int64_t poll_later_ms;        /* ... after poll_change_ms */
    int64_t poll_change_ms;
    struct timers_row closing;      /* rounds of query, close, query */
    int64_t closing_dead_ms;        /* rounds once the QR is dead */
    int64_t closing_alarm_ms;       /* in CLOSING since then: a person should look */
    struct timers_row closed;       /* queries after CLOSED, since the one before; the row ends */
    struct timers_row refund_query; /* since the one before; the last repeats */
    uint32_t refund_query_count;    /* then REVIEW */
    /* The device. */
    int64_t reply_ms;            /* command to answer, beyond its deadline at the collector */
    int64_t command_ms;          /* deadline of a command at the collector */
    int64_t quiet_ms;            /* direct bus: no byte of a void command can still act */
    int64_t quiet_link_ms;       /* buffered link */
    int64_t quiet_esam_ms;       /* ESAM: the authentication has run out by itself */
    int64_t quiet_lost_ms;       /* a lost collector, since a person saw it off the bus */
    struct timers_row read_back; /* of UNKNOWN; the last repeats */
    struct timers_row assign;    /* meter busy or silent before the first send; the last repeats */
    int64_t delivery_ms;         /* PAID and nothing sent, or first send and still unknown */
    struct relay_waits relay;
    /* Cards: issued, and not seen on the card. */
    int64_t card_owed_ms;   /* ... then somebody calls the tenant */
    int64_t card_review_ms; /* ... then two persons may settle it */
    /* People. */
    int64_t review_ms; /* overdue alarm of any open item */
};

/**
 * The values of docs/money.md, section "Timers".
 * Blocks: no. Allocates: no.
 */
struct timers timers_default(void);

/**
 * Wait @p step of a row, counted from 0; beyond its end the last one repeats.
 * Blocks: no. Allocates: no.
 */
int64_t timers_row_wait(const struct timers_row *row, uint32_t step);

/**
 * True if the row has ended before @p step.
 * Blocks: no. Allocates: no.
 */
bool timers_row_is_over(const struct timers_row *row, uint32_t step);

/* What lengthens the time of one QR. */
struct timers_use {
    uint32_t more_time; /* how often "more time" was given: 0..timers_more_time_max() */
    bool scanned;
    bool assist; /* asked for by a person in the large mode */
};

/**
 * How long a QR may stay on the screen: the window, what "more time" and a scan added, at most
 * the total.
 * Blocks: no. Allocates: no.
 */
int64_t timers_window_ms(const struct timers *timers, struct timers_use use);

/**
 * How often "more time" may be given.
 * Blocks: no. Allocates: no.
 */
uint32_t timers_more_time_max(const struct timers *timers, bool assist);

/**
 * True if every wait is above 0 and the waits fit together: the screen ends before the provider's
 * expiry, and that before the QR is dead.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool timers_is_sound(const struct timers *timers);

#endif
