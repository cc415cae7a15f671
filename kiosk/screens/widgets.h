/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_WIDGETS_H
#define SHILLING_KIOSK_SCREENS_WIDGETS_H

/* The parts that several screens are made of. */

#include "core/session/session.h"
#include "kiosk/screens/words.h"
#include "kiosk/ui/build.h"
#include "kiosk/ui/i18n.h"

/* The look of a button: what it means, not how it is painted. */
struct widget_button {
    enum ui_surface_id surface; /* PRIMARY, SECONDARY, DANGER, DISABLED */
    enum ui_style style;        /* default (0) is taken as UI_STYLE_BUTTON */
    enum ui_icon icon;          /* before the text; NONE: none */
    enum ui_icon icon_after;
    const char *text;
    struct ui_size w;
    int height_u; /* 0: 132 */
    uint16_t action;
    uint32_t value;
    bool repeats;
};
void widget_button(struct ui_build *build, const struct widget_button *button);

/** A pill with an icon: the state of something. */
struct widget_chip {
    enum ui_surface_id surface;
    enum ui_color color;
    enum ui_icon icon;
    const char *text;
    bool bold;
    uint8_t text_drop; /* where room is short the icon alone says it */
};
void widget_chip(struct ui_build *build, const struct widget_chip *chip);

/** A square with an icon in it. */
void widget_badge(struct ui_build *build, enum ui_surface_id surface, enum ui_icon icon,
                  enum ui_color color, int units);

/** An amount in three parts: sign, yuan and fen in three sizes on one baseline. */
struct widget_amount {
    enum ui_style yuan;
    enum ui_style sign;
    enum ui_style fen;
    enum ui_color color;
    enum ui_color weak;
};
void widget_amount(struct ui_build *build, struct money money, const struct widget_amount *look);
extern const struct widget_amount widget_amount_balance; /* on night */
extern const struct widget_amount widget_amount_pay;     /* on a card */

/** A number in a disc: a step, a hint. */
void widget_number(struct ui_build *build, enum ui_surface_id surface, enum ui_color color,
                   int number);
/** A tick in its place: that step is done. */
void widget_number_done(struct ui_build *build, enum ui_surface_id surface, enum ui_color color);

/** A ring that shrinks from now to @p until_ms; steps once a second. @return seconds left */
int widget_countdown(struct ui_build *build, int64_t until_ms, int64_t total_ms, int units,
                     int thickness_u);

/** A ring with a moving arc: something is under way. */
void widget_spinner(struct ui_build *build, int units, int thickness_u, enum ui_color color);

/** A large line that says what a page or a question is about. */
void widget_headline(struct ui_build *build, const char *title);

/** What was typed so far, or while that is "" a @p hint what to type. */
void widget_entry(struct ui_build *build, enum ui_icon icon, const char *entry, const char *hint);

/** Name on the left, value on the right, a hairline below unless it is the last. */
void widget_pair(struct ui_build *build, const char *name, const char *value, bool last);
/** The card around a page's widget_pair()s: what goes first when room is short. */
void widget_pairs_begin(struct ui_build *build);
void widget_pairs_end(struct ui_build *build);

/** The dark card with what a page is about; @p pad_x, @p pad_y are units inside it. */
void widget_night_begin(struct ui_build *build, int pad_x, int pad_y);
void widget_night_end(struct ui_build *build);

/** A large tick, clock or question that comes true by itself. */
enum widget_tick_state { WIDGET_TICK_WAITING, WIDGET_TICK_BUSY, WIDGET_TICK_DONE, WIDGET_TICK_NOT };
struct widget_tick {
    enum widget_tick_state state;
    const char *text;
    const char *detail; /* may be NULL */
};
void widget_tick(struct ui_build *build, const struct widget_tick *tick);

/** Coloured card with icon and words: information, warning, error. */
enum widget_note_kind { WIDGET_NOTE_INFO, WIDGET_NOTE_WARN, WIDGET_NOTE_ERROR, WIDGET_NOTE_OK };
void widget_note(struct ui_build *build, enum widget_note_kind kind, const char *text);

/** Keys 1..9, clear, 0, erase; @p with_double_zero puts 00 where clear stands. */
void widget_keypad(struct ui_build *build, bool with_double_zero);

/** The wallet's own badge. */
void widget_wallet(struct ui_build *build, enum session_wallet wallet, int units);

#endif
