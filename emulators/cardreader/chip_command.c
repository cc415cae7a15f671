/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about the chip itself (UM0701-02, 7.2, and RFConfiguration of 7.3). */
#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/chip_inside.h"

enum {
    REGISTER_BASE = 0x6300,
    DIAGNOSE_LINE = 0x00,
    DIAGNOSE_TAG = 0x06,
    SAM_NORMAL = 0x01,
    RF_FIELD = 0x01,
    RF_RETRIES = 0x05,
    PARAMETERS_KNOWN = 0x7F,
};

void chip_diagnose(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    if (size == 0) {
        reply->is_error = true;
    } else if (bytes[0] == DIAGNOSE_LINE) {
        chip_reply_add(reply, bytes, size); /* the line test gives back what it got */
    } else if (bytes[0] == DIAGNOSE_TAG) {
        struct card *card = chip->current == 0 ? NULL : chip->targets[chip->current - 1];
        bool there = card != NULL && field_has(chip->field, card) && card->state == CARD_PROTOCOL;
        chip_reply_byte(reply, there ? CARD_OK : CARD_SILENT);
    } else {
        chip_reply_byte(reply, 0x00); /* memories and antenna are well */
    }
}

void chip_firmware(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    static const uint8_t PN532_1_6[] = {0x32, 0x01, 0x06, 0x07};
    (void)chip;
    (void)bytes;
    (void)size;
    chip_reply_add(reply, PN532_1_6, sizeof(PN532_1_6));
}

void chip_general_status(struct chip *chip, const uint8_t *bytes, size_t size,
                         struct chip_reply *reply)
{
    (void)bytes;
    (void)size;
    uint8_t count = 0;
    for (size_t i = 0; i < CHIP_TARGETS_MAX; i++) {
        count = (uint8_t)(count + (chip->targets[i] != NULL ? 1 : 0));
    }
    chip_reply_byte(reply, 0x00);
    chip_reply_byte(reply, chip->field->on ? 0x01 : 0x00);
    chip_reply_byte(reply, count);
    for (uint8_t i = 0; i < count; i++) {
        const uint8_t target[] = {(uint8_t)(i + 1), 0x00, 0x00, 0x10}; /* 106 kbit/s, MIFARE or A */
        chip_reply_add(reply, target, sizeof(target));
    }
    chip_reply_byte(reply, 0x80);
}

static uint8_t *register_at(struct chip *chip, const uint8_t *address)
{
    unsigned index = bytes_be16(address);
    return index >= REGISTER_BASE && index < REGISTER_BASE + CHIP_REGISTERS
               ? &chip->registers[index - REGISTER_BASE]
               : NULL;
}

void chip_read_registers(struct chip *chip, const uint8_t *bytes, size_t size,
                         struct chip_reply *reply)
{
    for (size_t at = 0; at + 1 < size; at += 2) {
        const uint8_t *cell = register_at(chip, bytes + at);
        chip_reply_byte(reply, cell == NULL ? 0x00 : *cell);
    }
}

void chip_write_registers(struct chip *chip, const uint8_t *bytes, size_t size,
                          struct chip_reply *reply)
{
    (void)reply;
    for (size_t at = 0; at + 2 < size; at += 3) {
        uint8_t *cell = register_at(chip, bytes + at);
        if (cell != NULL) {
            *cell = bytes[at + 2];
        }
    }
}

void chip_set_parameters(struct chip *chip, const uint8_t *bytes, size_t size,
                         struct chip_reply *reply)
{
    if (size != 1) {
        reply->is_error = true;
        return;
    }
    chip->parameters = bytes[0] & PARAMETERS_KNOWN;
}

void chip_sam_configuration(struct chip *chip, const uint8_t *bytes, size_t size,
                            struct chip_reply *reply)
{
    if (size == 0 || bytes[0] == 0 || bytes[0] > 4) {
        reply->is_error = true;
    } else if (bytes[0] == SAM_NORMAL) {
        chip->power = CHIP_NORMAL;
    }
}

void chip_power_down(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    (void)chip;
    (void)bytes;
    if (size == 0) {
        reply->is_error = true;
        return;
    }
    chip_reply_byte(reply, 0x00);
    reply->ends_asleep = true;
}

void chip_rf_configuration(struct chip *chip, const uint8_t *bytes, size_t size,
                           struct chip_reply *reply)
{
    if (size < 2) {
        reply->is_error = true;
    } else if (bytes[0] == RF_FIELD) {
        bool on = (bytes[1] & 0x01U) != 0;
        field_switch(chip->field, on);
    } else if (bytes[0] == RF_RETRIES && size >= 4) {
        chip->select_retries = bytes[3];
    }
}
