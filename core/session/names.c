/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the session's enums. Tables indexed by the enum, each checked against its _COUNT when
 * it is compiled, so that a new member without a name does not build.
 */
#include "core/session/names.h"

#include "common/must.h"
#include "common/str.h"

#define NAME_COUNT_CHECK(table, count)                                                             \
    _Static_assert(ARRAY_COUNT(table) == (count), "a member of the enum has no name")

static const char *const screen_names[] = {
    "start",      "attract",   "home",      "find",        "meter",         "amount", "wallet",
    "pay",        "checking",  "closed",    "crediting",   "slow",          "done",   "refund",
    "refunded",   "review",    "problem",   "orders",      "card_place",    "card",   "card_back",
    "card_write", "card_done", "card_owed", "maintenance", "out_of_service"};
NAME_COUNT_CHECK(screen_names, SESSION_SCREEN_COUNT);

static const char *const overlay_names[] = {"none",           "idle",        "cancel",
                                            "help",           "no_printer",  "meter_offline",
                                            "open_elsewhere", "receipt_code"};
NAME_COUNT_CHECK(overlay_names, SESSION_OVERLAY_COUNT);

static const char *const action_names[] = {
    "none",       "start",    "home",         "back",     "top_up",  "query",       "card",
    "find_order", "language", "large",        "contrast", "sound",   "help",        "close",
    "group",      "room",     "page",         "keypad",   "digit",   "double_zero", "erase",
    "clear",      "amount",   "other",        "confirm",  "refresh", "wallet",      "cancel",
    "more_time",  "print",    "receipt_code", "finish",   "order",   "continue",    "end"};
NAME_COUNT_CHECK(action_names, SESSION_ACTION_COUNT);

static const char *const printer_names[] = {"none",       "ready", "near_end", "paper_out",
                                            "cover_open", "error", "offline"};
NAME_COUNT_CHECK(printer_names, SESSION_PRINTER_COUNT);

static const char *const reader_names[] = {"none", "ready", "error"};
NAME_COUNT_CHECK(reader_names, SESSION_READER_COUNT);

static const char *const card_trouble_names[] = {
    "fine",    "two",          "phone",       "not_ours",   "left_early", "other",
    "reader",  "blocked",      "lost",        "replaced",   "other_site", "blank",
    "damaged", "forged",       "return_case", "not_loaded", "full",       "refused",
    "network", "session_over", "not_paid",    "expired",    "disk"};
NAME_COUNT_CHECK(card_trouble_names, SESSION_CARD_TROUBLE_COUNT);

static const char *const order_state_names[] = {"NEW",       "WAIT_PAY",  "CLOSING", "CLOSED",
                                                "PAID",      "CREDITING", "DONE",    "REFUND_DUE",
                                                "REFUNDING", "REFUNDED",  "REVIEW"};
NAME_COUNT_CHECK(order_state_names, SESSION_ORDER_STATE_COUNT);

const char *session_screen_name(enum session_screen screen)
{
    MUST((unsigned)screen < SESSION_SCREEN_COUNT);
    const char *name = screen_names[screen];
    MUST(name != NULL);
    return name;
}

const char *session_overlay_name(enum session_overlay overlay)
{
    MUST((unsigned)overlay < SESSION_OVERLAY_COUNT);
    const char *name = overlay_names[overlay];
    MUST(name != NULL);
    return name;
}

const char *session_action_name(enum session_action action)
{
    MUST((unsigned)action < SESSION_ACTION_COUNT);
    const char *name = action_names[action];
    MUST(name != NULL);
    return name;
}

const char *session_printer_name(enum session_printer printer)
{
    MUST((unsigned)printer < SESSION_PRINTER_COUNT);
    return printer_names[printer];
}

const char *session_reader_name(enum session_reader reader)
{
    MUST((unsigned)reader < SESSION_READER_COUNT);
    return reader_names[reader];
}

const char *session_card_trouble_name(enum session_card_trouble trouble)
{
    MUST((unsigned)trouble < SESSION_CARD_TROUBLE_COUNT);
    return card_trouble_names[trouble];
}

const char *session_order_state_name(enum session_order_state state)
{
    MUST((unsigned)state < SESSION_ORDER_STATE_COUNT);
    const char *name = order_state_names[state];
    MUST(name != NULL);
    return name;
}

bool session_order_state_parse(const char *name, enum session_order_state *ret_state)
{
    MUST(name != NULL);
    MUST(ret_state != NULL);
    for (unsigned i = 0; i < SESSION_ORDER_STATE_COUNT; i++) {
        if (str_equal(name, order_state_names[i])) {
            *ret_state = (enum session_order_state)i;
            return true;
        }
    }
    return false;
}
