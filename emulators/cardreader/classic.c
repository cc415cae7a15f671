/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: every command is judged by the trailer of the sector that was authenticated. Whatever
 * is refused drops the card out of its selected state, as the real one does, so a host that goes
 * on without a new selection hears nothing.
 */
#include "emulators/cardreader/classic.h"

#include <string.h>

#include "emulators/cardreader/access.h"
#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/card.h"

enum {
    COMMAND_AUTH_A = 0x60,
    COMMAND_AUTH_B = 0x61,
    COMMAND_READ = 0x30,
    COMMAND_WRITE = 0xA0,
    COMMAND_DECREMENT = 0xC0,
    COMMAND_INCREMENT = 0xC1,
    COMMAND_RESTORE = 0xC2,
    COMMAND_TRANSFER = 0xB0,
    AUTH_SIZE = 12, /* command, block, key, four bytes of the UID */
    BLOCKS_IN_SECTOR = 4,
    KEY_B_AT = 10,
    BITS_AT = 6,
    SAK_CLASSIC_1K = 0x08,
};

static unsigned sector_of(unsigned block)
{
    return block / BLOCKS_IN_SECTOR;
}

static bool is_trailer(unsigned block)
{
    return block % BLOCKS_IN_SECTOR == BLOCKS_IN_SECTOR - 1;
}

static struct cells_area area_of(struct classic *classic, unsigned block)
{
    return (struct cells_area){.bytes = classic->blocks[block],
                               .unstable = classic->unstable[block],
                               .weak = classic->weak[block],
                               .size = CLASSIC_BLOCK_SIZE};
}

static void block_read(struct card *card, unsigned block, uint8_t ret_value[CLASSIC_BLOCK_SIZE])
{
    const struct cells_area area = area_of(&card->memory.classic, block);
    cells_read(card->cells, &area, ret_value);
}

static void trailer_read(struct card *card, unsigned block, uint8_t ret_value[CLASSIC_BLOCK_SIZE])
{
    block_read(card, sector_of(block) * BLOCKS_IN_SECTOR + BLOCKS_IN_SECTOR - 1, ret_value);
}

static void forget(struct classic *classic)
{
    classic->trusted_sector = -1;
    classic->buffer_full = false;
}

static void fail(struct card *card, enum card_status status, struct card_answer *answer)
{
    answer->status = status;
    answer->size = 0;
    forget(&card->memory.classic);
    card_fall_back(card);
}

/* The key of this session, if it may do anything at all in a sector with this trailer. */
static uint8_t session_key(const struct classic *classic, const uint8_t *trailer)
{
    if (!classic->trusted_by_b) {
        return ACCESS_A;
    }
    /* A key B that everybody can read is data, not a key: the card obeys nothing after it. */
    return access_of_trailer(access_bits(trailer, 3))->key_b_read == ACCESS_NEVER ? ACCESS_B
                                                                                  : ACCESS_NEVER;
}

static void authenticate(struct card *card, const uint8_t *bytes, struct card_answer *answer)
{
    struct classic *classic = &card->memory.classic;
    uint8_t trailer[CLASSIC_BLOCK_SIZE];
    bool by_b = bytes[0] == COMMAND_AUTH_B;
    trailer_read(card, bytes[1], trailer);
    const uint8_t *key = trailer + (by_b ? KEY_B_AT : 0);
    const uint8_t *uid = card->uid + card->uid_size - 4;
    if (!access_is_sound(trailer) || memcmp(bytes + 2, key, CLASSIC_KEY_SIZE) != 0 ||
        memcmp(bytes + 2 + CLASSIC_KEY_SIZE, uid, 4) != 0) {
        fail(card, CARD_NOT_TRUSTED, answer);
        return;
    }
    classic->trusted_sector = (int)sector_of(bytes[1]);
    classic->trusted_by_b = by_b;
    classic->buffer_full = false;
}

static void read_trailer(struct card *card, const uint8_t *trailer, uint8_t key,
                         struct card_answer *answer)
{
    const struct access_trailer *access = access_of_trailer(access_bits(trailer, 3));
    if ((access->bits_read & key) == 0) {
        fail(card, CARD_REFUSED, answer);
        return;
    }
    memcpy(answer->bytes, trailer, CLASSIC_BLOCK_SIZE);
    memset(answer->bytes, 0, CLASSIC_KEY_SIZE);
    if ((access->key_b_read & key) == 0) {
        memset(answer->bytes + KEY_B_AT, 0, CLASSIC_KEY_SIZE);
    }
    answer->size = CLASSIC_BLOCK_SIZE;
}

static void read_block(struct card *card, unsigned block, const uint8_t *trailer, uint8_t key,
                       struct card_answer *answer)
{
    if (is_trailer(block)) {
        read_trailer(card, trailer, key, answer);
    } else if ((access_of_data(access_bits(trailer, block % BLOCKS_IN_SECTOR))->read & key) == 0) {
        fail(card, CARD_REFUSED, answer);
    } else {
        block_read(card, block, answer->bytes);
        answer->size = CLASSIC_BLOCK_SIZE;
    }
}

static void program(struct card *card, unsigned block, const uint8_t *value,
                    struct card_answer *answer)
{
    const struct cells_area area = area_of(&card->memory.classic, block);
    if (!cells_write(card->cells, &area, value)) {
        answer->status = CARD_SILENT;
    }
}

static void write_trailer(struct card *card, unsigned block, const uint8_t *value, uint8_t key,
                          struct card_answer *answer)
{
    uint8_t now[CLASSIC_BLOCK_SIZE];
    block_read(card, block, now);
    const struct access_trailer *access = access_of_trailer(access_bits(now, 3));
    bool a = (access->key_a_write & key) != 0;
    bool bits = (access->bits_write & key) != 0;
    bool b = (access->key_b_write & key) != 0;
    if (!a && !bits && !b) {
        fail(card, CARD_REFUSED, answer);
        return;
    }
    if (a) {
        memcpy(now, value, CLASSIC_KEY_SIZE);
    }
    if (bits) {
        memcpy(now + BITS_AT, value + BITS_AT, KEY_B_AT - BITS_AT);
    }
    if (b) {
        memcpy(now + KEY_B_AT, value + KEY_B_AT, CLASSIC_KEY_SIZE);
    }
    program(card, block, now, answer);
}

static void write_block(struct card *card, unsigned block, const uint8_t *value,
                        struct card_answer *answer)
{
    uint8_t trailer[CLASSIC_BLOCK_SIZE];
    trailer_read(card, block, trailer);
    uint8_t key = session_key(&card->memory.classic, trailer);
    const struct access_data *access =
        access_of_data(access_bits(trailer, block % BLOCKS_IN_SECTOR));
    bool is_makers = block == 0;
    if (is_trailer(block)) {
        write_trailer(card, block, value, key, answer);
    } else if (is_makers || (access->write & key) == 0) {
        fail(card, CARD_REFUSED, answer);
    } else {
        program(card, block, value, answer);
    }
}

static bool value_decode(const uint8_t *block, int32_t *ret_value, uint8_t *ret_address)
{
    uint32_t value = bytes_le32(block);
    if (bytes_le32(block + 4) != ~value || bytes_le32(block + 8) != value ||
        block[12] != block[14] || block[13] != block[15] || (block[12] ^ block[13]) != 0xFF) {
        return false;
    }
    *ret_value = (int32_t)value;
    *ret_address = block[12];
    return true;
}

static void value_encode(int32_t value, uint8_t address, uint8_t ret_block[CLASSIC_BLOCK_SIZE])
{
    bytes_put_le32(ret_block, (uint32_t)value);
    bytes_put_le32(ret_block + 4, ~(uint32_t)value);
    bytes_put_le32(ret_block + 8, (uint32_t)value);
    ret_block[12] = address;
    ret_block[13] = (uint8_t)~address;
    ret_block[14] = address;
    ret_block[15] = (uint8_t)~address;
}

static bool change(uint8_t command, int32_t value, int32_t amount, int32_t *ret_value)
{
    switch (command) {
    case COMMAND_INCREMENT:
        return !__builtin_add_overflow(value, amount, ret_value);
    case COMMAND_DECREMENT:
        return !__builtin_sub_overflow(value, amount, ret_value);
    default:
        *ret_value = value;
        return true;
    }
}

/* Increment, decrement, restore: into the volatile buffer. */
static void value_load(struct card *card, const uint8_t *bytes, struct card_answer *answer)
{
    struct classic *classic = &card->memory.classic;
    uint8_t trailer[CLASSIC_BLOCK_SIZE];
    uint8_t block[CLASSIC_BLOCK_SIZE];
    int32_t value = 0;
    trailer_read(card, bytes[1], trailer);
    block_read(card, bytes[1], block);
    const struct access_data *access =
        access_of_data(access_bits(trailer, bytes[1] % BLOCKS_IN_SECTOR));
    uint8_t needed = bytes[0] == COMMAND_INCREMENT ? access->increment : access->decrement;
    if (is_trailer(bytes[1]) || (needed & session_key(classic, trailer)) == 0 ||
        !value_decode(block, &value, &classic->buffer_address) ||
        !change(bytes[0], value, (int32_t)bytes_le32(bytes + 2), &classic->buffer_value)) {
        fail(card, CARD_REFUSED, answer);
        return;
    }
    classic->buffer_full = true;
}

static void value_transfer(struct card *card, unsigned block, struct card_answer *answer)
{
    struct classic *classic = &card->memory.classic;
    uint8_t trailer[CLASSIC_BLOCK_SIZE];
    uint8_t value[CLASSIC_BLOCK_SIZE];
    trailer_read(card, block, trailer);
    const struct access_data *access =
        access_of_data(access_bits(trailer, block % BLOCKS_IN_SECTOR));
    if (is_trailer(block) || block == 0 || !classic->buffer_full ||
        (access->decrement & session_key(classic, trailer)) == 0) {
        fail(card, CARD_REFUSED, answer);
        return;
    }
    value_encode(classic->buffer_value, classic->buffer_address, value);
    program(card, block, value, answer);
}

static bool size_is_right(const uint8_t *bytes, size_t size)
{
    static const struct {
        uint8_t command;
        size_t size;
    } SIZES[] = {
        {COMMAND_AUTH_A, AUTH_SIZE}, {COMMAND_AUTH_B, AUTH_SIZE},
        {COMMAND_READ, 2},           {COMMAND_WRITE, 2 + CLASSIC_BLOCK_SIZE},
        {COMMAND_DECREMENT, 6},      {COMMAND_INCREMENT, 6},
        {COMMAND_RESTORE, 6},        {COMMAND_TRANSFER, 2},
    };
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        if (size >= 2 && bytes[0] == SIZES[i].command) {
            return size == SIZES[i].size;
        }
    }
    return false;
}

static void exchange(struct card *card, const uint8_t *bytes, size_t size,
                     struct card_answer *answer)
{
    struct classic *classic = &card->memory.classic;
    uint8_t trailer[CLASSIC_BLOCK_SIZE];
    *answer = (struct card_answer){.status = CARD_OK};
    if (!size_is_right(bytes, size) || bytes[1] >= CLASSIC_BLOCKS) {
        fail(card, size > 0 ? CARD_REFUSED : CARD_SILENT, answer);
        return;
    }
    if (bytes[0] == COMMAND_AUTH_A || bytes[0] == COMMAND_AUTH_B) {
        authenticate(card, bytes, answer);
        return;
    }
    trailer_read(card, bytes[1], trailer);
    if ((int)sector_of(bytes[1]) != classic->trusted_sector || !access_is_sound(trailer)) {
        fail(card, CARD_REFUSED, answer);
        return;
    }
    if (bytes[0] == COMMAND_READ) {
        read_block(card, bytes[1], trailer, session_key(classic, trailer), answer);
    } else if (bytes[0] == COMMAND_WRITE) {
        write_block(card, bytes[1], bytes + 2, answer);
    } else if (bytes[0] == COMMAND_TRANSFER) {
        value_transfer(card, bytes[1], answer);
    } else {
        value_load(card, bytes, answer);
    }
}

static void power_lost(struct card *card)
{
    struct classic *classic = &card->memory.classic;
    forget(classic);
    for (size_t block = 0; block < CLASSIC_BLOCKS; block++) {
        for (size_t i = 0; i < CLASSIC_BLOCK_SIZE; i++) {
            classic->unstable[block][i] |= classic->weak[block][i];
            classic->weak[block][i] = 0;
        }
    }
}

static void identify(struct card *card, size_t uid_size)
{
    memcpy(card->uid, card->memory.classic.blocks[0], uid_size);
    card->uid_size = uid_size;
    card->atqa[0] = 0x00;
    card->atqa[1] = uid_size == 7 ? 0x44 : 0x04;
    card->sak = SAK_CLASSIC_1K;
    card->ats_size = 0;
}

/* How long the UID in block 0 is: the maker writes ATQA behind it, and a check byte if it is 4. */
static size_t uid_size_of(const uint8_t *block)
{
    bool seven = block[8] == 0x44 && block[9] == 0x00;
    bool checks = (block[0] ^ block[1] ^ block[2] ^ block[3] ^ block[4]) == 0;
    if (seven) {
        return 7;
    }
    return checks ? 4 : 0;
}

static bool load(struct card *card, const uint8_t *image, size_t size)
{
    size_t uid_size = size == CLASSIC_IMAGE_SIZE ? uid_size_of(image) : 0;
    if (uid_size == 0) {
        return false;
    }
    struct classic *classic = &card->memory.classic;
    memset(classic, 0, sizeof(*classic));
    memcpy(classic->blocks, image, CLASSIC_IMAGE_SIZE);
    forget(classic);
    identify(card, uid_size);
    return true;
}

static size_t save(const struct card *card, uint8_t *ret_image, size_t room)
{
    if (room < CLASSIC_IMAGE_SIZE) {
        return 0;
    }
    memcpy(ret_image, card->memory.classic.blocks, CLASSIC_IMAGE_SIZE);
    return CLASSIC_IMAGE_SIZE;
}

/* A card as it leaves the factory: keys FF, transport access bits, the rest zero. */
static bool make(struct card *card, const struct card_uid *uid)
{
    struct classic *classic = &card->memory.classic;
    uint8_t *maker = classic->blocks[0];
    if (uid->size != 4 && uid->size != 7) {
        return false;
    }
    memset(classic, 0, sizeof(*classic));
    forget(classic);
    memcpy(maker, uid->bytes, uid->size);
    size_t at = uid->size;
    if (uid->size == 4) {
        maker[at++] = (uint8_t)(maker[0] ^ maker[1] ^ maker[2] ^ maker[3]);
    }
    maker[at++] = SAK_CLASSIC_1K;
    maker[at] = uid->size == 7 ? 0x44 : 0x04;
    for (unsigned sector = 0; sector < CLASSIC_SECTORS; sector++) {
        static const uint8_t TRANSPORT[4] = {0xFF, 0x07, 0x80, 0x69};
        uint8_t *trailer = classic->blocks[sector * BLOCKS_IN_SECTOR + BLOCKS_IN_SECTOR - 1];
        memset(trailer, 0xFF, CLASSIC_BLOCK_SIZE);
        memcpy(trailer + BITS_AT, TRANSPORT, sizeof(TRANSPORT));
    }
    identify(card, uid->size);
    return true;
}

const struct card_kind CLASSIC_KIND = {
    .name = "classic",
    .speaks_blocks = false,
    .power_lost = power_lost,
    .exchange = exchange,
    .load = load,
    .save = save,
    .make = make,
};
