/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/printer/rig.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/compiler.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { PATH_SIZE = 2 * FOLDER_SIZE, START_MS = 10000, ARGUMENTS_MAX = 24 };

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void path_of(const struct rig *rig, const char *name, char ret_path[PATH_SIZE])
{
    bool fits = str_format(ret_path, PATH_SIZE, "%s/%s", rig->folder, name);
    MUST(fits);
}

/* A test that fails leaves its processes behind: they end with the program. */
static pid_t running[2];

static void end_running(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(running); i++) {
        if (running[i] > 0) {
            (void)kill(running[i], SIGKILL);
        }
    }
}

static void note_running(const struct rig *rig)
{
    static bool registered;
    running[0] = rig->printer;
    running[1] = rig->printd;
    if (!registered) {
        int failed = atexit(end_running);
        MUST(failed == 0);
        registered = true;
    }
}

static pid_t spawn(const char *program, const char *const *arguments, int out_fd)
{
    union {
        const char *const *read_only;
        char *const *as_spawn_wants; /* POSIX lacks a const; nothing is written */
    } argv = {.read_only = arguments};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    int code = posix_spawn_file_actions_init(&actions);
    MUST(code == 0);
    if (out_fd >= 0) {
        code = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
        MUST(code == 0);
    }
    code = posix_spawn(&pid, program, &actions, NULL, argv.as_spawn_wants, environ);
    MUST(code == 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void end_process(pid_t *pid, int signal_number)
{
    if (*pid > 0) {
        (void)kill(*pid, signal_number);
        (void)waitpid(*pid, NULL, 0);
    }
    *pid = -1;
}

static int connect_to(const char *path, int ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool fits = str_copy(address.sun_path, sizeof(address.sun_path), path);
    MUST(fits);
    for (int64_t until = now_ms() + ms; now_ms() < until; (void)usleep(10000)) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        MUST(fd >= 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
            return fd;
        }
        (void)close(fd);
    }
    return -1;
}

static void printer_start(struct rig *rig, const char *const *extra)
{
    char out[PATH_SIZE];
    char control[PATH_SIZE];
    char link[PATH_SIZE];
    path_of(rig, "out", out);
    path_of(rig, "control", control);
    path_of(rig, "link", link);
    const char *arguments[ARGUMENTS_MAX] = {
        RIG_PRINTER,          "--dir", out, "--control", control, rig->pty ? "--pty" : "--port",
        rig->pty ? link : "0"};
    size_t count = 7;
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        MUST(count + 1 < ARGUMENTS_MAX);
        arguments[count++] = extra[i];
    }
    int pipe_fds[2];
    int code = pipe2(pipe_fds, O_CLOEXEC);
    MUST(code == 0);
    rig->printer = spawn(RIG_PRINTER, arguments, pipe_fds[1]);
    (void)close(pipe_fds[1]);
    FILE *ready = fdopen(pipe_fds[0], "r");
    MUST(ready != NULL);
    char line[PATH_SIZE];
    char *got = fgets(line, sizeof(line), ready);
    MUST(got != NULL && str_starts_with(line, "ready "));
    line[strcspn(line, "\n")] = '\0';
    bool fits = str_copy(rig->address, sizeof(rig->address), line + strlen("ready "));
    MUST(fits);
    (void)fclose(ready);
}

static void config_write(const struct rig *rig)
{
    char path[PATH_SIZE];
    path_of(rig, "printd.cfg", path);
    FILE *file = fopen(path, "we");
    MUST(file != NULL);
    (void)fprintf(file,
                  "socket = \"%s/printd\"; state_dir = \"%s/state\";\n"
                  "printer = { proof = \"%s\"; job_timeout_ms = 6000; ",
                  rig->folder, rig->folder, rig->proof);
    if (rig->pty) {
        (void)fprintf(file, "transport = \"device\"; device = \"%s\"; };\n", rig->address);
    } else {
        (void)fprintf(file, "transport = \"tcp\"; address = \"127.0.0.1\"; port = %s; };\n",
                      strchr(rig->address, ':') + 1);
    }
    int failed = fclose(file);
    MUST(failed == 0);
}

void rig_connect(struct rig *rig)
{
    char path[PATH_SIZE];
    path_of(rig, "printd", path);
    if (rig->client >= 0) {
        (void)close(rig->client);
    }
    rig->client = connect_to(path, START_MS);
    MUST(rig->client >= 0);
    rig->in_size = 0;
}

void rig_start_printd(struct rig *rig)
{
    char config[PATH_SIZE];
    path_of(rig, "printd.cfg", config);
    rig->printd = spawn(RIG_PRINTD, (const char *const[]){RIG_PRINTD, "--config", config, NULL},
                        /* out_fd= */ -1);
    note_running(rig);
    rig_connect(rig);
}

void rig_kill_printd(struct rig *rig)
{
    end_process(&rig->printd, SIGKILL);
    note_running(rig);
    (void)close(rig->client);
    rig->client = -1;
}

void rig_start(struct rig *rig, bool pty, const char *proof, const char *const *extra)
{
    char path[PATH_SIZE];
    end_running(); /* of a test that failed */
    memset(rig, 0, sizeof(*rig));
    rig->client = -1;
    rig->pty = pty;
    rig->proof = proof;
    folder_make(rig->folder);
    path_of(rig, "state", path);
    int failed = mkdir(path, 0700);
    MUST(failed == 0);
    printer_start(rig, extra);
    config_write(rig);
    rig_start_printd(rig);
}

void rig_stop(struct rig *rig)
{
    end_process(&rig->printd, SIGTERM);
    end_process(&rig->printer, SIGTERM);
    note_running(rig);
    if (rig->client >= 0) {
        (void)close(rig->client);
    }
    folder_remove(rig->folder);
}

void rig_control(const struct rig *rig, const char *line, char *ret_answer, size_t size)
{
    char path[PATH_SIZE];
    path_of(rig, "control", path);
    int fd = connect_to(path, START_MS);
    MUST(fd >= 0);
    bool sent = send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) &&
                send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
    MUST(sent);
    size_t got = 0;
    while (got + 1 < size && memchr(ret_answer, '\n', got) == NULL) {
        ssize_t count = recv(fd, ret_answer + got, size - 1 - got, 0);
        MUST(count > 0);
        got += (size_t)count;
    }
    ret_answer[got] = '\0';
    (void)close(fd);
    MUST(str_starts_with(ret_answer, "ok"));
}

void rig_print(struct rig *rig, const char *job_id, bool with_code)
{
    static char line[PRINTJOB_LINE_SIZE];
    struct printjob_request request = {.op = PRINTJOB_OP_PRINT};
    bool fits = str_copy(request.job_id, sizeof(request.job_id), job_id);
    MUST(fits);
    request.receipt =
        json_pack("{s:s,s:s,s:i,s:i,s:s,s:s}", "kind", "credited", "order_no", "SH1", "time",
                  1795158228, "amount_fen", 5000, "merchant", "翠湖花园", "status_url",
                  with_code ? "https://pay.example.cn/r/7Qk2mZp0aVt9" : "");
    MUST(request.receipt != NULL);
    bool encoded = printjob_request_encode(&request, line, sizeof(line));
    MUST(encoded);
    json_decref(request.receipt);
    bool sent = send(rig->client, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line);
    MUST(sent);
}

/* The next line of printd; false after @p until_ms, or when it hung up. */
static bool next_answer(struct rig *rig, struct printjob_answer *ret_answer, int64_t until_ms)
{
    for (;;) {
        char *end = memchr(rig->in, '\n', rig->in_size);
        if (end != NULL) {
            const char *field = NULL;
            size_t size = (size_t)(end - rig->in);
            bool decoded = printjob_answer_decode(rig->in, size, ret_answer, &field);
            MUST(decoded);
            rig->in_size -= size + 1;
            memmove(rig->in, end + 1, rig->in_size);
            return true;
        }
        struct pollfd fd = {.fd = rig->client, .events = POLLIN};
        int64_t left = until_ms - now_ms();
        if (left <= 0 || poll(&fd, 1, (int)left) <= 0) {
            return false;
        }
        ssize_t got = recv(rig->client, rig->in + rig->in_size, sizeof(rig->in) - rig->in_size, 0);
        if (got <= 0) {
            return false;
        }
        rig->in_size += (size_t)got;
    }
}

bool rig_verdict(struct rig *rig, struct printjob_answer *ret_answer, int ms)
{
    int64_t until_ms = now_ms() + ms;
    struct printjob_answer answer;
    while (next_answer(rig, &answer, until_ms)) {
        if (!answer.is_device && answer.state != PRINTJOB_QUEUED) {
            *ret_answer = answer;
            return true;
        }
    }
    return false;
}

bool rig_device(struct rig *rig, enum printjob_device device, int ms)
{
    static const char ask[] = "{\"op\":\"status\"}\n";
    int64_t until_ms = now_ms() + ms;
    struct printjob_answer answer;
    while (next_answer(rig, &answer, now_ms() + 2)) {
        /* what was told before is old */
    }
    if (send(rig->client, ask, strlen(ask), MSG_NOSIGNAL) != (ssize_t)strlen(ask)) {
        return false;
    }
    while (next_answer(rig, &answer, until_ms)) {
        if (answer.is_device && answer.device == device) {
            return true;
        }
    }
    return false;
}

long rig_state_number(const struct rig *rig, const char *name)
{
    char answer[1024];
    char wanted[64];
    rig_control(rig, "state", answer, sizeof(answer));
    bool fits = str_format(wanted, sizeof(wanted), "\"%s\":", name);
    MUST(fits);
    const char *at = strstr(answer, wanted);
    MUST(at != NULL);
    return strtol(at + strlen(wanted), NULL, 10);
}

size_t rig_on_paper(const struct rig *rig, const char *text)
{
    size_t found = 0;
    for (int i = 1;; i++) {
        char path[PATH_SIZE];
        char name[32];
        bool fits = str_format(name, sizeof(name), "out/paper-%04d.txt", i);
        MUST(fits);
        path_of(rig, name, path);
        FILE *file = fopen(path, "re");
        if (file == NULL) {
            return found;
        }
        char line[1024];
        while (fgets(line, sizeof(line), file) != NULL) {
            found += strstr(line, text) != NULL ? 1 : 0;
        }
        (void)fclose(file);
    }
}
