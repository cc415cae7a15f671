/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_JOURNAL_PRINT_JOURNAL_H
#define SHILLING_PRINTER_JOURNAL_PRINT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/id.h"
#include "protocol/escpos/job.h"
#include "protocol/printjob/printjob.h"

/*
 * What printd has promised and what became of it: one row a job, in SQLite with WAL and
 * synchronous=FULL. What a function returned OK for survives kill and power cut.
 *
 * A job is queued, then begun (on record before its first byte leaves), then ended with a verdict.
 * A job that had begun and has no verdict when the journal is opened becomes "unknown": it may be
 * on paper, so it is never printed again. The content of a receipt is not kept.
 *
 * Every function blocks for the disk. After ERR_FULL or ERR_IO nothing more may be printed.
 */
struct print_journal;

enum {
    PRINT_JOURNAL_MESSAGE_SIZE = 512,
    PRINT_JOURNAL_ORDER_SIZE = 65,
    PRINT_JOURNAL_KIND_SIZE = 33,
    PRINT_JOURNAL_JOBS_KEPT = 50000, /* ten years of a busy terminal, 10 MB */
};

/* A job as it was asked for; texts are borrowed. */
struct print_wish {
    const char *job_id;
    const char *order_no;
    const char *kind; /* what the paper says: a kind of the receipt */
    uint32_t copy;
};

struct print_record {
    int64_t seq; /* 1, 2, ...: never used twice */
    char job_id[ID_TEXT_SIZE];
    bool has_begun;
    enum printjob_state state;
    bool part; /* HELD: the rest was never sent */
    char detail[PRINTJOB_DETAIL_SIZE];
    char order_no[PRINT_JOURNAL_ORDER_SIZE];
    char kind[PRINT_JOURNAL_KIND_SIZE]; /* empty: not known */
};

/**
 * Open or make DIR/printd.db and take the lock on it.
 *
 * @param vfs              SQLite's file layer; NULL: the default. Tests put faults there.
 * @param ret_interrupted  jobs that became "unknown" because they had begun
 * @return OK; ERR_CONFLICT (another printd has it), ERR_DENIED, ERR_FORMAT (damaged, or another
 *         program's), ERR_FULL, ERR_IO; @p ret_message then says it in a sentence
 */
MUST_CHECK enum err print_journal_open(const char *dir, const char *vfs,
                                       struct print_journal **ret_journal,
                                       uint32_t *ret_interrupted,
                                       char ret_message[PRINT_JOURNAL_MESSAGE_SIZE]);
/** NULL is fine. */
void print_journal_close(struct print_journal *journal);

/** OK, or ERR_NOT_FOUND. */
MUST_CHECK enum err print_journal_find(struct print_journal *journal, const char *job_id,
                                       struct print_record *ret_record);

/** Record a new job as queued. ERR_EXISTS if its number is known. */
MUST_CHECK enum err print_journal_add(struct print_journal *journal, const struct print_wish *wish,
                                      int64_t wall_s, int64_t *ret_seq);

/**
 * How many papers of this order and kind are out, or may be: begun, and not known to have failed.
 * Jobs of an older printd, which did not note the kind, count for every kind.
 */
MUST_CHECK enum err print_journal_copies(struct print_journal *journal, const char *order_no,
                                         const char *kind, uint32_t *ret_count);

/* What is on record of a job before its first byte leaves. */
struct print_beginning {
    const char *body_id; /* ESCPOS_ID_SIZE characters: what the printer will send back */
    const char *cut_id;
    uint32_t copy; /* as it stands on the paper */
};

/** The job's first byte is about to leave. ERR_EXISTS if that was said before. */
MUST_CHECK enum err print_journal_begin(struct print_journal *journal, int64_t seq,
                                        const struct print_beginning *beginning, int64_t wall_s);

/** Its verdict (state, part, detail). A job that has one keeps it: ERR_EXISTS. */
MUST_CHECK enum err print_journal_end(struct print_journal *journal, int64_t seq,
                                      const struct printjob_answer *verdict, int64_t wall_s);

/** The oldest job of an order whose verdict is not reported. OK, or ERR_NOT_FOUND. */
MUST_CHECK enum err print_journal_unreported(struct print_journal *journal,
                                             struct print_record *ret_record);

/** The verdict on that job has reached the server. OK, also if it is not known or has none. */
MUST_CHECK enum err print_journal_reported(struct print_journal *journal, const char *job_id,
                                           int64_t wall_s);

/**
 * A mark came back after its job's verdict: note that, and say whose it was.
 * @return OK, or ERR_NOT_FOUND (nobody's)
 */
MUST_CHECK enum err print_journal_late(struct print_journal *journal,
                                       const char mark[ESCPOS_ID_SIZE], int64_t wall_s,
                                       struct print_record *ret_record);

#endif
