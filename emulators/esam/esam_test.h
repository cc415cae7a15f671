/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_ESAM_ESAM_TEST_H
#define SHILLING_EMULATORS_ESAM_ESAM_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The test algorithm that stands in for a meter's security chip (ESAM). The real one is a secret
 * of the utility; this one is HMAC-SHA256 under a key that everybody can read below, cut to the
 * sizes of the standard's fields. It protects nothing: it only lets a test see whether the right
 * bytes went through the right places. The codes are not bound to a session's random number, so
 * the very same frame stays valid after a new authentication.
 */
enum {
    ESAM_ADDRESS_SIZE = 6,
    ESAM_CIPHER_SIZE = 8,
    ESAM_RANDOM_SIZE = 8,
    ESAM_FACTOR_SIZE = 8,
    ESAM_MAC_SIZE = 4,
    ESAM_FINGERPRINT_SIZE = 32
};

/** What MAC1 and MAC2 of an account opening or a recharge cover. */
struct esam_purchase {
    uint8_t address[ESAM_ADDRESS_SIZE]; /* the meter's, low byte first as on the wire */
    uint32_t di;                        /* 070101FF or 070102FF */
    uint32_t amount_fen;
    uint32_t count;
    uint8_t customer[ESAM_ADDRESS_SIZE]; /* low byte first */
};

/** SHA-256 of the master key: what a product denies outside demos and tests. */
MUST_CHECK bool esam_test_fingerprint(uint8_t ret_hash[ESAM_FINGERPRINT_SIZE]);

/** The dispersion factor of a meter: two zero bytes and its number, high byte first. */
void esam_test_factor(const uint8_t address[ESAM_ADDRESS_SIZE],
                      uint8_t ret_factor[ESAM_FACTOR_SIZE]);

/** The cipher text of an identity authentication over @p random1. */
MUST_CHECK bool esam_test_identity(const uint8_t address[ESAM_ADDRESS_SIZE],
                                   const uint8_t random1[ESAM_RANDOM_SIZE],
                                   uint8_t ret_cipher[ESAM_CIPHER_SIZE]);

/** MAC1 (amount and count) and MAC2 (count and customer) of a purchase. */
MUST_CHECK bool esam_test_macs(const struct esam_purchase *purchase,
                               uint8_t ret_mac1[ESAM_MAC_SIZE], uint8_t ret_mac2[ESAM_MAC_SIZE]);

/** A MAC over a value that the meter answers with (status query): four bytes for @p value. */
MUST_CHECK bool esam_test_answer_mac(const uint8_t address[ESAM_ADDRESS_SIZE], uint32_t value,
                                     uint8_t ret_mac[ESAM_MAC_SIZE]);

#endif
