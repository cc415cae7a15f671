/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables say which member lies where in struct session and how it is written; whatever is not
 * in them is refused, so that a renamed member cannot silently fall out of the pictures.
 */
#include "kiosk/shot/state.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/civil.h"
#include "common/str.h"
#include "core/session/names.h"
#include "kiosk/shot/fields.h"

enum { SAMPLE_MONO_MS = 10000000 };

struct shot_states {
    json_t *root; /* @own */
    json_t *base;
    json_t *samples;
    const char **names;
    size_t count;
};

enum err shot_states_open(const char *path, struct shot_states **ret_states, char *ret_wrong,
                          size_t wrong_size)
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        str_format_cut(ret_wrong, wrong_size, "%s:%d: %s", path, error.line, error.text);
        return ERR_FORMAT;
    }
    struct shot_states *states = calloc(1, sizeof *states);
    json_t *samples = json_object_get(root, "samples");
    size_t count = json_object_size(samples);
    const char **names = calloc(count + 1, sizeof *names);
    if (states == NULL || names == NULL || count == 0) {
        str_format_cut(ret_wrong, wrong_size, "%s: no samples", path);
        json_decref(root);
        free(states);
        free(names);
        return ERR_FORMAT;
    }
    const char *name = NULL;
    json_t *sample = NULL;
    size_t i = 0;
    json_object_foreach(samples, name, sample)
    {
        names[i++] = name;
    }
    *states = (struct shot_states){.root = root,
                                   .base = json_object_get(root, "base"),
                                   .samples = samples,
                                   .names = names,
                                   .count = count};
    *ret_states = states;
    return OK;
}

void shot_states_close(struct shot_states *states)
{
    if (states != NULL) {
        json_decref(states->root);
        free(states->names);
        free(states);
    }
}

size_t shot_states_count(const struct shot_states *states)
{
    return states->count;
}

const char *shot_states_name(const struct shot_states *states, size_t idx)
{
    return idx < states->count ? states->names[idx] : NULL;
}

/* [["Building 3", "Unit 2", ["1501", ...]], ...] */
static bool rooms_load(struct session_rooms *rooms, json_t *groups)
{
    size_t g = 0;
    json_t *group = NULL;
    *rooms = (struct session_rooms){0};
    json_array_foreach(groups, g, group)
    {
        const char *building = json_string_value(json_array_get(group, 0));
        const char *unit = json_string_value(json_array_get(group, 1));
        json_t *labels = json_array_get(group, 2);
        if (building == NULL || unit == NULL || rooms->group_count == SESSION_GROUPS_MAX) {
            return false;
        }
        struct session_group *to = &rooms->groups[rooms->group_count++];
        to->first = rooms->room_count;
        to->count = json_array_size(labels);
        if (!str_copy(to->building, sizeof to->building, building) ||
            !str_copy(to->unit, sizeof to->unit, unit) ||
            to->first + to->count > SESSION_ROOMS_MAX) {
            return false;
        }
        for (size_t i = 0; i < to->count; i++) {
            struct session_room *room = &rooms->rooms[rooms->room_count++];
            const char *label = json_string_value(json_array_get(labels, i));
            if (label == NULL || !str_copy(room->label, sizeof room->label, label)) {
                return false;
            }
            str_format_cut(room->meter_tail, sizeof room->meter_tail, "%04u",
                           (unsigned)(5500 + rooms->room_count));
        }
    }
    rooms->total = (uint32_t)rooms->room_count;
    return true;
}

static bool days_load(struct session_meter *meter, json_t *amounts)
{
    size_t i = 0;
    json_t *amount = NULL;
    meter->day_count = 0;
    json_array_foreach(amounts, i, amount)
    {
        const char *text = json_string_value(amount);
        if (text == NULL || i >= SESSION_DAYS_MAX) {
            return false;
        }
        struct session_day *day = &meter->days[meter->day_count++];
        str_format_cut(day->day, sizeof day->day, "2026-11-%02u", (unsigned)(7 + i));
        if (!str_copy(day->amount, sizeof day->amount, text)) {
            return false;
        }
    }
    return true;
}

static bool amounts_load(struct session_profile *profile, json_t *amounts)
{
    profile->amount_count = json_array_size(amounts);
    if (profile->amount_count > SESSION_AMOUNTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < profile->amount_count; i++) {
        profile->amounts[i] = money_fen(json_integer_value(json_array_get(amounts, i)));
    }
    return true;
}

static bool orders_load(struct session_found_orders *found, json_t *orders, int64_t now_ms)
{
    size_t i = 0;
    json_t *order = NULL;
    found->count = 0;
    json_array_foreach(orders, i, order)
    {
        if (i >= SESSION_ORDERS_MAX) {
            return false;
        }
        if (!fields_load_order(&found->orders[found->count++], order, now_ms)) {
            return false;
        }
    }
    return true;
}

static bool member_load(struct session *session, const char *name, json_t *value, int64_t now_ms)
{
    if (str_equal(name, "find.rooms")) {
        return rooms_load(&session->find.rooms, value);
    }
    if (str_equal(name, "meter.days")) {
        return days_load(&session->meter, value);
    }
    if (str_equal(name, "profile.amounts")) {
        return amounts_load(&session->profile, value);
    }
    if (str_equal(name, "found.orders")) {
        return orders_load(&session->found, value, now_ms);
    }
    return fields_load_session(session, name, value, now_ms);
}

static bool layer_load(struct session *session, json_t *layer, int64_t now_ms, char *ret_wrong,
                       size_t wrong_size)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(layer, name, value)
    {
        if (!str_equal(name, "wall") && !member_load(session, name, value, now_ms)) {
            str_format_cut(ret_wrong, wrong_size, "member %s is unknown or wrong", name);
            return false;
        }
    }
    return true;
}

enum err shot_states_get(const struct shot_states *states, const char *name,
                         struct session *ret_session, struct ui_now *ret_now, char *ret_wrong,
                         size_t wrong_size)
{
    json_t *sample = json_object_get(states->samples, name);
    if (sample == NULL) {
        str_format_cut(ret_wrong, wrong_size, "no sample \"%s\"", name);
        return ERR_NOT_FOUND;
    }
    memset(ret_session, 0, sizeof *ret_session);
    const struct civil moment = {.year = 2026, .month = 11, .day = 20, .hour = 10, .minute = 32};
    ret_now->mono_ms = SAMPLE_MONO_MS;
    if (!civil_to_wall_s(&moment, &ret_now->wall_s)) {
        return ERR_INTERNAL;
    }
    if (!layer_load(ret_session, states->base, SAMPLE_MONO_MS, ret_wrong, wrong_size) ||
        !layer_load(ret_session, sample, SAMPLE_MONO_MS, ret_wrong, wrong_size)) {
        return ERR_FORMAT;
    }
    return OK;
}
