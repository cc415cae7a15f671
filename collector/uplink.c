/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: nothing is kept in the MQTT library. On every connect the presence, a hello, all
 * unacknowledged answers and the oldest unacknowledged readings go out again; the cloud knows
 * repetitions by their id or (epoch, seq).
 */
#include "collector/uplink.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum {
    REPLIES_AT_ONCE = 64, /* the oldest first; acknowledged ones make room for the next */
    SUBSCRIPTION_COUNT = 4,
    WILL_SIZE = 32,
};

struct uplink {
    struct uplink_config config;
    struct mqtt *mqtt;
    char boot[ID_TEXT_SIZE];
    char config_version[BUS_NAME_SIZE];
    char topics[BUS_TOPIC_COUNT][BUS_TOPIC_SIZE];
    bool said_offline; /* the log has it already */

    uint64_t seq_acked;
    uint64_t seq_sent;
    int64_t readings_ms; /* since when nothing of what was sent is acknowledged */
    int64_t replies_ms;  /* when the answers were last repeated */

    struct bus_event events[UPLINK_EVENTS_MAX];
    size_t event_first;
    size_t event_count;

    char text[BUS_TEXT_SIZE_MAX];
};

static int64_t now_of(const struct uplink *uplink)
{
    return clock_mono_ms(&uplink->config.clock);
}

static enum err publish(struct uplink *uplink, enum bus_topic topic, const char *text, size_t size,
                        uint32_t expiry_s)
{
    struct mqtt_message message = {
        .topic = uplink->topics[topic],
        .payload = text,
        .size = size,
        .retain = topic == BUS_TOPIC_STATE,
        .expiry_s = expiry_s,
    };
    return mqtt_publish(uplink->mqtt, &message);
}

static void publish_state(struct uplink *uplink, bool online)
{
    struct bus_state state = {.online = online, .epoch = journal_epoch(uplink->config.journal)};
    size_t size = 0;
    MUST(str_copy(state.boot, sizeof(state.boot), uplink->boot));
    MUST(str_copy(state.version, sizeof(state.version), uplink->config.version));
    MUST(str_copy(state.config, sizeof(state.config), uplink->config_version));
    if (bus_state_encode(&state, uplink->text, sizeof(uplink->text), &size) == OK) {
        (void)publish(uplink, BUS_TOPIC_STATE, uplink->text, size, 0);
    }
}

static void publish_hello(struct uplink *uplink)
{
    struct bus_hello hello = {.epoch = journal_epoch(uplink->config.journal)};
    size_t size = 0;
    MUST(str_copy(hello.boot, sizeof(hello.boot), uplink->boot));
    MUST(str_copy(hello.config, sizeof(hello.config), uplink->config_version));
    if (bus_hello_encode(&hello, uplink->text, sizeof(uplink->text), &size) == OK) {
        (void)publish(uplink, BUS_TOPIC_HELLO, uplink->text, size, 0);
    }
}

static void publish_events(struct uplink *uplink)
{
    while (uplink->event_count > 0) {
        const struct bus_event *event = &uplink->events[uplink->event_first];
        size_t size = 0;
        if (bus_event_encode(event, uplink->text, sizeof(uplink->text), &size) == OK &&
            publish(uplink, BUS_TOPIC_EVENT, uplink->text, size, 0) == ERR_UNAVAILABLE) {
            return;
        }
        uplink->event_first = (uplink->event_first + 1) % UPLINK_EVENTS_MAX;
        uplink->event_count -= 1;
    }
}

static void publish_replies(struct uplink *uplink)
{
    int64_t row = 0;
    uplink->replies_ms = now_of(uplink);
    for (int i = 0; i < REPLIES_AT_ONCE; i++) {
        size_t size = 0;
        if (journal_reply_next(uplink->config.journal, row, &row, uplink->text,
                               sizeof(uplink->text), &size) != OK ||
            publish(uplink, BUS_TOPIC_REPLY, uplink->text, size, 0) != OK) {
            return;
        }
    }
}

void uplink_readings(struct uplink *uplink)
{
    while (mqtt_is_connected(uplink->mqtt) &&
           uplink->seq_sent < uplink->seq_acked + UPLINK_WINDOW) {
        size_t size = 0;
        uint64_t seq = 0;
        if (journal_reading_next(uplink->config.journal, uplink->seq_sent, &seq, uplink->text,
                                 sizeof(uplink->text), &size) != OK ||
            publish(uplink, BUS_TOPIC_READING, uplink->text, size, 0) != OK) {
            return;
        }
        if (uplink->seq_sent == uplink->seq_acked) {
            /* The first of a new window: what came before it is acknowledged and gone. */
            uplink->seq_acked = seq - 1;
            uplink->readings_ms = now_of(uplink);
        }
        uplink->seq_sent = seq;
    }
}

void uplink_ack(struct uplink *uplink, const struct bus_ack *ack)
{
    if (ack->epoch != journal_epoch(uplink->config.journal)) {
        return; /* of another journal: it says nothing about these readings */
    }
    if (ack->seq <= uplink->seq_acked) {
        return;
    }
    /* Never delete what was not sent, whatever the number says. */
    uint64_t seq = ack->seq < uplink->seq_sent ? ack->seq : uplink->seq_sent;
    if (journal_reading_ack(uplink->config.journal, seq) == OK) {
        uplink->seq_acked = seq;
        uplink->readings_ms = now_of(uplink);
        uplink_readings(uplink);
    }
}

static void on_connected(struct uplink *uplink)
{
    log_info("connected to the broker");
    uplink->said_offline = false;
    publish_state(uplink, true);
    publish_hello(uplink);
    publish_events(uplink);
    publish_replies(uplink);
    uplink->seq_sent = uplink->seq_acked;
    uplink_readings(uplink);
}

static void on_disconnected(struct uplink *uplink, const char *reason)
{
    if (!uplink->said_offline) {
        log_warn("no connection to the broker (%s); readings are kept, trying again", reason);
        uplink->said_offline = true;
    }
}

bool uplink_next(struct uplink *uplink, enum bus_topic *ret_topic, struct mqtt_event *ret_event)
{
    struct mqtt_event event = {0};
    while (mqtt_next(uplink->mqtt, &event)) {
        char collector[BUS_COLLECTOR_SIZE];
        switch (event.kind) {
        case MQTT_EVENT_CONNECTED:
            on_connected(uplink);
            break;
        case MQTT_EVENT_DISCONNECTED:
            on_disconnected(uplink, event.reason);
            break;
        case MQTT_EVENT_MESSAGE:
            if (bus_topic_parse(event.topic, ret_topic, collector) &&
                str_equal(collector, uplink->config.id)) {
                *ret_event = event;
                return true;
            }
            break;
        case MQTT_EVENT_COUNT:
            MUST_NOT_REACH();
        }
        mqtt_event_finish(&event);
    }
    return false;
}

void uplink_config_version_set(struct uplink *uplink, const char *version)
{
    MUST(str_copy(uplink->config_version, sizeof(uplink->config_version), version));
    publish_state(uplink, true);
}

void uplink_reply(struct uplink *uplink, const char *text, size_t size)
{
    (void)publish(uplink, BUS_TOPIC_REPLY, text, size, UPLINK_REPLY_EXPIRY_S);
}

void uplink_event(struct uplink *uplink, const struct bus_event *event)
{
    if (uplink->event_count == UPLINK_EVENTS_MAX) {
        uplink->event_first = (uplink->event_first + 1) % UPLINK_EVENTS_MAX;
        uplink->event_count -= 1;
    }
    size_t place = (uplink->event_first + uplink->event_count) % UPLINK_EVENTS_MAX;
    uplink->events[place] = *event;
    uplink->event_count += 1;
    if (mqtt_is_connected(uplink->mqtt)) {
        publish_events(uplink);
    }
}

int64_t uplink_tick(struct uplink *uplink, int64_t now_ms)
{
    if (mqtt_is_connected(uplink->mqtt)) {
        if (now_ms >= uplink->replies_ms + UPLINK_REPEAT_MS) {
            publish_replies(uplink);
        }
        bool waiting = uplink->seq_sent > uplink->seq_acked;
        if (waiting && now_ms >= uplink->readings_ms + UPLINK_REPEAT_MS) {
            uplink->seq_sent = uplink->seq_acked;
            uplink->readings_ms = now_ms;
            uplink_readings(uplink);
        }
    }
    return now_ms + UPLINK_TICK_MS;
}

enum err uplink_create(const struct uplink_config *config, struct uplink **ret_uplink)
{
    static const enum bus_topic subscribed[SUBSCRIPTION_COUNT] = {BUS_TOPIC_CONFIG, BUS_TOPIC_CMD,
                                                                  BUS_TOPIC_REPLIED, BUS_TOPIC_ACK};
    struct uplink *uplink = calloc(1, sizeof(*uplink));
    if (uplink == NULL) {
        return ERR_MEMORY;
    }
    uplink->config = *config;
    id_make(&config->rng, config->wall_ms, uplink->boot);
    for (int i = 0; i < BUS_TOPIC_COUNT; i++) {
        bus_topic_format((enum bus_topic)i, config->id, uplink->topics[i]);
    }
    struct mqtt_config *mqtt = &uplink->config.mqtt;
    char will[WILL_SIZE];
    size_t size = 0;
    struct bus_state offline = {.online = false};
    MUST(bus_state_encode(&offline, will, sizeof(will), &size) == OK);
    mqtt->client_id = config->id;
    mqtt->will_topic = uplink->topics[BUS_TOPIC_STATE];
    mqtt->will_text = will;
    mqtt->will_retain = true;
    for (size_t i = 0; i < SUBSCRIPTION_COUNT; i++) {
        mqtt->subscriptions[i] = uplink->topics[subscribed[i]];
    }
    mqtt->subscription_count = SUBSCRIPTION_COUNT;
    enum err err = mqtt_create(mqtt, &uplink->mqtt);
    if (err != OK) {
        free(uplink);
        return err;
    }
    *ret_uplink = uplink;
    return OK;
}

void uplink_destroy(struct uplink *uplink)
{
    if (uplink == NULL) {
        return;
    }
    publish_state(uplink, false);
    mqtt_destroy(uplink->mqtt);
    free(uplink);
}

int uplink_fd(const struct uplink *uplink)
{
    return mqtt_fd(uplink->mqtt);
}
