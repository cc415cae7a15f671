/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/api/room.h"

#include "common/str.h"
#include "protocol/api/codec.h"

enum {
    TOTAL_MAX = 1000000000,
    PRICE_E4_MAX = 100000000,
    DAYS_LEFT_MAX = 100000,
};

static bool same_group(const struct api_room *a, const struct api_room *b)
{
    return str_equal(a->building, b->building) && str_equal(a->unit, b->unit);
}

/* @own */
static json_t *room_json(const struct api_room *room)
{
    json_t *json = api_object();
    json_put_text(json, "room_id", room->room_id);
    json_put_text(json, "label", room->label);
    json_put_text(json, "meter_tail", room->meter_tail);
    json_put_text(json, "kind", api_service_name(room->kind));
    return json;
}

enum err api_rooms_encode(const struct api_rooms *rooms, char *ret_text, size_t text_size,
                          size_t *ret_size)
{
    json_t *groups = json_array();
    json_t *list = NULL; /* the open group's rooms, borrowed */
    bool whole = groups != NULL;
    for (size_t i = 0; whole && i < rooms->room_count; i++) {
        const struct api_room *room = &rooms->rooms[i];
        if (i == 0 || !same_group(room, &rooms->rooms[i - 1])) {
            list = json_array();
            json_t *group = api_object();
            json_put_text(group, "building", room->building);
            json_put_text(group, "unit", room->unit);
            json_put(group, "rooms", list);
            whole = json_array_append_new(groups, group) == 0;
        }
        whole = whole && json_array_append_new(list, room_json(room)) == 0;
    }
    if (!whole) {
        json_decref(groups);
        return ERR_MEMORY;
    }
    json_t *json = api_object();
    json_put_int(json, "total", rooms->total);
    json_put(json, "groups", groups);
    return api_print(json, ret_text, text_size, ret_size);
}

static void read_room(struct json_reader *r, struct api_room *room)
{
    char kind[API_WORD_SIZE];
    api_read_id(r, "room_id", room->room_id);
    json_text(r, "label", room->label, sizeof(room->label));
    json_text(r, "meter_tail", room->meter_tail, sizeof(room->meter_tail));
    json_text(r, "kind", kind, sizeof(kind));
    if (!api_service_parse(kind, &room->kind)) {
        json_refuse(r, "kind");
    }
}

static enum err read_group(const json_t *group, size_t rooms_max, struct api_rooms *rooms,
                           struct api_fault *ret_fault)
{
    struct api_room head = {0};
    struct json_reader r = json_reader(group);
    json_text_or_empty(&r, "building", head.building, sizeof(head.building));
    json_text_or_empty(&r, "unit", head.unit, sizeof(head.unit));
    const json_t *list = json_array_at(&r, "rooms");
    enum err err = api_verdict(&r, "groups[].", ret_fault);
    for (size_t i = 0; err == OK && i < json_array_size(list); i++) {
        if (rooms->room_count == rooms_max) {
            return ERR_FULL;
        }
        struct api_room *room = &rooms->rooms[rooms->room_count];
        *room = head;
        struct json_reader item = json_reader(json_array_get(list, i));
        read_room(&item, room);
        err = api_verdict(&item, "groups[].rooms[].", ret_fault);
        rooms->room_count += 1;
    }
    return err;
}

enum err api_rooms_decode(const char *text, size_t size, size_t rooms_max, struct api_rooms *rooms,
                          struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    rooms->room_count = 0;
    rooms->total = json_int(&r, "total", 0, TOTAL_MAX);
    const json_t *groups = json_array_at(&r, "groups");
    enum err err = api_verdict(&r, "", ret_fault);
    for (size_t i = 0; err == OK && i < json_array_size(groups); i++) {
        err = read_group(json_array_get(groups, i), rooms_max, rooms, ret_fault);
    }
    json_decref(json);
    return err;
}

/* @own */
static json_t *meter_json(const struct api_room_page *page)
{
    json_t *json = api_object();
    json_put_text(json, "meter_id", page->meter_id);
    json_put_text(json, "address", page->meter_address);
    json_put_text(json, "tail", page->meter_tail);
    json_put_text(json, "protocol", page->meter_protocol);
    json_put_text(json, "kind", api_service_name(page->kind));
    json_put_text(json, "balance_in", api_balance_in_name(page->balance_in));
    json_put_text(json, "sale", page->sale_open ? "open" : "refused");
    api_put_text_or_null(json, "sale_reason", page->sale_reason);
    return json;
}

static void put_last(json_t *json, const struct api_room_page *page)
{
    if (!page->has_last) {
        json_put_null(json, "last");
        return;
    }
    json_t *last = api_object();
    json_put_int(last, "balance_fen", page->last_balance_fen);
    api_put_text_or_null(last, "energy", page->last_energy);
    api_put_text_or_null(last, "energy_unit", page->last_energy_unit);
    json_put_int(last, "read_at", page->last_read_at);
    json_put_int(last, "age_s", page->last_age_s);
    json_put(json, "last", last);
}

/* @own, NULL without memory */
static json_t *usage_json(const struct api_usage *usage)
{
    json_t *days = json_array();
    for (size_t i = 0; i < usage->day_count; i++) {
        json_t *day = api_object();
        json_put_text(day, "day", usage->days[i].day);
        json_put_text(day, "amount", usage->days[i].amount);
        if (json_array_append_new(days, day) != 0) {
            json_decref(days);
            return NULL;
        }
    }
    json_t *json = api_object();
    json_put_text(json, "unit", usage->unit);
    json_put(json, "days", days);
    api_put_text_or_null(json, "today", usage->today);
    api_put_text_or_null(json, "month", usage->month);
    api_put_text_or_null(json, "total", usage->total);
    api_put_text_or_null(json, "average", usage->average);
    return json;
}

static void put_history(json_t *json, const struct api_room_page *page)
{
    if (page->has_last_top_up) {
        json_t *last = api_object();
        json_put_int(last, "amount_fen", page->last_top_up_fen);
        json_put_int(last, "at", page->last_top_up_at);
        json_put(json, "last_top_up", last);
    } else {
        json_put_null(json, "last_top_up");
    }
    if (page->has_open_order) {
        json_t *open = api_object();
        json_put_flag(open, "elsewhere", page->open_order_elsewhere);
        json_put(json, "open_order", open);
    } else {
        json_put_null(json, "open_order");
    }
}

enum err api_room_page_encode(const struct api_room_page *page, char *ret_text, size_t text_size,
                              size_t *ret_size)
{
    json_t *usage = usage_json(&page->usage);
    if (usage == NULL) {
        return ERR_MEMORY;
    }
    json_t *json = api_object();
    json_put_text(json, "room_id", page->room_id);
    json_put_text(json, "place", page->place);
    api_put_text_or_null(json, "customer_masked", page->customer_masked);
    json_put(json, "meter", meter_json(page));
    put_last(json, page);
    json_put_int(json, "price_e4_yuan", page->price_e4_yuan);
    json_put_int(json, "alarm_fen", page->alarm_fen);
    json_put_int(json, "arrears_fen", page->arrears_fen);
    api_put_int_or_null(json, "days_left", page->has_days_left, page->days_left);
    json_put(json, "usage", usage);
    put_history(json, page);
    json_put_text(json, "relay", api_relay_name(page->relay));
    return api_print(json, ret_text, text_size, ret_size);
}

static enum err read_meter(const json_t *meter, struct api_room_page *page,
                           struct api_fault *ret_fault)
{
    char word[API_WORD_SIZE];
    struct json_reader r = json_reader(meter);
    api_read_id(&r, "meter_id", page->meter_id);
    json_text(&r, "address", page->meter_address, sizeof(page->meter_address));
    json_text(&r, "tail", page->meter_tail, sizeof(page->meter_tail));
    json_text(&r, "protocol", page->meter_protocol, sizeof(page->meter_protocol));
    json_text(&r, "kind", word, sizeof(word));
    if (!api_service_parse(word, &page->kind)) {
        json_refuse(&r, "kind");
    }
    json_text(&r, "balance_in", word, sizeof(word));
    if (!api_balance_in_parse(word, &page->balance_in)) {
        json_refuse(&r, "balance_in");
    }
    json_text(&r, "sale", word, sizeof(word));
    page->sale_open = str_equal(word, "open");
    if (!page->sale_open && !str_equal(word, "refused")) {
        json_refuse(&r, "sale");
    }
    json_text_or_empty(&r, "sale_reason", page->sale_reason, sizeof(page->sale_reason));
    return api_verdict(&r, "meter.", ret_fault);
}

static enum err read_last(struct json_reader *outer, struct api_room_page *page,
                          struct api_fault *ret_fault)
{
    page->has_last = json_has(outer, "last");
    if (!page->has_last) {
        return OK;
    }
    struct json_reader r = json_reader(json_object_at(outer, "last"));
    page->last_balance_fen = api_read_fen(&r, "balance_fen");
    api_read_decimal_or_empty(&r, "energy", page->last_energy);
    json_text_or_empty(&r, "energy_unit", page->last_energy_unit, sizeof(page->last_energy_unit));
    page->last_read_at = api_read_time(&r, "read_at");
    page->last_age_s = api_read_time(&r, "age_s");
    return api_verdict(&r, "last.", ret_fault);
}

static enum err read_usage(const json_t *usage, struct api_usage *ret_usage,
                           struct api_fault *ret_fault)
{
    struct json_reader r = json_reader(usage);
    json_text(&r, "unit", ret_usage->unit, sizeof(ret_usage->unit));
    api_read_decimal_or_empty(&r, "today", ret_usage->today);
    api_read_decimal_or_empty(&r, "month", ret_usage->month);
    api_read_decimal_or_empty(&r, "total", ret_usage->total);
    api_read_decimal_or_empty(&r, "average", ret_usage->average);
    const json_t *days = json_array_at(&r, "days");
    ret_usage->day_count = json_array_size(days);
    if (ret_usage->day_count > API_USAGE_DAYS_MAX) {
        json_refuse(&r, "days");
    }
    enum err err = api_verdict(&r, "usage.", ret_fault);
    for (size_t i = 0; err == OK && i < ret_usage->day_count; i++) {
        struct json_reader day = json_reader(json_array_get(days, i));
        json_text(&day, "day", ret_usage->days[i].day, API_DAY_SIZE);
        api_read_decimal(&day, "amount", ret_usage->days[i].amount);
        err = api_verdict(&day, "usage.days[].", ret_fault);
    }
    return err;
}

static enum err read_history(struct json_reader *outer, struct api_room_page *page,
                             struct api_fault *ret_fault)
{
    enum err err = OK;
    page->has_last_top_up = json_has(outer, "last_top_up");
    if (page->has_last_top_up) {
        struct json_reader r = json_reader(json_object_at(outer, "last_top_up"));
        page->last_top_up_fen = api_read_amount(&r, "amount_fen");
        page->last_top_up_at = api_read_time(&r, "at");
        err = api_verdict(&r, "last_top_up.", ret_fault);
    }
    page->has_open_order = json_has(outer, "open_order");
    if (err == OK && page->has_open_order) {
        struct json_reader r = json_reader(json_object_at(outer, "open_order"));
        page->open_order_elsewhere = json_flag(&r, "elsewhere");
        err = api_verdict(&r, "open_order.", ret_fault);
    }
    return err;
}

static void read_plain(struct json_reader *r, struct api_room_page *page)
{
    api_read_id(r, "room_id", page->room_id);
    json_text(r, "place", page->place, sizeof(page->place));
    json_text_or_empty(r, "customer_masked", page->customer_masked, sizeof(page->customer_masked));
    page->price_e4_yuan = json_int(r, "price_e4_yuan", 0, PRICE_E4_MAX);
    page->alarm_fen = api_read_amount(r, "alarm_fen");
    page->arrears_fen = api_read_amount(r, "arrears_fen");
    page->has_days_left = json_has(r, "days_left");
    page->days_left = json_int_or(r, "days_left", 0, DAYS_LEFT_MAX, /* fallback= */ 0);
    page->relay = api_read_relay(r, "relay", /* closing_too= */ false);
}

enum err api_room_page_decode(const char *text, size_t size, struct api_room_page *ret_page,
                              struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_room_page page = {0};
    struct json_reader r = json_reader(json);
    read_plain(&r, &page);
    const json_t *meter = json_object_at(&r, "meter");
    const json_t *usage = json_object_at(&r, "usage");
    enum err err = api_verdict(&r, "", ret_fault);
    if (err == OK) {
        err = read_meter(meter, &page, ret_fault);
    }
    if (err == OK) {
        err = read_usage(usage, &page.usage, ret_fault);
    }
    if (err == OK) {
        err = read_last(&r, &page, ret_fault);
    }
    if (err == OK) {
        err = read_history(&r, &page, ret_fault);
    }
    json_decref(json);
    if (err == OK) {
        *ret_page = page;
    }
    return err;
}
