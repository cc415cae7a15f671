/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_UI_H
#define SHILLING_KIOSK_UI_UI_H

/*
 * The toolkit's front door. A picture is a pure function of a state: a view builds nodes, the
 * layout turns them into rectangles, these become a list of drawing commands, a hash grid finds
 * what differs from the last picture, and only that is painted, straight into the caller's pixels.
 * Nobody ever invalidates anything by hand. No thread, no timer: the caller sleeps until
 * ui_next_deadline_ms() or an event.
 *
 * One thread only. The toolkit knows nothing of sessions: actions are the view's own numbers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

struct ui;
struct ui_build; /* kiosk/ui/build.h: what a view writes to */

enum { UI_RECTS_MAX = 16 /* more dirty areas are merged */ };

struct ui_rect {
    int x;
    int y;
    int w;
    int h;
};

struct ui_rects {
    struct ui_rect list[UI_RECTS_MAX];
    size_t count;
};

/* The installed panel and where the fonts are. Lengths on screen follow from width_mm. */
struct ui_config {
    int width_px;         /* 640..4096, as mounted: 1080 x 1920 is portrait */
    int height_px;        /* 480..4096 */
    int width_mm;         /* of the visible area along width_px; 0: as the 21.5" reference */
    int view_distance_mm; /* 300..2000; 0: 600. Sets the letters of the large mode */
    const char *font_cjk_regular; /* NULL: Debian's fonts-noto-cjk; borrowed for the call */
    const char *font_cjk_bold;
    const char *font_latin_dir; /* NULL: Debian's fonts-inter */
    const char *locale_dir;     /* holds zh_CN/LC_MESSAGES/shilling.mo */
};

/* The moment of a picture. Both come from the caller's clocks, once per turn. */
struct ui_now {
    int64_t mono_ms;
    int64_t wall_s; /* corrected by the server's time where that is known */
};

/* What the user chose for himself; a change repaints all. */
struct ui_look {
    const char *language; /* "zh_CN" or "en" */
    bool large;
    bool contrast;
};

/* What a finger did. action 0: nothing. */
struct ui_hit {
    uint16_t action;
    uint32_t value;
};

/** A pure function of @p state: describes one picture to @p build. */
typedef void ui_view(struct ui_build *build, const void *state);

/**
 * Open fonts and reserve all memory of the picture. Blocks: reads font files (about 5 ms).
 *
 * @param ret_ui  [@own given] free with ui_destroy()
 * @return ERR_RANGE for an impossible panel, ERR_NOT_FOUND if a font cannot be opened, ERR_MEMORY
 */
MUST_CHECK enum err ui_create(const struct ui_config *config, struct ui **ret_ui);

/** Takes NULL. */
void ui_destroy(struct ui *ui);

/** Language, size and contrast of the next pictures. Cheap when nothing changes. */
void ui_set_look(struct ui *ui, const struct ui_look *look);

/* What is to be seen. */
struct ui_scene {
    ui_view *view;
    const void *state; /* borrowed for the call */
    uint32_t page;     /* the page's serial: another number locks touches for 150 ms */
    struct ui_now now;
    bool keep_texts; /* they belong to nobody: ui_wipe() need not drop their pictures */
};

/* Where: XRGB8888, native byte order, width_px x height_px of ui_create(). */
struct ui_canvas {
    uint32_t *pixels; /* borrowed for the call; still holds what the last call painted */
    int stride;       /* bytes from one row to the next */
};

/**
 * Build the picture of @p scene and paint what differs from the last one.
 *
 * @param ret_rects  [out] the painted areas; none if nothing changed
 */
void ui_render(struct ui *ui, const struct ui_scene *scene, struct ui_canvas canvas,
               struct ui_rects *ret_rects);

/** Forget the last picture: the next ui_render() paints all (window exposed, pixels lost). */
void ui_invalidate(struct ui *ui);

/** When the picture changes by itself (clock, countdown), monotonic ms; INT64_MAX: never. */
int64_t ui_next_deadline_ms(const struct ui *ui);

/**
 * One pointer, wherever it comes from (finger or mouse; only the first contact counts). A press
 * changes the look at the next ui_render(); the action comes at the release, inside the same
 * target, not more than 24 px (6 mm) away from it and never within 150 ms of a new page.
 *
 * @return true if the picture must be rendered again
 */
bool ui_pointer_down(struct ui *ui, int x, int y, int64_t now_ms);
bool ui_pointer_move(struct ui *ui, int x, int y);
/** @param ret_hit  [out] always written; action 0 if the release means nothing */
bool ui_pointer_up(struct ui *ui, int x, int y, int64_t now_ms, struct ui_hit *ret_hit);
/** Contact lost: as a release outside. */
bool ui_pointer_cancel(struct ui *ui);

/**
 * The user is gone: drop the last frame's texts and every cached picture of a text, but for those
 * that were first drawn in a scene with keep_texts.
 */
void ui_wipe(struct ui *ui);

/** Bytes held by caches of text, icons and sprites: for health reports and tests. */
size_t ui_cache_size(const struct ui *ui);

#endif
