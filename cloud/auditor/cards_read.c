/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What terminals and the desk read off the cards. Whoever lays a card may have written anything on
 * it, so a record counts only if its MAC is right. Where the master key was not given, the server's
 * own verdict must do: what it refused as forged, of another meter, or not read is passed over.
 */
#include <string.h>

#include "cloud/auditor/cards.h"
#include "common/str.h"

enum {
    SLOTS = 2,
    SLOT_TEXT_LEN = 2 * RECORD_SIZE,
    SETTINGS_TEXT_LEN = 2 * 45,
    WALLET_TEXT_LEN = 2 * RECORD_WALLET_SIZE,
    ANSWER_TEXT_LEN = 2 * RECORD_ANSWER_SIZE,
    TEXT_SIZE = ANSWER_TEXT_LEN + 1,
};

/* The readings of one card: most show what the one before showed. */
struct look {
    struct cards_meter *meter;
    const struct cards_card *card;
    bool is_trusted;               /* the server found nothing forged or strange in this reading */
    bool is_ahead;                 /* ... and its records true, but more than it ever gave out */
    char credit[SLOTS][TEXT_SIZE]; /* as last taken */
    char returned[SLOTS][TEXT_SIZE];
};

static void ahead(const struct look *look, int64_t fen, const char *what, int64_t number)
{
    part_find(look->meter->part, FOUND_CARD_METER_AHEAD,
              (struct part_subject){look->meter->meter_id, fen}, "card %s, %s %lld",
              look->card->uid, what, (long long)number);
}

static bool is_of_card(const struct look *look, const uint8_t meter[RECORD_METER_SIZE])
{
    return look->card->is_whole && memcmp(look->card->issue.meter, meter, RECORD_METER_SIZE) == 0;
}

/* ---- SHL-C1 ---- */

static bool is_true(const struct look *look, enum record_kind kind, const struct record *record)
{
    return cards_can_check(look->meter, look->card, record)
               ? record_is_signed(&look->card->signer, kind, record->bytes)
               : look->is_trusted;
}

static void take_credit(const struct look *look, const uint8_t bytes[RECORD_SIZE])
{
    struct record record;
    if (!record_read(bytes, RECORD_CREDIT, &record) || !is_of_card(look, record.meter)) {
        return;
    }
    struct cards_token *token = cards_find_token(look->meter, record.number);
    if (token != NULL && token->has_bytes && memcmp(token->bytes, bytes, RECORD_SIZE) == 0 &&
        str_equal(token->uid, look->card->uid)) {
        token->was_seen = true;
        return;
    }
    /* None of ours: forged by whoever has no key, or made by somebody who has ours. */
    if (is_true(look, RECORD_CREDIT, &record) && (look->card->has_signer || look->is_ahead)) {
        ahead(look, 0, "it carries a token of ours that was never given out: N", record.number);
    }
}

static void take_return(const struct look *look, const uint8_t bytes[RECORD_SIZE])
{
    struct record record;
    if (!record_read(bytes, RECORD_RETURN, &record) || !is_of_card(look, record.meter) ||
        !is_true(look, RECORD_RETURN, &record)) {
        return;
    }
    struct cards_word *word = cards_add_word(look->meter);
    *word = (struct cards_word){.seq = record.seq,
                                .n = record.number,
                                .total_fen = record.total_fen,
                                .balance_fen = record.fen,
                                .energy = record.energy,
                                .error = record.error};
    memcpy(word->meter, record.meter, RECORD_METER_SIZE);
    memcpy(word->bytes, bytes, RECORD_SIGNED_SIZE);
}

/* One slot; what it or its mirror showed before is not looked at again. */
static void take_slot(struct look *look, char known[SLOTS][TEXT_SIZE], int at, const char *text,
                      size_t size,
                      void (*take)(const struct look *look, const uint8_t bytes[RECORD_SIZE]))
{
    uint8_t bytes[RECORD_SIZE];
    if (size != SLOT_TEXT_LEN || memcmp(known[0], text, size) == 0 ||
        memcmp(known[1], text, size) == 0) {
        return;
    }
    if (look->card->has_signer || look->is_trusted) {
        memcpy(known[at], text, size);
    }
    if (record_hex(text, size, bytes, sizeof(bytes))) {
        take(look, bytes);
    }
}

static void take_slots(struct look *look, char known[SLOTS][TEXT_SIZE], const char *text,
                       void (*take)(const struct look *look, const uint8_t bytes[RECORD_SIZE]))
{
    const size_t first = strcspn(text, " ");
    take_slot(look, known, 0, text, first, take);
    if (text[first] == ' ') {
        take_slot(look, known, 1, text + first + 1, strlen(text + first + 1), take);
    }
}

/* ---- cards that count ---- */

static void see_purchases(struct cards_meter *meter, int64_t from, int64_t to)
{
    for (size_t i = 0; i < meter->token_count; i++) {
        struct cards_token *token = &meter->tokens[i];
        token->was_seen =
            token->was_seen || (token->purchase >= from && token->purchase <= to && from > 0);
    }
}

static void take_wallet(const struct look *look, const char *text, size_t size)
{
    uint8_t bytes[RECORD_WALLET_SIZE];
    if (size != WALLET_TEXT_LEN || !record_hex(text, size, bytes, sizeof(bytes))) {
        return;
    }
    const struct record_wallet wallet = record_wallet_read(bytes);
    for (size_t i = 0; i < look->meter->token_count; i++) {
        const struct cards_token *token = &look->meter->tokens[i];
        if (token->purchase == wallet.count && token->amount_fen == wallet.fen) {
            see_purchases(look->meter, wallet.count, wallet.count);
        }
    }
}

static void take_answer(struct look *look, const char *text, size_t size)
{
    uint8_t bytes[RECORD_ANSWER_SIZE];
    struct record_answer answer;
    if (size != ANSWER_TEXT_LEN || memcmp(look->returned[0], text, size) == 0 ||
        !record_hex(text, size, bytes, sizeof(bytes)) || !record_answer_read(bytes, &answer) ||
        !is_of_card(look, answer.meter)) {
        return;
    }
    memcpy(look->returned[0], text, size);
    struct cards_word *word = cards_add_word(look->meter);
    *word = (struct cards_word){.seq = answer.count, .balance_fen = answer.balance_fen};
    memcpy(word->meter, answer.meter, RECORD_METER_SIZE);
    for (size_t i = 0; i < look->meter->token_count; i++) {
        const struct cards_token *token = &look->meter->tokens[i];
        if (token->purchase > 0 && token->purchase <= answer.count) {
            word->n = token->n;
            word->total_fen += token->amount_fen;
        }
    }
    see_purchases(look->meter, 1, answer.count);
}

/* Its files are read plainly, and have no MAC that anybody could check afterwards. */
static void take_files(struct look *look, const char *credit, const char *returned)
{
    const size_t settings = strcspn(credit, " ");
    if (!look->is_trusted) {
        return;
    }
    if (settings == SETTINGS_TEXT_LEN && credit[settings] == ' ') {
        take_wallet(look, credit + settings + 1, strlen(credit + settings + 1));
    }
    take_answer(look, returned, strcspn(returned, " "));
}

/* ---- the readings ---- */

static bool is_trusted(const char *verdict)
{
    return !str_equal(verdict, "bad_mac") && !str_equal(verdict, "wrong_meter") &&
           !str_equal(verdict, "not_read");
}

static void read_card(struct cards_meter *meter, const struct cards_card *card)
{
    struct look look = {.meter = meter, .card = card};
    sqlite3_stmt *stmt = meter->readings;
    reader_bind_text(stmt, 1, card->uid);
    while (reader_step(&meter->audit->cloud, stmt)) {
        const char *verdict = column_text(stmt, 0);
        look.is_trusted = is_trusted(verdict);
        look.is_ahead = str_equal(verdict, "not_ours");
        if (meter->counts) {
            take_files(&look, column_text(stmt, 1), column_text(stmt, 2));
        } else {
            take_slots(&look, look.credit, column_text(stmt, 1), take_credit);
            take_slots(&look, look.returned, column_text(stmt, 2), take_return);
        }
        meter->audit->work.card_readings += 1;
    }
    reader_reset(stmt);
}

void cards_read(struct cards_meter *meter)
{
    for (size_t i = 0; i < meter->card_count; i++) {
        read_card(meter, &meter->cards[i]);
    }
}
