/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDL's window surface: on X11 a shared-memory image that we paint and the server copies from.
 * SDL_INIT_VIDEO only: joysticks, sensors and haptics would make SDL poll.
 */
#include <stdlib.h>

#include <SDL.h>

#include "kiosk/ui/present.h"

struct present {
    SDL_Window *window;
};

enum err present_open(const char *title, int width_px, int height_px, struct present **ret_present)
{
    (void)SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    (void)SDL_SetHint(SDL_HINT_TOUCH_MOUSE_EVENTS, "0"); /* one pointer path, ours */
    (void)SDL_SetHint(SDL_HINT_MOUSE_TOUCH_EVENTS, "0");
    (void)SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    (void)SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "1");
    /*
     * There is no keyboard: Xlib would read and parse 5000 lines of compose sequences for it while
     * nothing is on the screen yet. Before SDL_Init(), which opens the input method.
     */
    (void)setenv("XCOMPOSEFILE", "/dev/null", /* overwrite= */ 0);
    /* Nor is there a desktop's bus: SDL would start a program to look for one. */
    (void)setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:", /* overwrite= */ 0);
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
        return ERR_UNAVAILABLE;
    }
    struct present *present = calloc(1, sizeof *present);
    if (present == NULL) {
        SDL_Quit();
        return ERR_MEMORY;
    }
    SDL_DisplayMode mode = {0};
    bool whole = width_px == 0;
    if (whole && SDL_GetDesktopDisplayMode(0, &mode) == 0) {
        width_px = mode.w;
        height_px = mode.h;
    }
    Uint32 flags = SDL_WINDOW_SHOWN | (whole ? SDL_WINDOW_BORDERLESS : 0U);
    present->window = SDL_CreateWindow(title, 0, 0, width_px, height_px, flags);
    if (present->window == NULL) {
        present_close(present);
        return ERR_UNAVAILABLE;
    }
    (void)SDL_ShowCursor(SDL_DISABLE);
    *ret_present = present;
    return OK;
}

void present_close(struct present *present)
{
    if (present == NULL) {
        return;
    }
    if (present->window != NULL) {
        SDL_DestroyWindow(present->window);
    }
    free(present);
    SDL_Quit();
}

enum err present_pixels(struct present *present, uint32_t **ret_pixels, int *ret_stride,
                        int *ret_width, int *ret_height)
{
    SDL_Surface *surface = SDL_GetWindowSurface(present->window);
    if (surface == NULL || surface->format->BytesPerPixel != 4 ||
        surface->format->Rmask != 0x00FF0000U) {
        return ERR_UNSUPPORTED; /* a display that is not 24 bits deep */
    }
    *ret_pixels = surface->pixels;
    *ret_stride = surface->pitch;
    *ret_width = surface->w;
    *ret_height = surface->h;
    return OK;
}

enum err present_show(struct present *present, const struct ui_rects *rects)
{
    SDL_Rect list[UI_RECTS_MAX];
    for (size_t i = 0; i < rects->count; i++) {
        list[i] =
            (SDL_Rect){rects->list[i].x, rects->list[i].y, rects->list[i].w, rects->list[i].h};
    }
    if (rects->count == 0) {
        return OK;
    }
    return SDL_UpdateWindowSurfaceRects(present->window, list, (int)rects->count) == 0 ? OK
                                                                                       : ERR_IO;
}
