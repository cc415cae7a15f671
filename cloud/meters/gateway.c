/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread receives; anybody sends. Questions wait in a small table until their reply comes or
 * their deadline passes; a reply that no question waits for belongs to a journalled command (or
 * comes too late, which its sink finds out) and goes to the sink.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cloud/meters/gateway_internal.h"
#include "common/id.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

/*
 * A question's id is made a UUID of version 8 (RFC 9562: the maker's own use) where all others have
 * version 7: so a reply that comes after its question was given up, or after a restart, is known
 * for what it is and does not end up as an unknown command.
 */
enum { ID_VERSION_AT = 14, ID_VERSION_QUESTION = '8' };

enum {
    KEEP_ALIVE_S = 30,
    SESSION_EXPIRY_S = 3600,
    RECONNECT_MS_MAX = 30000,
    IDLE_MS = 60000,
    REPLIED_SIZE = 128,
};

enum err gateway_create(const struct gateway_config *config, struct gateway **ret_gateway)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    if (gateway == NULL) {
        return ERR_MEMORY;
    }
    gateway->config = *config;
    monitor_init(&gateway->monitor);
    gateway->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (gateway->wake_fd < 0) {
        gateway_destroy(gateway);
        return ERR_IO;
    }
    *ret_gateway = gateway;
    return OK;
}

void gateway_destroy(struct gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    MUST(!gateway->started);
    mqtt_destroy(gateway->mqtt);
    if (gateway->wake_fd >= 0) {
        (void)close(gateway->wake_fd);
    }
    monitor_finish(&gateway->monitor);
    free(gateway);
}

void gateway_set_sink(struct gateway *gateway, gateway_sink sink, void *self)
{
    MUST(!gateway->started);
    gateway->sink = sink;
    gateway->sink_self = self;
}

static void wake(struct gateway *gateway)
{
    uint64_t one = 1;
    ssize_t written = write(gateway->wake_fd, &one, sizeof(one));
    MUST(written == (ssize_t)sizeof(one) || errno == EAGAIN);
}

void gateway_catalog_changed(struct gateway *gateway)
{
    monitor_enter(&gateway->monitor);
    gateway->catalog_changed = true;
    monitor_leave(&gateway->monitor);
    wake(gateway);
}

bool gateway_is_connected(const struct gateway *gateway)
{
    return gateway->mqtt != NULL && mqtt_is_connected(gateway->mqtt);
}

void gateway_get_counters(struct gateway *gateway, struct gateway_counters *ret_counters)
{
    monitor_enter(&gateway->monitor);
    struct gateway_counters counters = gateway->counters;
    counters.collectors = gateway->collector_count;
    for (size_t i = 0; i < gateway->collector_count; i++) {
        counters.collectors_online += gateway->collectors[i].online ? 1 : 0;
    }
    monitor_leave(&gateway->monitor);
    *ret_counters = counters;
}

enum err gateway_publish(struct gateway *gateway, const char *collector_id, enum bus_topic topic,
                         const char *text, size_t size, uint32_t expiry_s)
{
    char name[BUS_TOPIC_SIZE];
    bus_topic_format(topic, collector_id, name);
    struct mqtt_message message = {
        .topic = name, .payload = text, .size = size, .expiry_s = expiry_s};
    return gateway->mqtt != NULL ? mqtt_publish(gateway->mqtt, &message) : ERR_UNAVAILABLE;
}

enum err gateway_collector_get(struct gateway *gateway, const char *collector_id,
                               struct gateway_collector *ret_collector)
{
    enum err err = ERR_NOT_FOUND;
    monitor_enter(&gateway->monitor);
    const struct collector *collector = gateway_find(gateway, collector_id);
    if (collector != NULL) {
        *ret_collector = (struct gateway_collector){
            .online = collector->online, .trusted = collector->trusted, .epoch = collector->epoch};
        MUST(str_copy(ret_collector->boot, sizeof(ret_collector->boot), collector->boot));
        err = OK;
    }
    monitor_leave(&gateway->monitor);
    return err;
}

/* Whole seconds, rounded up: MQTT knows no shorter expiry. */
static uint32_t expiry_of(const struct bus_command *command)
{
    return (command->deadline_ms + 999) / 1000;
}

/* Encode and publish; a buffer of its own, because any thread may send. */
static enum err send_command(struct gateway *gateway, const char *collector_id,
                             const struct bus_command *command)
{
    char *text = malloc(BUS_TEXT_SIZE_MAX);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    size_t size = 0;
    enum err err = bus_command_encode(command, text, BUS_TEXT_SIZE_MAX, &size);
    if (err == OK) {
        err = gateway_publish(gateway, collector_id, BUS_TOPIC_CMD, text, size, expiry_of(command));
    }
    free(text);
    return err;
}

static struct question *find_question(struct gateway *gateway, const char *id)
{
    for (size_t i = 0; i < GATEWAY_QUESTIONS_MAX; i++) {
        if (str_equal(gateway->questions[i].id, id)) {
            return &gateway->questions[i];
        }
    }
    return NULL;
}

/* Take the question with this id out of the table; false if there is none. */
static bool take_question(struct gateway *gateway, const char *id, struct question *ret_question)
{
    monitor_enter(&gateway->monitor);
    struct question *question = find_question(gateway, id);
    if (question != NULL) {
        *ret_question = *question;
        question->id[0] = '\0';
        gateway->question_count -= 1;
    }
    monitor_leave(&gateway->monitor);
    return question != NULL;
}

static enum err add_question(struct gateway *gateway, const char *collector_id,
                             const struct question *question)
{
    enum err err = OK;
    monitor_enter(&gateway->monitor);
    const struct collector *collector = gateway_find(gateway, collector_id);
    if (collector == NULL) {
        err = ERR_NOT_FOUND;
    } else if (!collector->online || gateway->stopping) {
        err = ERR_UNAVAILABLE;
    } else if (gateway->question_count == GATEWAY_QUESTIONS_MAX) {
        err = ERR_FULL;
    } else {
        struct question *place = find_question(gateway, "");
        MUST(place != NULL);
        *place = *question;
        gateway->question_count += 1;
        gateway->counters.questions += 1;
    }
    monitor_leave(&gateway->monitor);
    return err;
}

static bool is_question(const char *id)
{
    return id[ID_VERSION_AT] == (char)ID_VERSION_QUESTION;
}

enum err gateway_ask(struct gateway *gateway, const char *collector_id,
                     const struct bus_command *command, gateway_answer answer, void *self)
{
    MUST(command->op == BUS_OP_READ || command->op == BUS_OP_PING);
    MUST(id_is_valid(command->id));
    struct bus_command marked = *command;
    marked.id[ID_VERSION_AT] = (char)ID_VERSION_QUESTION;
    struct question question = {.deadline_ms =
                                    clock_mono_ms(gateway->config.clock) + command->deadline_ms,
                                .answer = answer,
                                .self = self};
    MUST(str_copy(question.id, sizeof(question.id), marked.id));
    if (!gateway_is_connected(gateway)) {
        return ERR_UNAVAILABLE;
    }
    enum err err = add_question(gateway, collector_id, &question);
    if (err != OK) {
        return err;
    }
    wake(gateway); /* its deadline may be the nearest now */
    err = send_command(gateway, collector_id, &marked);
    struct question taken;
    if (err != OK && !take_question(gateway, question.id, &taken)) {
        return OK; /* the thread was quicker: it has told the answer already */
    }
    return err;
}

enum err gateway_send(struct gateway *gateway, const char *collector_id,
                      const struct bus_command *command)
{
    MUST(bus_op_is_journalled(command->op));
    struct gateway_collector collector;
    enum err err = gateway_collector_get(gateway, collector_id, &collector);
    if (err == OK && !collector.trusted) {
        err = ERR_UNAVAILABLE; /* whoever has that name now must not get it */
    }
    return err == OK ? send_command(gateway, collector_id, command) : err;
}

void gateway_confirm(struct gateway *gateway, const char *collector_id, const char *command_id)
{
    char text[REPLIED_SIZE];
    size_t size = 0;
    if (bus_replied_encode(command_id, text, sizeof(text), &size) == OK &&
        gateway_publish(gateway, collector_id, BUS_TOPIC_REPLIED, text, size, 0) != OK) {
        log_debug("gateway: %s is not confirmed; it will be repeated", command_id);
    }
}

void gateway_refuse(struct gateway *gateway, const char *collector_id, const char *what,
                    const struct bus_fault *fault)
{
    monitor_enter(&gateway->monitor);
    gateway->counters.refused += 1;
    monitor_leave(&gateway->monitor);
    log_warn("gateway: %s of collector %s is wrong at %s; dropped", what, collector_id,
             fault->field);
}

static void on_reply(struct gateway *gateway, const char *collector_id, const char *text,
                     size_t size)
{
    struct bus_fault fault = {0};
    struct bus_reply *reply = malloc(sizeof(*reply));
    if (reply == NULL) {
        return; /* it is repeated until it is confirmed */
    }
    struct question question;
    if (bus_reply_decode(text, size, reply, &fault) != OK) {
        gateway_refuse(gateway, collector_id, "a reply", &fault);
    } else if (take_question(gateway, reply->id, &question)) {
        question.answer(question.self, reply, OK);
    } else if (gateway->sink != NULL && !is_question(reply->id)) {
        gateway->sink(gateway->sink_self, collector_id, reply);
    }
    free(reply);
}

static void on_message(struct gateway *gateway, const struct mqtt_event *event)
{
    char collector_id[BUS_COLLECTOR_SIZE];
    enum bus_topic topic = BUS_TOPIC_COUNT;
    if (!bus_topic_parse(event->topic, &topic, collector_id) ||
        !gateway_admits(gateway, collector_id)) {
        return;
    }
    switch (topic) {
    case BUS_TOPIC_STATE:
        gateway_on_state(gateway, collector_id, event->payload, event->size);
        break;
    case BUS_TOPIC_HELLO:
        gateway_on_hello(gateway, collector_id, event->payload, event->size);
        break;
    case BUS_TOPIC_REPLY:
        on_reply(gateway, collector_id, event->payload, event->size);
        break;
    case BUS_TOPIC_READING:
        gateway_on_readings(gateway, collector_id, event->payload, event->size);
        break;
    case BUS_TOPIC_EVENT:
        gateway_on_event(gateway, collector_id, event->payload, event->size);
        break;
    case BUS_TOPIC_CONFIG:
    case BUS_TOPIC_CMD:
    case BUS_TOPIC_REPLIED:
    case BUS_TOPIC_ACK:
    case BUS_TOPIC_COUNT:
        break; /* ours, not theirs */
    }
}

static void on_event(struct gateway *gateway, const struct mqtt_event *event)
{
    switch (event->kind) {
    case MQTT_EVENT_CONNECTED:
        gateway->said_offline = false;
        /* A broker that was started anew knows no wills of those who were gone meanwhile. The
         * retained states follow this event, because the subscription does. */
        gateway_forget_presence(gateway);
        log_info("gateway: connected to the broker at %s port %u", gateway->config.host,
                 (unsigned)gateway->config.port);
        break;
    case MQTT_EVENT_DISCONNECTED:
        if (!gateway->said_offline) {
            gateway->said_offline = true;
            log_warn("gateway: no broker at %s port %u (%s); going on without meters, trying again",
                     gateway->config.host, (unsigned)gateway->config.port, event->reason);
        }
        break;
    case MQTT_EVENT_MESSAGE:
        on_message(gateway, event);
        break;
    case MQTT_EVENT_COUNT:
        MUST_NOT_REACH();
    }
}

/* Tell those whose time is over (or all, at the end). Returns ms until the next deadline. */
static int64_t end_questions(struct gateway *gateway, bool all)
{
    int64_t now_ms = clock_mono_ms(gateway->config.clock);
    int64_t next_ms = IDLE_MS;
    for (size_t i = 0; i < GATEWAY_QUESTIONS_MAX; i++) {
        struct question ended = {0};
        monitor_enter(&gateway->monitor);
        struct question *question = &gateway->questions[i];
        int64_t left_ms = question->deadline_ms - now_ms;
        if (question->id[0] != '\0' && (all || left_ms <= 0)) {
            ended = *question;
            question->id[0] = '\0';
            gateway->question_count -= 1;
            gateway->counters.unanswered += 1;
        } else if (question->id[0] != '\0' && left_ms < next_ms) {
            next_ms = left_ms;
        }
        monitor_leave(&gateway->monitor);
        if (ended.id[0] != '\0') {
            ended.answer(ended.self, NULL, all ? ERR_UNAVAILABLE : ERR_TIMEOUT);
        }
    }
    return next_ms;
}

/* A collector that has another configuration than the database says gets it. */
static void reload(struct gateway *gateway)
{
    char id[BUS_COLLECTOR_SIZE];
    gateway_load_collectors(gateway);
    for (size_t i = 0;; i++) {
        monitor_enter(&gateway->monitor);
        bool more = i < gateway->collector_count;
        bool online = more && gateway->collectors[i].online;
        MUST(!more || str_copy(id, sizeof(id), gateway->collectors[i].id));
        monitor_leave(&gateway->monitor);
        if (!more) {
            break;
        }
        if (online) {
            gateway_push_config(gateway, id);
        }
    }
}

static bool take_orders(struct gateway *gateway)
{
    uint64_t count = 0;
    ssize_t got = read(gateway->wake_fd, &count, sizeof(count));
    MUST(got == (ssize_t)sizeof(count) || errno == EAGAIN);
    monitor_enter(&gateway->monitor);
    bool changed = gateway->catalog_changed;
    bool stop = gateway->stopping;
    gateway->catalog_changed = false;
    monitor_leave(&gateway->monitor);
    if (changed) {
        reload(gateway);
    }
    return !stop;
}

static void *gateway_main(void *arg)
{
    struct gateway *gateway = arg;
    int64_t next_ms = 0;
    while (take_orders(gateway)) {
        struct pollfd fds[] = {{.fd = mqtt_fd(gateway->mqtt), .events = POLLIN},
                               {.fd = gateway->wake_fd, .events = POLLIN}};
        next_ms = end_questions(gateway, /* all= */ false);
        (void)poll(fds, ARRAY_COUNT(fds), (int)next_ms);
        struct mqtt_event event;
        while (mqtt_next(gateway->mqtt, &event)) {
            on_event(gateway, &event);
            mqtt_event_finish(&event);
        }
    }
    (void)end_questions(gateway, /* all= */ true);
    return NULL;
}

enum err gateway_start(struct gateway *gateway)
{
    MUST(!gateway->started);
    static const enum bus_topic subscribed[] = {BUS_TOPIC_STATE, BUS_TOPIC_HELLO, BUS_TOPIC_REPLY,
                                                BUS_TOPIC_READING, BUS_TOPIC_EVENT};
    char topics[ARRAY_COUNT(subscribed)][BUS_TOPIC_SIZE];
    struct mqtt_config config = {.host = gateway->config.host,
                                 .port = gateway->config.port,
                                 .client_id = gateway->config.client_id,
                                 .ca_file = gateway->config.ca_path,
                                 .cert_file = gateway->config.certificate_path,
                                 .key_file = gateway->config.key_path,
                                 .keep_alive_s = KEEP_ALIVE_S,
                                 .session_expiry_s = SESSION_EXPIRY_S,
                                 .reconnect_ms_max = RECONNECT_MS_MAX,
                                 .subscription_count = ARRAY_COUNT(subscribed),
                                 .rng = *gateway->config.rng};
    for (size_t i = 0; i < ARRAY_COUNT(subscribed); i++) {
        bus_topic_format(subscribed[i], "+", topics[i]);
        config.subscriptions[i] = topics[i];
    }
    gateway_load_collectors(gateway);
    enum err err = mqtt_create(&config, &gateway->mqtt);
    if (err != OK) {
        return err;
    }
    if (!thread_start(&gateway->thread, gateway_main, gateway)) {
        return ERR_MEMORY;
    }
    gateway->started = true;
    return OK;
}

void gateway_stop(struct gateway *gateway)
{
    if (!gateway->started) {
        return;
    }
    monitor_enter(&gateway->monitor);
    gateway->stopping = true;
    monitor_leave(&gateway->monitor);
    wake(gateway);
    thread_join(&gateway->thread);
    gateway->started = false;
}
