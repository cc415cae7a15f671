/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/spawn.h"

#include <signal.h>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

static int actions_fill(const struct spawn *spawn, posix_spawn_file_actions_t *actions)
{
    if (spawn->channel >= 0) {
        return posix_spawn_file_actions_adddup2(actions, spawn->channel, SPAWN_CHANNEL);
    }
    return posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

static int attributes_fill(const struct spawn *spawn, posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    short flags = POSIX_SPAWN_SETSIGMASK;
    int code = sigemptyset(&none) == 0 && sigfillset(&all) == 0
                   ? posix_spawnattr_setsigmask(attributes, &none)
                   : -1;
    if (code == 0 && spawn->own_group) {
        flags |= POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF;
        code = posix_spawnattr_setsigdefault(attributes, &all);
    }
    return code == 0 ? posix_spawnattr_setflags(attributes, flags) : code;
}

int spawn_program(const struct spawn *spawn, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) {
        return code;
    }
    code = posix_spawnattr_init(&attributes);
    if (code != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return code;
    }
    code = actions_fill(spawn, &actions);
    code = code == 0 ? attributes_fill(spawn, &attributes) : code;
    code = code == 0 ? posix_spawn(ret_pid, spawn->argv[0], &actions, &attributes, spawn->argv,
                                   spawn->environment)
                     : code;
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}
