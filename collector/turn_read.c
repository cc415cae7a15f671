/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A read: item after item, until one has no answer. An item that this meter does not have is told
 * in the detail and does not spoil the others. A value that is longer than a frame (B1) is asked
 * for part by part (control 12); a more urgent job for the same meter may come between two parts
 * and make it forget, which it then says, and the item is missing.
 */
#include "collector/turn_parts.h"
#include "common/must.h"

enum turn_action turn_read_next(struct turn *turn)
{
    const struct bus_read *read = &turn->job.command.u.read;
    MUST(read->item_count >= 1 && read->item_count <= BUS_ITEMS_MAX);
    if (turn->following) {
        struct dl645_message message = {0};
        dl645_follow_request(&turn->follow, &message);
        turn_read_request(turn, &message);
        return TURN_SEND;
    }
    if (turn->index < read->item_count) {
        turn_read_item(turn, read->items[turn->index]);
        return TURN_SEND;
    }
    if (turn->reply.value_count == 0) {
        return turn_end(turn, OUTCOME_NOT_DONE, BUS_ERROR_METER_REFUSED);
    }
    return turn_end(turn, OUTCOME_DONE, "");
}

/* True if the answer is a part of a longer value and the next one is to be asked for. */
static bool take_part(struct turn *turn, const struct dl645_message *reply, const char *item)
{
    if (!turn->following) {
        dl645_follow_init(&turn->follow, reply->di, turn->value, sizeof(turn->value));
    }
    enum err err = dl645_follow_add(&turn->follow, reply);
    turn->following = err == ERR_INCOMPLETE;
    if (err == OK) {
        const struct turn_value value = {turn->follow.di, turn->value, turn->follow.used};
        (void)turn_take_value(turn, &value, BUS_WHEN_NOW, item);
    } else if (err != ERR_INCOMPLETE) {
        turn_detail(turn, "%s: its parts make no value (%s)", item, err_name(err));
    }
    return turn->following;
}

void turn_read_exchanged(struct turn *turn, const struct exchange *x)
{
    const char *item = turn->job.command.u.read.items[turn->index];
    bool answered = x->verdict == EXCHANGE_ANSWER;
    if (answered && (turn->following || (x->reply.more && !x->reply.error))) {
        turn->index += take_part(turn, &x->reply, item) ? 0 : 1;
        return;
    }
    if (turn_take_item(turn, x, BUS_WHEN_NOW, item) == TURN_TAKEN_NOTHING) {
        (void)turn_end(turn, OUTCOME_UNKNOWN, turn_silence_word(x->verdict));
        return;
    }
    turn->index += 1;
}
