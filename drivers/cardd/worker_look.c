/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/must.h"
#include "drivers/cardd/worker_inside.h"

enum {
    LOOK_ACTIVE_MS = 250,
    LOOK_IDLE_MS = 1000,
    SAK_ISO = 0x20,
    SAK_CLASSIC = 0x08,
    SAK_MINI = 0x09, /* a small Classic: told apart as unknown, it has too few sectors */
};

/* --- telling --------------------------------------------------------------------------------- */

static enum cardlink_family family_of(const struct nfc_card *card)
{
    if (card_uid_is_random(&card->uid)) {
        return CARDLINK_PHONE;
    }
    if ((card->sak & SAK_ISO) != 0) {
        return CARDLINK_ISO;
    }
    return (card->sak & SAK_CLASSIC) != 0 && card->sak != SAK_MINI ? CARDLINK_CLASSIC
                                                                   : CARDLINK_UNKNOWN;
}

static void tell_card(struct worker *worker, enum cardlink_presence presence)
{
    const struct nfc_card *card = &worker->card;
    struct cardlink_report *report = &worker->report;
    memset(report, 0, sizeof(*report));
    report->say = CARDLINK_SAY_CARD;
    report->presence = presence;
    report->card = worker->presence.number;
    if (presence == CARDLINK_PRESENT) {
        report->uid = card->uid;
        report->atqa = card->atqa;
        report->sak = card->sak;
        report->family = family_of(card);
        MUST(card->ats_size <= CARDLINK_ATS_SIZE_MAX);
        memcpy(report->ats, card->ats, card->ats_size);
        report->ats_size = card->ats_size;
    }
    worker_report(worker);
}

static void tell_event(struct worker *worker, enum presence_event event)
{
    switch (event) {
    case PRESENCE_NOTHING:
        return;
    case PRESENCE_CAME:
        tell_card(worker, CARDLINK_PRESENT);
        return;
    case PRESENCE_MANY:
        tell_card(worker, CARDLINK_TWO);
        return;
    case PRESENCE_WENT:
        tell_card(worker, CARDLINK_GONE);
        return;
    case PRESENCE_EVENT_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* --- looking --------------------------------------------------------------------------------- */

static enum card_answer field_switch(struct worker *worker, bool on)
{
    enum card_answer answer = CARD_ANSWER_OK;
    if (worker->field_on != on) {
        answer = worker_take(worker, nfc_reader_field(worker->reader, on));
        worker->field_on = answer == CARD_ANSWER_OK ? on : worker->field_on;
    }
    return answer;
}

/* A card in the middle of a relay is asked without disturbing it. */
static bool active_card_is_there(struct worker *worker)
{
    if (!worker->card_is_active) {
        return false;
    }
    worker->card_is_active =
        worker_take(worker, nfc_reader_still_there(worker->reader)) == CARD_ANSWER_OK;
    return worker->card_is_active;
}

static size_t list(struct worker *worker, struct nfc_card ret_cards[NFC_READER_CARDS_MAX])
{
    size_t count = 0;
    enum card_answer answer =
        worker_take(worker, nfc_reader_list(worker->reader, ret_cards, &count));
    return answer == CARD_ANSWER_OK ? count : 0;
}

static void look_at_all(struct worker *worker, int64_t now_ms)
{
    struct nfc_card cards[NFC_READER_CARDS_MAX];
    struct card_uid uids[NFC_READER_CARDS_MAX];
    size_t count = list(worker, cards);
    bool expected =
        worker->presence.state != PRESENCE_NOBODY || presence_is_undecided(&worker->presence);
    if (count == 0 && expected && !worker_reader_is_lost(worker)) {
        count = list(worker, cards); /* some readers miss long numbers at every second call */
    }
    if (worker_reader_is_lost(worker)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uids[i] = cards[i].uid;
    }
    enum presence_event event = presence_look(&worker->presence, uids, count, now_ms);
    if (event == PRESENCE_CAME) {
        worker->card = cards[0];
    }
    tell_event(worker, event);
}

void worker_look(struct worker *worker, int64_t now_ms)
{
    if (active_card_is_there(worker)) {
        (void)presence_look(&worker->presence, &worker->card.uid, 1, now_ms);
        return;
    }
    /* A card that was listed is halted and hears no second call, until its power was away. */
    if (field_switch(worker, false) == CARD_ANSWER_OK &&
        field_switch(worker, true) == CARD_ANSWER_OK) {
        look_at_all(worker, now_ms);
    }
    /* Against heat: with nothing to be decided the field rests between two looks. */
    if (worker->mode == CARDLINK_IDLE && !presence_is_undecided(&worker->presence) &&
        !worker_reader_is_lost(worker)) {
        (void)field_switch(worker, false);
    }
}

int64_t worker_look_every_ms(const struct worker *worker)
{
    bool soon = worker->mode == CARDLINK_ACTIVE || presence_is_undecided(&worker->presence);
    return soon ? LOOK_ACTIVE_MS : LOOK_IDLE_MS;
}

void worker_look_end(struct worker *worker)
{
    worker->card_is_active = false;
    tell_event(worker, presence_end(&worker->presence));
    if (worker->reader != NULL) {
        (void)field_switch(worker, false);
    }
}
