/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CHIP_INSIDE_H
#define SHILLING_EMULATORS_CARDREADER_CHIP_INSIDE_H

#include "emulators/cardreader/chip.h"

/*
 * What the parts of the chip call of each other. A command gets what stands behind its code and
 * fills the reply behind the reply's code, which is already there.
 */
enum {
    CHIP_STATUS_NO_TARGET = 0x27, /* the command does not fit the state */
    CHIP_PARAMETER_AUTO_RATS = 0x10,
};

typedef void chip_command(struct chip *chip, const uint8_t *bytes, size_t size,
                          struct chip_reply *reply);

/** The commands about the chip itself. */
chip_command chip_diagnose, chip_firmware, chip_general_status, chip_read_registers,
    chip_write_registers, chip_set_parameters, chip_sam_configuration, chip_power_down,
    chip_rf_configuration;

/** The commands about cards. */
chip_command chip_list_targets, chip_auto_poll, chip_data_exchange, chip_communicate_thru,
    chip_deselect, chip_release, chip_select, chip_psl, chip_jump_for_dep, chip_as_target;

void chip_reply_add(struct chip_reply *reply, const uint8_t *bytes, size_t size);
void chip_reply_byte(struct chip_reply *reply, uint8_t byte);

/** Nothing is listed any more. */
void chip_forget_targets(struct chip *chip);

/** Raw frames: whether this is REQA or WUPA, and what comes of it. */
bool chip_air_is_call(const struct chip *chip, const uint8_t *bytes, size_t size);
void chip_air_call(struct chip *chip, uint8_t byte, struct card_answer *answer);

/** Raw frames: anticollision and selection of the card that answered the call. */
void chip_air_select(struct chip *chip, const uint8_t *bytes, size_t size,
                     struct card_answer *answer);

/** Raw frames: the size without a checksum that the host made itself; one for the answer. */
size_t chip_air_strip(const struct chip *chip, const uint8_t *bytes, size_t size);
void chip_air_dress(const struct chip *chip, struct card_answer *answer);

#endif
