/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_OUTBOX_H
#define SHILLING_EMULATORS_PRINTER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the printer sends to the host, each answer with the time when it leaves. */
enum { OUTBOX_ANSWERS_MAX = 256, OUTBOX_ANSWER_SIZE = 32 };

struct outbox_answer {
    uint8_t bytes[OUTBOX_ANSWER_SIZE];
    size_t size;
    int64_t due_ms;
};

struct outbox {
    struct outbox_answer answers[OUTBOX_ANSWERS_MAX];
    size_t count;
};

/** Put an answer; where there is no room it is lost, as in a printer. */
void outbox_put(struct outbox *outbox, const uint8_t *bytes, size_t size, int64_t due_ms);
/** The first answer if it is due, or NULL. */
const struct outbox_answer *outbox_next(const struct outbox *outbox, int64_t now_ms);
void outbox_drop_first(struct outbox *outbox);
/** When the first answer is due; INT64_MAX if there is none. */
int64_t outbox_due_ms(const struct outbox *outbox);

#endif
