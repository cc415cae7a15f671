/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about cards (UM0701-02, 7.3). */
#include <string.h>

#include "emulators/cardreader/chip_inside.h"

enum {
    TYPE_A_106 = 0x00,
    SAK_ISO_14443_4 = 0x20,
    CASCADE_TAG = 0x88,
    FOREVER = 0xFF,
    POLL_PERIOD_US = 150000,
    POLL_GENERIC_A = 0x00,
    POLL_MIFARE = 0x10,
    POLL_ISO_A = 0x20,
    TRIES_MAX = 3, /* more change nothing: a card that is silent thrice stays silent */
    TARGET_MORE = 0x40,
};

/* The UID that a host names may have the cascade tags of the air protocol in it. */
static size_t plain_uid(const uint8_t *bytes, size_t size, uint8_t ret_uid[CARD_UID_MAX])
{
    size_t at = 0;
    size_t uid_size = 0;
    while (at < size && uid_size < CARD_UID_MAX) {
        bool is_tag = at % 4 == 0 && bytes[at] == CASCADE_TAG && size - at > 4;
        if (!is_tag) {
            ret_uid[uid_size++] = bytes[at];
        }
        at += 1;
    }
    return uid_size;
}

static void add_target(const struct chip *chip, size_t number, struct chip_reply *reply)
{
    const struct card *card = chip->targets[number - 1];
    const uint8_t head[] = {(uint8_t)number, card->atqa[0], card->atqa[1], card->sak,
                            (uint8_t)card->uid_size};
    chip_reply_add(reply, head, sizeof(head));
    chip_reply_add(reply, card->uid, card->uid_size);
    if (card->state == CARD_PROTOCOL) {
        chip_reply_add(reply, card->ats, card->ats_size);
    }
}

/* The selected card as target @p number; where the host wants it, RATS follows at once. */
static void list(struct chip *chip, size_t number, struct card *card)
{
    bool rats = (chip->parameters & CHIP_PARAMETER_AUTO_RATS) != 0;
    if (rats && (card->sak & SAK_ISO_14443_4) != 0) {
        card->state = CARD_PROTOCOL;
    }
    chip->targets[number - 1] = card;
    chip->current = number;
}

static void count_select(struct chip *chip)
{
    if (chip->has_pending) {
        return; /* the same command looks again */
    }
    chip->counters.selects += 1;
    faults_event(chip->faults, FAULT_AT_SELECT, &chip->hits);
    if (chip->hits.by_kind[FAULT_REMOVE]) {
        while (chip->field->count > 0) {
            field_take(chip->field, chip->field->cards[0]);
        }
    }
    if (chip->hits.by_kind[FAULT_SWAP]) {
        chip->world.swap(chip->world.context, chip->hits.last[FAULT_SWAP].name);
    }
}

static struct card *look_for(struct chip *chip, const struct field_search *search)
{
    struct card *card = field_select(chip->field, search);
    chip->reply_pause_us += chip->exchange_us;
    return card;
}

static unsigned tries_of(const struct chip *chip)
{
    unsigned tries = chip->select_retries + 1U;
    return tries > TRIES_MAX ? TRIES_MAX : tries;
}

/* The second of two cards: the first is silenced for it and woken again when it is used. */
static void list_second(struct chip *chip, struct card *first)
{
    const struct field_search any = {.tries = 1};
    enum card_state was = first->state;
    bool was_halted = first->was_halted;
    first->state = CARD_HALT;
    struct card *second = look_for(chip, &any);
    if (second == NULL) {
        first->state = was;
        first->was_halted = was_halted;
        return;
    }
    list(chip, 2, second);
}

void chip_list_targets(struct chip *chip, const uint8_t *bytes, size_t size,
                       struct chip_reply *reply)
{
    uint8_t uid[CARD_UID_MAX];
    struct field_search call = {.tries = tries_of(chip)};
    if (size < 2 || bytes[0] == 0 || bytes[0] > CHIP_TARGETS_MAX) {
        reply->is_error = true;
        return;
    }
    if (bytes[1] != TYPE_A_106) {
        chip_reply_byte(reply, 0); /* no other card is built */
        return;
    }
    count_select(chip);
    chip_forget_targets(chip);
    if (size > 2) {
        call.uid_size = plain_uid(bytes + 2, size - 2, uid);
        call.uid = uid;
    }
    struct card *card = look_for(chip, &call);
    if (card == NULL) {
        reply->waits = chip->select_retries == FOREVER;
        chip->pending_until_us = INT64_MAX;
        chip_reply_byte(reply, 0);
        return;
    }
    list(chip, 1, card);
    if (bytes[0] > 1) {
        list_second(chip, card);
    }
    chip_reply_byte(reply, chip->targets[1] == NULL ? 1 : 2);
    add_target(chip, 1, reply);
    if (chip->targets[1] != NULL) {
        add_target(chip, 2, reply);
    }
}

static uint8_t poll_type_of(const struct card *card, const uint8_t *types, size_t count)
{
    bool iso = (card->sak & SAK_ISO_14443_4) != 0;
    for (size_t i = 0; i < count; i++) {
        if ((types[i] == POLL_ISO_A && iso) || (types[i] == POLL_MIFARE && !iso) ||
            types[i] == POLL_GENERIC_A) {
            return types[i];
        }
    }
    return FOREVER;
}

void chip_auto_poll(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    const struct field_search any = {.tries = TRIES_MAX};
    if (size < 3 || bytes[0] == 0) {
        reply->is_error = true;
        return;
    }
    if (!chip->has_pending) {
        int64_t turn_us = (int64_t)bytes[1] * POLL_PERIOD_US * (int64_t)(size - 2);
        chip->pending_until_us =
            bytes[0] == FOREVER ? INT64_MAX : chip->now_us + bytes[0] * turn_us;
    }
    count_select(chip);
    chip_forget_targets(chip);
    struct card *card = look_for(chip, &any);
    uint8_t type = card == NULL ? FOREVER : poll_type_of(card, bytes + 2, size - 2);
    if (type == FOREVER) {
        reply->waits = chip->now_us < chip->pending_until_us;
        chip_reply_byte(reply, 0);
        return;
    }
    struct chip_reply target = {.size = 0};
    list(chip, 1, card);
    add_target(chip, 1, &target);
    chip_reply_byte(reply, 1);
    chip_reply_byte(reply, type);
    chip_reply_byte(reply, (uint8_t)target.size);
    chip_reply_add(reply, target.bytes, target.size);
}

/* Make target @p number the selected one; false if it is not listed. */
static bool make_current(struct chip *chip, size_t number)
{
    if (number == 0 || number > CHIP_TARGETS_MAX || chip->targets[number - 1] == NULL) {
        return false;
    }
    if (chip->current == number) {
        return true;
    }
    struct card *card = chip->targets[number - 1];
    if (chip->current != 0) {
        field_halt(chip->field, chip->targets[chip->current - 1]);
    }
    const struct field_search call = {.uid = card->uid, .uid_size = card->uid_size, .tries = 1};
    chip->current = number;
    if (field_has(chip->field, card) && look_for(chip, &call) == card) {
        list(chip, number, card);
    }
    return true;
}

static bool goes_wrong_before(const struct chip *chip)
{
    static const enum fault_kind KINDS[] = {FAULT_STATUS, FAULT_MUTE, FAULT_POWER_CUT,
                                            FAULT_UNPLUG};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (chip->hits.by_kind[KINDS[i]] && !chip->hits.last[KINDS[i]].done) {
            return true;
        }
    }
    return false;
}

static void after_exchange(struct chip *chip, struct card *card, struct card_answer *answer)
{
    if (chip->cells->changed) {
        card->write_count += 1;
        chip->world.store(chip->world.context, card);
    }
    if (chip->cells->torn) {
        answer->status = CARD_SILENT;
        answer->size = 0;
        if (chip->cells->torn_stays) {
            field_card_reset(card);
        } else {
            field_take(chip->field, card);
        }
    }
}

typedef void card_exchange(struct card *card, const uint8_t *bytes, size_t size,
                           struct card_answer *ret_answer);

struct chip_message {
    const uint8_t *bytes;
    size_t size;
    card_exchange *run;
};

static void with_faults(struct chip *chip, struct card *card, const struct chip_message *message,
                        struct card_answer *answer)
{
    *answer = (struct card_answer){.status = CARD_SILENT};
    chip->counters.exchanges += 1;
    chip->reply_pause_us += chip->exchange_us;
    faults_event(chip->faults, FAULT_AT_EXCHANGE, &chip->hits);
    if (chip->hits.by_kind[FAULT_REMOVE]) {
        field_take(chip->field, card);
    }
    if (chip->hits.by_kind[FAULT_SWAP]) {
        chip->world.swap(chip->world.context, chip->hits.last[FAULT_SWAP].name);
    }
    cells_begin(chip->cells);
    bool selected = card->state == CARD_ACTIVE || card->state == CARD_PROTOCOL;
    if (!goes_wrong_before(chip) && field_has(chip->field, card) && chip->field->on && selected) {
        message->run(card, message->bytes, message->size, answer);
        after_exchange(chip, card, answer);
    }
    if (chip->hits.by_kind[FAULT_LOSE]) {
        answer->status = CARD_SILENT;
        answer->size = 0;
    }
}

/* The status byte, as a fault may have it, and the answer. */
static void add_answer(const struct chip *chip, const struct card_answer *answer,
                       struct chip_reply *reply)
{
    uint8_t status = (uint8_t)answer->status;
    if (chip->hits.by_kind[FAULT_STATUS]) {
        status = (uint8_t)chip->hits.last[FAULT_STATUS].value;
    }
    chip_reply_byte(reply, status);
    chip_reply_add(reply, answer->bytes, answer->size);
}

void chip_data_exchange(struct chip *chip, const uint8_t *bytes, size_t size,
                        struct chip_reply *reply)
{
    struct card_answer answer = {.status = CARD_OK};
    if (size == 0 || !make_current(chip, bytes[0] & ~(unsigned)TARGET_MORE)) {
        chip_reply_byte(reply, CHIP_STATUS_NO_TARGET);
        return;
    }
    size_t more = size - 1;
    if (chip->chain_in_size + more > CHIP_CHAIN_MAX) {
        chip->chain_in_size = 0;
        chip_reply_byte(reply, 0x07); /* the buffer is not large enough */
        return;
    }
    memcpy(chip->chain_in + chip->chain_in_size, bytes + 1, more);
    chip->chain_in_size += more;
    if ((bytes[0] & TARGET_MORE) != 0) {
        add_answer(chip, &answer, reply);
        return;
    }
    size_t whole = chip->chain_in_size;
    chip->chain_in_size = 0;
    struct card *card = chip->targets[chip->current - 1];
    const struct chip_message message = {chip->chain_in, whole, card->kind->exchange};
    with_faults(chip, card, &message, &answer);
    add_answer(chip, &answer, reply);
}

void chip_communicate_thru(struct chip *chip, const uint8_t *bytes, size_t size,
                           struct chip_reply *reply)
{
    struct card_answer answer = {.status = CARD_SILENT};
    if (chip_air_is_call(chip, bytes, size)) {
        chip_air_call(chip, bytes[0], &answer);
    } else if (chip->current != 0) {
        const struct chip_message message = {bytes, chip_air_strip(chip, bytes, size),
                                             card_raw_exchange};
        with_faults(chip, chip->targets[chip->current - 1], &message, &answer);
        chip_air_dress(chip, &answer);
    } else {
        chip_air_select(chip, bytes, size, &answer);
    }
    add_answer(chip, &answer, reply);
}

/* One target, or with 0 all of them: silence it; where @p forgets, it is not listed any more. */
static void let_go(struct chip *chip, size_t number, bool forgets)
{
    for (size_t i = 0; i < CHIP_TARGETS_MAX; i++) {
        if ((number != 0 && number != i + 1) || chip->targets[i] == NULL) {
            continue;
        }
        field_halt(chip->field, chip->targets[i]);
        chip->current = chip->current == i + 1 ? 0 : chip->current;
        if (forgets) {
            chip->targets[i] = NULL;
        }
    }
}

void chip_deselect(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    let_go(chip, size == 0 ? 0 : bytes[0], false);
    chip_reply_byte(reply, CARD_OK);
}

void chip_release(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    let_go(chip, size == 0 ? 0 : bytes[0], true);
    chip_reply_byte(reply, CARD_OK);
}

void chip_select(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    bool listed = size > 0 && make_current(chip, bytes[0]);
    chip_reply_byte(reply, listed ? CARD_OK : CHIP_STATUS_NO_TARGET);
}

void chip_psl(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    bool listed = size > 0 && make_current(chip, bytes[0]);
    chip_reply_byte(reply, listed ? CARD_OK : CHIP_STATUS_NO_TARGET);
}

void chip_jump_for_dep(struct chip *chip, const uint8_t *bytes, size_t size,
                       struct chip_reply *reply)
{
    (void)chip;
    (void)bytes;
    (void)size;
    chip_reply_byte(reply, CARD_SILENT); /* no other reader is in the field */
}

void chip_as_target(struct chip *chip, const uint8_t *bytes, size_t size, struct chip_reply *reply)
{
    (void)bytes;
    (void)size;
    chip->pending_until_us = INT64_MAX;
    reply->waits = true; /* nobody will ever come */
}
