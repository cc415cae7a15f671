/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/field.h"

#include <string.h>

static bool is_selected(const struct card *card)
{
    return card->state == CARD_ACTIVE || card->state == CARD_PROTOCOL;
}

void field_card_reset(struct card *card)
{
    card->state = CARD_IDLE;
    card->was_halted = false;
    card->kind->power_lost(card);
}

bool field_has(const struct field *field, const struct card *card)
{
    for (size_t i = 0; i < field->count; i++) {
        if (field->cards[i] == card) {
            return true;
        }
    }
    return false;
}

bool field_lay(struct field *field, struct card *card)
{
    if (field->count == FIELD_CARDS_MAX || field_has(field, card)) {
        return false;
    }
    field_card_reset(card);
    field->cards[field->count++] = card;
    return true;
}

void field_take(struct field *field, struct card *card)
{
    for (size_t i = 0; i < field->count; i++) {
        if (field->cards[i] == card) {
            field_card_reset(card);
            field->count -= 1;
            for (; i < field->count; i++) {
                field->cards[i] = field->cards[i + 1];
            }
            return;
        }
    }
}

void field_switch(struct field *field, bool on)
{
    if (field->on && !on) {
        for (size_t i = 0; i < field->count; i++) {
            field_card_reset(field->cards[i]);
        }
    }
    field->on = on;
}

static bool is_called(const struct card *card, const struct field_search *search)
{
    return search->uid == NULL || (card->uid_size == search->uid_size &&
                                   memcmp(card->uid, search->uid, card->uid_size) == 0);
}

/* One REQA or WUPA: the first card that answers, or NULL. */
static struct card *call_once(struct field *field, const struct field_search *search,
                              bool wakes_halted)
{
    struct card *found = NULL;
    for (size_t i = 0; i < field->count; i++) {
        struct card *card = field->cards[i];
        bool answers = card->state == CARD_IDLE || (card->state == CARD_HALT && wakes_halted);
        if (is_selected(card)) {
            card->kind->power_lost(card);
            card_fall_back(card);
        } else if (answers && found == NULL && is_called(card, search)) {
            found = card;
        }
    }
    return found;
}

struct card *field_call(struct field *field, bool wakes_halted)
{
    static const struct field_search ANY = {.uid = NULL};
    return field->on ? call_once(field, &ANY, wakes_halted) : NULL;
}

static bool is_missed(struct field *field, const struct card *card)
{
    if (!field->misses_seven || card->uid_size != 7) {
        return false;
    }
    field->missed_last = !field->missed_last;
    return field->missed_last;
}

struct card *field_select(struct field *field, const struct field_search *search)
{
    struct card *found = NULL;
    field->on = true; /* the chip switches its carrier on to look */
    for (unsigned i = 0; found == NULL && i < search->tries; i++) {
        found = call_once(field, search, search->uid != NULL);
    }
    if (found == NULL || is_missed(field, found)) {
        return NULL;
    }
    found->was_halted = found->state == CARD_HALT;
    found->state = CARD_ACTIVE;
    return found;
}

void field_halt(struct field *field, struct card *card)
{
    if (field_has(field, card) && is_selected(card)) {
        card->state = CARD_HALT;
        card->was_halted = false;
        card->kind->power_lost(card);
    }
}
