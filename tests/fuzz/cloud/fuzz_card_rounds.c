/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rounds with a relayed card, whatever it answers. Byte 0 says what is done: read or write, a
 * DESFire or a purchase card. Then the answers, each a length and as many bytes; FF stands for the
 * right proof of a purchase card, FE for a challenge, FD for 9000, FC ends a round.
 */
#include <string.h>

#include "cloud/cards/rounds.h"
#include "common/bytes.h"
#include "common/must.h"

enum {
    PROOF = 0xFF,
    CHALLENGE = 0xFE,
    DONE = 0xFD,
    END = 0xFC,
    ROUNDS_MAX = 32,
    STATUS = 0x9000,
};

/* Of all cards; and ours is all zeros. */
static bool keys_of(void *self, const uint8_t serial[PURCHASE_SERIAL_SIZE],
                    struct purchase_keys *ret_keys)
{
    (void)self;
    memset(ret_keys, serial[0], sizeof(*ret_keys));
    return serial[0] != 1;
}

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t next(struct input *input)
{
    if (input->size == 0) {
        return END;
    }
    input->size -= 1;
    return *input->data++;
}

static void add(struct apdu *apdu, const uint8_t *bytes, size_t size, bool good)
{
    memcpy(apdu->bytes, bytes, size);
    apdu->size = size;
    if (good) {
        put_be16(apdu->bytes + size, STATUS);
        apdu->size += 2;
    }
}

/* False: the round ends before it. */
static bool answer(struct input *input, const struct rounds *rounds, struct apdu *ret_apdu)
{
    static const uint8_t zeros[PURCHASE_RANDOM_SIZE];
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    const uint8_t what = next(input);
    if (what == END) {
        return false;
    }
    if (what == PROOF && rounds->media == API_CARD_CPU) {
        MUST(purchase_cryptogram(rounds->of.purchase.keys.keys[PURCHASE_KEY_INTERNAL],
                                 rounds->of.purchase.ours, proof));
        add(ret_apdu, proof, sizeof(proof), true);
    } else if (what >= DONE) {
        add(ret_apdu, zeros, what == DONE ? 0 : sizeof(zeros), true);
    } else {
        const size_t size = what < input->size ? what : input->size;
        add(ret_apdu, input->data, size, false);
        input->data += size;
        input->size -= size;
    }
    return true;
}

static void check(const struct rounds_commands *commands, enum rounds_end end)
{
    MUST((end == ROUNDS_MORE) == (commands->count > 0));
    for (size_t i = 0; i < commands->count; i++) {
        struct apdu_command command;
        MUST(apdu_decode(&commands->apdus[i], &command));
        MUST(commands->changes || apdu_is_harmless(&commands->apdus[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[CARD_KEY_SIZE];
    static const uint8_t token[CARD_RECORD_SIZE];
    static const struct purchase_parameters settings = {.kind = PURCHASE_BUY};
    struct purchase_files goal = {.wallet = {0, 0, 0x13, 0x88, 0, 0, 0, 2}};
    struct input input = {data, size};
    struct rounds rounds;
    struct rounds_commands commands;
    struct rounds_answers answers;
    const struct rounds_means means = {.key = key, .random_a = key, .purchase_keys = keys_of};
    const uint8_t what = next(&input);
    purchase_parameters_encode(&settings, goal.parameters);
    if ((what & 1U) == 0) {
        rounds_read(&rounds, (what & 2U) != 0 ? API_CARD_CPU : API_CARD_DESFIRE, &commands);
    } else if ((what & 2U) != 0) {
        rounds_write_purchase(&rounds, &goal, &commands);
    } else {
        rounds_write_token(&rounds, token, &commands);
    }
    for (int i = 0; i < ROUNDS_MAX; i++) {
        answers.count = 0;
        while (answers.count < ROUNDS_COMMANDS_MAX &&
               answer(&input, &rounds, &answers.apdus[answers.count])) {
            answers.count += 1;
        }
        const enum rounds_step before = rounds.step;
        const enum rounds_end end = rounds_take(&rounds, &means, &answers, &commands);
        check(&commands, end);
        MUST(end == ROUNDS_MORE || rounds.step == (end == ROUNDS_NO_KEYS ? before : ROUNDS_OVER));
    }
    return 0;
}
