/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the desk may look at over the admin socket: the register, the keys of a card that lies on
 * its reader, and what that card holds - only judged, or taken in as a terminal's reading is. What
 * is taken in settles money, and nothing but the desk's word says that it stood on the card: so
 * somebody signs for it.
 */
#include <string.h>

#include "cloud/cards/internal.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

/* ---- the register ---- */

static void reply_shown(const struct cards *cards, struct http_request *request, store_fn fn,
                        struct desk_shown *shown)
{
    enum err err = store_read(cards->setup.store, fn, shown);
    if (err == OK) {
        http_reply_json(request, 200, shown->json);
    } else {
        desk_reply_err(request, err);
    }
}

static void on_show(struct http_request *request, void *self)
{
    struct desk_shown shown = {.json = NULL};
    if (desk_take_uid(request, http_param(request, "uid"), "uid", shown.uid_text)) {
        reply_shown(self, request, desk_show, &shown);
    }
}

static void on_list(struct http_request *request, void *self)
{
    struct desk_shown shown = {.meter_id = http_query(request, "meter_id")};
    reply_shown(self, request, desk_list, &shown);
}

static void on_case(struct http_request *request, void *self)
{
    struct desk_shown shown = {.number = http_param(request, "number")};
    reply_shown(self, request, desk_case, &shown);
}

/* ---- keys ---- */

/* To finish a card whose writing was cut, and to read one. */
static void on_keys(struct http_request *request, void *self)
{
    struct cards *cards = self;
    struct desk_issue issue = {.cards = cards};
    if (!desk_has_vault(cards, request) ||
        !desk_take_uid(request, http_param(request, "uid"), "uid", issue.uid_text) ||
        !desk_take_serial(request, &issue) || !desk_take_person(cards, request, issue.person)) {
        return;
    }
    enum err err = store_run(cards->setup.store, desk_keys, &issue);
    if (desk_is_granted(request, err, issue.refused)) {
        log_info("cards: the desk has the keys of card %s", issue.uid_text);
        desk_reply_issued(request, &issue);
    }
}

/* ---- what is on a card ---- */

static const char *worth_name(enum card_worth worth)
{
    static const char *const NAMES[CARD_WORTH_COUNT] = {
        [CARD_WORTH_NOTHING] = "nothing",
        [CARD_WORTH_TRUE] = "true",
        [CARD_WORTH_FORGED] = "forged",
        [CARD_WORTH_OTHER] = "other",
    };
    MUST(worth < CARD_WORTH_COUNT);
    return NAMES[worth];
}

static void put_worths(json_t *json, const char *name, const enum card_worth worths[CARD_SLOT_PAIR])
{
    json_t *list = json_array();
    for (int i = 0; i < CARD_SLOT_PAIR; i++) {
        MUST(json_array_append_new(list, json_string(worth_name(worths[i]))) == 0);
    }
    json_put(json, name, list);
}

static void reply_judged(struct http_request *request, const struct take *take)
{
    static const char *const STATES[CARD_STATE_COUNT] = {[CARD_READY] = "ready",
                                                         [CARD_OWED] = "owed",
                                                         [CARD_REPAIR] = "repair",
                                                         [CARD_REFUSED] = "refused"};
    static const char *const LOADED[CARD_LOADED_COUNT] = {
        [CARD_LOADED_NEVER] = "never", [CARD_LOADED_NO] = "no", [CARD_LOADED_YES] = "yes"};
    const struct card_reading *reading = &take->slots.reading;
    const struct book_account *account = &take->account;
    const enum card_worth credit[] = {reading->credit[0].worth, reading->credit[1].worth};
    const enum card_worth returned[] = {reading->returned[0].worth, reading->returned[1].worth};
    json_t *json = json_object();
    json_put_text(json, "uid", take->uid_text);
    put_worths(json, "credit", credit);
    put_worths(json, "return", returned);
    json_put_text(json, "state", STATES[take->verdict.state]);
    json_put_text(json, "reason", card_reason_name(take->verdict.reason));
    json_put_flag(json, "rolled_back", take->verdict.rolled_back);
    json_put_int(json, "proven_n", take->verdict.proven_n);
    json_put_text(json, "loaded", LOADED[take->verdict.loaded]);
    json_put_int(json, "seen_seq", account->seen_seq);
    json_put_int(json, "seen_n", account->seen_n);
    json_put_int(json, "seen_total_fen", account->seen_total_fen);
    json_put_int(json, "seen_balance_fen", account->seen_balance_fen);
    http_reply_json(request, 200, json);
}

static void run_take(struct http_request *request, struct desk_taking *taking)
{
    struct take *take = &taking->take;
    struct store *store = take->cards->setup.store;
    const bool takes = taking->what != NULL;
    if (!desk_has_vault(take->cards, request) ||
        !desk_take_uid(request, http_param(request, "uid"), "uid", take->uid_text) ||
        (takes && !desk_take_person(take->cards, request, taking->person))) {
        return;
    }
    enum err err = takes ? store_run(store, desk_take, taking) : store_read(store, take_look, take);
    if (err == OK) {
        reply_judged(request, take);
    } else {
        desk_reply_err(request, err);
    }
}

/* The meter's word alone, as it was written down somewhere. */
static void on_return(struct http_request *request, void *self)
{
    char text[API_CARD_RECORD_SIZE];
    struct desk_taking taking = {
        .take = {.cards = self, .raw = {.credit = {"", ""}, .returned = {text, ""}}},
        .what = "a record"};
    uint8_t record[CARD_RECORD_SIZE];
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, "record", text, sizeof(text));
    if (json_failed(&r) || !card_record_parse(text, record)) {
        http_reply_bad_request(request, "record");
        return;
    }
    run_take(request, &taking);
}

static bool take_file(struct json_reader *r, const char *name, uint8_t *ret_file, size_t file_size)
{
    char text[2 * PURCHASE_FILE_SIZE_MAX + 1];
    size_t size = 0;
    json_text(r, name, text, sizeof(text));
    return !json_failed(r) && hex_parse(text, strlen(text), ret_file, file_size, &size, NULL) &&
           size == file_size;
}

/* The files of a purchase card: the member "files". */
static void take_files(struct http_request *request, struct cards *cards)
{
    struct json_reader r = json_reader(http_body_json(request));
    struct json_reader in = json_reader(json_object_at(&r, "files"));
    struct purchase_files files;
    struct desk_taking taking = {
        .take = {.cards = cards, .raw = {.credit = {"", ""}, .returned = {"", ""}}},
        .what = json_flag_or(&r, "take", false) ? "files" : NULL};
    if (!take_file(&in, "parameters", files.parameters, sizeof(files.parameters)) ||
        !take_file(&in, "wallet", files.wallet, sizeof(files.wallet)) ||
        !take_file(&in, "return", files.returned, sizeof(files.returned)) || json_failed(&r)) {
        http_reply_bad_request(request, "files");
        return;
    }
    taking.take.raw.purchase = &files;
    run_take(request, &taking);
}

/* All that a reader at the desk sees. */
static void on_reading(struct http_request *request, void *self)
{
    static const char *const members[] = {"credit", "return"};
    struct api_fault fault = {{0}};
    struct api_card_read *read = http_alloc(request, sizeof(*read));
    struct json_reader r = json_reader(http_body_json(request));
    const bool taken = json_flag_or(&r, "take", false);
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    if (json_has(&r, "files")) {
        take_files(request, self);
        return;
    }
    if (api_card_read_decode(text, size, read, &fault) != OK || json_failed(&r)) {
        http_reply_bad_request(request, fault.field[0] != '\0' ? fault.field : "take");
        return;
    }
    if (!json_has(&r, members[0]) && !json_has(&r, members[1])) {
        http_reply_bad_request(request, members[0]);
        return;
    }
    struct desk_taking taking = {
        .take = {.cards = self,
                 .raw = {.credit = {read->credit[0], read->credit[1]},
                         .returned = {read->returned[0], read->returned[1]}}},
        .what = taken ? "slots" : NULL};
    run_take(request, &taking);
}

void desk_read_routes(struct cards *cards)
{
    const struct http_route routes[] = {
        {HTTP_GET, "/v1/admin/cards", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_list, cards},
        {HTTP_GET, "/v1/admin/card-returns/{number}", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_case,
         cards},
        {HTTP_GET, "/v1/admin/cards/{uid}", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_show, cards},
        {HTTP_POST, "/v1/admin/cards/{uid}/keys", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_keys,
         cards},
        {HTTP_POST, "/v1/admin/cards/{uid}/return", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_return,
         cards},
        {HTTP_POST, "/v1/admin/cards/{uid}/reading", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_reading,
         cards},
    };
    http_route_add(cards->setup.http, routes, ARRAY_COUNT(routes));
}
