/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/desfire_inside.h"

enum {
    SETTING_FREE_LISTS = 0x02,
    SETTING_FREE_CREATE = 0x04,
    FILE_NUMBER_MAX = 31,
    DATA_HEAD = 7, /* number, offset, length */
};

/* The four rights of a file, by where they stand in its access word. */
enum right { RIGHT_CHANGE = 0, RIGHT_BOTH = 4, RIGHT_WRITE = 8, RIGHT_READ = 12 };

static unsigned right_of(const struct desfire_file *file, enum right right)
{
    return (unsigned)file->access >> right & 0x0FU;
}

static bool by_key(const struct desfire *desfire, const struct desfire_file *file, enum right right)
{
    return desfire->session.trust != DESFIRE_NOBODY &&
           right_of(file, right) == desfire->session.key_number;
}

static bool may(const struct desfire *desfire, const struct desfire_file *file, enum right right)
{
    return right_of(file, right) == DESFIRE_ACCESS_FREE || by_key(desfire, file, right);
}

uint8_t desfire_mode_now(const struct desfire *desfire, const struct desfire_file *file, bool reads)
{
    bool keyed = by_key(desfire, file, reads ? RIGHT_READ : RIGHT_WRITE) ||
                 by_key(desfire, file, RIGHT_BOTH);
    return keyed ? file->mode : (uint8_t)DESFIRE_PLAIN;
}

struct desfire_file *desfire_file_find(struct desfire *desfire, uint8_t number)
{
    struct desfire_app *app = desfire_app_now(desfire);
    for (size_t i = 0; i < DESFIRE_FILES_MAX; i++) {
        if (app->files[i].used && app->files[i].number == number) {
            return &app->files[i];
        }
    }
    return NULL;
}

static bool may_create(const struct desfire *desfire)
{
    return (desfire->apps[desfire->selected].settings & SETTING_FREE_CREATE) != 0 ||
           desfire_is_master(desfire);
}

/* A free place for a new file of that number; NULL with the reply's status set. */
static struct desfire_file *place_for(struct desfire *desfire, const struct desfire_file *file,
                                      struct desfire_reply *reply)
{
    struct desfire_app *app = desfire_app_now(desfire);
    bool mode_is_good = file->mode == DESFIRE_PLAIN || file->mode == DESFIRE_MACED ||
                        file->mode == DESFIRE_ENCIPHERED;
    if (desfire->selected == 0 || !may_create(desfire)) {
        reply->status = DESFIRE_PERMISSION;
    } else if (file->number > FILE_NUMBER_MAX || !mode_is_good) {
        reply->status = DESFIRE_PARAMETER;
    } else if (desfire_file_find(desfire, file->number) != NULL) {
        reply->status = DESFIRE_DUPLICATE;
    } else if (file->size > DESFIRE_POOL_SIZE - desfire->pool_used) {
        reply->status = DESFIRE_OUT_OF_MEMORY;
    } else {
        reply->status = DESFIRE_OUT_OF_MEMORY;
        for (size_t i = 0; i < DESFIRE_FILES_MAX; i++) {
            if (!app->files[i].used) {
                reply->status = DESFIRE_OK;
                return &app->files[i];
            }
        }
    }
    return NULL;
}

static void create(struct card *card, struct desfire_file *file, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_file *place = place_for(desfire, file, reply);
    if (place != NULL && cells_commit(card->cells)) {
        file->used = true;
        file->at = desfire->pool_used;
        desfire->pool_used += file->size;
        *place = *file;
    }
}

static void create_data(struct card *card, const struct desfire_message *in,
                        struct desfire_reply *reply, enum desfire_file_type type)
{
    /* Number, perhaps an ISO identifier of two bytes, mode, access, size. */
    size_t at = in->size == 9 ? 3 : 1;
    if (in->size != at + 6) {
        reply->status = DESFIRE_LENGTH;
        return;
    }
    struct desfire_file file = {.number = in->bytes[0],
                                .type = type,
                                .mode = in->bytes[at],
                                .access = (uint16_t)(in->bytes[at + 1] | in->bytes[at + 2] << 8),
                                .size = bytes_le24(in->bytes + at + 3)};
    create(card, &file, reply);
}

void picc_create_standard(struct card *card, const struct desfire_message *in,
                          struct desfire_reply *reply)
{
    create_data(card, in, reply, DESFIRE_STANDARD);
}

void picc_create_backup(struct card *card, const struct desfire_message *in,
                        struct desfire_reply *reply)
{
    create_data(card, in, reply, DESFIRE_BACKUP);
}

void picc_create_value(struct card *card, const struct desfire_message *in,
                       struct desfire_reply *reply)
{
    if (in->size != 17) {
        reply->status = DESFIRE_LENGTH;
        return;
    }
    struct desfire_file file = {.number = in->bytes[0],
                                .type = DESFIRE_VALUE,
                                .mode = in->bytes[1],
                                .access = (uint16_t)(in->bytes[2] | in->bytes[3] << 8),
                                .lower = (int32_t)bytes_le32(in->bytes + 4),
                                .upper = (int32_t)bytes_le32(in->bytes + 8),
                                .value = (int32_t)bytes_le32(in->bytes + 12),
                                .limited_allowed = (in->bytes[16] & 1U) != 0};
    if (file.lower > file.upper || file.value < file.lower || file.value > file.upper) {
        reply->status = DESFIRE_BOUNDARY;
        return;
    }
    create(card, &file, reply);
}

/* The file that a command names first; NULL with the reply's status set. */
static struct desfire_file *named(struct desfire *desfire, const struct desfire_message *in,
                                  size_t size_min, struct desfire_reply *reply)
{
    if (in->size < size_min) {
        reply->status = DESFIRE_LENGTH;
        return NULL;
    }
    struct desfire_file *file = desfire_file_find(desfire, in->bytes[0]);
    if (file == NULL) {
        reply->status = DESFIRE_NO_FILE;
    }
    return file;
}

void picc_delete_file(struct card *card, const struct desfire_message *in,
                      struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_file *file = named(desfire, in, 1, reply);
    if (file != NULL && !may_create(desfire)) {
        reply->status = DESFIRE_PERMISSION;
    } else if (file != NULL && cells_commit(card->cells)) {
        file->used = false;
    }
}

static bool may_list(const struct desfire *desfire)
{
    return (desfire->apps[desfire->selected].settings & SETTING_FREE_LISTS) != 0 ||
           desfire_is_master(desfire);
}

void picc_file_ids(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    const struct desfire_app *app = desfire_app_now(desfire);
    (void)in;
    if (desfire->selected == 0 || !may_list(desfire)) {
        reply->status = desfire->selected == 0 ? DESFIRE_PERMISSION : DESFIRE_AUTHENTICATION;
        return;
    }
    for (size_t i = 0; i < DESFIRE_FILES_MAX; i++) {
        if (app->files[i].used) {
            reply->bytes[reply->size++] = app->files[i].number;
        }
    }
}

void picc_file_settings(struct card *card, const struct desfire_message *in,
                        struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    const struct desfire_file *file = named(desfire, in, 1, reply);
    if (file == NULL) {
        return;
    }
    if (!may_list(desfire)) {
        reply->status = DESFIRE_AUTHENTICATION;
        return;
    }
    reply->bytes[0] = (uint8_t)file->type;
    reply->bytes[1] = file->mode;
    bytes_put_le16(reply->bytes + 2, file->access);
    if (file->type == DESFIRE_VALUE) {
        bytes_put_le32(reply->bytes + 4, (uint32_t)file->lower);
        bytes_put_le32(reply->bytes + 8, (uint32_t)file->upper);
        bytes_put_le32(reply->bytes + 12, (uint32_t)file->limited);
        reply->bytes[16] = file->limited_allowed ? 1 : 0;
        reply->size = 17;
    } else {
        bytes_put_le24(reply->bytes + 4, file->size);
        reply->size = 7;
    }
}

void picc_read_data(struct card *card, const struct desfire_message *in,
                    struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    const struct desfire_file *file = named(desfire, in, DATA_HEAD, reply);
    if (file == NULL) {
        return;
    }
    uint32_t offset = bytes_le24(in->bytes + 1);
    uint32_t length = bytes_le24(in->bytes + 4);
    bool inside = offset < file->size && length <= file->size - offset;
    if (length == 0 && inside) {
        length = file->size - offset;
    }
    if (file->type == DESFIRE_VALUE) {
        reply->status = DESFIRE_PARAMETER;
    } else if (!may(desfire, file, RIGHT_READ) && !may(desfire, file, RIGHT_BOTH)) {
        reply->status = DESFIRE_AUTHENTICATION;
    } else if (!inside || length > DESFIRE_DATA_MAX) {
        reply->status = DESFIRE_BOUNDARY;
    } else {
        memcpy(reply->bytes, desfire->pool + file->at + offset, length);
        reply->size = length;
        reply->mode = desfire_mode_now(desfire, file, true);
    }
}

static void put_data(struct card *card, struct desfire_file *file, uint32_t offset,
                     const struct desfire_message *in)
{
    struct desfire *desfire = &card->memory.desfire;
    uint32_t length = bytes_le24(in->bytes + 4);
    if (file->type == DESFIRE_BACKUP) {
        memcpy(desfire->shadow + file->at + offset, in->bytes + DATA_HEAD, length);
        file->changed = true;
        return;
    }
    const struct cells_area area = {.bytes = desfire->pool + file->at + offset, .size = length};
    (void)cells_write(card->cells, &area, in->bytes + DATA_HEAD);
}

void picc_write_data(struct card *card, const struct desfire_message *in,
                     struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_file *file = named(desfire, in, DATA_HEAD, reply);
    if (file == NULL) {
        return;
    }
    uint32_t offset = bytes_le24(in->bytes + 1);
    uint32_t length = bytes_le24(in->bytes + 4);
    if (file->type == DESFIRE_VALUE) {
        reply->status = DESFIRE_PARAMETER;
    } else if (!may(desfire, file, RIGHT_WRITE) && !may(desfire, file, RIGHT_BOTH)) {
        reply->status = DESFIRE_AUTHENTICATION;
    } else if (length == 0 || in->size < DATA_HEAD + (size_t)length || offset > file->size ||
               length > file->size - offset) {
        reply->status = DESFIRE_BOUNDARY;
    } else {
        put_data(card, file, offset, in);
    }
}

static struct desfire_file *named_value(struct desfire *desfire, const struct desfire_message *in,
                                        size_t size_min, struct desfire_reply *reply)
{
    struct desfire_file *file = named(desfire, in, size_min, reply);
    if (file != NULL && file->type != DESFIRE_VALUE) {
        reply->status = DESFIRE_PARAMETER;
        return NULL;
    }
    return file;
}

static bool may_take(const struct desfire *desfire, const struct desfire_file *file)
{
    return may(desfire, file, RIGHT_READ) || may(desfire, file, RIGHT_WRITE) ||
           may(desfire, file, RIGHT_BOTH);
}

void picc_get_value(struct card *card, const struct desfire_message *in,
                    struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    const struct desfire_file *file = named_value(desfire, in, 1, reply);
    if (file == NULL) {
        return;
    }
    if (!may_take(desfire, file)) {
        reply->status = DESFIRE_AUTHENTICATION;
        return;
    }
    bytes_put_le32(reply->bytes, (uint32_t)file->value);
    reply->size = 4;
    reply->mode = desfire_mode_now(desfire, file, true);
}

/* Add to a value what a commit will make true; the sum must stay inside the file's limits. */
static void add(struct desfire_file *file, int64_t amount, struct desfire_reply *reply)
{
    int64_t sum = (int64_t)file->value + file->pending + amount;
    if (sum < file->lower || sum > file->upper) {
        reply->status = DESFIRE_BOUNDARY;
        return;
    }
    file->pending += amount;
    file->changed = true;
}

/* The amount of a credit or debit; negative ones are refused. */
static int64_t amount_of(const struct desfire_message *in, struct desfire_reply *reply)
{
    int32_t amount = (int32_t)bytes_le32(in->bytes + 1);
    if (amount < 0) {
        reply->status = DESFIRE_PARAMETER;
    }
    return amount;
}

void picc_credit(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_file *file = named_value(desfire, in, 5, reply);
    int64_t amount = file == NULL ? 0 : amount_of(in, reply);
    if (file != NULL && !may(desfire, file, RIGHT_BOTH)) {
        reply->status = DESFIRE_AUTHENTICATION;
    } else if (file != NULL && reply->status == DESFIRE_OK) {
        add(file, amount, reply);
    }
}

void picc_limited_credit(struct card *card, const struct desfire_message *in,
                         struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_file *file = named_value(desfire, in, 5, reply);
    int64_t amount = file == NULL ? 0 : amount_of(in, reply);
    if (file == NULL || reply->status != DESFIRE_OK) {
        return;
    }
    if (!may(desfire, file, RIGHT_WRITE) && !may(desfire, file, RIGHT_BOTH)) {
        reply->status = DESFIRE_AUTHENTICATION;
    } else if (!file->limited_allowed || amount > file->limited) {
        reply->status = file->limited_allowed ? DESFIRE_BOUNDARY : DESFIRE_PERMISSION;
    } else {
        add(file, amount, reply);
    }
}

void picc_debit(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_file *file = named_value(desfire, in, 5, reply);
    int64_t amount = file == NULL ? 0 : amount_of(in, reply);
    if (file != NULL && !may_take(desfire, file)) {
        reply->status = DESFIRE_AUTHENTICATION;
    } else if (file != NULL && reply->status == DESFIRE_OK) {
        add(file, -amount, reply);
        file->debited += reply->status == DESFIRE_OK ? (int32_t)amount : 0;
    }
}

static void settle(struct desfire *desfire, struct desfire_file *file)
{
    if (file->type == DESFIRE_VALUE) {
        file->value = (int32_t)(file->value + file->pending);
        file->limited = file->debited;
    } else {
        memcpy(desfire->pool + file->at, desfire->shadow + file->at, file->size);
    }
    file->changed = false;
    file->pending = 0;
    file->debited = 0;
}

void picc_commit(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_app *app = desfire_app_now(desfire);
    bool any = false;
    (void)in;
    for (size_t i = 0; i < DESFIRE_FILES_MAX; i++) {
        any = any || (app->files[i].used && app->files[i].changed);
    }
    if (!any) {
        reply->status = DESFIRE_NO_CHANGES;
        return;
    }
    if (!cells_commit(card->cells)) {
        return;
    }
    for (size_t i = 0; i < DESFIRE_FILES_MAX; i++) {
        if (app->files[i].used && app->files[i].changed) {
            settle(desfire, &app->files[i]);
        }
    }
}

void picc_abort(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    (void)in;
    (void)reply;
    desfire_discard(&card->memory.desfire);
}
