/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vector-payments FILE [--keys DIR]: runs every vector of a file of the format
 * "shilling-pay-vectors/1" through the product's own code and compares every key of `expect`.
 * Keys come from the file's `keys`; a folder given with --keys overrides and adds to them. What
 * this program does not know it names ("not checked: KEY xN"); the last line is
 * "N passed, N failed".
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "protocol/wechat/sign.h"
#include "tests/vectors/payments/run.h"

enum { UNKNOWN_MAX = 256 };

/* Names that nothing here checks, with how often they occurred. */
struct unknowns {
    const char *names[UNKNOWN_MAX];
    size_t counts[UNKNOWN_MAX];
    size_t count;
};

static void note_unknown(struct unknowns *unknowns, const char *name)
{
    for (size_t i = 0; i < unknowns->count; i++) {
        if (str_equal(unknowns->names[i], name)) {
            unknowns->counts[i] += 1;
            return;
        }
    }
    if (unknowns->count < UNKNOWN_MAX) {
        unknowns->names[unknowns->count] = name;
        unknowns->counts[unknowns->count] = 1;
        unknowns->count += 1;
    }
}

static const struct category *find_in(const struct category *categories, size_t count,
                                      const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(categories[i].name, name)) {
            return &categories[i];
        }
    }
    return NULL;
}

static const struct category *find_category(const char *name)
{
    const struct category *found = find_in(ALIPAY_CATEGORIES, ALIPAY_CATEGORY_COUNT, name);
    if (found == NULL) {
        found = find_in(WECHAT_CATEGORIES, WECHAT_CATEGORY_COUNT, name);
    }
    return found != NULL ? found : find_in(MONEY_CATEGORIES, MONEY_CATEGORY_COUNT, name);
}

static bool is_known(const struct category *category, const char *key)
{
    for (size_t i = 0; category->keys[i] != NULL; i++) {
        if (str_equal(category->keys[i], key)) {
            return true;
        }
    }
    return false;
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

/* Arrays whose order means nothing: equal if the sorted texts of their members are. */
static bool equal_sets(const json_t *a, const json_t *b)
{
    size_t count = json_array_size(a);
    if (!json_is_array(a) || !json_is_array(b) || count != json_array_size(b)) {
        return false;
    }
    char **texts = calloc(2 * count + 1, sizeof(*texts));
    bool equal = texts != NULL;
    for (size_t i = 0; equal && i < count; i++) {
        texts[i] = json_dumps(json_array_get(a, i), JSON_COMPACT | JSON_ENCODE_ANY);
        texts[count + i] = json_dumps(json_array_get(b, i), JSON_COMPACT | JSON_ENCODE_ANY);
        equal = texts[i] != NULL && texts[count + i] != NULL;
    }
    if (equal) {
        qsort(texts, count, sizeof(*texts), compare_texts);
        qsort(texts + count, count, sizeof(*texts), compare_texts);
    }
    for (size_t i = 0; texts != NULL && i < 2 * count; i++) {
        equal = equal && (i >= count || str_equal(texts[i], texts[count + i]));
    }
    for (size_t i = 0; texts != NULL && i < 2 * count; i++) {
        free(texts[i]);
    }
    free(texts);
    return equal;
}

/* The order of the items inside an Authorization header is free. */
static bool equal_authorizations(const json_t *a, const json_t *b)
{
    struct wechat_auth x;
    struct wechat_auth y;
    return json_is_string(a) && json_is_string(b) && wechat_auth_parse(json_string_value(a), &x) &&
           wechat_auth_parse(json_string_value(b), &y) && str_equal(x.mchid, y.mchid) &&
           str_equal(x.nonce, y.nonce) && str_equal(x.timestamp, y.timestamp) &&
           str_equal(x.serial, y.serial) && str_equal(x.signature, y.signature);
}

static bool is_equal(const char *key, json_t *expected, json_t *got)
{
    if (str_equal(key, "findings") || str_equal(key, "flags")) {
        return equal_sets(expected, got);
    }
    if (str_equal(key, "authorization_example")) {
        return equal_authorizations(expected, got);
    }
    return json_equal(expected, got) == 1;
}

static void print_difference(const char *id, const char *key, const json_t *expected,
                             const json_t *got)
{
    char *wanted = json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY);
    char *found = got != NULL ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    (void)printf("%s: %s is %.400s, not %.400s\n", id, key, found != NULL ? found : "missing",
                 wanted != NULL ? wanted : "?");
    free(wanted);
    free(found);
}

static bool run_vector(const struct run *run, const json_t *vector, struct unknowns *unknowns)
{
    const char *id = in_text(vector, "id");
    const char *name = in_text(vector, "cat");
    const struct category *category = find_category(name);
    if (category == NULL) {
        note_unknown(unknowns, name);
        return false;
    }
    json_t *got = json_object();
    category->compute(run, json_object_get(vector, "in"), got);
    bool ok = json_object_size(json_object_get(vector, "expect")) > 0;
    const char *key = NULL;
    json_t *expected = NULL;
    json_object_foreach(json_object_get(vector, "expect"), key, expected)
    {
        if (!is_known(category, key)) {
            note_unknown(unknowns, key);
        } else if (!is_equal(key, expected, json_object_get(got, key))) {
            print_difference(id, key, expected, json_object_get(got, key));
            ok = false;
        }
    }
    json_decref(got);
    return ok;
}

static int run_file(struct run *run)
{
    struct unknowns unknowns = {0};
    size_t passed = 0;
    size_t failed = 0;
    size_t i = 0;
    json_t *vector = NULL;
    json_array_foreach(json_object_get(run->root, "vectors"), i, vector)
    {
        if (run_vector(run, vector, &unknowns)) {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    for (i = 0; i < unknowns.count; i++) {
        (void)printf("not checked: %s x%zu\n", unknowns.names[i], unknowns.counts[i]);
    }
    (void)printf("%zu passed, %zu failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct run run = {0};
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (str_equal(argv[i], "--keys") && i + 1 < argc) {
            run.keys_dir = argv[i + 1];
            i += 1;
        } else {
            path = argv[i];
        }
    }
    if (path == NULL) {
        (void)fprintf(stderr, "usage: %s FILE [--keys DIR]\n", argv[0]);
        return 2;
    }
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        (void)fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
        return 2;
    }
    run.root = root;
    run.work = calloc(1, sizeof(*run.work));
    int result = run.work != NULL ? run_file(&run) : 2;
    free(run.work);
    json_decref(root);
    return result;
}
