/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: every request is judged completely before anything changes; a recharge then changes
 * balance, count, total and the purchase list in one step, which the bus stores before the reply
 * leaves. The order of the checks decides which single bit a caller sees: state, session,
 * customer, count, MAC, limit.
 */
#include "emulators/meterbus/prepay.h"

#include <string.h>

#include "emulators/esam/esam_test.h"
#include "emulators/meterbus/answer.h"
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/reply.h"

enum {
    DI_IDENTITY = 0x070000FF,
    DI_VALIDITY = 0x070001FF,
    DI_END = 0x070002FF,
    DI_OPEN = 0x070101FF,
    DI_RECHARGE = 0x070102FF,
    DI_STATUS = 0x078102FF
};

/* L of the requests: DI and operator are the first 8 bytes of all. */
enum {
    HEAD_SIZE = 8,
    IDENTITY_SIZE = 0x20,
    VALIDITY_SIZE = 0x0E,
    PURCHASE_SIZE = 0x1E,
    AT_CIPHER = 8,
    AT_RANDOM = 16,
    AT_FACTOR = 24,
    AT_AMOUNT = 8,
    AT_COUNT = 12,
    AT_MAC1 = 16,
    AT_CUSTOMER = 20,
    AT_MAC2 = 26
};

struct answer {
    unsigned int serr; /* enum serr bits; 0 = accepted */
    uint8_t bytes[40];
    size_t size;
};

static void answer_add(struct answer *answer, const uint8_t *bytes, size_t size)
{
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
}

static void answer_add_u32(struct answer *answer, uint64_t number)
{
    uint8_t bytes[4];
    binary_write(bytes, sizeof(bytes), number);
    answer_add(answer, bytes, sizeof(bytes));
}

static uint64_t remaining_fen(const struct meter *meter)
{
    int64_t net_fen = meter_balance_fen(meter);
    return net_fen > 0 ? (uint64_t)net_fen : 0;
}

static void failure_count(struct meter *meter, int64_t hour)
{
    if (meter->session.failures_hour != hour) {
        meter->session.failures_hour = hour;
        meter->session.failures = 0;
    }
    meter->session.failures += 1;
}

static void identity_answer(struct meter *meter, const struct frame *request, struct answer *ret)
{
    static const uint8_t CHIP_NUMBER_HEAD[2] = {0x00, 0x01};
    int64_t hour = meter->sim_ms / MS_PER_HOUR;
    bool locked =
        meter->session.failures_hour == hour && meter->session.failures >= METER_AUTH_FAILURES_MAX;
    uint8_t cipher[ESAM_CIPHER_SIZE];
    uint8_t factor[ESAM_FACTOR_SIZE];
    if (request->size != IDENTITY_SIZE ||
        !esam_test_identity(meter->cfg.address, request->data + AT_RANDOM, cipher)) {
        ret->serr = SERR_OTHER;
        return;
    }
    esam_test_factor(meter->cfg.address, factor);
    bool right = memcmp(cipher, request->data + AT_CIPHER, sizeof(cipher)) == 0 &&
                 memcmp(factor, request->data + AT_FACTOR, sizeof(factor)) == 0;
    if (locked || !right) {
        failure_count(meter, hour);
        ret->serr = locked ? SERR_NOT_AUTHENTICATED : SERR_MAC;
        return;
    }
    meter->session.until_ms = meter->sim_ms + (int64_t)meter->session.valid_ms;
    answer_add(ret, cipher, 4); /* random2: any bytes do, nothing is bound to it */
    answer_add(ret, CHIP_NUMBER_HEAD, sizeof(CHIP_NUMBER_HEAD));
    answer_add(ret, meter->cfg.address, FRAME_ADDRESS_SIZE);
}

static bool authenticated(const struct meter *meter)
{
    return meter->session.until_ms > meter->sim_ms;
}

static void validity_answer(struct meter *meter, const struct frame *request, struct answer *ret)
{
    uint64_t minutes = 0;
    if (request->size != VALIDITY_SIZE || !bcd_read(request->data + HEAD_SIZE, 2, &minutes)) {
        ret->serr = SERR_OTHER;
    } else if (!authenticated(meter)) {
        ret->serr = SERR_NOT_AUTHENTICATED;
    } else {
        meter->session.valid_ms = (uint32_t)minutes * MS_PER_MINUTE;
        meter->session.until_ms = meter->sim_ms + (int64_t)meter->session.valid_ms;
    }
}

static void end_answer(struct meter *meter, struct answer *ret)
{
    meter->session.until_ms = 0;
    answer_add(ret, meter->customer, sizeof(meter->customer));
    answer_add_u32(ret, remaining_fen(meter));
    answer_add_u32(ret, meter->count);
    answer_add_u32(ret, 0); /* key information: test keys */
}

static void status_answer(const struct meter *meter, struct answer *ret)
{
    uint8_t mac[ESAM_MAC_SIZE];
    const uint64_t values[] = {remaining_fen(meter), meter->count};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        if (!esam_test_answer_mac(meter->cfg.address, (uint32_t)values[i], mac)) {
            ret->serr = SERR_OTHER;
            return;
        }
        answer_add_u32(ret, values[i]);
        answer_add(ret, mac, sizeof(mac));
    }
    answer_add(ret, meter->customer, sizeof(meter->customer));
    answer_add_u32(ret, 0);
}

static bool macs_right(const struct meter *meter, const struct frame *request)
{
    uint8_t mac1[ESAM_MAC_SIZE];
    uint8_t mac2[ESAM_MAC_SIZE];
    struct esam_purchase purchase = {
        .di = frame_di(request),
        .amount_fen = (uint32_t)binary_read(request->data + AT_AMOUNT, 4),
        .count = (uint32_t)binary_read(request->data + AT_COUNT, 4),
    };
    memcpy(purchase.address, meter->cfg.address, sizeof(purchase.address));
    memcpy(purchase.customer, request->data + AT_CUSTOMER, sizeof(purchase.customer));
    return esam_test_macs(&purchase, mac1, mac2) &&
           memcmp(mac1, request->data + AT_MAC1, sizeof(mac1)) == 0 &&
           memcmp(mac2, request->data + AT_MAC2, sizeof(mac2)) == 0;
}

static unsigned int purchase_refusal(const struct meter *meter, const struct frame *request)
{
    bool open = frame_di(request) == DI_OPEN;
    uint64_t fen = binary_read(request->data + AT_AMOUNT, 4);
    uint64_t count = binary_read(request->data + AT_COUNT, 4);
    if (request->size != PURCHASE_SIZE) {
        return SERR_OTHER;
    }
    if (meter->suspended) {
        return SERR_SUSPENDED;
    }
    if (!authenticated(meter)) {
        return SERR_NOT_AUTHENTICATED;
    }
    if (open == meter->opened) {
        return SERR_OTHER; /* opened twice, or recharged before it was opened */
    }
    if (!open && memcmp(request->data + AT_CUSTOMER, meter->customer, 6) != 0) {
        return SERR_CUSTOMER;
    }
    if (count == meter->count) {
        return SERR_REPEATED;
    }
    if (count != (uint64_t)meter->count + 1) {
        return SERR_COUNT;
    }
    if (!macs_right(meter, request)) {
        return SERR_MAC;
    }
    if (fen == 0 && !open && !meter->cfg.zero_credit_accepted) {
        return SERR_OTHER;
    }
    return meter_balance_fen(meter) + (int64_t)fen > (int64_t)meter->hoarding_fen ? SERR_LIMIT : 0;
}

static void purchase_answer(struct meter *meter, const struct frame *request, struct answer *ret)
{
    ret->serr = purchase_refusal(meter, request);
    if (ret->serr != 0) {
        return;
    }
    bool open = frame_di(request) == DI_OPEN;
    uint32_t fen = (uint32_t)binary_read(request->data + AT_AMOUNT, 4);
    struct purchase purchase = {
        .at_ms = meter_shown_ms(meter),
        .amount_fen = fen,
        .count = meter->count + 1,
        .before_fen = meter_balance_fen(meter),
        .after_fen = meter_balance_fen(meter) + (int64_t)fen,
        .total_fen = meter->total_fen + fen,
        .kind = open ? MONEY_OPEN : MONEY_RECHARGE,
    };
    if (!meter_purchase_add(meter, &purchase)) {
        ret->serr = SERR_OTHER;
        return;
    }
    /* The balance is net, so an overdraft is paid off first by arithmetic alone. */
    meter->balance_micros += (int64_t)fen * MICROS_PER_FEN;
    meter->count = purchase.count;
    meter->total_fen = purchase.total_fen;
    if (open) {
        meter->opened = true;
        memcpy(meter->customer, request->data + AT_CUSTOMER, sizeof(meter->customer));
    }
    meter->dirty = true;
    meter_balance_changed(meter);
}

/* By its DI; the operator was looked at. */
static void di_answer(struct meter *meter, const struct frame *request, struct answer *ret)
{
    switch (frame_di(request)) {
    case DI_IDENTITY:
        identity_answer(meter, request, ret);
        break;
    case DI_VALIDITY:
        validity_answer(meter, request, ret);
        break;
    case DI_END:
        end_answer(meter, ret);
        break;
    case DI_OPEN:
    case DI_RECHARGE:
        purchase_answer(meter, request, ret);
        break;
    case DI_STATUS:
        status_answer(meter, ret);
        break;
    default:
        ret->serr = SERR_OTHER;
        break;
    }
}

bool prepay_answer(struct meter *meter, const struct frame *request, struct frame *ret_reply)
{
    struct answer answer = {.serr = 0};
    answer_add(&answer, request->data, 4);
    if (request->size >= HEAD_SIZE && !meter_operator_is_right(meter, request->data + 4)) {
        answer.serr = SERR_OTHER;
    } else {
        di_answer(meter, request, &answer);
    }
    if (answer.serr != 0) {
        const uint8_t error[2] = {(uint8_t)answer.serr, (uint8_t)(answer.serr >> 8)};
        reply_refuse(ret_reply, error, meter->cfg.serr_bytes);
    } else {
        reply_accept(ret_reply, answer.bytes, answer.size);
    }
    return true;
}
