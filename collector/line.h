/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_LINE_H
#define SHILLING_COLLECTOR_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/job.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * One bus: a thread that owns the serial line and carries out turns, one frame at a time, always
 * the most urgent. A device that vanishes is opened again with growing pauses; jobs that meet a
 * missing device fail at once. All functions may be called from any one other thread.
 */
struct line;

/* What a line needs from the journal. Called on the line's thread; durable when they return OK. */
struct line_journal {
    enum err (*intent)(void *self, const char *id, const struct bus_frame *frame);
    /* The frame's last bit leaves at @p sent_end_ms of the monotonic clock. */
    void (*sent)(void *self, const char *id, int64_t sent_end_ms);
    enum err (*result)(void *self, const char *id, const struct bus_frame *frame_reply);
    void *self;
};

struct line_config {
    const char *name; /* borrowed for the line's life, like the device */
    const char *device;
    uint32_t baud;
    uint32_t reply_timeout_ms;
    struct clock_port clock;
    struct line_journal journal;
    int notify_fd; /* an eventfd: written when results or a new status are there */
};

struct line_status {
    bool open;
    enum err why;          /* not open: what serial_open() or the device said */
    bool parity_kept;      /* open: as asked for */
    uint32_t change_count; /* differs when something changed */
};

/** Start the bus's thread. @return ERR_MEMORY, ERR_IO. Blocks: no. Allocates: yes. */
MUST_CHECK enum err line_create(const struct line_config *config, struct line **ret_line);

/** Queue a copy of @p job; false if the queue is full for its priority. Blocks: no. */
MUST_CHECK bool line_push(struct line *line, const struct job *job);

/** The oldest result that was not fetched yet; false if there is none. Blocks: no. */
MUST_CHECK bool line_result_pop(struct line *line, struct job_result *ret_result);

struct line_status line_status_get(struct line *line);

/**
 * End the thread. A credit or relay command that has begun is finished first (its result must not
 * be lost), what waits is dropped. Results can still be fetched.
 * Blocks: for the rest of the current turn.
 */
void line_stop(struct line *line);

/** Stop if that was not done, and free everything; NULL is fine. */
void line_destroy(struct line *line);

#endif
