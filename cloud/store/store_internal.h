/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_STORE_STORE_INTERNAL_H
#define SHILLING_CLOUD_STORE_STORE_INTERNAL_H

#include <stdatomic.h>
#include <stdio.h>

#include <sqlite3.h>

#include "cloud/store/store.h"
#include "drivers/thread/monitor.h"
#include "drivers/thread/thread.h"

/* What the files of cloud/store share with each other and with nobody else. */

enum {
    DB_STATEMENTS_MAX = 1024, /* a power of two; statements of one connection: we have ~200 */
    DB_HOOKS_MAX = 64,        /* distinct wake-ups of one batch */
    STORE_PATH_SIZE = 4000,   /* leaves room below PATH_MAX for SQLite's and our suffixes */
};

struct sql {
    struct db *db;
    const char *text;        /* the literal; NULL: slot free */
    sqlite3_stmt *statement; /* NULL: preparing failed */
    enum err err;            /* first error of this use */
    bool active;             /* stepped and not reset */
    bool listed;             /* in the list of those to be reset */
    struct sql *next_listed;
};

struct db_hook {
    void (*hook)(void *arg);
    void *arg;
};

struct db {
    sqlite3 *handle;
    bool is_writer;
    enum err fatal; /* first error after which the transaction cannot be trusted */
    int64_t service_ms;
    int64_t wall_s;
    struct sql *statements; /* DB_STATEMENTS_MAX, hashed by the literal's address */
    size_t statement_count;
    struct sql *listed; /* used since the last reset */
    struct db_hook hooks[DB_HOOKS_MAX];
    size_t hook_count;
    char message[256]; /* SQLite's words about the last unexpected error */
};

/** Open a connection with our settings. */
enum err db_open(struct db *db, const char *path, bool is_writer);
void db_close(struct db *db);
/** Reset every statement that is still active. */
void db_reset_statements(struct db *db);
/** Run SQL without parameters or rows, any number of statements; not kept. */
enum err db_exec(struct db *db, const char *text);
/** Run one literal without parameters or rows; kept prepared like all others. */
enum err db_step(struct db *db, const char *text);
/** Our name for SQLite's (extended) code. */
enum err db_err_of(int code);

/** Bring the schema up to date. */
enum err migrate(struct db *db, int64_t wall_s, char ret_why[STORE_WHY_SIZE]);

struct migration {
    uint32_t version;
    const char *name;
    const char *sql; /* NUL-terminated */
    size_t size;
};
/* Generated from migrations/NNNN-name.sql, in order. */
extern const struct migration store_migrations[];
extern const size_t store_migration_count;

struct queue_item {
    store_fn fn;
    store_done done;
    void *arg;
    enum err result; /* of fn, once it ran */
};

struct batch {
    struct queue_item items[STORE_BATCH_MAX];
    size_t count;
    size_t refused;
};

struct store {
    struct store_config config;
    char path[STORE_PATH_SIZE];
    int lock_fd; /* -1: none */

    /* Service clock: stored value at the start, and the monotonic clock at that moment. */
    int64_t service_base_ms;
    int64_t mono_base_ms;

    struct thread thread;
    bool thread_started;
    struct db writer; /* the writer thread's alone, like the batch and the trace */
    struct batch batch;
    FILE *trace; /* NULL: off */

    struct monitor monitor;                   /* guards what follows */
    struct queue_item queue[STORE_QUEUE_MAX]; /* a ring */
    size_t queue_first;
    size_t queue_count;
    bool stopping;
    bool failed;
    struct store_counters counters;

    struct monitor reader_monitor; /* guards reader_busy */
    struct db readers[STORE_READERS_MAX];
    bool reader_busy[STORE_READERS_MAX];

    atomic_int_fast64_t room_checked_ms; /* monotonic moment of the last look; 0: never */
    atomic_bool has_room;
};

/** Write every statement of the writer, with its values, to @p path (trace.c); ERR_DENIED. */
enum err store_trace_begin(struct store *store, const char *path);
/** Close the trace, if there is one. */
void store_trace_end(struct store *store);

/** Body of the writer thread. */
void *store_writer_main(void *store);

#endif
