/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: an operation is looked up by name, its members are read strictly (digits of the right
 * length, numbers in their range), and every wrong one is named in the answer.
 */
#include "emulators/esam/service.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/rand.h>

#include "common/bytes.h"
#include "common/parse.h"
#include "common/str.h"
#include "emulators/esam/esam_test.h"

enum { DI_OPEN = 0x070101FF, DI_RECHARGE = 0x070102FF, HEX_MAX = 2 * ESAM_FINGERPRINT_SIZE + 1 };

static struct line_answer say_json(json_t *json)
{
    struct line_answer answer = {.text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT)};
    answer.hang_up = answer.text == NULL;
    json_decref(json);
    return answer;
}

static json_t *refusal(const char *code, const char *field)
{
    return json_pack("{s:{s:s,s:s}}", "error", "code", code, "field", field);
}

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char text[HEX_MAX];
    return hex_format(bytes, size, 0, text, sizeof(text)) ? json_string(text) : NULL;
}

/* Twelve digits, highest first, as six BCD bytes, low byte first. */
static bool address_take(const json_t *request, const char *field, uint8_t *ret_bytes)
{
    const char *digits = json_string_value(json_object_get(request, field));
    if (digits == NULL || strlen(digits) != (size_t)2 * ESAM_ADDRESS_SIZE) {
        return false;
    }
    for (size_t i = 0; i < ESAM_ADDRESS_SIZE; i++) {
        const char *pair = digits + (size_t)2 * (ESAM_ADDRESS_SIZE - 1 - i);
        if (pair[0] < '0' || pair[0] > '9' || pair[1] < '0' || pair[1] > '9') {
            return false;
        }
        ret_bytes[i] = (uint8_t)(((pair[0] - '0') << 4) | (pair[1] - '0'));
    }
    return true;
}

static bool u32_take(const json_t *request, const char *field, uint32_t *ret_number)
{
    json_t *number = json_object_get(request, field);
    json_int_t value = json_integer_value(number);
    if (!json_is_integer(number) || value < 0 || value > UINT32_MAX) {
        return false;
    }
    *ret_number = (uint32_t)value;
    return true;
}

static json_t *fingerprint(void)
{
    uint8_t hash[ESAM_FINGERPRINT_SIZE];
    char text[HEX_MAX];
    if (!esam_test_fingerprint(hash) || !hex_format(hash, sizeof(hash), 0, text, sizeof(text))) {
        return NULL;
    }
    for (char *p = text; *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'F' ? *p - 'A' + 'a' : *p);
    }
    return json_pack("{s:s,s:s}", "fingerprint", text, "name", "SIMULATOR");
}

static json_t *identity(const json_t *request)
{
    uint8_t address[ESAM_ADDRESS_SIZE];
    uint8_t random1[ESAM_RANDOM_SIZE];
    uint8_t cipher1[ESAM_CIPHER_SIZE];
    uint8_t factor[ESAM_FACTOR_SIZE];
    if (!address_take(request, "meter", address)) {
        return refusal("bad_request", "meter");
    }
    if (RAND_bytes(random1, sizeof(random1)) != 1 ||
        !esam_test_identity(address, random1, cipher1)) {
        return NULL;
    }
    esam_test_factor(address, factor);
    return json_pack("{s:o,s:o,s:o}", "cipher1", hex_json(cipher1, sizeof(cipher1)), "random1",
                     hex_json(random1, sizeof(random1)), "factor",
                     hex_json(factor, sizeof(factor)));
}

static json_t *purchase_macs(const json_t *request, uint32_t di)
{
    struct esam_purchase purchase = {.di = di};
    uint8_t mac1[ESAM_MAC_SIZE];
    uint8_t mac2[ESAM_MAC_SIZE];
    if (!address_take(request, "meter", purchase.address)) {
        return refusal("bad_request", "meter");
    }
    if (!address_take(request, "customer", purchase.customer)) {
        return refusal("bad_request", "customer");
    }
    if (!u32_take(request, "amount_fen", &purchase.amount_fen)) {
        return refusal("bad_request", "amount_fen");
    }
    if (!u32_take(request, "count", &purchase.count)) {
        return refusal("bad_request", "count");
    }
    if (!esam_test_macs(&purchase, mac1, mac2)) {
        return NULL;
    }
    return json_pack("{s:o,s:o}", "mac1", hex_json(mac1, sizeof(mac1)), "mac2",
                     hex_json(mac2, sizeof(mac2)));
}

static json_t *operation_run(const json_t *request)
{
    const char *op = json_string_value(json_object_get(request, "op"));
    if (op == NULL) {
        return refusal("bad_request", "op");
    }
    if (str_equal(op, "fingerprint")) {
        return fingerprint();
    }
    if (str_equal(op, "identity")) {
        return identity(request);
    }
    if (str_equal(op, "recharge")) {
        return purchase_macs(request, DI_RECHARGE);
    }
    if (str_equal(op, "open")) {
        return purchase_macs(request, DI_OPEN);
    }
    return refusal("unknown_op", "op");
}

struct line_answer service_answer(void *context, char *line)
{
    struct service *service = context;
    json_error_t error = {0};
    if (service->down || service->down_left > 0) {
        service->down_left -= service->down_left > 0 ? 1 : 0;
        return (struct line_answer){.hang_up = true};
    }
    if (service->refuse_left > 0) {
        service->refuse_left -= 1;
        return say_json(refusal("key_refused", ""));
    }
    json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    struct line_answer answer =
        say_json(json_is_object(request) ? operation_run(request) : refusal("bad_json", ""));
    json_decref(request);
    answer.delay_ms = service->delay_ms;
    service->served += 1;
    return answer;
}

struct line_answer service_control(void *context, char *line)
{
    struct service *service = context;
    char *rest = NULL;
    const char *command = strtok_r(line, " ", &rest);
    const char *value = strtok_r(NULL, " ", &rest);
    bool ok = command != NULL;
    if (ok && str_equal(command, "down")) {
        ok = value == NULL || parse_u32(value, UINT32_MAX, &service->down_left);
        service->down = value == NULL;
    } else if (ok && str_equal(command, "up")) {
        *service = (struct service){.served = service->served};
    } else if (ok && str_equal(command, "slow")) {
        ok = value != NULL && parse_u32(value, 600000, &service->delay_ms);
    } else if (ok && str_equal(command, "refuse")) {
        ok = value != NULL && parse_u32(value, UINT32_MAX, &service->refuse_left);
    } else if (ok && str_equal(command, "stats")) {
        return (struct line_answer){
            .text = line_text("ok {\"served\":%llu}", (unsigned long long)service->served)};
    } else if (ok && str_equal(command, "help")) {
        return (struct line_answer){
            .text = line_text("ok down [N]; up; slow MS; refuse N; stats; help")};
    } else {
        ok = false;
    }
    return (struct line_answer){.text = line_text(ok ? "ok" : "error bad command, try help")};
}
