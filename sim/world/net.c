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
    LATE_MS_MAX = 90000,
    SESSION_RETRY_MS = 5000,
    SESSION_TRIES_MAX = 120,
};

static void arrive(void *arg)
{
    struct packet *packet = arg;
    struct world *world = packet->world;
    const bool over_broker = packet->link == LINK_BROKER;
    const bool cut = world->link_down_until_ns[packet->link] > kernel_now_ns();
    const bool lost = over_broker && packet->broker_life != world->broker_life;
    if (!lost && over_broker && packet->tries < SESSION_TRIES_MAX &&
        (cut || !world_is_up(world, packet->to))) {
        packet->tries += 1;
        kernel_after(KERNEL_WORLD, SESSION_RETRY_MS * KERNEL_MS, arrive, packet);
        return;
    }
    if (cut) {
        world_count(world, FAULT_NET_PARTITION);
    } else if (!lost && world_is_up(world, packet->to)) {
        packet->deliver(world, packet);
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
    packet->tries = 0;
    packet->size = size;
    if (size > 0) {
        memcpy(packet->data, data, size);
    }
    packet->data[size] = '\0';
    int64_t delay_ms = dice_between(dice, 1, world->weather.net_ms_max);
    if (world_strikes(world, FAULT_NET_LATE, DICE_NETWORK)) {
        delay_ms += dice_between(dice, 0, LATE_MS_MAX);
    }
    kernel_after(KERNEL_WORLD, delay_ms * KERNEL_MS, arrive, packet);
}

void net_send(struct world *world, const struct packet *head, const void *data, size_t size)
{
    if (!world_strikes(world, FAULT_NET_DROP, DICE_NETWORK)) {
        post(world, head, data, size);
    }
    if (world_strikes(world, FAULT_NET_DOUBLE, DICE_NETWORK)) {
        post(world, head, data, size);
    }
}
