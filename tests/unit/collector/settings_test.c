/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/settings.h"
#include "common/config/config.h"
#include "tests/unit/test.h"

static struct settings settings;
static char message[CONFIG_MESSAGE_SIZE];

#define HEAD "id = \"col-1\";\nstate = \"/var/lib/c\";\n"
#define MQTT "mqtt = { host = \"h\"; ca = \"a\"; cert = \"c\"; key = \"k\"; };\n"
#define BUSES "buses = ( { name = \"b1\"; device = \"/dev/ttyS0\"; } );\n"

static void check_refused(const char *text, const char *place, const char *why)
{
    CHECK(!settings_parse(text, "c.cfg", &settings, message, sizeof(message)));
    if (strstr(message, place) == NULL || strstr(message, why) == NULL) {
        TEST_FAIL("\"%s\" lacks \"%s\" or \"%s\"", message, place, why);
    }
}

TEST(smallest_file_has_defaults)
{
    CHECK(settings_parse(HEAD MQTT BUSES, "c.cfg", &settings, message, sizeof(message)));
    CHECK_EQ_STR(settings.id, "col-1");
    CHECK_EQ_I64(settings.mqtt.port, 8883);
    CHECK_EQ_I64(settings.mqtt.keep_alive_s, 30);
    CHECK_EQ_U64(settings.bus_count, 1);
    CHECK_EQ_I64(settings.buses[0].baud, 2400);
    CHECK_EQ_I64(settings.buses[0].reply_timeout_ms, 1000);
}

TEST(errors_name_file_line_and_field)
{
    check_refused(MQTT BUSES, "c.cfg", "id");
    check_refused("id = \"a/b\";\nstate = \"s\";\n" MQTT BUSES, "c.cfg:1", "id");
    check_refused(
        HEAD "mqtt = { host = \"h\"; port = 0; ca = \"a\"; cert = \"c\"; key = \"k\"; };\n" BUSES,
        "c.cfg:3", "mqtt.port");
    check_refused(HEAD MQTT, "c.cfg", "buses");
    check_refused(HEAD MQTT "buses = ( { name = \"b1\"; device = \"d\"; baud = 1000; } );\n",
                  "c.cfg:4", "baud");
    check_refused(HEAD MQTT "buses = ( { name = \"b1\"; device = \"d\"; },\n"
                            "{ name = \"b1\"; device = \"e\"; } );\n",
                  "c.cfg:5", "name");
    check_refused(HEAD MQTT "buses = ( { name = \"b1\"; device = \"d\"; },\n"
                            "{ name = \"b2\"; device = \"d\"; } );\n",
                  "c.cfg:5", "device");
    check_refused(HEAD MQTT BUSES "bauds = 3;\n", "c.cfg:5", "bauds");
    check_refused(HEAD MQTT BUSES "oops", "c.cfg:5", "");
}

TEST(too_many_buses_are_refused)
{
    static char text[8192];
    size_t used = (size_t)snprintf(text, sizeof(text), "%s", HEAD MQTT "buses = ( ");
    for (int i = 0; i <= SETTINGS_BUSES_MAX; i++) {
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used,
                             "%s{ name = \"b%d\"; device = \"d%d\"; }", i > 0 ? ", " : "", i, i);
    }
    (void)snprintf(text + used, sizeof(text) - used, " );\n");
    check_refused(text, "c.cfg", "buses");
}

TEST_MAIN()
