/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_PRESENT_H
#define SHILLING_KIOSK_UI_PRESENT_H

/*
 * Where pixels go. present_surface is the only file that knows SDL's video: a window whose surface
 * is plain shared memory (SDL_HINT_FRAMEBUFFER_ACCELERATION=0: without it SDL builds the "surface"
 * on OpenGL, three times slower and five times larger). present_png writes a picture to a file.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "kiosk/ui/ui.h"

struct present;

/**
 * Open SDL video and a borderless window over the whole display, or, if @p width_px is not 0, a
 * window of that size. Hides the mouse pointer. Blocks: X handshakes (10 to 30 ms).
 *
 * @param ret_present  [@own given] close with present_close()
 */
MUST_CHECK enum err present_open(const char *title, int width_px, int height_px,
                                 struct present **ret_present);

/** Takes NULL. */
void present_close(struct present *present);

/** The window's pixels (XRGB8888), valid until the next call of this or of present_close(). */
MUST_CHECK enum err present_pixels(struct present *present, uint32_t **ret_pixels, int *ret_stride,
                                   int *ret_width, int *ret_height);

/** Show the painted areas. ERR_IO: the display is gone, end the program. */
MUST_CHECK enum err present_show(struct present *present, const struct ui_rects *rects);

/** Write pixels to a PNG file, with the panel's resolution. Blocks: yes (50 ms). */
MUST_CHECK enum err present_write_png(const char *path, uint32_t *pixels, int width_px,
                                      int height_px, int stride);

#endif
