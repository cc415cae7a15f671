/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_POINTER_H
#define SHILLING_KIOSK_UI_POINTER_H

/* What one finger on the glass means: see ui_pointer_down() in kiosk/ui/ui.h. */

#include "kiosk/ui/frame.h"

struct pointer {
    bool down;
    bool inside; /* still on its target, or near it */
    uint16_t action;
    uint32_t value;
    struct ui_rect target;
    int64_t down_ms;
    int64_t locked_until_ms; /* after a change of page */
    int64_t acted_ms;        /* the last action and what it was */
    uint16_t acted_action;
    uint32_t acted_value;
};

/** The control at a point of the placed picture; LAYOUT_NONE if there is none. */
uint16_t pointer_target(const struct ui_build *build, int x, int y);

bool pointer_down(struct pointer *pointer, const struct ui_build *build, int x, int y,
                  int64_t now_ms);
bool pointer_move(struct pointer *pointer, const struct ui_build *build, int x, int y);
bool pointer_up(struct pointer *pointer, int64_t now_ms, struct ui_hit *ret_hit);

/** Another page: touches rest, and what is pressed means nothing any more. */
void pointer_lock(struct pointer *pointer, int64_t now_ms);

#endif
