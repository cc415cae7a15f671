/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S1: four ways in. The large tile and "query" both lead to the meter page; cards have their tile,
 * greyed with its reason where there is no reader. Offline (E1) the tiles that need the server
 * rest, and the picture makes room for what still works.
 */
#include <string.h>

#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum { MARGIN_U = 48, TILES_U = 520 };

static bool can_top_up(const struct session *session)
{
    return session->online && session->profile.known && session->profile.payments_open;
}

static const char *closed_reason(const struct session *session)
{
    if (!session->online || !session->profile.known) {
        return T("The network is down");
    }
    return session->profile.payments_reason[0] != '\0' ? session->profile.payments_reason
                                                       : T("Top-up is paused");
}

static const char *top_up_words(const struct session *session)
{
    bool paper =
        session->printer == SESSION_PRINTER_READY || session->printer == SESSION_PRINTER_NEAR_END;
    return paper ? T("Alipay or WeChat Pay\nPower at once, receipt printed")
                 : T("Alipay or WeChat Pay\nPower at once");
}

static void hero_pill(struct ui_build *build)
{
    ui_open(build, &(struct ui_box){.h = {LAYOUT_FIT, 0, 80, 0},
                                    .pad_left = 34,
                                    .pad_right = 24,
                                    .gap = 8,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_PILL,
                                    .radius = 40,
                                    .drop = 6});
    ui_text(build, UI_STYLE_BODY_BOLD, UI_COLOR_ON_PILL, T("Start"));
    ui_icon(build, UI_ICON_CHEVRON_RIGHT, 40, UI_COLOR_ON_PILL);
    ui_close(build);
}

static void tile_top_up(struct ui_build *build, const struct session *session)
{
    bool open = can_top_up(session);
    enum ui_surface_id icon_on = open ? UI_SURFACE_ICON_ON_HERO : UI_SURFACE_SECONDARY;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(100),
                                    .h = UI_GROW(1),
                                    .pad = 40,
                                    .pad_bottom = 36,
                                    .surface = open ? UI_SURFACE_HERO_TILE : UI_SURFACE_DISABLED,
                                    .picture = open ? DRAW_PICTURE_TILE : DRAW_PICTURE_NONE,
                                    .radius = 36,
                                    .action = open ? SESSION_ACTION_TOP_UP : 0});
    ui_open(build, &(struct ui_box){.w = UI_UNITS(116),
                                    .h = UI_UNITS(116),
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = icon_on,
                                    .radius = 34,
                                    .drop = 5});
    ui_icon(build, UI_ICON_QR, 72, open ? UI_COLOR_ON_ICON_HERO : UI_COLOR_DISABLED);
    ui_close(build);
    ui_space(build, 24);
    ui_para(build, UI_STYLE_HERO_TILE, open ? UI_COLOR_ON_PRIMARY : UI_COLOR_DISABLED,
            T("Scan to top up"));
    ui_space(build, 6);
    ui_para(build, UI_STYLE_NOTE, open ? UI_COLOR_ON_PRIMARY_WEAK : UI_COLOR_DISABLED,
            open ? top_up_words(session) : closed_reason(session));
    ui_fill(build);
    if (open) {
        hero_pill(build);
    }
    ui_close(build);
}

struct plain_tile {
    const char *title;
    const char *below;
    enum ui_icon icon;
    enum ui_surface_id badge;
    enum ui_color icon_color;
    uint16_t action; /* 0: it rests */
    int weight;
    bool small;
};

/* Room for the badge in the upper corner; otherwise it stands beside the title. */
static bool tile_is_tall(const struct ui_build *build, const struct plain_tile *tile)
{
    bool room = !ui_is_large(build) || !page_is_small(build);
    return !tile->small && room && (!ui_is_portrait(build) || ui_is_large(build));
}

static void tile_title(struct ui_build *build, const struct plain_tile *tile)
{
    ui_label(build,
             &(struct ui_label){.style = tile->small ? UI_STYLE_STRONG : UI_STYLE_TILE,
                                .color = tile->action == 0 ? UI_COLOR_DISABLED : UI_COLOR_INK,
                                .text = tile->title,
                                .w = UI_GROW(1)});
}

static void tile_badge(struct ui_build *build, const struct plain_tile *tile)
{
    bool rests = tile->action == 0;
    widget_badge(build, rests ? UI_SURFACE_SUNK : tile->badge, tile->icon,
                 rests ? UI_COLOR_DISABLED : tile->icon_color, tile->small ? 76 : 88);
}

static void tile_plain(struct ui_build *build, const struct plain_tile *tile)
{
    bool rests = tile->action == 0;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(tile->weight),
                                    .pad_x = 32,
                                    .pad_y = 14,
                                    .justify = LAYOUT_CENTER,
                                    .surface = rests ? UI_SURFACE_DISABLED : UI_SURFACE_TILE,
                                    .radius = 36,
                                    .action = tile->action});
    if (tile_is_tall(build, tile)) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .pad_top = 14});
        ui_fill(build);
        tile_badge(build, tile);
        ui_close(build);
        ui_fill(build);
        tile_title(build, tile);
    } else {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 14, .align = LAYOUT_CENTER});
        tile_title(build, tile);
        tile_badge(build, tile);
        ui_close(build);
    }
    if (tile->below != NULL) {
        ui_label(build, &(struct ui_label){.style = UI_STYLE_NOTE,
                                           .color = rests ? UI_COLOR_DISABLED : UI_COLOR_WEAK,
                                           .text = tile->below,
                                           .kind = UI_LABEL_WRAP,
                                           .w = UI_GROW(1),
                                           .drop = rests ? 0 : 5});
    }
    if (tile_is_tall(build, tile)) {
        ui_fill(build);
    }
    ui_close(build);
}

static const char *reader_words(enum session_reader reader)
{
    switch (reader) {
    case SESSION_READER_NONE:
    case SESSION_READER_COUNT:
        return T("No card reader here");
    case SESSION_READER_READY:
        return T("For meters with a card");
    case SESSION_READER_ERROR:
        break;
    }
    return T("Card reader under repair");
}

static void tiles_right(struct ui_build *build, const struct session *session)
{
    bool online = session->online && session->profile.known;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(92),
                                    .h = UI_GROW(1),
                                    .gap = 24,
                                    .touch_gap = true});
    tile_plain(build, &(struct plain_tile){.title = T("Query meter"),
                                           .below = T("Live balance and use"),
                                           .icon = UI_ICON_BOLT,
                                           .badge = UI_SURFACE_TINT_INFO,
                                           .icon_color = UI_COLOR_INFO,
                                           .action = online ? SESSION_ACTION_QUERY : 0,
                                           .weight = 15});
    bool cards = session->reader == SESSION_READER_READY && can_top_up(session);
    tile_plain(build, &(struct plain_tile){.title = T("Card top-up"),
                                           .below = reader_words(session->reader),
                                           .icon = UI_ICON_CARD,
                                           .badge = UI_SURFACE_TINT_BRASS,
                                           .icon_color = UI_COLOR_BRASS,
                                           .action = cards ? SESSION_ACTION_CARD : 0,
                                           .weight = 15});
    tile_plain(build, &(struct plain_tile){.title = T("Find order, reprint"),
                                           .icon = UI_ICON_DOCUMENT_SEARCH,
                                           .badge = UI_SURFACE_TINT_OK,
                                           .icon_color = UI_COLOR_OK,
                                           .action = online ? SESSION_ACTION_FIND_ORDER : 0,
                                           .weight = 10,
                                           .small = true});
    ui_close(build);
}

/* E1: what still works, and whom to call. */
static void offline_card(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 240, 0},
                                    .pad = 44,
                                    .gap = 14,
                                    .justify = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    ui_open(build, &(struct ui_box){.gap = 24, .align = LAYOUT_CENTER, .w = UI_GROW(1)});
    ui_icon(build, UI_ICON_WIFI_OFF, 72, UI_COLOR_WARN);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_HEADLINE,
                                       .color = UI_COLOR_INK,
                                       .text = T("The network is down"),
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_close(build);
    ui_para(build, UI_STYLE_LABEL, UI_COLOR_TEXT,
            T("Querying and top-up come back by themselves. Money already paid is safe."));
    if (session->profile.phone[0] != '\0') {
        ui_para(build, UI_STYLE_LABEL_BOLD, UI_COLOR_TEXT,
                WORDS(build, T("Service phone {1}"), session->profile.phone));
    }
    ui_close(build);
}

static void media_card(struct ui_build *build, const struct session *session)
{
    if (!session->online) {
        offline_card(build, session);
        return;
    }
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 260, 0},
                                    .pad_x = 48,
                                    .pad_y = 40,
                                    .surface = UI_SURFACE_CARD,
                                    .picture = DRAW_PICTURE_MEDIA,
                                    .radius = 36,
                                    .drop = 10});
    ui_para(build, UI_STYLE_HEADLINE, UI_COLOR_ON_PICTURE, T("Top up before it runs low"));
    ui_para(build, UI_STYLE_LABEL, UI_COLOR_ON_PICTURE_WEAK,
            T("The meter page shows how many days are left"));
    ui_close(build);
}

/*
 * In the large mode the picture gives its room to the tiles (upright) or to the clock (across);
 * across, the English dates take it as well: they are twice as long.
 */
static bool has_media(const struct ui_build *build, const struct session *session)
{
    bool chinese = session->comfort.language == SESSION_LANGUAGE_ZH;
    bool room = !ui_is_large(build) && (ui_is_portrait(build) || chinese);
    return room || !session->online;
}

static void notice(struct ui_build *build, const struct session *session)
{
    if (session->profile.notice[0] == '\0') {
        return;
    }
    ui_open(build, &(struct ui_box){
                       .w = UI_GROW(1), .gap = 14, .pad_y = 4, .align = LAYOUT_CENTER, .drop = 7});
    ui_icon(build, UI_ICON_BELL, 34, UI_COLOR_WARN);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                       .color = UI_COLOR_WARN,
                                       .text = session->profile.notice,
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_close(build);
}

/* S1's question. Where the tiles need the room themselves, they are question enough. */
static void question(struct ui_build *build)
{
    ui_label(build, &(struct ui_label){.style = UI_STYLE_LABEL_BOLD,
                                       .color = UI_COLOR_TEXT,
                                       .text = T("Please choose"),
                                       .drop = 9});
}

static void tiles(struct ui_build *build, const struct session *session, struct ui_size height)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .h = height, .gap = 24, .touch_gap = true});
    tile_top_up(build, session);
    tiles_right(build, session);
    ui_close(build);
}

static void home_portrait(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = MARGIN_U,
                                    .pad_bottom = 48,
                                    .surface = UI_SURFACE_NIGHT,
                                    .picture = DRAW_PICTURE_HERO,
                                    .corners = DRAW_CORNERS_BOTTOM,
                                    .radius = 44});
    page_status(build, session);
    ui_space(build, 22);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 44, .align = LAYOUT_CENTER});
    view_clock(build, UI_STYLE_CLOCK);
    view_dates(build, session);
    ui_close(build);
    ui_space(build, 28);
    view_week(build, session, /* narrow= */ false);
    ui_close(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad_x = MARGIN_U,
                                    .pad_top = 32,
                                    .pad_bottom = 30,
                                    .gap = 24});
    if (has_media(build, session)) {
        media_card(build, session);
    }
    question(build);
    enum layout_sizing sizing = ui_is_large(build) ? LAYOUT_GROW : LAYOUT_FIT;
    tiles(build, session, (struct ui_size){sizing, 1, TILES_U, 0});
    notice(build, session);
    page_band(build, session, &(struct page){.back = false});
    ui_close(build);
}

static void home_left(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){
                       .direction = LAYOUT_COLUMN, .w = UI_GROW(48), .h = UI_GROW(1), .gap = 26});
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = has_media(build, session) ? UI_FIT : UI_GROW(1),
                                    .pad = 32,
                                    .gap = 24,
                                    .justify = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_NIGHT,
                                    .picture = DRAW_PICTURE_NIGHT,
                                    .radius = 36});
    bool large = ui_is_large(build); /* beside the clock there is no room for such dates */
    ui_open(build, &(struct ui_box){.direction = large ? LAYOUT_COLUMN : LAYOUT_ROW,
                                    .w = UI_GROW(1),
                                    .gap = large ? 0 : 28,
                                    .align = large ? LAYOUT_START : LAYOUT_CENTER});
    view_clock(build, UI_STYLE_CLOCK_SMALL);
    view_dates(build, session);
    ui_close(build);
    view_week(build, session, /* narrow= */ large);
    ui_close(build);
    if (has_media(build, session)) {
        media_card(build, session);
    }
    notice(build, session);
    ui_close(build);
}

static void home_landscape(struct ui_build *build, const struct session *session)
{
    ui_open(build,
            &(struct ui_box){.w = UI_GROW(1), .pad_x = MARGIN_U, .surface = UI_SURFACE_NIGHT});
    page_status(build, session);
    ui_close(build);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad_x = MARGIN_U,
                                    .pad_top = 32,
                                    .pad_bottom = 30,
                                    .gap = 32});
    home_left(build, session);
    ui_open(build, &(struct ui_box){
                       .direction = LAYOUT_COLUMN, .w = UI_GROW(50), .h = UI_GROW(1), .gap = 24});
    question(build);
    tiles(build, session, UI_GROW(1));
    page_band(build, session, &(struct page){.half = true});
    ui_close(build);
    ui_close(build);
}

void view_home(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1), .h = UI_GROW(1)});
    if (ui_is_portrait(build)) {
        home_portrait(build, session);
    } else {
        home_landscape(build, session);
    }
    ui_close(build);
}
