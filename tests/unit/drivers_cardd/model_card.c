/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drivers_cardd/model_card.h"

#include <string.h>

static uint8_t *block_of(struct model_card *model, uint8_t block)
{
    return model->bytes + (size_t)block * CARD_BLOCK_SIZE;
}

static enum card_answer fails(struct model_card *model, enum card_answer answer)
{
    model->selected = false;
    model->open = -1;
    return answer;
}

/* What the fault says before the card is even asked; OK: go on. */
static enum card_answer call_begins(struct model_card *model)
{
    model->calls += 1;
    bool is_now = model->calls == model->fault_at;
    if (is_now && model->fault == MODEL_GONE) {
        model->gone = true;
    }
    if (is_now && model->fault == MODEL_READER) {
        model->silent = true;
    }
    if (model->silent) {
        return fails(model, CARD_ANSWER_SILENT);
    }
    if (model->gone || (is_now && model->fault == MODEL_RADIO)) {
        return fails(model, CARD_ANSWER_RADIO);
    }
    return CARD_ANSWER_OK;
}

static enum card_answer call_ends(struct model_card *model)
{
    bool lost = model->calls == model->fault_at && model->fault == MODEL_LOST;
    return lost ? fails(model, CARD_ANSWER_RADIO) : CARD_ANSWER_OK;
}

static enum card_answer on_select(void *self, const struct card_uid *uid)
{
    struct model_card *model = self;
    enum card_answer answer = call_begins(model);
    if (answer == CARD_ANSWER_SILENT) {
        return answer;
    }
    if (answer != CARD_ANSWER_OK || !card_uid_equal(uid, &model->uid)) {
        return fails(model, CARD_ANSWER_NONE);
    }
    model->selected = true;
    model->open = -1;
    return call_ends(model);
}

/* Weak cells forget half of what was written when the power goes. */
static enum card_answer on_reset(void *self)
{
    struct model_card *model = self;
    enum card_answer answer = call_begins(model);
    model->selected = false;
    model->open = -1;
    for (size_t i = 0; i < sizeof(model->weak); i++) {
        if (model->weak[i] != 0) {
            model->bytes[i * CARD_BLOCK_SIZE] ^= 0xFF;
            model->weak[i] = 0;
        }
    }
    return answer == CARD_ANSWER_SILENT ? answer : CARD_ANSWER_OK; /* the reader's own */
}

static enum card_answer on_authenticate(void *self, uint8_t block, char kind,
                                        const uint8_t key[CARD_SECTOR_KEY_SIZE])
{
    struct model_card *model = self;
    (void)kind;
    enum card_answer answer = call_begins(model);
    if (answer != CARD_ANSWER_OK) {
        return answer;
    }
    if (!model->selected) {
        return fails(model, CARD_ANSWER_RADIO);
    }
    int sector = block / MIFARE_SECTOR_BLOCKS;
    if (model->dead[sector] || memcmp(key, model->key, CARD_SECTOR_KEY_SIZE) != 0) {
        return fails(model, CARD_ANSWER_AUTH);
    }
    model->open = sector;
    return call_ends(model);
}

static bool is_open(const struct model_card *model, uint8_t block)
{
    return model->selected && model->open == block / MIFARE_SECTOR_BLOCKS;
}

static enum card_answer on_read(void *self, uint8_t block, uint8_t ret_bytes[CARD_BLOCK_SIZE])
{
    struct model_card *model = self;
    enum card_answer answer = call_begins(model);
    if (answer != CARD_ANSWER_OK) {
        return answer;
    }
    if (!is_open(model, block)) {
        return fails(model, CARD_ANSWER_RADIO);
    }
    memcpy(ret_bytes, block_of(model, block), CARD_BLOCK_SIZE);
    return call_ends(model);
}

/* Half of it is there, and of the rest nobody knows. */
static void tear(uint8_t *block, const uint8_t bytes[CARD_BLOCK_SIZE])
{
    memcpy(block, bytes, CARD_BLOCK_SIZE / 2);
    for (size_t i = CARD_BLOCK_SIZE / 2; i < CARD_BLOCK_SIZE; i++) {
        block[i] ^= 0xFF;
    }
}

static enum card_answer on_write(void *self, uint8_t block, const uint8_t bytes[CARD_BLOCK_SIZE])
{
    struct model_card *model = self;
    enum card_answer answer = call_begins(model);
    if (answer != CARD_ANSWER_OK) {
        return answer;
    }
    if (!is_open(model, block)) {
        return fails(model, CARD_ANSWER_RADIO);
    }
    model->written[model->writes % sizeof(model->written)] = block;
    model->writes += 1;
    bool is_now = model->writes == model->fault_at;
    const bool stuck = model->stuck[block / MIFARE_SECTOR_BLOCKS];
    if (!stuck && is_now && model->fault == MODEL_TORN) {
        tear(block_of(model, block), bytes);
    } else if (!stuck) {
        memcpy(block_of(model, block), bytes, CARD_BLOCK_SIZE);
        model->weak[block] = is_now && model->fault == MODEL_WEAK ? 1 : 0;
    }
    if (is_now && model->fault == MODEL_TORN) {
        model->gone = true;
        return fails(model, CARD_ANSWER_RADIO);
    }
    return call_ends(model);
}

static enum card_answer on_apdu(void *self, const struct apdu *command, struct apdu *ret_answer)
{
    struct model_card *model = self;
    enum card_answer answer = call_begins(model);
    if (answer != CARD_ANSWER_OK) {
        return answer;
    }
    if (!model->selected) {
        return fails(model, CARD_ANSWER_RADIO);
    }
    /* It answers with the command's second byte and 9000, or refuses FF. */
    *ret_answer = (struct apdu){{command->bytes[1], 0x90, 0x00}, 3};
    if (command->bytes[1] == 0xFF) {
        *ret_answer = (struct apdu){{0x6D, 0x00}, 2};
    }
    return call_ends(model);
}

struct card_port model_port(struct model_card *model)
{
    model->open = -1;
    return (struct card_port){.select = on_select,
                              .reset = on_reset,
                              .authenticate = on_authenticate,
                              .read = on_read,
                              .write = on_write,
                              .apdu = on_apdu,
                              .self = model};
}

static void note_slot(void *self, uint8_t slot, bool suspect)
{
    struct model_card *model = self;
    model->suspect[slot] = suspect;
}

static void note_read_retry(void *self)
{
    struct model_card *model = self;
    model->read_retries += 1;
}

static void note_write_retry(void *self)
{
    struct model_card *model = self;
    model->write_retries += 1;
}

struct card_notes model_notes(struct model_card *model)
{
    return (struct card_notes){.slot = note_slot,
                               .read_retry = note_read_retry,
                               .write_retry = note_write_retry,
                               .self = model};
}
