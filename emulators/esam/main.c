/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emulator-esam: the test key service. It stands where a utility's encryption machine would: the
 * product asks it for the codes that a meter with a security chip wants to see.
 *
 * Method: two line servers (requests and control) in one poll loop.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/log.h"
#include "common/str.h"
#include "emulators/esam/service.h"

enum { EXIT_USAGE = 2 };

static int signals_open(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void serve(struct line_server *requests, struct line_server *control, int signal_fd)
{
    struct pollfd fds[3] = {
        {.fd = signal_fd, .events = POLLIN},
        {.fd = line_server_fd(requests), .events = POLLIN},
        {.fd = control == NULL ? -1 : line_server_fd(control), .events = POLLIN},
    };
    while (poll(fds, 3, -1) >= 0 || errno == EINTR) {
        if (fds[0].revents != 0) {
            break;
        }
        if (fds[1].revents != 0) {
            line_server_turn(requests);
        }
        if (fds[2].revents != 0) {
            line_server_turn(control);
        }
    }
}

int main(int argc, char **argv)
{
    struct service service = {0};
    struct line_server *control = NULL;
    const char *path = NULL;
    const char *control_path = NULL;
    log_init("emulator-esam", LOG_LEVEL_INFO);
    for (int i = 1; i + 1 < argc; i += 2) {
        path = str_equal(argv[i], "--socket") ? argv[i + 1] : path;
        control_path = str_equal(argv[i], "--control") ? argv[i + 1] : control_path;
    }
    if (path == NULL || argc % 2 == 0) {
        (void)fprintf(stderr, "usage: emulator-esam --socket PATH [--control PATH]\n");
        return EXIT_USAGE;
    }
    int signal_fd = signals_open();
    struct line_server *requests = line_server_open(path, service_answer, &service);
    if (requests != NULL && control_path != NULL) {
        control = line_server_open(control_path, service_control, &service);
    }
    bool ok = requests != NULL && signal_fd >= 0 && (control_path == NULL || control != NULL);
    if (ok) {
        (void)printf("ready %s\n", path);
        (void)fflush(stdout);
        serve(requests, control, signal_fd);
    } else {
        log_error("socket: %s", strerror(errno));
    }
    line_server_close(control);
    line_server_close(requests);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
