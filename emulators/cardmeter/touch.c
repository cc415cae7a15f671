/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardmeter/touch.h"

#include <string.h>

#include "emulators/cardreader/field.h"

bool touch_init(struct touch *touch, const char *dir, uint64_t seed)
{
    memset(touch, 0, sizeof(*touch));
    faults_init(&touch->faults, seed);
    touch->cells.faults = &touch->faults;
    touch->cells.hits = &touch->hits;
    return shelf_init(&touch->shelf, dir, &touch->cells);
}

bool touch_begin(struct touch *touch, const char *name, const char **ret_why)
{
    touch->gone = false;
    touch->card = shelf_take(&touch->shelf, name, ret_why);
    return touch->card != NULL && touch_reset(touch);
}

bool touch_reset(struct touch *touch)
{
    if (touch->gone) {
        return false;
    }
    field_card_reset(touch->card);
    touch->card->state = touch->card->kind->speaks_blocks ? CARD_PROTOCOL : CARD_ACTIVE;
    return true;
}

static void pull(struct touch *touch)
{
    field_card_reset(touch->card);
    touch->gone = true;
}

bool touch_exchange(struct touch *touch, const uint8_t *bytes, size_t size,
                    struct card_answer *ret_answer)
{
    struct card *card = touch->card;
    *ret_answer = (struct card_answer){.status = CARD_SILENT};
    memset(&touch->hits, 0, sizeof(touch->hits));
    faults_event(&touch->faults, FAULT_AT_EXCHANGE, &touch->hits);
    if (touch->hits.by_kind[FAULT_REMOVE] && !touch->gone) {
        pull(touch);
    }
    if (touch->gone || (card->state != CARD_ACTIVE && card->state != CARD_PROTOCOL)) {
        return false;
    }
    cells_begin(&touch->cells);
    card->kind->exchange(card, bytes, size, ret_answer);
    if (touch->cells.changed && !shelf_store(card)) {
        touch->store_failed = true;
    }
    if (touch->cells.torn) {
        ret_answer->status = CARD_SILENT;
        pull(touch);
    }
    return ret_answer->status == CARD_OK && !touch->hits.by_kind[FAULT_LOSE];
}
