/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/api/error.h"

#include "protocol/api/codec.h"

enum err api_error_encode(const struct api_error *error, char *ret_text, size_t text_size,
                          size_t *ret_size)
{
    json_t *inner = api_object();
    json_put_text(inner, "code", error->code);
    json_put_text(inner, "message", error->message);
    if (error->field[0] != '\0') {
        json_put_text(inner, "field", error->field);
    }
    json_t *outer = api_object();
    json_put(outer, "error", inner);
    return api_print(outer, ret_text, text_size, ret_size);
}

enum err api_error_decode(const char *text, size_t size, struct api_error *ret_error,
                          struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_error error = {0};
    struct json_reader outer = json_reader(json);
    struct json_reader r = json_reader(json_object_at(&outer, "error"));
    json_text(&r, "code", error.code, sizeof(error.code));
    json_text_or_empty(&r, "message", error.message, sizeof(error.message));
    json_text_or_empty(&r, "field", error.field, sizeof(error.field));
    enum err err = api_verdict(&outer, "", ret_fault);
    if (err == OK) {
        err = api_verdict(&r, "error.", ret_fault);
    }
    json_decref(json);
    if (err == OK) {
        *ret_error = error;
    }
    return err;
}
