/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the pieces together: state -> nodes -> rectangles -> commands -> dirty areas -> pixels. */
#include "kiosk/ui/ui.h"

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "kiosk/ui/diff.h"
#include "kiosk/ui/frame.h"
#include "kiosk/ui/i18n.h"
#include "kiosk/ui/inspect.h"
#include "kiosk/ui/pointer.h"
#include "kiosk/ui/raster.h"

struct ui {
    struct ui_config config; /* its texts are not kept */
    struct text_engine *text;
    struct raster *raster;
    struct ui_build build;
    struct diff diff;
    struct pointer pointer;
    uint32_t page;
    bool page_known;
};

enum err ui_create(const struct ui_config *config, struct ui **ret_ui)
{
    struct panel panel;
    if (!panel_init(&panel, config, /* large= */ false)) {
        return ERR_RANGE;
    }
    struct ui *ui = calloc(1, sizeof *ui);
    if (ui == NULL) {
        return ERR_MEMORY;
    }
    enum err err = text_create(config, &ui->text);
    err = err == OK ? raster_create(ui->text, &ui->raster) : err;
    if (err != OK) {
        ui_destroy(ui);
        return err;
    }
    i18n_init(config->locale_dir);
    ui->config = *config;
    ui->config.font_cjk_regular = NULL;
    ui->config.font_cjk_bold = NULL;
    ui->config.font_latin_dir = NULL;
    ui->config.locale_dir = NULL;
    ui->build.panel = panel;
    ui->build.theme = ui_theme_get(UI_THEME_DAY);
    ui->build.text = ui->text;
    ui->build.wake_ms = INT64_MAX;
    diff_init(&ui->diff, config->width_px, config->height_px);
    *ret_ui = ui;
    return OK;
}

void ui_destroy(struct ui *ui)
{
    if (ui != NULL) {
        raster_destroy(ui->raster);
        text_destroy(ui->text);
        bytes_wipe(ui, sizeof *ui);
        free(ui);
    }
}

void ui_set_look(struct ui *ui, const struct ui_look *look)
{
    bool other_theme = look->contrast != ui->build.contrast;
    if (look->large != ui->build.panel.large) {
        bool ok = panel_init(&ui->build.panel, &ui->config, look->large);
        MUST(ok); /* the same panel was accepted by ui_create() */
    }
    if (other_theme) {
        ui->build.contrast = look->contrast;
        ui->build.theme = ui_theme_get(look->contrast ? UI_THEME_CONTRAST : UI_THEME_DAY);
        raster_drop_pictures(ui->raster);
    }
    i18n_set_language(look->language);
    ui->build.chinese = str_starts_with(look->language, "zh");
}

static void press_copy(struct ui *ui)
{
    ui->build.press = (struct frame_press){.active = ui->pointer.down && ui->pointer.inside,
                                           .action = ui->pointer.action,
                                           .value = ui->pointer.value};
}

void ui_render(struct ui *ui, const struct ui_scene *scene, struct ui_canvas canvas,
               struct ui_rects *ret_rects)
{
    if (ui->page_known && scene->page != ui->page) {
        pointer_lock(&ui->pointer, scene->now.mono_ms);
    }
    ui->page = scene->page;
    ui->page_known = true;
    press_copy(ui);
    ui->build.now = scene->now;
    text_set_keep(ui->text, scene->keep_texts);
    frame_begin(&ui->build);
    scene->view(&ui->build, scene->state);
    frame_end(&ui->build);
    diff_update(&ui->diff, &ui->build.list, ret_rects);
    struct raster_target target = {.pixels = canvas.pixels,
                                   .width = ui->config.width_px,
                                   .height = ui->config.height_px,
                                   .stride_px = canvas.stride / (int)sizeof *canvas.pixels};
    for (size_t i = 0; i < ret_rects->count; i++) {
        raster_paint(ui->raster, &ui->build.list, &target, ret_rects->list[i]);
    }
}

void ui_invalidate(struct ui *ui)
{
    diff_invalidate(&ui->diff);
}

int64_t ui_next_deadline_ms(const struct ui *ui)
{
    return ui->build.wake_ms;
}

bool ui_pointer_down(struct ui *ui, int x, int y, int64_t now_ms)
{
    return pointer_down(&ui->pointer, &ui->build, x, y, now_ms);
}

bool ui_pointer_move(struct ui *ui, int x, int y)
{
    return pointer_move(&ui->pointer, &ui->build, x, y);
}

bool ui_pointer_up(struct ui *ui, int x, int y, int64_t now_ms, struct ui_hit *ret_hit)
{
    (void)pointer_move(&ui->pointer, &ui->build, x, y);
    bool was_down = ui->pointer.down;
    (void)pointer_up(&ui->pointer, now_ms, ret_hit);
    return was_down;
}

bool ui_pointer_cancel(struct ui *ui)
{
    bool changed = ui->pointer.down && ui->pointer.inside;
    ui->pointer.down = false;
    ui->pointer.inside = false;
    ui->pointer.action = 0;
    return changed;
}

void ui_wipe(struct ui *ui)
{
    text_wipe(ui->text);
    bytes_wipe(ui->build.arena, sizeof ui->build.arena);
    draw_reset(&ui->build.list); /* its texts were the state's, which is gone */
}

size_t ui_cache_size(const struct ui *ui)
{
    return text_cache_size(ui->text) + raster_cache_size(ui->raster);
}

const struct ui_build *ui_inspect(const struct ui *ui)
{
    return &ui->build;
}
