/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/card/purchase.h"

#include <string.h>

#include "common/bytes.h"
#include "common/civil.h"
#include "common/crypto/cmac.h"
#include "common/must.h"

enum {
    FRAME_BEGIN = 0x68,
    FRAME_END = 0x16,
    FRAME_COVER = 6, /* bytes of a file that its length does not count */
    COMMAND_PARAMETERS = 0x01,
    COMMAND_RETURN = 0x11,
    DIVERSIFY = 0x01,
    LABEL_SIZE = 8,
    INS_SELECT = 0xA4,
    INS_CHALLENGE = 0x84,
    INS_INTERNAL = 0x88,
    INS_EXTERNAL = 0x82,
    INS_READ = 0xB0,
    INS_UPDATE = 0xD6,
    CLA_MAC = 0x04,
    SHORT_FILE = 0x80,
    KEY_INTERNAL = 1,
    KEY_EXTERNAL = 2,
    HEADER_SIZE = 5,
};

/* --- files ----------------------------------------------------------------------------------- */

static uint8_t sum_of(const uint8_t *bytes, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    return (uint8_t)(sum & 0xFFU);
}

/* 68, command, length, data, sum, 16. */
static void frame_close(uint8_t *file, size_t size, uint8_t command)
{
    file[0] = FRAME_BEGIN;
    file[1] = command;
    put_be16(file + 2, (uint16_t)(size - FRAME_COVER));
    file[size - 2] = sum_of(file + 1, size - 3);
    file[size - 1] = FRAME_END;
}

static enum purchase_state frame_look(const uint8_t *file, size_t size, uint8_t command)
{
    if (file[0] != FRAME_BEGIN) {
        return PURCHASE_EMPTY;
    }
    bool whole = file[1] == command && get_be16(file + 2) == size - FRAME_COVER &&
                 file[size - 2] == sum_of(file + 1, size - 3) && file[size - 1] == FRAME_END;
    return whole ? PURCHASE_WHOLE : PURCHASE_BROKEN;
}

void purchase_parameters_encode(const struct purchase_parameters *parameters,
                                uint8_t ret_file[PURCHASE_PARAMETERS_SIZE])
{
    uint8_t *f = ret_file;
    memset(f, 0, PURCHASE_PARAMETERS_SIZE);
    f[4] = parameters->user_kind;
    f[5] = parameters->update_flags;
    memcpy(f + 10, parameters->tariff_switch, sizeof(parameters->tariff_switch));
    put_be32(f + 16, parameters->alarm1_fen);
    put_be32(f + 20, parameters->alarm2_fen);
    memcpy(f + 24, parameters->ct, sizeof(parameters->ct));
    memcpy(f + 27, parameters->pt, sizeof(parameters->pt));
    memcpy(f + 30, parameters->meter, CARD_METER_SIZE);
    memcpy(f + 36, parameters->customer, CARD_METER_SIZE);
    f[42] = (uint8_t)parameters->kind;
    frame_close(f, PURCHASE_PARAMETERS_SIZE, COMMAND_PARAMETERS);
}

enum purchase_state purchase_parameters_decode(const uint8_t file[PURCHASE_PARAMETERS_SIZE],
                                               struct purchase_parameters *ret_parameters)
{
    enum purchase_state state = frame_look(file, PURCHASE_PARAMETERS_SIZE, COMMAND_PARAMETERS);
    if (state != PURCHASE_WHOLE) {
        return state;
    }
    if (file[42] < PURCHASE_OPEN || file[42] > PURCHASE_REPLACE) {
        return PURCHASE_BROKEN;
    }
    struct purchase_parameters parameters = {
        .user_kind = file[4],
        .update_flags = file[5],
        .alarm1_fen = get_be32(file + 16),
        .alarm2_fen = get_be32(file + 20),
        .kind = (enum purchase_kind)file[42],
    };
    memcpy(parameters.tariff_switch, file + 10, sizeof(parameters.tariff_switch));
    memcpy(parameters.ct, file + 24, sizeof(parameters.ct));
    memcpy(parameters.pt, file + 27, sizeof(parameters.pt));
    memcpy(parameters.meter, file + 30, CARD_METER_SIZE);
    memcpy(parameters.customer, file + 36, CARD_METER_SIZE);
    *ret_parameters = parameters;
    return PURCHASE_WHOLE;
}

void purchase_wallet_encode(const struct purchase_wallet *wallet,
                            uint8_t ret_file[PURCHASE_WALLET_SIZE])
{
    put_be32(ret_file, wallet->amount_fen);
    put_be32(ret_file + 4, wallet->count);
}

struct purchase_wallet purchase_wallet_decode(const uint8_t file[PURCHASE_WALLET_SIZE])
{
    return (struct purchase_wallet){.amount_fen = get_be32(file), .count = get_be32(file + 4)};
}

void purchase_return_encode(const struct purchase_return *value,
                            uint8_t ret_file[PURCHASE_RETURN_SIZE])
{
    uint8_t *f = ret_file;
    MUST(value->illegal_cards <= CARD_FEN24_MAX);
    memset(f, 0, PURCHASE_RETURN_SIZE);
    f[4] = value->user_kind;
    memcpy(f + 5, value->ct, sizeof(value->ct));
    memcpy(f + 8, value->pt, sizeof(value->pt));
    memcpy(f + 11, value->meter, CARD_METER_SIZE);
    memcpy(f + 17, value->customer, CARD_METER_SIZE);
    put_be32(f + 23, value->remaining_fen);
    put_be32(f + 27, value->count);
    put_be32(f + 31, value->overdraft_fen);
    put_be32(f + 35, value->key_info);
    f[39] = (uint8_t)(value->illegal_cards >> 16);
    put_be16(f + 40, (uint16_t)(value->illegal_cards & 0xFFFFU));
    memcpy(f + 42, value->at, sizeof(value->at));
    frame_close(f, PURCHASE_RETURN_SIZE, COMMAND_RETURN);
}

enum purchase_state purchase_return_decode(const uint8_t file[PURCHASE_RETURN_SIZE],
                                           struct purchase_return *ret_value)
{
    enum purchase_state state = frame_look(file, PURCHASE_RETURN_SIZE, COMMAND_RETURN);
    if (state != PURCHASE_WHOLE) {
        return state;
    }
    struct purchase_return value = {
        .user_kind = file[4],
        .remaining_fen = get_be32(file + 23),
        .count = get_be32(file + 27),
        .overdraft_fen = get_be32(file + 31),
        .key_info = get_be32(file + 35),
        .illegal_cards = ((uint32_t)file[39] << 16) | get_be16(file + 40),
    };
    memcpy(value.ct, file + 5, sizeof(value.ct));
    memcpy(value.pt, file + 8, sizeof(value.pt));
    memcpy(value.meter, file + 11, CARD_METER_SIZE);
    memcpy(value.customer, file + 17, CARD_METER_SIZE);
    memcpy(value.at, file + 42, sizeof(value.at));
    *ret_value = value;
    return PURCHASE_WHOLE;
}

static bool bcd_take(uint8_t byte, uint8_t *ret_value)
{
    enum { NIBBLE = 4, NINE = 9, TEN = 10 };
    const uint8_t high = (uint8_t)(byte >> NIBBLE);
    const uint8_t low = byte & 0x0FU;
    *ret_value = (uint8_t)(high * TEN + low);
    return high <= NINE && low <= NINE;
}

bool purchase_clock(const uint8_t at[5], int64_t *ret_wall_s)
{
    uint8_t year = 0;
    struct civil civil = {.second = 0};
    const bool good = bcd_take(at[0], &year) && bcd_take(at[1], &civil.month) &&
                      bcd_take(at[2], &civil.day) && bcd_take(at[3], &civil.hour) &&
                      bcd_take(at[4], &civil.minute);
    civil.year = 2000 + year;
    return good && civil_to_wall_s(&civil, ret_wall_s);
}

/* --- keys ------------------------------------------------------------------------------------ */

static const char LABELS[PURCHASE_KEY_COUNT][LABEL_SIZE + 1] = {
    [PURCHASE_KEY_INTERNAL] = "INTERNAL",
    [PURCHASE_KEY_EXTERNAL] = "EXTERNAL",
    [PURCHASE_KEY_WALLET] = "WALLETMC",
    [PURCHASE_KEY_RETURN] = "RETURNMC",
};

void purchase_key_message(const uint8_t serial[PURCHASE_SERIAL_SIZE], enum purchase_key which,
                          uint8_t ret_message[PURCHASE_KEY_MESSAGE_SIZE])
{
    _Static_assert((int)PURCHASE_KEY_MESSAGE_SIZE ==
                       1 + (int)PURCHASE_SERIAL_SIZE + (int)LABEL_SIZE,
                   "the whole message");
    MUST(which < PURCHASE_KEY_COUNT);
    ret_message[0] = DIVERSIFY;
    memcpy(ret_message + 1, serial, PURCHASE_SERIAL_SIZE);
    memcpy(ret_message + 1 + PURCHASE_SERIAL_SIZE, LABELS[which], LABEL_SIZE);
}

bool purchase_key_derive(const uint8_t master[CARD_KEY_SIZE],
                         const uint8_t serial[PURCHASE_SERIAL_SIZE], enum purchase_key which,
                         uint8_t ret_key[CARD_KEY_SIZE])
{
    uint8_t message[PURCHASE_KEY_MESSAGE_SIZE];
    purchase_key_message(serial, which, message);
    return cmac_aes128(master, message, sizeof(message), ret_key);
}

bool purchase_cryptogram(const uint8_t key[CARD_KEY_SIZE],
                         const uint8_t random[PURCHASE_RANDOM_SIZE],
                         uint8_t ret_proof[PURCHASE_RANDOM_SIZE])
{
    uint8_t mac[CMAC_SIZE];
    if (!cmac_aes128(key, random, PURCHASE_RANDOM_SIZE, mac)) {
        return false;
    }
    memcpy(ret_proof, mac, PURCHASE_RANDOM_SIZE);
    return true;
}

/* --- commands -------------------------------------------------------------------------------- */

void purchase_select(uint16_t folder, struct apdu *ret_command)
{
    uint8_t name[2];
    put_be16(name, folder);
    const struct apdu_command command = {
        .ins = INS_SELECT, .data = name, .data_size = sizeof(name)};
    apdu_encode(&command, ret_command);
}

void purchase_challenge(struct apdu *ret_command)
{
    const struct apdu_command command = {
        .ins = INS_CHALLENGE, .has_le = true, .le = PURCHASE_RANDOM_SIZE};
    apdu_encode(&command, ret_command);
}

void purchase_internal(const uint8_t random[PURCHASE_RANDOM_SIZE], struct apdu *ret_command)
{
    const struct apdu_command command = {
        .ins = INS_INTERNAL, .p2 = KEY_INTERNAL, .data = random, .data_size = PURCHASE_RANDOM_SIZE};
    apdu_encode(&command, ret_command);
}

void purchase_external(const uint8_t proof[PURCHASE_RANDOM_SIZE], struct apdu *ret_command)
{
    const struct apdu_command command = {
        .ins = INS_EXTERNAL, .p2 = KEY_EXTERNAL, .data = proof, .data_size = PURCHASE_RANDOM_SIZE};
    apdu_encode(&command, ret_command);
}

void purchase_read(uint8_t sfi, uint8_t offset, uint8_t size, struct apdu *ret_command)
{
    const struct apdu_command command = {.ins = INS_READ,
                                         .p1 = (uint8_t)(SHORT_FILE | sfi),
                                         .p2 = offset,
                                         .has_le = true,
                                         .le = size};
    apdu_encode(&command, ret_command);
}

bool purchase_update(const struct purchase_update *update, struct apdu *ret_command)
{
    uint8_t message[PURCHASE_RANDOM_SIZE + HEADER_SIZE + PURCHASE_FILE_SIZE_MAX];
    uint8_t data[PURCHASE_FILE_SIZE_MAX + PURCHASE_MAC_SIZE];
    uint8_t mac[CMAC_SIZE];
    MUST(update->size <= PURCHASE_FILE_SIZE_MAX);
    uint8_t *header = message + PURCHASE_RANDOM_SIZE;
    memcpy(message, update->random, PURCHASE_RANDOM_SIZE);
    header[0] = CLA_MAC;
    header[1] = INS_UPDATE;
    header[2] = (uint8_t)(SHORT_FILE | update->sfi);
    header[3] = 0;
    header[4] = (uint8_t)(update->size + PURCHASE_MAC_SIZE);
    memcpy(header + HEADER_SIZE, update->file, update->size);
    if (!cmac_aes128(update->key, message, PURCHASE_RANDOM_SIZE + HEADER_SIZE + update->size,
                     mac)) {
        return false;
    }
    memcpy(data, update->file, update->size);
    memcpy(data + update->size, mac, PURCHASE_MAC_SIZE);
    const struct apdu_command command = {.cla = CLA_MAC,
                                         .ins = INS_UPDATE,
                                         .p1 = header[2],
                                         .data = data,
                                         .data_size = update->size + PURCHASE_MAC_SIZE};
    apdu_encode(&command, ret_command);
    return true;
}

bool purchase_answer(const struct apdu *answer, uint8_t *ret_bytes, size_t size)
{
    uint16_t status = 0;
    if (!apdu_answer_status(answer, &status) || status != PURCHASE_OK ||
        answer->size != size + sizeof(status)) {
        return false;
    }
    memcpy(ret_bytes, answer->bytes, size);
    return true;
}
