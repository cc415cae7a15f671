/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/form.h"

#include <stdint.h>
#include <string.h>

#include "common/must.h"

void alipay_form_init(struct alipay_form *form)
{
    form->count = 0;
    form->text_size = 0;
}

static bool push(struct alipay_form *form, char c)
{
    if (form->text_size == sizeof(form->text)) {
        return false;
    }
    form->text[form->text_size++] = c;
    return true;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode one name or value to the end of the form's text, with a NUL behind it. */
static enum err decode(struct alipay_form *form, const char *text, size_t size, const char **ret_at,
                       size_t *ret_size)
{
    size_t start = form->text_size;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = size - i > 2 ? hex_of(text[i + 1]) : -1;
            int low = size - i > 2 ? hex_of(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return ERR_FORMAT;
            }
            c = (char)(uint8_t)(high * 16 + low);
            i += 2;
        }
        if (!push(form, c)) {
            return ERR_FULL;
        }
    }
    *ret_at = form->text + start;
    *ret_size = form->text_size - start;
    return push(form, '\0') ? OK : ERR_FULL;
}

static const struct alipay_param *find(const struct alipay_form *form, const char *name,
                                       size_t name_size)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct alipay_param *param = &form->params[i];
        if (param->name_size == name_size && memcmp(param->name, name, name_size) == 0) {
            return param;
        }
    }
    return NULL;
}

static enum err add(struct alipay_form *form, struct alipay_param param)
{
    if (param.name_size == 0 || memchr(param.name, '\0', param.name_size) != NULL) {
        return ERR_FORMAT;
    }
    if (find(form, param.name, param.name_size) != NULL) {
        return ERR_EXISTS;
    }
    if (form->count == ALIPAY_PARAMS_MAX) {
        return ERR_FULL;
    }
    form->params[form->count++] = param;
    return OK;
}

static enum err parse_pair(struct alipay_form *form, const char *text, size_t size)
{
    const char *equals = size > 0 ? memchr(text, '=', size) : NULL;
    if (equals == NULL) {
        return ERR_FORMAT;
    }
    size_t name_size = (size_t)(equals - text);
    struct alipay_param param = {0};
    enum err err = decode(form, text, name_size, &param.name, &param.name_size);
    if (err != OK) {
        return err;
    }
    err = decode(form, equals + 1, size - name_size - 1, &param.value, &param.value_size);
    return err == OK ? add(form, param) : err;
}

enum err alipay_form_parse(struct alipay_form *form, const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        const char *end = memchr(text + at, '&', size - at);
        size_t pair_size = end != NULL ? (size_t)(end - text) - at : size - at;
        enum err err = parse_pair(form, text + at, pair_size);
        if (err != OK) {
            return err;
        }
        at += pair_size + 1;
    }
    return OK;
}

enum err alipay_form_put(struct alipay_form *form, const char *name, const char *value)
{
    size_t sizes[2] = {strlen(name), strlen(value)};
    const char *texts[2] = {name, value};
    const char *copies[2] = {NULL, NULL};
    for (size_t i = 0; i < 2; i++) {
        if (sizes[i] + 1 > sizeof(form->text) - form->text_size) {
            return ERR_FULL;
        }
        copies[i] = form->text + form->text_size;
        memcpy(form->text + form->text_size, texts[i], sizes[i] + 1);
        form->text_size += sizes[i] + 1;
    }
    return add(form, (struct alipay_param){copies[0], sizes[0], copies[1], sizes[1]});
}

const struct alipay_param *alipay_form_get(const struct alipay_form *form, const char *name)
{
    return find(form, name, strlen(name));
}

bool alipay_form_text(const struct alipay_form *form, const char *name, char *ret_text,
                      size_t text_size)
{
    const struct alipay_param *param = alipay_form_get(form, name);
    if (param == NULL) {
        ret_text[0] = '\0';
        return true;
    }
    return str_copy_bytes(ret_text, text_size, param->value, param->value_size);
}

static bool is_left_out(const struct alipay_param *param, unsigned without)
{
    return str_equal(param->name, "sign") ||
           ((without & ALIPAY_WITHOUT_EMPTY) != 0 && param->value_size == 0) ||
           ((without & ALIPAY_WITHOUT_SIGN_TYPE) != 0 && str_equal(param->name, "sign_type")) ||
           ((without & ALIPAY_WITHOUT_CERT_SN) != 0 && str_equal(param->name, "alipay_cert_sn"));
}

static bool is_before(const struct alipay_param *a, const struct alipay_param *b)
{
    size_t size = a->name_size < b->name_size ? a->name_size : b->name_size;
    int order = memcmp(a->name, b->name, size);
    return order != 0 ? order < 0 : a->name_size < b->name_size;
}

void alipay_form_signed_text(const struct alipay_form *form, unsigned without, struct strbuf *out)
{
    const struct alipay_param *sorted[ALIPAY_PARAMS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < form->count; i++) {
        const struct alipay_param *param = &form->params[i];
        if (is_left_out(param, without)) {
            continue;
        }
        size_t place = count;
        while (place > 0 && is_before(param, sorted[place - 1])) {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = param;
        count += 1;
    }
    MUST(count <= form->count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            strbuf_add_char(out, '&');
        }
        strbuf_add_bytes(out, sorted[i]->name, sorted[i]->name_size);
        strbuf_add_char(out, '=');
        strbuf_add_bytes(out, sorted[i]->value, sorted[i]->value_size);
    }
}

static void encode(const char *text, size_t size, struct strbuf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte != 0 && strchr(plain, text[i]) != NULL) {
            strbuf_add_char(out, text[i]);
            continue;
        }
        strbuf_add_char(out, '%');
        strbuf_add_char(out, digits[byte >> 4]);
        strbuf_add_char(out, digits[byte & 15U]);
    }
}

void alipay_form_encode(const struct alipay_param *param, struct strbuf *out)
{
    if (out->len > 0) {
        strbuf_add_char(out, '&');
    }
    encode(param->name, param->name_size, out);
    strbuf_add_char(out, '=');
    encode(param->value, param->value_size, out);
}
