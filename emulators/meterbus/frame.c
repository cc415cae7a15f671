/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the scanner keeps the bytes from a possible first 68 on. Whenever what it holds cannot
 * be a frame, it drops bytes up to the next 68 and looks again, so a 68 or 16 inside an address
 * or value never hides the real frame behind it.
 */
#include "emulators/meterbus/frame.h"

#include <string.h>

enum { AT_ADDRESS = 1, AT_SECOND_68 = 7, AT_CONTROL = 8, AT_SIZE = 9, AT_DATA = 10 };
enum { START = 0x68, END = 0x16, OFFSET = 0x33, AROUND_DATA = 12 };

enum candidate { CANDIDATE_SHORT, CANDIDATE_WRONG, CANDIDATE_WHOLE };

static uint8_t sum_of(const uint8_t *bytes, size_t size)
{
    unsigned int sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    return (uint8_t)sum;
}

static enum candidate candidate_judge(const uint8_t *bytes, size_t size)
{
    if (size > AT_SECOND_68 && bytes[AT_SECOND_68] != START) {
        return CANDIDATE_WRONG;
    }
    if (size <= AT_SIZE) {
        return CANDIDATE_SHORT;
    }
    size_t whole = (size_t)AROUND_DATA + bytes[AT_SIZE];
    if (size < whole) {
        return CANDIDATE_SHORT;
    }
    bool right = bytes[whole - 1] == END && bytes[whole - 2] == sum_of(bytes, whole - 2);
    return right ? CANDIDATE_WHOLE : CANDIDATE_WRONG;
}

static void scanner_drop(struct frame_scanner *scanner, size_t count)
{
    scanner->size -= count;
    memmove(scanner->bytes, scanner->bytes + count, scanner->size);
}

static void frame_take(const uint8_t *bytes, struct frame *ret_frame)
{
    memcpy(ret_frame->address, bytes + AT_ADDRESS, FRAME_ADDRESS_SIZE);
    ret_frame->control = bytes[AT_CONTROL];
    ret_frame->size = bytes[AT_SIZE];
    for (size_t i = 0; i < ret_frame->size; i++) {
        ret_frame->data[i] = (uint8_t)(bytes[AT_DATA + i] - OFFSET);
    }
}

bool frame_scanner_take(struct frame_scanner *scanner, uint8_t byte, struct frame *ret_frame)
{
    scanner->bytes[scanner->size++] = byte;
    while (scanner->size > 0) {
        const uint8_t *start = memchr(scanner->bytes, START, scanner->size);
        if (start == NULL) {
            scanner->size = 0;
            break;
        }
        scanner_drop(scanner, (size_t)(start - scanner->bytes));
        enum candidate candidate = candidate_judge(scanner->bytes, scanner->size);
        if (candidate == CANDIDATE_SHORT) {
            break;
        }
        if (candidate == CANDIDATE_WHOLE) {
            frame_take(scanner->bytes, ret_frame);
            scanner_drop(scanner, (size_t)AROUND_DATA + ret_frame->size);
            return true;
        }
        scanner->rejected += scanner->size > AT_SIZE ? 1 : 0;
        scanner_drop(scanner, 1);
    }
    return false;
}

size_t frame_build(const struct frame *frame, uint8_t ret_bytes[FRAME_BYTES_MAX])
{
    ret_bytes[0] = START;
    memcpy(ret_bytes + AT_ADDRESS, frame->address, FRAME_ADDRESS_SIZE);
    ret_bytes[AT_SECOND_68] = START;
    ret_bytes[AT_CONTROL] = frame->control;
    ret_bytes[AT_SIZE] = frame->size;
    for (size_t i = 0; i < frame->size; i++) {
        ret_bytes[AT_DATA + i] = (uint8_t)(frame->data[i] + OFFSET);
    }
    size_t at = (size_t)AT_DATA + frame->size;
    ret_bytes[at] = sum_of(ret_bytes, at);
    ret_bytes[at + 1] = END;
    return at + 2;
}

uint32_t frame_di(const struct frame *frame)
{
    if (frame->size < 4) {
        return 0;
    }
    const uint8_t *p = frame->data;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
