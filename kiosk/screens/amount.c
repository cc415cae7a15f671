/* SPDX-License-Identifier: Apache-2.0 */
/* The tiles of S3 and B2; S3b: another amount, whole yuan; and the choice of the wallet. */
#include "common/parse.h"
#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

/* @p rests: more than the meter behind the card can take. */
static void amount_tile(struct ui_build *build, const char *text, uint16_t action, uint32_t value,
                        bool rests)
{
    bool other = action == SESSION_ACTION_OTHER;
    enum ui_surface_id surface = other ? UI_SURFACE_SECONDARY : UI_SURFACE_PRIMARY;
    enum ui_color color = other ? UI_COLOR_INK : UI_COLOR_ON_PRIMARY;
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_FIT, 0, 132, 0},
                                    .pad_x = 8,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = rests ? UI_SURFACE_DISABLED : surface,
                                    .radius = 28,
                                    .action = rests ? SESSION_ACTION_NONE : action,
                                    .value = value});
    ui_text(build, UI_STYLE_BUTTON, rests ? UI_COLOR_DISABLED : color, text);
    ui_close(build);
}

void view_last_top_up(struct ui_build *build, struct money amount, int64_t at)
{
    if (at > 0) {
        widget_pair(build, T("Last top-up"),
                    ui_format(build, "%s   %s", words_money(build, amount), words_day(build, at)),
                    false);
    }
}

void view_amounts(struct ui_build *build, const struct session *session, const char *whose)
{
    const struct session_profile *profile = &session->profile;
    ui_label(build, &(struct ui_label){
                        .style = UI_STYLE_LABEL_BOLD,
                        .color = UI_COLOR_TEXT,
                        .text = WORDS(
                            build, T("Check that it is yours, then choose an amount: {1}"), whose),
                        .kind = UI_LABEL_WRAP,
                        .w = UI_GROW(1),
                        .drop = 3,
                        .personal = true});
    size_t count = profile->amount_count;
    size_t per_row = ui_is_large(build) || !ui_is_portrait(build) ? (count + 2) / 2 : count + 1;
    for (size_t first = 0; first <= count; first += per_row) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 16, .touch_gap = true});
        for (size_t i = first; i < first + per_row && i <= count; i++) {
            if (i < count) {
                amount_tile(build, words_money_short(build, profile->amounts[i]),
                            SESSION_ACTION_AMOUNT, (uint32_t)i,
                            !session_card_takes(session, profile->amounts[i]));
            } else {
                amount_tile(build, T("Other"), SESSION_ACTION_OTHER, 0,
                            !session_card_takes(session, profile->amount_min));
            }
        }
        ui_close(build);
    }
}

/* What has been typed, in fen; -1 for nothing. */
static int64_t entry_fen(const struct session *session)
{
    uint32_t yuan = 0;
    return parse_u32(session->amount_entry, 99999999, &yuan) ? (int64_t)yuan * 100 : -1;
}

static bool is_allowed(const struct session *session, int64_t fen)
{
    return fen >= session->profile.amount_min.fen && fen <= session->profile.amount_max.fen &&
           session_card_takes(session, money_fen(fen));
}

/* What the site sells at most, or the meter behind the card can take; whole yuan. */
static struct money amount_most(const struct session *session)
{
    const struct session_card_view *view = &session->card.view;
    struct money most = session->profile.amount_max;
    bool less =
        view->session_id[0] != '\0' && view->headroom_known && view->headroom.fen < most.fen;
    return less ? money_fen(view->headroom.fen / 100 * 100) : most;
}

static void entry_card(struct ui_build *build, const struct session *session)
{
    int64_t fen = entry_fen(session);
    bool typed = fen >= 0;
    struct money most = amount_most(session);
    bool wrong = fen > most.fen;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad = 32,
                                    .gap = 8,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    ui_text(build, UI_STYLE_LABEL, UI_COLOR_WEAK, T("Amount to top up"));
    ui_open(build, &(struct ui_box){.align = LAYOUT_BASELINE, .gap = 12});
    ui_text(build, UI_STYLE_PAY_SIGN, typed ? UI_COLOR_INK : UI_COLOR_WEAK, "\xC2\xA5");
    ui_text(build, UI_STYLE_PAY, typed ? UI_COLOR_INK : UI_COLOR_LINE,
            typed ? words_number(build, fen / 100) : "0");
    ui_close(build);
    ui_text(build, wrong ? UI_STYLE_LABEL_BOLD : UI_STYLE_LABEL,
            wrong ? UI_COLOR_ERROR : UI_COLOR_WEAK,
            WORDS(build, T("From {1} to {2}, whole yuan"),
                  words_money_short(build, session->profile.amount_min),
                  words_money_short(build, most)));
    ui_close(build);
}

static const char *confirm_text(struct ui_build *build, const struct session *session, bool ready)
{
    if (ready) {
        return WORDS(build, T("Top up {1}"),
                     words_money_short(build, money_fen(entry_fen(session))));
    }
    return session_card_is_out_of_reach(session) ? T("Card reader under repair")
                                                 : T("Type an amount");
}

void view_amount(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = T("Other amount"), .back = true, .home = true};
    bool ready = is_allowed(session, entry_fen(session));
    page_begin(build, session, &page);
    page_body(build, session);
    page_steps(build, session, 2);
    page_columns_begin(build, ui_is_portrait(build) ? 0 : 46);
    view_summary(build, session);
    entry_card(build, session);
    page_columns_next(build, 54);
    ui_fill(build);
    widget_keypad(build, /* with_double_zero= */ true);
    widget_button(
        build, &(struct widget_button){.surface = ready ? UI_SURFACE_PRIMARY : UI_SURFACE_DISABLED,
                                       .style = UI_STYLE_BUTTON_LARGE,
                                       .text = confirm_text(build, session, ready),
                                       .icon_after = ready ? UI_ICON_CHEVRON_RIGHT : UI_ICON_NONE,
                                       .w = UI_GROW(1),
                                       .action = SESSION_ACTION_CONFIRM});
    page_columns_end(build);
    page_end(build, session, &page);
}

static void wallet_tile(struct ui_build *build, enum session_wallet wallet)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 180, 300},
                                    .pad_x = 56,
                                    .gap = 44,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_TILE,
                                    .radius = 36,
                                    .action = SESSION_ACTION_WALLET,
                                    .value = (uint32_t)wallet});
    widget_wallet(build, wallet, 128);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_HERO_TILE,
                                       .color = UI_COLOR_INK,
                                       .text = words_wallet(wallet),
                                       .w = UI_GROW(1)});
    ui_icon(build, UI_ICON_CHEVRON_RIGHT, 64, UI_COLOR_WEAK);
    ui_close(build);
}

void view_wallet(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = T("How do you want to pay?"), .back = true, .home = true};
    page_begin(build, session, &page);
    page_body(build, session);
    page_steps(build, session, 3);
    page_columns_begin(build, ui_is_portrait(build) ? 0 : 44);
    view_summary(build, session);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad = 32,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    ui_text(build, UI_STYLE_LABEL, UI_COLOR_WEAK, T("To pay"));
    widget_amount(build, session->amount, &widget_amount_pay);
    /* A debt above the amount takes the whole of it, and no more. */
    struct money arrears =
        session->meter.arrears.fen < session->amount.fen ? session->meter.arrears : session->amount;
    if (arrears.fen > 0) {
        ui_para_center(build, UI_STYLE_LABEL, UI_COLOR_WARN,
                       WORDS(build, T("{1} of your payment goes to what is owed."),
                             words_money(build, arrears)));
    }
    ui_close(build);
    page_columns_next(build, 56);
    ui_fill(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 3, 0, 0},
                                    .gap = 28,
                                    .touch_gap = true,
                                    .justify = LAYOUT_END});
    for (int w = SESSION_WALLET_ALIPAY; w < SESSION_WALLET_COUNT; w++) {
        if (session->profile.wallets[w]) {
            wallet_tile(build, (enum session_wallet)w);
        }
    }
    ui_close(build);
    page_columns_end(build);
    page_end(build, session, &page);
}
