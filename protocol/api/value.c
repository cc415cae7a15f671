/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/api/value.h"

#include <string.h>

#include "common/id.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/codec.h"

enum { INT_53_BITS = 53 /* what every JSON reader keeps exactly (RFC 8259, section 6) */ };
#define API_INT_MAX (INT64_C(1) << INT_53_BITS)

static const char *const channel_names[] = {"alipay", "wechat"};
static const char *const service_names[] = {"electricity", "water"};
static const char *const relay_names[] = {"unknown", "closed", "open", "closing"};
static const char *const balance_in_names[] = {"cloud", "meter"};

/* Index of @p name, or @p count. */
static size_t find_name(const char *const *names, size_t count, const char *name)
{
    size_t at = 0;
    while (at < count && !str_equal(names[at], name)) {
        at += 1;
    }
    return at;
}

const char *api_channel_name(enum api_channel channel)
{
    MUST(channel < API_CHANNEL_COUNT);
    return channel_names[channel];
}

bool api_channel_parse(const char *name, enum api_channel *ret_channel)
{
    size_t at = find_name(channel_names, API_CHANNEL_COUNT, name);
    if (at == API_CHANNEL_COUNT) {
        return false;
    }
    *ret_channel = (enum api_channel)at;
    return true;
}

const char *api_service_name(enum api_service service)
{
    MUST(service < API_SERVICE_COUNT);
    return service_names[service];
}

bool api_service_parse(const char *name, enum api_service *ret_service)
{
    size_t at = find_name(service_names, API_SERVICE_COUNT, name);
    if (at == API_SERVICE_COUNT) {
        return false;
    }
    *ret_service = (enum api_service)at;
    return true;
}

const char *api_relay_name(enum api_relay relay)
{
    MUST(relay < API_RELAY_COUNT);
    return relay_names[relay];
}

bool api_relay_parse(const char *name, enum api_relay *ret_relay)
{
    size_t at = find_name(relay_names, API_RELAY_COUNT, name);
    if (at == API_RELAY_COUNT) {
        return false;
    }
    *ret_relay = (enum api_relay)at;
    return true;
}

const char *api_balance_in_name(enum api_balance_in balance_in)
{
    MUST(balance_in < API_BALANCE_IN_COUNT);
    return balance_in_names[balance_in];
}

bool api_balance_in_parse(const char *name, enum api_balance_in *ret_balance_in)
{
    size_t at = find_name(balance_in_names, API_BALANCE_IN_COUNT, name);
    if (at == API_BALANCE_IN_COUNT) {
        return false;
    }
    *ret_balance_in = (enum api_balance_in)at;
    return true;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool api_id_is_valid(const char *id)
{
    size_t len = strlen(id);
    if (len == 0 || len >= API_ID_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(id[i]) && id[i] != '.' && id[i] != '_' && id[i] != '-') {
            return false;
        }
    }
    return true;
}

bool api_order_no_is_valid(const char *order_no)
{
    size_t len = strlen(order_no);
    if (len < 6 || len >= API_ORDER_NO_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(order_no[i]) && order_no[i] != '_') {
            return false;
        }
    }
    return true;
}

static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (text[count] >= '0' && text[count] <= '9') {
        count += 1;
    }
    return count;
}

bool api_decimal_is_valid(const char *text)
{
    const char *at = text[0] == '-' ? text + 1 : text;
    size_t whole = count_digits(at);
    at += whole;
    if (whole == 0) {
        return false;
    }
    if (*at == '.') {
        size_t part = count_digits(at + 1);
        at += 1 + part;
        if (part == 0) {
            return false;
        }
    }
    return *at == '\0' && strlen(text) < API_DECIMAL_SIZE;
}

enum err api_print(json_t *json, char *ret_text, size_t text_size, size_t *ret_size)
{
    MUST(json != NULL);
    bool fits = json_print(json, ret_text, text_size);
    json_decref(json);
    if (!fits) {
        return ERR_FULL;
    }
    *ret_size = strlen(ret_text);
    return OK;
}

json_t *api_parse(const char *text, size_t size, struct api_fault *ret_fault)
{
    json_t *json = json_parse_object(text, size, API_TEXT_SIZE_MAX);
    if (json == NULL) {
        str_format_cut(ret_fault->field, sizeof(ret_fault->field), "(body)");
    }
    return json;
}

enum err api_verdict(const struct json_reader *r, const char *prefix, struct api_fault *ret_fault)
{
    if (!json_failed(r)) {
        return OK;
    }
    str_format_cut(ret_fault->field, sizeof(ret_fault->field), "%s%s", prefix, json_field(r));
    return ERR_FORMAT;
}

json_t *api_object(void)
{
    json_t *object = json_object();
    MUST(object != NULL);
    return object;
}

void api_put_text_or_null(json_t *object, const char *name, const char *text)
{
    json_put_text(object, name, text[0] != '\0' ? text : NULL);
}

void api_put_int_or_null(json_t *object, const char *name, bool has, int64_t value)
{
    if (has) {
        json_put_int(object, name, value);
    } else {
        json_put_null(object, name);
    }
}

void api_read_id(struct json_reader *r, const char *name, char ret_id[API_ID_SIZE])
{
    json_text(r, name, ret_id, API_ID_SIZE);
    if (!api_id_is_valid(ret_id)) {
        json_refuse(r, name);
    }
}

void api_read_order_no(struct json_reader *r, const char *name,
                       char ret_order_no[API_ORDER_NO_SIZE])
{
    json_text(r, name, ret_order_no, API_ORDER_NO_SIZE);
    if (!api_order_no_is_valid(ret_order_no)) {
        json_refuse(r, name);
    }
}

void api_read_decimal(struct json_reader *r, const char *name, char ret_text[API_DECIMAL_SIZE])
{
    json_text(r, name, ret_text, API_DECIMAL_SIZE);
    if (!api_decimal_is_valid(ret_text)) {
        json_refuse(r, name);
    }
}

void api_read_decimal_or_empty(struct json_reader *r, const char *name,
                               char ret_text[API_DECIMAL_SIZE])
{
    json_text_or_empty(r, name, ret_text, API_DECIMAL_SIZE);
    if (ret_text[0] != '\0' && !api_decimal_is_valid(ret_text)) {
        json_refuse(r, name);
    }
}

void api_read_uuid(struct json_reader *r, const char *name, char *ret_uuid)
{
    json_text(r, name, ret_uuid, ID_TEXT_SIZE);
    if (!id_is_valid(ret_uuid)) {
        json_refuse(r, name);
    }
}

int64_t api_read_fen(struct json_reader *r, const char *name)
{
    return json_int(r, name, -MONEY_WIRE_FEN_MAX, MONEY_WIRE_FEN_MAX);
}

int64_t api_read_amount(struct json_reader *r, const char *name)
{
    return json_int(r, name, 0, MONEY_WIRE_FEN_MAX);
}

bool api_read_fen_or_null(struct json_reader *r, const char *name, int64_t *ret_fen)
{
    if (!json_has(r, name)) {
        *ret_fen = 0;
        return false;
    }
    *ret_fen = api_read_fen(r, name);
    return true;
}

int64_t api_read_time(struct json_reader *r, const char *name)
{
    return json_int(r, name, 0, API_INT_MAX);
}

enum api_relay api_read_relay(struct json_reader *r, const char *name, bool closing_too)
{
    char word[API_WORD_SIZE];
    enum api_relay relay = API_RELAY_UNKNOWN;
    json_text(r, name, word, sizeof(word));
    if (!api_relay_parse(word, &relay) || (relay == API_RELAY_CLOSING && !closing_too)) {
        json_refuse(r, name);
    }
    return relay;
}
