/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_ACCOUNT_H
#define SHILLING_CLOUD_ORDERS_ACCOUNT_H

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"

/** True if a delivery of unknown fate holds the meter: nobody may pay for it now. */
MUST_CHECK enum err account_is_blocked(struct db *db, const char *meter_id, bool *ret_blocked);

#endif
