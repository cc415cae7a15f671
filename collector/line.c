/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: there is one turn per priority, so a more urgent job can step in between two frames of a
 * less urgent one and nothing has to be interrupted or repeated. At each frame boundary the most
 * urgent turn that can go on gets the bus. Commands have the highest priority and are therefore
 * never stepped into; a relay command that waits for its effect is parked and asks again later.
 *
 * Between the end of an answer and the next request there is no pause: the answer ends by its
 * length, and if a meter adds bytes behind its frame, they meet the four FE of the next request,
 * which carry nothing.
 */
#include "collector/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "collector/exchange.h"
#include "collector/queue.h"
#include "collector/turn.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/serial/serial.h"

enum {
    PARKED_MAX = 32, /* one relay command of each meter that a bus can carry */
    TURNS_MAX = JOB_PRIO_COUNT + PARKED_MAX,
    RESULTS_MAX = 32,        /* the main loop fetches them at once; a full ring only waits */
    WRITE_TIMEOUT_MS = 1000, /* a driver that takes no bytes for a second is broken */
    REOPEN_MS_MIN = 200,     /* an adapter that was pulled and put back */
    REOPEN_MS_MAX = 10000,
    READ_SIZE = 256,
};

struct line {
    struct line_config config;
    pthread_t thread;
    int wake_fd;

    pthread_mutex_t lock; /* guards the rest of this paragraph */
    pthread_cond_t room;  /* a result was fetched */
    struct queue queue;
    struct job_result results[RESULTS_MAX];
    size_t result_first;
    size_t result_count;
    struct line_status status;
    bool stopping;

    /* the thread's own */
    int fd;
    uint32_t baud_now;
    int64_t reopen_ms;
    int64_t reopen_pause_ms;
    struct exchange x;
    struct turn turns[TURNS_MAX];
    bool turn_used[TURNS_MAX];
    struct turn *active[JOB_PRIO_COUNT];
    struct turn *parked[PARKED_MAX];
    struct job job;
};

static int64_t now_of(const struct line *line)
{
    return clock_mono_ms(&line->config.clock);
}

static void signal_fd(int fd)
{
    uint64_t one = 1;
    /* EAGAIN means that the counter is full, and then the reader is awake already. */
    ssize_t ignored = write(fd, &one, sizeof(one));
    (void)ignored;
}

static void lock(struct line *line)
{
    int failed = pthread_mutex_lock(&line->lock);
    MUST(failed == 0);
}

static void unlock(struct line *line)
{
    int failed = pthread_mutex_unlock(&line->lock);
    MUST(failed == 0);
}

static bool is_stopping(struct line *line)
{
    lock(line);
    bool stopping = line->stopping;
    unlock(line);
    return stopping;
}

static struct turn *turn_alloc(struct line *line)
{
    for (size_t i = 0; i < TURNS_MAX; i++) {
        if (!line->turn_used[i]) {
            line->turn_used[i] = true;
            return &line->turns[i];
        }
    }
    MUST_NOT_REACH(); /* as many as can be active and parked */
}

static void turn_free(struct line *line, const struct turn *turn)
{
    line->turn_used[turn - line->turns] = false;
}

static void deliver(struct line *line, const struct turn *turn)
{
    lock(line);
    while (line->result_count == RESULTS_MAX && !line->stopping) {
        int failed = pthread_cond_wait(&line->room, &line->lock);
        MUST(failed == 0);
    }
    if (line->result_count < RESULTS_MAX) {
        size_t place = (line->result_first + line->result_count) % RESULTS_MAX;
        struct job_result *result = &line->results[place];
        *result = (struct job_result){
            .reply = turn->reply,
            .op = turn->job.command.op,
            .prio = turn->job.prio,
            .scheduled = turn->job.command.id[0] == '\0',
            .heard = turn->heard,
            .garbled = turn->garbled,
            .accepted_ms = turn->job.accepted_ms,
        };
        MUST(str_copy(result->meter, sizeof(result->meter), turn->job.meter.meter));
        line->result_count += 1;
    }
    unlock(line);
    signal_fd(line->config.notify_fd);
}

static void status_set(struct line *line, bool open, enum err why, bool parity_kept)
{
    lock(line);
    struct line_status *status = &line->status;
    bool changed = status->change_count == 0 || status->open != open || status->why != why;
    status->open = open;
    status->why = why;
    status->parity_kept = parity_kept;
    status->change_count += changed ? 1 : 0;
    unlock(line);
    if (changed) {
        signal_fd(line->config.notify_fd);
    }
}

static void device_lost(struct line *line, enum err why)
{
    serial_close(line->fd);
    line->fd = -1;
    line->reopen_ms = now_of(line) + line->reopen_pause_ms;
    line->reopen_pause_ms *= 2;
    if (line->reopen_pause_ms > REOPEN_MS_MAX) {
        line->reopen_pause_ms = REOPEN_MS_MAX;
    }
    status_set(line, false, why, false);
}

static void device_open(struct line *line)
{
    struct serial_report report = {0};
    enum err err = serial_open(line->config.device, line->config.baud, &report, &line->fd);
    if (err != OK) {
        line->fd = -1;
        device_lost(line, err);
        return;
    }
    line->baud_now = line->config.baud;
    status_set(line, true, OK, report.parity_kept);
}

/* Send the request's bytes; false if the line failed. */
static bool exchange_write(struct line *line)
{
    const struct exchange_request *request = line->x.request;
    if (request->baud != line->baud_now) {
        if (serial_set_baud(line->fd, request->baud) != OK) {
            return false;
        }
        line->baud_now = request->baud;
    }
    serial_discard_input(line->fd);
    return serial_write(line->fd, request->wire, request->wire_size, WRITE_TIMEOUT_MS) == OK;
}

static void exchange_run(struct line *line, const struct exchange_request *request)
{
    struct exchange *x = &line->x;
    exchange_begin(x, request);
    while (!exchange_is_over(x)) {
        if (x->wants_send) {
            bool written = exchange_write(line);
            exchange_sent(x, now_of(line));
            if (!written) {
                exchange_fault(x);
                device_lost(line, ERR_IO);
                return;
            }
        }
        uint8_t bytes[READ_SIZE];
        size_t size = 0;
        int64_t wait_ms = x->deadline_ms - now_of(line);
        enum err err =
            serial_read(line->fd, bytes, sizeof(bytes), wait_ms > 0 ? (int)wait_ms : 0, &size);
        if (err == OK) {
            exchange_receive(x, bytes, size, now_of(line));
            line->reopen_pause_ms = REOPEN_MS_MIN;
        } else if (err == ERR_IO) {
            exchange_fault(x);
            device_lost(line, ERR_IO);
            return;
        }
        exchange_tick(x, now_of(line));
    }
}

static void listen_quiet(struct line *line, int64_t quiet_ms)
{
    int64_t until_ms = now_of(line) + quiet_ms;
    for (int64_t now_ms = now_of(line); now_ms < until_ms; now_ms = now_of(line)) {
        uint8_t bytes[READ_SIZE];
        size_t size = 0;
        if (serial_read(line->fd, bytes, sizeof(bytes), (int)(until_ms - now_ms), &size) ==
            ERR_IO) {
            device_lost(line, ERR_IO);
            return;
        }
    }
}

/* Put the turn aside until its resume_ms; false if there is no place. */
static bool park(struct line *line, struct turn *turn)
{
    for (size_t i = 0; i < PARKED_MAX; i++) {
        if (line->parked[i] == NULL) {
            line->parked[i] = turn;
            return true;
        }
    }
    return false;
}

static void finish_turn(struct line *line, enum job_prio prio)
{
    struct turn *turn = line->active[prio];
    line->active[prio] = NULL;
    deliver(line, turn);
    turn_free(line, turn);
}

static void send_turn(struct line *line, struct turn *turn)
{
    bool changes = turn->phase == TURN_PHASE_FRAME;
    exchange_run(line, &turn->request);
    if (changes) {
        line->config.journal.sent(line->config.journal.self, turn->job.command.id,
                                  line->x.sent_end_ms);
    }
    turn_exchanged(turn, &line->x);
}

/* One action of the active turn of @p prio. */
static void step_turn(struct line *line, enum job_prio prio)
{
    struct turn *turn = line->active[prio];
    const struct line_journal *journal = &line->config.journal;
    const char *id = turn->job.command.id;
    switch (turn_next(turn, now_of(line))) {
    case TURN_SEND:
        send_turn(line, turn);
        return;
    case TURN_QUIET:
        listen_quiet(line, turn->quiet_ms);
        return;
    case TURN_SYNC_INTENT:
        turn_synced(turn, journal->intent(journal->self, id, &turn->frame));
        return;
    case TURN_SYNC_RESULT:
        turn_synced(turn, journal->result(journal->self, id, &turn->reply.frame_reply));
        return;
    case TURN_PARK:
        if (park(line, turn)) {
            line->active[prio] = NULL;
        } else {
            /* Nothing is known to be wrong with its relay: only nobody watches it any longer. */
            turn_fail(turn, BUS_ERROR_BUSY);
        }
        return;
    case TURN_OVER:
        finish_turn(line, prio);
        return;
    case TURN_ACTION_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* A relay command takes the place of the one that still waits for its effect at the same meter:
 * two would watch the same relay. It cannot be of a newer generation, because the journal accepts
 * none below the newest. */
static void end_parked(struct line *line, const char *meter)
{
    for (size_t i = 0; i < PARKED_MAX; i++) {
        struct turn *turn = line->parked[i];
        if (turn != NULL && str_equal(turn->job.meter.meter, meter)) {
            line->parked[i] = NULL;
            turn_fail(turn, BUS_ERROR_OLD_GENERATION);
            deliver(line, turn);
            turn_free(line, turn);
        }
    }
}

/* Begin the oldest waiting job of @p prio; false if there is none. */
static bool begin_job(struct line *line, enum job_prio prio)
{
    lock(line);
    bool found = queue_pop(&line->queue, prio, &line->job);
    unlock(line);
    if (!found) {
        return false;
    }
    bool late = now_of(line) > line->job.begin_last_ms;
    if (line->job.command.op == BUS_OP_RELAY && !late) {
        end_parked(line, line->job.meter.meter);
    }
    struct turn *turn = turn_alloc(line);
    turn_begin(turn, &line->job, line->config.baud, line->config.reply_timeout_ms);
    line->active[prio] = turn;
    if (late) {
        bool read = line->job.command.op == BUS_OP_READ;
        turn_fail(turn, read ? BUS_ERROR_BUSY : BUS_ERROR_EXPIRED);
    }
    return true;
}

/* The first parked turn whose time has come goes on; false if none. */
static bool resume_parked(struct line *line)
{
    int64_t now_ms = now_of(line);
    for (size_t i = 0; i < PARKED_MAX; i++) {
        struct turn *turn = line->parked[i];
        if (turn != NULL && turn->resume_ms <= now_ms) {
            line->parked[i] = NULL;
            line->active[JOB_PRIO_COMMAND] = turn;
            return true;
        }
    }
    return false;
}

/* One frame or sync of the most urgent turn; false if there is nothing to do. */
static bool step(struct line *line)
{
    for (int prio = 0; prio < JOB_PRIO_COUNT; prio++) {
        bool busy = line->active[prio] != NULL || begin_job(line, (enum job_prio)prio) ||
                    (prio == JOB_PRIO_COMMAND && resume_parked(line));
        if (busy) {
            step_turn(line, (enum job_prio)prio);
            return true;
        }
    }
    return false;
}

/* The device is missing: nothing of what waits or runs can be carried out. */
static void fail_all(struct line *line)
{
    for (size_t i = 0; i < PARKED_MAX; i++) {
        struct turn *turn = line->parked[i];
        if (turn != NULL) {
            line->parked[i] = NULL;
            turn_fail(turn, BUS_ERROR_BUS_FAULT);
            deliver(line, turn);
            turn_free(line, turn);
        }
    }
    for (int prio = 0; prio < JOB_PRIO_COUNT; prio++) {
        while (line->active[prio] != NULL || begin_job(line, (enum job_prio)prio)) {
            struct turn *turn = line->active[prio];
            /* A result that is known must still become durable. */
            while (turn->phase == TURN_PHASE_RESULT) {
                step_turn(line, (enum job_prio)prio);
            }
            if (turn->phase != TURN_PHASE_OVER) {
                turn_fail(turn, BUS_ERROR_BUS_FAULT);
            }
            finish_turn(line, (enum job_prio)prio);
        }
    }
}

/* When the thread must act without being woken; -1: never. */
static int idle_wait_ms(const struct line *line)
{
    int64_t now_ms = now_of(line);
    int64_t until_ms = line->fd < 0 ? line->reopen_ms : INT64_MAX;
    for (size_t i = 0; i < PARKED_MAX; i++) {
        if (line->parked[i] != NULL && line->parked[i]->resume_ms < until_ms) {
            until_ms = line->parked[i]->resume_ms;
        }
    }
    if (until_ms == INT64_MAX) {
        return -1;
    }
    return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}

static void wait_for_work(struct line *line)
{
    struct pollfd fds[2] = {
        {.fd = line->wake_fd, .events = POLLIN},
        {.fd = line->fd, .events = 0}, /* hang-up only; poll() skips a descriptor of -1 */
    };
    int ready = poll(fds, 2, idle_wait_ms(line));
    if (ready <= 0) {
        return;
    }
    if ((fds[0].revents & POLLIN) != 0) {
        uint64_t count = 0;
        ssize_t ignored = read(line->wake_fd, &count, sizeof(count));
        (void)ignored;
    }
    if (line->fd >= 0 && fds[1].revents != 0) {
        device_lost(line, ERR_IO);
    }
}

static void *run(void *self)
{
    struct line *line = self;
    while (!is_stopping(line) || line->active[JOB_PRIO_COMMAND] != NULL) {
        if (line->fd < 0 && now_of(line) >= line->reopen_ms) {
            device_open(line);
        }
        if (line->fd < 0) {
            fail_all(line);
            wait_for_work(line);
        } else if (!step(line)) {
            wait_for_work(line);
        }
    }
    return NULL;
}

enum err line_create(const struct line_config *config, struct line **ret_line)
{
    struct line *line = calloc(1, sizeof(*line));
    if (line == NULL) {
        return ERR_MEMORY;
    }
    line->config = *config;
    line->fd = -1;
    line->reopen_pause_ms = REOPEN_MS_MIN;
    queue_init(&line->queue);
    line->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (line->wake_fd < 0) {
        goto fail_memory;
    }
    if (pthread_mutex_init(&line->lock, NULL) != 0) {
        goto fail_fd;
    }
    if (pthread_cond_init(&line->room, NULL) != 0) {
        goto fail_lock;
    }
    if (pthread_create(&line->thread, NULL, run, line) != 0) {
        goto fail_cond;
    }
    *ret_line = line;
    return OK;
fail_cond:
    (void)pthread_cond_destroy(&line->room);
fail_lock:
    (void)pthread_mutex_destroy(&line->lock);
fail_fd:
    (void)close(line->wake_fd);
fail_memory:
    free(line);
    return ERR_IO;
}

bool line_push(struct line *line, const struct job *job)
{
    lock(line);
    bool pushed = queue_push(&line->queue, job);
    unlock(line);
    if (pushed) {
        signal_fd(line->wake_fd);
    }
    return pushed;
}

bool line_result_pop(struct line *line, struct job_result *ret_result)
{
    lock(line);
    bool found = line->result_count > 0;
    if (found) {
        *ret_result = line->results[line->result_first];
        line->result_first = (line->result_first + 1) % RESULTS_MAX;
        line->result_count -= 1;
        int failed = pthread_cond_signal(&line->room);
        MUST(failed == 0);
    }
    unlock(line);
    return found;
}

struct line_status line_status_get(struct line *line)
{
    lock(line);
    struct line_status status = line->status;
    unlock(line);
    return status;
}

void line_stop(struct line *line)
{
    lock(line);
    bool stopped = line->stopping;
    line->stopping = true;
    int failed = pthread_cond_broadcast(&line->room);
    MUST(failed == 0);
    unlock(line);
    if (!stopped) {
        signal_fd(line->wake_fd);
        failed = pthread_join(line->thread, NULL);
        MUST(failed == 0);
    }
}

void line_destroy(struct line *line)
{
    if (line == NULL) {
        return;
    }
    line_stop(line);
    serial_close(line->fd);
    (void)pthread_cond_destroy(&line->room);
    (void)pthread_mutex_destroy(&line->lock);
    (void)close(line->wake_fd);
    free(line);
}
