/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/desfire_inside.h"

enum {
    SETTING_MASTER_CHANGEABLE = 0x01,
    SETTING_FREE_LISTS = 0x02,
    SETTING_FREE_CREATE = 0x04,
    SETTING_CHANGEABLE = 0x08,
    SETTINGS_FACTORY = 0x0F,
    KEY_TYPE_AES = 0x80,
    KEY_TYPE_3K = 0x40,
    KEY_NUMBER = 0x0F,
    CHANGE_BY_ITSELF = 0x0E,
    KEY_BYTES = 16,
};

void desfire_discard(struct desfire *desfire)
{
    for (size_t i = 0; i < DESFIRE_APPS_MAX; i++) {
        for (size_t j = 0; j < DESFIRE_FILES_MAX; j++) {
            desfire->apps[i].files[j].changed = false;
            desfire->apps[i].files[j].pending = 0;
            desfire->apps[i].files[j].debited = 0;
        }
    }
    memcpy(desfire->shadow, desfire->pool, sizeof(desfire->shadow));
}

void desfire_erase(struct desfire *desfire)
{
    memset(desfire, 0, sizeof(*desfire));
    desfire->apps[0].used = true;
    desfire->apps[0].settings = SETTINGS_FACTORY;
    desfire->apps[0].key_count = 1;
    desfire->apps[0].key_kind = CRYPTO_DES;
}

static bool setting(const struct desfire *desfire, uint8_t bit)
{
    return (desfire->apps[desfire->selected].settings & bit) != 0;
}

static struct desfire_app *app_find(struct desfire *desfire, const uint8_t aid[3])
{
    for (size_t i = 0; i < DESFIRE_APPS_MAX; i++) {
        if (desfire->apps[i].used && memcmp(desfire->apps[i].aid, aid, 3) == 0) {
            return &desfire->apps[i];
        }
    }
    return NULL;
}

void picc_select(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    const struct desfire_app *app = in->size == 3 ? app_find(desfire, in->bytes) : NULL;
    desfire->session.trust = DESFIRE_NOBODY;
    desfire_discard(desfire);
    if (app == NULL) {
        reply->status = in->size == 3 ? DESFIRE_NO_APPLICATION : DESFIRE_LENGTH;
        return;
    }
    desfire->selected = (size_t)(app - desfire->apps);
}

static void app_init(struct desfire_app *app, const struct desfire_message *in)
{
    memset(app, 0, sizeof(*app));
    app->used = true;
    memcpy(app->aid, in->bytes, 3);
    app->settings = in->bytes[3];
    app->key_count = in->bytes[4] & KEY_NUMBER;
    app->key_kind = (in->bytes[4] & KEY_TYPE_AES) != 0 ? CRYPTO_AES : CRYPTO_DES;
    for (size_t i = 0; i < DESFIRE_KEYS_MAX; i++) {
        app->keys[i].key.kind = app->key_kind;
    }
}

void picc_create_application(struct card *card, const struct desfire_message *in,
                             struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_app *free_app = NULL;
    for (size_t i = 1; i < DESFIRE_APPS_MAX && free_app == NULL; i++) {
        free_app = desfire->apps[i].used ? NULL : &desfire->apps[i];
    }
    uint8_t count = in->size >= 5 ? in->bytes[4] & KEY_NUMBER : 0;
    if (in->size < 5 || count == 0 || count > DESFIRE_KEYS_MAX ||
        (in->bytes[4] & KEY_TYPE_3K) != 0) {
        reply->status = in->size < 5 ? DESFIRE_LENGTH : DESFIRE_PARAMETER;
    } else if (desfire->selected != 0 ||
               (!setting(desfire, SETTING_FREE_CREATE) && !desfire_is_master(desfire))) {
        reply->status = DESFIRE_PERMISSION;
    } else if (app_find(desfire, in->bytes) != NULL) {
        reply->status = DESFIRE_DUPLICATE;
    } else if (free_app == NULL) {
        reply->status = DESFIRE_OUT_OF_MEMORY;
    } else if (cells_commit(card->cells)) {
        app_init(free_app, in);
    }
}

void picc_delete_application(struct card *card, const struct desfire_message *in,
                             struct desfire_reply *reply)
{
    static const uint8_t CARD_ITSELF[3] = {0};
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_app *app = in->size == 3 ? app_find(desfire, in->bytes) : NULL;
    if (in->size != 3 || memcmp(in->bytes, CARD_ITSELF, 3) == 0) {
        reply->status = DESFIRE_PARAMETER;
    } else if (app == NULL) {
        reply->status = DESFIRE_NO_APPLICATION;
    } else if (desfire->selected != 0 || !desfire_is_master(desfire)) {
        reply->status = DESFIRE_PERMISSION;
    } else if (cells_commit(card->cells)) {
        app->used = false; /* its memory comes back with the next format only */
    }
}

void picc_application_ids(struct card *card, const struct desfire_message *in,
                          struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    (void)in;
    if (desfire->selected != 0 ||
        (!setting(desfire, SETTING_FREE_LISTS) && !desfire_is_master(desfire))) {
        reply->status = desfire->selected != 0 ? DESFIRE_PERMISSION : DESFIRE_AUTHENTICATION;
        return;
    }
    for (size_t i = 1; i < DESFIRE_APPS_MAX; i++) {
        if (desfire->apps[i].used) {
            memcpy(reply->bytes + reply->size, desfire->apps[i].aid, 3);
            reply->size += 3;
        }
    }
}

void picc_df_names(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    (void)in;
    if (card->memory.desfire.selected != 0) {
        reply->status = DESFIRE_PERMISSION; /* else: none has a name */
    }
}

void picc_key_settings(struct card *card, const struct desfire_message *in,
                       struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    const struct desfire_app *app = desfire_app_now(desfire);
    (void)in;
    if (!setting(desfire, SETTING_FREE_LISTS) && !desfire_is_master(desfire)) {
        reply->status = DESFIRE_AUTHENTICATION;
        return;
    }
    reply->bytes[0] = app->settings;
    reply->bytes[1] = (uint8_t)(app->key_count | (app->key_kind == CRYPTO_AES ? KEY_TYPE_AES : 0));
    reply->size = 2;
}

void picc_change_settings(struct card *card, const struct desfire_message *in,
                          struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    if (!desfire_is_master(desfire)) {
        reply->status = DESFIRE_AUTHENTICATION;
    } else if (!setting(desfire, SETTING_CHANGEABLE)) {
        reply->status = DESFIRE_PERMISSION;
    } else if (cells_commit(card->cells)) {
        desfire_app_now(desfire)->settings = in->bytes[0];
    }
}

void picc_key_version(struct card *card, const struct desfire_message *in,
                      struct desfire_reply *reply)
{
    const struct desfire_app *app = desfire_app_now(&card->memory.desfire);
    if (in->size != 1 || (in->bytes[0] & KEY_NUMBER) >= app->key_count) {
        reply->status = in->size != 1 ? DESFIRE_LENGTH : DESFIRE_NO_SUCH_KEY;
        return;
    }
    reply->bytes[0] = app->keys[in->bytes[0] & KEY_NUMBER].version;
    reply->size = 1;
}

/* Whether this session may change key @p number of the selected application. */
static bool may_change(const struct desfire *desfire, uint8_t number)
{
    uint8_t right = desfire->apps[desfire->selected].settings >> 4;
    if (desfire->session.trust == DESFIRE_NOBODY) {
        return false;
    }
    if (number == 0) {
        return desfire_is_master(desfire) && setting(desfire, SETTING_MASTER_CHANGEABLE);
    }
    return right == CHANGE_BY_ITSELF ? desfire->session.key_number == number
                                     : desfire->session.key_number == right;
}

/* The sum of the new key itself, which follows where another key's session changes it. */
static bool second_sum_is_right(const struct desfire *desfire, const uint8_t *key,
                                const uint8_t *sum)
{
    if (desfire->session.trust == DESFIRE_AES) {
        return bytes_le32(sum) == crypto_crc32(key, KEY_BYTES);
    }
    uint16_t crc = crypto_crc_a(key, KEY_BYTES);
    return sum[0] == (uint8_t)crc && sum[1] == crc >> 8;
}

/* DES keys carry their version in the parity bits of the first half. */
static uint8_t version_in_parity(const uint8_t *key)
{
    uint8_t version = 0;
    for (size_t i = 0; i < 8; i++) {
        version = (uint8_t)(version | (key[i] & 1U) << (7 - i));
    }
    return version;
}

void picc_change_key(struct card *card, const struct desfire_message *in,
                     struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_app *app = desfire_app_now(desfire);
    uint8_t number = in->bytes[0] & KEY_NUMBER;
    bool aes =
        desfire->selected == 0 ? (in->bytes[0] & KEY_TYPE_AES) != 0 : app->key_kind == CRYPTO_AES;
    size_t sum_at =
        1U + KEY_BYTES + (aes ? 1U : 0U) + (desfire->session.trust == DESFIRE_AES ? 4U : 2U);
    struct desfire_key fresh = {.key = {.kind = aes ? CRYPTO_AES : CRYPTO_DES}};
    if (in->size == 0 || number >= app->key_count) {
        reply->status = in->size == 0 ? DESFIRE_LENGTH : DESFIRE_NO_SUCH_KEY;
        return;
    }
    if (!may_change(desfire, number)) {
        reply->status =
            desfire->session.trust == DESFIRE_NOBODY ? DESFIRE_AUTHENTICATION : DESFIRE_PERMISSION;
        return;
    }
    bool own = number == desfire->session.key_number;
    memcpy(fresh.key.bytes, in->bytes + 1, KEY_BYTES);
    for (size_t i = 0; !own && i < KEY_BYTES; i++) {
        fresh.key.bytes[i] ^= app->keys[number].key.bytes[i];
    }
    if (!own && (in->size < sum_at + 4 ||
                 !second_sum_is_right(desfire, fresh.key.bytes, in->bytes + sum_at))) {
        reply->status = DESFIRE_INTEGRITY;
        return;
    }
    fresh.version = aes ? in->bytes[1 + KEY_BYTES] : version_in_parity(fresh.key.bytes);
    if (cells_commit(card->cells)) {
        app->keys[number] = fresh;
        app->key_kind = desfire->selected == 0 ? fresh.key.kind : app->key_kind;
    }
    if (own) {
        desfire->session.trust = DESFIRE_NOBODY;
    }
}

void picc_format(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    (void)in;
    if (desfire->selected != 0 || !desfire_is_master(desfire)) {
        reply->status = desfire->selected != 0 ? DESFIRE_PERMISSION : DESFIRE_AUTHENTICATION;
        return;
    }
    if (cells_commit(card->cells)) {
        memset(desfire->apps + 1, 0, sizeof(desfire->apps) - sizeof(desfire->apps[0]));
        memset(desfire->pool, 0, sizeof(desfire->pool));
        desfire->pool_used = 0;
    }
}

void picc_free_memory(struct card *card, const struct desfire_message *in,
                      struct desfire_reply *reply)
{
    (void)in;
    bytes_put_le24(reply->bytes, DESFIRE_POOL_SIZE - card->memory.desfire.pool_used);
    reply->size = 3;
}

void picc_card_uid(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    (void)in;
    if (card->memory.desfire.session.trust == DESFIRE_NOBODY) {
        reply->status = DESFIRE_AUTHENTICATION;
        return;
    }
    memcpy(reply->bytes, card->uid, card->uid_size);
    reply->size = card->uid_size;
    reply->mode = DESFIRE_ENCIPHERED;
}
