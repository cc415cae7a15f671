/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The main loop: messages from the cloud, results from the buses, the schedule. Each bus has its
 * own thread (collector/line), the connection has one (drivers/mqtt); everything that decides is
 * here, on one thread, and what crosses is copied.
 * */
#include "collector/collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "collector/collector_internal.h"
#include "common/civil.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"

enum {
    PROBE_MS = 30000, /* after a full disk: is there room again? */
    WAIT_MS_MAX = 5000,
    DUE_WAIT_MS = 300, /* a result wakes us earlier; this is for a full queue */
    DAY_S = 86400,
    SESSION_EXPIRY_S = 3600, /* commands wait at the broker, each with its own expiry */
};

/* --- events ---------------------------------------------------------------------------------- */

void collector_tell(struct collector *collector, const char *kind, const char *bus,
                    const char *meter, const char *detail)
{
    struct bus_event event = {.ts = clock_wall_s(&collector->clock)};
    str_format_cut(event.kind, sizeof(event.kind), "%s", kind);
    str_format_cut(event.meter, sizeof(event.meter), "%s", meter);
    str_format_cut(event.bus, sizeof(event.bus), "%s", bus);
    str_format_cut(event.detail, sizeof(event.detail), "%s", detail);
    log_warn("%s %s %s: %s", kind, bus, meter, detail);
    if (collector->uplink != NULL) {
        uplink_event(collector->uplink, &event);
    }
}

void collector_tell_journal(struct collector *collector, const char *detail)
{
    if (!collector->journal_told) {
        collector->journal_told = true;
        collector_tell(collector, "journal", "", "", detail);
    }
}

static void desk_tell(void *self, const char *kind, const char *meter, const char *detail)
{
    if (str_equal(kind, "journal")) {
        collector_tell_journal(self, detail);
    } else {
        collector_tell(self, kind, "", meter, detail);
    }
}

static bool desk_push(void *self, int bus, const struct job *job)
{
    struct collector *collector = self;
    return line_push(collector->lines[bus].line, job);
}

static void desk_send(void *self, const char *text, size_t size)
{
    struct collector *collector = self;
    uplink_reply(collector->uplink, text, size);
}

/* --- the journal, as the lines see it -------------------------------------------------------- */

static enum err line_intent(void *self, const char *id, const struct bus_frame *frame)
{
    return journal_intent(self, id, frame);
}

static void line_sent(void *self, const char *id, int64_t sent_end_ms)
{
    journal_sent(self, id, sent_end_ms);
}

static enum err line_result(void *self, const char *id, const struct bus_frame *frame_reply)
{
    return journal_result(self, id, frame_reply);
}

/* --- configuration --------------------------------------------------------------------------- */

static int bus_of(void *self, const char *name)
{
    const struct collector *collector = self;
    for (size_t i = 0; i < collector->settings.bus_count; i++) {
        if (str_equal(collector->settings.buses[i].name, name)) {
            return (int)i;
        }
    }
    return ROSTER_NONE;
}

/* Take a configuration over; false if it is none. */
static bool config_apply(struct collector *collector, const char *text, size_t size)
{
    struct bus_config config = {.meters = collector->meters};
    struct bus_fault fault;
    char detail[BUS_DETAIL_SIZE];
    enum err err = bus_config_decode(text, size, BUS_METERS_MAX, &config, &fault);
    if (err != OK) {
        str_format_cut(detail, sizeof(detail), "%s: %s", fault.field, err_name(err));
        collector_tell(collector, "config_refused", "", "", detail);
        return false;
    }
    size_t refused =
        roster_apply(collector->roster, &config, bus_of, collector, collector_now_ms(collector));
    log_info("configuration %s: %zu meters", config.version, collector->roster->count);
    if (refused > 0) {
        str_format_cut(detail, sizeof(detail),
                       "%zu meters left out: unknown bus, protocol, address or item", refused);
        collector_tell(collector, "config_partial", "", "", detail);
    }
    return true;
}

/* The cloud answers every hello; what did not change need not be written again. */
static bool config_is_stored(struct collector *collector, const char *text, size_t size)
{
    char *stored = malloc(BUS_CONFIG_TEXT_SIZE_MAX);
    size_t stored_size = 0;
    bool same = stored != NULL &&
                journal_config_load(collector->journal, stored, BUS_CONFIG_TEXT_SIZE_MAX,
                                    &stored_size) == OK &&
                stored_size == size && memcmp(stored, text, size) == 0;
    free(stored);
    return same;
}

static void on_config(struct collector *collector, const char *text, size_t size)
{
    if (!config_apply(collector, text, size)) {
        return;
    }
    if (!config_is_stored(collector, text, size) &&
        journal_config_store(collector->journal, text, size) != OK) {
        log_warn("the configuration cannot be stored; after a restart the old one is used");
    }
    uplink_config_version_set(collector->uplink, collector->roster->version);
}

static enum err config_restore(struct collector *collector)
{
    char *text = malloc(BUS_CONFIG_TEXT_SIZE_MAX);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    size_t size = 0;
    enum err err = journal_config_load(collector->journal, text, BUS_CONFIG_TEXT_SIZE_MAX, &size);
    if (err == OK) {
        (void)config_apply(collector, text, size);
    }
    free(text);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* --- messages -------------------------------------------------------------------------------- */

static void on_ack(struct collector *collector, const struct mqtt_event *event)
{
    struct bus_ack ack;
    struct bus_fault fault;
    if (bus_ack_decode(event->payload, event->size, &ack, &fault) == OK) {
        uplink_ack(collector->uplink, &ack);
    }
}

static void on_replied(struct collector *collector, const struct mqtt_event *event)
{
    char id[ID_TEXT_SIZE];
    struct bus_fault fault;
    if (bus_replied_decode(event->payload, event->size, id, &fault) == OK &&
        journal_replied(collector->journal, id) != OK) {
        log_warn("acknowledgement of %s cannot be stored; its answer will be repeated", id);
    }
}

static void on_message(struct collector *collector, enum bus_topic topic,
                       const struct mqtt_event *event)
{
    switch (topic) {
    case BUS_TOPIC_CONFIG:
        on_config(collector, event->payload, event->size);
        return;
    case BUS_TOPIC_CMD:
        desk_command(&collector->desk, event->payload, event->size);
        return;
    case BUS_TOPIC_REPLIED:
        on_replied(collector, event);
        return;
    case BUS_TOPIC_ACK:
        on_ack(collector, event);
        return;
    case BUS_TOPIC_STATE:
    case BUS_TOPIC_HELLO:
    case BUS_TOPIC_REPLY:
    case BUS_TOPIC_READING:
    case BUS_TOPIC_EVENT:
    case BUS_TOPIC_COUNT:
        return; /* ours; the broker's access list keeps them away */
    }
}

static void on_messages(struct collector *collector)
{
    enum bus_topic topic = BUS_TOPIC_COUNT;
    struct mqtt_event event = {0};
    while (uplink_next(collector->uplink, &topic, &event)) {
        on_message(collector, topic, &event);
        mqtt_event_finish(&event);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

static int64_t beijing_day(const struct collector *collector)
{
    return (clock_wall_s(&collector->clock) + CIVIL_BEIJING_OFFSET_S) / DAY_S;
}

static void look_at_journal(struct collector *collector, int64_t now_ms)
{
    if (now_ms < collector->probe_ms) {
        return;
    }
    collector->probe_ms = now_ms + PROBE_MS;
    if (journal_probe(collector->journal) && collector->journal_told) {
        collector->journal_told = false;
        collector_tell(collector, "journal_ok", "", "", "the journal can be written again");
    }
}

static void turn(struct collector *collector)
{
    int64_t now_ms = collector_now_ms(collector);
    int64_t day = beijing_day(collector);
    if (day != collector->day) {
        /* One reading of every meter close to midnight: the day's consumption rests on it. */
        collector->day = day;
        roster_all_due(collector->roster, now_ms);
    }
    look_at_journal(collector, now_ms);
    if (now_ms >= collector->uplink_ms) {
        collector->uplink_ms = uplink_tick(collector->uplink, now_ms);
    }
    for (size_t i = 0; i < collector->settings.bus_count; i++) {
        collector_schedule(collector, (int)i);
    }
}

static int wait_ms(const struct collector *collector)
{
    int64_t now_ms = collector_now_ms(collector);
    int64_t until_ms = roster_next_due_ms(collector->roster);
    if (until_ms <= now_ms) {
        /* Due, and its bus has enough to do: the next result wakes us. */
        return DUE_WAIT_MS;
    }
    return until_ms - now_ms > WAIT_MS_MAX ? WAIT_MS_MAX : (int)(until_ms - now_ms);
}

/* Wait for something to do and do it; false: asked to end. */
static bool wait_and_serve(struct collector *collector, int stop_fd)
{
    struct pollfd fds[3] = {
        {.fd = stop_fd, .events = POLLIN},
        {.fd = collector->notify_fd, .events = POLLIN},
        {.fd = uplink_fd(collector->uplink), .events = POLLIN},
    };
    int ready = poll(fds, 3, wait_ms(collector));
    MUST(ready >= 0 || errno == EINTR);
    if (ready <= 0) {
        return true;
    }
    if (fds[1].revents != 0) {
        collector_notified(collector);
    }
    if (fds[2].revents != 0) {
        on_messages(collector);
    }
    return fds[0].revents == 0;
}

void collector_run(struct collector *collector, int stop_fd)
{
    do {
        turn(collector);
    } while (wait_and_serve(collector, stop_fd));
}

static enum err lines_create(struct collector *collector)
{
    for (size_t i = 0; i < collector->settings.bus_count; i++) {
        const struct settings_bus *bus = &collector->settings.buses[i];
        struct line_config config = {
            .name = bus->name,
            .device = bus->device,
            .baud = bus->baud,
            .reply_timeout_ms = bus->reply_timeout_ms,
            .clock = collector->clock,
            .journal = {.intent = line_intent,
                        .sent = line_sent,
                        .result = line_result,
                        .self = collector->journal},
            .notify_fd = collector->notify_fd,
        };
        enum err err = line_create(&config, &collector->lines[i].line);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err connection_create(struct collector *collector, const char *version)
{
    const struct settings *settings = &collector->settings;
    struct uplink_config config = {
        .id = settings->id,
        .version = version,
        .mqtt = {.host = settings->mqtt.host,
                 .port = settings->mqtt.port,
                 .ca_file = settings->mqtt.ca,
                 .cert_file = settings->mqtt.cert,
                 .key_file = settings->mqtt.key,
                 .keep_alive_s = settings->mqtt.keep_alive_s,
                 .session_expiry_s = SESSION_EXPIRY_S,
                 .reconnect_ms_max = settings->mqtt.reconnect_s_max * 1000,
                 .will_delay_s = settings->mqtt.will_delay_s,
                 .rng = rng_system()},
        .journal = collector->journal,
        .rng = rng_system(),
        .clock = collector->clock,
        .wall_ms = clock_system_wall_ms(),
    };
    return uplink_create(&config, &collector->uplink);
}

static enum err parts_create(struct collector *collector, const char *version, char *ret_message,
                             size_t message_size)
{
    char journal_message[JOURNAL_MESSAGE_SIZE];
    struct journal_config config = {
        .dir = collector->settings.state_dir, .rng = rng_system(), .clock = collector->clock};
    enum err err = journal_open(&config, &collector->journal, journal_message);
    if (err != OK) {
        str_format_cut(ret_message, message_size, "%s", journal_message);
        return err;
    }
    if (journal_is_moved(collector->journal)) {
        log_warn("the journal in %s was copied or restored: it goes on as another one (epoch %u), "
                 "and the cloud does not take its word about what the former one was given",
                 collector->settings.state_dir, (unsigned)journal_epoch(collector->journal));
    }
    collector->roster = calloc(1, sizeof(*collector->roster));
    collector->meters = calloc(BUS_METERS_MAX, sizeof(*collector->meters));
    collector->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (collector->roster == NULL || collector->meters == NULL || collector->notify_fd < 0) {
        str_format_cut(ret_message, message_size, "no memory");
        return ERR_MEMORY;
    }
    collector->desk = (struct desk){.journal = collector->journal,
                                    .roster = collector->roster,
                                    .clock = collector->clock,
                                    .push = desk_push,
                                    .send = desk_send,
                                    .tell = desk_tell,
                                    .self = collector};
    desk_recover(&collector->desk);
    err = config_restore(collector);
    if (err == OK) {
        err = lines_create(collector);
    }
    if (err != OK) {
        str_format_cut(ret_message, message_size, "cannot start: %s", err_name(err));
        return err;
    }
    err = connection_create(collector, version);
    if (err != OK) {
        str_format_cut(ret_message, message_size, "mqtt: %s, %s or %s cannot be used: %s",
                       collector->settings.mqtt.ca, collector->settings.mqtt.cert,
                       collector->settings.mqtt.key, err_name(err));
        return err;
    }
    uplink_config_version_set(collector->uplink, collector->roster->version);
    return OK;
}

enum err collector_create(const struct settings *settings, const char *version,
                          struct collector **ret_collector, char *ret_message, size_t message_size)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    if (collector == NULL) {
        str_format_cut(ret_message, message_size, "no memory");
        return ERR_MEMORY;
    }
    collector->settings = *settings;
    collector->clock = clock_system();
    collector->notify_fd = -1;
    collector->day = beijing_day(collector);
    enum err err = parts_create(collector, version, ret_message, message_size);
    if (err != OK) {
        collector_destroy(collector);
        return err;
    }
    *ret_collector = collector;
    return OK;
}

void collector_destroy(struct collector *collector)
{
    if (collector == NULL) {
        return;
    }
    for (size_t i = 0; i < SETTINGS_BUSES_MAX; i++) {
        struct line *line = collector->lines[i].line;
        if (line == NULL) {
            continue;
        }
        line_stop(line);
        while (collector->uplink != NULL && line_result_pop(line, &collector->result)) {
            collector_result(collector, (int)i);
        }
        line_destroy(line);
    }
    uplink_destroy(collector->uplink);
    journal_close(collector->journal);
    if (collector->notify_fd >= 0) {
        (void)close(collector->notify_fd);
    }
    free(collector->roster);
    free(collector->meters);
    free(collector);
}
