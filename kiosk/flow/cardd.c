/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The thread alone reads; whoever calls writes, inside the monitor, and waits there. An answer is
 * known by its id: one that comes too late belongs to nobody. When the line breaks, whoever waits
 * is told at once that nothing is known, and the session that the reader is being repaired.
 */
#include "kiosk/flow/cardd.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "drivers/thread/monitor.h"
#include "kiosk/flow/card_convert.h"
#include "kiosk/flow/daemon_line.h"

enum {
    RECONNECT_MS = 1000,
};

struct cardd {
    struct monitor monitor; /* guards what follows, up to the thread's own */
    atomic_bool stopping;
    struct daemon_line line; /* connected and closed by the thread alone; others send only */
    enum session_poll poll;
    struct cardd_laying laying; /* number 0: none */
    bool two;                   /* several lie there */
    struct api_reader_counts counts;
    char waits_for[ID_TEXT_SIZE]; /* empty: nobody waits */
    bool answered;
    struct cardlink_report *answer; /* @own */

    struct message_queue *queue;
    uint32_t uid; /* whose driver it may be, besides root's and ours */
    pthread_t thread;
    bool started;

    /* Of the thread alone. */
    struct cardlink_report *report; /* @own, the line that is read */
    enum session_reader said;       /* what the session was told of the reader */
};

static const enum cardlink_mode modes[SESSION_POLL_COUNT] = {
    [SESSION_POLL_OFF] = CARDLINK_OFF,
    [SESSION_POLL_IDLE] = CARDLINK_IDLE,
    [SESSION_POLL_ACTIVE] = CARDLINK_ACTIVE,
};

/* ---- what the session is told ---- */

static void tell_reader(struct cardd *cardd, enum session_reader reader)
{
    cardd->said = reader;
    struct message *message = message_create(SESSION_EVENT_READER);
    message->event.reader = reader;
    message_put(cardd->queue, message);
}

static void tell_card(const struct cardd *cardd, enum session_pad pad,
                      const struct cardd_laying *laying)
{
    static const enum session_card_family families[CARDLINK_FAMILY_COUNT] = {
        [CARDLINK_CLASSIC] = SESSION_CARD_CLASSIC,
        [CARDLINK_ISO] = SESSION_CARD_ISO,
        [CARDLINK_PHONE] = SESSION_CARD_PHONE,
        [CARDLINK_UNKNOWN] = SESSION_CARD_UNKNOWN,
    };
    _Static_assert((int)CARD_UID_TEXT_SIZE <= (int)SESSION_UID_SIZE,
                   "a UID that the session cannot hold");
    struct message *message = message_create(SESSION_EVENT_CARD);
    message->event.card.pad = pad;
    message->event.card.number = laying->number;
    message->event.card.family = families[laying->family];
    char uid[CARD_UID_TEXT_SIZE];
    card_uid_format(&laying->uid, uid);
    bool fits = str_copy(message->event.card.uid, sizeof(message->event.card.uid), uid);
    MUST(fits);
    struct rng_port rng = rng_system();
    id_make(&rng, clock_system_wall_ms(), message->event.card.id);
    message_put(cardd->queue, message);
}

/* ---- sending ---- */

/* Inside the monitor. A line may hold keys: it is wiped. */
static bool send_request(struct cardd *cardd, const struct cardlink_request *request)
{
    char *line = malloc(CARDLINK_LINE_SIZE);
    if (line == NULL) {
        return false;
    }
    bool sent = cardlink_request_encode(request, line, CARDLINK_LINE_SIZE) &&
                daemon_line_send(&cardd->line, line);
    bytes_wipe(line, CARDLINK_LINE_SIZE);
    free(line);
    return sent;
}

/* Inside the monitor: POLL or STATUS. */
static bool send_plain(struct cardd *cardd, enum cardlink_op op)
{
    struct cardlink_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return false;
    }
    request->op = op;
    request->mode = modes[cardd->poll];
    bool sent = send_request(cardd, request);
    free(request);
    return sent;
}

/* The thread finds the end of the line by itself. */
static void hang_up(const struct cardd *cardd)
{
    if (cardd->line.fd >= 0) {
        (void)shutdown(cardd->line.fd, SHUT_RDWR);
    }
}

/* ---- the line ---- */

static void line_lost(struct cardd *cardd)
{
    monitor_enter(&cardd->monitor);
    daemon_line_close(&cardd->line);
    bool lay = cardd->laying.number != 0;
    cardd->laying = (struct cardd_laying){0};
    cardd->two = false;
    cardd->counts = (struct api_reader_counts){0};
    monitor_leave(&cardd->monitor);
    monitor_notify(&cardd->monitor);
    if (lay) {
        tell_card(cardd, SESSION_PAD_EMPTY, &(struct cardd_laying){0});
    }
    if (cardd->said != SESSION_READER_ERROR) {
        tell_reader(cardd, SESSION_READER_ERROR);
    }
}

/* True if who listens there may be sent keys. */
static bool is_driver(const struct cardd *cardd, int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    bool is = peer.uid == 0 || peer.uid == getuid() || peer.uid == cardd->uid;
    if (!is && cardd->said != SESSION_READER_ERROR) {
        log_warn("user %u listens at %s: if that is the card driver, name him as cardd_uid",
                 (unsigned)peer.uid, cardd->line.address.sun_path);
    }
    return is;
}

static void line_open(struct cardd *cardd)
{
    int fd = daemon_line_connect(&cardd->line);
    if (fd < 0 || !is_driver(cardd, fd)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        line_lost(cardd);
        return;
    }
    monitor_enter(&cardd->monitor);
    daemon_line_use(&cardd->line, fd);
    bool sent = send_plain(cardd, CARDLINK_OP_STATUS) && send_plain(cardd, CARDLINK_OP_POLL);
    monitor_leave(&cardd->monitor);
    if (!sent) {
        line_lost(cardd);
    }
}

/* Its counts come with each answer to STATUS; of the reader the session hears what is new. */
static void reader_said(struct cardd *cardd, const struct cardlink_report *report)
{
    enum session_reader reader =
        report->reader == CARDLINK_READER_READY ? SESSION_READER_READY : SESSION_READER_ERROR;
    if (report->has_counts) {
        monitor_enter(&cardd->monitor);
        convert_card_counts(report, &cardd->counts);
        monitor_leave(&cardd->monitor);
    }
    if (!report->has_counts || reader != cardd->said) {
        tell_reader(cardd, reader);
    }
}

static void card_said(struct cardd *cardd, const struct cardlink_report *report)
{
    struct cardd_laying laying = {0};
    enum session_pad pad = SESSION_PAD_EMPTY;
    if (report->presence == CARDLINK_PRESENT) {
        pad = SESSION_PAD_CARD;
        laying = (struct cardd_laying){.number = report->card,
                                       .uid = report->uid,
                                       .atqa = report->atqa,
                                       .sak = report->sak,
                                       .ats_size = report->ats_size,
                                       .family = report->family};
        memcpy(laying.ats, report->ats, sizeof(laying.ats));
    } else if (report->presence == CARDLINK_TWO) {
        pad = SESSION_PAD_TWO;
    }
    bool two = pad == SESSION_PAD_TWO;
    monitor_enter(&cardd->monitor);
    bool again = two ? cardd->two : laying.number != 0 && laying.number == cardd->laying.number;
    cardd->laying = laying;
    cardd->two = two;
    monitor_leave(&cardd->monitor);
    if (!again) {
        tell_card(cardd, pad, &laying);
    }
}

static void answer_said(struct cardd *cardd, const struct cardlink_report *report)
{
    monitor_enter(&cardd->monitor);
    if (cardd->waits_for[0] != '\0' && str_equal(report->id, cardd->waits_for)) {
        *cardd->answer = *report;
        cardd->answered = true;
    }
    monitor_leave(&cardd->monitor);
    monitor_notify(&cardd->monitor);
}

static void line_arrived(struct cardd *cardd, const char *line, size_t size)
{
    struct cardlink_report *report = cardd->report;
    const char *field = "";
    if (!cardlink_report_decode(line, size, report, &field)) {
        return; /* a newer driver may say more than we know */
    }
    switch (report->say) {
    case CARDLINK_SAY_READER:
        reader_said(cardd, report);
        break;
    case CARDLINK_SAY_CARD:
        card_said(cardd, report);
        break;
    case CARDLINK_SAY_READ:
    case CARDLINK_SAY_WRITE:
    case CARDLINK_SAY_RELAY:
        answer_said(cardd, report);
        break;
    case CARDLINK_SAY_COUNT:
        MUST_NOT_REACH();
    }
}

static void bytes_arrived(struct cardd *cardd)
{
    const char *text = NULL;
    size_t size = 0;
    if (!daemon_line_fill(&cardd->line)) {
        line_lost(cardd);
        return;
    }
    while (daemon_line_next(&cardd->line, &text, &size)) {
        line_arrived(cardd, text, size);
    }
}

static void *cardd_run(void *arg)
{
    struct cardd *cardd = arg;
    line_open(cardd);
    while (!atomic_load(&cardd->stopping)) {
        switch (daemon_line_wait(&cardd->line, cardd->line.fd < 0 ? RECONNECT_MS : -1)) {
        case DAEMON_LINE_BYTES:
            bytes_arrived(cardd);
            break;
        case DAEMON_LINE_SILENT:
            line_open(cardd);
            break;
        case DAEMON_LINE_WOKEN:
            break;
        }
    }
    return NULL;
}

/* ---- life ---- */

struct cardd *cardd_start(const struct cardd_place *place, struct message_queue *queue)
{
    struct cardd *cardd = calloc(1, sizeof(*cardd));
    if (cardd == NULL) {
        return NULL;
    }
    monitor_init(&cardd->monitor);
    cardd->queue = queue;
    cardd->uid = place->uid;
    cardd->report = calloc(1, sizeof(*cardd->report));
    cardd->answer = calloc(1, sizeof(*cardd->answer));
    bool ready = daemon_line_init(&cardd->line, place->socket_path, CARDLINK_LINE_SIZE) &&
                 cardd->report != NULL && cardd->answer != NULL;
    cardd->started = ready && pthread_create(&cardd->thread, NULL, cardd_run, cardd) == 0;
    if (!cardd->started) {
        cardd_stop(cardd);
        return NULL;
    }
    return cardd;
}

void cardd_stop_waiting(struct cardd *cardd)
{
    if (cardd != NULL) {
        monitor_enter(&cardd->monitor);
        atomic_store(&cardd->stopping, true);
        monitor_leave(&cardd->monitor);
        monitor_notify(&cardd->monitor);
    }
}

void cardd_stop(struct cardd *cardd)
{
    if (cardd == NULL) {
        return;
    }
    cardd_stop_waiting(cardd);
    if (cardd->started) {
        daemon_line_wake(&cardd->line);
        (void)pthread_join(cardd->thread, NULL);
    }
    daemon_line_finish(&cardd->line);
    monitor_finish(&cardd->monitor);
    free(cardd->report);
    free(cardd->answer);
    free(cardd);
}

void cardd_poll(struct cardd *cardd, enum session_poll poll_mode)
{
    MUST(poll_mode < SESSION_POLL_COUNT);
    monitor_enter(&cardd->monitor);
    cardd->poll = poll_mode;
    if (!send_plain(cardd, CARDLINK_OP_POLL)) {
        hang_up(cardd);
    }
    monitor_leave(&cardd->monitor);
}

void cardd_counts(struct cardd *cardd, struct api_reader_counts *ret_counts)
{
    monitor_enter(&cardd->monitor);
    *ret_counts = cardd->counts;
    bool asks = cardd->line.fd >= 0 && cardd->waits_for[0] == '\0';
    if (asks && !send_plain(cardd, CARDLINK_OP_STATUS)) {
        hang_up(cardd);
    }
    monitor_leave(&cardd->monitor);
}

bool cardd_laying(struct cardd *cardd, uint32_t number, struct cardd_laying *ret_laying)
{
    monitor_enter(&cardd->monitor);
    bool there = number != 0 && cardd->laying.number == number;
    if (there) {
        *ret_laying = cardd->laying;
    }
    monitor_leave(&cardd->monitor);
    return there;
}

bool cardd_call(struct cardd *cardd, const struct cardlink_request *request,
                struct cardlink_report *ret_report)
{
    MUST(request->id[0] != '\0');
    monitor_enter(&cardd->monitor);
    bool fits = str_copy(cardd->waits_for, sizeof(cardd->waits_for), request->id);
    MUST(fits);
    cardd->answered = false;
    int64_t deadline_ns = clock_system_mono_ns() + (int64_t)CARDLINK_ANSWER_MS * INT64_C(1000000);
    bool sent = send_request(cardd, request);
    if (!sent) {
        hang_up(cardd); /* half a line may have gone out */
    }
    bool time = sent;
    while (time && !cardd->answered && cardd->line.fd >= 0 && !atomic_load(&cardd->stopping)) {
        time = monitor_wait_until(&cardd->monitor, deadline_ns);
    }
    bool answered = cardd->answered;
    if (answered) {
        *ret_report = *cardd->answer;
    }
    cardd->waits_for[0] = '\0';
    monitor_leave(&cardd->monitor);
    return answered;
}

bool cardd_pause(struct cardd *cardd, int64_t pause_ms)
{
    int64_t until_ns = clock_system_mono_ns() + pause_ms * INT64_C(1000000);
    monitor_enter(&cardd->monitor);
    bool time = true;
    while (time && !atomic_load(&cardd->stopping)) {
        time = monitor_wait_until(&cardd->monitor, until_ns);
    }
    monitor_leave(&cardd->monitor);
    return !atomic_load(&cardd->stopping);
}
