/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_VECTORS_PAYMENTS_RUN_H
#define SHILLING_TESTS_VECTORS_PAYMENTS_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "common/crypto/rsa.h"
#include "protocol/alipay/form.h"
#include "protocol/wechat/box.h"
#include "protocol/wechat/verify.h"

/*
 * What the categories of payment vectors share. A category computes all that it can from a
 * vector's `in` into the object `got`; the runner then compares every key of `expect` with it.
 */
enum { KEY_TEXT_SIZE = 32 * 1024, WORK_SIZE = 4 << 20 };

/* Large buffers, one set for the whole run. */
struct work {
    struct alipay_form form;
    struct wechat_box_work box;
    char scratch[ALIPAY_FORM_SIZE_MAX + 1];
    unsigned char file[WORK_SIZE];
    unsigned char unpacked[WORK_SIZE];
};

struct run {
    const json_t *root;   /* the whole file */
    const char *keys_dir; /* NULL: only the keys in the file */
    struct work *work;
};

struct category {
    const char *name;
    const char *const *keys; /* of `expect` that this program compares; ends with NULL */
    void (*compute)(const struct run *run, const json_t *in, json_t *got);
};

extern const struct category ALIPAY_CATEGORIES[];
extern const size_t ALIPAY_CATEGORY_COUNT;
extern const struct category WECHAT_CATEGORIES[];
extern const size_t WECHAT_CATEGORY_COUNT;
extern const struct category MONEY_CATEGORIES[];
extern const size_t MONEY_CATEGORY_COUNT;

/** A text member of @p in; "" if it is absent. */
const char *in_text(const json_t *in, const char *name);

/** The text of a key file, from --keys or from the file's own map; false if it is in neither. */
bool key_text(const struct run *run, const char *name, char *ret_text, size_t size,
              size_t *ret_size);

/** The public or private key of that name; NULL if there is none. The caller destroys it. */
struct rsa_key *key_read(const struct run *run, const char *name, bool is_private);

/* The keys of a WeChat vector: serial -> key. */
enum { KEY_MAP_MAX = 16 };

struct key_map {
    const char *serials[KEY_MAP_MAX];
    struct rsa_key *keys[KEY_MAP_MAX];
    size_t count;
};

void key_map_read(const struct run *run, const json_t *in, struct key_map *ret_map);
void key_map_finish(struct key_map *map);
struct wechat_keys key_map_find(struct key_map *map);

/** Decode a base64 member into work->file; false if it is none. */
bool file_read(const struct run *run, const json_t *in, const char *name, size_t *ret_size);

#endif
