/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands for open items and the books. They speak to the running service over its admin
 * socket; lists and the audit can also be read from the database of a service that is down.
 * Passwords come from the terminal, unseen, or as one line of standard input.
 */
#include "cloud/command_review.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/admin/client.h"
#include "cloud/review/audit.h"
#include "cloud/review/review.h"
#include "cloud/state.h"
#include "common/bytes.h"
#include "common/civil.h"
#include "common/json/json.h"
#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/secrets/password.h"

enum { PATH_SIZE = 160, BODY_SIZE = 2048, LINE_SIZE = 512 };

static const char usage[] =
    "shilling-cloud --config FILE review list\n"
    "shilling-cloud --config FILE review alarms\n"
    "shilling-cloud --config FILE review show DOCUMENT\n"
    "shilling-cloud --config FILE review read DOCUMENT NAME          read the meter again\n"
    "shilling-cloud --config FILE review query DOCUMENT NAME         ask the payment provider\n"
    "shilling-cloud --config FILE review attach DOCUMENT NAME KIND TEXT\n"
    "                             (reading, physical, reference, note)\n"
    "shilling-cloud --config FILE review off-bus DOCUMENT NAME TEXT the lost collector is off the\n"
    "                             bus, its keys are revoked: after 10 minutes the meter's word\n"
    "                             counts again\n"
    "shilling-cloud --config FILE review settle DOCUMENT NAME DECISION\n"
    "                             (done, refund, refunded, repaid, close); two persons\n"
    "shilling-cloud --config FILE review person-add NAME [BY BY]    two who vouch, but for the\n"
    "                             first two persons\n"
    "shilling-cloud --config FILE review person-password NAME [BY BY] another password, by the\n"
    "                             old one or by two others\n"
    "shilling-cloud --config FILE ledger                             audit the books\n"
    "shilling-cloud --config FILE ledger bill alipay|wechat DAY     compare a day's bill now\n"
    "shilling-cloud --config FILE ledger raise-epoch                 after a database restore\n"
    "The passwords of NAME and BY are asked for, a new one first.\n";

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

/* ---- the service ---- */

static void say_refusal(const json_t *answer, long status)
{
    char code[64] = "";
    char message[LINE_SIZE] = "";
    struct json_reader outer = json_reader(answer);
    struct json_reader r = json_reader(json_object_at(&outer, "error"));
    json_text(&r, "code", code, sizeof(code));
    json_text_or_empty(&r, "message", message, sizeof(message));
    if (json_failed(&r) || json_failed(&outer)) {
        (void)fprintf(stderr, "shilling-cloud: the service answers %ld\n", status);
    } else {
        (void)fprintf(stderr, "shilling-cloud: refused: %s%s%s\n", code,
                      message[0] != '\0' ? ": " : "", message);
    }
}

enum asked { ASKED_DONE, ASKED_FAILED, ASKED_NOBODY };

/* Call the service; its answer (@own) if it said yes. */
static enum asked ask(const struct settings *settings, const char *path, const char *body,
                      json_t **ret_answer)
{
    char why[ADMIN_WHY_SIZE];
    struct admin_answer answer;
    const struct admin_call call = {.socket_path = settings->admin_socket,
                                    .method = body != NULL ? "POST" : "GET",
                                    .path = path,
                                    .content_type = body != NULL ? "application/json" : NULL,
                                    .body = body,
                                    .body_size = body != NULL ? strlen(body) : 0};
    enum err err = admin_call(&call, &answer, why);
    if (err != OK) {
        if (err != ERR_NOT_FOUND) {
            (void)say(why);
        }
        return err == ERR_NOT_FOUND ? ASKED_NOBODY : ASKED_FAILED;
    }
    json_t *json = json_parse_object(answer.text, answer.size, ADMIN_ANSWER_SIZE_MAX);
    const bool good = answer.status == 200 && json != NULL;
    if (!good) {
        say_refusal(json, answer.status);
        json_decref(json);
    } else {
        *ret_answer = json;
    }
    free(answer.text);
    return good ? ASKED_DONE : ASKED_FAILED;
}

/* A call that changes something: only the running service can take it. */
static enum app_exit change(const struct settings *settings, const char *path, json_t *body)
{
    char text[BODY_SIZE];
    json_t *answer = NULL;
    bool fits = json_print(body, text, sizeof(text));
    json_decref(body);
    if (!fits) {
        return say("the text is too long");
    }
    const enum asked asked = ask(settings, path, text, &answer);
    bytes_wipe(text, sizeof(text));
    if (asked == ASKED_NOBODY) {
        return say("the service does not run: start it, it has to carry the decision out");
    }
    if (asked == ASKED_FAILED) {
        return APP_EXIT_FAILED;
    }
    const char *result = json_string_value(json_object_get(answer, "result"));
    (void)printf("%s\n", result != NULL ? result : "done");
    json_decref(answer);
    return APP_EXIT_OK;
}

/* ---- looking, also without the service ---- */

struct look {
    const char *document_no;
    json_t *json;
};

static enum err look_list(struct db *db, void *arg)
{
    struct look *look = arg;
    return review_list(db, &look->json);
}

static enum err look_alarms(struct db *db, void *arg)
{
    struct look *look = arg;
    return review_alarms(db, &look->json);
}

static enum err look_show(struct db *db, void *arg)
{
    struct look *look = arg;
    return review_show(db, look->document_no, &look->json);
}

static enum err look_audit(struct db *db, void *arg)
{
    struct look *look = arg;
    return audit_books(db, &look->json);
}

static json_t *look_here(const struct settings *settings, store_fn fn, struct look *look)
{
    struct clock_port clock = clock_system();
    struct store *store = NULL;
    char why[STATE_WHY_SIZE];
    enum err err = state_open_store(settings, &clock, NULL, NULL, &store, why);
    if (err != OK) {
        (void)say(why);
        return NULL;
    }
    err = store_read(store, fn, look);
    store_close(store);
    if (err != OK) {
        (void)say(err == ERR_NOT_FOUND ? "no such document" : err_name(err));
        return NULL;
    }
    return look->json;
}

static json_t *look_anywhere(const struct settings *settings, const char *path, store_fn fn,
                             struct look *look)
{
    json_t *answer = NULL;
    const enum asked asked = ask(settings, path, NULL, &answer);
    return asked == ASKED_NOBODY ? look_here(settings, fn, look) : answer;
}

static const char *word_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "-";
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void print_item(const json_t *item)
{
    char opened[CIVIL_TEXT_SIZE];
    char amount[MONEY_TEXT_SIZE];
    char paid[MONEY_TEXT_SIZE];
    const int64_t hours = number_of(item, "due_in_ms") / 3600000;
    (void)printf("%s  %s %s  amount %s paid %s  %s  opened %s  %s %lld h  signatures %lld\n",
                 word_of(item, "document_no"), word_of(item, "state"), word_of(item, "reason"),
                 money_format_yuan(money_fen(number_of(item, "amount_fen")), amount),
                 money_format_yuan(money_fen(number_of(item, "paid_fen")), paid),
                 word_of(item, "channel"),
                 civil_format_beijing(number_of(item, "opened_at"), opened),
                 hours < 0 ? "OVERDUE" : "due in", (long long)hours,
                 (long long)number_of(item, "signatures"));
}

static enum app_exit command_list(const struct settings *settings)
{
    struct look look = {0};
    json_t *json = look_anywhere(settings, "/v1/admin/review", look_list, &look);
    if (json == NULL) {
        return APP_EXIT_FAILED;
    }
    size_t i = 0;
    const json_t *item = NULL;
    const json_t *items = json_object_get(json, "items");
    json_array_foreach(items, i, item)
    {
        print_item(item);
    }
    (void)printf("%zu open\n", json_array_size(items));
    json_decref(json);
    return APP_EXIT_OK;
}

static enum app_exit command_alarms(const struct settings *settings)
{
    struct look look = {0};
    json_t *json = look_anywhere(settings, "/v1/admin/alarms", look_alarms, &look);
    if (json == NULL) {
        return APP_EXIT_FAILED;
    }
    size_t i = 0;
    const json_t *alarm = NULL;
    const json_t *alarms = json_object_get(json, "alarms");
    json_array_foreach(alarms, i, alarm)
    {
        char last[CIVIL_TEXT_SIZE];
        (void)printf(
            "%s %s  %s, times %lld  %s: %s\n", word_of(alarm, "kind"), word_of(alarm, "subject"),
            civil_format_beijing(number_of(alarm, "last_at"), last),
            (long long)number_of(alarm, "count"), word_of(alarm, "owner"), word_of(alarm, "text"));
    }
    (void)printf("%zu alarms\n", json_array_size(alarms));
    json_decref(json);
    return APP_EXIT_OK;
}

/* Indented JSON is the most a terminal needs for one document. */
static enum app_exit print_json(json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    if (text == NULL) {
        return say("no memory");
    }
    (void)puts(text);
    free(text);
    return APP_EXIT_OK;
}

static bool path_of(const char *document_no, const char *op, char ret_path[PATH_SIZE])
{
    return order_number_is_valid(document_no) &&
           str_format(ret_path, PATH_SIZE, "/v1/admin/review/%s%s", document_no, op);
}

static enum app_exit command_show(const struct settings *settings, const char *document_no)
{
    char path[PATH_SIZE];
    struct look look = {.document_no = document_no};
    if (!path_of(document_no, "", path)) {
        return say("that is not a document number");
    }
    json_t *json = look_anywhere(settings, path, look_show, &look);
    return json != NULL ? print_json(json) : APP_EXIT_FAILED;
}

/* ---- deciding ---- */

/* {"person","password"} and what belongs to the operation. */
static json_t *signed_body(const char *name)
{
    char password[PASSWORD_SIZE];
    if (!password_read(name, password)) {
        return NULL;
    }
    json_t *body = json_object();
    json_put_text(body, "person", name);
    json_put_text(body, "password", password);
    bytes_wipe(password, sizeof(password));
    return body;
}

struct wish {
    const char *op;
    const char *document_no;
    const char *name;
    const char *member; /* of the body, or NULL */
    const char *value;
    const char *text; /* of an attachment, or NULL */
};

static enum app_exit command_wish(const struct settings *settings, const struct wish *wish)
{
    char path[PATH_SIZE];
    if (!path_of(wish->document_no, wish->op, path)) {
        return say("that is not a document number");
    }
    json_t *body = signed_body(wish->name);
    if (body == NULL) {
        return say("no password was given");
    }
    if (wish->member != NULL) {
        json_put_text(body, wish->member, wish->value);
    }
    if (wish->text != NULL) {
        json_put_text(body, "text", wish->text);
    }
    return change(settings, path, body);
}

/* A new password, and the passwords of those who answer for it. */
static json_t *vouched_body(const char *name, const char *const *by, int by_count)
{
    char password[PASSWORD_SIZE];
    if (!password_read(name, password)) {
        return NULL;
    }
    json_t *body = json_object();
    json_t *vouchers = json_array();
    json_put_text(body, "name", name);
    json_put_text(body, "password", password);
    json_put(body, "vouchers", vouchers);
    bytes_wipe(password, sizeof(password));
    for (int i = 0; i < by_count; i++) {
        json_t *voucher = signed_body(by[i]);
        if (voucher == NULL) {
            json_decref(body);
            return NULL;
        }
        MUST(json_array_append_new(vouchers, voucher) == 0);
    }
    return body;
}

static enum app_exit command_person(const struct settings *settings, const char *path,
                                    const char *const *words, int word_count)
{
    const char *name = words[0];
    const bool adds = str_equal(path, "/v1/admin/persons");
    const bool by_others = word_count > 1;
    if (!person_name_is_valid(name)) {
        return say("a name is 1 to 32 of a-z, 0-9, '.', '_', '-'");
    }
    json_t *body = by_others ? vouched_body(name, &words[1], word_count - 1)
                             : vouched_body(name, &name, adds ? 0 : 1);
    return body != NULL ? change(settings, path, body) : say("no password was given");
}

enum app_exit command_review(const struct settings *settings, const char *const *words,
                             int word_count)
{
    const char *verb = word_count > 0 ? words[0] : "";
    if (str_equal(verb, "list") && word_count == 1) {
        return command_list(settings);
    }
    if (str_equal(verb, "alarms") && word_count == 1) {
        return command_alarms(settings);
    }
    if (str_equal(verb, "show") && word_count == 2) {
        return command_show(settings, words[1]);
    }
    if (str_equal(verb, "person-add") && (word_count == 2 || word_count == 4)) {
        return command_person(settings, "/v1/admin/persons", &words[1], word_count - 1);
    }
    if (str_equal(verb, "person-password") && (word_count == 2 || word_count == 4)) {
        return command_person(settings, "/v1/admin/persons/password", &words[1], word_count - 1);
    }
    if ((str_equal(verb, "read") || str_equal(verb, "query")) && word_count == 3) {
        const struct wish wish = {.op = str_equal(verb, "read") ? "/read" : "/query",
                                  .document_no = words[1],
                                  .name = words[2]};
        return command_wish(settings, &wish);
    }
    if (str_equal(verb, "off-bus") && word_count == 4) {
        const struct wish wish = {
            .op = "/off-bus", .document_no = words[1], .name = words[2], .text = words[3]};
        return command_wish(settings, &wish);
    }
    if (str_equal(verb, "settle") && word_count == 4) {
        const struct wish wish = {.op = "/sign",
                                  .document_no = words[1],
                                  .name = words[2],
                                  .member = "decision",
                                  .value = words[3]};
        return command_wish(settings, &wish);
    }
    if (str_equal(verb, "attach") && word_count == 5) {
        const struct wish wish = {.op = "/attach",
                                  .document_no = words[1],
                                  .name = words[2],
                                  .member = "kind",
                                  .value = words[3],
                                  .text = words[4]};
        return command_wish(settings, &wish);
    }
    return wrong_usage();
}

/* ---- the books ---- */

static void print_sums(const json_t *json, const char *name)
{
    size_t i = 0;
    const json_t *sum = NULL;
    json_array_foreach(json_object_get(json, name), i, sum)
    {
        char fen[MONEY_TEXT_SIZE];
        const char *subject = word_of(sum, "subject");
        (void)printf("%s%s%s  %s\n", word_of(sum, "account"), subject[0] != '\0' ? "." : "",
                     subject, money_format_yuan(money_fen(number_of(sum, "fen")), fen));
    }
}

static enum app_exit print_audit(json_t *json)
{
    size_t i = 0;
    const json_t *finding = NULL;
    const json_t *findings = json_object_get(json, "findings");
    (void)printf("accounts (debit positive):\n");
    print_sums(json, "accounts");
    (void)printf("open on clearing accounts:\n");
    print_sums(json, "open");
    json_array_foreach(findings, i, finding)
    {
        (void)printf("FINDING %s %s %s\n", word_of(finding, "what"), word_of(finding, "subject"),
                     word_of(finding, "detail"));
    }
    const size_t count = json_array_size(findings);
    (void)printf("%zu findings\n", count);
    json_decref(json);
    return count == 0 ? APP_EXIT_OK : APP_EXIT_FAILED;
}

enum app_exit command_ledger(const struct settings *settings, const char *const *words,
                             int word_count)
{
    if (word_count == 1 && str_equal(words[0], "raise-epoch")) {
        return change(settings, "/v1/admin/ledger/epoch", json_object());
    }
    if (word_count == 3 && str_equal(words[0], "bill")) {
        json_t *body = json_object();
        json_put_text(body, "channel", words[1]);
        json_put_text(body, "day", words[2]);
        return change(settings, "/v1/admin/ledger/bill", body);
    }
    if (word_count != 0) {
        return wrong_usage();
    }
    struct look look = {0};
    json_t *json = look_anywhere(settings, "/v1/admin/ledger", look_audit, &look);
    return json != NULL ? print_audit(json) : APP_EXIT_FAILED;
}
