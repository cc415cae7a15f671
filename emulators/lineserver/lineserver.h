/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_LINESERVER_LINESERVER_H
#define SHILLING_EMULATORS_LINESERVER_LINESERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * A UNIX socket on which clients send one request a line and get one answer a line: the control
 * sockets of the emulators, and the test key service. The server owns an epoll descriptor that
 * the program watches in its own loop; it never blocks.
 */
struct line_server;

/** What a handler wants done with the client. */
struct line_answer {
    char *text; /* @own given to the server: malloc'd, without a line end; NULL = no answer */
    uint32_t delay_ms; /* answer this much later; the client's further lines wait behind it */
    bool hang_up;      /* close the connection without answering */
};

/**
 * Answer one line.
 *
 * @param context  what was given to line_server_open()
 * @param line     the request without its line end; borrowed for the call, may be changed
 */
typedef struct line_answer line_handler(void *context, char *line);

/**
 * Listen on @p path; a stale socket file there is removed first. NULL with errno set on failure.
 */
MUST_CHECK struct line_server *line_server_open(const char *path, line_handler *handler,
                                                void *context);

/** The descriptor to watch for reading. Borrowed; closed by line_server_close(). */
int line_server_fd(const struct line_server *server);

/** Do what is to be done now; call when the descriptor is readable. */
void line_server_turn(struct line_server *server);

/** Close everything and remove the socket file. NULL is allowed. */
void line_server_close(struct line_server *server);

/** printf into malloc'd memory, for answers; NULL only without memory. @own given. */
MUST_CHECK char *line_text(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
