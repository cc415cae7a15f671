/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_NEIGHBOUR_H
#define SHILLING_SIM_WORLD_NEIGHBOUR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Another seller whose sales come at the worst moment: our frame is lost, and he sells the same
 * meter an amount that only the last fen of a balance window tells from ours. An amount inside
 * the window nobody could tell from ours (docs/money.md, "where a device cannot prove them").
 */
struct meters;

/** The request @p bytes was lost on its way to the meters. */
void neighbour_sees(struct meters *meters, const uint8_t *bytes, size_t size);

#endif
