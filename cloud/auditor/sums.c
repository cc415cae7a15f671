/* SPDX-License-Identifier: Apache-2.0 */
/* A table with open addressing; a removed entry moves the ones behind it back, so none is dead. */
#include "cloud/auditor/sums.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/mix.h"
#include "common/must.h"
#include "common/str.h"

enum { ROOM_MIN = 256, KEY_SIZE = 192 };

struct slot {
    char *key; /* @own; account, NUL, subject, NUL. NULL: free */
    size_t size;
    uint64_t hash;
    int64_t fen;
};

struct sums {
    struct slot *slots;
    size_t room; /* a power of two */
    size_t used;
};

struct key {
    char text[KEY_SIZE];
    size_t size;
    uint64_t hash;
};

static struct key key_of(const char *account, const char *subject)
{
    struct key key = {.size = strlen(account) + strlen(subject) + 2};
    MUST(key.size <= KEY_SIZE);
    memcpy(key.text, account, strlen(account) + 1);
    memcpy(key.text + strlen(account) + 1, subject, strlen(subject) + 1);
    key.hash = mix_bytes(0, key.text, key.size);
    return key;
}

static void make_room(struct sums *sums, size_t room)
{
    struct slot *old = sums->slots;
    const size_t old_room = sums->room;
    sums->slots = calloc(room, sizeof(*sums->slots));
    MUST(sums->slots != NULL);
    sums->room = room;
    for (size_t i = 0; i < old_room; i++) {
        if (old[i].key != NULL) {
            size_t at = old[i].hash & (room - 1);
            while (sums->slots[at].key != NULL) {
                at = (at + 1) & (room - 1);
            }
            sums->slots[at] = old[i];
        }
    }
    free(old);
}

struct sums *sums_create(void)
{
    struct sums *sums = calloc(1, sizeof(*sums));
    MUST(sums != NULL);
    make_room(sums, ROOM_MIN);
    return sums;
}

void sums_destroy(struct sums *sums)
{
    if (sums == NULL) {
        return;
    }
    for (size_t i = 0; i < sums->room; i++) {
        free(sums->slots[i].key);
    }
    free(sums->slots);
    free(sums);
}

/* Where the key stands, or the free place where it would. */
static size_t find(const struct sums *sums, const struct key *key)
{
    size_t at = key->hash & (sums->room - 1);
    for (;;) {
        const struct slot *slot = &sums->slots[at];
        if (slot->key == NULL || (slot->hash == key->hash && slot->size == key->size &&
                                  memcmp(slot->key, key->text, key->size) == 0)) {
            return at;
        }
        at = (at + 1) & (sums->room - 1);
    }
}

static void take_out(struct sums *sums, size_t hole)
{
    const size_t mask = sums->room - 1;
    free(sums->slots[hole].key);
    sums->slots[hole].key = NULL;
    sums->used -= 1;
    for (size_t at = (hole + 1) & mask; sums->slots[at].key != NULL; at = (at + 1) & mask) {
        const size_t home = sums->slots[at].hash & mask;
        /* It may fill the hole unless its home lies between the hole and it. */
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            sums->slots[hole] = sums->slots[at];
            sums->slots[at].key = NULL;
            hole = at;
        }
    }
}

int64_t sums_add(struct sums *sums, const char *account, const char *subject, int64_t fen)
{
    const struct key key = key_of(account, subject);
    size_t at = find(sums, &key);
    if (sums->slots[at].key == NULL) {
        if (fen == 0) {
            return 0;
        }
        if (sums->used * 2 >= sums->room) {
            make_room(sums, sums->room * 2);
            at = find(sums, &key);
        }
        char *text = malloc(key.size);
        MUST(text != NULL);
        memcpy(text, key.text, key.size);
        sums->slots[at] = (struct slot){.key = text, .size = key.size, .hash = key.hash};
        sums->used += 1;
    }
    const int64_t sum = sums->slots[at].fen + fen;
    sums->slots[at].fen = sum;
    if (sum == 0) {
        take_out(sums, at);
    }
    return sum;
}

int64_t sums_get(const struct sums *sums, const char *account, const char *subject)
{
    const struct key key = key_of(account, subject);
    const struct slot *slot = &sums->slots[find(sums, &key)];
    return slot->key != NULL ? slot->fen : 0;
}

void sums_each(const struct sums *sums,
               void (*each)(void *self, const char *account, const char *subject, int64_t fen),
               void *self)
{
    for (size_t i = 0; i < sums->room; i++) {
        const struct slot *slot = &sums->slots[i];
        if (slot->key != NULL) {
            each(self, slot->key, slot->key + strlen(slot->key) + 1, slot->fen);
        }
    }
}
