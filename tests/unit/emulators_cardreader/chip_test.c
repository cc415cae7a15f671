/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's commands and states, with the traffic of libnfc 1.8.0 as the example. */
#include "tests/unit/emulators_cardreader/rig.h"
#include "tests/unit/test.h"

static struct rig rig;

static const char SELECT[] = "4a0100";
static const char FINITE[] = "3205000102";

TEST(asleep_until_woken_and_configured)
{
    rig_init(&rig);
    chip_power_on(&rig.reader.chip);
    CHECK_EQ_STR(rig_ask(&rig, "02"), "silence");
    static const uint8_t WAKE_UP[] = {0x55, 0x55, 0x00, 0x00};
    rig_feed(&rig, WAKE_UP, sizeof(WAKE_UP));
    CHECK_EQ_STR(rig_ask(&rig, "02"), "silence");
    CHECK_EQ_STR(rig_ask(&rig, "1401"), "15");
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
}

TEST(power_down_and_up)
{
    rig_init(&rig);
    CHECK_EQ_STR(rig_ask(&rig, "16f0"), "1700");
    CHECK_EQ_STR(rig_ask(&rig, "02"), "silence");
    static const uint8_t WAKE_UP[] = {0x55};
    rig_feed(&rig, WAKE_UP, sizeof(WAKE_UP));
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607"); /* normal mode was kept */
}

TEST(opening_as_libnfc_does)
{
    rig_init(&rig);
    CHECK_EQ_STR(rig_ask(&rig, "00006c69626e6663"), "01006c69626e6663");
    CHECK_EQ_STR(rig_ask(&rig, "1214"), "13");
    CHECK_EQ_STR(rig_ask(&rig, "0663026303630d6338633d"), "070000000000");
    CHECK_EQ_STR(rig_ask(&rig, "08630280630380"), "09");
    CHECK_EQ_STR(rig_ask(&rig, "0663026303630d6338633d"), "078080000000");
    CHECK_EQ_STR(rig_ask(&rig, "320100"), "33");
    CHECK_EQ_STR(rig_ask(&rig, "320101"), "33");
    CHECK(rig.reader.field.on);
    CHECK_EQ_STR(rig_ask(&rig, "3205ffffff"), "33");
    CHECK_EQ_STR(rig_ask(&rig, "ff"), "error");
}

TEST(registers_are_lost_with_the_power)
{
    rig_init(&rig);
    (void)rig_ask(&rig, "08630280");
    chip_power_on(&rig.reader.chip);
    static const uint8_t WAKE_UP[] = {0x55};
    rig_feed(&rig, WAKE_UP, sizeof(WAKE_UP));
    (void)rig_ask(&rig, "1401");
    CHECK_EQ_STR(rig_ask(&rig, "066302"), "0700");
}

TEST(selecting_a_card)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b00");
    (void)rig_lay(&rig, "four", "classic", "4a8b1c2d");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b0101000408044a8b1c2d");
    CHECK_EQ_STR(rig_ask(&rig, "4a01004a8b1c2d"), "4b0101000408044a8b1c2d");
    CHECK_EQ_STR(rig_ask(&rig, "4a010011223344"), "4b00");
    CHECK_EQ_STR(rig_ask(&rig, "4a0300"), "error");
    CHECK_EQ_STR(rig_ask(&rig, "4a010300"), "4b00"); /* type B */
}

TEST(seven_bytes_and_the_quirk)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_lay(&rig, "seven", "classic", "04112233445566");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b01010044080704112233445566");
    CHECK_EQ_STR(rig_ask(&rig, "4a01008804112233445566"), "4b01010044080704112233445566");
    rig.reader.field.misses_seven = true;
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b00");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b01010044080704112233445566");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b00");
}

TEST(a_halted_card_hears_its_name_only)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_lay(&rig, "four", "classic", "4a8b1c2d");
    (void)rig_ask(&rig, SELECT);
    CHECK_EQ_STR(rig_ask(&rig, "4400"), "4500");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b00");
    CHECK_EQ_STR(rig_ask(&rig, "4a01004a8b1c2d"), "4b0101000408044a8b1c2d");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b00"); /* it fell back to HALT */
    (void)rig_ask(&rig, "320100");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b0101000408044a8b1c2d");
}

TEST(two_cards_at_once)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_lay(&rig, "one", "classic", "4a8b1c2d");
    (void)rig_lay(&rig, "two", "classic", "04112233445566");
    CHECK_EQ_STR(rig_ask(&rig, "4a0200"), "4b0201000408044a8b1c2d020044080704112233445566");
    CHECK_EQ_STR(rig_ask(&rig, "40016000ffffffffffff4a8b1c2d"), "4100");
    CHECK_EQ_STR(rig_ask(&rig, "40026000ffffffffffff33445566"), "4100");
    /* Its turn came and went: the first has forgotten the key. */
    CHECK_EQ_STR(rig_ask(&rig, "40013001"), "4113");
}

TEST(a_command_without_a_card)
{
    rig_init(&rig);
    CHECK_EQ_STR(rig_ask(&rig, "40013000"), "4127");
    CHECK_EQ_STR(rig_ask(&rig, "42b2"), "4301");
    CHECK_EQ_STR(rig_ask(&rig, "5401"), "5527");
}

TEST(waiting_for_a_card)
{
    rig_init(&rig);
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "ack"); /* for ever, until told otherwise */
    (void)rig_lay(&rig, "late", "classic", "4a8b1c2d");
    CHECK_EQ_STR(rig_bytes(&rig), "0000ff0cf4d54b0101000408044a8b1c2db000");
}

TEST(an_abort_ends_the_wait)
{
    rig_init(&rig);
    (void)rig_ask(&rig, SELECT);
    rig_feed(&rig, FRAME_ACK_BYTES, FRAME_ACK_SIZE);
    (void)rig_lay(&rig, "late", "classic", "4a8b1c2d");
    CHECK_EQ_STR(rig_bytes(&rig), "");
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
    (void)rig_ask(&rig, FINITE);
    rig.reader.chip.abort_dead_us = 20000;
    (void)rig_ask(&rig, "3205ffffff");
    (void)rig_ask(&rig, "4a0102");
    CHECK_EQ_U64(rig.reader.chip.counters.aborts, 1);
}

TEST(deaf_after_an_abort)
{
    rig_init(&rig);
    rig.reader.chip.abort_dead_us = 20000;
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "ack");
    rig_feed(&rig, FRAME_ACK_BYTES, FRAME_ACK_SIZE);
    CHECK_EQ_STR(rig_ask(&rig, "02"), "silence");
    rig.now_us += 50000;
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
}

TEST(a_new_command_ends_the_wait)
{
    rig_init(&rig);
    (void)rig_ask(&rig, SELECT);
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
    (void)rig_lay(&rig, "late", "classic", "4a8b1c2d");
    CHECK_EQ_STR(rig_bytes(&rig), "");
}

TEST(auto_poll_with_a_late_card)
{
    rig_init(&rig);
    CHECK_EQ_STR(rig_ask(&rig, "60ff012010"), "ack");
    (void)rig_lay(&rig, "late", "classic", "4a8b1c2d");
    CHECK_EQ_STR(rig_bytes(&rig), "0000ff0ef2d561011009010004080"
                                  "44a8b1c2d8100");
}

TEST(auto_poll_ends_by_itself)
{
    rig_init(&rig);
    CHECK_EQ_STR(rig_ask(&rig, "6002012010"), "ack");
    int64_t due_us = chip_next_us(&rig.reader.chip);
    CHECK_EQ_I64(due_us - rig.now_us, 600000);
    chip_turn(&rig.reader.chip, due_us);
    CHECK_EQ_STR(rig_bytes(&rig), "0000ff03fdd56100ca00");
}

TEST(a_nack_repeats_the_last_reply)
{
    rig_init(&rig);
    (void)rig_ask(&rig, "02");
    rig_feed(&rig, FRAME_NACK_BYTES, FRAME_ACK_SIZE);
    CHECK_EQ_STR(rig_bytes(&rig), "0000ff06fad50332010607e800");
}

TEST(presence_of_an_iso_card)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_ask(&rig, "1214");
    (void)rig_ask(&rig, "08630280630380"); /* the chip makes the checksums */
    struct card *card = rig_lay(&rig, "df", "desfire", "04112233445566");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b010103442007041122334455660675778102"
                                        "80");
    CHECK_EQ_STR(rig_ask(&rig, "42b2"), "4300a3");
    field_take(&rig.reader.field, card);
    CHECK_EQ_STR(rig_ask(&rig, "42b2"), "4301");
}

TEST(no_rats_unless_wanted)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_ask(&rig, "1200");
    (void)rig_ask(&rig, "08630280630380"); /* the chip makes the checksums */
    (void)rig_lay(&rig, "df", "desfire", "04112233445566");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b01010344200704112233445566");
    CHECK_EQ_STR(rig_ask(&rig, "42e050"), "4300067577810280");
    CHECK_EQ_STR(rig_ask(&rig, "42c2"), "4300c2");
    CHECK_EQ_STR(rig_ask(&rig, SELECT), "4b00");
}

TEST(long_echoes)
{
    rig_init(&rig);
    char hex[2 * FRAME_DATA_MAX + 1] = "0000";
    for (size_t size = 250; size <= 262; size++) {
        for (size_t i = 2; i < size; i++) {
            (void)snprintf(hex + 2 * i, 3, "%02x", (unsigned)(i & 0xFFU));
        }
        hex[2 * size] = '\0';
        const char *answer = rig_ask(&rig, hex);
        CHECK_EQ_U64(strlen(answer), 2 * size);
        CHECK_EQ_STR(answer + 2, hex + 2);
    }
}

TEST(a_command_for_a_card_in_parts)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_ask(&rig, "1214");
    (void)rig_lay(&rig, "cpu", "cpu", "11223344");
    (void)rig_ask(&rig, SELECT);
    CHECK_EQ_STR(rig_ask(&rig, "404100a400"), "4100");
    CHECK_EQ_STR(rig_ask(&rig, "40010002df01"), "41009000");
}

TEST(the_longest_answer_of_a_card)
{
    rig_init(&rig);
    (void)rig_ask(&rig, FINITE);
    (void)rig_ask(&rig, "1214");
    (void)rig_lay(&rig, "cpu", "cpu", "11223344");
    (void)rig_ask(&rig, SELECT);
    (void)rig_ask(&rig, "400100a4000002df01");
    const char *answer = rig_ask(&rig, "400100b0830000"); /* the first 256 of 258 */
    CHECK_EQ_U64(strlen(answer), 2 * (2 + 256 + 2));
    CHECK_EQ_STR(answer + strlen(answer) - 4, "9000");
    CHECK_EQ_U64(strlen(rig_ask(&rig, "400100b0830200")), 2 * (2 + 256 + 2));
    CHECK_EQ_STR(rig_ask(&rig, "400100b0830300") + 2 * (2 + 255), "9000");
}

TEST(half_a_frame_is_forgotten)
{
    static const uint8_t HALF[] = {0x00, 0x00, 0xFF, 0x10, 0xF0, 0xD4, 0x40};
    rig_init(&rig);
    rig_feed(&rig, HALF, sizeof(HALF));
    rig.now_us += 400000;
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
}

TEST_MAIN()
