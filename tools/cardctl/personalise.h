/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_PERSONALISE_H
#define SHILLING_TOOLS_CARDCTL_PERSONALISE_H

#include "common/compiler.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/layout.h"
#include "tools/cardctl/seat.h"

/**
 * Is the card that lies there as it came from the factory? Nothing is written. Anything else is
 * refused, and it is said why.
 */
MUST_CHECK enum ctl_exit personalise_check_blank(struct seat *seat);

/**
 * Make a blank card the one of @p plan, or finish one that was begun so. Sectors that are finished
 * are left alone, so a card in use is safe. A card that goes away meanwhile is waited for.
 *
 * @return CTL_DONE: every sector was read back after a field reset. CTL_FAILED: it is no blank and
 *         no begun card, or is spoiled. CTL_UNFINISHED: the same call finishes it. All but the
 *         first have been said.
 */
MUST_CHECK enum ctl_exit personalise(struct seat *seat, const struct layout_plan *plan);

#endif
