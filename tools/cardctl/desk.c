/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/desk.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/admin/client.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "tools/cardctl/person.h"

enum { BODY_SIZE = 2048, MESSAGE_SIZE = 256, HTTP_NOT_FOUND = 404 };

/* --- refusals -------------------------------------------------------------------------------- */

/* What to do about the refusals that a desk meets. */
static const struct advice {
    const char *code;
    const char *text;
} ADVICE[] = {
    {"card_known", "this card is in the register already: 'find' says for which meter"},
    {"meter_has_a_card", "this meter has a card: block or replace that one ('replace OLD-UID')"},
    {"meter_known", "tokens were given out for this meter's number under another id: a used card "
                    "meter is not hung up again; give it back its old id, or take another one"},
    {"replaced_before", "that card was replaced before: only its successor counts"},
    {"not_a_card_meter", "this meter is not sold to by card: see its profile in the catalogue"},
    {"other_customer", "the catalogue has another customer for this meter"},
    {"other_media", "this meter takes cards of another kind"},
    {"other_serial", "the register has another number for this card, or another card of this "
                     "number: it is forged, or was registered as another card"},
    {"no_purchase_key", "this server has no keys of CPU cards: its group cards has none"},
    {"not_returnable", "this order's value cannot be bought back by a token"},
    {"no_cards", "this server has no card keys: its configuration lacks the group cards"},
    {"case_open", "a return case of this meter is open already"},
    {"refunded_by_wallet", "the payer's wallet has paid it back already: pay nothing out"},
    {"refund_seen",
     "the wallet shows a refund of this order, perhaps of a part: look there. Pay out "
     "nothing; if it was a part, refund the rest in the wallet, too: when all of it "
     "is back there, the case ends by itself when it is signed again"},
    {"wallet_silent",
     "the wallet does not say whether it has paid this back: nothing is signed and "
     "nothing may be paid out; ask again in some minutes"},
    {"same_person", "the second signature must be another person's"},
    {"wrong_password", "wrong name or password"},
    {"locked", "too many wrong passwords: wait 15 minutes"},
};

static const char *advice_for(const char *code)
{
    for (size_t i = 0; i < ARRAY_COUNT(ADVICE); i++) {
        if (str_equal(ADVICE[i].code, code)) {
            return ADVICE[i].text;
        }
    }
    return NULL;
}

static void say_refusal(const json_t *answer, long status)
{
    char code[DESK_ID_SIZE] = "";
    char message[MESSAGE_SIZE] = "";
    struct json_reader outer = json_reader(answer);
    struct json_reader r = json_reader(json_object_at(&outer, "error"));
    json_text(&r, "code", code, sizeof(code));
    json_text_or_empty(&r, "message", message, sizeof(message));
    const char *advice = advice_for(code);
    if (json_failed(&r)) {
        (void)ctl_say(CTL_FAILED, "the server answers %ld", status);
    } else if (advice != NULL) {
        (void)ctl_say(CTL_FAILED, "refused: %s", advice);
    } else {
        (void)ctl_say(CTL_FAILED, "refused: %s%s%s", code, message[0] != '\0' ? ": " : "", message);
    }
}

/* --- calling --------------------------------------------------------------------------------- */

static enum desk_answer perform(const struct options *options, const char *path, const char *body,
                                json_t **ret_answer)
{
    char why[ADMIN_WHY_SIZE];
    struct admin_answer answer;
    const struct admin_call call = {.socket_path = options->cloud,
                                    .method = body != NULL ? "POST" : "GET",
                                    .path = path,
                                    .content_type = body != NULL ? "application/json" : NULL,
                                    .body = body,
                                    .body_size = body != NULL ? strlen(body) : 0};
    const enum err err = admin_call(&call, &answer, why);
    if (err != OK) {
        (void)ctl_say(CTL_FAILED,
                      "the server cannot be reached: %s. Does it run, and may this "
                      "user open its admin socket?",
                      why);
        return DESK_FAILED;
    }
    json_t *json = json_parse_object(answer.text, answer.size, ADMIN_ANSWER_SIZE_MAX);
    bytes_wipe(answer.text, answer.size);
    free(answer.text);
    if (answer.status == 200 && json != NULL) {
        *ret_answer = json;
        return DESK_OK;
    }
    if (answer.status != HTTP_NOT_FOUND) {
        say_refusal(json, answer.status);
    }
    json_decref(json);
    return answer.status == HTTP_NOT_FOUND ? DESK_UNKNOWN : DESK_FAILED;
}

enum ctl_exit desk_check_named(const struct options *options)
{
    return options->cloud != NULL
               ? CTL_DONE
               : ctl_say(CTL_FAILED, "this needs the server: name its admin socket with --cloud");
}

enum desk_answer desk_call(const struct options *options, const char *path, json_t *body,
                           json_t **ret_answer)
{
    char text[BODY_SIZE];
    const bool posts = body != NULL;
    const bool fits = !posts || json_print(body, text, sizeof(text));
    json_decref(body);
    if (desk_check_named(options) != CTL_DONE) {
        return DESK_FAILED;
    }
    if (!fits) {
        (void)ctl_say(CTL_FAILED, "what you gave is too long");
        return DESK_FAILED;
    }
    const enum desk_answer answer = perform(options, path, posts ? text : NULL, ret_answer);
    bytes_wipe(text, sizeof(text));
    return answer;
}

void desk_card_path(const char *uid, const char *op, char ret_path[DESK_PATH_SIZE])
{
    const bool fits = str_format(ret_path, DESK_PATH_SIZE, "/v1/admin/cards/%s%s", uid, op);
    MUST(fits);
}

/* --- a card with its keys -------------------------------------------------------------------- */

static bool take_trailers(const json_t *list, struct layout_plan *plan)
{
    if (json_array_size(list) != MIFARE_SECTORS) {
        return false;
    }
    for (size_t i = 0; i < MIFARE_SECTORS; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t size = 0;
        if (text == NULL ||
            !hex_parse(text, strlen(text), plan->trailer[i], CARD_BLOCK_SIZE, &size, NULL) ||
            size != CARD_BLOCK_SIZE) {
            return false;
        }
    }
    return true;
}

/* @p count keys of AES, or as many as there are if @p optional and there are none. */
static bool take_aes_keys(const json_t *list, uint8_t (*ret_keys)[CARD_KEY_SIZE], size_t count,
                          bool optional)
{
    const size_t there = json_array_size(list);
    if (there != count && !(optional && there == 0)) {
        return false;
    }
    for (size_t i = 0; i < there; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t size = 0;
        if (text == NULL ||
            !hex_parse(text, strlen(text), ret_keys[i], CARD_KEY_SIZE, &size, NULL) ||
            size != CARD_KEY_SIZE) {
            return false;
        }
    }
    return true;
}

/* Whose card it is: the meter by the issue record, the customer as that meter knows him, for it may
 * be older than the record. */
static bool take_purchase(const json_t *answer, struct desk_card *card)
{
    struct card_issue issue;
    char customer[CARD_METER_TEXT_SIZE];
    struct json_reader r = json_reader(answer);
    const json_t *list = json_array_at(&r, "keys");
    json_text(&r, "customer", customer, sizeof(customer));
    if (json_failed(&r) || card_issue_decode(card->plan.issue, &issue) != CARD_SLOT_WHOLE ||
        !card_meter_parse(customer, card->purchase_plan.customer)) {
        return false;
    }
    memcpy(card->purchase_plan.meter, issue.meter, CARD_METER_SIZE);
    return take_aes_keys(list, card->purchase_plan.keys.keys, PURCHASE_KEY_COUNT,
                         /* optional= */ true);
}

static bool take_secrets(const json_t *answer, struct desk_card *card)
{
    struct json_reader r = json_reader(answer);
    if (card->purchase) {
        return take_purchase(answer, card);
    }
    const json_t *list = json_array_at(&r, card->desfire ? "keys" : "trailers");
    return !json_failed(&r) &&
           (card->desfire ? take_aes_keys(list, card->desfire_plan.key, DESFIRE_KEY_COUNT,
                                          /* optional= */ false)
                          : take_trailers(list, &card->plan));
}

static bool take_card(const json_t *answer, struct desk_card *card)
{
    char media[DESK_WORD_SIZE];
    char record[CARD_RECORD_TEXT_SIZE];
    struct json_reader r = json_reader(answer);
    json_text(&r, "uid", card->uid, sizeof(card->uid));
    json_text_or_empty(&r, "state", card->state, sizeof(card->state));
    json_text(&r, "meter_id", card->meter_id, sizeof(card->meter_id));
    json_text(&r, "meter", card->meter, sizeof(card->meter));
    card->card_no = (uint32_t)json_int(&r, "card_no", 0, UINT32_MAX);
    json_text(&r, "record", record, sizeof(record));
    json_text_or_empty(&r, "media", media, sizeof(media)); /* older servers know one kind */
    card->desfire = str_equal(media, "desfire");
    card->purchase = str_equal(media, "cpu");
    return !json_failed(&r) && card_record_parse(record, card->plan.issue) &&
           take_secrets(answer, card);
}

enum desk_answer desk_call_card(const struct options *options, const char *path, json_t *body,
                                struct desk_card *ret_card)
{
    json_t *json = NULL;
    struct desk_card card = {.card_no = 0};
    person_sign(options->signer, body);
    enum desk_answer answer = desk_call(options, path, body, &json);
    if (answer == DESK_OK && !take_card(json, &card)) {
        (void)ctl_say(CTL_FAILED, "the server's answer cannot be understood: are server and tool "
                                  "of the same release?");
        answer = DESK_FAILED;
    }
    if (answer == DESK_OK) {
        *ret_card = card;
    }
    bytes_wipe(&card, sizeof(card));
    json_decref(json);
    return answer;
}

enum desk_answer desk_keys(const struct options *options, const char *uid, json_t *body,
                           struct desk_card *ret_card)
{
    char path[DESK_PATH_SIZE];
    desk_card_path(uid, "/keys", path);
    return desk_call_card(options, path, body, ret_card);
}
