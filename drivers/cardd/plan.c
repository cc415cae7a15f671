/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: a card is selected, a sector opened with its key, three blocks read or written. After any
 * error the card is selected anew. A read is repeated; a write never is before its slot has been
 * read back with the field switched off in between, because weakly programmed cells may read well
 * as long as the power stays. A slot counts as written only if every one of its writes was
 * acknowledged and the read-back is equal: a write that was cut short is repeated even if it reads
 * well.
 *
 * What is not handled: nobody can tell a slot that another terminal's write left weak and that
 * reads well now.
 */
#include "drivers/cardd/plan.h"

#include <string.h>

#include "common/must.h"
#include "protocol/card/mifare.h"

enum { TRIES = 3 };

struct work {
    const struct plan_card *card;
    bool selected;
    bool sent; /* a write command left */
};

/* --- sectors --------------------------------------------------------------------------------- */

static const struct card_port *port_of(const struct work *work)
{
    return work->card->port;
}

/* The key that opens a sector for what is to be done; NULL if it was not given. */
static const struct cardlink_key *key_for(const struct work *work, uint8_t sector, char first,
                                          char second)
{
    const struct cardlink_key *key = cardlink_key_find(work->card->keys, sector, first);
    return key != NULL || second == '\0' ? key
                                         : cardlink_key_find(work->card->keys, sector, second);
}

static enum card_answer sector_open(struct work *work, const struct cardlink_key *key)
{
    const struct card_port *port = port_of(work);
    if (!work->selected) {
        enum card_answer answer = port->select(port->self, work->card->uid);
        if (answer != CARD_ANSWER_OK) {
            return answer;
        }
        work->selected = true;
    }
    uint8_t block = mifare_block(key->sector, MIFARE_TRAILER);
    enum card_answer answer = port->authenticate(port->self, block, key->kind, key->key);
    work->selected = answer == CARD_ANSWER_OK;
    return answer;
}

static enum card_answer blocks_read(struct work *work, uint8_t sector,
                                    uint8_t ret_record[CARD_RECORD_SIZE])
{
    const struct card_port *port = port_of(work);
    for (size_t i = 0; i < CARD_RECORD_BLOCKS; i++) {
        enum card_answer answer = port->read(port->self, mifare_block(sector, (uint8_t)i),
                                             ret_record + i * CARD_BLOCK_SIZE);
        if (answer != CARD_ANSWER_OK) {
            work->selected = false;
            return answer;
        }
    }
    return CARD_ANSWER_OK;
}

static bool is_lost(enum card_answer answer)
{
    return answer == CARD_ANSWER_SILENT || answer == CARD_ANSWER_LINE;
}

/* Read a record, three times if need be. */
static enum card_answer record_read(struct work *work, const struct cardlink_key *key,
                                    struct cardlink_record *ret_record)
{
    const struct card_notes *notes = work->card->notes;
    enum card_answer answer = CARD_ANSWER_NONE;
    for (int i = 0; i < TRIES; i++) {
        struct cardlink_record record = {.read = true};
        answer = sector_open(work, key);
        if (answer == CARD_ANSWER_OK) {
            answer = blocks_read(work, key->sector, record.bytes);
        }
        if (answer == CARD_ANSWER_OK) {
            *ret_record = record;
            return CARD_ANSWER_OK;
        }
        if (is_lost(answer)) {
            break;
        }
        if (i + 1 < TRIES) {
            notes->read_retry(notes->self);
        }
    }
    ret_record->read = false;
    return answer;
}

/* Select the card anew: one that does not answer at once may at the second try, and some readers
 * find numbers of seven bytes at every second call only. */
static enum card_answer select_surely(struct work *work)
{
    const struct card_port *port = port_of(work);
    enum card_answer answer = CARD_ANSWER_NONE;
    for (int i = 0; i < TRIES && answer != CARD_ANSWER_OK && !is_lost(answer); i++) {
        answer = port->select(port->self, work->card->uid);
    }
    work->selected = answer == CARD_ANSWER_OK;
    return answer;
}

/* What an answer that did not go away means: a card that still lets itself be selected is damaged,
 * the other one has gone. */
static enum cardlink_error error_of(struct work *work, enum card_answer answer)
{
    switch (answer) {
    case CARD_ANSWER_OK:
        return CARDLINK_OK;
    case CARD_ANSWER_NONE:
        return CARDLINK_CARD_GONE;
    case CARD_ANSWER_SILENT:
    case CARD_ANSWER_LINE:
        return CARDLINK_READER;
    case CARD_ANSWER_AUTH:
    case CARD_ANSWER_RADIO:
        break;
    case CARD_ANSWER_COUNT:
        MUST_NOT_REACH();
    }
    enum card_answer now = select_surely(work);
    if (is_lost(now)) {
        return CARDLINK_READER;
    }
    if (now != CARD_ANSWER_OK) {
        return CARDLINK_CARD_GONE;
    }
    return answer == CARD_ANSWER_AUTH ? CARDLINK_AUTH : CARDLINK_DAMAGED;
}

/* --- read ------------------------------------------------------------------------------------ */

struct reading {
    size_t read;
    size_t failed;
    enum cardlink_error error; /* the first */
    bool over;                 /* card or reader are gone: no use in going on */
};

static void read_one(struct work *work, struct reading *reading, const struct cardlink_key *key,
                     struct cardlink_record *ret_record)
{
    if (key == NULL || reading->over) {
        return;
    }
    enum card_answer answer = record_read(work, key, ret_record);
    if (answer == CARD_ANSWER_OK) {
        reading->read += 1;
        return;
    }
    enum cardlink_error error = error_of(work, answer);
    reading->failed += 1;
    reading->error = reading->error == CARDLINK_OK ? error : reading->error;
    reading->over = error == CARDLINK_CARD_GONE || error == CARDLINK_READER;
    if (reading->over) {
        reading->error = error;
    }
}

void plan_read(const struct plan_card *card, struct cardlink_report *ret_report)
{
    struct work work = {.card = card};
    struct reading reading = {.error = CARDLINK_OK};
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        uint8_t sector = (uint8_t)(CARD_SECTOR_CREDIT + i);
        read_one(&work, &reading, key_for(&work, sector, 'B', 'A'), &ret_report->credit[i]);
    }
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        uint8_t sector = (uint8_t)(CARD_SECTOR_RETURN + i);
        read_one(&work, &reading, key_for(&work, sector, 'A', 'B'), &ret_report->returns[i]);
    }
    read_one(&work, &reading, key_for(&work, CARD_SECTOR_ISSUE, 'A', 'B'), &ret_report->issue);

    bool done = reading.read > 0 && !reading.over;
    ret_report->outcome = done ? OUTCOME_DONE : OUTCOME_NOT_DONE;
    if (done) {
        ret_report->error = reading.failed > 0 ? CARDLINK_DAMAGED : CARDLINK_OK;
    } else {
        ret_report->error = reading.error != CARDLINK_OK ? reading.error : CARDLINK_AUTH;
    }
}

/* --- write ----------------------------------------------------------------------------------- */

static enum card_answer blocks_write(struct work *work, uint8_t sector,
                                     const uint8_t record[CARD_RECORD_SIZE])
{
    const struct card_port *port = port_of(work);
    for (size_t i = 0; i < CARD_RECORD_BLOCKS; i++) {
        work->sent = true;
        enum card_answer answer =
            port->write(port->self, mifare_block(sector, (uint8_t)i), record + i * CARD_BLOCK_SIZE);
        if (answer != CARD_ANSWER_OK) {
            work->selected = false;
            return answer;
        }
    }
    return CARD_ANSWER_OK;
}

/* Take the power from the card, so that what is read next is what its cells hold. */
static enum card_answer field_reset(struct work *work)
{
    const struct card_port *port = port_of(work);
    enum card_answer answer = CARD_ANSWER_RADIO;
    work->selected = false;
    for (int i = 0; i < TRIES && answer != CARD_ANSWER_OK && !is_lost(answer); i++) {
        answer = port->reset(port->self);
    }
    return answer;
}

/* Open the sector: a card that does not answer at once may at the second try. */
static enum card_answer sector_open_surely(struct work *work, const struct cardlink_key *key)
{
    enum card_answer answer = CARD_ANSWER_RADIO;
    for (int i = 0; i < TRIES && answer != CARD_ANSWER_OK && !is_lost(answer); i++) {
        answer = sector_open(work, key);
    }
    return answer;
}

/* One try: write, switch the field, read back. @p ret_good: written and proven. */
static enum card_answer slot_try(struct work *work, const struct cardlink_key *key,
                                 const uint8_t token[CARD_RECORD_SIZE],
                                 struct cardlink_record *ret_record, bool *ret_good)
{
    *ret_good = false;
    enum card_answer answer = sector_open_surely(work, key);
    if (answer != CARD_ANSWER_OK) {
        return answer;
    }
    enum card_answer written = blocks_write(work, key->sector, token);
    if (is_lost(written)) {
        return written;
    }
    answer = field_reset(work);
    if (answer == CARD_ANSWER_OK) {
        answer = record_read(work, key, ret_record);
    }
    *ret_good = answer == CARD_ANSWER_OK && written == CARD_ANSWER_OK &&
                memcmp(ret_record->bytes, token, CARD_RECORD_SIZE) == 0;
    return answer;
}

static enum cardlink_error slot_write(struct work *work, uint8_t slot,
                                      const uint8_t token[CARD_RECORD_SIZE],
                                      struct cardlink_record *ret_record)
{
    const struct card_notes *notes = work->card->notes;
    const struct cardlink_key *key =
        cardlink_key_find(work->card->keys, (uint8_t)(CARD_SECTOR_CREDIT + slot), 'B');
    MUST(key != NULL);
    notes->slot(notes->self, slot, /* suspect= */ true);
    for (int i = 0; i < TRIES; i++) {
        bool good = false;
        enum card_answer answer = slot_try(work, key, token, ret_record, &good);
        if (good) {
            notes->slot(notes->self, slot, /* suspect= */ false);
            return CARDLINK_OK;
        }
        if (answer != CARD_ANSWER_OK) {
            return error_of(work, answer);
        }
        notes->write_retry(notes->self);
    }
    return CARDLINK_DAMAGED;
}

/* A newer token of the same meter lies on the card: this one would take it back. */
static bool is_newer(const struct cardlink_record *record, const struct card_credit *token)
{
    struct card_credit there;
    return record->read && card_credit_decode(record->bytes, &there) == CARD_SLOT_WHOLE &&
           memcmp(there.meter, token->meter, CARD_METER_SIZE) == 0 && there.n > token->n;
}

/* Both slots, as far as they can be read. A card of which one opens has a dead sector. */
static enum cardlink_error read_both(struct work *work, struct cardlink_record records[CARD_SLOTS])
{
    enum cardlink_error first = CARDLINK_OK;
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        const struct cardlink_key *key =
            cardlink_key_find(work->card->keys, (uint8_t)(CARD_SECTOR_CREDIT + i), 'B');
        if (key == NULL) {
            return CARDLINK_AUTH;
        }
        enum cardlink_error error = error_of(work, record_read(work, key, &records[i]));
        if (error == CARDLINK_CARD_GONE || error == CARDLINK_READER) {
            return error;
        }
        first = first == CARDLINK_OK ? error : first;
    }
    bool one_opens = records[0].read || records[1].read;
    return first != CARDLINK_OK && one_opens ? CARDLINK_DAMAGED : first;
}

/*
 * What lies there, and whether it may be written over. A slot that the server found untrue holds no
 * token, whatever its number says. It names one at most, and not under its signature; so whatever
 * is claimed, a newer token that stands in both slots, as every finished write leaves it, is kept.
 */
static enum cardlink_error look_first(struct work *work, const struct card_credit *token,
                                      const struct card_doubts *doubts,
                                      struct cardlink_report *report)
{
    enum cardlink_error error = read_both(work, report->credit);
    if (error != CARDLINK_OK) {
        return error;
    }
    bool newer = false;
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        newer = newer || (!doubts->untrue[i] && is_newer(&report->credit[i], token));
    }
    return newer ? CARDLINK_NEWER : CARDLINK_OK;
}

static enum cardlink_error write_both(struct work *work, const struct plan_token *token,
                                      struct cardlink_report *report)
{
    const struct card_slots slots = cardlink_slots(report->credit);
    struct card_write_order order = card_slots_write_order(&slots, token->bytes, &token->doubts);
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        uint8_t slot = order.slot[i];
        enum cardlink_error error = slot_write(work, slot, token->bytes, &report->credit[slot]);
        if (error != CARDLINK_OK) {
            return error;
        }
    }
    return CARDLINK_OK;
}

void plan_write(const struct plan_card *card, const struct plan_token *token,
                struct cardlink_report *ret_report)
{
    struct work work = {.card = card};
    struct card_credit credit = {.n = 0};
    enum card_slot_state state = card_credit_decode(token->bytes, &credit);
    MUST(state == CARD_SLOT_WHOLE);
    enum card_answer reset = field_reset(&work);
    enum cardlink_error error = reset == CARD_ANSWER_OK
                                    ? look_first(&work, &credit, &token->doubts, ret_report)
                                    : error_of(&work, reset);
    if (error == CARDLINK_OK) {
        error = write_both(&work, token, ret_report);
    }
    ret_report->error = error;
    if (error == CARDLINK_OK) {
        ret_report->outcome = OUTCOME_DONE;
    } else {
        ret_report->outcome = work.sent ? OUTCOME_UNKNOWN : OUTCOME_NOT_DONE;
    }
}

/* --- relay ----------------------------------------------------------------------------------- */

bool plan_relay_is_harmless(const struct cardlink_apdu *apdus, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!apdu_is_harmless(&apdus[i].apdu)) {
            return false;
        }
    }
    return true;
}

/* Carry one command; @p ret_fits: it was answered as expected. */
static enum card_answer carry(struct work *work, const struct cardlink_apdu *command,
                              struct cardlink_report *report, bool *ret_fits)
{
    const struct card_port *port = port_of(work);
    struct apdu *answer = &report->answers[report->answer_count];
    uint16_t status = 0;
    *ret_fits = false;
    work->sent = work->sent || !apdu_is_harmless(&command->apdu);
    enum card_answer result = port->apdu(port->self, &command->apdu, answer);
    if (result != CARD_ANSWER_OK) {
        return result;
    }
    if (!apdu_answer_status(answer, &status)) {
        return CARD_ANSWER_RADIO;
    }
    report->answer_count += 1;
    *ret_fits = !command->expects || status == command->expect;
    return CARD_ANSWER_OK;
}

/*
 * The same for a relay, which nobody here may repeat: what the card knew of it is gone with the
 * error. A card that lets itself be selected again is as good as one that was lifted and laid
 * back: whoever asked begins anew.
 */
static enum cardlink_error relay_error_of(struct work *work, enum card_answer answer)
{
    enum cardlink_error error = error_of(work, answer);
    return error == CARDLINK_DAMAGED ? CARDLINK_CARD_GONE : error;
}

static enum cardlink_error carry_all(struct work *work, const struct plan_relay *relay,
                                     struct cardlink_report *report)
{
    for (size_t i = 0; i < relay->count; i++) {
        bool fits = false;
        enum card_answer answer = carry(work, &relay->apdus[i], report, &fits);
        if (answer != CARD_ANSWER_OK) {
            return relay_error_of(work, answer);
        }
        if (!fits) {
            return CARDLINK_REFUSED;
        }
    }
    return CARDLINK_OK;
}

void plan_relay_run(const struct plan_card *card, const struct plan_relay *relay,
                    struct cardlink_report *ret_report)
{
    MUST(relay->count <= APDU_COUNT_MAX);
    struct work work = {.card = card, .selected = relay->is_active};
    enum card_answer answer = CARD_ANSWER_OK;
    if (!work.selected && !plan_relay_is_harmless(relay->apdus, relay->count)) {
        ret_report->error = CARDLINK_CARD_GONE;
        ret_report->outcome = OUTCOME_NOT_DONE;
        return;
    }
    if (!work.selected) {
        answer = select_surely(&work);
    }
    enum cardlink_error error = answer == CARD_ANSWER_OK ? carry_all(&work, relay, ret_report)
                                                         : relay_error_of(&work, answer);
    ret_report->error = error;
    if (error == CARDLINK_OK) {
        ret_report->outcome = OUTCOME_DONE;
    } else {
        ret_report->outcome = work.sent ? OUTCOME_UNKNOWN : OUTCOME_NOT_DONE;
    }
}
