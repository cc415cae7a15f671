/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_MEMORY_H
#define SHILLING_CLOUD_AUDITOR_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/auditor/part.h"
#include "cloud/auditor/reader.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * What the auditor remembers from run to run (a file in --state DIR), or for one run only (a
 * temporary file): the rows of the bills, the results of all parts, digests of what was read, and
 * how far the append-only tables were read. One transaction a run: a run that dies changes nothing.
 */
struct memory {
    struct reader file;
    bool kept;   /* there is a --state folder */
    bool forgot; /* it held what another version of the auditor kept; now it holds nothing */
    int64_t run; /* 1 for the first */
    sqlite3_stmt *drop_findings;
    sqlite3_stmt *drop_sums;
    sqlite3_stmt *put_finding;
    sqlite3_stmt *put_sum;
    sqlite3_stmt *get_mark;
    sqlite3_stmt *put_mark;
    sqlite3_stmt *touch;
};

/**
 * @param dir   folder that exists; NULL: remember nothing
 * @return ERR_IO with memory->file.why set
 */
MUST_CHECK enum err memory_open(struct memory *memory, const char *dir);

/** Keep what this run found. */
MUST_CHECK enum err memory_commit(struct memory *memory);

/** Close; what was not committed is forgotten. */
void memory_close(struct memory *memory);

/** Store @p part in place of what its name had before. */
void memory_put_part(struct memory *memory, const struct part *part);

/** Forget the part of that name. */
void memory_drop_part(struct memory *memory, const char *name);

/** A number kept under a name; @p fallback if there is none. */
int64_t memory_mark(struct memory *memory, const char *name, int64_t fallback);
void memory_set_mark(struct memory *memory, const char *name, int64_t value);

/** This document must be judged again. */
void memory_touch(struct memory *memory, const char *document_no);

#endif
