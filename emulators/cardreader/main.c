/* SPDX-License-Identifier: Apache-2.0 */

/*
 * emulator-cardreader: an NFC reader with a PN532 on a pseudo-terminal, and the cards to lay on it.
 *
 * Method: one thread, one ppoll(): the plug, the control socket, the signals that end it.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/control.h"
#include "emulators/cardreader/reader.h"

enum { EXIT_USAGE = 2, NUMBER_MAX = 10000000, LAID_MAX = FIELD_CARDS_MAX };

struct options {
    struct reader_options reader;
    const char *control;
    const char *laid[LAID_MAX];
    size_t laid_count;
    bool logs;
    bool realtime;
};

static int usage(void)
{
    (void)fputs("usage: emulator-cardreader [--link PATH] [--cards DIR] [--control SOCKET]\n"
                "  --link PATH     a symbolic link to the pseudo-terminal\n"
                "  --cards DIR     the cards: NAME.mfd and NAME.card\n"
                "  --control SOCK  a UNIX socket for commands\n"
                "  --lay NAME      lay that card at once (may be repeated)\n"
                "  --baud N        carry bytes no faster, for instance 115200; 0: at once\n"
                "  --rf-us N       what each exchange with a card takes (0)\n"
                "  --seed N        of what is drawn (1)\n"
                "  --realtime      ask for SCHED_RR: the machine's other load out of the timing\n"
                "  --log           every frame to standard error\n",
                stderr);
    return EXIT_USAGE;
}

static bool word_option(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--link") == 0) {
        options->reader.link = value;
    } else if (strcmp(name, "--cards") == 0) {
        options->reader.dir = value;
    } else if (strcmp(name, "--control") == 0) {
        options->control = value;
    } else if (strcmp(name, "--lay") == 0 && options->laid_count < LAID_MAX) {
        options->laid[options->laid_count++] = value;
    } else {
        return false;
    }
    return true;
}

static bool number_option(struct options *options, const char *name, const char *value)
{
    uint32_t number = 0;
    if (!bytes_number(value, NUMBER_MAX, &number)) {
        return false;
    }
    if (strcmp(name, "--baud") == 0) {
        options->reader.baud = number;
    } else if (strcmp(name, "--rf-us") == 0) {
        options->reader.exchange_us = number;
    } else if (strcmp(name, "--seed") == 0) {
        options->reader.seed = number;
    } else {
        return false;
    }
    return true;
}

static bool options_read(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--log") == 0) {
            options->logs = true;
        } else if (strcmp(argv[i], "--realtime") == 0) {
            options->realtime = true;
        } else if (i + 1 < argc && (word_option(options, argv[i], argv[i + 1]) ||
                                    number_option(options, argv[i], argv[i + 1]))) {
            i += 1;
        } else {
            return false;
        }
    }
    return true;
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
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

static void run(struct reader *reader, struct line_server *control, int stop_fd)
{
    while (!reader->store_failed) {
        int64_t next_us = reader_next_us(reader);
        int64_t wait_us = next_us == INT64_MAX ? 0 : next_us - now_us();
        wait_us = wait_us < 0 ? 0 : wait_us;
        const struct timespec wait = {.tv_sec = wait_us / 1000000,
                                      .tv_nsec = wait_us % 1000000 * 1000};
        struct pollfd fds[] = {
            {.fd = stop_fd, .events = POLLIN},
            {.fd = reader->port.fd, .events = POLLIN},
            {.fd = control != NULL ? line_server_fd(control) : -1, .events = POLLIN},
        };
        (void)ppoll(fds, sizeof(fds) / sizeof(fds[0]), next_us == INT64_MAX ? NULL : &wait, NULL);
        if ((fds[0].revents & POLLIN) != 0) {
            return;
        }
        reader->now_us = now_us();
        if ((fds[2].revents & POLLIN) != 0) {
            line_server_turn(control);
        }
        reader_turn(reader, now_us());
    }
    (void)fputs("emulator-cardreader: a card's file cannot be written\n", stderr);
}

static bool lay_first(struct reader *reader, const struct options *options)
{
    for (size_t i = 0; i < options->laid_count; i++) {
        const char *why = "";
        if (!reader_lay(reader, options->laid[i], &why)) {
            (void)fprintf(stderr, "emulator-cardreader: %s: %s\n", options->laid[i], why);
            return false;
        }
    }
    return true;
}

static int serve(struct reader *reader, const struct options *options)
{
    struct line_server *control = NULL;
    int stop_fd = stop_fd_make();
    if (options->control != NULL) {
        control = line_server_open(options->control, control_answer, reader);
        if (control == NULL) {
            (void)fprintf(stderr, "emulator-cardreader: control socket %s: %s\n", options->control,
                          strerror(errno));
            return EXIT_FAILURE;
        }
    }
    const char *name = options->reader.link != NULL ? options->reader.link : reader->port.slave;
    (void)printf("ready %s\n", name);
    (void)fflush(stdout);
    const struct sched_param priority = {.sched_priority = 10};
    if (options->realtime && sched_setscheduler(0, SCHED_RR, &priority) != 0) {
        (void)fprintf(stderr, "emulator-cardreader: no SCHED_RR (%s), going on without\n",
                      strerror(errno));
    }
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); /* a byte lasts 87 us */
    run(reader, control, stop_fd);
    line_server_close(control);
    (void)close(stop_fd);
    return reader->store_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {.reader = {.dir = "", .seed = 1}};
    if (!options_read(argc, argv, &options)) {
        return usage();
    }
    static struct reader reader; /* half a megabyte: too large for the stack */
    if (!reader_init(&reader, &options.reader) || !lay_first(&reader, &options)) {
        return EXIT_USAGE;
    }
    reader.logs = options.logs;
    if (!port_open(&reader.port, options.reader.link)) {
        (void)fprintf(stderr, "emulator-cardreader: the pseudo-terminal: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    int result = serve(&reader, &options);
    port_unplug(&reader.port);
    return result;
}
