/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/gateway_double.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/world/gateway_canary.h"
#include "sim/world/ingest.h"
#include "sim/world/world.h"

/* As cloud/meters/gateway.c has it: a question's id is a UUID of version 8, all others of 7. */
enum { ID_VERSION_AT = 14, ID_VERSION_QUESTION = '8' };

enum { DISK_DIES_MS_MAX = 5000, STATE_RETRY_S = 5 };

void gateway_double_reset(struct gateway *gateway)
{
    gateway->sink = NULL;
    gateway->online = false;
    gateway->epoch = 0;
    gateway->run = 0;
    memset(gateway->questions, 0, sizeof(gateway->questions));
}

static void learn(struct gateway *gateway)
{
    gateway->online = gateway->retained;
    gateway->epoch = gateway->retained_epoch;
    gateway->run = gateway->retained_run;
}

void gateway_double_connected(struct gateway *gateway)
{
    learn(gateway);
}

/* ---- from the collector ---- */

/* The broker retains it, so it may come late, but it does come. */
static void state_due(void *arg)
{
    struct world *world = arg;
    if (world->link_down_until_ns[LINK_BROKER] > kernel_now_ns()) {
        kernel_after(KERNEL_WORLD, STATE_RETRY_S * KERNEL_S, state_due, world);
    } else {
        learn(&world->gateway);
    }
}

void gateway_double_state(struct world *world, uint32_t epoch)
{
    const int64_t delay_ms = dice_between(&world->dice[DICE_NETWORK], 1, world->weather.net_ms_max);
    world->gateway.retained = true;
    world->gateway.retained_epoch = epoch;
    world->gateway.retained_run += 1;
    kernel_after(KERNEL_WORLD, delay_ms * KERNEL_MS, state_due, world);
}

static struct gateway_question *find_question(struct gateway *gateway, const char *id)
{
    for (size_t i = 0; i < GATEWAY_DOUBLE_QUESTIONS; i++) {
        if (str_equal(gateway->questions[i].id, id)) {
            return &gateway->questions[i];
        }
    }
    return NULL;
}

struct incoming {
    struct world *world;
    struct bus_reply reply;
};

/* In a fiber of the server, as the gateway's thread would be. */
static void handle_reply(void *arg)
{
    struct incoming *incoming = arg;
    struct gateway *gateway = &incoming->world->gateway;
    struct gateway_question *question = find_question(gateway, incoming->reply.id);
    if (question != NULL) {
        const struct gateway_question asked = *question;
        question->id[0] = '\0';
        asked.answer(asked.self, &incoming->reply, OK);
    } else if (gateway->sink != NULL && incoming->reply.id[ID_VERSION_AT] != ID_VERSION_QUESTION) {
        gateway->sink(gateway->sink_self, "col1", &incoming->reply);
    }
    free(incoming);
}

static void reply_arrived(struct world *world, const struct packet *packet)
{
    struct bus_fault fault;
    struct incoming *incoming = malloc(sizeof(*incoming));
    MUST(incoming != NULL);
    incoming->world = world;
    enum err err =
        bus_reply_decode((const char *)packet->data, packet->size, &incoming->reply, &fault);
    MUST(err == OK);
    gateway_canary_reply(world, &incoming->reply);
    (void)kernel_spawn(NODE_CLOUD, handle_reply, incoming);
}

void gateway_double_reply(struct world *world, const char *text, size_t size)
{
    const struct packet head = {.link = LINK_BROKER, .to = NODE_CLOUD, .deliver = reply_arrived};
    net_send(world, &head, text, size);
}

/* ---- readings ---- */

struct text {
    size_t size;
    char bytes[];
};

static void handle_reading(void *arg)
{
    struct text *text = arg;
    ingest_take(text->bytes, text->size);
    free(text);
}

static void reading_arrived(struct world *world, const struct packet *packet)
{
    struct text *text = malloc(sizeof(*text) + packet->size + 1);
    (void)world;
    MUST(text != NULL);
    text->size = packet->size;
    memcpy(text->bytes, packet->data, packet->size + 1);
    (void)kernel_spawn(NODE_CLOUD, handle_reading, text);
}

void gateway_double_reading(struct world *world, const char *text, size_t size)
{
    const struct packet head = {.link = LINK_BROKER, .to = NODE_CLOUD, .deliver = reading_arrived};
    net_send(world, &head, text, size);
}

static void ack_arrived(struct world *world, const struct packet *packet)
{
    field_receive(&world->field, packet->data, packet->size, FIELD_ACK);
}

void gateway_double_acknowledge(void *world, const char *text, size_t size)
{
    const struct packet head = {.link = LINK_BROKER, .to = NODE_COLLECTOR, .deliver = ack_arrived};
    net_send(world, &head, text, size);
}

/* ---- to the collector ---- */

static void command_arrived(struct world *world, const struct packet *packet)
{
    field_receive(&world->field, packet->data, packet->size, FIELD_COMMAND);
}

static void replied_arrived(struct world *world, const struct packet *packet)
{
    field_receive(&world->field, packet->data, packet->size, FIELD_REPLIED);
}

void gateway_double_publish(struct world *world, const struct bus_command *command)
{
    size_t size = 0;
    const struct packet head = {
        .link = LINK_BROKER, .to = NODE_COLLECTOR, .deliver = command_arrived};
    char *text = malloc(BUS_TEXT_SIZE_MAX);
    MUST(text != NULL);
    enum err err = bus_command_encode(command, text, BUS_TEXT_SIZE_MAX, &size);
    MUST(err == OK);
    net_send(world, &head, text, size);
    free(text);
}

/* ---- cloud/meters/gateway.h ---- */

void gateway_set_sink(struct gateway *gateway, gateway_sink sink, void *self)
{
    gateway->sink = sink;
    gateway->sink_self = self;
}

enum err gateway_collector_get(struct gateway *gateway, const char *collector_id,
                               struct gateway_collector *ret_collector)
{
    (void)collector_id;
    *ret_collector = (struct gateway_collector){
        .online = gateway->online, .trusted = true, .epoch = gateway->epoch};
    return gateway->run == 0 || str_format(ret_collector->boot, sizeof(ret_collector->boot),
                                           "00000000-0000-7000-8000-%012u", (unsigned)gateway->run)
               ? OK
               : ERR_RANGE;
}

struct deadline {
    struct gateway *gateway;
    char id[ID_TEXT_SIZE];
};

static void give_up(void *arg)
{
    struct deadline *deadline = arg;
    struct gateway_question *question = find_question(deadline->gateway, deadline->id);
    if (question != NULL) {
        const struct gateway_question asked = *question;
        question->id[0] = '\0';
        asked.answer(asked.self, NULL, ERR_TIMEOUT);
    }
    free(deadline);
}

static void on_deadline(void *arg)
{
    (void)kernel_spawn(NODE_CLOUD, give_up, arg);
}

enum err gateway_ask(struct gateway *gateway, const char *collector_id,
                     const struct bus_command *command, gateway_answer answer, void *self)
{
    (void)collector_id;
    struct gateway_question *place = find_question(gateway, "");
    if (!gateway->online) {
        return ERR_UNAVAILABLE;
    }
    MUST(place != NULL);
    *place = (struct gateway_question){.answer = answer, .self = self};
    struct bus_command marked = *command;
    marked.id[ID_VERSION_AT] = ID_VERSION_QUESTION;
    str_format_cut(place->id, sizeof(place->id), "%s", marked.id);
    gateway_double_publish(gateway->world, &marked);
    struct deadline *deadline = calloc(1, sizeof(*deadline));
    MUST(deadline != NULL);
    deadline->gateway = gateway;
    str_format_cut(deadline->id, sizeof(deadline->id), "%s", marked.id);
    kernel_after(NODE_CLOUD, (int64_t)command->deadline_ms * KERNEL_MS, on_deadline, deadline);
    return OK;
}

/* A disk dies when it has something to remember. */
static void disk_dies(void *arg)
{
    struct world *world = arg;
    field_lose_disk(&world->field);
}

enum err gateway_send(struct gateway *gateway, const char *collector_id,
                      const struct bus_command *command)
{
    (void)collector_id;
    if (!gateway->online) {
        return ERR_UNAVAILABLE;
    }
    if (world_strikes(gateway->world, FAULT_COLLECTOR_DISK, DICE_CRASHES)) {
        const int64_t wait_ms =
            dice_between(&gateway->world->dice[DICE_CRASHES], 1, DISK_DIES_MS_MAX);
        kernel_after(KERNEL_WORLD, wait_ms * KERNEL_MS, disk_dies, gateway->world);
    }
    struct bus_command sent = *command;
    if (!gateway_canary_send(gateway->world, &sent)) {
        gateway_double_publish(gateway->world, &sent);
    }
    return OK;
}

void gateway_confirm(struct gateway *gateway, const char *collector_id, const char *command_id)
{
    char text[BUS_FIELD_SIZE + ID_TEXT_SIZE];
    size_t size = 0;
    const struct packet head = {
        .link = LINK_BROKER, .to = NODE_COLLECTOR, .deliver = replied_arrived};
    (void)collector_id;
    MUST(bus_replied_encode(command_id, text, sizeof(text), &size) == OK);
    net_send(gateway->world, &head, text, size);
}
