/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five passes: widths up (what each node needs and wants), widths down (what it gets), heights
 * up (texts know their lines only now), heights down, positions down. "Along" is the axis in which
 * a parent lines its children up, "across" the other one. When a parent is too small it first
 * drops children by priority, then takes from fitting children down to what they need.
 */
#include "kiosk/ui/layout.h"

#include <string.h>

#include "common/must.h"

void layout_reset(struct layout *layout)
{
    layout->count = 0;
    layout->full = false;
}

uint16_t layout_add(struct layout *layout, uint16_t parent)
{
    if (layout->count >= LAYOUT_NODES_MAX) {
        layout->full = true;
        return LAYOUT_NONE;
    }
    MUST((parent == LAYOUT_NONE) == (layout->count == 0));
    MUST(parent == LAYOUT_NONE || parent < layout->count);
    uint16_t idx = (uint16_t)layout->count++;
    struct layout_node *node = &layout->nodes[idx];
    memset(node, 0, sizeof *node);
    node->parent = parent;
    node->first = LAYOUT_NONE;
    node->last = LAYOUT_NONE;
    node->next = LAYOUT_NONE;
    if (parent != LAYOUT_NONE) {
        struct layout_node *up = &layout->nodes[parent];
        if (up->last == LAYOUT_NONE) {
            up->first = idx;
        } else {
            layout->nodes[up->last].next = idx;
        }
        up->last = idx;
    }
    return idx;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int clamp_length(const struct layout_length *length, int value)
{
    if (length->max > 0 && value > length->max) {
        value = length->max;
    }
    return max_int(value, length->min);
}

static uint8_t overflow_bit(enum layout_axis axis)
{
    return axis == LAYOUT_X ? 1U : 2U;
}

static enum layout_axis along(const struct layout_node *node)
{
    return node->direction == LAYOUT_ROW ? LAYOUT_X : LAYOUT_Y;
}

static int padding(const struct layout_node *node, enum layout_axis axis)
{
    return node->pad_before[axis] + node->pad_after[axis];
}

static int inner(const struct layout_node *node, enum layout_axis axis)
{
    return max_int(node->size[axis] - padding(node, axis), 0);
}

/* The first visible child from @p idx on. */
static uint16_t visible(const struct layout *layout, uint16_t idx)
{
    while (idx != LAYOUT_NONE && layout->nodes[idx].hidden) {
        idx = layout->nodes[idx].next;
    }
    return idx;
}

static uint16_t child_first(const struct layout *layout, const struct layout_node *node)
{
    return visible(layout, node->first);
}

static uint16_t child_next(const struct layout *layout, uint16_t idx)
{
    return visible(layout, layout->nodes[idx].next);
}

/* One line of a wrapping row: its members are [first, end), its height the highest of them. */
struct line {
    uint16_t first;
    uint16_t end;
    int width;
    int height;
};

static struct line line_from(const struct layout *layout, const struct layout_node *node,
                             uint16_t first, int width_max)
{
    struct line line = {.first = first, .end = first};
    for (uint16_t c = first; c != LAYOUT_NONE; c = child_next(layout, c)) {
        const struct layout_node *child = &layout->nodes[c];
        int width = line.width + (c == first ? 0 : node->gap) + child->size[LAYOUT_X];
        if (c != first && width > width_max) {
            break;
        }
        line.width = width;
        line.height = max_int(line.height, child->want[LAYOUT_Y]);
        line.end = child_next(layout, c);
    }
    return line;
}

static int wrapped_height(const struct layout *layout, const struct layout_node *node)
{
    int height = 0;
    uint16_t c = child_first(layout, node);
    while (c != LAYOUT_NONE) {
        struct line line = line_from(layout, node, c, inner(node, LAYOUT_X));
        height += line.height + (height > 0 ? node->gap : 0);
        c = line.end;
    }
    return height;
}

/* Needs and wants of the children, put together along or across the parent's direction. */
static void gather(const struct layout *layout, const struct layout_node *node,
                   enum layout_axis axis, int *ret_need, int *ret_want)
{
    int need = 0;
    int want = 0;
    bool first = true;
    bool sums = node->direction != LAYOUT_STACK && along(node) == axis;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        const struct layout_node *child = &layout->nodes[c];
        int child_need = child->drop > 0 ? 0 : child->need[axis];
        if (!sums) {
            need = max_int(need, child_need);
            want = max_int(want, child->want[axis]);
            continue;
        }
        int gap = first ? 0 : node->gap;
        need = node->wrap ? max_int(need, child_need)
                          : need + child_need + (child->drop > 0 ? 0 : gap);
        want += child->want[axis] + gap;
        first = false;
    }
    *ret_need = need;
    *ret_want = want;
}

static void measure(struct layout *layout, uint16_t idx, enum layout_axis axis)
{
    struct layout_node *node = &layout->nodes[idx];
    const struct layout_length *length = &node->length[axis];
    int need = 0;
    int want = 0;
    if (length->sizing == LAYOUT_FIXED) {
        need = length->value;
        want = length->value;
    } else if (axis == LAYOUT_Y && node->aspect_permille > 0) {
        want = node->size[LAYOUT_X] * node->aspect_permille / 1000;
        need = want;
    } else if (node->is_content && axis == LAYOUT_X) {
        layout->content_width(layout->self, idx, &need, &want);
    } else if (node->is_content) {
        want = layout->content_height(layout->self, idx, node->size[LAYOUT_X]);
        need = want;
    } else if (axis == LAYOUT_Y && node->wrap) {
        want = wrapped_height(layout, node) + padding(node, axis);
        need = want;
    } else {
        gather(layout, node, axis, &need, &want);
        need += padding(node, axis);
        want += padding(node, axis);
    }
    node->need[axis] = clamp_length(length, need);
    node->want[axis] = max_int(clamp_length(length, want), node->need[axis]);
}

static void hide_tree(struct layout *layout, uint16_t top)
{
    layout->nodes[top].hidden = true;
    layout->dropped = true;
    /* Descendants follow their parent in the array, so one walk forwards finds them all. */
    for (size_t i = (size_t)top + 1; i < layout->count; i++) {
        uint16_t parent = layout->nodes[i].parent;
        if (parent != LAYOUT_NONE && layout->nodes[parent].hidden && parent >= top) {
            layout->nodes[i].hidden = true;
        }
    }
}

/* What the visible children need at least and want, with gaps; growing ones want what they need. */
static void sum_children(const struct layout *layout, const struct layout_node *node,
                         enum layout_axis axis, int *ret_need, int *ret_want)
{
    int need = 0;
    int want = 0;
    int gaps = -node->gap;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        const struct layout_node *child = &layout->nodes[c];
        bool grows = child->length[axis].sizing == LAYOUT_GROW;
        need += child->need[axis];
        want += grows ? child->need[axis] : child->want[axis];
        gaps += node->gap;
    }
    gaps = max_int(gaps, 0);
    *ret_need = need + gaps;
    *ret_want = want + gaps;
}

/* Drop children, the least important first, until the rest can have what it wants. */
static void drop_children(struct layout *layout, const struct layout_node *node,
                          enum layout_axis axis)
{
    for (;;) {
        int need = 0;
        int want = 0;
        sum_children(layout, node, axis, &need, &want);
        uint16_t victim = LAYOUT_NONE;
        for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
            uint8_t drop = layout->nodes[c].drop;
            if (drop > 0 && (victim == LAYOUT_NONE || drop >= layout->nodes[victim].drop)) {
                victim = c;
            }
        }
        if (want <= inner(node, axis) || victim == LAYOUT_NONE) {
            return;
        }
        hide_tree(layout, victim);
    }
}

static bool is_open(const struct layout_node *child, enum layout_axis axis)
{
    return child->length[axis].sizing == LAYOUT_GROW && child->size[axis] < 0;
}

/* Room and weights that are left for the growing children that are not settled yet. */
static int open_room(const struct layout *layout, const struct layout_node *node,
                     enum layout_axis axis, int room, int *ret_weights)
{
    int weights = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        const struct layout_node *child = &layout->nodes[c];
        if (is_open(child, axis)) {
            weights += child->length[axis].value;
        } else if (child->length[axis].sizing == LAYOUT_GROW) {
            room -= child->size[axis];
        }
    }
    *ret_weights = weights;
    return max_int(room, 0);
}

/* Settle the first growing child whose share breaks a limit; false if none does. */
static bool settle_limited(struct layout *layout, const struct layout_node *node,
                           enum layout_axis axis, int room)
{
    int weights = 0;
    int free_room = open_room(layout, node, axis, room, &weights);
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        if (!is_open(child, axis) || weights == 0) {
            continue;
        }
        int share = free_room * child->length[axis].value / weights;
        int max = child->length[axis].max;
        if (share < child->need[axis]) {
            child->size[axis] = child->need[axis];
            return true;
        }
        if (max > 0 && share > max) {
            child->size[axis] = max;
            return true;
        }
    }
    return false;
}

/* Give each growing child its share; those held by a limit are settled first. */
static void grow_children(struct layout *layout, const struct layout_node *node,
                          enum layout_axis axis, int room)
{
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        if (layout->nodes[c].length[axis].sizing == LAYOUT_GROW) {
            layout->nodes[c].size[axis] = -1; /* not settled */
        }
    }
    while (settle_limited(layout, node, axis, room)) {
        /* each turn settles one child */
    }
    int weights = 0;
    int free_room = open_room(layout, node, axis, room, &weights);
    int used = 0;
    int seen = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE && weights > 0;
         c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        if (is_open(child, axis)) {
            /* Running totals, so that rounding never loses a pixel. */
            seen += child->length[axis].value;
            int edge = free_room * seen / weights;
            child->size[axis] = edge - used;
            used = edge;
        }
    }
}

/* Too little room: fitting children give in proportion to what they can spare. */
static void shrink_children(struct layout *layout, const struct layout_node *node,
                            enum layout_axis axis, int lacking)
{
    int spare = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        const struct layout_node *child = &layout->nodes[c];
        spare += max_int(child->size[axis] - child->need[axis], 0);
    }
    int take_all = lacking < spare ? lacking : spare;
    int seen = 0;
    int taken = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE && spare > 0;
         c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        seen += max_int(child->size[axis] - child->need[axis], 0);
        int edge = (int)((int64_t)take_all * seen / spare);
        child->size[axis] -= edge - taken;
        taken = edge;
    }
}

static void assign_along(struct layout *layout, struct layout_node *node, enum layout_axis axis)
{
    drop_children(layout, node, axis);
    int fixed = 0;
    int growing = 0;
    int gaps = -node->gap;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        gaps += node->gap;
        if (child->length[axis].sizing == LAYOUT_GROW) {
            growing += child->need[axis];
        } else {
            child->size[axis] = child->want[axis];
            fixed += child->size[axis];
        }
    }
    int room = inner(node, axis) - max_int(gaps, 0);
    grow_children(layout, node, axis, room - fixed);
    if (fixed + growing > room) {
        shrink_children(layout, node, axis, fixed + growing - room);
    }
    int need = 0;
    int want = 0;
    sum_children(layout, node, axis, &need, &want);
    if (need > inner(node, axis)) {
        node->overflow |= overflow_bit(axis);
    }
}

static void assign_across(struct layout *layout, struct layout_node *node, enum layout_axis axis)
{
    int room = inner(node, axis);
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        const struct layout_length *length = &child->length[axis];
        if (child->need[axis] > room && child->drop > 0) {
            hide_tree(layout, c);
            continue;
        }
        bool stretch = node->direction != LAYOUT_STACK && node->align == LAYOUT_STRETCH &&
                       length->sizing == LAYOUT_FIT;
        int size = child->want[axis];
        if (length->sizing == LAYOUT_GROW || stretch) {
            size = room;
        } else if (length->sizing == LAYOUT_FIT && size > room) {
            size = max_int(room, child->need[axis]);
        }
        if (axis == LAYOUT_Y && child->aspect_permille > 0) {
            size = child->want[axis];
        }
        if (child->need[axis] > room) {
            node->overflow |= overflow_bit(axis);
        }
        child->size[axis] = clamp_length(length, size);
    }
}

static void assign(struct layout *layout, uint16_t idx, enum layout_axis axis)
{
    struct layout_node *node = &layout->nodes[idx];
    if (node->hidden || node->first == LAYOUT_NONE) {
        return;
    }
    if (node->direction == LAYOUT_STACK || along(node) != axis) {
        if (axis == LAYOUT_Y && node->wrap) {
            for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE;
                 c = child_next(layout, c)) {
                layout->nodes[c].size[axis] = layout->nodes[c].want[axis];
            }
            return;
        }
        assign_across(layout, node, axis);
    } else if (axis == LAYOUT_X && node->wrap) {
        for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
            struct layout_node *child = &layout->nodes[c];
            int room = inner(node, axis);
            child->size[axis] = child->want[axis] < room ? child->want[axis] : room;
        }
    } else {
        assign_along(layout, node, axis);
    }
}

static int aligned(enum layout_align align, int room, int size)
{
    if (align == LAYOUT_CENTER) {
        return (room - size) / 2;
    }
    return align == LAYOUT_END ? room - size : 0;
}

int layout_baseline(const struct layout *layout, uint16_t idx)
{
    int below = 0;
    uint16_t at = idx;
    while (at != LAYOUT_NONE) {
        const struct layout_node *node = &layout->nodes[at];
        if (node->is_content) {
            return below + layout->content_baseline(layout->self, at);
        }
        below += node->pad_before[LAYOUT_Y];
        at = child_first(layout, node);
    }
    return layout->nodes[idx].size[LAYOUT_Y];
}

static void place_stack(struct layout *layout, const struct layout_node *node)
{
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        for (enum layout_axis axis = LAYOUT_X; axis < LAYOUT_AXIS_COUNT; axis++) {
            child->pos[axis] = node->pos[axis] + node->pad_before[axis] + child->offset[axis] +
                               aligned(child->place[axis], inner(node, axis), child->size[axis]);
        }
    }
}

static void place_wrapped(struct layout *layout, const struct layout_node *node)
{
    int y = node->pos[LAYOUT_Y] + node->pad_before[LAYOUT_Y];
    uint16_t c = child_first(layout, node);
    while (c != LAYOUT_NONE) {
        struct line line = line_from(layout, node, c, inner(node, LAYOUT_X));
        int x = node->pos[LAYOUT_X] + node->pad_before[LAYOUT_X] +
                aligned(node->justify, inner(node, LAYOUT_X), line.width);
        for (; c != line.end; c = child_next(layout, c)) {
            struct layout_node *child = &layout->nodes[c];
            child->pos[LAYOUT_X] = x;
            child->pos[LAYOUT_Y] = y + aligned(node->align, line.height, child->size[LAYOUT_Y]);
            x += child->size[LAYOUT_X] + node->gap;
        }
        y += line.height + node->gap;
    }
}

static int highest_baseline(const struct layout *layout, const struct layout_node *node)
{
    int baseline = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        baseline = max_int(baseline, layout_baseline(layout, c));
    }
    return baseline;
}

static void place_line(struct layout *layout, const struct layout_node *node)
{
    enum layout_axis main = along(node);
    enum layout_axis cross = main == LAYOUT_X ? LAYOUT_Y : LAYOUT_X;
    int used = -node->gap;
    int children = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        used += layout->nodes[c].size[main] + node->gap;
        children += 1;
    }
    int room = inner(node, main) - max_int(used, 0);
    int at = node->pos[main] + node->pad_before[main];
    at += node->justify == LAYOUT_CENTER ? room / 2 : 0;
    at += node->justify == LAYOUT_END ? room : 0;
    bool between = node->justify == LAYOUT_BETWEEN && children > 1 && room > 0;
    int baseline = node->align == LAYOUT_BASELINE ? highest_baseline(layout, node) : 0;
    int number = 0;
    for (uint16_t c = child_first(layout, node); c != LAYOUT_NONE; c = child_next(layout, c)) {
        struct layout_node *child = &layout->nodes[c];
        int spread = between ? room * number / (children - 1) : 0;
        child->pos[main] = at + spread;
        child->pos[cross] = node->pos[cross] + node->pad_before[cross];
        if (node->align == LAYOUT_BASELINE) {
            child->pos[cross] += baseline - layout_baseline(layout, c);
        } else {
            child->pos[cross] += aligned(node->align, inner(node, cross), child->size[cross]);
        }
        at += child->size[main] + node->gap;
        number += 1;
    }
}

/* Up and down again; each further turn has one node less, so it ends. */
static void size_axis(struct layout *layout, enum layout_axis axis)
{
    do {
        layout->dropped = false;
        for (size_t i = layout->count; i-- > 0;) {
            layout->nodes[i].overflow &= (uint8_t)~overflow_bit(axis);
            measure(layout, (uint16_t)i, axis);
        }
        for (size_t i = 0; i < layout->count; i++) {
            assign(layout, (uint16_t)i, axis);
        }
    } while (layout->dropped);
}

void layout_solve(struct layout *layout, int width, int height)
{
    if (layout->count == 0) {
        return;
    }
    layout->nodes[0].size[LAYOUT_X] = width;
    layout->nodes[0].size[LAYOUT_Y] = height;
    size_axis(layout, LAYOUT_X);
    size_axis(layout, LAYOUT_Y);
    for (size_t i = 0; i < layout->count; i++) {
        struct layout_node *node = &layout->nodes[i];
        if (node->hidden || node->first == LAYOUT_NONE) {
            continue;
        }
        if (node->direction == LAYOUT_STACK) {
            place_stack(layout, node);
        } else if (node->wrap) {
            place_wrapped(layout, node);
        } else {
            place_line(layout, node);
        }
    }
}
