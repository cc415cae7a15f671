/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config/config.h"
#include "tests/unit/test.h"

static const char GOOD[] = "name = \"north\";\n"
                           "mqtt = { host = \"127.0.0.1\"; port = 8883; tls = true; };\n"
                           "buses = ( { device = \"/dev/ttyS1\"; baud = 2400; },\n"
                           "          { device = \"/dev/ttyS2\"; baud = 9600; } );\n"
                           "mode = \"demo\";\n";
static const char *const MODES[] = {"production", "demo", "test"};
static char message[CONFIG_MESSAGE_SIZE];

/* Reads what GOOD holds; true if the file was right. */
static bool read_all(const char *text, int64_t *ret_port)
{
    struct config *cfg = config_open_text(text, "c.conf", message, sizeof(message));
    if (cfg == NULL) {
        return false;
    }
    char word[32];
    config_text(cfg, "name", NULL, word, sizeof(word));
    config_text(cfg, "mqtt.host", NULL, word, sizeof(word));
    *ret_port = config_int(cfg, "mqtt.port", (struct config_int){.min = 1, .max = 65535});
    (void)config_bool(cfg, "mqtt.tls", false);
    size_t count = config_count(cfg, "buses", 4);
    for (size_t i = 0; i < count; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "buses.[%zu].device", i);
        config_text(cfg, path, NULL, word, sizeof(word));
        (void)snprintf(path, sizeof(path), "buses.[%zu].baud", i);
        (void)config_int(cfg, path, (struct config_int){.min = 300, .max = 115200});
    }
    (void)config_choice(cfg, "mode", MODES, 3, 0);
    return config_finish(cfg, message, sizeof(message));
}

TEST(a_right_file_is_read_without_a_word)
{
    int64_t port = 0;
    CHECK(read_all(GOOD, &port));
    CHECK_EQ_I64(port, 8883);
}

TEST(each_mistake_is_named_with_file_line_and_field)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"name = \"n\";\nmqtt = { host = 7; port = 1; };\n", "c.conf:2: mqtt.host: must be a text"},
        {"name = \"n\";\nmqtt = { host = \"h\";\n port = 70000; };\n",
         "c.conf:3: mqtt.port: is 70000, allowed is 1 to 65535"},
        {"name = \"n\";\nmqtt = { host = \"h\"; };\n", "c.conf: mqtt.port: is missing"},
        {"name = \"n\";\nmqtt = { host = \"h\"; port = \"1\"; };\n", "must be a whole number"},
        {"name = \"n\"\nmqtt = {", "c.conf:2: syntax error"},
        {"name = \"n\";\nmqtt = { host = \"h\"; port = 1; prot = 2; };\n",
         "c.conf:2: mqtt.prot: is not known here"},
        {"name = \"n\";\nmqtt = { host = \"h\"; port = 1; };\nmode = \"demp\";\n",
         "c.conf:3: mode: must be one of \"production\", \"demo\", \"test\""},
        {"name = \"n\";\nmqtt = { host = \"h\"; port = 1; };\nbuses = 3;\n", "must be a list"},
        {"name = \"\";\nmqtt = { host = \"h\"; port = 1; };\n", "name: must not be empty"},
        {"name = \"\xC0\xAF\";\nmqtt = { host = \"h\"; port = 1; };\n", "name: is not UTF-8"},
        {"name = \"n\";\nmqtt = { host = \"h\"; port = 1; tls = 1; };\n", "must be true or false"},
        {"@include \"/etc/passwd\"\n", "@include"},
        {"a=((((((((((((((((((1))))))))))))))))));", "nesting"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t port = 0;
        CHECK(!read_all(cases[i].text, &port));
        if (strstr(message, cases[i].want) == NULL) {
            TEST_FAIL("case %zu says \"%s\", not \"%s\"", i, message, cases[i].want);
        }
    }
}

TEST(a_missing_file_says_what_to_do)
{
    CHECK(config_open("/nonexistent/x.conf", message, sizeof(message)) == NULL);
    CHECK(strstr(message, "/nonexistent/x.conf: cannot be opened") != NULL);
}

TEST_MAIN()
