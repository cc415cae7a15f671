/* SPDX-License-Identifier: Apache-2.0 */

/* The MQTT client with a real broker, without TLS (the collector's live test has that part). */
#include <signal.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/parse.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/drivers/broker.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 20000 };

static struct broker broker;
static struct mqtt *mqtt;
static struct mqtt *other;
static struct mqtt_event event;

static struct mqtt *client(const char *id, uint32_t session_expiry_s, const char *will)
{
    struct mqtt *made = NULL;
    struct mqtt_config config = {
        .host = "127.0.0.1",
        .port = broker.port,
        .client_id = id,
        .keep_alive_s = 5,
        .session_expiry_s = session_expiry_s,
        .reconnect_ms_max = 100,
        .will_topic = will,
        .will_text = "gone",
        .subscriptions = {"a/#"},
        .subscription_count = 1,
        .rng = rng_system(),
    };
    CHECK_EQ_I64(mqtt_create(&config, &made), OK);
    return made;
}

static void wait_event(struct mqtt *from, enum mqtt_event_kind kind)
{
    do {
        mqtt_event_finish(&event);
        while (!mqtt_next(from, &event)) {
            struct pollfd ready = {.fd = mqtt_fd(from), .events = POLLIN};
            CHECK(poll(&ready, 1, WAIT_MS) == 1);
        }
    } while (event.kind != kind);
}

static enum err publish(struct mqtt *from, const char *topic, const char *text, uint32_t expiry_s)
{
    struct mqtt_message message = {
        .topic = topic, .payload = text, .size = strlen(text), .expiry_s = expiry_s};
    return mqtt_publish(from, &message);
}

/* Connected says nothing of the subscription, which may still be on its way while another client
 * speaks already. A message of one's own comes back only behind it. */
static void wait_subscribed(struct mqtt *from)
{
    wait_event(from, MQTT_EVENT_CONNECTED);
    CHECK_EQ_I64(publish(from, "a/subscribed", "", 0), OK);
    wait_event(from, MQTT_EVENT_MESSAGE);
    CHECK_EQ_STR(event.topic, "a/subscribed");
}

/* The next one that is no repetition of that: what a broker's end left unconfirmed is sent once
 * more to the next broker. */
static void wait_message(struct mqtt *from)
{
    do {
        wait_event(from, MQTT_EVENT_MESSAGE);
    } while (strcmp(event.topic, "a/subscribed") == 0);
}

static void begin(void)
{
    mqtt_destroy(mqtt);
    mqtt_destroy(other);
    mqtt = NULL;
    other = NULL;
    broker_kill(&broker);
    broker.port = 0;
    CHECK(broker_start(&broker));
    mqtt = client("one", 0, NULL);
    wait_subscribed(mqtt);
}

TEST(messages_in_their_order)
{
    begin();
    char text[16];
    for (int i = 0; i < 200; i++) {
        CHECK(str_format(text, sizeof(text), "%d", i));
        CHECK_EQ_I64(publish(mqtt, "a/b", text, 0), OK);
    }
    for (int i = 0; i < 200; i++) {
        wait_event(mqtt, MQTT_EVENT_MESSAGE);
        CHECK(str_format(text, sizeof(text), "%d", i));
        CHECK_EQ_STR(event.payload, text);
        CHECK_EQ_STR(event.topic, "a/b");
    }
}

TEST(more_than_the_queue_holds_is_not_lost)
{
    begin();
    int sent = MQTT_QUEUE_MAX + 500;
    other = client("two", 0, NULL);
    wait_event(other, MQTT_EVENT_CONNECTED);
    for (int i = 0; i < sent; i++) {
        CHECK_EQ_I64(publish(mqtt, "a/b", "x", 0), OK);
        if (i % 100 == 99) {
            clock_system_wait_ms(5); /* the broker drops what it cannot hold for a slow client */
        }
    }
    int heard = 0;
    for (heard = 0; heard < sent; heard++) {
        wait_event(mqtt, MQTT_EVENT_MESSAGE);
    }
    CHECK_EQ_I64(heard, sent);
}

TEST(empty_and_binary_payloads)
{
    begin();
    struct mqtt_message message = {.topic = "a/b", .payload = "a\0b", .size = 3};
    CHECK_EQ_I64(mqtt_publish(mqtt, &message), OK);
    wait_event(mqtt, MQTT_EVENT_MESSAGE);
    CHECK_EQ_U64(event.size, 3);
    CHECK_EQ_MEM(event.payload, "a\0b", 4);
    message.size = 0;
    CHECK_EQ_I64(mqtt_publish(mqtt, &message), OK);
    wait_event(mqtt, MQTT_EVENT_MESSAGE);
    CHECK_EQ_U64(event.size, 0);
}

TEST(a_broker_that_comes_back)
{
    begin();
    broker_kill(&broker);
    wait_event(mqtt, MQTT_EVENT_DISCONNECTED);
    CHECK(event.reason[0] != '\0');
    CHECK(!mqtt_is_connected(mqtt));
    CHECK_EQ_I64(publish(mqtt, "a/b", "lost", 0), ERR_UNAVAILABLE);
    CHECK(broker_start(&broker));
    wait_event(mqtt, MQTT_EVENT_CONNECTED);
    CHECK_EQ_I64(publish(mqtt, "a/b", "kept", 0), OK); /* subscriptions are made anew */
    wait_message(mqtt);
    CHECK_EQ_STR(event.payload, "kept");
}

TEST(a_broker_that_was_never_there)
{
    begin();
    broker_kill(&broker);
    other = client("two", 0, NULL);
    wait_event(other, MQTT_EVENT_DISCONNECTED);
    CHECK(!mqtt_is_connected(other));
}

TEST(sessions_keep_messages_until_they_expire)
{
    begin();
    other = client("two", 60, NULL);
    wait_subscribed(other);
    mqtt_destroy(other);
    CHECK_EQ_I64(publish(mqtt, "a/b", "short", 1), OK);
    CHECK_EQ_I64(publish(mqtt, "a/b", "long", 60), OK);
    wait_message(mqtt);
    wait_message(mqtt); /* the broker has both */
    CHECK_EQ_STR(event.payload, "long");
    clock_system_wait_ms(2100);
    other = client("two", 60, NULL);
    wait_message(other);
    CHECK_EQ_STR(event.payload, "long");
}

/* The client that dies: this program once more, started by the next test. */
TEST(helper_that_is_killed)
{
    const char *text = getenv("MQTT_TEST_PORT");
    uint32_t number = 0;
    if (text == NULL || !parse_u32(text, 65535, &number)) {
        return;
    }
    broker.port = (uint16_t)number;
    struct mqtt *doomed = client("three", 0, "a/will");
    wait_event(doomed, MQTT_EVENT_CONNECTED);
    CHECK_EQ_I64(publish(doomed, "a/alive", "yes", 0), OK);
    clock_system_wait_ms(WAIT_MS);
}

TEST(the_will_speaks_only_for_the_dead)
{
    char text[8];
    begin();
    other = client("two", 0, "a/will");
    wait_subscribed(other);
    wait_event(mqtt, MQTT_EVENT_MESSAGE);
    CHECK_EQ_STR(event.topic, "a/subscribed"); /* the other's: nothing of it is under way */
    mqtt_destroy(other);                       /* an orderly end */
    other = NULL;
    CHECK(str_format(text, sizeof(text), "%u", (unsigned)broker.port));
    CHECK(setenv("MQTT_TEST_PORT", text, 1) == 0); /* here: behind fork() it might wait for ever
                                                      for a lock of the client's thread */
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        (void)execl("/proc/self/exe", "mqtt_test", "--filter", "helper", (char *)NULL);
        _exit(127);
    }
    wait_event(mqtt, MQTT_EVENT_MESSAGE);
    CHECK_EQ_STR(event.topic, "a/alive"); /* and no will of the orderly one before it */
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    wait_event(mqtt, MQTT_EVENT_MESSAGE);
    CHECK_EQ_STR(event.topic, "a/will");
    CHECK_EQ_STR(event.payload, "gone");
}

TEST(certificates_that_cannot_be_used)
{
    struct mqtt *made = NULL;
    struct mqtt_config config = {.host = "127.0.0.1",
                                 .port = 1,
                                 .client_id = "x",
                                 .ca_file = "/nowhere/ca.pem",
                                 .keep_alive_s = 5,
                                 .reconnect_ms_max = 100,
                                 .rng = rng_system()};
    CHECK_EQ_I64(mqtt_create(&config, &made), ERR_FORMAT);
    CHECK(made == NULL);
    mqtt_destroy(NULL);
    mqtt_destroy(mqtt);
    mqtt_destroy(other);
    mqtt_event_finish(&event);
    mqtt = NULL;
    other = NULL;
    broker_kill(&broker);
}

TEST_MAIN()
