/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_DRIVERS_NFC_EMULATED_READER_H
#define SHILLING_TESTS_UNIT_DRIVERS_NFC_EMULATED_READER_H

#include <stddef.h>

#include "drivers/nfc/nfc_reader.h"

/* The emulated reader as a child process, and libnfc on it. What goes wrong ends the program. */
struct emulated;

struct emulated *emulated_start(void);
void emulated_stop(struct emulated *emulated);
/** A command to its control socket; anything but "ok" ends the program. */
void emulated_say(struct emulated *emulated, const char *command);
struct nfc_reader *emulated_reader(struct emulated *emulated);

#endif
