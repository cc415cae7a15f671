/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_IMAGE_H
#define SHILLING_EMULATORS_CARDREADER_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/card.h"

/*
 * A card's memory as a file. What is in a file decides its kind: 1024 bytes that are no text are
 * a MIFARE Classic dump, else lines of words, the first of them "kind NAME".
 */
enum { IMAGE_SIZE_MAX = 65536 };

/** True if it is the text of a kind that is not MIFARE Classic. */
bool image_is_text(const uint8_t *image, size_t size);

/** Fill @p card (its cells pointer stays); false if the bytes are no image. */
bool image_load(struct card *card, const uint8_t *image, size_t size);

/** Its image; 0 if there is no room. */
size_t image_save(const struct card *card, uint8_t *ret_image, size_t room);

/** A new card of that kind; false if there is no such kind or the UID does not fit it. */
bool image_make(struct card *card, const char *kind, const struct card_uid *uid);

#endif
