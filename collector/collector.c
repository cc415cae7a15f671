/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The main loop: messages from the cloud, results from the buses, the schedule. Each bus has its
 * own thread (collector/line), the connection has one (drivers/mqtt); everything that decides is
 * here, on one thread, and what crosses is copied.
 *
 * The schedule feeds each bus two meters ahead: one is being read while the other waits, so the bus
 * never idles while this loop syncs the journal, and the queue never fills with a thousand meters.
 */
#include "collector/collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "collector/desk.h"
#include "collector/journal.h"
#include "collector/line.h"
#include "collector/roster.h"
#include "collector/uplink.h"
#include "common/civil.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"

enum {
    SCHEDULE_AHEAD = 2,
    SCHEDULE_PATIENCE_MS = 600000, /* a scheduled read may wait behind everything else */
    PROBE_MS = 30000,              /* after a full disk: is there room again? */
    WAIT_MS_MAX = 5000,
    DUE_WAIT_MS = 300, /* a result wakes us earlier; this is for a full queue */
    DAY_S = 86400,
    SESSION_EXPIRY_S = 3600, /* commands wait at the broker, each with its own expiry */
};

struct bus_line {
    struct line *line;
    uint32_t status_seen;
    int scheduled; /* reads of the schedule that are on the way */
};

struct collector {
    struct settings settings;
    struct clock_port clock;
    struct journal *journal;
    struct uplink *uplink;
    struct roster *roster;
    struct desk desk;
    struct bus_line lines[SETTINGS_BUSES_MAX];
    int notify_fd;
    int64_t day;
    int64_t probe_ms;
    int64_t uplink_ms;
    bool journal_told;
    bool readings_full_told;
    struct job_result result;
    struct bus_meter *meters; /* room for decoding a configuration */
};

static int64_t now_of(const struct collector *collector)
{
    return clock_mono_ms(&collector->clock);
}

/* --- events ---------------------------------------------------------------------------------- */

static void tell_bus(struct collector *collector, const char *kind, const char *bus,
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

static void desk_tell(void *self, const char *kind, const char *meter, const char *detail)
{
    struct collector *collector = self;
    if (str_equal(kind, "journal")) {
        if (collector->journal_told) {
            return;
        }
        collector->journal_told = true;
    }
    tell_bus(collector, kind, "", meter, detail);
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
        tell_bus(collector, "config_refused", "", "", detail);
        return false;
    }
    size_t refused = roster_apply(collector->roster, &config, bus_of, collector, now_of(collector));
    log_info("configuration %s: %zu meters", config.version, collector->roster->count);
    if (refused > 0) {
        str_format_cut(detail, sizeof(detail),
                       "%zu meters left out: unknown bus, protocol, address or item", refused);
        tell_bus(collector, "config_partial", "", "", detail);
    }
    return true;
}

static void on_config(struct collector *collector, const char *text, size_t size)
{
    if (!config_apply(collector, text, size)) {
        return;
    }
    if (journal_config_store(collector->journal, text, size) != OK) {
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

/* --- the schedule ---------------------------------------------------------------------------- */

static void schedule_one(struct collector *collector, int bus, int meter)
{
    const struct roster_meter *entry = &collector->roster->meters[meter];
    struct job job;
    memset(&job, 0, sizeof(job));
    job.command.op = BUS_OP_READ;
    memcpy(job.command.u.read.items, entry->meter.items, sizeof(job.command.u.read.items));
    job.command.u.read.item_count = entry->meter.item_count;
    job.meter = entry->meter;
    job.prio = JOB_PRIO_SCHEDULE;
    job.tries = roster_tries(collector->roster, meter);
    job.accepted_ms = now_of(collector);
    job.begin_last_ms = job.accepted_ms + SCHEDULE_PATIENCE_MS;
    if (line_push(collector->lines[bus].line, &job)) {
        roster_begin(collector->roster, meter, job.accepted_ms);
        collector->lines[bus].scheduled += 1;
    }
}

static void schedule_bus(struct collector *collector, int bus)
{
    while (collector->lines[bus].scheduled < SCHEDULE_AHEAD) {
        int before = collector->lines[bus].scheduled;
        int meter = roster_due(collector->roster, bus, now_of(collector));
        if (meter == ROSTER_NONE) {
            return;
        }
        schedule_one(collector, bus, meter);
        if (collector->lines[bus].scheduled == before) {
            return; /* the queue is full; a result will bring us back */
        }
    }
}

static void reading_store(struct collector *collector, const struct job_result *result)
{
    struct bus_reading reading = {.ts = clock_wall_s(&collector->clock)};
    const struct bus_reply *reply = &result->reply;
    MUST(str_copy(reading.meter, sizeof(reading.meter), result->meter));
    for (size_t i = 0; i < reply->value_count && i < ARRAY_COUNT(reading.values); i++) {
        reading.values[i] = reply->values[i];
        reading.value_count += 1;
    }
    reading.silent = reading.value_count == 0;
    enum err err = journal_reading_add(collector->journal, &reading, 1);
    if (err == ERR_RANGE && !collector->readings_full_told) {
        collector->readings_full_told = true;
        tell_bus(collector, "readings_full", "", "", "too many unacknowledged readings are kept");
    } else if (err == OK) {
        collector->readings_full_told = false;
    } else if (err != ERR_RANGE) {
        desk_tell(collector, "journal", "", "readings cannot be stored");
    }
}

/* --- results --------------------------------------------------------------------------------- */

static void tell_news(struct collector *collector, int bus, const char *meter,
                      const struct roster_news *news)
{
    const char *name = collector->settings.buses[bus].name;
    if (news->meter_silent) {
        tell_bus(collector, "meter_silent", name, meter, "no answer three times in a row");
    }
    if (news->meter_back) {
        tell_bus(collector, "meter_back", name, meter, "it answers again");
    }
    if (news->bus_silent) {
        tell_bus(collector, "bus_silent", name, "", "no meter of this bus answers");
    }
    if (news->bus_wrong_baud) {
        tell_bus(collector, "wrong_baud", name, "",
                 "no meter answers, but bytes come that are no frames: baud rate or parity");
    }
    if (news->bus_back) {
        tell_bus(collector, "bus_back", name, "", "meters answer again");
    }
}

static void on_result(struct collector *collector, int bus)
{
    struct job_result *result = &collector->result;
    if (result->scheduled) {
        collector->lines[bus].scheduled -= 1;
    }
    int meter = roster_find(collector->roster, result->meter);
    /* A missing device says nothing about its meters. */
    bool device = !str_equal(result->reply.error, BUS_ERROR_BUS_FAULT);
    bool tried = device && (result->heard || result->garbled ||
                            str_equal(result->reply.error, BUS_ERROR_METER_SILENT));
    struct roster_news news = {0};
    if (meter != ROSTER_NONE && collector->roster->meters[meter].bus == bus) {
        if (tried) {
            news = roster_done(collector->roster, meter, result->scheduled, result->heard,
                               result->garbled);
        } else if (result->scheduled) {
            collector->roster->meters[meter].in_flight = false;
        }
    }
    /* First the bus gets its next meter, then the disk its reading. */
    schedule_bus(collector, bus);
    if (!result->scheduled) {
        desk_result(&collector->desk, result);
    } else if (device) {
        reading_store(collector, result);
        uplink_readings(collector->uplink);
    }
    tell_news(collector, bus, result->meter, &news);
}

static void look_at_status(struct collector *collector, int bus)
{
    struct bus_line *line = &collector->lines[bus];
    const struct settings_bus *settings = &collector->settings.buses[bus];
    struct line_status status = line_status_get(line->line);
    if (status.change_count == line->status_seen) {
        return;
    }
    bool first = line->status_seen == 0;
    line->status_seen = status.change_count;
    if (!status.open) {
        char detail[BUS_DETAIL_SIZE];
        str_format_cut(detail, sizeof(detail), "%s: %s; trying again", settings->device,
                       err_name(status.why));
        tell_bus(collector, "bus_fault", settings->name, "", detail);
    } else {
        log_info("bus %s: %s at %u baud", settings->name, settings->device,
                 (unsigned)settings->baud);
        if (!status.parity_kept) {
            log_warn("bus %s: the device does not keep even parity, continuing", settings->name);
        }
        if (!first) {
            tell_bus(collector, "bus_back", settings->name, "", "the device is there again");
        }
    }
}

static void on_notified(struct collector *collector)
{
    uint64_t count = 0;
    ssize_t ignored = read(collector->notify_fd, &count, sizeof(count));
    (void)ignored;
    for (size_t i = 0; i < collector->settings.bus_count; i++) {
        look_at_status(collector, (int)i);
        while (line_result_pop(collector->lines[i].line, &collector->result)) {
            on_result(collector, (int)i);
        }
    }
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
        tell_bus(collector, "journal_ok", "", "", "the journal can be written again");
    }
}

static void turn(struct collector *collector)
{
    int64_t now_ms = now_of(collector);
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
        schedule_bus(collector, (int)i);
    }
}

static int wait_ms(const struct collector *collector)
{
    int64_t now_ms = now_of(collector);
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
        on_notified(collector);
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
            on_result(collector, (int)i);
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
