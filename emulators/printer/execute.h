/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_EXECUTE_H
#define SHILLING_EMULATORS_PRINTER_EXECUTE_H

#include <stddef.h>
#include <stdint.h>

#include "emulators/printer/machine.h"

/** Carry out one whole command or character. */
void execute_command(struct machine *machine, const uint8_t *bytes, size_t size);
/** One byte of the picture that is being taken. */
void execute_raster_byte(struct machine *machine, uint8_t byte);
/** The modes as after switching on. */
void execute_defaults(struct machine *machine);
/** Carry out the cut that a jam stopped. */
void execute_cut(struct machine *machine);

#endif
