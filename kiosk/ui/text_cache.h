/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_TEXT_CACHE_H
#define SHILLING_KIOSK_UI_TEXT_CACHE_H

/*
 * Faces, and what has been measured and rendered with them. An entry is made by measuring; its
 * mask is rendered when it is first drawn. The least recently used entries go when the limit of
 * TEXT_CACHE_SIZE_MAX is reached. Part of text.c's inside.
 */

#include "kiosk/ui/text.h"

enum text_face {
    TEXT_FACE_CJK_REGULAR,
    TEXT_FACE_CJK_BOLD,
    TEXT_FACE_LATIN_REGULAR,
    TEXT_FACE_LATIN_BOLD,
    TEXT_FACE_FIGURE,
    TEXT_FACE_COUNT
};

struct text_cache;

MUST_CHECK enum err text_cache_create(const struct ui_config *config,
                                      struct text_cache **ret_cache);
void text_cache_destroy(struct text_cache *cache);
/** Entries made from now on outlive text_cache_wipe(), or not (the default). */
void text_cache_set_keep(struct text_cache *cache, bool keep);

/** Drop and overwrite the entries that are not to be kept. */
void text_cache_wipe(struct text_cache *cache);
size_t text_cache_bytes(const struct text_cache *cache);

/** True if the face has a picture of this character. */
bool text_cache_has(const struct text_cache *cache, enum text_face face, uint32_t code);

int text_cache_advance(struct text_cache *cache, enum text_face face, int px, const char *text,
                       size_t size);

/** The widest of the ten digits. */
int text_cache_digit_width(struct text_cache *cache, enum text_face face, int px);

/** False if the run has no ink (blanks) or could not be rendered. */
bool text_cache_mask(struct text_cache *cache, enum text_face face, int px, const char *text,
                     size_t size, struct text_mask *ret_mask);

#endif
