/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/explain.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

/* What a card is, by its sectors and the register. */
static const char *standing_of(const struct explain_card *card)
{
    const struct layout *layout = card->layout;
    if (layout == NULL) {
        return "other";
    }
    const int ours = layout_count(layout, SECTOR_OURS);
    const int begun = layout_count(layout, SECTOR_BEGUN);
    const int blank = layout_count(layout, SECTOR_BLANK);
    if (ours == MIFARE_SECTORS) {
        return "finished";
    }
    if (ours + begun > 0) {
        return ours + begun + blank == MIFARE_SECTORS ? "begun" : "spoiled";
    }
    if (blank < MIFARE_SECTORS) {
        return card->asked ? "locked" : "closed";
    }
    for (unsigned i = 0; i < MIFARE_SECTORS; i++) {
        if (!layout_is_empty(layout, (uint8_t)i)) {
            return "used";
        }
    }
    return "blank";
}

/* --- records --------------------------------------------------------------------------------- */

static void put_meter(json_t *json, const char *name, const uint8_t number[CARD_METER_SIZE])
{
    char text[CARD_METER_TEXT_SIZE];
    card_meter_format(number, text);
    json_put_text(json, name, text);
}

static void put_credit(json_t *json, const struct card_credit *credit)
{
    static const char *const kinds[] = {"", "purchase", "reversal", "replacement", "parameters"};
    const bool known = (size_t)credit->kind < ARRAY_COUNT(kinds);
    json_put_text(json, "kind", known ? kinds[credit->kind] : "unknown");
    json_put_int(json, "n", credit->n);
    json_put_int(json, "total_fen", credit->total_fen);
    json_put_int(json, "amount_fen", credit->amount_fen);
    put_meter(json, "meter", credit->meter);
    json_put_int(json, "key_id", credit->key_id);
    json_put_int(json, "issued_at", credit->issued_at);
    json_put_int(json, "alarm_fen", credit->alarm_fen);
    json_put_int(json, "overdraft_fen", credit->overdraft_fen);
}

static void put_return(json_t *json, const struct card_return *word)
{
    json_put_int(json, "seq", word->seq);
    json_put_int(json, "n", word->n);
    json_put_int(json, "total_fen", word->total_fen);
    json_put_int(json, "balance_fen", word->balance_fen);
    json_put_int(json, "energy_10wh", word->energy);
    json_put_int(json, "error", word->error);
    json_put_flag(json, "relay_open", (word->status & CARD_RETURN_RELAY_OPEN) != 0);
    json_put_flag(json, "alarm", (word->status & CARD_RETURN_ALARM) != 0);
    json_put_flag(json, "overdraft", (word->status & CARD_RETURN_OVERDRAFT) != 0);
    json_put_flag(json, "clock_bad", (word->status & CARD_RETURN_CLOCK_BAD) != 0);
    json_put_flag(json, "tamper", (word->status & CARD_RETURN_TAMPER) != 0);
    put_meter(json, "meter", word->meter);
    json_put_int(json, "key_id", word->key_id);
    json_put_int(json, "at", word->at);
}

static enum card_slot_state put_record(json_t *json, enum card_record_kind kind,
                                       const uint8_t bytes[CARD_RECORD_SIZE])
{
    struct card_credit credit;
    struct card_return word;
    enum card_slot_state state = CARD_SLOT_EMPTY;
    if (kind == CARD_RECORD_CREDIT) {
        state = card_credit_decode(bytes, &credit);
        if (state == CARD_SLOT_WHOLE) {
            put_credit(json, &credit);
        }
    } else {
        state = card_return_decode(bytes, &word);
        if (state == CARD_SLOT_WHOLE) {
            put_return(json, &word);
        }
    }
    return state;
}

static const char *slot_name(enum card_slot_state state)
{
    switch (state) {
    case CARD_SLOT_EMPTY:
        return "empty";
    case CARD_SLOT_TORN:
        return "torn";
    case CARD_SLOT_WHOLE:
        return "whole";
    case CARD_SLOT_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* What the server says of slot @p i in its list @p name: "true", "forged", "other", "nothing". */
static const char *worth_of(const json_t *verdict, const char *name, int i)
{
    return json_string_value(json_array_get(json_object_get(verdict, name), (size_t)i));
}

struct pair {
    const char *name; /* in the report and in the server's verdict */
    enum card_record_kind kind;
    uint8_t sector; /* of the first slot */
};

static json_t *slot_json(const struct explain_card *card, const struct pair *pair,
                         const struct card_slots *slots, int i)
{
    json_t *json = json_object();
    char text[CARD_RECORD_TEXT_SIZE];
    if (!slots->read[i]) {
        json_put_text(json, "state", "unread");
        return json;
    }
    const enum card_slot_state state = put_record(json, pair->kind, slots->bytes[i]);
    card_record_format(slots->bytes[i], text);
    json_put_text(json, "state", slot_name(state));
    json_put_text(json, "worth", worth_of(card->verdict, pair->name, i));
    json_put_text(json, "bytes", text);
    return json;
}

static json_t *pair_json(const struct explain_card *card, const struct pair *pair)
{
    const struct card_slots slots = explain_slots(card->layout, pair->sector);
    const struct card_judgement judged = card_slots_judge(pair->kind, &slots);
    json_t *json = json_object();
    json_t *list = json_array();
    for (int i = 0; i < CARD_SLOTS; i++) {
        const bool added = json_array_append_new(list, slot_json(card, pair, &slots, i)) == 0;
        MUST(added);
    }
    json_put(json, "slots", list);
    json_put_flag(json, "equal",
                  slots.read[0] && slots.read[1] &&
                      memcmp(slots.bytes[0], slots.bytes[1], CARD_RECORD_SIZE) == 0);
    json_put_int(json, "winner", judged.winner);
    return json;
}

struct card_slots explain_slots(const struct layout *layout, uint8_t first)
{
    struct card_slots slots = {.read = {false, false}};
    for (unsigned i = 0; i < CARD_SLOTS; i++) {
        const struct layout_sector *sector = &layout->sector[first + i];
        slots.read[i] = sector->read && sector->state == SECTOR_OURS;
        memcpy(slots.bytes[i], sector->data, CARD_RECORD_SIZE);
    }
    return slots;
}

static json_t *issue_json(const struct explain_card *card)
{
    const struct layout_sector *sector = &card->layout->sector[CARD_SECTOR_ISSUE];
    struct card_issue issue;
    json_t *json = json_object();
    if (!sector->read || sector->state != SECTOR_OURS) {
        json_put_text(json, "state", "unread");
        return json;
    }
    const enum card_slot_state state = card_issue_decode(sector->data, &issue);
    json_put_text(json, "state", slot_name(state));
    if (state == CARD_SLOT_WHOLE) {
        json_put_int(json, "issuer", issue.issuer);
        json_put_int(json, "card_no", issue.card_no);
        put_meter(json, "meter", issue.meter);
        put_meter(json, "customer", issue.customer);
        json_put_int(json, "key_id", issue.key_id);
        json_put_int(json, "issued_at", issue.issued_at);
    }
    json_put_flag(json, "as_registered",
                  memcmp(sector->data, card->entry->plan.issue, CARD_RECORD_SIZE) == 0);
    return json;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void put_chip(json_t *json, const struct explain_card *card)
{
    const struct nfc_card *chip = &card->seat->card;
    char uid[CARD_UID_TEXT_SIZE];
    char atqa[8];
    char sak[4];
    char ats[2 * NFC_READER_ATS_SIZE_MAX + 1] = "";
    card_uid_format(&chip->uid, uid);
    str_format_cut(atqa, sizeof(atqa), "%04X", chip->atqa);
    str_format_cut(sak, sizeof(sak), "%02X", chip->sak);
    const bool fits = chip->ats_size == 0 || hex_format(chip->ats, chip->ats_size,
                                                        /* separator= */ 0, ats, sizeof(ats));
    MUST(fits);
    json_put_text(json, "uid", uid);
    json_put_text(json, "atqa", atqa);
    json_put_text(json, "sak", sak);
    json_put_text(json, "ats", ats);
    json_put_text(json, "family", seat_family_name(seat_family(card->seat)));
}

static void put_entry(json_t *json, const struct explain_card *card)
{
    if (card->entry == NULL) {
        json_put_null(json, "register");
        return;
    }
    json_t *entry = json_object();
    json_put_text(entry, "state", card->entry->state);
    json_put_int(entry, "card_no", card->entry->card_no);
    json_put_text(entry, "meter_id", card->entry->meter_id);
    json_put_text(entry, "meter", card->entry->meter);
    json_put(json, "register", entry);
}

static json_t *sectors_json(const struct layout *layout)
{
    json_t *list = json_array();
    for (int i = 0; i < MIFARE_SECTORS; i++) {
        json_t *name = json_string(layout_state_name(layout->sector[i].state));
        const bool added = json_array_append_new(list, name) == 0;
        MUST(added);
    }
    return list;
}

void explain_put_slots(json_t *body, const char *name, const struct card_slots *slots)
{
    json_t *list = json_array();
    for (int i = 0; i < CARD_SLOTS; i++) {
        char text[CARD_RECORD_TEXT_SIZE];
        card_record_format(slots->bytes[i], text);
        json_t *slot = slots->read[i] ? json_string(text) : json_null();
        const bool added = json_array_append_new(list, slot) == 0;
        MUST(added);
    }
    json_put(body, name, list);
}

json_t *explain_json(const struct explain_card *card)
{
    static const struct pair credit = {"credit", CARD_RECORD_CREDIT, CARD_SECTOR_CREDIT};
    static const struct pair word = {"return", CARD_RECORD_RETURN, CARD_SECTOR_RETURN};
    json_t *json = json_object();
    put_chip(json, card);
    json_put_text(json, "standing", standing_of(card));
    json_put_flag(json, "register_asked", card->asked);
    put_entry(json, card);
    if (card->layout != NULL) {
        json_put(json, "sectors", sectors_json(card->layout));
    }
    if (card->layout != NULL && card->entry != NULL) {
        json_put(json, "issue", issue_json(card));
        json_put(json, "credit", pair_json(card, &credit));
        json_put(json, "return", pair_json(card, &word));
    }
    if (card->purchase != NULL) {
        json_put(json, "purchase", explain_purchase_json(card->purchase));
    }
    if (card->verdict != NULL) {
        json_put(json, "verdict", json_deep_copy(card->verdict));
    }
    return json;
}
