/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For LD_PRELOAD: the wall clock is off by as many seconds as the file WALLCLOCK_FILE says, which
 * may change at any time. All other clocks, and every wait, stay what they are. (libfaketime 0.9
 * also bends waits on a condition, even on the monotonic clock that it was told to leave alone.)
 */
#include <stdlib.h>
#include <time.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { TEXT_SIZE = 32 };

static long offset_s(void)
{
    static int fd = -1;
    if (fd < 0) {
        const char *path = getenv("WALLCLOCK_FILE");
        fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    }
    char text[TEXT_SIZE];
    ssize_t size = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : 0;
    text[size > 0 ? size : 0] = '\0';
    return atol(text);
}

int clock_gettime(clockid_t clock_id, struct timespec *ret_time)
{
    long result = syscall(SYS_clock_gettime, clock_id, ret_time);
    if (result == 0 && (clock_id == CLOCK_REALTIME || clock_id == CLOCK_REALTIME_COARSE)) {
        ret_time->tv_sec += offset_s();
    }
    return (int)result;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    ret_time->tv_sec = now.tv_sec;
    ret_time->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *ret_time)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL) {
        *ret_time = now.tv_sec;
    }
    return now.tv_sec;
}
