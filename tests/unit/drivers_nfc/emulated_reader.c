/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drivers_nfc/emulated_reader.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"

enum { PATH_SIZE = 100, WAIT_MS = 5000, STEP_MS = 10, ANSWER_SIZE = 4096 };

struct emulated {
    char folder[PATH_SIZE];
    char link[PATH_SIZE];
    char control[PATH_SIZE];
    pid_t pid;
    int fd; /* of the control socket */
    struct nfc_reader *reader;
};

static void path_of(const struct emulated *emulated, const char *name, char ret_path[PATH_SIZE])
{
    bool fits = str_format(ret_path, PATH_SIZE, "%s/%s", emulated->folder, name);
    MUST(fits);
}

static bool control_connect(struct emulated *emulated)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool fits = str_copy(address.sun_path, sizeof(address.sun_path), emulated->control);
    MUST(fits);
    emulated->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(emulated->fd >= 0);
    if (connect(emulated->fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        return true;
    }
    (void)close(emulated->fd);
    return false;
}

struct emulated *emulated_start(void)
{
    struct emulated *emulated = calloc(1, sizeof(*emulated));
    char cards[PATH_SIZE];
    char connstring[2 * PATH_SIZE];
    MUST(emulated != NULL);
    bool ok = str_copy(emulated->folder, sizeof(emulated->folder), "/tmp/shilling-nfc-XXXXXX");
    MUST(ok && mkdtemp(emulated->folder) != NULL);
    path_of(emulated, "cards", cards);
    path_of(emulated, "reader", emulated->link);
    path_of(emulated, "control", emulated->control);
    MUST(mkdir(cards, 0700) == 0);
    char program[] = EMULATOR_CARDREADER;
    char words[3][16] = {"--link", "--cards", "--control"};
    char *const argv[] = {program, words[0], emulated->link,    words[1],
                          cards,   words[2], emulated->control, NULL};
    char *const no_environment[] = {NULL};
    MUST(posix_spawn(&emulated->pid, program, NULL, NULL, argv, no_environment) == 0);
    bool connected = false;
    for (int waited = 0; waited < WAIT_MS && !connected; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        connected = control_connect(emulated);
    }
    MUST(connected);
    MUST(str_format(connstring, sizeof(connstring), "pn532_uart:%s", emulated->link));
    MUST(nfc_reader_open(connstring, &emulated->reader));
    return emulated;
}

void emulated_stop(struct emulated *emulated)
{
    nfc_reader_close(emulated->reader);
    (void)close(emulated->fd);
    (void)kill(emulated->pid, SIGTERM);
    (void)waitpid(emulated->pid, NULL, 0);
    char *const no_environment[] = {NULL};
    char remove[] = "/bin/rm";
    char how[] = "-rf";
    char *const argv[] = {remove, how, emulated->folder, NULL};
    pid_t pid = 0;
    if (posix_spawn(&pid, remove, NULL, NULL, argv, no_environment) == 0) {
        (void)waitpid(pid, NULL, 0);
    }
    free(emulated);
}

void emulated_say(struct emulated *emulated, const char *command)
{
    char line[ANSWER_SIZE];
    MUST(str_format(line, sizeof(line), "%s\n", command));
    MUST(send(emulated->fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line));
    size_t size = 0;
    while (size == 0 || line[size - 1] != '\n') {
        ssize_t got = recv(emulated->fd, line + size, sizeof(line) - size, 0);
        MUST(got > 0);
        size += (size_t)got;
    }
    MUST(str_starts_with(line, "ok"));
}

struct nfc_reader *emulated_reader(struct emulated *emulated)
{
    return emulated->reader;
}
