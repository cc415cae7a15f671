/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_DAEMON_LINE_H
#define SHILLING_KIOSK_FLOW_DAEMON_LINE_H

/*
 * The line to a daemon of this machine (printd, the card driver): a UNIX stream socket that carries
 * one message a line, and an eventfd that wakes whoever waits for it. One thread owns it. Others
 * may only call daemon_line_wake(), and daemon_line_send() inside a lock inside which the owner
 * connects and closes.
 */

#include <stdbool.h>
#include <stddef.h>

#include <sys/un.h>

#include "common/compiler.h"

enum { DAEMON_LINE_SEND_S = 2 /* a daemon that does not read is hung up on */ };

struct daemon_line {
    int fd; /* -1: the daemon is away */
    int wake_fd;
    struct sockaddr_un address;
    char *bytes; /* @own */
    size_t size;
    size_t from; /* what daemon_line_next() has given out already */
    size_t until;
};

/** What ended a wait; bytes come before a wake. */
enum daemon_line_news {
    DAEMON_LINE_SILENT, /* the time is over */
    DAEMON_LINE_WOKEN,
    DAEMON_LINE_BYTES, /* call daemon_line_fill() */
};

/**
 * A line that is not connected yet.
 * @param path  copied
 * @param size  of the longest line, with its end
 * @return false: no memory, or a path that is too long; daemon_line_finish() is called all the same
 */
MUST_CHECK bool daemon_line_init(struct daemon_line *ret_line, const char *path, size_t size);

/** Closes everything. Also for what is all zero, or was not initialised whole. */
void daemon_line_finish(struct daemon_line *line);

/**
 * Connect, without using the connection yet: who listens there may have to be looked at first.
 * @return a socket, for daemon_line_use() or close(); -1: nobody listens
 * Blocks: up to DAEMON_LINE_SEND_S.
 */
MUST_CHECK int daemon_line_connect(const struct daemon_line *line);

/** Take @p fd as the line, @own. MUST not have one. */
void daemon_line_use(struct daemon_line *line, int fd);

/** Hang up, and forget what had arrived. Nothing if the daemon is away. */
void daemon_line_close(struct daemon_line *line);

/**
 * Send @p text whole, as it is (with its line end).
 * @return false: away, or gone meanwhile; part of it may have gone out
 * Blocks: up to DAEMON_LINE_SEND_S for each part that the daemon does not take.
 */
MUST_CHECK bool daemon_line_send(const struct daemon_line *line, const char *text);

/** Wait for bytes, a wake, or @p timeout_ms (-1: for ever). Blocks: so long. */
MUST_CHECK enum daemon_line_news daemon_line_wait(const struct daemon_line *line, int timeout_ms);

/** End a wait that is on, or else the next one. From any thread. */
void daemon_line_wake(const struct daemon_line *line);

/**
 * Take what has arrived; afterwards daemon_line_next() until it gives nothing.
 * @return false: the daemon has gone, or sends a line that does not end: not our daemon
 * Blocks: until something arrives.
 */
MUST_CHECK bool daemon_line_fill(struct daemon_line *line);

/**
 * The next line, without its end; it stays until daemon_line_fill().
 * @return false: none is whole
 */
MUST_CHECK bool daemon_line_next(struct daemon_line *line, const char **ret_text, size_t *ret_size);

#endif
