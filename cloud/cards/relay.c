/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/relay.h"

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

struct relay *relay_create(enum api_card_media media, const struct card_uid *uid,
                           const uint8_t meter[CARD_METER_SIZE])
{
    struct relay *relay = calloc(1, sizeof(*relay));
    if (relay != NULL) {
        relay->media = media;
        relay->uid = *uid;
        memcpy(relay->meter, meter, CARD_METER_SIZE);
    }
    return relay;
}

void relay_destroy(struct relay *relay)
{
    if (relay != NULL) {
        bytes_wipe(relay, sizeof(*relay));
        free(relay);
    }
}

/* ---- beginning ---- */

void relay_read(struct relay *relay)
{
    relay->token = (struct book_token){.n = 0};
    relay->authorisation[0] = '\0';
    relay->round = 1;
    rounds_read(&relay->rounds, relay->media, &relay->commands);
}

void relay_write(struct relay *relay, const struct book_token *token,
                 const struct purchase_files *goal)
{
    relay->token = *token;
    relay->authorisation[0] = '\0';
    relay->round = 1;
    if (goal != NULL) {
        rounds_write_purchase(&relay->rounds, goal, &relay->commands);
    } else {
        rounds_write_token(&relay->rounds, token->record, &relay->commands);
    }
}

static void script_fill(const struct rounds_commands *commands, int64_t round,
                        struct api_card_script *script)
{
    _Static_assert((int)ROUNDS_COMMANDS_MAX <= (int)API_CARD_APDUS_MAX, "a round fits");
    _Static_assert((int)API_CARD_APDU_SIZE >= (int)APDU_TEXT_SIZE, "a command fits");
    script->count = commands->count;
    script->round = round;
    for (size_t i = 0; i < commands->count; i++) {
        apdu_format(&commands->apdus[i], script->apdus[i].apdu);
        str_format_cut(script->apdus[i].expect, API_CARD_EXPECT_SIZE, "%04X", commands->expects[i]);
    }
}

void relay_first(enum api_card_media media, struct api_card_script *ret_script)
{
    struct rounds rounds;
    struct rounds_commands commands;
    rounds_read(&rounds, media, &commands);
    script_fill(&commands, 1, ret_script);
}

void relay_script(const struct relay *relay, struct api_card_script *ret_script)
{
    script_fill(&relay->commands, relay->round, ret_script);
}

/* ---- answers ---- */

/* An answer that is none counts as missing, and so does what follows it. */
static void answers_read(const struct relay_answers *answers, struct rounds_answers *ret_answers)
{
    ret_answers->count = 0;
    while (ret_answers->count < answers->count && ret_answers->count < ROUNDS_COMMANDS_MAX &&
           apdu_parse(answers->answers[ret_answers->count].apdu,
                      &ret_answers->apdus[ret_answers->count])) {
        ret_answers->count += 1;
    }
}

/* The key of a DESFire card; nothing for others. */
static bool key_make(const struct relay *relay, const struct vault *vault,
                     uint8_t ret_key[CARD_KEY_SIZE])
{
    struct card_keys keys;
    memset(ret_key, 0, CARD_KEY_SIZE);
    if (relay->media != API_CARD_DESFIRE) {
        return true;
    }
    if (!vault_meter_keys(vault, relay->meter, &keys)) {
        return false;
    }
    const bool made = card_desfire_key(&keys, &relay->uid, DESFIRE_KEY_CREDIT, ret_key);
    bytes_wipe(&keys, sizeof(keys));
    return made;
}

/* @p self is a vault that is only read. */
static bool keys_of_card(void *self, const uint8_t serial[PURCHASE_SERIAL_SIZE],
                         struct purchase_keys *ret_keys)
{
    const struct vault *const *vault = self;
    return vault_purchase_keys(*vault, serial, ret_keys);
}

enum err relay_take(struct relay *relay, const struct vault *vault, const struct rng_port *rng,
                    const struct relay_answers *answers, enum rounds_end *ret_end)
{
    uint8_t key[CARD_KEY_SIZE];
    uint8_t random_a[DESFIRE_RANDOM_SIZE];
    struct rounds_answers said;
    struct rounds_commands commands;
    if (answers->round > 0 && answers->round == relay->round - 1) {
        *ret_end = relay->last;
        return OK;
    }
    if (relay->round == 0 || answers->round != relay->round) {
        return ERR_CONFLICT;
    }
    if (!key_make(relay, vault, key)) {
        return ERR_INTERNAL;
    }
    rng_fill(rng, random_a, sizeof(random_a));
    answers_read(answers, &said);
    const struct rounds_means means = {.key = key,
                                       .random_a = random_a,
                                       .serial = relay->has_serial ? relay->serial : NULL,
                                       .purchase_keys = keys_of_card,
                                       .self = &vault};
    const enum rounds_end end = rounds_take(&relay->rounds, &means, &said, &commands);
    bytes_wipe(key, sizeof(key));
    bytes_wipe(random_a, sizeof(random_a));
    if (end == ROUNDS_NO_KEYS) {
        return ERR_INTERNAL;
    }
    relay->last = end;
    relay->commands = commands;
    relay->authorisation[0] = '\0';
    relay->round += 1;
    *ret_end = end;
    return OK;
}

/* ---- the right to change the card ---- */

static bool digest_commands(const struct rounds_commands *commands,
                            uint8_t ret_digest[DIGEST_SHA256_SIZE])
{
    uint8_t bound[ROUNDS_COMMANDS_MAX * APDU_BOUND_SIZE_MAX];
    size_t size = 0;
    for (size_t i = 0; i < commands->count; i++) {
        size += apdu_bind(&commands->apdus[i], &commands->expects[i], bound + size);
    }
    return digest_sha256(bound, size, ret_digest);
}

enum err relay_sign(struct relay *relay, const struct vault *vault, const char *terminal_id,
                    int64_t wall_s)
{
    if (!relay->commands.changes || relay->authorisation[0] != '\0') {
        return OK;
    }
    struct cardauth auth = {.what = CARDAUTH_RELAY,
                            .uid = relay->uid,
                            .n = relay->token.n,
                            .fen = relay->token.amount_fen,
                            .expires_at = wall_s + VAULT_RIGHT_S};
    const bool good = str_copy(auth.terminal, sizeof(auth.terminal), terminal_id) &&
                      str_copy(auth.order, sizeof(auth.order), relay->token.document_no) &&
                      digest_commands(&relay->commands, auth.token) &&
                      cardauth_seal(&auth, vault_signing_key(vault), relay->authorisation);
    return good ? OK : ERR_INTERNAL;
}
