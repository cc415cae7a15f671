/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_STATUS_H
#define SHILLING_EMULATORS_PRINTER_STATUS_H

#include <stdint.h>

#include "emulators/printer/machine.h"

/* What the printer says about itself, bit by bit as in Epson's command reference. */

/** The answer to DLE EOT @p which (1..4). */
uint8_t status_eot(const struct machine *machine, unsigned which);
void status_asb(const struct machine *machine, uint8_t ret_bytes[4]);
/** The answer to GS r 1. */
uint8_t status_paper(const struct machine *machine);
/** Send automatic status if it is on and something has changed. */
void status_report(struct machine *machine);
/** Send @p size bytes, unless the printer is mute. */
void status_send(struct machine *machine, const uint8_t *bytes, size_t size);
/** As status_send(), but these may be lost on command. */
void status_send_proof(struct machine *machine, const uint8_t *bytes, size_t size);

#endif
