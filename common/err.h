/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_ERR_H
#define SHILLING_COMMON_ERR_H

/*
 * The ways an operation can fail. A function that can fail for one reason only returns bool.
 * What touches money or a device returns enum outcome instead (common/outcome.h).
 */
enum err {
    OK = 0,
    ERR_INCOMPLETE,  /* not enough bytes yet: call again with more */
    ERR_FORMAT,      /* the bytes are not what the format says */
    ERR_CHECKSUM,    /* a checksum, hash or signature does not match */
    ERR_RANGE,       /* a value outside its allowed range */
    ERR_FULL,        /* no room: a buffer, a table, a disk */
    ERR_NOT_FOUND,   /* no such thing */
    ERR_EXISTS,      /* it is there already, with other content */
    ERR_CONFLICT,    /* somebody else changed it first: load again and decide again */
    ERR_DENIED,      /* not allowed: rights, identity, policy */
    ERR_UNSUPPORTED, /* well formed, but we do not do this */
    ERR_TIMEOUT,     /* no answer in time */
    ERR_UNAVAILABLE, /* the other side is not there */
    ERR_IO,          /* the operating system refused */
    ERR_MEMORY,      /* no memory */
    ERR_INTERNAL,    /* a library failed in a way that should not happen */
    ERR_COUNT
};

/** The error's name in lower case words, for logs and messages; never NULL. */
const char *err_name(enum err err);

#endif
