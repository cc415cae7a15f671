/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: both directions walk the same table of plain numbers, so a field cannot be stored and
 * forgotten when loading. Byte fields are hex texts.
 */
#include "emulators/meterbus/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/str.h"

enum { STATE_VERSION = 1, STATE_PATH_MAX = 512, HEX_SIZE_MAX = 2 * PARAM_SIZE_MAX + 1 };

/* One number of the meter: exactly one of the pointers is set. */
struct number {
    const char *name;
    int64_t *i64;
    uint64_t *u64;
    uint32_t *u32;
    bool *flag;
    bool may_miss; /* files of earlier versions do not have it */
};

struct field {
    const char *name;
    uint8_t *bytes;
    size_t size;
};

enum { NUMBER_COUNT = 48, FIELD_COUNT = 4 };

static void numbers_list(struct meter *m, struct number ret_numbers[NUMBER_COUNT])
{
    const struct number numbers[NUMBER_COUNT] = {
        {.name = "sim_ms", .i64 = &m->sim_ms},
        {.name = "offset_ms", .i64 = &m->offset_ms},
        {.name = "energy1_mj", .u64 = &m->energy_mj[0]},
        {.name = "energy2_mj", .u64 = &m->energy_mj[1]},
        {.name = "energy3_mj", .u64 = &m->energy_mj[2]},
        {.name = "energy4_mj", .u64 = &m->energy_mj[3]},
        {.name = "demand_w", .u64 = &m->demand_w},
        {.name = "demand_at_ms", .i64 = &m->demand_at_ms},
        {.name = "balance_micros", .i64 = &m->balance_micros},
        {.name = "total_fen", .u64 = &m->total_fen},
        {.name = "count", .u32 = &m->count},
        {.name = "opened", .flag = &m->opened},
        {.name = "suspended", .flag = &m->suspended},
        {.name = "price1_e4", .u32 = &m->price_e4[0]},
        {.name = "price2_e4", .u32 = &m->price_e4[1]},
        {.name = "price3_e4", .u32 = &m->price_e4[2]},
        {.name = "price4_e4", .u32 = &m->price_e4[3]},
        {.name = "alarm1_fen", .u32 = &m->alarm_fen[0]},
        {.name = "alarm2_fen", .u32 = &m->alarm_fen[1]},
        {.name = "overdraft_fen", .u32 = &m->overdraft_fen},
        {.name = "hoarding_fen", .u32 = &m->hoarding_fen},
        {.name = "close_fen", .u32 = &m->close_fen},
        {.name = "freeze_set", .flag = &m->freeze_set},
        {.name = "broadcast_day", .i64 = &m->broadcast_day},
        {.name = "programming_count", .u32 = &m->programming_count},
        {.name = "clock_set_count", .u32 = &m->clock_set_count},
        {.name = "cleared_count", .u32 = &m->cleared_count},
        {.name = "baud", .u32 = &m->baud},
        {.name = "load_w", .u64 = &m->cfg.load_w},
        {.name = "speed", .u32 = &m->cfg.speed},
        {.name = "td_ms", .u32 = &m->cfg.td_ms},
        {.name = "dead", .flag = &m->dead},
        {.name = "relay_open", .flag = &m->relay.open},
        {.name = "relay_ordered_open", .flag = &m->relay.ordered_open},
        {.name = "relay_by_arrears", .flag = &m->relay.by_arrears},
        {.name = "relay_close_allowed", .flag = &m->relay.close_allowed},
        {.name = "relay_keep_power", .flag = &m->relay.keep_power},
        {.name = "relay_alarm_ordered", .flag = &m->relay.alarm_ordered},
        {.name = "relay_stuck", .flag = &m->relay.stuck},
        {.name = "relay_move_at_ms", .i64 = &m->relay.move_at_ms},
        {.name = "relay_move_to_open", .flag = &m->relay.move_to_open},
        {.name = "relay_return_at_ms", .i64 = &m->relay.return_at_ms},
        {.name = "relay_trip_count", .u32 = &m->relay.trip_count},
        {.name = "relay_close_count", .u32 = &m->relay.close_count},
        {.name = "button_auto", .flag = &m->cfg.button_auto},
        {.name = "repeat_order_accepted", .flag = &m->cfg.repeat_order_accepted},
        {.name = "zero_credit_accepted", .flag = &m->cfg.zero_credit_accepted},
        {.name = "purchase_records", .flag = &m->cfg.purchase_records, .may_miss = true},
    };
    memcpy(ret_numbers, numbers, sizeof(numbers));
}

static void fields_list(struct meter *m, struct field ret_fields[FIELD_COUNT])
{
    ret_fields[0] = (struct field){"address", m->address, sizeof(m->address)};
    ret_fields[1] = (struct field){"password", m->password, sizeof(m->password)};
    ret_fields[2] = (struct field){"customer", m->customer, sizeof(m->customer)};
    ret_fields[3] = (struct field){"freeze_at", m->freeze_at, sizeof(m->freeze_at)};
}

static int64_t number_get(const struct number *number)
{
    if (number->i64 != NULL) {
        return *number->i64;
    }
    if (number->u64 != NULL) {
        return (int64_t)*number->u64;
    }
    return number->u32 != NULL ? (int64_t)*number->u32 : (int64_t)*number->flag;
}

static bool number_set(const struct number *number, int64_t value)
{
    bool ok = value >= 0;
    if (number->i64 != NULL) {
        *number->i64 = value;
        ok = true;
    } else if (number->u64 != NULL) {
        *number->u64 = (uint64_t)value;
    } else if (number->u32 != NULL) {
        ok = ok && value <= UINT32_MAX;
        *number->u32 = (uint32_t)value;
    } else {
        ok = ok && value <= 1;
        *number->flag = value != 0;
    }
    return ok;
}

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char text[HEX_SIZE_MAX];
    return hex_format(bytes, size, 0, text, sizeof(text)) ? json_string(text) : NULL;
}

static bool hex_take(const json_t *json, uint8_t *ret_bytes, size_t size)
{
    const char *text = json_string_value(json);
    size_t got = 0;
    return text != NULL && hex_parse(text, strlen(text), ret_bytes, size, &got, NULL) &&
           got == size;
}

static json_t *purchases_json(const struct meter *meter)
{
    json_t *list = json_array();
    for (size_t i = 0; i < meter->purchase_count; i++) {
        const struct purchase *p = &meter->purchases[i];
        json_t *row = json_pack("[I,I,I,o,I,I,I,i]", (json_int_t)p->at_ms,
                                (json_int_t)p->amount_fen, (json_int_t)p->count,
                                hex_json(p->order, sizeof(p->order)), (json_int_t)p->before_fen,
                                (json_int_t)p->after_fen, (json_int_t)p->total_fen, (int)p->kind);
        if (row == NULL || json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static bool purchases_take(struct meter *meter, json_t *list)
{
    size_t index = 0;
    json_t *row = NULL;
    json_array_foreach(list, index, row)
    {
        json_int_t n[6] = {0};
        json_t *order = NULL;
        int kind = 0;
        struct purchase p = {0};
        if (json_unpack(row, "[I,I,I,o,I,I,I,i]", &n[0], &n[1], &n[2], &order, &n[3], &n[4], &n[5],
                        &kind) != 0 ||
            !hex_take(order, p.order, sizeof(p.order)) || kind < 0 ||
            kind >= (int)MONEY_KIND_COUNT) {
            return false;
        }
        p.at_ms = n[0];
        p.amount_fen = (uint32_t)n[1];
        p.count = (uint32_t)n[2];
        p.before_fen = n[3];
        p.after_fen = n[4];
        p.total_fen = (uint64_t)n[5];
        p.kind = (enum money_kind)kind;
        if (!meter_purchase_add(meter, &p)) {
            return false;
        }
    }
    return json_is_array(list);
}

/* A ring as a list of [at, energy 1..4, power], newest first, without the empty end. */
static json_t *snapshots_json(const struct meter *meter, size_t kind)
{
    json_t *list = json_array();
    for (size_t i = 0; i < SNAPSHOT_DEPTH && meter->snapshots[kind][i].at_ms != 0; i++) {
        const struct snapshot *s = &meter->snapshots[kind][i];
        json_t *row = json_pack("[I,I,I,I,I,I]", (json_int_t)s->at_ms, (json_int_t)s->energy_mj[0],
                                (json_int_t)s->energy_mj[1], (json_int_t)s->energy_mj[2],
                                (json_int_t)s->energy_mj[3], (json_int_t)s->power_w);
        (void)json_array_append_new(list, row);
    }
    return list;
}

static bool snapshots_take(struct meter *meter, size_t kind, json_t *list)
{
    size_t index = 0;
    json_t *row = NULL;
    memset(meter->snapshots[kind], 0, sizeof(meter->snapshots[kind]));
    json_array_foreach(list, index, row)
    {
        json_int_t n[6] = {0};
        if (index >= SNAPSHOT_DEPTH ||
            json_unpack(row, "[I,I,I,I,I,I]", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 0) {
            return false;
        }
        struct snapshot *s = &meter->snapshots[kind][index];
        s->at_ms = n[0];
        for (size_t i = 0; i < TARIFF_COUNT; i++) {
            s->energy_mj[i] = (uint64_t)n[1 + i];
        }
        s->power_w = (uint64_t)n[5];
    }
    return json_is_array(list);
}

static json_t *meter_json(struct meter *meter, int64_t wall_ms)
{
    struct number numbers[NUMBER_COUNT];
    struct field fields[FIELD_COUNT];
    json_t *root = json_object();
    json_t *params = json_object();
    json_t *snapshots = json_array();
    numbers_list(meter, numbers);
    fields_list(meter, fields);
    int bad = json_object_set_new(root, "version", json_integer(STATE_VERSION));
    bad |= json_object_set_new(root, "wall_ms", json_integer(wall_ms));
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        bad |= json_object_set_new(root, numbers[i].name, json_integer(number_get(&numbers[i])));
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bad |= json_object_set_new(root, fields[i].name, hex_json(fields[i].bytes, fields[i].size));
    }
    for (size_t i = 0; i < PARAM_COUNT; i++) {
        char di[16];
        const struct param_row *row = param_row_get(i);
        str_format_cut(di, sizeof(di), "%08X", row->di);
        bad |= json_object_set_new(params, di, hex_json(meter->params[i], row->size));
    }
    for (size_t i = 0; i < SNAPSHOT_KIND_COUNT; i++) {
        bad |= json_array_append_new(snapshots, snapshots_json(meter, i));
    }
    bad |= json_object_set_new(root, "params", params);
    bad |= json_object_set_new(root, "snapshots", snapshots);
    bad |= json_object_set_new(root, "purchases", purchases_json(meter));
    if (bad != 0) {
        json_decref(root);
        return NULL;
    }
    return root;
}

static bool meter_take(struct meter *meter, json_t *root)
{
    struct number numbers[NUMBER_COUNT];
    struct field fields[FIELD_COUNT];
    numbers_list(meter, numbers);
    fields_list(meter, fields);
    bool ok = json_integer_value(json_object_get(root, "version")) == STATE_VERSION;
    for (size_t i = 0; i < NUMBER_COUNT && ok; i++) {
        json_t *value = json_object_get(root, numbers[i].name);
        ok = value == NULL
                 ? numbers[i].may_miss
                 : json_is_integer(value) && number_set(&numbers[i], json_integer_value(value));
    }
    for (size_t i = 0; i < FIELD_COUNT && ok; i++) {
        ok = hex_take(json_object_get(root, fields[i].name), fields[i].bytes, fields[i].size);
    }
    for (size_t i = 0; i < PARAM_COUNT && ok; i++) {
        char di[16];
        const struct param_row *row = param_row_get(i);
        str_format_cut(di, sizeof(di), "%08X", row->di);
        ok = hex_take(json_object_get(json_object_get(root, "params"), di), meter->params[i],
                      row->size);
    }
    for (size_t i = 0; i < SNAPSHOT_KIND_COUNT && ok; i++) {
        ok = snapshots_take(meter, i, json_array_get(json_object_get(root, "snapshots"), i));
    }
    return ok && purchases_take(meter, json_object_get(root, "purchases"));
}

static bool path_make(const struct meter *meter, const char *dir, const char *end, char *ret_path)
{
    errno = ENAMETOOLONG;
    return str_format(ret_path, STATE_PATH_MAX, "%s/%s.json%s", dir, meter->cfg.name, end);
}

enum state_load state_load(struct meter *meter, const char *dir, int64_t *ret_wall_ms)
{
    char path[STATE_PATH_MAX];
    json_error_t error = {0};
    if (!path_make(meter, dir, "", path)) {
        return STATE_BROKEN;
    }
    if (access(path, F_OK) != 0) {
        return STATE_ABSENT;
    }
    json_t *root = json_load_file(path, 0, &error);
    bool ok = root != NULL && meter_take(meter, root);
    if (ok) {
        *ret_wall_ms = json_integer_value(json_object_get(root, "wall_ms"));
    }
    json_decref(root);
    return ok ? STATE_LOADED : STATE_BROKEN;
}

static bool write_synced(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return false;
    }
    size_t done = 0;
    while (done < size) {
        ssize_t got = write(fd, text + done, size - done);
        if (got < 0 && errno != EINTR) {
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    bool ok = done == size && fdatasync(fd) == 0;
    return close(fd) == 0 && ok;
}

static bool folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok;
}

bool state_save(struct meter *meter, const char *dir, int64_t wall_ms)
{
    char path[STATE_PATH_MAX];
    char fresh[STATE_PATH_MAX];
    if (!path_make(meter, dir, "", path) || !path_make(meter, dir, ".new", fresh)) {
        return false;
    }
    json_t *root = meter_json(meter, wall_ms);
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    bool ok = text != NULL && write_synced(fresh, text, strlen(text)) && rename(fresh, path) == 0 &&
              folder_sync(dir);
    free(text);
    return ok;
}
