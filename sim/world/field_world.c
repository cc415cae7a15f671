/* SPDX-License-Identifier: Apache-2.0 */
#include "common/must.h"
#include "sim/world/world.h"

enum { DOWN_MS_MIN = 500, DOWN_MS_MAX = 60000 };

void field_reply(struct field *field, const char *text, size_t size)
{
    gateway_double_reply(field->world, text, size);
}

void field_reading(struct field *field, const char *text, size_t size)
{
    gateway_double_reading(field->world, text, size);
}

uint32_t field_schedule_s(void)
{
    return CLOUD_SCHEDULE_S;
}

/* An older wish after a newer one: whoever paid for light would sit in the dark, or the reverse. */
void field_relay_sent(struct field *field, const char *address, uint32_t generation)
{
    size_t index = 0;
    MUST(meters_find(field->meters, address, &index));
    uint32_t *newest = &field->generations[index];
    kernel_trace("relay frame", address, generation, *newest);
    if (generation < *newest) {
        world_fail(field->world, "I10: meter %zu is told relay wish %u after wish %u", index,
                   (unsigned)generation, (unsigned)*newest);
    }
    *newest = generation;
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
