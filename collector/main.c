/* SPDX-License-Identifier: Apache-2.0 */

/*
 * shilling-collector: reads meters on serial buses, carries commands out on them, and keeps what it
 * knows until the cloud has it. SIGTERM and SIGINT end it in an orderly way.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/collector.h"
#include "common/config/config.h"
#include "common/log.h"
#include "common/str.h"

enum { EXIT_USAGE = 2 };

static int usage(FILE *out, int code)
{
    (void)fputs("usage: shilling-collector --config FILE [--check] [--debug]\n"
                "  --config FILE  who it is, its broker, its buses\n"
                "  --check        read the configuration and end\n"
                "  --debug        say more\n"
                "  --version\n",
                out);
    return code;
}

struct options {
    const char *config;
    bool check;
    bool debug;
    bool version;
    bool help;
};

static bool options_read(int argc, char **argv, struct options *ret_options)
{
    struct options options = {0};
    for (int i = 1; i < argc; i++) {
        if (str_equal(argv[i], "--config") && i + 1 < argc) {
            options.config = argv[++i];
        } else if (str_equal(argv[i], "--check")) {
            options.check = true;
        } else if (str_equal(argv[i], "--debug")) {
            options.debug = true;
        } else if (str_equal(argv[i], "--version")) {
            options.version = true;
        } else if (str_equal(argv[i], "--help")) {
            options.help = true;
        } else {
            return false;
        }
    }
    *ret_options = options;
    return options.config != NULL || options.version || options.help;
}

/* A descriptor that becomes readable when we are asked to end. All threads inherit the mask. */
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

static int serve(const struct settings *settings)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct collector *collector = NULL;
    int stop_fd = stop_fd_make();
    if (stop_fd < 0) {
        log_error("signals cannot be set up");
        return EXIT_FAILURE;
    }
    if (collector_create(settings, SHILLING_VERSION, &collector, message, sizeof(message)) != OK) {
        log_error("%s", message);
        (void)close(stop_fd);
        return EXIT_FAILURE;
    }
    log_info("%s: %zu buses, broker %s:%u", settings->id, settings->bus_count, settings->mqtt.host,
             (unsigned)settings->mqtt.port);
    collector_run(collector, stop_fd);
    log_info("ending");
    collector_destroy(collector);
    (void)close(stop_fd);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    if (!options_read(argc, argv, &options)) {
        return usage(stderr, EXIT_USAGE);
    }
    if (options.help) {
        return usage(stdout, EXIT_SUCCESS);
    }
    if (options.version) {
        (void)printf("shilling-collector %s\n", SHILLING_VERSION);
        return EXIT_SUCCESS;
    }
    /* The journal holds the meters' passwords. */
    (void)umask(077);
    log_init("shilling-collector", options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    char message[CONFIG_MESSAGE_SIZE];
    static struct settings settings; /* 70 kB: too large for the stack, read once */
    if (!settings_load(options.config, &settings, message, sizeof(message))) {
        log_error("%s", message);
        return EXIT_USAGE;
    }
    if (options.check) {
        (void)printf("%s: good\n", options.config);
        return EXIT_SUCCESS;
    }
    return serve(&settings);
}
