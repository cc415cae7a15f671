/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/power.h"

#include "common/str.h"
#include "sim/world/world.h"

static const struct terminal *terminal_of(const struct world *world, uint32_t index)
{
    return world->carded != NULL ? &world->carded->tills[index].terminal
                                 : &world->kiosks[index].terminal;
}

bool power_exists(const struct world_config *config, uint32_t machine)
{
    if (machine == POWER_COLLECTOR) {
        return !config->cards;
    }
    return machine < POWER_TERMINAL + config->kiosks;
}

bool power_is_on(const struct world *world, uint32_t machine)
{
    if (machine == POWER_CLOUD) {
        return world->cloud.running;
    }
    if (machine == POWER_COLLECTOR) {
        return world->field.life != NULL;
    }
    return terminal_of(world, machine - POWER_TERMINAL)->on;
}

void power_cut(struct world *world, uint32_t machine)
{
    world->cuts += 1;
    if (machine == POWER_CLOUD) {
        cloud_crash(&world->cloud, /* power= */ true);
    } else if (machine == POWER_COLLECTOR) {
        field_crash(&world->field, /* power= */ true);
    } else if (world->carded != NULL) {
        till_cut(&world->carded->tills[machine - POWER_TERMINAL]);
    } else {
        kiosk_cut(&world->kiosks[machine - POWER_TERMINAL]);
    }
}

void power_step(struct world *world)
{
    struct power_plan *plan = &world->planned;
    if (plan->steps > 0 && !world->over && power_is_on(world, plan->machine)) {
        plan->steps -= 1;
        if (plan->steps == 0) {
            power_cut(world, plan->machine);
        }
    }
}

void power_name(uint32_t machine, char ret_name[POWER_NAME_SIZE])
{
    if (machine < POWER_TERMINAL) {
        str_format_cut(ret_name, POWER_NAME_SIZE, "%s",
                       machine == POWER_CLOUD ? "cloud" : "collector");
    } else {
        str_format_cut(ret_name, POWER_NAME_SIZE, "k%u", machine - POWER_TERMINAL + 1);
    }
}

bool power_find(const char *name, uint32_t *ret_machine)
{
    for (uint32_t machine = 0; machine < POWER_MACHINES; machine++) {
        char known[POWER_NAME_SIZE];
        power_name(machine, known);
        if (str_equal(name, known)) {
            *ret_machine = machine;
            return true;
        }
    }
    return false;
}
