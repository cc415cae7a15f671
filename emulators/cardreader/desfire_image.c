/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image of a DESFire card, line by line:
 *   kind desfire
 *   uid HEX
 *   app AID SETTINGS des|aes KEYS          (000000 first: the card itself)
 *   key VERSION HEX                        (one a key)
 *   data NUMBER standard|backup MODE ACCESS SIZE HEX
 *   value NUMBER MODE ACCESS LOWER UPPER VALUE LIMITED 0|1
 */
#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/desfire_inside.h"
#include "emulators/cardreader/words.h"

static const char *const CIPHERS[CRYPTO_KIND_COUNT] = {"des", "aes"};
static const char *const TYPES[] = {"standard", "backup"};

static bool one_of(const char *const *names, size_t count, const char *word, unsigned *ret_index)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(names[i], word) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool load_app(struct words *words, struct desfire_app *app)
{
    unsigned kind = 0;
    uint32_t count = 0;
    if (!words_are(words, "app", 5) || !words_hex(words, 1, app->aid, 3) ||
        !words_hex(words, 2, &app->settings, 1) ||
        !one_of(CIPHERS, CRYPTO_KIND_COUNT, words->word[3], &kind) ||
        !words_number(words, 4, DESFIRE_KEYS_MAX, &count) || count == 0) {
        return false;
    }
    app->used = true;
    app->key_kind = (enum crypto_kind)kind;
    app->key_count = (uint8_t)count;
    for (uint32_t i = 0; i < DESFIRE_KEYS_MAX; i++) {
        app->keys[i].key.kind = app->key_kind;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!words_next(words) || !words_are(words, "key", 3) ||
            !words_hex(words, 1, &app->keys[i].version, 1) ||
            !words_hex(words, 2, app->keys[i].key.bytes, CRYPTO_AES_KEY)) {
            return false;
        }
    }
    return true;
}

static bool load_head(struct words *words, size_t mode_at, struct desfire_file *file)
{
    uint32_t number = 0;
    uint8_t access[2];
    if (!words_number(words, 1, 31, &number) || !words_hex(words, mode_at, &file->mode, 1) ||
        !words_hex(words, mode_at + 1, access, 2) || file->mode > DESFIRE_ENCIPHERED ||
        file->mode == 2) {
        return false;
    }
    file->used = true;
    file->number = (uint8_t)number;
    file->access = bytes_be16(access);
    return true;
}

static bool load_data(struct words *words, struct desfire *desfire, struct desfire_file *file)
{
    unsigned type = 0;
    uint32_t size = 0;
    if (!load_head(words, 3, file) || !one_of(TYPES, 2, words->word[2], &type) ||
        !words_number(words, 5, DESFIRE_POOL_SIZE - desfire->pool_used, &size) ||
        !words_hex(words, 6, desfire->pool + desfire->pool_used, size)) {
        return false;
    }
    file->type = (enum desfire_file_type)type;
    file->at = desfire->pool_used;
    file->size = size;
    desfire->pool_used += size;
    return true;
}

static bool load_value(struct words *words, struct desfire_file *file)
{
    uint8_t numbers[4][4];
    uint32_t limited = 0;
    bool good = load_head(words, 2, file) && words_number(words, 8, 1, &limited);
    for (size_t i = 0; good && i < 4; i++) {
        good = words_hex(words, 4 + i, numbers[i], 4);
    }
    if (!good) {
        return false;
    }
    file->type = DESFIRE_VALUE;
    file->lower = (int32_t)bytes_le32(numbers[0]);
    file->upper = (int32_t)bytes_le32(numbers[1]);
    file->value = (int32_t)bytes_le32(numbers[2]);
    file->limited = (int32_t)bytes_le32(numbers[3]);
    file->limited_allowed = limited == 1;
    return file->lower <= file->value && file->value <= file->upper;
}

static bool load_files(struct words *words, struct desfire *desfire, struct desfire_app *app,
                       bool *ret_more)
{
    size_t count = 0;
    *ret_more = words_next(words);
    while (*ret_more && !words_are(words, "app", 5)) {
        struct desfire_file *file = &app->files[count];
        if (count == DESFIRE_FILES_MAX || app == desfire->apps ||
            !(words_are(words, "data", 7)
                  ? load_data(words, desfire, file)
                  : words_are(words, "value", 9) && load_value(words, file))) {
            return false;
        }
        count += 1;
        *ret_more = words_next(words);
    }
    return true;
}

bool desfire_image_load(struct card *card, const uint8_t *image, size_t size)
{
    static struct words words; /* one thread; too large for the stack */
    struct desfire *desfire = &card->memory.desfire;
    bool more = true;
    size_t count = 0;
    memset(desfire, 0, sizeof(*desfire));
    words_init(&words, image, size);
    if (!words_next(&words) || !words_are(&words, "kind", 2) || !words_next(&words) ||
        !words_are(&words, "uid", 2) || !words_hex(&words, 1, card->uid, 7) ||
        !words_next(&words)) {
        return false;
    }
    while (more) {
        if (count == DESFIRE_APPS_MAX || !load_app(&words, &desfire->apps[count]) ||
            !load_files(&words, desfire, &desfire->apps[count], &more)) {
            return false;
        }
        count += 1;
    }
    static const uint8_t CARD_ITSELF[3] = {0};
    desfire_discard(desfire);
    return words_ended(&words) && memcmp(desfire->apps[0].aid, CARD_ITSELF, 3) == 0;
}

static void save_file(const struct desfire *desfire, const struct desfire_file *file,
                      struct words_out *out)
{
    if (file->type == DESFIRE_VALUE) {
        uint8_t numbers[4][4];
        bytes_put_le32(numbers[0], (uint32_t)file->lower);
        bytes_put_le32(numbers[1], (uint32_t)file->upper);
        bytes_put_le32(numbers[2], (uint32_t)file->value);
        bytes_put_le32(numbers[3], (uint32_t)file->limited);
        words_add(out, "value %u %02x %04x", file->number, file->mode, file->access);
        for (size_t i = 0; i < 4; i++) {
            words_add(out, " ");
            words_add_hex(out, numbers[i], 4);
        }
        words_add(out, " %d\n", file->limited_allowed ? 1 : 0);
        return;
    }
    words_add(out, "data %u %s %02x %04x %u ", file->number, TYPES[file->type], file->mode,
              file->access, file->size);
    words_add_hex(out, desfire->pool + file->at, file->size);
    words_add(out, "\n");
}

static void save_app(const struct desfire *desfire, const struct desfire_app *app,
                     struct words_out *out)
{
    words_add(out, "app ");
    words_add_hex(out, app->aid, sizeof(app->aid));
    words_add(out, " %02x %s %u\n", app->settings, CIPHERS[app->key_kind], app->key_count);
    for (size_t i = 0; i < app->key_count; i++) {
        words_add(out, "key %02x ", app->keys[i].version);
        words_add_hex(out, app->keys[i].key.bytes, CRYPTO_AES_KEY);
        words_add(out, "\n");
    }
    for (size_t i = 0; i < DESFIRE_FILES_MAX; i++) {
        if (app->files[i].used) {
            save_file(desfire, &app->files[i], out);
        }
    }
}

size_t desfire_image_save(const struct card *card, uint8_t *ret_image, size_t room)
{
    const struct desfire *desfire = &card->memory.desfire;
    struct words_out out = {.text = (char *)ret_image, .room = room};
    words_add(&out, "kind desfire\nuid ");
    words_add_hex(&out, card->uid, card->uid_size);
    words_add(&out, "\n");
    for (size_t i = 0; i < DESFIRE_APPS_MAX; i++) {
        if (desfire->apps[i].used) {
            save_app(desfire, &desfire->apps[i], &out);
        }
    }
    return out.is_full ? 0 : out.size;
}
