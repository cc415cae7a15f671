/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

const char *err_name(enum err err)
{
    switch (err) {
    case OK:
        return "ok";
    case ERR_INCOMPLETE:
        return "incomplete";
    case ERR_FORMAT:
        return "wrong format";
    case ERR_CHECKSUM:
        return "wrong checksum";
    case ERR_RANGE:
        return "out of range";
    case ERR_FULL:
        return "full";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists already";
    case ERR_CONFLICT:
        return "changed by somebody else";
    case ERR_DENIED:
        return "not allowed";
    case ERR_UNSUPPORTED:
        return "not supported";
    case ERR_TIMEOUT:
        return "no answer in time";
    case ERR_UNAVAILABLE:
        return "not available";
    case ERR_IO:
        return "input/output error";
    case ERR_MEMORY:
        return "out of memory";
    case ERR_INTERNAL:
        return "internal error";
    case ERR_COUNT:
        break;
    }
    return "unknown error";
}
