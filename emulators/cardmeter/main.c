/* SPDX-License-Identifier: Apache-2.0 */

/*
 * emulator-cardmeter: electricity meters without a network, which know what was paid only by the
 * card that is held to them. One command from the command line, or many from a control socket.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "emulators/cardmeter/control.h"
#include "emulators/cardreader/bytes.h"

enum { EXIT_USAGE = 2, COMMAND_SIZE = 1024 };

static int usage(void)
{
    (void)fputs(
        "usage: emulator-cardmeter --meters DIR --cards DIR (--control SOCKET | COMMAND...)\n"
        "  --meters DIR    the meters' books, NUMBER.meter\n"
        "  --cards DIR     the cards of emulator-cardreader\n"
        "  --control SOCK  a UNIX socket for commands; or one command as arguments\n",
        stderr);
    return EXIT_USAGE;
}

static int stop_fd_make(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int serve(struct meters *meters, const char *path)
{
    int stop_fd = stop_fd_make();
    struct line_server *control = line_server_open(path, control_answer, meters);
    if (control == NULL) {
        (void)fprintf(stderr, "emulator-cardmeter: control socket %s: %s\n", path, strerror(errno));
        return EXIT_FAILURE;
    }
    (void)printf("ready %s\n", path);
    (void)fflush(stdout);
    struct pollfd fds[] = {{.fd = stop_fd, .events = POLLIN},
                           {.fd = line_server_fd(control), .events = POLLIN}};
    while ((fds[0].revents & POLLIN) == 0) {
        if (poll(fds, 2, -1) > 0 && (fds[1].revents & POLLIN) != 0) {
            line_server_turn(control);
        }
    }
    line_server_close(control);
    (void)close(stop_fd);
    return EXIT_SUCCESS;
}

/* The arguments as one line, as a client of the socket would send it. */
static int run_once(struct meters *meters, int count, char **words)
{
    char line[COMMAND_SIZE] = "";
    for (int i = 0; i < count; i++) {
        if (!bytes_text_add(line, sizeof(line), words[i]) ||
            !bytes_text_add(line, sizeof(line), " ")) {
            return usage();
        }
    }
    struct line_answer answer = control_answer(meters, line);
    if (answer.text == NULL) {
        return EXIT_FAILURE;
    }
    bool good = strncmp(answer.text, "ok", 2) == 0;
    (void)puts(answer.text);
    free(answer.text);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static struct meters meters; /* holds a shelf of cards: too large for the stack */
    const char *cards = NULL;
    const char *control = NULL;
    struct timespec now = {0};
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--meters") == 0) {
            meters.dir = argv[at + 1];
        } else if (strcmp(argv[at], "--cards") == 0) {
            cards = argv[at + 1];
        } else if (strcmp(argv[at], "--control") == 0) {
            control = argv[at + 1];
        } else {
            return usage();
        }
    }
    if (meters.dir == NULL || cards == NULL || (control == NULL) == (at == argc)) {
        return usage();
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!touch_init(&meters.touch, cards, (uint64_t)now.tv_sec ^ (uint64_t)now.tv_nsec << 20)) {
        return EXIT_USAGE;
    }
    return control != NULL ? serve(&meters, control) : run_once(&meters, argc - at, argv + at);
}
