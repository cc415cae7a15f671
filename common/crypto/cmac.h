/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_CMAC_H
#define SHILLING_COMMON_CRYPTO_CMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

enum { CMAC_KEY_SIZE = 16, CMAC_SIZE = 16 };

/**
 * AES-128-CMAC (NIST SP 800-38B, RFC 4493) of @p size bytes (0 is allowed). The diversification
 * of NXP's AN10922 is this function over 01 and the card's data, as long as those are 16 to 31
 * bytes together. False only if the library has no memory or knows no CMAC.
 */
MUST_CHECK bool cmac_aes128(const uint8_t key[CMAC_KEY_SIZE], const uint8_t *bytes, size_t size,
                            uint8_t ret_mac[CMAC_SIZE]);

#endif
