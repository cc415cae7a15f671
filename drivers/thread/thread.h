/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_THREAD_THREAD_H
#define SHILLING_DRIVERS_THREAD_THREAD_H

#include <stdbool.h>

#include <pthread.h>

#include "common/compiler.h"

/*
 * Threads of a program. Together with monitor.h and clock/clock_system.h these are all the ways in
 * which the server waits, so that a simulation can stand in for the three of them.
 */
struct thread {
    pthread_t id;
};

/**
 * Start @p body(@p arg). @p ret_thread must stay where it is until thread_join().
 * @return false: the system has no thread left. Blocks: no. Allocates: a stack.
 */
MUST_CHECK bool thread_start(struct thread *ret_thread, void *(*body)(void *arg), void *arg);

/** Wait for its end; once, and not from the thread itself. Blocks: yes. Allocates: no. */
void thread_join(struct thread *thread);

/** True if the caller runs in it. Blocks: no. Allocates: no. */
bool thread_is_self(const struct thread *thread);

#endif
