/* SPDX-License-Identifier: Apache-2.0 */

/* The first reply and its follow-on frames are parts 0, 1, 2 ... of one value. */

#include "protocol/dl645/follow.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/request.h"

enum {
    SEQ_MAX = 255,      /* one byte */
    PART_SIZE_MAX = 195 /* 200 bytes of DATA without DI and SEQ */
};

void dl645_follow_init(struct dl645_follow *follow, uint32_t di, uint8_t *bytes, size_t bytes_size)
{
    *follow = (struct dl645_follow){.di = di, .bytes = bytes, .bytes_size = bytes_size};
}

static bool is_due(const struct dl645_follow *follow, const struct dl645_message *reply)
{
    if (follow->whole || !reply->reply) {
        return false;
    }
    if (follow->seq_next == 0) {
        return reply->function == DL645_READ && (reply->error || reply->di == follow->di);
    }
    if (reply->function != DL645_READ_FOLLOW || !str_equal(reply->address, follow->address)) {
        return false;
    }
    return reply->error || (reply->di == follow->di && reply->seq == follow->seq_next);
}

enum err dl645_follow_add(struct dl645_follow *follow, const struct dl645_message *reply)
{
    if (!is_due(follow, reply)) {
        return ERR_CONFLICT;
    }
    if (reply->error) {
        return ERR_DENIED;
    }
    if (reply->value_size > follow->bytes_size - follow->used) {
        return ERR_FULL;
    }
    if (reply->more && follow->seq_next == SEQ_MAX) {
        return ERR_RANGE;
    }
    memcpy(follow->bytes + follow->used, reply->value, reply->value_size);
    follow->used += reply->value_size;
    MUST(follow->used <= follow->bytes_size);
    bool copied = str_copy(follow->address, sizeof(follow->address), reply->address);
    MUST(copied);
    if (!reply->more) {
        follow->whole = true;
        return OK;
    }
    follow->seq_next = (uint8_t)(follow->seq_next + 1U);
    return ERR_INCOMPLETE;
}

void dl645_follow_request(const struct dl645_follow *follow, struct dl645_message *ret_message)
{
    MUST(follow->seq_next > 0 && !follow->whole);
    dl645_request_read_follow(follow->address, follow->di, follow->seq_next, ret_message);
}

bool dl645_follow_part(const struct dl645_message *request, const uint8_t *bytes, size_t size,
                       size_t part_size, struct dl645_message *ret_reply)
{
    MUST(part_size >= 1 && part_size <= PART_SIZE_MAX);
    size_t seq = request->function == DL645_READ_FOLLOW ? request->seq : 0;
    size_t from = seq * part_size;
    if (seq > SEQ_MAX || from > size || (from == size && seq > 0)) {
        return false;
    }
    size_t count = size - from < part_size ? size - from : part_size;
    struct dl645_message reply = {
        .function = request->function,
        .reply = true,
        .more = from + count < size,
        .fields = DL645_HAS(DL645_FIELD_DI) | (count > 0 ? DL645_HAS(DL645_FIELD_VALUE) : 0),
        .di = request->di,
        .seq = (uint32_t)seq,
        .value_size = (uint8_t)count,
    };
    if (reply.function == DL645_READ_FOLLOW) {
        reply.fields |= DL645_HAS(DL645_FIELD_SEQ);
    }
    memcpy(reply.address, request->address, sizeof(reply.address));
    if (count > 0) {
        memcpy(reply.value, bytes + from, count);
    }
    *ret_reply = reply;
    return true;
}
