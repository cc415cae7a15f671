/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/rounds.h"

#include <string.h>

#include "cloud/cards/rounds_kinds.h"
#include "common/bytes.h"
#include "common/must.h"

static const struct rounds_kind *kind_of(enum api_card_media media)
{
    static const struct rounds_kind *const KINDS[API_CARD_MEDIA_COUNT] = {
        [API_CARD_DESFIRE] = &ROUNDS_DESFIRE,
        [API_CARD_CPU] = &ROUNDS_PURCHASE,
    };
    MUST(KINDS[media] != NULL);
    return KINDS[media];
}

void rounds_put(struct rounds_commands *commands, const struct apdu *apdu, uint16_t expect)
{
    MUST(commands->count < ROUNDS_COMMANDS_MAX);
    commands->apdus[commands->count] = *apdu;
    commands->expects[commands->count] = expect;
    commands->count += 1;
}

bool rounds_is_good(const struct rounds_answers *answers, size_t i, uint16_t expect)
{
    uint16_t status = 0;
    return i < answers->count && apdu_answer_status(&answers->apdus[i], &status) &&
           status == expect;
}

static void begin(struct rounds *rounds, enum api_card_media media, enum rounds_phase phase,
                  struct rounds_commands *first)
{
    bytes_wipe(rounds, sizeof(*rounds));
    rounds->media = media;
    rounds->phase = phase;
    rounds->step = ROUNDS_FIRST;
    *first = (struct rounds_commands){.count = 0};
    kind_of(media)->first(first);
}

void rounds_read(struct rounds *rounds, enum api_card_media media,
                 struct rounds_commands *ret_first)
{
    begin(rounds, media, ROUNDS_READING, ret_first);
}

void rounds_write_token(struct rounds *rounds, const uint8_t token[CARD_RECORD_SIZE],
                        struct rounds_commands *ret_first)
{
    begin(rounds, API_CARD_DESFIRE, ROUNDS_WRITING, ret_first);
    memcpy(rounds->of.desfire.token, token, CARD_RECORD_SIZE);
}

void rounds_write_purchase(struct rounds *rounds, const struct purchase_files *goal,
                           struct rounds_commands *ret_first)
{
    begin(rounds, API_CARD_CPU, ROUNDS_WRITING, ret_first);
    rounds->of.purchase.goal = *goal;
}

enum rounds_end rounds_take(struct rounds *rounds, const struct rounds_means *means,
                            const struct rounds_answers *answers, struct rounds_commands *ret_next)
{
    *ret_next = (struct rounds_commands){.count = 0};
    if (rounds->step == ROUNDS_OVER) {
        return ROUNDS_FAILED;
    }
    const struct rounds_kind *kind = kind_of(rounds->media);
    const enum rounds_end end = kind->take(rounds, means, answers, ret_next);
    if (end == ROUNDS_NO_KEYS) {
        *ret_next = (struct rounds_commands){.count = 0};
    } else if (end != ROUNDS_MORE) {
        rounds->step = ROUNDS_OVER;
        *ret_next = (struct rounds_commands){.count = 0};
        kind->wipe(rounds);
    }
    return end;
}
