/* SPDX-License-Identifier: Apache-2.0 */
/* Names, places and kinds of the session's plain members. */
#include "kiosk/shot/fields.h"

#include <stddef.h>
#include <string.h>

#include "common/compiler.h"
#include "common/money.h"
#include "common/str.h"
#include "core/session/names.h"

enum kind { TEXT, FLAG, BYTE, U32, SIZE, I64, MONEY, MOMENT, CHOICE, SCREEN, OVERLAY, STATE };

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size;
    const char *choices; /* CHOICE: "first second ..." in the order of the enum */
};

#define S(member, kind_)                                                                           \
    {                                                                                              \
#member, kind_, offsetof(struct session, member), sizeof(((struct session *)0)->member),   \
            NULL                                                                                   \
    }
#define C(member, choices_)                                                                        \
    {                                                                                              \
#member, CHOICE, offsetof(struct session, member), sizeof(((struct session *)0)->member),  \
            choices_                                                                               \
    }

#define RELAYS "unknown closed open closing"
#define WALLETS "none alipay wechat"

static const struct field session_fields[] = {
    S(screen, SCREEN),
    S(overlay, OVERLAY),
    S(screen_since_ms, MOMENT),
    S(screen_until_ms, MOMENT),
    S(screen_total_ms, I64),
    S(overlay_until_ms, MOMENT),
    S(overlay_total_ms, I64),
    C(problem, "none network channel meter_unknown meter_silent meter_blocked sale_refused amount "
               "payments_closed server order_not_found card"),
    S(problem_text, TEXT),
    S(online, FLAG),
    C(printer, "none ready near_end paper_out cover_open error offline"),
    C(reader, "none ready error"),
    S(profile.known, FLAG),
    S(profile.terminal_name, TEXT),
    S(profile.company, TEXT),
    S(profile.site, TEXT),
    S(profile.phone, TEXT),
    S(profile.notice, TEXT),
    S(profile.amount_min, MONEY),
    S(profile.amount_max, MONEY),
    {"profile.alipay", FLAG, offsetof(struct session, profile.wallets[SESSION_WALLET_ALIPAY]),
     sizeof(bool), NULL},
    {"profile.wechat", FLAG, offsetof(struct session, profile.wallets[SESSION_WALLET_WECHAT]),
     sizeof(bool), NULL},
    S(profile.payments_open, FLAG),
    S(profile.payments_reason, TEXT),
    C(comfort.language, "zh en"),
    S(comfort.large, FLAG),
    S(comfort.contrast, FLAG),
    S(comfort.volume, BYTE),
    C(find.step, "loading grid buildings units rooms keypad"),
    S(find.group_idx, SIZE),
    S(find.page_idx, SIZE),
    S(find.rooms.total, U32),
    S(find.entry, TEXT),
    S(find.searched, TEXT),
    S(find.waiting, FLAG),
    S(find.failed, FLAG),
    S(room_waiting, FLAG),
    S(meter.place, TEXT),
    S(meter.customer, TEXT),
    S(meter.address, TEXT),
    S(meter.tail, TEXT),
    S(meter.protocol, TEXT),
    C(meter.utility, "electricity water"),
    S(meter.balance_in_meter, FLAG),
    S(meter.sale_open, FLAG),
    S(meter.sale_blocked, FLAG),
    S(meter.sale_reason, TEXT),
    S(meter.price_e4_yuan, I64),
    S(meter.alarm, MONEY),
    S(meter.arrears, MONEY),
    S(meter.days_left_known, FLAG),
    S(meter.days_left, U32),
    S(meter.usage_unit, TEXT),
    S(meter.usage_today, TEXT),
    S(meter.usage_month, TEXT),
    S(meter.usage_total, TEXT),
    S(meter.usage_average, TEXT),
    S(meter.last_top_up, MONEY),
    S(meter.last_top_up_at, I64),
    S(meter.open_elsewhere, FLAG),
    C(reading.state, "none waiting live stored"),
    C(reading.reason, "none meter_silent collector_offline busy network"),
    S(reading.balance_known, FLAG),
    S(reading.balance, MONEY),
    S(reading.energy, TEXT),
    S(reading.energy_unit, TEXT),
    S(reading.voltage, TEXT),
    S(reading.current, TEXT),
    S(reading.power, TEXT),
    C(reading.relay, RELAYS),
    S(reading.age_ms, I64),
    S(reading.arrived_ms, MOMENT),
    S(reading.asked_ms, MOMENT),
    S(reading.took_ms, I64),
    S(amount, MONEY),
    S(amount_entry, TEXT),
    C(wallet, WALLETS),
    S(no_paper_accepted, FLAG),
    S(order_waiting, FLAG),
    S(order_stale, FLAG),
    S(order_asked, FLAG),
    S(order_reopened, FLAG),
    C(receipt, "none offered printing printed failed unknown no_printer held no_more"),
    S(receipt_copy, BYTE),
    S(receipt_url, TEXT),
    S(found.loaded, FLAG),
    S(found.waiting, FLAG),
    S(found.limited, FLAG),
    C(card.stage, "none waiting reading known retry asking writing confirming left"),
    C(card.pad, "empty card two"),
    C(card.trouble,
      "fine two phone not_ours left_early other reader blocked lost replaced other_site "
      "blank damaged forged return_case not_loaded full refused network session_over "
      "not_paid expired disk"),
    S(card.trouble_text, TEXT),
    S(card.owed, FLAG),
    S(card.repair, FLAG),
    S(card.takes_back, FLAG),
    S(card.written, FLAG),
    S(card.unsure, FLAG),
    S(card.give_up_ms, MOMENT),
    S(card.give_up_total_ms, I64),
    S(card.view.session_id, TEXT),
    S(card.view.uid, TEXT),
    S(card.view.place, TEXT),
    S(card.view.customer, TEXT),
    S(card.view.meter_tail, TEXT),
    S(card.view.balance_known, FLAG),
    S(card.view.balance, MONEY),
    S(card.view.balance_at, I64),
    C(card.view.loaded, "never yes no"),
    S(card.view.headroom_known, FLAG),
    S(card.view.headroom, MONEY),
    S(card.view.last_top_up, MONEY),
    S(card.view.last_top_up_at, I64),
    S(touched_ms, MOMENT),
};

#undef S
#undef C
#define S(member, kind_)                                                                           \
    {                                                                                              \
#member, kind_, offsetof(struct session_order, member),                                    \
            sizeof(((struct session_order *)0)->member), NULL                                      \
    }
#define C(member, choices_)                                                                        \
    {                                                                                              \
#member, CHOICE, offsetof(struct session_order, member),                                   \
            sizeof(((struct session_order *)0)->member), choices_                                  \
    }

static const struct field order_fields[] = {
    S(order_no, TEXT),
    S(state, STATE),
    C(stage, "none nothing_sent sent delivered void"),
    C(wallet, WALLETS),
    S(amount, MONEY),
    S(paid, MONEY),
    S(place, TEXT),
    S(meter_tail, TEXT),
    S(meter_address, TEXT),
    S(qr_text, TEXT),
    S(qr_until_ms, MOMENT),
    S(qr_total_ms, I64),
    S(more_time_left, BYTE),
    S(scanned, FLAG),
    S(slow, FLAG),
    S(balance_before_known, FLAG),
    S(balance_before, MONEY),
    S(balance_after_known, FLAG),
    S(balance_after, MONEY),
    S(arrears, MONEY),
    C(relay, RELAYS),
    S(refund_no, TEXT),
    S(refunded, MONEY),
    S(review_reason, TEXT),
    S(created_at, I64),
    S(paid_at, I64),
    S(trade_no, TEXT),
    S(phone, TEXT),
    S(by_card, FLAG),
    S(card_waits, FLAG),
    S(card_tail, TEXT),
    S(claim_code, TEXT),
    S(seen_ms, MOMENT),
};

/* The place of @p word in "first second ..."; -1 if it is not there. */
static int choice_find(const char *choices, const char *word)
{
    size_t size = strlen(word);
    int idx = 0;
    for (const char *at = choices; at != NULL; idx++) {
        size_t len = strcspn(at, " ");
        if (len == size && memcmp(at, word, len) == 0) {
            return idx;
        }
        at = at[len] == '\0' ? NULL : at + len + 1;
    }
    return -1;
}

static int screen_find(const char *word)
{
    for (int i = 0; i < SESSION_SCREEN_COUNT; i++) {
        if (str_equal(session_screen_name((enum session_screen)i), word)) {
            return i;
        }
    }
    return -1;
}

static int overlay_find(const char *word)
{
    for (int i = 0; i < SESSION_OVERLAY_COUNT; i++) {
        if (str_equal(session_overlay_name((enum session_overlay)i), word)) {
            return i;
        }
    }
    return -1;
}

static int enum_find(const struct field *field, const char *word)
{
    enum session_order_state state = SESSION_ORDER_NEW;
    if (word == NULL) {
        return -1;
    }
    switch (field->kind) {
    case SCREEN:
        return screen_find(word);
    case OVERLAY:
        return overlay_find(word);
    case STATE:
        return session_order_state_parse(word, &state) ? (int)state : -1;
    case CHOICE:
        return choice_find(field->choices, word);
    case TEXT:
    case FLAG:
    case BYTE:
    case U32:
    case SIZE:
    case I64:
    case MONEY:
    case MOMENT:
        break;
    }
    return -1;
}

static bool number_set(const struct field *field, unsigned char *to, int64_t number, int64_t now_ms)
{
    int64_t moment = now_ms + number;
    struct money money = money_fen(number);
    uint8_t byte = (uint8_t)number;
    uint32_t word = (uint32_t)number;
    size_t size = (size_t)number;
    const void *from = &number;
    from = field->kind == MOMENT ? &moment : from;
    from = field->kind == MONEY ? (const void *)&money : from;
    from = field->kind == BYTE ? (const void *)&byte : from;
    from = field->kind == U32 ? (const void *)&word : from;
    from = field->kind == SIZE ? (const void *)&size : from;
    memcpy(to, from, field->size);
    return true;
}

static bool field_set(const struct field *field, void *base, json_t *value, int64_t now_ms)
{
    unsigned char *to = (unsigned char *)base + field->offset;
    const char *text = json_string_value(value);
    if (field->kind == TEXT) {
        return text != NULL && str_copy((char *)to, field->size, text);
    }
    if (field->kind == FLAG) {
        bool flag = json_is_true(value);
        memcpy(to, &flag, sizeof flag);
        return json_is_boolean(value);
    }
    if (json_is_integer(value)) {
        return number_set(field, to, json_integer_value(value), now_ms);
    }
    int idx = enum_find(field, text);
    if (idx < 0) {
        return false;
    }
    memcpy(to, &idx, field->size);
    return true;
}

static bool fields_set(const struct field *fields, size_t count, void *base, const char *name,
                       json_t *value, int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(fields[i].name, name)) {
            return field_set(&fields[i], base, value, now_ms);
        }
    }
    return false;
}

bool fields_load_order(struct session_order *order, json_t *object, int64_t now_ms)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        if (!fields_set(order_fields, ARRAY_COUNT(order_fields), order, name, value, now_ms)) {
            return false;
        }
    }
    return true;
}

bool fields_load_session(struct session *session, const char *name, json_t *value, int64_t now_ms)
{
    if (str_equal(name, "order")) {
        return fields_load_order(&session->order, value, now_ms);
    }
    return fields_set(session_fields, ARRAY_COUNT(session_fields), session, name, value, now_ms);
}
