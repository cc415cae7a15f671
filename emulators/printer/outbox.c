/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/outbox.h"

#include <string.h>

#include "common/must.h"

void outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t size, int64_t due_ms)
{
    MUST(size <= OUTBOX_ANSWER_SIZE);
    if (outbox->count < OUTBOX_ANSWERS_MAX) {
        struct outbox_answer *answer = &outbox->answers[outbox->count];
        *answer = (struct outbox_answer){.size = size, .due_ms = due_ms};
        memcpy(answer->bytes, bytes, size);
        outbox->count += 1;
    }
}

const struct outbox_answer *outbox_next(const struct outbox *outbox, int64_t now_ms)
{
    bool due = outbox->count > 0 && outbox->answers[0].due_ms <= now_ms;
    return due ? &outbox->answers[0] : NULL;
}

void outbox_drop_first(struct outbox *outbox)
{
    MUST(outbox->count > 0);
    outbox->count -= 1;
    memmove(outbox->answers, outbox->answers + 1, outbox->count * sizeof(outbox->answers[0]));
}

int64_t outbox_due_ms(const struct outbox *outbox)
{
    return outbox->count > 0 ? outbox->answers[0].due_ms : INT64_MAX;
}
