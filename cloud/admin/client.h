/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ADMIN_CLIENT_H
#define SHILLING_CLOUD_ADMIN_CLIENT_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"

/* A call over the admin socket of the running service, for the program's own subcommands. */

enum { ADMIN_WHY_SIZE = 512, ADMIN_ANSWER_SIZE_MAX = 4 << 20 };

struct admin_call {
    const char *socket_path;
    const char *method;       /* "GET", "POST" */
    const char *path;         /* with its query, encoded */
    const char *content_type; /* NULL: no body */
    const void *body;
    size_t body_size;
};

struct admin_answer {
    long status;
    char *text; /* @own, free(); NUL-terminated */
    size_t size;
};

/**
 * @return ERR_NOT_FOUND nobody listens there (the service does not run); ERR_DENIED no right to
 *         the socket; ERR_IO the call broke off, @p ret_why says how
 * Blocks: until the answer is there, at most 60 s.
 */
MUST_CHECK enum err admin_call(const struct admin_call *call, struct admin_answer *ret_answer,
                               char ret_why[ADMIN_WHY_SIZE]);

#endif
