/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/shelf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/image.h"

enum { SHELF_NEW_SIZE = CARD_PATH_SIZE + 8 };

static const char *const ENDINGS[] = {".mfd", ".card"};

bool shelf_init(struct shelf *shelf, const char *dir, struct cells *cells)
{
    memset(shelf, 0, sizeof(*shelf));
    shelf->cells = cells;
    return bytes_text_copy(shelf->dir, sizeof(shelf->dir), dir);
}

/* A name is a plain word: it becomes part of a path. */
static bool is_name(const char *name)
{
    size_t length = strlen(name);
    bool good = length > 0 && length < CARD_NAME_SIZE && name[0] != '.';
    for (size_t i = 0; good && i < length; i++) {
        char c = name[i];
        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
    }
    return good;
}

static bool path_make(const struct shelf *shelf, const char *name, const char *ending,
                      char ret_path[CARD_PATH_SIZE])
{
    return shelf->dir[0] != '\0' && bytes_text_copy(ret_path, CARD_PATH_SIZE, shelf->dir) &&
           bytes_text_add(ret_path, CARD_PATH_SIZE, "/") &&
           bytes_text_add(ret_path, CARD_PATH_SIZE, name) &&
           bytes_text_add(ret_path, CARD_PATH_SIZE, ending);
}

static struct card *place_named(struct shelf *shelf, const char *name)
{
    for (size_t i = 0; i < SHELF_CARDS_MAX; i++) {
        if (shelf->cards[i].kind != NULL && strcmp(shelf->cards[i].name, name) == 0) {
            return &shelf->cards[i];
        }
    }
    return NULL;
}

static struct card *place_free(struct shelf *shelf)
{
    for (size_t i = 0; i < SHELF_CARDS_MAX; i++) {
        if (shelf->cards[i].kind == NULL) {
            return &shelf->cards[i];
        }
    }
    return NULL;
}

/* The whole file in memory of its own, or NULL with errno set. */
static uint8_t *file_read(const char *path, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return NULL;
    }
    uint8_t *bytes = malloc(IMAGE_SIZE_MAX);
    size_t size = 0;
    ssize_t got = 1;
    while (bytes != NULL && got > 0 && size < IMAGE_SIZE_MAX) {
        got = read(fd, bytes + size, IMAGE_SIZE_MAX - size);
        size += got > 0 ? (size_t)got : 0;
    }
    int error = errno;
    (void)close(fd);
    if (bytes == NULL || got < 0) {
        free(bytes);
        errno = error;
        return NULL;
    }
    *ret_size = size;
    return bytes;
}

/* True if the card in memory is what the file says: then its half-programmed cells are kept. */
static bool is_same(const struct card *card, const uint8_t *image, size_t size)
{
    uint8_t *own = malloc(IMAGE_SIZE_MAX);
    bool same = own != NULL && image_save(card, own, IMAGE_SIZE_MAX) == size &&
                memcmp(own, image, size) == 0;
    free(own);
    return same;
}

static struct card *load(struct shelf *shelf, const char *name, const uint8_t *image, size_t size,
                         const char *path)
{
    struct card *card = place_named(shelf, name);
    if (card != NULL && is_same(card, image, size)) {
        return card;
    }
    card = card != NULL ? card : place_free(shelf);
    if (card == NULL) {
        return NULL;
    }
    (void)bytes_text_copy(card->name, sizeof(card->name), name);
    (void)bytes_text_copy(card->path, sizeof(card->path), path);
    card->cells = shelf->cells;
    if (!image_load(card, image, size)) {
        card->kind = NULL;
        return NULL;
    }
    return card;
}

struct card *shelf_take(struct shelf *shelf, const char *name, const char **ret_why)
{
    char path[CARD_PATH_SIZE];
    if (!is_name(name)) {
        *ret_why = "no name of a card";
        return NULL;
    }
    for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
        size_t size = 0;
        uint8_t *image = path_make(shelf, name, ENDINGS[i], path) ? file_read(path, &size) : NULL;
        if (image == NULL) {
            continue;
        }
        struct card *card = load(shelf, name, image, size, path);
        free(image);
        *ret_why = "its file is no image of a card";
        return card;
    }
    struct card *card = place_named(shelf, name);
    if (card == NULL || card->path[0] != '\0') {
        *ret_why = "no such card";
        return NULL;
    }
    return card;
}

struct card *shelf_make(struct shelf *shelf, const char *name, const char *kind,
                        const struct card_uid *uid, const char **ret_why)
{
    const char *why = "";
    if (!is_name(name)) {
        *ret_why = "no name of a card";
        return NULL;
    }
    if (shelf_take(shelf, name, &why) != NULL) {
        *ret_why = "there is one of that name";
        return NULL;
    }
    struct card *card = place_free(shelf);
    *ret_why = "the table of cards is full";
    if (card == NULL) {
        return NULL;
    }
    const char *ending = strcmp(kind, CLASSIC_KIND.name) == 0 ? ENDINGS[0] : ENDINGS[1];
    card->cells = shelf->cells;
    (void)bytes_text_copy(card->name, sizeof(card->name), name);
    bool placed = shelf->dir[0] == '\0' || path_make(shelf, name, ending, card->path);
    if (!placed || !image_make(card, kind, uid) || !shelf_store(card)) {
        *ret_why = "no such kind, a UID that does not fit it, or the file cannot be written";
        card->kind = NULL;
        return NULL;
    }
    return card;
}

struct card *shelf_put(struct shelf *shelf, const char *name, const uint8_t *image, size_t size,
                       const char **ret_why)
{
    char path[CARD_PATH_SIZE] = "";
    const char *ending = image_is_text(image, size) ? ENDINGS[1] : ENDINGS[0];
    *ret_why = "no name of a card";
    if (!is_name(name) || (shelf->dir[0] != '\0' && !path_make(shelf, name, ending, path))) {
        return NULL;
    }
    struct card *card = load(shelf, name, image, size, path);
    *ret_why = "no image of a card, or its file cannot be written";
    return card != NULL && shelf_store(card) ? card : NULL;
}

/* The old image or the new one, whatever kills us. Not synced: a chip does not wait for a disk, and
 * a reader that does is late for libnfc's time-outs whenever the machine is busy. */
static bool file_replace(const char *path, const uint8_t *bytes, size_t size)
{
    char fresh[SHELF_NEW_SIZE];
    (void)bytes_text_copy(fresh, sizeof(fresh), path);
    (void)bytes_text_add(fresh, sizeof(fresh), ".new");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return false;
    }
    bool done = write(fd, bytes, size) == (ssize_t)size;
    done = close(fd) == 0 && done;
    return done && rename(fresh, path) == 0;
}

bool shelf_store(const struct card *card)
{
    if (card->path[0] == '\0') {
        return true;
    }
    uint8_t *image = malloc(IMAGE_SIZE_MAX);
    size_t size = image == NULL ? 0 : image_save(card, image, IMAGE_SIZE_MAX);
    bool done = size > 0 && file_replace(card->path, image, size);
    free(image);
    return done;
}
