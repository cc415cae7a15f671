/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_FOLLOW_H
#define SHILLING_PROTOCOL_DL645_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "protocol/dl645/message.h"

/*
 * A value that is longer than a frame: the reply B1 says that more follows, the master asks with
 * control 12 and SEQ 1, 2, 3 ..., the parts together are the value. Sans-IO: give each reply to
 * dl645_follow_add(), and as long as it says ERR_INCOMPLETE, send what dl645_follow_request()
 * makes. Items may be cut anywhere, also in the middle of a number.
 */
struct dl645_follow {
    char address[DL645_ADDRESS_TEXT_SIZE];
    uint32_t di;
    uint8_t seq_next; /* 0: the first reply is awaited */
    bool whole;
    uint8_t *bytes; /* borrowed */
    size_t bytes_size;
    size_t used;
};

/** Begin to collect the value of @p di; @p bytes (room for @p bytes_size) stays borrowed. */
void dl645_follow_init(struct dl645_follow *follow, uint32_t di, uint8_t *bytes, size_t bytes_size);

/**
 * Add a reply (91, B1 first; then 92, B2).
 * @return OK: the value is whole, follow->used bytes. ERR_INCOMPLETE: ask for the next part.
 *         ERR_CONFLICT: not the reply that is due (other meter, DI or SEQ): nothing was added.
 *         ERR_FULL: no room. ERR_RANGE: more than 255 parts. ERR_DENIED: the meter refused.
 */
MUST_CHECK enum err dl645_follow_add(struct dl645_follow *follow,
                                     const struct dl645_message *reply);

/** The request for the next part; only after ERR_INCOMPLETE. */
void dl645_follow_request(const struct dl645_follow *follow, struct dl645_message *ret_message);

/**
 * The meter's side: the reply with part @p seq (0 = answer to the read itself) of a value, each
 * part @p part_size (1..195) bytes long, the last one shorter or equal.
 * @return false if there is no such part
 */
MUST_CHECK bool dl645_follow_part(const struct dl645_message *request, const uint8_t *bytes,
                                  size_t size, size_t part_size, struct dl645_message *ret_reply);

#endif
