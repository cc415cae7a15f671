/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/image.h"

#include <string.h>

static const struct card_kind *const KINDS[] = {
    &CLASSIC_KIND, &DESFIRE_KIND, &CPUCARD_KIND, &PHONE_KIND, &BANK_KIND,
};

enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]), KIND_LINE_MAX = 32 };

static const struct card_kind *kind_named(const char *name, size_t size)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strlen(KINDS[i]->name) == size && memcmp(KINDS[i]->name, name, size) == 0) {
            return KINDS[i];
        }
    }
    return NULL;
}

/* The kind that the first line of a text names; a dump names none. */
static const struct card_kind *kind_of(const uint8_t *image, size_t size)
{
    static const char WORD[] = "kind ";
    const size_t word = sizeof(WORD) - 1;
    if (size < word || memcmp(image, WORD, word) != 0) {
        return &CLASSIC_KIND;
    }
    size_t end = word;
    while (end < size && end < KIND_LINE_MAX && image[end] != '\n') {
        end += 1;
    }
    return kind_named((const char *)image + word, end - word);
}

bool image_is_text(const uint8_t *image, size_t size)
{
    return kind_of(image, size) != &CLASSIC_KIND;
}

static void clear(struct card *card, const struct card_kind *kind)
{
    struct cells *cells = card->cells;
    char name[CARD_NAME_SIZE];
    char path[CARD_PATH_SIZE];
    memcpy(name, card->name, sizeof(name));
    memcpy(path, card->path, sizeof(path));
    memset(card, 0, sizeof(*card));
    memcpy(card->name, name, sizeof(name));
    memcpy(card->path, path, sizeof(path));
    card->cells = cells;
    card->kind = kind;
}

bool image_load(struct card *card, const uint8_t *image, size_t size)
{
    const struct card_kind *kind = kind_of(image, size);
    if (kind == NULL) {
        return false;
    }
    clear(card, kind);
    return kind->load(card, image, size);
}

size_t image_save(const struct card *card, uint8_t *ret_image, size_t room)
{
    return card->kind->save(card, ret_image, room);
}

bool image_make(struct card *card, const char *kind_name, const struct card_uid *uid)
{
    const struct card_kind *kind = kind_named(kind_name, strlen(kind_name));
    if (kind == NULL) {
        return false;
    }
    clear(card, kind);
    return kind->make(card, uid);
}
