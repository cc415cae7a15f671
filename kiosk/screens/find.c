/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S2: which meter? A site of 24 rooms shows them all; a larger one goes by building and unit; a
 * very large one asks for digits. Every way leads to room tiles, one touch each.
 */
#include <string.h>

#include "common/str.h"
#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

struct tile {
    const char *title;
    const char *below; /* may be NULL */
    uint16_t action;
    uint32_t value;
};

static void tile_add(struct ui_build *build, const struct tile *tile)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 100, 190},
                                    .pad_x = 10,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_TILE,
                                    .radius = 28,
                                    .action = tile->action,
                                    .value = tile->value});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_BUTTON,
                                       .color = UI_COLOR_INK,
                                       .text = tile->title,
                                       .kind = UI_LABEL_CUT});
    if (tile->below != NULL) {
        ui_label(build, &(struct ui_label){.style = UI_STYLE_CAPTION,
                                           .color = UI_COLOR_WEAK,
                                           .text = tile->below,
                                           .drop = 2});
    }
    ui_close(build);
}

/* A grid is rows of @p columns tiles; the last row is filled up with empty room. */
struct grid {
    size_t columns;
    size_t used; /* in the open row */
};

static void grid_row(struct ui_build *build, const struct grid *grid)
{
    if (grid->used == 0) {
        ui_open(build,
                &(struct ui_box){
                    .w = UI_GROW(1), .h = {LAYOUT_GROW, 1, 0, 190}, .gap = 16, .touch_gap = true});
    }
}

static void grid_next(struct ui_build *build, struct grid *grid)
{
    grid->used += 1;
    if (grid->used == grid->columns) {
        ui_close(build);
        grid->used = 0;
    }
}

static void grid_add(struct ui_build *build, struct grid *grid, const struct tile *tile)
{
    grid_row(build, grid);
    tile_add(build, tile);
    grid_next(build, grid);
}

static void grid_end(struct ui_build *build, struct grid *grid)
{
    if (grid->used == 0) {
        return;
    }
    for (; grid->used < grid->columns; grid->used++) {
        ui_fill(build);
    }
    ui_close(build);
}

static size_t columns_for(const struct ui_build *build, size_t tiles)
{
    if (ui_is_portrait(build)) {
        if (ui_is_large(build)) {
            return tiles > 8 ? 3 : 2;
        }
        return tiles > 12 ? 4 : 3;
    }
    return tiles > 12 ? 6 : 4;
}

static void rooms_add(struct ui_build *build, const struct session_rooms *rooms, size_t first,
                      size_t count)
{
    struct grid grid = {.columns = columns_for(build, count)};
    for (size_t i = first; i < first + count && i < rooms->room_count; i++) {
        const struct session_room *room = &rooms->rooms[i];
        grid_add(build, &grid,
                 &(struct tile){.title = room->label,
                                .below = room->utility == SESSION_WATER ? T("Water") : NULL,
                                .action = SESSION_ACTION_ROOM,
                                .value = (uint32_t)i});
    }
    grid_end(build, &grid);
}

static bool is_same_building(const struct session_rooms *rooms, size_t a, size_t b)
{
    return str_equal(rooms->groups[a].building, rooms->groups[b].building);
}

static void buildings_add(struct ui_build *build, const struct session_rooms *rooms)
{
    struct grid grid = {.columns = columns_for(build, rooms->group_count)};
    for (size_t i = 0; i < rooms->group_count; i++) {
        if (i == 0 || !is_same_building(rooms, i, i - 1)) {
            grid_add(build, &grid,
                     &(struct tile){.title = rooms->groups[i].building,
                                    .action = SESSION_ACTION_GROUP,
                                    .value = (uint32_t)i});
        }
    }
    grid_end(build, &grid);
}

static void units_add(struct ui_build *build, const struct session_find *find)
{
    struct grid grid = {.columns = 3};
    for (size_t i = 0; i < find->rooms.group_count; i++) {
        if (is_same_building(&find->rooms, i, find->group_idx)) {
            grid_add(build, &grid,
                     &(struct tile){
                         .title = find->rooms.groups[i].unit,
                         .below = WORDS(build, T("{1} rooms"),
                                        words_number(build, (int64_t)find->rooms.groups[i].count)),
                         .action = SESSION_ACTION_GROUP,
                         .value = (uint32_t)i});
        }
    }
    grid_end(build, &grid);
}

/* A part of a list that is longer than the page. */
struct part {
    size_t page_idx;
    size_t pages;
    size_t first;
    size_t count;
};

/* Turned to a page that is no longer there (other digits, other letters): the last one. */
static struct part part_of(size_t count, size_t per_page, size_t page_idx)
{
    struct part part = {.pages = count == 0 ? 1 : (count + per_page - 1) / per_page};
    part.page_idx = page_idx < part.pages ? page_idx : part.pages - 1;
    part.first = part.page_idx * per_page;
    part.count = count - part.first < per_page ? count - part.first : per_page;
    return part;
}

/* Earlier and later ones, where there is more than a page of them. */
static void pages_add(struct ui_build *build, const struct part *part)
{
    if (part->pages < 2) {
        return;
    }
    bool first = part->page_idx == 0;
    bool last = part->page_idx + 1 >= part->pages;
    ui_open(build, &(struct ui_box){
                       .w = UI_GROW(1), .gap = 16, .touch_gap = true, .align = LAYOUT_CENTER});
    widget_button(build, &(struct widget_button){
                             .surface = first ? UI_SURFACE_DISABLED : UI_SURFACE_SECONDARY,
                             .icon = UI_ICON_CHEVRON_LEFT,
                             .text = T("Earlier"),
                             .w = UI_GROW(1),
                             .height_u = 100,
                             .action = SESSION_ACTION_PAGE,
                             .value = first ? 0 : (uint32_t)part->page_idx - 1U});
    ui_text(build, UI_STYLE_LABEL_BOLD, UI_COLOR_TEXT,
            ui_format(build, "%zu / %zu", part->page_idx + 1, part->pages));
    widget_button(
        build, &(struct widget_button){.surface = last ? UI_SURFACE_DISABLED : UI_SURFACE_SECONDARY,
                                       .icon_after = UI_ICON_CHEVRON_RIGHT,
                                       .text = T("Later"),
                                       .w = UI_GROW(1),
                                       .height_u = 100,
                                       .action = SESSION_ACTION_PAGE,
                                       .value = (uint32_t)part->page_idx + 1U});
    ui_close(build);
}

static void rooms_page(struct ui_build *build, const struct session_find *find, size_t first,
                       size_t count)
{
    struct part part = part_of(count, SESSION_FIND_GRID_MAX, find->page_idx);
    rooms_add(build, &find->rooms, first + part.first, part.count);
    pages_add(build, &part);
}

static void message(struct ui_build *build, enum ui_icon icon, const char *text)
{
    ui_fill(build);
    ui_open(build,
            &(struct ui_box){
                .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 28, .align = LAYOUT_CENTER});
    if (icon == UI_ICON_NONE) {
        widget_spinner(build, 140, 14, UI_COLOR_PRIMARY);
    } else {
        widget_badge(build, UI_SURFACE_TINT_WARN, icon, UI_COLOR_WARN, 140);
    }
    ui_para_center(build, UI_STYLE_STRONG, UI_COLOR_TEXT, text);
    if (icon == UI_ICON_WIFI_OFF) {
        widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                     .icon = UI_ICON_REFRESH,
                                                     .text = T("Try again"),
                                                     .action = SESSION_ACTION_CONFIRM});
    }
    ui_close(build);
    ui_fill(build);
}

/* One room of many buildings: where it is, then its number and its meter's. */
static void match_open(struct ui_build *build, size_t room_idx)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 100, 190},
                                    .pad_x = 24,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_TILE,
                                    .radius = 28,
                                    .action = SESSION_ACTION_ROOM,
                                    .value = (uint32_t)room_idx});
}

static void match_fill(struct ui_build *build, const struct session_group *group,
                       const struct session_room *room)
{
    const char *unit = group->unit[0] == '\0'
                           ? group->building
                           : ui_format(build, "%s %s", group->building, group->unit);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                       .color = UI_COLOR_TEXT,
                                       .text = unit,
                                       .kind = UI_LABEL_CUT});
    ui_open(build, &(struct ui_box){.gap = 14, .align = LAYOUT_BASELINE});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_STRONG,
                                       .color = UI_COLOR_INK,
                                       .text = room->label,
                                       .kind = UI_LABEL_CUT});
    ui_label(build,
             &(struct ui_label){.style = UI_STYLE_CAPTION,
                                .color = UI_COLOR_WEAK,
                                .text = WORDS(build, T("Meter \xE2\x80\xA6{1}"), room->meter_tail),
                                .drop = 2});
    ui_close(build);
}

static const struct session_group *group_of(const struct session_rooms *rooms, size_t room_idx)
{
    for (size_t g = 0; g < rooms->group_count; g++) {
        const struct session_group *group = &rooms->groups[g];
        if (room_idx >= group->first && room_idx < group->first + group->count) {
            return group;
        }
    }
    return NULL;
}

/* Fewer tiles where the buttons to turn the page stand below them. */
static size_t matches_per_page(const struct ui_build *build, size_t count)
{
    bool small = page_is_small(build);
    if (ui_is_large(build)) {
        return small ? 2 : 4;
    }
    if (small) {
        return count <= 6 ? 6 : 4;
    }
    return count <= 8 ? 8 : 6;
}

static void matches_page(struct ui_build *build, const struct session_find *find)
{
    enum { COLUMNS = 2 };
    const struct session_rooms *rooms = &find->rooms;
    struct part part =
        part_of(rooms->room_count, matches_per_page(build, rooms->room_count), find->page_idx);
    struct grid grid = {.columns = COLUMNS};
    for (size_t i = part.first; i < part.first + part.count; i++) {
        const struct session_group *group = group_of(rooms, i);
        if (group != NULL) {
            grid_row(build, &grid);
            match_open(build, i);
            match_fill(build, group, &rooms->rooms[i]);
            ui_close(build);
            grid_next(build, &grid);
        }
    }
    grid_end(build, &grid);
    pages_add(build, &part);
    if (rooms->total > rooms->room_count) {
        ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                           .color = UI_COLOR_TEXT,
                                           .text = T("There are more. Please type another digit."),
                                           .kind = UI_LABEL_WRAP,
                                           .align = LAYOUT_CENTER,
                                           .w = UI_GROW(1)});
    }
}

/* Rooms that match the digits: as many tiles as are easily seen, the others by turning pages. */
static void matches_add(struct ui_build *build, const struct session_find *find)
{
    if (find->waiting) {
        message(build, UI_ICON_NONE, T("Searching"));
        return;
    }
    if (find->failed) {
        message(build, UI_ICON_WIFI_OFF, T("The server cannot be reached. Please try again."));
        return;
    }
    if (find->searched[0] == '\0') {
        message(build, UI_ICON_KEYPAD, T("Rooms appear from the third digit on"));
        return;
    }
    if (find->rooms.room_count == 0) {
        message(build, UI_ICON_SEARCH, T("No such meter here. Please check the digits."));
        return;
    }
    matches_page(build, find);
}

static void find_keypad(struct ui_build *build, const struct session_find *find)
{
    page_columns_begin(build, 46);
    widget_entry(build, UI_ICON_SEARCH, find->entry, T("Room, or the last digits of the meter"));
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .gap = 16,
                                    .touch_gap = true});
    matches_add(build, find);
    ui_close(build);
    page_columns_next(build, 54);
    widget_keypad(build, /* with_double_zero= */ false);
    page_columns_end(build);
}

/* Tiles stand in the lower part, where a wheelchair user reaches them. */
static void find_tiles(struct ui_build *build, const struct session_find *find)
{
    ui_fill(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 6, 0, 0},
                                    .gap = 16,
                                    .touch_gap = true,
                                    .justify = LAYOUT_END});
    switch (find->step) {
    case SESSION_FIND_GRID:
        rooms_page(build, find, 0, find->rooms.room_count);
        break;
    case SESSION_FIND_BUILDINGS:
        buildings_add(build, &find->rooms);
        break;
    case SESSION_FIND_UNITS:
        units_add(build, find);
        break;
    case SESSION_FIND_ROOMS:
        rooms_page(build, find, find->rooms.groups[find->group_idx].first,
                   find->rooms.groups[find->group_idx].count);
        break;
    case SESSION_FIND_LOADING:
    case SESSION_FIND_KEYPAD:
    case SESSION_FIND_STEP_COUNT:
        break;
    }
    ui_close(build);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 5});
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                 .icon = UI_ICON_KEYPAD,
                                                 .text = T("Type the number instead"),
                                                 .w = UI_GROW(1),
                                                 .height_u = 110,
                                                 .action = SESSION_ACTION_KEYPAD});
    ui_close(build);
}

static const char *title_of(struct ui_build *build, const struct session_find *find)
{
    switch (find->step) {
    case SESSION_FIND_LOADING:
    case SESSION_FIND_GRID:
    case SESSION_FIND_STEP_COUNT:
        break;
    case SESSION_FIND_BUILDINGS:
        return T("Which building?");
    case SESSION_FIND_UNITS:
        return ui_format(build, "%s", find->rooms.groups[find->group_idx].building);
    case SESSION_FIND_ROOMS:
        return ui_format(build, "%s %s", find->rooms.groups[find->group_idx].building,
                         find->rooms.groups[find->group_idx].unit);
    case SESSION_FIND_KEYPAD:
        return T("Find the meter");
    }
    return T("Which room?");
}

void view_find(struct ui_build *build, const struct session *session)
{
    const struct session_find *find = &session->find;
    struct page page = {.title = title_of(build, find), .back = true, .home = true};
    page_begin(build, session, &page);
    page_body(build, session);
    page_steps(build, session, 1);
    if (find->step == SESSION_FIND_LOADING) {
        if (find->failed) {
            message(build, UI_ICON_WIFI_OFF, T("The server cannot be reached. Please try again."));
        } else {
            message(build, UI_ICON_NONE, T("Loading the rooms"));
        }
    } else if (find->step == SESSION_FIND_KEYPAD) {
        find_keypad(build, find);
    } else {
        find_tiles(build, find);
    }
    page_end(build, session, &page);
}
