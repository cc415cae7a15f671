/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/convert.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

/* For texts that people read: a cut end is better than no text. */
#define SHOW(array, text) str_format_cut((array), sizeof(array), "%s", (text))

/* Ids fit by construction: the session's arrays are the larger ones. */
static void id_copy(char *ret_id, size_t size, const char *id)
{
    bool fits = str_copy(ret_id, size, id);
    MUST(fits);
}

void convert_reason(char *ret_text, size_t text_size, const char *reason)
{
    static const char code_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    bool is_code = reason[strspn(reason, code_letters)] == '\0';
    str_format_cut(ret_text, text_size, "%s", is_code ? "" : reason);
}

static enum session_wallet wallet_of(enum api_channel channel)
{
    return channel == API_CHANNEL_ALIPAY ? SESSION_WALLET_ALIPAY : SESSION_WALLET_WECHAT;
}

enum api_channel convert_channel(enum session_wallet wallet)
{
    return wallet == SESSION_WALLET_ALIPAY ? API_CHANNEL_ALIPAY : API_CHANNEL_WECHAT;
}

static enum session_relay relay_of(enum api_relay relay)
{
    switch (relay) {
    case API_RELAY_CLOSED:
        return SESSION_RELAY_CLOSED;
    case API_RELAY_OPEN:
        return SESSION_RELAY_OPEN;
    case API_RELAY_CLOSING:
        return SESSION_RELAY_CLOSING;
    case API_RELAY_UNKNOWN:
    case API_RELAY_COUNT:
        break;
    }
    return SESSION_RELAY_UNKNOWN;
}

static enum session_utility utility_of(enum api_service service)
{
    return service == API_SERVICE_WATER ? SESSION_WATER : SESSION_ELECTRICITY;
}

void convert_profile(const struct api_profile *api, struct session_profile *ret_profile)
{
    struct session_profile profile = {
        .known = true,
        .amount_min = money_fen(api->amount_min_fen),
        .amount_max = money_fen(api->amount_max_fen),
        .receipt_auto = api->receipt_auto,
        .payments_open = api->payments_open,
    };
    SHOW(profile.terminal_name, api->name);
    SHOW(profile.company, api->company);
    str_format_cut(profile.site, sizeof(profile.site), "%s %s", api->site_name, api->name);
    SHOW(profile.phone, api->service_phone);
    SHOW(profile.notice, api->notice);
    convert_reason(profile.payments_reason, sizeof(profile.payments_reason), api->payments_reason);
    for (size_t i = 0; i < api->amount_count && i < SESSION_AMOUNTS_MAX; i++) {
        profile.amounts[i] = money_fen(api->amounts_fen[i]);
        profile.amount_count = i + 1;
    }
    for (size_t i = 0; i < api->wallet_count; i++) {
        profile.wallets[wallet_of(api->wallets[i])] = true;
    }
    *ret_profile = profile;
}

static bool same_group(const struct session_group *group, const struct api_room *room)
{
    char building[SESSION_LABEL_SIZE];
    char unit[SESSION_LABEL_SIZE];
    SHOW(building, room->building);
    SHOW(unit, room->unit);
    return str_equal(group->building, building) && str_equal(group->unit, unit);
}

void convert_rooms(const struct api_rooms *api, struct session_rooms *ret_rooms)
{
    *ret_rooms = (struct session_rooms){.total = (uint32_t)api->total};
    for (size_t i = 0; i < api->room_count && i < SESSION_ROOMS_MAX; i++) {
        const struct api_room *from = &api->rooms[i];
        size_t groups = ret_rooms->group_count;
        if (groups == 0 || !same_group(&ret_rooms->groups[groups - 1], from)) {
            if (groups == SESSION_GROUPS_MAX) {
                return; /* total says that there are more: the page asks for digits */
            }
            struct session_group *group = &ret_rooms->groups[groups];
            SHOW(group->building, from->building);
            SHOW(group->unit, from->unit);
            group->first = i;
            ret_rooms->group_count += 1;
        }
        struct session_room *room = &ret_rooms->rooms[i];
        id_copy(room->id, sizeof(room->id), from->room_id);
        SHOW(room->label, from->label);
        SHOW(room->meter_tail, from->meter_tail);
        room->utility = utility_of(from->kind);
        ret_rooms->groups[ret_rooms->group_count - 1].count += 1;
        ret_rooms->room_count = i + 1;
    }
}

/* The wire's names of protocols, as they are printed on meters. */
static const char *protocol_name(const char *word)
{
    static const struct {
        const char *word;
        const char *name;
    } names[] = {{"645-2007", "DL/T 645-2007"},
                 {"645-1997", "DL/T 645-1997"},
                 {"698.45", "DL/T 698.45"},
                 {"188", "CJ/T 188"}};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_equal(names[i].word, word)) {
            return names[i].name;
        }
    }
    return word;
}

/* The newest SESSION_DAYS_MAX days, oldest first. */
static void usage_copy(const struct api_usage *usage, struct session_meter *meter)
{
    SHOW(meter->usage_unit, usage->unit);
    SHOW(meter->usage_today, usage->today);
    SHOW(meter->usage_month, usage->month);
    SHOW(meter->usage_total, usage->total);
    SHOW(meter->usage_average, usage->average);
    size_t skip = usage->day_count > SESSION_DAYS_MAX ? usage->day_count - SESSION_DAYS_MAX : 0;
    for (size_t i = skip; i < usage->day_count; i++) {
        struct session_day *day = &meter->days[meter->day_count];
        SHOW(day->day, usage->days[i].day);
        SHOW(day->amount, usage->days[i].amount);
        meter->day_count += 1;
    }
}

static void stored_copy(const struct api_room_page *api, struct session_reading *ret_stored)
{
    *ret_stored = (struct session_reading){.relay = relay_of(api->relay)};
    if (!api->has_last) {
        return;
    }
    ret_stored->state = SESSION_READING_STORED;
    ret_stored->balance_known = true;
    ret_stored->balance = money_fen(api->last_balance_fen);
    ret_stored->read_at = api->last_read_at;
    ret_stored->age_ms = api->last_age_s * 1000;
    SHOW(ret_stored->energy, api->last_energy);
    SHOW(ret_stored->energy_unit, api->last_energy_unit);
}

void convert_room_page(const struct api_room_page *api, struct session_meter *ret_meter,
                       struct session_reading *ret_stored)
{
    struct session_meter meter = {
        .utility = utility_of(api->kind),
        .balance_in_meter = api->balance_in == API_BALANCE_IN_METER,
        .sale_open = api->sale_open,
        .price_e4_yuan = api->price_e4_yuan,
        .alarm = money_fen(api->alarm_fen),
        .arrears = money_fen(api->arrears_fen),
        .days_left_known = api->has_days_left,
        .days_left = (uint32_t)api->days_left,
        .open_elsewhere = api->has_open_order && api->open_order_elsewhere,
    };
    id_copy(meter.room_id, sizeof(meter.room_id), api->room_id);
    id_copy(meter.meter_id, sizeof(meter.meter_id), api->meter_id);
    SHOW(meter.place, api->place);
    SHOW(meter.customer, api->customer_masked);
    SHOW(meter.address, api->meter_address);
    SHOW(meter.tail, api->meter_tail);
    SHOW(meter.protocol, protocol_name(api->meter_protocol));
    convert_reason(meter.sale_reason, sizeof(meter.sale_reason), api->sale_reason);
    meter.sale_blocked = !api->sale_open && str_equal(api->sale_reason, API_ERROR_METER_BLOCKED);
    usage_copy(&api->usage, &meter);
    if (api->has_last_top_up) {
        meter.last_top_up = money_fen(api->last_top_up_fen);
        meter.last_top_up_at = api->last_top_up_at;
    }
    *ret_meter = meter;
    stored_copy(api, ret_stored);
}

static enum session_reading_reason reason_of(const char *word)
{
    if (str_equal(word, API_READ_METER_SILENT)) {
        return SESSION_REASON_METER_SILENT;
    }
    if (str_equal(word, API_READ_COLLECTOR_OFFLINE)) {
        return SESSION_REASON_COLLECTOR_OFFLINE;
    }
    return word[0] != '\0' ? SESSION_REASON_BUSY : SESSION_REASON_NONE;
}

void convert_reading(const struct api_read_answer *api, struct session_reading *ret_reading)
{
    struct session_reading reading = {
        .state = api->is_live ? SESSION_READING_LIVE : SESSION_READING_STORED,
        .reason = reason_of(api->reason),
        .balance_known = api->has_values,
        .balance = money_fen(api->balance_fen),
        .relay = relay_of(api->relay),
        .read_at = api->read_at,
        .age_ms = api->age_s * 1000,
        .took_ms = api->took_ms,
    };
    SHOW(reading.energy, api->energy);
    SHOW(reading.energy_unit, api->energy_unit);
    SHOW(reading.voltage, api->voltage);
    SHOW(reading.current, api->current);
    SHOW(reading.power, api->power);
    *ret_reading = reading;
}

static enum session_order_state state_of(enum api_order_state state)
{
    static const enum session_order_state states[API_ORDER_STATE_COUNT] = {
        [API_ORDER_NEW] = SESSION_ORDER_NEW,
        [API_ORDER_WAIT_PAY] = SESSION_ORDER_WAIT_PAY,
        [API_ORDER_CLOSING] = SESSION_ORDER_CLOSING,
        [API_ORDER_CLOSED] = SESSION_ORDER_CLOSED,
        [API_ORDER_PAID] = SESSION_ORDER_PAID,
        [API_ORDER_CREDITING] = SESSION_ORDER_CREDITING,
        [API_ORDER_DONE] = SESSION_ORDER_DONE,
        [API_ORDER_REFUND_DUE] = SESSION_ORDER_REFUND_DUE,
        [API_ORDER_REFUNDING] = SESSION_ORDER_REFUNDING,
        [API_ORDER_REFUNDED] = SESSION_ORDER_REFUNDED,
        [API_ORDER_REVIEW] = SESSION_ORDER_REVIEW,
    };
    MUST(state < API_ORDER_STATE_COUNT);
    return states[state];
}

static enum session_stage stage_of(enum api_stage stage)
{
    static const enum session_stage stages[API_STAGE_COUNT] = {
        [API_STAGE_NONE] = SESSION_STAGE_NONE,
        [API_STAGE_NOTHING_SENT] = SESSION_STAGE_NOTHING_SENT,
        [API_STAGE_SENT] = SESSION_STAGE_SENT,
        [API_STAGE_DELIVERED] = SESSION_STAGE_DELIVERED,
        [API_STAGE_VOID] = SESSION_STAGE_VOID,
    };
    MUST(stage < API_STAGE_COUNT);
    return stages[stage];
}

static void order_texts(const struct api_order_view *api, struct session_order *order)
{
    id_copy(order->order_no, sizeof(order->order_no), api->order_no);
    id_copy(order->client_request_id, sizeof(order->client_request_id), api->client_request_id);
    SHOW(order->place, api->place);
    SHOW(order->meter_tail, api->meter_tail);
    SHOW(order->meter_address, api->meter_address);
    SHOW(order->refund_no, api->refund_no);
    SHOW(order->review_reason, api->review_reason);
    SHOW(order->trade_no, api->channel_trade_no);
    SHOW(order->phone, api->service_phone);
}

static void card_copy(const struct api_order_view *api, struct session_order *order)
{
    order->by_card = api->has_card;
    order->card_waits = api->has_card && api->card_waiting;
    SHOW(order->card_tail, api->card_uid_tail);
    SHOW(order->claim_code, api->card_claim_code);
}

bool convert_order(const struct api_order_view *api, int64_t now_ms,
                   struct session_order *ret_order)
{
    struct session_order order = {
        .version = (uint64_t)api->version,
        .state = state_of(api->state),
        .stage = stage_of(api->stage),
        .wallet = wallet_of(api->channel),
        .amount = money_fen(api->amount_fen),
        .paid = money_fen(api->paid_fen),
        .qr_until_ms = now_ms + api->qr_left_ms - CONVERT_QR_EARLY_MS,
        .qr_total_ms = api->qr_left_ms - CONVERT_QR_EARLY_MS,
        .more_time_left = (uint8_t)api->more_time_left,
        .scanned = api->scanned,
        .slow = api->slow,
        .balance_before_known = api->has_balance_before,
        .balance_before = money_fen(api->balance_before_fen),
        .balance_after_known = api->has_balance_after,
        .balance_after = money_fen(api->balance_after_fen),
        .arrears = money_fen(api->arrears_fen),
        .relay = relay_of(api->relay),
        .refunded = money_fen(api->refunded_fen),
        .created_at = api->created_at,
        .paid_at = api->has_paid_at ? api->paid_at : 0,
        .seen_ms = now_ms,
    };
    order_texts(api, &order);
    card_copy(api, &order);
    bool fits = str_copy(order.qr_text, sizeof(order.qr_text), api->qr_text);
    *ret_order = order;
    return fits;
}

enum session_refusal convert_refusal(const struct api_error *error)
{
    static const struct {
        const char *code;
        enum session_refusal refusal;
    } table[] = {
        {API_ERROR_METER_SILENT, SESSION_REFUSAL_METER_SILENT},
        {API_ERROR_SILENT_REFUSED, SESSION_REFUSAL_SILENT_REFUSED},
        {API_ERROR_OPEN_ELSEWHERE, SESSION_REFUSAL_OPEN_ELSEWHERE},
        {API_ERROR_METER_BLOCKED, SESSION_REFUSAL_METER_BLOCKED},
        {API_ERROR_SALE_REFUSED, SESSION_REFUSAL_SALE_REFUSED},
        {API_ERROR_AMOUNT_RANGE, SESSION_REFUSAL_AMOUNT},
        {API_ERROR_PAYMENTS_CLOSED, SESSION_REFUSAL_PAYMENTS_CLOSED},
        {API_ERROR_DISK_FULL, SESSION_REFUSAL_DISK_FULL},
        {API_ERROR_NO_MORE_TIME, SESSION_REFUSAL_NO_MORE_TIME},
        {API_ERROR_PURCHASE_PAID, SESSION_REFUSAL_PURCHASE_PAID},
        {API_ERROR_NOT_FOUND, SESSION_REFUSAL_NOT_FOUND},
        {API_ERROR_CARD_REFUSED, SESSION_REFUSAL_CARD},
        {API_ERROR_WRONG_CARD, SESSION_REFUSAL_CARD},
        {API_ERROR_RETURN_CASE, SESSION_REFUSAL_CARD},
        {API_ERROR_CARD_STALE, SESSION_REFUSAL_CARD_SESSION_OVER},
        {API_ERROR_CARD_SESSION, SESSION_REFUSAL_CARD_SESSION_OVER},
    };
    enum session_refusal refusal = SESSION_REFUSAL_OTHER;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (str_equal(table[i].code, error->code)) {
            refusal = table[i].refusal;
        }
    }
    /* Two codes are wider than what their message tells. */
    if (refusal == SESSION_REFUSAL_PAYMENTS_CLOSED &&
        str_equal(error->message, API_REASON_PROVIDER_DOWN)) {
        return SESSION_REFUSAL_CHANNEL;
    }
    if (refusal == SESSION_REFUSAL_SALE_REFUSED &&
        str_equal(error->message, API_ERROR_METER_BLOCKED)) {
        return SESSION_REFUSAL_METER_BLOCKED;
    }
    return refusal;
}
