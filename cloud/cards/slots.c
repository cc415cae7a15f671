/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What raw slots are worth. A slot is believed only if its MAC is right for this card and meter,
 * and if a credit slot is byte for byte what was given out under its number: then whoever made it
 * had our token, and whoever had our keys as well is found out.
 */
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/purse.h"
#include "common/bytes.h"
#include "common/str.h"

struct checking {
    const struct cards *cards;
    struct db *db;
    const struct book_account *account;
    const struct book_card *card;
    struct card_keys keys;
};

/* ---- credit slots ---- */

/* A record for another meter: true for that one, or forged. */
static enum err check_stranger(const struct checking *checking, const struct card_credit *credit,
                               const uint8_t *record, struct card_credit_slot *slot)
{
    struct card_keys keys;
    if (!vault_meter_keys(checking->cards->setup.vault, credit->meter, &keys)) {
        return ERR_INTERNAL;
    }
    const bool good = card_credit_verify(&keys, &checking->card->uid, record);
    bytes_wipe(&keys, sizeof(keys));
    slot->worth = good ? CARD_WORTH_OTHER : CARD_WORTH_FORGED;
    return OK;
}

/* The right MAC: our token of that number, or one that we know nothing of. */
static enum err check_signed(const struct checking *checking, const struct card_credit *credit,
                             const uint8_t *record, struct card_credit_slot *slot)
{
    struct book_token token;
    const struct book_account *account = checking->account;
    enum err err = book_token_load(checking->db, account->meter_id, credit->n, &token);
    const bool unknown = err == ERR_NOT_FOUND;
    if (err != OK && !unknown) {
        return err;
    }
    const bool ours = !unknown && memcmp(token.record, record, CARD_RECORD_SIZE) == 0;
    const bool ahead = credit->n > account->n;
    slot->worth = ours || ahead ? CARD_WORTH_TRUE : CARD_WORTH_FORGED;
    slot->n = credit->n;
    slot->is_newest = ours && credit->n == account->n;
    return OK;
}

/* The wrong MAC: torn in its last block, if all before the MAC is a token of this very card. */
static enum err check_unsigned(const struct checking *checking, const struct card_credit *credit,
                               const uint8_t *record, struct card_credit_slot *slot)
{
    struct book_token token;
    enum err err = book_token_load(checking->db, checking->account->meter_id, credit->n, &token);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    const bool torn = err == OK && str_equal(token.uid_text, checking->card->uid_text) &&
                      memcmp(token.record, record, CARD_RECORD_SIGNED_SIZE) == 0;
    slot->worth = torn ? CARD_WORTH_NOTHING : CARD_WORTH_FORGED;
    return OK;
}

static enum err check_credit(const struct checking *checking, const char *text,
                             struct card_reading *reading, int i)
{
    struct card_credit credit;
    uint8_t record[CARD_RECORD_SIZE];
    struct card_credit_slot *slot = &reading->credit[i];
    *slot = (struct card_credit_slot){.worth = CARD_WORTH_NOTHING};
    if (text[0] == '\0') {
        return OK;
    }
    reading->credit_was_read = true;
    if (!card_record_parse(text, record) ||
        card_credit_decode(record, &credit) != CARD_SLOT_WHOLE) {
        return OK;
    }
    if (memcmp(credit.meter, checking->account->meter, CARD_METER_SIZE) != 0) {
        return check_stranger(checking, &credit, record, slot);
    }
    return card_credit_verify(&checking->keys, &checking->card->uid, record)
               ? check_signed(checking, &credit, record, slot)
               : check_unsigned(checking, &credit, record, slot);
}

/* ---- return slots ---- */

static enum err check_return(const struct checking *checking, const char *text,
                             struct card_return_slot *slot, struct card_return *ret_word)
{
    struct card_return word;
    uint8_t record[CARD_RECORD_SIZE];
    struct card_keys keys;
    *slot = (struct card_return_slot){.worth = CARD_WORTH_NOTHING};
    if (text[0] == '\0' || !card_record_parse(text, record) ||
        card_return_decode(record, &word) != CARD_SLOT_WHOLE) {
        return OK;
    }
    const bool ours = memcmp(word.meter, checking->account->meter, CARD_METER_SIZE) == 0;
    if (!vault_meter_keys(checking->cards->setup.vault, word.meter, &keys)) {
        return ERR_INTERNAL;
    }
    const bool good = card_return_verify(&keys, &checking->card->uid, record);
    bytes_wipe(&keys, sizeof(keys));
    slot->worth = !good ? CARD_WORTH_FORGED : ours ? CARD_WORTH_TRUE : CARD_WORTH_OTHER;
    slot->seq = word.seq;
    slot->n = word.n;
    *ret_word = word;
    return book_total_fits(checking->db, checking->account->meter_id, word.n, word.total_fen,
                           &slot->total_fits);
}

enum err slots_check(const struct cards *cards, struct db *db, const struct book_account *account,
                     const struct book_card *card, const struct slots_raw *raw,
                     struct slots *ret_slots)
{
    if (card->media == API_CARD_CPU) {
        return purse_check(db, account, card, raw->purchase, ret_slots);
    }
    struct checking checking = {.cards = cards, .db = db, .account = account, .card = card};
    struct slots slots = {.reading = {.credit_was_read = false}};
    if (!vault_meter_keys(cards->setup.vault, account->meter, &checking.keys)) {
        return ERR_INTERNAL;
    }
    enum err err = OK;
    for (int i = 0; i < CARD_SLOT_PAIR && err == OK; i++) {
        err = check_credit(&checking, raw->credit[i], &slots.reading, i);
        if (err == OK) {
            err = check_return(&checking, raw->returned[i], &slots.reading.returned[i],
                               &slots.returned[i]);
        }
    }
    bytes_wipe(&checking.keys, sizeof(checking.keys));
    if (err == OK) {
        *ret_slots = slots;
    }
    return err;
}

bool slots_first(const struct card_reading *reading, uint8_t *ret_first)
{
    const bool first = reading->credit[0].worth == CARD_WORTH_TRUE;
    const bool second = reading->credit[1].worth == CARD_WORTH_TRUE;
    *ret_first = first ? 1 : 0;
    return first != second;
}
