/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/bus/config.h"

#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/codec.h"

enum { BAUD_MIN = 300, BAUD_MAX = 115200 };

const char *bus_meter_kind_name(enum bus_meter_kind kind)
{
    switch (kind) {
    case BUS_METER_CLOUD:
        return "cloud";
    case BUS_METER_COUNT:
        return "count";
    case BUS_METER_ORDER:
        return "order";
    case BUS_METER_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static json_t *meter_new(const struct bus_meter *meter)
{
    json_t *json = json_object();
    MUST(json != NULL);
    json_put_text(json, "meter", meter->meter);
    json_put_text(json, "bus", meter->bus);
    json_put_text(json, "protocol", meter->protocol);
    json_put_int(json, "baud", meter->baud);
    json_put_text(json, "kind", bus_meter_kind_name(meter->kind));
    codec_put_hex(json, "password", meter->password, sizeof(meter->password));
    codec_put_hex(json, "operator", meter->operator_code, sizeof(meter->operator_code));
    json_put_int(json, "schedule_s", meter->schedule_s);
    codec_put_items(json, "items", meter->items, meter->item_count);
    return json;
}

enum err bus_config_encode(const struct bus_config *config, char *ret_text, size_t text_size,
                           size_t *ret_size)
{
    MUST(config->meter_count <= BUS_METERS_MAX);
    json_t *root = json_object();
    json_t *meters = json_array();
    MUST(root != NULL && meters != NULL);
    json_put_text(root, "version", config->version);
    for (size_t i = 0; i < config->meter_count; i++) {
        int failed = json_array_append_new(meters, meter_new(&config->meters[i]));
        MUST(failed == 0);
    }
    json_put(root, "meters", meters);
    return codec_print(root, ret_text, text_size, ret_size);
}

static enum bus_meter_kind kind_read(struct json_reader *r)
{
    char text[16];
    json_text(r, "kind", text, sizeof(text));
    for (int kind = 0; kind < BUS_METER_KIND_COUNT; kind++) {
        if (str_equal(text, bus_meter_kind_name((enum bus_meter_kind)kind))) {
            return (enum bus_meter_kind)kind;
        }
    }
    json_refuse(r, "kind");
    return BUS_METER_CLOUD;
}

static struct bus_meter meter_read(struct json_reader *r)
{
    struct bus_meter meter = {0};
    codec_meter(r, "meter", meter.meter);
    codec_name(r, "bus", meter.bus, sizeof(meter.bus));
    codec_name(r, "protocol", meter.protocol, sizeof(meter.protocol));
    meter.baud = (uint32_t)json_int_or(r, "baud", 0, BAUD_MAX, 0);
    if (meter.baud != 0 && meter.baud < BAUD_MIN) {
        json_refuse(r, "baud");
    }
    meter.kind = kind_read(r);
    if (json_has(r, "password")) {
        codec_hex(r, "password", meter.password, sizeof(meter.password));
    }
    if (json_has(r, "operator")) {
        codec_hex(r, "operator", meter.operator_code, sizeof(meter.operator_code));
    }
    meter.schedule_s = (uint32_t)json_int(r, "schedule_s", 0, BUS_SCHEDULE_S_MAX);
    if (meter.schedule_s != 0 && meter.schedule_s < BUS_SCHEDULE_S_MIN) {
        json_refuse(r, "schedule_s");
    }
    codec_items(r, "items", 0, meter.items, &meter.item_count);
    return meter;
}

static bool is_listed(const struct bus_config *config, size_t count, const char *meter)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(config->meters[i].meter, meter)) {
            return true;
        }
    }
    return false;
}

static enum err meters_read(const json_t *array, struct bus_config *config,
                            struct bus_fault *ret_fault)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct json_reader r = json_reader(json_array_get(array, i));
        config->meters[i] = meter_read(&r);
        if (json_failed(&r)) {
            str_format_cut(ret_fault->field, sizeof(ret_fault->field), "meters[%zu].%s", i,
                           json_field(&r));
            return ERR_FORMAT;
        }
        if (is_listed(config, i, config->meters[i].meter)) {
            str_format_cut(ret_fault->field, sizeof(ret_fault->field), "meters[%zu].meter", i);
            return ERR_EXISTS;
        }
    }
    return OK;
}

enum err bus_config_decode(const char *text, size_t size, size_t meters_max,
                           struct bus_config *config, struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_CONFIG_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    char version[BUS_NAME_SIZE];
    codec_name(&r, "version", version, sizeof(version));
    const json_t *array = json_array_at(&r, "meters");
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK && json_array_size(array) > meters_max) {
        str_format_cut(ret_fault->field, sizeof(ret_fault->field), "meters");
        err = ERR_FULL;
    }
    if (err == OK) {
        err = meters_read(array, config, ret_fault);
    }
    if (err == OK) {
        MUST(str_copy(config->version, sizeof(config->version), version));
        config->meter_count = json_array_size(array);
    }
    json_decref(root);
    return err;
}
