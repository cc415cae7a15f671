/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card driver as a model: block by block in the order of drivers/cardd, with the product's own
 * judgement of which slot goes first; what a card does with it is the emulator's. It has no memory
 * of slots that it left torn in an earlier laying, which the real one has.
 */
#include <inttypes.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "protocol/card/mifare.h"
#include "sim/cards/till_inside.h"

enum {
    WRITES = 6, /* blocks of both slots */
    BLOCKS = CARD_RECORD_BLOCKS,
};

static struct plastic_key key_of(const struct api_card_key *key)
{
    struct plastic_key made = {.sector = (uint8_t)key->sector, .kind = key->kind};
    size_t size = 0;
    bool good = hex_parse(key->key, strlen(key->key), made.key, sizeof(made.key), &size, NULL);
    MUST(good && size == sizeof(made.key));
    return made;
}

bool driver_read(const struct api_card_keys *keys, uint8_t sector,
                 uint8_t ret_record[CARD_RECORD_SIZE])
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct plastic_key key = key_of(&keys->keys[i]);
        if (key.sector == sector) {
            return plastic_read(&key, ret_record);
        }
    }
    return false;
}

static bool trust_sector(const struct api_card_keys *keys, uint8_t sector)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct plastic_key key = key_of(&keys->keys[i]);
        if (key.sector == sector) {
            return plastic_trust(&key);
        }
    }
    return false;
}

struct writing {
    struct visit *visit;
    const struct api_card_write *write;
    uint8_t token[CARD_RECORD_SIZE];
    bool touched;
};

/* The sweep cuts the terminal's power before each block, too: then that one is torn. */
static void maybe_go_dark(struct visit *visit)
{
    struct world *world = visit->world;
    if (!world->config.swept) {
        return;
    }
    world->at_block = true;
    world->at_machine = POWER_TERMINAL + visit->till->index;
    kernel_point();
    world->at_block = false;
    if (visit->life != visit->till->terminal.life) {
        struct dice *dice = till_dice(visit->world);
        const uint32_t how = dice_below(dice, PLASTIC_TEARS);
        const uint32_t k = dice_below(dice, CARD_BLOCK_SIZE);
        plastic_tear(1, how, k);
    }
}

static bool write_block(struct writing *writing, uint8_t slot, uint8_t block)
{
    maybe_go_dark(writing->visit);
    writing->touched = true;
    return plastic_write((uint8_t)(CARD_SECTOR_CREDIT + slot), block,
                         writing->token + (size_t)block * CARD_BLOCK_SIZE);
}

/* Read back behind a loss of field: cells may be programmed weakly. */
static bool is_written(const struct writing *writing, uint8_t slot)
{
    uint8_t back[CARD_RECORD_SIZE];
    return (canary_is(CANARY_CARD_FIELD_KEPT) || plastic_reset()) &&
           driver_read(&writing->write->keys, (uint8_t)(CARD_SECTOR_CREDIT + slot), back) &&
           memcmp(back, writing->token, sizeof(back)) == 0;
}

static bool write_slot(struct writing *writing, uint8_t slot)
{
    bool good = trust_sector(&writing->write->keys, (uint8_t)(CARD_SECTOR_CREDIT + slot));
    for (uint8_t block = 0; block < BLOCKS && good; block++) {
        good = write_block(writing, slot, block);
    }
    return good && is_written(writing, slot);
}

/* Planted bug: two copies side by side are as good as one. */
static bool write_as_one(struct writing *writing)
{
    bool good = true;
    for (uint8_t block = 0; block < BLOCKS && good; block++) {
        for (uint8_t slot = 0; slot < CARD_SLOTS && good; slot++) {
            good = trust_sector(&writing->write->keys, (uint8_t)(CARD_SECTOR_CREDIT + slot)) &&
                   write_block(writing, slot, block);
        }
    }
    return good && is_written(writing, 0) && is_written(writing, 1);
}

static bool write_in_turn(struct visit *visit, struct writing *writing)
{
    struct card_slots slots;
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        slots.read[i] =
            driver_read(&writing->write->keys, (uint8_t)(CARD_SECTOR_CREDIT + i), slots.bytes[i]);
    }
    if (plastic_is_gone()) {
        return false;
    }
    struct card_doubts doubts = {.suspect = {visit->suspect[0], visit->suspect[1]}};
    if (writing->write->has_first) {
        doubts.untrue[writing->write->first] = true;
    }
    struct card_write_order order = card_slots_write_order(&slots, writing->token, &doubts);
    if (canary_is(CANARY_CARD_NEWER_OVERWRITTEN)) {
        order = (struct card_write_order){{order.slot[1], order.slot[0]}};
    }
    bool good = true;
    const size_t slots_wanted = canary_is(CANARY_CARD_SLOT_SKIPPED) ? 1 : CARD_SLOTS;
    for (size_t i = 0; i < slots_wanted && good; i++) {
        good = write_slot(writing, order.slot[i]);
        visit->suspect[order.slot[i]] = !good;
    }
    return good;
}

/*
 * I7: what a terminal writes takes no token off a card. Only a slot whose write was cut in this
 * very laying is in doubt, and may be written anew before an older one; even then one token stays.
 */
static void check_slots(const struct visit *visit, const uint32_t before_n[CARD_SLOTS],
                        const bool doubted[CARD_SLOTS])
{
    const struct holder *holder = visit->holder;
    const uint32_t after_n = plastic_meter_best(holder->meter, holder->card);
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        if (before_n[i] > 0 && (after_n == 0 || (!doubted[i] && after_n < before_n[i]))) {
            world_fail(visit->world,
                       "I7: a card with token %u was written to, and the best on it is %u",
                       before_n[i], after_n);
        }
    }
}

/* I7: after "written" both slots hold the token, so that the next cut has one to spare. */
static void check_written(const struct visit *visit, const struct writing *writing)
{
    const struct holder *holder = visit->holder;
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        if (!plastic_holds(holder->card, (uint8_t)i, writing->token)) {
            world_fail(visit->world,
                       "I7: token %" PRId64
                       " was said to be written and verified, and slot %zu of card %s"
                       " is without it",
                       writing->write->n, i + 1, holder->uid);
        }
    }
}

static void maybe_take_away(struct visit *visit)
{
    struct dice *dice = till_dice(visit->world);
    if (world_strikes(visit->world, FAULT_CARD_TORN, DICE_CARDS)) {
        const uint32_t at = dice_below(dice, WRITES);
        const uint32_t how = dice_below(dice, PLASTIC_TEARS);
        const uint32_t k = dice_below(dice, CARD_BLOCK_SIZE);
        plastic_tear(at + 1, how, k);
    } else if (world_strikes(visit->world, FAULT_CARD_PULLED, DICE_CARDS)) {
        const uint32_t at = dice_below(dice, WRITES * WRITES);
        plastic_pull(at + 1);
    } else if (world_strikes(visit->world, FAULT_CARD_WEAK, DICE_CARDS)) {
        const uint32_t at = dice_below(dice, WRITES);
        plastic_weaken(at + 1);
    }
}

enum api_card_outcome driver_write(struct visit *visit, const struct api_card_write *write)
{
    struct holder *holder = visit->holder;
    struct writing writing = {.visit = visit, .write = write};
    size_t size = 0;
    uint32_t before_n[CARD_SLOTS];
    bool doubted[CARD_SLOTS];
    bool good = hex_parse(write->token, strlen(write->token), writing.token, sizeof(writing.token),
                          &size, NULL);
    MUST(good && size == sizeof(writing.token));
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        before_n[i] = plastic_meter_slot(holder->meter, holder->card, (uint8_t)i);
        doubted[i] = visit->suspect[i];
    }
    plastic_lay(holder->card);
    maybe_take_away(visit);
    good = canary_is(CANARY_CARD_SINGLE_SLOT) ? write_as_one(&writing)
                                              : write_in_turn(visit, &writing);
    plastic_keep();
    kernel_trace("written", holder->uid, write->n, plastic_meter_best(holder->meter, holder->card));
    check_slots(visit, before_n, doubted);
    if (good) {
        check_written(visit, &writing);
    }
    visit->world->counts.cards.written += good ? 1 : 0;
    return good ? API_CARD_DONE : writing.touched ? API_CARD_UNKNOWN : API_CARD_NOT_DONE;
}
