/* SPDX-License-Identifier: Apache-2.0 */

/*
 * S2 and "find my order": how a person says which room, or which order, is meant. A small site is
 * one page of tiles; a larger one goes by building and unit; a very large one asks for digits.
 */
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

static size_t buildings_count(const struct session_rooms *rooms)
{
    size_t count = 0;
    for (size_t i = 0; i < rooms->group_count; i++) {
        bool first = i == 0 || !str_equal(rooms->groups[i].building, rooms->groups[i - 1].building);
        count += first ? 1 : 0;
    }
    return count;
}

static size_t units_count(const struct session_rooms *rooms, const char *building)
{
    size_t count = 0;
    for (size_t i = 0; i < rooms->group_count; i++) {
        count += str_equal(rooms->groups[i].building, building) ? 1 : 0;
    }
    return count;
}

/* The first question that makes sense for all rooms of a site. */
static enum session_find_step first_step(const struct session_rooms *rooms)
{
    if (rooms->total <= SESSION_FIND_GRID_MAX) {
        return SESSION_FIND_GRID;
    }
    if (rooms->total > rooms->room_count) {
        return SESSION_FIND_KEYPAD; /* more than one answer can carry: ask for digits */
    }
    if (buildings_count(rooms) > 1) {
        return SESSION_FIND_BUILDINGS;
    }
    return rooms->group_count > 1 ? SESSION_FIND_UNITS : SESSION_FIND_ROOMS;
}

static void fetch(struct session *session, struct session_effects *effects, const char *searched)
{
    session_text_copy(session->find.searched, sizeof(session->find.searched), searched);
    session->find.waiting = true;
    session->find.failed = false;
    (void)session_ask(session, effects, SESSION_EFFECT_FETCH_ROOMS, searched);
}

void session_find_begin(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    MUST(session->screen == SESSION_SCREEN_HOME || session->screen == SESSION_SCREEN_METER);
    session->find = (struct session_find){.step = SESSION_FIND_LOADING};
    session_goto(session, SESSION_SCREEN_FIND, now_ms, 0);
    fetch(session, effects, "");
    MUST(session->find.waiting);
}

void session_find_rooms(struct session *session, const struct session_event *event)
{
    if (event->serial != session->request_serial || session->screen != SESSION_SCREEN_FIND) {
        return;
    }
    MUST(event->rooms->room_count <= SESSION_ROOMS_MAX);
    MUST(event->rooms->group_count <= SESSION_GROUPS_MAX);
    session->find.rooms = *event->rooms;
    session->find.waiting = false;
    session->find.failed = false;
    if (session->find.step == SESSION_FIND_LOADING) {
        session->find.step = first_step(&session->find.rooms);
    }
}

static void choose_group(struct session *session, uint32_t group_idx)
{
    struct session_find *find = &session->find;
    if (group_idx >= find->rooms.group_count) {
        return;
    }
    find->group_idx = group_idx;
    find->page_idx = 0;
    bool building = find->step == SESSION_FIND_BUILDINGS;
    const char *name = find->rooms.groups[group_idx].building;
    bool more = building && units_count(&find->rooms, name) > 1;
    find->step = more ? SESSION_FIND_UNITS : SESSION_FIND_ROOMS;
}

static void step_back(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_find *find = &session->find;
    find->page_idx = 0;
    if (find->step == SESSION_FIND_KEYPAD && first_step(&find->rooms) != SESSION_FIND_KEYPAD) {
        find->entry[0] = '\0';
        find->step = SESSION_FIND_LOADING;
        fetch(session, effects, "");
        return;
    }
    bool several = buildings_count(&find->rooms) > 1;
    const char *name = find->group_idx < find->rooms.group_count
                           ? find->rooms.groups[find->group_idx].building
                           : "";
    if (find->step == SESSION_FIND_ROOMS && units_count(&find->rooms, name) > 1) {
        find->step = SESSION_FIND_UNITS;
    } else if ((find->step == SESSION_FIND_ROOMS || find->step == SESSION_FIND_UNITS) && several) {
        find->step = SESSION_FIND_BUILDINGS;
    } else {
        session_go_home(session, effects, now_ms);
    }
}

void session_entry_add(char *entry, size_t digits_max, const char *digits)
{
    size_t len = strlen(entry);
    MUST(digits_max < SESSION_ENTRY_SIZE);
    for (const char *p = digits; *p != '\0' && len < digits_max; p++) {
        entry[len] = *p;
        len += 1;
    }
    entry[len] = '\0';
    MUST(len <= digits_max);
}

void session_entry_erase(char *entry)
{
    size_t len = strlen(entry);
    if (len > 0) {
        entry[len - 1] = '\0';
    }
}

/* False for a touch that is none of the keypad's. */
static bool keypad_touch(struct session *session, const struct session_event *event,
                         size_t digits_max)
{
    char digit[2] = {(char)('0' + event->touch.value % 10U), '\0'};
    if (event->touch.action == SESSION_ACTION_DIGIT) {
        session_entry_add(session->find.entry, digits_max, digit);
    } else if (event->touch.action == SESSION_ACTION_ERASE) {
        session_entry_erase(session->find.entry);
    } else if (event->touch.action == SESSION_ACTION_CLEAR) {
        session->find.entry[0] = '\0';
    } else {
        return false;
    }
    return true;
}

/* Digits for a room or a meter: the server is asked from the third digit on. */
static void search(struct session *session, struct session_effects *effects)
{
    session->find.page_idx = 0; /* other digits, other matches */
    if (strlen(session->find.entry) >= SESSION_FIND_DIGITS_MIN) {
        fetch(session, effects, session->find.entry);
    } else {
        session->find.rooms.room_count = 0;
        session->find.rooms.group_count = 0;
        session->find.searched[0] = '\0';
        session->find.waiting = false;
        session->request_serial += 1; /* matches of more digits would be wrong now */
    }
}

bool session_find_touch(struct session *session, const struct session_event *event,
                        struct session_effects *effects)
{
    if (session->screen != SESSION_SCREEN_FIND) {
        return false;
    }
    struct session_find *find = &session->find;
    enum session_action action = event->touch.action;
    if (action == SESSION_ACTION_ROOM && event->touch.value < find->rooms.room_count) {
        session_meter_open(session, find->rooms.rooms[event->touch.value].id, effects,
                           event->now_ms);
    } else if (action == SESSION_ACTION_GROUP) {
        choose_group(session, event->touch.value);
    } else if (action == SESSION_ACTION_PAGE) {
        find->page_idx = event->touch.value;
    } else if (action == SESSION_ACTION_BACK) {
        step_back(session, effects, event->now_ms);
    } else if (action == SESSION_ACTION_KEYPAD) {
        find->step = SESSION_FIND_KEYPAD;
        find->entry[0] = '\0';
        search(session, effects);
    } else if (action == SESSION_ACTION_REFRESH || action == SESSION_ACTION_CONFIRM) {
        fetch(session, effects, find->searched);
    } else if (find->step == SESSION_FIND_KEYPAD &&
               keypad_touch(session, event, SESSION_ENTRY_SIZE - 1)) {
        search(session, effects);
    } else {
        return false;
    }
    return true;
}

void session_orders_begin(struct session *session, int64_t now_ms)
{
    session->found = (struct session_found_orders){0};
    session->find = (struct session_find){.step = SESSION_FIND_KEYPAD};
    session_goto(session, SESSION_SCREEN_ORDERS, now_ms, 0);
    MUST(session->screen == SESSION_SCREEN_ORDERS);
}

/* Six digits are one question; the server counts them, so none is asked twice by itself. */
static void orders_search(struct session *session, struct session_effects *effects)
{
    session->found = (struct session_found_orders){0};
    if (strlen(session->find.entry) == SESSION_ORDER_TAIL_COUNT) {
        session->found.waiting = true;
        (void)session_ask(session, effects, SESSION_EFFECT_FIND_ORDERS, session->find.entry);
    } else {
        session->request_serial += 1; /* an answer about other digits would be wrong now */
    }
}

static void order_open(struct session *session, const struct session_order *order,
                       struct session_effects *effects, int64_t now_ms)
{
    session->order = *order;
    session->order_reopened = true;
    session->news_ms = now_ms;
    session->receipt = SESSION_RECEIPT_OFFERED;
    struct session_effect *watch = session_effect_add(effects, SESSION_EFFECT_WATCH);
    session_text_copy(watch->text, sizeof(watch->text), session->order.order_no);
    watch->version = session->order.version;
    session_order_show(session, effects, now_ms);
}

bool session_orders_touch(struct session *session, const struct session_event *event,
                          struct session_effects *effects)
{
    if (session->screen != SESSION_SCREEN_ORDERS) {
        return false;
    }
    enum session_action action = event->touch.action;
    const size_t len = strlen(session->find.entry);
    if (action == SESSION_ACTION_ORDER && event->touch.value < session->found.count) {
        order_open(session, &session->found.orders[event->touch.value], effects, event->now_ms);
    } else if (action == SESSION_ACTION_BACK) {
        session_go_home(session, effects, event->now_ms);
    } else if (action == SESSION_ACTION_REFRESH || action == SESSION_ACTION_CONFIRM) {
        if (!session->found.waiting) {
            orders_search(session, effects);
        }
    } else if (keypad_touch(session, event, SESSION_ORDER_TAIL_COUNT)) {
        if (strlen(session->find.entry) != len) {
            orders_search(session, effects);
        }
    } else {
        return false;
    }
    return true;
}
