/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, columns, stacks: who gets how much, and what happens when there is not enough. */
#include "kiosk/ui/layout.h"
#include "tests/unit/test.h"

static struct layout tree;

static struct layout_node *add(uint16_t parent, enum layout_direction direction,
                               struct layout_length w, struct layout_length h)
{
    uint16_t idx = layout_add(&tree, parent);
    struct layout_node *node = &tree.nodes[idx];
    node->direction = direction;
    node->length[LAYOUT_X] = w;
    node->length[LAYOUT_Y] = h;
    return node;
}

#define FIT ((struct layout_length){.sizing = LAYOUT_FIT})
#define FIXED(px) ((struct layout_length){.sizing = LAYOUT_FIXED, .value = (px)})
#define GROW(weight) ((struct layout_length){.sizing = LAYOUT_GROW, .value = (weight)})

static struct layout_node *root(enum layout_direction direction)
{
    layout_reset(&tree);
    return add(LAYOUT_NONE, direction, FIT, FIT);
}

static void check_box(size_t idx, int x, int y, int w, int h)
{
    const struct layout_node *node = &tree.nodes[idx];
    CHECK_EQ_I64(node->pos[LAYOUT_X], x);
    CHECK_EQ_I64(node->pos[LAYOUT_Y], y);
    CHECK_EQ_I64(node->size[LAYOUT_X], w);
    CHECK_EQ_I64(node->size[LAYOUT_Y], h);
}

TEST(row_shares_what_is_left_by_weight)
{
    struct layout_node *row = root(LAYOUT_ROW);
    row->gap = 10;
    row->pad_before[LAYOUT_X] = 5;
    row->pad_after[LAYOUT_X] = 5;
    (void)add(0, LAYOUT_ROW, FIXED(100), FIXED(20));
    (void)add(0, LAYOUT_ROW, GROW(1), FIXED(20));
    (void)add(0, LAYOUT_ROW, GROW(3), GROW(1));
    layout_solve(&tree, 530, 50);
    check_box(1, 5, 0, 100, 20);
    check_box(2, 115, 0, 100, 20);
    check_box(3, 225, 0, 300, 50);
}

TEST(growing_loses_no_pixel_to_rounding)
{
    (void)root(LAYOUT_ROW);
    for (int i = 0; i < 7; i++) {
        (void)add(0, LAYOUT_ROW, GROW(1), FIXED(1));
    }
    layout_solve(&tree, 100, 10);
    int sum = 0;
    for (size_t i = 1; i <= 7; i++) {
        sum += tree.nodes[i].size[LAYOUT_X];
    }
    CHECK_EQ_I64(sum, 100);
}

TEST(limits_are_settled_before_the_rest_is_shared)
{
    (void)root(LAYOUT_ROW);
    struct layout_length narrow = {LAYOUT_GROW, 1, 0, 30};
    struct layout_length wide = {LAYOUT_GROW, 1, 150, 0};
    (void)add(0, LAYOUT_ROW, narrow, FIXED(1));
    (void)add(0, LAYOUT_ROW, wide, FIXED(1));
    (void)add(0, LAYOUT_ROW, GROW(1), FIXED(1));
    layout_solve(&tree, 300, 10);
    check_box(1, 0, 0, 30, 1);
    check_box(2, 30, 0, 150, 1);
    check_box(3, 180, 0, 120, 1);
}

TEST(column_stretches_and_aligns)
{
    struct layout_node *column = root(LAYOUT_COLUMN);
    column->align = LAYOUT_STRETCH;
    (void)add(0, LAYOUT_ROW, FIT, FIXED(10));
    (void)add(0, LAYOUT_ROW, FIXED(40), FIXED(10));
    layout_solve(&tree, 100, 100);
    check_box(1, 0, 0, 100, 10);
    check_box(2, 0, 10, 40, 10);
    tree.nodes[0].align = LAYOUT_CENTER;
    tree.nodes[0].justify = LAYOUT_END;
    layout_solve(&tree, 100, 100);
    check_box(2, 30, 90, 40, 10);
}

TEST(between_spreads_the_free_room)
{
    struct layout_node *row = root(LAYOUT_ROW);
    row->justify = LAYOUT_BETWEEN;
    for (int i = 0; i < 3; i++) {
        (void)add(0, LAYOUT_ROW, FIXED(20), FIXED(5));
    }
    layout_solve(&tree, 100, 10);
    check_box(1, 0, 0, 20, 5);
    check_box(2, 40, 0, 20, 5);
    check_box(3, 80, 0, 20, 5);
}

TEST(stack_places_each_child_by_itself)
{
    (void)root(LAYOUT_STACK);
    struct layout_node *child = add(0, LAYOUT_ROW, FIXED(20), FIXED(10));
    child->place[LAYOUT_X] = LAYOUT_END;
    child->place[LAYOUT_Y] = LAYOUT_CENTER;
    child->offset[LAYOUT_X] = -3;
    (void)add(0, LAYOUT_ROW, GROW(1), GROW(1));
    layout_solve(&tree, 100, 50);
    check_box(1, 77, 20, 20, 10);
    check_box(2, 0, 0, 100, 50);
}

TEST(short_room_drops_the_least_important_first)
{
    (void)root(LAYOUT_COLUMN);
    (void)add(0, LAYOUT_ROW, FIXED(10), FIXED(60));
    add(0, LAYOUT_ROW, FIXED(10), FIXED(30))->drop = 3;
    add(0, LAYOUT_ROW, FIXED(10), FIXED(30))->drop = 9;
    (void)add(3, LAYOUT_ROW, FIXED(5), FIXED(5));
    layout_solve(&tree, 100, 95);
    CHECK(!tree.nodes[2].hidden);
    CHECK(tree.nodes[3].hidden);
    CHECK(tree.nodes[4].hidden); /* what is inside goes with it */
    CHECK(!tree.nodes[0].overflow);
}

TEST(a_box_gives_back_the_room_of_what_was_dropped)
{
    (void)root(LAYOUT_ROW);
    (void)add(0, LAYOUT_ROW, FIT, FIT); /* a chip */
    (void)add(1, LAYOUT_ROW, FIXED(60), FIXED(10));
    add(1, LAYOUT_ROW, FIXED(70), FIXED(10))->drop = 3;
    (void)add(0, LAYOUT_ROW, GROW(1), FIXED(10));
    layout_solve(&tree, 100, 20);
    CHECK(tree.nodes[3].hidden);
    check_box(1, 0, 0, 60, 10);
    check_box(4, 60, 0, 40, 10);
    CHECK(!tree.nodes[0].overflow && !tree.nodes[1].overflow);
}

TEST(a_droppable_child_that_is_too_wide_goes_too)
{
    (void)root(LAYOUT_COLUMN);
    add(0, LAYOUT_ROW, FIXED(200), FIXED(10))->drop = 1;
    (void)add(0, LAYOUT_ROW, FIXED(50), FIXED(10));
    layout_solve(&tree, 100, 100);
    CHECK(tree.nodes[1].hidden);
    CHECK(!tree.nodes[0].overflow);
    check_box(2, 0, 0, 50, 10);
}

TEST(too_much_content_is_reported)
{
    (void)root(LAYOUT_ROW);
    (void)add(0, LAYOUT_ROW, FIXED(80), FIXED(10));
    (void)add(0, LAYOUT_ROW, FIXED(80), FIXED(10));
    layout_solve(&tree, 100, 10);
    CHECK(tree.nodes[0].overflow);
}

TEST(wrapping_rows_break_into_lines)
{
    struct layout_node *row = root(LAYOUT_COLUMN);
    row->align = LAYOUT_STRETCH;
    struct layout_node *wrap = add(0, LAYOUT_ROW, FIT, FIT);
    wrap->wrap = true;
    wrap->gap = 10;
    for (int i = 0; i < 3; i++) {
        (void)add(1, LAYOUT_ROW, FIXED(45), FIXED(20));
    }
    layout_solve(&tree, 100, 100);
    check_box(1, 0, 0, 100, 50);
    check_box(2, 0, 0, 45, 20);
    check_box(3, 55, 0, 45, 20);
    check_box(4, 0, 30, 45, 20);
}

TEST(aspect_follows_the_width)
{
    (void)root(LAYOUT_COLUMN);
    add(0, LAYOUT_ROW, GROW(1), FIT)->aspect_permille = 500;
    layout_solve(&tree, 300, 400);
    check_box(1, 0, 0, 300, 150);
}

/* A text of ten letters, 10 px each, 20 px high, that can break after five. */
static void letters_width(void *self, size_t node, int *ret_need, int *ret_want)
{
    (void)self;
    (void)node;
    *ret_need = 50;
    *ret_want = 100;
}

static int letters_height(void *self, size_t node, int width)
{
    (void)self;
    (void)node;
    return width >= 100 ? 20 : 40;
}

static int letters_baseline(void *self, size_t node)
{
    (void)self;
    return node == 1 ? 15 : 35;
}

TEST(texts_get_higher_when_they_get_narrower)
{
    (void)root(LAYOUT_ROW);
    tree.content_width = letters_width;
    tree.content_height = letters_height;
    tree.content_baseline = letters_baseline;
    add(0, LAYOUT_ROW, FIT, FIT)->is_content = true;
    (void)add(0, LAYOUT_ROW, FIXED(30), FIXED(10));
    layout_solve(&tree, 100, 100);
    check_box(1, 0, 0, 70, 40);
    layout_solve(&tree, 200, 100);
    check_box(1, 0, 0, 100, 20);
}

TEST(baselines_meet)
{
    struct layout_node *row = root(LAYOUT_ROW);
    row->align = LAYOUT_BASELINE;
    tree.content_width = letters_width;
    tree.content_height = letters_height;
    tree.content_baseline = letters_baseline;
    add(0, LAYOUT_ROW, FIT, FIT)->is_content = true;
    add(0, LAYOUT_ROW, FIT, FIT)->is_content = true;
    layout_solve(&tree, 300, 100);
    CHECK_EQ_I64(tree.nodes[1].pos[LAYOUT_Y] + 15, tree.nodes[2].pos[LAYOUT_Y] + 35);
}

TEST(a_full_table_refuses_and_says_so)
{
    (void)root(LAYOUT_COLUMN);
    for (int i = 1; i < LAYOUT_NODES_MAX; i++) {
        CHECK(layout_add(&tree, 0) != LAYOUT_NONE);
    }
    CHECK(!tree.full);
    CHECK_EQ_I64(layout_add(&tree, 0), LAYOUT_NONE);
    CHECK(tree.full);
    layout_solve(&tree, 10, 10); /* still safe */
}

TEST_MAIN()
