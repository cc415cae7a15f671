/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_CARDS_CARD_WRAPS_H
#define SHILLING_SIM_CARDS_CARD_WRAPS_H

struct world;

/** Planted bugs give out tokens of @p world's server (borrowed) from now on. */
void card_wraps_tell(struct world *world);

#endif
