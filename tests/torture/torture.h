/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_TORTURE_TORTURE_H
#define SHILLING_TESTS_TORTURE_TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A flow is run again and again, each time in a new folder and a process of its own, and each time
 * another call of it fails. What must hold: it ends by itself, or says that it stops (allocations
 * only); and whatever it was told is done is there when somebody looks afterwards.
 */
enum { TORTURE_STEPS_MAX = 32, TORTURE_NOTE_SIZE = 2048 };

enum torture_step {
    STEP_NOT_TRIED,
    STEP_FAILED, /* tried and refused: may have happened or not */
    STEP_DONE,   /* acknowledged: must be there */
};

/* Shared by the process that runs and the one that looks afterwards. */
struct torture_notes {
    uint8_t steps[TORTURE_STEPS_MAX]; /* enum torture_step; the numbers are the flow's own */
    uint32_t numbers[8];              /* of the flow's own */
    char text[64];                    /* of the flow's own */
    char broken[TORTURE_NOTE_SIZE];   /* what the flow found wrong; "" if nothing */
};

struct torture_flow {
    const char *name;
    bool has_files;    /* so that input and output fail as well */
    long sample;       /* how many calls of a kind fail if not all do; 0: 20 */
    const char *known; /* why the process may end without a word of ours; NULL: it may not */
    /** Once, what every run finds in its folder; may be NULL. False: nothing can be run. */
    bool (*make)(const char *dir);
    /** Before the faults begin, in the same process; may be NULL. False likewise. */
    bool (*prepare)(const char *dir);
    void (*run)(struct torture_notes *notes, const char *dir);
    /** Look at what is there, without faults. False: something is wrong, and notes say what. */
    bool (*look)(struct torture_notes *notes, const char *dir);
};

/** Note that step @p at was tried, and whether it is @p done. Returns @p done. */
bool torture_step(struct torture_notes *notes, size_t at, bool done);

/** Note what is wrong, if @p ok is false; the first one stays. Returns @p ok. */
bool torture_expect(struct torture_notes *notes, bool ok, const char *what);

/** The flows of this program, with NULL behind the last one; each program has its own. */
extern const struct torture_flow *const torture_flows[];

#endif
