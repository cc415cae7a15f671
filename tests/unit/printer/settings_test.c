/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "common/config/config.h"
#include "printer/printd/settings.h"
#include "tests/unit/test.h"

static struct settings settings;
static char message[CONFIG_MESSAGE_SIZE];

static bool load(const char *text)
{
    char path[] = "/tmp/shilling-printd-cfg-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(fd) == 0);
    bool loaded = settings_load(path, &settings, message, sizeof(message));
    CHECK(unlink(path) == 0);
    return loaded;
}

static void expect_refused(const char *text, const char *field)
{
    CHECK(!load(text));
    if (strstr(message, field) == NULL) {
        TEST_FAIL("\"%s\" does not name %s", message, field);
    }
}

#define HEAD "socket = \"/tmp/s\"; state_dir = \"/tmp\"; "

TEST(the_example_is_good)
{
    CHECK(settings_load("printer/printd/example.cfg", &settings, message, sizeof(message)));
    CHECK(settings.link.is_tcp);
    CHECK_EQ_U64(settings.link.port, 9100);
    CHECK_EQ_U64(settings.paper.columns, 48);
    CHECK_EQ_U64(settings.uid_count, 1);
}

TEST(short_forms_have_sensible_values)
{
    CHECK(load(HEAD "printer = { transport = \"device\"; device = \"/dev/x\"; };"));
    CHECK(!settings.link.is_tcp && settings.link.baud == 115200);
    CHECK(settings.link.flow == LINK_FLOW_NONE);
    CHECK(settings.engine.proof == ENGINE_PROOF_MARK);
    CHECK_EQ_I64(settings.engine.job_timeout_ms, PRINTJOB_VERDICT_MS);
    CHECK(PRINTJOB_VERDICT_MS < PRINTJOB_ANSWER_MS); /* the kiosk still listens then */
    CHECK(load(HEAD "printer = { transport = \"tcp\"; address = \"::1\"; columns = 32;"
                    " charset = \"gbk\"; proof = \"fence\"; };"));
    CHECK(settings.paper.charset == ENCODE_GBK && settings.engine.proof == ENGINE_PROOF_FENCE);
}

TEST(errors_name_the_field)
{
    expect_refused("state_dir = \"/tmp\"; printer = { transport = \"tcp\"; address = \"::1\"; };",
                   "socket");
    expect_refused(HEAD, "printer.transport");
    expect_refused(HEAD "printer = { transport = \"usb\"; };", "printer.transport");
    expect_refused(HEAD "printer = { transport = \"tcp\"; };", "printer.address");
    expect_refused(HEAD "printer = { transport = \"tcp\"; address = \"printer\"; };", "in numbers");
    expect_refused(HEAD "printer = { transport = \"tcp\"; address = \"::1\"; port = 0; };",
                   "printer.port");
    expect_refused(HEAD "printer = { transport = \"tcp\"; address = \"::1\"; columns = 40; };",
                   "printer.columns");
    expect_refused(HEAD "printer = { transport = \"device\"; device = \"/dev/x\"; baud = 9601; };",
                   "printer.baud");
    expect_refused(HEAD "printer = { transport = \"tcp\"; address = \"::1\"; colums = 48; };",
                   "colums");
    expect_refused(HEAD
                   "allow_uids = [ -1 ]; printer = { transport = \"tcp\"; address = \"::1\"; };",
                   "allow_uids");
}

TEST_MAIN()
