/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_TEST_KEYS_H
#define SHILLING_CLOUD_PAYMENTS_TEST_KEYS_H

#include <stdbool.h>

/*
 * The keys that lie in the open: those of the simulated gateways (emulators/paygate/keys) and of
 * the test vectors. In live mode they are refused; in demo and test mode nothing else changes, so
 * a test never runs a way through the code that money does not take.
 */

/**
 * True if @p fingerprint (lower-case hex) is the SHA-256 of a simulator's SubjectPublicKeyInfo or
 * APIv3 key text.
 */
bool test_keys_contain(const char *fingerprint);

#endif
