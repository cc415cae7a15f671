/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: select and ask for a challenge; prove each other the key and read both files. A read
 * command carries no MAC, so it can be sent with our own proof, before the card's is known; what it
 * answers is believed only after that proof was looked at. A write command is made of the session's
 * key and follows when the card has proved itself: write and commit, the only round that changes.
 */
#include <string.h>

#include "cloud/cards/rounds_kinds.h"
#include "common/bytes.h"

static void put_first(struct rounds_commands *commands)
{
    struct apdu apdu;
    desfire_select(DESFIRE_AID_CARD, &apdu);
    rounds_put(commands, &apdu, DESFIRE_OK);
    desfire_prove_begin(DESFIRE_KEY_CREDIT, &apdu);
    rounds_put(commands, &apdu, DESFIRE_MORE);
}

/* ---- prove and look ---- */

/* The bytes of a read command are the same in every session. */
static bool put_read(struct rounds_commands *commands, enum desfire_file file)
{
    struct desfire_session any = {.iv = {0}};
    struct apdu apdu;
    if (!desfire_read(&any, file, &apdu)) {
        return false;
    }
    rounds_put(commands, &apdu, DESFIRE_OK);
    return true;
}

static enum rounds_end take_challenge(struct rounds *rounds, const struct rounds_means *means,
                                      const struct rounds_answers *answers,
                                      struct rounds_commands *next)
{
    const struct desfire_secret secret = {.key = means->key, .random_a = means->random_a};
    const bool reads = rounds->phase == ROUNDS_READING;
    struct apdu apdu;
    if (answers->count != 2 ||
        !desfire_prove_answer(&secret, &answers->apdus[1], &rounds->of.desfire.proof, &apdu)) {
        return ROUNDS_FAILED;
    }
    rounds_put(next, &apdu, DESFIRE_OK);
    if ((reads && !put_read(next, DESFIRE_FILE_RETURN)) || !put_read(next, DESFIRE_FILE_CREDIT)) {
        return ROUNDS_FAILED;
    }
    rounds->step = ROUNDS_LOOK;
    return ROUNDS_MORE;
}

static enum rounds_end take_file(struct rounds_desfire *of, enum desfire_file file,
                                 const struct rounds_answers *answers, size_t i)
{
    struct apdu sent;
    uint8_t *record = file == DESFIRE_FILE_CREDIT ? of->credit : of->returned;
    if (!rounds_is_good(answers, i, DESFIRE_OK)) {
        return ROUNDS_FAILED;
    }
    return desfire_read(&of->session, file, &sent) &&
                   desfire_read_take(&of->session, &answers->apdus[i], record)
               ? ROUNDS_DONE
               : ROUNDS_FORGED;
}

/* Afterwards the session's key is enough. */
static bool end_proof(struct rounds_desfire *of, const struct apdu *answer)
{
    const bool good = desfire_prove_end(&of->proof, answer, &of->session);
    bytes_wipe(&of->proof, sizeof(of->proof));
    return good;
}

static enum rounds_end take_look(struct rounds *rounds, const struct rounds_answers *answers)
{
    struct rounds_desfire *of = &rounds->of.desfire;
    enum rounds_end end = ROUNDS_DONE;
    size_t i = 0;
    if (rounds_is_good(answers, i, DESFIRE_REFUSED)) {
        return ROUNDS_REFUSED;
    }
    if (!rounds_is_good(answers, i, DESFIRE_OK)) {
        return ROUNDS_FAILED;
    }
    if (!end_proof(of, &answers->apdus[i])) {
        return ROUNDS_FORGED;
    }
    if (rounds->phase == ROUNDS_READING) {
        i += 1;
        end = take_file(of, DESFIRE_FILE_RETURN, answers, i);
    }
    return end == ROUNDS_DONE ? take_file(of, DESFIRE_FILE_CREDIT, answers, i + 1) : end;
}

/* ---- writing ---- */

static enum rounds_end take_before(struct rounds *rounds, const struct rounds_answers *answers,
                                   struct rounds_commands *next)
{
    static const uint16_t expects[DESFIRE_WRITE_SIZE] = {DESFIRE_MORE, DESFIRE_OK, DESFIRE_OK};
    struct rounds_desfire *of = &rounds->of.desfire;
    struct apdu commands[DESFIRE_WRITE_SIZE];
    const enum rounds_end end = take_look(rounds, answers);
    if (end != ROUNDS_DONE || memcmp(of->credit, of->token, CARD_RECORD_SIZE) == 0) {
        return end; /* it may be there from a write whose end nobody saw */
    }
    if (!desfire_write(&of->session, DESFIRE_FILE_CREDIT, of->token, commands)) {
        return ROUNDS_FAILED;
    }
    for (size_t i = 0; i < DESFIRE_WRITE_SIZE; i++) {
        rounds_put(next, &commands[i], expects[i]);
    }
    next->changes = true;
    rounds->step = ROUNDS_COMMIT;
    return ROUNDS_MORE;
}

static enum rounds_end take_commit(struct rounds *rounds, const struct rounds_answers *answers,
                                   struct rounds_commands *next)
{
    if (answers->count != DESFIRE_WRITE_SIZE ||
        !rounds_is_good(answers, DESFIRE_WRITE_SIZE - 1, DESFIRE_OK)) {
        return ROUNDS_FAILED;
    }
    if (!desfire_write_take(&rounds->of.desfire.session, answers->apdus)) {
        return ROUNDS_FORGED;
    }
    bytes_wipe(&rounds->of.desfire.session, sizeof(rounds->of.desfire.session));
    rounds->phase = ROUNDS_PROVING;
    rounds->step = ROUNDS_FIRST;
    put_first(next);
    return ROUNDS_MORE;
}

static enum rounds_end take(struct rounds *rounds, const struct rounds_means *means,
                            const struct rounds_answers *answers, struct rounds_commands *next)
{
    if (rounds->step == ROUNDS_FIRST) {
        return take_challenge(rounds, means, answers, next);
    }
    if (rounds->step == ROUNDS_COMMIT) {
        return take_commit(rounds, answers, next);
    }
    return rounds->phase == ROUNDS_WRITING ? take_before(rounds, answers, next)
                                           : take_look(rounds, answers);
}

static void wipe(struct rounds *rounds)
{
    bytes_wipe(&rounds->of.desfire.proof, sizeof(rounds->of.desfire.proof));
    bytes_wipe(&rounds->of.desfire.session, sizeof(rounds->of.desfire.session));
}

const struct rounds_kind ROUNDS_DESFIRE = {.first = put_first, .take = take, .wipe = wipe};
