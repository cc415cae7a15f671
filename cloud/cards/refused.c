/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card that refused our proof of its key. Only the terminal says so, and a terminal may be wrong,
 * or lie: one word of that kind changes nothing in the register. But a card whose keys are not ours
 * comes nearer to being locked for ever by each try, so the same terminal is not given another.
 */
#include "cloud/cards/internal.h"
#include "cloud/orders/alarm.h"
#include "common/str.h"

/* A second terminal says the same: the card is not tried again anywhere. */
static enum err block_refused(struct db *db, const struct take *take)
{
    const struct book_event event = {take->uid_text, "blocked", "two terminals: " BOOK_REFUSED, ""};
    enum err err = book_card_set_state(db, take->uid_text, "blocked");
    return err == OK ? book_card_event(db, &event) : err;
}

enum err take_refused(struct db *db, struct take *take)
{
    const struct book_event event = {take->uid_text, BOOK_REFUSED, take->terminal_id, ""};
    struct book_refusals refusals;
    enum err err = book_card_load(db, take->uid_text, &take->card);
    if (err == OK) {
        err = book_refusals(db, take->uid_text, take->terminal_id, &refusals);
    }
    if (err != OK || refusals.is_told) {
        return err;
    }
    err = book_card_event(db, &event);
    const bool counts = take->card.media == API_CARD_CPU && str_equal(take->card.state, "open");
    if (err == OK && counts && refusals.terminals > 0) {
        err = block_refused(db, take);
    }
    return err == OK ? alarm_raise(db, "card_odd", take->uid_text,
                                   "by a terminal's word a card refused our key: a person must look"
                                   " at both before it is tried there again")
                     : err;
}
