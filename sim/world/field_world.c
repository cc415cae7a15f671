/* SPDX-License-Identifier: Apache-2.0 */
#include "common/must.h"
#include "sim/world/world.h"

enum { DOWN_MS_MIN = 500, DOWN_MS_MAX = 60000 };

void field_reply(struct field *field, const char *text, size_t size)
{
    gateway_double_reply(field->world, text, size);
}

void field_state(struct field *field, uint32_t epoch)
{
    gateway_double_state(field->world, epoch);
}

void field_fail(struct field *field, const char *what)
{
    world_fail(field->world, "%s", what);
}

int64_t field_down_ms(struct field *field)
{
    return dice_between(&field->world->dice[DICE_CRASHES], DOWN_MS_MIN, DOWN_MS_MAX);
}
