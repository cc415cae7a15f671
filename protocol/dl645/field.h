/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_FIELD_H
#define SHILLING_PROTOCOL_DL645_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "protocol/dl645/message.h"

/*
 * The fields of struct dl645_message as a table: how each lies on the wire, where it lies in the
 * struct, and how people write it. The codec and the tools walk this table; nobody else needs it.
 */

enum dl645_field_kind {
    DL645_FIELD_KIND_HEX = 0, /* integer, low byte first; written as hex digits */
    DL645_FIELD_KIND_DECIMAL, /* integer, low byte first; written as a number */
    DL645_FIELD_KIND_FEN,     /* integer of 0.01 yuan, low byte first; written "100.00" */
    DL645_FIELD_KIND_DIGITS,  /* BCD, low digits first; written as text, highest first */
    DL645_FIELD_KIND_RAW,     /* bytes in wire order; written as hex */
    DL645_FIELD_KIND_TIME,    /* BCD bytes in the order that `time_parts` says */
    DL645_FIELD_KIND_ERROR,   /* one or two bytes, low first */
    DL645_FIELD_KIND_REST,    /* as many bytes as are left */
    DL645_FIELD_KIND_COUNT
};

struct dl645_field_info {
    const char *name; /* as in JSON */
    enum dl645_field_kind kind;
    uint8_t size;           /* bytes on the wire; 0 for ERROR and REST */
    const char *time_parts; /* TIME: wire order, of s m h D M Y */
    size_t offset;          /* of the member in struct dl645_message */
};

/** Description of @p field; never NULL. */
const struct dl645_field_info *dl645_field_describe(enum dl645_field field);

/** Take a field of fixed size from @p bytes into the message and mark it as set. */
void dl645_field_get(enum dl645_field field, const uint8_t *bytes,
                     struct dl645_message *ret_message);

/**
 * Write a field of fixed size to @p ret_bytes.
 * @return OK; ERR_FORMAT (a text is not digits of full length); ERR_RANGE (integer too large)
 */
MUST_CHECK enum err dl645_field_put(enum dl645_field field, const struct dl645_message *message,
                                    uint8_t *ret_bytes);

#endif
