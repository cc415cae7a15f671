/* SPDX-License-Identifier: Apache-2.0 */
/* The lists inside the card messages: keys, commands, answers, slots, and what to write. */
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/api/card_codec.h"

enum { SECTOR_MAX = 15, N_MAX = 0xFFFFFFFF / 2 };

/* A list that may be missing; NULL and a mark on @p r if it is something else or too long. */
static const json_t *list_at(struct json_reader *r, const char *name, size_t count_max)
{
    if (!json_has(r, name)) {
        return NULL;
    }
    const json_t *list = json_array_at(r, name);
    if (json_array_size(list) > count_max) {
        json_refuse(r, name);
        return NULL;
    }
    return list;
}

static void append(json_t *list, json_t *item)
{
    MUST(list != NULL && item != NULL);
    MUST(json_array_append_new(list, item) == 0);
}

/* ---- keys ---- */

void api_put_keys(json_t *object, const struct api_card_keys *keys)
{
    json_t *list = json_array();
    MUST(keys->count <= API_CARD_KEYS_MAX);
    for (size_t i = 0; i < keys->count; i++) {
        const struct api_card_key *key = &keys->keys[i];
        const char kind[2] = {key->kind, '\0'};
        json_t *item = api_object();
        json_put_int(item, "sector", key->sector);
        json_put_text(item, "kind", kind);
        json_put_text(item, "key", key->key);
        append(list, item);
    }
    json_put(object, "keys", list);
}

static bool read_key(const json_t *item, struct api_card_key *key)
{
    char kind[2];
    struct json_reader r = json_reader(item);
    key->sector = json_int(&r, "sector", 0, SECTOR_MAX);
    json_text(&r, "kind", kind, sizeof(kind));
    api_read_hex(&r, "key", key->key, sizeof(key->key));
    key->kind = kind[0];
    return !json_failed(&r) && (kind[0] == 'A' || kind[0] == 'B');
}

void api_read_keys(struct json_reader *r, struct api_card_keys *ret_keys)
{
    const json_t *list = list_at(r, "keys", API_CARD_KEYS_MAX);
    ret_keys->count = json_array_size(list);
    for (size_t i = 0; i < ret_keys->count; i++) {
        if (!read_key(json_array_get(list, i), &ret_keys->keys[i])) {
            json_refuse(r, "keys");
        }
    }
}

/* ---- commands and answers ---- */

void api_put_round(json_t *object, int64_t round)
{
    if (round > 0) {
        json_put_int(object, "round", round);
    }
}

void api_put_script(json_t *object, const struct api_card_script *script)
{
    json_t *list = json_array();
    MUST(script->count <= API_CARD_APDUS_MAX);
    for (size_t i = 0; i < script->count; i++) {
        json_t *item = api_object();
        json_put_text(item, "apdu", script->apdus[i].apdu);
        api_put_text_or_null(item, "expect", script->apdus[i].expect);
        append(list, item);
    }
    api_put_round(object, script->count > 0 ? script->round : 0);
    json_put(object, "apdus", list);
}

static bool read_apdu(const json_t *item, struct api_card_apdu *apdu)
{
    struct json_reader r = json_reader(item);
    json_text(&r, "apdu", apdu->apdu, sizeof(apdu->apdu));
    api_read_hex_or_empty(&r, "apdu", apdu->apdu, sizeof(apdu->apdu));
    api_read_hex_or_empty(&r, "expect", apdu->expect, sizeof(apdu->expect));
    const size_t expect_len = strlen(apdu->expect);
    return !json_failed(&r) && apdu->apdu[0] != '\0' &&
           (expect_len == 0 || expect_len == sizeof(apdu->expect) - 1);
}

void api_read_script(struct json_reader *r, struct api_card_script *ret_script)
{
    const json_t *list = list_at(r, "apdus", API_CARD_APDUS_MAX);
    ret_script->count = json_array_size(list);
    if (ret_script->count > 0) {
        ret_script->round = json_int_or(r, "round", 1, API_CARD_ROUNDS_MAX, 1);
    }
    for (size_t i = 0; i < ret_script->count; i++) {
        if (!read_apdu(json_array_get(list, i), &ret_script->apdus[i])) {
            json_refuse(r, "apdus");
        }
    }
}

void api_put_answers(json_t *object, const struct api_card_apdu *answers, size_t count)
{
    json_t *list = json_array();
    MUST(count <= API_CARD_APDUS_MAX);
    for (size_t i = 0; i < count; i++) {
        append(list, json_string(answers[i].apdu));
    }
    json_put(object, "answers", list);
}

/* Texts of a list are read as members are: one by one, in an object of their own. */
static bool read_item(const json_t *item, char *ret_text, size_t size)
{
    const char *text = json_string_value(item);
    return text != NULL && json_string_length(item) == strlen(text) &&
           strspn(text, "0123456789abcdefABCDEF") == strlen(text) && strlen(text) % 2 == 0 &&
           str_copy(ret_text, size, text);
}

size_t api_read_answers(struct json_reader *r, struct api_card_apdu *ret_answers)
{
    const json_t *list = list_at(r, "answers", API_CARD_APDUS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_item(json_array_get(list, i), ret_answers[i].apdu, API_CARD_APDU_SIZE)) {
            json_refuse(r, "answers");
        }
    }
    return json_array_size(list);
}

/* ---- slots ---- */

void api_put_slots(json_t *object, const char *name,
                   const char slots[API_CARD_SLOTS][API_CARD_RECORD_SIZE])
{
    json_t *list = json_array();
    for (size_t i = 0; i < API_CARD_SLOTS; i++) {
        append(list, slots[i][0] != '\0' ? json_string(slots[i]) : json_null());
    }
    json_put(object, name, list);
}

void api_read_slots(struct json_reader *r, const char *name,
                    char ret_slots[API_CARD_SLOTS][API_CARD_RECORD_SIZE])
{
    const json_t *list = list_at(r, name, API_CARD_SLOTS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_null(item)) {
            continue;
        }
        if (!read_item(item, ret_slots[i], API_CARD_RECORD_SIZE) ||
            strlen(ret_slots[i]) != API_CARD_RECORD_SIZE - 1) {
            json_refuse(r, name);
        }
    }
}

/* ---- what to write ---- */

json_t *api_write_json(const struct api_card_write *write)
{
    json_t *json = api_object();
    json_put_text(json, "order_no", write->order_no);
    json_put_int(json, "n", write->n);
    json_put_int(json, "amount_fen", write->amount_fen);
    json_put_text(json, "media", api_card_media_name(write->media));
    api_put_text_or_null(json, "token", write->token);
    api_put_text_or_null(json, "authorisation", write->authorisation);
    api_put_int_or_null(json, "first", write->has_first, write->first);
    api_put_keys(json, &write->keys);
    api_put_script(json, &write->script);
    return json;
}

void api_read_write(struct json_reader *r, struct api_card_write *ret_write)
{
    api_read_order_no(r, "order_no", ret_write->order_no);
    ret_write->n = json_int(r, "n", 1, N_MAX);
    ret_write->amount_fen = api_read_fen(r, "amount_fen");
    ret_write->media = api_read_media(r);
    api_read_hex_or_empty(r, "token", ret_write->token, sizeof(ret_write->token));
    const bool classic = ret_write->media == API_CARD_CLASSIC;
    if ((ret_write->token[0] != '\0') != classic ||
        (classic && strlen(ret_write->token) != sizeof(ret_write->token) - 1)) {
        json_refuse(r, "token");
    }
    json_text_or_empty(r, "authorisation", ret_write->authorisation,
                       sizeof(ret_write->authorisation));
    if (classic && ret_write->authorisation[0] == '\0') {
        json_refuse(r, "authorisation");
    }
    ret_write->has_first = json_has(r, "first");
    ret_write->first = json_int_or(r, "first", 0, API_CARD_SLOTS - 1, 0);
    api_read_keys(r, &ret_write->keys);
    api_read_script(r, &ret_write->script);
}
