/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/buffered.h"

#include <string.h>

#include "common/must.h"
#include "emulators/meterbus/answer.h"
#include "sim/world/world.h"

enum {
    DI_RECHARGE = 0x070102FF,
    HELD_MS_MAX = 1500000, /* far above the quiet time, far below what people call a proof */
    UP_S_MAX = 3600,
};

static enum err tell_server(struct db *db, void *arg)
{
    (void)arg;
    return sql_run(
        sql_begin(db, "UPDATE meter_profile SET buffered_link = 1 WHERE profile_id = 'p4'"));
}

static void tell_main(void *arg);

static void tell_again(void *arg)
{
    struct world *world = arg;
    if (world->cloud.up) {
        (void)kernel_spawn(NODE_CLOUD, tell_main, world);
    } else {
        kernel_after(KERNEL_WORLD, KERNEL_S, tell_again, world);
    }
}

/* A disk that fails at that moment takes the server down: then it is told again. */
static void tell_main(void *arg)
{
    struct world *world = arg;
    if (store_run(world->cloud.store, tell_server, NULL) != OK) {
        kernel_after(KERNEL_WORLD, KERNEL_S, tell_again, world);
    }
}

void buffered_begin(struct world *world)
{
    if (!world->weather.links_hold || canary_is(CANARY_LINK_BELIEVED)) {
        return;
    }
    for (int i = 0; i < UP_S_MAX && !world->cloud.up; i++) {
        kernel_run(kernel_now_ns() + KERNEL_S);
    }
    MUST(world->cloud.up);
    (void)kernel_spawn(NODE_CLOUD, tell_main, world);
    kernel_run(kernel_now_ns() + KERNEL_S);
}

int64_t buffered_held_ms(struct meters *meters, const uint8_t *bytes, size_t size)
{
    struct world *world = meters->world;
    struct frame_scanner scanner = {.size = 0};
    struct frame request;
    bool whole = false;
    if (!world->weather.links_hold || meters->count <= BUFFERED_ROOM) {
        return 0;
    }
    for (size_t i = 0; i < size && !whole; i++) {
        whole = frame_scanner_take(&scanner, bytes[i], &request);
    }
    const struct meter *meter = meters->list[BUFFERED_ROOM];
    /* Only what moves money: a late reading is but one that is lost. */
    const bool there = whole && frame_di(&request) == DI_RECHARGE &&
                       memcmp(request.address, meter->address, FRAME_ADDRESS_SIZE) == 0;
    if (!there || !world_strikes(world, FAULT_LINK_HOLDS, DICE_METERS)) {
        return 0;
    }
    const int64_t held_ms = dice_between(&world->dice[DICE_METERS], 1000, HELD_MS_MAX);
    kernel_trace("link holds", "", BUFFERED_ROOM, held_ms);
    return held_ms;
}
