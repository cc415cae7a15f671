/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/api/read.h"

#include "common/str.h"
#include "protocol/api/codec.h"

enum { MS_MAX = 600000 };

enum err api_read_request_encode(const struct api_read_request *request, char *ret_text,
                                 size_t text_size, size_t *ret_size)
{
    json_t *json = api_object();
    json_put_int(json, "max_age_s", request->max_age_s);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_read_request_decode(const char *text, size_t size,
                                 struct api_read_request *ret_request, struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    struct api_read_request request = {
        .max_age_s = json_int_or(&r, "max_age_s", 0, API_READ_AGE_S_MAX, /* fallback= */ 0)};
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_request = request;
    }
    return err;
}

enum err api_read_answer_encode(const struct api_read_answer *answer, char *ret_text,
                                size_t text_size, size_t *ret_size)
{
    bool has = answer->has_values;
    json_t *json = api_object();
    json_put_text(json, "source", answer->is_live ? "live" : "stored");
    api_put_int_or_null(json, "balance_fen", has, answer->balance_fen);
    api_put_text_or_null(json, "energy", has ? answer->energy : "");
    api_put_text_or_null(json, "energy_unit", has ? answer->energy_unit : "");
    api_put_text_or_null(json, "voltage", answer->voltage);
    api_put_text_or_null(json, "current", answer->current);
    api_put_text_or_null(json, "power", answer->power);
    json_put_text(json, "relay", api_relay_name(answer->relay));
    api_put_int_or_null(json, "read_at", has, answer->read_at);
    api_put_int_or_null(json, "age_s", has, answer->age_s);
    json_put_int(json, "took_ms", answer->took_ms);
    api_put_text_or_null(json, "reason", answer->reason);
    return api_print(json, ret_text, text_size, ret_size);
}

static void read_values(struct json_reader *r, struct api_read_answer *answer)
{
    answer->has_values = true;
    answer->balance_fen = api_read_fen(r, "balance_fen");
    api_read_decimal_or_empty(r, "energy", answer->energy);
    json_text_or_empty(r, "energy_unit", answer->energy_unit, sizeof(answer->energy_unit));
    answer->read_at = api_read_time(r, "read_at");
    answer->age_s = api_read_time(r, "age_s");
}

enum err api_read_answer_decode(const char *text, size_t size, struct api_read_answer *ret_answer,
                                struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_read_answer answer = {0};
    char source[API_WORD_SIZE];
    struct json_reader r = json_reader(json);
    json_text(&r, "source", source, sizeof(source));
    answer.is_live = str_equal(source, "live");
    if (!answer.is_live && !str_equal(source, "stored")) {
        json_refuse(&r, "source");
    }
    /* A live answer without values is a contradiction. */
    if (answer.is_live || json_has(&r, "read_at")) {
        read_values(&r, &answer);
    }
    api_read_decimal_or_empty(&r, "voltage", answer.voltage);
    api_read_decimal_or_empty(&r, "current", answer.current);
    api_read_decimal_or_empty(&r, "power", answer.power);
    answer.relay = api_read_relay(&r, "relay", /* closing_too= */ false);
    answer.took_ms = json_int(&r, "took_ms", 0, MS_MAX);
    json_text_or_empty(&r, "reason", answer.reason, sizeof(answer.reason));
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_answer = answer;
    }
    return err;
}
