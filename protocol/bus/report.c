/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/bus/report.h"

#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/codec.h"

/* 9999-12-31: a wall time beyond it is a mistake, not a time. */
#define WALL_S_MAX INT64_C(253402300799)

static json_t *object_new(void)
{
    json_t *json = json_object();
    MUST(json != NULL);
    return json;
}

enum err bus_state_encode(const struct bus_state *state, char *ret_text, size_t text_size,
                          size_t *ret_size)
{
    json_t *root = object_new();
    json_put_flag(root, "online", state->online);
    if (state->online) {
        json_put_int(root, "epoch", state->epoch);
        json_put_text(root, "boot", state->boot);
        json_put_text(root, "version", state->version);
        codec_put_text(root, "config", state->config);
    }
    return codec_print(root, ret_text, text_size, ret_size);
}

enum err bus_state_decode(const char *text, size_t size, struct bus_state *ret_state,
                          struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    struct bus_state state = {.online = json_flag(&r, "online")};
    if (state.online) {
        state.epoch = (uint32_t)json_int(&r, "epoch", 1, INT32_MAX);
        codec_id(&r, "boot", state.boot);
        json_text(&r, "version", state.version, sizeof(state.version));
        json_text_or_empty(&r, "config", state.config, sizeof(state.config));
    }
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        *ret_state = state;
    }
    json_decref(root);
    return err;
}

enum err bus_hello_encode(const struct bus_hello *hello, char *ret_text, size_t text_size,
                          size_t *ret_size)
{
    json_t *root = object_new();
    json_put_int(root, "epoch", hello->epoch);
    json_put_text(root, "boot", hello->boot);
    codec_put_text(root, "config", hello->config);
    return codec_print(root, ret_text, text_size, ret_size);
}

enum err bus_hello_decode(const char *text, size_t size, struct bus_hello *ret_hello,
                          struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    struct bus_hello hello = {0};
    hello.epoch = (uint32_t)json_int(&r, "epoch", 1, INT32_MAX);
    codec_id(&r, "boot", hello.boot);
    json_text_or_empty(&r, "config", hello.config, sizeof(hello.config));
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        *ret_hello = hello;
    }
    json_decref(root);
    return err;
}

static json_t *reading_new(const struct bus_reading *reading)
{
    MUST(reading->value_count <= ARRAY_COUNT(reading->values));
    json_t *json = object_new();
    json_t *values = object_new();
    json_put_text(json, "meter", reading->meter);
    json_put_int(json, "ts", reading->ts);
    for (size_t i = 0; i < reading->value_count; i++) {
        json_put_text(values, reading->values[i].item, reading->values[i].v);
    }
    json_put(json, "values", values);
    json_put_text(json, "q", reading->silent ? "silent" : "ok");
    return json;
}

enum err bus_readings_encode(const struct bus_readings *readings, char *ret_text, size_t text_size,
                             size_t *ret_size)
{
    MUST(readings->count >= 1 && readings->count <= BUS_READINGS_MAX);
    MUST(readings->seq <= INT64_MAX);
    json_t *root = object_new();
    json_t *d = json_array();
    MUST(d != NULL);
    json_put_int(root, "epoch", readings->epoch);
    json_put_int(root, "seq", (int64_t)readings->seq);
    for (size_t i = 0; i < readings->count; i++) {
        int failed = json_array_append_new(d, reading_new(&readings->d[i]));
        MUST(failed == 0);
    }
    json_put(root, "d", d);
    return codec_print(root, ret_text, text_size, ret_size);
}

static void values_read(struct json_reader *r, struct bus_reading *ret)
{
    json_t *values = codec_iterable(json_object_at(r, "values"));
    if (json_object_size(values) > ARRAY_COUNT(ret->values)) {
        json_refuse(r, "values");
        return;
    }
    for (void *at = json_object_iter(values); at != NULL; at = json_object_iter_next(values, at)) {
        struct bus_value *value = &ret->values[ret->value_count];
        const json_t *text = json_object_iter_value(at);
        const char *item = json_object_iter_key(at);
        if (!json_is_string(text) || !codec_item_is_valid(item) ||
            !str_copy(value->item, sizeof(value->item), item) ||
            !str_copy_bytes(value->v, sizeof(value->v), json_string_value(text),
                            json_string_length(text))) {
            json_refuse(r, "values");
            return;
        }
        ret->value_count += 1;
    }
}

static void reading_read(struct json_reader *r, struct bus_reading *ret)
{
    char quality[16];
    *ret = (struct bus_reading){0};
    codec_meter(r, "meter", ret->meter);
    ret->ts = json_int(r, "ts", 0, WALL_S_MAX);
    values_read(r, ret);
    json_text(r, "q", quality, sizeof(quality));
    ret->silent = str_equal(quality, "silent");
    if (!ret->silent && !str_equal(quality, "ok")) {
        json_refuse(r, "q");
    }
}

static enum err readings_fill(json_t *root, struct bus_readings *ret, struct bus_fault *ret_fault)
{
    struct json_reader r = json_reader(root);
    ret->epoch = (uint32_t)json_int(&r, "epoch", 1, INT32_MAX);
    ret->seq = (uint64_t)json_int(&r, "seq", 1, INT64_MAX);
    const json_t *d = json_array_at(&r, "d");
    ret->count = json_array_size(d);
    if (ret->count < 1 || ret->count > BUS_READINGS_MAX) {
        json_refuse(&r, "d");
    }
    enum err err = codec_finish(&r, ret_fault);
    for (size_t i = 0; err == OK && i < ret->count; i++) {
        struct json_reader each = json_reader(json_array_get(d, i));
        reading_read(&each, &ret->d[i]);
        if (json_failed(&each)) {
            str_format_cut(ret_fault->field, sizeof(ret_fault->field), "d[%zu].%s", i,
                           json_field(&each));
            err = ERR_FORMAT;
        }
    }
    return err;
}

enum err bus_readings_decode(const char *text, size_t size, struct bus_readings *ret_readings,
                             struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    enum err err = readings_fill(root, ret_readings, ret_fault);
    json_decref(root);
    return err;
}

enum err bus_ack_encode(const struct bus_ack *ack, char *ret_text, size_t text_size,
                        size_t *ret_size)
{
    MUST(ack->seq <= INT64_MAX);
    json_t *root = object_new();
    json_put_int(root, "epoch", ack->epoch);
    json_put_int(root, "seq", (int64_t)ack->seq);
    return codec_print(root, ret_text, text_size, ret_size);
}

enum err bus_ack_decode(const char *text, size_t size, struct bus_ack *ret_ack,
                        struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    struct bus_ack ack = {0};
    ack.epoch = (uint32_t)json_int(&r, "epoch", 1, INT32_MAX);
    ack.seq = (uint64_t)json_int(&r, "seq", 0, INT64_MAX);
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        *ret_ack = ack;
    }
    json_decref(root);
    return err;
}

enum err bus_event_encode(const struct bus_event *event, char *ret_text, size_t text_size,
                          size_t *ret_size)
{
    json_t *root = object_new();
    json_put_int(root, "ts", event->ts);
    json_put_text(root, "kind", event->kind);
    codec_put_text(root, "meter", event->meter);
    codec_put_text(root, "bus", event->bus);
    codec_put_text(root, "detail", event->detail);
    return codec_print(root, ret_text, text_size, ret_size);
}

enum err bus_event_decode(const char *text, size_t size, struct bus_event *ret_event,
                          struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    struct bus_event event = {0};
    event.ts = json_int(&r, "ts", 0, WALL_S_MAX);
    codec_name(&r, "kind", event.kind, sizeof(event.kind));
    json_text_or_empty(&r, "meter", event.meter, sizeof(event.meter));
    json_text_or_empty(&r, "bus", event.bus, sizeof(event.bus));
    json_text_or_empty(&r, "detail", event.detail, sizeof(event.detail));
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        *ret_event = event;
    }
    json_decref(root);
    return err;
}
