/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's calls over the admin socket. Its listener has a thread of its own that serves nobody
 * else, so these handlers may wait for the writer, for a hash and for a provider.
 */
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/orders/evidence.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/card/desfire.h"
#include "protocol/card/mifare.h"

/* ---- answers ---- */

void desk_reply_err(struct http_request *request, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such card, meter or document",
                         NULL);
    } else if (err == ERR_DENIED) {
        http_reply_error(request, 403, "wrong_password", "wrong name or password", NULL);
    } else if (err == ERR_CONFLICT) {
        http_reply_error(request, 403, "locked", "too many wrong passwords: wait 15 minutes", NULL);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

bool desk_is_granted(struct http_request *request, enum err err, const char *refused)
{
    if (err != OK) {
        desk_reply_err(request, err);
    } else if (refused != NULL) {
        http_reply_error(request, 409, refused, NULL, NULL);
    }
    return err == OK && refused == NULL;
}

/* True if there are keys at all; else the request was answered. */
bool desk_has_vault(const struct cards *cards, struct http_request *request)
{
    if (cards->setup.vault == NULL) {
        http_reply_error(request, 409, "no_cards", "the configuration has no group cards", NULL);
    }
    return cards->setup.vault != NULL;
}

/* A UID in upper case; false: the request was answered. */
bool desk_take_uid(struct http_request *request, const char *text, const char *field,
                   char ret_uid[CARD_UID_TEXT_SIZE])
{
    struct card_uid uid;
    if (!card_uid_parse(text, &uid)) {
        http_reply_bad_request(request, field);
        return false;
    }
    card_uid_format(&uid, ret_uid);
    return true;
}

static bool take_uid_member(struct http_request *request, const char *name,
                            char ret_uid[CARD_UID_TEXT_SIZE])
{
    char text[CARD_UID_TEXT_SIZE];
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, name, text, sizeof(text));
    if (json_failed(&r)) {
        http_reply_bad_request(request, json_field(&r));
        return false;
    }
    return desk_take_uid(request, text, name, ret_uid);
}

bool desk_take_person(const struct cards *cards, struct http_request *request,
                      char ret_name[PERSON_NAME_SIZE])
{
    struct json_reader r = json_reader(http_body_json(request));
    return person_signs(cards->setup.store, request, &r, desk_reply_err, ret_name);
}

/* ---- a blank card ---- */

static enum err put_trailers(const struct card_keys *keys, const struct card_uid *uid, json_t *list)
{
    enum err err = OK;
    for (uint8_t sector = 0; sector < MIFARE_SECTORS && err == OK; sector++) {
        uint8_t block[CARD_BLOCK_SIZE];
        char text[2 * CARD_BLOCK_SIZE + 1];
        const bool made = card_trailer_make(keys, uid, sector, block) &&
                          hex_format(block, sizeof(block), /* separator= */ 0, text, sizeof(text));
        err = made && json_array_append_new(list, json_string(text)) == 0 ? OK : ERR_INTERNAL;
        bytes_wipe(block, sizeof(block));
        bytes_wipe(text, sizeof(text));
    }
    return err;
}

static enum err put_aes_keys(const struct card_keys *keys, const struct card_uid *uid, json_t *list)
{
    enum err err = OK;
    for (uint8_t number = 0; number < DESFIRE_KEY_COUNT && err == OK; number++) {
        uint8_t key[CARD_KEY_SIZE];
        char text[2 * CARD_KEY_SIZE + 1];
        const bool made = card_desfire_key(keys, uid, number, key) &&
                          hex_format(key, sizeof(key), /* separator= */ 0, text, sizeof(text));
        err = made && json_array_append_new(list, json_string(text)) == 0 ? OK : ERR_INTERNAL;
        bytes_wipe(key, sizeof(key));
        bytes_wipe(text, sizeof(text));
    }
    return err;
}

/* In the order of enum purchase_key. They are of the card's number, which only its reader knows. */
static enum err put_purchase_keys(const struct desk_issue *issue, json_t *json)
{
    struct purchase_keys keys;
    json_t *list = json_array();
    json_put(json, "keys", list);
    if (!issue->has_serial) {
        return OK;
    }
    if (!vault_purchase_keys(issue->cards->setup.vault, issue->serial, &keys)) {
        return ERR_INTERNAL;
    }
    enum err err = OK;
    for (int which = 0; which < PURCHASE_KEY_COUNT && err == OK; which++) {
        char text[2 * CARD_KEY_SIZE + 1];
        const bool made =
            hex_format(keys.keys[which], CARD_KEY_SIZE, /* separator= */ 0, text, sizeof(text));
        err = made && json_array_append_new(list, json_string(text)) == 0 ? OK : ERR_INTERNAL;
        bytes_wipe(text, sizeof(text));
    }
    bytes_wipe(&keys, sizeof(keys));
    return err;
}

/* What the card is made of: trailers of its sectors, or keys of its application. */
static enum err put_secrets(const struct desk_issue *issue, json_t *json)
{
    if (issue->card.media == API_CARD_CPU) {
        return put_purchase_keys(issue, json);
    }
    const struct book_card *card = &issue->card;
    const bool classic = card->media == API_CARD_CLASSIC;
    struct card_keys keys;
    if (!vault_meter_keys(issue->cards->setup.vault, issue->account.meter, &keys)) {
        return ERR_INTERNAL;
    }
    json_t *list = json_array();
    enum err err =
        classic ? put_trailers(&keys, &card->uid, list) : put_aes_keys(&keys, &card->uid, list);
    bytes_wipe(&keys, sizeof(keys));
    json_put(json, classic ? "trailers" : "keys", list);
    return err;
}

void desk_reply_issued(struct http_request *request, const struct desk_issue *issue)
{
    char record[CARD_RECORD_TEXT_SIZE];
    char meter[CARD_METER_TEXT_SIZE];
    char customer[CARD_METER_TEXT_SIZE];
    json_t *json = json_object();
    card_record_format(issue->card.record, record);
    card_meter_format(issue->account.meter, meter);
    card_meter_format(issue->customer, customer);
    json_put_text(json, "uid", issue->card.uid_text);
    json_put_text(json, "state", issue->card.state);
    json_put_text(json, "meter_id", issue->card.meter_id);
    json_put_text(json, "meter", meter);
    json_put_int(json, "card_no", issue->card.card_no);
    json_put_text(json, "record", record);
    json_put_text(json, "media", api_card_media_name(issue->card.media));
    if (issue->card.media == API_CARD_CPU) {
        json_put_text(json, "customer", customer);
    }
    enum err err = put_secrets(issue, json);
    if (err == OK) {
        http_reply_json(request, 200, json);
    } else {
        json_decref(json);
        desk_reply_err(request, err);
    }
}

static void run_issue(struct http_request *request, struct desk_issue *issue)
{
    enum err err = store_run(issue->cards->setup.store, desk_issue, issue);
    if (desk_is_granted(request, err, issue->refused)) {
        log_info("cards: %s is the card of meter %s", issue->uid_text, issue->meter_id);
        desk_reply_issued(request, issue);
    }
}

/* The kind of card, if it is told; false: the request was answered. */
static bool take_media(const struct cards *cards, struct http_request *request,
                       enum api_card_media *ret_media)
{
    char word[BOOK_WORD_SIZE];
    struct json_reader r = json_reader(http_body_json(request));
    json_text_or_empty(&r, "media", word, sizeof(word));
    *ret_media = API_CARD_CLASSIC;
    const bool known = word[0] == '\0' || api_card_media_parse(word, ret_media);
    if (json_failed(&r) || !known) {
        http_reply_bad_request(request, "media");
        return false;
    }
    if (*ret_media == API_CARD_CPU && !vault_has_purchase(cards->setup.vault)) {
        http_reply_error(request, 409, "no_purchase_key",
                         "the configuration has no master key of purchase cards", NULL);
        return false;
    }
    return true;
}

bool desk_take_serial(struct http_request *request, struct desk_issue *issue)
{
    char text[2 * PURCHASE_SERIAL_SIZE + 1];
    size_t size = 0;
    struct json_reader r = json_reader(http_body_json(request));
    json_text_or_empty(&r, "serial", text, sizeof(text));
    issue->has_serial = text[0] != '\0';
    const bool good =
        !json_failed(&r) && (!issue->has_serial || (hex_parse(text, strlen(text), issue->serial,
                                                              sizeof(issue->serial), &size, NULL) &&
                                                    size == sizeof(issue->serial)));
    if (!good) {
        http_reply_bad_request(request, "serial");
    }
    return good;
}

static void on_issue(struct http_request *request, void *self)
{
    struct desk_issue issue = {.cards = self};
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, "meter_id", issue.meter_id, sizeof(issue.meter_id));
    json_text_or_empty(&r, "customer_no", issue.customer_no, sizeof(issue.customer_no));
    if (json_failed(&r)) {
        http_reply_bad_request(request, json_field(&r));
    } else if (desk_has_vault(self, request) && take_media(self, request, &issue.media) &&
               desk_take_serial(request, &issue) &&
               take_uid_member(request, "uid", issue.uid_text) &&
               desk_take_person(self, request, issue.person)) {
        run_issue(request, &issue);
    }
}

static void on_replace(struct http_request *request, void *self)
{
    struct desk_issue issue = {.cards = self};
    if (desk_has_vault(self, request) &&
        desk_take_uid(request, http_param(request, "uid"), "uid", issue.old_uid) &&
        take_media(self, request, &issue.media) && desk_take_serial(request, &issue) &&
        take_uid_member(request, "uid", issue.uid_text) &&
        desk_take_person(self, request, issue.person)) {
        run_issue(request, &issue);
    }
}

/* ---- the register ---- */

static void on_state(struct http_request *request, void *self)
{
    static const char *const states[] = {"open", "lost", "blocked"};
    struct cards *cards = self;
    struct desk_state wish = {.state = NULL};
    char word[BOOK_WORD_SIZE];
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, "state", word, sizeof(word));
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        wish.state = str_equal(word, states[i]) ? states[i] : wish.state;
    }
    if (wish.state == NULL) {
        http_reply_bad_request(request, "state");
        return;
    }
    if (!desk_take_uid(request, http_param(request, "uid"), "uid", wish.uid_text) ||
        !desk_take_person(cards, request, wish.person)) {
        return;
    }
    enum err err = store_run(cards->setup.store, desk_set_state, &wish);
    if (desk_is_granted(request, err, wish.refused)) {
        json_t *json = json_object();
        json_put_text(json, "uid", wish.uid_text);
        json_put_text(json, "state", wish.state);
        http_reply_json(request, 200, json);
    }
}

/* ---- two persons ---- */

static void on_return_begin(struct http_request *request, void *self)
{
    struct cards *cards = self;
    struct return_wish wish = {.cards = cards};
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, "order_no", wish.order_no, sizeof(wish.order_no));
    if (!desk_has_vault(cards, request) ||
        !person_signs(cards->setup.store, request, &r, desk_reply_err, wish.person)) {
        return;
    }
    enum err err = store_run(cards->setup.store, return_begin, &wish);
    if (desk_is_granted(request, err, wish.refused)) {
        json_t *json = json_object();
        json_put_text(json, "case_no", wish.case_no);
        json_put_text(json, "stage", wish.issued ? "REVERSAL_ISSUED" : "ASKED");
        json_put_int(json, "n", wish.n);
        http_reply_json(request, 200, json);
    }
}

/* True if the wallet has said what it did with the payment, or nothing is owed; else the request
 * was answered. */
static bool asks_wallet(struct http_request *request, struct payout_wish *wish)
{
    const struct cards_setup *setup = &wish->cards->setup;
    bool heard = true;
    enum err err = store_read(setup->store, payout_order, wish);
    if (err == OK && wish->order_no[0] != '\0') {
        err = evidence_ask_first(setup->orders, wish->order_no, &heard);
    }
    if (err != OK) {
        desk_reply_err(request, err);
    } else if (!heard) {
        http_reply_error(request, 409, EVIDENCE_SILENT, EVIDENCE_SILENT_TEXT, NULL);
    }
    return err == OK && heard;
}

static void on_pay_out(struct http_request *request, void *self)
{
    struct cards *cards = self;
    struct payout_wish wish = {.cards = cards};
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, "case_no", wish.case_no, sizeof(wish.case_no));
    if (!person_signs(cards->setup.store, request, &r, desk_reply_err, wish.person) ||
        !asks_wallet(request, &wish)) {
        return;
    }
    enum err err = store_run(cards->setup.store, return_pay_out, &wish);
    if (err == OK && wish.decided[0] != '\0') {
        http_reply_error(request, 409, wish.refused, wish.decided, NULL);
    } else if (desk_is_granted(request, err, wish.refused)) {
        json_t *json = json_object();
        json_put_text(json, "case_no", wish.case_no);
        json_put_text(json, "payout", wish.paid ? "paid" : "owed");
        http_reply_json(request, 200, json);
    }
}

void desk_routes(struct cards *cards)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/admin/cards", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_issue, cards},
        {HTTP_POST, "/v1/admin/cards/{uid}/state", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_state,
         cards},
        {HTTP_POST, "/v1/admin/cards/{uid}/replace", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_replace,
         cards},
        {HTTP_POST, "/v1/admin/card-returns", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_return_begin,
         cards},
        {HTTP_POST, "/v1/admin/card-payouts", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_pay_out, cards},
    };
    http_route_add(cards->setup.http, routes, ARRAY_COUNT(routes));
}
