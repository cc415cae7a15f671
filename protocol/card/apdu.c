/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/card/apdu.h"

#include <string.h>

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/must.h"

enum {
    HEADER_SIZE = 4,
    STATUS_SIZE = 2,
    LENGTH_SIZE = 2, /* of apdu_bind() */
    CLA_ISO = 0x00,
    CLA_DESFIRE = 0x90,
};

void apdu_encode(const struct apdu_command *command, struct apdu *ret_apdu)
{
    MUST(command->data_size <= APDU_DATA_SIZE_MAX);
    struct apdu apdu = {{command->cla, command->ins, command->p1, command->p2}, HEADER_SIZE};
    if (command->data_size > 0) {
        apdu.bytes[apdu.size++] = (uint8_t)command->data_size;
        memcpy(apdu.bytes + apdu.size, command->data, command->data_size);
        apdu.size += command->data_size;
    }
    if (command->has_le) {
        apdu.bytes[apdu.size++] = command->le;
    }
    MUST(apdu.size <= APDU_SIZE_MAX);
    *ret_apdu = apdu;
}

bool apdu_decode(const struct apdu *apdu, struct apdu_command *ret_command)
{
    const uint8_t *bytes = apdu->bytes;
    if (apdu->size < HEADER_SIZE || apdu->size > APDU_SIZE_MAX) {
        return false;
    }
    struct apdu_command command = {
        .cla = bytes[0], .ins = bytes[1], .p1 = bytes[2], .p2 = bytes[3]};
    size_t rest = apdu->size - HEADER_SIZE;
    if (rest == 1) {
        command.has_le = true;
        command.le = bytes[HEADER_SIZE];
    } else if (rest > 1) {
        size_t data_size = bytes[HEADER_SIZE];
        if (data_size == 0 || (rest != 1 + data_size && rest != 2 + data_size)) {
            return false;
        }
        command.data = bytes + HEADER_SIZE + 1;
        command.data_size = data_size;
        command.has_le = rest == 2 + data_size;
        command.le = command.has_le ? bytes[apdu->size - 1] : 0;
    }
    *ret_command = command;
    return true;
}

bool apdu_answer_status(const struct apdu *answer, uint16_t *ret_status)
{
    if (answer->size < STATUS_SIZE || answer->size > APDU_SIZE_MAX) {
        return false;
    }
    *ret_status = get_be16(answer->bytes + answer->size - STATUS_SIZE);
    return true;
}

static bool is_among(uint8_t ins, const uint8_t *list, size_t count)
{
    return memchr(list, ins, count) != NULL;
}

bool apdu_is_harmless(const struct apdu *apdu)
{
    /* Select, read binary, read record, get challenge, internal authenticate. Not external
     * authenticate (82) and verify (20): a wrong one takes a try from the key's counter, and the
     * last one locks the card. */
    static const uint8_t iso[] = {0xA4, 0xB0, 0xB2, 0x84, 0x88};
    /* Select application, authenticate with AES (nothing can be read before, and EV1 counts no
     * tries), next frame, version, read data, file and key settings, key version, the real UID,
     * value. */
    static const uint8_t desfire[] = {0x5A, 0xAA, 0xAF, 0x60, 0xBD, 0xF5, 0x45, 0x64, 0x51, 0x6C};
    struct apdu_command command;
    if (!apdu_decode(apdu, &command)) {
        return false;
    }
    return (command.cla == CLA_ISO && is_among(command.ins, iso, ARRAY_COUNT(iso))) ||
           (command.cla == CLA_DESFIRE && is_among(command.ins, desfire, ARRAY_COUNT(desfire)));
}

bool apdu_may_write(const struct apdu *apdu)
{
    static const uint8_t opens[] = {0x82, 0x20};
    struct apdu_command command;
    const bool known = apdu_decode(apdu, &command);
    const bool only_opens =
        known && command.cla == CLA_ISO && is_among(command.ins, opens, ARRAY_COUNT(opens));
    return !only_opens && !apdu_is_harmless(apdu);
}

size_t apdu_bind(const struct apdu *apdu, const uint16_t *expect,
                 uint8_t ret_bytes[APDU_BOUND_SIZE_MAX])
{
    MUST(apdu->size <= APDU_SIZE_MAX);
    size_t at = LENGTH_SIZE + apdu->size;
    put_be16(ret_bytes, (uint16_t)apdu->size);
    memcpy(ret_bytes + LENGTH_SIZE, apdu->bytes, apdu->size);
    ret_bytes[at++] = expect != NULL ? 1 : 0;
    put_be16(ret_bytes + at, expect != NULL ? *expect : 0);
    return at + STATUS_SIZE;
}

bool apdu_parse(const char *text, struct apdu *ret_apdu)
{
    struct apdu apdu = {{0}, 0};
    size_t len = strlen(text);
    if (!hex_parse(text, len, apdu.bytes, sizeof(apdu.bytes), &apdu.size, NULL) ||
        len != 2 * apdu.size || apdu.size < STATUS_SIZE) {
        return false;
    }
    *ret_apdu = apdu;
    return true;
}

void apdu_format(const struct apdu *apdu, char ret_text[APDU_TEXT_SIZE])
{
    MUST(apdu->size <= APDU_SIZE_MAX);
    bool fits = hex_format(apdu->bytes, apdu->size, /* separator= */ 0, ret_text, APDU_TEXT_SIZE);
    MUST(fits);
}
