/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_WORKER_INSIDE_H
#define SHILLING_DRIVERS_CARDD_WORKER_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "drivers/cardd/plan.h"
#include "drivers/cardd/presence.h"
#include "drivers/cardd/wire.h"
#include "drivers/cardd/worker.h"
#include "drivers/nfc/nfc_reader.h"

/* What the files of the worker share. */

struct worker {
    const struct worker_start *start;
    struct clock_port clock;
    bool over;          /* the supervisor hung up */
    int64_t beat_at_ms; /* not before */

    struct nfc_reader *reader; /* NULL: closed */
    int lock_fd;               /* -1: not ours */
    size_t failures;           /* openings in a row that failed */
    size_t patience;           /* how many of them made the next one wait longer */
    uint32_t lost_in_row;      /* calls in a row that the reader did not answer well */
    int64_t open_at_ms;
    int64_t used_at_ms; /* the reader's last answer */
    enum cardlink_reader told;
    bool has_told;

    enum cardlink_mode mode;
    int64_t look_at_ms;
    bool field_on;
    bool card_is_active; /* a card of ISO/IEC 14443-4 keeps a state that a look would end */
    struct presence presence;
    struct nfc_card card; /* the one that lies here */

    int64_t deadline_ms; /* of the request under way */
    struct wire_suspects suspects;
    struct wire_message message;
    struct cardlink_request request;
    struct cardlink_report report;
    char line[CARDLINK_LINE_SIZE];
};

enum { WORKER_LOST_MAX = 2 /* so many in a row: the reader is opened again */ };

/* --- worker.c: telling the supervisor --- */
void worker_beat(struct worker *worker);
void worker_count(struct worker *worker, enum cardlink_count count);
void worker_failed(struct worker *worker);
/**
 * Send worker->report.
 *
 * Blocks: yes. Allocates: no.
 */
void worker_report(struct worker *worker);

/* --- worker_reader.c --- */
/**
 * Take the result of a call to the reader: count it, and know when the reader is lost.
 *
 * Blocks: yes. Allocates: no.
 */
enum card_answer worker_take(struct worker *worker, enum card_answer answer);
bool worker_reader_is_lost(const struct worker *worker);
void worker_reader_open(struct worker *worker, int64_t now_ms);
void worker_reader_hold(struct worker *worker);
void worker_reader_open_soon(struct worker *worker);
void worker_reader_close(struct worker *worker, int64_t now_ms);
void worker_reader_check(struct worker *worker);
struct card_port worker_port(struct worker *worker);

/* --- worker_look.c --- */
/**
 * Look who lies there, and tell what changed.
 *
 * Blocks: yes. Allocates: no.
 */
void worker_look(struct worker *worker, int64_t now_ms);
/**
 * How often that is done now.
 *
 * Blocks: no. Allocates: no.
 */
int64_t worker_look_every_ms(const struct worker *worker);
/**
 * Stop looking: the card is as good as gone, the field off.
 *
 * Blocks: yes. Allocates: no.
 */
void worker_look_end(struct worker *worker);

/* --- worker_serve.c --- */
/**
 * Do what worker->request asks for and answer it.
 *
 * Blocks: yes. Allocates: no.
 */
void worker_serve(struct worker *worker);

#endif
