/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_SHELF_H
#define SHILLING_EMULATORS_CARDREADER_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/card.h"

/*
 * The cards of a folder: NAME.mfd is a MIFARE Classic 1K dump as libnfc's tools write it, NAME.card
 * any other kind (image.h). A card is read when it is taken into the hand, so other programs may
 * change the file while it does not lie on the reader; it is written back, synced and renamed into
 * place, whenever its memory changed.
 */
enum { SHELF_CARDS_MAX = 32 };

struct shelf {
    char dir[CARD_PATH_SIZE];
    struct cells *cells; /* borrowed */
    struct card cards[SHELF_CARDS_MAX];
};

/** Use @p dir; false if the path is too long. */
bool shelf_init(struct shelf *shelf, const char *dir, struct cells *cells);

/** The card of that name, read again if its file changed; NULL with *ret_why set. */
struct card *shelf_take(struct shelf *shelf, const char *name, const char **ret_why);

/** Make a new card; NULL with *ret_why set, for instance if there is one of that name. */
struct card *shelf_make(struct shelf *shelf, const char *name, const char *kind,
                        const struct card_uid *uid, const char **ret_why);

/** Put an image in a card's place, made or replaced; NULL with *ret_why set. */
struct card *shelf_put(struct shelf *shelf, const char *name, const uint8_t *image, size_t size,
                       const char **ret_why);

/** Write a card back; false with errno set if that failed. */
bool shelf_store(const struct card *card);

#endif
