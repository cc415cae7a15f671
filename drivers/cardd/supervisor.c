/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: one thread, one poll(): clients, worker, signals. The clients' connections and whatever
 * must outlive the worker are here: the number of the last laying, slots in doubt, counts, and
 * which request is under way. A worker that ends, or is not heard of for ten seconds, is killed and
 * started again, at most once a second; the request it had is answered for it, and nobody is hung
 * up on.
 */
#include "drivers/cardd/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "drivers/cardd/child.h"
#include "drivers/cardd/clients.h"
#include "drivers/cardd/power.h"
#include "drivers/cardd/wire.h"
#include "drivers/clock/clock_system.h"

enum {
    BEAT_MS_MAX = 10000, /* without a sign of life: killed */
    START_MS_MIN = 1000, /* between two starts */
    STOP_MS = 3000,      /* to close the reader at the end */
    WORK_MS_MAX = 18000, /* a worker that lives but does not answer */
    WAIT_MS_MAX = 60000,
};

enum { FD_STOP, FD_WORKER, FD_CLIENTS, FD_COUNT = FD_CLIENTS + CLIENTS_FDS_MAX };

/* The request that the worker has. */
struct pending {
    bool is;
    uint64_t client;
    enum cardlink_op op;
    char id[ID_TEXT_SIZE];
    int64_t since_ms;
};

struct supervisor {
    const struct settings *settings; /* borrowed */
    const char *config;              /* borrowed */
    struct clock_port clock;
    struct clients *clients;
    struct child child;
    int64_t beat_at_ms;
    int64_t start_at_ms;     /* not before */
    enum cardlink_mode mode; /* as the worker was told */
    struct pending pending;
    struct wire_suspects suspects;
    struct power power;
    uint64_t counts[CARDLINK_COUNTS];
    struct cardlink_report reader; /* as it was told last */
    struct cardlink_report card;   /* as it was told last; presence GONE: none */
    bool stopping;
    struct wire_message message;
    struct cardlink_request request;
    struct cardlink_report report;
    char line[CARDLINK_LINE_SIZE];
};

/* --- telling --------------------------------------------------------------------------------- */

static const char *line_of(struct supervisor *s, const struct cardlink_report *report)
{
    bool fits = cardlink_report_encode(report, s->line, sizeof(s->line));
    MUST(fits);
    return s->line;
}

static void tell_reader(struct supervisor *s, enum cardlink_reader state, const char *detail)
{
    s->reader.say = CARDLINK_SAY_READER;
    s->reader.reader = state;
    str_format_cut(s->reader.detail, sizeof(s->reader.detail), "%s", detail);
    log_info("reader: %s %s", cardlink_reader_name(state), detail);
    clients_say_all(s->clients, line_of(s, &s->reader));
}

static void tell_card_went(struct supervisor *s)
{
    if (s->card.presence == CARDLINK_GONE) {
        return;
    }
    uint32_t number = s->card.card;
    memset(&s->card, 0, sizeof(s->card));
    s->card.say = CARDLINK_SAY_CARD;
    s->card.presence = CARDLINK_GONE;
    s->card.card = number;
    clients_say_all(s->clients, line_of(s, &s->card));
}

static enum cardlink_say say_of(enum cardlink_op op)
{
    return op == CARDLINK_OP_READ    ? CARDLINK_SAY_READ
           : op == CARDLINK_OP_WRITE ? CARDLINK_SAY_WRITE
                                     : CARDLINK_SAY_RELAY;
}

/* Answer a request that the worker does not answer. */
static void answer(struct supervisor *s, const struct pending *asked, enum outcome outcome,
                   enum cardlink_error error)
{
    memset(&s->report, 0, sizeof(s->report));
    s->report.say = say_of(asked->op);
    s->report.outcome = outcome;
    s->report.error = error;
    bool fits = str_copy(s->report.id, sizeof(s->report.id), asked->id);
    MUST(fits);
    clients_say(s->clients, asked->client, line_of(s, &s->report));
}

/* --- the worker ------------------------------------------------------------------------------ */

static void send_mode(struct supervisor *s, enum cardlink_mode mode)
{
    memset(&s->request, 0, sizeof(s->request));
    s->request.op = CARDLINK_OP_POLL;
    s->request.mode = mode;
    bool fits = cardlink_request_encode(&s->request, s->line, sizeof(s->line));
    MUST(fits);
    if (wire_send(s->child.channel, WIRE_REQUEST, s->line, strlen(s->line), /* wait= */ false)) {
        s->mode = mode;
    }
}

/* Done at each request too: who says off and then active means both. */
static void follow_mode(struct supervisor *s)
{
    enum cardlink_mode wanted = clients_wanted(s->clients);
    if (s->child.pid > 0 && wanted != s->mode) {
        send_mode(s, wanted);
    }
}

/* What an earlier worker knew, and this one should. */
static bool send_suspects(struct supervisor *s)
{
    for (size_t i = 0; i < s->suspects.count; i++) {
        char text[WIRE_SUSPECT_SIZE];
        wire_suspect_format(&s->suspects.all[i], text);
        if (!wire_send(s->child.channel, WIRE_SUSPECT, text, strlen(text), /* wait= */ false)) {
            return false;
        }
    }
    return true;
}

static void worker_start_again(struct supervisor *s, int64_t now_ms)
{
    const struct child_start start = {.config = s->config, .card = s->card.card};
    s->start_at_ms = now_ms + START_MS_MIN;
    s->beat_at_ms = now_ms;
    s->mode = CARDLINK_OFF;
    if (!child_start(&start, &s->child)) {
        if (s->reader.reader != CARDLINK_READER_OFFLINE) {
            log_error(
                "shilling-cardd-worker cannot be started: does it lie beside shilling-cardd?");
            tell_reader(s, CARDLINK_READER_OFFLINE, "its program cannot be started");
        }
    } else if (!send_suspects(s)) {
        child_kill(&s->child);
    }
}

/* The worker is dead or as good as dead. */
static void worker_end(struct supervisor *s)
{
    child_kill(&s->child);
    s->counts[CARDLINK_RESTARTS] += 1;
    if (s->reader.reader != CARDLINK_READER_READY) {
        power_reader_failed(&s->power);
    }
    if (s->pending.is) {
        s->pending.is = false;
        bool is_read = s->pending.op == CARDLINK_OP_READ;
        answer(s, &s->pending, is_read ? OUTCOME_NOT_DONE : OUTCOME_UNKNOWN, CARDLINK_READER);
    }
    tell_card_went(s);
    tell_reader(s, CARDLINK_READER_REPAIR, "the reader's program is started again");
}

static void take_report(struct supervisor *s)
{
    const char *field = NULL;
    size_t size = s->message.size;
    /* Our own worker wrote it; if it is no report, that worker is not to be trusted further. */
    if (size == 0 || s->message.text[size - 1] != '\n' ||
        !cardlink_report_decode(s->message.text, size - 1, &s->report, &field)) {
        worker_end(s);
        return;
    }
    switch (s->report.say) {
    case CARDLINK_SAY_READER:
        s->reader = s->report;
        if (s->report.reader == CARDLINK_READER_READY) {
            power_reader_opened(&s->power);
        }
        log_info("reader: %s %s", cardlink_reader_name(s->report.reader), s->report.detail);
        clients_say_all(s->clients, s->message.text);
        return;
    case CARDLINK_SAY_CARD:
        if (s->report.presence == CARDLINK_TWO) {
            s->report.card = s->card.card;
        }
        s->card = s->report;
        clients_say_all(s->clients, s->message.text);
        return;
    case CARDLINK_SAY_READ:
    case CARDLINK_SAY_WRITE:
    case CARDLINK_SAY_RELAY:
        if (s->pending.is && str_equal(s->pending.id, s->report.id)) {
            s->pending.is = false;
            clients_say(s->clients, s->pending.client, s->message.text);
        }
        return;
    case CARDLINK_SAY_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void take_message(struct supervisor *s)
{
    uint32_t count = 0;
    struct wire_suspect suspect;
    if (s->message.kind == WIRE_REPORT) {
        take_report(s);
    } else if (s->message.kind == WIRE_COUNT) {
        if (parse_u32(s->message.text, CARDLINK_COUNTS - 1, &count)) {
            s->counts[count] += 1;
        }
    } else if (s->message.kind == WIRE_FAILED) {
        power_reader_failed(&s->power);
    } else if (s->message.kind == WIRE_SUSPECT) {
        if (wire_suspect_parse(s->message.text, &suspect)) {
            wire_suspects_note(&s->suspects, &suspect);
        }
    }
}

static void take_messages(struct supervisor *s, int64_t now_ms)
{
    while (s->child.pid > 0) {
        enum wire_result result = wire_take(s->child.channel, &s->message);
        if (result == WIRE_EMPTY) {
            return;
        }
        if (result == WIRE_CLOSED) {
            worker_end(s);
            return;
        }
        s->beat_at_ms = now_ms;
        take_message(s);
    }
}

/* --- requests -------------------------------------------------------------------------------- */

static void tell_status(struct supervisor *s, uint64_t client)
{
    s->reader.has_counts = true;
    memcpy(s->reader.counts, s->counts, sizeof(s->counts));
    clients_say(s->clients, client, line_of(s, &s->reader));
    s->reader.has_counts = false;
    if (s->card.presence != CARDLINK_GONE) {
        clients_say(s->clients, client, line_of(s, &s->card));
    }
}

static void hand_to_worker(struct supervisor *s, uint64_t client, const char *line, size_t size)
{
    struct pending asked = {.is = true, .client = client, .op = s->request.op};
    bool fits = str_copy(asked.id, sizeof(asked.id), s->request.id);
    MUST(fits);
    if (s->pending.is) {
        answer(s, &asked, OUTCOME_NOT_DONE, CARDLINK_BUSY);
        return;
    }
    if (s->stopping || s->child.pid <= 0 || power_runs(&s->power) ||
        !wire_send(s->child.channel, WIRE_REQUEST, line, size, /* wait= */ false)) {
        answer(s, &asked, OUTCOME_NOT_DONE, CARDLINK_READER);
        return;
    }
    asked.since_ms = clock_mono_ms(&s->clock);
    s->pending = asked;
}

static void on_line(void *context, uint64_t client, const char *line, size_t size)
{
    struct supervisor *s = context;
    const char *field = NULL;
    if (!cardlink_request_decode(line, size, &s->request, &field)) {
        log_warn("a client sent a line with a wrong %s; hung up", field);
        bytes_wipe(&s->request, sizeof(s->request));
        clients_refuse(s->clients, client);
        return;
    }
    switch (s->request.op) {
    case CARDLINK_OP_POLL:
        clients_want(s->clients, client, s->request.mode);
        follow_mode(s);
        break;
    case CARDLINK_OP_STATUS:
        tell_status(s, client);
        break;
    case CARDLINK_OP_READ:
    case CARDLINK_OP_WRITE:
    case CARDLINK_OP_RELAY:
        hand_to_worker(s, client, line, size);
        break;
    case CARDLINK_OP_COUNT:
        MUST_NOT_REACH();
    }
    bytes_wipe(&s->request, sizeof(s->request)); /* it holds keys */
}

/* --- the loop -------------------------------------------------------------------------------- */

static void watch_worker(struct supervisor *s, int64_t now_ms)
{
    if (s->child.pid <= 0) {
        if (now_ms >= s->start_at_ms && !s->stopping && !power_runs(&s->power)) {
            worker_start_again(s, now_ms);
        }
        return;
    }
    bool is_silent = now_ms - s->beat_at_ms >= BEAT_MS_MAX;
    bool is_stuck = s->pending.is && now_ms - s->pending.since_ms >= WORK_MS_MAX;
    if (is_silent || is_stuck) {
        log_warn("the worker hangs; killing it");
        worker_end(s);
        return;
    }
    follow_mode(s);
}

static void tell_worker(struct supervisor *s, enum wire_kind kind)
{
    if (s->child.pid > 0 && !wire_send(s->child.channel, kind, "", 0, /* wait= */ false)) {
        worker_end(s);
    }
}

/* Nobody opens the reader while its power is reset, and no request comes to it. */
static void watch_power(struct supervisor *s, int64_t now_ms)
{
    if (power_look(&s->power, now_ms)) {
        tell_worker(s, WIRE_OPEN);
    }
    if (power_is_due(&s->power) && !s->pending.is && !s->stopping) {
        s->counts[CARDLINK_POWER_RESETS] += 1;
        if (power_begin(&s->power, now_ms)) {
            tell_worker(s, WIRE_HOLD);
        }
    }
}

static int wait_ms(const struct supervisor *s, int64_t now_ms)
{
    int64_t next_ms = now_ms + WAIT_MS_MAX;
    if (s->power.pid != 0) {
        next_ms = now_ms + POWER_LOOK_MS;
    } else if (s->child.pid <= 0) {
        next_ms = s->start_at_ms;
    } else if (s->beat_at_ms + BEAT_MS_MAX < next_ms) {
        next_ms = s->beat_at_ms + BEAT_MS_MAX;
    }
    if (s->pending.is && s->pending.since_ms + WORK_MS_MAX < next_ms) {
        next_ms = s->pending.since_ms + WORK_MS_MAX;
    }
    return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static void turn(struct supervisor *s, int stop_fd)
{
    struct pollfd fds[FD_COUNT];
    fds[FD_STOP] = (struct pollfd){.fd = s->stopping ? -1 : stop_fd, .events = POLLIN};
    fds[FD_WORKER] = (struct pollfd){.fd = s->child.channel, .events = POLLIN};
    clients_poll(s->clients, &fds[FD_CLIENTS]);
    int ready = poll(fds, FD_COUNT, wait_ms(s, clock_mono_ms(&s->clock)));
    if (ready < 0) {
        MUST(errno == EINTR);
        return;
    }
    int64_t now_ms = clock_mono_ms(&s->clock);
    s->stopping = s->stopping || (fds[FD_STOP].revents & POLLIN) != 0;
    if (fds[FD_WORKER].revents != 0) {
        take_messages(s, now_ms);
    }
    clients_turn(s->clients, &fds[FD_CLIENTS]);
    watch_power(s, now_ms);
    watch_worker(s, now_ms);
}

/* What is wrong with the socket, and what to do. */
static const char *socket_trouble(enum err err)
{
    if (err == ERR_CONFLICT) {
        return "another program answers on it: is another cardd running?";
    }
    if (err == ERR_EXISTS) {
        return "something that is no socket stands there: remove it";
    }
    if (err == ERR_DENIED) {
        return "cannot be made: does its folder exist, and may this user write there?";
    }
    return err_name(err);
}

static void serve(struct supervisor *s, int stop_fd)
{
    worker_start_again(s, clock_mono_ms(&s->clock));
    while (!(s->stopping && !s->pending.is)) {
        turn(s, stop_fd);
    }
    child_stop(&s->child, STOP_MS);
    power_stop(&s->power, STOP_MS);
}

bool supervisor_run(const struct settings *settings, const char *config, int stop_fd)
{
    struct supervisor *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        log_error("no memory");
        return false;
    }
    s->settings = settings;
    s->config = config;
    s->clock = clock_system();
    s->child.channel = -1;
    power_init(&s->power, settings);
    s->reader.reader = CARDLINK_READER_REPAIR;
    s->card.say = CARDLINK_SAY_CARD;
    s->card.presence = CARDLINK_GONE;
    enum err err = clients_create(settings, on_line, s, &s->clients);
    if (err != OK) {
        log_error("socket %s: %s", settings->socket, socket_trouble(err));
    } else {
        serve(s, stop_fd);
    }
    clients_destroy(s->clients);
    bytes_wipe(s, sizeof(*s));
    free(s);
    return err == OK;
}
