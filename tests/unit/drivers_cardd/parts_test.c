/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <unistd.h>

#include "common/compiler.h"
#include "drivers/cardd/settings.h"
#include "drivers/cardd/wire.h"
#include "tests/unit/test.h"

TEST(names_of_readers)
{
    static const char *const good[] = {"pn532_uart:/dev/shilling-reader",
                                       "pn532_uart:/dev/ttyUSB0:115200",
                                       "pn532_uart:/dev/serial/by-id/usb-1a86-if00:9600",
                                       "pn53x_usb",
                                       "pn53x_usb:001:004",
                                       "acr122_usb",
                                       "acr122_usb:002:007"};
    static const char *const bad[] = {"",
                                      "pn532_uart",
                                      "pn532_uart:",
                                      "pn532_uart:ttyUSB0",
                                      "pn532_uart:/dev/ttyUSB0:921600",
                                      "pn532_uart:/dev/ttyUSB0:",
                                      "pn532_uart:/dev/a:b",
                                      "pn532_uart:/dev/by-path/pci-0000:00:14.0",
                                      "pn532_i2c:/dev/i2c-1",
                                      "acr122_usbx",
                                      "pcsc:reader"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        CHECK(settings_connstring_trouble(good[i]) == NULL);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(settings_connstring_trouble(bad[i]) != NULL);
    }
    CHECK(strstr(settings_connstring_trouble(bad[6]), "colon") != NULL);
    CHECK(strstr(settings_connstring_trouble(bad[7]), "colon") != NULL);
}

TEST(messages_keep_apart)
{
    static struct wire_message message;
    int pair[2];
    CHECK_EQ_I64(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    CHECK_EQ_I64(wire_take(pair[1], &message), WIRE_EMPTY);
    CHECK(wire_send(pair[0], WIRE_BEAT, "", 0, /* wait= */ false));
    CHECK(wire_send(pair[0], WIRE_COUNT, "12", 2, /* wait= */ true));
    CHECK_EQ_I64(wire_take(pair[1], &message), WIRE_GOT);
    CHECK_EQ_I64(message.kind, WIRE_BEAT);
    CHECK_EQ_U64(message.size, 0);
    CHECK_EQ_I64(wire_take(pair[1], &message), WIRE_GOT);
    CHECK_EQ_I64(message.kind, WIRE_COUNT);
    CHECK_EQ_STR(message.text, "12");
    (void)close(pair[0]);
    CHECK_EQ_I64(wire_take(pair[1], &message), WIRE_CLOSED);
    CHECK(!wire_send(pair[1], WIRE_BEAT, "", 0, /* wait= */ true));
    (void)close(pair[1]);
}

TEST(slots_in_doubt_are_written_and_read)
{
    struct wire_suspect suspect = {.slot = {true, false}};
    struct wire_suspect got;
    char text[WIRE_SUSPECT_SIZE];
    CHECK(card_uid_parse("4A8B1C2D", &suspect.uid));
    wire_suspect_format(&suspect, text);
    CHECK_EQ_STR(text, "4A8B1C2D 10");
    CHECK(wire_suspect_parse(text, &got));
    CHECK(got.slot[0] && !got.slot[1] && card_uid_equal(&got.uid, &suspect.uid));
    CHECK(!wire_suspect_parse("4A8B1C2D", &got));
    CHECK(!wire_suspect_parse("4A8B1C2D 1", &got));
    CHECK(!wire_suspect_parse("4A8B1C 10", &got));
}

TEST(the_oldest_card_is_forgotten)
{
    static struct wire_suspects suspects;
    for (uint8_t i = 0; i <= WIRE_SUSPECTS_MAX; i++) {
        struct wire_suspect suspect = {.uid = {{0x4A, 0, 0, i}, 4}, .slot = {true, true}};
        wire_suspects_note(&suspects, &suspect);
    }
    struct card_uid first = {{0x4A, 0, 0, 0}, 4};
    struct card_uid last = {{0x4A, 0, 0, WIRE_SUSPECTS_MAX}, 4};
    CHECK(!wire_suspects_find(&suspects, &first).slot[0]);
    CHECK(wire_suspects_find(&suspects, &last).slot[0]);
    struct wire_suspect good = {.uid = last, .slot = {false, true}};
    wire_suspects_note(&suspects, &good);
    CHECK(!wire_suspects_find(&suspects, &last).slot[0]);
    CHECK(wire_suspects_find(&suspects, &last).slot[1]);
    CHECK_EQ_U64(suspects.count, WIRE_SUSPECTS_MAX);
}

TEST_MAIN()
