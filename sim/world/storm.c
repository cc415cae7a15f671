/* SPDX-License-Identifier: Apache-2.0 */
/* Disasters that have no occasion of their own: each is drawn once a minute while the storm lasts.
 */
#include "common/must.h"
#include "sim/disk/memdisk.h"
#include "sim/world/world.h"

enum {
    TURN_S = 60,
    PARTITION_S_MAX = 120,
    FULL_S_MAX = 240,
    DEAD_S_MAX = 5400,
    STEP_S_MAX = 7200,
    STEPS_MAX = 2000, /* a minute has some hundred: the cut is somewhere inside it */
    OTHER_SALE_FEN_MAX = 600000,
    OTHER_SALE_FEN = 300000, /* above what our own tenants ask for */
};

static int64_t draw(struct world *world, int64_t low, int64_t high)
{
    return dice_between(&world->dice[DICE_CRASHES], low, high);
}

static bool strikes(struct world *world, enum fault fault)
{
    return world_strikes(world, fault, DICE_CRASHES);
}

static void disk_empties(void *arg)
{
    (void)arg;
    memdisk_faults(NODE_CLOUD)->full = false;
    memdisk_faults(NODE_COLLECTOR)->full = false;
}

static void machines(struct world *world)
{
    if (strikes(world, FAULT_CLOUD_RESTARTED)) {
        cloud_restart(&world->cloud);
    }
    if (strikes(world, FAULT_CLOUD_KILLED)) {
        cloud_crash(&world->cloud, /* power= */ false);
    }
    if (strikes(world, FAULT_CLOUD_POWER)) {
        world->cut_cloud_at = kernel_steps() + (uint64_t)draw(world, 1, STEPS_MAX);
    }
    if (strikes(world, FAULT_COLLECTOR_KILLED)) {
        field_crash(&world->field, /* power= */ false);
    }
    if (strikes(world, FAULT_COLLECTOR_POWER)) {
        world->cut_collector_at = kernel_steps() + (uint64_t)draw(world, 1, STEPS_MAX);
    }
    if (strikes(world, FAULT_DISK_FULL)) {
        const int64_t node = draw(world, NODE_CLOUD, NODE_COLLECTOR);
        const int64_t wait_s = draw(world, 1, FULL_S_MAX);
        memdisk_faults((int)node)->full = true;
        kernel_after(KERNEL_WORLD, wait_s * KERNEL_S, disk_empties, world);
    }
    if (strikes(world, FAULT_CLOCK_STEP)) {
        const int64_t node = draw(world, NODE_CLOUD, NODE_COLLECTOR);
        const int64_t wall_s = draw(world, -STEP_S_MAX, STEP_S_MAX);
        kernel_wall_set((int)node, wall_s);
    }
}

static void outside(struct world *world)
{
    if (world->weather.ppm[FAULT_NET_PARTITION] > 0 &&
        dice_chance(&world->dice[DICE_CRASHES], world->weather.ppm[FAULT_NET_PARTITION])) {
        const int64_t link = draw(world, 0, LINK_COUNT - 1);
        const int64_t wait_s = draw(world, 5, PARTITION_S_MAX);
        world->link_down_until_ns[link] = kernel_now_ns() + wait_s * KERNEL_S;
        if (link == LINK_PROVIDER) {
            world->pay.down_until_ns = world->link_down_until_ns[link];
        }
    }
    if (strikes(world, FAULT_BROKER_RESTART)) {
        world->broker_life += 1;
    }
    if (strikes(world, FAULT_METER_DEAD)) {
        const int64_t index = draw(world, 0, (int64_t)world->meters.count - 1);
        const int64_t wait_s = draw(world, 1, DEAD_S_MAX);
        world->meters.dead_until_ns[index] = kernel_now_ns() + wait_s * KERNEL_S;
    }
    if (strikes(world, FAULT_METER_OTHER_SALE)) {
        const int64_t index = draw(world, 0, (int64_t)world->meters.count - 1);
        const int64_t fen = draw(world, OTHER_SALE_FEN, OTHER_SALE_FEN_MAX);
        meters_sell(&world->meters, (size_t)index, (uint32_t)fen);
    }
    if (strikes(world, FAULT_STRAY_PAYMENT)) {
        provider_pay_stray(&world->pay);
    }
    if (world->pay.trade_count > 0 && strikes(world, FAULT_REFUND_OUTSIDE)) {
        const int64_t index = draw(world, 0, (int64_t)world->pay.trade_count - 1);
        provider_refund_outside(&world->pay, &world->pay.trades[index]);
    }
}

static void turn_machines(void *arg)
{
    struct world *world = arg;
    if (world->storm) {
        machines(world);
    }
}

static void turn(void *arg)
{
    struct world *world = arg;
    if (!world->storm) {
        return;
    }
    outside(world);
    const int64_t wait_ms = draw(world, 0, (int64_t)TURN_S * 1000 - 1);
    kernel_after(KERNEL_WORLD, wait_ms * KERNEL_MS, turn_machines, world);
    kernel_after(KERNEL_WORLD, TURN_S * KERNEL_S, turn, world);
}

void storm_begin(struct world *world)
{
    kernel_after(KERNEL_WORLD, TURN_S * KERNEL_S, turn, world);
}
