/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: plain fork and exec, a pty opened like a serial port, and a third way of writing the
 * same frames, so that no code is tested against itself.
 */
#include "tests/unit/emulators/rig.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { REPLY_WAIT_MS = 3000, SILENCE_MS = 400, CHILDREN_MAX = 64 };

/* Children still running, for the end of a failed test. */
static pid_t children[CHILDREN_MAX];

static void children_kill(void)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (children[i] > 0) {
            (void)kill(children[i], SIGKILL);
        }
    }
}

static void child_note(pid_t pid, pid_t instead)
{
    static bool registered;
    if (!registered) {
        registered = atexit(children_kill) == 0;
    }
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (children[i] == instead) {
            children[i] = pid;
            return;
        }
    }
}

int64_t rig_now_us(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void path_of(const struct rig *rig, const char *name, char *ret_path, size_t size)
{
    (void)snprintf(ret_path, size, "%s/%s", rig->dir, name);
}

/* Start a program and wait for its line "ready"; 0 on failure. */
static pid_t spawn_ready(char *const argv[])
{
    int out[2];
    char line[256];
    if (pipe2(out, O_CLOEXEC) != 0) {
        return 0;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    (void)close(out[1]);
    child_note(pid, 0);
    ssize_t got = read(out[0], line, sizeof(line) - 1);
    (void)close(out[0]);
    if (got > 5 && strncmp(line, "ready", 5) == 0) {
        return pid;
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    child_note(0, pid);
    return 0;
}

static int socket_open(const struct rig *rig, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    path_of(rig, name, address.sun_path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

bool rig_tty_open(struct rig *rig, uint32_t baud)
{
    char path[RIG_PATH_MAX + 32];
    struct termios settings = {0};
    const speed_t speed = baud == 2400 ? B2400 : baud == 9600 ? B9600 : B115200;
    if (rig->tty >= 0) {
        (void)close(rig->tty);
    }
    path_of(rig, "line", path, sizeof(path));
    rig->tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (rig->tty < 0 || tcgetattr(rig->tty, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    (void)cfsetspeed(&settings, speed);
    return tcsetattr(rig->tty, TCSANOW, &settings) == 0 && tcflush(rig->tty, TCIOFLUSH) == 0;
}

bool rig_bus_start(struct rig *rig, uint32_t baud)
{
    char config[RIG_PATH_MAX + 32];
    char state[RIG_PATH_MAX + 32];
    char control[RIG_PATH_MAX + 32];
    char line[RIG_PATH_MAX + 32];
    char program[] = RIG_METERBUS;
    char flags[4][16] = {"--config", "--state", "--control", "--link"};
    path_of(rig, "bus.cfg", config, sizeof(config));
    path_of(rig, "state", state, sizeof(state));
    path_of(rig, "control", control, sizeof(control));
    path_of(rig, "line", line, sizeof(line));
    char *const argv[] = {program,  flags[0], config,   flags[1], state,
                          flags[2], control,  flags[3], line,     NULL};
    rig->bus_pid = spawn_ready(argv);
    if (rig->bus_pid == 0) {
        return false;
    }
    rig->control = socket_open(rig, "control");
    return rig->control >= 0 && rig_tty_open(rig, baud);
}

static bool folder_make(struct rig *rig, const char *config)
{
    char path[RIG_PATH_MAX + 32];
    memset(rig, 0, sizeof(*rig));
    rig->tty = -1;
    rig->control = -1;
    rig->esam = -1;
    (void)snprintf(rig->dir, sizeof(rig->dir), "/tmp/shilling-rig-XXXXXX");
    if (mkdtemp(rig->dir) == NULL) {
        return false;
    }
    path_of(rig, "bus.cfg", path, sizeof(path));
    FILE *file = fopen(path, "we");
    bool ok = file != NULL && fputs(config, file) >= 0;
    return file != NULL && fclose(file) == 0 && ok;
}

bool rig_start(struct rig *rig, const char *config, uint32_t baud)
{
    return folder_make(rig, config) && rig_bus_start(rig, baud);
}

bool rig_refuses(struct rig *rig, const char *config)
{
    char path[RIG_PATH_MAX + 32];
    char program[] = RIG_METERBUS;
    char flag[] = "--config";
    char *const argv[] = {program, flag, path, NULL};
    int err[2];
    int status = 0;
    if (!folder_make(rig, config) || pipe2(err, O_CLOEXEC) != 0) {
        return false;
    }
    path_of(rig, "bus.cfg", path, sizeof(path));
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(err[1], STDERR_FILENO);
        (void)execv(program, argv);
        _exit(127);
    }
    (void)close(err[1]);
    child_note(pid, 0);
    ssize_t got = read(err[0], rig->answer, sizeof(rig->answer) - 1);
    rig->answer[got > 0 ? got : 0] = '\0';
    (void)close(err[0]);
    (void)waitpid(pid, &status, 0);
    child_note(0, pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

static void fd_drop(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

int rig_bus_stop(struct rig *rig, int signal_number)
{
    int status = 0;
    if (rig->bus_pid > 0) {
        (void)kill(rig->bus_pid, signal_number);
        (void)waitpid(rig->bus_pid, &status, 0);
        child_note(0, rig->bus_pid);
    }
    rig->bus_pid = 0;
    fd_drop(&rig->control);
    fd_drop(&rig->tty);
    return status;
}

bool rig_bus_was_killed(struct rig *rig)
{
    int status = 0;
    for (int i = 0; i < 500; i++) {
        if (waitpid(rig->bus_pid, &status, WNOHANG) == rig->bus_pid) {
            child_note(0, rig->bus_pid);
            rig->bus_pid = 0;
            fd_drop(&rig->control);
            fd_drop(&rig->tty);
            return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        }
        (void)poll(NULL, 0, 10);
    }
    return false;
}

bool rig_esam_start(struct rig *rig)
{
    char socket_path[RIG_PATH_MAX + 32];
    char control_path[RIG_PATH_MAX + 32];
    char program[] = RIG_ESAM;
    char flags[2][16] = {"--socket", "--control"};
    path_of(rig, "esam", socket_path, sizeof(socket_path));
    path_of(rig, "esam-control", control_path, sizeof(control_path));
    char *const argv[] = {program, flags[0], socket_path, flags[1], control_path, NULL};
    rig->esam_pid = spawn_ready(argv);
    rig->esam = rig->esam_pid == 0 ? -1 : socket_open(rig, "esam");
    return rig->esam >= 0;
}

void rig_finish(struct rig *rig)
{
    char command[] = "/bin/rm";
    char flag[] = "-rf";
    char *const argv[] = {command, flag, rig->dir, NULL};
    (void)rig_bus_stop(rig, SIGTERM);
    fd_drop(&rig->esam);
    if (rig->esam_pid > 0) {
        (void)kill(rig->esam_pid, SIGTERM);
        (void)waitpid(rig->esam_pid, NULL, 0);
        child_note(0, rig->esam_pid);
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)execv(command, argv);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
}

PRINTF_LIKE(3, 0)
static const char *line_exchange(struct rig *rig, int fd, const char *format, va_list values)
{
    char line[1024];
    int size = vsnprintf(line, sizeof(line) - 1, format, values);
    size_t have = 0;
    rig->answer[0] = '\0';
    line[size] = '\n';
    if (fd < 0 || send(fd, line, (size_t)size + 1, MSG_NOSIGNAL) != size + 1) {
        return rig->answer;
    }
    while (have + 1 < sizeof(rig->answer)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&wait, 1, 10000) == 1
                          ? read(fd, rig->answer + have, sizeof(rig->answer) - 1 - have)
                          : 0;
        have += got > 0 ? (size_t)got : 0;
        if (got <= 0 || rig->answer[have - 1] == '\n') {
            break;
        }
    }
    have -= have > 0 && rig->answer[have - 1] == '\n' ? 1 : 0;
    rig->answer[have] = '\0';
    return rig->answer;
}

const char *rig_tell(struct rig *rig, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const char *answer = line_exchange(rig, rig->control, format, values);
    va_end(values);
    return answer;
}

void rig_say(struct rig *rig, const char *text)
{
    ssize_t done = send(rig->control, text, strlen(text), MSG_NOSIGNAL);
    (void)done;
}

const char *rig_ask_esam(struct rig *rig, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const char *answer = line_exchange(rig, rig->esam, format, values);
    va_end(values);
    return answer;
}

static const char *member_find(const struct rig *rig, const char *name)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", name);
    const char *at = strstr(rig->answer, quoted);
    return at == NULL ? NULL : at + strlen(quoted);
}

int64_t rig_number(const struct rig *rig, const char *name)
{
    const char *at = member_find(rig, name);
    return at == NULL ? INT64_MIN : strtoll(at, NULL, 10);
}

bool rig_hex(const struct rig *rig, const char *name, uint8_t *ret_bytes, size_t size)
{
    const char *at = member_find(rig, name);
    if (at == NULL || *at != '"' || strlen(at) < 2 * size + 2 || at[2 * size + 1] != '"') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {at[1 + 2 * i], at[2 + 2 * i], '\0'};
        ret_bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

bool rig_said(const struct rig *rig, const char *text)
{
    return strstr(rig->answer, text) != NULL;
}

void rig_put(uint8_t *ret_bytes, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

size_t rig_frame_make(const char *address, uint8_t control, const uint8_t *data, size_t size,
                      uint8_t *ret_bytes)
{
    uint8_t *p = ret_bytes;
    unsigned int sum = 0;
    memset(p, 0xFE, 4);
    p += 4;
    *p++ = 0x68;
    for (int i = 5; i >= 0; i--) {
        char pair[3] = {address[2 * i], address[2 * i + 1], '\0'};
        *p++ = (uint8_t)strtoul(pair, NULL, 16);
    }
    *p++ = 0x68;
    *p++ = control;
    *p++ = (uint8_t)size;
    for (size_t i = 0; i < size; i++) {
        *p++ = (uint8_t)(data[i] + 0x33);
    }
    for (const uint8_t *q = ret_bytes + 4; q < p; q++) {
        sum += *q;
    }
    *p++ = (uint8_t)sum;
    *p++ = 0x16;
    return (size_t)(p - ret_bytes);
}

void rig_write(struct rig *rig, const uint8_t *bytes, size_t size)
{
    ssize_t done = write(rig->tty, bytes, size);
    (void)done;
}

size_t rig_read(struct rig *rig, int wait_ms, int silence_ms, uint8_t *ret_bytes, size_t size)
{
    size_t have = 0;
    while (have < size) {
        struct pollfd wait = {.fd = rig->tty, .events = POLLIN};
        if (poll(&wait, 1, have == 0 ? wait_ms : silence_ms) != 1) {
            break;
        }
        ssize_t got = read(rig->tty, ret_bytes + have, size - have);
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    return have;
}

static bool frame_at(const uint8_t *p, size_t size, struct rig_frame *ret_frame)
{
    unsigned int sum = 0;
    if (size < 12 || p[0] != 0x68 || p[7] != 0x68 || size < 12U + p[9]) {
        return false;
    }
    size_t length = p[9];
    for (size_t i = 0; i < 10 + length; i++) {
        sum += p[i];
    }
    if (p[10 + length] != (uint8_t)sum || p[11 + length] != 0x16) {
        return false;
    }
    memcpy(ret_frame->address, p + 1, 6);
    ret_frame->control = p[8];
    ret_frame->size = length;
    for (size_t i = 0; i < length; i++) {
        ret_frame->data[i] = (uint8_t)(p[10 + i] - 0x33);
    }
    return true;
}

bool rig_frame_find(const uint8_t *bytes, size_t size, struct rig_frame *ret_frame)
{
    for (size_t i = 0; i < size; i++) {
        if (frame_at(bytes + i, size - i, ret_frame)) {
            return true;
        }
    }
    return false;
}

bool rig_ask(struct rig *rig, const char *address, uint8_t control, const uint8_t *data,
             size_t size, struct rig_frame *ret_frame)
{
    uint8_t bytes[RIG_BYTES_MAX];
    rig_write(rig, bytes, rig_frame_make(address, control, data, size, bytes));
    size_t have = 0;
    int64_t end_us = rig_now_us() + (int64_t)REPLY_WAIT_MS * 1000;
    while (have < sizeof(bytes) && rig_now_us() < end_us) {
        struct pollfd wait = {.fd = rig->tty, .events = POLLIN};
        ssize_t got =
            poll(&wait, 1, 100) == 1 ? read(rig->tty, bytes + have, sizeof(bytes) - have) : 0;
        have += got > 0 ? (size_t)got : 0;
        if (rig_frame_find(bytes, have, ret_frame)) {
            return true;
        }
    }
    return false;
}

bool rig_silent(struct rig *rig, const char *address, uint8_t control, const uint8_t *data,
                size_t size)
{
    uint8_t bytes[RIG_BYTES_MAX];
    rig_write(rig, bytes, rig_frame_make(address, control, data, size, bytes));
    return rig_read(rig, SILENCE_MS, SILENCE_MS, bytes, sizeof(bytes)) == 0;
}

bool rig_read_di(struct rig *rig, const char *address, uint32_t di, struct rig_frame *ret_frame)
{
    uint8_t data[4];
    rig_put(data, sizeof(data), di);
    return rig_ask(rig, address, 0x11, data, sizeof(data), ret_frame);
}

int64_t rig_bcd(const struct rig_frame *frame, size_t size)
{
    int64_t value = 0;
    if (frame->control != 0x91 || frame->size < 4 + size) {
        return -1;
    }
    for (size_t i = size; i > 0; i--) {
        uint8_t byte = frame->data[4 + i - 1];
        value = value * 100 + (byte >> 4) * 10 + (byte & 0x0F);
    }
    return value;
}

int64_t rig_read_bcd(struct rig *rig, const char *address, uint32_t di, size_t size)
{
    struct rig_frame reply = {.size = 0};
    return rig_read_di(rig, address, di, &reply) ? rig_bcd(&reply, size) : -1;
}
