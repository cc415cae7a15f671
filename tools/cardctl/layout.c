/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: a sector is opened with our key B, else the factory's key A, else with what a cut write
 * of the trailer leaves of a key (our first bytes, the factory's last). Which access bits stand
 * there decides what it is; bits that are neither the factory's nor ours are never written over.
 */
#include "tools/cardctl/layout.h"

#include <string.h>

#include "common/bytes.h"

enum { KEY_B_AT = 10, ACCESS_AT = 6, ACCESS_BITS_SIZE = 3, TRIES = 3 };

static const uint8_t FACTORY_KEY[CARD_SECTOR_KEY_SIZE] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
static const uint8_t FACTORY_ACCESS[ACCESS_BITS_SIZE] = {0xFF, 0x07, 0x80};

static void our_access(uint8_t ret_bytes[MIFARE_ACCESS_SIZE])
{
    mifare_access_encode(&CARD_ACCESS, 0x69, ret_bytes);
}

bool layout_trailer_is_sound(const uint8_t trailer[CARD_BLOCK_SIZE])
{
    uint8_t access[MIFARE_ACCESS_SIZE];
    our_access(access);
    return memcmp(trailer + ACCESS_AT, access, sizeof(access)) == 0;
}

static struct seat_key key_make(char kind, const uint8_t bytes[CARD_SECTOR_KEY_SIZE])
{
    struct seat_key key = {.kind = kind};
    memcpy(key.bytes, bytes, sizeof(key.bytes));
    return key;
}

/* --- one sector ------------------------------------------------------------------------------ */

/* What the access bits make of a sector that @p key has opened. */
static enum sector_state state_of(const uint8_t trailer[CARD_BLOCK_SIZE],
                                  const struct seat_key *key)
{
    uint8_t ours[MIFARE_ACCESS_SIZE];
    our_access(ours);
    if (key->kind == 'A' && memcmp(trailer + ACCESS_AT, FACTORY_ACCESS, ACCESS_BITS_SIZE) == 0) {
        const bool factory = memcmp(key->bytes, FACTORY_KEY, sizeof(FACTORY_KEY)) == 0;
        return factory ? SECTOR_BLANK : SECTOR_BEGUN;
    }
    if (key->kind == 'B' && memcmp(trailer + ACCESS_AT, ours, ACCESS_BITS_SIZE) == 0) {
        return SECTOR_OURS;
    }
    return SECTOR_STRANGE;
}

static enum seat_answer read_data(struct seat *seat, uint8_t sector, struct layout_sector *look)
{
    enum seat_answer answer = SEAT_OK;
    for (uint8_t block = 0; block < CARD_RECORD_BLOCKS && answer == SEAT_OK; block++) {
        answer = seat_read(seat, mifare_block(sector, block),
                           look->data + (size_t)block * CARD_BLOCK_SIZE);
    }
    look->read = answer == SEAT_OK;
    return answer == SEAT_REFUSED ? SEAT_OK : answer;
}

/* SEAT_REFUSED: the key does not open the sector, or may not even read its access bits. */
static enum seat_answer try_key(struct seat *seat, uint8_t sector, const struct seat_key *key,
                                struct layout_sector *ret_sector)
{
    uint8_t trailer[CARD_BLOCK_SIZE];
    enum seat_answer answer = seat_enter(seat, sector, key);
    if (answer == SEAT_OK) {
        answer = seat_read(seat, mifare_block(sector, MIFARE_TRAILER), trailer);
    }
    if (answer != SEAT_OK) {
        return answer;
    }
    struct layout_sector look = {.state = state_of(trailer, key), .key = *key};
    answer = read_data(seat, sector, &look);
    if (answer == SEAT_OK) {
        *ret_sector = look;
    }
    bytes_wipe(&look, sizeof(look));
    return answer;
}

/* Our key B opens it: is key A ours too? A cut write can leave it half. */
static enum seat_answer check_key_a(struct seat *seat, const struct layout_plan *plan,
                                    uint8_t sector, struct layout_sector *look)
{
    struct seat_key key = key_make('A', plan->trailer[sector]);
    const enum seat_answer answer = seat_enter(seat, sector, &key);
    bytes_wipe(&key, sizeof(key));
    if (answer == SEAT_REFUSED) {
        look->state = SECTOR_BEGUN;
        return SEAT_OK;
    }
    return answer;
}

/* A key after a write that was cut behind @p count bytes of it: 0 is the factory's, 6 is ours. */
static struct seat_key key_cut(const struct layout_plan *plan, uint8_t sector, char kind,
                               size_t count)
{
    struct seat_key key = key_make(kind, FACTORY_KEY);
    memcpy(key.bytes, plan->trailer[sector] + (kind == 'B' ? KEY_B_AT : 0), count);
    return key;
}

/* Try what a cut write can have left; SEAT_REFUSED if nothing of it can be written with. */
static enum seat_answer try_cut(struct seat *seat, const struct layout_plan *plan, uint8_t sector,
                                struct layout_sector *look)
{
    static const char kinds[] = {'A', 'B'};
    enum seat_answer answer = SEAT_REFUSED;
    for (size_t i = 0; i < sizeof(kinds) * (CARD_SECTOR_KEY_SIZE + 1); i++) {
        struct seat_key key = key_cut(plan, sector, kinds[i / (CARD_SECTOR_KEY_SIZE + 1)],
                                      i % (CARD_SECTOR_KEY_SIZE + 1));
        answer = try_key(seat, sector, &key, look);
        bytes_wipe(&key, sizeof(key));
        const bool opened = answer == SEAT_OK && look->state != SECTOR_STRANGE;
        if (opened || answer == SEAT_AWAY || answer == SEAT_BROKEN) {
            break;
        }
    }
    if (answer == SEAT_OK && look->state == SECTOR_OURS) {
        look->state = SECTOR_BEGUN;
    }
    return answer;
}

static enum seat_answer look_with_plan(struct seat *seat, const struct layout_plan *plan,
                                       uint8_t sector, struct layout_sector *look)
{
    struct seat_key key_b = key_cut(plan, sector, 'B', CARD_SECTOR_KEY_SIZE);
    enum seat_answer answer = try_key(seat, sector, &key_b, look);
    bytes_wipe(&key_b, sizeof(key_b));
    if (answer == SEAT_OK && look->state == SECTOR_OURS) {
        return check_key_a(seat, plan, sector, look);
    }
    return answer == SEAT_REFUSED ? try_cut(seat, plan, sector, look) : answer;
}

static enum seat_answer look_once(struct seat *seat, const struct layout_plan *plan, uint8_t sector,
                                  struct layout_sector *ret_sector)
{
    struct layout_sector look = {.state = SECTOR_SHUT};
    const struct seat_key factory = key_make('A', FACTORY_KEY);
    enum seat_answer answer = plan != NULL ? look_with_plan(seat, plan, sector, &look)
                                           : try_key(seat, sector, &factory, &look);
    if (answer == SEAT_OK || answer == SEAT_REFUSED) {
        *ret_sector = look;
        answer = SEAT_OK;
    }
    bytes_wipe(&look, sizeof(look));
    return answer;
}

enum seat_answer layout_look_at(struct seat *seat, const struct layout_plan *plan, uint8_t sector,
                                struct layout_sector *ret_sector)
{
    enum seat_answer answer = SEAT_AWAY;
    for (int i = 0; i < TRIES && answer == SEAT_AWAY; i++) {
        answer = look_once(seat, plan, sector, ret_sector);
    }
    return answer;
}

/* --- the card -------------------------------------------------------------------------------- */

enum seat_answer layout_look(struct seat *seat, const struct layout_plan *plan,
                             struct layout *ret_layout)
{
    struct layout layout = {.sector = {{.state = SECTOR_SHUT}}};
    enum seat_answer answer = seat_reset(seat);
    for (uint8_t i = 0; i < MIFARE_SECTORS && answer == SEAT_OK; i++) {
        answer = layout_look_at(seat, plan, i, &layout.sector[i]);
    }
    if (answer == SEAT_OK) {
        *ret_layout = layout;
    }
    bytes_wipe(&layout, sizeof(layout));
    return answer == SEAT_REFUSED ? SEAT_AWAY : answer;
}

int layout_count(const struct layout *layout, enum sector_state state)
{
    int count = 0;
    for (int i = 0; i < MIFARE_SECTORS; i++) {
        count += layout->sector[i].state == state ? 1 : 0;
    }
    return count;
}

bool layout_is_empty(const struct layout *layout, uint8_t sector)
{
    const struct layout_sector *look = &layout->sector[sector];
    if (!look->read) {
        return false;
    }
    const size_t first = sector == 0 ? CARD_BLOCK_SIZE : 0; /* the chip's own block is not ours */
    return bytes_are_zero(look->data + first, CARD_RECORD_SIZE - first);
}

const char *layout_state_name(enum sector_state state)
{
    switch (state) {
    case SECTOR_SHUT:
        return "shut";
    case SECTOR_BLANK:
        return "blank";
    case SECTOR_BEGUN:
        return "begun";
    case SECTOR_OURS:
        return "ours";
    case SECTOR_STRANGE:
        break;
    }
    return "strange";
}
