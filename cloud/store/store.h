/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_STORE_STORE_H
#define SHILLING_CLOUD_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/store/db.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * The database: SQLite in WAL mode with synchronous=FULL and exactly one writer thread.
 *
 * Work comes as functions. The writer takes what has queued up, runs each function under a
 * savepoint of its own inside one transaction, commits (one sync for up to STORE_BATCH_MAX of
 * them) and only then calls the completion callbacks: durable before visible. A function that
 * returns an error undoes only its own changes; its callback too waits for the commit, because it
 * may have seen what others of the batch wrote.
 *
 * A failed commit is the end: the store takes no more work, every waiting and later request gets
 * ERR_UNAVAILABLE, and the program goes out of service until somebody starts it again. Whether
 * that last batch is on the disk is unknown; the idempotency numbers settle it after the restart.
 *
 * The service clock counts the milliseconds in which this service was running. It goes on after a
 * restart from its last stored value (stored with every batch, and at least every 10 s), so a
 * restart can lengthen a wait but never shorten it, and the wall clock has no part in it.
 */
struct store;

enum {
    STORE_BATCH_MAX = 512,       /* larger batches gain nothing and delay the first */
    STORE_QUEUE_MAX = 16384,     /* above the connection limits, so full means a fault, not load */
    STORE_READERS_MAX = 8,       /* read-only connections; more threads than that wait in turn */
    STORE_CLOCK_STEP_MS = 10000, /* how much a crash may take from the service clock, at most */
    STORE_WHY_SIZE = 512,
};

struct store_config {
    const char *path;                            /* the database file; its folder must exist */
    const struct clock_port *clock;              /* borrowed until store_close() */
    uint64_t disk_free_bytes_min;                /* below it store_has_room() says no */
    uint32_t reader_count;                       /* 1..STORE_READERS_MAX */
    void (*on_failed)(void *self, enum err err); /* once, in the writer thread; may be NULL */
    void *self;
    const char *trace_path; /* diagnostic: the writer's statements go there; NULL: nowhere */
};

/**
 * Open or create the database, bring its schema up to date and start the writer.
 *
 * @param ret_store @own; close with store_close()
 * @param ret_why   on failure: what is wrong and what to do, for the operator
 * @return ERR_DENIED no right to the file or its folder; ERR_EXISTS another process has it open;
 *         ERR_UNSUPPORTED network file system, or written by a newer version; ERR_CHECKSUM a
 *         migration that was applied is not the one in this program; ERR_FULL, ERR_IO, ERR_MEMORY
 */
MUST_CHECK enum err store_open(const struct store_config *config, struct store **ret_store,
                               char ret_why[STORE_WHY_SIZE]);

/** Finish the queued work, stop the writer, close. NULL is allowed. Not from the writer thread. */
void store_close(struct store *store);

/** Work for the writer. @return OK keeps its changes, an error undoes them and is passed on. */
typedef enum err (*store_fn)(struct db *db, void *arg);

/**
 * How it ended: the function's own result once that is durable, or ERR_UNAVAILABLE when the store
 * is out of service (then nothing is known about the changes). Runs in the writer thread: short,
 * never blocking; it may call store_submit() but not store_run().
 */
typedef void (*store_done)(enum err err, void *arg);

/**
 * Queue @p fn. Any thread. Order of one caller's submissions is kept.
 *
 * @param done may be NULL. It is called exactly once if and only if OK is returned.
 * @param arg  borrowed until @p done was called
 * @return OK, ERR_UNAVAILABLE out of service or closing, ERR_FULL the queue is full
 * Blocks: no.
 */
MUST_CHECK enum err store_submit(struct store *store, store_fn fn, store_done done, void *arg);

/** Submit and wait: the function's result once it is durable. Not from the writer thread. */
MUST_CHECK enum err store_run(struct store *store, store_fn fn, void *arg);

/**
 * Run @p fn now, in this thread, on a read-only connection that sees one consistent state: what
 * was committed when it began. Waits for a free connection. Also works out of service.
 */
MUST_CHECK enum err store_read(struct store *store, store_fn fn, void *arg);

/** The service clock now, in ms. Any thread. Inside a function use db_service_ms(). */
int64_t store_service_ms(const struct store *store);

/** False once a commit has failed. Any thread. */
bool store_is_in_service(struct store *store);

/**
 * True if the disk of the database has at least disk_free_bytes_min left. To be asked before
 * anything new is promised; what was promised is finished with the reserve. Any thread; looks at
 * the disk at most once a second.
 */
bool store_has_room(struct store *store);

/** Totals since the start, for the metrics page. Any thread. */
struct store_counters {
    uint64_t batches;       /* transactions committed */
    uint64_t functions;     /* functions run in them */
    uint64_t refused;       /* of these, those that returned an error */
    uint64_t batch_max;     /* largest batch */
    uint64_t commit_us_max; /* longest commit */
    uint64_t commit_us_sum;
};
void store_get_counters(struct store *store, struct store_counters *ret_counters);

#endif
