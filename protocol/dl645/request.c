/* SPDX-License-Identifier: Apache-2.0 */

/* Requests are messages with the fields that their layout has; nothing is encoded here. */

#include "protocol/dl645/request.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/address.h"

/* An address that does not fit becomes an empty one, which encoding then refuses. */
static struct dl645_message begin(const char *address, enum dl645_function function,
                                  uint64_t fields)
{
    struct dl645_message message = {.function = (uint8_t)function, .fields = fields};
    if (!str_copy(message.address, sizeof(message.address), address)) {
        message.address[0] = '\0';
    }
    return message;
}

static void sign(struct dl645_message *message, const struct dl645_credentials *who)
{
    message->pa = who->pa;
    message->password = who->password;
    message->operator_code = who->operator_code;
    message->fields |= DL645_HAS(DL645_FIELD_PA) | DL645_HAS(DL645_FIELD_PASSWORD) |
                       DL645_HAS(DL645_FIELD_OPERATOR);
}

void dl645_request_read(const char *address, uint32_t di, struct dl645_message *ret_message)
{
    *ret_message = begin(address, DL645_READ, DL645_HAS(DL645_FIELD_DI));
    ret_message->di = di;
}

void dl645_request_read_follow(const char *address, uint32_t di, uint8_t seq,
                               struct dl645_message *ret_message)
{
    *ret_message =
        begin(address, DL645_READ_FOLLOW, DL645_HAS(DL645_FIELD_DI) | DL645_HAS(DL645_FIELD_SEQ));
    ret_message->di = di;
    ret_message->seq = seq;
}

void dl645_request_read_address(struct dl645_message *ret_message)
{
    *ret_message = begin(DL645_ADDRESS_ANY, DL645_READ_ADDRESS, /* fields= */ 0);
}

bool dl645_request_write(const char *address, uint32_t di, const struct dl645_credentials *who,
                         const uint8_t *value, size_t size, struct dl645_message *ret_message)
{
    enum { HEAD_SIZE = 12 }; /* DI, PA and password, operator */
    if (size > DL645_DATA_SIZE_MAX - HEAD_SIZE) {
        return false;
    }
    *ret_message = begin(address, DL645_WRITE, DL645_HAS(DL645_FIELD_DI));
    ret_message->di = di;
    sign(ret_message, who);
    if (size > 0) {
        memcpy(ret_message->value, value, size);
        ret_message->value_size = (uint8_t)size;
        ret_message->fields |= DL645_HAS(DL645_FIELD_VALUE);
    }
    return true;
}

void dl645_request_write_address(const char *new_address, struct dl645_message *ret_message)
{
    *ret_message =
        begin(DL645_ADDRESS_ANY, DL645_WRITE_ADDRESS, DL645_HAS(DL645_FIELD_NEW_ADDRESS));
    if (!str_copy(ret_message->new_address, sizeof(ret_message->new_address), new_address)) {
        ret_message->new_address[0] = '\0';
    }
}

void dl645_request_broadcast_time(const struct dl645_time *time, struct dl645_message *ret_message)
{
    *ret_message =
        begin(DL645_ADDRESS_BROADCAST, DL645_BROADCAST_TIME, DL645_HAS(DL645_FIELD_TIME));
    ret_message->time = *time;
}

void dl645_request_freeze(const char *address, const struct dl645_time *when,
                          struct dl645_message *ret_message)
{
    *ret_message = begin(address, DL645_FREEZE, DL645_HAS(DL645_FIELD_FREEZE_TIME));
    ret_message->freeze_time = *when;
}

void dl645_request_relay(const char *address, const struct dl645_credentials *who,
                         enum dl645_relay_command command, const struct dl645_time *expires,
                         struct dl645_message *ret_message)
{
    *ret_message = begin(address, DL645_RELAY,
                         DL645_HAS(DL645_FIELD_N1) | DL645_HAS(DL645_FIELD_N2) |
                             DL645_HAS(DL645_FIELD_EXPIRES));
    sign(ret_message, who);
    ret_message->n1 = command;
    ret_message->expires = *expires;
}

static bool address_answers(const struct dl645_message *request, const struct dl645_message *reply)
{
    uint8_t wanted[DL645_ADDRESS_SIZE];
    uint8_t own[DL645_ADDRESS_SIZE];
    if (!dl645_address_parse(request->address, wanted) ||
        !dl645_address_parse(reply->address, own)) {
        return false;
    }
    if (dl645_address_is_broadcast(wanted)) {
        return false; /* nobody answers a broadcast */
    }
    bool is_renamed = request->function == DL645_WRITE_ADDRESS && !reply->error &&
                      str_equal(request->new_address, reply->address);
    return is_renamed || dl645_address_matches(wanted, own);
}

/* Of two messages that both have @p field. */
static bool both_have(const struct dl645_message *a, const struct dl645_message *b,
                      enum dl645_field field)
{
    return (a->fields & b->fields & DL645_HAS(field)) != 0;
}

enum dl645_match dl645_reply_match(const struct dl645_message *request,
                                   const struct dl645_message *reply)
{
    MUST(!request->reply);
    if (reply->function != request->function) {
        return DL645_MATCH_STRANGER;
    }
    if (!reply->reply) {
        return str_equal(reply->address, request->address) && reply->di == request->di
                   ? DL645_MATCH_ECHO
                   : DL645_MATCH_STRANGER;
    }
    if (!address_answers(request, reply)) {
        return DL645_MATCH_STRANGER;
    }
    bool is_other_di = both_have(request, reply, DL645_FIELD_DI) && request->di != reply->di;
    bool is_other_seq = both_have(request, reply, DL645_FIELD_SEQ) && request->seq != reply->seq;
    return is_other_di || is_other_seq ? DL645_MATCH_STRANGER : DL645_MATCH_ANSWER;
}
