/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames are built once, at the assignment, and stored: every send of a delivery is byte for byte
 * the same. protocol/dl645 knows the layouts; here is only who fills which field.
 */
#include "cloud/orders/frame_build.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "protocol/dl645/prepay.h"

/* The profile has it as people write it; on the wire its lowest byte, C0, comes first. */
static uint32_t operator_of(const struct catalog_meter *meter)
{
    return get_be32(meter->profile.operator_code);
}

static enum err encode(const struct dl645_frame *frame, struct bus_frame *ret_frame)
{
    return dl645_frame_encode(frame, /* preamble= */ 0, ret_frame->bytes, sizeof(ret_frame->bytes),
                              &ret_frame->size);
}

static enum err build_auth(const struct frame_purchase *purchase, struct delivery_frames *frames)
{
    struct dl645_message message;
    struct dl645_frame frame;
    const struct mac_codes *macs = purchase->macs;
    dl645_request_authenticate(purchase->meter->address, operator_of(purchase->meter),
                               macs->cipher1, macs->random1, macs->factor, &message);
    enum err err = dl645_message_encode(&message, &frame);
    if (err == OK) {
        err = encode(&frame, &frames->auth[0]);
        frames->auth_count = 1;
    }
    return err;
}

enum err frame_build(const struct frame_purchase *purchase, struct delivery_frames *ret_frames)
{
    const struct dl645_prepay_model *model = dl645_prepay_find(purchase->meter->profile.layout);
    MUST(purchase->amount.fen > 0);
    if (model == NULL || model->has_cipher || model->has_mac != (purchase->macs != NULL)) {
        return ERR_UNSUPPORTED;
    }
    struct dl645_recharge recharge = {
        .address = purchase->meter->address,
        .operator_code = operator_of(purchase->meter),
        .amount = purchase->amount,
        .count = purchase->count,
        .customer = purchase->customer,
        .order = purchase->order_number,
    };
    enum err err = OK;
    struct delivery_frames frames;
    memset(&frames, 0, sizeof(frames));
    if (purchase->macs != NULL) {
        memcpy(recharge.mac1, purchase->macs->mac1, sizeof(recharge.mac1));
        memcpy(recharge.mac2, purchase->macs->mac2, sizeof(recharge.mac2));
        err = build_auth(purchase, &frames);
    }
    struct dl645_frame frame;
    if (err == OK) {
        err = dl645_recharge_build(model, DL645_RECHARGE, &recharge, NULL, &frame);
    }
    if (err == OK) {
        err = encode(&frame, &frames.frame);
    }
    if (err == OK) {
        *ret_frames = frames;
    }
    return err;
}
