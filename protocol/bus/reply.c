/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replies. On the wire the values of a credit stand in two objects, "before" and "after", inside
 * "values"; those of other commands stand in "values" directly. In the struct they are one list
 * with a moment each, so that callers look both kinds up in the same way.
 */
#include "protocol/bus/reply.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/codec.h"

static const char *const fate_names[BUS_FATE_COUNT] = {
    [BUS_FATE_NEVER_SENT] = "never_sent",
    [BUS_FATE_SENT] = "sent",
};

static json_t *value_new(const struct bus_value *value)
{
    json_t *json = json_object();
    MUST(json != NULL);
    json_put_text(json, "v", value->v);
    codec_put_text(json, "unit", value->unit);
    return json;
}

static json_t *values_of(const struct bus_reply *reply, enum bus_when when)
{
    json_t *json = json_object();
    MUST(json != NULL);
    for (size_t i = 0; i < reply->value_count; i++) {
        if (reply->values[i].when == when) {
            json_put(json, reply->values[i].item, value_new(&reply->values[i]));
        }
    }
    return json;
}

static void credit_put(json_t *root, const struct bus_reply *reply)
{
    json_put(root, "frame_reply", codec_new_frame(&reply->frame_reply));
    if (reply->accepted == BUS_TRI_NULL) {
        json_put_null(root, "accepted");
    } else {
        json_put_flag(root, "accepted", reply->accepted == BUS_TRI_TRUE);
    }
    if (reply->has_serr) {
        json_put_int(root, "serr", reply->serr);
    } else {
        json_put_null(root, "serr");
    }
}

static void void_put(json_t *root, const struct bus_reply *reply)
{
    MUST(reply->fate < BUS_FATE_COUNT);
    MUST(reply->since_ms <= INT64_MAX);
    json_put_text(root, "fate", fate_names[reply->fate]);
    if (reply->has_intent) {
        json_t *intent = json_object();
        MUST(intent != NULL);
        json_put_int(intent, "at", reply->intent_at);
        json_put(intent, "frame", codec_new_frame(&reply->intent_frame));
        json_put(root, "intent", intent);
    } else {
        json_put_null(root, "intent");
    }
    json_put_int(root, "since_ms", (int64_t)reply->since_ms);
}

enum err bus_reply_encode(const struct bus_reply *reply, char *ret_text, size_t text_size,
                          size_t *ret_size)
{
    MUST(reply->value_count <= BUS_VALUES_MAX);
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "id", reply->id);
    json_put_int(root, "epoch", reply->epoch);
    json_put_text(root, "outcome", outcome_name(reply->outcome));
    codec_put_text(root, "error", reply->error);
    codec_put_text(root, "detail", reply->detail);
    json_t *values = values_of(reply, BUS_WHEN_NOW);
    if (reply->is_credit) {
        json_put(values, "before", values_of(reply, BUS_WHEN_BEFORE));
        json_put(values, "after", values_of(reply, BUS_WHEN_AFTER));
    }
    json_put(root, "values", values);
    json_put(root, "raw", codec_new_frame(&reply->raw));
    json_put_flag(root, "sent", reply->sent);
    json_put_int(root, "ms", reply->ms);
    if (reply->is_credit) {
        credit_put(root, reply);
    }
    if (reply->is_void) {
        void_put(root, reply);
    }
    return codec_print(root, ret_text, text_size, ret_size);
}

static bool value_add(struct bus_reply *reply, enum bus_when when, const char *item,
                      const json_t *entry)
{
    if (reply->value_count == BUS_VALUES_MAX || !codec_item_is_valid(item)) {
        return false;
    }
    struct bus_value *value = &reply->values[reply->value_count];
    struct json_reader r = json_reader(entry);
    json_text(&r, "v", value->v, sizeof(value->v));
    json_text_or_empty(&r, "unit", value->unit, sizeof(value->unit));
    if (json_failed(&r) || !str_copy(value->item, sizeof(value->item), item)) {
        return false;
    }
    value->when = when;
    reply->value_count += 1;
    return true;
}

/* The values of one moment; "before" and "after" among them are read by their own calls. */
static void values_read(struct json_reader *r, struct bus_reply *reply, enum bus_when when,
                        const json_t *values)
{
    if (values != NULL && !json_is_object(values)) {
        json_refuse(r, "values");
        return;
    }
    json_t *iterable = codec_iterable(values);
    void *at = json_object_iter(iterable);
    while (at != NULL) {
        const char *item = json_object_iter_key(at);
        bool nested =
            when == BUS_WHEN_NOW && (str_equal(item, "before") || str_equal(item, "after"));
        if (!nested && !value_add(reply, when, item, json_object_iter_value(at))) {
            json_refuse(r, "values");
            return;
        }
        at = json_object_iter_next(iterable, at);
    }
}

static void credit_read(struct json_reader *r, struct bus_reply *ret)
{
    ret->is_credit = true;
    codec_frame(r, "frame_reply", /* may_be_null= */ true, &ret->frame_reply);
    if (json_has(r, "accepted")) {
        ret->accepted = json_flag(r, "accepted") ? BUS_TRI_TRUE : BUS_TRI_FALSE;
    }
    if (json_has(r, "serr")) {
        ret->has_serr = true;
        ret->serr = (uint16_t)json_int(r, "serr", 0, UINT16_MAX);
    }
}

static void void_read(struct json_reader *r, struct bus_reply *ret)
{
    ret->is_void = true;
    char fate[16];
    json_text(r, "fate", fate, sizeof(fate));
    if (str_equal(fate, fate_names[BUS_FATE_SENT])) {
        ret->fate = BUS_FATE_SENT;
    } else if (str_equal(fate, fate_names[BUS_FATE_NEVER_SENT])) {
        ret->fate = BUS_FATE_NEVER_SENT;
    } else {
        json_refuse(r, "fate");
    }
    if (json_has(r, "intent")) {
        struct json_reader intent = json_reader(json_object_at(r, "intent"));
        ret->has_intent = true;
        ret->intent_at = json_int(&intent, "at", 0, INT64_MAX);
        codec_frame(&intent, "frame", /* may_be_null= */ true, &ret->intent_frame);
        if (json_failed(&intent)) {
            json_refuse(r, "intent");
        }
    }
    ret->since_ms = (uint64_t)json_int(r, "since_ms", 0, INT64_MAX);
}

static void body_read(struct json_reader *r, struct bus_reply *ret)
{
    char outcome[16];
    codec_id(r, "id", ret->id);
    ret->epoch = (uint32_t)json_int(r, "epoch", 1, INT32_MAX);
    json_text(r, "outcome", outcome, sizeof(outcome));
    if (!outcome_parse(outcome, &ret->outcome)) {
        json_refuse(r, "outcome");
    }
    json_text_or_empty(r, "error", ret->error, sizeof(ret->error));
    json_text_or_empty(r, "detail", ret->detail, sizeof(ret->detail));
    if (json_has(r, "values")) {
        const json_t *values = json_object_at(r, "values");
        values_read(r, ret, BUS_WHEN_NOW, values);
        values_read(r, ret, BUS_WHEN_BEFORE, json_object_get(values, "before"));
        values_read(r, ret, BUS_WHEN_AFTER, json_object_get(values, "after"));
    }
    codec_frame(r, "raw", /* may_be_null= */ true, &ret->raw);
    ret->sent = json_flag(r, "sent");
    ret->ms = (uint32_t)json_int(r, "ms", 0, UINT32_MAX);
    if (json_object_get(r->object, "accepted") != NULL) {
        credit_read(r, ret);
    }
    if (json_object_get(r->object, "fate") != NULL) {
        void_read(r, ret);
    }
}

enum err bus_reply_decode(const char *text, size_t size, struct bus_reply *ret_reply,
                          struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    struct bus_reply reply = {0};
    body_read(&r, &reply);
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        *ret_reply = reply;
    }
    json_decref(root);
    return err;
}

const struct bus_value *bus_reply_value(const struct bus_reply *reply, enum bus_when when,
                                        const char *item)
{
    for (size_t i = 0; i < reply->value_count; i++) {
        const struct bus_value *value = &reply->values[i];
        if (value->when == when && str_equal(value->item, item)) {
            return value;
        }
    }
    return NULL;
}

enum err bus_replied_encode(const char *id, char *ret_text, size_t text_size, size_t *ret_size)
{
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "id", id);
    return codec_print(root, ret_text, text_size, ret_size);
}

enum err bus_replied_decode(const char *text, size_t size, char ret_id[ID_TEXT_SIZE],
                            struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    char id[ID_TEXT_SIZE];
    codec_id(&r, "id", id);
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        MUST(str_copy(ret_id, ID_TEXT_SIZE, id));
    }
    json_decref(root);
    return err;
}
