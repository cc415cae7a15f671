/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses are BCD text turned round: the wire carries the lowest two digits first. */

#include "protocol/dl645/address.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    WILDCARD = 0xAA,
    BROADCAST = 0x99,
    DIGIT_COUNT = DL645_ADDRESS_TEXT_SIZE - 1,
};

static void reverse(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t keep = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = keep;
    }
}

bool dl645_address_parse(const char *text, uint8_t ret_address[DL645_ADDRESS_SIZE])
{
    uint8_t bytes[DL645_ADDRESS_SIZE];
    size_t size = 0;
    if (strlen(text) != DIGIT_COUNT ||
        !hex_parse(text, DIGIT_COUNT, bytes, sizeof(bytes), &size, /* ret_at= */ NULL) ||
        size != DL645_ADDRESS_SIZE) {
        return false;
    }
    reverse(bytes, sizeof(bytes));
    memcpy(ret_address, bytes, sizeof(bytes));
    return true;
}

char *dl645_address_format(const uint8_t address[DL645_ADDRESS_SIZE],
                           char ret_text[DL645_ADDRESS_TEXT_SIZE])
{
    uint8_t bytes[DL645_ADDRESS_SIZE];
    memcpy(bytes, address, sizeof(bytes));
    reverse(bytes, sizeof(bytes));
    bool fits =
        hex_format(bytes, sizeof(bytes), /* separator= */ '\0', ret_text, DL645_ADDRESS_TEXT_SIZE);
    MUST(fits);
    return ret_text;
}

static bool is_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

bool dl645_address_shorten(const char *digits, char ret_text[DL645_ADDRESS_TEXT_SIZE])
{
    size_t count = strlen(digits);
    if (count < 2 || count > DIGIT_COUNT || count % 2 != 0 || !is_digits(digits, count)) {
        return false;
    }
    memset(ret_text, 'A', DIGIT_COUNT - count);
    memcpy(ret_text + DIGIT_COUNT - count, digits, count + 1);
    return true;
}

bool dl645_address_is_meter(const char *text)
{
    return strlen(text) == DIGIT_COUNT && is_digits(text, DIGIT_COUNT) &&
           strcmp(text, DL645_ADDRESS_BROADCAST) != 0;
}

bool dl645_address_matches(const uint8_t wanted[DL645_ADDRESS_SIZE],
                           const uint8_t own[DL645_ADDRESS_SIZE])
{
    if (dl645_address_is_broadcast(wanted)) {
        return true;
    }
    /* Wildcards stand at the high end; one below a real byte would be a damaged address. */
    bool wild = true;
    for (size_t i = DL645_ADDRESS_SIZE; i > 0; i--) {
        wild = wild && wanted[i - 1] == WILDCARD;
        if (!wild && wanted[i - 1] != own[i - 1]) {
            return false;
        }
    }
    return true;
}

bool dl645_address_is_broadcast(const uint8_t address[DL645_ADDRESS_SIZE])
{
    for (size_t i = 0; i < DL645_ADDRESS_SIZE; i++) {
        if (address[i] != BROADCAST) {
            return false;
        }
    }
    return true;
}
