/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COMMON_CRYPTO_VECTOR_KEYS_H
#define SHILLING_TESTS_UNIT_COMMON_CRYPTO_VECTOR_KEYS_H

#include <stdbool.h>

#include "common/crypto/rsa.h"

/** The PEM text of a key of tests/vectors/payments.json; ends the program if there is none. */
const char *vector_key_text(const char *name);

/** The same as a key, which lives until the end of the program. */
struct rsa_key *vector_key(const char *name, bool is_private);

#endif
