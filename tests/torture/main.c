/* SPDX-License-Identifier: Apache-2.0 */

/*
 * usage: torture-PART [--all] [FLOW...] [KIND...]
 *        torture-PART --only FLOW KIND N   for a debugger: that one alone, in this process
 * Each flow is run once to count its calls, then once for each call that can fail, in a process of
 * its own; or for a sample of them, others with another SHILLING_SEED. With --all (or SHILLING_ALL
 * set to 1) every call is failed; of more than 5,000 that many, evenly, and the line says how many
 * were left out: another SHILLING_SEED takes others.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/compiler.h"
#include "common/log.h"
#include "common/str.h"
#include "tests/torture/fault.h"
#include "tests/torture/torture.h"

enum {
    PATH_SIZE = 256,
    SAID_SIZE = 4096,
    SAMPLE = 20,
    ALL_MAX = 5000,
    SECONDS_MAX = 60,
    SHOWN_MAX = 10
};

static struct torture_notes *notes; /* shared with the children */
static char scratch[PATH_SIZE];

struct tally {
    long points;
    long passed;
    long failed;
    long refused; /* of the passed: the flow ended with something refused */
    long stopped; /* of the passed: the program said that it stops */
    long known;   /* ended as is known: neither passed nor failed */
    const char *why_known;
};

bool torture_step(struct torture_notes *all, size_t at, bool done)
{
    all->steps[at] = done ? STEP_DONE : STEP_FAILED;
    return done;
}

bool torture_expect(struct torture_notes *all, bool ok, const char *what)
{
    if (!ok && all->broken[0] == '\0') {
        str_format_cut(all->broken, sizeof(all->broken), "%s", what);
    }
    return ok;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void folder_make(const char *name, char ret_path[PATH_SIZE])
{
    str_format_cut(ret_path, PATH_SIZE, "%s/%s", scratch, name);
    folder_remove(ret_path);
    if (mkdir(ret_path, 0700) != 0) {
        perror(ret_path);
        exit(2);
    }
}

static void file_copy(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t size = 1;
    while (in >= 0 && out >= 0 && size > 0) {
        size = copy_file_range(in, NULL, out, NULL, 1 << 24, 0);
    }
    if (in < 0 || out < 0 || size < 0 || close(in) != 0 || close(out) != 0) {
        perror(to);
        exit(2);
    }
}

/* A new folder for one run, with what the flow has made. */
static void folder_fill(char ret_path[PATH_SIZE])
{
    char from[2 * PATH_SIZE];
    char to[2 * PATH_SIZE];
    folder_make("flow", ret_path);
    str_format_cut(from, sizeof(from), "%s/made", scratch);
    DIR *made = opendir(from);
    for (struct dirent *entry = made != NULL ? readdir(made) : NULL; entry != NULL;
         entry = readdir(made)) {
        if (entry->d_type == DT_REG) {
            str_format_cut(from, sizeof(from), "%s/made/%s", scratch, entry->d_name);
            str_format_cut(to, sizeof(to), "%s/%s", ret_path, entry->d_name);
            file_copy(from, to);
        }
    }
    if (made != NULL) {
        (void)closedir(made);
    }
}

/* What the last child wrote to its standard error. */
static void said_read(char ret_said[SAID_SIZE])
{
    char path[PATH_SIZE];
    str_format_cut(path, sizeof(path), "%s/said", scratch);
    FILE *file = fopen(path, "re");
    size_t size = file != NULL ? fread(ret_said, 1, SAID_SIZE - 1, file) : 0;
    ret_said[size] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
}

static void said_begin(void)
{
    char path[PATH_SIZE];
    const struct rlimit no_core = {0, 0};
    str_format_cut(path, sizeof(path), "%s/said", scratch);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || setrlimit(RLIMIT_CORE, &no_core) != 0) {
        _exit(2);
    }
    log_init("torture", LOG_LEVEL_WARN);
    (void)alarm(SECONDS_MAX);
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* Run the flow with the fault; its status as waitpid() tells it. */
static int run_child(const struct torture_flow *flow, enum fault_kind kind, long nth,
                     const char *dir)
{
    *notes = (struct torture_notes){0};
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        said_begin();
        if (flow->prepare != NULL && !flow->prepare(dir)) {
            _exit(2);
        }
        fault_arm(kind, nth);
        flow->run(notes, dir);
        notes->numbers[7] = (uint32_t)fault_disarm();
        (void)torture_expect(notes, !fault_leaks(), "memory is lost");
        _exit(0);
    }
    return wait_for(child);
}

static int look_child(const struct torture_flow *flow, const char *dir)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        said_begin();
        _exit(flow->look == NULL || flow->look(notes, dir) ? 0 : 1);
    }
    return wait_for(child);
}

/* What the runs begin with, made in a process of its own. */
static bool make(const struct torture_flow *flow)
{
    char dir[PATH_SIZE];
    folder_make("made", dir);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        said_begin();
        _exit(flow->make == NULL || flow->make(dir) ? 0 : 1);
    }
    int status = wait_for(child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool was_refused(void)
{
    return memchr(notes->steps, STEP_FAILED, sizeof(notes->steps)) != NULL;
}

static void show(const struct torture_flow *flow, enum fault_kind kind, long nth, const char *what,
                 int status)
{
    char said[SAID_SIZE];
    said_read(said);
    (void)printf("not ok: %s, %s %ld: %s", flow->name, fault_kind_name(kind), nth, what);
    if (WIFSIGNALED(status)) {
        (void)printf(", signal %d", WTERMSIG(status));
    }
    (void)printf(": %s %.600s\n", notes->broken, said);
}

/* Why a process may have ended without a word of ours; NULL: it may not. */
static const char *known_of(const struct torture_flow *flow, const char *said)
{
    const bool in_sanitizer = strstr(said, "pthread_getattr_np") != NULL;
    return in_sanitizer ? "a sanitizer begins no thread without memory" : flow->known;
}

/* One point: run, then look. */
static void point(const struct torture_flow *flow, enum fault_kind kind, long nth,
                  struct tally *tally)
{
    char dir[PATH_SIZE];
    char said[SAID_SIZE];
    folder_fill(dir);
    int status = run_child(flow, kind, nth, dir);
    said_read(said);
    bool stopped = kind == FAULT_ALLOC && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
                   strstr(said, "memory was out") != NULL;
    bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool good = (ended || stopped) && notes->broken[0] == '\0';
    const char *what = "run";
    if (good) {
        status = look_child(flow, dir);
        good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && notes->broken[0] == '\0';
        what = "looked at afterwards";
    }
    tally->points += 1;
    const char *known = known_of(flow, said);
    if (!ended && !stopped && known != NULL && notes->broken[0] == '\0') {
        tally->known += 1;
        tally->why_known = known;
        return;
    }
    tally->passed += good ? 1 : 0;
    tally->failed += good ? 0 : 1;
    tally->stopped += good && stopped ? 1 : 0;
    tally->refused += good && !stopped && was_refused() ? 1 : 0;
    if (!good && tally->failed <= SHOWN_MAX) {
        show(flow, kind, nth, what, status);
    }
}

/* All calls of a kind that the flow makes when nothing fails; it must then end well. */
static long count_calls(const struct torture_flow *flow, enum fault_kind kind, struct tally *tally)
{
    char dir[PATH_SIZE];
    folder_fill(dir);
    int status = run_child(flow, kind, 0, dir);
    bool good =
        WIFEXITED(status) && WEXITSTATUS(status) == 0 && notes->broken[0] == '\0' && !was_refused();
    long count = (long)notes->numbers[7];
    if (good) {
        status = look_child(flow, dir);
        good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    if (!good) {
        tally->failed += 1;
        show(flow, kind, 0, "without a fault", status);
    }
    return count;
}

static void torture(const struct torture_flow *flow, enum fault_kind kind, bool all, long seed,
                    struct tally *sum)
{
    struct tally tally = {0};
    long count = count_calls(flow, kind, &tally);
    long most = all ? ALL_MAX : flow->sample > 0 ? flow->sample : SAMPLE;
    long step = count <= most ? 1 : (count + most - 1) / most;
    for (long nth = 1 + (step > 1 ? seed % step : 0); nth <= count; nth += step) {
        point(flow, kind, nth, &tally);
    }
    (void)printf("%-18s %-7s %6ld calls %6ld failed: %ld refused, %ld stopped, %ld wrong",
                 flow->name, fault_kind_name(kind), count, tally.points, tally.refused,
                 tally.stopped, tally.failed);
    if (all && tally.points < count) {
        (void)printf("; %ld left out", count - tally.points);
    }
    (void)(tally.known > 0 ? printf("; %ld known: %s\n", tally.known, tally.why_known)
                           : printf("\n"));
    sum->passed += tally.passed;
    sum->failed += tally.failed;
}

static bool is_kind(const char *word)
{
    bool found = false;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++) {
        found = found || str_equal(word, fault_kind_name((enum fault_kind)kind));
    }
    return found;
}

/* Of the flows, and of the kinds: those that are named, or all if none is. */
static bool is_wanted(const char *name, int argc, char **argv)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        any = any || (argv[i][0] != '-' && is_kind(argv[i]) == is_kind(name));
        if (str_equal(argv[i], name)) {
            return true;
        }
    }
    return !any;
}

/* One point without a second process, for a debugger. */
static int only(const char *name, const char *kind, long nth)
{
    char dir[PATH_SIZE];
    for (const struct torture_flow *const *flow = torture_flows; *flow != NULL; flow++) {
        for (int i = 0; str_equal((*flow)->name, name) && i < FAULT_KIND_COUNT; i++) {
            if (str_equal(fault_kind_name((enum fault_kind)i), kind) && make(*flow)) {
                folder_fill(dir);
                if ((*flow)->prepare != NULL && !(*flow)->prepare(dir)) {
                    return 2;
                }
                fault_arm((enum fault_kind)i, nth);
                (*flow)->run(notes, dir);
                (void)fault_disarm();
                (void)printf("%s\n", notes->broken);
            }
        }
    }
    folder_remove(scratch);
    return 0;
}

int main(int argc, char **argv)
{
    const char *all_text = getenv("SHILLING_ALL");
    const char *seed_text = getenv("SHILLING_SEED");
    bool all =
        (all_text != NULL && all_text[0] == '1') || (argc > 1 && str_equal(argv[1], "--all"));
    long seed = seed_text != NULL ? strtol(seed_text, NULL, 10) : 1;
    struct tally sum = {0};
    str_format_cut(scratch, sizeof(scratch), "%s/shilling-torture-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (notes == MAP_FAILED || mkdtemp(scratch) == NULL) {
        perror("torture");
        return 2;
    }
    if (argc == 5 && str_equal(argv[1], "--only")) {
        return only(argv[2], argv[3], strtol(argv[4], NULL, 10));
    }
    for (const struct torture_flow *const *flow = torture_flows; *flow != NULL; flow++) {
        if (!is_wanted((*flow)->name, argc, argv)) {
            continue;
        }
        if (!make(*flow)) {
            (void)printf("not ok: %s cannot be made\n", (*flow)->name);
            sum.failed += 1;
            continue;
        }
        int kinds = (*flow)->has_files ? FAULT_KIND_COUNT : FAULT_EIO;
        for (int kind = 0; kind < kinds; kind++) {
            if (is_wanted(fault_kind_name((enum fault_kind)kind), argc, argv)) {
                torture(*flow, (enum fault_kind)kind, all, seed, &sum);
            }
        }
    }
    folder_remove(scratch);
    (void)printf("%ld passed, %ld failed\n", sum.passed, sum.failed);
    return sum.failed == 0 && sum.passed > 0 ? 0 : 1;
}
