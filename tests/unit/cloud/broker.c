/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/broker.h"

#include <signal.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/clock/clock_system.h"

enum { WAIT_MS = 10000, STEP_MS = 10 };

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

bool broker_start(struct broker *broker)
{
    char text[8];
    broker->port = broker->port != 0 ? broker->port : free_port();
    (void)snprintf(text, sizeof(text), "%u", (unsigned)broker->port);
    (void)fflush(stdout);
    broker->pid = fork();
    if (broker->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null_fd, STDOUT_FILENO);
        (void)dup2(null_fd, STDERR_FILENO);
        (void)execlp("mosquitto", "mosquitto", "-p", text, (char *)NULL);
        (void)execl("/usr/sbin/mosquitto", "mosquitto", "-p", text, (char *)NULL);
        _exit(127);
    }
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        if (port_answers(broker->port)) {
            return true;
        }
        clock_system_wait_ms(STEP_MS);
    }
    return false;
}

void broker_stop(const struct broker *broker)
{
    (void)kill(broker->pid, SIGTERM);
    (void)waitpid(broker->pid, NULL, 0);
}
