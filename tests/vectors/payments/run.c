/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/payments/run.h"

#include <stdio.h>
#include <string.h>

#include "common/crypto/base64.h"
#include "common/str.h"

const char *in_text(const json_t *in, const char *name)
{
    const char *text = json_string_value(json_object_get(in, name));
    return text != NULL ? text : "";
}

static bool key_file(const char *dir, const char *name, char *ret_text, size_t size,
                     size_t *ret_size)
{
    char path[4096];
    if (!str_format(path, sizeof(path), "%s/%s", dir, name)) {
        return false;
    }
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    size_t read = fread(ret_text, 1, size, file);
    (void)fclose(file);
    *ret_size = read;
    return read > 0 && read < size;
}

bool key_text(const struct run *run, const char *name, char *ret_text, size_t size,
              size_t *ret_size)
{
    if (run->keys_dir != NULL && key_file(run->keys_dir, name, ret_text, size, ret_size)) {
        return true;
    }
    const char *text = json_string_value(json_object_get(json_object_get(run->root, "keys"), name));
    if (text == NULL || !str_copy(ret_text, size, text)) {
        return false;
    }
    *ret_size = strlen(text);
    return true;
}

struct rsa_key *key_read(const struct run *run, const char *name, bool is_private)
{
    static char text[KEY_TEXT_SIZE];
    size_t size = 0;
    struct rsa_key *key = NULL;
    if (!key_text(run, name, text, sizeof(text), &size)) {
        (void)printf("no key %s: give its folder with --keys\n", name);
        return NULL;
    }
    enum err err =
        is_private ? rsa_private_read(text, size, &key) : rsa_public_read(text, size, &key);
    return err == OK ? key : NULL;
}

void key_map_read(const struct run *run, const json_t *in, struct key_map *ret_map)
{
    *ret_map = (struct key_map){0};
    json_t *keys = json_object_get(in, "keys");
    const char *serial = NULL;
    json_t *name = NULL;
    json_object_foreach(keys, serial, name)
    {
        struct rsa_key *key = key_read(run, json_string_value(name), /* is_private= */ false);
        if (key != NULL && ret_map->count < KEY_MAP_MAX) {
            ret_map->serials[ret_map->count] = serial;
            ret_map->keys[ret_map->count] = key;
            ret_map->count += 1;
        }
    }
}

void key_map_finish(struct key_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        rsa_key_destroy(map->keys[i]);
    }
    map->count = 0;
}

static const struct rsa_key *find(void *self, const char *serial)
{
    const struct key_map *map = self;
    for (size_t i = 0; i < map->count; i++) {
        if (wechat_serial_equal(map->serials[i], serial)) {
            return map->keys[i];
        }
    }
    return NULL;
}

struct wechat_keys key_map_find(struct key_map *map)
{
    return (struct wechat_keys){.find = find, .self = map};
}

bool file_read(const struct run *run, const json_t *in, const char *name, size_t *ret_size)
{
    const char *text = in_text(in, name);
    return base64_decode(text, strlen(text), run->work->file, sizeof(run->work->file), ret_size);
}
