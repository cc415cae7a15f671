/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a reply goes through three hands. The first changes the frame before its sum is made
 * (a meter that is wrong but honest), the second changes the finished bytes (a wire that lies),
 * the third puts things around them.
 */
#include "emulators/meterbus/spoil.h"

#include <string.h>

#include "common/must.h"
#include "emulators/meterbus/ticks.h"

enum { AT_SIZE = 9, REFUSED = 0x40 };

static void data_append(struct frame *frame, const uint8_t *bytes, size_t size)
{
    size_t room = FRAME_DATA_MAX - (size_t)frame->size;
    size_t used = size < room ? size : room;
    memcpy(frame->data + frame->size, bytes, used);
    frame->size = (uint8_t)(frame->size + used);
}

static void frame_spoil(struct frame *frame, struct fault *const hits[FAULT_KIND_COUNT])
{
    const struct fault *trailing = hits[FAULT_TRAILING_DATA];
    const struct fault *length = hits[FAULT_WRONG_LENGTH];
    if (hits[FAULT_OTHER_ADDRESS] != NULL) {
        frame->address[0] = (uint8_t)(frame->address[0] ^ 0x01U);
    }
    if (hits[FAULT_SHORT_ERROR] != NULL && (frame->control & REFUSED) != 0 && frame->size > 1) {
        frame->size = 1;
    }
    if (trailing != NULL) {
        data_append(frame, trailing->bytes, trailing->bytes_size);
    }
    if (length != NULL) {
        int size = (int)frame->size + length->delta;
        size = size < 0 ? 0 : size;
        size = size > FRAME_DATA_MAX ? FRAME_DATA_MAX : size;
        for (int i = frame->size; i < size; i++) {
            frame->data[i] = 0;
        }
        frame->size = (uint8_t)size;
    }
}

static void bytes_insert(uint8_t *bytes, size_t *size, size_t at, const struct fault *fault)
{
    size_t where = at < *size ? at : *size;
    memmove(bytes + where + fault->bytes_size, bytes + where, *size - where);
    memcpy(bytes + where, fault->bytes, fault->bytes_size);
    *size += fault->bytes_size;
}

/* @p bytes has room for a frame and one row of noise. */
static void bytes_spoil(uint8_t *bytes, size_t *size, struct fault *const hits[FAULT_KIND_COUNT])
{
    const struct fault *flip = hits[FAULT_FLIP_BIT];
    if (hits[FAULT_BAD_LENGTH] != NULL) {
        bytes[AT_SIZE] = (uint8_t)(bytes[AT_SIZE] + hits[FAULT_BAD_LENGTH]->delta);
    }
    if (hits[FAULT_BAD_CHECKSUM] != NULL) {
        bytes[*size - 2] = (uint8_t)(bytes[*size - 2] + 1);
    }
    if (flip != NULL) {
        size_t at = flip->at < *size ? flip->at : *size - 1;
        bytes[at] = (uint8_t)(bytes[at] ^ (1U << flip->bit));
    }
    if (hits[FAULT_NOISE_INSIDE] != NULL) {
        bytes_insert(bytes, size, hits[FAULT_NOISE_INSIDE]->at, hits[FAULT_NOISE_INSIDE]);
    }
}

static void transmission_add(struct transmission *t, const uint8_t *bytes, size_t size)
{
    MUST(t->size + size <= sizeof(t->bytes));
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
}

void spoil_reply(const struct meter *meter, const struct frame *reply,
                 struct fault *const hits[FAULT_KIND_COUNT], struct transmission *ret_transmission)
{
    static const uint8_t TRAILING[16] = {0x00, 0x68, 0x00, 0x16};
    struct transmission *t = ret_transmission;
    struct frame frame = *reply;
    uint8_t bytes[FRAME_BYTES_MAX + FAULT_HEX_MAX];
    uint8_t fe[16];
    memset(fe, 0xFE, sizeof(fe));
    t->size = 0;
    frame_spoil(&frame, hits);
    size_t size = frame_build(&frame, bytes);
    bytes_spoil(bytes, &size, hits);
    if (hits[FAULT_NOISE_BEFORE] != NULL) {
        transmission_add(t, hits[FAULT_NOISE_BEFORE]->bytes, hits[FAULT_NOISE_BEFORE]->bytes_size);
    }
    transmission_add(t, fe, meter->cfg.fe_count);
    if (hits[FAULT_SPLIT] != NULL) {
        size_t at = hits[FAULT_SPLIT]->at;
        t->gap_at = t->size + (at < size ? at : size - 1);
        t->gap_ns = (int64_t)hits[FAULT_SPLIT]->ms * NS_PER_MS;
    }
    transmission_add(t, bytes, size);
    transmission_add(t, TRAILING, meter->cfg.trailing_bytes);
    if (hits[FAULT_TRAILING] != NULL) {
        size_t room = sizeof(t->bytes) - t->size;
        size_t extra = hits[FAULT_TRAILING]->bytes_size;
        transmission_add(t, hits[FAULT_TRAILING]->bytes, extra < room ? extra : room);
    }
    if (hits[FAULT_LATE] != NULL) {
        t->start_ns += (int64_t)hits[FAULT_LATE]->ms * NS_PER_MS;
    }
}

void spoil_twin(struct transmission *transmission)
{
    for (size_t i = 0; i < transmission->size; i++) {
        transmission->bytes[i] = (uint8_t)(transmission->bytes[i] ^ (0x15U + (i & 0x3FU)));
    }
}
