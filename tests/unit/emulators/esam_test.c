/* SPDX-License-Identifier: Apache-2.0 */
/* The test key service on its socket: the published fingerprint, codes, refusals, faults. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/emulators/rig.h"
#include "tests/unit/test.h"

#define CONFIG "meters = ( { address = \"000000000001\"; } );"
#define RECHARGE                                                                                   \
    "{\"op\":\"recharge\",\"meter\":\"000000000002\",\"customer\":\"000000123456\","               \
    "\"amount_fen\":10000,\"count\":4}"

static struct rig rig;

/* One line to the service's control socket. */
static bool control(const char *line)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[64] = "";
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/esam-control", rig.dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
              write(fd, line, strlen(line)) == (ssize_t)strlen(line) &&
              read(fd, answer, sizeof(answer) - 1) > 0 && strncmp(answer, "ok", 2) == 0;
    (void)close(fd);
    return ok;
}

TEST(the_fingerprint_is_the_published_one)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_esam_start(&rig));
    CHECK_EQ_STR(
        rig_ask_esam(&rig, "{\"op\":\"fingerprint\"}"),
        "{\"fingerprint\":\"c4dda89bf71f499d1a25999c7679420a24ba2702c7af3eac3174a92485ced982"
        "\",\"name\":\"SIMULATOR\"}");
    rig_finish(&rig);
}

TEST(codes_depend_on_everything_they_cover)
{
    uint8_t mac1[4];
    uint8_t mac2[4];
    uint8_t other[4];
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_esam_start(&rig));
    (void)rig_ask_esam(&rig, RECHARGE);
    CHECK(rig_hex(&rig, "mac1", mac1, 4) && rig_hex(&rig, "mac2", mac2, 4));
    (void)rig_ask_esam(&rig, RECHARGE);
    CHECK(rig_hex(&rig, "mac1", other, 4));
    CHECK_EQ_MEM(mac1, other, 4); /* not bound to a session */
    (void)rig_ask_esam(&rig, "{\"op\":\"recharge\",\"meter\":\"000000000002\",\"customer\":"
                             "\"000000123456\",\"amount_fen\":10001,\"count\":4}");
    CHECK(rig_hex(&rig, "mac1", other, 4) && memcmp(mac1, other, 4) != 0);
    (void)rig_ask_esam(&rig, "{\"op\":\"recharge\",\"meter\":\"000000000002\",\"customer\":"
                             "\"000000123457\",\"amount_fen\":10000,\"count\":4}");
    CHECK(rig_hex(&rig, "mac2", other, 4) && memcmp(mac2, other, 4) != 0);
    (void)rig_ask_esam(&rig, "{\"op\":\"recharge\",\"meter\":\"000000000003\",\"customer\":"
                             "\"000000123456\",\"amount_fen\":10000,\"count\":4}");
    CHECK(rig_hex(&rig, "mac1", other, 4) && memcmp(mac1, other, 4) != 0);
    (void)rig_ask_esam(&rig, "{\"op\":\"open\",\"meter\":\"000000000002\",\"customer\":"
                             "\"000000123456\",\"amount_fen\":10000,\"count\":4}");
    CHECK(rig_hex(&rig, "mac1", other, 4) && memcmp(mac1, other, 4) != 0);
    rig_finish(&rig);
}

TEST(every_identity_has_a_new_random)
{
    uint8_t first[8];
    uint8_t second[8];
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_esam_start(&rig));
    (void)rig_ask_esam(&rig, "{\"op\":\"identity\",\"meter\":\"000000000002\",\"esam\":\"\"}");
    CHECK(rig_hex(&rig, "random1", first, 8));
    (void)rig_ask_esam(&rig, "{\"op\":\"identity\",\"meter\":\"000000000002\",\"esam\":\"\"}");
    CHECK(rig_hex(&rig, "random1", second, 8) && memcmp(first, second, 8) != 0);
    rig_finish(&rig);
}

TEST(bad_requests_are_refused_by_name)
{
    static const struct {
        const char *request;
        const char *says;
    } ROWS[] = {
        {"nonsense", "bad_json"},
        {"[]", "bad_json"},
        {"{}", "\"field\":\"op\""},
        {"{\"op\":\"sign\"}", "unknown_op"},
        {"{\"op\":\"identity\"}", "\"field\":\"meter\""},
        {"{\"op\":\"identity\",\"meter\":\"00000000000A\"}", "\"field\":\"meter\""},
        {"{\"op\":\"recharge\",\"meter\":\"000000000002\"}", "\"field\":\"customer\""},
        {"{\"op\":\"recharge\",\"meter\":\"000000000002\",\"customer\":\"000000000002\","
         "\"amount_fen\":-1,\"count\":1}",
         "\"field\":\"amount_fen\""},
        {"{\"op\":\"recharge\",\"meter\":\"000000000002\",\"customer\":\"000000000002\","
         "\"amount_fen\":1,\"count\":4294967296}",
         "\"field\":\"count\""},
        {"{\"op\":\"recharge\",\"meter\":\"000000000002\",\"customer\":\"000000000002\","
         "\"amount_fen\":1.0,\"count\":1}",
         "\"field\":\"amount_fen\""},
    };
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_esam_start(&rig));
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        (void)rig_ask_esam(&rig, "%s", ROWS[i].request);
        CHECK(rig_said(&rig, "\"error\""));
        CHECK(rig_said(&rig, ROWS[i].says));
    }
    rig_finish(&rig);
}

TEST(the_service_can_be_slow_refuse_and_be_down)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_esam_start(&rig));
    CHECK(control("slow 200\n"));
    int64_t begin_us = rig_now_us();
    (void)rig_ask_esam(&rig, RECHARGE);
    CHECK(rig_said(&rig, "mac1"));
    CHECK(rig_now_us() - begin_us >= 200000);
    CHECK(control("up\n"));
    CHECK(control("refuse 1\n"));
    (void)rig_ask_esam(&rig, RECHARGE);
    CHECK(rig_said(&rig, "key_refused"));
    (void)rig_ask_esam(&rig, RECHARGE);
    CHECK(rig_said(&rig, "mac1"));
    CHECK(control("down 1\n"));
    CHECK_EQ_STR(rig_ask_esam(&rig, RECHARGE), ""); /* hung up on */
    rig_finish(&rig);
}

TEST_MAIN()
