/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/presence.h"

#include "common/must.h"

/* Phones draw a new number at each field: for us they are one. */
static bool is_same_card(const struct card_uid *a, const struct card_uid *b)
{
    return card_uid_equal(a, b) || (card_uid_is_random(a) && card_uid_is_random(b));
}

static bool is_next(const struct presence *presence, enum presence_state seen,
                    const struct card_uid *uid)
{
    return presence->looks > 0 && presence->next == seen &&
           (seen != PRESENCE_ONE || is_same_card(&presence->next_uid, uid));
}

static void forget_next(struct presence *presence)
{
    presence->looks = 0;
}

/* Count a look at something that is not what is told. */
static bool next_is_sure(struct presence *presence, enum presence_state seen,
                         const struct card_uid *uid)
{
    if (!is_next(presence, seen, uid)) {
        presence->next = seen;
        presence->looks = 0;
        if (seen == PRESENCE_ONE) {
            presence->next_uid = *uid;
        }
    }
    presence->looks += 1;
    return presence->looks >= PRESENCE_LOOKS;
}

static enum presence_event enter(struct presence *presence, enum presence_state state)
{
    presence->state = state;
    presence->misses = 0;
    if (state == PRESENCE_ONE) {
        presence->uid = presence->next_uid;
        presence->number += 1;
        forget_next(presence);
        return PRESENCE_CAME;
    }
    if (state == PRESENCE_TWO) {
        forget_next(presence);
        return PRESENCE_MANY;
    }
    return PRESENCE_WENT; /* what was seen meanwhile keeps its looks */
}

static bool is_as_told(const struct presence *presence, enum presence_state seen,
                       const struct card_uid *uid)
{
    return seen == presence->state && (seen != PRESENCE_ONE || is_same_card(&presence->uid, uid));
}

static bool miss(struct presence *presence, int64_t now_ms)
{
    if (presence->misses == 0) {
        presence->miss_at_ms = now_ms;
    }
    presence->misses += 1;
    return presence->misses >= PRESENCE_MISSES && now_ms - presence->miss_at_ms >= PRESENCE_GONE_MS;
}

enum presence_event presence_look(struct presence *presence, const struct card_uid *uids,
                                  size_t count, int64_t now_ms)
{
    MUST(count <= 2);
    enum presence_state seen = count == 0   ? PRESENCE_NOBODY
                               : count == 1 ? PRESENCE_ONE
                                            : PRESENCE_TWO;
    if (is_as_told(presence, seen, uids)) {
        presence->misses = 0;
        forget_next(presence);
        return PRESENCE_NOTHING;
    }
    bool sure = false;
    if (seen == PRESENCE_NOBODY) {
        forget_next(presence);
    } else {
        sure = next_is_sure(presence, seen, uids);
    }
    if (presence->state == PRESENCE_NOBODY) {
        return sure ? enter(presence, seen) : PRESENCE_NOTHING;
    }
    /* A second card beside the first needs no card to go, and neither does one of two that
     * stays. */
    bool joined = seen == PRESENCE_TWO || presence->state == PRESENCE_TWO;
    if (sure && joined && seen != PRESENCE_NOBODY) {
        return enter(presence, seen);
    }
    return miss(presence, now_ms) ? enter(presence, PRESENCE_NOBODY) : PRESENCE_NOTHING;
}

enum presence_event presence_end(struct presence *presence)
{
    bool was_here = presence->state != PRESENCE_NOBODY;
    presence->state = PRESENCE_NOBODY;
    presence->misses = 0;
    forget_next(presence);
    return was_here ? PRESENCE_WENT : PRESENCE_NOTHING;
}

bool presence_is_undecided(const struct presence *presence)
{
    return presence->looks > 0 || presence->misses > 0;
}
