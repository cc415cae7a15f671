/* SPDX-License-Identifier: Apache-2.0 */
/* The electricity utility's key service (cloud/orders/mac_port.h), with the emulators' test key. */
#include <string.h>

#include "cloud/orders/mac_port.h"
#include "common/must.h"
#include "emulators/esam/esam_test.h"

enum { DI_RECHARGE = 0x070102FF };

/* Twelve digits, highest first, as six BCD bytes, low byte first. */
static void digits_bytes(const char *digits, uint8_t ret_bytes[ESAM_ADDRESS_SIZE])
{
    MUST(strlen(digits) == (size_t)2 * ESAM_ADDRESS_SIZE);
    for (size_t i = 0; i < ESAM_ADDRESS_SIZE; i++) {
        const char *pair = digits + (size_t)2 * (ESAM_ADDRESS_SIZE - 1 - i);
        ret_bytes[i] = (uint8_t)(((pair[0] - '0') << 4) | (pair[1] - '0'));
    }
}

enum err mac_port_ask(const struct mac_request *request, struct mac_codes *ret_codes)
{
    struct esam_purchase purchase = {
        .di = DI_RECHARGE, .amount_fen = (uint32_t)request->amount.fen, .count = request->count};
    struct mac_codes codes = {.random1 = {1, 2, 3, 4, 5, 6, 7, 8}};
    digits_bytes(request->meter, purchase.address);
    digits_bytes(request->customer, purchase.customer);
    esam_test_factor(purchase.address, codes.factor);
    if (!esam_test_identity(purchase.address, codes.random1, codes.cipher1) ||
        !esam_test_macs(&purchase, codes.mac1, codes.mac2)) {
        return ERR_UNAVAILABLE;
    }
    *ret_codes = codes;
    return OK;
}
