/* SPDX-License-Identifier: Apache-2.0 */

/* shilling-cloud: the command line. */

#include <stdio.h>
#include <string.h>

#include "cloud/app.h"
#include "cloud/command_card.h"
#include "cloud/command_reconcile.h"
#include "cloud/command_review.h"
#include "cloud/commands.h"
#include "cloud/settings.h"
#include "common/log.h"
#include "common/str.h"
#include "drivers/secrets/secrets.h"

enum { WORDS_MAX = 16 };

static const char usage[] =
    "shilling-cloud --config FILE                                 run the service\n"
    "shilling-cloud --config FILE seed SEEDFILE                   take in sites, rooms, meters\n"
    "shilling-cloud --config FILE dev-enrol KIND NAME --out DIR   make a key and a certificate\n"
    "                                                             (terminal, collector, broker)\n"
    "shilling-cloud --config FILE revoke KIND NAME                refuse a device's keys\n"
    "shilling-cloud --config FILE card ...                        the desk that issues RF cards\n"
    "shilling-cloud --config FILE review ...                      list and settle open items\n"
    "shilling-cloud --config FILE ledger                          audit the books\n"
    "shilling-cloud --config FILE reconcile --day DAY             bills against our books\n"
    "shilling-cloud --version | --help\n";

struct command_line {
    const char *config;
    const char *out;
    bool help;
    bool version;
    const char *words[WORDS_MAX]; /* the command and what belongs to it */
    int word_count;
};

/* True for commands behind which all words are their own. */
static bool has_own_words(const char *command)
{
    return str_equal(command, "review") || str_equal(command, "reconcile") ||
           str_equal(command, "card");
}

/* Options of the other commands may stand anywhere. */
static bool read_command_line(int argc, char **argv, struct command_line *ret_line)
{
    struct command_line line = {0};
    for (int i = 1; i < argc; i++) {
        bool own = line.word_count > 0 && has_own_words(line.words[0]);
        if (!own && str_equal(argv[i], "--config") && i + 1 < argc) {
            line.config = argv[++i];
        } else if (!own && str_equal(argv[i], "--out") && i + 1 < argc) {
            line.out = argv[++i];
        } else if (!own && str_equal(argv[i], "--help")) {
            line.help = true;
        } else if (!own && str_equal(argv[i], "--version")) {
            line.version = true;
        } else if ((!own && argv[i][0] == '-') || line.word_count == WORDS_MAX) {
            (void)fprintf(stderr, "shilling-cloud: what is \"%s\"?\n%s", argv[i], usage);
            return false;
        } else {
            line.words[line.word_count++] = argv[i];
        }
    }
    *ret_line = line;
    return true;
}

static enum app_exit wrong_usage(void)
{
    (void)fputs(usage, stderr);
    return APP_EXIT_USAGE;
}

static enum app_exit run_command(const struct settings *settings, const struct command_line *line)
{
    const char *command = line->word_count > 0 ? line->words[0] : "run";
    if (str_equal(command, "run") && line->word_count <= 1) {
        return app_run(settings, SHILLING_VERSION);
    }
    if (str_equal(command, "seed") && line->word_count == 2) {
        return command_seed(settings, line->words[1]);
    }
    if (str_equal(command, "dev-enrol") && line->word_count == 3 && line->out != NULL) {
        return command_dev_enrol(settings, line->words[1], line->words[2], line->out);
    }
    if (str_equal(command, "revoke") && line->word_count == 3) {
        return command_revoke(settings, line->words[1], line->words[2]);
    }
    if (str_equal(command, "review")) {
        return command_review(settings, line->words + 1, line->word_count - 1);
    }
    if (str_equal(command, "reconcile")) {
        return command_reconcile(settings, line->words + 1, line->word_count - 1);
    }
    if (str_equal(command, "card")) {
        return command_card(settings, line->words + 1, line->word_count - 1);
    }
    if (str_equal(command, "ledger")) {
        return command_ledger(settings, line->words + 1, line->word_count - 1);
    }
    return wrong_usage();
}

int main(int argc, char **argv)
{
    struct command_line line;
    static struct settings settings; /* large: not for the stack */
    char message[CONFIG_MESSAGE_SIZE];
    log_init("shilling-cloud", LOG_LEVEL_INFO);
    if (!read_command_line(argc, argv, &line)) {
        return APP_EXIT_USAGE;
    }
    if (line.help) {
        (void)fputs(usage, stdout);
        return APP_EXIT_OK;
    }
    if (line.version) {
        (void)puts("shilling-cloud " SHILLING_VERSION);
        return APP_EXIT_OK;
    }
    if (line.config == NULL) {
        enum app_exit code = wrong_usage();
        return (int)code;
    }
    if (!secrets_guard()) {
        (void)fputs("shilling-cloud: core files cannot be switched off\n", stderr);
        return APP_EXIT_FAILED;
    }
    if (!settings_read(line.config, &settings, message)) {
        (void)fprintf(stderr, "shilling-cloud: %s\n", message);
        return APP_EXIT_USAGE;
    }
    log_init("shilling-cloud", settings.log_level);
    enum app_exit code = run_command(&settings, &line);
    return (int)code;
}
