/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: what is checked, in this order: length, own address, order number, amount, limit. A
 * refusal is C3 with one byte. Whether a real meter of this family refuses an order number that
 * it has seen is not known, so both are here (repeat_order).
 */
#include "emulators/meterbus/order.h"

#include <string.h>

#include "emulators/meterbus/answer.h"
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/reply.h"

enum {
    DI_RECHARGE = 0x070102FF,
    DI_REFUND = 0x070108FF,
    DI_BLOCK = 0x070104FF,
    RECHARGE_SIZE = 0x22,
    BLOCK_SIZE = 143,
    BLOCK_KNOWN_SIZE = 36, /* prices and limits; the maker's steps and power limit stay 0 */
    AT_AMOUNT = 8,
    AT_ORDER = 12,
    AT_ADDRESS = 24,
    AT_BLOCK = 8,
    ORDER_SIZE = 8
};

/* One byte of refusal: the low bits of the standard's SERR. */
enum {
    REFUSED_OTHER = 0x01,
    REFUSED_REPEATED = 0x02,
    REFUSED_ADDRESS = 0x10,
    REFUSED_LIMIT = 0x40
};

static bool order_known(const struct meter *meter, const uint8_t order[ORDER_SIZE])
{
    for (size_t i = 0; i < meter->purchase_count; i++) {
        if (memcmp(meter->purchases[i].order, order, ORDER_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static uint8_t order_refusal(const struct meter *meter, const struct frame *request)
{
    if (request->size != RECHARGE_SIZE) {
        return REFUSED_OTHER;
    }
    if (!meter_operator_is_right(meter, request->data + 4)) {
        return REFUSED_OTHER;
    }
    uint64_t number = 0;
    if (memcmp(request->data + AT_ADDRESS, meter->address, FRAME_ADDRESS_SIZE) != 0) {
        return REFUSED_ADDRESS;
    }
    if (!bcd_read(request->data + AT_ORDER, ORDER_SIZE, &number)) {
        return REFUSED_OTHER;
    }
    if (!meter->cfg.repeat_order_accepted && order_known(meter, request->data + AT_ORDER)) {
        return REFUSED_REPEATED;
    }
    int64_t fen = (int64_t)binary_read(request->data + AT_AMOUNT, 4);
    int64_t before_fen = meter_balance_fen(meter);
    if (fen == 0) {
        return REFUSED_OTHER;
    }
    if (frame_di(request) == DI_REFUND) {
        return fen > before_fen ? REFUSED_LIMIT : 0;
    }
    return before_fen + fen > (int64_t)meter->hoarding_fen ? REFUSED_LIMIT : 0;
}

static bool order_execute(struct meter *meter, const struct frame *request)
{
    bool refund = frame_di(request) == DI_REFUND;
    uint32_t fen = (uint32_t)binary_read(request->data + AT_AMOUNT, 4);
    int64_t signed_fen = refund ? -(int64_t)fen : (int64_t)fen;
    struct purchase purchase = {
        .at_ms = meter_shown_ms(meter),
        .amount_fen = fen,
        .before_fen = meter_balance_fen(meter),
        .after_fen = meter_balance_fen(meter) + signed_fen,
        .total_fen = (uint64_t)((int64_t)meter->total_fen + signed_fen),
        .kind = refund ? MONEY_REFUND : MONEY_RECHARGE,
    };
    memcpy(purchase.order, request->data + AT_ORDER, ORDER_SIZE);
    if (!meter_purchase_add(meter, &purchase)) {
        return false;
    }
    meter->balance_micros += signed_fen * MICROS_PER_FEN;
    meter->total_fen = purchase.total_fen;
    meter->dirty = true;
    meter_balance_changed(meter);
    return true;
}

bool order_block_read(const struct meter *meter, struct value *ret_value)
{
    if (meter->cfg.kind != METER_ORDER) {
        return false;
    }
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        value_add_bcd(ret_value, 4, meter->price_e4[i]);
    }
    value_add_bcd(ret_value, 4, meter->alarm_fen[0]);
    value_add_bcd(ret_value, 4, meter->alarm_fen[1]);
    value_add_bcd(ret_value, 4, meter->overdraft_fen);
    value_add_bcd(ret_value, 4, meter->hoarding_fen);
    value_add_bcd(ret_value, 4, meter->close_fen);
    value_add_bcd(ret_value, BLOCK_SIZE - BLOCK_KNOWN_SIZE, 0);
    return true;
}

static bool block_write(struct meter *meter, const struct frame *request)
{
    uint32_t *fields[] = {&meter->price_e4[0],   &meter->price_e4[1],  &meter->price_e4[2],
                          &meter->price_e4[3],   &meter->alarm_fen[0], &meter->alarm_fen[1],
                          &meter->overdraft_fen, &meter->hoarding_fen, &meter->close_fen};
    uint64_t numbers[ARRAY_COUNT(fields)] = {0};
    if (request->size != AT_BLOCK + BLOCK_SIZE) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (!bcd_read(request->data + AT_BLOCK + 4 * i, 4, &numbers[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        *fields[i] = (uint32_t)numbers[i];
    }
    meter->programming_count += 1;
    meter->dirty = true;
    meter_balance_changed(meter);
    return true;
}

bool order_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    uint8_t refusal = 0;
    switch (frame_di(request)) {
    case DI_RECHARGE:
    case DI_REFUND:
        refusal = order_refusal(meter, request);
        if (refusal == 0 && !order_execute(meter, request)) {
            refusal = REFUSED_OTHER;
        }
        break;
    case DI_BLOCK:
        refusal = block_write(meter, request) ? 0 : REFUSED_OTHER;
        break;
    default:
        refusal = REFUSED_REPEATED; /* seen on the real family for an unknown DI: C3 02 */
        break;
    }
    if (refusal != 0) {
        reply_refuse(ret_reply, &refusal, 1);
    } else {
        reply_accept(ret_reply, request->data, 4);
    }
    return true;
}
