/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read command carries no MAC, so it can be sent with our own proof, before the card's is known;
 * what it answers is believed only after that proof was looked at. A write command is made of the
 * session's key and follows when the card has proved itself.
 */
#include "cloud/cards/rounds.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

static void put(struct rounds_commands *commands, const struct apdu *apdu, uint16_t expect)
{
    MUST(commands->count < ROUNDS_COMMANDS_MAX);
    commands->apdus[commands->count] = *apdu;
    commands->expects[commands->count] = expect;
    commands->count += 1;
}

/* ---- the first round ---- */

static void ask_challenge(struct rounds *rounds, enum rounds_step step,
                          struct rounds_commands *commands)
{
    struct apdu apdu;
    desfire_select(DESFIRE_AID_CARD, &apdu);
    put(commands, &apdu, DESFIRE_OK);
    desfire_prove_begin(DESFIRE_KEY_CREDIT, &apdu);
    put(commands, &apdu, DESFIRE_MORE);
    rounds->step = step;
}

void rounds_read(struct rounds *rounds, struct rounds_commands *ret_first)
{
    bytes_wipe(rounds, sizeof(*rounds));
    *ret_first = (struct rounds_commands){.count = 0};
    ask_challenge(rounds, ROUNDS_READ_CHALLENGE, ret_first);
}

void rounds_write(struct rounds *rounds, const uint8_t token[CARD_RECORD_SIZE],
                  struct rounds_commands *ret_first)
{
    bytes_wipe(rounds, sizeof(*rounds));
    memcpy(rounds->token, token, CARD_RECORD_SIZE);
    *ret_first = (struct rounds_commands){.count = 0};
    ask_challenge(rounds, ROUNDS_WRITE_CHALLENGE, ret_first);
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
    put(commands, &apdu, DESFIRE_OK);
    return true;
}

static enum rounds_end take_challenge(struct rounds *rounds, const struct rounds_means *means,
                                      const struct rounds_answers *answers,
                                      struct rounds_commands *next)
{
    const struct desfire_secret secret = {.key = means->key, .random_a = means->random_a};
    const bool reads = rounds->step == ROUNDS_READ_CHALLENGE;
    struct apdu apdu;
    if (answers->count != 2 ||
        !desfire_prove_answer(&secret, &answers->apdus[1], &rounds->proof, &apdu)) {
        return ROUNDS_FAILED;
    }
    put(next, &apdu, DESFIRE_OK);
    if ((reads && !put_read(next, DESFIRE_FILE_RETURN)) || !put_read(next, DESFIRE_FILE_CREDIT)) {
        return ROUNDS_FAILED;
    }
    rounds->step = reads                                    ? ROUNDS_READ_LOOK
                   : rounds->step == ROUNDS_WRITE_CHALLENGE ? ROUNDS_WRITE_LOOK
                                                            : ROUNDS_PROVE_LOOK;
    return ROUNDS_MORE;
}

static bool is_good(const struct rounds_answers *answers, size_t i)
{
    uint16_t status = 0;
    return i < answers->count && apdu_answer_status(&answers->apdus[i], &status) &&
           status == DESFIRE_OK;
}

static enum rounds_end take_file(struct rounds *rounds, enum desfire_file file,
                                 const struct rounds_answers *answers, size_t i)
{
    struct apdu sent;
    uint8_t *record = file == DESFIRE_FILE_CREDIT ? rounds->credit : rounds->returned;
    if (!is_good(answers, i)) {
        return ROUNDS_FAILED;
    }
    return desfire_read(&rounds->session, file, &sent) &&
                   desfire_read_take(&rounds->session, &answers->apdus[i], record)
               ? ROUNDS_DONE
               : ROUNDS_FORGED;
}

static enum rounds_end take_look(struct rounds *rounds, const struct rounds_answers *answers)
{
    enum rounds_end end = ROUNDS_DONE;
    size_t i = 0;
    if (!is_good(answers, i)) {
        return ROUNDS_FAILED;
    }
    if (!desfire_prove_end(&rounds->proof, &answers->apdus[i], &rounds->session)) {
        return ROUNDS_FORGED;
    }
    if (rounds->step == ROUNDS_READ_LOOK) {
        i += 1;
        end = take_file(rounds, DESFIRE_FILE_RETURN, answers, i);
    }
    return end == ROUNDS_DONE ? take_file(rounds, DESFIRE_FILE_CREDIT, answers, i + 1) : end;
}

/* ---- writing ---- */

static enum rounds_end take_before(struct rounds *rounds, const struct rounds_answers *answers,
                                   struct rounds_commands *next)
{
    static const uint16_t expects[DESFIRE_WRITE_SIZE] = {DESFIRE_MORE, DESFIRE_OK, DESFIRE_OK};
    struct apdu commands[DESFIRE_WRITE_SIZE];
    const enum rounds_end end = take_look(rounds, answers);
    if (end != ROUNDS_DONE || memcmp(rounds->credit, rounds->token, CARD_RECORD_SIZE) == 0) {
        return end; /* it may be there from a write whose end nobody saw */
    }
    if (!desfire_write(&rounds->session, DESFIRE_FILE_CREDIT, rounds->token, commands)) {
        return ROUNDS_FAILED;
    }
    for (size_t i = 0; i < DESFIRE_WRITE_SIZE; i++) {
        put(next, &commands[i], expects[i]);
    }
    next->changes = true;
    rounds->step = ROUNDS_WRITE_COMMIT;
    return ROUNDS_MORE;
}

static enum rounds_end take_commit(struct rounds *rounds, const struct rounds_answers *answers,
                                   struct rounds_commands *next)
{
    if (answers->count != DESFIRE_WRITE_SIZE || !is_good(answers, DESFIRE_WRITE_SIZE - 1)) {
        return ROUNDS_FAILED;
    }
    if (!desfire_write_take(&rounds->session, answers->apdus)) {
        return ROUNDS_FORGED;
    }
    ask_challenge(rounds, ROUNDS_PROVE_CHALLENGE, next);
    return ROUNDS_MORE;
}

enum rounds_end rounds_take(struct rounds *rounds, const struct rounds_means *means,
                            const struct rounds_answers *answers, struct rounds_commands *ret_next)
{
    enum rounds_end end = ROUNDS_FAILED;
    *ret_next = (struct rounds_commands){.count = 0};
    switch (rounds->step) {
    case ROUNDS_OVER:
        break;
    case ROUNDS_READ_CHALLENGE:
    case ROUNDS_WRITE_CHALLENGE:
    case ROUNDS_PROVE_CHALLENGE:
        end = take_challenge(rounds, means, answers, ret_next);
        break;
    case ROUNDS_READ_LOOK:
    case ROUNDS_PROVE_LOOK:
        end = take_look(rounds, answers);
        break;
    case ROUNDS_WRITE_LOOK:
        end = take_before(rounds, answers, ret_next);
        break;
    case ROUNDS_WRITE_COMMIT:
        end = take_commit(rounds, answers, ret_next);
        break;
    }
    if (end != ROUNDS_MORE) {
        rounds->step = ROUNDS_OVER;
        bytes_wipe(&rounds->proof, sizeof(rounds->proof));
        bytes_wipe(&rounds->session, sizeof(rounds->session));
    }
    return end;
}
