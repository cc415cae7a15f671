/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_BAKE_PATH_H
#define SHILLING_KIOSK_UI_BAKE_PATH_H

#include <stdio.h>

/**
 * Write the path data of an SVG `d` attribute as the numbers of kiosk/ui/icon.h. Knows M L H V C S
 * A Z, large and small; arcs become curves.
 *
 * @return NULL, or what is wrong with it
 */
const char *bake_path(const char *d, FILE *out);

#endif
