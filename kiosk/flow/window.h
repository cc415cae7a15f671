/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_WINDOW_H
#define SHILLING_KIOSK_FLOW_WINDOW_H

/*
 * The window and its loop: sleeps in one place until a touch, a message of a helper thread or the
 * next deadline of session or picture; then one turn of events, and one picture if anything
 * changed. Mouse and finger are one pointer: the first contact counts.
 */

#include <stdbool.h>

#include "common/compiler.h"
#include "kiosk/flow/flow.h"

struct window_config {
    int width_px; /* 0: the whole display */
    int height_px;
    int width_mm; /* of the visible area; 0: the 21.5" reference */
    int view_distance_mm;
    const char *locale_dir;
};

/**
 * Open the display, show the first picture, then open journal and network, then run until the
 * display is closed or the program is told to end.
 *
 * @return the program's exit status: 0 told to end; 1 display or fonts missing, or lost
 */
MUST_CHECK int window_run(const struct window_config *window, const struct flow_config *flow);

#endif
