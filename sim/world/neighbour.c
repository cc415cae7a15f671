/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/neighbour.h"

#include <string.h>

#include "emulators/meterbus/answer.h"
#include "emulators/meterbus/bcd.h"
#include "sim/world/world.h"

enum {
    DI_RECHARGE = 0x070102FF,
    AT_AMOUNT = 8,
    AMOUNT_SIZE = 4,
    /*
     * Behind a meter that uses nothing the window is 2 fen deep: one step of the register, 0.55 fen
     * at the price of this world, rounded up, and one more.
     */
    BELOW_WINDOW_FEN = 3,
};

/* A meter that counts tells whose sale it was; of the others only one in a vacant flat does. */
static bool tells_apart(const struct meter *meter)
{
    return meter->cfg.kind == METER_COUNT ||
           (meter->cfg.kind == METER_ORDER && meter->cfg.load_w == 0);
}

/* What the frame would have brought to such a meter; 0 if it is for none. */
static uint32_t amount_of(const struct meters *meters, const struct frame *request,
                          size_t *ret_index)
{
    for (size_t i = 0; i < meters->count; i++) {
        const struct meter *meter = meters->list[i];
        const bool fits =
            tells_apart(meter) && memcmp(meter->address, request->address, FRAME_ADDRESS_SIZE) == 0;
        if (fits && request->size >= AT_AMOUNT + AMOUNT_SIZE && frame_di(request) == DI_RECHARGE) {
            *ret_index = i;
            return (uint32_t)binary_read(request->data + AT_AMOUNT, AMOUNT_SIZE);
        }
    }
    return 0;
}

void neighbour_sees(struct meters *meters, const uint8_t *bytes, size_t size)
{
    struct frame_scanner scanner = {.size = 0};
    struct frame request;
    bool whole = false;
    for (size_t i = 0; i < size && !whole; i++) {
        whole = frame_scanner_take(&scanner, bytes[i], &request);
    }
    size_t index = 0;
    const uint32_t fen = whole ? amount_of(meters, &request, &index) : 0;
    if (fen > BELOW_WINDOW_FEN &&
        world_strikes(meters->world, FAULT_METER_NEAR_SALE, DICE_METERS)) {
        meters_sell(meters, index, fen - BELOW_WINDOW_FEN);
    }
}
