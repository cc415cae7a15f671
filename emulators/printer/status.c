/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/status.h"

#include <string.h>

enum {
    NEAR_END_MM = 2000, /* the lever sees a core of two metres */
    ASB_OFF_LINE = 0x02,
    ASB_ERROR = 0x04,
    ASB_PAPER = 0x08,
};

static unsigned bit(bool set, unsigned mask)
{
    return set ? mask : 0U;
}

static bool is_recovering(const struct machine *machine)
{
    return machine->world.recovering_until_ms > machine->now_ms;
}

static bool is_near_end(const struct machine *machine)
{
    bool roll = machine->paper.left_dots < (long)NEAR_END_MM * PAPER_DOTS_PER_MM;
    return machine->world.near_end_forced || roll;
}

static bool is_off_line(const struct machine *machine)
{
    return !machine_can_print(machine) || machine->world.feed_held;
}

uint8_t status_eot(const struct machine *machine, unsigned which)
{
    const struct machine_world *world = &machine->world;
    bool paper_out = !machine_has_paper(machine);
    bool error =
        world->cutter_error || world->head_hot || world->broken || world->cover_opened_printing;
    unsigned byte = 0x12;
    if (which == 1) {
        byte |= bit(is_off_line(machine), 0x08) | bit(is_recovering(machine), 0x20) |
                bit(world->feed_held, 0x40);
    } else if (which == 2) {
        byte |= bit(world->cover_open, 0x04) | bit(world->feed_held, 0x08) | bit(paper_out, 0x20) |
                bit(error, 0x40);
    } else if (which == 3) {
        byte |= bit(world->cutter_error, 0x08) | bit(world->broken, 0x20) |
                bit(world->head_hot || world->cover_opened_printing, 0x40);
    } else {
        byte |= bit(is_near_end(machine), 0x0C) | bit(paper_out, 0x60);
    }
    return (uint8_t)byte;
}

void status_asb(const struct machine *machine, uint8_t ret_bytes[4])
{
    const struct machine_world *world = &machine->world;
    bool hot = world->head_hot || world->cover_opened_printing;
    ret_bytes[0] = (uint8_t)(0x10U | bit(is_off_line(machine), 0x08) |
                             bit(world->cover_open, 0x20) | bit(world->feed_held, 0x40));
    ret_bytes[1] =
        (uint8_t)(bit(is_recovering(machine), 0x01) | bit(world->feed_held, 0x02) |
                  bit(world->cutter_error, 0x08) | bit(world->broken, 0x20) | bit(hot, 0x40));
    ret_bytes[2] =
        (uint8_t)(bit(is_near_end(machine), 0x03) | bit(!machine_has_paper(machine), 0x0C));
    ret_bytes[3] = 0;
}

uint8_t status_paper(const struct machine *machine)
{
    return (uint8_t)(bit(is_near_end(machine), 0x03) | bit(!machine_has_paper(machine), 0x0C));
}

void status_send(struct machine *machine, const uint8_t *bytes, size_t size)
{
    if (!machine->world.mute && !machine_is_dead(machine)) {
        outbox_put(&machine->outbox, bytes, size, machine->now_ms + machine->world.answer_delay_ms);
    }
}

void status_send_proof(struct machine *machine, const uint8_t *bytes, size_t size)
{
    if (machine->world.lose_answers > 0) {
        machine->world.lose_answers -= 1;
        machine_log(machine, "lost an answer of %zu bytes", size);
        return;
    }
    status_send(machine, bytes, size);
}

/* Which bits of the four bytes a GS a setting wants to hear of. */
static void wanted_bits(uint8_t setting, uint8_t ret_mask[4])
{
    static const uint8_t off_line[4] = {0x68, 0x03, 0, 0};
    static const uint8_t error[4] = {0x08, 0x6C, 0, 0};
    static const uint8_t paper[4] = {0, 0, 0x0F, 0};
    for (size_t i = 0; i < 4; i++) {
        ret_mask[i] = (uint8_t)(((setting & ASB_OFF_LINE) != 0 ? off_line[i] : 0U) |
                                ((setting & ASB_ERROR) != 0 ? error[i] : 0U) |
                                ((setting & ASB_PAPER) != 0 ? paper[i] : 0U));
    }
}

void status_report(struct machine *machine)
{
    if (machine->modes.asb == 0) {
        machine->asb_was_told = false;
        return;
    }
    uint8_t now[4];
    uint8_t mask[4];
    status_asb(machine, now);
    wanted_bits(machine->modes.asb, mask);
    bool changed = !machine->asb_was_told;
    for (size_t i = 0; i < 4; i++) {
        changed = changed || ((now[i] ^ machine->asb_told[i]) & mask[i]) != 0;
    }
    if (changed) {
        memcpy(machine->asb_told, now, sizeof(now));
        machine->asb_was_told = true;
        status_send(machine, now, sizeof(now));
    }
}
