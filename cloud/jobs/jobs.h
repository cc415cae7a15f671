/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_JOBS_JOBS_H
#define SHILLING_CLOUD_JOBS_JOBS_H

#include <stdint.h>

#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * Things to do later, kept in the database: at most one job per (kind, key), due at a moment of
 * the service clock. A due job is claimed by the writer (attempts + 1, due again after the kind's
 * lease) and only when the claim is durable its handler is called. So a job survives every crash
 * and is tried until its handler deletes it or puts it to another time, in the same transaction as
 * whatever it achieved.
 */
struct jobs;

enum {
    JOB_KIND_SIZE = 32,
    JOB_KEY_SIZE = 80,
    JOBS_KINDS_MAX = 32,
    JOBS_CLAIM_MAX = 64, /* claimed in one transaction */
};

struct job {
    char kind[JOB_KIND_SIZE];
    char key[JOB_KEY_SIZE];
    int64_t due_ms;   /* service clock: when it was due, before the claim */
    int64_t attempts; /* 1 at the first call */
};

/**
 * Do the job. Called in the jobs' own thread, one call at a time: start things (a command, a
 * request, store_submit()) and return; do not wait for them. When the result is known,
 * job_put() or job_delete() in the transaction that stores it. If neither happens the job comes
 * again after the lease.
 */
typedef void (*job_handler)(const struct job *job, void *self);

/** One kind of job. */
struct job_kind {
    const char *kind; /* string literal, shorter than JOB_KIND_SIZE */
    int64_t lease_ms; /* >= 1000: due again that long after a claim that led to nothing */
    job_handler handler;
    void *self; /* borrowed until jobs_stop() */
};

/** Nothing runs before jobs_start(). @p store is borrowed until jobs_destroy(). */
MUST_CHECK enum err jobs_create(struct store *store, struct jobs **ret_jobs);

/** Before jobs_start() only. */
void jobs_register(struct jobs *jobs, const struct job_kind *kind);

/**
 * Start the thread. Jobs that the last run had claimed and not settled are due at once. Jobs of
 * kinds that nobody registered stay where they are.
 */
MUST_CHECK enum err jobs_start(struct jobs *jobs);

/** No handler runs after this returns. */
void jobs_stop(struct jobs *jobs);

/** NULL is allowed. Call jobs_stop() first. */
void jobs_destroy(struct jobs *jobs);

/**
 * In a writing transaction: make the job due at @p due_ms (service clock), a new one or an
 * existing one that is moved; its attempts begin again at 0. Wakes the jobs thread after commit.
 */
MUST_CHECK enum err job_put(struct jobs *jobs, struct db *db, const char *kind, const char *key,
                            int64_t due_ms);

/** As job_put(), but attempts go on counting and a job that is not there stays away. */
MUST_CHECK enum err job_retry(struct jobs *jobs, struct db *db, const char *kind, const char *key,
                              int64_t due_ms);

/** In a writing transaction: forget the job; OK if it is not there. */
MUST_CHECK enum err job_delete(struct db *db, const char *kind, const char *key);

#endif
