/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibers are ucontext stacks of their own mappings with a guard page below. Only a fiber's first
 * turn goes through ucontext, which asks the operating system for its signal mask each time; later
 * ones jump, which asks nobody. A fiber whose work is done goes round for the next work of its
 * place. The table is small, so waking looks at all of them. A fiber that waits with a deadline
 * leaves an event behind; when the wait ends early the event finds another wait number and does
 * nothing.
 */
#include "sim/kernel/kernel.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <ucontext.h>

#include "common/must.h"
#include "sim/kernel/dice.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum {
    STACK_SIZE = 512 * 1024, /* the server's deepest path and SQLite's parser below it */
    GUARD_SIZE = 4096,
    COLOURS = 61,
    COLOUR_SIZE = 1088,
    EVENTS_FIRST = 1024,
    SLICE_NS = 2000, /* a turn of the processor costs time, so that nothing spins for free */
};

static const int64_t WALL_BEGIN_MS = INT64_C(1795910400000); /* 2026-11-29 00:00 UTC */

enum fiber_state { FIBER_FREE, FIBER_READY, FIBER_WAITING };

struct fiber {
    enum fiber_state state;
    uint64_t number; /* never used twice */
    int node;
    struct place *place;
    kernel_fn fn;
    void *arg;
    const void *waits_for;
    uint64_t wait_number;
    bool timed_out;
    bool died; /* in the middle of its work, or never began */
};

/* What a fiber runs on: kept for the next one of its place. Apart from it, because waking and
 * choosing look through all fibers. */
struct place {
    ucontext_t context; /* of its first turn */
    jmp_buf jump;       /* of all others */
    bool begun;
    uint8_t *stack;
};

struct event {
    int64_t at_ns;
    uint64_t sequence;
    int node;
    uint32_t life; /* the node's crash count when it was made */
    kernel_fn fn;  /* NULL: the end of a wait */
    void *arg;
    size_t fiber;
    uint64_t wait_number;
};

struct node {
    uint32_t crash_count;
    int64_t wall_ahead_s;
    int64_t mono_ahead_ms;
};

struct kernel {
    struct kernel_config config;
    struct dice dice;
    int64_t now_ns;
    uint64_t steps;
    struct node nodes[KERNEL_NODES_MAX];
    struct fiber fibers[KERNEL_FIBERS_MAX];
    struct place places[KERNEL_FIBERS_MAX]; /* of the fiber with the same index */
    size_t fiber_top;                       /* places that were ever used */
    uint64_t fiber_next;
    uint64_t wait_next;
    struct fiber *running; /* NULL: the kernel itself, or an event */
    int event_node;
    struct place main;
    struct event *heap;
    size_t heap_count;
    size_t heap_size;
    uint64_t sequence;
};

/* The one world of this process: the functions that stand in for the drivers have no parameter
 * through which it could be given to them. */
static struct kernel the;

/* ---- events ---- */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->sequence < b->sequence;
}

static void heap_push(const struct event *event)
{
    if (the.heap_count == the.heap_size) {
        the.heap_size = the.heap_size == 0 ? EVENTS_FIRST : the.heap_size * 2;
        the.heap = realloc(the.heap, the.heap_size * sizeof(*the.heap));
        MUST(the.heap != NULL);
    }
    size_t at = the.heap_count++;
    while (at > 0 && is_before(event, &the.heap[(at - 1) / 2])) {
        the.heap[at] = the.heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    the.heap[at] = *event;
}

static struct event heap_pop(void)
{
    const struct event first = the.heap[0];
    const struct event last = the.heap[--the.heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= the.heap_count) {
            break;
        }
        if (child + 1 < the.heap_count && is_before(&the.heap[child + 1], &the.heap[child])) {
            child += 1;
        }
        if (!is_before(&the.heap[child], &last)) {
            break;
        }
        the.heap[at] = the.heap[child];
        at = child;
    }
    the.heap[at] = last;
    return first;
}

static void event_add(struct event *event, int64_t at_ns)
{
    event->at_ns = at_ns;
    event->sequence = the.sequence++;
    event->life = the.nodes[event->node].crash_count;
    heap_push(event);
}

void kernel_after(int node, int64_t delay_ns, kernel_fn fn, void *arg)
{
    MUST(delay_ns >= 0 && fn != NULL);
    struct event event = {.node = node, .fn = fn, .arg = arg};
    event_add(&event, the.now_ns + delay_ns);
}

/* ---- fibers ---- */

static void step(void)
{
    the.steps += 1;
    if (the.config.on_step != NULL) {
        the.config.on_step(the.config.self, the.steps);
    }
}

void kernel_point(void)
{
    step();
}

/* Leave @p from for @p to, until somebody comes back. */
static void change_place(struct place *from, struct place *to)
{
#ifdef WITH_ASAN
    /* A jump makes the sanitizer look at one stack and forget the other. */
    int failed = swapcontext(&from->context, &to->context);
    MUST(failed == 0);
#else
    if (_setjmp(from->jump) != 0) {
        return;
    }
    if (to->begun) {
        _longjmp(to->jump, 1);
    }
    to->begun = true;
    (void)setcontext(&to->context);
    MUST_NOT_REACH();
#endif
}

static void back_to_kernel(void)
{
    MUST(the.running != NULL);
    change_place(the.running->place, &the.main);
}

static void fiber_main(void)
{
    struct fiber *fiber = the.running;
    for (;;) {
        fiber->fn(fiber->arg);
        fiber->state = FIBER_FREE;
        kernel_wake(fiber);
        back_to_kernel();
    }
}

static struct fiber *fiber_place(void)
{
    for (size_t i = 0; i < the.fiber_top; i++) {
        if (the.fibers[i].state == FIBER_FREE && &the.fibers[i] != the.running) {
            return &the.fibers[i];
        }
    }
    MUST(the.fiber_top < KERNEL_FIBERS_MAX);
    struct fiber *fiber = &the.fibers[the.fiber_top];
    fiber->place = &the.places[the.fiber_top++];
    if (fiber->place->stack == NULL) {
        fiber->place->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        MUST(fiber->place->stack != MAP_FAILED);
        MUST(mprotect(fiber->place->stack, GUARD_SIZE, PROT_NONE) == 0);
    }
    fiber->died = true; /* nobody stands on it */
    return fiber;
}

static void place_make(struct place *place)
{
    ucontext_t *context = &place->context;
    /* Tops of stacks at one distance from each other would all want the same lines of a cache. */
    const size_t colour = (size_t)(place - the.places) % COLOURS * COLOUR_SIZE;
#ifdef WITH_ASAN
    __asan_unpoison_memory_region(place->stack + GUARD_SIZE, STACK_SIZE - GUARD_SIZE);
#endif
    int failed = getcontext(context);
    MUST(failed == 0);
    context->uc_stack.ss_sp = place->stack + GUARD_SIZE;
    context->uc_stack.ss_size = STACK_SIZE - GUARD_SIZE - colour;
    context->uc_link = NULL;
    makecontext(context, fiber_main, 0);
    place->begun = false;
}

uint64_t kernel_spawn(int node, kernel_fn fn, void *arg)
{
    struct fiber *fiber = fiber_place();
    if (fiber->died) {
        place_make(fiber->place);
        fiber->died = false;
    }
    fiber->state = FIBER_READY;
    fiber->number = ++the.fiber_next;
    fiber->node = node;
    fiber->fn = fn;
    fiber->arg = arg;
    fiber->waits_for = NULL;
    return fiber->number;
}

uint64_t kernel_self(void)
{
    return the.running != NULL ? the.running->number : 0;
}

bool kernel_in_fiber(void)
{
    return the.running != NULL;
}

bool kernel_wait(const void *what, int64_t deadline_ns)
{
    struct fiber *fiber = the.running;
    MUST(fiber != NULL); /* an event must not wait */
    fiber->state = FIBER_WAITING;
    fiber->waits_for = what;
    fiber->wait_number = ++the.wait_next;
    fiber->timed_out = false;
    if (deadline_ns >= 0) {
        struct event event = {.node = fiber->node,
                              .fiber = (size_t)(fiber - the.fibers),
                              .wait_number = fiber->wait_number};
        event_add(&event, deadline_ns > the.now_ns ? deadline_ns : the.now_ns);
    }
    back_to_kernel();
    return !fiber->timed_out;
}

static void make_ready(struct fiber *fiber, bool timed_out)
{
    fiber->state = FIBER_READY;
    fiber->waits_for = NULL;
    fiber->wait_number = 0;
    fiber->timed_out = timed_out;
}

void kernel_wake(const void *what)
{
    for (size_t i = 0; i < the.fiber_top; i++) {
        if (the.fibers[i].state == FIBER_WAITING && the.fibers[i].waits_for == what) {
            make_ready(&the.fibers[i], /* timed_out= */ false);
        }
    }
}

void kernel_sleep(int64_t duration_ns)
{
    if (the.running != NULL) {
        (void)kernel_wait(the.running->place, the.now_ns + duration_ns);
    }
}

void kernel_preempt(void)
{
    if (the.running != NULL && dice_chance(&the.dice, the.config.preempt_ppm)) {
        the.running->state = FIBER_READY;
        back_to_kernel();
    }
}

void kernel_join(uint64_t number)
{
    for (size_t i = 0; i < the.fiber_top; i++) {
        struct fiber *fiber = &the.fibers[i];
        while (fiber->number == number && fiber->state != FIBER_FREE) {
            (void)kernel_wait(fiber, -1);
        }
    }
}

void kernel_crash(int node)
{
    const bool own = the.running != NULL && the.running->node == node;
    MUST(node != KERNEL_WORLD);
    the.nodes[node].crash_count += 1;
    for (size_t i = 0; i < the.fiber_top; i++) {
        if (the.fibers[i].node == node && the.fibers[i].state != FIBER_FREE) {
            the.fibers[i].state = FIBER_FREE;
            the.fibers[i].waits_for = NULL;
            the.fibers[i].died = true;
        }
    }
    if (own) {
        back_to_kernel();
        MUST_NOT_REACH();
    }
}

uint32_t kernel_crash_count(int node)
{
    return the.nodes[node].crash_count;
}

/* ---- running ---- */

static struct fiber *choose_ready(void)
{
    struct fiber *ready[KERNEL_FIBERS_MAX];
    uint32_t count = 0;
    for (size_t i = 0; i < the.fiber_top; i++) {
        if (the.fibers[i].state == FIBER_READY) {
            ready[count++] = &the.fibers[i];
        }
    }
    if (count <= 1) {
        return count == 1 ? ready[0] : NULL;
    }
    return ready[dice_below(&the.dice, count)];
}

static void run_fiber(struct fiber *fiber)
{
    the.running = fiber;
    change_place(&the.main, fiber->place);
    the.running = NULL;
    the.now_ns += SLICE_NS;
}

static void run_event(const struct event *event)
{
    if (event->life != the.nodes[event->node].crash_count) {
        return;
    }
    if (event->fn == NULL) {
        struct fiber *fiber = &the.fibers[event->fiber];
        if (fiber->state == FIBER_WAITING && fiber->wait_number == event->wait_number) {
            make_ready(fiber, /* timed_out= */ true);
        }
        return;
    }
    step();
    if (event->life != the.nodes[event->node].crash_count) {
        return; /* it died at this very step */
    }
    the.event_node = event->node;
    event->fn(event->arg);
    the.event_node = KERNEL_WORLD;
}

/* One thing that happens before @p until_ns; false if there is none. */
static bool turn(int64_t until_ns)
{
    struct fiber *fiber = choose_ready();
    if (fiber != NULL) {
        const uint64_t number = fiber->number;
        step();
        if (fiber->state == FIBER_READY && fiber->number == number) {
            run_fiber(fiber);
        }
        return true;
    }
    if (the.heap_count == 0 || the.heap[0].at_ns > until_ns) {
        return false;
    }
    const struct event event = heap_pop();
    if (event.at_ns > the.now_ns) {
        the.now_ns = event.at_ns;
    }
    run_event(&event);
    return true;
}

void kernel_run(int64_t until_ns)
{
    MUST(the.running == NULL);
    while (turn(until_ns)) {
    }
    if (the.now_ns < until_ns) {
        the.now_ns = until_ns;
    }
}

void kernel_begin(const struct kernel_config *config)
{
    MUST(the.running == NULL);
    the.main.begun = true;
    the.config = *config;
    the.dice = dice_make(config->seed, DICE_SCHEDULE);
    the.now_ns = 0;
    the.steps = 0;
    the.heap_count = 0;
    the.sequence = 0;
    kernel_trace_begin();
    for (size_t i = 0; i < the.fiber_top; i++) {
        the.fibers[i].state = FIBER_FREE;
    }
    the.fiber_top = 0;
    memset(the.nodes, 0, sizeof(the.nodes));
}

/* ---- clocks ---- */

int64_t kernel_now_ns(void)
{
    return the.now_ns;
}

uint64_t kernel_steps(void)
{
    return the.steps;
}

int kernel_node(void)
{
    return the.running != NULL ? the.running->node : the.event_node;
}

void kernel_clock_set(int node, int64_t wall_ahead_s, int64_t mono_ahead_ms)
{
    the.nodes[node].wall_ahead_s = wall_ahead_s;
    the.nodes[node].mono_ahead_ms = mono_ahead_ms;
}

void kernel_wall_set(int node, int64_t wall_ahead_s)
{
    the.nodes[node].wall_ahead_s = wall_ahead_s;
}

int64_t kernel_wall_ms(int node)
{
    return WALL_BEGIN_MS + the.now_ns / KERNEL_MS + the.nodes[node].wall_ahead_s * 1000;
}

int64_t kernel_mono_ms(int node)
{
    return the.now_ns / KERNEL_MS + the.nodes[node].mono_ahead_ms;
}
