/* SPDX-License-Identifier: Apache-2.0 */

/*
 * xprobe: times what a person in front of the screen would time. It looks at one pixel of the root
 * window through shared memory every 0.1 ms and touches through XTEST, so it needs nothing from the
 * program that it measures, and measures each program in the same way.
 *
 *     xprobe start X Y RRGGBB TOLERANCE LOG -- COMMAND...   exec until the pixel has that colour
 *     xprobe press TX TY X Y COUNT                          press at TX,TY until X,Y changes
 *     xprobe turn TX TY X Y BX BY COUNT                     release at TX,TY until X,Y changes
 *     xprobe pixel X Y
 *
 * `press` takes the finger away before it lifts it, so that nothing is set off. `turn` comes back
 * by a touch at BX,BY. Each prints one line of JSON with times in microseconds (a touch that shows
 * nothing for 3 s counts as missed); `start` leaves the program running, in a session of its own,
 * with its output in LOG.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <X11/extensions/XTest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/parse.h"
#include "common/str.h"

enum {
    LOOK_US = 100,      /* between two looks at the pixel */
    STABLE_US = 150000, /* a pixel that stays that long has settled */
    SETTLE_US_MAX = 5000000,
    CHANGE_US_MAX = 3000000,
    START_US_MAX = 60000000,
    HOLD_US = 60000,  /* a finger's touch; longer than the lock-out of double touches */
    BACK_US = 400000, /* after the way back: longer than any lock after a change of page */
    AWAY_PX = 2,      /* a corner where nothing can be touched */
    COUNT_MAX = 1000,
    EXIT_USAGE = 2,
};

struct probe {
    Display *display;
    Window root;
    XShmSegmentInfo segment;
    XImage *image;
};

struct point {
    int x;
    int y;
};

struct samples {
    int64_t us[COUNT_MAX];
    size_t count;
    size_t missed;
};

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void pause_us(int64_t us)
{
    struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&left, NULL);
}

static bool probe_open(struct probe *probe)
{
    *probe = (struct probe){.display = XOpenDisplay(NULL)};
    if (probe->display == NULL) {
        return false;
    }
    probe->root = DefaultRootWindow(probe->display);
    int screen = DefaultScreen(probe->display);
    probe->image = XShmCreateImage(probe->display, DefaultVisual(probe->display, screen),
                                   (unsigned)DefaultDepth(probe->display, screen), ZPixmap, NULL,
                                   &probe->segment, 1, 1);
    if (probe->image == NULL || probe->image->bits_per_pixel != 32) {
        return false;
    }
    probe->segment.shmid = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    if (probe->segment.shmid < 0) {
        return false;
    }
    probe->segment.shmaddr = shmat(probe->segment.shmid, NULL, 0);
    probe->image->data = probe->segment.shmaddr;
    bool attached = XShmAttach(probe->display, &probe->segment) != 0;
    (void)XSync(probe->display, False);
    (void)shmctl(probe->segment.shmid, IPC_RMID, NULL);
    return attached;
}

static uint32_t pixel_at(struct probe *probe, struct point at)
{
    uint32_t pixel = 0;
    (void)XShmGetImage(probe->display, probe->root, probe->image, at.x, at.y, AllPlanes);
    memcpy(&pixel, probe->image->data, sizeof(pixel));
    return pixel & 0xFFFFFFU;
}

static bool is_near(uint32_t a, uint32_t b, uint32_t tolerance)
{
    for (unsigned shift = 0; shift < 24; shift += 8) {
        uint32_t one = (a >> shift) & 0xFFU;
        uint32_t other = (b >> shift) & 0xFFU;
        if ((one > other ? one - other : other - one) > tolerance) {
            return false;
        }
    }
    return true;
}

/* Wait until the pixel has settled; its colour. */
static uint32_t pixel_settled(struct probe *probe, struct point at)
{
    uint32_t colour = pixel_at(probe, at);
    int64_t begun_us = now_us();
    int64_t since_us = begun_us;
    for (int64_t now = begun_us; now - since_us < STABLE_US && now - begun_us < SETTLE_US_MAX;
         now = now_us()) {
        pause_us(1000);
        uint32_t seen = pixel_at(probe, at);
        if (seen != colour) {
            colour = seen;
            since_us = now_us();
        }
    }
    return colour;
}

static void finger_move(struct probe *probe, struct point to)
{
    (void)XTestFakeMotionEvent(probe->display, -1, to.x, to.y, CurrentTime);
    (void)XSync(probe->display, False);
}

static void finger_set(struct probe *probe, bool down)
{
    (void)XTestFakeButtonEvent(probe->display, 1, down ? True : False, CurrentTime);
    (void)XFlush(probe->display);
}

/* From now until the pixel is no longer @p before; one sample, or a miss. */
static void sample_change(struct probe *probe, struct point at, uint32_t before,
                          struct samples *samples)
{
    int64_t begun_us = now_us();
    while (pixel_at(probe, at) == before) {
        if (now_us() - begun_us > CHANGE_US_MAX) {
            samples->missed += 1;
            return;
        }
        pause_us(LOOK_US);
    }
    samples->us[samples->count++] = now_us() - begun_us;
}

/* Not always at the same moment of the program's own timers: 0..16 ms, the same each run. */
static void pause_varied(size_t round)
{
    pause_us((int64_t)((round * 7919) % 17) * 1000);
}

static void measure_press(struct probe *probe, struct point touch, struct point look, size_t count,
                          struct samples *samples)
{
    struct point away = {AWAY_PX, AWAY_PX};
    for (size_t i = 0; i < count; i++) {
        finger_move(probe, touch);
        uint32_t before = pixel_settled(probe, look);
        pause_varied(i);
        finger_set(probe, true);
        sample_change(probe, look, before, samples);
        finger_move(probe, away);
        pause_us(HOLD_US);
        finger_set(probe, false);
        pause_us(HOLD_US);
    }
}

static void measure_turn(struct probe *probe, struct point touch, struct point look,
                         struct point back, size_t count, struct samples *samples)
{
    for (size_t i = 0; i < count; i++) {
        finger_move(probe, touch);
        pause_us(BACK_US);
        finger_set(probe, true);
        pause_us(HOLD_US);
        uint32_t before = pixel_settled(probe, look);
        pause_varied(i);
        finger_set(probe, false);
        sample_change(probe, look, before, samples);
        (void)pixel_settled(probe, look);
        finger_move(probe, back);
        pause_us(BACK_US);
        finger_set(probe, true);
        pause_us(HOLD_US);
        finger_set(probe, false);
    }
}

static int samples_print(const struct samples *samples)
{
    (void)printf("{\"missed\":%zu,\"us\":[", samples->missed);
    for (size_t i = 0; i < samples->count; i++) {
        (void)printf("%s%lld", i == 0 ? "" : ",", (long long)samples->us[i]);
    }
    (void)printf("]}\n");
    return samples->count > samples->missed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The measured program; the probe's connection is closed by exec (Xlib sets close-on-exec). */
NORETURN static void child_run(const char *log, char **command)
{
    (void)setsid();
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (in >= 0 && out >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) {
        (void)execvp(command[0], command);
    }
    _exit(127);
}

static int measure_start(struct probe *probe, struct point look, uint32_t colour,
                         uint32_t tolerance, char **rest)
{
    if (is_near(pixel_at(probe, look), colour, tolerance)) {
        (void)fprintf(stderr, "xprobe: the pixel has that colour already\n");
        return EXIT_FAILURE;
    }
    int64_t begun_us = now_us();
    pid_t child = fork();
    if (child == 0) {
        child_run(rest[0], rest + 2);
    }
    bool seen = false;
    while (!seen && now_us() - begun_us < START_US_MAX) {
        pause_us(LOOK_US);
        seen = is_near(pixel_at(probe, look), colour, tolerance);
    }
    (void)printf("{\"pid\":%d,\"us\":%lld,\"seen\":%s,\"pixel\":\"%06X\"}\n", (int)child,
                 (long long)(now_us() - begun_us), seen ? "true" : "false",
                 (unsigned)pixel_at(probe, look));
    return seen ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool point_parse(char **words, struct point *ret_point)
{
    uint32_t x = 0;
    uint32_t y = 0;
    if (!parse_u32(words[0], 16383, &x) || !parse_u32(words[1], 16383, &y)) {
        return false;
    }
    *ret_point = (struct point){(int)x, (int)y};
    return true;
}

static bool colour_parse(const char *text, uint32_t *ret_colour)
{
    uint8_t bytes[3];
    size_t size = 0;
    if (!hex_parse(text, strlen(text), bytes, sizeof(bytes), &size, NULL) ||
        size != sizeof(bytes)) {
        return false;
    }
    *ret_colour = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    return true;
}

static int usage(void)
{
    (void)fputs("usage: xprobe start X Y RRGGBB TOLERANCE LOG -- COMMAND...\n"
                "       xprobe press TX TY X Y COUNT\n"
                "       xprobe turn TX TY X Y BX BY COUNT\n"
                "       xprobe pixel X Y\n",
                stderr);
    return EXIT_USAGE;
}

static int run(struct probe *probe, int argc, char **argv)
{
    static struct samples samples;
    struct point touch = {0};
    struct point look = {0};
    struct point back = {0};
    uint32_t count = 0;
    uint32_t colour = 0;
    if (argc == 4 && str_equal(argv[1], "pixel") && point_parse(argv + 2, &look)) {
        (void)printf("%06X\n", (unsigned)pixel_at(probe, look));
        return EXIT_SUCCESS;
    }
    if (argc >= 9 && str_equal(argv[1], "start") && point_parse(argv + 2, &look) &&
        colour_parse(argv[4], &colour) && parse_u32(argv[5], 255, &count) &&
        str_equal(argv[7], "--")) {
        return measure_start(probe, look, colour, count, argv + 6);
    }
    if (argc == 7 && str_equal(argv[1], "press") && point_parse(argv + 2, &touch) &&
        point_parse(argv + 4, &look) && parse_u32(argv[6], COUNT_MAX, &count)) {
        measure_press(probe, touch, look, count, &samples);
        return samples_print(&samples);
    }
    if (argc == 9 && str_equal(argv[1], "turn") && point_parse(argv + 2, &touch) &&
        point_parse(argv + 4, &look) && point_parse(argv + 6, &back) &&
        parse_u32(argv[8], COUNT_MAX, &count)) {
        measure_turn(probe, touch, look, back, count, &samples);
        return samples_print(&samples);
    }
    return usage();
}

int main(int argc, char **argv)
{
    struct probe probe;
    if (argc < 2) {
        return usage();
    }
    if (!probe_open(&probe)) {
        (void)fprintf(stderr, "xprobe: no display with 32 bits a pixel and shared memory\n");
        return EXIT_FAILURE;
    }
    return run(&probe, argc, argv);
}
