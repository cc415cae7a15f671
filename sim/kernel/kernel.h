/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_KERNEL_KERNEL_H
#define SHILLING_SIM_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Time, threads and waiting of the simulated world: one OS thread, a virtual clock, a heap of
 * events (time, sequence), and a fiber for every thread of the programs. Nothing sleeps: when no
 * fiber can run, the clock jumps to the next event. Fibers change only where a thread would wait
 * (monitor, join, sleep), at a disk sync, and now and then before a monitor is entered; which one
 * comes next is drawn from the seed. So one seed is one history.
 *
 * kernel/ports.c puts this under drivers/thread and drivers/clock at link time.
 *
 * A node is a machine: what runs on it dies with it. Its memory is abandoned, not freed, because
 * a dead process tidies nothing up; whoever runs many histories runs them in child processes.
 */
enum {
    KERNEL_WORLD = 0, /* not a machine: actors outside */
    KERNEL_NODES_MAX = 16,
    KERNEL_FIBERS_MAX = 512,
    KERNEL_TRACE_MAX = 200,
};

#define KERNEL_MS INT64_C(1000000)
#define KERNEL_S (1000 * KERNEL_MS)
#define KERNEL_MINUTE (60 * KERNEL_S)
#define KERNEL_HOUR (60 * KERNEL_MINUTE)

typedef void (*kernel_fn)(void *arg);

struct kernel_config {
    uint64_t seed;
    uint32_t preempt_ppm; /* how often a fiber steps aside before it enters a monitor */
    /* Called at every step (a fiber gets the processor, an event happens, a disk is touched): the
     * place for crashes. May call kernel_crash(). NULL: nothing. */
    void (*on_step)(void *self, uint64_t step);
    void *self;
};

/** Begin a history. What an earlier one left is forgotten. */
void kernel_begin(const struct kernel_config *config);

int64_t kernel_now_ns(void);
uint64_t kernel_steps(void);
/** The machine on which the running code runs. */
int kernel_node(void);

/** Call @p fn(@p arg) on @p node at that time from now, if the node has not died before. */
void kernel_after(int node, int64_t delay_ns, kernel_fn fn, void *arg);

/** A thread of @p node. @return its number, for kernel_join(). */
uint64_t kernel_spawn(int node, kernel_fn fn, void *arg);
/** Wait until that fiber has ended. In a fiber only. */
void kernel_join(uint64_t fiber);
uint64_t kernel_self(void);
/** In a fiber: let time pass. Elsewhere: nothing happens. */
void kernel_sleep(int64_t duration_ns);

/** In a fiber: wait for kernel_wake(@p what); false when @p deadline_ns (-1: none) has passed. */
bool kernel_wait(const void *what, int64_t deadline_ns);
/** Whoever waits for @p what may run. */
void kernel_wake(const void *what);
/** In a fiber: maybe let others run first. */
void kernel_preempt(void);
bool kernel_in_fiber(void);

/** A step inside something (a disk write): a place to crash. May not return. */
void kernel_point(void);

/** @p node loses its fibers, timers and memory. Does not return if the caller runs on it. */
void kernel_crash(int node);
/** How often it has crashed. */
uint32_t kernel_crash_count(int node);

/** Wall clock and monotonic clock of a node are this much ahead of the world's. */
void kernel_clock_set(int node, int64_t wall_ahead_s, int64_t mono_ahead_ms);
/** Somebody sets its wall clock: the monotonic one goes on. */
void kernel_wall_set(int node, int64_t wall_ahead_s);
int64_t kernel_wall_ms(int node);
int64_t kernel_mono_ms(int node);

/** Go on until @p until_ns or until there is nothing more to do. */
void kernel_run(int64_t until_ns);

/* ---- the trace ---- */

/** kernel_begin() does it: nothing has happened yet. */
void kernel_trace_begin(void);
/** Note what happens; part of the hash. The texts are copied, cut. */
void kernel_trace(const char *what, const char *who, int64_t a, int64_t b);
uint64_t kernel_trace_hash(void);
/** The newest lines, oldest first, to stdout. */
void kernel_trace_print(void);

#endif
