/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_cards/double_purchase.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    SW_TRIES = 0x63C0,
    SW_LENGTH = 0x6700,
    SW_NOT_ALLOWED = 0x6982,
    SW_BLOCKED = 0x6983,
    SW_NO_CHALLENGE = 0x6984,
    SW_MAC = 0x6988,
    SW_NO_FILE = 0x6A82,
    SW_INSTRUCTION = 0x6D00,
};

struct double_purchase double_purchase_make(const uint8_t master[CARD_KEY_SIZE], uint8_t number)
{
    struct double_purchase card = {.tries_left = DOUBLE_PURCHASE_TRIES};
    card.serial[PURCHASE_SERIAL_SIZE - 1] = number;
    for (int which = 0; which < PURCHASE_KEY_COUNT; which++) {
        MUST(purchase_key_derive(master, card.serial, (enum purchase_key)which,
                                 card.keys.keys[which]));
    }
    return card;
}

void double_purchase_drop(struct double_purchase *card)
{
    card->in_folder = false;
    card->trusts = false;
    card->has_challenge = false;
}

static struct apdu answer(const uint8_t *data, size_t size, unsigned status)
{
    struct apdu said = {.size = size + 2};
    if (size > 0) {
        memcpy(said.bytes, data, size);
    }
    put_be16(said.bytes + size, (uint16_t)status);
    return said;
}

static struct apdu say(unsigned status)
{
    return answer(NULL, 0, status);
}

static struct apdu select_folder(struct double_purchase *card, const struct apdu_command *command)
{
    const uint16_t name = command->data_size == 2 ? get_be16(command->data) : 0;
    const bool known = name == PURCHASE_DF_MASTER || name == PURCHASE_DF_ELECTRICITY;
    double_purchase_drop(card);
    card->in_folder = name == PURCHASE_DF_ELECTRICITY;
    return say(known ? PURCHASE_OK : SW_NO_FILE);
}

/* NULL: no such file where it stands. */
static uint8_t *file_of(struct double_purchase *card, uint8_t p1, size_t *ret_size)
{
    switch (card->in_folder ? p1 & 0x1FU : 0) {
    case PURCHASE_SFI_PARAMETERS:
        *ret_size = sizeof(card->files.parameters);
        return card->files.parameters;
    case PURCHASE_SFI_WALLET:
        *ret_size = sizeof(card->files.wallet);
        return card->files.wallet;
    case PURCHASE_SFI_RETURN:
        *ret_size = sizeof(card->files.returned);
        return card->files.returned;
    default:
        return NULL;
    }
}

static struct apdu read_file(struct double_purchase *card, const struct apdu_command *command)
{
    size_t size = 0;
    if (!card->in_folder && (command->p1 & 0x1FU) == PURCHASE_SFI_SERIAL) {
        return command->p2 == PURCHASE_SERIAL_OFFSET && command->le == PURCHASE_SERIAL_SIZE
                   ? answer(card->serial, sizeof(card->serial), PURCHASE_OK)
                   : say(SW_LENGTH);
    }
    const uint8_t *file = file_of(card, command->p1, &size);
    return file != NULL && command->le == size ? answer(file, size, PURCHASE_OK) : say(SW_NO_FILE);
}

static struct apdu challenge(struct double_purchase *card)
{
    for (size_t i = 0; i < sizeof(card->challenge); i++) {
        card->challenge[i] = (uint8_t)(5U * card->challenge[i] + i + 1);
    }
    card->has_challenge = true;
    return answer(card->challenge, sizeof(card->challenge), PURCHASE_OK);
}

static struct apdu internal(const struct double_purchase *card, const struct apdu_command *command)
{
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    if (command->data_size != PURCHASE_RANDOM_SIZE) {
        return say(SW_LENGTH);
    }
    MUST(purchase_cryptogram(card->keys.keys[PURCHASE_KEY_INTERNAL], command->data, proof));
    return answer(proof, sizeof(proof), PURCHASE_OK);
}

static struct apdu external(struct double_purchase *card, const struct apdu_command *command)
{
    uint8_t want[PURCHASE_RANDOM_SIZE];
    if (!card->has_challenge || card->tries_left == 0) {
        return say(card->tries_left == 0 ? SW_BLOCKED : SW_NO_CHALLENGE);
    }
    card->has_challenge = false;
    MUST(purchase_cryptogram(card->keys.keys[PURCHASE_KEY_EXTERNAL], card->challenge, want));
    card->trusts =
        command->data_size == sizeof(want) && memcmp(command->data, want, sizeof(want)) == 0;
    card->tries_left = card->trusts ? DOUBLE_PURCHASE_TRIES : card->tries_left - 1;
    return say(card->trusts ? PURCHASE_OK : SW_TRIES + card->tries_left);
}

static struct apdu update(struct double_purchase *card, const struct apdu *apdu,
                          const struct apdu_command *command)
{
    size_t size = 0;
    struct apdu want;
    uint8_t *file = file_of(card, command->p1, &size);
    if (file == NULL || command->data_size != size + PURCHASE_MAC_SIZE) {
        return say(file == NULL ? SW_NO_FILE : SW_LENGTH);
    }
    if (!card->trusts || !card->has_challenge) {
        return say(card->trusts ? SW_NO_CHALLENGE : SW_NOT_ALLOWED);
    }
    card->has_challenge = false;
    const uint8_t sfi = command->p1 & 0x1FU;
    const enum purchase_key which =
        sfi == PURCHASE_SFI_RETURN ? PURCHASE_KEY_RETURN : PURCHASE_KEY_WALLET;
    const struct purchase_update made = {.sfi = sfi,
                                         .file = command->data,
                                         .size = size,
                                         .key = card->keys.keys[which],
                                         .random = card->challenge};
    MUST(purchase_update(&made, &want));
    if (want.size != apdu->size || memcmp(want.bytes, apdu->bytes, want.size) != 0) {
        return say(SW_MAC);
    }
    memcpy(file, command->data, size);
    card->updates += 1;
    return say(PURCHASE_OK);
}

struct apdu double_purchase_hear(struct double_purchase *card, const struct apdu *apdu)
{
    struct apdu_command command;
    MUST(apdu_decode(apdu, &command));
    switch (command.ins) {
    case 0xA4:
        return select_folder(card, &command);
    case 0xB0:
        return read_file(card, &command);
    case 0x84:
        return challenge(card);
    case 0x88:
        return internal(card, &command);
    case 0x82:
        return external(card, &command);
    case 0xD6:
        return update(card, apdu, &command);
    default:
        return say(SW_INSTRUCTION);
    }
}

/* ---- the meter ---- */

static bool is_known(const struct purchase_meter *meter, const struct double_purchase *card,
                     const struct purchase_parameters *settings)
{
    if (memcmp(settings->meter, meter->number, CARD_METER_SIZE) != 0 ||
        (!meter->is_open && settings->kind != PURCHASE_OPEN) ||
        (meter->is_open && memcmp(settings->customer, meter->customer, CARD_METER_SIZE) != 0)) {
        return false;
    }
    return settings->kind != PURCHASE_BUY ||
           memcmp(card->serial, meter->serial, PURCHASE_SERIAL_SIZE) == 0;
}

static void give_back(struct purchase_meter *meter, const struct purchase_parameters *settings,
                      struct double_purchase *card)
{
    struct purchase_return word = {
        .count = meter->count,
        .remaining_fen = meter->balance_fen > 0 ? (uint32_t)meter->balance_fen : 0,
        .overdraft_fen = meter->balance_fen < 0 ? (uint32_t)-meter->balance_fen : 0,
        .at = {0x26, 0x11, 0x30, 0x10, 0}};
    meter->minute = (uint8_t)(meter->minute + 1);
    word.at[4] = (uint8_t)(meter->minute / 10 * 16 + meter->minute % 10);
    memcpy(word.meter, meter->number, CARD_METER_SIZE);
    memcpy(word.customer, settings->customer, CARD_METER_SIZE);
    purchase_return_encode(&word, card->files.returned);
}

bool purchase_meter_load(struct purchase_meter *meter, struct double_purchase *card)
{
    struct purchase_parameters settings;
    const struct purchase_wallet wallet = purchase_wallet_decode(card->files.wallet);
    if (purchase_parameters_decode(card->files.parameters, &settings) != PURCHASE_WHOLE ||
        !is_known(meter, card, &settings)) {
        return false;
    }
    const bool loads = wallet.count == meter->count + 1 && card->files.returned[0] != 0x68;
    if (loads) {
        meter->count = wallet.count;
        meter->balance_fen += wallet.amount_fen;
        if (settings.kind != PURCHASE_BUY) {
            meter->is_open = true;
            memcpy(meter->customer, settings.customer, CARD_METER_SIZE);
            memcpy(meter->serial, card->serial, PURCHASE_SERIAL_SIZE);
        }
    }
    if (loads || wallet.count <= meter->count) {
        give_back(meter, &settings, card);
    }
    return loads;
}
