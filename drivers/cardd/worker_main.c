/* SPDX-License-Identifier: Apache-2.0 */

/*
 * shilling-cardd-worker: the half of the card driver that links libnfc. Started by shilling-cardd
 * alone, over whose socket pair it is asked; it ends when that is closed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/prctl.h>
#include <sys/socket.h>

#include "common/config/config.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/str.h"
#include "drivers/cardd/settings.h"
#include "drivers/cardd/worker.h"
#include "drivers/secrets/secrets.h"

enum { EXIT_USAGE = 2, CHANNEL_MAX = 1024 };

struct arguments {
    const char *path;
    uint32_t channel;
    uint32_t card;
};

static bool read_arguments(int argc, char **argv, struct arguments *ret_arguments)
{
    struct arguments arguments = {.path = NULL};
    bool has_channel = false;
    for (int i = 1; i < argc; i++) {
        if (i + 1 >= argc) {
            return false;
        }
        const char *value = argv[i + 1];
        if (str_equal(argv[i], "--config")) {
            arguments.path = value;
        } else if (str_equal(argv[i], "--channel")) {
            has_channel = parse_u32(value, CHANNEL_MAX, &arguments.channel);
        } else if (!str_equal(argv[i], "--card") ||
                   !parse_u32(value, UINT32_MAX, &arguments.card)) {
            return false;
        }
        i += 1;
    }
    *ret_arguments = arguments;
    return arguments.path != NULL && has_channel;
}

static bool is_channel(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* It goes with the supervisor, also if that is killed (if that has happened already, the channel
 * says so). Memory that holds keys becomes no core file, and a stop of the whole group leaves it to
 * the supervisor when to end. */
static bool process_prepare(void)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && secrets_guard() &&
           signal(SIGTERM, SIG_IGN) != SIG_ERR && signal(SIGINT, SIG_IGN) != SIG_ERR &&
           signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!read_arguments(argc, argv, &arguments) || !is_channel((int)arguments.channel)) {
        (void)fputs("shilling-cardd-worker is started by shilling-cardd\n", stderr);
        return EXIT_USAGE;
    }
    log_init("shilling-cardd-worker", LOG_LEVEL_INFO);
    if (!process_prepare()) {
        log_error("the process cannot be set up");
        return EXIT_FAILURE;
    }
    struct settings settings;
    struct ed25519_key *authority = NULL;
    char message[CONFIG_MESSAGE_SIZE];
    if (!settings_load(arguments.path, &settings, &authority, message, sizeof(message))) {
        log_error("%s", message);
        return EXIT_USAGE;
    }
    const struct worker_start start = {.settings = &settings,
                                       .authority = authority,
                                       .channel = (int)arguments.channel,
                                       .card = arguments.card};
    worker_run(&start);
    ed25519_key_destroy(authority);
    return EXIT_SUCCESS;
}
