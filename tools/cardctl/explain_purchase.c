/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/explain_purchase.h"

#include "common/bytes.h"
#include "common/civil.h"
#include "common/money.h"
#include "common/must.h"
#include "protocol/card/record.h"

static const char *state_name(enum purchase_state state)
{
    static const char *const NAMES[PURCHASE_STATE_COUNT] = {
        [PURCHASE_EMPTY] = "empty", [PURCHASE_BROKEN] = "broken", [PURCHASE_WHOLE] = "whole"};
    return NAMES[state];
}

static void put_numbers(json_t *json, const uint8_t meter[CARD_METER_SIZE],
                        const uint8_t customer[CARD_METER_SIZE])
{
    char text[2 * CARD_METER_SIZE + 1];
    bool fits = hex_format(meter, CARD_METER_SIZE, /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    json_put_text(json, "meter", text);
    fits = hex_format(customer, CARD_METER_SIZE, /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    json_put_text(json, "customer", text);
}

static json_t *settings_json(const uint8_t file[PURCHASE_PARAMETERS_SIZE])
{
    static const char *const KINDS[] = {
        [PURCHASE_OPEN] = "open", [PURCHASE_BUY] = "purchase", [PURCHASE_REPLACE] = "replacement"};
    struct purchase_parameters is;
    json_t *json = json_object();
    const enum purchase_state state = purchase_parameters_decode(file, &is);
    json_put_text(json, "state", state_name(state));
    if (state == PURCHASE_WHOLE) {
        json_put_text(json, "kind", KINDS[is.kind]);
        put_numbers(json, is.meter, is.customer);
        json_put_int(json, "alarm1_fen", is.alarm1_fen);
        json_put_int(json, "alarm2_fen", is.alarm2_fen);
    }
    return json;
}

static json_t *wallet_json(const uint8_t file[PURCHASE_WALLET_SIZE])
{
    const struct purchase_wallet is = purchase_wallet_decode(file);
    json_t *json = json_object();
    json_put_int(json, "count", is.count);
    json_put_int(json, "amount_fen", is.amount_fen);
    return json;
}

static json_t *answer_json(const uint8_t file[PURCHASE_RETURN_SIZE])
{
    struct purchase_return is;
    int64_t at = 0;
    json_t *json = json_object();
    const enum purchase_state state = purchase_return_decode(file, &is);
    json_put_text(json, "state", state_name(state));
    if (state == PURCHASE_WHOLE) {
        put_numbers(json, is.meter, is.customer);
        json_put_int(json, "count", is.count);
        json_put_int(json, "balance_fen", (int64_t)is.remaining_fen - (int64_t)is.overdraft_fen);
        json_put_int(json, "illegal_cards", is.illegal_cards);
        if (purchase_clock(is.at, &at)) {
            json_put_int(json, "at", at);
        }
    }
    return json;
}

json_t *explain_purchase_json(const struct purchase_files *files)
{
    json_t *json = json_object();
    json_put(json, "settings", settings_json(files->parameters));
    json_put(json, "wallet", wallet_json(files->wallet));
    json_put(json, "answer", answer_json(files->returned));
    return json;
}

static void put_file(json_t *json, const char *name, const uint8_t *file, size_t size)
{
    char text[2 * PURCHASE_FILE_SIZE_MAX + 1];
    const bool fits = hex_format(file, size, /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    json_put_text(json, name, text);
}

json_t *explain_purchase_hex(const struct purchase_files *files)
{
    json_t *json = json_object();
    put_file(json, "parameters", files->parameters, sizeof(files->parameters));
    put_file(json, "wallet", files->wallet, sizeof(files->wallet));
    put_file(json, "return", files->returned, sizeof(files->returned));
    return json;
}

/* --- for people ------------------------------------------------------------------------------ */

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "";
}

static long long number_of(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static const char *yuan_of(const json_t *json, const char *name, char ret_text[MONEY_TEXT_SIZE])
{
    return money_format_yuan(money_fen(number_of(json, name)), ret_text);
}

static bool print_state(FILE *out, const char *title, const json_t *json)
{
    const char *state = text_of(json, "state");
    const bool whole = state[0] == 'w';
    (void)fprintf(out, "%s: %s%s", title, state, whole ? ", " : "\n");
    return whole;
}

void explain_purchase_print(FILE *out, const json_t *purchase)
{
    char text[MONEY_TEXT_SIZE];
    char when[CIVIL_TEXT_SIZE];
    const json_t *settings = json_object_get(purchase, "settings");
    const json_t *wallet = json_object_get(purchase, "wallet");
    const json_t *answer = json_object_get(purchase, "answer");
    if (print_state(out, "settings", settings)) {
        (void)fprintf(out, "kind %s, meter %s, customer %s, alarm at %s yuan\n",
                      text_of(settings, "kind"), text_of(settings, "meter"),
                      text_of(settings, "customer"), yuan_of(settings, "alarm1_fen", text));
    }
    (void)fprintf(out, "wallet: purchase %lld, %s yuan\n", number_of(wallet, "count"),
                  yuan_of(wallet, "amount_fen", text));
    if (print_state(out, "meter's answer", answer)) {
        (void)fprintf(out, "has loaded purchase %lld, balance %s yuan, at %s, meter %s\n",
                      number_of(answer, "count"), yuan_of(answer, "balance_fen", text),
                      civil_format_beijing(number_of(answer, "at"), when),
                      text_of(answer, "meter"));
    }
}
