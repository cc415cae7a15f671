/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: the card's number, from which its keys are made; then the card proves that it has them
 * and tells its files. A card counts the wrong proofs of those who want to write and is locked
 * after a few, so ours is given only to a card that has proved itself before.
 *
 * Writing: the meter's settings, then the meter's last answer is taken away, and the purchase comes
 * last: with it the card is whole for the meter, and before it the card says what it said. Each
 * file is written under a MAC over a challenge of its own, so a command that was not sent in its
 * round is worth nothing later. A card that holds this very purchase, or of this count another one,
 * or a newer, or anything of another meter or customer, is not written to: what it shows is the end
 * of the rounds.
 */
#include <string.h>

#include "cloud/cards/rounds_kinds.h"
#include "common/bytes.h"
#include "core/card/purchase.h"

/* Answers to the round of the look, in their order. */
enum look { LOOK_PROOF, LOOK_SETTINGS, LOOK_WALLET, LOOK_ANSWER, LOOK_CHALLENGE };

static void put(struct rounds_commands *commands, const struct apdu *apdu)
{
    rounds_put(commands, apdu, PURCHASE_OK);
}

static void put_first(struct rounds_commands *commands)
{
    struct apdu apdu;
    purchase_select(PURCHASE_DF_MASTER, &apdu);
    put(commands, &apdu);
    purchase_read(PURCHASE_SFI_SERIAL, PURCHASE_SERIAL_OFFSET, PURCHASE_SERIAL_SIZE, &apdu);
    put(commands, &apdu);
    purchase_select(PURCHASE_DF_ELECTRICITY, &apdu);
    put(commands, &apdu);
}

static void put_challenge(struct rounds_commands *commands)
{
    struct apdu apdu;
    purchase_challenge(&apdu);
    put(commands, &apdu);
}

/* ---- prove and look ---- */

static void put_look(const struct rounds *rounds, struct rounds_commands *next)
{
    struct apdu apdu;
    purchase_internal(rounds->of.purchase.ours, &apdu);
    put(next, &apdu);
    purchase_read(PURCHASE_SFI_PARAMETERS, 0, PURCHASE_PARAMETERS_SIZE, &apdu);
    put(next, &apdu);
    purchase_read(PURCHASE_SFI_WALLET, 0, PURCHASE_WALLET_SIZE, &apdu);
    put(next, &apdu);
    purchase_read(PURCHASE_SFI_RETURN, 0, PURCHASE_RETURN_SIZE, &apdu);
    put(next, &apdu);
    if (rounds->phase == ROUNDS_WRITING) {
        put_challenge(next);
    }
}

static enum rounds_end take_first(struct rounds *rounds, const struct rounds_means *means,
                                  const struct rounds_answers *answers,
                                  struct rounds_commands *next)
{
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    if (!rounds_is_good(answers, 2, PURCHASE_OK) ||
        !purchase_answer(&answers->apdus[1], serial, sizeof(serial))) {
        return ROUNDS_FAILED;
    }
    if (!means->purchase_keys(means->self, serial, &rounds->of.purchase.keys)) {
        return ROUNDS_NO_KEYS;
    }
    memcpy(rounds->of.purchase.ours, means->random_a, PURCHASE_RANDOM_SIZE);
    put_look(rounds, next);
    rounds->step = ROUNDS_LOOK;
    return ROUNDS_MORE;
}

static enum rounds_end take_proof(const struct rounds_purchase *of,
                                  const struct rounds_answers *answers)
{
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    uint8_t want[PURCHASE_RANDOM_SIZE];
    if (!rounds_is_good(answers, LOOK_PROOF, PURCHASE_OK)) {
        return ROUNDS_FAILED;
    }
    if (!purchase_cryptogram(of->keys.keys[PURCHASE_KEY_INTERNAL], of->ours, want)) {
        return ROUNDS_NO_KEYS;
    }
    return purchase_answer(&answers->apdus[LOOK_PROOF], proof, sizeof(proof)) &&
                   memcmp(proof, want, sizeof(want)) == 0
               ? ROUNDS_DONE
               : ROUNDS_FORGED;
}

static enum rounds_end take_look(struct rounds_purchase *of, const struct rounds_answers *answers)
{
    struct purchase_files *files = &of->files;
    const enum rounds_end end = take_proof(of, answers);
    if (end != ROUNDS_DONE) {
        return end;
    }
    const bool read =
        answers->count > LOOK_ANSWER &&
        purchase_answer(&answers->apdus[LOOK_SETTINGS], files->parameters,
                        sizeof(files->parameters)) &&
        purchase_answer(&answers->apdus[LOOK_WALLET], files->wallet, sizeof(files->wallet)) &&
        purchase_answer(&answers->apdus[LOOK_ANSWER], files->returned, sizeof(files->returned));
    return read ? ROUNDS_DONE : ROUNDS_FAILED;
}

/* ---- writing ---- */

static bool is_of(const uint8_t meter[CARD_METER_SIZE], const uint8_t customer[CARD_METER_SIZE],
                  const struct purchase_parameters *whose)
{
    return memcmp(meter, whose->meter, CARD_METER_SIZE) == 0 &&
           memcmp(customer, whose->customer, CARD_METER_SIZE) == 0;
}

/* The files as core/card sees them, beside those that are to be there. */
static struct card_purchase_reading reading_of(const struct purchase_files *files,
                                               const struct purchase_files *goal)
{
    const struct purchase_wallet is = purchase_wallet_decode(files->wallet);
    const struct purchase_wallet must = purchase_wallet_decode(goal->wallet);
    struct purchase_parameters whose;
    struct purchase_parameters settings;
    struct purchase_return word;
    const bool known = purchase_parameters_decode(goal->parameters, &whose) == PURCHASE_WHOLE;
    const bool set = purchase_parameters_decode(files->parameters, &settings) == PURCHASE_WHOLE;
    const enum purchase_state answer = purchase_return_decode(files->returned, &word);
    struct card_purchase_reading reading = {
        .was_read = true,
        .is_other = !known || (set && !is_of(settings.meter, settings.customer, &whose)),
        .is_fit = memcmp(files->parameters, goal->parameters, sizeof(goal->parameters)) == 0,
        .is_empty = answer == PURCHASE_EMPTY,
        .count = is.count,
        .is_ours = is.count != must.count || is.amount_fen == must.amount_fen,
        .has_word = answer == PURCHASE_WHOLE,
    };
    if (reading.has_word) {
        reading.word_count = word.count;
        reading.is_other = reading.is_other || !is_of(word.meter, word.customer, &whose);
    }
    return reading;
}

/* Nothing is to be written, or must be. */
static bool is_settled(const struct purchase_files *files, const struct purchase_files *goal)
{
    const struct card_purchase_reading reading = reading_of(files, goal);
    const uint32_t count = purchase_wallet_decode(goal->wallet).count;
    return card_purchase_is_confirmed(&reading, count) ||
           !card_purchase_is_writable(&reading, count);
}

/* A command that needs the card's challenge, which is the answer @p i. */
static bool take_challenge(const struct rounds_answers *answers, size_t i,
                           uint8_t ret_random[PURCHASE_RANDOM_SIZE])
{
    return i < answers->count &&
           purchase_answer(&answers->apdus[i], ret_random, PURCHASE_RANDOM_SIZE);
}

static enum rounds_end take_before(struct rounds *rounds, const struct rounds_answers *answers,
                                   struct rounds_commands *next)
{
    struct rounds_purchase *of = &rounds->of.purchase;
    uint8_t random[PURCHASE_RANDOM_SIZE];
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    struct apdu apdu;
    const enum rounds_end end = take_look(of, answers);
    if (end != ROUNDS_DONE || is_settled(&of->files, &of->goal)) {
        return end;
    }
    if (!take_challenge(answers, LOOK_CHALLENGE, random)) {
        return ROUNDS_FAILED;
    }
    if (!purchase_cryptogram(of->keys.keys[PURCHASE_KEY_EXTERNAL], random, proof)) {
        return ROUNDS_NO_KEYS;
    }
    purchase_external(proof, &apdu);
    put(next, &apdu);
    put_challenge(next);
    next->changes = true; /* a wrong one would use up a try */
    rounds->step = ROUNDS_ENTER;
    return ROUNDS_MORE;
}

/* A file of the goal, by the step that writes it. */
static struct purchase_update update_of(const struct rounds_purchase *of, enum rounds_step step)
{
    const bool empties = step == ROUNDS_EMPTY;
    struct purchase_update update = {
        .sfi = PURCHASE_SFI_PARAMETERS,
        .file = of->goal.parameters,
        .size = sizeof(of->goal.parameters),
        .key = of->keys.keys[empties ? PURCHASE_KEY_RETURN : PURCHASE_KEY_WALLET]};
    if (empties) {
        update.sfi = PURCHASE_SFI_RETURN;
        update.file = of->goal.returned;
        update.size = sizeof(of->goal.returned);
    } else if (step == ROUNDS_WALLET) {
        update.sfi = PURCHASE_SFI_WALLET;
        update.file = of->goal.wallet;
        update.size = sizeof(of->goal.wallet);
    }
    return update;
}

/* The last command was taken, and what is written next has a fresh challenge. */
static enum rounds_end go_on(struct rounds *rounds, enum rounds_step step,
                             const struct rounds_answers *answers, struct rounds_commands *next)
{
    uint8_t random[PURCHASE_RANDOM_SIZE];
    struct apdu apdu;
    struct purchase_update update = update_of(&rounds->of.purchase, step);
    update.random = random;
    if (!rounds_is_good(answers, 0, PURCHASE_OK) || !take_challenge(answers, 1, random)) {
        return ROUNDS_FAILED;
    }
    if (!purchase_update(&update, &apdu)) {
        return ROUNDS_NO_KEYS;
    }
    put(next, &apdu);
    if (step != ROUNDS_WALLET) {
        put_challenge(next);
    }
    next->changes = true;
    rounds->step = step;
    return ROUNDS_MORE;
}

static enum rounds_end take_wallet(struct rounds *rounds, const struct rounds_answers *answers,
                                   struct rounds_commands *next)
{
    if (!rounds_is_good(answers, 0, PURCHASE_OK)) {
        return ROUNDS_FAILED;
    }
    bytes_wipe(&rounds->of.purchase.keys, sizeof(rounds->of.purchase.keys)); /* made anew */
    rounds->phase = ROUNDS_PROVING;
    rounds->step = ROUNDS_FIRST;
    put_first(next);
    return ROUNDS_MORE;
}

/* A card that lost its field in between refuses with another word, and counts nothing. */
static bool is_refused(const struct rounds_answers *answers)
{
    enum { TRIES = 0x63C0, TRIES_MASK = 0xFFF0, BLOCKED = 0x6983 };
    uint16_t status = 0;
    const bool said = answers->count > 0 && apdu_answer_status(&answers->apdus[0], &status);
    return said && ((status & TRIES_MASK) == TRIES || status == BLOCKED);
}

/* It says itself that it is another card than the one of its UID. */
static bool is_another(const struct rounds_means *means, const struct rounds_answers *answers)
{
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    return means->serial != NULL && rounds_is_good(answers, 1, PURCHASE_OK) &&
           purchase_answer(&answers->apdus[1], serial, sizeof(serial)) &&
           memcmp(serial, means->serial, sizeof(serial)) != 0;
}

static enum rounds_end take(struct rounds *rounds, const struct rounds_means *means,
                            const struct rounds_answers *answers, struct rounds_commands *next)
{
    switch (rounds->step) {
    case ROUNDS_FIRST:
        return is_another(means, answers) ? ROUNDS_FORGED
                                          : take_first(rounds, means, answers, next);
    case ROUNDS_LOOK:
        return rounds->phase == ROUNDS_WRITING ? take_before(rounds, answers, next)
                                               : take_look(&rounds->of.purchase, answers);
    case ROUNDS_ENTER:
        return is_refused(answers) ? ROUNDS_REFUSED : go_on(rounds, ROUNDS_SETTINGS, answers, next);
    case ROUNDS_SETTINGS:
        return go_on(rounds, ROUNDS_EMPTY, answers, next);
    case ROUNDS_EMPTY:
        return go_on(rounds, ROUNDS_WALLET, answers, next);
    case ROUNDS_WALLET:
        return take_wallet(rounds, answers, next);
    case ROUNDS_OVER:
    case ROUNDS_COMMIT:
        break;
    }
    return ROUNDS_FAILED;
}

static void wipe(struct rounds *rounds)
{
    bytes_wipe(&rounds->of.purchase.keys, sizeof(rounds->of.purchase.keys));
}

const struct rounds_kind ROUNDS_PURCHASE = {.first = put_first, .take = take, .wipe = wipe};
