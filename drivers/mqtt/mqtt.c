/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: one thread of ours owns the connection; it alone reads and writes the socket, and it
 * alone says good-bye. Others hand it messages (which is thread safe in libmosquitto once it is
 * told that threads are used) and wake it through a descriptor. The library's own loop function is
 * not used: a DISCONNECT that another thread slips under it is now and then never sent, and then
 * the will speaks for a client that ended in order.
 * Callbacks only put events into a ring; when the ring is full the callback waits, the socket is
 * not read any more, and TCP makes the broker wait: nothing grows without bound.
 *
 * Not handled: a broker behind an address that swallows packets can hold the thread in connect()
 * for the kernel's two minutes. mqtt_destroy() then leaves the thread behind and says so by not
 * freeing what it uses; the process is about to end anyway.
 */
#include "drivers/mqtt/mqtt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"

enum {
    TURN_MS = 1000,    /* how often the library looks at its keep-alive */
    GOODBYE_MS = 1000, /* for the broker to take the farewell and close */
    RECONNECT_MS_FIRST = 1000,
    HOST_SIZE = 256,
    PAYLOAD_SIZE_MAX = 1 << 20, /* a configuration of 1,024 meters is 640 kB */
    QOS = 1,
};

struct mqtt {
    struct mosquitto *client;
    pthread_t thread;
    int ready_fd; /* counts events, for the program's poll() */
    int wake_fd;  /* something to send, or the end: the thread looks */
    int done_fd;  /* the thread is about to end */
    atomic_bool connected;
    atomic_bool stopping;

    pthread_mutex_t lock;
    pthread_cond_t room;
    struct mqtt_event ring[MQTT_QUEUE_MAX];
    size_t first;
    size_t count;

    /* read only after the start */
    char host[HOST_SIZE];
    uint16_t port;
    uint16_t keep_alive_s;
    uint32_t session_expiry_s;
    uint32_t reconnect_ms_max;
    char subscriptions[MQTT_SUBSCRIPTIONS_MAX][MQTT_TOPIC_SIZE];
    size_t subscription_count;
    struct rng_port rng;

    char refusal[MQTT_REASON_SIZE]; /* the thread's own: what the broker's CONNACK said */
};

static void signal_fd(int fd)
{
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof(one)); /* full means that it is readable already */
    (void)ignored;
}

static void lock(struct mqtt *mqtt)
{
    int failed = pthread_mutex_lock(&mqtt->lock);
    MUST(failed == 0);
}

static void unlock(struct mqtt *mqtt)
{
    int failed = pthread_mutex_unlock(&mqtt->lock);
    MUST(failed == 0);
}

/* Add an event (@own its payload); waits for room. */
static void push(struct mqtt *mqtt, struct mqtt_event *event)
{
    lock(mqtt);
    while (mqtt->count == MQTT_QUEUE_MAX && !atomic_load(&mqtt->stopping)) {
        int failed = pthread_cond_wait(&mqtt->room, &mqtt->lock);
        MUST(failed == 0);
    }
    bool added = mqtt->count < MQTT_QUEUE_MAX;
    if (added) {
        mqtt->ring[(mqtt->first + mqtt->count) % MQTT_QUEUE_MAX] = *event;
        mqtt->count += 1;
    }
    unlock(mqtt);
    if (added) {
        signal_fd(mqtt->ready_fd);
    } else {
        mqtt_event_finish(event);
    }
}

static void push_disconnected(struct mqtt *mqtt, const char *reason)
{
    struct mqtt_event event = {.kind = MQTT_EVENT_DISCONNECTED};
    str_format_cut(event.reason, sizeof(event.reason), "%s", reason);
    push(mqtt, &event);
}

static void on_connect(struct mosquitto *client, void *self, int code, int flags,
                       const mosquitto_property *properties)
{
    (void)flags;
    (void)properties;
    struct mqtt *mqtt = self;
    if (code != 0) {
        str_format_cut(mqtt->refusal, sizeof(mqtt->refusal), "the broker refuses: %s",
                       mosquitto_reason_string(code));
        return;
    }
    for (size_t i = 0; i < mqtt->subscription_count; i++) {
        (void)mosquitto_subscribe_v5(client, NULL, mqtt->subscriptions[i], QOS, 0, NULL);
    }
    atomic_store(&mqtt->connected, true);
    struct mqtt_event event = {.kind = MQTT_EVENT_CONNECTED};
    push(mqtt, &event);
}

static void on_disconnect(struct mosquitto *client, void *self, int code,
                          const mosquitto_property *properties)
{
    (void)client;
    (void)properties;
    struct mqtt *mqtt = self;
    bool was_connected = atomic_exchange(&mqtt->connected, false);
    if (was_connected) {
        const char *reason =
            code >= 0x80 ? mosquitto_reason_string(code) : mosquitto_strerror(code);
        push_disconnected(mqtt, code == 0 ? "closed" : reason);
    }
}

static void on_message(struct mosquitto *client, void *self,
                       const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    (void)client;
    (void)properties;
    struct mqtt *mqtt = self;
    struct mqtt_event event = {.kind = MQTT_EVENT_MESSAGE, .retained = message->retain};
    if (message->payloadlen < 0 || message->payloadlen > PAYLOAD_SIZE_MAX ||
        !str_copy(event.topic, sizeof(event.topic), message->topic)) {
        return; /* nothing of ours is that long */
    }
    event.size = (size_t)message->payloadlen;
    event.payload = malloc(event.size + 1);
    if (event.payload == NULL) {
        return; /* the sender repeats what matters */
    }
    if (event.size > 0) {
        memcpy(event.payload, message->payload, event.size);
    }
    event.payload[event.size] = '\0';
    push(mqtt, &event);
}

static int connect_once(struct mqtt *mqtt)
{
    mosquitto_property *properties = NULL;
    int code = MOSQ_ERR_SUCCESS;
    if (mqtt->session_expiry_s > 0) {
        code = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                            mqtt->session_expiry_s);
    }
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_connect_bind_v5(mqtt->client, mqtt->host, mqtt->port, mqtt->keep_alive_s,
                                         NULL, properties);
    }
    mosquitto_property_free_all(&properties);
    return code;
}

static const char *reason_of(const struct mqtt *mqtt, int code)
{
    if (mqtt->refusal[0] != '\0') {
        return mqtt->refusal;
    }
    return code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code);
}

/* Forget the wakes so far; whatever they announced is looked at after this. */
static void wakes_take(const struct mqtt *mqtt)
{
    uint64_t count = 0;
    ssize_t ignored = read(mqtt->wake_fd, &count, sizeof(count));
    (void)ignored;
}

/* Bytes that OpenSSL holds already: poll() does not know of them. */
static bool tls_holds_more(struct mosquitto *client)
{
    const SSL *tls = mosquitto_ssl_get(client);
    return tls != NULL && SSL_pending(tls) > 0;
}

static int read_all(struct mosquitto *client)
{
    int code = MOSQ_ERR_SUCCESS;
    do {
        code = mosquitto_loop_read(client, /* max_packets= */ 1);
    } while (code == MOSQ_ERR_SUCCESS && tls_holds_more(client));
    return code;
}

/* Wait for the broker, for something to send or for the end, and do what there is to do. */
static int turn(struct mqtt *mqtt)
{
    struct mosquitto *client = mqtt->client;
    short wanted = mosquitto_want_write(client) ? POLLIN | POLLOUT : POLLIN;
    struct pollfd fds[] = {{.fd = mosquitto_socket(client), .events = wanted},
                           {.fd = mqtt->wake_fd, .events = POLLIN}};
    (void)poll(fds, 2, TURN_MS);
    wakes_take(mqtt);
    int code = MOSQ_ERR_SUCCESS;
    if (fds[0].revents != 0) {
        code = read_all(client);
    }
    if (code == MOSQ_ERR_SUCCESS && mosquitto_want_write(client)) {
        code = mosquitto_loop_write(client, /* max_packets= */ 1);
    }
    return code == MOSQ_ERR_SUCCESS ? mosquitto_loop_misc(client) : code;
}

/*
 * Send what is waiting and a DISCONNECT behind it. The library closes the socket right behind
 * that: if an acknowledgement is still unread at that moment, the kernel resets the connection and
 * the broker never sees the DISCONNECT. So hold the socket by a second descriptor, and read on
 * until the broker closes.
 */
static void say_goodbye(struct mqtt *mqtt)
{
    struct mosquitto *client = mqtt->client;
    int held_fd = fcntl(mosquitto_socket(client), F_DUPFD_CLOEXEC, 0);
    if (held_fd < 0) {
        return; /* too many open files: the broker sees an abrupt end */
    }
    (void)mosquitto_disconnect_v5(client, 0, NULL);
    struct pollfd peer = {.fd = held_fd, .events = POLLOUT};
    while (mosquitto_socket(client) >= 0 && poll(&peer, 1, GOODBYE_MS) == 1 &&
           mosquitto_loop_write(client, /* max_packets= */ 1) == MOSQ_ERR_SUCCESS) {
        /* the library's socket is gone once the DISCONNECT has left */
    }
    char unread[512];
    peer.events = POLLIN;
    while (poll(&peer, 1, GOODBYE_MS) == 1 && read(held_fd, unread, sizeof(unread)) > 0) {
        /* what it says now concerns nobody */
    }
    (void)close(held_fd);
}

/* Connect and serve the connection until it ends. True if it had been established. */
static bool serve(struct mqtt *mqtt)
{
    mqtt->refusal[0] = '\0';
    int code = connect_once(mqtt);
    bool established = false;
    while (code == MOSQ_ERR_SUCCESS && !atomic_load(&mqtt->stopping)) {
        code = turn(mqtt);
        established = established || atomic_load(&mqtt->connected);
    }
    if (code == MOSQ_ERR_SUCCESS && established) {
        say_goodbye(mqtt);
    }
    if (atomic_exchange(&mqtt->connected, false) || !established) {
        push_disconnected(mqtt, reason_of(mqtt, code));
    }
    return established;
}

static void pause_ms(const struct mqtt *mqtt, uint32_t duration_ms)
{
    wakes_take(mqtt);
    struct pollfd wake = {.fd = mqtt->wake_fd, .events = POLLIN};
    if (!atomic_load(&mqtt->stopping)) {
        (void)poll(&wake, 1, (int)duration_ms);
    }
}

static void *run(void *self)
{
    struct mqtt *mqtt = self;
    uint32_t bound_ms = RECONNECT_MS_FIRST;
    while (!atomic_load(&mqtt->stopping)) {
        if (serve(mqtt)) {
            bound_ms = RECONNECT_MS_FIRST;
        }
        if (atomic_load(&mqtt->stopping)) {
            break;
        }
        /* Full jitter: after a broker's restart its clients must not come back in step. */
        uint32_t pause = rng_below(&mqtt->rng, bound_ms);
        pause_ms(mqtt, pause);
        bound_ms = bound_ms > mqtt->reconnect_ms_max / 2 ? mqtt->reconnect_ms_max : bound_ms * 2;
    }
    signal_fd(mqtt->done_fd);
    return NULL;
}

static enum err set_will(struct mosquitto *client, const struct mqtt_config *config)
{
    if (config->will_topic == NULL) {
        return OK;
    }
    mosquitto_property *properties = NULL;
    if (mosquitto_property_add_int32(&properties, MQTT_PROP_WILL_DELAY_INTERVAL,
                                     config->will_delay_s) != MOSQ_ERR_SUCCESS) {
        return ERR_MEMORY;
    }
    /* The library takes the properties over, but only if it succeeds. */
    if (mosquitto_will_set_v5(client, config->will_topic, (int)strlen(config->will_text),
                              config->will_text, QOS, config->will_retain,
                              properties) != MOSQ_ERR_SUCCESS) {
        mosquitto_property_free_all(&properties);
        return ERR_RANGE;
    }
    return OK;
}

static enum err set_tls(struct mosquitto *client, const struct mqtt_config *config)
{
    if (config->ca_file == NULL) {
        return OK;
    }
    int code =
        mosquitto_tls_set(client, config->ca_file, NULL, config->cert_file, config->key_file, NULL);
    if (code == MOSQ_ERR_SUCCESS) {
        code = mosquitto_tls_opts_set(client, /* verify the server= */ 1, "tlsv1.2", NULL);
    }
    return code == MOSQ_ERR_SUCCESS ? OK : ERR_FORMAT;
}

static enum err client_make(struct mqtt *mqtt, const struct mqtt_config *config)
{
    mqtt->client = mosquitto_new(config->client_id, config->session_expiry_s == 0, mqtt);
    if (mqtt->client == NULL) {
        return ERR_MEMORY;
    }
    struct mosquitto *client = mqtt->client;
    if (mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) != 0 ||
        mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) != 0 ||
        mosquitto_threaded_set(client, true) != 0) {
        return ERR_INTERNAL;
    }
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_disconnect_v5_callback_set(client, on_disconnect);
    mosquitto_message_v5_callback_set(client, on_message);
    enum err err = set_will(client, config);
    return err == OK ? set_tls(client, config) : err;
}

static enum err config_copy(struct mqtt *mqtt, const struct mqtt_config *config)
{
    MUST(config->subscription_count <= MQTT_SUBSCRIPTIONS_MAX);
    MUST(config->reconnect_ms_max > 0);
    if (!str_copy(mqtt->host, sizeof(mqtt->host), config->host)) {
        return ERR_RANGE;
    }
    mqtt->port = config->port;
    mqtt->keep_alive_s = config->keep_alive_s;
    mqtt->session_expiry_s = config->session_expiry_s;
    mqtt->reconnect_ms_max = config->reconnect_ms_max;
    mqtt->rng = config->rng;
    for (size_t i = 0; i < config->subscription_count; i++) {
        if (!str_copy(mqtt->subscriptions[i], MQTT_TOPIC_SIZE, config->subscriptions[i])) {
            return ERR_RANGE;
        }
    }
    mqtt->subscription_count = config->subscription_count;
    return OK;
}

/* Everything that the thread does not need to be alive for. */
static void release(struct mqtt *mqtt)
{
    if (mqtt->client != NULL) {
        mosquitto_destroy(mqtt->client);
    }
    for (; mqtt->count > 0; mqtt->count--) {
        mqtt_event_finish(&mqtt->ring[mqtt->first]);
        mqtt->first = (mqtt->first + 1) % MQTT_QUEUE_MAX;
    }
    (void)close(mqtt->ready_fd);
    (void)close(mqtt->wake_fd);
    (void)close(mqtt->done_fd);
    (void)pthread_cond_destroy(&mqtt->room);
    (void)pthread_mutex_destroy(&mqtt->lock);
    (void)mosquitto_lib_cleanup();
    free(mqtt);
}

enum err mqtt_create(const struct mqtt_config *config, struct mqtt **ret_mqtt)
{
    struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
    if (mqtt == NULL) {
        return ERR_MEMORY;
    }
    int failed = mosquitto_lib_init();
    MUST(failed == 0);
    failed = pthread_mutex_init(&mqtt->lock, NULL);
    MUST(failed == 0);
    failed = pthread_cond_init(&mqtt->room, NULL);
    MUST(failed == 0);
    mqtt->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mqtt->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mqtt->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool opened = mqtt->ready_fd >= 0 && mqtt->wake_fd >= 0 && mqtt->done_fd >= 0;
    enum err err = opened ? config_copy(mqtt, config) : ERR_IO;
    if (err == OK) {
        err = client_make(mqtt, config);
    }
    if (err == OK && pthread_create(&mqtt->thread, NULL, run, mqtt) != 0) {
        err = ERR_MEMORY;
    }
    if (err != OK) {
        release(mqtt);
        return err;
    }
    *ret_mqtt = mqtt;
    return OK;
}

int mqtt_fd(const struct mqtt *mqtt)
{
    return mqtt->ready_fd;
}

bool mqtt_next(struct mqtt *mqtt, struct mqtt_event *ret_event)
{
    lock(mqtt);
    bool found = mqtt->count > 0;
    if (found) {
        *ret_event = mqtt->ring[mqtt->first];
        mqtt->first = (mqtt->first + 1) % MQTT_QUEUE_MAX;
        mqtt->count -= 1;
        int failed = pthread_cond_signal(&mqtt->room);
        MUST(failed == 0);
    } else {
        /* Reset the descriptor under the lock, so that no event can slip in between. */
        uint64_t count = 0;
        ssize_t ignored = read(mqtt->ready_fd, &count, sizeof(count));
        (void)ignored;
    }
    unlock(mqtt);
    return found;
}

void mqtt_event_finish(struct mqtt_event *event)
{
    free(event->payload);
    event->payload = NULL;
}

bool mqtt_is_connected(const struct mqtt *mqtt)
{
    return atomic_load(&mqtt->connected);
}

/* True if the library has thrown the message away. Without a connection or without memory it may
 * have kept it, and sends it after the next connect: then nobody may say that it was not sent. */
static bool is_refused(int code)
{
    return code != MOSQ_ERR_SUCCESS && code != MOSQ_ERR_NO_CONN && code != MOSQ_ERR_CONN_LOST &&
           code != MOSQ_ERR_NOMEM;
}

enum err mqtt_publish(struct mqtt *mqtt, const struct mqtt_message *message)
{
    if (message->size > PAYLOAD_SIZE_MAX || strlen(message->topic) >= MQTT_TOPIC_SIZE) {
        return ERR_RANGE;
    }
    if (!mqtt_is_connected(mqtt)) {
        return ERR_UNAVAILABLE;
    }
    mosquitto_property *properties = NULL;
    if (message->expiry_s > 0 &&
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     message->expiry_s) != MOSQ_ERR_SUCCESS) {
        return ERR_MEMORY;
    }
    int code = mosquitto_publish_v5(mqtt->client, NULL, message->topic, (int)message->size,
                                    message->payload, QOS, message->retain, properties);
    mosquitto_property_free_all(&properties);
    if (is_refused(code)) {
        return ERR_RANGE;
    }
    signal_fd(mqtt->wake_fd);
    return OK;
}

void mqtt_destroy(struct mqtt *mqtt)
{
    if (mqtt == NULL) {
        return;
    }
    atomic_store(&mqtt->stopping, true);
    signal_fd(mqtt->wake_fd);
    lock(mqtt);
    int failed = pthread_cond_broadcast(&mqtt->room);
    MUST(failed == 0);
    unlock(mqtt);
    struct pollfd done = {.fd = mqtt->done_fd, .events = POLLIN};
    if (poll(&done, 1, MQTT_CLOSE_TIMEOUT_MS) != 1) {
        (void)pthread_detach(mqtt->thread);
        return; /* it sits in connect(); what it uses must stay */
    }
    failed = pthread_join(mqtt->thread, NULL);
    MUST(failed == 0);
    release(mqtt);
}
