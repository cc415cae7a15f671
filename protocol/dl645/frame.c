/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A candidate begins at each 68. It is examined front to back, and the first byte that cannot be
 * right ends the examination; nothing behind it is read. The end is found by L and then confirmed
 * by CS and 16: checksum, address and data may themselves be 16 or 68.
 */

#include "protocol/dl645/frame.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

enum {
    START = 0x68,
    END = 0x16,
    PREAMBLE = 0xFE,
    OFFSET_ADDRESS = 1,
    OFFSET_START_2 = 7,
    OFFSET_CONTROL = 8,
    OFFSET_LENGTH = 9,
    OFFSET_DATA = 10,
    DATA_SHIFT = 0x33, /* added to every byte of DATA on the wire */
};

static uint8_t sum_of(const uint8_t *bytes, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    return (uint8_t)(sum & 0xFFU);
}

static void fault_set(struct dl645_inspection *inspection, enum dl645_check check, size_t at)
{
    inspection->check = check;
    inspection->at = at;
}

/* Address, second 68, control and L; true if all of them are there and right. */
static bool inspect_head(const uint8_t *bytes, size_t size, struct dl645_inspection *inspection)
{
    if (size >= OFFSET_START_2) {
        memcpy(inspection->address, bytes + OFFSET_ADDRESS, DL645_ADDRESS_SIZE);
    }
    if (size > OFFSET_START_2 && bytes[OFFSET_START_2] != START) {
        fault_set(inspection, DL645_CHECK_START_2, OFFSET_START_2);
        return false;
    }
    if (size > OFFSET_CONTROL) {
        inspection->control = bytes[OFFSET_CONTROL];
    }
    if (size > OFFSET_LENGTH) {
        inspection->length = bytes[OFFSET_LENGTH];
    }
    if (size > OFFSET_LENGTH && bytes[OFFSET_LENGTH] > DL645_DATA_SIZE_MAX) {
        fault_set(inspection, DL645_CHECK_LENGTH, OFFSET_LENGTH);
        return false;
    }
    if (size <= OFFSET_LENGTH) {
        fault_set(inspection, DL645_CHECK_TRUNCATED, size);
        return false;
    }
    return true;
}

static void frame_fill(struct dl645_inspection *inspection, const uint8_t *bytes)
{
    struct dl645_frame *frame = &inspection->frame;
    memcpy(frame->address, inspection->address, DL645_ADDRESS_SIZE);
    frame->control = inspection->control;
    frame->data_size = inspection->length;
    for (size_t i = 0; i < frame->data_size; i++) {
        frame->data[i] = (uint8_t)((bytes[OFFSET_DATA + i] - DATA_SHIFT) & 0xFF);
    }
}

void dl645_inspect_at(const uint8_t *bytes, size_t size, struct dl645_inspection *ret_inspection)
{
    MUST(size > 0);
    MUST(bytes[0] == START);
    struct dl645_inspection inspection = {0};
    inspection.size_read = size < DL645_FRAME_SIZE_MAX ? size : DL645_FRAME_SIZE_MAX;
    if (inspect_head(bytes, size, &inspection)) {
        size_t sum_at = (size_t)OFFSET_DATA + inspection.length;
        inspection.size_read = size < sum_at + 2 ? size : sum_at + 2;
        if (size < sum_at + 2) {
            fault_set(&inspection, DL645_CHECK_TRUNCATED, size);
        } else {
            frame_fill(&inspection, bytes);
            inspection.sum_known = true;
            inspection.sum_computed = sum_of(bytes, sum_at);
            inspection.sum_printed = bytes[sum_at];
            if (bytes[sum_at + 1] != END) {
                fault_set(&inspection, DL645_CHECK_END, sum_at + 1);
            } else if (inspection.sum_computed != inspection.sum_printed) {
                fault_set(&inspection, DL645_CHECK_SUM, sum_at);
            }
        }
    }
    *ret_inspection = inspection;
}

/* Of two bad candidates, the one that looks more like a frame tells more about the fault. */
static unsigned likeness(const struct dl645_inspection *inspection)
{
    switch (inspection->check) {
    case DL645_CHECK_OK:
        return 6;
    case DL645_CHECK_SUM:
        return 5;
    case DL645_CHECK_END:
        return 4;
    case DL645_CHECK_LENGTH:
        return 3;
    case DL645_CHECK_TRUNCATED:
        return inspection->size_read > OFFSET_START_2 ? 3 : 1;
    case DL645_CHECK_START_2:
        return 2;
    case DL645_CHECK_NO_START:
    case DL645_CHECK_COUNT:
        break;
    }
    return 0;
}

static size_t preamble_before(const uint8_t *bytes, size_t start)
{
    size_t count = 0;
    while (count < start && bytes[start - count - 1] == PREAMBLE) {
        count += 1;
    }
    return count;
}

void dl645_inspect(const uint8_t *bytes, size_t size, struct dl645_inspection *ret_inspection)
{
    struct dl645_inspection best = {.check = DL645_CHECK_NO_START, .at = size};
    for (size_t start = 0; start < size && best.check != DL645_CHECK_OK; start++) {
        if (bytes[start] != START) {
            continue;
        }
        struct dl645_inspection here;
        dl645_inspect_at(bytes + start, size - start, &here);
        here.start = start;
        here.at += start;
        here.preamble = preamble_before(bytes, start);
        if (likeness(&here) > likeness(&best)) {
            best = here;
        }
    }
    *ret_inspection = best;
}

char *dl645_fault_format(const struct dl645_inspection *inspection,
                         char ret_text[DL645_FAULT_TEXT_SIZE])
{
    ret_text[0] = '\0';
    switch (inspection->check) {
    case DL645_CHECK_OK:
    case DL645_CHECK_COUNT:
        break;
    case DL645_CHECK_NO_START:
        str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE, "no start byte 68 in %zu bytes",
                       inspection->at);
        break;
    case DL645_CHECK_START_2:
        str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE,
                       "byte %zu is not the second 68 (the first is byte %zu)", inspection->at,
                       inspection->start);
        break;
    case DL645_CHECK_LENGTH:
        str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE,
                       "byte %zu: length %02X is above the maximum C8 (200)", inspection->at,
                       (unsigned)inspection->length);
        break;
    case DL645_CHECK_TRUNCATED:
        if (inspection->size_read > OFFSET_LENGTH) {
            str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE,
                           "ends after %zu bytes, but length %02X says that the frame goes to %zu",
                           inspection->at, (unsigned)inspection->length,
                           inspection->start + OFFSET_DATA + inspection->length + 2);
        } else {
            str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE,
                           "ends after %zu bytes, before the length (byte %zu)", inspection->at,
                           inspection->start + OFFSET_LENGTH);
        }
        break;
    case DL645_CHECK_SUM:
        str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE,
                       "byte %zu: checksum is %02X, but the bytes from the first 68 add up to %02X",
                       inspection->at, (unsigned)inspection->sum_printed,
                       (unsigned)inspection->sum_computed);
        break;
    case DL645_CHECK_END:
        str_format_cut(ret_text, DL645_FAULT_TEXT_SIZE,
                       "byte %zu is not the end byte 16 that length %02X puts there",
                       inspection->at, (unsigned)inspection->length);
        break;
    }
    return ret_text;
}

enum err dl645_frame_decode(const uint8_t *bytes, size_t size, struct dl645_frame *ret_frame)
{
    struct dl645_inspection inspection;
    dl645_inspect(bytes, size, &inspection);
    switch (inspection.check) {
    case DL645_CHECK_OK:
        *ret_frame = inspection.frame;
        return OK;
    case DL645_CHECK_TRUNCATED:
        return ERR_INCOMPLETE;
    case DL645_CHECK_SUM:
        return ERR_CHECKSUM;
    case DL645_CHECK_NO_START:
    case DL645_CHECK_START_2:
    case DL645_CHECK_LENGTH:
    case DL645_CHECK_END:
        return ERR_FORMAT;
    case DL645_CHECK_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

enum err dl645_frame_encode(const struct dl645_frame *frame, size_t preamble, uint8_t *ret_bytes,
                            size_t bytes_size, size_t *ret_size)
{
    if (frame->data_size > DL645_DATA_SIZE_MAX || preamble > DL645_PREAMBLE_SENT_MAX) {
        return ERR_RANGE;
    }
    size_t size = preamble + DL645_FRAME_SIZE_MIN + frame->data_size;
    if (size > bytes_size) {
        return ERR_FULL;
    }
    memset(ret_bytes, PREAMBLE, preamble);
    uint8_t *start = ret_bytes + preamble;
    start[0] = START;
    memcpy(start + OFFSET_ADDRESS, frame->address, DL645_ADDRESS_SIZE);
    start[OFFSET_START_2] = START;
    start[OFFSET_CONTROL] = frame->control;
    start[OFFSET_LENGTH] = frame->data_size;
    for (size_t i = 0; i < frame->data_size; i++) {
        start[OFFSET_DATA + i] = (uint8_t)((frame->data[i] + DATA_SHIFT) & 0xFF);
    }
    size_t sum_at = (size_t)OFFSET_DATA + frame->data_size;
    start[sum_at] = sum_of(start, sum_at);
    start[sum_at + 1] = END;
    MUST(preamble + sum_at + 2 == size);
    *ret_size = size;
    return OK;
}
