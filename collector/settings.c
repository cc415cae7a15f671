/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/settings.h"

#include <string.h>

#include "common/config/config.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/serial/serial.h"
#include "protocol/bus/topic.h"

enum {
    FIELD_SIZE = 64,
    REPLY_TIMEOUT_MS_DEFAULT = 1000,
    BAUD_DEFAULT = 2400, /* DL/T 645-2007 on RS-485 */
};

static void read_mqtt(struct config *cfg, struct settings *s)
{
    config_text(cfg, "mqtt.host", NULL, s->mqtt.host, sizeof(s->mqtt.host));
    config_text(cfg, "mqtt.ca", NULL, s->mqtt.ca, sizeof(s->mqtt.ca));
    config_text(cfg, "mqtt.cert", NULL, s->mqtt.cert, sizeof(s->mqtt.cert));
    config_text(cfg, "mqtt.key", NULL, s->mqtt.key, sizeof(s->mqtt.key));
    int64_t port =
        config_int(cfg, "mqtt.port",
                   (struct config_int){.min = 1, .max = 65535, .optional = true, .fallback = 8883});
    int64_t keep_alive =
        config_int(cfg, "mqtt.keep_alive_s",
                   (struct config_int){.min = 5, .max = 3600, .optional = true, .fallback = 30});
    int64_t reconnect =
        config_int(cfg, "mqtt.reconnect_s_max",
                   (struct config_int){.min = 1, .max = 3600, .optional = true, .fallback = 60});
    int64_t will_delay =
        config_int(cfg, "mqtt.will_delay_s",
                   (struct config_int){.min = 0, .max = 3600, .optional = true, .fallback = 15});
    s->mqtt.port = (uint16_t)port;
    s->mqtt.keep_alive_s = (uint16_t)keep_alive;
    s->mqtt.reconnect_s_max = (uint32_t)reconnect;
    s->mqtt.will_delay_s = (uint32_t)will_delay;
}

static const char *field(char text[FIELD_SIZE], size_t bus, const char *name)
{
    MUST(str_format(text, FIELD_SIZE, "buses.[%zu].%s", bus, name));
    return text;
}

static void read_bus(struct config *cfg, struct settings *s, size_t at)
{
    char path[FIELD_SIZE];
    struct settings_bus *bus = &s->buses[at];
    config_text(cfg, field(path, at, "name"), NULL, bus->name, sizeof(bus->name));
    config_text(cfg, field(path, at, "device"), NULL, bus->device, sizeof(bus->device));
    int64_t baud = config_int(
        cfg, field(path, at, "baud"),
        (struct config_int){.min = 300, .max = 115200, .optional = true, .fallback = BAUD_DEFAULT});
    int64_t timeout = config_int(
        cfg, field(path, at, "reply_timeout_ms"),
        (struct config_int){
            .min = 50, .max = 10000, .optional = true, .fallback = REPLY_TIMEOUT_MS_DEFAULT});
    bus->baud = (uint32_t)baud;
    bus->reply_timeout_ms = (uint32_t)timeout;
    if (!serial_baud_is_valid(bus->baud)) {
        config_fail(cfg, field(path, at, "baud"), "%u is no baud rate of a serial line",
                    (unsigned)bus->baud);
    }
    for (size_t other = 0; other < at; other++) {
        if (str_equal(s->buses[other].name, bus->name)) {
            config_fail(cfg, field(path, at, "name"), "there are two buses named \"%s\"",
                        bus->name);
        }
        if (str_equal(s->buses[other].device, bus->device)) {
            config_fail(cfg, field(path, at, "device"), "bus \"%s\" has this device already",
                        s->buses[other].name);
        }
    }
}

static bool read_all(struct config *cfg, struct settings *ret_settings, char *ret_message,
                     size_t message_size)
{
    struct settings *s = ret_settings;
    memset(s, 0, sizeof(*s));
    config_text(cfg, "id", NULL, s->id, sizeof(s->id));
    if (s->id[0] != '\0' && !bus_collector_is_valid(s->id)) {
        config_fail(cfg, "id", "only letters, digits, '.', '_' and '-' can stand in a topic");
    }
    config_text(cfg, "state", NULL, s->state_dir, sizeof(s->state_dir));
    read_mqtt(cfg, s);
    s->bus_count = config_count(cfg, "buses", SETTINGS_BUSES_MAX);
    if (s->bus_count == 0) {
        config_fail(cfg, "buses", "there is no bus");
    }
    for (size_t i = 0; i < s->bus_count; i++) {
        read_bus(cfg, s, i);
    }
    return config_finish(cfg, ret_message, message_size);
}

bool settings_load(const char *path, struct settings *ret_settings, char *ret_message,
                   size_t message_size)
{
    struct config *cfg = config_open(path, ret_message, message_size);
    return cfg != NULL && read_all(cfg, ret_settings, ret_message, message_size);
}

bool settings_parse(const char *text, const char *name, struct settings *ret_settings,
                    char *ret_message, size_t message_size)
{
    struct config *cfg = config_open_text(text, name, ret_message, message_size);
    return cfg != NULL && read_all(cfg, ret_settings, ret_message, message_size);
}
