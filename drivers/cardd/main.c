/* SPDX-License-Identifier: Apache-2.0 */

/*
 * shilling-cardd: owns the card reader of a terminal. SIGTERM and SIGINT end it after the request
 * under way.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/log.h"
#include "common/str.h"
#include "drivers/cardd/settings.h"
#include "drivers/cardd/supervisor.h"
#include "drivers/secrets/secrets.h"

enum { EXIT_USAGE = 2 };

static int usage(FILE *out, int code)
{
    (void)fputs("usage: shilling-cardd --config FILE [--check]\n"
                "  --config FILE  socket, reader, key (see drivers/cardd/example.cfg)\n"
                "  --check        read the configuration and end\n"
                "  --version\n",
                out);
    return code;
}

/* A descriptor that becomes readable when we are asked to end. */
static int stop_fd_make(void)
{
    sigset_t signals;
    if (sigemptyset(&signals) != 0 || sigaddset(&signals, SIGTERM) != 0 ||
        sigaddset(&signals, SIGINT) != 0 || sigprocmask(SIG_BLOCK, &signals, NULL) != 0 ||
        signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int serve(const struct settings *settings, const char *config)
{
    int stop_fd = stop_fd_make();
    if (stop_fd < 0) {
        log_error("signals cannot be set up");
        return EXIT_FAILURE;
    }
    log_info("reader at %s", settings->connstring);
    bool good = supervisor_run(settings, config, stop_fd);
    (void)close(stop_fd);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    bool check = false;
    for (int i = 1; i < argc; i++) {
        if (str_equal(argv[i], "--config") && i + 1 < argc) {
            path = argv[++i];
        } else if (str_equal(argv[i], "--check")) {
            check = true;
        } else if (str_equal(argv[i], "--help")) {
            return usage(stdout, EXIT_SUCCESS);
        } else if (str_equal(argv[i], "--version")) {
            (void)printf("shilling-cardd %s\n", SHILLING_VERSION);
            return EXIT_SUCCESS;
        } else {
            return usage(stderr, EXIT_USAGE);
        }
    }
    if (path == NULL) {
        return usage(stderr, EXIT_USAGE);
    }
    (void)umask(077);
    log_init("shilling-cardd", LOG_LEVEL_INFO);
    if (!secrets_guard()) { /* requests with keys pass through here */
        log_error("core files cannot be switched off");
        return EXIT_FAILURE;
    }
    struct settings settings;
    struct ed25519_key *authority = NULL;
    char message[CONFIG_MESSAGE_SIZE];
    if (!settings_load(path, &settings, &authority, message, sizeof(message))) {
        log_error("%s", message);
        return EXIT_USAGE;
    }
    ed25519_key_destroy(authority); /* the worker reads it for itself */
    if (check) {
        (void)printf("%s: good\n", path);
        return EXIT_SUCCESS;
    }
    return serve(&settings, path);
}
