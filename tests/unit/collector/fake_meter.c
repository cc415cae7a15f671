/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector/fake_meter.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/di.h"
#include "protocol/dl645/follow.h"
#include "protocol/dl645/prepay.h"
#include "protocol/dl645/request.h"

/* The energy's total and its four tariffs. */
enum { ENERGY_BLOCK = 0x0001FF00, BLOCK_VALUES = 5, VALUE_SIZE = 32 };

void fake_meter_init(struct fake_meter *meter, const char *address)
{
    *meter = (struct fake_meter){.address = address,
                                 .balance_fen = 1000,
                                 .count = 3,
                                 .clock = {0x30, 0x50, 0x23, 0x31, 0x12, 0x26}};
}

static size_t value_of(struct fake_meter *meter, uint32_t di, uint8_t ret_value[VALUE_SIZE])
{
    switch (di) {
    case DL645_DI_ENERGY_FORWARD:
        MUST(bcd_put_le(123456, ret_value, 4));
        return 4;
    case ENERGY_BLOCK:
        for (uint32_t i = 0; i < BLOCK_VALUES; i++) {
            MUST(bcd_put_le(123456 + i, ret_value + (size_t)4 * i, 4));
        }
        return (size_t)4 * BLOCK_VALUES;
    case DL645_DI_REMAINING_AMOUNT:
        MUST(bcd_put_le(meter->balance_fen, ret_value, 4));
        return 4;
    case DL645_DI_PURCHASE_COUNT:
        put_le16(ret_value, 0);
        MUST(bcd_put_le(meter->count, ret_value, 2));
        return 2;
    case DL645_DI_DATE:
        ret_value[0] = 4;
        memcpy(ret_value + 1, meter->clock + 3, 3);
        return 4;
    case DL645_DI_TIME:
        memcpy(ret_value, meter->clock, 3);
        return 3;
    case DL645_DI_STATUS_3:
        if (meter->relay_target_open != meter->relay_open && meter->relay_delay_looks-- <= 0) {
            meter->relay_open = meter->relay_target_open;
        }
        put_le16(ret_value, meter->relay_open ? 0x0010 : 0);
        return 2;
    default:
        return 0;
    }
}

/* Carry a request out; false: it is refused with ERR 02. */
static bool obey(struct fake_meter *meter, const struct dl645_message *request,
                 struct dl645_message *reply)
{
    uint8_t value[VALUE_SIZE];
    switch (request->function) {
    case DL645_READ_FOLLOW:
        return meter->part_size > 0 &&
               dl645_follow_part(request, value, value_of(meter, request->di, value),
                                 meter->part_size, reply);
    case DL645_READ:
        if (meter->part_size > 0) {
            return dl645_follow_part(request, value, value_of(meter, request->di, value),
                                     meter->part_size, reply);
        }
        reply->di = request->di;
        reply->fields = DL645_HAS(DL645_FIELD_DI) | DL645_HAS(DL645_FIELD_VALUE);
        reply->value_size = (uint8_t)value_of(meter, request->di, reply->value);
        return reply->value_size > 0;
    case DL645_RELAY:
        meter->relays += 1;
        meter->relay_target_open = request->n1 == DL645_RELAY_TRIP;
        meter->expires = request->expires;
        return true;
    case DL645_SECURITY_AUTH:
        reply->di = request->di;
        reply->fields = DL645_HAS(DL645_FIELD_DI);
        if (request->di == DL645_DI_RECHARGE) {
            meter->credits += 1;
            meter->count += 1;
            meter->balance_fen += request->amount;
        } else {
            static const uint8_t random_and_esam[12] = {1, 2, 3};
            reply->fields |= DL645_HAS(DL645_FIELD_RANDOM2) | DL645_HAS(DL645_FIELD_ESAM_NUMBER);
            memcpy(reply->random2, random_and_esam, sizeof(reply->random2));
        }
        return true;
    default:
        return false;
    }
}

static enum fake_fault fault_of(struct fake_meter *meter, const struct dl645_message *request)
{
    bool hit = meter->fault_count > 0 && request->function == meter->fault_control &&
               (meter->fault_di == 0 || meter->fault_di == request->di);
    if (!hit) {
        return FAKE_SOUND;
    }
    meter->fault_count -= 1;
    return meter->fault;
}

size_t fake_meter_hear(struct fake_meter *meter, const uint8_t *bytes, size_t size,
                       uint8_t *ret_bytes, size_t bytes_size)
{
    struct dl645_frame frame = {0};
    struct dl645_message request = {0};
    struct dl645_message reply = {.reply = true};
    if (dl645_frame_decode(bytes, size, &frame) != OK ||
        dl645_message_decode(&frame, &request) != OK ||
        !str_equal(request.address, meter->address)) {
        return 0;
    }
    meter->frames += 1;
    enum fake_fault fault = fault_of(meter, &request);
    if (fault == FAKE_SILENT) {
        return 0;
    }
    MUST(str_copy(reply.address, sizeof(reply.address), meter->address));
    reply.function = request.function;
    if (fault == FAKE_REFUSE || !obey(meter, &request, &reply)) {
        reply.error = true;
        reply.error_size = request.function == DL645_SECURITY_AUTH ? 2 : 1;
        reply.error_bits = fault == FAKE_REFUSE ? meter->error_bits : 0x02;
        reply.fields = DL645_HAS(DL645_FIELD_ERROR);
    }
    if (fault == FAKE_LOST_REPLY) {
        return 0;
    }
    size_t got = 0;
    enum err err = dl645_message_encode(&reply, &frame);
    MUST(err == OK);
    err = dl645_frame_encode(&frame, DL645_PREAMBLE_SENT, ret_bytes, bytes_size, &got);
    MUST(err == OK);
    if (fault == FAKE_GARBLED) {
        ret_bytes[got - 2] ^= 0x55U;
    }
    return got;
}

static size_t control_03(const struct dl645_message *message, uint8_t *ret_bytes, size_t bytes_size)
{
    struct dl645_frame frame = {0};
    size_t size = 0;
    enum err err = dl645_message_encode(message, &frame);
    MUST(err == OK);
    err = dl645_frame_encode(&frame, 0, ret_bytes, bytes_size, &size);
    MUST(err == OK);
    return size;
}

size_t fake_credit_frame(const char *address, uint32_t amount_fen, uint32_t count,
                         uint8_t *ret_bytes, size_t bytes_size)
{
    struct dl645_frame frame = {0};
    size_t size = 0;
    struct dl645_recharge recharge = {.address = address,
                                      .amount = {.fen = amount_fen},
                                      .count = count,
                                      .customer = "000000123456"};
    enum err err = dl645_recharge_build(dl645_prepay_find("standard"), DL645_RECHARGE, &recharge,
                                        NULL, &frame);
    MUST(err == OK);
    err = dl645_frame_encode(&frame, 0, ret_bytes, bytes_size, &size);
    MUST(err == OK);
    return size;
}

size_t fake_auth_frame(const char *address, uint8_t *ret_bytes, size_t bytes_size)
{
    static const uint8_t eight[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct dl645_message message = {0};
    dl645_request_authenticate(address, 0, eight, eight, eight, &message);
    return control_03(&message, ret_bytes, bytes_size);
}
