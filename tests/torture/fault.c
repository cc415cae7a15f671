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
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
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

#if SHILLING_TORTURE_LEAKS
/* Those of the address sanitizer, which knows at the end what nobody freed. */
extern void *__interceptor_malloc(size_t size);
extern void *__interceptor_calloc(size_t count, size_t size);
extern void *__interceptor_realloc(void *old, size_t size);
extern int __lsan_do_recoverable_leak_check(void);
#define NEXT(name) __interceptor_##name

bool fault_leaks(void)
{
    return __lsan_do_recoverable_leak_check() != 0;
}
#else
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
#define NEXT(name) __libc_##name

bool fault_leaks(void)
{
    return false;
}
#endif
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
    return allocation_fails() ? NULL : NEXT(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : NEXT(calloc)(count, size);
}

void *realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : NEXT(realloc)(old, size);
}

/* ---- input and output ---- */

/* What can strike a call. */
enum {
    CAN_FAIL = 1,
    CAN_FILL = 2,
    CAN_SHORTEN = 4,
    CAN_INTERRUPT = 8,
    CAN_REFUSE = 16, /* it fails, but no dead disk makes it fail: a lock, a socket */
};

/* 0: go on; above: the errno of the failure, @p broken if it is the device's; -1: do half of it. */
static int turn_as(int can, int broken)
{
    static const int needs[FAULT_KIND_COUNT] = {
        0, CAN_FAIL | CAN_REFUSE, CAN_FILL, CAN_SHORTEN, CAN_INTERRUPT, CAN_FAIL, CAN_FILL};
    const int errors[FAULT_KIND_COUNT] = {0, broken, ENOSPC, -1, EINTR, broken, ENOSPC};
    if ((can & needs[the.kind]) == 0 || !strikes()) {
        return 0;
    }
    return errors[the.kind];
}

static int turn(int can)
{
    return turn_as(can, EIO);
}

/* True, and errno says why, if the call has failed. */
static bool fails(int can, int broken)
{
    int error = turn_as(can, broken);
    if (error > 0) {
        errno = error;
    }
    return error > 0;
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

int mkdir(const char *path, mode_t mode)
{
    return (int)guarded(CAN_FAIL | CAN_FILL, SYS_mkdir, (long)path, mode, 0, 0);
}

/* What was written may be lost; the number is free again all the same, as it is on Linux. */
int close(int fd)
{
    int error = turn(CAN_FAIL);
    long result = syscall(SYS_close, fd);
    if (error > 0 && result == 0) {
        errno = error;
        result = -1;
    }
    return (int)result;
}

/* ---- what a file is, and whose ---- */

static int stated(int folder, const char *path, struct stat *ret, int flags)
{
    return (int)guarded(CAN_FAIL, SYS_newfstatat, folder, (long)path, (long)ret, flags);
}

int stat(const char *path, struct stat *ret)
{
    return stated(AT_FDCWD, path, ret, 0);
}

int lstat(const char *path, struct stat *ret)
{
    return stated(AT_FDCWD, path, ret, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *ret)
{
    return stated(fd, "", ret, AT_EMPTY_PATH);
}

int fstatat(int folder, const char *path, struct stat *ret, int flags)
{
    return stated(folder, path, ret, flags);
}

/* On a machine of 64 bits both are one. */
int stat64(const char *path, struct stat64 *ret)
{
    return stated(AT_FDCWD, path, (struct stat *)(void *)ret, 0);
}

int lstat64(const char *path, struct stat64 *ret)
{
    return stated(AT_FDCWD, path, (struct stat *)(void *)ret, AT_SYMLINK_NOFOLLOW);
}

int fstat64(int fd, struct stat64 *ret)
{
    return stated(fd, "", (struct stat *)(void *)ret, AT_EMPTY_PATH);
}

int statx(int folder, const char *path, int flags, unsigned mask, struct statx *ret)
{
    return fails(CAN_FAIL, EIO) ? -1
                                : (int)syscall(SYS_statx, folder, path, flags, mask, (long)ret);
}

int access(const char *path, int mode)
{
    return (int)guarded(CAN_FAIL, SYS_access, (long)path, mode, 0, 0);
}

int fchmod(int fd, mode_t mode)
{
    return (int)guarded(CAN_FAIL, SYS_fchmod, fd, mode, 0, 0);
}

int fchown(int fd, uid_t user, gid_t group)
{
    return (int)guarded(CAN_FAIL, SYS_fchown, fd, user, group, 0);
}

int statfs(const char *path, struct statfs *ret)
{
    return (int)guarded(CAN_FAIL, SYS_statfs, (long)path, (long)ret, 0, 0);
}

/* The room, which is what our programs ask for; the rest stays 0. */
int statvfs(const char *path, struct statvfs *ret)
{
    struct statfs info = {0};
    int result = statfs(path, &info);
    if (result == 0) {
        *ret = (struct statvfs){
            .f_bsize = (unsigned long)info.f_bsize,
            .f_frsize = (unsigned long)(info.f_frsize != 0 ? info.f_frsize : info.f_bsize),
            .f_blocks = info.f_blocks,
            .f_bfree = info.f_bfree,
            .f_bavail = info.f_bavail,
            .f_files = info.f_files,
            .f_ffree = info.f_ffree,
            .f_favail = info.f_ffree,
            .f_namemax = (unsigned long)info.f_namelen};
    }
    return result;
}

/* ---- locks ---- */

int flock(int fd, int operation)
{
    bool waits = (operation & LOCK_NB) == 0;
    return fails(CAN_REFUSE | (waits ? CAN_INTERRUPT : 0), ENOLCK)
               ? -1
               : (int)syscall(SYS_flock, fd, operation);
}

/* Flags of a number cannot fail, nor giving a lock back. */
static int controlled(int fd, int what, va_list rest)
{
    bool waits = what == F_SETLKW || what == F_OFD_SETLKW;
    bool locks = waits || what == F_SETLK || what == F_GETLK || what == F_OFD_SETLK;
    void *argument = va_arg(rest, void *); /* some have none: then nobody looks at it */
    if (locks && ((const struct flock *)argument)->l_type != F_UNLCK &&
        fails(CAN_REFUSE | (waits ? CAN_INTERRUPT : 0), EIO)) {
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, what, argument);
}

int fcntl(int fd, int what, ...)
{
    va_list rest;
    va_start(rest, what);
    int result = controlled(fd, what, rest);
    va_end(rest);
    return result;
}

int fcntl64(int fd, int what, ...)
{
    va_list rest;
    va_start(rest, what);
    int result = controlled(fd, what, rest);
    va_end(rest);
    return result;
}

/* ---- sockets ---- */

int socket(int domain, int type, int protocol)
{
    return fails(CAN_REFUSE, EMFILE) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    return fails(CAN_REFUSE, ENOBUFS)
               ? -1
               : (int)syscall(SYS_setsockopt, fd, level, option, (long)value, size);
}

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    return fails(CAN_REFUSE | CAN_INTERRUPT, ECONNREFUSED)
               ? -1
               : (int)syscall(SYS_connect, fd, (long)address.__sockaddr__, size);
}

/* As guarded(), with a connection that ends. */
static ssize_t passed(long number, int fd, const void *bytes, size_t size, int flags)
{
    int error = turn_as(CAN_REFUSE | CAN_SHORTEN | CAN_INTERRUPT,
                        number == SYS_sendto ? EPIPE : ECONNRESET);
    if (error > 0) {
        errno = error;
        return -1;
    }
    size = error < 0 && size > 1 ? size / 2 : size;
    return syscall(number, fd, (long)bytes, (long)size, flags, 0L, 0L);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return passed(SYS_sendto, fd, bytes, size, flags);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    return passed(SYS_recvfrom, fd, bytes, size, flags);
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
