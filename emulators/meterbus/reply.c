/* SPDX-License-Identifier: Apache-2.0 */
/* Method: see the header; both set the whole control code anew, so the last call counts. */
#include "emulators/meterbus/reply.h"

#include <string.h>

#include "common/must.h"

static void reply_fill(struct frame *reply, uint8_t flags, const uint8_t *data, size_t size)
{
    MUST(size <= FRAME_DATA_MAX);
    reply->control = (uint8_t)((reply->control & 0x1FU) | flags);
    reply->size = (uint8_t)size;
    if (size > 0) {
        memcpy(reply->data, data, size);
    }
}

void reply_accept(struct frame *reply, const uint8_t *data, size_t size)
{
    reply_fill(reply, REPLY_FROM_METER, data, size);
}

void reply_refuse(struct frame *reply, const uint8_t *error, size_t size)
{
    reply_fill(reply, REPLY_FROM_METER | REPLY_REFUSED, error, size);
}

void reply_refuse_err(struct frame *reply, uint8_t err)
{
    reply_refuse(reply, &err, 1);
}
