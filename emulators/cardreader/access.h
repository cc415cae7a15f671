/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_ACCESS_H
#define SHILLING_EMULATORS_CARDREADER_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The access conditions of MIFARE Classic: three bits for each block of a sector, stored twice
 * (once inverted) in bytes 6 to 8 of the trailer.
 */
enum access_key { ACCESS_NEVER = 0, ACCESS_A = 1, ACCESS_B = 2, ACCESS_AB = ACCESS_A | ACCESS_B };

/** Which key allows what on a data block; the values are sets of enum access_key. */
struct access_data {
    uint8_t read;
    uint8_t write;
    uint8_t increment;
    uint8_t decrement; /* also transfer and restore */
};

/** The same for the parts of a trailer. Key A is never readable. */
struct access_trailer {
    uint8_t key_a_write;
    uint8_t bits_read;
    uint8_t bits_write;
    uint8_t key_b_read;
    uint8_t key_b_write;
};

/** False if a bit and its complement agree: the sector can never be used again. */
bool access_is_sound(const uint8_t trailer[16]);

/** C1 C2 C3 of block 0..3 as a number, C1 highest. */
unsigned access_bits(const uint8_t trailer[16], unsigned block);

const struct access_data *access_of_data(unsigned bits);
const struct access_trailer *access_of_trailer(unsigned bits);

#endif
