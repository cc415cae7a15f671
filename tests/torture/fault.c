/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: this file defines the functions of the C library that can fail, so that the linker takes
 * them instead, for our objects and for every shared library (a program's symbols come first). Each
 * asks whether it is its turn and otherwise goes on: allocations to glibc's own names, the rest to
 * the system directly, because asking for the next definition would allocate.
 *
 * Not reached: what the C library does inside of itself (stdio's buffers, getaddrinfo).
 */
#include "tests/torture/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
    atomic_bool armed;
    enum fault_kind kind;
    long nth;
    atomic_long counted;
    atomic_bool struck;
} the;

static _Thread_local bool spared;

const char *fault_kind_name(enum fault_kind kind)
{
    static const char *const names[FAULT_KIND_COUNT] = {"alloc", "eio",  "enospc", "short",
                                                        "eintr", "dead", "full"};
    return names[kind];
}

void fault_arm(enum fault_kind kind, long nth)
{
    the.kind = kind;
    the.nth = nth;
    atomic_store(&the.counted, 0);
    atomic_store(&the.struck, false);
    atomic_store(&the.armed, true);
}

long fault_disarm(void)
{
    atomic_store(&the.armed, false);
    return atomic_load(&the.counted);
}

bool fault_has_struck(void)
{
    return atomic_load(&the.struck);
}

void fault_spare_thread(bool is_spared)
{
    spared = is_spared;
}

static bool strikes(void)
{
    if (!atomic_load_explicit(&the.armed, memory_order_relaxed) || spared) {
        return false;
    }
    long number = atomic_fetch_add(&the.counted, 1) + 1;
    bool lasts = the.kind == FAULT_DEAD || the.kind == FAULT_FULL;
    bool turn = number == the.nth || (lasts && the.nth > 0 && number > the.nth);
    if (turn) {
        atomic_store(&the.struck, true);
    }
    return turn;
}

/* ---- memory ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

static bool allocation_fails(void)
{
    if (the.kind != FAULT_ALLOC || !strikes()) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(old, size);
}

/* ---- input and output ---- */

/* What can strike a call. */
enum { CAN_FAIL = 1, CAN_FILL = 2, CAN_SHORTEN = 4, CAN_INTERRUPT = 8 };

/* 0: go on; above: the errno of the failure; -1: do half of it. */
static int turn(int can)
{
    static const int needs[FAULT_KIND_COUNT] = {
        0, CAN_FAIL, CAN_FILL, CAN_SHORTEN, CAN_INTERRUPT, CAN_FAIL, CAN_FILL};
    static const int errors[FAULT_KIND_COUNT] = {0, EIO, ENOSPC, -1, EINTR, EIO, ENOSPC};
    if ((can & needs[the.kind]) == 0 || !strikes()) {
        return 0;
    }
    return errors[the.kind];
}

/* The system call's result; a failure of ours in its place if it is the turn. */
static long guarded(int can, long number, long a, long b, long c, long d)
{
    int error = turn(can);
    if (error > 0) {
        errno = error;
        return -1;
    }
    if (error < 0) {
        c = c > 1 ? c / 2 : c;
    }
    return syscall(number, a, b, c, d);
}

static long opened(int folder, const char *path, int flags, mode_t mode)
{
    int can = CAN_FAIL | CAN_INTERRUPT | ((flags & O_CREAT) != 0 ? CAN_FILL : 0);
    int error = turn(can);
    if (error > 0) {
        errno = error;
        return -1;
    }
    return syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return (int)opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return (int)opened(AT_FDCWD, path, flags, mode);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return guarded(CAN_FAIL | CAN_SHORTEN | CAN_INTERRUPT, SYS_read, fd, (long)bytes, (long)size,
                   0);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return guarded(CAN_FAIL | CAN_FILL | CAN_SHORTEN | CAN_INTERRUPT, SYS_write, fd, (long)bytes,
                   (long)size, 0);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at)
{
    return guarded(CAN_FAIL | CAN_SHORTEN | CAN_INTERRUPT, SYS_pread64, fd, (long)bytes, (long)size,
                   at);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
    return pread64(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return guarded(CAN_FAIL | CAN_FILL | CAN_SHORTEN | CAN_INTERRUPT, SYS_pwrite64, fd, (long)bytes,
                   (long)size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite64(fd, bytes, size, at);
}

int fsync(int fd)
{
    return (int)guarded(CAN_FAIL | CAN_FILL, SYS_fsync, fd, 0, 0, 0);
}

int fdatasync(int fd)
{
    return (int)guarded(CAN_FAIL | CAN_FILL, SYS_fdatasync, fd, 0, 0, 0);
}

int ftruncate64(int fd, off64_t size)
{
    return (int)guarded(CAN_FAIL | CAN_FILL | CAN_INTERRUPT, SYS_ftruncate, fd, size, 0, 0);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int rename(const char *from, const char *to)
{
    return (int)guarded(CAN_FAIL | CAN_FILL, SYS_rename, (long)from, (long)to, 0, 0);
}

int unlink(const char *path)
{
    return (int)guarded(CAN_FAIL, SYS_unlink, (long)path, 0, 0, 0);
}

/* Programs ask for memory with it as well; only files are input and output. */
void *mmap64(void *wish, size_t size, int rights, int flags, int fd, off64_t at)
{
    int error = fd >= 0 ? turn(CAN_FAIL) : 0;
    if (error > 0) {
        errno = error;
        return MAP_FAILED;
    }
    long address = syscall(SYS_mmap, wish, size, rights, flags, fd, at);
    return (void *)(uintptr_t)address;
}

void *mmap(void *wish, size_t size, int rights, int flags, int fd, off_t at)
{
    return mmap64(wish, size, rights, flags, fd, at);
}
