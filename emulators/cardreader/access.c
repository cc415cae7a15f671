/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/access.h"

/* Data sheet MF1S50yyX, tables 7 and 8, in the order of C1 C2 C3 = 0..7. */
static const struct access_data DATA[8] = {
    {ACCESS_AB, ACCESS_AB, ACCESS_AB, ACCESS_AB},
    {ACCESS_AB, ACCESS_NEVER, ACCESS_NEVER, ACCESS_AB},
    {ACCESS_AB, ACCESS_NEVER, ACCESS_NEVER, ACCESS_NEVER},
    {ACCESS_B, ACCESS_B, ACCESS_NEVER, ACCESS_NEVER},
    {ACCESS_AB, ACCESS_B, ACCESS_NEVER, ACCESS_NEVER},
    {ACCESS_B, ACCESS_NEVER, ACCESS_NEVER, ACCESS_NEVER},
    {ACCESS_AB, ACCESS_B, ACCESS_B, ACCESS_AB},
    {ACCESS_NEVER, ACCESS_NEVER, ACCESS_NEVER, ACCESS_NEVER},
};

static const struct access_trailer TRAILER[8] = {
    {ACCESS_A, ACCESS_A, ACCESS_NEVER, ACCESS_A, ACCESS_A},
    {ACCESS_A, ACCESS_A, ACCESS_A, ACCESS_A, ACCESS_A},
    {ACCESS_NEVER, ACCESS_A, ACCESS_NEVER, ACCESS_A, ACCESS_NEVER},
    {ACCESS_B, ACCESS_AB, ACCESS_B, ACCESS_NEVER, ACCESS_B},
    {ACCESS_B, ACCESS_AB, ACCESS_NEVER, ACCESS_NEVER, ACCESS_B},
    {ACCESS_NEVER, ACCESS_AB, ACCESS_B, ACCESS_NEVER, ACCESS_NEVER},
    {ACCESS_NEVER, ACCESS_AB, ACCESS_NEVER, ACCESS_NEVER, ACCESS_NEVER},
    {ACCESS_NEVER, ACCESS_AB, ACCESS_NEVER, ACCESS_NEVER, ACCESS_NEVER},
};

bool access_is_sound(const uint8_t trailer[16])
{
    uint8_t not_c1 = trailer[6] & 0x0FU;
    uint8_t not_c2 = trailer[6] >> 4;
    uint8_t not_c3 = trailer[7] & 0x0FU;
    uint8_t c1 = trailer[7] >> 4;
    uint8_t c2 = trailer[8] & 0x0FU;
    uint8_t c3 = trailer[8] >> 4;
    return (not_c1 ^ c1) == 0x0F && (not_c2 ^ c2) == 0x0F && (not_c3 ^ c3) == 0x0F;
}

unsigned access_bits(const uint8_t trailer[16], unsigned block)
{
    unsigned c1 = (unsigned)trailer[7] >> (4 + block) & 1U;
    unsigned c2 = (unsigned)trailer[8] >> block & 1U;
    unsigned c3 = (unsigned)trailer[8] >> (4 + block) & 1U;
    return c1 << 2 | c2 << 1 | c3;
}

const struct access_data *access_of_data(unsigned bits)
{
    return &DATA[bits & 7U];
}

const struct access_trailer *access_of_trailer(unsigned bits)
{
    return &TRAILER[bits & 7U];
}
