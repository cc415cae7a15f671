/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one function per control code. A request that a real meter would not understand (wrong
 * length, vendor code) is answered as meters do: ERR 01, or silence for an unknown code.
 */
#include "emulators/meterbus/answer.h"

#include <string.h>

#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/order.h"
#include "emulators/meterbus/prepay.h"
#include "emulators/meterbus/read.h"
#include "emulators/meterbus/reply.h"

enum { WILDCARD = 0xAA, BROADCAST = 0x99, DI_SIZE = 4 };

enum {
    CONTROL_SECURITY = 0x03,
    CONTROL_BROADCAST_TIME = 0x08,
    CONTROL_READ = 0x11,
    CONTROL_READ_MORE = 0x12,
    CONTROL_READ_ADDRESS = 0x13,
    CONTROL_WRITE = 0x14,
    CONTROL_WRITE_ADDRESS = 0x15,
    CONTROL_FREEZE = 0x16,
    CONTROL_BAUD = 0x17,
    CONTROL_PASSWORD = 0x18,
    CONTROL_CLEAR_DEMAND = 0x19,
    CONTROL_CLEAR_METER = 0x1A,
    CONTROL_CLEAR_EVENTS = 0x1B,
    CONTROL_RELAY = 0x1C,
    CONTROL_OUTPUT = 0x1D
};

static bool address_is(const struct frame *frame, uint8_t byte)
{
    for (size_t i = 0; i < FRAME_ADDRESS_SIZE; i++) {
        if (frame->address[i] != byte) {
            return false;
        }
    }
    return true;
}

bool meter_addressed(const struct meter *meter, const struct frame *request)
{
    if (address_is(request, BROADCAST)) {
        return true;
    }
    bool wild = false; /* once a byte is AA, all higher ones must be */
    for (size_t i = 0; i < FRAME_ADDRESS_SIZE; i++) {
        bool is_wild = request->address[i] == WILDCARD;
        if ((wild && !is_wild) || (!is_wild && request->address[i] != meter->address[i])) {
            return false;
        }
        wild = is_wild;
    }
    return true;
}

bool meter_operator_is_right(const struct meter *meter, const uint8_t *bytes)
{
    return !meter->cfg.operator_checked || memcmp(bytes, meter->cfg.operator_code, 4) == 0;
}

bool meter_authorised(const struct meter *meter, const uint8_t *bytes)
{
    bool password = memcmp(bytes, meter->password, sizeof(meter->password)) == 0;
    return password && meter_operator_is_right(meter, bytes + 4);
}

void meter_clock_set(struct meter *meter, int64_t shown_ms)
{
    meter->offset_ms = shown_ms - meter->sim_ms;
    meter->clock_set_count += 1;
    meter->dirty = true;
}

/*
 * Send the next part of the block in meter->follow, beginning with its DI; the first part has no
 * sequence number, the following ones end with it.
 */
static void follow_reply(struct meter *meter, struct frame *reply)
{
    struct follow *follow = &meter->follow;
    uint8_t data[FRAME_DATA_MAX];
    size_t left = follow->size - follow->sent_before;
    size_t part = left < meter->cfg.reply_bytes_max ? left : meter->cfg.reply_bytes_max;
    binary_write(data, DI_SIZE, follow->di);
    memcpy(data + DI_SIZE, follow->bytes + follow->sent_before, part);
    size_t size = DI_SIZE + part;
    if (follow->seq > 0) {
        data[size++] = follow->seq;
    }
    reply_accept(reply, data, size);
    reply->control |= part < left ? REPLY_MORE : 0;
}

static bool read_answer(struct meter *meter, const struct frame *request, struct frame *reply)
{
    struct value value = {.size = 0};
    meter->follow.size = 0;
    if (request->size != DI_SIZE) {
        reply_refuse_err(reply, METER_ERR_OTHER);
        return true;
    }
    if (!meter_value_read(meter, frame_di(request), &value)) {
        reply_refuse_err(reply, METER_ERR_NO_DATA);
        return true;
    }
    struct follow *follow = &meter->follow;
    *follow = (struct follow){.di = frame_di(request), .size = value.size};
    memcpy(follow->bytes, value.bytes, value.size);
    follow_reply(meter, reply);
    return true;
}

static bool read_more_answer(struct meter *meter, const struct frame *request, struct frame *reply)
{
    struct follow *follow = &meter->follow;
    if (request->size != DI_SIZE + 1 || frame_di(request) != follow->di || follow->size == 0) {
        reply_refuse_err(reply, METER_ERR_NO_DATA);
        return true;
    }
    uint8_t seq = request->data[DI_SIZE];
    bool next =
        seq == follow->seq + 1 && follow->sent_before + meter->cfg.reply_bytes_max < follow->size;
    bool again = seq == follow->seq && seq > 0;
    if (!next && !again) {
        reply_refuse_err(reply, METER_ERR_NO_DATA);
        return true;
    }
    if (next) {
        follow->seq = seq;
        follow->sent_before += meter->cfg.reply_bytes_max;
    }
    follow_reply(meter, reply);
    return true;
}

static bool read_address_answer(const struct meter *meter, const struct frame *request,
                                struct frame *reply)
{
    if (request->size != 0) {
        return false;
    }
    reply_accept(reply, meter->address, FRAME_ADDRESS_SIZE);
    return true;
}

static bool write_address_answer(struct meter *meter, const struct frame *request,
                                 struct frame *reply)
{
    uint64_t number = 0;
    if (request->size != FRAME_ADDRESS_SIZE || !meter->session.programming ||
        !bcd_read(request->data, FRAME_ADDRESS_SIZE, &number)) {
        return false;
    }
    memcpy(meter->address, request->data, FRAME_ADDRESS_SIZE);
    memcpy(reply->address, meter->address, FRAME_ADDRESS_SIZE);
    meter->programming_count += 1;
    meter->dirty = true;
    reply_accept(reply, NULL, 0);
    return true;
}

/* Six bytes ss mm hh DD MM YY as a moment; false if they are none. */
static bool wire_time_read(const uint8_t bytes[6], int64_t *ret_ms)
{
    uint64_t fields[6] = {0};
    for (size_t i = 0; i < 6; i++) {
        if (!bcd_read(&bytes[i], 1, &fields[i])) {
            return false;
        }
    }
    struct calendar c = {.year = 2000 + (int)fields[5],
                         .month = (int)fields[4],
                         .day = (int)fields[3],
                         .hour = (int)fields[2],
                         .minute = (int)fields[1],
                         .second = (int)fields[0]};
    return calendar_to_ms(&c, ret_ms);
}

/* Never answered. Obeyed once a day, up to 5 minutes, not within 5 minutes of midnight. */
static bool broadcast_time_answer(struct meter *meter, const struct frame *request)
{
    enum { STEP_MS_MAX = 5 * MS_PER_MINUTE };
    int64_t wanted_ms = 0;
    int64_t shown_ms = meter_shown_ms(meter);
    int64_t day = shown_ms / MS_PER_DAY;
    int64_t of_day = shown_ms % MS_PER_DAY;
    bool quiet = of_day >= STEP_MS_MAX && of_day < MS_PER_DAY - STEP_MS_MAX;
    if (request->size != 6 || !wire_time_read(request->data, &wanted_ms) || !quiet ||
        meter->broadcast_day == day) {
        return false;
    }
    int64_t step_ms = wanted_ms - shown_ms;
    if (step_ms >= -STEP_MS_MAX && step_ms <= STEP_MS_MAX) {
        meter_clock_set(meter, wanted_ms);
        meter->broadcast_day = day;
    }
    return false;
}

static bool freeze_answer(struct meter *meter, const struct frame *request, struct frame *reply)
{
    static const uint8_t NOW[4] = {0x99, 0x99, 0x99, 0x99};
    if (request->size != sizeof(NOW)) {
        reply_refuse_err(reply, METER_ERR_OTHER);
    } else if (memcmp(request->data, NOW, sizeof(NOW)) == 0) {
        meter_snapshot_take(meter, SNAPSHOT_INSTANT);
        meter->dirty = true;
        reply_accept(reply, NULL, 0);
    } else {
        memcpy(meter->freeze_at, request->data, sizeof(meter->freeze_at));
        meter->freeze_set = true;
        meter->dirty = true;
        reply_accept(reply, NULL, 0);
    }
    return !address_is(request, BROADCAST);
}

static bool baud_answer(struct meter *meter, const struct frame *request, struct frame *reply)
{
    uint32_t baud = 0;
    for (uint32_t bit = 1; bit <= 6 && request->size == 1; bit++) {
        baud = request->data[0] == 1U << bit ? 300U << bit : baud;
    }
    if (baud == 0) {
        reply_refuse_err(reply, METER_ERR_BAUD);
        return true;
    }
    meter->baud_next = baud;
    reply_accept(reply, request->data, 1);
    return true;
}

static bool security_answer(struct meter *meter, const struct frame *request, struct frame *reply)
{
    if (request->size < 8) {
        reply_refuse_err(reply, METER_ERR_OTHER);
        return true;
    }
    switch (meter->cfg.kind) {
    case METER_COUNT:
        return prepay_answer(meter, request, reply);
    case METER_ORDER:
        return order_answer(meter, request, reply);
    case METER_CLOUD:
    case METER_KIND_COUNT:
        break;
    }
    const uint8_t other[2] = {SERR_OTHER, 0};
    reply_refuse(reply, other, meter->cfg.serr_bytes);
    return true;
}

static bool output_answer(const struct frame *request, struct frame *reply)
{
    if (request->size != 1 || request->data[0] > 2) {
        reply_refuse_err(reply, METER_ERR_OTHER);
    } else {
        reply_accept(reply, request->data, 1);
    }
    return true;
}

static bool answer_single(struct meter *meter, const struct frame *request, struct frame *reply)
{
    switch (request->control) {
    case CONTROL_SECURITY:
        return security_answer(meter, request, reply);
    case CONTROL_READ:
        return read_answer(meter, request, reply);
    case CONTROL_READ_MORE:
        return read_more_answer(meter, request, reply);
    case CONTROL_READ_ADDRESS:
        return read_address_answer(meter, request, reply);
    case CONTROL_WRITE:
        return write_answer(meter, request, reply);
    case CONTROL_WRITE_ADDRESS:
        return write_address_answer(meter, request, reply);
    case CONTROL_FREEZE:
        return freeze_answer(meter, request, reply);
    case CONTROL_BAUD:
        return baud_answer(meter, request, reply);
    case CONTROL_PASSWORD:
        return password_answer(meter, request, reply);
    case CONTROL_CLEAR_DEMAND:
    case CONTROL_CLEAR_METER:
    case CONTROL_CLEAR_EVENTS:
        return clear_answer(meter, request, reply);
    case CONTROL_RELAY:
        return relay_answer(meter, request, reply);
    case CONTROL_OUTPUT:
        return output_answer(request, reply);
    default:
        return false;
    }
}

bool meter_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    struct frame *reply = ret_reply;
    reply->control = request->control;
    reply->size = 0;
    memcpy(reply->address, meter->address, FRAME_ADDRESS_SIZE);
    if (request->control == CONTROL_BROADCAST_TIME) {
        return broadcast_time_answer(meter, request);
    }
    if (address_is(request, BROADCAST)) {
        return request->control == CONTROL_FREEZE && freeze_answer(meter, request, reply);
    }
    return answer_single(meter, request, reply);
}
