/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a frame is acknowledged, its command is run at once, the reply is put on the line. A
 * command that waits for a card is kept and run again when a card is laid. What faults do to the
 * bytes of a reply happens in one place, when it is sent.
 */
#include "emulators/cardreader/chip.h"

#include <string.h>

#include "emulators/cardreader/chip_inside.h"

enum {
    WAKE_UP = 0x55,
    FRAME_GAP_US = 300000, /* a frame whose rest does not come is forgotten */
    SAM_CONFIGURATION = 0x14,
};

static const struct {
    uint8_t code;
    chip_command *run;
} COMMANDS[] = {
    {0x00, chip_diagnose},          {0x02, chip_firmware},
    {0x04, chip_general_status},    {0x06, chip_read_registers},
    {0x08, chip_write_registers},   {0x12, chip_set_parameters},
    {0x14, chip_sam_configuration}, {0x16, chip_power_down},
    {0x32, chip_rf_configuration},  {0x40, chip_data_exchange},
    {0x42, chip_communicate_thru},  {0x44, chip_deselect},
    {0x4A, chip_list_targets},      {0x4E, chip_psl},
    {0x52, chip_release},           {0x54, chip_select},
    {0x56, chip_jump_for_dep},      {0x60, chip_auto_poll},
    {0x8C, chip_as_target},
};

void chip_reply_add(struct chip_reply *reply, const uint8_t *bytes, size_t size)
{
    size_t room = sizeof(reply->bytes) - reply->size;
    size_t taken = size < room ? size : room;
    if (taken > 0) {
        memcpy(reply->bytes + reply->size, bytes, taken);
        reply->size += taken;
    }
}

void chip_reply_byte(struct chip_reply *reply, uint8_t byte)
{
    chip_reply_add(reply, &byte, 1);
}

void chip_forget_targets(struct chip *chip)
{
    memset(chip->targets, 0, sizeof(chip->targets));
    chip->current = 0;
    chip->air_card = NULL;
    chip->chain_in_size = 0;
}

static void reset(struct chip *chip, enum chip_power power)
{
    chip->power = power;
    chip->awake = false;
    chip->mute = false;
    chip->has_pending = false;
    chip->last_wire_size = 0;
    chip->parameters = CHIP_PARAMETER_AUTO_RATS;
    chip->select_retries = 0xFF;
    memset(chip->registers, 0, sizeof(chip->registers));
    frame_reset(&chip->parser);
    chip_forget_targets(chip);
    field_switch(chip->field, false);
    line_clear(chip->out);
}

void chip_power_on(struct chip *chip)
{
    reset(chip, CHIP_LOW_VBAT);
}

void chip_power_off(struct chip *chip)
{
    reset(chip, CHIP_DEAD);
}

static void put(struct chip *chip, const uint8_t *bytes, size_t size, const struct fault_hits *hits)
{
    struct line_manner manner = {.now_us = chip->now_us, .pause_us = chip->reply_pause_us};
    if (hits != NULL && hits->by_kind[FAULT_DELAY]) {
        manner.pause_us += (int64_t)hits->last[FAULT_DELAY].value * 1000;
    }
    if (hits != NULL && hits->by_kind[FAULT_STUTTER]) {
        manner.stutter_us = (int64_t)hits->last[FAULT_STUTTER].value * 1000;
    }
    line_put(chip->out, bytes, size, &manner);
}

/* A frame of the reply, as the faults of this command leave it. */
static void put_spoiled(struct chip *chip, const uint8_t *wire, size_t size)
{
    const struct fault_hits *hits = &chip->hits;
    uint8_t bytes[FAULT_HEX_MAX + FRAME_WIRE_MAX];
    size_t at = 0;
    if (hits->by_kind[FAULT_NOISE]) {
        at = hits->last[FAULT_NOISE].size;
        memcpy(bytes, hits->last[FAULT_NOISE].bytes, at);
    }
    memcpy(bytes + at, wire, size);
    const struct fault *flip = &hits->last[FAULT_FLIP];
    if (hits->by_kind[FAULT_FLIP] && flip->value < size) {
        bytes[at + flip->value] ^= (uint8_t)(1U << flip->bit);
    }
    if (hits->by_kind[FAULT_CUT] && hits->last[FAULT_CUT].value < size) {
        size = hits->last[FAULT_CUT].value;
    }
    if (!hits->by_kind[FAULT_DROP]) {
        put(chip, bytes, at + size, hits);
    }
    if (hits->by_kind[FAULT_STRAY]) {
        put(chip, hits->last[FAULT_STRAY].bytes, hits->last[FAULT_STRAY].size, hits);
    }
}

/* True if the chip is in no state to answer any more. */
static bool act_on_outage(struct chip *chip, const struct fault_hits *hits)
{
    if (hits->by_kind[FAULT_UNPLUG]) {
        chip->world.unplug(chip->world.context);
        return true;
    }
    if (hits->by_kind[FAULT_POWER_CUT]) {
        chip_power_on(chip);
        return true;
    }
    if (hits->by_kind[FAULT_MUTE]) {
        uint32_t ms = hits->last[FAULT_MUTE].value;
        chip->mute = true;
        chip->mute_until_us = ms == 0 ? 0 : chip->now_us + (int64_t)ms * 1000;
        return true;
    }
    return false;
}

static void send_reply(struct chip *chip, const struct chip_reply *reply)
{
    if (act_on_outage(chip, &chip->hits)) {
        return;
    }
    if (reply->is_error) {
        put_spoiled(chip, FRAME_ERROR_BYTES, FRAME_ERROR_SIZE);
        return;
    }
    chip->last_wire_size = frame_encode(reply->bytes, reply->size, chip->last_wire);
    put_spoiled(chip, chip->last_wire, chip->last_wire_size);
    if (reply->ends_asleep) {
        field_switch(chip->field, false);
        chip_forget_targets(chip);
        chip->power = CHIP_POWER_DOWN;
        chip->awake = false;
    }
}

static void run(struct chip *chip, const struct frame *frame, struct chip_reply *reply)
{
    *reply = (struct chip_reply){.size = 0};
    chip->reply_pause_us = 0;
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (COMMANDS[i].code == frame->data[0]) {
            chip_reply_byte(reply, (uint8_t)(frame->data[0] + 1));
            COMMANDS[i].run(chip, frame->data + 1, frame->size - 1, reply);
            return;
        }
    }
    reply->is_error = true;
}

static void acknowledge(struct chip *chip)
{
    chip->reply_pause_us = 0;
    if (chip->hits.by_kind[FAULT_NACK]) {
        put(chip, FRAME_NACK_BYTES, FRAME_ACK_SIZE, NULL);
    } else if (!chip->hits.by_kind[FAULT_NO_ACK]) {
        put(chip, FRAME_ACK_BYTES, FRAME_ACK_SIZE, NULL);
    }
}

static void obey(struct chip *chip, const struct frame *frame)
{
    struct chip_reply reply;
    chip->has_pending = false; /* a new command ends a waiting one */
    if (chip->power == CHIP_LOW_VBAT && frame->data[0] != SAM_CONFIGURATION) {
        return;
    }
    chip->counters.commands += 1;
    memset(&chip->hits, 0, sizeof(chip->hits));
    faults_event(chip->faults, FAULT_AT_COMMAND, &chip->hits);
    bool outage = chip->hits.by_kind[FAULT_MUTE] || chip->hits.by_kind[FAULT_POWER_CUT] ||
                  chip->hits.by_kind[FAULT_UNPLUG];
    if (outage) {
        (void)act_on_outage(chip, &chip->hits);
        return;
    }
    acknowledge(chip);
    run(chip, frame, &reply);
    if (reply.waits) {
        chip->pending = *frame;
        chip->has_pending = true;
        return;
    }
    send_reply(chip, &reply);
}

static void abort_pending(struct chip *chip)
{
    chip->counters.aborts += 1;
    if (chip->has_pending) {
        chip->has_pending = false;
        chip->deaf_until_us = chip->now_us + chip->abort_dead_us;
    }
}

static void take_frames(struct chip *chip)
{
    struct frame frame;
    for (;;) {
        switch (frame_next(&chip->parser, &frame)) {
        case FRAME_NONE:
        case FRAME_KIND_COUNT:
            return;
        case FRAME_COMMAND:
            if (!chip->mute && chip->now_us >= chip->deaf_until_us) {
                obey(chip, &frame);
            }
            break;
        case FRAME_ACK:
            abort_pending(chip);
            break;
        case FRAME_NACK:
            if (chip->last_wire_size > 0 && !chip->mute) {
                chip->reply_pause_us = 0;
                put(chip, chip->last_wire, chip->last_wire_size, NULL);
            }
            break;
        case FRAME_BROKEN:
            chip->counters.broken_frames += 1;
            break;
        }
    }
}

/* While asleep everything up to a wake-up byte is lost. Returns how many bytes that were. */
static size_t sleep_through(struct chip *chip, const uint8_t *bytes, size_t size)
{
    if (chip->awake) {
        return 0;
    }
    const uint8_t *wake = memchr(bytes, WAKE_UP, size);
    if (wake == NULL) {
        return size;
    }
    chip->awake = true;
    frame_reset(&chip->parser);
    if (chip->power == CHIP_POWER_DOWN) {
        chip->power = CHIP_NORMAL;
    }
    return (size_t)(wake - bytes);
}

static void end_mute(struct chip *chip)
{
    if (chip->mute && chip->mute_until_us != 0 && chip->now_us >= chip->mute_until_us) {
        chip->mute = false;
    }
}

/* What stands at this byte happens; true if the chip did not survive it. */
static bool byte_passed(struct chip *chip, enum fault_place place)
{
    struct fault_hits *hits = &chip->byte_hits;
    memset(hits, 0, sizeof(*hits));
    faults_event(chip->faults, place, hits);
    while (hits->by_kind[FAULT_REMOVE] && chip->field->count > 0) {
        field_take(chip->field, chip->field->cards[0]);
    }
    if (hits->by_kind[FAULT_SWAP]) {
        chip->world.swap(chip->world.context, hits->last[FAULT_SWAP].name);
    }
    return act_on_outage(chip, hits);
}

void chip_byte_left(struct chip *chip)
{
    (void)byte_passed(chip, FAULT_AT_CHIP_BYTE);
}

static void hear(struct chip *chip, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        at += sleep_through(chip, bytes + at, size - at);
        at += frame_feed(&chip->parser, bytes + at, size - at);
        take_frames(chip);
    }
}

void chip_receive(struct chip *chip, const uint8_t *bytes, size_t size, int64_t now_us)
{
    chip->now_us = now_us;
    end_mute(chip);
    if (chip->power == CHIP_DEAD || size == 0) {
        return;
    }
    if (now_us - chip->last_byte_us > FRAME_GAP_US) {
        frame_reset(&chip->parser);
    }
    chip->last_byte_us = now_us;
    size_t at = 0;
    while (at < size && faults_wait_at(chip->faults, FAULT_AT_HOST_BYTE)) {
        if (byte_passed(chip, FAULT_AT_HOST_BYTE)) {
            return;
        }
        hear(chip, bytes + at, 1);
        at += 1;
    }
    hear(chip, bytes + at, size - at);
}

void chip_turn(struct chip *chip, int64_t now_us)
{
    struct chip_reply reply;
    chip->now_us = now_us;
    end_mute(chip);
    if (!chip->has_pending || chip->mute) {
        return;
    }
    run(chip, &chip->pending, &reply);
    if (!reply.waits) {
        chip->has_pending = false;
        send_reply(chip, &reply);
    }
}

int64_t chip_next_us(const struct chip *chip)
{
    int64_t next_us = chip->has_pending ? chip->pending_until_us : INT64_MAX;
    if (chip->mute && chip->mute_until_us != 0 && chip->mute_until_us < next_us) {
        next_us = chip->mute_until_us;
    }
    return next_us;
}
