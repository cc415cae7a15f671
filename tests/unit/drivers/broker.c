/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drivers/broker.h"

#include <signal.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/clock/clock_system.h"

enum { WAIT_MS = 20000, STEP_MS = 10 };

static bool port_answers(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers_now = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(fd);
    return answers_now;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = bind(fd, (const struct sockaddr *)&address, size) == 0 &&
                 getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    (void)close(fd);
    return bound ? ntohs(address.sin_port) : 0;
}

/* A broker that root starts becomes another user, which would undo PR_SET_PDEATHSIG: it stays. */
static int config_of(uint16_t port)
{
    int fd = memfd_create("mosquitto.conf", MFD_CLOEXEC);
    if (fd >= 0) {
        (void)dprintf(fd, "listener %u 127.0.0.1\nallow_anonymous true\nuser root\n",
                      (unsigned)port);
    }
    return fd;
}

bool broker_start(struct broker *broker)
{
    char path[32];
    broker->port = broker->port != 0 ? broker->port : free_port();
    int config_fd = config_of(broker->port);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", config_fd);
    (void)fflush(stdout);
    broker->pid = fork();
    if (broker->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null_fd, STDOUT_FILENO);
        (void)dup2(null_fd, STDERR_FILENO);
        (void)fcntl(config_fd, F_SETFD, 0); /* it survives the exec */
        (void)execlp("mosquitto", "mosquitto", "-c", path, (char *)NULL);
        (void)execl("/usr/sbin/mosquitto", "mosquitto", "-c", path, (char *)NULL);
        _exit(127);
    }
    (void)close(config_fd);
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        if (port_answers(broker->port)) {
            return true;
        }
        clock_system_wait_ms(STEP_MS);
    }
    return false;
}

static void end(struct broker *broker, int how)
{
    if (broker->pid > 0) {
        (void)kill(broker->pid, how);
        (void)waitpid(broker->pid, NULL, 0);
        broker->pid = 0;
    }
}

void broker_stop(struct broker *broker)
{
    end(broker, SIGTERM);
}

void broker_kill(struct broker *broker)
{
    end(broker, SIGKILL);
}
