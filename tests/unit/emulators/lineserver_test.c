/* SPDX-License-Identifier: Apache-2.0 */

/* A client that goes before its answer is due must not keep the server awake. */
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emulators/lineserver/lineserver.h"
#include "tests/unit/test.h"

enum { DELAY_MS = 60000, QUIET_MS = 200, STEPS = 20 };

static int lines;

static struct line_answer answer_late(void *context, char *line)
{
    (void)context;
    (void)line;
    lines += 1;
    return (struct line_answer){.text = line_text("late"), .delay_ms = DELAY_MS};
}

static bool is_readable(const struct line_server *server, int wait_ms)
{
    struct pollfd fd = {.fd = line_server_fd(server), .events = POLLIN};
    return poll(&fd, 1, wait_ms) > 0;
}

TEST(a_client_that_goes_before_its_answer_is_forgotten)
{
    char folder[] = "/tmp/shilling-lines-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
    struct line_server *server = line_server_open(address.sun_path, answer_late, NULL);
    CHECK(server != NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(write(fd, "hello\n", 6) == 6);
    for (int i = 0; i < STEPS && lines == 0; i++) {
        CHECK(is_readable(server, QUIET_MS));
        line_server_turn(server);
    }
    CHECK_EQ_I64(lines, 1);
    (void)close(fd);
    for (int i = 0; i < STEPS && is_readable(server, QUIET_MS); i++) {
        line_server_turn(server);
    }
    bool awake = is_readable(server, QUIET_MS);
    line_server_close(server);
    (void)rmdir(folder);
    CHECK(!awake);
}

TEST_MAIN()
