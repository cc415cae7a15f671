/* SPDX-License-Identifier: Apache-2.0 */
/* Giving out: the next token of a meter, and what a terminal needs to write it. */
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/relay.h"
#include "cloud/catalog/catalog.h"
#include "cloud/orders/number.h"
#include "common/bytes.h"
#include "common/crypto/digest.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/card/mifare.h"
#include "protocol/cardauth/cardauth.h"

/* ---- the token ---- */

enum err token_document(const struct cards *cards, struct db *db, const char *kind,
                        char ret_number[ORDER_NUMBER_SIZE])
{
    enum { KIND_LEN = 2 };
    MUST(strlen(kind) == KIND_LEN);
    enum err err = number_next(cards->setup.orders, db, ret_number);
    if (err == OK) {
        memcpy(ret_number, kind, KIND_LEN);
    }
    return err;
}

static enum card_credit_kind wire_kind(enum book_token_kind kind)
{
    switch (kind) {
    case BOOK_PURCHASE:
    case BOOK_CANCEL:
        return CARD_CREDIT_PURCHASE;
    case BOOK_REVERSAL:
    case BOOK_CORRECTION:
        return CARD_CREDIT_REVERSAL;
    case BOOK_REPLACEMENT:
        return CARD_CREDIT_REPLACEMENT;
    case BOOK_TOKEN_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static enum err make_record(const struct cards *cards, struct db *db, const struct book_card *card,
                            const struct book_account *account, struct book_token *token)
{
    struct catalog_meter meter;
    struct card_keys keys;
    enum err err = catalog_meter_get(db, account->meter_id, &meter);
    if (err != OK) {
        return err;
    }
    struct card_credit credit = {
        .kind = wire_kind(token->kind),
        .n = token->n,
        .key_id = account->key_id,
        .total_fen = token->total_fen,
        .amount_fen = (int32_t)token->amount_fen,
        .issued_at = (uint32_t)db_wall_s(db),
        .alarm_fen =
            meter.alarm_fen < (int64_t)CARD_FEN24_MAX ? (uint32_t)meter.alarm_fen : CARD_FEN24_MAX,
    };
    memcpy(credit.meter, account->meter, CARD_METER_SIZE);
    card_credit_encode(&credit, token->record);
    if (!vault_meter_keys(cards->setup.vault, account->meter, &keys)) {
        return ERR_INTERNAL;
    }
    const bool is_signed = card_credit_sign(&keys, &card->uid, token->record);
    bytes_wipe(&keys, sizeof(keys));
    return is_signed ? OK : ERR_INTERNAL;
}

enum err token_issue(const struct cards *cards, struct db *db, const struct book_card *card,
                     struct book_account *account, const struct token_wish *wish,
                     struct book_token *ret_token)
{
    const bool fits = account->n < UINT32_MAX / 2 && wish->total_fen >= 0 &&
                      wish->total_fen <= CARD_TOTAL_FEN_MAX && wish->amount_fen >= INT32_MIN &&
                      wish->amount_fen <= INT32_MAX;
    if (!fits) {
        return ERR_RANGE;
    }
    if (account->key_id != vault_key_id(cards->setup.vault)) {
        log_error("cards: meter %s is under another master key: no token", account->meter_id);
        return ERR_UNSUPPORTED;
    }
    MUST(str_equal(card->meter_id, account->meter_id));
    struct book_token token = {.n = account->n + 1,
                               .kind = wish->kind,
                               .amount_fen = wish->amount_fen,
                               .total_fen = wish->total_fen};
    bool copied = str_copy(token.meter_id, sizeof(token.meter_id), account->meter_id) &&
                  str_copy(token.uid_text, sizeof(token.uid_text), card->uid_text);
    MUST(copied);
    enum err err = OK;
    if (wish->document_no != NULL) {
        copied = str_copy(token.document_no, sizeof(token.document_no), wish->document_no);
        MUST(copied);
    } else {
        err = token_document(cards, db, "CT", token.document_no);
    }
    if (err == OK) {
        err = make_record(cards, db, card, account, &token);
    }
    if (err == OK) {
        err = book_token_insert(db, &token);
    }
    if (err != OK) {
        return err;
    }
    account->n = token.n;
    account->total_fen = token.total_fen;
    *ret_token = token;
    return book_account_save(db, account);
}

/* ---- keys of the card ---- */

struct key_of {
    uint8_t sector;
    char which;
};

/* Read with A, write with B: the record's own conditions (docs/cards.md). */
static const struct key_of READ_KEYS[] = {
    {CARD_SECTOR_CREDIT, 'B'},     {CARD_SECTOR_CREDIT + 1, 'B'}, {CARD_SECTOR_RETURN, 'A'},
    {CARD_SECTOR_RETURN + 1, 'A'}, {CARD_SECTOR_ISSUE, 'A'},
};
enum { WRITE_KEY_COUNT = 2 /* the first two */ };

static enum err fill_keys(const struct cards *cards, const struct book_account *account,
                          const struct card_uid *uid, size_t count, struct api_card_keys *ret_keys)
{
    struct card_keys keys;
    struct api_card_keys out = {.count = count};
    if (!vault_meter_keys(cards->setup.vault, account->meter, &keys)) {
        return ERR_INTERNAL;
    }
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++) {
        uint8_t key[CARD_SECTOR_KEY_SIZE];
        const struct key_of *of = &READ_KEYS[i];
        out.keys[i].sector = of->sector;
        out.keys[i].kind = of->which;
        const bool good =
            card_sector_key(&keys, uid, of->sector, of->which, key) &&
            hex_format(key, sizeof(key), /* separator= */ 0, out.keys[i].key, API_CARD_KEY_SIZE);
        err = good ? OK : ERR_INTERNAL;
        bytes_wipe(key, sizeof(key));
    }
    bytes_wipe(&keys, sizeof(keys));
    if (err == OK) {
        *ret_keys = out;
    }
    bytes_wipe(&out, sizeof(out));
    return err;
}

enum err token_read_keys(const struct cards *cards, const struct book_account *account,
                         const struct card_uid *uid, struct api_card_keys *ret_keys)
{
    return fill_keys(cards, account, uid, ARRAY_COUNT(READ_KEYS), ret_keys);
}

/* ---- the right to write ---- */

bool token_is_for(const struct book_token *token, const struct book_card *card)
{
    return card->media == API_CARD_CPU ? str_equal(token->meter_id, card->meter_id)
                                       : str_equal(token->uid_text, card->uid_text);
}

static enum err seal(const struct cards *cards, const struct token_reader *reader,
                     const struct book_token *token, char ret_text[CARDAUTH_TEXT_SIZE])
{
    struct cardauth auth = {.what = CARDAUTH_WRITE,
                            .uid = reader->card->uid,
                            .n = token->n,
                            .fen = token->amount_fen,
                            .expires_at = reader->wall_s + VAULT_RIGHT_S};
    const bool good = str_copy(auth.terminal, sizeof(auth.terminal), reader->terminal_id) &&
                      str_copy(auth.order, sizeof(auth.order), token->document_no) &&
                      digest_sha256(token->record, sizeof(token->record), auth.token) &&
                      cardauth_seal(&auth, vault_signing_key(cards->setup.vault), ret_text);
    return good ? OK : ERR_INTERNAL;
}

enum err token_write(const struct cards *cards, const struct token_reader *reader,
                     const struct book_token *token, struct api_card_write *ret_write)
{
    if (!token_is_for(token, reader->card)) {
        return ERR_CONFLICT;
    }
    memset(ret_write, 0, sizeof(*ret_write));
    ret_write->n = token->n;
    ret_write->amount_fen = token->amount_fen;
    ret_write->media = reader->card->media;
    bool fits = str_copy(ret_write->order_no, sizeof(ret_write->order_no), token->document_no);
    MUST(fits);
    if (reader->card->media != API_CARD_CLASSIC) {
        relay_first(reader->card->media,
                    &ret_write->script); /* the token goes in a later round, signed for there */
        return OK;
    }
    card_record_format(token->record, ret_write->token);
    _Static_assert((int)CARDAUTH_TEXT_SIZE <= (int)API_CARD_AUTHORISATION_SIZE, "fits");
    enum err err = seal(cards, reader, token, ret_write->authorisation);
    return err == OK ? fill_keys(cards, reader->account, &reader->card->uid, WRITE_KEY_COUNT,
                                 &ret_write->keys)
                     : err;
}
