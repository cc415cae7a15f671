/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_MQTT_MQTT_H
#define SHILLING_DRIVERS_MQTT_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"

/*
 * An MQTT 5 client on libmosquitto that fits a poll() loop: a thread of its own connects,
 * reconnects with jitter and receives; what it receives waits in a queue behind a descriptor, and
 * the program takes it when its turn comes. Everything is QoS 1.
 *
 * Two facts shape its use (measured with Debian's mosquitto 2.0.11): the broker's acknowledgement
 * is not durable, and the library acknowledges before it hands a message over. So a delivery proves
 * nothing: what must not be lost is kept by its sender until the other program says so.
 */
struct mqtt;

enum {
    MQTT_TOPIC_SIZE = 128,
    MQTT_QUEUE_MAX = 1024, /* events waiting; then the thread waits, and so the broker */
    MQTT_SUBSCRIPTIONS_MAX = 16,
    MQTT_REASON_SIZE = 128,
    MQTT_CLOSE_TIMEOUT_MS = 3000, /* for the last messages when a client ends */
};

struct mqtt_config {
    const char *host; /* all texts are copied */
    uint16_t port;
    const char *client_id;
    const char *ca_file;   /* NULL: without TLS, for a broker on the same machine only */
    const char *cert_file; /* the client's certificate and key, PEM; NULL: none */
    const char *key_file;
    uint16_t keep_alive_s;     /* 5..3600 */
    uint32_t session_expiry_s; /* the broker keeps subscriptions and messages; 0: a clean start */
    uint32_t reconnect_ms_max; /* pauses are drawn from 0..1 s at first, doubling up to this */
    const char *will_topic;    /* NULL: no will */
    const char *will_text;
    uint32_t will_delay_s;
    bool will_retain;
    const char *subscriptions[MQTT_SUBSCRIPTIONS_MAX]; /* made anew on every connect */
    size_t subscription_count;
    struct rng_port rng; /* for the jitter; used on the client's thread */
};

enum mqtt_event_kind {
    MQTT_EVENT_CONNECTED,    /* subscriptions are on their way before anything you publish now */
    MQTT_EVENT_DISCONNECTED, /* or a try to connect failed: reason says why */
    MQTT_EVENT_MESSAGE,
    MQTT_EVENT_COUNT
};

struct mqtt_event {
    enum mqtt_event_kind kind;
    char reason[MQTT_REASON_SIZE];
    char topic[MQTT_TOPIC_SIZE];
    bool retained;
    char *payload; /* @own: free it with mqtt_event_finish(); ends in NUL beyond its size */
    size_t size;
};

struct mqtt_message {
    const char *topic;
    const char *payload;
    size_t size;
    bool retain;
    uint32_t expiry_s; /* the broker drops it after this; 0: never */
};

/**
 * Make a client and start its thread, which connects at once.
 * @return ERR_FORMAT (certificate or key cannot be used), ERR_MEMORY, ERR_IO
 * Blocks: no. Allocates: yes.
 */
MUST_CHECK enum err mqtt_create(const struct mqtt_config *config, struct mqtt **ret_mqtt);

/** For poll(): readable while mqtt_next() has something. Blocks: no. Allocates: no. */
int mqtt_fd(const struct mqtt *mqtt);

/** The next event; false if there is none. Blocks: no. Allocates: no. */
MUST_CHECK bool mqtt_next(struct mqtt *mqtt, struct mqtt_event *ret_event);

/** Release what an event owns. Blocks: no. Allocates: no. */
void mqtt_event_finish(struct mqtt_event *event);

/** True between CONNECTED and DISCONNECTED. Any thread. Blocks: no. Allocates: no. */
bool mqtt_is_connected(const struct mqtt *mqtt);

/**
 * Hand a message over for sending. Any thread. OK says that it may arrive, now or after the next
 * connect, once or twice; any error says that it never will.
 * @return ERR_UNAVAILABLE while not connected (nothing is kept: send it again on CONNECTED),
 *         ERR_RANGE (topic or size, or the broker takes none like it), ERR_MEMORY
 * Blocks: no. Allocates: yes.
 */
MUST_CHECK enum err mqtt_publish(struct mqtt *mqtt, const struct mqtt_message *message);

/**
 * Disconnect in an orderly way (the will is not sent) and free everything; NULL is fine. Messages
 * handed over before are still sent.
 * Blocks: at most MQTT_CLOSE_TIMEOUT_MS. Allocates: no.
 */
void mqtt_destroy(struct mqtt *mqtt);

#endif
