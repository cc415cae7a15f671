/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is a copy that arrives later, twice, or not at all. What goes over the broker waits
 * there while its receiver is down, as a session does, unless the broker itself forgets.
 */
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "sim/world/world.h"

enum {
    GATE_MS = 100,  /* until a message that was held back tries again */
    COPIES_MAX = 2, /* beside the message itself */
    LATE_MS_MIN = 500,
    LATE_MS_MAX = 5000,
    VERY_LATE_MS_MAX = 90000,
    VERY_LATE_PPM = 250000, /* of the late ones */
    SESSION_RETRY_MS = 5000,
    SESSION_TRIES_MAX = 120,
};

static struct flow *flow_of(struct world *world, const struct packet *packet)
{
    const size_t direction = packet->to == NODE_CLOUD ? 0 : 1;
    MUST(packet->peer < FLOW_PEERS_MAX);
    return &world->flows[((size_t)packet->link * FLOW_PEERS_MAX + packet->peer) * 2 + direction];
}

static void deliver(struct world *world, const struct packet *packet)
{
    struct flow *flow = flow_of(world, packet);
    if (packet->number < flow->newest) {
        world_count(world, FAULT_NET_OVERTAKEN);
    } else {
        flow->newest = packet->number;
    }
    packet->deliver(world, packet);
}

static void arrive(void *arg)
{
    struct packet *packet = arg;
    struct world *world = packet->world;
    const bool over_broker = packet->link == LINK_BROKER;
    const bool cut = world->link_down_until_ns[packet->link] > kernel_now_ns();
    const bool lost = over_broker && packet->broker_life != world->broker_life;
    if (cut && !lost) {
        world_count(world, FAULT_NET_PARTITION); /* each time that it is stopped */
    }
    if (!lost && over_broker && packet->tries < SESSION_TRIES_MAX &&
        (cut || !world_is_up(world, packet->to))) {
        packet->tries += 1;
        kernel_after(KERNEL_WORLD, SESSION_RETRY_MS * KERNEL_MS, arrive, packet);
        return;
    }
    if (!lost && !cut && world_is_up(world, packet->to) && gate_holds_packet(world, packet)) {
        kernel_after(KERNEL_WORLD, GATE_MS * KERNEL_MS, arrive, packet);
        return;
    }
    if (lost) {
        world_count(world, FAULT_BROKER_LOST);
    } else if (!cut && world_is_up(world, packet->to)) {
        deliver(world, packet);
    }
    free(packet);
}

static void post(struct world *world, const struct packet *head, const void *data, size_t size)
{
    struct packet *packet = malloc(sizeof(*packet) + size + 1);
    struct dice *dice = &world->dice[DICE_NETWORK];
    MUST(packet != NULL);
    *packet = *head;
    packet->world = world;
    packet->broker_life = world->broker_life;
    packet->number = ++flow_of(world, packet)->sent;
    packet->tries = 0;
    packet->size = size;
    if (size > 0) {
        memcpy(packet->data, data, size);
    }
    packet->data[size] = '\0';
    int64_t delay_ms = dice_between(dice, 1, world->weather.net_ms_max);
    if (world_strikes(world, FAULT_NET_LATE, DICE_NETWORK)) {
        const bool very = dice_chance(dice, VERY_LATE_PPM);
        delay_ms += dice_between(dice, LATE_MS_MIN, very ? VERY_LATE_MS_MAX : LATE_MS_MAX);
    }
    kernel_after(KERNEL_WORLD, delay_ms * KERNEL_MS, arrive, packet);
}

void net_send(struct world *world, const struct packet *head, const void *data, size_t size)
{
    if (!world_strikes(world, FAULT_NET_DROP, DICE_NETWORK)) {
        post(world, head, data, size);
    }
    for (int i = 0; i < COPIES_MAX && world_strikes(world, FAULT_NET_DOUBLE, DICE_NETWORK); i++) {
        post(world, head, data, size);
    }
}
