/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_PICTURE_H
#define SHILLING_EMULATORS_PRINTER_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "emulators/printer/strip.h"

/* How a piece ends at its lower edge. */
enum picture_edge { PICTURE_CUT, PICTURE_TORN };

/**
 * Paint the first @p rows of @p strip as a piece of thermal paper on a table, two pixels a dot.
 * @return false if the file cannot be written
 */
MUST_CHECK bool picture_write(const struct strip *strip, size_t rows, enum picture_edge edge,
                              const char *path);

#endif
