/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_CARDS_VAULT_DOUBLE_H
#define SHILLING_SIM_CARDS_VAULT_DOUBLE_H

#include "cloud/cards/vault.h"

const struct vault *vault_double(void);
/** The master key: the factory that makes the meters has it, too. CARD_KEY_SIZE bytes. */
const uint8_t *vault_double_master(void);

#endif
