/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/window.h"

#include <stdatomic.h>

#include <SDL2/SDL.h>

#include "common/log.h"
#include "common/must.h"
#include "drivers/clock/clock_system.h"
#include "kiosk/flow/report.h"
#include "kiosk/screens/screens.h"
#include "kiosk/ui/present.h"
#include "kiosk/ui/ui.h"

enum {
    NO_POINTER = -1,
    MOUSE_POINTER = -2,
    WAIT_MS_MAX = 60000, /* a wake-up a minute costs nothing and survives a missed one */
};

struct window {
    struct present *present;
    struct ui *ui;
    struct flow *flow;
    int width_px;
    int height_px;
    Uint32 wake_event;   /* the first of two numbers of ours */
    Uint32 report_event; /* SIGUSR1 came */
    const char *state_dir;
    SDL_FingerID pointer; /* who is down: NO_POINTER, MOUSE_POINTER or a finger */
    bool dirty;
    bool ending;
    atomic_bool end_asked; /* SIGTERM or SIGINT came, maybe before there was a queue for events */
    bool failed;
};

static int64_t now_ms(void)
{
    struct clock_port clock = clock_system();
    return clock_mono_ms(&clock);
}

/* From any thread: SDL's queue is the only thing the loop sleeps on. */
static void wake(void *self)
{
    const struct window *window = self;
    SDL_Event event = {.type = window->wake_event};
    (void)SDL_PushEvent(&event);
}

static void report_asked(void *self)
{
    const struct window *window = self;
    SDL_Event event = {.type = window->report_event};
    (void)SDL_PushEvent(&event);
}

static void end_asked(void *self)
{
    struct window *window = self;
    atomic_store(&window->end_asked, true);
    wake(window);
}

/* ---- picture ---- */

static bool draw(struct window *window)
{
    uint32_t *pixels = NULL;
    int stride = 0;
    int width = 0;
    int height = 0;
    if (present_pixels(window->present, &pixels, &stride, &width, &height) != OK ||
        width != window->width_px || height != window->height_px) {
        log_error("the display is gone or has changed its size; ending, to be started again");
        return false;
    }
    const struct session *session = flow_session(window->flow);
    struct ui_look look = screens_look(session);
    ui_set_look(window->ui, &look);
    struct ui_rects rects;
    struct ui_scene scene = {.view = screens_view,
                             .state = session,
                             .page = session->screen_serial,
                             .now = flow_now(window->flow),
                             .keep_texts = session_is_nobodys(session)};
    ui_render(window->ui, &scene, (struct ui_canvas){pixels, stride}, &rects);
    return rects.count == 0 || present_show(window->present, &rects) == OK;
}

/* ---- pointer ---- */

static void pointer_down(struct window *window, SDL_FingerID id, int x, int y)
{
    if (window->pointer == NO_POINTER) {
        window->pointer = id;
        window->dirty = ui_pointer_down(window->ui, x, y, now_ms()) || window->dirty;
    }
}

static void pointer_move(struct window *window, SDL_FingerID id, int x, int y)
{
    if (window->pointer == id) {
        window->dirty = ui_pointer_move(window->ui, x, y) || window->dirty;
    }
}

static void pointer_up(struct window *window, SDL_FingerID id, int x, int y)
{
    if (window->pointer != id) {
        return;
    }
    window->pointer = NO_POINTER;
    struct ui_hit hit = {0};
    window->dirty = ui_pointer_up(window->ui, x, y, now_ms(), &hit) || window->dirty;
    MUST(hit.action < SESSION_ACTION_COUNT);
    flow_touch(window->flow, (enum session_action)hit.action, hit.value);
    window->dirty = true;
}

static int to_px(float part, int size)
{
    int px = (int)(part * (float)size);
    return px < size ? px : size - 1;
}

static void finger(struct window *window, const SDL_TouchFingerEvent *touch)
{
    int x = to_px(touch->x, window->width_px);
    int y = to_px(touch->y, window->height_px);
    if (touch->type == SDL_FINGERDOWN) {
        pointer_down(window, touch->fingerId, x, y);
    } else if (touch->type == SDL_FINGERUP) {
        pointer_up(window, touch->fingerId, x, y);
    } else {
        pointer_move(window, touch->fingerId, x, y);
    }
}

/* ---- events ---- */

static void handle(struct window *window, const SDL_Event *event)
{
    if (event->type == window->wake_event) {
        flow_take_messages(window->flow);
        window->dirty = true;
    } else if (event->type == window->report_event) {
        if (report_write(window->state_dir, flow_session(window->flow),
                         flow_now(window->flow).wall_s, window->ui) != OK) {
            log_warn("screen.json could not be written to %s", window->state_dir);
        }
    } else if (event->type == SDL_QUIT) {
        window->ending = true;
    } else if (event->type == SDL_MOUSEBUTTONDOWN && event->button.button == SDL_BUTTON_LEFT) {
        pointer_down(window, MOUSE_POINTER, event->button.x, event->button.y);
    } else if (event->type == SDL_MOUSEBUTTONUP && event->button.button == SDL_BUTTON_LEFT) {
        pointer_up(window, MOUSE_POINTER, event->button.x, event->button.y);
    } else if (event->type == SDL_MOUSEMOTION) {
        pointer_move(window, MOUSE_POINTER, event->motion.x, event->motion.y);
    } else if (event->type == SDL_FINGERDOWN || event->type == SDL_FINGERUP ||
               event->type == SDL_FINGERMOTION) {
        finger(window, &event->tfinger);
    } else if (event->type == SDL_WINDOWEVENT) {
        /* Exposed, restored, mapped again: the pixels on the screen may be gone. */
        bool lost = event->window.event == SDL_WINDOWEVENT_EXPOSED ||
                    event->window.event == SDL_WINDOWEVENT_SHOWN;
        if (lost) {
            ui_invalidate(window->ui);
            window->dirty = true;
        }
    }
}

/* Both kinds of deadlines in one wait. */
static int wait_ms(const struct window *window)
{
    int64_t session_ms = flow_next_deadline_ms(window->flow);
    int64_t ui_ms = ui_next_deadline_ms(window->ui);
    int64_t next_ms = session_ms < ui_ms ? session_ms : ui_ms;
    int64_t left = next_ms - now_ms();
    if (left < 0) {
        return 0;
    }
    return left < WAIT_MS_MAX ? (int)left : WAIT_MS_MAX;
}

static void turn(struct window *window)
{
    SDL_Event event;
    if (SDL_WaitEventTimeout(&event, wait_ms(window)) != 0) {
        handle(window, &event);
        while (SDL_PollEvent(&event) != 0) {
            handle(window, &event);
        }
    }
    int64_t now = now_ms();
    if (now >= flow_next_deadline_ms(window->flow)) {
        flow_tick(window->flow);
        window->dirty = true;
    }
    if (now >= ui_next_deadline_ms(window->ui)) {
        window->dirty = true;
    }
    if (flow_take_wipe(window->flow)) {
        ui_wipe(window->ui);
        window->dirty = true;
    }
    if (window->dirty) {
        window->dirty = false;
        window->failed = !draw(window);
    }
}

/* ---- life ---- */

static bool open_display(struct window *window, const struct window_config *config)
{
    /* One pointer path: SDL must not make a mouse out of each finger as well. */
    (void)SDL_SetHint(SDL_HINT_TOUCH_MOUSE_EVENTS, "0");
    (void)SDL_SetHint(SDL_HINT_MOUSE_TOUCH_EVENTS, "0");
    enum err err = present_open("Shilling", config->width_px, config->height_px, &window->present);
    if (err != OK) {
        log_error("no display: %s; is the X server running, and is DISPLAY set?", SDL_GetError());
        return false;
    }
    uint32_t *pixels = NULL;
    int stride = 0;
    if (present_pixels(window->present, &pixels, &stride, &window->width_px, &window->height_px) !=
        OK) {
        log_error("the display gives no pixels: %s", SDL_GetError());
        return false;
    }
    struct ui_config ui = {
        .width_px = window->width_px,
        .height_px = window->height_px,
        .width_mm = config->width_mm,
        .view_distance_mm = config->view_distance_mm,
        .locale_dir = config->locale_dir,
    };
    err = ui_create(&ui, &window->ui);
    if (err != OK) {
        log_error("the picture cannot be made (%s): are fonts-noto-cjk and fonts-inter installed, "
                  "and is panel.width_mm right?",
                  err_name(err));
        return false;
    }
    window->wake_event = SDL_RegisterEvents(2);
    window->report_event = window->wake_event + 1;
    return true;
}

int window_run(const struct window_config *config, const struct flow_config *flow)
{
    struct window window = {.pointer = NO_POINTER, .state_dir = flow->state_dir};
    const struct report_signals signals = {
        .on_report = report_asked, .on_end = end_asked, .self = &window};
    report_listen(&signals);
    bool running = open_display(&window, config);
    if (running) {
        window.flow = flow_create(flow, wake, &window);
        running = window.flow != NULL && draw(&window);
    }
    if (running) {
        log_info("the first picture is on the screen");
        (void)flow_open(window.flow);
        window.dirty = true;
        while (!window.ending && !window.failed && !atomic_load(&window.end_asked)) {
            turn(&window);
        }
        running = !window.failed;
    }
    flow_destroy(window.flow);
    ui_destroy(window.ui);
    present_close(window.present);
    return running ? 0 : 1;
}
