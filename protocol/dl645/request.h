/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_REQUEST_H
#define SHILLING_PROTOCOL_DL645_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/dl645/message.h"

/*
 * The master's side in short: each function fills a message that dl645_message_encode() turns into
 * a frame. Addresses are 12 digits, borrowed; what is not 12 digits fails there, not here.
 */

/** Who writes: password class (02, 04, 98, 99), six-digit password, operator code. */
struct dl645_credentials {
    uint8_t pa;
    uint32_t password; /* 0x123456 for "123456" */
    uint32_t operator_code;
};

void dl645_request_read(const char *address, uint32_t di, struct dl645_message *ret_message);
void dl645_request_read_follow(const char *address, uint32_t di, uint8_t seq,
                               struct dl645_message *ret_message);
/** To all-AA: only with one meter on the bus. */
void dl645_request_read_address(struct dl645_message *ret_message);
/** False if @p size is above 200 - 12. */
MUST_CHECK bool dl645_request_write(const char *address, uint32_t di,
                                    const struct dl645_credentials *who, const uint8_t *value,
                                    size_t size, struct dl645_message *ret_message);
/** To all-AA, programming key pressed; the reply comes under the new address. */
void dl645_request_write_address(const char *new_address, struct dl645_message *ret_message);
/** To the broadcast address: no reply. */
void dl645_request_broadcast_time(const struct dl645_time *time, struct dl645_message *ret_message);
/** 99 = every; all 99 = now. Only month, day, hour and minute of @p when count. */
void dl645_request_freeze(const char *address, const struct dl645_time *when,
                          struct dl645_message *ret_message);
/** Control 1C. After @p expires (the meter's clock) the command is refused. */
void dl645_request_relay(const char *address, const struct dl645_credentials *who,
                         enum dl645_relay_command command, const struct dl645_time *expires,
                         struct dl645_message *ret_message);

/** How a meter's frame relates to the request that was sent. */
enum dl645_match {
    DL645_MATCH_ANSWER = 0, /* it answers the request: done, or refused with error set */
    DL645_MATCH_ECHO,       /* the request itself, heard back on a two-wire bus */
    DL645_MATCH_STRANGER,   /* another meter, function, identifier or sequence number */
    DL645_MATCH_COUNT
};

/**
 * Does @p reply answer @p request? Wildcards in the request's address match; after a write of the
 * address the new one counts; the DI and SEQ must be echoed where the layout has them.
 */
enum dl645_match dl645_reply_match(const struct dl645_message *request,
                                   const struct dl645_message *reply);

#endif
