/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: one thread, one poll(): clients, printer, signals. Everything that decides is in work
 * and engine; here bytes are carried, the link is opened again after 1, 2, 5, 10, 30 seconds, and
 * changes of the printer's state are told to everybody.
 */
#include "printer/printd/daemon.h"

#include <errno.h>
#include <string.h>

#include <poll.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "printer/printd/clients.h"
#include "printer/printd/work.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    READ_SIZE = 512,
    WAIT_MS_MAX = 60000,
};

static const int64_t RETRY_MS[] = {1000, 2000, 5000, 10000, 30000};

enum { FD_STOP, FD_LINK, FD_CLIENTS, FD_COUNT = FD_CLIENTS + CLIENTS_FDS_MAX };

struct daemon {
    const struct settings *settings; /* borrowed */
    struct clock_port clock;
    struct print_journal *journal;
    struct work *work;
    struct clients *clients;
    int link_fd; /* -1: closed */
    bool connecting;
    int64_t link_at_ms; /* when to open it, or to give up connecting */
    size_t retries;
    bool output_blocked;
    enum printjob_device told_device;
    char told_detail[PRINTJOB_DETAIL_SIZE];
    bool failed; /* the journal: nothing more may be printed */
    bool stopping;
};

/* --- the printer's state --------------------------------------------------------------------- */

static struct printjob_answer device_answer(struct daemon *daemon)
{
    struct printjob_answer answer = {.is_device = true};
    const char *detail = "";
    answer.device = engine_device(work_engine(daemon->work), &detail);
    bool fits = str_copy(answer.detail, sizeof(answer.detail), detail);
    MUST(fits);
    return answer;
}

static void device_tell_changes(struct daemon *daemon)
{
    struct printjob_answer now = device_answer(daemon);
    if (now.device == daemon->told_device && str_equal(now.detail, daemon->told_detail)) {
        return;
    }
    daemon->told_device = now.device;
    memcpy(daemon->told_detail, now.detail, sizeof(now.detail));
    log_info("printer: %s %s", printjob_device_name(now.device), now.detail);
    clients_tell(daemon->clients, &now);
}

/* --- requests -------------------------------------------------------------------------------- */

static void take_job(struct daemon *daemon, struct client *client,
                     const struct printjob_request *request)
{
    struct printjob_answer answer;
    if (daemon->failed || daemon->stopping || !work_take(daemon->work, request, &answer)) {
        daemon->failed = !daemon->stopping;
        clients_refuse(client); /* no answer at all: the number may be used again */
        return;
    }
    if (answer.state == PRINTJOB_QUEUED) {
        clients_watch(client, request->job_id);
    }
    clients_answer(client, &answer);
}

static void tell_unreported(struct daemon *daemon, struct client *client)
{
    struct printjob_answer answer;
    if (daemon->failed || !work_unreported(daemon->work, &answer)) {
        daemon->failed = true;
        clients_refuse(client);
        return;
    }
    clients_answer(client, &answer);
}

static void on_line(void *context, struct client *client, const char *line, size_t size)
{
    struct daemon *daemon = context;
    struct printjob_request request;
    const char *field = "";
    if (!printjob_request_decode(line, size, &request, &field)) {
        log_warn("a client sent a line with a wrong %s; hung up", field);
        clients_refuse(client);
        return;
    }
    switch (request.op) {
    case PRINTJOB_OP_STATUS: {
        struct printjob_answer answer = device_answer(daemon);
        clients_answer(client, &answer);
        return;
    }
    case PRINTJOB_OP_UNREPORTED:
        tell_unreported(daemon, client);
        return;
    case PRINTJOB_OP_REPORTED:
        daemon->failed = daemon->failed || !work_reported(daemon->work, request.job_id);
        return;
    case PRINTJOB_OP_PRINT:
        take_job(daemon, client, &request);
        json_decref(request.receipt);
        return;
    case PRINTJOB_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* --- the link -------------------------------------------------------------------------------- */

static void link_retry_later(struct daemon *daemon, int64_t now_ms)
{
    daemon->link_at_ms = now_ms + RETRY_MS[daemon->retries];
    if (daemon->retries + 1 < ARRAY_COUNT(RETRY_MS)) {
        daemon->retries += 1;
    }
}

static void link_drop(struct daemon *daemon, int64_t now_ms)
{
    bool was_up = daemon->link_fd >= 0 && !daemon->connecting;
    link_close(&daemon->settings->link, daemon->link_fd);
    daemon->link_fd = -1;
    daemon->connecting = false;
    if (was_up) {
        engine_link_down(work_engine(daemon->work), now_ms);
    }
    link_retry_later(daemon, now_ms);
}

static void link_is_up(struct daemon *daemon, int64_t now_ms)
{
    daemon->connecting = false;
    daemon->output_blocked = false;
    daemon->link_at_ms = INT64_MAX;
    engine_link_up(work_engine(daemon->work), now_ms);
}

static void link_try(struct daemon *daemon, int64_t now_ms)
{
    enum err err = link_open(&daemon->settings->link, &daemon->link_fd);
    if (err != OK) {
        if (daemon->retries == 0) {
            log_warn("the printer cannot be opened: %s; trying again", err_name(err));
        }
        link_retry_later(daemon, now_ms);
    } else if (daemon->settings->link.is_tcp) {
        daemon->connecting = true;
        daemon->link_at_ms = now_ms + CONNECT_TIMEOUT_MS;
    } else {
        link_is_up(daemon, now_ms);
    }
}

static void link_read_all(struct daemon *daemon, int64_t now_ms)
{
    uint8_t bytes[READ_SIZE];
    size_t size = 0;
    enum err err = link_read(daemon->link_fd, bytes, sizeof(bytes), &size);
    if (err == OK) {
        daemon->retries = 0; /* it speaks: a later loss is a new one */
        engine_take(work_engine(daemon->work), bytes, size, now_ms);
    } else if (err != ERR_TIMEOUT) {
        log_warn("the printer is gone; opening it again");
        link_drop(daemon, now_ms);
    }
}

static void link_write_all(struct daemon *daemon, int64_t now_ms)
{
    struct engine *engine = work_engine(daemon->work);
    const uint8_t *bytes = NULL;
    size_t size = engine_output(engine, &bytes);
    while (daemon->link_fd >= 0 && size > 0 && !daemon->output_blocked) {
        size_t taken = 0;
        enum err err = link_write(daemon->link_fd, bytes, size, &taken);
        if (err == OK) {
            engine_sent(engine, taken, now_ms);
            size = engine_output(engine, &bytes);
        } else if (err == ERR_TIMEOUT) {
            daemon->output_blocked = true;
        } else {
            log_warn("the printer is gone; opening it again");
            link_drop(daemon, now_ms);
        }
    }
}

static void link_turn(struct daemon *daemon, short events, int64_t now_ms)
{
    if (daemon->connecting) {
        bool done = (events & (POLLOUT | POLLERR | POLLHUP)) != 0;
        if (done && link_finish_open(&daemon->settings->link, daemon->link_fd) == OK) {
            link_is_up(daemon, now_ms);
        } else if (done || now_ms >= daemon->link_at_ms) {
            link_drop(daemon, now_ms);
        }
        return;
    }
    if (daemon->link_fd < 0) {
        if (now_ms >= daemon->link_at_ms) {
            link_try(daemon, now_ms);
        }
        return;
    }
    if ((events & POLLOUT) != 0) {
        daemon->output_blocked = false;
    }
    if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
        link_read_all(daemon, now_ms);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Let everything that can happen now happen. */
static void progress(struct daemon *daemon, int64_t now_ms)
{
    struct engine *engine = work_engine(daemon->work);
    struct printjob_answer verdict;
    engine_turn(engine, now_ms);
    if (engine_hang_up(engine)) {
        log_warn("the printer does not answer; opening it again");
        link_drop(daemon, now_ms);
    }
    if (!daemon->failed && !work_turn(daemon->work)) {
        daemon->failed = true;
    }
    while (work_verdict(daemon->work, &verdict)) {
        clients_tell(daemon->clients, &verdict);
    }
    if (!daemon->failed) {
        link_write_all(daemon, now_ms);
    }
    device_tell_changes(daemon);
}

static int wait_ms(const struct daemon *daemon, int64_t now_ms)
{
    int64_t next_ms = engine_next_ms(work_engine(daemon->work), now_ms);
    if (daemon->link_fd < 0 || daemon->connecting) {
        next_ms = daemon->link_at_ms;
    }
    int64_t wait = next_ms > now_ms ? next_ms - now_ms : 0;
    return (int)(wait > WAIT_MS_MAX ? WAIT_MS_MAX : wait);
}

static void fds_fill(const struct daemon *daemon, struct pollfd fds[FD_COUNT], int stop_fd)
{
    const uint8_t *unused = NULL;
    bool has_output = daemon->connecting || (daemon->link_fd >= 0 &&
                                             engine_output(work_engine(daemon->work), &unused) > 0);
    fds[FD_STOP] = (struct pollfd){.fd = daemon->stopping ? -1 : stop_fd, .events = POLLIN};
    fds[FD_LINK] = (struct pollfd){.fd = daemon->link_fd,
                                   .events = (short)(has_output ? POLLIN | POLLOUT : POLLIN)};
    (void)clients_poll(daemon->clients, &fds[FD_CLIENTS]);
}

/* Wait, and do what there is to do. */
static void turn(struct daemon *daemon, int stop_fd)
{
    struct pollfd fds[FD_COUNT];
    fds_fill(daemon, fds, stop_fd);
    int ready = poll(fds, FD_COUNT, wait_ms(daemon, clock_mono_ms(&daemon->clock)));
    if (ready < 0) {
        MUST(errno == EINTR);
        return;
    }
    int64_t now_ms = clock_mono_ms(&daemon->clock);
    daemon->stopping = daemon->stopping || (fds[FD_STOP].revents & POLLIN) != 0;
    link_turn(daemon, fds[FD_LINK].revents, now_ms);
    clients_turn(daemon->clients, &fds[FD_CLIENTS], CLIENTS_FDS_MAX);
    progress(daemon, now_ms);
    /* What the turn made may make more: a verdict frees the engine for the next job. */
    progress(daemon, now_ms);
}

static void serve(struct daemon *daemon, int stop_fd)
{
    while (!daemon->failed && !(daemon->stopping && work_is_idle(daemon->work))) {
        turn(daemon, stop_fd);
    }
}

/* What is wrong with the socket, and what to do. */
static const char *socket_trouble(enum err err)
{
    if (err == ERR_CONFLICT) {
        return "another program answers on it: is another printd running?";
    }
    if (err == ERR_EXISTS) {
        return "something that is no socket stands there: remove it";
    }
    if (err == ERR_DENIED) {
        return "cannot be made: does its folder exist, and may this user write there?";
    }
    return err_name(err);
}

static bool open_all(struct daemon *daemon)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    uint32_t interrupted = 0;
    const struct settings *settings = daemon->settings;
    if (print_journal_open(settings->state_dir, NULL, &daemon->journal, &interrupted, message) !=
        OK) {
        log_error("%s", message);
        return false;
    }
    if (interrupted > 0) {
        log_warn("a job had begun when printd ended; it may be on paper and is not repeated");
    }
    if (work_create(settings, daemon->journal, &daemon->clock, interrupted > 0, &daemon->work) !=
        OK) {
        log_error("no memory");
        return false;
    }
    enum err err = clients_create(settings, on_line, daemon, &daemon->clients);
    if (err != OK) {
        log_error("socket %s: %s", settings->socket, socket_trouble(err));
        return false;
    }
    return true;
}

bool daemon_run(const struct settings *settings, int stop_fd)
{
    struct daemon daemon = {.settings = settings,
                            .clock = clock_system(),
                            .link_fd = -1,
                            .told_device = PRINTJOB_OFFLINE,
                            .told_detail = "link"};
    daemon.link_at_ms = clock_mono_ms(&daemon.clock);
    bool opened = open_all(&daemon);
    if (opened) {
        serve(&daemon, stop_fd);
    }
    link_close(&settings->link, daemon.link_fd);
    clients_destroy(daemon.clients);
    work_destroy(daemon.work);
    print_journal_close(daemon.journal);
    return opened && !daemon.failed;
}
