/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_PRINTD_WORK_H
#define SHILLING_PRINTER_PRINTD_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "printer/engine/engine.h"
#include "printer/journal/print_journal.h"
#include "printer/printd/settings.h"
#include "protocol/printjob/printjob.h"
#include "protocol/receipt/receipt.h"

/*
 * Jobs from the request to the verdict, over engine and journal: without sockets and without the
 * wire, so that a test can stop it between any two steps.
 *
 * A job is on record before it is accepted, on record as begun before its first byte is handed
 * out, and its verdict is on record before anybody hears it. A number that was seen before gets
 * its stored answer. A job that was queued when an earlier life ended is printed only if it is
 * asked for again: nobody may be waiting for that paper any more.
 */
struct work;

enum { WORK_QUEUE_MAX = 8 /* a terminal has one customer; more is a fault */ };

/** @param interrupted a job of an earlier life may have been cut off. Borrows the others. */
MUST_CHECK enum err work_create(const struct settings *settings, struct print_journal *journal,
                                const struct clock_port *clock, bool interrupted,
                                struct work **ret_work);
/** NULL is fine. */
void work_destroy(struct work *work);

/** The dialogue with the printer: feed it, send what it wants sent, then call work_turn(). */
struct engine *work_engine(struct work *work);

/**
 * Take a request to print.
 *
 * @param ret_answer  "queued", or the stored or immediate verdict
 * @return false if the journal failed: nothing more may be printed, the program must end
 */
MUST_CHECK bool work_take(struct work *work, const struct printjob_request *request,
                          struct printjob_answer *ret_answer);

/**
 * The oldest verdict that has not reached the server; an empty job_id if all have.
 * @return false: as above
 */
MUST_CHECK bool work_unreported(struct work *work, struct printjob_answer *ret_answer);
/** The verdict on that job has reached the server. False: as above. */
MUST_CHECK bool work_reported(struct work *work, const char *job_id);

/** Go on as far as possible. False: as above. */
MUST_CHECK bool work_turn(struct work *work);

/** Fetch a verdict that is on record; false if there is none (yet). */
MUST_CHECK bool work_verdict(struct work *work, struct printjob_answer *ret_answer);

/** True if no job is queued or under way. */
bool work_is_idle(const struct work *work);

#endif
