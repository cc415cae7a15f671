/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_TORTURE_FAULT_H
#define SHILLING_TESTS_TORTURE_FAULT_H

#include <stdbool.h>

/*
 * One call of this program fails, once: the Nth allocation, or the Nth call for input or output.
 * With the last kinds, all that follow fail too, as they do on a disk that is dead or stays full.
 * fault.c stands in front of the C library for the program and for every library in it, SQLite
 * too. Only calls between fault_arm() and fault_disarm() are counted, in all threads.
 */
enum fault_kind {
    FAULT_ALLOC,  /* malloc, calloc, realloc: no memory */
    FAULT_EIO,    /* any call: the device fails; a close is done, and then says that it failed */
    FAULT_ENOSPC, /* calls that need room: the disk is full */
    FAULT_SHORT,  /* reads and writes: half of it */
    FAULT_EINTR,  /* calls that may wait: a signal came */
    FAULT_DEAD,   /* as FAULT_EIO, from the Nth call on */
    FAULT_FULL,   /* as FAULT_ENOSPC, from the Nth call on */
    FAULT_KIND_COUNT
};

/** "alloc", "eio", ... */
const char *fault_kind_name(enum fault_kind kind);

/** Count from 1 and let call @p nth that @p kind can strike fail; 0: only count. */
void fault_arm(enum fault_kind kind, long nth);

/** Stop. Returns how many calls were counted. */
long fault_disarm(void);

/** True if the call has failed. */
bool fault_has_struck(void);

/** True if memory is lost that nobody can free any more. Known under the address sanitizer only. */
bool fault_leaks(void);

/** From now on calls of this thread do not count (true), or count again (false). */
void fault_spare_thread(bool spared);

#endif
