/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of the issuing desk. All but the two for keys speak to the running service over
 * its admin socket, which alone writes. Answers go to standard output as they come, for the tool
 * that holds the card.
 */
#include "cloud/command_card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/admin/client.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/secrets/password.h"
#include "protocol/api/card.h"

enum { PATH_SIZE = 160, BODY_SIZE = 2048 };

static const char usage[] =
    "shilling-cloud --config FILE card make-keys        the files of the group cards, if not "
    "there\n"
    "shilling-cloud --config FILE card public-key       for the terminals' card drivers, PEM\n"
    "shilling-cloud --config FILE card list             what is owed, and open return cases\n"
    "shilling-cloud --config FILE card show UID\n"
    "shilling-cloud --config FILE card issue UID METER [KIND] NAME   a meter's first card: what "
    "to write to it\n"
    "shilling-cloud --config FILE card replace OLD NEW [KIND] NAME   another card, with all that "
    "was bought\n"
    "shilling-cloud --config FILE card lost|block|open UID NAME\n"
    "shilling-cloud --config FILE card take-return UID RECORD NAME the meter's word, 96 hex "
    "digits\n"
    "shilling-cloud --config FILE card return-begin ORDER NAME     buy value back; two persons\n"
    "shilling-cloud --config FILE card paid-out CASE NAME          pay it out: two persons sign, "
    "the money\n"
    "                                       is handed over when the answer is paid, not before\n"
    "KIND is classic, if none is given, desfire or cpu. NAME signs: the password is asked for,\n"
    "the name stands in the register. Answers are JSON.\n";

static enum app_exit say(const char *text)
{
    (void)fprintf(stderr, "shilling-cloud: %s\n", text);
    return APP_EXIT_FAILED;
}

static enum app_exit wrong_usage(void)
{
    (void)fputs(usage, stderr);
    return APP_EXIT_USAGE;
}

static enum app_exit say_unsigned(void)
{
    (void)say("somebody must sign for this: give his name as the last word; the password is asked "
              "for, or read as one line of standard input. Nothing was done. 'review person-add "
              "NAME' adds people");
    return APP_EXIT_USAGE;
}

/* ---- keys, without the service ---- */

static enum app_exit make_keys(const struct settings *settings)
{
    char why[VAULT_WHY_SIZE] = "";
    if (!settings->cards.enabled) {
        return say("the configuration has no group cards");
    }
    return vault_make(&settings->cards, why) == OK ? APP_EXIT_OK : say(why);
}

static enum app_exit public_key(const struct settings *settings)
{
    char why[VAULT_WHY_SIZE] = "";
    char pem[ED25519_PEM_SIZE];
    struct vault *vault = NULL;
    if (!settings->cards.enabled) {
        return say("the configuration has no group cards");
    }
    if (vault_open(&settings->cards, &vault, why) != OK) {
        return say(why);
    }
    const bool good = ed25519_public_pem(vault_signing_key(vault), pem);
    vault_close(vault);
    if (!good) {
        return say("the signing key cannot be used");
    }
    (void)fputs(pem, stdout);
    return APP_EXIT_OK;
}

/* ---- the service ---- */

static void say_refusal(const struct admin_answer *answer)
{
    char code[64] = "";
    char message[256] = "";
    json_t *json = json_parse_object(answer->text, answer->size, ADMIN_ANSWER_SIZE_MAX);
    struct json_reader outer = json_reader(json);
    struct json_reader r = json_reader(json_object_at(&outer, "error"));
    json_text(&r, "code", code, sizeof(code));
    json_text_or_empty(&r, "message", message, sizeof(message));
    if (json_failed(&r) || json_failed(&outer)) {
        (void)fprintf(stderr, "shilling-cloud: the service answers %ld\n", answer->status);
    } else {
        (void)fprintf(stderr, "shilling-cloud: refused: %s%s%s\n", code,
                      message[0] != '\0' ? ": " : "", message);
    }
    json_decref(json);
}

/* @p body @own; NULL: a question. */
static enum app_exit ask(const struct settings *settings, const char *path, json_t *body)
{
    char text[BODY_SIZE] = "";
    char why[ADMIN_WHY_SIZE];
    struct admin_answer answer;
    const bool fits = body == NULL || json_print(body, text, sizeof(text));
    const bool asks = body == NULL;
    json_decref(body);
    if (!fits) {
        return say("the text is too long");
    }
    const struct admin_call call = {.socket_path = settings->admin_socket,
                                    .method = asks ? "GET" : "POST",
                                    .path = path,
                                    .content_type = asks ? NULL : "application/json",
                                    .body = asks ? NULL : text,
                                    .body_size = strlen(text)};
    enum err err = admin_call(&call, &answer, why);
    bytes_wipe(text, sizeof(text));
    if (err != OK) {
        return say(err == ERR_NOT_FOUND ? "the service does not run: start it" : why);
    }
    const bool good = answer.status == 200;
    if (good) {
        (void)fwrite(answer.text, 1, answer.size, stdout);
        (void)fputc('\n', stdout);
    } else {
        say_refusal(&answer);
    }
    bytes_wipe(answer.text, answer.size); /* sector keys may stand in it */
    free(answer.text);
    return good ? APP_EXIT_OK : APP_EXIT_FAILED;
}

/* The path of a card's operation; false: no UID, and it was said. */
static bool card_path(const char *uid, const char *op, char ret_path[PATH_SIZE])
{
    struct card_uid parsed;
    char text[CARD_UID_TEXT_SIZE];
    if (!card_uid_parse(uid, &parsed)) {
        (void)say("a UID is 8, 14 or 20 hex digits");
        return false;
    }
    card_uid_format(&parsed, text);
    return str_format(ret_path, PATH_SIZE, "/v1/admin/cards/%s%s", text, op);
}

static json_t *one(const char *name, const char *value)
{
    json_t *json = json_object();
    json_put_text(json, name, value);
    return json;
}

static enum app_exit signed_by(const struct settings *settings, const char *path, json_t *body,
                               const char *name)
{
    char password[PASSWORD_SIZE];
    if (!password_read(name, password)) {
        json_decref(body);
        return say("no password was given");
    }
    json_put_text(body, "person", name);
    json_put_text(body, "password", password);
    bytes_wipe(password, sizeof(password));
    return ask(settings, path, body);
}

/* @p name NULL: nobody needs to sign. */
static enum app_exit on_card(const struct settings *settings, const char *uid, const char *op,
                             json_t *body, const char *name)
{
    char path[PATH_SIZE];
    if (!card_path(uid, op, path)) {
        json_decref(body);
        return APP_EXIT_USAGE;
    }
    return name == NULL ? ask(settings, path, body) : signed_by(settings, path, body, name);
}

/* What may stand behind a new card's two words; NULL: not said. */
struct extras {
    const char *kind; /* of card */
    const char *name; /* who signs */
};

/* [KIND] NAME, which may be missing; a single word that is no kind is a name. False: neither. */
static bool extras_read(const char *const *words, int count, struct extras *ret_extras)
{
    enum api_card_media media;
    const bool has_kind = count > 0 && api_card_media_parse(words[0], &media);
    const int named = has_kind ? 1 : 0;
    *ret_extras = (struct extras){.kind = has_kind ? words[0] : NULL,
                                  .name = count > named ? words[named] : NULL};
    return count <= named + 1;
}

/* The UID of a blank card, and its kind if that is said. */
static json_t *blank(const char *uid, const struct extras *extras)
{
    json_t *body = one("uid", uid);
    if (extras->kind != NULL) {
        json_put_text(body, "media", extras->kind);
    }
    return body;
}

/* ---- which one ---- */

/* The state that a word asks for; NULL: it is another word. */
static const char *state_of(const char *word)
{
    if (str_equal(word, "block")) {
        return "blocked";
    }
    return str_equal(word, "lost") || str_equal(word, "open") ? word : NULL;
}

static enum app_exit with_one(const struct settings *settings, const char *const *words)
{
    const char *state = state_of(words[0]);
    if (str_equal(words[0], "show")) {
        return on_card(settings, words[1], "", NULL, NULL);
    }
    return state != NULL ? say_unsigned() : wrong_usage();
}

/* A new card: two words, and what stands behind them. */
static enum app_exit make(const struct settings *settings, const char *const *words, int word_count)
{
    struct extras extras;
    const bool issues = str_equal(words[0], "issue");
    if (!extras_read(words + 3, word_count - 3, &extras) ||
        (!issues && !str_equal(words[0], "replace"))) {
        return wrong_usage();
    }
    if (extras.name == NULL) {
        return say_unsigned();
    }
    if (!issues) {
        return on_card(settings, words[1], "/replace", blank(words[2], &extras), extras.name);
    }
    json_t *body = blank(words[1], &extras);
    json_put_text(body, "meter_id", words[2]);
    return signed_by(settings, "/v1/admin/cards", body, extras.name);
}

static enum app_exit with_two(const struct settings *settings, const char *const *words)
{
    const char *state = state_of(words[0]);
    if (state != NULL) {
        return on_card(settings, words[1], "/state", one("state", state), words[2]);
    }
    if (str_equal(words[0], "take-return")) {
        return say_unsigned();
    }
    if (str_equal(words[0], "return-begin")) {
        return signed_by(settings, "/v1/admin/card-returns", one("order_no", words[1]), words[2]);
    }
    if (str_equal(words[0], "paid-out")) {
        return signed_by(settings, "/v1/admin/card-payouts", one("case_no", words[1]), words[2]);
    }
    return make(settings, words, 3);
}

static enum app_exit with_more(const struct settings *settings, const char *const *words,
                               int word_count)
{
    if (word_count == 4 && str_equal(words[0], "take-return")) {
        return on_card(settings, words[1], "/return", one("record", words[2]), words[3]);
    }
    return make(settings, words, word_count);
}

enum app_exit command_card(const struct settings *settings, const char *const *words,
                           int word_count)
{
    if (word_count == 1 && str_equal(words[0], "make-keys")) {
        return make_keys(settings);
    }
    if (word_count == 1 && str_equal(words[0], "public-key")) {
        return public_key(settings);
    }
    if (word_count == 1 && str_equal(words[0], "list")) {
        return ask(settings, "/v1/admin/cards", NULL);
    }
    if (word_count == 2) {
        return with_one(settings, words);
    }
    if (word_count == 3) {
        return with_two(settings, words);
    }
    return word_count > 3 ? with_more(settings, words, word_count) : wrong_usage();
}
