/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A card that answers a relay with anything: the input is cut into answers, each with a byte of
 * length in front (FF: no answer). What is said of the relay must be what happened.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "drivers/cardd/plan.h"

enum { COMMANDS = 4, NO_ANSWER = 0xFF };

struct card {
    const uint8_t *data;
    size_t size;
    size_t at;
    bool changed; /* a command that can change it arrived */
};

static enum card_answer on_select(void *self, const struct card_uid *uid)
{
    const struct card *card = self;
    MUST(uid->size == 4);
    return card->size > 0 && card->data[0] == 0 ? CARD_ANSWER_NONE : CARD_ANSWER_OK;
}

static enum card_answer on_apdu(void *self, const struct apdu *command, struct apdu *ret_answer)
{
    struct card *card = self;
    card->changed = card->changed || !apdu_is_harmless(command);
    if (card->at >= card->size || card->data[card->at] == NO_ANSWER) {
        card->at += 1;
        return CARD_ANSWER_RADIO;
    }
    size_t want = card->data[card->at];
    size_t rest = card->size - card->at - 1;
    ret_answer->size = want < rest ? want : rest;
    memcpy(ret_answer->bytes, card->data + card->at + 1, ret_answer->size);
    card->at += 1 + ret_answer->size;
    return CARD_ANSWER_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cardlink_report report;
    static const uint8_t commands[COMMANDS][2] = {
        {0x00, 0xA4}, {0x90, 0xAA}, {0x90, 0x3D}, {0x90, 0xBD}};
    static const struct card_uid uid = {{1, 2, 3, 4}, 4};
    struct cardlink_apdu apdus[COMMANDS];
    memset(apdus, 0, sizeof(apdus));
    for (size_t i = 0; i < COMMANDS; i++) {
        memcpy(apdus[i].apdu.bytes, commands[i], sizeof(commands[i]));
        apdus[i].apdu.size = 4;
        apdus[i].expects = i % 2 == 0;
        apdus[i].expect = 0x9000;
    }
    struct card card = {.data = data, .size = size};
    const struct card_port port = {.select = on_select, .apdu = on_apdu, .self = &card};
    const struct plan_card plan = {.port = &port, .uid = &uid};
    const struct plan_relay relay = {.apdus = apdus, .count = COMMANDS};
    memset(&report, 0, sizeof(report));
    plan_relay_run(&plan, &relay, &report);
    MUST(report.answer_count <= COMMANDS);
    MUST((report.outcome == OUTCOME_DONE) == (report.error == CARDLINK_OK));
    MUST(report.outcome != OUTCOME_DONE || report.answer_count == COMMANDS);
    MUST(report.outcome != OUTCOME_NOT_DONE || !card.changed);
    return 0;
}
