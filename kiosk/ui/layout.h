/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_LAYOUT_H
#define SHILLING_KIOSK_UI_LAYOUT_H

/*
 * Boxes in boxes: rows, columns and stacks with fixed, fitting and growing children, gaps,
 * padding, limits, wrapping, aspect and priorities. Nodes lie in one array, a parent before its
 * children, so that "from the leaves up" is the array backwards and "from the root down" the array
 * forwards: five passes, no recursion, no allocation. Where something had to be dropped, the two
 * passes of that axis run again, so that a box never keeps the room of what is not in it. All
 * lengths are pixels.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LAYOUT_NODES_MAX = 1024, /* the fullest screen (24 rooms, large bar chart) has about 300 */
    LAYOUT_NONE = 0xFFFF,    /* no node */
};

enum layout_direction { LAYOUT_ROW, LAYOUT_COLUMN, LAYOUT_STACK };
enum layout_sizing { LAYOUT_FIT, LAYOUT_FIXED, LAYOUT_GROW };
enum layout_axis { LAYOUT_X, LAYOUT_Y, LAYOUT_AXIS_COUNT };

enum layout_align {
    LAYOUT_START,
    LAYOUT_CENTER,
    LAYOUT_END,
    LAYOUT_STRETCH,  /* across: fitting children take the whole width or height */
    LAYOUT_BASELINE, /* across a row: texts stand on one line */
    LAYOUT_BETWEEN,  /* along: the free space between the children */
};

struct layout_length {
    enum layout_sizing sizing;
    int value; /* FIXED: pixels; GROW: weight, 1..1000 */
    int min;
    int max; /* 0: none */
};

struct layout_node {
    /* What the caller says */
    enum layout_direction direction;
    struct layout_length length[LAYOUT_AXIS_COUNT];
    int pad_before[LAYOUT_AXIS_COUNT]; /* left, top */
    int pad_after[LAYOUT_AXIS_COUNT];
    int gap;                                    /* between children along the direction */
    enum layout_align justify;                  /* along the direction */
    enum layout_align align;                    /* across it */
    enum layout_align place[LAYOUT_AXIS_COUNT]; /* in a stack: where this child stands */
    int offset[LAYOUT_AXIS_COUNT];              /* in a stack: moved by this much */
    bool wrap;                                  /* a row that breaks into lines */
    int aspect_permille;                        /* height = width x this / 1000; 0: none */
    uint8_t drop;    /* if room is short, nodes with the highest number go first; 0: never */
    bool is_content; /* measured by the callbacks: a text */

    /* What the passes find */
    uint16_t parent;
    uint16_t first;
    uint16_t last;
    uint16_t next;
    bool hidden;                 /* dropped, or inside something dropped */
    uint8_t overflow;            /* bits 1 << axis: its children need more room than there is */
    int need[LAYOUT_AXIS_COUNT]; /* the least that works */
    int want[LAYOUT_AXIS_COUNT]; /* the natural size */
    int pos[LAYOUT_AXIS_COUNT];
    int size[LAYOUT_AXIS_COUNT];
};

struct layout {
    struct layout_node nodes[LAYOUT_NODES_MAX];
    size_t count;
    bool full;    /* a node was refused: the picture is incomplete */
    bool dropped; /* by the pass that runs: what held it is too large now */
    /* Contents: least and natural width; height at a width; baseline below the top. */
    void (*content_width)(void *self, size_t node, int *ret_need, int *ret_want);
    int (*content_height)(void *self, size_t node, int width);
    int (*content_baseline)(void *self, size_t node);
    void *self;
};

/** Forget all nodes. */
void layout_reset(struct layout *layout);

/**
 * Append a child of @p parent (LAYOUT_NONE: the root, once). The caller then fills in what it says.
 * @return its index; LAYOUT_NONE and layout->full if there is no room
 */
uint16_t layout_add(struct layout *layout, uint16_t parent);

/** Size and place all nodes in a root of the given size at (0, 0). */
void layout_solve(struct layout *layout, int width, int height);

/** The baseline of a node below its own top: of a text, or of the first text inside. */
int layout_baseline(const struct layout *layout, uint16_t node);

#endif
