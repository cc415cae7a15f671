/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/common_crypto/vector_keys.h"

#include <string.h>

#include <jansson.h>

#include "common/must.h"

enum { KEYS_MAX = 64 };

static struct {
    json_t *root;
    struct rsa_key *keys[KEYS_MAX];
    size_t count;
} store;

/* So that a leak checker sees what is left. */
__attribute__((destructor)) static void forget(void)
{
    for (size_t i = 0; i < store.count; i++) {
        rsa_key_destroy(store.keys[i]);
    }
    json_decref(store.root);
}

const char *vector_key_text(const char *name)
{
    if (store.root == NULL) {
        store.root = json_load_file("tests/vectors/payments.json", 0, NULL);
    }
    const char *text =
        json_string_value(json_object_get(json_object_get(store.root, "keys"), name));
    MUST(text != NULL);
    return text;
}

struct rsa_key *vector_key(const char *name, bool is_private)
{
    const char *text = vector_key_text(name);
    struct rsa_key *key = NULL;
    enum err err = is_private ? rsa_private_read(text, strlen(text), &key)
                              : rsa_public_read(text, strlen(text), &key);
    MUST(err == OK);
    MUST(store.count < KEYS_MAX);
    store.keys[store.count++] = key;
    return key;
}
