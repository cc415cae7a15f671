/* SPDX-License-Identifier: Apache-2.0 */

/*
 * shilling-cardctl: the desk's and the field engineer's tool for meter cards.
 *
 * The work is done in a child process, because libnfc ends its process where a reader sends one bad
 * status byte: the parent then says in words what that means. Keys live in the child's memory only,
 * are wiped, and never reach a core file.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/str.h"
#include "drivers/secrets/secrets.h"
#include "tools/cardctl/commands.h"
#include "tools/cardctl/person.h"

static const char usage[] =
    "usage: shilling-cardctl [OPTIONS] COMMAND\n"
    "with a card on the reader:\n"
    "  read                          what it is and holds, in plain words (--json: as JSON)\n"
    "  open METER [CUSTOMER]         open a meter's account on a blank card, and write the card\n"
    "  personalise                   finish a card that is in the register\n"
    "  replace OLD-UID               a blank card in place of a lost or spoiled one\n"
    "  take-return                   hand the meter's word on the card to the server\n"
    "with the register; without a UID, the laid card's:\n"
    "  find [UID | METER]            all that is known of a card; a meter's cards\n"
    "  list                          what is owed to cards, and open return cases; \"more\": it "
    "was cut\n"
    "  block [UID], lost [UID], unblock [UID]\n"
    "  return-case begin ORDER [PERSON]   buy a purchase back; two persons, one call each\n"
    "  return-case show NUMBER            a case, by its number or its order's, also an ended one\n"
    "  return-case paid CASE [PERSON]     pay it out: two persons sign first, and the money is\n"
    "                                     handed over when the answer is \"paid\", not before\n"
    "options:\n"
    "  --cloud SOCKET    the server's admin socket; without it there are no keys\n"
    "  --person NAME     who signs: the server changes its register, and gives out a card's keys,\n"
    "                    for nobody else; not needed by find, list, return-case show, and read\n"
    "                    without --cloud\n"
    "  --reader NAME     libnfc's name (pn532_uart:/dev/shilling-reader)\n"
    "  --lock FILE       held while the reader is open (/run/lock/shilling-reader.lock)\n"
    "  --wait SECONDS    for a card to be laid (15)\n"
    "  --json\n"
    "A password is asked for, or read as one line of standard input.\n"
    "exit status: 0 done, 1 refused or not possible, 2 wrong usage, 3 a card is not finished: the\n"
    "same command finishes it.\n";

typedef enum ctl_exit (*command_function)(const struct options *options, const struct words *words);

/* Who must be named before anything is done. */
enum signing {
    SIGNED_BY_NOBODY,
    SIGNED_AT_SERVER, /* somebody, if the server is asked at all */
    SIGNED,
};

struct command {
    const char *name;
    command_function run;
    int words_min;
    int words_max;
    enum signing signing;
};

static const struct command COMMANDS[] = {
    {"read", command_read, 0, 0, SIGNED_AT_SERVER},
    {"open", command_open, 1, 2, SIGNED},
    {"personalise", command_personalise, 0, 0, SIGNED},
    {"replace", command_replace, 1, 1, SIGNED},
    {"take-return", command_take_return, 0, 0, SIGNED},
    {"find", command_find, 0, 1, SIGNED_BY_NOBODY},
    {"list", command_list, 0, 0, SIGNED_BY_NOBODY},
    {"block", command_block, 0, 1, SIGNED},
    {"lost", command_lost, 0, 1, SIGNED},
    {"unblock", command_unblock, 0, 1, SIGNED},
    {"return-case", command_return_case, 2, 3, SIGNED_BY_NOBODY}, /* it asks for itself */
};

static const struct command *find_command(const char *name, int words)
{
    for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
        const struct command *command = &COMMANDS[i];
        if (str_equal(command->name, name) && words >= command->words_min &&
            words <= command->words_max) {
            return command;
        }
    }
    return NULL;
}

/* The reader is not touched before somebody has signed. */
static enum ctl_exit run_signed(const struct command *command, const struct options *options,
                                const struct words *words)
{
    struct person person;
    struct options with = *options;
    const bool signs = command->signing == SIGNED ||
                       (command->signing == SIGNED_AT_SERVER && options->cloud != NULL);
    enum ctl_exit how = signs ? person_ask(options, options->person, &person) : CTL_DONE;
    if (how != CTL_DONE) {
        return how;
    }
    with.signer = signs ? &person : NULL;
    how = command->run(&with, words);
    bytes_wipe(&person, sizeof(person));
    return how;
}

static NORETURN void work(const struct command *command, const struct options *options,
                          const struct words *words)
{
    if (!secrets_guard()) {
        const enum ctl_exit failed = ctl_say(CTL_FAILED, "core files cannot be switched off");
        exit((int)failed);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    const enum ctl_exit how = run_signed(command, options, words);
    const bool told = fflush(stdout) == 0;
    exit(told ? (int)how : (int)CTL_FAILED);
}

/* How the child ended; a stop from the keyboard reaches it too and ends it between two sectors. */
static enum ctl_exit wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return ctl_say(CTL_FAILED, "%s", strerror(errno));
        }
    }
    if (WIFEXITED(status)) {
        return (enum ctl_exit)WEXITSTATUS(status);
    }
    if (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGHUP) {
        return ctl_say(CTL_UNFINISHED, "stopped; a card that was begun is finished by the same "
                                       "command");
    }
    return ctl_say(CTL_UNFINISHED,
                   "the reader sent nonsense and the card library gave up (%s): plug the reader in "
                   "again and give the same command with the same card",
                   strsignal(WTERMSIG(status)));
}

/* Run the command in a child. One that is stopped at a password leaves the terminal mute. */
static enum ctl_exit run_apart(const struct command *command, const struct options *options,
                               const struct words *words)
{
    struct termios seen;
    const bool is_terminal = tcgetattr(STDIN_FILENO, &seen) == 0;
    const pid_t child = fork();
    if (child < 0) {
        return ctl_say(CTL_FAILED, "%s", strerror(errno));
    }
    if (child == 0) {
        work(command, options, words);
    }
    (void)signal(SIGINT, SIG_IGN);
    const enum ctl_exit how = wait_for(child);
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &seen);
    }
    return how;
}

int main(int argc, char **argv)
{
    struct options options;
    int first = 0;
    const char *const *words = (const char *const *)argv + 1;
    if (argc == 2 && str_equal(argv[1], "--help")) {
        (void)fputs(usage, stdout);
        return CTL_DONE;
    }
    if (!options_take(words, argc - 1, &options, &first)) {
        (void)fputs(usage, stderr);
        return CTL_USAGE;
    }
    const struct words rest = {.at = words + first + 1, .count = argc - 2 - first};
    const struct command *command = find_command(words[first], rest.count);
    if (command == NULL) {
        (void)fputs(usage, stderr);
        return CTL_USAGE;
    }
    const enum ctl_exit how = run_apart(command, &options, &rest);
    return (int)how;
}
