/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: the reader is opened once and kept open, because closing puts the chip to sleep and some
 * do not wake again. Two calls in a row without a sound answer mean that it is lost: it is closed
 * and opened again, for libnfc never wakes a chip that lost its power.
 */
#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/cardd/worker_inside.h"

enum {
    REST_MS = 200,       /* between closing and opening */
    OFFLINE_FAILURES = 3 /* openings in vain until nobody is told to wait any more */
};

static const int64_t RETRY_MS[] = {1000, 2000, 5000, 10000, 30000};

/* --- telling --------------------------------------------------------------------------------- */

static void tell_reader(struct worker *worker, enum cardlink_reader state, const char *detail)
{
    if (worker->has_told && worker->told == state) {
        return;
    }
    worker->has_told = true;
    worker->told = state;
    memset(&worker->report, 0, sizeof(worker->report));
    worker->report.say = CARDLINK_SAY_READER;
    worker->report.reader = state;
    str_format_cut(worker->report.detail, sizeof(worker->report.detail), "%s", detail);
    if (worker->reader != NULL) {
        str_format_cut(worker->report.chip, sizeof(worker->report.chip), "%s",
                       nfc_reader_chip(worker->reader));
    }
    worker_report(worker);
}

/* --- answers --------------------------------------------------------------------------------- */

static void count_answer(struct worker *worker, enum card_answer answer)
{
    switch (answer) {
    case CARD_ANSWER_OK:
    case CARD_ANSWER_NONE:
        return;
    case CARD_ANSWER_RADIO:
        worker_count(worker, CARDLINK_CARD_ERRORS);
        return;
    case CARD_ANSWER_AUTH:
        worker_count(worker, CARDLINK_AUTH_ERRORS);
        return;
    case CARD_ANSWER_SILENT:
        worker_count(worker, CARDLINK_TIMEOUTS);
        return;
    case CARD_ANSWER_LINE:
        worker_count(worker, CARDLINK_LINE_ERRORS);
        return;
    case CARD_ANSWER_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

enum card_answer worker_take(struct worker *worker, enum card_answer answer)
{
    count_answer(worker, answer);
    worker_beat(worker);
    if (answer != CARD_ANSWER_SILENT && answer != CARD_ANSWER_LINE) {
        worker->lost_in_row = 0;
        worker->used_at_ms = clock_mono_ms(&worker->clock);
        return answer;
    }
    worker->lost_in_row += 1;
    return worker_reader_is_lost(worker) ? answer : CARD_ANSWER_RADIO;
}

bool worker_reader_is_lost(const struct worker *worker)
{
    return worker->lost_in_row >= WORKER_LOST_MAX;
}

/* --- opening and closing --------------------------------------------------------------------- */

/* Two processes can open one port at once: libnfc's own guard does not work on Linux. */
static bool lock_take(struct worker *worker, const char **ret_why)
{
    const char *path = worker->start->settings->lock;
    worker->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (worker->lock_fd < 0) {
        *ret_why = "its lock file cannot be made";
        return false;
    }
    if (flock(worker->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(worker->lock_fd);
        worker->lock_fd = -1;
        *ret_why = "another program uses it";
        return false;
    }
    return true;
}

static void lock_leave(struct worker *worker)
{
    if (worker->lock_fd >= 0) {
        (void)close(worker->lock_fd);
        worker->lock_fd = -1;
    }
}

static void open_failed(struct worker *worker, const char *why)
{
    size_t last = ARRAY_COUNT(RETRY_MS) - 1;
    size_t step = worker->patience < last ? worker->patience : last;
    if (worker->failures == 0) {
        log_warn("the reader %s: %s; trying again", worker->start->settings->connstring, why);
    }
    worker->failures += 1;
    worker->patience += 1;
    worker->open_at_ms = clock_mono_ms(&worker->clock) + RETRY_MS[step];
    bool offline = worker->failures >= OFFLINE_FAILURES;
    tell_reader(worker, offline ? CARDLINK_READER_OFFLINE : CARDLINK_READER_REPAIR, why);
}

void worker_reader_open(struct worker *worker, int64_t now_ms)
{
    const char *why = "it cannot be opened, or its chip does not answer";
    if (worker->lock_fd < 0 && !lock_take(worker, &why)) {
        open_failed(worker, why);
        return;
    }
    if (!nfc_reader_open(worker->start->settings->connstring, &worker->reader)) {
        worker_beat(worker);
        lock_leave(worker);
        open_failed(worker, why);
        worker_failed(worker);
        return;
    }
    log_info("the reader is ready: %s", nfc_reader_chip(worker->reader));
    worker->failures = 0;
    worker->patience = 0;
    worker->lost_in_row = 0;
    worker->field_on = true; /* as the initialisation leaves it */
    worker->used_at_ms = now_ms;
    worker->look_at_ms = now_ms;
    tell_reader(worker, CARDLINK_READER_READY, "");
    if (worker->mode == CARDLINK_OFF) {
        worker_look_end(worker);
    }
}

void worker_reader_hold(struct worker *worker)
{
    worker->open_at_ms = INT64_MAX;
}

/* The reader may have got its power back: as if it had not been tried yet. */
void worker_reader_open_soon(struct worker *worker)
{
    worker->open_at_ms = clock_mono_ms(&worker->clock);
    worker->patience = 0;
}

void worker_reader_close(struct worker *worker, int64_t now_ms)
{
    if (worker->reader != NULL) {
        nfc_reader_close(worker->reader);
        worker->reader = NULL;
        worker_count(worker, CARDLINK_REOPENS);
    }
    lock_leave(worker);
    worker->lost_in_row = 0;
    worker->field_on = false;
    worker_look_end(worker);
    if (worker->over) {
        return;
    }
    log_warn("the reader does not answer; opening it again");
    tell_reader(worker, CARDLINK_READER_REPAIR, "it does not answer");
    worker->open_at_ms = now_ms + REST_MS;
}

void worker_reader_check(struct worker *worker)
{
    enum card_answer answer = worker_take(worker, nfc_reader_check(worker->reader));
    worker->field_on = true;
    worker->card_is_active = false;
    if (answer == CARD_ANSWER_OK && worker->mode != CARDLINK_ACTIVE) {
        (void)worker_take(worker, nfc_reader_field(worker->reader, false));
        worker->field_on = false;
    }
}

/* --- the port of the plans ------------------------------------------------------------------- */

/* A request that takes too long ends as if the reader were lost. */
static bool may_call(const struct worker *worker)
{
    return worker->reader != NULL && !worker_reader_is_lost(worker) &&
           clock_mono_ms(&worker->clock) < worker->deadline_ms;
}

static enum card_answer port_select(void *self, const struct card_uid *uid)
{
    struct worker *worker = self;
    return may_call(worker) ? worker_take(worker, nfc_reader_select(worker->reader, uid))
                            : CARD_ANSWER_LINE;
}

static enum card_answer port_reset(void *self)
{
    struct worker *worker = self;
    if (!may_call(worker)) {
        return CARD_ANSWER_LINE;
    }
    enum card_answer answer = worker_take(worker, nfc_reader_field(worker->reader, false));
    if (answer == CARD_ANSWER_OK && may_call(worker)) {
        answer = worker_take(worker, nfc_reader_field(worker->reader, true));
        worker->field_on = true;
    }
    return answer;
}

static enum card_answer port_authenticate(void *self, uint8_t block, char kind,
                                          const uint8_t key[CARD_SECTOR_KEY_SIZE])
{
    struct worker *worker = self;
    const struct nfc_auth auth = {.block = block, .kind = kind, .key = key};
    return may_call(worker) ? worker_take(worker, nfc_reader_authenticate(worker->reader, &auth))
                            : CARD_ANSWER_LINE;
}

static enum card_answer port_read(void *self, uint8_t block, uint8_t ret_bytes[CARD_BLOCK_SIZE])
{
    struct worker *worker = self;
    return may_call(worker) ? worker_take(worker, nfc_reader_read(worker->reader, block, ret_bytes))
                            : CARD_ANSWER_LINE;
}

static enum card_answer port_write(void *self, uint8_t block, const uint8_t bytes[CARD_BLOCK_SIZE])
{
    struct worker *worker = self;
    return may_call(worker) ? worker_take(worker, nfc_reader_write(worker->reader, block, bytes))
                            : CARD_ANSWER_LINE;
}

static enum card_answer port_apdu(void *self, const struct apdu *command, struct apdu *ret_answer)
{
    struct worker *worker = self;
    return may_call(worker)
               ? worker_take(worker, nfc_reader_apdu(worker->reader, command, ret_answer))
               : CARD_ANSWER_LINE;
}

struct card_port worker_port(struct worker *worker)
{
    return (struct card_port){.select = port_select,
                              .reset = port_reset,
                              .authenticate = port_authenticate,
                              .read = port_read,
                              .write = port_write,
                              .apdu = port_apdu,
                              .self = worker};
}
