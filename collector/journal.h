/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_JOURNAL_H
#define SHILLING_COLLECTOR_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"
#include "protocol/bus/command.h"
#include "protocol/bus/reply.h"
#include "protocol/bus/report.h"

/*
 * The collector's memory: readings that the cloud has not acknowledged, and for every journalled
 * command what was decided, intended, done and answered. SQLite, WAL, synchronous=FULL:
 * what a function returned OK for survives a power cut.
 *
 * Its epoch is drawn when the file is made, and again when the file finds itself copied or restored
 * to another place: a command names it, and a collector whose journal was lost or belongs to
 * another refuses.
 *
 * After a failed write or sync the journal is unsound: nothing that moves money is accepted. A full
 * disk can be cured (journal_probe); after any other failure only a restart reads the truth again.
 *
 * Thread safe. Every function may block for a sync of the disk. Errors that all of them can return:
 * ERR_FULL (disk full), ERR_IO (anything else about the file).
 */
struct journal;

struct journal_config {
    const char *dir; /* must exist; journal.db and a lock file are made in it */
    const char *vfs; /* SQLite's file layer; NULL: the default. Tests put faults there. */
    struct rng_port rng;
    struct clock_port clock;
    const char *machine;    /* names the machine; NULL: it is asked */
    uint32_t commands_kept; /* 0: JOURNAL_COMMANDS_KEPT */
};

enum {
    JOURNAL_MESSAGE_SIZE = 256,
    JOURNAL_READINGS_MAX = 1000000, /* 10 days of 1,024 meters every 15 minutes, 300 MB */
    JOURNAL_PRUNE_ROWS = 100,       /* so many new commands, and the oldest are looked at */
    JOURNAL_COMMANDS_KEPT = 100000, /* answered ones; the oldest go first. Years of top-ups. */
};

/**
 * Open the journal, or make it; lock it against other processes.
 * @return OK, ERR_CONFLICT (another process has it), ERR_FORMAT (no journal of ours, or damaged),
 *         ERR_FULL, ERR_IO; @p ret_message then says it in a sentence
 */
MUST_CHECK enum err journal_open(const struct journal_config *config, struct journal **ret_journal,
                                 char ret_message[JOURNAL_MESSAGE_SIZE]);

/** NULL is fine. */
void journal_close(struct journal *journal);

uint32_t journal_epoch(const struct journal *journal);

/** True if it was copied or restored, so that its epoch is a new one since this opening. */
bool journal_is_moved(const struct journal *journal);

/** False after a failed write or sync. */
bool journal_is_sound(struct journal *journal);

/** After a full disk: try to write again. True if the journal is sound (again). */
bool journal_probe(struct journal *journal);

/* --- the configuration from the cloud ------------------------------------------------------- */

MUST_CHECK enum err journal_config_store(struct journal *journal, const char *text, size_t size);
/** ERR_NOT_FOUND if there is none yet. */
MUST_CHECK enum err journal_config_load(struct journal *journal, char *ret_text, size_t text_size,
                                        size_t *ret_size);

/* --- readings -------------------------------------------------------------------------------- */

/** Store @p count readings, each under the next sequence number, in one sync. */
MUST_CHECK enum err journal_reading_add(struct journal *journal, const struct bus_reading *readings,
                                        size_t count);

/** The message (body of up/.../reading) of the oldest reading above @p after; ERR_NOT_FOUND. */
MUST_CHECK enum err journal_reading_next(struct journal *journal, uint64_t after, uint64_t *ret_seq,
                                         char *ret_text, size_t text_size, size_t *ret_size);

/** The cloud has committed all readings up to @p seq. */
MUST_CHECK enum err journal_reading_ack(struct journal *journal, uint64_t seq);

/* --- commands -------------------------------------------------------------------------------- */

/**
 * ACCEPTED: take a credit or relay command in.
 * @return OK; ERR_EXISTS (the id is known: see journal_reply_find()); ERR_DENIED (the id is in
 *         VOID); ERR_CONFLICT (relay: an older generation than the newest). The latter two are
 *         recorded, so the reply can be stored.
 */
MUST_CHECK enum err journal_accept(struct journal *journal, const struct bus_command *command);

/**
 * INTENT: the frame is about to be sent.
 * @return OK: durable, send it. ERR_DENIED: voided meanwhile. ERR_CONFLICT: a newer relay
 *         generation was accepted meanwhile.
 */
MUST_CHECK enum err journal_intent(struct journal *journal, const char *id,
                                   const struct bus_frame *frame);

/** The last bit of that frame leaves at @p sent_end_ms (monotonic). Memory only. */
void journal_sent(struct journal *journal, const char *id, int64_t sent_end_ms);

/** RESULT: what the meter answered; size 0 for nothing. */
MUST_CHECK enum err journal_result(struct journal *journal, const char *id,
                                   const struct bus_frame *frame_reply);

/**
 * VOID: from now on @p target is never sent. @p ret_reply (fate, intent, since_ms) is filled and
 * stored as the answer of command @p id in the same sync.
 */
MUST_CHECK enum err journal_void(struct journal *journal, const char *id, const char *target,
                                 struct bus_reply *ret_reply);

/** Store the final answer of a known id. */
MUST_CHECK enum err journal_reply_store(struct journal *journal, const struct bus_reply *reply);

/** The stored answer: OK, ERR_INCOMPLETE (known, not answered yet), ERR_NOT_FOUND. */
MUST_CHECK enum err journal_reply_find(struct journal *journal, const char *id, char *ret_text,
                                       size_t text_size, size_t *ret_size);

/** Answers that the cloud has not acknowledged, in order: the first with a row above @p after. */
MUST_CHECK enum err journal_reply_next(struct journal *journal, int64_t after, int64_t *ret_row,
                                       char *ret_text, size_t text_size, size_t *ret_size);

/** The cloud has committed the answer of @p id. */
MUST_CHECK enum err journal_replied(struct journal *journal, const char *id);

/**
 * A command without an answer, found after a start. Call until ERR_NOT_FOUND, before anything is
 * accepted, and store an answer for each.
 * @param ret_reply  prepared: a command that was never begun is NOT_DONE and put into VOID; one
 *                   with an intent is UNKNOWN and "sent", with the meter's answer if it is known
 */
MUST_CHECK enum err journal_recover_next(struct journal *journal, struct bus_reply *ret_reply);

#endif
