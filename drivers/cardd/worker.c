/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: one thread, one loop: beat, open the reader if it is closed, take a request, look who
 * lies there, ask an idle reader whether it lives. Nothing here is remembered for the next life but
 * what was sent to the supervisor.
 */
#include "drivers/cardd/worker.h"

#include <stdlib.h>
#include <string.h>

#include <poll.h>

#include "common/bytes.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/cardd/worker_inside.h"
#include "drivers/clock/clock_system.h"

enum { BEAT_MS = 1000 };

/* --- telling --------------------------------------------------------------------------------- */

static void tell(struct worker *worker, enum wire_kind kind, const char *text, size_t size)
{
    if (!wire_send(worker->start->channel, kind, text, size, /* wait= */ true)) {
        worker->over = true;
    }
}

/* Each call to the reader beats, but not each wakes the supervisor. */
void worker_beat(struct worker *worker)
{
    int64_t now_ms = clock_mono_ms(&worker->clock);
    if (now_ms >= worker->beat_at_ms) {
        worker->beat_at_ms = now_ms + BEAT_MS / 2;
        tell(worker, WIRE_BEAT, "", 0);
    }
}

void worker_count(struct worker *worker, enum cardlink_count count)
{
    char text[16];
    bool fits = str_format(text, sizeof(text), "%u", (unsigned)count);
    MUST(fits);
    tell(worker, WIRE_COUNT, text, strlen(text));
}

void worker_failed(struct worker *worker)
{
    tell(worker, WIRE_FAILED, "", 0);
}

void worker_report(struct worker *worker)
{
    bool fits = cardlink_report_encode(&worker->report, worker->line, sizeof(worker->line));
    MUST(fits);
    tell(worker, WIRE_REPORT, worker->line, strlen(worker->line));
}

/* --- requests -------------------------------------------------------------------------------- */

static void take_suspect(struct worker *worker)
{
    struct wire_suspect suspect;
    if (wire_suspect_parse(worker->message.text, &suspect)) {
        wire_suspects_note(&worker->suspects, &suspect);
    }
}

static void take_mode(struct worker *worker, enum cardlink_mode mode)
{
    worker->mode = mode;
    if (mode == CARDLINK_OFF) {
        worker_look_end(worker);
    } else {
        worker->look_at_ms = 0; /* at once */
    }
}

static void take_request(struct worker *worker)
{
    const char *field = NULL;
    bool ok = cardlink_request_decode(worker->message.text, worker->message.size, &worker->request,
                                      &field);
    MUST(ok); /* the supervisor has read it too */
    if (worker->request.op == CARDLINK_OP_POLL) {
        take_mode(worker, worker->request.mode);
    } else if (worker->request.op != CARDLINK_OP_STATUS) {
        worker_serve(worker);
    }
    bytes_wipe(&worker->request, sizeof(worker->request)); /* it holds keys */
    bytes_wipe(&worker->message, sizeof(worker->message));
}

static void take_messages(struct worker *worker)
{
    for (;;) {
        enum wire_result result = wire_take(worker->start->channel, &worker->message);
        if (result != WIRE_GOT) {
            worker->over = worker->over || result == WIRE_CLOSED;
            return;
        }
        if (worker->message.kind == WIRE_SUSPECT) {
            take_suspect(worker);
        } else if (worker->message.kind == WIRE_REQUEST) {
            take_request(worker);
        } else if (worker->message.kind == WIRE_HOLD) {
            worker_reader_hold(worker);
        } else if (worker->message.kind == WIRE_OPEN) {
            worker_reader_open_soon(worker);
        }
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

static void work(struct worker *worker, int64_t now_ms)
{
    if (worker->reader == NULL) {
        if (now_ms >= worker->open_at_ms) {
            worker_reader_open(worker, now_ms);
        }
        return;
    }
    if (worker->mode != CARDLINK_OFF && now_ms >= worker->look_at_ms) {
        worker_look(worker, now_ms);
        worker->look_at_ms = now_ms + worker_look_every_ms(worker);
    } else if (now_ms - worker->used_at_ms >= worker->start->settings->health_ms) {
        worker_reader_check(worker);
    }
    if (worker_reader_is_lost(worker)) {
        worker_reader_close(worker, clock_mono_ms(&worker->clock));
    }
}

static int64_t next_ms(const struct worker *worker, int64_t now_ms)
{
    int64_t next = now_ms + BEAT_MS;
    if (worker->reader == NULL) {
        return worker->open_at_ms < next ? worker->open_at_ms : next;
    }
    int64_t check = worker->used_at_ms + worker->start->settings->health_ms;
    next = check < next ? check : next;
    if (worker->mode != CARDLINK_OFF) {
        next = worker->look_at_ms < next ? worker->look_at_ms : next;
    }
    return next;
}

static void turn(struct worker *worker)
{
    worker_beat(worker);
    int64_t now_ms = clock_mono_ms(&worker->clock);
    int64_t wait_ms = next_ms(worker, now_ms) - now_ms;
    struct pollfd fd = {.fd = worker->start->channel, .events = POLLIN};
    if (poll(&fd, 1, wait_ms > 0 ? (int)wait_ms : 0) > 0) {
        take_messages(worker);
    }
    if (!worker->over) {
        work(worker, clock_mono_ms(&worker->clock));
    }
}

void worker_run(const struct worker_start *start)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    MUST(worker != NULL);
    worker->start = start;
    worker->clock = clock_system();
    worker->lock_fd = -1;
    worker->presence.number = start->card;
    worker->open_at_ms = clock_mono_ms(&worker->clock);
    while (!worker->over) {
        turn(worker);
    }
    worker_reader_close(worker, 0);
    bytes_wipe(worker, sizeof(*worker));
    free(worker);
}
