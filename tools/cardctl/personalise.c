/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: the dangerous write is a sector's trailer, for one that was cut can lock the sector for
 * ever. So a sector's data is written and proved first, its trailer last, and each trailer is
 * proved after a field reset before the next one is touched: whatever goes wrong is noticed at
 * once, and has touched one sector only.
 *
 * Sector 0 goes first. Its keys, made from the card's number and the meter's, mark a card as begun
 * by us: only then may bytes that stand in sectors with the factory's key be written over. The
 * sector of the issue record goes last. A sector that has our trailer is finished by that and never
 * written again, but for one thing: on an unfinished card the last of them is written once more,
 * because its write may have been the one that was cut, and cells that were half programmed can
 * read well for a while.
 */
#include "tools/cardctl/personalise.h"

#include <signal.h>
#include <string.h>

#include "common/bytes.h"

enum { ATTEMPTS = 10, SECTOR_NONE = -1 };

static const uint8_t ORDER[MIFARE_SECTORS] = {0, 1,  2,  3,  4,  6,  7,  8,
                                              9, 10, 11, 12, 13, 14, 15, CARD_SECTOR_ISSUE};

struct work {
    struct seat *seat;
    const struct layout_plan *plan;
    struct layout layout;
};

/* --- what may be written over ---------------------------------------------------------------- */

static int first_with(const struct layout *layout, enum sector_state state)
{
    for (int i = 0; i < MIFARE_SECTORS; i++) {
        if (layout->sector[i].state == state) {
            return i;
        }
    }
    return SECTOR_NONE;
}

static int first_with_data(const struct layout *layout)
{
    for (int i = 0; i < MIFARE_SECTORS; i++) {
        if (!layout_is_empty(layout, (uint8_t)i)) {
            return i;
        }
    }
    return SECTOR_NONE;
}

static bool is_begun(const struct layout *layout)
{
    return layout_count(layout, SECTOR_OURS) + layout_count(layout, SECTOR_BEGUN) > 0;
}

static enum ctl_exit say_locked(int sector)
{
    return ctl_say(CTL_FAILED,
                   "this card is not blank: sector %d is locked with keys that are not its "
                   "register entry's. It is another site's or another system's, or was used "
                   "before; nothing was written. Take a blank card",
                   sector);
}

/* The first trailer that we write can be cut too: all but its sector is blank then. */
static bool is_cut_at_first(const struct layout *layout, int bad)
{
    return bad == ORDER[0] && layout_count(layout, SECTOR_BLANK) == MIFARE_SECTORS - 1;
}

static enum ctl_exit check_states(const struct layout *layout, bool registered)
{
    const int shut = first_with(layout, SECTOR_SHUT);
    const int bad = shut != SECTOR_NONE ? shut : first_with(layout, SECTOR_STRANGE);
    if (bad == SECTOR_NONE) {
        return CTL_DONE;
    }
    if (!is_begun(layout) && !(registered && is_cut_at_first(layout, bad))) {
        return say_locked(bad);
    }
    return ctl_say(CTL_FAILED,
                   "this card is spoiled: sector %d opens to no key any more, as happens when the "
                   "card is taken away while keys are written. Lay it aside and put a blank one in "
                   "its place with 'replace'; no value is lost by that",
                   bad);
}

static enum ctl_exit check_layout(const struct layout *layout, bool registered)
{
    const enum ctl_exit how = check_states(layout, registered);
    if (how != CTL_DONE || is_begun(layout)) {
        return how;
    }
    const int used = first_with_data(layout);
    if (used != SECTOR_NONE) {
        return ctl_say(CTL_FAILED,
                       "this card is not blank: sector %d holds data. Nothing was written; take a "
                       "blank card",
                       used);
    }
    return CTL_DONE;
}

static enum ctl_exit check_plan(const struct layout_plan *plan)
{
    struct card_issue issue;
    bool sound = card_issue_decode(plan->issue, &issue) == CARD_SLOT_WHOLE;
    for (int i = 0; i < MIFARE_SECTORS; i++) {
        sound = sound && layout_trailer_is_sound(plan->trailer[i]);
    }
    return sound ? CTL_DONE
                 : ctl_say(CTL_FAILED, "the server's keys or issue record are not of the format "
                                       "SHL-C1: nothing was written. Are server and tool of the "
                                       "same release?");
}

/* --- one sector ------------------------------------------------------------------------------ */

/* Block 0..2 of a sector as it must be. */
static const uint8_t *wanted_block(const struct work *work, uint8_t sector, uint8_t block)
{
    static const uint8_t zero[CARD_BLOCK_SIZE];
    return sector == CARD_SECTOR_ISSUE ? work->plan->issue + (size_t)block * CARD_BLOCK_SIZE : zero;
}

static bool data_is_right(const struct work *work, uint8_t sector, const struct layout_sector *look)
{
    for (unsigned block = sector == 0 ? 1 : 0; block < CARD_RECORD_BLOCKS; block++) {
        const uint8_t *bytes = look->data + (size_t)block * CARD_BLOCK_SIZE;
        if (!look->read ||
            memcmp(bytes, wanted_block(work, sector, (uint8_t)block), CARD_BLOCK_SIZE) != 0) {
            return false;
        }
    }
    return true;
}

static enum seat_answer write_data(const struct work *work, uint8_t sector)
{
    enum seat_answer answer = seat_enter(work->seat, sector, &work->layout.sector[sector].key);
    for (uint8_t block = sector == 0 ? 1 : 0; block < CARD_RECORD_BLOCKS && answer == SEAT_OK;
         block++) {
        answer =
            seat_write(work->seat, mifare_block(sector, block), wanted_block(work, sector, block));
    }
    return answer;
}

static enum seat_answer write_trailer(const struct work *work, uint8_t sector)
{
    const enum seat_answer answer =
        seat_enter(work->seat, sector, &work->layout.sector[sector].key);
    return answer == SEAT_OK ? seat_write(work->seat, mifare_block(sector, MIFARE_TRAILER),
                                          work->plan->trailer[sector])
                             : answer;
}

/* Look anew, after a field reset, and take over what is seen. SEAT_AWAY: not as it must be. */
static enum seat_answer prove(struct work *work, uint8_t sector, enum sector_state state)
{
    struct layout_sector look;
    enum seat_answer answer = seat_reset(work->seat);
    if (answer == SEAT_OK) {
        answer = layout_look_at(work->seat, work->plan, sector, &look);
    }
    if (answer != SEAT_OK) {
        return answer;
    }
    /* Tokens and return records that came meanwhile are nobody's mistake. */
    const bool right = look.state == state && (work->layout.sector[sector].state == SECTOR_OURS ||
                                               data_is_right(work, sector, &look));
    work->layout.sector[sector] = look;
    bytes_wipe(&look, sizeof(look));
    return right ? SEAT_OK : SEAT_AWAY;
}

/* A stop that is asked for meanwhile waits until the sector is whole. */
static enum seat_answer finish_sector(struct work *work, uint8_t sector)
{
    sigset_t held;
    sigset_t before;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &held, &before);
    enum seat_answer answer = write_trailer(work, sector);
    if (answer == SEAT_OK) {
        answer = prove(work, sector, SECTOR_OURS);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return answer;
}

/* --- the card -------------------------------------------------------------------------------- */

static bool is_unfinished(const struct work *work, uint8_t sector)
{
    return work->layout.sector[sector].state != SECTOR_OURS;
}

static enum seat_answer write_all_data(struct work *work)
{
    enum seat_answer answer = SEAT_OK;
    for (size_t i = 0; i < MIFARE_SECTORS && answer == SEAT_OK; i++) {
        answer = is_unfinished(work, ORDER[i]) ? write_data(work, ORDER[i]) : SEAT_OK;
    }
    for (size_t i = 0; i < MIFARE_SECTORS && answer == SEAT_OK; i++) {
        if (is_unfinished(work, ORDER[i])) {
            answer = prove(work, ORDER[i], work->layout.sector[ORDER[i]].state);
        }
    }
    return answer;
}

static enum seat_answer write_all_trailers(struct work *work)
{
    enum seat_answer answer = SEAT_OK;
    for (size_t i = 0; i < MIFARE_SECTORS && answer == SEAT_OK; i++) {
        answer = is_unfinished(work, ORDER[i]) ? finish_sector(work, ORDER[i]) : SEAT_OK;
    }
    return answer;
}

/* The last finished sector of an unfinished card; SECTOR_NONE: the first is to come. */
static int last_finished(const struct work *work)
{
    int last = SECTOR_NONE;
    for (size_t i = 0; i < MIFARE_SECTORS && !is_unfinished(work, ORDER[i]); i++) {
        last = ORDER[i];
    }
    return last;
}

static bool is_complete(const struct work *work)
{
    return layout_count(&work->layout, SECTOR_OURS) == MIFARE_SECTORS;
}

static enum seat_answer write_card(struct work *work)
{
    if (is_complete(work)) { /* but the issue record is another: that is the desk's own */
        const enum seat_answer answer = write_data(work, CARD_SECTOR_ISSUE);
        return answer == SEAT_OK ? prove(work, CARD_SECTOR_ISSUE, SECTOR_OURS) : answer;
    }
    const int last = last_finished(work);
    enum seat_answer answer = SEAT_OK;
    if (last == SECTOR_NONE && !layout_is_empty(&work->layout, ORDER[0])) {
        answer = write_data(work, ORDER[0]);
    }
    if (answer == SEAT_OK) {
        answer = finish_sector(work, last != SECTOR_NONE ? (uint8_t)last : ORDER[0]);
    }
    if (answer == SEAT_OK) {
        answer = write_all_data(work);
    }
    return answer == SEAT_OK ? write_all_trailers(work) : answer;
}

static bool is_finished(const struct work *work)
{
    return is_complete(work) &&
           data_is_right(work, CARD_SECTOR_ISSUE, &work->layout.sector[CARD_SECTOR_ISSUE]);
}

/* One look, and what it asks for. SEAT_REFUSED: the card may not be written, *ret_how was said. */
static enum seat_answer attempt(struct work *work, enum ctl_exit *ret_how)
{
    enum seat_answer answer = layout_look(work->seat, work->plan, &work->layout);
    if (answer != SEAT_OK || is_finished(work)) {
        return answer;
    }
    const enum ctl_exit how = check_layout(&work->layout, /* registered= */ true);
    if (how != CTL_DONE) {
        *ret_how = how;
        return SEAT_REFUSED;
    }
    answer = write_card(work);
    /* A key that fitted and does not any more: the next look says what became of it. */
    return answer == SEAT_REFUSED || (answer == SEAT_OK && !is_finished(work)) ? SEAT_AWAY : answer;
}

static enum ctl_exit run(struct work *work)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        enum ctl_exit how = CTL_FAILED;
        const enum seat_answer answer = attempt(work, &how);
        if (answer == SEAT_OK) {
            return CTL_DONE;
        }
        if (answer != SEAT_REFUSED) {
            how = seat_wait_back(work->seat, answer);
        }
        if (how != CTL_DONE) {
            return how;
        }
    }
    return ctl_say(CTL_UNFINISHED,
                   "the card could not be written in %d tries: lay it flat in the "
                   "middle of the reader, away from metal, and try again; if that "
                   "does not help, take another card",
                   ATTEMPTS);
}

enum ctl_exit personalise(struct seat *seat, const struct layout_plan *plan)
{
    struct work work = {.seat = seat, .plan = plan};
    enum ctl_exit how = check_plan(plan);
    if (how == CTL_DONE) {
        how = run(&work);
    }
    bytes_wipe(&work, sizeof(work));
    return how;
}

enum ctl_exit personalise_check_blank(struct seat *seat)
{
    struct layout layout;
    enum seat_answer answer = layout_look(seat, /* plan= */ NULL, &layout);
    for (int i = 0; i < ATTEMPTS && answer != SEAT_OK; i++) {
        const enum ctl_exit how = seat_wait_back(seat, answer);
        if (how != CTL_DONE) {
            return CTL_FAILED; /* nothing was written yet */
        }
        answer = layout_look(seat, /* plan= */ NULL, &layout);
    }
    return answer == SEAT_OK ? check_layout(&layout, /* registered= */ false)
                             : ctl_say(CTL_FAILED, "the card cannot be read: lay it flat in the "
                                                   "middle of the reader, away from metal");
}
