/* SPDX-License-Identifier: Apache-2.0 */

/*
 * emulator-printer: an ESC/POS receipt printer on a TCP port or a pseudo-terminal. Each piece of
 * paper that it cuts becomes OUT/paper-0001.png and .txt.
 *
 * Method: one thread, one poll(): the wire, the control socket, the signals that end it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/parse.h"
#include "common/str.h"
#include "emulators/printer/control.h"
#include "emulators/printer/machine.h"
#include "emulators/printer/wire.h"

enum {
    EXIT_USAGE = 2,
    BUFFER_DEFAULT = 4096, /* what most printers are delivered with */
    ROLL_DEFAULT_MM = 80000,
    PACED_WAIT_MS = 5,
    READ_SIZE = 2048,
    NUMBER_MAX = 1000000,
};

struct options {
    struct machine_options machine;
    const char *port;
    const char *pty;
    const char *control;
    uint32_t baud;
};

static int usage(void)
{
    (void)fputs("usage: emulator-printer (--port N | --pty LINK) --dir OUT [--control SOCKET]\n"
                "  --port N        TCP on loopback; 0: the system chooses\n"
                "  --pty LINK      a pseudo-terminal, with a link to it\n"
                "  --dir OUT       paper-0001.png, paper-0001.txt, ...\n"
                "  --columns N     48 (80 mm) or 32 (58 mm)\n"
                "  --baud N        carry bytes no faster; 0: at once (default)\n"
                "  --buffer N      receive buffer in bytes (4096)\n"
                "  --charset NAME  gb18030 or gbk\n"
                "  --roll MM       length of the first roll (80000)\n"
                "  --no-marks      a clone that does not know GS ( H\n"
                "  --hanzi-at-start\n"
                "  --font FILE     instead of Noto Sans Mono CJK\n",
                stderr);
    return EXIT_USAGE;
}

static bool number_read(const char *text, uint32_t max, uint32_t *ret_number)
{
    return text != NULL && parse_u32(text, max, ret_number);
}

static bool word_option(struct options *options, const char *name, const char *value)
{
    if (str_equal(name, "--port")) {
        options->port = value;
    } else if (str_equal(name, "--pty")) {
        options->pty = value;
    } else if (str_equal(name, "--dir")) {
        options->machine.out_dir = value;
    } else if (str_equal(name, "--control")) {
        options->control = value;
    } else if (str_equal(name, "--font")) {
        options->machine.font_file = value;
    } else if (str_equal(name, "--charset")) {
        options->machine.charset = str_equal(value, "gbk") ? MACHINE_GBK : MACHINE_GB18030;
        return str_equal(value, "gbk") || str_equal(value, "gb18030");
    } else {
        return false;
    }
    return true;
}

static bool number_option(struct options *options, const char *name, uint32_t number)
{
    if (str_equal(name, "--columns")) {
        options->machine.columns = number;
        return number == 32 || number == 48;
    }
    if (str_equal(name, "--baud")) {
        options->baud = number;
    } else if (str_equal(name, "--buffer")) {
        options->machine.buffer_size = number;
        return number >= 64 && number <= MACHINE_BUFFER_MAX;
    } else if (str_equal(name, "--roll")) {
        options->machine.roll_mm = (long)number;
    } else {
        return false;
    }
    return true;
}

static bool options_read(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        uint32_t number = 0;
        if (str_equal(argv[i], "--no-marks")) {
            options->machine.knows_marks = false;
        } else if (str_equal(argv[i], "--hanzi-at-start")) {
            options->machine.hanzi_at_start = true;
        } else if (i + 1 < argc && (word_option(options, argv[i], argv[i + 1]) ||
                                    (number_read(argv[i + 1], NUMBER_MAX, &number) &&
                                     number_option(options, argv[i], number)))) {
            i += 1;
        } else {
            return false;
        }
    }
    return (options->port == NULL) != (options->pty == NULL) && options->machine.out_dir != NULL;
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool wire_begin(struct wire *wire, const struct options *options)
{
    uint32_t port = 0;
    if (options->pty != NULL) {
        return wire_open_pty(wire, options->pty, options->baud);
    }
    if (!number_read(options->port, 65535, &port)) {
        errno = EINVAL;
        return false;
    }
    return wire_open_tcp(wire, (uint16_t)port, options->baud);
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

/* Carry bytes both ways and let the machine work. */
static void exchange(struct machine *machine, struct wire *wire)
{
    int64_t at_us = now_us();
    bool was_dead = machine_is_dead(machine);
    uint8_t bytes[READ_SIZE];
    size_t room = machine_room(machine);
    if (!was_dead) {
        wire_accept(wire);
        size_t size = wire_read(wire, bytes, room < sizeof(bytes) ? room : sizeof(bytes), at_us);
        machine_receive(machine, bytes, size, at_us / 1000);
    }
    machine_turn(machine, at_us / 1000);
    if (!was_dead && machine_is_dead(machine)) {
        wire_hang_up(wire);
    }
    const struct outbox_answer *answer = outbox_next(&machine->outbox, at_us / 1000);
    while (answer != NULL && wire_write(wire, answer->bytes, answer->size)) {
        outbox_drop_first(&machine->outbox);
        answer = outbox_next(&machine->outbox, at_us / 1000);
    }
}

static int wait_ms(const struct machine *machine, const struct wire *wire)
{
    int64_t at_us = now_us();
    int64_t next_ms = machine_next_ms(machine);
    int64_t wait = next_ms == INT64_MAX ? -1 : next_ms - at_us / 1000;
    wait = wait < -1 ? 0 : wait;
    if (wire_is_paced(wire, at_us) && (wait < 0 || wait > PACED_WAIT_MS)) {
        wait = PACED_WAIT_MS;
    }
    return (int)wait;
}

static void run(struct machine *machine, struct wire *wire, struct line_server *control,
                int stop_fd)
{
    while (!machine->paper.failed) {
        bool takes = machine_room(machine) > 0 && !wire_is_paced(wire, now_us());
        struct pollfd fds[] = {
            {.fd = stop_fd, .events = POLLIN},
            {.fd = takes ? wire_fd(wire) : -1, .events = POLLIN},
            {.fd = control != NULL ? line_server_fd(control) : -1, .events = POLLIN},
        };
        (void)poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(machine, wire));
        if ((fds[0].revents & POLLIN) != 0) {
            return;
        }
        machine->now_ms = now_us() / 1000;
        bool was_dead = machine_is_dead(machine);
        if ((fds[2].revents & POLLIN) != 0) {
            line_server_turn(control);
        }
        if (!was_dead && machine_is_dead(machine)) {
            wire_hang_up(wire); /* the plug was pulled on command */
        }
        exchange(machine, wire);
    }
    log_error("the pictures cannot be written to %s", machine->options.out_dir);
}

static int serve(const struct options *options, struct machine *machine)
{
    struct wire wire;
    struct line_server *control = NULL;
    int stop_fd = stop_fd_make();
    if (!wire_begin(&wire, options)) {
        log_error("the wire: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    if (options->control != NULL) {
        control = line_server_open(options->control, control_answer, machine);
        if (control == NULL) {
            log_error("control socket %s: %s", options->control, strerror(errno));
            wire_close(&wire);
            return EXIT_FAILURE;
        }
    }
    (void)printf("ready %s\n", wire.name);
    (void)fflush(stdout);
    run(machine, &wire, control, stop_fd);
    line_server_close(control);
    wire_close(&wire);
    (void)close(stop_fd);
    return machine->paper.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {.machine = {.font_file = GLYPH_FONT_FILE,
                                          .columns = 48,
                                          .buffer_size = BUFFER_DEFAULT,
                                          .knows_marks = true,
                                          .roll_mm = ROLL_DEFAULT_MM}};
    log_init("emulator-printer", LOG_LEVEL_INFO);
    if (!options_read(argc, argv, &options)) {
        return usage();
    }
    if (mkdir(options.machine.out_dir, 0755) != 0 && errno != EEXIST) {
        log_error("%s: %s", options.machine.out_dir, strerror(errno));
        return EXIT_FAILURE;
    }
    static struct machine machine; /* half a megabyte: too large for the stack */
    if (!machine_init(&machine, &options.machine)) {
        log_error("font %s cannot be used; install fonts-noto-cjk", options.machine.font_file);
        return EXIT_FAILURE;
    }
    int result = serve(&options, &machine);
    machine_finish(&machine);
    return result;
}
