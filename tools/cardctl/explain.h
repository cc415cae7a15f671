/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_EXPLAIN_H
#define SHILLING_TOOLS_CARDCTL_EXPLAIN_H

#include "common/json/json.h"
#include "protocol/card/judge.h"
#include "tools/cardctl/desk.h"
#include "tools/cardctl/explain_purchase.h"
#include "tools/cardctl/layout.h"

/* What a laid card is and holds, as one JSON object; words.h says the same to people. */

struct explain_card {
    const struct seat *seat;               /* which card lies there */
    const struct desk_card *entry;         /* NULL: not in the register, or no server was asked */
    bool asked;                            /* the register was asked */
    const struct layout *layout;           /* NULL: no MIFARE Classic 1K */
    const struct purchase_files *purchase; /* NULL: no purchase card */
    const json_t *verdict;                 /* the server's, on the true records; NULL: none */
};

/** The pair of slots of sector @p first and the next; a slot that is not open to us is unread. */
struct card_slots explain_slots(const struct layout *layout, uint8_t first);

/** Put both slots as hex, or null, under @p name. */
void explain_put_slots(json_t *body, const char *name, const struct card_slots *slots);

/** @return a new object (@own) */
json_t *explain_json(const struct explain_card *card);

#endif
