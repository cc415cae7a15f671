/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A press remembers the control's meaning and rectangle, not its node: the picture may be built
 * anew while the finger rests. A new page takes no touch for 150 ms, a bounce of 30 ms does not
 * count, and a second touch on the same control is a shaking hand unless it is a key.
 */
#include "kiosk/ui/pointer.h"

enum {
    PAGE_LOCK_MS = 150,
    BOUNCE_MS = 30,
    SAME_CONTROL_MS = 300,
};

static bool contains(struct ui_rect rect, int x, int y)
{
    return x >= rect.x && y >= rect.y && x < rect.x + rect.w && y < rect.y + rect.h;
}

uint16_t pointer_target(const struct ui_build *build, int x, int y)
{
    for (size_t i = build->layout.count; i-- > build->modal_idx;) {
        if (build->nodes[i].action != 0 && !build->layout.nodes[i].hidden &&
            contains(frame_rect(build, i), x, y)) {
            return (uint16_t)i;
        }
    }
    return LAYOUT_NONE;
}

void pointer_lock(struct pointer *pointer, int64_t now_ms)
{
    pointer->locked_until_ms = now_ms + PAGE_LOCK_MS;
    pointer->inside = false;
    pointer->action = 0;
}

bool pointer_down(struct pointer *pointer, const struct ui_build *build, int x, int y,
                  int64_t now_ms)
{
    bool bounced = pointer->down_ms != 0 && now_ms - pointer->down_ms < BOUNCE_MS;
    if (pointer->down || bounced) {
        return false; /* a second finger, or the same one bouncing */
    }
    pointer->down = true;
    pointer->down_ms = now_ms;
    pointer->inside = false;
    pointer->action = 0;
    uint16_t target = pointer_target(build, x, y);
    if (target == LAYOUT_NONE || now_ms < pointer->locked_until_ms) {
        return false;
    }
    const struct frame_node *node = &build->nodes[target];
    bool again = node->action == pointer->acted_action && node->value == pointer->acted_value &&
                 !node->repeats && now_ms - pointer->acted_ms < SAME_CONTROL_MS;
    if (again && pointer->acted_ms != 0) {
        return false;
    }
    pointer->action = node->action;
    pointer->value = node->value;
    pointer->target = frame_rect(build, target);
    pointer->inside = true;
    return true;
}

bool pointer_move(struct pointer *pointer, const struct ui_build *build, int x, int y)
{
    if (!pointer->down || pointer->action == 0) {
        return false;
    }
    int reach = build->panel.cancel_px;
    struct ui_rect near = {pointer->target.x - reach, pointer->target.y - reach,
                           pointer->target.w + 2 * reach, pointer->target.h + 2 * reach};
    bool inside = contains(near, x, y);
    bool changed = inside != pointer->inside;
    pointer->inside = inside;
    return changed;
}

bool pointer_up(struct pointer *pointer, int64_t now_ms, struct ui_hit *ret_hit)
{
    *ret_hit = (struct ui_hit){0};
    bool acts = pointer->down && pointer->inside && pointer->action != 0;
    pointer->down = false;
    pointer->inside = false;
    if (!acts) {
        return false;
    }
    *ret_hit = (struct ui_hit){.action = pointer->action, .value = pointer->value};
    pointer->acted_ms = now_ms;
    pointer->acted_action = pointer->action;
    pointer->acted_value = pointer->value;
    pointer->action = 0;
    return true;
}
