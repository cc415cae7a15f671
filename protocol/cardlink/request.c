/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/card/mifare.h"
#include "protocol/cardlink/cardlink.h"
#include "protocol/cardlink/line.h"

enum { STATUS_TEXT_SIZE = 5 };

static const char *const OP_NAMES[CARDLINK_OP_COUNT] = {
    [CARDLINK_OP_POLL] = "poll",   [CARDLINK_OP_READ] = "read",     [CARDLINK_OP_WRITE] = "write",
    [CARDLINK_OP_RELAY] = "relay", [CARDLINK_OP_STATUS] = "status",
};

/* --- writing --------------------------------------------------------------------------------- */

static json_t *keys_make(const struct cardlink_keys *keys)
{
    MUST(keys->count <= CARDLINK_KEYS_MAX);
    json_t *list = json_array();
    MUST(list != NULL);
    for (size_t i = 0; i < keys->count; i++) {
        const struct cardlink_key *key = &keys->all[i];
        const char kind[2] = {key->kind, '\0'};
        json_t *object = json_object();
        MUST(object != NULL);
        json_put_int(object, "sector", key->sector);
        json_put_text(object, "kind", kind);
        line_hex_put(object, "key", key->key, sizeof(key->key));
        int failed = json_array_append_new(list, object);
        MUST(failed == 0);
    }
    return list;
}

static json_t *apdus_make(const struct cardlink_request *request)
{
    MUST(request->apdu_count <= APDU_COUNT_MAX);
    json_t *list = json_array();
    MUST(list != NULL);
    for (size_t i = 0; i < request->apdu_count; i++) {
        const struct cardlink_apdu *apdu = &request->apdus[i];
        json_t *object = json_object();
        MUST(object != NULL);
        line_hex_put(object, "apdu", apdu->apdu.bytes, apdu->apdu.size);
        if (apdu->expects) {
            uint8_t status[2];
            put_be16(status, apdu->expect);
            line_hex_put(object, "expect", status, sizeof(status));
        } else {
            json_put_null(object, "expect");
        }
        int failed = json_array_append_new(list, object);
        MUST(failed == 0);
    }
    return list;
}

static void put_job(json_t *root, const struct cardlink_request *request)
{
    json_put_text(root, "id", request->id);
    json_put_int(root, "card", request->card);
    if (request->op != CARDLINK_OP_READ) {
        bool has = request->authorisation[0] != '\0';
        json_put_text(root, "authorisation", has ? request->authorisation : NULL);
    }
    if (request->op == CARDLINK_OP_WRITE) {
        line_hex_put(root, "token", request->token, sizeof(request->token));
        if (request->has_first) {
            json_put_int(root, "first", request->first);
        }
    }
    if (request->op == CARDLINK_OP_RELAY) {
        json_put(root, "apdus", apdus_make(request));
    } else {
        json_put(root, "keys", keys_make(&request->keys));
    }
}

bool cardlink_request_encode(const struct cardlink_request *request, char *ret_line, size_t size)
{
    MUST(request->op < CARDLINK_OP_COUNT);
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "op", OP_NAMES[request->op]);
    switch (request->op) {
    case CARDLINK_OP_POLL:
        json_put_text(root, "mode", cardlink_mode_name(request->mode));
        break;
    case CARDLINK_OP_READ:
    case CARDLINK_OP_WRITE:
    case CARDLINK_OP_RELAY:
        put_job(root, request);
        break;
    case CARDLINK_OP_STATUS:
        break;
    case CARDLINK_OP_COUNT:
        MUST_NOT_REACH();
    }
    return line_print(root, ret_line, size);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool key_read(const json_t *object, struct cardlink_key *ret_key)
{
    struct json_reader r = json_reader(object);
    char kind[2];
    char key[CARD_SECTOR_KEY_TEXT_SIZE];
    ret_key->sector = (uint8_t)json_int(&r, "sector", 0, MIFARE_SECTORS - 1);
    json_text(&r, "kind", kind, sizeof(kind));
    json_text(&r, "key", key, sizeof(key));
    ret_key->kind = kind[0];
    bool ok = !json_failed(&r) && (kind[0] == 'A' || kind[0] == 'B') &&
              line_hex_parse(key, ret_key->key, CARD_SECTOR_KEY_SIZE);
    bytes_wipe(key, sizeof(key));
    return ok;
}

static void keys_read(struct json_reader *r, struct cardlink_keys *ret_keys)
{
    const json_t *list = json_array_at(r, "keys");
    size_t count = json_array_size(list);
    if (count > CARDLINK_KEYS_MAX) {
        json_refuse(r, "keys");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!key_read(json_array_get(list, i), &ret_keys->all[i])) {
            json_refuse(r, "keys");
            return;
        }
    }
    ret_keys->count = count;
}

static bool apdu_read(const json_t *object, struct cardlink_apdu *ret_apdu)
{
    struct json_reader r = json_reader(object);
    char text[APDU_TEXT_SIZE];
    char expect[STATUS_TEXT_SIZE];
    uint8_t status[2] = {0};
    json_text(&r, "apdu", text, sizeof(text));
    json_text_or_empty(&r, "expect", expect, sizeof(expect));
    if (json_failed(&r) || !apdu_parse(text, &ret_apdu->apdu)) {
        return false;
    }
    ret_apdu->expects = expect[0] != '\0';
    if (ret_apdu->expects && !line_hex_parse(expect, status, sizeof(status))) {
        return false;
    }
    ret_apdu->expect = get_be16(status);
    return true;
}

static void apdus_read(struct json_reader *r, struct cardlink_request *request)
{
    const json_t *list = json_array_at(r, "apdus");
    size_t count = json_array_size(list);
    if (count == 0 || count > APDU_COUNT_MAX) {
        json_refuse(r, "apdus");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!apdu_read(json_array_get(list, i), &request->apdus[i])) {
            json_refuse(r, "apdus");
            return;
        }
    }
    request->apdu_count = count;
}

static void token_read(struct json_reader *r, uint8_t ret_token[CARD_RECORD_SIZE])
{
    char text[CARD_RECORD_TEXT_SIZE];
    json_text(r, "token", text, sizeof(text));
    if (!json_failed(r) && !card_record_parse(text, ret_token)) {
        json_refuse(r, "token");
    }
}

static void job_read(struct json_reader *r, struct cardlink_request *request)
{
    line_id_read(r, request->id);
    request->card = (uint32_t)json_int(r, "card", 0, UINT32_MAX);
    if (request->op == CARDLINK_OP_WRITE) {
        json_text(r, "authorisation", request->authorisation, sizeof(request->authorisation));
        token_read(r, request->token);
        request->has_first = json_has(r, "first");
        request->first = (uint8_t)json_int_or(r, "first", 0, CARD_SLOTS - 1, 0);
    } else if (request->op == CARDLINK_OP_RELAY) {
        json_text_or_empty(r, "authorisation", request->authorisation,
                           sizeof(request->authorisation));
    }
    if (request->op == CARDLINK_OP_RELAY) {
        apdus_read(r, request);
    } else {
        keys_read(r, &request->keys);
    }
}

bool cardlink_request_decode(const char *line, size_t size, struct cardlink_request *ret_request,
                             const char **ret_field)
{
    json_t *root = json_parse_object(line, size, CARDLINK_LINE_SIZE);
    struct json_reader r = json_reader(root);
    memset(ret_request, 0, sizeof(*ret_request));
    size_t op = line_word_read(&r, "op", OP_NAMES, CARDLINK_OP_COUNT);
    ret_request->op = (enum cardlink_op)op;
    if (json_failed(&r)) {
        *ret_field = root == NULL ? "(line)" : "op";
        json_decref(root);
        return false;
    }
    switch (ret_request->op) {
    case CARDLINK_OP_POLL: {
        size_t mode = line_word_read(&r, "mode", LINE_MODES, CARDLINK_MODE_COUNT);
        ret_request->mode = (enum cardlink_mode)mode;
        break;
    }
    case CARDLINK_OP_READ:
    case CARDLINK_OP_WRITE:
    case CARDLINK_OP_RELAY:
        job_read(&r, ret_request);
        break;
    case CARDLINK_OP_STATUS:
    case CARDLINK_OP_COUNT:
        break;
    }
    bool ok = !json_failed(&r);
    *ret_field = json_field(&r);
    json_decref(root);
    return ok;
}
