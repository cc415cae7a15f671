/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_EXPLAIN_PURCHASE_H
#define SHILLING_TOOLS_CARDCTL_EXPLAIN_PURCHASE_H

#include <stdio.h>

#include "common/json/json.h"
#include "protocol/card/purchase.h"

/* The files of a purchase card. Neither blocks; both allocate, and end the program without memory.
 */

/** What they say; @return a new object (@own) */
json_t *explain_purchase_json(const struct purchase_files *files);

/** Their bytes, as the server takes them; @return a new object (@own) */
json_t *explain_purchase_hex(const struct purchase_files *files);

/** What they say, for people. */
void explain_purchase_print(FILE *out, const json_t *purchase);

#endif
