/* SPDX-License-Identifier: Apache-2.0 */

/* The cloud's side of the world: what it hears on the broker, and what it says. */
#include <string.h>

#include <poll.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "protocol/bus/topic.h"
#include "tests/unit/collector/world.h"
#include "tests/unit/collector/world_parts.h"

enum { STEP_MS = 20 };

struct mqtt *world_connect(struct world *world, const char *identity, bool as_collector)
{
    char ca[WORLD_PATH_SIZE];
    char cert[WORLD_PATH_SIZE];
    char key[WORLD_PATH_SIZE];
    char file[64];
    struct mqtt *mqtt = NULL;
    MUST(str_format(file, sizeof(file), "%s.pem", identity));
    (void)world_path(world, file, cert);
    MUST(str_format(file, sizeof(file), "%s.key", identity));
    (void)world_path(world, file, key);
    struct mqtt_config config = {
        .host = "127.0.0.1",
        .port = as_collector ? world->collector_port : world->cloud_port,
        .client_id = identity,
        .ca_file = world_path(world, "ca.pem", ca),
        .cert_file = cert,
        .key_file = key,
        .keep_alive_s = 5,
        .reconnect_ms_max = 200,
        .subscriptions = {as_collector ? "down/#" : "up/#"},
        .subscription_count = 1,
        .rng = rng_system(),
    };
    MUST(mqtt_create(&config, &mqtt) == OK);
    return mqtt;
}

/* The next message within the time; false: none. */
static bool hear(struct world *world, int64_t until_ms)
{
    struct clock_port clock = clock_system();
    mqtt_event_finish(&world->event);
    for (;;) {
        while (mqtt_next(world->cloud, &world->event)) {
            if (world->event.kind == MQTT_EVENT_MESSAGE) {
                return true;
            }
        }
        int64_t left_ms = until_ms - clock_mono_ms(&clock);
        struct pollfd ready = {.fd = mqtt_fd(world->cloud), .events = POLLIN};
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0) {
            return false;
        }
    }
}

static int64_t deadline_in(int ms)
{
    struct clock_port clock = clock_system();
    return clock_mono_ms(&clock) + ms;
}

static bool topic_is(const struct world *world, enum bus_topic wanted)
{
    enum bus_topic topic = BUS_TOPIC_COUNT;
    char collector[BUS_COLLECTOR_SIZE];
    return bus_topic_parse(world->event.topic, &topic, collector) && topic == wanted &&
           str_equal(collector, WORLD_COLLECTOR);
}

void world_wait_state(struct world *world, bool online, struct bus_state *ret_state)
{
    int64_t until_ms = deadline_in(WORLD_WAIT_MS);
    struct bus_fault fault;
    while (hear(world, until_ms)) {
        if (topic_is(world, BUS_TOPIC_STATE) &&
            bus_state_decode(world->event.payload, world->event.size, ret_state, &fault) == OK &&
            ret_state->online == online) {
            return;
        }
    }
    world_fail("no such presence", online ? "online" : "offline");
}

bool world_hears_reply(struct world *world, const char *id, int ms, struct bus_reply *ret_reply)
{
    int64_t until_ms = deadline_in(ms);
    struct bus_fault fault;
    while (hear(world, until_ms)) {
        if (topic_is(world, BUS_TOPIC_REPLY)) {
            enum err err =
                bus_reply_decode(world->event.payload, world->event.size, ret_reply, &fault);
            if (err != OK) {
                world_fail("a reply that cannot be read", world->event.payload);
            }
            if (str_equal(ret_reply->id, id)) {
                return true;
            }
        }
    }
    return false;
}

void world_wait_reply(struct world *world, const char *id, struct bus_reply *ret_reply)
{
    if (!world_hears_reply(world, id, WORLD_WAIT_MS, ret_reply)) {
        world_fail("no reply", id);
    }
}

void world_wait_reading(struct world *world, uint64_t seq_min, struct bus_readings *ret_readings)
{
    int64_t until_ms = deadline_in(WORLD_WAIT_MS);
    struct bus_fault fault;
    while (hear(world, until_ms)) {
        if (topic_is(world, BUS_TOPIC_READING) &&
            bus_readings_decode(world->event.payload, world->event.size, ret_readings, &fault) ==
                OK &&
            ret_readings->seq >= seq_min) {
            return;
        }
    }
    world_fail("no reading", "");
}

void world_wait_event(struct world *world, const char *kind, struct bus_event *ret_event)
{
    int64_t until_ms = deadline_in(WORLD_WAIT_MS);
    struct bus_fault fault;
    while (hear(world, until_ms)) {
        if (topic_is(world, BUS_TOPIC_EVENT) &&
            bus_event_decode(world->event.payload, world->event.size, ret_event, &fault) == OK &&
            str_equal(ret_event->kind, kind)) {
            return;
        }
    }
    world_fail("no event", kind);
}

void world_say(struct world *world, const char *what, const char *text)
{
    char topic[MQTT_TOPIC_SIZE];
    MUST(str_format(topic, sizeof(topic), "down/%s/%s", WORLD_COLLECTOR, what));
    struct mqtt_message message = {
        .topic = topic, .payload = text, .size = strlen(text), .expiry_s = 60};
    int64_t until_ms = deadline_in(WORLD_WAIT_MS);
    struct clock_port clock = clock_system();
    while (mqtt_publish(world->cloud, &message) != OK) {
        if (clock_mono_ms(&clock) > until_ms) {
            world_fail("cannot publish", topic);
        }
        clock_system_wait_ms(STEP_MS);
    }
}

void world_say_command(struct world *world, const struct bus_command *command)
{
    static char text[BUS_TEXT_SIZE_MAX];
    size_t size = 0;
    MUST(bus_command_encode(command, text, sizeof(text), &size) == OK);
    world_say(world, "cmd", text);
}

void world_ack(struct world *world, uint32_t epoch, uint64_t seq)
{
    char text[64];
    size_t size = 0;
    struct bus_ack ack = {.epoch = epoch, .seq = seq};
    MUST(bus_ack_encode(&ack, text, sizeof(text), &size) == OK);
    world_say(world, "ack", text);
}
