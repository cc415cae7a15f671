/* SPDX-License-Identifier: Apache-2.0 */
/* The line to a daemon, whose part is played by the test, on a socket in a folder of its own. */
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kiosk/flow/daemon_line.h"
#include "tests/unit/test.h"

enum { SIZE = 16, WAIT_MS = 5000 };

struct rig {
    char folder[64];
    char path[96];
    int listener;
    int daemon; /* its end of the line */
    struct daemon_line line;
};

static struct rig rig;

static void rig_start(void)
{
    rig = (struct rig){.folder = "/tmp/daemon-line-XXXXXX", .daemon = -1};
    CHECK(mkdtemp(rig.folder) != NULL);
    (void)snprintf(rig.path, sizeof(rig.path), "%s/socket", rig.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, rig.path, strlen(rig.path) + 1);
    rig.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(rig.listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(rig.listener, 1) == 0);
    CHECK(daemon_line_init(&rig.line, rig.path, SIZE));
}

static void rig_connect(void)
{
    int fd = daemon_line_connect(&rig.line);
    CHECK(fd >= 0);
    daemon_line_use(&rig.line, fd);
    rig.daemon = accept(rig.listener, NULL, NULL);
    CHECK(rig.daemon >= 0);
}

static void rig_stop(void)
{
    daemon_line_finish(&rig.line);
    if (rig.daemon >= 0) {
        (void)close(rig.daemon);
    }
    (void)close(rig.listener);
    (void)unlink(rig.path);
    (void)rmdir(rig.folder);
}

static void daemon_says(const char *text)
{
    CHECK_EQ_I64(send(rig.daemon, text, strlen(text), MSG_NOSIGNAL), (int64_t)strlen(text));
    CHECK_EQ_I64(daemon_line_wait(&rig.line, WAIT_MS), DAEMON_LINE_BYTES);
}

static void check_next(const char *wanted)
{
    const char *text = NULL;
    size_t size = 0;
    CHECK(daemon_line_next(&rig.line, &text, &size));
    CHECK_EQ_I64(size, strlen(wanted));
    CHECK(memcmp(text, wanted, size) == 0);
}

static void check_none(void)
{
    const char *text = NULL;
    size_t size = 0;
    CHECK(!daemon_line_next(&rig.line, &text, &size));
}

TEST(lines_come_whole_however_they_are_cut)
{
    rig_start();
    rig_connect();
    daemon_says("one\ntw");
    CHECK(daemon_line_fill(&rig.line));
    check_next("one");
    check_none();
    daemon_says("o\n\nth");
    CHECK(daemon_line_fill(&rig.line));
    check_next("two");
    check_next("");
    check_none();
    daemon_says("ree\n");
    CHECK(daemon_line_fill(&rig.line));
    check_next("three");
    check_none();
    rig_stop();
}

TEST(the_longest_line_fits_and_a_longer_one_is_refused)
{
    rig_start();
    rig_connect();
    daemon_says("123456789012345\n");
    CHECK(daemon_line_fill(&rig.line));
    check_next("123456789012345");
    daemon_says("1234567890123456");
    CHECK(!daemon_line_fill(&rig.line));
    rig_stop();
}

TEST(a_daemon_that_goes_is_noticed_and_its_half_line_forgotten)
{
    rig_start();
    rig_connect();
    daemon_says("half");
    CHECK(daemon_line_fill(&rig.line));
    check_none();
    (void)close(rig.daemon);
    rig.daemon = -1;
    CHECK_EQ_I64(daemon_line_wait(&rig.line, WAIT_MS), DAEMON_LINE_BYTES);
    CHECK(!daemon_line_fill(&rig.line));
    CHECK(!daemon_line_send(&rig.line, "lost\n"));
    daemon_line_close(&rig.line);
    CHECK_EQ_I64(rig.line.fd, -1);
    CHECK(!daemon_line_send(&rig.line, "away\n"));
    rig_connect();
    daemon_says("new\n");
    CHECK(daemon_line_fill(&rig.line));
    check_next("new");
    rig_stop();
}

TEST(what_is_sent_arrives_as_it_is)
{
    rig_start();
    rig_connect();
    char text[SIZE] = "";
    CHECK(daemon_line_send(&rig.line, "hello\n"));
    CHECK_EQ_I64(recv(rig.daemon, text, sizeof(text), 0), 6);
    CHECK(memcmp(text, "hello\n", 6) == 0);
    rig_stop();
}

TEST(a_daemon_that_does_not_read_is_given_up)
{
    enum { CHUNK = 64 * 1024, CHUNKS_MAX = 1024 };
    rig_start();
    rig_connect();
    char *chunk = malloc(CHUNK);
    CHECK(chunk != NULL);
    memset(chunk, 'x', CHUNK - 1);
    chunk[CHUNK - 1] = '\0';
    int sent = 0;
    while (sent < CHUNKS_MAX && daemon_line_send(&rig.line, chunk)) {
        sent += 1;
    }
    free(chunk);
    CHECK(sent > 0);
    CHECK(sent < CHUNKS_MAX);
    rig_stop();
}

TEST(nobody_listens)
{
    rig_start();
    (void)close(rig.listener);
    rig.listener = -1;
    CHECK_EQ_I64(daemon_line_connect(&rig.line), -1);
    CHECK_EQ_I64(daemon_line_wait(&rig.line, 1), DAEMON_LINE_SILENT);
    rig_stop();
}

TEST(a_wake_ends_one_wait_and_bytes_come_first)
{
    rig_start();
    rig_connect();
    daemon_line_wake(&rig.line);
    daemon_line_wake(&rig.line);
    CHECK_EQ_I64(daemon_line_wait(&rig.line, -1), DAEMON_LINE_WOKEN);
    CHECK_EQ_I64(daemon_line_wait(&rig.line, 1), DAEMON_LINE_SILENT);
    daemon_line_wake(&rig.line);
    daemon_says("a\n");
    CHECK(daemon_line_fill(&rig.line));
    CHECK_EQ_I64(daemon_line_wait(&rig.line, 1), DAEMON_LINE_SILENT);
    rig_stop();
}

TEST(a_path_that_is_too_long_is_refused)
{
    char path[256];
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct daemon_line line;
    CHECK(!daemon_line_init(&line, path, SIZE));
    daemon_line_finish(&line);
    daemon_line_finish(&line); /* all zero now */
}

TEST_MAIN()
