/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: the failures are counted outside the worker, so that one that dies of an opening counts
 * too. The program is looked at now and then while it runs, nobody waits for it. It has a group of
 * its own: one that outlives its time is killed with all that it started. A process that the
 * kernel does not let go of even then is left alone until it ends; no other one is run meanwhile.
 */
#include "drivers/cardd/power.h"

#include <errno.h>
#include <signal.h>

#include <sys/wait.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/cardd/spawn.h"
#include "drivers/clock/clock_system.h"

enum { NAP_MS = 10, KILL_MS = 1000, READER_SIZE = SETTINGS_CONNSTRING_SIZE + 32 };

void power_init(struct power *ret_power, const struct settings *settings)
{
    *ret_power = (struct power){.settings = settings, .round = POWER_ROUND};
}

void power_reader_opened(struct power *power)
{
    power->failures = 0;
    power->round = POWER_ROUND;
}

void power_reader_failed(struct power *power)
{
    power->failures += 1;
}

bool power_is_due(const struct power *power)
{
    return power->settings->power_reset[0] != '\0' && power->failures >= power->round &&
           power->pid == 0;
}

/* --- running it ------------------------------------------------------------------------------ */

static const char *trouble_of(int code)
{
    switch (code) {
    case ENOENT:
        return "it is not there, or the program that its first line names is not";
    case EACCES:
        return "this user may not run it";
    case ENOEXEC:
        return "it is no program, and no script that begins with #!";
    default:
        return "the system cannot start it now";
    }
}

static int run(struct power *power)
{
    char program[SETTINGS_PATH_SIZE];
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char reader[READER_SIZE];
    bool fits =
        str_copy(program, sizeof(program), power->settings->power_reset) &&
        str_format(reader, sizeof(reader), "SHILLING_READER=%s", power->settings->connstring);
    MUST(fits);
    char *const argv[] = {program, NULL};
    char *const environment[] = {path, reader, NULL};
    const struct spawn spawn = {
        .argv = argv, .environment = environment, .channel = -1, .own_group = true};
    return spawn_program(&spawn, &power->pid);
}

bool power_begin(struct power *power, int64_t now_ms)
{
    const char *program = power->settings->power_reset;
    log_warn("the reader could not be opened %zu times: running %s to reset its power",
             power->failures, program);
    power->failures = 0;
    power->round = power->round < POWER_ROUND_MAX ? 2 * power->round : power->round;
    power->begun_ms = now_ms;
    power->killed = false;
    int code = run(power);
    if (code != 0) {
        power->pid = 0;
        log_error("%s (reader.power_reset) cannot be run: %s. The reader's power is not reset",
                  program, trouble_of(code));
    }
    return code == 0;
}

bool power_runs(const struct power *power)
{
    return power->pid != 0 && !power->killed;
}

/* --- its end --------------------------------------------------------------------------------- */

static void tell_end(const struct power *power, int status, int64_t took_ms)
{
    const char *program = power->settings->power_reset;
    if (WIFSIGNALED(status)) {
        log_warn("%s was ended by signal %d after %lld ms; opening the reader all the same",
                 program, WTERMSIG(status), (long long)took_ms);
    } else if (WEXITSTATUS(status) != 0) {
        log_warn("%s failed with %d after %lld ms; opening the reader all the same", program,
                 WEXITSTATUS(status), (long long)took_ms);
    } else {
        log_info("%s ended well after %lld ms; opening the reader again", program,
                 (long long)took_ms);
    }
}

/* True if the process is not there any more. */
static bool reap(struct power *power, int *ret_status)
{
    pid_t ended = waitpid(power->pid, ret_status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) {
        return false;
    }
    power->pid = 0;
    return true;
}

bool power_look(struct power *power, int64_t now_ms)
{
    int status = 0;
    if (power->pid == 0) {
        return false;
    }
    bool ran = !power->killed;
    int64_t took_ms = now_ms - power->begun_ms;
    if (reap(power, &status)) {
        if (ran) {
            tell_end(power, status, took_ms);
        }
        return ran; /* otherwise that was told when it was killed */
    }
    if (ran && took_ms >= power->settings->power_reset_ms) {
        (void)kill(-power->pid, SIGKILL);
        power->killed = true;
        log_warn("%s did not end in %lld ms and is killed; opening the reader all the same",
                 power->settings->power_reset, (long long)took_ms);
        return true;
    }
    return false;
}

static void wait_for_end(struct power *power, int64_t wait_ms)
{
    int status = 0;
    for (int64_t waited = 0; power->pid != 0 && waited < wait_ms; waited += NAP_MS) {
        if (!reap(power, &status)) {
            clock_system_wait_ms(NAP_MS);
        }
    }
}

void power_stop(struct power *power, int64_t wait_ms)
{
    wait_for_end(power, wait_ms);
    if (power_runs(power)) {
        (void)kill(-power->pid, SIGKILL);
        log_warn("%s does not end and is killed", power->settings->power_reset);
        wait_for_end(power, KILL_MS);
    }
}
