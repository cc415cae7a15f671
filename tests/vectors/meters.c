/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs test vectors of meter frames: vector-meters FILE [--protocol 645-2007].
 *
 * A vector passes if its bytes decode to exactly the members that it lists, if the decoded object
 * encodes to the same bytes again (where the frame is a canonical one: nothing around it, nothing
 * behind its value), and if a frame with a wrong checksum is refused with a reason. Members and
 * protocols that this program does not know are counted and named, never passed over in silence.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/dl645/di.h"
#include "protocol/dl645/message.h"
#include "protocol/dl645/value.h"
#include "tools/frame/frame_json.h"
#include "tools/frame/hex_json.h"

enum {
    FRAME_BYTES_MAX = 400, /* the longest frame, with noise around it */
    NOTES_MAX = 256,
    NOTE_SIZE = 96,
    TEXT_SIZE = 512,
};

static const char protocol_2007[] = "645-2007";

/* Every member that the vectors may list for this protocol. */
static const char *const known_keys[] = {
    "preamble_fe",  "address",      "control",   "length",         "data_minus33", "cs_computed",
    "cs_printed",   "direction",    "function",  "meter_address",  "new_address",  "DI",
    "value",        "unit",         "values",    "count",          "time",         "date",
    "weekday",      "freeze_time",  "number",    "baud_code",      "error_reply",  "error_bits",
    "more_follows", "seq",          "PA",        "password",       "operator",     "N1",
    "N2",           "expires",      "remaining", "purchase_count", "customer",     "amount",
    "order",        "meter",        "mac1",      "mac2",           "key_info",     "data_hex",
    "value_hex",    "trailing_hex",
};

/* Things that were not checked, each with how often it occurred. */
struct notes {
    char texts[NOTES_MAX][NOTE_SIZE];
    size_t counts[NOTES_MAX];
    size_t count;
};

struct run {
    struct notes notes;
    size_t passed;
    size_t failed;
    size_t index; /* of the vector in the file, from 1 */
    const char *group;
};

static void note(struct notes *notes, const char *kind, const char *name)
{
    char text[NOTE_SIZE];
    str_format_cut(text, sizeof(text), "%s%s", kind, name);
    for (size_t i = 0; i < notes->count; i++) {
        if (str_equal(notes->texts[i], text)) {
            notes->counts[i] += 1;
            return;
        }
    }
    MUST(notes->count < NOTES_MAX);
    memcpy(notes->texts[notes->count], text, sizeof(text));
    notes->counts[notes->count] = 1;
    notes->count += 1;
}

static bool fail(const struct run *run, const char *key, const char *why)
{
    (void)printf("FAIL %zu (%s): %s: %s\n", run->index, run->group, key, why);
    return false;
}

static bool is_known(const char *key)
{
    for (size_t i = 0; i < ARRAY_COUNT(known_keys); i++) {
        if (str_equal(known_keys[i], key)) {
            return true;
        }
    }
    return false;
}

static void print_json(const json_t *value, char ret_text[TEXT_SIZE])
{
    size_t used = value != NULL ? json_dumpb(value, ret_text, TEXT_SIZE - 1, JSON_ENCODE_ANY) : 0;
    ret_text[used < TEXT_SIZE ? used : 0] = '\0';
}

/* Hex texts may have blanks between their bytes, and a number may be written as a text. */
static bool is_same(const char *key, const json_t *expected, const json_t *got)
{
    if (json_is_string(expected) && json_is_integer(got)) {
        const json_t *swap = expected;
        expected = got;
        got = swap;
    }
    if (json_is_integer(expected) && json_is_string(got)) {
        int64_t number = 0;
        return parse_i64(json_string_value(got), INT64_MIN, INT64_MAX, &number) &&
               number == json_integer_value(expected);
    }
    bool is_hex = strstr(key, "_hex") != NULL || str_equal(key, "data_minus33");
    uint8_t a[FRAME_BYTES_MAX];
    uint8_t b[FRAME_BYTES_MAX];
    size_t a_size = 0;
    size_t b_size = 0;
    if (is_hex && json_get_hex(expected, a, sizeof(a), &a_size) &&
        json_get_hex(got, b, sizeof(b), &b_size)) {
        return a_size == b_size && memcmp(a, b, a_size) == 0;
    }
    return json_equal(expected, got) != 0;
}

/* DATA, the value in it and the value's text, whatever the members are called that carry them. */
struct raw_value {
    uint8_t data[DL645_DATA_SIZE_MAX];
    size_t data_size;
    size_t head_size; /* DI, password, operator */
    uint8_t bytes[DL645_DATA_SIZE_MAX];
    size_t size;
    char text[TEXT_SIZE];
};

static struct raw_value raw_value_of(const uint8_t *bytes, size_t size)
{
    struct raw_value raw = {0};
    struct dl645_frame frame;
    struct dl645_message message;
    if (dl645_frame_decode(bytes, size, &frame) != OK ||
        dl645_message_decode(&frame, &message) != OK) {
        return raw;
    }
    memcpy(raw.data, frame.data, frame.data_size);
    raw.data_size = frame.data_size;
    raw.head_size = (message.fields & DL645_HAS(DL645_FIELD_DI)) != 0 ? 4 : 0;
    raw.head_size += (message.fields & DL645_HAS(DL645_FIELD_PA)) != 0 ? 4 : 0;
    raw.head_size += (message.fields & DL645_HAS(DL645_FIELD_OPERATOR)) != 0 ? 4 : 0;
    memcpy(raw.bytes, message.value, message.value_size);
    raw.size = message.value_size;
    struct dl645_di di;
    dl645_di_describe(message.di, &di);
    if (dl645_value_to_text(&di, raw.bytes, raw.size, raw.text, sizeof(raw.text)) != OK) {
        raw.text[0] = '\0';
    }
    return raw;
}

/*
 * Members that say the same thing under another name: bytes without a typed meaning are called
 * data_hex or value_hex, a lone number value, count or number, and stray bytes trail the value or
 * the frame. What is compared is always what the frame says.
 */
static bool is_same_elsewhere(const char *key, const json_t *expected, const json_t *object,
                              const struct raw_value *raw)
{
    static const char *const text_keys[] = {"value", "count", "number", "customer", "time"};
    uint8_t bytes[FRAME_BYTES_MAX];
    size_t size = 0;
    if (str_equal(key, "data_hex") || str_equal(key, "value_hex")) {
        if (!json_get_hex(expected, bytes, sizeof(bytes), &size)) {
            return false;
        }
        bool is_value = size == raw->size && memcmp(bytes, raw->bytes, size) == 0;
        return is_value || (size + raw->head_size == raw->data_size &&
                            memcmp(bytes, raw->data + raw->head_size, size) == 0);
    }
    if (str_equal(key, "trailing_hex")) {
        return is_same(key, expected, json_object_get(object, "after_hex"));
    }
    for (size_t i = 0; i < ARRAY_COUNT(text_keys) && raw->text[0] != '\0'; i++) {
        if (str_equal(key, text_keys[i])) {
            json_t *text = json_string(raw->text);
            bool same = is_same(key, expected, text);
            json_decref(text);
            return same;
        }
    }
    return false;
}

static bool compare(struct run *run, json_t *expected, const json_t *object,
                    const struct raw_value *raw)
{
    bool good = true;
    const char *key = NULL;
    const json_t *value = NULL;
    json_object_foreach(expected, key, value)
    {
        const json_t *got = json_object_get(object, key);
        if (got == NULL && !is_known(key)) {
            note(&run->notes, "", key);
            continue;
        }
        bool same = got != NULL && is_same(key, value, got);
        if (same || is_same_elsewhere(key, value, object, raw)) {
            continue;
        }
        char text_expected[TEXT_SIZE];
        char text_got[TEXT_SIZE];
        char why[2 * TEXT_SIZE + 32];
        print_json(value, text_expected);
        print_json(got, text_got);
        str_format_cut(why, sizeof(why), "expected %s, got %s", text_expected,
                       got != NULL ? text_got : "nothing");
        good = fail(run, key, why);
    }
    return good;
}

/* Encoding sees the values only: not the DATA, sums and lengths that follow from them. */
static bool encode_again(const struct run *run, const json_t *object, const uint8_t *bytes,
                         size_t size)
{
    static const char *const derived[] = {"data_minus33", "length",    "cs_computed", "cs_printed",
                                          "function",     "direction", "name",        "errors"};
    json_t *values = json_deep_copy(object);
    MUST(values != NULL);
    for (size_t i = 0; i < ARRAY_COUNT(derived); i++) {
        (void)json_object_del(values, derived[i]);
    }
    uint8_t again[DL645_WIRE_SIZE_MAX];
    size_t again_size = 0;
    char error[FRAME_ERROR_SIZE];
    bool encoded = frame_json_encode(values, again, &again_size, error);
    json_decref(values);
    if (!encoded) {
        return fail(run, "encode", error);
    }
    if (again_size != size || memcmp(again, bytes, size) != 0) {
        char text[3 * DL645_WIRE_SIZE_MAX + 1];
        bool fits = hex_format(again, again_size, ' ', text, sizeof(text));
        return fail(run, "encode", fits ? text : "other bytes");
    }
    return true;
}

static bool is_canonical(const json_t *object)
{
    return json_object_get(object, "noise_hex") == NULL &&
           json_object_get(object, "after_hex") == NULL &&
           json_object_get(object, "trailing_hex") == NULL;
}

static bool check_verdict(const struct run *run, const json_t *object, const json_t *expected)
{
    bool is_ok = json_is_true(json_object_get(object, "ok"));
    const char *error = json_string_value(json_object_get(object, "error"));
    if (json_is_false(expected) && is_ok) {
        return fail(run, "checksum_ok", "the frame was accepted");
    }
    if (json_is_false(expected) && (error == NULL || error[0] == '\0')) {
        return fail(run, "checksum_ok", "refused without a reason");
    }
    if (json_is_true(expected) && !is_ok) {
        return fail(run, "checksum_ok", error != NULL ? error : "refused without a reason");
    }
    return true;
}

static bool run_2007(struct run *run, const json_t *vector)
{
    const json_t *hex = json_object_get(vector, "hex");
    uint8_t bytes[FRAME_BYTES_MAX];
    size_t size = 0;
    if (!json_get_hex(hex, bytes, sizeof(bytes), &size)) {
        return fail(run, "hex", "is not hex");
    }
    json_t *expected = json_object_get(vector, "decoded");
    json_t *object = frame_json_decode(bytes, size);
    struct raw_value raw = raw_value_of(bytes, size);
    bool good = check_verdict(run, object, json_object_get(vector, "checksum_ok"));
    good = compare(run, expected, object, &raw) && good;
    if (json_is_true(json_object_get(object, "ok")) && is_canonical(object)) {
        good = encode_again(run, object, bytes, size) && good;
    }
    json_decref(object);
    return good;
}

static void run_vectors(struct run *run, const json_t *vectors, const char *only)
{
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *vector = json_array_get(vectors, i);
        const char *protocol = json_string_value(json_object_get(vector, "protocol"));
        const char *group = json_string_value(json_object_get(vector, "group"));
        run->index = i + 1;
        run->group = group != NULL ? group : "?";
        if (protocol == NULL || (only != NULL && !str_equal(only, protocol))) {
            if (protocol == NULL) {
                run->failed += fail(run, "protocol", "is missing") ? 0 : 1;
            }
        } else if (!str_equal(protocol, protocol_2007)) {
            note(&run->notes, "protocol ", protocol);
        } else if (run_2007(run, vector)) {
            run->passed += 1;
        } else {
            run->failed += 1;
        }
    }
}

int main(int argc, char **argv)
{
    const char *path = argc >= 2 ? argv[1] : NULL;
    const char *only = argc == 4 && str_equal(argv[2], "--protocol") ? argv[3] : NULL;
    if (path == NULL || (argc != 2 && only == NULL)) {
        (void)fprintf(stderr, "usage: vector-meters FILE [--protocol 645-2007]\n");
        return 2;
    }
    json_error_t error;
    json_t *vectors = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!json_is_array(vectors)) {
        (void)fprintf(stderr, "vector-meters: %s:%d: %s\n", path, error.line,
                      vectors == NULL ? error.text : "not an array of vectors");
        json_decref(vectors);
        return 2;
    }
    struct run *run = calloc(1, sizeof(*run));
    MUST(run != NULL);
    run_vectors(run, vectors, only);
    for (size_t i = 0; i < run->notes.count; i++) {
        (void)printf("not checked: %s x%zu\n", run->notes.texts[i], run->notes.counts[i]);
    }
    (void)printf("%zu passed, %zu failed\n", run->passed, run->failed);
    bool good = run->failed == 0 && run->passed > 0;
    free(run);
    json_decref(vectors);
    return good ? 0 : 1;
}
