/* SPDX-License-Identifier: Apache-2.0 */

/* Files that are replaced whole or not at all, and a monitor that waits as long as it was told. */

#include <signal.h>
#include <stdatomic.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/clock/clock_system.h"
#include "drivers/disk/disk.h"
#include "drivers/thread/monitor.h"
#include "tests/unit/test.h"

enum { PATH_SIZE = 256 };

static char folder[PATH_SIZE];

static const char *path_of(const char *name)
{
    static char path[PATH_SIZE + 32];
    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof(folder), "/tmp/shilling-disk-XXXXXX");
        if (mkdtemp(folder) == NULL) {
            abort();
        }
    }
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static bool holds(const char *name, const char *wanted)
{
    char *text = NULL;
    size_t size = 0;
    bool same = disk_read_file(path_of(name), 1000, &text, &size) == OK && size == strlen(wanted) &&
                strcmp(text, wanted) == 0;
    free(text);
    return same;
}

static unsigned mode_of(const char *name)
{
    struct stat status = {0};
    return stat(path_of(name), &status) == 0 ? (unsigned)status.st_mode & 0777U : 0;
}

TEST(a_file_is_replaced_whole_and_with_its_rights)
{
    CHECK_EQ_I64(disk_write_file(path_of("a"), "first", 5, 0644), OK);
    CHECK(holds("a", "first"));
    mode_t mask = umask(0077);
    enum err err = disk_write_file(path_of("a"), "second", 6, 0640);
    (void)umask(mask);
    CHECK_EQ_I64(err, OK);
    CHECK(holds("a", "second"));
    CHECK_EQ_U64(mode_of("a"), 0640);
    CHECK_EQ_I64(disk_write_file(path_of("none/a"), "x", 1, 0600), ERR_NOT_FOUND);
    (void)unlink(path_of("a"));
}

static int write_beyond_limit(void)
{
    struct rlimit limit = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
    char big[1000];
    memset(big, 'x', sizeof(big));
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 1;
    }
    enum err err = disk_write_file(path_of("b"), big, sizeof(big), 0600);
    limit.rlim_cur = RLIM_INFINITY;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    return err == ERR_FULL && access(path_of("b.new"), F_OK) != 0 ? 0 : 2;
}

TEST(a_full_disk_leaves_the_old_file)
{
    CHECK_EQ_I64(disk_write_file(path_of("b"), "old", 3, 0600), OK);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(write_beyond_limit());
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ_I64(WEXITSTATUS(status), 0);
    CHECK(holds("b", "old"));
    (void)unlink(path_of("b"));
}

TEST(a_file_that_the_disk_gives_or_none)
{
    const char *path = path_of("given");
    CHECK_EQ_I64(disk_write_file(path, "text", 4, 0600), OK);
    CHECK(disk_can_be_read(path));
    CHECK(disk_can_be_read(path_of("none")));
    CHECK(!disk_can_be_read("/proc/self/mem")); /* address 0 gives EIO */
}

TEST(reading_has_a_limit)
{
    char *text = NULL;
    size_t size = 0;
    CHECK_EQ_I64(disk_write_file(path_of("c"), "0123456789", 10, 0600), OK);
    CHECK_EQ_I64(disk_read_file(path_of("c"), 9, &text, &size), ERR_FULL);
    CHECK_EQ_I64(disk_read_file(path_of("c"), 10, &text, &size), OK);
    CHECK_EQ_U64(size, 10);
    CHECK_EQ_STR(text, "0123456789");
    free(text);
    CHECK_EQ_I64(disk_read_file(path_of("none"), 10, &text, &size), ERR_NOT_FOUND);
    CHECK_EQ_I64(disk_read_file(folder, 10, &text, &size), ERR_IO);
    (void)unlink(path_of("c"));
    (void)rmdir(folder);
}

TEST(free_space_and_kind_of_disk)
{
    uint64_t bytes = 0;
    CHECK_EQ_I64(disk_free_bytes("/", &bytes), OK);
    CHECK(bytes > 0);
    CHECK_EQ_I64(disk_free_bytes("/no/such/place", &bytes), ERR_NOT_FOUND);
    CHECK(!disk_is_network("/proc"));
    CHECK(!disk_is_network("/no/such/place"));
}

struct waiter {
    struct monitor monitor;
    atomic_bool done;
};

static void *finish_soon(void *arg)
{
    struct waiter *waiter = arg;
    clock_system_wait_ms(50);
    monitor_enter(&waiter->monitor);
    atomic_store(&waiter->done, true);
    monitor_notify(&waiter->monitor);
    monitor_leave(&waiter->monitor);
    return NULL;
}

TEST(a_monitor_waits_and_is_woken)
{
    static struct waiter waiter;
    pthread_t thread;
    monitor_init(&waiter.monitor);
    int64_t begun_ns = clock_system_mono_ns();
    monitor_enter(&waiter.monitor);
    bool in_time = true;
    while (in_time) {
        in_time = monitor_wait_ms(&waiter.monitor, 60);
    }
    int64_t waited_ms = (clock_system_mono_ns() - begun_ns) / 1000000;
    bool started = pthread_create(&thread, NULL, finish_soon, &waiter) == 0;
    bool woken = true;
    while (started && !atomic_load(&waiter.done) && woken) {
        woken = monitor_wait_ms(&waiter.monitor, 5000);
    }
    monitor_leave(&waiter.monitor);
    (void)pthread_join(thread, NULL);
    monitor_finish(&waiter.monitor);
    CHECK(waited_ms >= 60);
    CHECK(started && woken && waiter.done);
}

TEST_MAIN()
