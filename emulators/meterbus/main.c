/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emulator-meterbus: one RS-485 bus with emulated meters on a pseudo-terminal.
 *
 * Method: one thread, one epoll: the pty, a timer for the next byte on the wire, the control
 * socket, and the signals that end it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/log.h"
#include "common/str.h"
#include "emulators/meterbus/bus.h"
#include "emulators/meterbus/control.h"
#include "emulators/meterbus/ticks.h"

enum { EXIT_USAGE = 2 };

struct options {
    const char *config;
    const char *state_dir;
    const char *control;
    const char *link_path;
    bool realtime;
};

struct loop {
    int epoll_fd;
    int timer_fd;
    int signal_fd;
    struct line_server *control; /* NULL = none */
};

/*
 * One process per bus and state folder: two would overwrite each other's purchases. A process
 * that was just killed may still be on its way out, so wait a little. The lock ends with us.
 */
static bool state_lock(const char *dir, const char *bus_name)
{
    enum { TRIES = 40, PAUSE_MS = 50 };
    char path[512];
    if (!str_format(path, sizeof(path), "%s/%s.lock", dir, bus_name)) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    bool locked = false;
    for (int i = 0; i < TRIES && fd >= 0 && !locked; i++) {
        locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (!locked) {
            (void)poll(NULL, 0, PAUSE_MS);
        }
    }
    return locked;
}

static bool options_read(int argc, char **argv, struct options *ret_options)
{
    struct options options = {0};
    for (int i = 1; i < argc; i++) {
        const char **value = str_equal(argv[i], "--config")    ? &options.config
                             : str_equal(argv[i], "--state")   ? &options.state_dir
                             : str_equal(argv[i], "--control") ? &options.control
                             : str_equal(argv[i], "--link")    ? &options.link_path
                                                               : NULL;
        if (str_equal(argv[i], "--realtime")) {
            options.realtime = true;
        } else if (value != NULL && i + 1 < argc) {
            *value = argv[++i];
        } else {
            return false;
        }
    }
    *ret_options = options;
    return options.config != NULL;
}

/* Byte times at 115200 baud are 95 us: the kernel's usual slack of 50 us would show. */
static void timing_sharpen(bool realtime)
{
    struct sched_param param = {.sched_priority = 10};
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    if (realtime && sched_setscheduler(0, SCHED_RR, &param) != 0) {
        log_warn("no real-time priority: %s; going on without", strerror(errno));
    }
}

static bool loop_watch(const struct loop *loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool loop_open(struct loop *loop, const struct bus *bus)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    loop->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop->epoll_fd >= 0 && loop->timer_fd >= 0 && loop->signal_fd >= 0 &&
           loop_watch(loop, loop->timer_fd) && loop_watch(loop, loop->signal_fd) &&
           loop_watch(loop, bus->wire.master_fd) &&
           (loop->control == NULL || loop_watch(loop, line_server_fd(loop->control)));
}

static void timer_set(const struct loop *loop, int64_t at_ns)
{
    struct itimerspec when = {0};
    if (at_ns != INT64_MAX) {
        when.it_value.tv_sec = at_ns / NS_PER_S;
        when.it_value.tv_nsec = at_ns % NS_PER_S;
    }
    (void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* One wake-up; false when a signal asks to end. */
static bool loop_wait(const struct loop *loop, struct bus *bus)
{
    struct epoll_event events[4];
    int count = epoll_wait(loop->epoll_fd, events, 4, -1);
    bool control = false;
    for (int i = 0; i < count; i++) {
        uint64_t expirations = 0;
        if (events[i].data.fd == loop->signal_fd) {
            return false;
        }
        if (events[i].data.fd == loop->timer_fd) {
            ssize_t got = read(loop->timer_fd, &expirations, sizeof(expirations));
            (void)got;
        }
        control = control ||
                  (loop->control != NULL && events[i].data.fd == line_server_fd(loop->control));
    }
    bus_turn(bus, ticks_now_ns());
    if (control) {
        line_server_turn(loop->control);
    }
    return true;
}

static int loop_run(const struct loop *loop, struct bus *bus)
{
    do {
        timer_set(loop, wire_next_ns(&bus->wire));
    } while (!bus->failed && loop_wait(loop, bus));
    return bus->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int serve(const struct options *options, struct bus *bus)
{
    struct loop loop = {0};
    if (!wire_open(&bus->wire, options->link_path)) {
        log_error("pseudo-terminal %s: %s", options->link_path == NULL ? "" : options->link_path,
                  strerror(errno));
        return EXIT_FAILURE;
    }
    if (options->control != NULL) {
        loop.control = line_server_open(options->control, control_answer, bus);
        if (loop.control == NULL) {
            log_error("control socket %s: %s", options->control, strerror(errno));
            return EXIT_FAILURE;
        }
    }
    if (!loop_open(&loop, bus)) {
        log_error("event loop: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    timing_sharpen(options->realtime);
    const char *shown =
        options->link_path != NULL ? options->link_path : wire_slave_name(&bus->wire);
    (void)printf("ready %s\n", shown);
    (void)fflush(stdout);
    int result = loop_run(&loop, bus);
    line_server_close(loop.control);
    wire_close(&bus->wire);
    return result;
}

int main(int argc, char **argv)
{
    struct options options;
    struct bus_config config = {.meter_count = 0};
    char message[BUS_MESSAGE_SIZE] = "";
    log_init("emulator-meterbus", LOG_LEVEL_INFO);
    if (!options_read(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: emulator-meterbus --config FILE [--state DIR] "
                              "[--control SOCKET] [--link PATH] [--realtime]\n");
        return EXIT_USAGE;
    }
    if (!bus_config_read(options.config, &config, message, sizeof(message))) {
        log_error("%s", message);
        return EXIT_USAGE;
    }
    struct bus *bus = calloc(1, sizeof(*bus));
    bool state_ok =
        options.state_dir == NULL || ((mkdir(options.state_dir, 0755) == 0 || errno == EEXIST) &&
                                      state_lock(options.state_dir, config.name));
    if (bus == NULL || !state_ok) {
        log_error("state folder %s: %s", options.state_dir == NULL ? "-" : options.state_dir,
                  strerror(errno));
        free(bus);
        bus_config_finish(&config);
        return EXIT_FAILURE;
    }
    int result = EXIT_FAILURE;
    if (bus_init(bus, &config, options.state_dir, message, sizeof(message))) {
        result = serve(&options, bus);
    } else {
        bus->failed = true; /* leave what is stored alone */
        log_error("%s", message);
    }
    bus_finish(bus);
    free(bus);
    bus_config_finish(&config);
    return result;
}
