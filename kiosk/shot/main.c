/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shilling-ui-shot: any screen from a described state to a PNG, without a display. For the
 * documentation, for whoever draws screens, and for the back end's previews.
 *
 *     shilling-ui-shot [options] NAME OUT.png     one sample
 *     shilling-ui-shot [options] --all FOLDER     every sample, FOLDER/NAME.png
 *     shilling-ui-shot [options] --list | --check | --dump NAME | --time NAME
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/parse.h"
#include "common/str.h"
#include "core/session/names.h"
#include "kiosk/screens/screens.h"
#include "kiosk/shot/state.h"
#include "kiosk/ui/inspect.h"
#include "kiosk/ui/present.h"
#include "kiosk/ui/ui.h"

enum { TEXT_SIZE = 256 * 1024, PATH_SIZE = 512, TIMED_FRAMES = 100 };

struct options {
    const char *states;
    const char *locale;
    const char *language; /* NULL: the sample's */
    uint32_t width;
    uint32_t height;
    uint32_t width_mm;
    bool large;
    bool contrast;
    const char *press; /* name of an action shown as pressed */
    const char *command;
    const char *first;
    const char *second;
};

struct shot {
    struct options options;
    struct shot_states *states;
    struct ui *ui;
    uint32_t *pixels;
    struct session session;
};

static bool size_parse(const char *text, struct options *options)
{
    char width[16];
    const char *x = strchr(text, 'x');
    if (x == NULL || !str_copy_bytes(width, sizeof width, text, (size_t)(x - text))) {
        return false;
    }
    return parse_u32(width, 4096, &options->width) && parse_u32(x + 1, 4096, &options->height);
}

/* One option and its value; returns how many words it took, 0 if it is none. */
static int option_take(struct options *options, const char *word, const char *value)
{
    if (str_equal(word, "--large")) {
        options->large = true;
        return 1;
    }
    if (str_equal(word, "--contrast")) {
        options->contrast = true;
        return 1;
    }
    if (value == NULL) {
        return 0;
    }
    if (str_equal(word, "--size")) {
        return size_parse(value, options) ? 2 : 0;
    }
    if (str_equal(word, "--mm")) {
        return parse_u32(value, 3000, &options->width_mm) ? 2 : 0;
    }
    static const char *const names[] = {"--states", "--locale", "--language", "--press"};
    const char **const places[] = {&options->states, &options->locale, &options->language,
                                   &options->press};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_equal(word, names[i])) {
            *places[i] = value;
            return 2;
        }
    }
    return 0;
}

static bool options_parse(int argc, char **argv, struct options *options)
{
    int at = 1;
    while (at < argc) {
        int taken = option_take(options, argv[at], at + 1 < argc ? argv[at + 1] : NULL);
        if (taken > 0) {
            at += taken;
        } else if (str_starts_with(argv[at], "--") && options->command == NULL) {
            options->command = argv[at++];
        } else if (options->first == NULL) {
            options->first = argv[at++];
        } else if (options->second == NULL) {
            options->second = argv[at++];
        } else {
            return false;
        }
    }
    return options->command != NULL || options->second != NULL;
}

static void press_action(struct shot *shot, struct ui_now now)
{
    for (int action = 0; action < SESSION_ACTION_COUNT; action++) {
        if (str_equal(session_action_name((enum session_action)action), shot->options.press)) {
            struct ui_rect rect;
            if (ui_target_rect(shot->ui, (uint16_t)action, &rect)) {
                (void)ui_pointer_down(shot->ui, rect.x + rect.w / 2, rect.y + rect.h / 2,
                                      now.mono_ms);
            }
        }
    }
}

static void render(struct shot *shot, struct ui_now now, struct ui_rects *ret_rects)
{
    struct ui_scene scene = {.view = screens_view,
                             .state = &shot->session,
                             .page = shot->session.screen_serial,
                             .now = now};
    struct ui_canvas canvas = {shot->pixels, (int)shot->options.width * 4};
    ui_render(shot->ui, &scene, canvas, ret_rects);
}

static bool draw(struct shot *shot, const char *name, struct ui_now *ret_now)
{
    char wrong[PATH_SIZE];
    if (shot_states_get(shot->states, name, &shot->session, ret_now, wrong, sizeof wrong) != OK) {
        log_error("%s: %s", name, wrong);
        return false;
    }
    struct session_comfort *comfort = &shot->session.comfort;
    comfort->large = comfort->large || shot->options.large;
    comfort->contrast = comfort->contrast || shot->options.contrast;
    if (shot->options.language != NULL) {
        bool english = str_equal(shot->options.language, "en");
        comfort->language = english ? SESSION_LANGUAGE_EN : SESSION_LANGUAGE_ZH;
    }
    struct ui_look look = screens_look(&shot->session);
    struct ui_rects rects;
    ui_set_look(shot->ui, &look);
    ui_invalidate(shot->ui);
    render(shot, *ret_now, &rects);
    if (shot->options.press != NULL) {
        press_action(shot, *ret_now);
        render(shot, *ret_now, &rects);
    }
    return true;
}

static bool save(struct shot *shot, const char *name, const char *path)
{
    struct ui_now now;
    if (!draw(shot, name, &now)) {
        return false;
    }
    int width = (int)shot->options.width;
    return present_write_png(path, shot->pixels, width, (int)shot->options.height, width * 4) == OK;
}

static int save_all(struct shot *shot, const char *folder)
{
    for (size_t i = 0; i < shot_states_count(shot->states); i++) {
        char path[PATH_SIZE];
        const char *name = shot_states_name(shot->states, i);
        if (!str_format(path, sizeof path, "%s/%s.png", folder, name) || !save(shot, name, path)) {
            log_error("cannot write %s/%s.png", folder, name);
            return 1;
        }
    }
    return 0;
}

static int check_all(struct shot *shot, char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < shot_states_count(shot->states); i++) {
        struct ui_now now;
        struct strbuf lines;
        const char *name = shot_states_name(shot->states, i);
        strbuf_init(&lines, text, TEXT_SIZE);
        if (!draw(shot, name, &now)) {
            return 1;
        }
        size_t problems = ui_problems(shot->ui, &lines);
        if (problems > 0) {
            (void)printf("%s: %zu\n%s", name, problems, text);
        }
        found += problems;
    }
    return found == 0 ? 0 : 1;
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)timespec_get(&now, TIME_UTC);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Mean times of a whole picture, and of one in which nothing changed. */
static int time_frames(struct shot *shot, const char *name)
{
    struct ui_now now;
    struct ui_rects rects;
    if (!draw(shot, name, &now)) {
        return 1;
    }
    int64_t from = now_us();
    for (int i = 0; i < TIMED_FRAMES; i++) {
        ui_invalidate(shot->ui);
        render(shot, now, &rects);
    }
    int64_t whole = now_us() - from;
    from = now_us();
    for (int i = 0; i < TIMED_FRAMES; i++) {
        render(shot, now, &rects);
    }
    int64_t same = now_us() - from;
    (void)printf("%s: whole picture %lld us, unchanged %lld us, caches %zu kB\n", name,
                 (long long)whole / TIMED_FRAMES, (long long)same / TIMED_FRAMES,
                 ui_cache_size(shot->ui) / 1024);
    return 0;
}

static int run(struct shot *shot, char *text)
{
    const struct options *options = &shot->options;
    if (options->command == NULL) {
        return save(shot, options->first, options->second) ? 0 : 1;
    }
    if (str_equal(options->command, "--list")) {
        for (size_t i = 0; i < shot_states_count(shot->states); i++) {
            (void)printf("%s\n", shot_states_name(shot->states, i));
        }
        return 0;
    }
    if (str_equal(options->command, "--check")) {
        return check_all(shot, text);
    }
    if (options->first == NULL) {
        log_error("%s needs a name", options->command);
        return 1;
    }
    if (str_equal(options->command, "--all")) {
        return save_all(shot, options->first);
    }
    if (str_equal(options->command, "--time")) {
        return time_frames(shot, options->first);
    }
    struct ui_now now;
    struct strbuf lines;
    strbuf_init(&lines, text, TEXT_SIZE);
    if (!str_equal(options->command, "--dump") || !draw(shot, options->first, &now)) {
        log_error("unknown command %s", options->command);
        return 1;
    }
    ui_dump(shot->ui, &lines);
    (void)fputs(text, stdout);
    return 0;
}

static bool open_all(struct shot *shot)
{
    char wrong[PATH_SIZE];
    const struct options *options = &shot->options;
    struct ui_config config = {.width_px = (int)options->width,
                               .height_px = (int)options->height,
                               .width_mm = (int)options->width_mm,
                               .locale_dir = options->locale};
    if (shot_states_open(options->states, &shot->states, wrong, sizeof wrong) != OK) {
        log_error("%s", wrong);
        return false;
    }
    enum err err = ui_create(&config, &shot->ui);
    if (err != OK) {
        log_error("cannot set up the panel or its fonts: %s", err_name(err));
        return false;
    }
    shot->pixels = calloc((size_t)options->width * options->height, sizeof *shot->pixels);
    return shot->pixels != NULL;
}

int main(int argc, char **argv)
{
    static struct shot shot = {
        .options = {.states = "ui-assets/samples/samples.json", .width = 1080, .height = 1920}};
    log_init("shilling-ui-shot", LOG_LEVEL_INFO);
    if (!options_parse(argc, argv, &shot.options)) {
        (void)fprintf(
            stderr, "usage: shilling-ui-shot [--states FILE] [--locale DIR] [--size WxH] [--mm N]\n"
                    "           [--language zh_CN|en] [--large] [--contrast] [--press ACTION]\n"
                    "           NAME OUT.png | --all FOLDER | --list | --check | --dump NAME |\n"
                    "           --time NAME\n");
        return 2;
    }
    char *text = malloc(TEXT_SIZE);
    int failed = text != NULL && open_all(&shot) ? run(&shot, text) : 1;
    free(text);
    free(shot.pixels);
    ui_destroy(shot.ui);
    shot_states_close(shot.states);
    return failed;
}
