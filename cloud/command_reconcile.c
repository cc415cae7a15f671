/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The day's reconciliation on the command line. The service does it, because asking a provider
 * needs its keys and what it answers moves orders; without the service, what the last comparison
 * left behind is read from the database.
 */
#include "cloud/command_reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "cloud/admin/client.h"
#include "cloud/books_print.h"
#include "cloud/orders/bill.h"
#include "cloud/orders/bill_report.h"
#include "cloud/orders/books.h"
#include "cloud/reconcile_print.h"
#include "cloud/state.h"
#include "common/civil.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"

enum {
    BODY_SIZE = 96,
    PATH_SIZE = SETTINGS_PATH_SIZE + 32,
    DAY_S = 86400,
    READY_S = (10 * 60 + 30) * 60, /* 10:30 of the day after */
};

static const char usage[] =
    "shilling-cloud --config FILE reconcile --day YYYY-MM-DD [--wallet alipay|wechat]\n"
    "               [--stored] [--json]\n"
    "Fetches the wallets' bills of a day (Beijing time), compares them with our books, asks the\n"
    "wallets about every difference, and prints what agrees and what does not. Then it adds up "
    "the\n"
    "books of the day: bills against ledger, meters against deliveries, and what is held for too\n"
    "long. It may be run again at any time: nothing is counted twice. What is left open has an\n"
    "owner and a deadline, and is settled by two persons with \"review\".\n"
    "  --wallet   only the bill of this one; else of all that are configured, and the books\n"
    "  --stored   fetch and add up nothing: print what the last time left\n"
    "  --json     one JSON object for each wallet and one for the books, one a line\n"
    "Exit status: 0 nothing is open, 1 there are open findings, 2 it could not be done.\n";

/* What is asked for. */
struct wish {
    const struct settings *settings;
    const char *day;
    bool wallets[PAY_WALLET_COUNT];
    bool books;
    bool stored;
    bool json;
};

static enum app_exit say(const char *text)
{
    (void)fprintf(stderr, "shilling-cloud: reconcile: %s\n", text);
    return APP_EXIT_USAGE;
}

/* A part of a day: the bill of one wallet, or the books over both. */
struct part {
    bool books;
    enum pay_wallet wallet; /* if not books */
};

/* ---- the command line ---- */

static bool is_configured(const struct settings *settings, enum pay_wallet wallet)
{
    return wallet == PAY_ALIPAY ? settings->pay.alipay.enabled : settings->pay.wechat.enabled;
}

static enum app_exit choose_wallets(struct wish *wish, const char *only)
{
    bool found = false;
    wish->books = only == NULL;
    for (int i = 0; i < PAY_WALLET_COUNT; i++) {
        const enum pay_wallet wallet = (enum pay_wallet)i;
        const bool meant = only == NULL || str_equal(only, pay_wallet_name(wallet));
        wish->wallets[i] = meant && is_configured(wish->settings, wallet);
        found = found || wish->wallets[i];
    }
    if (found) {
        return APP_EXIT_OK;
    }
    if (only == NULL) {
        return say(
            "no wallet is configured: fill in pay.alipay or pay.wechat of the configuration");
    }
    (void)fprintf(stderr,
                  "shilling-cloud: reconcile: \"%s\" is no configured wallet: give alipay or "
                  "wechat, or fill in pay.%s of the configuration\n",
                  only, only);
    return APP_EXIT_USAGE;
}

static enum app_exit check_day(const char *day, int64_t now_s)
{
    char today[PAY_DAY_SIZE];
    int64_t begins_at = 0;
    if (!bill_day_begins(day, &begins_at)) {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: \"%s\" is no day: write it as 2026-11-20\n", day);
        return APP_EXIT_USAGE;
    }
    bill_day_text(now_s, today);
    if (now_s < begins_at + DAY_S) {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: %s is not over (today is %s in Beijing): "
                      "its bills come from 10:30 on the day after it\n",
                      day, today);
        return APP_EXIT_USAGE;
    }
    return APP_EXIT_OK;
}

static enum app_exit read_words(struct wish *wish, const char *const *words, int word_count)
{
    const char *only = NULL;
    for (int i = 0; i < word_count; i++) {
        if (str_equal(words[i], "--help")) {
            (void)fputs(usage, stdout);
            return APP_EXIT_FAILED; /* said, and nothing is to be done: command_reconcile() */
        }
        if (str_equal(words[i], "--day") && i + 1 < word_count) {
            wish->day = words[++i];
        } else if (str_equal(words[i], "--wallet") && i + 1 < word_count) {
            only = words[++i];
        } else if (str_equal(words[i], "--stored")) {
            wish->stored = true;
        } else if (str_equal(words[i], "--json")) {
            wish->json = true;
        } else {
            (void)fprintf(stderr, "shilling-cloud: reconcile: what is \"%s\"?\n%s", words[i],
                          usage);
            return APP_EXIT_USAGE;
        }
    }
    if (wish->day == NULL) {
        (void)fprintf(stderr, "shilling-cloud: reconcile: which day?\n%s", usage);
        return APP_EXIT_USAGE;
    }
    const struct clock_port clock = clock_system();
    const enum app_exit day = check_day(wish->day, clock_wall_s(&clock));
    return day == APP_EXIT_OK ? choose_wallets(wish, only) : day;
}

/* ---- from the database ---- */

static enum err read_report(struct store *store, const struct wish *wish, struct part part,
                            json_t **ret_report)
{
    struct bill_report bill = {.wallet = part.wallet, .day = wish->day};
    struct books_report books = {.day = wish->day};
    enum err err = part.books ? store_read(store, books_report, &books)
                              : store_read(store, bill_report, &bill);
    *ret_report = part.books ? books.json : bill.json;
    return err;
}

/* The report of the last comparison (@own), or NULL after a word about why not. */
static json_t *read_stored(const struct wish *wish, struct part part)
{
    char path[PATH_SIZE];
    char why[STATE_WHY_SIZE];
    struct store *store = NULL;
    struct clock_port clock = clock_system();
    MUST(str_format(path, sizeof(path), "%s/cloud.db", wish->settings->state_dir));
    if (access(path, R_OK) != 0) {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: no database %s: is state_dir right, and "
                      "did the service ever run?\n",
                      path);
        return NULL;
    }
    enum err err = state_open_store(wish->settings, &clock, NULL, NULL, &store, why);
    if (err != OK) {
        (void)say(why);
        return NULL;
    }
    json_t *report = NULL;
    err = read_report(store, wish, part, &report);
    store_close(store);
    if (err != OK) {
        (void)say(err_name(err));
    }
    return report;
}

/* ---- from the service ---- */

enum asked { ASKED_DONE, ASKED_FAILED, ASKED_NOBODY };

static void say_refusal(const struct admin_answer *answer)
{
    char message[CONFIG_MESSAGE_SIZE] = "";
    json_t *json = json_parse_object(answer->text, answer->size, ADMIN_ANSWER_SIZE_MAX);
    struct json_reader outer = json_reader(json);
    struct json_reader r = json_reader(json_object_at(&outer, "error"));
    json_text(&r, "message", message, sizeof(message));
    (void)fprintf(stderr, "shilling-cloud: reconcile: the service answers %ld %s: see its log\n",
                  answer->status, json_failed(&r) ? "" : message);
    json_decref(json);
}

static enum asked take_answer(struct admin_answer *answer, json_t **ret_report)
{
    *ret_report = answer->status == 200
                      ? json_parse_object(answer->text, answer->size, ADMIN_ANSWER_SIZE_MAX)
                      : NULL;
    if (*ret_report == NULL) {
        say_refusal(answer);
    }
    free(answer->text);
    return *ret_report != NULL ? ASKED_DONE : ASKED_FAILED;
}

/* What is asked for the report that was kept (GET), and to have it made anew (POST). */
struct question {
    char path[BODY_SIZE];
    const char *path_anew;
    char body[BODY_SIZE];
};

static struct question question_of(const struct wish *wish, struct part part)
{
    struct question question = {.path_anew =
                                    part.books ? "/v1/admin/books" : "/v1/admin/reconcile"};
    if (part.books) {
        str_format_cut(question.path, BODY_SIZE, "/v1/admin/books/%s", wish->day);
        str_format_cut(question.body, BODY_SIZE, "{\"day\":\"%s\"}", wish->day);
        return question;
    }
    const char *channel = pay_wallet_name(part.wallet);
    str_format_cut(question.path, BODY_SIZE, "/v1/admin/reconcile/%s/%s", channel, wish->day);
    str_format_cut(question.body, BODY_SIZE, "{\"channel\":\"%s\",\"day\":\"%s\"}", channel,
                   wish->day);
    return question;
}

static enum asked ask_service(const struct wish *wish, struct part part, json_t **ret_report)
{
    char why[ADMIN_WHY_SIZE];
    struct admin_answer answer;
    const struct question question = question_of(wish, part);
    const struct admin_call stored = {
        .socket_path = wish->settings->admin_socket, .method = "GET", .path = question.path};
    const struct admin_call compare = {.socket_path = wish->settings->admin_socket,
                                       .method = "POST",
                                       .path = question.path_anew,
                                       .content_type = "application/json",
                                       .body = question.body,
                                       .body_size = strlen(question.body)};
    enum err err = admin_call(wish->stored ? &stored : &compare, &answer, why);
    if (err == ERR_NOT_FOUND) {
        return ASKED_NOBODY;
    }
    if (err != OK) {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: %s; if the service runs, it goes on with it: ask"
                      " again in a minute\n",
                      why);
        return ASKED_FAILED;
    }
    return take_answer(&answer, ret_report);
}

/* ---- one part ---- */

static const char *word_of(const json_t *report, const char *name)
{
    const char *text = json_string_value(json_object_get(report, name));
    return text != NULL ? text : "";
}

/* Why the bill could not be compared now, and what to do; true if it was. */
static bool explain(const struct wish *wish, const json_t *report)
{
    const char *result = word_of(report, "result");
    const char *channel = word_of(report, "channel");
    const struct clock_port clock = clock_system();
    int64_t begins_at = 0;
    if (str_equal(result, "compared") || str_equal(result, "empty")) {
        return true;
    }
    if (str_equal(result, "refused")) {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: the bill of %s is not right and is not "
                      "used: %s. It is fetched again every hour; if it stays so, ask %s for "
                      "a new one\n",
                      channel, word_of(report, "why"), channel);
    } else if (bill_day_begins(wish->day, &begins_at) &&
               clock_wall_s(&clock) < begins_at + DAY_S + READY_S) {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: the bill of %s is not out yet (%s): it "
                      "comes at about 10:30 on the day after\n",
                      channel, word_of(report, "why"));
    } else {
        (void)fprintf(stderr,
                      "shilling-cloud: reconcile: no bill of %s to be had now: %s. The "
                      "service tries again every hour and alarms at 18:00\n",
                      channel, word_of(report, "why"));
    }
    return false;
}

/* Why the books could not be added up, and what to do; true if they were. */
static bool explain_books(const json_t *report)
{
    const bool judged = json_is_object(json_object_get(report, "identity"));
    if (!judged) {
        (void)say("the books of the day cannot be closed without the bills of all wallets: see"
                  " above; meters and open money were looked at");
    }
    return judged;
}

static void print(const struct wish *wish, struct part part, const json_t *report)
{
    if (!wish->json) {
        if (part.books) {
            books_print(report);
        } else {
            reconcile_print(report);
        }
        return;
    }
    char *text = json_dumps(report, JSON_COMPACT);
    MUST(text != NULL);
    (void)puts(text);
    free(text);
}

/* What the report means for the exit status. */
static enum app_exit judge(struct part part, const json_t *report)
{
    if (!json_is_object(json_object_get(report, part.books ? "identity" : "bill"))) {
        return APP_EXIT_USAGE;
    }
    return json_integer_value(json_object_get(report, "open")) > 0 ? APP_EXIT_FAILED : APP_EXIT_OK;
}

static enum app_exit reconcile_stored(const struct wish *wish, struct part part)
{
    json_t *report = read_stored(wish, part);
    if (report == NULL) {
        return APP_EXIT_USAGE;
    }
    print(wish, part, report);
    const enum app_exit code = judge(part, report);
    json_decref(report);
    return code;
}

static enum app_exit reconcile_part(const struct wish *wish, struct part part)
{
    json_t *report = NULL;
    const enum asked asked = ask_service(wish, part, &report);
    if (asked == ASKED_NOBODY) {
        if (!wish->stored && !part.books) { /* said once a wallet */
            (void)say("the service does not run, so nothing is fetched: this is what the last "
                      "comparison left; start the service to compare anew");
        }
        return reconcile_stored(wish, part);
    }
    if (asked == ASKED_FAILED) {
        return APP_EXIT_USAGE;
    }
    const bool compared =
        wish->stored || (part.books ? explain_books(report) : explain(wish, report));
    print(wish, part, report);
    const enum app_exit code = compared ? judge(part, report) : APP_EXIT_USAGE;
    json_decref(report);
    return code;
}

enum app_exit command_reconcile(const struct settings *settings, const char *const *words,
                                int word_count)
{
    struct wish wish = {.settings = settings};
    enum app_exit code = read_words(&wish, words, word_count);
    if (code != APP_EXIT_OK) {
        return code == APP_EXIT_FAILED ? APP_EXIT_OK : code;
    }
    for (int i = 0; i <= PAY_WALLET_COUNT; i++) {
        const struct part part = {.books = i == PAY_WALLET_COUNT, .wallet = (enum pay_wallet)i};
        const bool meant = part.books ? wish.books : wish.wallets[i];
        const enum app_exit one = meant ? reconcile_part(&wish, part) : APP_EXIT_OK;
        code = one > code ? one : code; /* the worst of them */
    }
    return code;
}
