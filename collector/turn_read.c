/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A read: item after item, until one has no answer. An item that this meter does not have is told
 * in the detail and does not spoil the others.
 */
#include "collector/turn_parts.h"
#include "common/must.h"

enum turn_action turn_read_next(struct turn *turn)
{
    const struct bus_read *read = &turn->job.command.u.read;
    MUST(read->item_count >= 1 && read->item_count <= BUS_ITEMS_MAX);
    if (turn->index < read->item_count) {
        turn_read_item(turn, read->items[turn->index]);
        return TURN_SEND;
    }
    if (turn->reply.value_count == 0) {
        return turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_METER_REFUSED);
    }
    return turn_end(turn, OUTCOME_DONE, "");
}

void turn_read_exchanged(struct turn *turn, const struct exchange *x)
{
    const char *item = turn->job.command.u.read.items[turn->index];
    if (turn_take_item(turn, x, BUS_WHEN_NOW, item) == TURN_TAKEN_NOTHING) {
        (void)turn_end(turn, OUTCOME_UNKNOWN, turn_silence_word(x->verdict));
        return;
    }
    turn->index += 1;
}
