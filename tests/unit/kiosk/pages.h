/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_KIOSK_PAGES_H
#define SHILLING_TESTS_UNIT_KIOSK_PAGES_H

/* The samples drawn one by one, and the words that a person reads on them. */
#include "common/str.h"
#include "kiosk/screens/screens.h"
#include "kiosk/shot/state.h"
#include "kiosk/ui/inspect.h"
#include "kiosk/ui/ui.h"
#include "tests/unit/test.h"

enum { TEXT_SIZE = 256 * 1024, PATH_SIZE = 256 };

static uint32_t pixels[1920 * 1920];
static char text[TEXT_SIZE];
static struct shot_states *states;
static struct session session;

struct dress {
    int width, height;
    enum session_language language;
    bool large, contrast;
};

static inline struct ui *open_ui(int width, int height)
{
    struct ui *ui = NULL;
    struct ui_config config = {
        .width_px = width, .height_px = height, .locale_dir = SHILLING_TEST_LOCALE};
    CHECK_EQ_I64(ui_create(&config, &ui), OK);
    return ui;
}

static inline void render(struct ui *ui, uint32_t page, struct ui_now now, int width,
                          struct ui_rects *ret_rects)
{
    struct ui_scene scene = {.view = screens_view, .state = &session, .page = page, .now = now};
    ui_render(ui, &scene, (struct ui_canvas){pixels, width * 4}, ret_rects);
}

static inline void open_states(void)
{
    char wrong[PATH_SIZE] = "";
    if (states == NULL &&
        shot_states_open("ui-assets/samples/samples.json", &states, wrong, sizeof wrong) != OK) {
        TEST_FAIL("%s", wrong);
    }
}

static inline struct ui_rects draw(struct ui *ui, const char *name, struct dress dress)
{
    char wrong[PATH_SIZE] = "";
    struct ui_now now = {0};
    struct ui_rects rects = {0};
    if (shot_states_get(states, name, &session, &now, wrong, sizeof wrong) != OK) {
        TEST_FAIL("%s: %s", name, wrong);
    }
    session.comfort.language = dress.language;
    session.comfort.large = dress.large;
    session.comfort.contrast = dress.contrast;
    struct ui_look look = screens_look(&session);
    ui_set_look(ui, &look);
    render(ui, 1, now, dress.width, &rects);
    return rects;
}

/* The texts of a page in painting order, one a line: what a person reads. */
static inline void words_of(const struct ui *ui, char *ret_words, size_t size)
{
    struct strbuf dump;
    struct strbuf words;
    strbuf_init(&dump, text, sizeof text);
    strbuf_init(&words, ret_words, size);
    ui_dump(ui, &dump);
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        const char *from = strchr(line, '"');
        if (strncmp(line, "text ", 5) == 0 && from != NULL && from < end) {
            strbuf_add_bytes(&words, from + 1, (size_t)(end - from - 2));
            strbuf_add_char(&words, '\n');
        }
        line = end + 1;
    }
}

static inline bool says_at(struct ui *ui, const char *name, struct dress dress, const char *what)
{
    static char words[TEXT_SIZE];
    dress.language = SESSION_LANGUAGE_EN;
    (void)draw(ui, name, dress);
    words_of(ui, words, sizeof words);
    for (char *at = words; *at != '\0'; at++) {
        *at = *at == '\n' ? ' ' : *at; /* a sentence may be broken into lines */
    }
    return strstr(words, what) != NULL;
}

static inline bool says(struct ui *ui, const char *name, const char *what)
{
    return says_at(ui, name, (struct dress){.width = 1080, .height = 1920}, what);
}

#endif
