/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_SCREENS_H
#define SHILLING_KIOSK_SCREENS_SCREENS_H

/*
 * All screens of the terminal as one view. The program does:
 *
 *     struct ui_look look = screens_look(&session);
 *     ui_set_look(ui, &look);
 *     struct ui_scene scene = {screens_view, &session, session.screen_serial, now};
 *     ui_render(ui, &scene, canvas, &rects);
 *
 * and turns a hit into SESSION_EVENT_TOUCH: action and value are those of core/session/event.h;
 * a release that hits nothing is SESSION_EVENT_TOUCH_DEAD.
 */

#include "core/session/session.h"
#include "kiosk/ui/ui.h"

/** @param state  a const struct session *. Pure; draws nothing itself. */
void screens_view(struct ui_build *build, const void *state);

/** Language, size and contrast as the session's user chose them. */
struct ui_look screens_look(const struct session *session);

#endif
