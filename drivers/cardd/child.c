/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/cardd/spawn.h"
#include "drivers/clock/clock_system.h"

enum { NAP_MS = 10, NUMBER_SIZE = 16, PATH_SIZE = 1024 };

static bool program_find(char ret_path[PATH_SIZE])
{
    static const char name[] = "shilling-cardd-worker";
    char self[PATH_SIZE];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (size <= 0) {
        return false;
    }
    self[size] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL) {
        return false;
    }
    slash[1] = '\0';
    return str_format(ret_path, PATH_SIZE, "%s%s", self, name);
}

bool child_start(const struct child_start *start, struct child *ret_child)
{
    char program[PATH_SIZE];
    char config[PATH_SIZE];
    char channel[NUMBER_SIZE];
    char card[NUMBER_SIZE];
    int pair[2];
    if (!program_find(program) || !str_copy(config, sizeof(config), start->config) ||
        !str_format(channel, sizeof(channel), "%d", SPAWN_CHANNEL) ||
        !str_format(card, sizeof(card), "%u", (unsigned)start->card) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    char words[3][16] = {"--config", "--channel", "--card"};
    char *const argv[] = {program, words[0], config, words[1], channel, words[2], card, NULL};
    pid_t pid = 0;
    const struct spawn spawn = {.argv = argv, .environment = environ, .channel = pair[1]};
    bool ok = spawn_program(&spawn, &pid) == 0;
    (void)close(pair[1]);
    if (!ok) {
        (void)close(pair[0]);
        return false;
    }
    *ret_child = (struct child){.pid = pid, .channel = pair[0]};
    return true;
}

static void tell_end(int status)
{
    if (WIFSIGNALED(status)) {
        log_warn("the worker ended by signal %d; starting it again", WTERMSIG(status));
    } else {
        log_warn("the worker ended with %d; starting it again", WEXITSTATUS(status));
    }
}

static void forget(struct child *child)
{
    if (child->channel >= 0) {
        (void)close(child->channel);
    }
    *child = (struct child){.pid = 0, .channel = -1};
}

void child_kill(struct child *child)
{
    int status = 0;
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        pid_t ended = 0;
        do {
            ended = waitpid(child->pid, &status, 0);
        } while (ended < 0 && errno == EINTR);
        if (ended > 0) {
            tell_end(status);
        }
    }
    forget(child);
}

void child_stop(struct child *child, int64_t wait_ms)
{
    if (child->pid <= 0) {
        return;
    }
    (void)shutdown(child->channel, SHUT_RDWR);
    for (int64_t waited = 0; waited < wait_ms; waited += NAP_MS) {
        if (waitpid(child->pid, NULL, WNOHANG) == child->pid) {
            forget(child);
            return;
        }
        clock_system_wait_ms(NAP_MS);
    }
    child_kill(child);
}
