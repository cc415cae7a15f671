/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_INSPECT_H
#define SHILLING_KIOSK_UI_INSPECT_H

/* Looking at the last picture without its pixels: for tests, and for the remote view. */

#include "common/str.h"
#include "kiosk/ui/ui.h"

/** The last picture's frame, borrowed until the next ui_render(). */
const struct ui_build *ui_inspect(const struct ui *ui);

/**
 * Everything that must never be on a screen: boxes whose content does not fit, targets that are
 * too small or too near to each other or outside the panel, texts that were cut though they are no
 * names, letters below the least size, full tables. One line each.
 *
 * @return how many were found
 */
size_t ui_problems(const struct ui *ui, struct strbuf *ret_lines);

/** Where the control with @p action is; false if there is none on the last picture. */
MUST_CHECK bool ui_target_rect(const struct ui *ui, uint16_t action, struct ui_rect *ret_rect);

/* A control as it lies on the last picture. */
struct ui_target {
    uint16_t action;
    uint32_t value;
    struct ui_rect rect;
};

/** All controls that can be touched now, at most @p targets_max; how many there are. */
size_t ui_targets(const struct ui *ui, struct ui_target *ret_targets, size_t targets_max);

/** The picture as text: one line a command, with words for what it is. */
void ui_dump(const struct ui *ui, struct strbuf *ret_lines);

#endif
