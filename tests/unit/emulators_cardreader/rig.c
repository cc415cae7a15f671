/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/emulators_cardreader/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulators/cardreader/bytes.h"

static const char ACK[] = "0000ff00ff00";
static const char ERROR_FRAME[] = "0000ff01ff7f8100";

void rig_init(struct rig *rig)
{
    static const struct reader_options OPTIONS = {.dir = "", .seed = 7};
    static const uint8_t WAKE_UP[] = {0x55, 0x55, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    rig->now_us = 1000000;
    if (!reader_init(&rig->reader, &OPTIONS)) {
        abort();
    }
    rig_feed(rig, WAKE_UP, sizeof(WAKE_UP));
    if (strcmp(rig_ask(rig, "1401"), "15") != 0) {
        abort();
    }
}

size_t rig_frame(const char *hex, uint8_t *ret_wire)
{
    uint8_t data[FRAME_DATA_MAX + 8];
    size_t size = 0;
    if (!bytes_from_hex(hex, data, sizeof(data), &size)) {
        abort();
    }
    size_t at = 0;
    size_t length = size + 1;
    uint8_t sum = FRAME_TFI_HOST;
    ret_wire[at++] = 0x00;
    ret_wire[at++] = 0x00;
    ret_wire[at++] = 0xFF;
    if (length > 255) {
        ret_wire[at++] = 0xFF;
        ret_wire[at++] = 0xFF;
        ret_wire[at++] = (uint8_t)(length >> 8);
        ret_wire[at++] = (uint8_t)length;
        ret_wire[at++] = (uint8_t)(256 - ((length >> 8) + length) % 256);
    } else {
        ret_wire[at++] = (uint8_t)length;
        ret_wire[at++] = (uint8_t)(256 - length);
    }
    ret_wire[at++] = FRAME_TFI_HOST;
    for (size_t i = 0; i < size; i++) {
        ret_wire[at++] = data[i];
        sum = (uint8_t)(sum + data[i]);
    }
    ret_wire[at++] = (uint8_t)(256 - sum);
    ret_wire[at++] = 0x00;
    return at;
}

void rig_feed(struct rig *rig, const uint8_t *bytes, size_t size)
{
    rig->now_us += 1000;
    rig->reader.now_us = rig->now_us;
    chip_receive(&rig->reader.chip, bytes, size, rig->now_us);
}

const char *rig_bytes(struct rig *rig)
{
    uint8_t bytes[RIG_TEXT_SIZE / 2 - 1];
    size_t size = line_take(&rig->reader.out, bytes, sizeof(bytes), INT64_MAX - 1);
    bytes_to_hex(bytes, size, rig->text);
    return rig->text;
}

const char *rig_ask(struct rig *rig, const char *hex)
{
    uint8_t wire[FRAME_WIRE_MAX + 8];
    rig_feed(rig, wire, rig_frame(hex, wire));
    char *text = rig->text;
    (void)rig_bytes(rig);
    if (text[0] == '\0') {
        return "silence";
    }
    size_t head = sizeof(ACK) - 1;
    if (strncmp(text, ACK, head) != 0) {
        memmove(text + 1, text, strlen(text) + 1);
        text[0] = '?';
        return text;
    }
    if (text[head] == '\0') {
        return "ack";
    }
    if (strcmp(text + head, ERROR_FRAME) == 0) {
        return "error";
    }
    /* Preamble, start code, length: 5 bytes, or 8 in an extended frame; then the TFI. */
    size_t front = strncmp(text + head + 6, "ffff", 4) == 0 ? 16 : 10;
    size_t length = strlen(text);
    if (length < head + front + 6 || strncmp(text + head + front, "d5", 2) != 0) {
        return "?";
    }
    text[length - 4] = '\0';
    return text + head + front + 2;
}

struct card *rig_lay(struct rig *rig, const char *name, const char *kind, const char *uid_hex)
{
    struct card_uid uid = {.size = 0};
    const char *why = "";
    if (!bytes_from_hex(uid_hex, uid.bytes, sizeof(uid.bytes), &uid.size)) {
        abort();
    }
    struct card *card = shelf_make(&rig->reader.shelf, name, kind, &uid, &why);
    if (card == NULL || !reader_lay(&rig->reader, name, &why)) {
        (void)fprintf(stderr, "%s: %s\n", name, why);
        abort();
    }
    return card;
}

void rig_fault(struct rig *rig, const char *words)
{
    char copy[256];
    const char *why = "";
    (void)bytes_text_copy(copy, sizeof(copy), words);
    if (faults_add(&rig->reader.faults, copy, &why) == 0) {
        (void)fprintf(stderr, "%s: %s\n", words, why);
        abort();
    }
}
