/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_JOB_H
#define SHILLING_TOOLS_CARDCTL_JOB_H

#include "common/compiler.h"
#include "tools/cardctl/desk.h"
#include "tools/cardctl/layout.h"
#include "tools/cardctl/options.h"
#include "tools/cardctl/personalise_desfire.h"
#include "tools/cardctl/personalise_purchase.h"
#include "tools/cardctl/seat.h"

/*
 * A command with a card on the reader, and what the register says of that card. What goes wrong is
 * said. All block: on the reader as seat.h says, and on the server's socket.
 */

/* What a command works with. Holds keys: job_finish(). */
struct job {
    const struct options *options;
    struct seat seat;
    char uid[CARD_UID_TEXT_SIZE];
    bool desfire;  /* the laid card; or ... */
    bool purchase; /* ... a purchase card, with this number; else it has sectors */
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    bool known; /* to the register */
    struct desk_card entry;
    struct layout layout;
    struct desfire_records records; /* instead, of a DESFire card */
    struct purchase_files files;    /* instead, of a purchase card */
};

/** Open the reader and wait for a card. job_finish() whatever is returned. */
MUST_CHECK enum ctl_exit job_start(const struct options *options, struct job *job);
/** The same, and the card is of a kind that is written here, and the register was asked for it. */
MUST_CHECK enum ctl_exit job_start_writing(const struct options *options, struct job *job);
void job_finish(struct job *job);

/** Note whether a DESFire or a purchase card lies there. */
void job_look_for_kind(struct job *job);
/** Is the laid card of a kind that is written here? Which one, is noted. */
MUST_CHECK enum ctl_exit job_check_family(struct job *job);

/** Ask the register for the laid card and its keys; job->known tells whether it is there. */
MUST_CHECK enum ctl_exit job_ask(struct job *job);

/** The laid card gets the keys of its kind, or none: a server that knows other kinds than this tool
 * may have registered it as one of those. */
MUST_CHECK enum ctl_exit job_check_kind(const struct job *job);

/** Read all sectors or files, through a card that slips away for a moment. A purchase card that the
 * register knows has to prove its keys; that of a DESFire card is how it is read. */
MUST_CHECK enum ctl_exit job_look(struct job *job);

/** A purchase card's keys are made of the number that stands on it: put it into the call. */
void job_put_serial(const struct job *job, json_t *body);

/** CTL_FAILED: the register does not know the laid card. */
MUST_CHECK enum ctl_exit job_say_unknown(const struct job *job);

#endif
