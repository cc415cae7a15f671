/* SPDX-License-Identifier: Apache-2.0 */
/* Pages without choices: the first frame, the attract page, maintenance, out of service. */
#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

static void night_begin(struct ui_build *build)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad = 72,
                                    .gap = 40,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_NIGHT});
}

static void logo(struct ui_build *build, int units)
{
    ui_open(build, &(struct ui_box){.w = UI_UNITS(units),
                                    .h = UI_UNITS(units),
                                    .surface = UI_SURFACE_TODAY,
                                    .picture = DRAW_PICTURE_LOGO,
                                    .radius = units * 28 / 100});
    ui_close(build);
}

void view_start(struct ui_build *build, const struct session *session)
{
    const char *company = session->profile.company;
    night_begin(build);
    ui_fill(build);
    logo(build, 200);
    ui_para_center(build, UI_STYLE_HEADLINE, UI_COLOR_ON_NIGHT,
                   company[0] != '\0' ? company : "Shilling");
    ui_para_center(build, UI_STYLE_BODY, UI_COLOR_ON_NIGHT_WEAK, T("One moment, starting"));
    ui_fill(build);
    ui_close(build);
}

static void notice_page(struct ui_build *build, const struct session *session, enum ui_icon icon,
                        const char *title, const char *text)
{
    night_begin(build);
    ui_fill(build);
    ui_icon(build, icon, 200, UI_COLOR_BRASS_ON_NIGHT);
    ui_para_center(build, UI_STYLE_PAGE_TITLE, UI_COLOR_ON_NIGHT, title);
    ui_para_center(build, UI_STYLE_BODY, UI_COLOR_ON_NIGHT_WEAK, text);
    if (session->profile.phone[0] != '\0') {
        ui_para_center(build, UI_STYLE_STRONG, UI_COLOR_ON_NIGHT,
                       WORDS(build, T("Service phone {1}"), session->profile.phone));
    }
    ui_fill(build);
    ui_para_center(build, UI_STYLE_CAPTION, UI_COLOR_ON_NIGHT_WEAK, session->profile.terminal_name);
    ui_close(build);
}

void view_maintenance(struct ui_build *build, const struct session *session)
{
    notice_page(build, session, UI_ICON_TOOLS, T("Under maintenance"),
                T("We will be back soon. Money already paid is safe and is credited by itself."));
}

void view_out_of_service(struct ui_build *build, const struct session *session)
{
    notice_page(build, session, UI_ICON_ERROR, T("Out of service"),
                T("Please use another machine. Money already paid is safe and is credited by "
                  "itself."));
}

/* In both languages: whoever comes first has chosen none yet. */
static void invitation(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad_x = 48,
                                    .pad_y = 36,
                                    .gap = 36,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_PRIMARY,
                                    .radius = 36});
    ui_icon(build, UI_ICON_FINGER, 96, UI_COLOR_ON_PRIMARY);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    bool cards = session->reader == SESSION_READER_READY;
    ui_para(build, UI_STYLE_HEADLINE, UI_COLOR_ON_PRIMARY,
            cards ? T("Touch the screen or lay your card") : T("Touch the screen to start"));
    ui_para(build, UI_STYLE_LABEL, UI_COLOR_ON_PRIMARY_WEAK,
            cards ? TC("other language", "Touch the screen or lay your card")
                  : TC("other language", "Touch the screen to start"));
    ui_close(build);
    ui_close(build);
}

static void attract_media(struct ui_build *build)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 200, 0},
                                    .pad_x = 48,
                                    .pad_y = 40,
                                    .surface = UI_SURFACE_CARD,
                                    .picture = DRAW_PICTURE_MEDIA,
                                    .radius = 36,
                                    .drop = 6});
    ui_para(build, UI_STYLE_HEADLINE, UI_COLOR_ON_PICTURE, T("Top up before it runs low"));
    ui_para(build, UI_STYLE_LABEL, UI_COLOR_ON_PICTURE_WEAK,
            T("The meter page shows how many days are left"));
    ui_close(build);
}

static void attract_head(struct ui_build *build, const struct session *session)
{
    bool portrait = ui_is_portrait(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = portrait ? UI_GROW(1) : UI_GROW(11),
                                    .h = portrait ? UI_FIT : UI_GROW(1),
                                    .pad_x = 48,
                                    .pad_bottom = 56,
                                    .gap = 20,
                                    .surface = UI_SURFACE_NIGHT,
                                    .picture = DRAW_PICTURE_HERO,
                                    .corners = portrait ? DRAW_CORNERS_BOTTOM : DRAW_CORNERS_ALL,
                                    .radius = portrait ? 44 : 0});
    page_status(build, session);
    ui_fill(build);
    view_clock(build, UI_STYLE_CLOCK_HUGE);
    view_dates(build, session);
    ui_space(build, 20);
    view_week(build, session, /* narrow= */ false);
    ui_fill(build);
    ui_close(build);
}

void view_attract(struct ui_build *build, const struct session *session)
{
    bool portrait = ui_is_portrait(build);
    ui_open(build, &(struct ui_box){.direction = portrait ? LAYOUT_COLUMN : LAYOUT_ROW,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .action = SESSION_ACTION_START});
    attract_head(build, session);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = portrait ? UI_GROW(1) : UI_GROW(9),
                                    .h = UI_GROW(1),
                                    .pad = 48,
                                    .gap = 32});
    attract_media(build);
    invitation(build, session);
    ui_close(build);
    ui_close(build);
}
