/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_DESK_H
#define SHILLING_COLLECTOR_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/job.h"
#include "collector/journal.h"
#include "collector/roster.h"
#include "common/clock.h"
#include "common/compiler.h"

/*
 * Where commands come in and answers go out: what may be done, what was answered before, what goes
 * to which bus. It owns no thread and no connection; those are given to it.
 */
enum {
    DESK_BEGIN_MS_MAX = 30000, /* not begun 30 s after acceptance: void */
    DESK_TEXT_SIZE = 6144,     /* as in the journal: the longest answer */
};

struct desk {
    struct journal *journal;
    struct roster *roster;
    struct clock_port clock;
    /* Queue a copy for bus @p bus; false if its queue is full. */
    bool (*push)(void *self, int bus, const struct job *job);
    /* Send an answer. */
    void (*send)(void *self, const char *text, size_t size);
    /* Tell something to the cloud and the log. @p meter may be "". */
    void (*tell)(void *self, const char *kind, const char *meter, const char *detail);
    void *self;
    /* Room for the answer being made and sent: together too large for the stack. */
    struct bus_reply reply;
    char text[DESK_TEXT_SIZE];
};

/**
 * Is this command one that can be carried out on this meter? Pure.
 * @return true, or false with @p ret_fault->field naming the member
 */
MUST_CHECK bool desk_command_is_sound(const struct bus_command *command,
                                      const struct bus_meter *meter, struct bus_fault *ret_fault);

/** Answer what the last run left open; once, before the first command. */
void desk_recover(struct desk *desk);

/** A message of down/.../cmd. Blocks: for syncs of the journal. */
void desk_command(struct desk *desk, const char *text, size_t size);

/** A job that a command had caused is over. Blocks: for a sync of the journal. */
void desk_result(struct desk *desk, struct job_result *result);

#endif
