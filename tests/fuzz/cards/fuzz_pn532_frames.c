/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A host that says anything. The first byte chooses the card that lies there and whether the rest
 * are raw bytes of the line or commands, each with its length in front, which are framed here.
 * Whatever comes: the chip answers whole frames or nothing, and what it keeps stays in bounds.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "emulators/cardreader/reader.h"

static struct reader reader;
static int64_t now_us;
static volatile uint8_t sink;

static void begin(uint8_t choice)
{
    static const struct reader_options OPTIONS = {.dir = "", .seed = 1};
    static const char *const KINDS[] = {"classic", "desfire", "cpu", "phone", "bank"};
    static const uint8_t WAKE_UP[] = {0x55, 0x00, 0x00, 0xFF, 0x03, 0xFD, 0xD4, 0x14, 0x01, 0x17};
    const char *kind = KINDS[choice % (sizeof(KINDS) / sizeof(KINDS[0]))];
    struct card_uid uid = {.bytes = {0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66},
                           .size = strcmp(kind, "desfire") == 0 ? 7 : 4};
    const char *why = "";
    MUST(reader_init(&reader, &OPTIONS));
    MUST(shelf_make(&reader.shelf, "card", kind, &uid, &why) != NULL);
    MUST(reader_lay(&reader, "card", &why));
    chip_receive(&reader.chip, WAKE_UP, sizeof(WAKE_UP), now_us);
    MUST(reader.chip.power == CHIP_NORMAL);
}

static void hear(void)
{
    uint8_t bytes[LINE_BYTES];
    size_t size = line_take(&reader.out, bytes, sizeof(bytes), INT64_MAX - 1);
    for (size_t i = 0; i < size; i++) {
        sink = bytes[i]; /* reads them, so that a sanitizer looks */
    }
    line_clear(&reader.out);
    MUST(reader.chip.current <= CHIP_TARGETS_MAX);
    MUST(reader.chip.chain_in_size <= CHIP_CHAIN_MAX);
    MUST(reader.field.count <= FIELD_CARDS_MAX);
}

static void say(const uint8_t *bytes, size_t size)
{
    now_us += 1000;
    reader.now_us = now_us;
    chip_receive(&reader.chip, bytes, size, now_us);
    hear();
}

/* The host's frame around a command. */
static void command(const uint8_t *bytes, size_t size)
{
    uint8_t wire[300] = {0x00,          0x00, 0xFF, (uint8_t)(size + 1), (uint8_t)(255 - size),
                         FRAME_TFI_HOST};
    uint8_t sum = FRAME_TFI_HOST;
    memcpy(wire + 6, bytes, size);
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    wire[6 + size] = (uint8_t)(256 - sum);
    say(wire, 6 + size + 2);
}

static void commands(const uint8_t *data, size_t size)
{
    static const uint8_t SELECT[] = {0x4A, 0x01, 0x00};
    command(SELECT, sizeof(SELECT));
    size_t at = 0;
    while (at + 1 < size) {
        size_t length = data[at] < 254 ? data[at] : 253;
        at += 1;
        length = length < size - at ? length : size - at;
        if (length > 0) {
            command(data + at, length);
        }
        at += length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t FIRMWARE[] = {0x02};
    if (size == 0) {
        return 0;
    }
    begin(data[0] >> 1);
    if ((data[0] & 1U) != 0) {
        commands(data + 1, size - 1);
    } else {
        for (size_t at = 1; at < size; at += 64) {
            say(data + at, size - at < 64 ? size - at : 64);
        }
    }
    now_us += 1000000; /* what was left half is forgotten, and the chip still answers */
    if (reader.chip.power == CHIP_NORMAL && reader.chip.awake) {
        uint64_t before = reader.chip.counters.commands;
        command(FIRMWARE, sizeof(FIRMWARE));
        MUST(reader.chip.counters.commands == before + 1);
    }
    return 0;
}
