/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/api/terminal.h"

#include "common/str.h"
#include "protocol/api/codec.h"

enum { UPTIME_S_MAX = 2000000000 };

static void put_payments(json_t *object, bool open, const char *reason)
{
    json_put_text(object, "payments", open ? "open" : "closed");
    api_put_text_or_null(object, "payments_reason", reason);
}

static bool read_payments(struct json_reader *r, char *ret_reason)
{
    char word[API_WORD_SIZE];
    json_text(r, "payments", word, sizeof(word));
    bool open = str_equal(word, "open");
    if (!open && !str_equal(word, "closed")) {
        json_refuse(r, "payments");
    }
    json_text_or_empty(r, "payments_reason", ret_reason, API_WORD_SIZE);
    return open;
}

static json_t *site_json(const struct api_profile *profile)
{
    json_t *site = api_object();
    json_put_text(site, "id", profile->site_id);
    json_put_text(site, "name", profile->site_name);
    return site;
}

enum err api_profile_encode(const struct api_profile *profile, char *ret_text, size_t text_size,
                            size_t *ret_size)
{
    json_t *languages = json_array();
    json_t *amounts = json_array();
    json_t *wallets = json_array();
    bool whole = true;
    for (size_t i = 0; i < profile->language_count; i++) {
        whole = json_array_append_new(languages, json_string(profile->languages[i])) == 0 && whole;
    }
    for (size_t i = 0; i < profile->amount_count; i++) {
        whole = json_array_append_new(amounts, json_integer(profile->amounts_fen[i])) == 0 && whole;
    }
    for (size_t i = 0; i < profile->wallet_count; i++) {
        json_t *name = json_string(api_channel_name(profile->wallets[i]));
        whole = json_array_append_new(wallets, name) == 0 && whole;
    }
    if (!whole) {
        json_decref(languages);
        json_decref(amounts);
        json_decref(wallets);
        return ERR_MEMORY;
    }
    json_t *receipt = api_object();
    json_put_flag(receipt, "auto", profile->receipt_auto);
    json_t *json = api_object();
    json_put_text(json, "terminal_id", profile->terminal_id);
    json_put_text(json, "name", profile->name);
    json_put_text(json, "company", profile->company);
    json_put(json, "site", site_json(profile));
    json_put_text(json, "service_phone", profile->service_phone);
    json_put(json, "languages", languages);
    json_put(json, "amounts_fen", amounts);
    json_put_int(json, "amount_min_fen", profile->amount_min_fen);
    json_put_int(json, "amount_max_fen", profile->amount_max_fen);
    json_put(json, "wallets", wallets);
    json_put(json, "receipt", receipt);
    api_put_text_or_null(json, "notice", profile->notice);
    json_put_int(json, "server_time", profile->server_time);
    put_payments(json, profile->payments_open, profile->payments_reason);
    return api_print(json, ret_text, text_size, ret_size);
}

static void read_lists(struct json_reader *r, struct api_profile *profile)
{
    const json_t *languages = json_array_at(r, "languages");
    const json_t *amounts = json_array_at(r, "amounts_fen");
    const json_t *wallets = json_array_at(r, "wallets");
    profile->language_count = json_array_size(languages);
    profile->amount_count = json_array_size(amounts);
    profile->wallet_count = json_array_size(wallets);
    if (profile->language_count > API_LANGUAGES_MAX) {
        json_refuse(r, "languages");
        return;
    }
    if (profile->amount_count > API_AMOUNTS_MAX) {
        json_refuse(r, "amounts_fen");
        return;
    }
    if (profile->wallet_count > API_CHANNEL_COUNT) {
        json_refuse(r, "wallets");
        return;
    }
    for (size_t i = 0; i < profile->language_count; i++) {
        const char *text = json_string_value(json_array_get(languages, i));
        if (text == NULL || !str_copy(profile->languages[i], API_LANGUAGE_SIZE, text)) {
            json_refuse(r, "languages");
        }
    }
    for (size_t i = 0; i < profile->amount_count; i++) {
        const json_t *value = json_array_get(amounts, i);
        profile->amounts_fen[i] = json_integer_value(value);
        if (profile->amounts_fen[i] < 1 || profile->amounts_fen[i] > MONEY_WIRE_FEN_MAX) {
            json_refuse(r, "amounts_fen");
        }
    }
    for (size_t i = 0; i < profile->wallet_count; i++) {
        const char *text = json_string_value(json_array_get(wallets, i));
        if (text == NULL || !api_channel_parse(text, &profile->wallets[i])) {
            json_refuse(r, "wallets");
        }
    }
}

enum err api_profile_decode(const char *text, size_t size, struct api_profile *ret_profile,
                            struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_profile profile = {0};
    struct json_reader r = json_reader(json);
    api_read_id(&r, "terminal_id", profile.terminal_id);
    json_text(&r, "name", profile.name, sizeof(profile.name));
    json_text(&r, "company", profile.company, sizeof(profile.company));
    struct json_reader site = json_reader(json_object_at(&r, "site"));
    api_read_id(&site, "id", profile.site_id);
    json_text(&site, "name", profile.site_name, sizeof(profile.site_name));
    json_text(&r, "service_phone", profile.service_phone, sizeof(profile.service_phone));
    read_lists(&r, &profile);
    profile.amount_min_fen = api_read_amount(&r, "amount_min_fen");
    profile.amount_max_fen = api_read_amount(&r, "amount_max_fen");
    struct json_reader receipt = json_reader(json_object_at(&r, "receipt"));
    profile.receipt_auto = json_flag(&receipt, "auto");
    json_text_or_empty(&r, "notice", profile.notice, sizeof(profile.notice));
    profile.server_time = api_read_time(&r, "server_time");
    profile.payments_open = read_payments(&r, profile.payments_reason);
    enum err err = api_verdict(&r, "", ret_fault);
    if (err == OK) {
        err = api_verdict(&site, "site.", ret_fault);
    }
    if (err == OK) {
        err = api_verdict(&receipt, "receipt.", ret_fault);
    }
    json_decref(json);
    if (err == OK) {
        *ret_profile = profile;
    }
    return err;
}

/* ---- heartbeat ---- */

static void put_reader(json_t *json, const struct api_heartbeat *heartbeat)
{
    const struct api_reader_counts *told = &heartbeat->reader;
    if (heartbeat->reader_state[0] == '\0' && !told->told) {
        return;
    }
    json_t *reader = api_object();
    api_put_text_or_null(reader, "state", heartbeat->reader_state);
    if (told->told) {
        json_t *counts = api_object();
        for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
            if (told->counts[i] >= 0) {
                json_put_int(counts, cardlink_count_name((enum cardlink_count)i), told->counts[i]);
            }
        }
        api_put_text_or_null(reader, "chip", told->chip);
        json_put(reader, "counts", counts);
    }
    json_put(json, "reader", reader);
}

static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~') {
        text += 1;
    }
    return *text == '\0';
}

static void read_counts(struct json_reader *reader, struct api_reader_counts *ret_told)
{
    ret_told->told = true;
    json_text_or_empty(reader, "chip", ret_told->chip, sizeof(ret_told->chip));
    if (!is_printable(ret_told->chip)) {
        json_refuse(reader, "chip");
    }
    struct json_reader counts = json_reader(json_object_at(reader, "counts"));
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        ret_told->counts[i] = json_int_or(&counts, cardlink_count_name((enum cardlink_count)i), 0,
                                          API_COUNT_MAX, /* fallback= */ -1);
    }
    if (json_failed(&counts)) {
        json_refuse(reader, "counts");
    }
}

/* Older terminals tell of no reader, or of no counts. */
static void read_reader(struct json_reader *r, struct api_heartbeat *heartbeat)
{
    if (!json_has(r, "reader")) {
        return;
    }
    struct json_reader reader = json_reader(json_object_at(r, "reader"));
    json_text_or_empty(&reader, "state", heartbeat->reader_state, sizeof(heartbeat->reader_state));
    if (json_has(&reader, "counts")) {
        read_counts(&reader, &heartbeat->reader);
    }
    if (json_failed(&reader)) {
        json_refuse(r, "reader");
    }
}

enum err api_heartbeat_encode(const struct api_heartbeat *heartbeat, char *ret_text,
                              size_t text_size, size_t *ret_size)
{
    json_t *printer = api_object();
    json_put_text(printer, "state", heartbeat->printer_state);
    json_t *json = api_object();
    json_put_int(json, "uptime_s", heartbeat->uptime_s);
    json_put_text(json, "version", heartbeat->version);
    json_put_text(json, "screen", heartbeat->screen);
    json_put(json, "printer", printer);
    put_reader(json, heartbeat);
    api_put_text_or_null(json, "open_order_no", heartbeat->open_order_no);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_heartbeat_decode(const char *text, size_t size, struct api_heartbeat *ret_heartbeat,
                              struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_heartbeat heartbeat = {0};
    struct json_reader r = json_reader(json);
    heartbeat.uptime_s = json_int(&r, "uptime_s", 0, UPTIME_S_MAX);
    json_text(&r, "version", heartbeat.version, sizeof(heartbeat.version));
    json_text(&r, "screen", heartbeat.screen, sizeof(heartbeat.screen));
    struct json_reader printer = json_reader(json_object_at(&r, "printer"));
    json_text_or_empty(&printer, "state", heartbeat.printer_state, sizeof(heartbeat.printer_state));
    read_reader(&r, &heartbeat);
    json_text_or_empty(&r, "open_order_no", heartbeat.open_order_no,
                       sizeof(heartbeat.open_order_no));
    if (heartbeat.open_order_no[0] != '\0' && !api_order_no_is_valid(heartbeat.open_order_no)) {
        json_refuse(&r, "open_order_no");
    }
    enum err err = api_verdict(&r, "", ret_fault);
    if (err == OK) {
        err = api_verdict(&printer, "printer.", ret_fault);
    }
    json_decref(json);
    if (err == OK) {
        *ret_heartbeat = heartbeat;
    }
    return err;
}

enum err api_heartbeat_answer_encode(const struct api_heartbeat_answer *answer, char *ret_text,
                                     size_t text_size, size_t *ret_size)
{
    json_t *json = api_object();
    json_put_int(json, "server_time", answer->server_time);
    put_payments(json, answer->payments_open, answer->payments_reason);
    json_put_text(json, "profile_version", answer->profile_version);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_heartbeat_answer_decode(const char *text, size_t size,
                                     struct api_heartbeat_answer *ret_answer,
                                     struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_heartbeat_answer answer = {0};
    struct json_reader r = json_reader(json);
    answer.server_time = api_read_time(&r, "server_time");
    answer.payments_open = read_payments(&r, answer.payments_reason);
    json_text(&r, "profile_version", answer.profile_version, sizeof(answer.profile_version));
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_answer = answer;
    }
    return err;
}
